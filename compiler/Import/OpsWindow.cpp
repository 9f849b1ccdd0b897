// Convolutions and pools.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"

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

/// Resolves SAME_UPPER and SAME_LOWER into `pads`. Where the padding depends on a symbolic size, `x` is
/// padded with `fill` by an op of its own.
static LogicalResult resolveSame(NodeImporter &n, Window &w, Value &x, std::optional<double> fill) {
  if (!w.isSame()) return success();
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
  if (!isSymbolic) return success();
  if (!fill)
    return n.fail("auto_pad " + w.autoPad +
                  " depends on a size that is not fixed: pin it with --dim, or use explicit pads");
  x = n.createTyped<PadOp>(getTensorType(padded, n.element(0)), x, n.scalar(*fill, n.element(0)),
                           DimsAttr::get(n.context(), low), PadMode::constant);
  return success(static_cast<bool>(x));
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
  if (failed(resolveSame(n, *w, x, 0.0))) return failure();
  return n.result(n.create<ConvOp>(x, n.operand(1), n.operand(2), w->strides, w->pads, w->dilations, *group,
                                   /*channels_last=*/false));
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
  for (int64_t i = 0; i < spatial && (sizes || w->isSame()); ++i) {
    DimExpr out = sizes ? n.dim((*sizes)[i]) : dimSimplify(in[i + 2] * w->strides[i]);
    auto total = dimValue(dimSimplify((in[i + 2] - 1) * w->strides[i] + (*extra)[i] + w->extent(i) - out));
    if (!total)
      return n.fail(
          "its padding depends on a size that is not fixed: pin it with --dim, or use explicit pads");
    if (std::abs(*total) > INT32_MAX) return n.fail("attribute 'output_shape' is out of range");
    // More output than the window reaches is padding on the far side.
    if (*total < 0) (*extra)[i] -= *total;
    int64_t pad = std::max<int64_t>(*total, 0), half = pad / 2;
    w->pads[i] = w->autoPad == "SAME_UPPER" ? half : pad - half;
    w->pads[i + spatial] = pad - w->pads[i];
  }
  return n.result(n.create<ConvTransposeOp>(n.operand(0), n.operand(1), n.operand(2), w->strides, w->pads,
                                            w->dilations, *extra, *group,
                                            /*channels_last=*/false));
}

static LogicalResult importPool(NodeImporter &n, PoolFn fn) {
  auto w = readWindow(n, {});
  if (failed(w)) return failure();
  if (fn == PoolFn::max && isa<IntegerType>(n.element(0)) && n.type(0).getElementTypeBitWidth() == 1)
    return n.fail("input 0 must have number elements");
  Value x = n.operand(0);
  std::optional<double> fill;
  if (fn == PoolFn::max && isa<FloatType>(n.element(0))) fill = -std::numeric_limits<double>::infinity();
  if (fn == PoolFn::lp) fill = 0;
  bool ceil = n.flagAttr("ceil_mode", false);
  bool includePad = fn == PoolFn::average && n.flagAttr("count_include_pad", false);
  if (failed(resolveSame(n, *w, x, fill)) || n.hasFailed()) return failure();
  Dims dims = getDims(x);
  for (int64_t i = 0; i < w->spatial(); ++i) {
    int64_t begin = w->pads[i], end = w->pads[i + w->spatial()];
    DimExpr &d = dims[i + 2];
    d = windowOutputDim(d, n.dim(w->kernel[i]), w->strides[i], w->dilations[i], begin, end,
                        ceil && !w->isSame());
    if (auto v = dimValue(d); v && *v < 1)
      return n.fail("its window of " + Twine(w->kernel[i]) + " does not fit into size " +
                    dimToString(getDims(x)[i + 2]) + " of dimension " + Twine(i + 2));
  }
  int64_t p = fn == PoolFn::lp ? n.intAttr("p", 2) : 2;
  if (p < 1 || p > INT32_MAX) return n.fail("attribute 'p' must be at least 1");
  if (n.wants(1)) {
    if (fn != PoolFn::max) return n.fail("it has one output only");
    bool columnMajor = n.flagAttr("storage_order", false);
    Value indices = n.createTyped<MaxPoolIndicesOp>(getTensorType(dims, n.b.getI64Type()), x, w->kernel,
                                                    w->strides, w->pads, w->dilations, columnMajor);
    if (x != n.operand(0))
      return n.fail("its indices are not supported with auto_pad " + w->autoPad +
                    " on a size that is not fixed");
    if (failed(n.result(1, indices))) return failure();
  }
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
