// Interpolation. The coordinates and weights of linear and cubic interpolation are computed from indices in
// f32, as ONNX Runtime does it; nearest neighbours have a file of their own.
#include "passes/GraphToLinalg/Resize.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace girih;

using Axis = ResizeAxis;

namespace {

/// An input element and its weight.
struct Tap {
  Value index, weight;
};

} // namespace

static SmallVector<Axis> getAxes(ResizeOp op) {
  SmallVector<DimExpr> in = getDims(op.getOperand()), out = getDims(op.getResult());
  unsigned rank = in.size();
  SmallVector<Axis> axes;
  for (unsigned i = 0; i < rank; ++i) {
    Axis a{i, in[i], out[i], std::nullopt};
    auto n = dimValue(in[i]), m = dimValue(out[i]);
    a.isGiven = !op.getScales().empty();
    if (a.isGiven)
      a.scale = op.getScales()[i];
    else if (in[i] == out[i])
      a.scale = 1;
    else if (n && m && *n != 0)
      a.scale = double(*m) / double(*n);
    bool crops = op.getCoord() == CoordMode::tf_crop_and_resize && !op.getRoi().empty();
    if (crops) a.roiStart = op.getRoi()[i], a.roiEnd = op.getRoi()[rank + i];
    if (in[i] != out[i] || a.scale != 1 || a.roiStart != 0 || a.roiEnd != 1) axes.push_back(a);
  }
  return axes;
}

static Value sizeAsFloat(Body &b, DimExpr e, Type type) {
  if (auto v = dimValue(dimSimplify(e))) return b.real(type, double(*v));
  return b.fromIndex(b.size(e), type);
}

static Value getScale(Body &b, const Axis &a, Type type) {
  if (a.scale) return b.real(type, *a.scale);
  return b.div(sizeAsFloat(b, a.out, type), sizeAsFloat(b, a.in, type));
}

Value girih::emitResizeCoordinate(Body &b, ResizeOp op, const Axis &a, Value x) {
  Type type = x.getType();
  Value scale = getScale(b, a, type), half = b.real(x, 0.5), one = b.real(x, 1), zero = b.real(x, 0);
  auto lastOf = [&](DimExpr n) { return sizeAsFloat(b, n - 1, type); };
  auto halfPixel = [&] { return b.sub(b.div(b.add(x, half), scale), half); };
  // The length that ONNX means is scale * in, whole or not.
  Value length = sizeAsFloat(b, a.out, type);
  if (a.isGiven)
    length = dimValue(a.in) ? b.real(x, *a.scale * double(*dimValue(a.in)))
                            : b.mul(scale, sizeAsFloat(b, a.in, type));
  Value isMany = b.compare(Body::GT, lastOf(a.out), zero), last = b.sub(length, one);
  // A division by 0 is selected away.
  Value divisor = b.select(b.compare(Body::EQ, last, zero), one, last);
  switch (op.getCoord()) {
  case CoordMode::half_pixel:
    return halfPixel();
  case CoordMode::half_pixel_symmetric: {
    // Where out is not scale * in, the result is centred.
    Value n = sizeAsFloat(b, a.in, type), adjustment = b.div(sizeAsFloat(b, a.out, type), b.mul(scale, n));
    Value offset = b.mul(b.mul(n, half), b.sub(one, adjustment));
    return b.sub(b.add(offset, b.div(b.add(x, half), scale)), half);
  }
  case CoordMode::pytorch_half_pixel:
    return b.select(isMany, halfPixel(), zero);
  case CoordMode::align_corners:
    return b.select(isMany, b.div(b.mul(x, lastOf(a.in)), divisor), zero);
  case CoordMode::asymmetric:
    return b.div(x, scale);
  case CoordMode::tf_half_pixel_for_nn:
    return b.div(b.add(x, half), scale);
  case CoordMode::tf_crop_and_resize: {
    Value start = b.real(x, a.roiStart), extent = b.real(x, a.roiEnd - a.roiStart), lastIn = lastOf(a.in);
    Value step = b.div(b.mul(extent, lastIn), divisor);
    Value centre = b.mul(b.real(x, 0.5 * (a.roiStart + a.roiEnd)), lastIn);
    return b.select(isMany, b.add(b.mul(start, lastIn), b.mul(x, step)), centre);
  }
  }
  return x;
}

Value girih::emitWholeIndex(Body &b, Value v, DimExpr n) {
  // f32 does not tell integers apart where i32 ends.
  Type type = v.getType().isF64() ? b.getI64Type() : b.getI32Type();
  Value last = b.max(sizeAsFloat(b, n - 1, v.getType()), b.real(v, 0));
  Value i = b.createOrFold<arith::FPToSIOp>(type, b.max(b.min(v, last), b.real(v, 0)));
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), i);
}

Value girih::emitIsOutside(Body &b, Value coordinate, const Axis &a) {
  return b.logicalOr(b.compare(Body::LT, coordinate, b.real(coordinate, 0)),
                     b.compare(Body::GT, coordinate, sizeAsFloat(b, a.in - 1, coordinate.getType())));
}

Value girih::emitCubicWeight(Body &b, double a, Value d) {
  Value zero = b.real(d, 0), one = b.real(d, 1);
  auto polynomial = [&](double c3, double c2, double c1, double c0) {
    Value v = b.add(b.mul(b.real(d, c3), d), b.real(d, c2));
    v = b.add(b.mul(v, d), b.real(d, c1));
    return b.add(b.mul(v, d), b.real(d, c0));
  };
  Value near = polynomial(a + 2, -(a + 3), 0, 1), far = polynomial(a, -5 * a, 8 * a, -4 * a);
  Value tail = b.select(b.compare(Body::LT, d, b.real(d, 2)), far, zero);
  return b.select(b.compare(Body::LE, d, one), near, tail);
}

/// The interpolation kernel at a distance, without regard to its sign.
static Value getWeight(Body &b, ResizeOp op, Value distance) {
  Value d = b.abs(distance);
  if (op.getMode() == ResizeMode::linear) return b.max(b.sub(b.real(d, 1), d), b.real(d, 0));
  return emitCubicWeight(b, op.getCubicA().convertToFloat(), d);
}

static Value zeroOutside(Body &b, ResizeOp op, const Axis &a, Value weight, Value position) {
  return op.getExcludeOutside() ? b.select(emitIsOutside(b, position, a), b.real(weight, 0), weight) : weight;
}

static SmallVector<Tap> getTaps(Body &b, ResizeOp op, const Axis &a, Value coordinate) {
  bool isLinear = op.getMode() == ResizeMode::linear;
  Value floor = b.math<math::FloorOp>(coordinate), fraction = b.sub(coordinate, floor), sum;
  SmallVector<Tap> taps;
  for (int t = isLinear ? 0 : -1; t <= (isLinear ? 1 : 2); ++t) {
    Value offset = b.real(floor, t), position = b.add(floor, offset);
    Value weight = isLinear ? (t == 0 ? b.sub(b.real(fraction, 1), fraction) : fraction)
                            : getWeight(b, op, b.sub(fraction, offset));
    weight = zeroOutside(b, op, a, weight, position);
    sum = sum ? b.add(sum, weight) : weight;
    taps.push_back({emitWholeIndex(b, position, a.in), weight});
  }
  if (op.getExcludeOutside())
    for (Tap &t : taps)
      t.weight = b.div(t.weight, sum);
  return taps;
}

/// The weighted sum over all combinations of the axes' taps.
static Value sumTaps(Body &b, Lowering &l, const View &x, Type element, ArrayRef<Axis> axes,
                     ArrayRef<SmallVector<Tap>> taps, SmallVector<Value> &at, unsigned axis) {
  if (axis == axes.size()) {
    Value v = l.extract(b, x, at);
    return isa<FloatType>(v.getType()) ? v : b.convert(v, element, b.getF32Type());
  }
  Value sum;
  for (const Tap &t : taps[axis]) {
    at[axes[axis].dim] = t.index;
    Value v = sumTaps(b, l, x, element, axes, taps, at, axis + 1);
    Value weight = v.getType().isF64() ? b.createOrFold<arith::ExtFOp>(v.getType(), t.weight) : t.weight;
    v = b.mul(v, weight);
    sum = sum ? b.add(sum, v) : v;
  }
  return sum;
}

//===-- Whole upscaling factors -------------------------------------------===//

/// Whether output o of this axis is input o / s for a whole s.
static bool repeatsElements(ResizeOp op, const Axis &a) {
  if (op.getMode() != ResizeMode::nearest || !a.scale || *a.scale < 1 || *a.scale != std::floor(*a.scale))
    return false;
  if (dimSimplify(a.in * int64_t(*a.scale)) != dimSimplify(a.out)) return false;
  bool floors = op.getNearest() == NearestMode::floor;
  bool rounds =
      op.getNearest() == NearestMode::round_prefer_floor || op.getNearest() == NearestMode::round_prefer_ceil;
  switch (op.getCoord()) {
  case CoordMode::asymmetric:
    return floors || (*a.scale == 2 && op.getNearest() == NearestMode::round_prefer_floor);
  case CoordMode::tf_half_pixel_for_nn:
    return floors;
  case CoordMode::half_pixel:
  case CoordMode::half_pixel_symmetric:
    return rounds;
  // With one output element the coordinate is 0, which is the same element.
  case CoordMode::pytorch_half_pixel:
    return rounds;
  default:
    return false;
  }
}

/// Output o = i * s + r is input i for every r: a broadcast over a loop r, so that nothing is gathered.
static void setRepeated(Lowering &l, ResizeOp op, ArrayRef<Axis> axes) {
  View view = l.get(op.getOperand());
  SmallVector<DimExpr> in = getDims(op.getOperand());
  MLIRContext *ctx = l.b.getContext();
  auto space = std::make_shared<Space>();
  Exprs toGraph, fromGraph, at, outAt;
  for (unsigned i = 0; i < in.size(); ++i) {
    AffineExpr loop = l.loop(space->loops.size());
    const Axis *axis = llvm::find_if(axes, [&](const Axis &a) { return a.dim == i; });
    space->loops.push_back(in[i]);
    at.push_back(loop);
    if (axis == axes.end()) {
      toGraph.push_back(loop), fromGraph.push_back(l.loop(i)), outAt.push_back(l.loop(i));
      continue;
    }
    int64_t scale = int64_t(*axis->scale);
    toGraph.push_back(loop * scale + l.loop(space->loops.size()));
    space->loops.push_back(dimConstant(ctx, scale));
    fromGraph.append({l.loop(i).floorDiv(scale), l.loop(i) % scale});
    outAt.push_back(l.loop(i).floorDiv(scale));
  }
  unsigned numLoops = space->loops.size(), rank = in.size();
  space->toGraph = AffineMap::get(numLoops, 0, toGraph, ctx);
  space->fromGraph = AffineMap::get(rank, 0, fromGraph, ctx);
  auto compose = [&](unsigned dims, ArrayRef<AffineExpr> indices) {
    return view.map.compose(AffineMap::get(dims, 0, indices, ctx));
  };
  l.set(op.getResult(), View{view.tensor, compose(rank, outAt), space, compose(numLoops, at)});
}

//===-- Antialiasing ------------------------------------------------------===//

/// Half the number of taps of a kernel as wide as 1 / scale, which may be known at run time only.
static DimExpr getReach(ResizeOp op, const Axis &a) {
  int64_t support = op.getMode() == ResizeMode::linear ? 1 : 2;
  MLIRContext *ctx = op.getContext();
  if (a.scale) return dimConstant(ctx, int64_t(std::ceil(double(support) / std::min(*a.scale, 1.0))));
  return dimMax((a.in * support).ceilDiv(a.out), dimConstant(ctx, support));
}

/// One tap of a kernel as wide as 1 / scale; they lie at floor(coordinate) + 1 - reach ... floor(coordinate)
/// + reach.
static Tap getWideTap(Body &b, ResizeOp op, const Axis &a, Value outIndex, Value tapIndex) {
  Value coordinate = emitResizeCoordinate(b, op, a, b.fromIndex(outIndex, b.getF32Type()));
  Value floor = b.math<math::FloorOp>(coordinate);
  Value offset =
      b.sub(b.fromIndex(tapIndex, b.getF32Type()), sizeAsFloat(b, getReach(op, a) - 1, b.getF32Type()));
  Value distance = b.sub(offset, b.sub(coordinate, floor)), position = b.add(floor, offset);
  Value weight =
      getWeight(b, op, b.mul(distance, b.min(getScale(b, a, b.getF32Type()), b.real(distance, 1))));
  return {emitWholeIndex(b, position, a.in), zeroOutside(b, op, a, weight, position)};
}

/// Antialiased: a reduction over the taps of all axes, divided by the sums of each axis' weights.
static void setAntialiased(Lowering &l, ResizeOp op, ArrayRef<Axis> axes, Type element, Type compute) {
  SmallVector<DimExpr> result = getDims(op.getResult()), loops(result);
  unsigned rank = result.size();
  TypedAttr zero = l.number(compute, 0);
  SmallVector<Read> reads;
  for (const Axis &a : axes) {
    DimExpr taps = getReach(op, a) * 2;
    loops.push_back(taps);
    llvm::SmallBitVector isTap(2);
    isTap.set(1);
    Value total = l.reduce({a.out, taps}, isTap, compute, zero, {}, [&](Body &b, ArrayRef<Value> in) {
      Value weight = getWideTap(b, op, a, b.index(0), b.index(1)).weight;
      return b.add(in[0], b.convert(weight, b.getF32Type(), compute));
    });
    reads.push_back(l.readTensor(total, {l.loop(a.dim)}));
  }
  llvm::SmallBitVector reduced(loops.size());
  reduced.set(rank, loops.size());
  Value sum = l.reduce(loops, reduced, compute, zero, {}, [&](Body &b, ArrayRef<Value> in) {
    SmallVector<Value> at;
    for (unsigned i = 0; i < rank; ++i)
      at.push_back(b.index(i));
    Value weight;
    for (auto [i, a] : llvm::enumerate(axes)) {
      Tap tap = getWideTap(b, op, a, at[a.dim], b.index(rank + i));
      at[a.dim] = tap.index;
      weight = weight ? b.mul(weight, tap.weight) : tap.weight;
    }
    Value v = b.convert(l.extract(b, op.getOperand(), at), element, compute);
    return b.add(in[0], b.mul(v, b.convert(weight, b.getF32Type(), compute)));
  });
  reads.push_back(l.readTensor(sum, l.loops(rank)));
  l.set(op.getResult(),
        l.parallel(result, l.getResultElement(op.getResult()), reads, [&](Body &b, ArrayRef<Value> in) {
          Value v = in.back();
          for (Value total : in.drop_back())
            v = b.div(v, total);
          return b.convert(v, compute, element);
        }));
}

LogicalResult girih::lower(Lowering &l, ResizeOp op) {
  SmallVector<Axis> axes = getAxes(op);
  if (!axes.empty() && llvm::all_of(axes, [&](const Axis &a) { return repeatsElements(op, a); })) {
    setRepeated(l, op, axes);
    return success();
  }
  Type element = girih::getElementType(op.getOperand());
  // Weighted sums are in floats; nearest neighbours move any type.
  Type compute = getComputeType(op.getOperand());
  bool isNearest = op.getMode() == ResizeMode::nearest;
  if (!isNearest && !isa<FloatType>(compute)) compute = l.b.getF32Type();
  if (op.getAntialias() && !isNearest && !axes.empty()) {
    setAntialiased(l, op, axes, element, compute);
    return success();
  }
  SmallVector<DimExpr> result = getDims(op.getResult());
  View source = l.get(op.getOperand());
  bool extrapolates = op.getCoord() == CoordMode::tf_crop_and_resize;
  l.set(op.getResult(),
        l.parallel(result, l.getResultElement(op.getResult()), {}, [&](Body &b, ArrayRef<Value>) {
          SmallVector<Value> at;
          for (unsigned i = 0; i < result.size(); ++i)
            at.push_back(b.index(i));
          Value outside;
          auto addOutside = [&](Value out) {
            outside = outside && out ? b.logicalOr(outside, out) : out ? out : outside;
          };
          if (isNearest) {
            for (const Axis &a : axes) {
              auto [index, isOutside] = emitNearest(b, op, a, at[a.dim]);
              at[a.dim] = index;
              addOutside(isOutside);
            }
            Value v = l.extract(b, source, at);
            return outside ? b.select(outside, b.real(v, op.getExtrapolation().convertToFloat()), v) : v;
          }
          SmallVector<SmallVector<Tap>> taps;
          for (const Axis &a : axes) {
            Value coordinate = emitResizeCoordinate(b, op, a, b.fromIndex(at[a.dim], b.getF32Type()));
            taps.push_back(getTaps(b, op, a, coordinate));
            if (extrapolates) addOutside(emitIsOutside(b, coordinate, a));
          }
          Value v = sumTaps(b, l, source, element, axes, taps, at, 0);
          if (outside) v = b.select(outside, b.real(v, op.getExtrapolation().convertToFloat()), v);
          return b.convert(v, compute, element);
        }));
  return success();
}
