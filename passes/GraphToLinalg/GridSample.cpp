// Interpolation at the points of a grid. Channels are the innermost loop: a point's coordinates and weights
// serve all of them, and its taps are read as whole rows.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

namespace {

/// An element along one dimension, its weight (null: 1), and whether it exists (null: it does).
struct Tap {
  Value index, weight, exists;
};

/// The sampling of one dimension of `size` elements.
class Axis {
public:
  Axis(Body &b, GridSampleOp op, DimExpr size, Type type)
      : b(b), op(op), extent(b.size(size)), size(b.fromIndex(extent, type)) {
    Value zero = b.real(type, 0), half = b.real(type, 0.5);
    last = b.sub(this->size, b.real(type, 1));
    low = op.getAlignCorners() ? zero : b.neg(half);
    high = op.getAlignCorners() ? last : b.sub(this->size, half);
  }

  SmallVector<Tap> getTaps(Value point) {
    Value x = getCoordinate(point);
    if (op.getMode() == ResizeMode::nearest) return {getTap(b.math<math::RoundEvenOp>(x), Value())};
    x = mirror(x);
    bool isLinear = op.getMode() == ResizeMode::linear;
    Value floor = b.math<math::FloorOp>(x), fraction = b.sub(x, floor);
    SmallVector<Tap> taps;
    for (int t = isLinear ? 0 : -1; t <= (isLinear ? 1 : 2); ++t) {
      Value offset = b.real(x, t);
      Value weight = !isLinear ? emitCubicWeight(b, -0.75, b.abs(b.sub(fraction, offset)))
                     : t == 0  ? b.sub(b.real(x, 1), fraction)
                               : fraction;
      taps.push_back(getTap(b.add(floor, offset), weight));
    }
    return taps;
  }

private:
  /// From [-1, 1] to elements.
  Value getCoordinate(Value point) {
    Value one = b.real(point, 1), half = b.real(point, 0.5), shifted = b.add(point, one);
    if (op.getAlignCorners()) return b.mul(b.mul(shifted, half), last);
    return b.mul(b.sub(b.mul(shifted, size), one), half);
  }

  /// Beyond the edges a mirrored operand is read: a triangle wave.
  Value mirror(Value x) {
    if (op.getOutside() != PadMode::reflect) return x;
    Value isInside = b.logicalAnd(b.compare(Body::GE, x, low), b.compare(Body::LE, x, high));
    Value range = b.sub(high, low), zero = b.real(x, 0), one = b.real(x, 1);
    Value isPoint = b.compare(Body::EQ, range, zero);
    Value period = b.select(isPoint, one, b.add(range, range)), distance = b.sub(x, low);
    Value phase = b.sub(distance, b.mul(period, b.math<math::FloorOp>(b.div(distance, period))));
    Value folded = b.sub(range, b.abs(b.sub(phase, range)));
    return b.select(isInside, x, b.select(isPoint, low, b.add(low, folded)));
  }

  Tap getTap(Value position, Value weight) {
    // Grids hold what they like, NaN as well. Limiting the index is the border's rule, too.
    Value index = b.toIndex(mirror(position));
    Value exists = op.getOutside() == PadMode::constant ? b.inBounds(index, extent) : Value();
    return {b.clampIndex(index, extent), weight, exists};
  }

  Body &b;
  GridSampleOp op;
  Value extent, size, last, low, high;
};

} // namespace

static Value product(Body &b, Value x, Value y) {
  return x && y ? b.mul(x, y) : x ? x : y;
}

LogicalResult girih::lower(Lowering &l, GridSampleOp op) {
  Value x = op.getOperand(), grid = op.getGrid();
  SmallVector<DimExpr> from = getDims(x), dims = getDims(op.getResult());
  unsigned spatial = from.size() - 2, channel = dims.size() - 1;
  Type gridType = getComputeType(grid), type = getComputeType(x);
  SmallVector<Read> reads;
  for (unsigned i = 0; i < spatial; ++i) {
    Exprs at = l.loops(channel);
    at.push_back(l.constant(spatial - 1 - i)); // the innermost dimension's coordinate is first
    reads.push_back(l.read(grid, at));
  }
  auto body = [&](Body &b, ArrayRef<Value> points) {
    SmallVector<SmallVector<Tap>> taps;
    for (unsigned i = 0; i < spatial; ++i)
      taps.push_back(Axis(b, op, from[i + 1], gridType).getTaps(points[i]));
    SmallVector<Value> at(from.size());
    at.front() = b.index(0), at.back() = b.index(channel);
    // Over all combinations of the dimensions' taps.
    std::function<Value(unsigned, Value, Value)> sumTaps = [&](unsigned i, Value weight, Value exists) {
      if (i == spatial) {
        Value v = l.extract(b, x, at);
        if (exists) v = b.select(exists, v, b.real(v, 0));
        return weight ? b.mul(v, b.convert(weight, gridType, type)) : v;
      }
      Value sum;
      for (const Tap &tap : taps[i]) {
        at[i + 1] = tap.index;
        Value isThere = exists && tap.exists ? b.logicalAnd(exists, tap.exists) : tap.exists;
        Value v = sumTaps(i + 1, product(b, weight, tap.weight), isThere);
        sum = sum ? b.add(sum, v) : v;
      }
      return sum;
    };
    return sumTaps(0, Value(), Value());
  };
  l.set(op.getResult(), l.parallel(dims, l.getResultElement(op.getResult()), reads, body));
  return success();
}
