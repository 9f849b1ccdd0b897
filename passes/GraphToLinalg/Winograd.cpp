// Convolutions by tiles: transforms of pixels, a product a point, and the transform back.
#include "dialects/Graph/Winograd.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

/// A sum of products with the entries of a constant matrix. What an entry of 0 meets does not count, whatever
/// it is: only with these flags is 0 * x nothing, and -0 + 0 no question.
static Value multiplyAddMatrix(Body &b, ArrayRef<Value> in) {
  using Flags = arith::FastMathFlags;
  auto flags = arith::FastMathFlagsAttr::get(b.getContext(), Flags::nnan | Flags::ninf | Flags::nsz);
  Value product = arith::MulFOp::create(b, in[0], in[1], flags);
  return arith::AddFOp::create(b, in[2], product, flags);
}

LogicalResult girih::lower(Lowering &l, WinogradConvOp op) {
  MLIRContext *ctx = l.b.getContext();
  Winograd winograd = getWinograd(op.getTile());
  SmallVector<DimExpr> x = getDims(op.getX()), result = getDims(op.getResult());
  int64_t tile = winograd.tile, points = winograd.points;
  DimExpr t = dimConstant(ctx, tile), p = dimConstant(ctx, points);
  DimExpr images = result[0], inputs = x[3], outputs = result[3];
  DimExpr down = dimSimplify(result[1].ceilDiv(tile)), across = dimSimplify(result[2].ceilDiv(tile));

  Type type = getComputeType(op.getResult());
  auto matrix = [&](ArrayRef<double> values) -> Value {
    SmallVector<Attribute> elements =
        llvm::map_to_vector(values, [&](double v) -> Attribute { return l.number(type, v); });
    auto shape = RankedTensorType::get({int64_t(values.size()) / points, points}, type);
    return arith::ConstantOp::create(l.b, l.loc, DenseElementsAttr::get(shape, elements));
  };
  // Reductions run over the last loop.
  auto reduce = [&](ArrayRef<DimExpr> loops, ArrayRef<Read> reads, BodyFn body) {
    llvm::SmallBitVector reduced(loops.size());
    reduced.set(loops.size() - 1);
    return l.reduce(loops, reduced, type, l.number(type, 0), reads, body);
  };
  auto at = [&](unsigned i) { return l.loop(i); };
  auto transform = [&](ArrayRef<DimExpr> loops, Read data, Value matrix, AffineExpr row) {
    Read entries = l.readTensor(matrix, {row, at(loops.size() - 1)});
    return reduce(loops, {std::move(data), entries}, multiplyAddMatrix);
  };
  Value in = matrix(winograd.input), out = matrix(winograd.output);
  // Points down of all pixels of a row, so that tiles side by side share the pixels that both read:
  // [a, n, ty, w, c].
  Value rows = transform({p, images, down, x[2], inputs, p},
                         l.read(op.getX(), {at(1), at(2) * tile + at(5), at(3), at(4)}), in, at(0));
  // All points of all tiles, each with a matrix of its own: [a, b, n, ty, tx, c].
  Value pixels = transform({p, p, images, down, across, inputs, p},
                           l.readTensor(rows, {at(0), at(2), at(3), at(4) * tile + at(6), at(5)}), in, at(1));
  Value products = reduce({p, p, images, down, across, outputs, inputs},
                          {l.readTensor(pixels, {at(0), at(1), at(2), at(3), at(4), at(6)}),
                           l.read(op.getU(), {at(0), at(1), at(6), at(5)})},
                          [](Body &b, ArrayRef<Value> in) { return b.add(in[2], b.mul(in[0], in[1])); });
  // And back: [y, b, n, ty, tx, m], then [n, ty, y, tx, x, m].
  Value back = transform({t, p, images, down, across, outputs, p},
                         l.readTensor(products, {at(6), at(1), at(2), at(3), at(4), at(5)}), out, at(0));
  SmallVector<DimExpr> loops{images, down, t, across, t, outputs, p};
  Value sum = transform(loops, l.readTensor(back, {at(2), at(6), at(0), at(1), at(3), at(5)}), out, at(4));

  loops.pop_back();
  Exprs toGraph{at(0), at(1) * tile + at(2), at(3) * tile + at(4), at(5)};
  Exprs fromGraph{at(0), at(1).floorDiv(tile), at(1) % tile, at(2).floorDiv(tile), at(2) % tile, at(3)};
  auto space = std::make_shared<Space>(
      Space{loops, AffineMap::get(6, 0, toGraph, ctx), AffineMap::get(4, 0, fromGraph, ctx)});
  std::optional<Read> bias;
  if (op.getBias()) bias = l.read(op.getBias(), {at(5)});
  l.finishContraction(op.getResult(), sum, space, bias);
  return success();
}
