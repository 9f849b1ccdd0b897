// TopK: a heap of the k best elements seen so far, whose root is the worst of them, lies in the results' own
// buffers. Once all elements have been offered the heap is sorted in place. O(n log k) in the worst case;
// elements that do not make it into the heap, most of them, cost one comparison. Elements are ordered by
// value and then by lower index, so that no two are equal and the outcome does not depend on the algorithm.
#include "passes/Tile/SpecialLoops.h"

using namespace mlir;

namespace girih {

namespace {

struct Heap {
  /// An element of the row and where it was.
  struct Item {
    Value value, index;
  };

  SpecialLoops &l;
  Coordinates row; // coordinates of the results, with a hole at the axis
  int64_t axis;
  Value values, indices;
  bool smallest;

  Coordinates at(Value i) const {
    Coordinates all(row);
    all[axis] = i;
    return all;
  }
  Item load(Value i) const { return {l.load(values, at(i)), l.load(indices, at(i))}; }
  void store(Item item, Value i) const {
    l.store(item.value, values, at(i));
    l.store(item.index, indices, at(i));
  }

  Value isBetterValue(Value a, Value b) const { return smallest ? l.isGreater(b, a) : l.isGreater(a, b); }
  Value isWorse(Item a, Item b) const {
    Value later = arith::CmpIOp::create(l.b, arith::CmpIPredicate::sgt, a.index, b.index);
    Value tie = arith::AndIOp::create(l.b, l.isEqual(a.value, b.value), later);
    return arith::OrIOp::create(l.b, isBetterValue(b.value, a.value), tie);
  }

  /// Puts `item` into the hole at `position` of a heap of `size` > 0 elements: worse children move up first.
  void siftDown(Value position, Value size, Item item) const {
    ImplicitLocOpBuilder &b = l.b;
    Type index = b.getIndexType();
    Value last = arith::SubIOp::create(b, size, l.index(1));
    auto loop = scf::WhileOp::create(b, TypeRange{index, index, item.value.getType(), item.index.getType()},
                                     position);
    {
      OpBuilder::InsertionGuard guard(b);
      Block *before = b.createBlock(&loop.getBefore(), {}, index, b.getLoc());
      Value hole = before->getArgument(0);
      Value left = arith::AddIOp::create(b, arith::ShLIOp::create(b, hole, l.index(1)), l.index(1));
      // Both are clamped for the sake of the loads; then they may be the same.
      Value first = arith::MinSIOp::create(b, left, last);
      Value second = arith::MinSIOp::create(b, arith::AddIOp::create(b, left, l.index(1)), last);
      Item a = load(first), c = load(second);
      Value pickSecond = isWorse(c, a);
      auto pick = [&](Value x, Value y) -> Value { return arith::SelectOp::create(b, pickSecond, x, y); };
      Value child = pick(second, first);
      Item worse{pick(c.value, a.value), pick(c.index, a.index)};
      Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, left, last);
      Value goOn = arith::AndIOp::create(b, exists, isWorse(worse, item));
      scf::ConditionOp::create(b, goOn, ValueRange{hole, child, worse.value, worse.index});
      Block *after = b.createBlock(&loop.getAfter(), {}, loop.getResultTypes(),
                                   SmallVector<Location>(loop.getNumResults(), b.getLoc()));
      store({after->getArgument(2), after->getArgument(3)}, after->getArgument(0));
      scf::YieldOp::create(b, after->getArgument(1));
    }
    store(item, loop.getResult(0));
  }
};

} // namespace

void emitTopK(SpecialLoops &l, TopKOp op, DimExpr *tasks) {
  ImplicitLocOpBuilder &b = l.b;
  int64_t axis = op.getAxis();
  SmallVector<DimExpr> dims = getDims(op.getOperand());
  DimExpr length = dims[axis], count = getDims(op.getValues())[axis];
  dims.erase(dims.begin() + axis);
  Value x = l.buffer(op.getOperand());
  Coordinates row = l.beginTasks(dims, tasks);
  row.insert(row.begin() + axis, Value());
  Heap heap{l, row, axis, l.buffer(op.getValues()), l.buffer(op.getIndices()), op.getSmallest()};
  Value n = l.size(length), k = l.commonSize(count, length);
  Value zero = l.index(0), one = l.index(1);
  auto item = [&](Value i) {
    return Heap::Item{l.load(x, heap.at(i)), arith::IndexCastOp::create(b, b.getI64Type(), i)};
  };
  auto forEach = [&](Value from, Value to, auto body) {
    OpBuilder::InsertionGuard guard(b);
    auto loop = scf::ForOp::create(b, from, to, one);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  };

  // The first k elements, made a heap from its last parent to its root.
  forEach(zero, k, [&](Value i) { heap.store(item(i), i); });
  Value parents = arith::ShRUIOp::create(b, k, one);
  forEach(zero, parents, [&](Value i) {
    Value position = arith::SubIOp::create(b, arith::SubIOp::create(b, parents, one), i);
    heap.siftDown(position, k, heap.load(position));
  });

  // A later element must be better than the root: at equal values the earlier one stays.
  Value isEmpty = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, k, zero);
  forEach(k, arith::SelectOp::create(b, isEmpty, zero, n), [&](Value i) {
    Heap::Item next = item(i);
    auto branch = scf::IfOp::create(b, heap.isBetterValue(next.value, l.load(heap.values, heap.at(zero))));
    b.setInsertionPointToStart(branch.thenBlock());
    heap.siftDown(zero, k, next);
  });

  // The worst of those that remain goes to the end of the heap, which shrinks.
  forEach(one, k, [&](Value i) {
    Value end = arith::SubIOp::create(b, k, i);
    Heap::Item worst = heap.load(zero), moved = heap.load(end);
    heap.store(worst, end);
    heap.siftDown(zero, end, moved);
  });
}

} // namespace girih
