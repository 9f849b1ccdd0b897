// Resize, Upsample and GridSample.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

namespace {
struct ResizeParameters {
  ResizeMode mode = ResizeMode::nearest;
  CoordMode coord = CoordMode::asymmetric;
  NearestMode nearest = NearestMode::floor;
  float cubicA = -0.75f, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
  SmallVector<double> scales, roi; // one a dimension, or none
  Dims dims;
};
} // namespace

static LogicalResult build(NodeImporter &n, const ResizeParameters &p) {
  if (n.hasFailed()) return failure();
  for (DimExpr d : p.dims)
    if (dimValue(d).value_or(0) < 0)
      return n.fail("the result would have the negative size " + dimToString(d));
  return n.result(n.createTyped<ResizeOp>(getTensorType(p.dims, n.element(0)), n.operand(0), p.mode, p.coord,
                                          p.nearest, p.scales, p.roi, APFloat(p.cubicA),
                                          APFloat(p.extrapolation), p.excludeOutside, p.antialias));
}

/// dims * scales, rounded down, as the runtimes compute it.
static LogicalResult scaleDims(NodeImporter &n, ArrayRef<DimExpr> in, ArrayRef<double> scales, Dims &out) {
  for (auto [d, scale] : llvm::zip_equal(in, scales)) {
    if (!(scale > 0) || !(scale < 1e9))
      return n.fail("the scale " + std::to_string(scale) + " is not positive and finite");
    if (auto v = dimValue(d)) {
      constexpr int64_t exact = 1 << 24; // above, f32 does not hold the size
      double size = *v <= exact ? float(*v) * float(scale) : double(*v) * scale;
      out.push_back(n.dim(static_cast<int64_t>(std::floor(size))));
      continue;
    }
    auto fraction = asFraction(scale, /*isSingle=*/true);
    if (!fraction)
      return n.fail("the size " + dimToString(d) + " times the scale " + std::to_string(scale) +
                    " cannot be told before the model runs: pin the dimension with --dim, or use sizes");
    out.push_back(dimSimplify((d * fraction->first).floorDiv(fraction->second)));
  }
  return success();
}

/// A float operand as numbers, rounded as it holds them; shape arithmetic that comes out constant is taken,
/// too.
static FailureOr<SmallVector<double>> scaleOperand(NodeImporter &n, unsigned i) {
  if (auto k = n.known(i); k && isa<FloatType>(k->elementType)) {
    SmallVector<double> out;
    for (const Num &x : k->elements)
      if (auto v = dimValue(x.numerator)) out.push_back(float(double(*v) / double(x.denominator)));
    if (out.size() == k->elements.size()) return out;
  }
  return n.constantFloats(i, "scales");
}

static bool isPresent(NodeImporter &n, unsigned i) {
  return n.has(i) && n.type(i).getShape() != ArrayRef<int64_t>{0};
}

template <typename E, typename Fn>
static void parseEnum(NodeImporter &n, StringRef name, StringRef otherwise, E &out, Fn symbolize) {
  StringRef text = n.stringAttr(name, otherwise);
  if (auto v = symbolize(text)) {
    out = *v;
  } else {
    n.report("attribute '" + name + "' is " + model::quote(text) + ", which is not one of its values");
  }
}

static LogicalResult readMode(NodeImporter &n, ResizeMode &mode) {
  StringRef name = n.stringAttr("mode", "nearest");
  if (name == "bilinear") name = "linear"; // Upsample-1's name, which exporters kept
  auto m = symbolizeResizeMode(name);
  if (!m) return n.fail("attribute 'mode' is " + model::quote(name) + ", expected nearest, linear or cubic");
  mode = *m;
  return success();
}

/// Upsample, and Resize in its first version: scales only, coordinates divided by them.
LogicalResult importUpsample(NodeImporter &n) {
  ResizeParameters p;
  if (failed(readMode(n, p.mode))) return failure();
  if (n.since() < 9) {
    auto scales = n.floatsAttr("scales");
    if (!scales) return n.fail("attribute 'scales' is missing");
    p.scales.assign(scales->begin(), scales->end());
  } else {
    auto scales = scaleOperand(n, 1);
    if (failed(scales)) return failure();
    p.scales = *scales;
  }
  if (int64_t(p.scales.size()) != n.rank(0))
    return n.fail("there are " + Twine(p.scales.size()) + " scales for " + Twine(n.rank(0)) + " dimensions");
  if (failed(scaleDims(n, n.dims(0), p.scales, p.dims))) return failure();
  return build(n, p);
}

LogicalResult importResize(NodeImporter &n) {
  ResizeParameters p;
  int64_t rank = n.rank(0);
  if (failed(readMode(n, p.mode))) return failure();
  parseEnum(n, "coordinate_transformation_mode", "half_pixel", p.coord,
            [](StringRef s) { return symbolizeCoordMode(s); });
  parseEnum(n, "nearest_mode", "round_prefer_floor", p.nearest,
            [](StringRef s) { return symbolizeNearestMode(s); });
  p.cubicA = n.floatAttr("cubic_coeff_a", -0.75f);
  p.extrapolation = n.floatAttr("extrapolation_value", 0);
  p.excludeOutside = n.flagAttr("exclude_outside", false);
  p.antialias = n.flagAttr("antialias", false);
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (auto given = n.intsAttr("axes")) {
    axes = *given;
    n.axes(axes, rank); // refuses an axis given twice
    for (int64_t &a : axes)
      a = n.axis(a, rank);
  }
  if (n.hasFailed()) return failure();
  Dims in = n.dims(0);
  p.dims = in;
  auto checkCount = [&](StringRef what, size_t count, size_t factor = 1) -> LogicalResult {
    if (count == factor * axes.size()) return success();
    return n.fail(Twine(count) + " " + what + " for " + Twine(axes.size()) + " axes");
  };
  if (p.coord == CoordMode::tf_crop_and_resize) {
    if (!isPresent(n, 1)) return n.fail("tf_crop_and_resize needs input 1 (roi)");
    auto roi = n.constantFloats(1, "roi");
    if (failed(roi) || failed(checkCount("values of roi", roi->size(), 2))) return failure();
    p.roi.assign(rank, 0.0);
    p.roi.append(rank, 1.0);
    for (auto [i, a] : llvm::enumerate(axes))
      p.roi[a] = (*roi)[i], p.roi[rank + a] = (*roi)[axes.size() + i];
  }
  bool hasScales = isPresent(n, 2), hasSizes = isPresent(n, 3);
  if (hasScales == hasSizes)
    return n.fail("either input 2 (scales) or input 3 (sizes) is needed, and not both");
  StringRef policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (hasScales) {
    auto scales = scaleOperand(n, 2);
    if (failed(scales) || failed(checkCount("scales", scales->size()))) return failure();
    p.scales.assign(rank, 1.0);
    for (auto [i, a] : llvm::enumerate(axes))
      p.scales[a] = (*scales)[i];
    p.dims.clear();
    // Of tf_crop_and_resize, too: the operator's text has the region's part of `in`, but ONNX's own
    // inference, its reference and ONNX Runtime have not.
    if (failed(scaleDims(n, in, p.scales, p.dims))) return failure();
    return build(n, p);
  }
  auto sizes = n.shapeOperand(3, "sizes");
  if (failed(sizes) || failed(checkCount("sizes", sizes->size()))) return failure();
  if (policy == "stretch") {
    for (auto [i, a] : llvm::enumerate(axes))
      p.dims[a] = (*sizes)[i];
    return build(n, p);
  }
  if (policy != "not_larger" && policy != "not_smaller")
    return n.fail("attribute 'keep_aspect_ratio_policy' must be stretch, not_larger or not_smaller");
  double scale = 0;
  for (auto [i, a] : llvm::enumerate(axes)) {
    auto size = dimValue((*sizes)[i]), from = dimValue(in[a]);
    if (!size || !from || *from == 0)
      return n.fail("keep_aspect_ratio_policy needs fixed sizes: pin the dimensions with --dim");
    double s = double(*size) / double(*from);
    scale = i == 0 ? s : policy == "not_larger" ? std::min(scale, s) : std::max(scale, s);
  }
  p.scales.assign(rank, 1.0);
  for (int64_t a : axes) {
    p.scales[a] = scale;
    double size = std::floor(scale * double(*dimValue(in[a])) + 0.5);
    if (!(size < double(int64_t(1) << 48))) return n.fail("input 3 (sizes) is out of range");
    p.dims[a] = n.dim(static_cast<int64_t>(size));
  }
  return build(n, p);
}

/// The op has channels last.
LogicalResult importGridSample(NodeImporter &n) {
  StringRef name = n.stringAttr("mode", "linear"), padding = n.stringAttr("padding_mode", "zeros");
  auto mode = llvm::StringSwitch<std::optional<ResizeMode>>(name)
                  .Cases({"linear", "bilinear"}, ResizeMode::linear)
                  .Cases({"cubic", "bicubic"}, ResizeMode::cubic)
                  .Case("nearest", ResizeMode::nearest)
                  .Default(std::nullopt);
  if (!mode)
    return n.fail("attribute 'mode' is " + model::quote(name) + ", expected nearest, linear or cubic");
  auto outside = llvm::StringSwitch<std::optional<PadMode>>(padding)
                     .Case("zeros", PadMode::constant)
                     .Case("border", PadMode::edge)
                     .Case("reflection", PadMode::reflect)
                     .Default(std::nullopt);
  if (!outside)
    return n.fail("attribute 'padding_mode' is " + model::quote(padding) +
                  ", expected zeros, border or reflection");
  int64_t rank = n.rank(0);
  if (rank < 3) return n.fail("input 0 has " + Twine(rank) + " dimensions, but must have 3 or more");
  Ints toChannelsLast{0}, back{0, rank - 1};
  for (int64_t i = 2; i < rank; ++i)
    toChannelsLast.push_back(i), back.push_back(i - 1);
  toChannelsLast.push_back(1);
  Value x = n.transpose(n.operand(0), toChannelsLast);
  bool aligns = n.flagAttr("align_corners", false);
  if (n.hasFailed()) return failure();
  Value sampled = n.create<GridSampleOp>(x, n.operand(1), *mode, *outside, aligns);
  return n.result(n.transpose(sampled, back));
}

} // namespace girih
