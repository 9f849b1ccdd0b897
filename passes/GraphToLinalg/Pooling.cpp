// Reductions over sliding windows.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

namespace {

/// The loop nest of a pooling op: the result's dimensions, then the window's.
struct Windows {
  SmallVector<DimExpr> loops;
  unsigned rank = 0;            // of the operand and the result
  SmallVector<unsigned> dims;   // spatial dimensions
  Exprs at;                     // where the operand is read
  llvm::SmallBitVector checked; // dimensions where that may be outside
};

} // namespace

template <typename Op> static Windows getWindows(Lowering &l, Op op, bool channelsLast) {
  Windows w;
  SmallVector<DimExpr> x = getDims(op.getX()), result = getDims(op.getResult());
  w.rank = x.size();
  w.loops = result;
  w.at = l.loops(w.rank);
  w.checked.resize(w.rank);
  unsigned spatialRank = w.rank - 2;
  for (unsigned i = 0; i < spatialRank; ++i) {
    unsigned dim = (channelsLast ? 1 : 2) + i;
    int64_t kernel = op.getKernel()[i], stride = op.getStrides()[i], dilation = op.getDilations()[i];
    int64_t low = op.getPads()[i], high = op.getPads()[spatialRank + i], extent = (kernel - 1) * dilation + 1;
    w.dims.push_back(dim);
    w.at[dim] = l.loop(dim) * stride + l.loop(w.loops.size()) * dilation - low;
    w.loops.push_back(dimConstant(l.b.getContext(), kernel));
    // Without ceil_mode the last window ends inside the padded operand.
    auto last = dimValue(dimSimplify((result[dim] - 1) * stride + extent - x[dim] - low - high));
    bool fits =
        last ? *last <= 0
             : dimSimplify(result[dim]) == dimSimplify((x[dim] + (low + high - extent)).floorDiv(stride) + 1);
    w.checked[dim] = low != 0 || high != 0 || !fits;
  }
  return w;
}

static llvm::SmallBitVector windowLoops(const Windows &w) {
  llvm::SmallBitVector reduced(w.loops.size());
  reduced.set(w.rank, w.loops.size());
  return reduced;
}

/// Reduces windows; what lies outside the operand counts as `init`.
static Value reduceWindows(Lowering &l, Value x, const Windows &w, Attribute init,
                           function_ref<Value(Body &, Value, Value)> fn) {
  Type accumulator = getComputeType(x);
  if (w.checked.none())
    return l.reduce(w.loops, windowLoops(w), accumulator, init, {l.read(x, w.at)},
                    [&](Body &b, ArrayRef<Value> in) { return fn(b, in[0], in[1]); });
  return l.reduce(w.loops, windowLoops(w), accumulator, init, {}, [&](Body &b, ArrayRef<Value> in) {
    Value outside = arith::ConstantOp::create(b, cast<TypedAttr>(init));
    return fn(b, l.extractOr(b, x, w.at, w.checked, outside), in[0]);
  });
}

/// The number of a window's elements that count in an average, as a float.
static Value countElements(Body &b, PoolOp op, const Windows &w, Type type) {
  unsigned spatialRank = w.dims.size();
  SmallVector<DimExpr> x = getDims(op.getX());
  Value count;
  for (auto [i, dim] : llvm::enumerate(w.dims)) {
    int64_t kernel = op.getKernel()[i], dilation = op.getDilations()[i];
    int64_t low = op.getPads()[i], high = op.getPads()[spatialRank + i];
    Value n;
    if (!w.checked[dim]) {
      n = b.real(type, double(kernel));
    } else {
      // Taps k with first <= start + k * dilation < last.
      bool padsCount = op.getCountIncludePad();
      Value start = b.sub(b.mul(b.index(dim), b.integer(b.getIndexType(), op.getStrides()[i])),
                          b.integer(b.getIndexType(), low));
      auto firstTap = [&](Value limit) {
        AffineExpr d = getAffineDimExpr(0, b.getContext());
        return b.apply(d.ceilDiv(dilation), {b.sub(limit, start)});
      };
      Value zero = b.integer(start, 0);
      Value first = b.max(firstTap(b.integer(start, padsCount ? -low : 0)), zero);
      Value end = b.min(firstTap(b.size(padsCount ? x[dim] + high : x[dim])), b.integer(start, kernel));
      n = b.fromIndex(b.max(b.sub(end, first), zero), type);
    }
    count = count ? b.mul(count, n) : n;
  }
  return b.max(count, b.real(type, 1));
}

LogicalResult girih::lower(Lowering &l, PoolOp op) {
  Windows w = getWindows(l, op, op.getChannelsLast());
  Type element = getElementType(op.getX()), accumulator = getComputeType(op.getX());
  SmallVector<DimExpr> dims = getDims(op.getResult());
  Value result = op.getResult();
  auto finish = [&](Value tensor, function_ref<Value(Body &, Value)> fn) {
    l.set(result, l.parallel(dims, l.getResultElement(result), {l.readTensor(tensor, l.loops(w.rank))},
                             [&](Body &b, ArrayRef<Value> in) { return fn(b, in[0]); }));
  };
  switch (op.getFn()) {
  case PoolFn::max: {
    Value max = reduceWindows(l, op.getX(), w, l.lowest(element), [&](Body &b, Value v, Value acc) {
      return b.max(acc, v, isUnsignedElement(op.getX()));
    });
    if (accumulator == l.getResultElement(result))
      l.set(result, max);
    else
      finish(max, [](Body &, Value v) { return v; });
    return success();
  }
  case PoolFn::average: {
    Value sum = reduceWindows(l, op.getX(), w, l.number(accumulator, 0),
                              [](Body &b, Value v, Value acc) { return b.add(acc, v); });
    int64_t size = 1;
    for (int64_t k : op.getKernel())
      size *= k;
    finish(sum, [&](Body &b, Value v) {
      if (w.checked.none()) return b.mul(v, b.real(v, 1.0 / double(size)));
      return b.div(v, countElements(b, op, w, v.getType()));
    });
    return success();
  }
  case PoolFn::lp: {
    double p = double(op.getP());
    Value sum = reduceWindows(l, op.getX(), w, l.number(accumulator, 0), [&](Body &b, Value v, Value acc) {
      Value a = b.abs(v);
      return b.add(acc, p == 1 ? a : p == 2 ? b.mul(a, a) : b.createOrFold<math::PowFOp>(a, b.real(a, p)));
    });
    finish(sum, [&](Body &b, Value v) {
      return p == 1   ? v
             : p == 2 ? b.math<math::SqrtOp>(v)
                      : b.createOrFold<math::PowFOp>(v, b.real(v, 1 / p));
    });
    return success();
  }
  }
  return failure();
}

LogicalResult girih::lower(Lowering &l, MaxPoolIndicesOp op) {
  // The maximum first, then the least index in the window that holds it: two reductions, each of them
  // vectorisable.
  Windows w = getWindows(l, op, /*channelsLast=*/false);
  Type element = getElementType(op.getX());
  bool isUnsigned = isUnsignedElement(op.getX());
  Value max = reduceWindows(l, op.getX(), w, l.lowest(element),
                            [&](Body &b, Value v, Value acc) { return b.max(acc, v, isUnsigned); });
  SmallVector<DimExpr> x = getDims(op.getX());
  Attribute init = l.b.getIntegerAttr(l.b.getI64Type(), APInt::getSignedMaxValue(64));
  Value index = l.reduce(w.loops, windowLoops(w), l.b.getI64Type(), init,
                         {l.readTensor(max, l.loops(w.rank))}, [&](Body &b, ArrayRef<Value> in) {
                           Value lowest = arith::ConstantOp::create(b, l.lowest(element));
                           Value v = l.extractOr(b, op.getX(), w.at, w.checked, lowest);
                           // Flat in NCHW order, or with the spatial dimensions reversed.
                           Value flat, isInside;
                           auto append = [&](unsigned dim) {
                             Value i = b.apply(w.at[dim]), size = b.size(x[dim]);
                             if (w.checked[dim]) {
                               Value inside = b.inBounds(i, size);
                               isInside = isInside ? b.logicalAnd(isInside, inside) : inside;
                             }
                             flat = flat ? b.add(b.mul(flat, size), i) : i;
                           };
                           append(0), append(1);
                           if (op.getColumnMajor())
                             for (unsigned d : llvm::reverse(w.dims))
                               append(d);
                           else
                             for (unsigned d : w.dims)
                               append(d);
                           Value isMaximum = b.compare(Body::EQ, v, in[0]);
                           if (isa<FloatType>(v.getType())) isMaximum = b.logicalOr(isMaximum, b.isNaN(v));
                           if (isInside) isMaximum = b.logicalAnd(isMaximum, isInside);
                           return b.select(isMaximum, b.min(in[1], b.fromIndex(flat, b.getI64Type())), in[1]);
                         });
  l.set(op.getResult(), index);
  return success();
}
