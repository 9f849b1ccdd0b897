// What the threads of a team share: loops that are dealt out to them, and reductions, whose partial results
// they combine through the shuffles of a warp and memory of the team.
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Tile/EmitterState.h"

using namespace mlir;
using namespace girih;

Value Emitter::thread() {
  if (!ownThread) {
    // Outside of all loops and conditions: whoever asks next finds it there.
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(taskBlock);
    ownThread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  }
  return ownThread;
}

/// Whether the thread's number is less than `n`.
Value Emitter::isThreadBelow(Value n) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, thread(), n);
}

/// A range in pieces of `size`, the thread's, at so many places of the register tile: `loop` is called for a
/// loop of `n` elements at a time, from `from` to `to` in steps of `step`; `piece` for `n` elements at an
/// index, which may be those of another thread, so that nothing outside is read: they count where the
/// condition holds (null: always).
void Emitter::deal(const Range &range, int64_t size, int64_t places,
                   llvm::function_ref<void(Value from, Value to, int64_t step, int64_t n)> loop,
                   llvm::function_ref<void(const Idx &at, int64_t n, Value condition)> piece) {
  int64_t team = schedule.getThreads(), round = team * size;
  Value own = thread();
  auto times = [&](Value v, int64_t n) -> Value {
    return n == 1 ? v : arith::MulIOp::create(b, loc, v, constant(n)).getResult();
  };
  auto plus = [&](const Idx &i, int64_t n) { return Idx{i.lin + Lin::ofConstant(dimConstant(ctx, n))}; };
  auto n = count(range);
  if (!n) {
    Value from = e.materialize(range.low), to = upper(range);
    Value length = arith::SubIOp::create(b, loc, to, from);
    Value whole = times(arith::DivUIOp::create(b, loc, length, constant(size)), size);
    Value end = arith::AddIOp::create(b, loc, from, whole);
    loop(arith::AddIOp::create(b, loc, from, times(own, size)), end, round, size);
    // What is left are fewer than there are threads.
    if (size > 1) loop(arith::AddIOp::create(b, loc, end, own), to, team, 1);
    return;
  }
  int64_t rounds = *n / round, pieces = *n % round / size, singles = *n % size;
  auto ownAt = [&](Value t, int64_t n) { return range.low.lin + e.variable(times(t, n), n).lin; };
  // The last of a few, where there are not enough for all threads.
  auto some = [&](int64_t first, int64_t few, int64_t size) {
    Value isOwn = isThreadBelow(constant(few));
    Value t = arith::MinUIOp::create(b, loc, own, constant(few - 1));
    piece(plus({ownAt(t, size)}, first), size, isOwn);
  };
  if (rounds * size * places <= kMostDealt) {
    for (int64_t r = 0; r < rounds; ++r)
      piece(plus({ownAt(own, size)}, r * round), size, {});
  } else {
    Value from = e.materialize({ownAt(own, size)});
    loop(from, arith::AddIOp::create(b, loc, e.materialize(range.low), constant(rounds * round)), round,
         size);
  }
  if (pieces) some(rounds * round, pieces, size);
  if (singles) some(*n - singles, singles, 1);
}

/// A loop that the team shares and that is the innermost of its dimension.
void Emitter::threadLoop(LoopAttr l, Leaf leaf) {
  unsigned dim = l.getDim();
  int64_t size = l.getSize();
  Range outer = ranges[dim];
  auto at = [&](const Idx &i, int64_t n) {
    index[dim] = i, ranges[dim] = {i, dimConstant(ctx, 1), {}, {}};
    if (size == 1) { // lanes may be along another dimension
      leaf();
    } else {
      masks.assign(n, {}), lanesOn = true;
      leaf();
      masks.assign(1, {}), lanesOn = false;
    }
    ranges[dim] = outer;
  };
  auto piece = [&](const Idx &i, int64_t n, Value condition) {
    if (!condition) return at(i, n);
    ifTrue(condition, [&] { at(i, n); });
  };
  deal(
      outer, size, rows,
      [&](Value from, Value to, int64_t step, int64_t n) {
        loop(from, to, step, [&](Value i) { at(e.variable(i, n), n); });
      },
      piece);
}

/// Ranges of `l`'s size, which inner loops divide further, one after the other to the threads of the team.
void Emitter::threadPieces(LoopAttr l, Leaf leaf) {
  unsigned dim = l.getDim();
  int64_t size = l.getSize();
  Range outer = ranges[dim];
  Value from = e.materialize(outer.low), to = upper(outer);
  Value own = arith::MulIOp::create(b, loc, thread(), constant(size));
  loop(arith::AddIOp::create(b, loc, from, own), to, size * schedule.getThreads(), [&](Value i) {
    ranges[dim].low = e.variable(i, size), ranges[dim].from = {};
    setRange(ranges[dim], i, domain.dims[dim].extent, size, schedule.getTile(dim), to);
    leaf();
  });
  ranges[dim] = outer;
}

/// The last reduction loop, shared by the team: each of the elements that a thread has side by side has a
/// partial result, and all of them are combined at the end.
SmallVector<Value> Emitter::reduceThreads(LoopAttr l, SmallVector<Value> accumulators) {
  const LoopDim &dim = current->loops[l.getDim()];
  size_t n = accumulators.size();
  int64_t size = l.getSize();
  SmallVector<Value> all = beginChains(accumulators, size);
  auto step = [&](Idx i, int64_t count, Value condition) {
    for (int64_t c = 0; c < count; ++c) {
      for (auto &p : points) {
        p[dim.dims.back()] = i;
        p[dim.dims.back()].lin.constant = i.lin.constant + c;
      }
      auto old = MutableArrayRef(all).slice(c * n, n);
      for (auto [sum, next] : llvm::zip_equal(old, reduceStep(SmallVector<Value>(old))))
        sum = condition ? arith::SelectOp::create(b, loc, condition, next, sum).getResult() : next;
    }
  };
  auto loopOver = [&](Value from, Value to, int64_t round, int64_t count) {
    auto loop = scf::ForOp::create(b, loc, from, to, constant(round), all);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Evaluator::Scope scope(e);
    all.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    step(e.variable(loop.getInductionVar(), count), count, {});
    scf::YieldOp::create(b, loc, all);
    all.assign(loop.getResults().begin(), loop.getResults().end());
  };
  // What does not count is read all the same, so that what several loops read is read once.
  auto piece = [&](const Idx &i, int64_t count, Value condition) {
    Evaluator::Scope scope(e);
    step(i, count, condition);
  };
  deal({e.constant(0), dim.extent, {}, {}}, size, points.size(), loopOver, piece);
  return combineChains(all, n);
}

/// The state at the same place in another thread of the warp.
SmallVector<Value> Emitter::shuffle(ValueRange state, gpu::ShuffleMode mode, int64_t offset) {
  auto number = [&](int64_t n) -> Value { return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(n)); };
  return llvm::map_to_vector(state, [&](Value v) -> Value {
    Value own = vector::ExtractOp::create(b, loc, v, int64_t(0));
    Value other = gpu::ShuffleOp::create(b, loc, own, number(offset), number(kWarp), mode).getShuffleResult();
    return vector::BroadcastOp::create(b, loc, v.getType(), other);
  });
}

/// The states of all threads combined, half by half, so that the order is fixed; all of them have the result.
SmallVector<Value> Emitter::combineThreads(SmallVector<Value> state) {
  auto combineLast = [&](int64_t n) {
    for (int64_t half = n / 2; half >= 1; half /= 2)
      state = combine(state, shuffle(state, gpu::ShuffleMode::DOWN, half));
  };
  combineLast(kWarp);
  if (int64_t warps = schedule.getThreads() / kWarp; warps > 1) {
    // Each warp leaves its result to all others, which combine them in the same order.
    auto space = gpu::AddressSpaceAttr::get(ctx, gpu::AddressSpace::Workgroup);
    auto memory = llvm::map_to_vector(state, [&](Value v) -> Value {
      auto type =
          MemRefType::get({warps}, getElementTypeOrSelf(v.getType()), MemRefLayoutAttrInterface(), space);
      return memref::AllocaOp::create(b, loc, type);
    });
    Value lane = arith::RemUIOp::create(b, loc, thread(), constant(kWarp));
    Value warp = arith::DivUIOp::create(b, loc, thread(), constant(kWarp));
    // In a loop, some may still read what the step before has left.
    if (isInLoop()) gpu::BarrierOp::create(b, loc);
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, constant(0));
    ifTrue(isFirst, [&] {
      for (auto [v, at] : llvm::zip_equal(state, memory))
        memref::StoreOp::create(b, loc, vector::ExtractOp::create(b, loc, v, int64_t(0)), at, warp);
    });
    gpu::BarrierOp::create(b, loc);
    Value other = arith::RemUIOp::create(b, loc, lane, constant(warps));
    for (auto [v, at] : llvm::zip_equal(state, memory))
      v = vector::BroadcastOp::create(b, loc, v.getType(), memref::LoadOp::create(b, loc, at, other));
    combineLast(warps);
  }
  return shuffle(state, gpu::ShuffleMode::IDX, 0);
}

/// Whether what is emitted here runs more than once in a task.
bool Emitter::isInLoop() {
  for (Block *block = b.getInsertionBlock(); block && block != taskBlock;
       block = block->getParentOp()->getBlock())
    if (isa<scf::ForOp>(block->getParentOp())) return true;
  return false;
}
