// Convolutions with few output channels compute several neighbouring pixels at a time as further channels.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_WIDENCHANNELS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// The part of the multiplications that count when `pixels` pixels are computed at a time: lanes of whole
/// vectors that hold a result, times window elements of the widened kernel that belong to one pixel.
double usefulShare(int64_t lanes, int64_t pixels, int64_t channels, int64_t window, int64_t stride) {
  int64_t wide = pixels * channels;
  return static_cast<double>(wide) / llvm::alignTo(wide, lanes) * window / (window + (pixels - 1) * stride);
}

/// How many pixels to compute at a time, 1 if widening does not pay.
int64_t choosePixels(int64_t lanes, int64_t channels, DimExpr width, int64_t window, int64_t stride) {
  constexpr double leastGain = 1.3;
  int64_t best = 1;
  double share = usefulShare(lanes, 1, channels, window, stride) * leastGain;
  for (int64_t pixels : {2, 4, 8, 16}) {
    double s = usefulShare(lanes, pixels, channels, window, stride);
    if (s > share && dimExactDiv(width, dimConstant(width.getContext(), pixels))) best = pixels, share = s;
  }
  return best;
}

/// Each pixel's kernel at its place in a window that holds them all: [pixels * channels, ..., window +
/// (pixels - 1) * stride].
std::vector<float> widenWeights(ArrayRef<float> weights, int64_t channels, int64_t window, int64_t pixels,
                                int64_t stride) {
  int64_t rows = weights.size() / (channels * window), wide = window + (pixels - 1) * stride;
  std::vector<float> widened(pixels * channels * rows * wide);
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t row = 0; row < channels * rows; ++row)
      std::copy_n(weights.begin() + row * window, window,
                  widened.begin() + (p * channels * rows + row) * wide + p * stride);
  return widened;
}

/// Widened weights are stored in the artifact.
constexpr int64_t mostWeights = 1 << 18;

LogicalResult widen(ConvOp op, int64_t lanes) {
  auto weightType = cast<RankedTensorType>(op.getW().getType());
  auto type = cast<RankedTensorType>(op.getType());
  ArrayRef<int64_t> shape = weightType.getShape();
  if (!op.getChannelsLast() || op.getGroup() != 1 || op.getDilations().back() != 1 ||
      llvm::any_of(op.getPads(), [](int64_t p) { return p != 0; }) || !weightType.hasStaticShape())
    return failure();
  SmallVector<DimExpr> dims = getDims(type);
  int64_t channels = shape[0], window = shape.back(), stride = op.getStrides().back(), rank = dims.size();
  int64_t pixels = choosePixels(lanes, channels, dims[rank - 2], window, stride);
  int64_t elements = weightType.getNumElements() / window * pixels * (window + (pixels - 1) * stride);
  if (pixels == 1 || elements > mostWeights) return failure();
  auto weights = readF32(op.getW());
  std::optional<std::vector<float>> bias;
  if (op.getBias()) bias = readF32(op.getBias());
  if (!weights || (op.getBias() && !bias)) return failure();

  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<int64_t> wideShape(shape);
  wideShape.front() *= pixels;
  wideShape.back() += (pixels - 1) * stride;
  Value w = createF32(b, loc, RankedTensorType::get(wideShape, weightType.getElementType()),
                      widenWeights(*weights, channels, window, pixels, stride));
  SmallVector<Value> operands{op.getX(), w};
  if (bias) {
    std::vector<float> repeated;
    for (int64_t p = 0; p < pixels; ++p)
      repeated.insert(repeated.end(), bias->begin(), bias->end());
    operands.push_back(
        createF32(b, loc, RankedTensorType::get({pixels * channels}, weightType.getElementType()), repeated));
  }
  dims[rank - 2] = dimExactDiv(dims[rank - 2], dimConstant(b.getContext(), pixels));
  dims[rank - 1] = dimConstant(b.getContext(), pixels * channels);
  auto wide = cast<ConvOp>(b.clone(*op));
  wide->setOperands(operands);
  SmallVector<int64_t> strides(op.getStrides());
  strides.back() *= pixels;
  wide.setStrides(strides);
  wide.getResult().setType(getTensorType(dims, type.getElementType()));
  op.replaceAllUsesWith(ReshapeOp::create(b, loc, type, wide.getResult()).getResult());
  op.erase();
  return success();
}

struct WidenChannelsPass : girih::impl::WidenChannelsBase<WidenChannelsPass> {
  using WidenChannelsBase::WidenChannelsBase;
  void runOnOperation() override {
    if (getOperation().isExternal()) return;
    for (ConvOp op : llvm::make_early_inc_range(getOperation().getBody().front().getOps<ConvOp>()))
      numWidened += succeeded(widen(op, lanes));
  }
};

} // namespace
