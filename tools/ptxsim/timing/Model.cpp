#include "tools/ptxsim/timing/Model.h"
#include "tools/ptxsim/timing/Caches.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace girih::ptx {

namespace {

using Time = double;
constexpr Time never = INFINITY;
constexpr uint32_t nobody = ~0u;

/// An instruction that waits to be issued.
struct Slot {
  uint32_t step = 0;
  Time ready = never; // unknown while a producer has not been issued
  std::vector<uint32_t> producers;
};

struct RunningBlock;

struct RunningWarp {
  const std::vector<TraceStep> *steps = nullptr;
  RunningBlock *block = nullptr;
  uint32_t next = 0;
  bool closed = false; // the last in the window must be issued before more come in
  std::vector<Slot> window;
  std::vector<Time> done;       // by step
  std::vector<uint32_t> writer; // step that last wrote a register
  Time tryAt = 0;               // before that nothing can be issued
  struct Groups {
    std::vector<Time> committed; // when each will be there
    Time open = 0;
  } groups[Cost::Queues];
};

struct RunningBlock {
  const BlockTrace *trace = nullptr;
  uint32_t running = 0;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> arrived;
  std::map<std::pair<uint32_t, uint32_t>, std::vector<RunningWarp *>> waiting;
  // Of mbarriers and the cluster's barrier: when each arrival comes, in order; who waits for one.
  std::unordered_map<uint32_t, std::vector<Time>> asyncArrivals;
  std::vector<RunningWarp *> asyncWaiting;
};

class Sm {
public:
  Sm(const Program &program, const ProgramCosts &costs, const Footprint &footprint, const Gpu &gpu,
     double sharers, unsigned l1Bytes)
      : program(program), costs(costs), gpu(gpu), memory(gpu, footprint, sharers, l1Bytes) {}

  /// Runs blocks in this order, so many at once; the time when each was done. If it gets stuck, there is a
  /// report.
  std::vector<Time> run(const std::vector<const BlockTrace *> &order, unsigned resident);
  std::optional<Report> stuck() const;
  void utilisation(TimeEstimate &out, Time time) const;

private:
  const Program &program;
  const ProgramCosts &costs;
  const Gpu &gpu;
  SmMemory memory;
  std::vector<RunningWarp *> warps[Gpu::schedulers];
  Time schedulerFree[Gpu::schedulers] = {}, pipeFree[Gpu::schedulers][pipeCount] = {};
  double slotsIssued = 0, pipeTaken[pipeCount] = {};
  unsigned nextScheduler = 0;
  std::vector<std::unique_ptr<RunningBlock>> blocks;
  std::vector<std::unique_ptr<RunningWarp>> pool;

  const Cost &costOf(const RunningWarp &w, uint32_t step) const { return costs.code[(*w.steps)[step].inst]; }
  void begin(const BlockTrace &trace, Time t);
  void fill(RunningWarp &w);
  bool tryIssue(unsigned scheduler, RunningWarp &w, Time t);
  void issue(unsigned scheduler, RunningWarp &w, uint32_t step, Time t);
  Time memoryDone(RunningWarp &w, const TraceStep &step, Time t);
  Time awaited(RunningWarp &w, const TraceStep &step);
  void arrive(RunningWarp &w, const TraceStep &step, Time t);
  void barrier(RunningWarp &w, const TraceStep &step, Time t);
};

void Sm::begin(const BlockTrace &trace, Time t) {
  RunningBlock *b = blocks.emplace_back(std::make_unique<RunningBlock>()).get();
  b->trace = &trace;
  for (const auto &steps : trace.warps) {
    if (steps.empty()) continue;
    RunningWarp *w = pool.emplace_back(std::make_unique<RunningWarp>()).get();
    w->steps = &steps, w->block = b, w->tryAt = t;
    w->done.assign(steps.size(), never);
    w->writer.assign(costs.registers, nobody);
    fill(*w);
    warps[nextScheduler++ % Gpu::schedulers].push_back(w);
    ++b->running;
  }
}

/// Takes instructions into the window: what ptxas is taken to have interleaved. It ends at a branch, a
/// barrier or a wait.
void Sm::fill(RunningWarp &w) {
  while (!w.closed && w.window.size() < gpu.window && w.next < w.steps->size()) {
    const Cost &c = costOf(w, w.next);
    Slot slot;
    slot.step = w.next;
    for (uint32_t r : c.reads)
      if (w.writer[r] != nobody) slot.producers.push_back(w.writer[r]);
    for (uint32_t r : c.writes)
      w.writer[r] = w.next;
    w.closed = c.closes;
    w.window.push_back(std::move(slot));
    ++w.next;
  }
}

/// Issues an instruction of the warp, or says when to try again.
bool Sm::tryIssue(unsigned scheduler, RunningWarp &w, Time t) {
  for (bool again = true; again;) {
    again = false;
    Time earliest = never;
    for (size_t n = 0; n < w.window.size(); ++n) {
      Slot &s = w.window[n];
      const Cost &c = costOf(w, s.step);
      if (s.ready == never) {
        Time ready = 0;
        for (uint32_t p : s.producers)
          ready = std::max(ready, w.done[p]);
        s.ready = ready;
        if (ready == never) continue;
      }
      if (c.slots == 0) { // only a name for what it reads
        w.done[s.step] = s.ready;
        w.window.erase(w.window.begin() + ptrdiff_t(n));
        fill(w);
        again = true;
        break;
      }
      if (c.closes && n != 0) break;
      Time at = std::max(s.ready, pipeFree[scheduler][unsigned(c.pipe)]);
      if (c.pipe == Pipe::Memory) at = std::max(at, memory.accepts());
      if (c.kind == Cost::Kind::AsyncWait) {
        const Inst &inst = program.code[(*w.steps)[s.step].inst];
        bool all = inst.source->modifiers.back() == "wait_all";
        size_t pending = all ? 0 : inst.op[0];
        const RunningWarp::Groups &groups = w.groups[c.queue];
        if (all) at = std::max(at, groups.open);
        for (size_t g = 0; g + pending < groups.committed.size(); ++g)
          at = std::max(at, groups.committed[g]);
      }
      if (c.kind == Cost::Kind::AsyncBarrier) at = std::max(at, awaited(w, (*w.steps)[s.step]));
      if (at <= t) {
        uint32_t step = s.step;
        w.window.erase(w.window.begin() + ptrdiff_t(n));
        issue(scheduler, w, step, t);
        return true;
      }
      earliest = std::min(earliest, at);
    }
    w.tryAt = earliest;
  }
  return false;
}

/// When what a step awaits has arrived; `never`, as long as not all of it is under way: an arrival wakes the
/// warp.
Time Sm::awaited(RunningWarp &w, const TraceStep &step) {
  RunningBlock &b = *w.block;
  Time result = 0;
  for (unsigned n = 0; n < step.events; ++n) {
    const TraceEvent &e = b.trace->events[step.event + n];
    if (e.kind != TraceEvent::Kind::Await || e.count == 0) continue;
    const std::vector<Time> &arrivals = b.asyncArrivals[e.first];
    if (arrivals.size() < e.count) {
      b.asyncWaiting.push_back(&w);
      return never;
    }
    result = std::max(result, arrivals[e.count - 1]);
  }
  return result;
}

/// The arrivals of a step, which come at `t`.
void Sm::arrive(RunningWarp &w, const TraceStep &step, Time t) {
  RunningBlock &b = *w.block;
  for (unsigned n = 0; n < step.events; ++n) {
    const TraceEvent &e = b.trace->events[step.event + n];
    if (e.kind != TraceEvent::Kind::Arrive) continue;
    Time at = t + (e.first == TraceEvent::clusterKey ? gpu.latency.cluster : 0);
    std::vector<Time> &arrivals = b.asyncArrivals[e.first];
    arrivals.insert(std::upper_bound(arrivals.begin(), arrivals.end(), at), at);
    for (RunningWarp *other : b.asyncWaiting)
      other->tryAt = 0;
    b.asyncWaiting.clear();
  }
}

Time Sm::memoryDone(RunningWarp &w, const TraceStep &step, Time t) {
  const BlockTrace &trace = *w.block->trace;
  Time done = t;
  for (unsigned n = 0; n < step.events; ++n) {
    const TraceEvent &e = trace.events[step.event + n];
    if (e.kind >= TraceEvent::Kind::Barrier) continue; // no access
    done = std::max(done, memory.access(e, trace.sectors.data() + e.first, trace.block, t));
  }
  return done;
}

void Sm::barrier(RunningWarp &w, const TraceStep &step, Time t) {
  if (step.events == 0) return; // nothing to wait for: all of its lanes were predicated off
  const TraceEvent &e = w.block->trace->events[step.event];
  if (e.kind != TraceEvent::Kind::Barrier) return;
  std::pair<uint32_t, uint32_t> key{e.first, e.count};
  uint32_t arrived = ++w.block->arrived[key], expected = w.block->trace->arrivals.at(key);
  if (arrived < expected) {
    if (!e.waits) return;
    w.block->waiting[key].push_back(&w);
    w.tryAt = never;
    return;
  }
  Time after = t + gpu.latency.barrier;
  if (e.waits) w.tryAt = after;
  for (RunningWarp *other : w.block->waiting[key])
    other->tryAt = after;
}

void Sm::issue(unsigned scheduler, RunningWarp &w, uint32_t at, Time t) {
  const TraceStep &step = (*w.steps)[at];
  const Cost &c = costs.code[step.inst];
  schedulerFree[scheduler] = t + c.slots;
  slotsIssued += c.slots;
  pipeFree[scheduler][unsigned(c.pipe)] = c.pipe == Pipe::None ? 0 : t + c.interval;
  pipeTaken[unsigned(c.pipe)] += c.interval;
  w.tryAt = t + 1;
  Time done = t + c.latency;
  switch (c.kind) {
  case Cost::Kind::Plain:
    break;
  case Cost::Kind::Memory:
    done = std::max(done, memoryDone(w, step, t));
    break;
  case Cost::Kind::AsyncCopy:
    done = memoryDone(w, step, t);
    w.groups[c.queue].open = std::max(w.groups[c.queue].open, done);
    arrive(w, step, done); // bulk copies complete on mbarriers
    done = t + c.latency;
    break;
  case Cost::Kind::GroupProduct: {
    Time &open = w.groups[c.queue].open;
    open = std::max({open, done + gpu.mmaLatencyFixed, memoryDone(w, step, t)});
    break;
  }
  case Cost::Kind::AsyncCommit:
    w.groups[c.queue].committed.push_back(std::exchange(w.groups[c.queue].open, 0));
    break;
  case Cost::Kind::AsyncWait:
    break;
  case Cost::Kind::AsyncBarrier: {
    // cp.async.mbarrier.arrive arrives when the copies before it have come.
    Time copied = 0;
    if (program.code[step.inst].cls == Class::Async) {
      copied = w.groups[Cost::Copies].open;
      for (Time group : w.groups[Cost::Copies].committed)
        copied = std::max(copied, group);
    }
    arrive(w, step, std::max(t, copied));
    break;
  }
  case Cost::Kind::Barrier:
    barrier(w, step, t);
    break;
  case Cost::Kind::Branch:
    w.tryAt = t + c.latency;
    break;
  }
  w.done[at] = done;
  if (c.closes) w.closed = false;
  fill(w);
  if (w.window.empty() && w.next == w.steps->size()) --w.block->running;
}

std::vector<Time> Sm::run(const std::vector<const BlockTrace *> &order, unsigned resident) {
  std::vector<Time> finished;
  size_t nextBlock = 0;
  Time t = 0;
  while (nextBlock < order.size() && nextBlock < resident)
    begin(*order[nextBlock++], t);
  while (!blocks.empty()) {
    Time next = never;
    bool ended = false;
    for (unsigned s = 0; s < Gpu::schedulers; ++s) {
      if (schedulerFree[s] > t) {
        next = std::min(next, schedulerFree[s]);
        continue;
      }
      std::vector<RunningWarp *> &list = warps[s];
      for (size_t n = 0; n < list.size(); ++n) {
        RunningWarp &w = *list[n];
        if (w.tryAt <= t && tryIssue(s, w, t)) {
          next = std::min(next, schedulerFree[s]);
          // The one that issued goes on first; the others stay in the order of their age.
          if (w.window.empty() && w.next == w.steps->size())
            list.erase(list.begin() + ptrdiff_t(n));
          else
            std::rotate(list.begin(), list.begin() + ptrdiff_t(n), list.begin() + ptrdiff_t(n) + 1);
          ended |= w.block->running == 0;
          break;
        }
        // A warp of which only names are left is done too.
        if (w.window.empty() && w.next == w.steps->size()) {
          --w.block->running;
          ended |= w.block->running == 0;
          list.erase(list.begin() + ptrdiff_t(n--));
          continue;
        }
        next = std::min(next, w.tryAt);
      }
    }
    if (ended) {
      size_t before = blocks.size();
      std::erase_if(pool, [](const auto &w) { return w->block->running == 0; });
      std::erase_if(blocks, [](const auto &b) { return b->running == 0; });
      for (size_t n = blocks.size(); n < before; ++n) {
        finished.push_back(t);
        if (nextBlock < order.size()) begin(*order[nextBlock++], t + 1);
      }
      next = std::min(next, t + 1);
    }
    if (next == never) break; // stuck
    t = std::max(t + 1, next);
  }
  if (finished.empty()) finished.push_back(t);
  finished.back() = std::max(finished.back(), memory.drained());
  return finished;
}

std::optional<Report> Sm::stuck() const {
  if (blocks.empty()) return std::nullopt;
  Report report;
  report.kind = "time model";
  report.message =
      "the launch went well, but its time is not known: warps of the model wait here for ever. This "
      "is a fault of the simulator's";
  for (const auto &list : warps)
    for (const RunningWarp *w : list) {
      // Behind a barrier of the block wait the next instructions; others wait in the window themselves.
      uint32_t step = w->window.empty() ? w->next - 1 : w->window.front().step;
      if (step > 0 && costOf(*w, step).kind != Cost::Kind::AsyncBarrier) --step;
      report.instruction = program.code[(*w->steps)[step].inst].source;
      if (report.instruction) return report;
    }
  return report;
}

void Sm::utilisation(TimeEstimate &out, Time time) const {
  time = std::max(time, 1.0);
  out.issueBusy = slotsIssued / Gpu::schedulers / time;
  for (unsigned p = 1; p < pipeCount; ++p)
    out.pipeBusy[p] = pipeTaken[p] / Gpu::schedulers / time;
  memory.utilisation(out.l1Busy, out.l2Busy, out.dramBusy, time);
}

} // namespace

uint64_t blocksOfSm(uint64_t gridBlocks, const Gpu &gpu) {
  return (gridBlocks + gpu.sms - 1) / gpu.sms;
}

TimeEstimate estimateTime(const Program &program, const ProgramCosts &costs,
                          const std::vector<BlockTrace> &traces, const Footprint &footprint,
                          const Occupancy &occupancy, uint64_t gridBlocks, const Gpu &gpu) {
  TimeEstimate result;
  result.launchCycles = gpu.launchCycles;
  result.blocksPerSm = std::max(1u, occupancy.blocks);
  result.activeSms = unsigned(std::min<uint64_t>(gpu.sms, gridBlocks));
  result.waves = double(gridBlocks) / (double(gpu.sms) * result.blocksPerSm);
  result.blocksOfSm = blocksOfSm(gridBlocks, gpu);
  if (traces.empty()) return result;

  // Neighbours in the grid go to different SMs: the SM's blocks are taken from all over it.
  size_t stride = std::max<size_t>(1, size_t(double(traces.size()) * 0.618));
  while (std::gcd(stride, traces.size()) != 1)
    ++stride;
  std::vector<const BlockTrace *> order;
  uint64_t count = std::min(result.blocksOfSm, mostReplayed);
  for (uint64_t n = 0; n < count; ++n)
    order.push_back(&traces[size_t(n * stride % traces.size())]);
  result.replayedBlocks = count;

  unsigned shared = result.blocksPerSm * (occupancy.sharedBytes + gpu.sharedReserved);
  // This SM has its share rounded up; most have less to move.
  double sharers = double(gridBlocks) / double(result.blocksOfSm);
  Sm sm(program, costs, footprint, gpu, sharers, gpu.l1Bytes - std::min(gpu.l1Bytes, shared));
  std::vector<Time> finished = sm.run(order, result.blocksPerSm);
  if ((result.stuck = sm.stuck())) return result;
  Time time = finished.back();
  sm.utilisation(result, time);
  if (result.blocksOfSm > count) { // the pace of the second half goes on
    size_t half = finished.size() / 2;
    Time pace = (finished.back() - finished[half]) / double(std::max<size_t>(1, finished.size() - 1 - half));
    time += pace * double(result.blocksOfSm - count);
  }
  result.cycles = time + result.launchCycles;

  std::vector<std::pair<double, std::string>> busy = {{result.issueBusy, "issue slots"},
                                                      {result.l1Busy, "L1 and shared memory"},
                                                      {result.l2Busy, "L2 bandwidth"},
                                                      {result.dramBusy, "DRAM bandwidth"}};
  for (unsigned p = 1; p < pipeCount; ++p)
    busy.push_back({result.pipeBusy[p], std::string(pipeName(Pipe(p))) + " pipe"});
  auto most = std::max_element(busy.begin(), busy.end());
  result.limit = most->first > 0.6 ? most->second : "latency";
  return result;
}

} // namespace girih::ptx
