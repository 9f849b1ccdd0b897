// Ops that only move data. Most are views: other indices into the same tensor.
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

/// The result is the operand at other indices: `at`, over the result's dimensions.
static LogicalResult setView(Lowering &l, Value result, Value operand, ArrayRef<AffineExpr> at) {
  View view = l.get(operand);
  unsigned rank = cast<RankedTensorType>(result.getType()).getRank();
  Exprs e;
  for (AffineExpr r : view.map.getResults())
    e.push_back(simplifyAffineExpr(r.replaceDims(at), rank, 0));
  l.set(result, View{view.tensor, AffineMap::get(rank, 0, e, l.b.getContext()), nullptr, {}});
  return success();
}

/// Every element of the result is computed from the values of its indices.
static LogicalResult setComputed(Lowering &l, Value result, function_ref<Value(Body &, ArrayRef<Value>)> fn) {
  SmallVector<DimExpr> dims = getDims(result);
  l.set(result, l.parallel(dims, l.getResultElement(result), {}, [&](Body &b, ArrayRef<Value>) {
    SmallVector<Value> indices;
    for (unsigned i = 0; i < dims.size(); ++i)
      indices.push_back(b.index(i));
    return fn(b, indices);
  }));
  return success();
}

LogicalResult girih::lower(Lowering &l, TransposeOp op) {
  Exprs at(op.getPermutation().size(), l.constant(0));
  for (auto [i, p] : llvm::enumerate(op.getPermutation()))
    at[p] = l.loop(i);
  return setView(l, op.getResult(), op.getOperand(), at);
}

LogicalResult girih::lower(Lowering &l, ExpandOp op) {
  SmallVector<DimExpr> dims = getDims(op.getResult());
  Read read = l.broadcast(op.getOperand(), dims, l.loops(dims.size()));
  if (read.stretch.empty()) return setView(l, op.getResult(), op.getOperand(), read.at);
  l.set(op.getResult(), l.parallel(dims, l.getResultElement(op.getResult()), read,
                                   [](Body &, ArrayRef<Value> in) { return in[0]; }));
  return success();
}

/// The dimensions that are not 1.
static SmallVector<unsigned> getNonUnit(ArrayRef<DimExpr> dims) {
  SmallVector<unsigned> out;
  for (auto [i, d] : llvm::enumerate(dims))
    if (dimValue(d) != 1) out.push_back(i);
  return out;
}

LogicalResult girih::lower(Lowering &l, ReshapeOp op) {
  SmallVector<DimExpr> from = getDims(op.getOperand()), to = getDims(op.getResult());
  SmallVector<unsigned> fromDims = getNonUnit(from), toDims = getNonUnit(to);
  bool onlyUnits = fromDims.size() == toDims.size() &&
                   llvm::all_of(llvm::zip(fromDims, toDims),
                                [&](auto pair) { return from[std::get<0>(pair)] == to[std::get<1>(pair)]; });
  if (onlyUnits) {
    Exprs at(from.size(), l.constant(0));
    for (auto [f, t] : llvm::zip(fromDims, toDims))
      at[f] = l.loop(t);
    return setView(l, op.getResult(), op.getOperand(), at);
  }
  return setComputed(l, op.getResult(), [&](Body &b, ArrayRef<Value> indices) {
    Value flat = b.integer(b.getIndexType(), 0);
    for (auto [i, d] : llvm::zip(indices, to))
      flat = b.add(b.mul(flat, b.size(d)), i);
    SmallVector<Value> at(from.size());
    for (size_t i = from.size(); i-- > 0;) {
      Value size = b.size(from[i]);
      at[i] = i == 0 ? flat : b.createOrFold<arith::RemUIOp>(flat, size);
      flat = b.createOrFold<arith::DivUIOp>(flat, size);
    }
    return l.extract(b, op.getOperand(), at);
  });
}

LogicalResult girih::lower(Lowering &l, SliceOp op) {
  ArrayRef<DimExpr> starts = op.getStarts().getDims();
  bool isStatic = llvm::all_of(starts, [](DimExpr e) { return dimValue(dimSimplify(e)).has_value(); });
  if (isStatic) {
    Exprs at;
    for (auto [i, start] : llvm::enumerate(starts))
      at.push_back(l.loop(i) * op.getSteps()[i] + *dimValue(dimSimplify(start)));
    return setView(l, op.getResult(), op.getOperand(), at);
  }
  return setComputed(l, op.getResult(), [&](Body &b, ArrayRef<Value> indices) {
    SmallVector<Value> at;
    for (auto [i, start] : llvm::enumerate(starts))
      at.push_back(b.add(b.mul(indices[i], b.integer(indices[i], op.getSteps()[i])), b.size(start)));
    return l.extract(b, op.getOperand(), at);
  });
}

//===-- Pad ---------------------------------------------------------------===//

/// Where a border element comes from, for an index that may lie outside [0, n).
static Value mirrorIndex(Body &b, Value i, Value n) {
  // Period 2 (n - 1); pads may exceed the size. A size-1 dimension has period 0: remFloor takes care of that.
  Value last = b.sub(n, b.integer(n, 1)), period = b.mul(last, b.integer(n, 2));
  Value r = b.remFloor(i, period);
  return b.clampIndex(b.select(b.compare(Body::GT, r, last), b.sub(period, r), r), n);
}

LogicalResult girih::lower(Lowering &l, PadOp op) {
  Value x = op.getOperand(), result = op.getResult();
  SmallVector<DimExpr> from = getDims(x), to = getDims(result);
  ArrayRef<DimExpr> low = op.getLow().getDims();
  SmallVector<Read> reads;
  if (op.getValue()) reads.push_back(l.read(op.getValue(), {}));
  PadMode mode = op.getMode();
  Value tensor =
      l.parallel(to, l.getResultElement(op.getResult()), reads, [&](Body &b, ArrayRef<Value> in) -> Value {
        SmallVector<Value> at;
        Value isInside;
        for (auto [d, n] : llvm::enumerate(from)) {
          Value i = b.index(d);
          bool isWhole = dimValue(dimSimplify(low[d])) == 0 && to[d] == n;
          if (!isWhole) {
            Value size = b.size(n);
            i = b.sub(i, b.size(low[d]));
            switch (mode) {
            case PadMode::constant: {
              Value inside = b.inBounds(i, size);
              isInside = isInside ? b.logicalAnd(isInside, inside) : inside;
              [[fallthrough]];
            }
            case PadMode::edge:
              i = b.clampIndex(i, size);
              break;
            case PadMode::reflect:
              i = mirrorIndex(b, i, size);
              break;
            case PadMode::wrap:
              i = b.remFloor(i, size);
              break;
            }
          }
          at.push_back(i);
        }
        Value v = isInside ? l.extractIfAny(b, x, at) : l.extract(b, x, at);
        if (!isInside) return v;
        return b.select(isInside, v, in.empty() ? b.integer(v, 0) : in[0]);
      });
  l.set(result, tensor);
  return success();
}

LogicalResult girih::lower(Lowering &l, ConcatOp op) {
  unsigned axis = op.getAxis();
  SmallVector<DimExpr> ends;
  DimExpr end = dimConstant(l.b.getContext(), 0);
  for (Value v : op.getInputs())
    ends.push_back(end = dimSimplify(end + getDims(v)[axis]));
  return setComputed(l, op.getResult(), [&](Body &b, ArrayRef<Value> indices) {
    Value out, i = indices[axis];
    for (size_t k = op.getInputs().size(); k-- > 0;) {
      Value part = op.getInputs()[k];
      DimExpr size = getDims(part)[axis];
      if (dimValue(size) == 0) continue;
      SmallVector<Value> at(indices);
      at[axis] = b.clampIndex(k == 0 ? i : b.sub(i, b.size(ends[k - 1])), b.size(size));
      Value v = l.extractIfAny(b, part, at);
      out = out ? b.select(b.compare(Body::LT, i, b.size(ends[k])), v, out) : v;
    }
    return out ? out : b.integer(getComputeType(op.getResult()), 0);
  });
}

LogicalResult girih::lower(Lowering &l, TileOp op) {
  SmallVector<DimExpr> from = getDims(op.getOperand()), to = getDims(op.getResult());
  return setComputed(l, op.getResult(), [&](Body &b, ArrayRef<Value> indices) {
    SmallVector<Value> at(indices);
    for (auto [i, n] : llvm::enumerate(from)) {
      if (n == to[i]) continue;
      at[i] = dimValue(n) == 1 ? b.integer(at[i], 0) : b.createOrFold<arith::RemUIOp>(at[i], b.size(n));
    }
    return l.extract(b, op.getOperand(), at);
  });
}
