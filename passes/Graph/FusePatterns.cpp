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

/// Powers with exponents that are a multiplication or a root; other exponents stay.
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
    if (*exponent == 1.0) {
      rewriter.replaceOp(op, x);
    } else if (*exponent == 2.0) {
      rewriter.replaceOp(op, mul(x, x));
    } else if (*exponent == 3.0) {
      rewriter.replaceOp(op, mul(mul(x, x), x));
    } else if (*exponent == 0.5 && isa<FloatType>(getElementTypeOrSelf(x))) {
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::sqrt);
    } else if (*exponent == -0.5 && isa<FloatType>(getElementTypeOrSelf(x))) {
      Value root = UnaryOp::create(rewriter, op.getLoc(), x, UnaryFn::sqrt);
      rewriter.replaceOpWithNewOp<UnaryOp>(op, root, UnaryFn::reciprocal);
    } else if (*exponent == -1.0 && isa<FloatType>(getElementTypeOrSelf(x))) {
      rewriter.replaceOpWithNewOp<UnaryOp>(op, x, UnaryFn::reciprocal);
    } else {
      return rewriter.notifyMatchFailure(op, "no simple exponent");
    }
    return success();
  }
};

/// x / c is x * (1 / c), to the bit, if c is a power of two whose reciprocal is normal.
struct DivideByPowerOfTwo : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<double> c;
    if (op.getFn() == BinaryFn::div && getElementTypeOrSelf(op.getType()).isF32())
      c = splatValue(op.getRhs());
    int exponent;
    if (!c || std::abs(std::frexp(*c, &exponent)) != 0.5 || std::abs(exponent) > 64)
      return rewriter.notifyMatchFailure(op, "no f32 division by a power of two");
    auto type = cast<RankedTensorType>(op.getRhs().getType());
    auto inverse = DenseElementsAttr::get(type, static_cast<float>(1.0 / *c));
    Value factor = ConstantOp::create(rewriter, op.getRhs().getLoc(), cast<ElementsAttr>(inverse));
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getLhs(), factor, BinaryFn::mul);
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
    patterns.add<ExpandPow, DivideByPowerOfTwo, ReadThroughExpand<BinaryOp>, ReadThroughExpand<WhereOp>>(
        &getContext());
    populateActivationPatterns(patterns);
    populateNormPatterns(patterns);
    populateLookupPatterns(patterns);
    if (failed(applyGraphPatterns(getOperation(), std::move(patterns), "fusing patterns")))
      signalPassFailure();
  }
};

} // namespace
