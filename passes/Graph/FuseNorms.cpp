// Layer norm, RMS norm and softmax recognised in the reductions and element-wise ops that exporters write.
#include "passes/Graph/FusePatterns.h"

using namespace mlir;
using namespace girih;

namespace {

/// `v` is reduce `fn` of `x` over `axes` that it keeps as 1.
ReduceOp getKeptReduction(Value v, ReduceFn fn) {
  auto op = v.getDefiningOp<ReduceOp>();
  return op && op.getFn() == fn && op.getKeepdims() ? op : ReduceOp();
}

/// The first of trailing axes, or -1 if they are others.
int64_t trailingFrom(ReduceOp op) {
  int64_t rank = cast<RankedTensorType>(op.getOperand().getType()).getRank();
  ArrayRef<int64_t> axes = op.getAxes();
  for (auto [i, axis] : llvm::enumerate(axes))
    if (axis != rank - static_cast<int64_t>(axes.size() - i)) return -1;
  return axes.empty() ? -1 : axes.front();
}

/// What a normalisation divides by: sqrt(mean(d * d) + epsilon), found behind a division or a reciprocal.
struct Deviation {
  Value d;
  int64_t axis;
  double epsilon;
};

std::optional<Deviation> matchDeviation(Value root) {
  UnaryOp sqrt = getUnary(root, UnaryFn::sqrt);
  BinaryOp add = sqrt ? getBinary(sqrt.getOperand(), BinaryFn::add) : BinaryOp();
  if (!add) return std::nullopt;
  auto [variance, epsilon] = constantLast(add);
  ReduceOp mean = getKeptReduction(variance, ReduceFn::mean);
  std::optional<double> value = splatValue(epsilon);
  if (!mean || !value) return std::nullopt;
  BinaryOp square = getBinary(mean.getOperand(), BinaryFn::mul);
  int64_t axis = trailingFrom(mean);
  if (!square || square.getLhs() != square.getRhs() || axis < 0) return std::nullopt;
  return Deviation{square.getLhs(), axis, *value};
}

/// 1 / sqrt(...).
std::optional<Deviation> matchInverseDeviation(Value v) {
  UnaryOp reciprocal = getUnary(v, UnaryFn::reciprocal);
  return reciprocal ? matchDeviation(reciprocal.getOperand()) : std::nullopt;
}

/// `d` is x minus its mean from `axis` on.
Value matchCentred(Value d, int64_t axis) {
  BinaryOp sub = getBinary(d, BinaryFn::sub);
  ReduceOp mean = sub ? getKeptReduction(sub.getRhs(), ReduceFn::mean) : ReduceOp();
  return mean && mean.getOperand() == sub.getLhs() && trailingFrom(mean) == axis ? sub.getLhs() : Value();
}

/// `v` varies only along dimensions of `type` from `axis` on, and does not enlarge it.
bool isAlongNormalised(Value v, RankedTensorType type, int64_t axis) {
  auto own = cast<RankedTensorType>(v.getType());
  int64_t offset = type.getRank() - own.getRank();
  if (offset < 0 || !own.hasStaticShape() || own.getElementType() != type.getElementType()) return false;
  for (auto [i, size] : llvm::enumerate(own.getShape()))
    if (size != 1 && (static_cast<int64_t>(i) + offset < axis || size != type.getDimSize(i + offset)))
      return false;
  return true;
}

LayerNormOp createNorm(PatternRewriter &rewriter, Location loc, Value x, Value scale, Value bias,
                       int64_t axis, double epsilon, bool rms) {
  return LayerNormOp::create(rewriter, loc, x.getType(), x, scale, bias, axis,
                             APFloat(static_cast<float>(epsilon)), rms);
}

/// d / sqrt(mean(d * d) + epsilon): RMS norm of d, which is layer norm of x if d is x minus its mean.
struct FuseNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    auto match = [&](Value d, std::optional<Deviation> deviation) {
      if (!deviation || deviation->d != d || d.getType() != op.getType()) return false;
      Value x = matchCentred(d, deviation->axis);
      rewriter.replaceOp(
          op, createNorm(rewriter, op.getLoc(), x ? x : d, {}, {}, deviation->axis, deviation->epsilon, !x));
      return true;
    };
    if (op.getFn() == BinaryFn::div && match(op.getLhs(), matchDeviation(op.getRhs()))) return success();
    if (op.getFn() == BinaryFn::mul && (match(op.getLhs(), matchInverseDeviation(op.getRhs())) ||
                                        match(op.getRhs(), matchInverseDeviation(op.getLhs()))))
      return success();
    return rewriter.notifyMatchFailure(op, "not divided by its own deviation");
  }
};

/// x * s + (bias - mean(x) * s) with s = scale / sqrt(mean(d * d) + epsilon), d = x - mean(x): what
/// TensorFlow writes.
struct FuseNormAsAffine : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getFn() != BinaryFn::add) return rewriter.notifyMatchFailure(op, "no sum");
    for (auto [product, rest] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      BinaryOp mul = getBinary(product, BinaryFn::mul), sub = getBinary(rest, BinaryFn::sub);
      BinaryOp shifted = sub ? getBinary(sub.getRhs(), BinaryFn::mul) : BinaryOp();
      if (!mul || !shifted) continue;
      for (auto [x, s] : {std::pair(mul.getLhs(), mul.getRhs()), std::pair(mul.getRhs(), mul.getLhs())})
        if (succeeded(rewrite(op, x, s, sub.getLhs(), shifted, rewriter))) return success();
    }
    return rewriter.notifyMatchFailure(op, "no normalisation");
  }

  static LogicalResult rewrite(BinaryOp op, Value x, Value s, Value bias, BinaryOp shifted,
                               PatternRewriter &rewriter) {
    Value m = shifted.getLhs() == s ? shifted.getRhs() : shifted.getLhs();
    if (shifted.getLhs() != s && shifted.getRhs() != s) return failure();
    ReduceOp mean = getKeptReduction(m, ReduceFn::mean);
    if (!mean || mean.getOperand() != x || x.getType() != op.getType()) return failure();
    Value scale;
    std::optional<Deviation> deviation = matchInverseDeviation(s);
    if (BinaryOp scaled = getBinary(s, BinaryFn::mul)) {
      deviation = matchInverseDeviation(scaled.getLhs());
      scale = scaled.getRhs();
      if (!deviation) deviation = matchInverseDeviation(scaled.getRhs()), scale = scaled.getLhs();
    }
    if (!deviation || trailingFrom(mean) != deviation->axis ||
        matchCentred(deviation->d, deviation->axis) != x)
      return failure();
    auto type = cast<RankedTensorType>(op.getType());
    if (!isAlongNormalised(bias, type, deviation->axis) ||
        (scale && !isAlongNormalised(scale, type, deviation->axis)))
      return failure();
    rewriter.replaceOp(
        op, createNorm(rewriter, op.getLoc(), x, scale, bias, deviation->axis, deviation->epsilon, false));
    return success();
  }
};

/// A norm's reader that multiplies or adds along the normalised dimensions becomes its scale or bias.
struct AbsorbScaleAndBias : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    bool isScale = op.getFn() == BinaryFn::mul;
    if (!isScale && op.getFn() != BinaryFn::add) return rewriter.notifyMatchFailure(op, "no scale or bias");
    for (auto [y, parameter] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = y.getDefiningOp<LayerNormOp>();
      if (!norm || !y.hasOneUse() || norm.getBias() || (isScale && norm.getScale()) ||
          y.getType() != op.getType() ||
          !isAlongNormalised(parameter, cast<RankedTensorType>(y.getType()), norm.getAxis()))
        continue;
      Value scale = isScale ? parameter : norm.getScale(), bias = isScale ? Value() : parameter;
      rewriter.replaceOp(op, createNorm(rewriter, rewriter.getFusedLoc({norm.getLoc(), op.getLoc()}),
                                        norm.getX(), scale, bias, norm.getAxis(),
                                        norm.getEpsilon().convertToDouble(), norm.getRms()));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "reads no norm that lacks this");
  }
};

/// exp(x) / sum(exp(x)) along one axis.
struct FuseSoftmax : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (op.getFn() != BinaryFn::div) return rewriter.notifyMatchFailure(op, "no division");
    UnaryOp exp = getUnary(op.getLhs(), UnaryFn::exp);
    ReduceOp sum = getKeptReduction(op.getRhs(), ReduceFn::sum);
    if (!exp || !sum || sum.getOperand() != exp.getResult() || sum.getAxes().size() != 1)
      return rewriter.notifyMatchFailure(op, "no exponentials by their sum");
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, exp.getOperand(), sum.getAxes()[0], /*log=*/false);
    return success();
  }
};

/// Softmax subtracts the maximum itself.
struct DropMaximum : OpRewritePattern<SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SoftmaxOp op, PatternRewriter &rewriter) const override {
    BinaryOp sub = getBinary(op.getOperand(), BinaryFn::sub);
    ReduceOp max = sub ? getKeptReduction(sub.getRhs(), ReduceFn::max) : ReduceOp();
    if (!max || max.getOperand() != sub.getLhs() || max.getAxes().size() != 1 ||
        max.getAxes()[0] != static_cast<int64_t>(op.getAxis()))
      return rewriter.notifyMatchFailure(op, "no maximum subtracted");
    rewriter.modifyOpInPlace(op, [&] { op.getOperandMutable().assign(sub.getLhs()); });
    return success();
  }
};

/// A reduction whose dimensions a reshape puts back as 1 keeps them itself: the form that the other patterns
/// know.
struct KeepReducedDims : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto reduce = op.getOperand().getDefiningOp<ReduceOp>();
    if (!reduce || reduce.getKeepdims()) return rewriter.notifyMatchFailure(op, "reads no reduction");
    SmallVector<DimExpr> kept = getDims(reduce.getOperand());
    for (int64_t axis : reduce.getAxes())
      kept[axis] = dimConstant(op.getContext(), 1);
    if (kept != getDims(op.getResult())) return rewriter.notifyMatchFailure(op, "another shape");
    rewriter.setInsertionPoint(reduce);
    Value keeping = ReduceOp::create(rewriter, reduce.getLoc(), reduce.getOperand(), reduce.getFn(),
                                     reduce.getAxes(), /*keepdims=*/true);
    rewriter.replaceOp(op, keeping);
    if (!reduce->use_empty()) rewriter.replaceOpWithNewOp<ReshapeOp>(reduce, reduce.getType(), keeping);
    return success();
  }
};

} // namespace

void girih::populateNormPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseNorm, FuseNormAsAffine, AbsorbScaleAndBias, FuseSoftmax, DropMaximum, KeepReducedDims>(
      patterns.getContext());
}
