// Operators around images and signals that are compositions: centred crops, grids, unpooling, window
// functions.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

/// 0, 1, 2, ... as a vector.
static Value count(NodeImporter &n, DimExpr size, Type type) {
  return n.createTyped<RangeOp>(getTensorType({size}, type), n.scalar(0, type), n.scalar(1, type));
}

LogicalResult importCenterCropPad(NodeImporter &n) {
  int64_t rank = n.rank(0);
  auto shape = n.shapeOperand(1, "shape");
  if (failed(shape)) return failure();
  Ints axes = n.intsAttr("axes").value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (shape->size() != axes.size())
    return n.fail("input 1 (shape) has " + Twine(shape->size()) + " elements, expected one for each of " +
                  Twine(axes.size()) + " axes");
  Dims in = n.dims(0), starts(rank, n.dim(0)), low(starts), cropped(in), out(in);
  for (auto [given, size] : llvm::zip_equal(axes, *shape)) {
    int64_t axis = n.axis(given, rank);
    if (n.hasFailed()) return failure();
    if (dimValue(size).value_or(0) < 0)
      return n.fail("input 1 (shape) has the negative size " + dimToString(size));
    // What is cut off (or added) in front is the half, rounded down.
    DimExpr excess = dimSimplify(in[axis] - size);
    starts[axis] = dimSimplify(dimMax(excess, n.dim(0)).floorDiv(2));
    low[axis] = dimSimplify(dimMax(dimSimplify(-excess), n.dim(0)).floorDiv(2));
    cropped[axis] = dimMin(in[axis], size), out[axis] = size;
  }
  Value x = n.operand(0);
  if (cropped != in) x = n.slice(x, starts, cropped, Ints(rank, 1));
  if (out != cropped)
    x = n.createTyped<PadOp>(getTensorType(out, n.element(0)), x, Value(), DimsAttr::get(n.context(), low),
                             PadMode::constant);
  return n.result(x);
}

/// The transformed points of a regular grid: [x, y, (z,) 1] of each point times theta transposed.
LogicalResult importAffineGrid(NodeImporter &n) {
  if (n.rank(0) != 3) return n.fail("input 0 (theta) must have 3 dimensions, but has " + Twine(n.rank(0)));
  auto size = n.shapeOperand(1, "size");
  if (failed(size)) return failure();
  size_t spatial = size->size() - 2;
  Dims theta = n.dims(0);
  if (size->size() != 4 && size->size() != 5)
    return n.fail("input 1 (size) must have 4 or 5 elements, but has " + Twine(size->size()));
  for (auto [i, expected] : {std::pair(0, (*size)[0]), {1, n.dim(spatial)}, {2, n.dim(spatial + 1)}})
    if (failed(n.requireEqual(expected, theta[i],
                              "dimension " + Twine(i) + " of input 0 (theta) is " + dimToString(theta[i]) +
                                  ", expected " + dimToString(expected))))
      return failure();
  bool alignCorners = n.flagAttr("align_corners", false);
  // Half floats have too few digits for coordinates.
  Type type = n.element(0).isF64() ? n.element(0) : n.b.getF32Type();
  Dims points(ArrayRef(*size).drop_front(2)), shape(points);
  shape.push_back(n.dim(1));
  SmallVector<Value> parts;
  for (size_t i = spatial; i-- > 0;) {
    // -1 and 1 are the outer edges of the image, or the centres of its outermost pixels.
    Value at = count(n, points[i], type), one = n.scalar(1, type);
    DimExpr steps = alignCorners ? dimMax(dimSimplify(points[i] - 1), n.dim(1)) : points[i];
    at = n.binary(BinaryFn::add, at, at);
    if (!alignCorners) at = n.binary(BinaryFn::add, at, one);
    at = n.binary(BinaryFn::sub, n.binary(BinaryFn::div, at, n.materialize(Known::scalar(steps, type))), one);
    Dims along(spatial + 1, n.dim(1));
    along[i] = points[i];
    if (n.hasFailed()) return failure();
    parts.push_back(n.expand(n.reshape(at, along), shape));
  }
  parts.push_back(n.expand(n.scalar(1, type), shape));
  Value base = n.create<ConcatOp>(ValueRange(parts), spatial);
  if (n.hasFailed()) return failure();
  base = n.reshape(base, {dimProduct(n.context(), points), n.dim(spatial + 1)});
  Value grid = n.create<MatMulOp>(base, n.cast(n.operand(0), type), Value(), false, /*transpose_rhs=*/true);
  points.insert(points.begin(), theta[0]);
  points.push_back(n.dim(spatial));
  return n.result(n.cast(n.reshape(grid, points), n.element(0)));
}

/// Zeros with the elements of X where the indices of their pooling say. These count in the tensor that was
/// pooled, as the kernel and strides give its size; where `output_shape` is larger, zeros follow.
LogicalResult importMaxUnpool(NodeImporter &n) {
  int64_t rank = n.rank(0), spatial = rank - 2;
  if (spatial < 1) return n.fail("input 0 must have at least 3 dimensions, but has " + Twine(rank));
  auto kernel = n.intsAttr("kernel_shape");
  if (!kernel) return n.fail("attribute 'kernel_shape' is missing");
  Ints strides = n.intsAttr("strides").value_or(Ints(spatial, 1)),
       pads = n.intsAttr("pads").value_or(Ints(2 * spatial, 0));
  auto isSmall = [](int64_t v) { return v >= 0 && v <= INT32_MAX; };
  if (int64_t(kernel->size()) != spatial || int64_t(strides.size()) != spatial ||
      int64_t(pads.size()) != 2 * spatial || !llvm::all_of(*kernel, isSmall) ||
      !llvm::all_of(strides, isSmall) || !llvm::all_of(pads, isSmall))
    return n.fail("attributes 'kernel_shape' and 'strides' must have " + Twine(spatial) + " values, 'pads' " +
                  Twine(2 * spatial) + ", none negative");
  if (!n.element(1).isSignlessInteger(64)) return n.fail("input 1 (the indices) must be i64");
  Dims dims = n.dims(0), flat{dimProduct(n.context(), dims)};
  for (int64_t i = 0; i < spatial; ++i)
    dims[2 + i] = dimSimplify((dims[2 + i] - 1) * strides[i] + ((*kernel)[i] - pads[i] - pads[spatial + i]));
  Value zeros = n.expand(n.scalar(0, n.element(0)), {dimProduct(n.context(), dims)});
  Value y = n.create<ScatterElementsOp>(zeros, n.reshape(n.operand(1), flat), n.reshape(n.operand(0), flat),
                                        0, ScatterFn::none);
  if (n.hasFailed()) return failure();
  y = n.reshape(y, dims);
  if (!n.has(2)) return n.result(y);
  auto shape = n.shapeOperand(2, "output_shape");
  if (failed(shape)) return failure();
  if (int64_t(shape->size()) != rank)
    return n.fail("input 2 (output_shape) has " + Twine(shape->size()) + " elements, expected " +
                  Twine(rank));
  if (*shape == dims) return n.result(y);
  return n.result(n.createTyped<PadOp>(getTensorType(*shape, n.element(0)), y, Value(),
                                       DimsAttr::get(n.context(), Dims(rank, n.dim(0))), PadMode::constant));
}

/// The first elements of each sample along the time axis, as many as its length says, in reverse: a gather at
/// length - 1 - t, or t behind them.
LogicalResult importReverseSequence(NodeImporter &n) {
  int64_t rank = n.rank(0);
  if (rank < 2) return n.fail("input 0 must have at least 2 dimensions, but has " + Twine(rank));
  int64_t batch = n.axis(n.intAttr("batch_axis", 1), rank, "batch_axis"),
          time = n.axis(n.intAttr("time_axis", 0), rank, "time_axis");
  if (n.hasFailed()) return failure();
  if (batch == time) return n.fail("attributes 'batch_axis' and 'time_axis' are both " + Twine(batch));
  if (n.rank(1) != 1)
    return n.fail("input 1 (sequence_lens) must have one dimension, but has " + Twine(n.rank(1)));
  Ints order{batch, time}, back(rank);
  for (int64_t i = 0; i < rank; ++i)
    if (i != batch && i != time) order.push_back(i);
  for (int64_t i = 0; i < rank; ++i)
    back[order[i]] = i;
  DimExpr samples = n.dims(0)[batch], steps = n.dims(0)[time], one = n.dim(1);
  if (failed(n.requireEqual(samples, n.dims(1)[0],
                            "input 1 (sequence_lens) has " + dimToString(n.dims(1)[0]) +
                                " lengths for a batch of " + dimToString(samples))))
    return failure();
  Type i64 = n.b.getI64Type();
  Value length = n.reshape(n.cast(n.operand(1), i64), {n.dims(1)[0], one});
  Value t = n.reshape(count(n, steps, i64), {one, steps});
  Value mirrored = n.binary(BinaryFn::sub, n.binary(BinaryFn::sub, length, n.scalar(1, i64)), t);
  Value at = n.create<WhereOp>(n.binary(BinaryFn::less, t, length), mirrored, t);
  if (n.hasFailed()) return failure();
  at = n.reshape(at, {samples, steps, one});
  return n.result(n.transpose(n.create<GatherNDOp>(n.transpose(n.operand(0), order), at, 1), back));
}

/// The op has channels last.
LogicalResult importRoiAlign(NodeImporter &n) {
  if (n.rank(0) != 4) return n.fail("input 0 must have 4 dimensions, but has " + Twine(n.rank(0)));
  StringRef mode = n.stringAttr("mode", "avg");
  if (mode != "avg" && mode != "max")
    return n.fail("attribute 'mode' is " + model::quote(mode) + ", expected avg or max");
  bool isOld = n.since() < 16;
  StringRef coordinates =
      n.stringAttr("coordinate_transformation_mode", isOld ? "output_half_pixel" : "half_pixel");
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel")
    return n.fail("attribute 'coordinate_transformation_mode' is " + model::quote(coordinates) +
                  ", expected half_pixel or output_half_pixel");
  int64_t samples = n.intAttr("sampling_ratio", 0), height = n.intAttr("output_height", 1),
          width = n.intAttr("output_width", 1);
  if (samples == 0)
    return n.fail("attribute 'sampling_ratio' is 0, which makes the number of samples depend on the regions; "
                  "export the model with a fixed number");
  for (int64_t v : {samples, height, width})
    if (v < 0 || v > INT16_MAX)
      return n.fail("attributes 'sampling_ratio', 'output_height' and 'output_width' are " + Twine(samples) +
                    ", " + Twine(height) + " and " + Twine(width) + ", which is out of range");
  Value x = n.transpose(n.operand(0), {0, 2, 3, 1});
  Value pooled = n.create<RoiAlignOp>(x, n.operand(1), n.operand(2), height, width, samples,
                                      APFloat(n.floatAttr("spatial_scale", 1)), coordinates == "half_pixel",
                                      mode == "max");
  return n.result(n.transpose(pooled, {0, 3, 1, 2}));
}

//===-- Window functions --------------------------------------------------===//

/// The sum of weights[k] * cos(k * angle), where the angle goes once around in `size` steps, or ends there.
static LogicalResult importWindow(NodeImporter &n, ArrayRef<double> weights) {
  auto size = n.shapeOperand(0, "size");
  if (failed(size)) return failure();
  if (size->size() != 1) return n.fail("input 0 (size) must have one element");
  DimExpr length = (*size)[0];
  if (dimValue(length).value_or(0) < 0) return n.fail("input 0 (size) is " + dimToString(length));
  auto dtype = static_cast<model::DType>(n.intAttr("output_datatype", int64_t(model::DType::F32)));
  Type to = getElementType(n.context(), dtype);
  if (!to) return n.fail("attribute 'output_datatype': " + model::dtypeName(dtype) + " is not supported");
  Type type = to.isF64() ? to : n.b.getF32Type();
  DimExpr steps = n.flagAttr("periodic", true) ? length : dimSimplify(length - 1);
  constexpr double turn = 2 * 3.14159265358979323846;
  Value angle = n.binary(BinaryFn::div, n.binary(BinaryFn::mul, count(n, length, type), n.scalar(turn, type)),
                         n.materialize(Known::scalar(steps, type)));
  Value sum = n.scalar(weights[0], type);
  for (size_t k = 1; k < weights.size(); ++k) {
    Value wave =
        n.unary(UnaryFn::cos, k == 1 ? angle : n.binary(BinaryFn::mul, angle, n.scalar(double(k), type)));
    sum = n.binary(BinaryFn::add, sum, n.binary(BinaryFn::mul, wave, n.scalar(weights[k], type)));
  }
  return n.result(n.cast(sum, to));
}

LogicalResult importHannWindow(NodeImporter &n) {
  return importWindow(n, {0.5, -0.5});
}
LogicalResult importHammingWindow(NodeImporter &n) {
  return importWindow(n, {25.0 / 46, -21.0 / 46});
}
LogicalResult importBlackmanWindow(NodeImporter &n) {
  return importWindow(n, {0.42, -0.5, 0.08});
}

} // namespace girih
