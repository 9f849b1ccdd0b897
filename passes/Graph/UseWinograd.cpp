// Convolutions of 3x3 that take fewer multiplications by Winograd's algorithm.
#include "dialects/Graph/Guesses.h"
#include "dialects/Graph/Winograd.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_USEWINOGRAD
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

constexpr int64_t kKernel = 3;

/// What costs of two forms of a convolution are made of.
struct Sizes {
  double images, height, width, inputs, outputs;
};

/// Each weight is read once a run, mostly from beyond the caches: so many multiply-adds take as long.
constexpr double kWeight = 16;

double getDirectCost(const Sizes &s) {
  return kKernel * kKernel * s.inputs * s.outputs * (s.images * s.height * s.width + kWeight);
}

/// Multiply-adds, and as much again for each value that is stored on the way and read.
double getTiledCost(const Winograd &w, const Sizes &s) {
  double rows = w.tile, points = w.points,
         tiles = s.images * std::ceil(s.height / rows) * std::ceil(s.width / rows);
  auto transform = [&](ArrayRef<double> matrix) {
    double factors = llvm::count_if(matrix, [](double m) { return m != 0; });
    return factors * (rows + points) + 2 * points * (rows + points);
  };
  return tiles * (s.inputs * transform(w.input) + s.outputs * transform(w.output)) +
         points * points * s.inputs * s.outputs * (tiles + kWeight);
}

/// The tiles that are worth it, if any are.
std::optional<Winograd> chooseTile(ConvOp op, const Guesses &guesses) {
  constexpr double kLeastGain = 1.25;
  SmallVector<DimExpr> result = getDims(op.getResult());
  auto w = cast<RankedTensorType>(op.getW().getType()).getShape();
  auto sizeOf = [&](unsigned d) { return double(guesses.get(result[d])); };
  Sizes sizes{sizeOf(0), sizeOf(1), sizeOf(2), double(w[1]), double(w[0])};
  double least = getDirectCost(sizes) / kLeastGain;
  std::optional<Winograd> best;
  for (int64_t tile : {2, 4}) {
    Winograd winograd = getWinograd(tile);
    if (double cost = getTiledCost(winograd, sizes); cost < least) best = std::move(winograd), least = cost;
  }
  return best;
}

/// G g G^T of each kernel g of [M, C, 3, 3], as [points, points, C, M].
std::vector<float> transformWeights(const Winograd &w, ArrayRef<float> weights, int64_t outputs,
                                    int64_t inputs) {
  int64_t n = w.points;
  std::vector<float> transformed(n * n * inputs * outputs);
  std::vector<double> rows(n * kKernel);
  for (int64_t m = 0; m < outputs; ++m)
    for (int64_t c = 0; c < inputs; ++c) {
      ArrayRef<float> kernel = weights.slice((m * inputs + c) * kKernel * kKernel, kKernel * kKernel);
      for (int64_t a = 0; a < n; ++a)
        for (int64_t j = 0; j < kKernel; ++j) {
          double sum = 0;
          for (int64_t i = 0; i < kKernel; ++i)
            sum += w.kernel[a * kKernel + i] * double(kernel[i * kKernel + j]);
          rows[a * kKernel + j] = sum;
        }
      for (int64_t a = 0; a < n; ++a)
        for (int64_t b = 0; b < n; ++b) {
          double sum = 0;
          for (int64_t j = 0; j < kKernel; ++j)
            sum += rows[a * kKernel + j] * w.kernel[b * kKernel + j];
          transformed[((a * n + b) * inputs + c) * outputs + m] = float(sum);
        }
    }
  return transformed;
}

bool isCandidate(ConvOp op) {
  auto all = [](ArrayRef<int64_t> values, int64_t of) {
    return llvm::all_of(values, [=](int64_t v) { return v == of; });
  };
  auto w = cast<RankedTensorType>(op.getW().getType());
  return op.getChannelsLast() && op.getGroup() == 1 && w.hasStaticShape() && w.getElementType().isF32() &&
         w.getRank() == 4 && all(w.getShape().drop_front(2), kKernel) && all(op.getStrides(), 1) &&
         all(op.getDilations(), 1) && all(op.getPads(), 0);
}

/// `x` with as many zeros behind its rows and columns as whole tiles read. A pad in front of it takes them
/// up.
Value padToTiles(OpBuilder &b, ConvOp op, int64_t tile) {
  Value x = op.getX();
  SmallVector<DimExpr> dims = getDims(x), result = getDims(op.getResult());
  for (unsigned d : {1, 2})
    dims[d] = dimSimplify(result[d].ceilDiv(tile) * tile + (kKernel - 1));
  if (dims == getDims(x)) return x;
  auto type = getTensorType(dims, cast<RankedTensorType>(x.getType()).getElementType());
  auto low = DimsAttr::get(b.getContext(), SmallVector<DimExpr>(4, dimConstant(b.getContext(), 0)));
  auto pad = x.getDefiningOp<PadOp>();
  if (pad && pad.getMode() == PadMode::constant && !pad.getValue()) x = pad.getOperand(), low = pad.getLow();
  for (Operation *user : x.getUsers())
    if (auto known = dyn_cast<PadOp>(user); known && known.getType() == type && known.getLow() == low &&
                                            known.getMode() == PadMode::constant && !known.getValue() &&
                                            known->isBeforeInBlock(op))
      return known;
  return PadOp::create(b, op.getLoc(), type, x, Value(), low, PadMode::constant);
}

LogicalResult useWinograd(ConvOp op, const Guesses &guesses) {
  if (!isCandidate(op)) return failure();
  std::optional<Winograd> winograd = chooseTile(op, guesses);
  if (!winograd) return failure();
  std::optional<std::vector<float>> weights = readF32(op.getW());
  if (!weights) return failure();
  auto type = cast<RankedTensorType>(op.getW().getType());
  int64_t outputs = type.getDimSize(0), inputs = type.getDimSize(1), n = winograd->points;
  OpBuilder b(op);
  Value u = createF32(b, op.getLoc(), RankedTensorType::get({n, n, inputs, outputs}, type.getElementType()),
                      transformWeights(*winograd, *weights, outputs, inputs));
  Value x = op.getX();
  auto tiled = WinogradConvOp::create(b, op.getLoc(), op.getType(), padToTiles(b, op, winograd->tile), u,
                                      op.getBias(), winograd->tile);
  op.replaceAllUsesWith(tiled.getResult());
  op.erase();
  if (auto pad = x.getDefiningOp<PadOp>(); pad && pad->use_empty()) pad.erase();
  return success();
}

struct UseWinogradPass : girih::impl::UseWinogradBase<UseWinogradPass> {
  void runOnOperation() override {
    if (getOperation().isExternal()) return;
    Guesses guesses(getOperation());
    for (ConvOp op : llvm::make_early_inc_range(getOperation().getBody().front().getOps<ConvOp>()))
      numTiled += succeeded(useWinograd(op, guesses));
  }
};

} // namespace
