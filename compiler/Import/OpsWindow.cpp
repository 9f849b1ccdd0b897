// Convolutions and pools.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"
#include "dialects/Graph/TypeText.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

namespace {
struct Window {
  Ints kernel, strides, dilations, pads;
  StringRef autoPad;
  int64_t spatial() const { return kernel.size(); }
  bool isSame() const { return autoPad.starts_with("SAME"); }
  int64_t extent(int64_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
};
} // namespace

/// A list attribute of `count` numbers in [least, 2^31).
static FailureOr<Ints> numbers(NodeImporter &n, StringRef name, int64_t count, int64_t least,
                               int64_t otherwise) {
  auto v = n.intsAttr(name);
  if (n.hasFailed()) return failure();
  if (!v) return Ints(count, otherwise);
  if (int64_t(v->size()) != count)
    return n.fail("attribute '" + name + "' has " + Twine(v->size()) + " values, expected " + Twine(count));
  for (int64_t x : *v)
    if (x < least || x > INT32_MAX)
      return n.fail("attribute '" + name + "' has the value " + Twine(x) + ", expected at least " +
                    Twine(least));
  return *v;
}

/// Reads the window's attributes. `kernel` is the weights' size, or empty where only the attribute gives it.
static FailureOr<Window> readWindow(NodeImporter &n, ArrayRef<int64_t> kernel) {
  int64_t spatial = n.rank(0) - 2;
  if (spatial < 1)
    return n.fail("input 0 must have at least 3 dimensions (batch, channels, space), but has " +
                  Twine(n.rank(0)));
  Window w;
  if (!n.hasAttribute("kernel_shape") && kernel.empty()) return n.fail("attribute 'kernel_shape' is missing");
  auto shape = numbers(n, "kernel_shape", spatial, 1, 1);
  auto strides = numbers(n, "strides", spatial, 1, 1), dilations = numbers(n, "dilations", spatial, 1, 1);
  auto pads = numbers(n, "pads", 2 * spatial, INT32_MIN, 0);
  if (failed(shape) || failed(strides) || failed(dilations) || failed(pads)) return failure();
  w.kernel = n.hasAttribute("kernel_shape") ? *shape : Ints(kernel);
  if (!kernel.empty() && ArrayRef(w.kernel) != kernel)
    return n.fail("attribute 'kernel_shape' differs from the size of the weights");
  w.strides = *strides, w.dilations = *dilations, w.pads = *pads;
  w.autoPad = n.stringAttr("auto_pad", "NOTSET");
  if (w.autoPad.empty()) w.autoPad = "NOTSET";
  if (!llvm::is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"}, w.autoPad))
    return n.fail("attribute 'auto_pad' is " + model::quote(w.autoPad) +
                  ", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  if (w.autoPad != "NOTSET") w.pads.assign(2 * spatial, 0);
  return w;
}

/// What lies around an input where that depends on its sizes: `pads` cannot say it.
struct Border {
  Dims low, padded; // by dimension: what lies before the input, and the size of the whole
};

/// Resolves SAME_UPPER and SAME_LOWER into `pads`, and into a border where the padding depends on a symbolic
/// size.
static std::optional<Border> resolveSame(NodeImporter &n, Window &w) {
  if (!w.isSame()) return std::nullopt;
  Dims dims = n.dims(0), low(dims.size(), n.dim(0)), padded = dims;
  bool isSymbolic = false;
  for (int64_t i = 0; i < w.spatial(); ++i) {
    DimExpr d = dims[i + 2];
    // What the last window reaches over the input: with d = q * stride - r, extent - stride + r.
    DimExpr over = (-d) % w.strides[i] + (w.extent(i) - w.strides[i]);
    DimExpr total = dimMax(dimSimplify(over), n.dim(0));
    DimExpr half = w.autoPad == "SAME_UPPER" ? total.floorDiv(2) : total.ceilDiv(2);
    if (auto v = dimValue(total)) {
      w.pads[i] = *dimValue(dimSimplify(half));
      w.pads[i + w.spatial()] = *v - w.pads[i];
    } else {
      isSymbolic = true;
      low[i + 2] = dimSimplify(half);
      bool reaches = w.extent(i) >= w.strides[i];
      padded[i + 2] = dimSimplify(
          reaches ? d.ceilDiv(w.strides[i]) * w.strides[i] + (w.extent(i) - w.strides[i]) : d + total);
    }
  }
  if (!isSymbolic) return std::nullopt;
  return Border{low, padded};
}

/// `x`, whose batch and channels may be other than the border's, with `fill` around it.
static Value addBorder(NodeImporter &n, const Border &border, Value x, double fill) {
  if (n.hasFailed()) return {};
  auto type = cast<RankedTensorType>(x.getType());
  Dims padded = border.padded;
  llvm::copy(ArrayRef(getDims(type)).take_front(2), padded.begin());
  return n.createTyped<PadOp>(getTensorType(padded, type.getElementType()), x,
                              n.scalar(fill, type.getElementType()), DimsAttr::get(n.context(), border.low),
                              PadMode::constant);
}

/// Fails where a window does not fit into an input of fixed size, and says why.
static LogicalResult checkFits(NodeImporter &n, const Window &w, int64_t i, DimExpr in, DimExpr out) {
  auto v = dimValue(out);
  if (!v || *v >= 1) return success();
  std::string reach = w.dilations[i] == 1
                          ? ""
                          : " with dilation " + std::to_string(w.dilations[i]) + " reaches over " +
                                std::to_string(w.extent(i)) + " elements and";
  return n.fail("its window of " + Twine(w.kernel[i]) + reach + " does not fit into dimension " +
                Twine(i + 2) + ", whose size is " + dimToString(in) + " with pads of " + Twine(w.pads[i]) +
                " and " + Twine(w.pads[i + w.spatial()]));
}

/// The spatial sizes of weights, which must be fixed.
static FailureOr<Ints> kernelOf(NodeImporter &n) {
  if (n.rank(1) != n.rank(0))
    return n.fail("input 1 (weights) has " + Twine(n.rank(1)) + " dimensions, but input 0 has " +
                  Twine(n.rank(0)));
  ArrayRef<int64_t> shape = n.type(1).getShape();
  if (n.rank(1) < 3 || llvm::any_of(shape, ShapedType::isDynamic))
    return n.fail("input 1 (weights) must have at least 3 dimensions of fixed size");
  for (int64_t k : shape.drop_front(2))
    if (k < 1 || k > INT32_MAX) return n.fail("input 1 (weights) has a kernel of size " + Twine(k));
  return Ints(shape.drop_front(2));
}

static FailureOr<int64_t> groupOf(NodeImporter &n) {
  int64_t group = n.intAttr("group", 1);
  if (group < 1 || group > INT32_MAX)
    return n.fail("attribute 'group' is " + Twine(group) + ", expected at least 1");
  return group;
}

LogicalResult importConv(NodeImporter &n) {
  auto kernel = kernelOf(n);
  if (failed(kernel)) return failure();
  auto w = readWindow(n, *kernel);
  auto group = groupOf(n);
  if (failed(w) || failed(group)) return failure();
  Value x = n.operand(0);
  if (auto border = resolveSame(n, *w)) x = addBorder(n, *border, x, 0);
  if (n.hasFailed()) return failure();
  for (int64_t i = 0; i < w->spatial(); ++i) {
    DimExpr in = getDims(x)[i + 2];
    DimExpr out = windowOutputDim(in, n.dim(w->kernel[i]), w->strides[i], w->dilations[i], w->pads[i],
                                  w->pads[i + w->spatial()]);
    if (failed(checkFits(n, *w, i, in, out))) return failure();
  }
  return n.result(n.create<ConvOp>(x, n.operand(1), n.operand(2), w->strides, w->pads, w->dilations, *group,
                                   /*channels_last=*/false));
}

/// A transposed convolution whose output has the sizes `out`, while how much of it is padding depends on
/// symbolic sizes: all that the windows reach is made, and what lies outside is cut off; what they do not
/// reach is zero.
static Value fitTransposed(NodeImporter &n, const Window &w, int64_t group, ArrayRef<int64_t> extra,
                           const Border &border) {
  Ints none(2 * w.spatial(), 0);
  Value all = n.create<ConvTransposeOp>(n.operand(0), n.operand(1), Value(), w.strides, none, w.dilations,
                                        extra, group, /*channels_last=*/false);
  if (n.hasFailed()) return {};
  Dims reached = getDims(all), kept = reached;
  Dims sizes = border.padded;
  sizes[1] = reached[1];
  for (int64_t i = 0; i < w.spatial(); ++i)
    kept[i + 2] = dimMin(reached[i + 2], sizes[i + 2]);
  Value y = n.slice(all, border.low, kept, Ints(kept.size(), 1));
  Type type = n.element(0);
  y = n.createTyped<PadOp>(getTensorType(sizes, type), y, n.scalar(0, type),
                           DimsAttr::get(n.context(), Dims(sizes.size(), n.dim(0))), PadMode::constant);
  if (!n.has(2) || n.hasFailed()) return y;
  Dims channels(w.spatial() + 1, n.dim(1));
  channels[0] = n.dims(2)[0];
  return n.binary(BinaryFn::add, y, n.reshape(n.operand(2), channels));
}

LogicalResult importConvTranspose(NodeImporter &n) {
  auto kernel = kernelOf(n);
  if (failed(kernel)) return failure();
  auto w = readWindow(n, *kernel);
  auto group = groupOf(n);
  if (failed(w) || failed(group)) return failure();
  int64_t spatial = w->spatial();
  auto extra = numbers(n, "output_padding", spatial, 0, 0);
  if (failed(extra)) return failure();
  Dims in = n.dims(0);
  std::optional<Ints> sizes = n.intsAttr("output_shape");
  // Some exporters write batch and channels as well.
  if (sizes && int64_t(sizes->size()) == spatial + 2) sizes->erase(sizes->begin(), sizes->begin() + 2);
  if (sizes && int64_t(sizes->size()) != spatial)
    return n.fail("attribute 'output_shape' has " + Twine(sizes->size()) + " values, expected " +
                  Twine(spatial));
  Border border{Dims(in.size(), n.dim(0)), in};
  bool isSymbolic = false;
  auto before = [&](DimExpr total) {
    return dimSimplify(w->autoPad == "SAME_UPPER" ? total.floorDiv(2) : total.ceilDiv(2));
  };
  for (int64_t i = 0; i < spatial && (sizes || w->isSame()); ++i) {
    DimExpr out = sizes ? n.dim((*sizes)[i]) : dimSimplify(in[i + 2] * w->strides[i]);
    if (auto v = dimValue(out); v && *v < 1)
      return n.fail("attribute 'output_shape' has the value " + Twine(*v) + ", expected at least 1");
    DimExpr total = dimSimplify((in[i + 2] - 1) * w->strides[i] + (*extra)[i] + w->extent(i) - out);
    DimExpr pad = dimMax(total, n.dim(0));
    border.low[i + 2] = before(pad), border.padded[i + 2] = out;
    auto fixed = dimValue(total);
    if (!fixed) {
      isSymbolic = true;
      continue;
    }
    if (std::abs(*fixed) > INT32_MAX) return n.fail("attribute 'output_shape' is out of range");
    // More output than the window reaches is padding on the far side.
    if (*fixed < 0) (*extra)[i] -= *fixed;
    w->pads[i] = *dimValue(border.low[i + 2]);
    w->pads[i + spatial] = *dimValue(pad) - w->pads[i];
  }
  if (isSymbolic) return n.result(fitTransposed(n, *w, *group, *extra, border));
  return n.result(n.create<ConvTransposeOp>(n.operand(0), n.operand(1), n.operand(2), w->strides, w->pads,
                                            w->dilations, *extra, *group,
                                            /*channels_last=*/false));
}

/// An average that leaves the padding out where that depends on symbolic sizes: with zeros for padding it is
/// the average of the elements by the average of ones.
static Value averageInside(NodeImporter &n, const Window &w, const Border &border, ArrayRef<DimExpr> out) {
  // 16-bit averages would round twice.
  Type type = n.element(0), wide = n.type(0).getElementTypeBitWidth() < 32 ? n.b.getF32Type() : type;
  auto average = [&](Value x) -> Value {
    Value padded = addBorder(n, border, x, 0);
    if (n.hasFailed()) return {};
    Dims dims(out);
    llvm::copy(ArrayRef(getDims(x)).take_front(2), dims.begin());
    return n.createTyped<PoolOp>(getTensorType(dims, wide), padded, PoolFn::average, w.kernel, w.strides,
                                 w.pads, w.dilations, /*count_include_pad=*/true, /*p=*/2,
                                 /*channels_last=*/false);
  };
  Dims plane = n.dims(0);
  plane[0] = plane[1] = n.dim(1);
  Value ones = n.expand(n.scalar(1, wide), plane);
  return n.cast(n.binary(BinaryFn::div, average(n.cast(n.operand(0), wide)), average(ones)), type);
}

/// The number that never wins a maximum.
static double leastOf(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer) return -std::numeric_limits<double>::infinity();
  return integer.isUnsigned() ? 0 : -std::ldexp(1, int(integer.getWidth()) - 1);
}

/// Indices into an input with a border around it as indices into the input. Only where a window holds nothing
/// but the least number, its maximum may be in the border: at its first element, for which its first one
/// inside stands.
static Value withoutBorder(NodeImporter &n, const Window &w, const Border &border, Value index,
                           bool columnMajor) {
  Type type = n.b.getI64Type();
  auto number = [&](DimExpr e) { return n.materialize(Known::scalar(dimSimplify(e), type)); };
  Dims sizes = n.dims(0);
  auto spatial = llvm::to_vector(llvm::seq<int64_t>(0, w.spatial()));
  if (!columnMajor) std::reverse(spatial.begin(), spatial.end());
  DimExpr step = n.dim(1);
  Value sum, zero = n.scalar(0, type);
  for (int64_t i : spatial) {
    Value size = number(border.padded[i + 2]);
    Value at = n.binary(BinaryFn::sub, n.binary(BinaryFn::mod, index, size), number(border.low[i + 2]));
    Value first = n.binary(BinaryFn::mod, at, n.scalar(double(w.dilations[i]), type));
    at = n.create<WhereOp>(n.binary(BinaryFn::less, at, zero), first, at);
    at = n.binary(BinaryFn::mul, at, number(step));
    sum = sum ? n.binary(BinaryFn::add, sum, at) : at;
    index = n.binary(BinaryFn::div, index, size);
    step = dimSimplify(step * sizes[i + 2]);
  }
  return n.binary(BinaryFn::add, sum, n.binary(BinaryFn::mul, index, number(step)));
}

static LogicalResult importPool(NodeImporter &n, PoolFn fn) {
  auto w = readWindow(n, {});
  if (failed(w)) return failure();
  if (fn == PoolFn::max && isa<IntegerType>(n.element(0)) && n.type(0).getElementTypeBitWidth() == 1)
    return n.fail("input 0 must have number elements");
  if (fn == PoolFn::lp && !isa<FloatType>(n.element(0)))
    return n.fail("input 0 must have floating-point elements, but is " + typeText(n.type(0)));
  bool ceil = n.flagAttr("ceil_mode", false);
  bool includePad = fn == PoolFn::average && n.flagAttr("count_include_pad", false);
  auto border = resolveSame(n, *w);
  if (n.hasFailed()) return failure();
  Dims in = border ? border->padded : n.dims(0), dims = in;
  for (int64_t i = 0; i < w->spatial(); ++i) {
    dims[i + 2] = windowOutputDim(in[i + 2], n.dim(w->kernel[i]), w->strides[i], w->dilations[i], w->pads[i],
                                  w->pads[i + w->spatial()], ceil && !w->isSame());
    if (failed(checkFits(n, *w, i, in[i + 2], dims[i + 2]))) return failure();
  }
  int64_t p = fn == PoolFn::lp ? n.intAttr("p", 2) : 2;
  if (p < 1 || p > INT32_MAX) return n.fail("attribute 'p' must be at least 1");
  if (n.wants(1)) {
    if (fn != PoolFn::max) return n.fail("it has one output only");
    bool columnMajor = n.flagAttr("storage_order", false);
    Value indices = n.createTyped<MaxPoolIndicesOp>(
        getTensorType(dims, n.b.getI64Type()),
        border ? addBorder(n, *border, n.operand(0), leastOf(n.element(0))) : n.operand(0), w->kernel,
        w->strides, w->pads, w->dilations, columnMajor);
    if (border) indices = withoutBorder(n, *w, *border, indices, columnMajor);
    if (failed(n.result(1, indices))) return failure();
  }
  if (border && fn == PoolFn::average && !includePad) return n.result(averageInside(n, *w, *border, dims));
  Value x = n.operand(0);
  if (border) x = addBorder(n, *border, x, fn == PoolFn::max ? leastOf(n.element(0)) : 0);
  return n.result(n.createTyped<PoolOp>(getTensorType(dims, n.element(0)), x, fn, w->kernel, w->strides,
                                        w->pads, w->dilations, includePad, p,
                                        /*channels_last=*/false));
}
LogicalResult importMaxPool(NodeImporter &n) {
  return importPool(n, PoolFn::max);
}
LogicalResult importAveragePool(NodeImporter &n) {
  return importPool(n, PoolFn::average);
}
LogicalResult importLpPool(NodeImporter &n) {
  return importPool(n, PoolFn::lp);
}

} // namespace girih
