// The special operators with a task for each element of the result, or each line of it (girih.by_element):
// for targets with tasks to spare. An element of a scatter looks for the updates that are its own, in their
// order, so that results have the bits of the serial form; one of a TopK counts how many are better.
#include "passes/Tile/SpecialLoops.h"

using namespace mlir;

namespace girih {

/// Goes over [0, sizes[i]) with `value`, which `body` replaces; returns what it is in the end.
static Value foldNest(SpecialLoops &l, ValueRange sizes, Value value,
                      function_ref<Value(ValueRange ivs, Value value)> body) {
  SmallVector<Value> zeros(sizes.size(), l.index(0)), ones(sizes.size(), l.index(1));
  OpBuilder::InsertionGuard guard(l.b);
  scf::LoopNest nest = scf::buildLoopNest(
      l.b, l.b.getLoc(), zeros, sizes, ones, value,
      [&](OpBuilder &inner, Location, ValueRange ivs, ValueRange values) -> scf::ValueVector {
        OpBuilder::InsertionGuard guard(l.b);
        l.b.restoreInsertionPoint(inner.saveInsertionPoint());
        Value next = body(ivs, values[0]);
        inner.restoreInsertionPoint(l.b.saveInsertionPoint());
        return {next};
      });
  return nest.results[0];
}

/// `value` after the update at `from`, if that is for this element.
static Value updateIf(SpecialLoops &l, Value isHere, ScatterFn fn, Value value, Value updates,
                      const Coordinates &from) {
  auto branch = scf::IfOp::create(l.b, value.getType(), isHere, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(l.b);
  l.b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(l.b, l.scatter(fn, value, l.load(updates, from)));
  l.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(l.b, value);
  return branch.getResult(0);
}

/// Whether the coordinate `i` is one of `part`, which is a part of a dimension or all of it.
static void requireInside(SpecialLoops &l, Value &all, Value i, DimExpr part, DimExpr dim) {
  if (part == dim) return;
  Value inside = arith::CmpIOp::create(l.b, arith::CmpIPredicate::slt, i, l.size(part));
  all = arith::AndIOp::create(l.b, all, inside);
}

void emitScatterElementsByElement(SpecialLoops &l, ScatterElementsOp op, DimExpr *tasks) {
  int64_t axis = op.getAxis();
  SmallVector<DimExpr> dims = getDims(op.getData()), updateDims = getDims(op.getIndices());
  Value indices = l.buffer(op.getIndices()), updates = l.buffer(op.getUpdates());
  Coordinates at = l.beginTasks(dims, tasks);
  Value any = arith::ConstantIntOp::create(l.b, 1, 1);
  for (size_t i = 0; i < dims.size(); ++i)
    if (int64_t(i) != axis) requireInside(l, any, at[i], updateDims[i], dims[i]);
  Value count = arith::SelectOp::create(l.b, any, l.size(updateDims[axis]), l.index(0));
  Value axisSize = l.size(dims[axis]);
  Value value = foldNest(l, count, l.load(l.buffer(op.getData()), at), [&](ValueRange ivs, Value value) {
    Coordinates from(at);
    from[axis] = ivs[0];
    Value target = l.wrapIndex(l.load(indices, from), axisSize);
    Value isHere = arith::CmpIOp::create(l.b, arith::CmpIPredicate::eq, target, at[axis]);
    return updateIf(l, isHere, op.getFn(), value, updates, from);
  });
  l.store(value, l.buffer(op.getResult()), at);
}

void emitScatterNDByElement(SpecialLoops &l, ScatterNDOp op, DimExpr *tasks) {
  SmallVector<DimExpr> dims = getDims(op.getData()), indexDims = getDims(op.getIndices()),
                       updateDims = getDims(op.getUpdates());
  int64_t length = *dimValue(indexDims.back()), batch = int64_t(indexDims.size()) - 1;
  Value indices = l.buffer(op.getIndices()), updates = l.buffer(op.getUpdates());
  Coordinates at = l.beginTasks(dims, tasks);
  Value any = arith::ConstantIntOp::create(l.b, 1, 1);
  for (size_t i = length; i < dims.size(); ++i)
    requireInside(l, any, at[i], updateDims[batch + i - length], dims[i]);
  SmallVector<Value> tuples{arith::SelectOp::create(l.b, any, l.index(1), l.index(0))};
  for (int64_t i = 0; i < batch; ++i)
    tuples.push_back(l.commonSize(indexDims[i], updateDims[i]));
  Value value = foldNest(l, tuples, l.load(l.buffer(op.getData()), at), [&](ValueRange ivs, Value value) {
    Coordinates tuple(ivs.drop_front());
    Value isHere = arith::ConstantIntOp::create(l.b, 1, 1);
    for (int64_t i = 0; i < length; ++i) {
      tuple.push_back(l.index(i));
      Value target = l.wrapIndex(l.load(indices, tuple), l.size(dims[i]));
      tuple.pop_back();
      Value isEqual = arith::CmpIOp::create(l.b, arith::CmpIPredicate::eq, target, at[i]);
      isHere = arith::AndIOp::create(l.b, isHere, isEqual);
    }
    Coordinates from(tuple);
    from.append(at.begin() + length, at.end());
    return updateIf(l, isHere, op.getFn(), value, updates, from);
  });
  l.store(value, l.buffer(op.getResult()), at);
}

/// A task for each line along the axis.
void emitCumSumByLine(SpecialLoops &l, CumSumOp op, DimExpr *tasks) {
  int64_t axis = op.getAxis();
  SmallVector<DimExpr> dims = getDims(op.getOperand());
  DimExpr length = dims[axis];
  dims.erase(dims.begin() + axis);
  Coordinates at = l.beginTasks(dims, tasks);
  at.insert(at.begin() + axis, Value());
  emitLine(l, op, at, l.size(length));
}

void emitTopKByElement(SpecialLoops &l, TopKOp op, DimExpr *tasks) {
  ImplicitLocOpBuilder &b = l.b;
  int64_t axis = op.getAxis();
  SmallVector<DimExpr> dims = getDims(op.getOperand());
  Value x = l.buffer(op.getOperand());
  Coordinates at = l.beginTasks(dims, tasks);
  Value own = l.load(x, at), position = at[axis];
  auto select = [&](Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  };
  Value rank = foldNest(l, l.size(dims[axis]), l.index(0), [&](ValueRange ivs, Value count) -> Value {
    Coordinates there(at);
    there[axis] = ivs[0];
    Value other = l.load(x, there);
    // An earlier one is ahead unless this one is better, a later one if it is better itself.
    Value isEarlier = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, ivs[0], position);
    Value better = select(isEarlier, own, other), worse = select(isEarlier, other, own);
    if (op.getSmallest()) std::swap(better, worse);
    Value isAhead = arith::XOrIOp::create(b, l.isGreater(better, worse), isEarlier);
    return arith::AddIOp::create(b, count, arith::IndexCastUIOp::create(b, b.getIndexType(), isAhead));
  });
  Value k = l.commonSize(getDims(op.getValues())[axis], dims[axis]);
  auto branch = scf::IfOp::create(b, arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rank, k));
  b.setInsertionPointToStart(branch.thenBlock());
  at[axis] = rank;
  l.store(own, l.buffer(op.getValues()), at);
  l.store(arith::IndexCastOp::create(b, b.getI64Type(), position), l.buffer(op.getIndices()), at);
}

} // namespace girih
