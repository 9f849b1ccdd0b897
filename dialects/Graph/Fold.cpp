// Folders and canonical forms. Only what is exact: a rewrite gives the same bits for every input, -0.0,
// infinities and (but for its payload) NaN included. So x - 0.0 and x + -0.0 fold, x + 0.0 (which turns -0.0
// into 0.0) does not.
#include "dialects/Graph/Graph.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace girih;

OpFoldResult ConstantOp::fold(FoldAdaptor) {
  return getValue();
}

//===-- Element-wise ------------------------------------------------------===//

OpFoldResult UnaryOp::fold(FoldAdaptor) {
  auto inner = getOperand().getDefiningOp<UnaryOp>();
  if (!inner || inner.getFn() != getFn()) return {};
  switch (getFn()) {
  case UnaryFn::neg:
  case UnaryFn::logical_not:
  case UnaryFn::bitwise_not:
    return inner.getOperand();
  case UnaryFn::abs:
  case UnaryFn::sign:
  case UnaryFn::floor:
  case UnaryFn::ceil:
  case UnaryFn::round:
  case UnaryFn::relu:
    return inner.getResult();
  default:
    return {};
  }
}

namespace {
/// abs(neg(x)) -> abs(x)
struct AbsOfNeg : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<UnaryOp>();
    if (op.getFn() != UnaryFn::abs || !inner || inner.getFn() != UnaryFn::neg)
      return rewriter.notifyMatchFailure(op, "not the absolute value of a negation");
    rewriter.modifyOpInPlace(op, [&] { op.getOperandMutable().assign(inner.getOperand()); });
    return success();
  }
};
} // namespace

void UnaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *ctx) {
  patterns.add<AbsOfNeg>(ctx);
}

/// The one value that all elements of a constant have.
static std::optional<APFloat> floatSplat(Attribute attr) {
  auto dense = dyn_cast_or_null<DenseFPElementsAttr>(attr);
  if (!dense || !dense.isSplat()) return std::nullopt;
  return dense.getSplatValue<APFloat>();
}
static std::optional<APInt> intSplat(Attribute attr) {
  auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr);
  if (!dense || !dense.isSplat()) return std::nullopt;
  return dense.getSplatValue<APInt>();
}

static bool isCommutative(BinaryFn fn) {
  switch (fn) {
  case BinaryFn::add:
  case BinaryFn::mul:
  case BinaryFn::min:
  case BinaryFn::max:
  case BinaryFn::logical_and:
  case BinaryFn::logical_or:
  case BinaryFn::logical_xor:
  case BinaryFn::bitwise_and:
  case BinaryFn::bitwise_or:
  case BinaryFn::bitwise_xor:
  case BinaryFn::equal:
    return true;
  default:
    return false;
  }
}

/// Whether x fn `rhs` is x, for every x.
static bool isRightIdentity(BinaryFn fn, Attribute rhs) {
  if (auto v = floatSplat(rhs)) {
    switch (fn) {
    case BinaryFn::add:
      return v->isNegZero();
    case BinaryFn::sub:
      return v->isPosZero();
    case BinaryFn::mul:
    case BinaryFn::div:
    case BinaryFn::pow:
      return v->isExactlyValue(1.0);
    case BinaryFn::min:
      return v->isPosInfinity();
    case BinaryFn::max:
      return v->isNegInfinity();
    default:
      return false;
    }
  }
  auto v = intSplat(rhs);
  if (!v) return false;
  switch (fn) {
  case BinaryFn::add:
  case BinaryFn::sub:
  case BinaryFn::bitwise_or:
  case BinaryFn::bitwise_xor:
  case BinaryFn::shift_left:
  case BinaryFn::shift_right:
  case BinaryFn::logical_or:
  case BinaryFn::logical_xor:
    return v->isZero();
  case BinaryFn::mul:
  case BinaryFn::div:
  case BinaryFn::pow:
    return v->isOne();
  case BinaryFn::bitwise_and:
  case BinaryFn::logical_and:
    return v->isAllOnes();
  default:
    return false;
  }
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  BinaryFn fn = getFn();
  // A broadcast may make the result larger than the operand.
  if (getLhs().getType() == getType() && isRightIdentity(fn, adaptor.getRhs())) return getLhs();
  if (getRhs().getType() == getType() && isCommutative(fn) && isRightIdentity(fn, adaptor.getLhs()))
    return getRhs();
  if (getLhs() != getRhs()) return {};
  switch (fn) {
  case BinaryFn::min:
  case BinaryFn::max:
  case BinaryFn::logical_and:
  case BinaryFn::logical_or:
  case BinaryFn::bitwise_and:
  case BinaryFn::bitwise_or:
    return getLhs();
  default:
    return {};
  }
}

namespace {
/// c + x -> x + c, c < x -> x > c: constants come second, so that patterns look in one place.
struct ConstantSecond : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if (!op.getLhs().getDefiningOp<ConstantOp>() || op.getRhs().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "lhs is not the only constant");
    BinaryFn fn = op.getFn();
    switch (fn) {
    case BinaryFn::less:
      fn = BinaryFn::greater;
      break;
    case BinaryFn::greater:
      fn = BinaryFn::less;
      break;
    case BinaryFn::less_or_equal:
      fn = BinaryFn::greater_or_equal;
      break;
    case BinaryFn::greater_or_equal:
      fn = BinaryFn::less_or_equal;
      break;
    default:
      if (!isCommutative(fn)) return rewriter.notifyMatchFailure(op, "not commutative");
    }
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), op.getRhs(), op.getLhs(), fn);
    return success();
  }
};

/// x / c -> x * (1 / c) for powers of two, whose reciprocals are exact.
struct DivideByPowerOfTwo : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    auto constant = op.getRhs().getDefiningOp<ConstantOp>();
    if (op.getFn() != BinaryFn::div || !constant)
      return rewriter.notifyMatchFailure(op, "not a division by a constant");
    auto divisor = floatSplat(constant.getValue());
    APFloat inverse = divisor.value_or(APFloat(0.0));
    if (!divisor || divisor->isExactlyValue(1.0) || !divisor->getExactInverse(&inverse))
      return rewriter.notifyMatchFailure(op, "the divisor has no exact reciprocal");
    auto value = DenseElementsAttr::get(cast<ShapedType>(constant.getType()), inverse);
    Value factor = ConstantOp::create(rewriter, constant.getLoc(), value);
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), op.getLhs(), factor, BinaryFn::mul);
    return success();
  }
};
} // namespace

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *ctx) {
  patterns.add<ConstantSecond, DivideByPowerOfTwo>(ctx);
}

/// Whether every value of `from` is a value of `to`.
static bool isLossless(Type from, Type to) {
  auto fi = dyn_cast<IntegerType>(from), ti = dyn_cast<IntegerType>(to);
  if (fi && fi.getWidth() == 1) return true;
  if (ti && ti.getWidth() == 1) return from == to;
  if (fi && ti) {
    if (fi.isUnsigned() == ti.isUnsigned()) return fi.getWidth() <= ti.getWidth();
    return fi.isUnsigned() && fi.getWidth() < ti.getWidth();
  }
  auto ff = dyn_cast<FloatType>(from), tf = dyn_cast<FloatType>(to);
  if (fi && tf) return fi.getWidth() - (fi.isUnsigned() ? 0 : 1) <= tf.getFPMantissaWidth() && !tf.isF16();
  return ff && tf && APFloat::isRepresentableBy(ff.getFloatSemantics(), tf.getFloatSemantics());
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType()) return getOperand();
  // What came through a wider type unharmed may skip it.
  auto inner = getOperand().getDefiningOp<CastOp>();
  if (!inner || !isLossless(inner.getOperand().getType().getElementType(), inner.getTo())) return {};
  getOperandMutable().assign(inner.getOperand());
  return getResult();
}

//===-- Data movement -----------------------------------------------------===//

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> outer = getPermutation();
  if (llvm::equal(outer, llvm::seq<int64_t>(outer.size())) && getOperand().getType() == getType())
    return getOperand();
  auto inner = getOperand().getDefiningOp<TransposeOp>();
  if (!inner) return {};
  SmallVector<int64_t> both;
  for (int64_t p : outer)
    both.push_back(inner.getPermutation()[p]);
  setPermutation(both);
  getOperandMutable().assign(inner.getOperand());
  return getResult();
}

namespace {
/// A transpose that only moves dimensions of size 1 is a reshape: the others stay in order.
struct TransposeOfUnitDims : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = op.getOperand().getType().getShape();
    int64_t previous = -1;
    for (int64_t p : op.getPermutation()) {
      if (shape[p] == 1) continue;
      if (p < previous) return rewriter.notifyMatchFailure(op, "dimensions larger than 1 change their order");
      previous = p;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *ctx) {
  patterns.add<TransposeOfUnitDims>(ctx);
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType()) return getOperand();
  if (auto inner = getOperand().getDefiningOp<ReshapeOp>()) {
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return {};
}

namespace {
/// An expand that only adds leading dimensions of size 1 is a reshape.
struct ReshapeOfExpand : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<ExpandOp>();
    if (!inner) return rewriter.notifyMatchFailure(op, "operand is no expand");
    SmallVector<DimExpr> from = getDims(inner.getOperand()), to = getDims(inner.getResult());
    bool added =
        llvm::all_of(ArrayRef(to).drop_back(from.size()), [](DimExpr d) { return dimValue(d) == 1; });
    if (!added || !llvm::equal(from, ArrayRef(to).take_back(from.size())))
      return rewriter.notifyMatchFailure(op, "the expand repeats elements");
    rewriter.modifyOpInPlace(op, [&] { op.getOperandMutable().assign(inner.getOperand()); });
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *ctx) {
  patterns.add<ReshapeOfExpand>(ctx);
}

OpFoldResult ExpandOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType()) return getOperand();
  if (auto inner = getOperand().getDefiningOp<ExpandOp>()) {
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return {};
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool whole = getOperand().getType() == getType() &&
               llvm::all_of(getSteps(), [](int64_t s) { return s == 1; }) &&
               llvm::all_of(getStarts().getDims(), [](DimExpr s) { return dimValue(s) == 0; });
  return whole ? OpFoldResult(getOperand()) : OpFoldResult();
}

namespace {
/// Element i of the outer slice is element s1 + (s2 + i * t2) * t1 of the inner one's operand.
struct SliceOfSlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<SliceOp>();
    if (!inner) return rewriter.notifyMatchFailure(op, "operand is no slice");
    SmallVector<DimExpr> starts;
    SmallVector<int64_t> steps;
    for (auto [s1, t1, s2, t2] : llvm::zip_equal(inner.getStarts().getDims(), inner.getSteps(),
                                                 op.getStarts().getDims(), op.getSteps())) {
      int64_t &step = steps.emplace_back();
      if (llvm::MulOverflow(t1, t2, step)) return rewriter.notifyMatchFailure(op, "steps overflow");
      starts.push_back(dimSimplify(s1 + s2 * t1));
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getOperand(),
                                         DimsAttr::get(op.getContext(), starts), steps);
    return success();
  }
};

/// A slice that lies in one input of a concatenation reads that input.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto concat = op.getOperand().getDefiningOp<ConcatOp>();
    if (!concat) return rewriter.notifyMatchFailure(op, "operand is no concatenation");
    int64_t axis = concat.getAxis(), step = op.getSteps()[axis];
    DimExpr first = op.getStarts().getDims()[axis], last = first + (getDims(op.getResult())[axis] - 1) * step;
    if (step < 0) std::swap(first, last);
    // Offsets may be symbolic: what counts is that differences are known.
    DimExpr offset = dimConstant(op.getContext(), 0);
    for (Value input : concat.getInputs()) {
      DimExpr end = dimSimplify(offset + getDims(input)[axis]);
      auto from = dimValue(dimSimplify(first - offset)), room = dimValue(dimSimplify(end - last));
      if (from && room && *from >= 0 && *room >= 1) {
        SmallVector<DimExpr> starts(op.getStarts().getDims());
        starts[axis] = dimSimplify(starts[axis] - offset);
        rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), input, DimsAttr::get(op.getContext(), starts),
                                             op.getSteps());
        return success();
      }
      offset = end;
    }
    return rewriter.notifyMatchFailure(op, "not known to lie in one input");
  }
};
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *ctx) {
  patterns.add<SliceOfSlice, SliceOfConcat>(ctx);
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs()[0].getType() == getType()) return getInputs()[0];
  // Empty inputs add nothing.
  SmallVector<Value> kept;
  for (Value input : getInputs())
    if (dimValue(getDims(input)[getAxis()]) != 0) kept.push_back(input);
  if (kept.empty() || kept.size() == getInputs().size()) return {};
  getInputsMutable().assign(kept);
  return getResult();
}
