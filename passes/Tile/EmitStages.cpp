// Values that are stored between loops: which part of one is computed where, and what its memory holds
// beside.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Tile/EmitterState.h"

using namespace mlir;
using namespace girih;

/// Computes what is stored inside of the first `level` loops.
void Emitter::computeStages(int64_t level) {
  for (auto [i, value] : llvm::enumerate(schedule.getStored())) {
    if (value.getAt() != level) continue;
    // A team's threads read what others store. Before, they may still read what was there.
    bool isTeam = schedule.getThreads() > 1;
    if (isTeam && (i > 0 || isInLoop())) gpu::BarrierOp::create(b, loc);
    computeStage(i);
    if (isTeam) gpu::BarrierOp::create(b, loc);
  }
}

void Emitter::computeStage(unsigned i) {
  const Domain &stage = domain.stages[i];
  Emitter emitter(e, stage, schedule.getStored()[i].getSchedule());
  emitter.taskBlock = taskBlock;
  Evaluator::Scope scope(e);
  auto sliding = getSliding(domain, schedule, i);
  if (sliding) moveOverlap(i, *sliding);
  Value origin = constant(0);
  SmallVector<Lin, 0> first;
  for (unsigned d = 0; d < stage.dims.size(); ++d) {
    Range &range = emitter.ranges[d];
    auto window = getWindow(domain, i, d);
    bool isWhole = !getStageStep(domain, schedule, i, d);
    int64_t before = stage.border ? stage.border->before[d] : 0,
            after = stage.border ? stage.border->after[d] : 0;
    Value low; // where memory begins
    if (isWhole) {
      low = constant(-before);
      if (before) fillBorder(i, d, constant(0), constant(before));
      if (after) {
        Value end = e.size(dimSimplify(stage.dims[d].extent + before));
        fillBorder(i, d, end, arith::AddIOp::create(b, loc, end, constant(after)));
      }
    } else if (auto reduced = getReducedLoop(domain, i, d); reduced || window->isOne()) {
      range = reduced ? blocks[*reduced] : ranges[window->source];
      low = e.materialize(range.low);
    } else {
      const Range &source = ranges[window->source];
      low = e.materialize({source.low.lin * dimConstant(ctx, window->scale) +
                           Lin::ofConstant(dimConstant(ctx, window->low))});
      Value steps = arith::SubIOp::create(b, loc, upper(source), e.materialize(source.low));
      Value extent = arith::MulIOp::create(b, loc, steps, constant(window->scale));
      extent = arith::AddIOp::create(b, loc, extent, constant(window->getOverlap()));
      Value begin = low, end = arith::AddIOp::create(b, loc, low, extent);
      if (before) begin = arith::MaxSIOp::create(b, loc, low, constant(0));
      if (after) end = arith::MinSIOp::create(b, loc, end, e.size(stage.dims[d].extent));
      if (before) fillBorder(i, d, constant(0), arith::SubIOp::create(b, loc, begin, low));
      if (after) fillBorder(i, d, arith::SubIOp::create(b, loc, end, low), extent);
      if (sliding == d && source.from) {
        // What is beyond the overlap with the step before is new.
        Value next = arith::AddIOp::create(b, loc, low, constant(window->getOverlap()));
        next = arith::MaxSIOp::create(b, loc, next, begin);
        Value isFirst =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, e.materialize(source.low), source.from);
        begin = arith::SelectOp::create(b, loc, isFirst, begin, next);
      }
      range = {e.variable(begin), dimConstant(ctx, *getStageStep(domain, schedule, i, d)), end, {}};
    }
    if (memory[i].layout)
      first.push_back(isWhole ? e.constant(0).lin : range.low.lin);
    else
      origin = arith::AddIOp::create(b, loc, origin,
                                     arith::MulIOp::create(b, loc, low, e.size(memory[i].strides[d])));
  }
  StoredValue &value = e.stored[stage.last];
  value = {&stage, {buffer(i), getStageType(stage), memory[i].extents, memory[i].strides, memory[i].layout}};
  if (memory[i].layout) {
    value.first = std::move(first);
  } else {
    value.view.strides.push_back(dimConstant(ctx, -1));
    value.origin = e.variable(origin).lin.terms[0].first;
  }
  (void)emitter.emit({});
}

/// Runs of `length` elements in memory, one for all that is inside of the loop `along`: vectors, then single
/// ones.
void Emitter::forRuns(unsigned i, unsigned along, Value length,
                      llvm::function_ref<void(Value at, bool isVector)> body) {
  const StageMemory &m = memory[i];
  SmallVector<unsigned> around = getMemoryOrder(domain.stages[i]);
  around.truncate(llvm::find(around, along) - around.begin());
  std::function<void(ArrayRef<unsigned>, Value)> runs = [&](ArrayRef<unsigned> dims, Value at) {
    if (!dims.empty())
      return (void)loop(constant(0), e.size(m.extents[dims[0]]), 1, [&](Value n) {
        Value offset = arith::MulIOp::create(b, loc, n, e.size(m.strides[dims[0]]));
        runs(dims.drop_front(), arith::AddIOp::create(b, loc, at, offset));
      });
    Value whole = arith::DivUIOp::create(b, loc, length, constant(e.width));
    whole = arith::MulIOp::create(b, loc, whole, constant(e.width));
    loop(constant(0), whole, e.width, [&](Value n) { body(arith::AddIOp::create(b, loc, at, n), true); });
    loop(whole, length, 1, [&](Value n) { body(arith::AddIOp::create(b, loc, at, n), false); });
  };
  runs(around, constant(0));
}

/// Fills a part of the loop `along`, counted from where memory begins, with what pads put around a value.
void Emitter::fillBorder(unsigned i, unsigned along, Value from, Value to) {
  Value stride = e.size(memory[i].strides[along]), flat = e.memory[buffer(i)];
  Value offset = arith::MulIOp::create(b, loc, from, stride);
  Value length = arith::MulIOp::create(b, loc, arith::SubIOp::create(b, loc, to, from), stride);
  Value fill = arith::ConstantOp::create(b, loc, domain.stages[i].border->fill);
  Value fills = vector::BroadcastOp::create(b, loc, e.vectorType(fill.getType()), fill);
  forRuns(i, along, length, [&](Value at, bool isVector) {
    at = arith::AddIOp::create(b, loc, at, offset);
    if (isVector)
      vector::StoreOp::create(b, loc, fills, flat, at);
    else
      memref::StoreOp::create(b, loc, fill, flat, at);
  });
}

/// Moves what the step before has computed of this one to where it is looked for.
void Emitter::moveOverlap(unsigned i, unsigned along) {
  auto window = getWindow(domain, i, along);
  const Range &range = ranges[window->source];
  if (!range.from) return; // there is one step
  ifBelow(range.from, e.materialize(range.low), [&] {
    Value stride = e.size(memory[i].strides[along]), flat = e.memory[buffer(i)];
    int64_t step = *schedule.getStep(window->source, schedule.getStored()[i].getAt());
    Value offset = arith::MulIOp::create(b, loc, constant(window->scale * step), stride);
    Value length = arith::MulIOp::create(b, loc, constant(window->getOverlap()), stride);
    Type type = getStageType(domain.stages[i]);
    forRuns(i, along, length, [&](Value to, bool isVector) {
      Value from = arith::AddIOp::create(b, loc, to, offset);
      if (isVector)
        vector::StoreOp::create(b, loc, vector::LoadOp::create(b, loc, e.vectorType(type), flat, from), flat,
                                to);
      else
        memref::StoreOp::create(b, loc, memref::LoadOp::create(b, loc, flat, from), flat, to);
    });
  });
}
