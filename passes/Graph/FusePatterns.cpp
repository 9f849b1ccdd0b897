// Shared matchers, and the pass that runs the pattern sets.
#include "passes/Graph/FusePatterns.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Rewrite.h"

namespace girih {
#define GEN_PASS_DEF_FUSEPATTERNS
#include "passes/Graph/Passes.h.inc"

BinaryOp getBinary(mlir::Value v, BinaryFn fn) {
  auto op = v.getDefiningOp<BinaryOp>();
  return op && op.getFn() == fn ? op : BinaryOp();
}

UnaryOp getUnary(mlir::Value v, UnaryFn fn) {
  auto op = v.getDefiningOp<UnaryOp>();
  return op && op.getFn() == fn ? op : UnaryOp();
}

bool isSquareOf(mlir::Value v, mlir::Value x) {
  BinaryOp mul = getBinary(v, BinaryFn::mul);
  return mul && mul.getLhs() == x && mul.getRhs() == x;
}

std::pair<mlir::Value, mlir::Value> constantLast(BinaryOp op) {
  if (constantValue(op.getLhs())) return {op.getRhs(), op.getLhs()};
  return {op.getLhs(), op.getRhs()};
}

Product flattenProduct(mlir::Value v) {
  constexpr size_t largest = 8;
  Product product;
  llvm::SmallVector<mlir::Value> work{v};
  while (!work.empty()) {
    mlir::Value next = work.pop_back_val();
    if (std::optional<double> c = splatValue(next)) {
      product.constant *= *c;
      continue;
    }
    bool room = product.factors.size() + work.size() < largest;
    if (BinaryOp mul = getBinary(next, BinaryFn::mul); mul && room) {
      work.push_back(mul.getRhs());
      work.push_back(mul.getLhs());
    } else if (BinaryOp div = getBinary(next, BinaryFn::div); div && room && splatValue(div.getRhs())) {
      product.constant /= *splatValue(div.getRhs());
      work.push_back(div.getLhs());
    } else {
      product.factors.push_back(next);
    }
  }
  return product;
}

} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Whether no element is below 0, -0 or -inf, by the operation that makes it.
bool isNeverNegative(Value v, unsigned depth = 0) {
  constexpr unsigned deepest = 8;
  if (depth > deepest) return false;
  auto isSo = [&](Value x) { return isNeverNegative(x, depth + 1); };
  if (auto c = splatValue(v)) return *c >= 0 && !std::signbit(*c);
  Operation *op = v.getDefiningOp();
  if (!op) return false;
  if (isa<ReshapeOp, ExpandOp, TransposeOp>(op)) return isSo(op->getOperand(0));
  if (auto unary = dyn_cast<UnaryOp>(op))
    return llvm::is_contained({UnaryFn::abs, UnaryFn::exp, UnaryFn::sigmoid, UnaryFn::softplus},
                              unary.getFn());
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    bool isSquares = llvm::is_contained({ReduceFn::l1, ReduceFn::l2, ReduceFn::sum_square}, reduce.getFn());
    bool keeps =
        llvm::is_contained({ReduceFn::sum, ReduceFn::mean, ReduceFn::max, ReduceFn::min}, reduce.getFn());
    return isSquares || (keeps && isSo(reduce.getOperand()));
  }
  auto binary = dyn_cast<BinaryOp>(op);
  if (!binary) return false;
  Value lhs = binary.getLhs(), rhs = binary.getRhs();
  switch (binary.getFn()) {
  case BinaryFn::mul:
    return lhs == rhs || (isSo(lhs) && isSo(rhs));
  case BinaryFn::pow:
    return splatValue(rhs) == 2.0;
  case BinaryFn::add:
  case BinaryFn::div:
    return isSo(lhs) && isSo(rhs);
  default:
    return false;
  }
}

/// Powers with exponents that are a multiplication or a root; other exponents stay. A power is +0 at -0 and
/// +inf at -inf, unlike sqrt: a root is one only where there are neither.
struct ExpandPow : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    Value x = op.getLhs();
    std::optional<double> exponent;
    if (op.getFn() == BinaryFn::pow) exponent = splatValue(op.getRhs());
    if (!exponent || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no power with one exponent");
    auto mul = [&](Value a, Value b) -> Value {
      return BinaryOp::create(rewriter, op.getLoc(), a, b, BinaryFn::mul);
    };
    bool isFloat = isa<FloatType>(getElementTypeOrSelf(x));
    if (!isFloat && isa<FloatType>(getElementTypeOrSelf(op.getRhs())))
      return rewriter.notifyMatchFailure(op, "a power of integers that is one of floats");
    if (*exponent == 1.0) {
      rewriter.replaceOp(op, x);
    } else if (*exponent == 2.0) {
      rewriter.replaceOp(op, mul(x, x));
    } else if (*exponent == 3.0) {
      rewriter.replaceOp(op, mul(mul(x, x), x));
    } else if (*exponent == 0.5 && isFloat && isNeverNegative(x)) {
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::sqrt);
    } else if (*exponent == -0.5 && isFloat && isNeverNegative(x)) {
      Value root = UnaryOp::create(rewriter, op.getLoc(), x, UnaryFn::sqrt);
      rewriter.replaceOpWithNewOp<UnaryOp>(op, root, UnaryFn::reciprocal);
    } else if (*exponent == -1.0 && isFloat) {
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::reciprocal);
    } else {
      return rewriter.notifyMatchFailure(op, "no simple exponent");
    }
    return success();
  }
};

/// An element-wise op broadcasts by itself: it reads what an Expand reads, if its own result does not shrink
/// by that.
template <typename OpT> struct ReadThroughExpand : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      auto expand = operand.get().template getDefiningOp<ExpandOp>();
      if (!expand) continue;
      SmallVector<Value> operands(op->getOperands());
      operands[operand.getOperandNumber()] = expand.getOperand();
      SmallVector<Type> types;
      if (failed(OpT::inferReturnTypes(op.getContext(), std::nullopt, operands, op->getAttrDictionary(),
                                       op->getPropertiesStorage(), {}, types)) ||
          types[0] != op.getType())
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(expand.getOperand()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "reads no Expand that it could do without");
  }
};

struct FusePatternsPass : girih::impl::FusePatternsBase<FusePatternsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandPow, ReadThroughExpand<BinaryOp>, ReadThroughExpand<WhereOp>>(&getContext());
    populateActivationPatterns(patterns);
    populateNormPatterns(patterns);
    populateLookupPatterns(patterns);
    if (failed(applyGraphPatterns(getOperation(), std::move(patterns), "fusing patterns")))
      signalPassFailure();
  }
};

} // namespace
