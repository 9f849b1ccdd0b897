// The pass: each kernel's region is rebuilt op by op on storage types.
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "passes/GraphToLinalg/Lowering.h"
#include "passes/GraphToLinalg/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace girih {
#define GEN_PASS_DEF_CONVERTGIRIHTOLINALG
#include "passes/GraphToLinalg/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

/// Constants of one repeated value are written into the loops that read them; all others have to come in as
/// operands.
static void hoistConstants(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  for (auto op : llvm::make_early_inc_range(body.getOps<ConstantOp>())) {
    auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
    if (dense && dense.isSplat()) continue;
    op->moveBefore(kernel);
    kernel.getInputsMutable().append(op.getResult());
    Value argument = body.addArgument(op.getResult().getType(), op.getLoc());
    op.getResult().replaceUsesWithIf(argument, [&](OpOperand &use) { return use.getOwner() != kernel; });
  }
}

/// A splat constant on storage types; loops that read it inline its value.
static LogicalResult lower(Lowering &l, ConstantOp op) {
  RankedTensorType type = getStorageTensorType(op.getResult().getType());
  Attribute splat = cast<DenseElementsAttr>(op.getValue()).getSplatValue<Attribute>();
  if (auto i = dyn_cast<IntegerAttr>(splat))
    splat = IntegerAttr::get(type.getElementType(), i.getValue().zext(type.getElementTypeBitWidth()));
  l.set(op.getResult(), arith::ConstantOp::create(l.b, l.loc, DenseElementsAttr::get(type, splat)));
  return success();
}

/// Ops that no linalg.generic can say keep their form, on storage types. What these forget of the data's type
/// is kept as `girih.unsigned` and, for booleans, in the function: a sum of truth values is their maximum, a
/// product their minimum.
static LogicalResult keep(Lowering &l, Operation *op) {
  SmallVector<Value> operands;
  for (Value v : op->getOperands())
    operands.push_back(l.materialize(v));
  SmallVector<Type> types;
  for (Type t : op->getResultTypes())
    types.push_back(getStorageTensorType(t));
  Operation *copy = l.b.create(l.loc, op->getName().getIdentifier(), operands, types, op->getAttrs());
  for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
    l.set(from, to);
  Type element = getElementTypeOrSelf(op->getOperand(0).getType());
  if (element.isUnsignedInteger()) kUnsigned.set(copy, l.b.getUnitAttr());
  auto onTruth = [](ScatterFn fn) {
    return fn == ScatterFn::add ? ScatterFn::max : fn == ScatterFn::mul ? ScatterFn::min : fn;
  };
  if (element.isInteger(1))
    llvm::TypeSwitch<Operation *>(copy).Case<ScatterElementsOp, ScatterNDOp>(
        [&](auto scatter) { scatter.setFn(onTruth(scatter.getFn())); });
  return success();
}

static LogicalResult lowerOp(Lowering &l, Operation *op) {
  if (getRole(op) == OpRole::Alone) return keep(l, op);
  LogicalResult result = failure();
  auto lowerClass = [&](auto o)
    requires requires { lower(l, o); }
  { result = lower(l, o); };
  if (!GraphOpClasses::visit(op, lowerClass)) return op->emitOpError("cannot be lowered to linalg");
  return result;
}

/// Removes repeated index arithmetic from bodies (each by itself: what a body uses stays inside it) and ops
/// that only views would have needed.
static void cleanUp(KernelOp kernel) {
  IRRewriter rewriter(kernel.getContext());
  DominanceInfo dominance(kernel);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBody().front()))) {
    if (isOpTriviallyDead(&op))
      rewriter.eraseOp(&op);
    else if (isa<linalg::GenericOp>(op))
      eliminateCommonSubExpressions(rewriter, dominance, &op);
  }
}

static LogicalResult lowerKernel(KernelOp kernel, unsigned &numOps) {
  hoistConstants(kernel);
  Block &old = kernel.getBody().front();
  Block *body = &kernel.getBody().emplaceBlock();
  OpBuilder b = OpBuilder::atBlockEnd(body);
  Lowering l(b);
  for (BlockArgument a : old.getArguments())
    l.set(a, body->addArgument(getStorageTensorType(a.getType()), a.getLoc()));
  for (Operation &op : old.without_terminator()) {
    l.loc = op.getLoc();
    if (failed(lowerOp(l, &op))) return failure();
    ++numOps;
  }
  l.loc = kernel.getLoc();
  SmallVector<Value> results;
  for (Value v : old.getTerminator()->getOperands())
    results.push_back(l.materializeResult(v));
  YieldOp::create(b, old.getTerminator()->getLoc(), results);
  old.dropAllReferences(); // its ops' uses of one another
  old.erase();
  cleanUp(kernel);
  return success();
}

namespace {
struct ConvertGirihToLinalg : girih::impl::ConvertGirihToLinalgBase<ConvertGirihToLinalg> {
  void runOnOperation() override {
    unsigned count = 0;
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels)
      if (failed(lowerKernel(kernel, count))) return signalPassFailure();
    numOps += count;
  }
};
} // namespace
