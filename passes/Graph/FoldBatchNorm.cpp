// Per-channel scales and shifts go into the weights and biases of the op that they alone read.
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Rewrite.h"

namespace girih {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// x * scale[c] + shift[c].
struct ChannelAffine {
  Value x;
  SmallVector<double> scale, shift;
  bool scales() const {
    return llvm::any_of(scale, [](double s) { return s != 1.0; });
  }
};

/// A constant that broadcasts along everything but `axis` of `type`, as one value a channel.
std::optional<SmallVector<double>> readPerChannel(Value v, RankedTensorType type, int64_t axis) {
  auto own = cast<RankedTensorType>(v.getType());
  int64_t channels = type.getDimSize(axis), offset = type.getRank() - own.getRank();
  if (offset < 0 || ShapedType::isDynamic(channels)) return std::nullopt;
  for (auto [i, size] : llvm::enumerate(own.getShape()))
    if (size != 1 && (static_cast<int64_t>(i) + offset != axis || size != channels)) return std::nullopt;
  auto elements = readF32(v);
  if (!elements) return std::nullopt;
  if (elements->size() == 1) return SmallVector<double>(channels, elements->front());
  return SmallVector<double>(elements->begin(), elements->end());
}

/// The dimension that holds the output channels of a contraction, or -1.
int64_t channelAxis(Operation *producer) {
  auto type = cast<RankedTensorType>(producer->getResult(0).getType());
  if (auto conv = dyn_cast<ConvOp>(producer)) return conv.getChannelsLast() ? type.getRank() - 1 : 1;
  if (auto conv = dyn_cast<ConvTransposeOp>(producer)) return conv.getChannelsLast() ? type.getRank() - 1 : 1;
  // A 1-D right operand has no dimension of its own in the result.
  if (auto matmul = dyn_cast<MatMulOp>(producer))
    return cast<RankedTensorType>(matmul.getRhs().getType()).getRank() >= 2 ? type.getRank() - 1 : -1;
  return -1;
}

FailureOr<ChannelAffine> matchAffine(BatchNormOp op, int64_t axis) {
  auto type = cast<RankedTensorType>(op.getType());
  if (axis != 1) return failure();
  auto scale = readF32(op.getScale()), bias = readF32(op.getBias()), mean = readF32(op.getMean()),
       variance = readF32(op.getVariance());
  size_t channels = type.getDimSize(1);
  for (auto *v : {&scale, &bias, &mean, &variance})
    if (!*v || (*v)->size() != channels) return failure();
  ChannelAffine affine{op.getX(), {}, {}};
  double epsilon = op.getEpsilon().convertToDouble();
  for (size_t c = 0; c < channels; ++c) {
    double s = (*scale)[c] / std::sqrt((*variance)[c] + epsilon);
    affine.scale.push_back(s);
    affine.shift.push_back((*bias)[c] - (*mean)[c] * s);
  }
  return affine;
}

FailureOr<ChannelAffine> matchAffine(BinaryOp op, int64_t axis) {
  auto type = cast<RankedTensorType>(op.getType());
  Value x = op.getLhs(), c = op.getRhs();
  bool swapped = false;
  if (constantValue(x)) std::swap(x, c), swapped = true;
  if (x.getType() != type || !constantValue(c)) return failure();
  auto values = readPerChannel(c, type, axis);
  if (!values) return failure();
  size_t channels = values->size();
  ChannelAffine affine{x, SmallVector<double>(channels, 1.0), SmallVector<double>(channels, 0.0)};
  switch (op.getFn()) {
  case BinaryFn::add:
    affine.shift = *values;
    break;
  case BinaryFn::mul:
    affine.scale = *values;
    break;
  case BinaryFn::sub:
    affine.shift = *values;
    if (swapped)
      affine.scale.assign(channels, -1.0);
    else
      for (double &v : affine.shift)
        v = -v;
    break;
  case BinaryFn::div:
    if (swapped) return failure();
    for (auto [s, v] : llvm::zip(affine.scale, *values))
      s = 1.0 / v;
    break;
  default:
    return failure();
  }
  return affine;
}

/// Multiplies each weight by its output channel's scale. A row of a grouped transposed convolution holds only
/// its group's channels.
void scaleWeights(Operation *producer, std::vector<float> &w, ArrayRef<int64_t> shape,
                  ArrayRef<double> scale) {
  auto apply = [&](int64_t first, int64_t count, double s) {
    for (int64_t i = first; i < first + count; ++i)
      w[i] = static_cast<float>(w[i] * s);
  };
  int64_t channels = scale.size(), size = w.size();
  if (size == 0) return;
  if (isa<ConvOp>(producer)) {
    int64_t inner = size / channels;
    for (int64_t m = 0; m < channels; ++m)
      apply(m * inner, inner, scale[m]);
  } else if (auto conv = dyn_cast<ConvTransposeOp>(producer)) {
    int64_t perGroup = shape[1], inner = size / (shape[0] * perGroup),
            rowsPerGroup = shape[0] / conv.getGroup();
    for (int64_t c = 0; c < shape[0]; ++c)
      for (int64_t j = 0; j < perGroup; ++j)
        apply((c * perGroup + j) * inner, inner, scale[c / rowsPerGroup * perGroup + j]);
  } else if (cast<MatMulOp>(producer).getTransposeRhs()) {
    int64_t inner = shape.back();
    for (int64_t row = 0; row < size / inner; ++row)
      apply(row * inner, inner, scale[row % channels]);
  } else {
    for (int64_t i = 0; i < size; ++i)
      w[i] = static_cast<float>(w[i] * scale[i % channels]);
  }
}

/// The operands of a contraction: activations, weights, bias if any.
Value getWeights(Operation *producer) {
  return producer->getOperand(1);
}
Value getBias(Operation *producer) {
  return producer->getNumOperands() > 2 ? producer->getOperand(2) : Value();
}

template <typename OpT> struct FoldIntoContraction : OpRewritePattern<OpT> {
  FoldIntoContraction(MLIRContext *ctx, Pass::Statistic &count)
      : OpRewritePattern<OpT>(ctx, 2), count(count) {}

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    Operation *producer = nullptr;
    for (Value v : op->getOperands())
      if (Operation *def = v.getDefiningOp(); def && isa<ConvOp, ConvTransposeOp, MatMulOp>(def))
        producer = def;
    if (!producer) return rewriter.notifyMatchFailure(op, "reads no contraction");
    Value out = producer->getResult(0);
    auto type = cast<RankedTensorType>(out.getType());
    int64_t axis = channelAxis(producer);
    if (!out.hasOneUse() || axis < 0 || axis >= type.getRank() || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "the contraction has other readers or no f32 channels");
    FailureOr<ChannelAffine> affine = matchAffine(op, axis);
    if (failed(affine) || affine->x != out)
      return rewriter.notifyMatchFailure(op, "no per-channel constants");

    SmallVector<double> shift = affine->shift;
    if (Value bias = getBias(producer)) {
      // A convolution's bias is [M] wherever the channels are.
      std::optional<SmallVector<double>> old;
      if (isa<MatMulOp>(producer))
        old = readPerChannel(bias, type, axis);
      else if (auto elements = readF32(bias))
        old.emplace(elements->begin(), elements->end());
      if (!old) return rewriter.notifyMatchFailure(op, "the bias is not constant a channel");
      for (auto [s, b, a] : llvm::zip(shift, *old, affine->scale))
        s += b * a;
    }
    Value weights = getWeights(producer);
    if (affine->scales()) {
      auto weightType = cast<RankedTensorType>(weights.getType());
      if (!weights.hasOneUse()) return rewriter.notifyMatchFailure(op, "the weights have other readers");
      auto elements = readF32(weights);
      if (!elements) return rewriter.notifyMatchFailure(op, "the weights are not constant");
      scaleWeights(producer, *elements, weightType.getShape(), affine->scale);
      weights = createF32(rewriter, weights.getLoc(), weightType, *elements);
    }
    SmallVector<float> bias(shift.begin(), shift.end());
    auto biasType = RankedTensorType::get(static_cast<int64_t>(bias.size()), type.getElementType());
    SmallVector<Value> operands{producer->getOperand(0), weights,
                                createF32(rewriter, op.getLoc(), biasType, bias)};
    Operation *folded = rewriter.clone(*producer);
    rewriter.modifyOpInPlace(folded, [&] {
      folded->setOperands(operands);
      folded->setLoc(rewriter.getFusedLoc({producer->getLoc(), op.getLoc()}));
    });
    rewriter.replaceOp(op, folded);
    ++count;
    return success();
  }

  Pass::Statistic &count;
};

/// Any other batch norm: x * s + t, where s and t follow from the parameters.
struct DecomposeBatchNorm : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    Location loc = op.getLoc();
    SmallVector<DimExpr> dims(type.getRank() - 1, dimConstant(op.getContext(), 1));
    dims[0] = getDims(op.getScale())[0];
    Value scale, shift;
    if (auto affine = matchAffine(op, 1); succeeded(affine)) {
      auto paramType = getTensorType(dims, type.getElementType());
      scale =
          createF32(rewriter, loc, paramType, SmallVector<float>(affine->scale.begin(), affine->scale.end()));
      shift =
          createF32(rewriter, loc, paramType, SmallVector<float>(affine->shift.begin(), affine->shift.end()));
    } else {
      auto binary = [&](BinaryFn fn, Value a, Value b) -> Value {
        return BinaryOp::create(rewriter, loc, a, b, fn);
      };
      auto columns = [&](Value v) -> Value {
        return ReshapeOp::create(
            rewriter, loc, getTensorType(dims, cast<RankedTensorType>(v.getType()).getElementType()), v);
      };
      Type element = cast<RankedTensorType>(op.getVariance().getType()).getElementType();
      Value epsilon = createScalar(rewriter, loc, element, op.getEpsilon().convertToDouble());
      Value deviation =
          UnaryOp::create(rewriter, loc, binary(BinaryFn::add, op.getVariance(), epsilon), UnaryFn::sqrt);
      scale = binary(BinaryFn::div, op.getScale(), deviation);
      shift = columns(binary(BinaryFn::sub, op.getBias(), binary(BinaryFn::mul, op.getMean(), scale)));
      scale = columns(scale);
    }
    Value scaled = BinaryOp::create(rewriter, loc, op.getX(), scale, BinaryFn::mul);
    rewriter.replaceOpWithNewOp<BinaryOp>(op, scaled, shift, BinaryFn::add);
    return success();
  }
};

struct FoldBatchNormPass : girih::impl::FoldBatchNormBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldIntoContraction<BatchNormOp>, FoldIntoContraction<BinaryOp>>(&getContext(), numFolded);
    patterns.add<DecomposeBatchNorm>(&getContext(), 1);
    if (failed(applyGraphPatterns(getOperation(), std::move(patterns), "folding batch norms")))
      signalPassFailure();
  }
};

} // namespace
