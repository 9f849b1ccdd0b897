// Reductions, softmax and normalisations.
#include "compiler/Import/Handlers.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

//===-- Reductions --------------------------------------------------------===//

FailureOr<Ints> reduceAxes(NodeImporter &n) {
  int64_t inputSince = n.row.op == "ReduceSum" ? 13 : 18;
  std::optional<Ints> given;
  if (n.since() < inputSince) {
    given = n.intsAttr("axes");
  } else if (n.has(1)) {
    auto v = n.constantInts(1, "axes");
    if (failed(v)) return failure();
    given = *v;
  }
  bool noop = n.since() >= inputSince && n.flagAttr("noop_with_empty_axes", false);
  if (given && !given->empty()) given = n.axes(*given, n.rank(0));
  if (n.hasFailed()) return failure();
  if (given && !given->empty()) return *given;
  return noop ? Ints() : llvm::to_vector(llvm::seq<int64_t>(0, n.rank(0)));
}

LogicalResult importReduceOf(NodeImporter &n, ReduceFn fn) {
  auto axes = reduceAxes(n);
  if (failed(axes)) return failure();
  bool keepdims = n.flagAttr("keepdims", true);
  Value x = n.operand(0);
  if (!axes->empty()) return n.result(n.reduce(fn, x, *axes, keepdims));
  // Over no axis, what is left is the function of one element.
  switch (fn) {
  case ReduceFn::l1:
  case ReduceFn::l2:
    return n.result(n.unary(UnaryFn::abs, x));
  case ReduceFn::log_sum:
    return n.result(n.unary(UnaryFn::log, x));
  case ReduceFn::sum_square:
    return n.result(n.binary(BinaryFn::mul, x, x));
  default:
    return n.result(x);
  }
}
static FailureOr<Ints> spatialAxes(NodeImporter &n) {
  if (n.rank(0) < 3)
    return n.fail("input 0 must have at least 3 dimensions (batch, channels, space), but has " +
                  Twine(n.rank(0)));
  return llvm::to_vector(llvm::seq<int64_t>(2, n.rank(0)));
}

template <ReduceFn fn> LogicalResult importGlobalPool(NodeImporter &n) {
  auto axes = spatialAxes(n);
  if (failed(axes)) return failure();
  return n.result(n.reduce(fn, n.operand(0), *axes, true));
}
template LogicalResult importGlobalPool<ReduceFn::mean>(NodeImporter &);
template LogicalResult importGlobalPool<ReduceFn::max>(NodeImporter &);

/// (sum |x|^p)^(1/p) over axes.
static Value lpNorm(NodeImporter &n, Value x, ArrayRef<int64_t> axes, int64_t p) {
  if (p == 1 || p == 2) return n.reduce(p == 1 ? ReduceFn::l1 : ReduceFn::l2, x, axes, true);
  Type type = n.element(0);
  Value powers = n.binary(BinaryFn::pow, n.unary(UnaryFn::abs, x), n.scalar(p, type));
  return n.binary(BinaryFn::pow, n.reduce(ReduceFn::sum, powers, axes, true),
                  n.scalar(1.0 / double(p), type));
}

LogicalResult importGlobalLpPool(NodeImporter &n) {
  auto axes = spatialAxes(n);
  if (failed(axes)) return failure();
  int64_t p = n.intAttr("p", 2);
  if (p < 1) return n.fail("attribute 'p' must be at least 1");
  return n.result(lpNorm(n, n.operand(0), *axes, p));
}

template <bool minimum> LogicalResult importArgReduce(NodeImporter &n) {
  int64_t axis = n.axisAttr(0, n.rank(0));
  bool keepdims = n.flagAttr("keepdims", true), last = n.flagAttr("select_last_index", false);
  if (n.hasFailed()) return failure();
  Dims results = n.dims(0);
  DimExpr size = std::exchange(results[axis], n.dim(1));
  DimExpr isAsked = dimMin(dimProduct(n.context(), results), n.dim(1));
  if (failed(n.requireAtMost(
          isAsked, size, "dimension " + Twine(axis) + " of its input is empty: there is no element to find")))
    return failure();
  return n.result(n.create<ArgReduceOp>(n.operand(0), minimum, axis, keepdims, last));
}
template LogicalResult importArgReduce<true>(NodeImporter &);
template LogicalResult importArgReduce<false>(NodeImporter &);

//===-- Softmax -----------------------------------------------------------===//

/// Before version 13, these work on the input as a matrix whose rows end at `axis`.
static LogicalResult alongAxis(NodeImporter &n, function_ref<Value(Value, int64_t)> make) {
  bool isMatrix = n.since() < 13;
  int64_t rank = n.rank(0), axis = n.intAttr("axis", isMatrix ? 1 : -1);
  if (isMatrix && axis == rank)
    return n.fail("axis " + Twine(axis) + " leaves no elements to normalise over");
  axis = n.axis(axis, rank);
  if (n.hasFailed()) return failure();
  Value x = n.operand(0);
  if (!isMatrix || axis == rank - 1) return n.result(make(x, axis));
  Dims dims = n.dims(0);
  MLIRContext *ctx = n.context();
  x = n.reshape(x, {dimProduct(ctx, ArrayRef(dims).take_front(axis)),
                    dimProduct(ctx, ArrayRef(dims).drop_front(axis))});
  return n.result(n.reshape(make(x, 1), dims));
}

LogicalResult importSoftmax(NodeImporter &n) {
  return alongAxis(n, [&](Value x, int64_t axis) { return n.create<SoftmaxOp>(x, axis, /*log=*/false); });
}
LogicalResult importLogSoftmax(NodeImporter &n) {
  return alongAxis(n, [&](Value x, int64_t axis) { return n.create<SoftmaxOp>(x, axis, /*log=*/true); });
}
LogicalResult importHardmax(NodeImporter &n) {
  return alongAxis(n, [&](Value x, int64_t axis) -> Value {
    Value index =
        n.create<ArgReduceOp>(x, /*minimum=*/false, axis, /*keepdims=*/false, /*select_last_index=*/false);
    Value off = n.reshape(n.scalar(0, n.element(0)), {n.dim(1)}),
          on = n.reshape(n.scalar(1, n.element(0)), {n.dim(1)});
    Value values = n.create<ConcatOp>(ValueRange({off, on}), 0);
    if (n.hasFailed()) return {};
    return n.createTyped<OneHotOp>(cast<RankedTensorType>(x.getType()), index, values, axis);
  });
}

//===-- Normalisations ----------------------------------------------------===//

/// With the statistics of the batch itself: what is left of weights that are standardised at every run, too.
static LogicalResult importTrainingBatchNorm(NodeImporter &n) {
  int64_t rank = n.rank(0);
  float epsilon = n.floatAttr("epsilon", 1e-5f), momentum = n.floatAttr("momentum", 0.9f);
  if (rank < 2) return n.fail("input 0 has " + Twine(rank) + " dimensions, but must have 2 or more");
  if (n.hasFailed()) return failure();
  Ints axes{0}; // all but the channels
  Dims channels{n.dims(0)[1]}, broadcast = channels;
  for (int64_t i = 2; i < rank; ++i)
    axes.push_back(i), broadcast.push_back(n.dim(1));
  // Statistics are in their own type, which may be wider than the data's.
  Type type = n.element(3);
  Value x = n.cast(n.operand(0), type), mean = n.reduce(ReduceFn::mean, x, axes, true);
  Value centred = n.binary(BinaryFn::sub, x, mean);
  Value variance = n.reduce(ReduceFn::mean, n.binary(BinaryFn::mul, centred, centred), axes, true);
  Value deviation = n.unary(UnaryFn::sqrt, n.binary(BinaryFn::add, variance, n.scalar(epsilon, type)));
  auto parameter = [&](unsigned i) { return n.reshape(n.cast(n.operand(i), type), broadcast); };
  Value scaled = n.binary(BinaryFn::mul, centred, n.binary(BinaryFn::div, parameter(1), deviation));
  Value y = n.cast(n.binary(BinaryFn::add, scaled, parameter(2)), n.element(0));
  auto moved = [&](unsigned i, Value current) {
    Value kept = n.binary(BinaryFn::mul, n.operand(i), n.scalar(momentum, type));
    Value added = n.binary(BinaryFn::mul, n.reshape(current, channels), n.scalar(1 - momentum, type));
    return n.binary(BinaryFn::add, kept, added);
  };
  if (n.wants(1) && failed(n.result(1, moved(3, mean)))) return failure();
  if (n.wants(2) && failed(n.result(2, moved(4, variance)))) return failure();
  return n.result(y);
}

LogicalResult importBatchNorm(NodeImporter &n) {
  if (n.flagAttr("training_mode", false)) return importTrainingBatchNorm(n);
  for (unsigned i = 1; i < n.node.outputs.size(); ++i)
    if (n.wants(i))
      return n.fail("its output " + Twine(i) +
                    " is for training, which this version of the operator does not " +
                    "describe: export the model for inference (model.eval() in PyTorch), or with opset 14");
  if (!n.flagAttr("spatial", true))
    return n.fail("attribute 'spatial' = 0 (a mean for each position) is not supported: export the model "
                  "with opset 9 or newer");
  n.floatAttr("momentum", 0);
  return n.result(n.create<BatchNormOp>(n.operand(0), n.operand(1), n.operand(2), n.operand(3), n.operand(4),
                                        APFloat(n.floatAttr("epsilon", 1e-5f))));
}

LogicalResult importLayerNorm(NodeImporter &n) {
  int64_t rank = n.rank(0), axis = n.axisAttr(-1, rank);
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  if (n.intAttr("stash_type", 1) != 1 && !n.element(0).isF64())
    return n.fail("attribute 'stash_type' must be 1 (f32)");
  if (n.hasFailed()) return failure();
  Value x = n.operand(0);
  if (n.wants(1) || n.wants(2)) {
    Ints axes = llvm::to_vector(llvm::seq(axis, rank));
    Value wide = n.cast(x, n.b.getF32Type()), mean = n.reduce(ReduceFn::mean, wide, axes, true);
    Value centred = n.binary(BinaryFn::sub, wide, mean);
    Value variance = n.reduce(ReduceFn::mean, n.binary(BinaryFn::mul, centred, centred), axes, true);
    Value deviation =
        n.unary(UnaryFn::sqrt, n.binary(BinaryFn::add, variance, n.scalar(epsilon, n.b.getF32Type())));
    if (failed(n.result(1, mean)) || failed(n.result(2, n.unary(UnaryFn::reciprocal, deviation))))
      return failure();
  }
  return n.result(
      n.create<LayerNormOp>(x, n.operand(1), n.operand(2), axis, APFloat(epsilon), /*rms=*/false));
}

LogicalResult importRmsNorm(NodeImporter &n) {
  int64_t axis = n.axisAttr(-1, n.rank(0));
  float epsilon = n.floatAttr("epsilon", 1e-5f);
  if (n.intAttr("stash_type", 1) != 1 && !n.element(0).isF64())
    return n.fail("attribute 'stash_type' must be 1 (f32)");
  return n.result(
      n.create<LayerNormOp>(n.operand(0), n.operand(1), Value(), axis, APFloat(epsilon), /*rms=*/true));
}

static FailureOr<int64_t> channelsOf(NodeImporter &n, int64_t leastRank) {
  if (n.rank(0) < leastRank)
    return n.fail("input 0 must have at least " + Twine(leastRank) + " dimensions (batch, channels" +
                  (leastRank > 2 ? ", space" : "") + "), but has " + Twine(n.rank(0)));
  auto c = dimValue(n.dims(0)[1]);
  // Where the model does not say it, the parameters do.
  bool isEachScaled = n.row.op == "InstanceNormalization" || n.since() >= 21;
  if (!c && isEachScaled && n.rank(1) == 1) c = dimValue(n.dims(1)[0]);
  if (!c)
    return n.fail("the number of channels (dimension 1 of input 0) must be fixed: pin " +
                  model::quote(dimToString(n.dims(0)[1])) + " with --dim");
  return *c;
}

/// Channels that go by a name are as many as the parameters say, and there is a dimension of space.
static LogicalResult importGroups(NodeImporter &n, int64_t channels, int64_t groups, Value scale,
                                  Value bias) {
  Dims dims = n.dims(0);
  dims[1] = n.dim(channels);
  Dims spatial = dims;
  if (spatial.size() == 2) spatial.push_back(n.dim(1));
  Value y = n.create<GroupNormOp>(n.reshape(n.operand(0), spatial), scale, bias, groups,
                                  APFloat(n.floatAttr("epsilon", 1e-5f)), /*channels_last=*/false);
  return n.result(n.reshape(y, dims));
}

LogicalResult importInstanceNorm(NodeImporter &n) {
  auto channels = channelsOf(n, 3);
  if (failed(channels)) return failure();
  return importGroups(n, *channels, *channels, n.operand(1), n.operand(2));
}

LogicalResult importGroupNorm(NodeImporter &n) {
  auto channels = channelsOf(n, 2);
  if (failed(channels)) return failure();
  int64_t groups = n.intAttr("num_groups", 0);
  if (groups < 1 || *channels % groups)
    return n.fail("attribute 'num_groups' is " + Twine(groups) + ", which does not divide " +
                  Twine(*channels) + " channels");
  Value scale = n.operand(1), bias = n.operand(2);
  if (n.since() < 21) {
    // One scale a group, not a channel.
    for (Value *v : {&scale, &bias}) {
      *v = n.reshape(*v, {n.dim(groups), n.dim(1)});
      *v = n.expand(*v, {n.dim(groups), n.dim(*channels / groups)});
      *v = n.reshape(*v, {n.dim(*channels)});
    }
  }
  n.intAttr("stash_type", 1);
  return importGroups(n, *channels, groups, scale, bias);
}

LogicalResult importLrn(NodeImporter &n) {
  int64_t size = n.intAttr("size", 0);
  if (size < 1 || size > INT32_MAX) return n.fail("attribute 'size' is missing or out of range");
  return n.result(n.create<LrnOp>(n.operand(0), APFloat(n.floatAttr("alpha", 1e-4f)),
                                  APFloat(n.floatAttr("beta", 0.75f)), APFloat(n.floatAttr("bias", 1)),
                                  size));
}

LogicalResult importLpNorm(NodeImporter &n) {
  int64_t axis = n.axisAttr(-1, n.rank(0)), p = n.intAttr("p", 2);
  if (p != 1 && p != 2) return n.fail("attribute 'p' must be 1 or 2");
  // Where all elements are zero, so is the result.
  Value norm = lpNorm(n, n.operand(0), {axis}, p), zero = n.scalar(0, n.element(0)),
        one = n.scalar(1, n.element(0));
  Value isZero = n.binary(BinaryFn::equal, norm, zero);
  return n.result(n.binary(BinaryFn::div, n.operand(0), n.create<WhereOp>(isZero, one, norm)));
}

LogicalResult importMeanVarianceNorm(NodeImporter &n) {
  Ints axes = n.axes(n.intsAttr("axes").value_or(Ints{0, 2, 3}), n.rank(0));
  Value x = n.operand(0), mean = n.reduce(ReduceFn::mean, x, axes, true),
        centred = n.binary(BinaryFn::sub, x, mean);
  Value variance = n.reduce(ReduceFn::mean, n.binary(BinaryFn::mul, centred, centred), axes, true);
  Value deviation = n.binary(BinaryFn::add, n.unary(UnaryFn::sqrt, variance), n.scalar(1e-9, n.element(0)));
  return n.result(n.binary(BinaryFn::div, centred, deviation));
}

} // namespace girih
