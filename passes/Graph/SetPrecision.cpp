// f16 and bf16 as types of memory: what lies between kernels of f32 becomes narrow, what they compute does
// not.
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Evaluate.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_SETPRECISION
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// What floats are made of. Numbers are few, and wrong where they are rounded to eleven bits, or fewer: what
/// is made of integers and scalars alone, as positions, counts and masks are, and sums over dimensions.
enum class Origin { Data, Constant, Number };

Type elementType(Value v) {
  return getElementTypeOrSelf(v);
}

RankedTensorType withElement(Value v, Type element) {
  auto type = cast<RankedTensorType>(v.getType());
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

/// An op that is alone in its kernel reads and writes tensors of one type: a cast has no place beside it.
bool isAlone(KernelOp kernel) {
  return llvm::any_of(kernel.getBody().front(), [](Operation &op) { return getRole(&op) == OpRole::Alone; });
}

/// A product of a column and a row, of which nothing is added.
bool isOuterProduct(Operation *op) {
  auto product = dyn_cast<MatMulOp>(op);
  if (!product) return false;
  SmallVector<DimExpr> dims = getDims(product.getLhs());
  bool isColumn = product.getTransposeLhs() && dims.size() > 1;
  return dimValue(dims[dims.size() - (isColumn ? 2 : 1)]) == 1;
}

class Narrowing {
public:
  Narrowing(func::FuncOp func, FloatType narrow)
      : func(func), narrow(narrow), wide(Float32Type::get(func.getContext())) {}

  void run() {
    Block &body = func.getBody().front();
    for (Operation &op : body)
      findOrigins(&op);
    for (Operation &op : llvm::reverse(body))
      if (isa<KernelOp, AssembleOp>(op))
        for (Value result : op.getResults())
          if (elementType(result) == wide && mayNarrow(result)) narrowed.insert(result);
    for (Operation &op : llvm::make_early_inc_range(body)) {
      if (auto reshape = dyn_cast<ReshapeOp>(op))
        reshape.getResult().setType(withElement(reshape.getResult(), elementType(reshape.getOperand())));
      else if (auto assemble = dyn_cast<AssembleOp>(op))
        rewriteAssemble(assemble);
      else if (auto kernel = dyn_cast<KernelOp>(op); kernel && !isAlone(kernel))
        rewriteKernel(kernel);
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (isa<ConstantOp>(op) && op.use_empty()) op.erase();
  }

  unsigned numTensors() const { return narrowed.size(); }
  unsigned numCasts = 0;

private:
  //===-- What is what ----------------------------------------------------===//

  Origin getOrigin(Operation *op) const {
    if (auto reduce = dyn_cast<ReduceOp>(op);
        reduce && reduce.getFn() != ReduceFn::max && reduce.getFn() != ReduceFn::min)
      return Origin::Number;
    bool hasConstant = false, hasNumber = false;
    for (Value v : op->getOperands()) {
      if (!isa<FloatType>(elementType(v))) continue;
      Origin origin = origins.lookup(v);
      if (origin == Origin::Data) return Origin::Data;
      (origin == Origin::Number ? hasNumber : hasConstant) = true;
    }
    if (getRole(op) == OpRole::Contraction) return isOuterProduct(op) ? Origin::Number : Origin::Data;
    // What is moved or looked up in constants alone is data, such as the rows of an embedding.
    return hasConstant && !hasNumber && getRole(op) != OpRole::Elementwise ? Origin::Data : Origin::Number;
  }

  void findOrigins(Operation *op) {
    if (isa<ConstantOp>(op)) {
      origins[op->getResult(0)] = Origin::Constant;
    } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      origins[reshape.getResult()] = origins.lookup(reshape.getOperand());
    } else if (auto assemble = dyn_cast<AssembleOp>(op)) {
      origins[assemble.getResult()] = getOrigin(op);
    } else if (auto kernel = dyn_cast<KernelOp>(op)) {
      Block &body = kernel.getBody().front();
      for (auto [argument, input] : llvm::zip_equal(body.getArguments(), kernel.getInputs()))
        origins[argument] = origins.lookup(input);
      for (Operation &inner : body.without_terminator())
        for (Value result : inner.getResults())
          origins[result] = getOrigin(&inner);
      for (auto [result, value] : llvm::zip_equal(kernel.getResults(), body.getTerminator()->getOperands()))
        origins[result] = origins.lookup(value);
    }
  }

  /// Whether `use` is a factor of a sum of products, which all have one type: that of the machine's matrix
  /// products.
  bool isFactor(OpOperand &use) const {
    Operation *op = use.getOwner();
    return getRole(op) == OpRole::Contraction && use.getOperandNumber() < 2 &&
           origins.lookup(op->getResult(0)) != Origin::Number;
  }

  /// Whether a factor is read from a kernel's argument as it is, or moved.
  bool isReadAsFactor(Value v) const {
    return llvm::any_of(v.getUses(), [&](OpOperand &use) {
      Operation *op = use.getOwner();
      return isFactor(use) || (getRole(op) == OpRole::Movement && isReadAsFactor(op->getResult(0)));
    });
  }

  /// Whether a tensor need not be f32. What reads it has been decided upon.
  bool mayNarrow(Value tensor) const {
    bool isRead = false; // by other than products
    SmallVector<Value> views{tensor};
    while (!views.empty())
      for (OpOperand &use : views.pop_back_val().getUses()) {
        Operation *op = use.getOwner();
        if (isa<ReshapeOp>(op)) {
          views.push_back(op->getResult(0));
        } else if (isa<AssembleOp>(op)) {
          if (!narrowed.contains(op->getResult(0))) return false;
        } else if (auto kernel = dyn_cast<KernelOp>(op); kernel && !isAlone(kernel)) {
          Value argument = kernel.getBody().getArgument(use.getOperandNumber());
          if (llvm::any_of(argument.getUses(), holdsCoordinates)) return false;
          isRead |= !isReadAsFactor(argument);
        } else {
          return false; // outputs of the model, and ops that are alone
        }
      }
    Operation *def = tensor.getDefiningOp();
    if (auto kernel = dyn_cast<KernelOp>(def); kernel && isAlone(kernel)) return false;
    return !isRead || origins.lookup(tensor) != Origin::Number;
  }

  //===-- Narrow tensors --------------------------------------------------===//

  /// A narrow tensor of the same elements.
  Value convert(Value v) {
    if (elementType(v) != wide) return v;
    Value &known = conversions[v];
    if (known) return known;
    OpBuilder b(func.getContext());
    b.setInsertionPointAfterValue(v);
    Location loc = v.getLoc();
    if (auto constant = constantValue(v)) {
      OwningOpRef<CastOp> cast = CastOp::create(b, loc, v, narrow, /*saturate=*/true);
      if (FailureOr<ElementsAttr> value = evaluateConstant(cast.get(), constant); succeeded(value))
        return known = ConstantOp::create(b, loc, *value);
    }
    if (auto reshape = v.getDefiningOp<ReshapeOp>()) {
      Value operand = convert(reshape.getOperand());
      return conversions[v] = ReshapeOp::create(b, loc, withElement(v, narrow), operand);
    }
    StringRef node = getNodeName(loc);
    if (auto argument = dyn_cast<BlockArgument>(v))
      if (StringAttr name = kName.getOfArgument(func, argument.getArgNumber())) node = name;
    std::string name = node.empty() ? "cast" : (node + " (cast)").str();
    auto kernel = KernelOp::create(b, loc, withElement(v, narrow), name, v);
    Block *body = b.createBlock(&kernel.getBody());
    Value result = CastOp::create(b, loc, body->addArgument(v.getType(), loc), narrow, /*saturate=*/true);
    YieldOp::create(b, loc, result);
    ++numCasts;
    return known = kernel.getResult(0);
  }

  /// Whether the narrow type can hold a constant: its largest element is in the range of normal numbers, or
  /// 0.
  bool canHold(Value constant) const {
    std::optional<std::vector<float>> elements = readF32(constant);
    if (!elements) return false;
    double most = 0;
    for (float e : *elements)
      most = std::max(most, std::abs(double(e)));
    const llvm::fltSemantics &semantics = narrow.getFloatSemantics();
    return most == 0 || (most >= APFloat::getSmallestNormalized(semantics).convertToDouble() &&
                         most <= APFloat::getLargest(semantics).convertToDouble());
  }

  void rewriteAssemble(AssembleOp op) {
    if (!narrowed.contains(op.getResult())) return;
    for (OpOperand &part : op.getPartsMutable())
      part.set(convert(part.get()));
    op.getResult().setType(withElement(op.getResult(), narrow));
    if (auto border = dyn_cast_or_null<FloatAttr>(op.getBorderAttr())) {
      double most = APFloat::getLargest(narrow.getFloatSemantics()).convertToDouble(),
             value = border.getValueAsDouble();
      op.setBorderAttr(FloatAttr::get(narrow, std::clamp(value, -most, most)));
    }
  }

  void rewriteKernel(KernelOp kernel) {
    Block &body = kernel.getBody().front();
    roundFactors(body);
    OpBuilder b = OpBuilder::atBlockBegin(&body);
    for (auto [input, argument] : llvm::zip_equal(kernel.getInputsMutable(), body.getArguments())) {
      if (elementType(argument) != wide) continue;
      Value v = input.get();
      bool becomesNumber = llvm::any_of(argument.getUsers(), [&](Operation *op) {
        return llvm::any_of(op->getResults(),
                            [&](Value result) { return origins.lookup(result) == Origin::Number; });
      });
      bool isSmaller = constantValue(v) && !becomesNumber && canHold(v);
      if (isReadAsFactor(argument) || isSmaller) input.set(v = convert(v));
      if (elementType(v) == wide) continue;
      argument.setType(v.getType());
      auto cast = CastOp::create(b, argument.getLoc(), argument, wide);
      argument.replaceAllUsesExcept(cast, cast);
    }
    Operation *yield = body.getTerminator();
    b.setInsertionPoint(yield);
    for (auto [result, value] : llvm::zip_equal(kernel.getResults(), yield->getOpOperands())) {
      if (!narrowed.contains(result)) continue;
      value.set(CastOp::create(b, yield->getLoc(), value.get(), narrow, mayExceed(value.get())));
      result.setType(withElement(result, narrow));
    }
  }

  /// Factors that the kernel computes: other than sums, they are rounded before the product, as from memory.
  void roundFactors(Block &body) {
    for (Operation &op : body)
      for (OpOperand &use : op.getOpOperands()) {
        if (!isFactor(use) || elementType(use.get()) != wide) continue;
        Value source = use.get();
        while (source.getDefiningOp() && getRole(source.getDefiningOp()) == OpRole::Movement)
          source = source.getDefiningOp()->getOperand(0);
        if (isa<BlockArgument>(source)) continue;
        OpBuilder b(&op);
        Value rounded = CastOp::create(b, op.getLoc(), use.get(), narrow, mayExceed(source));
        use.set(CastOp::create(b, op.getLoc(), rounded, wide));
      }
  }

  /// Whether a value may be out of the narrow type's range. What moves elements makes them no larger, and no
  /// share is more than 1.
  bool mayExceed(Value v) const {
    Operation *op = v.getDefiningOp();
    if (!op) return elementType(v) == wide;
    if (std::optional<double> splat = splatValue(v))
      return !(std::abs(*splat) <= APFloat::getLargest(narrow.getFloatSemantics()).convertToDouble());
    if (auto cast = dyn_cast<CastOp>(op)) return elementType(cast.getOperand()) != narrow;
    if (auto softmax = dyn_cast<SoftmaxOp>(op)) return softmax.getLog();
    if (getRole(op) != OpRole::Movement && getRole(op) != OpRole::Indexed) return true;
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      return isa<FloatType>(elementType(operand)) && mayExceed(operand);
    });
  }

  func::FuncOp func;
  FloatType narrow;
  Type wide;
  llvm::DenseMap<Value, Origin> origins;
  llvm::DenseSet<Value> narrowed;
  llvm::DenseMap<Value, Value> conversions;
};

struct SetPrecisionPass : girih::impl::SetPrecisionBase<SetPrecisionPass> {
  using SetPrecisionBase::SetPrecisionBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (type != "f16" && type != "bf16") {
      module.emitError("girih-set-precision: expected type=f16 or type=bf16, got '") << type << "'";
      return signalPassFailure();
    }
    Builder b(&getContext());
    auto narrow = type == "f16" ? FloatType(b.getF16Type()) : FloatType(b.getBF16Type());
    for (auto func : module.getOps<func::FuncOp>()) {
      if (func.isExternal()) continue;
      Narrowing narrowing(func, narrow);
      narrowing.run();
      numTensors += narrowing.numTensors();
      numCasts += narrowing.numCasts;
    }
    kPrecision.set(module, b.getStringAttr(type));
  }
};

} // namespace
