// Batch, layer, group and local response normalisation. Variances are taken in two passes: the mean of
// squares minus the square of the mean loses the digits that matter.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

/// A division by a count that may be known at run time only.
static Value divideByCount(Body &b, Value v, DimExpr count) {
  count = dimSimplify(count);
  if (auto n = dimValue(count)) return b.mul(v, b.real(v, 1.0 / double(*n)));
  return b.div(v, b.fromIndex(b.size(count), v.getType()));
}

static Value inverseRoot(Body &b, Value v, const APFloat &epsilon) {
  return b.math<math::RsqrtOp>(b.add(v, b.real(v, epsilon.convertToFloat())));
}

namespace {

/// Mean and reciprocal deviation over some loops, as tensors of the others.
struct Moments {
  Value mean, scale; // mean is null for root mean square
};

} // namespace

/// Moments of `data`, of a compute type, over the `reduced` ones of `loops`; both are tensors of the other
/// loops.
static Moments getMoments(Lowering &l, Type type, ArrayRef<DimExpr> loops,
                          const llvm::SmallBitVector &reduced, const Read &data, const APFloat &epsilon,
                          bool isRms) {
  TypedAttr zero = l.number(type, 0);
  SmallVector<DimExpr> kept;
  Exprs keptLoops;
  DimExpr count = dimConstant(l.b.getContext(), 1);
  for (unsigned i = 0; i < loops.size(); ++i) {
    if (reduced[i])
      count = count * loops[i];
    else
      kept.push_back(loops[i]), keptLoops.push_back(l.loop(i));
  }
  auto mapKept = [&](Value v, function_ref<Value(Body &, Value)> fn) {
    return l.parallel(kept, type, {l.readTensor(v, l.loops(kept.size()))},
                      [&](Body &b, ArrayRef<Value> in) { return fn(b, in[0]); });
  };
  Moments m;
  SmallVector<Read> reads{data};
  if (!isRms) {
    Value sum = l.reduce(loops, reduced, type, zero, reads,
                         [](Body &b, ArrayRef<Value> in) { return b.add(in[1], in[0]); });
    m.mean = mapKept(sum, [&](Body &b, Value v) { return divideByCount(b, v, count); });
    reads.push_back(l.readTensor(m.mean, keptLoops));
  }
  Value squares = l.reduce(loops, reduced, type, zero, reads, [&](Body &b, ArrayRef<Value> in) {
    Value d = isRms ? in[0] : b.sub(in[0], in[1]);
    return b.add(in.back(), b.mul(d, d));
  });
  m.scale =
      mapKept(squares, [&](Body &b, Value v) { return inverseRoot(b, divideByCount(b, v, count), epsilon); });
  return m;
}

LogicalResult girih::lower(Lowering &l, LayerNormOp op) {
  Value x = op.getX();
  SmallVector<DimExpr> dims = getDims(x);
  unsigned rank = dims.size(), axis = op.getAxis();
  llvm::SmallBitVector reduced(rank);
  reduced.set(axis, rank);
  Exprs all = l.loops(rank);
  Moments m = getMoments(l, getComputeType(x), dims, reduced, l.read(x, all), op.getEpsilon(), op.getRms());
  SmallVector<Read> reads{l.read(x, all), l.readTensor(m.scale, l.loops(axis))};
  if (m.mean) reads.push_back(l.readTensor(m.mean, l.loops(axis)));
  for (Value v : {op.getScale(), op.getBias()})
    if (v) reads.push_back(l.broadcast(v, dims, all));
  l.set(op.getResult(),
        l.parallel(dims, l.getResultElement(op.getResult()), reads, [&](Body &b, ArrayRef<Value> in) {
          unsigned next = 2;
          Value v = m.mean ? b.sub(in[0], in[next++]) : in[0];
          v = b.mul(v, in[1]);
          if (op.getScale()) v = b.mul(v, in[next++]);
          if (op.getBias()) v = b.add(v, in[next++]);
          return v;
        }));
  return success();
}

LogicalResult girih::lower(Lowering &l, GroupNormOp op) {
  Value x = op.getX();
  SmallVector<DimExpr> dims = getDims(x);
  unsigned rank = dims.size(), channel = op.getChannelsLast() ? rank - 1 : 1;
  MLIRContext *ctx = l.b.getContext();
  DimExpr members = dimExactDiv(dims[channel], dimConstant(ctx, op.getGroups()));
  auto size = members ? dimValue(members) : std::nullopt;
  if (!size)
    return op.emitOpError("has ") << dimToString(dims[channel]) << " channels, which do not divide into "
                                  << op.getGroups()
                                  << " groups at compile time; pin the symbols with --dim NAME=VALUE";
  // Loops in the operand's order, with the channel seen as (group, member) where both are more than one.
  SmallVector<DimExpr> loops;
  llvm::SmallBitVector reduced;
  Exprs at(rank, l.constant(0)), toGraph, fromGraph;
  AffineExpr group = l.constant(0), member = l.constant(0);
  bool isSplit = op.getGroups() > 1 && *size > 1;
  auto addLoop = [&](DimExpr extent, bool isReduced) {
    loops.push_back(extent);
    reduced.resize(loops.size(), isReduced);
    return l.loop(loops.size() - 1);
  };
  for (unsigned i = 0; i < rank; ++i) {
    if (i != channel) {
      at[i] = addLoop(dims[i], i != 0);
      toGraph.push_back(at[i]), fromGraph.push_back(l.loop(i));
      continue;
    }
    if (op.getGroups() > 1) group = addLoop(dimConstant(ctx, op.getGroups()), false);
    if (*size > 1 || op.getGroups() == 1) member = addLoop(members, true);
    at[i] = group * *size + member;
    toGraph.push_back(at[i]);
    if (isSplit) fromGraph.append({l.loop(i).floorDiv(*size), l.loop(i) % *size});
  }
  auto readChannels = [&](Value v, unsigned dim, ArrayRef<AffineExpr> indices) {
    return isSplit ? l.readGrouped(v, dim, *size, indices, group, member) : l.read(v, indices);
  };
  Read data = readChannels(x, channel, at);
  Moments m = getMoments(l, getComputeType(x), loops, reduced, data, op.getEpsilon(), /*isRms=*/false);

  Exprs kept;
  for (unsigned i = 0; i < loops.size(); ++i)
    if (!reduced[i]) kept.push_back(l.loop(i));
  Value result =
      l.parallel(loops, l.getResultElement(op.getResult()),
                 {data, l.readTensor(m.mean, kept), l.readTensor(m.scale, kept),
                  readChannels(op.getScale(), 0, at[channel]), readChannels(op.getBias(), 0, at[channel])},
                 [](Body &b, ArrayRef<Value> in) {
                   return b.add(b.mul(b.mul(b.sub(in[0], in[1]), in[2]), in[3]), in[4]);
                 });
  std::shared_ptr<const Space> space;
  if (isSplit)
    space = std::make_shared<Space>(
        Space{loops, AffineMap::get(loops.size(), 0, toGraph, ctx), AffineMap::get(rank, 0, fromGraph, ctx)});
  l.set(op.getResult(), result, space);
  return success();
}

LogicalResult girih::lower(Lowering &l, BatchNormOp op) {
  Value x = op.getX();
  SmallVector<DimExpr> dims = getDims(x);
  DimExpr channels = getDims(op.getScale())[0];
  Exprs own{l.loop(0)};
  Type type = getComputeType(op.getVariance());
  Value scale = l.parallel(channels, type, {l.read(op.getScale(), own), l.read(op.getVariance(), own)},
                           [&](Body &b, ArrayRef<Value> in) {
                             Value s = b.convert(in[0], getElementType(op.getScale()), type);
                             return b.mul(s, inverseRoot(b, in[1], op.getEpsilon()));
                           });
  // A 1-D operand has one channel.
  Exprs at{dims.size() > 1 ? l.loop(1) : l.constant(0)};
  Type compute = getComputeType(x);
  l.set(op.getResult(), l.parallel(dims, l.getResultElement(op.getResult()),
                                   {l.read(x, l.loops(dims.size())), l.readTensor(scale, at),
                                    l.read(op.getMean(), at), l.read(op.getBias(), at)},
                                   [&](Body &b, ArrayRef<Value> in) {
                                     Value s = b.convert(in[1], type, compute),
                                           bias = b.convert(in[3], getElementType(op.getBias()), compute);
                                     Value mean = b.convert(in[2], getElementType(op.getMean()), compute);
                                     return b.add(b.mul(b.sub(in[0], mean), s), bias);
                                   }));
  return success();
}

LogicalResult girih::lower(Lowering &l, LrnOp op) {
  Value x = op.getX();
  SmallVector<DimExpr> dims = getDims(x), loops(dims);
  unsigned rank = dims.size();
  int64_t size = op.getSize();
  loops.push_back(dimConstant(l.b.getContext(), size));
  llvm::SmallBitVector reduced(rank + 1), checked(rank);
  reduced.set(rank);
  checked.set(1);
  Exprs all = l.loops(rank), at(all);
  at[1] = l.loop(1) + l.loop(rank) - (size - 1) / 2;
  Type type = getComputeType(x);
  Value sum = l.reduce(loops, reduced, type, l.number(type, 0), {}, [&](Body &b, ArrayRef<Value> in) {
    Value v = l.extractOr(b, x, at, checked, b.real(in[0], 0));
    return b.add(in[0], b.mul(v, v));
  });
  double alpha = op.getAlpha().convertToFloat() / double(size), beta = op.getBeta().convertToFloat();
  l.set(op.getResult(),
        l.parallel(dims, l.getResultElement(op.getResult()), {l.read(x, all), l.readTensor(sum, all)},
                   [&](Body &b, ArrayRef<Value> in) {
                     Value base = b.add(b.real(in[1], op.getBias().convertToFloat()),
                                        b.mul(in[1], b.real(in[1], alpha)));
                     return b.div(in[0], b.createOrFold<math::PowFOp>(base, b.real(base, beta)));
                   }));
  return success();
}
