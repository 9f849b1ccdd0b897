// Pooling of regions at interpolated points. Channels are the innermost loop: a point's coordinates and
// weights serve all of them, and its taps are read as whole rows.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

namespace {

/// The two neighbours of a sample along one dimension, and their weights: both zero outside.
struct Sample {
  Value low, high, lowWeight, highWeight;
};

} // namespace

/// Sample `i` of bin `bin`, of a region from `start` to `end` in elements of the image.
static Sample getSample(Body &b, RoiAlignOp op, Value start, Value end, int64_t bins, Value bin, Value i,
                        DimExpr size) {
  Type type = start.getType();
  Value zero = b.real(type, 0), one = b.real(type, 1);
  Value scale = b.real(type, op.getSpatialScale().convertToFloat()),
        offset = b.real(type, op.getHalfPixel() ? 0.5 : 0);
  start = b.sub(b.mul(start, scale), offset), end = b.sub(b.mul(end, scale), offset);
  Value extent = b.sub(end, start);
  // Regions used to have at least the size of an element.
  if (!op.getHalfPixel()) extent = b.max(extent, one);
  Value binSize = b.div(extent, b.real(type, bins));
  Value inBin =
      b.div(b.mul(b.add(b.fromIndex(i, type), b.real(type, 0.5)), binSize), b.real(type, op.getSamples()));
  Value x = b.add(b.add(start, b.mul(b.fromIndex(bin, type), binSize)), inBin);

  Value extentOfImage = b.size(size), length = b.fromIndex(extentOfImage, type), last = b.sub(length, one);
  // False for NaN, too.
  Value isInside = b.logicalAnd(b.compare(Body::GE, x, b.real(type, -1)), b.compare(Body::LE, x, length));
  x = b.min(b.max(b.select(isInside, x, zero), zero), last);
  Value low = b.clampIndex(b.toIndex(x), extentOfImage),
        high = b.clampIndex(b.add(low, b.integer(low, 1)), extentOfImage);
  Value fraction = b.sub(x, b.math<math::FloorOp>(x));
  return {low, high, b.select(isInside, b.sub(one, fraction), zero), b.select(isInside, fraction, zero)};
}

LogicalResult girih::lower(Lowering &l, RoiAlignOp op) {
  Value x = op.getOperand(), rois = op.getRois();
  SmallVector<DimExpr> image = getDims(x), dims = getDims(op.getResult()), loops(dims);
  DimExpr samples = dimConstant(l.b.getContext(), op.getSamples());
  loops.append(2, samples);
  llvm::SmallBitVector reduced(loops.size());
  reduced.set(dims.size(), loops.size());
  Type element = girih::getElementType(x), type = getComputeType(x), roiType = getComputeType(rois);
  SmallVector<Read> reads{l.read(op.getBatchIndices(), {l.loop(0)})};
  for (int64_t i = 0; i < 4; ++i)
    reads.push_back(l.read(rois, {l.loop(0), l.constant(i)}));
  TypedAttr init = op.getMaximum() ? l.lowest(element) : l.number(type, 0);
  Value pooled = l.reduce(loops, reduced, type, init, reads, [&](Body &b, ArrayRef<Value> in) {
    Value batch = b.clampIndex(b.toIndex(in[0], isUnsignedElement(op.getBatchIndices())), b.size(image[0]));
    Sample row = getSample(b, op, in[2], in[4], op.getHeight(), b.index(1), b.index(4), image[1]);
    Sample column = getSample(b, op, in[1], in[3], op.getWidth(), b.index(2), b.index(5), image[2]);
    auto tap = [&](Value at, Value rowWeight, Value atColumn, Value columnWeight) {
      Value weight = b.convert(b.mul(rowWeight, columnWeight), roiType, type);
      return b.mul(l.extract(b, x, {batch, at, atColumn, b.index(3)}), weight);
    };
    Value taps[] = {tap(row.low, row.lowWeight, column.low, column.lowWeight),
                    tap(row.low, row.lowWeight, column.high, column.highWeight),
                    tap(row.high, row.highWeight, column.low, column.lowWeight),
                    tap(row.high, row.highWeight, column.high, column.highWeight)};
    auto join = [&](Value u, Value v) { return op.getMaximum() ? b.max(u, v) : b.add(u, v); };
    return join(in[5], join(join(taps[0], taps[1]), join(taps[2], taps[3])));
  });
  Value result = l.parallel(dims, l.getResultElement(op.getResult()),
                            {l.readTensor(pooled, l.loops(dims.size()))}, [&](Body &b, ArrayRef<Value> in) {
                              if (op.getMaximum()) return in[0];
                              return b.div(in[0], b.real(type, double(op.getSamples() * op.getSamples())));
                            });
  l.set(op.getResult(), result);
  return success();
}
