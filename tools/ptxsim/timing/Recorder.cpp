#include "tools/ptxsim/timing/Recorder.h"
#include "tools/ptxsim/timing/Costs.h"
#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <numeric>

namespace girih::ptx {

void MemoryCounters::add(const MemoryCounters &other) {
  // All members are counters.
  using All = std::array<uint64_t, sizeof(MemoryCounters) / sizeof(uint64_t)>;
  All sum = std::bit_cast<All>(*this), more = std::bit_cast<All>(other);
  for (size_t n = 0; n < sum.size(); ++n)
    sum[n] += more[n];
  *this = std::bit_cast<MemoryCounters>(sum);
}

struct Recorder::OfBlock {
  MemoryCounters counters;
  std::unique_ptr<BlockTrace> trace;
  std::vector<uint64_t> reads, writes; // sectors, with repetitions
  uint32_t completed[16] = {};
  std::unordered_map<uint32_t, uint32_t> asyncArrivals; // by mbarrier
  uint64_t bulkStep = 0;                                // the instruction of the latest bulk copy
  uint32_t bulkWarp = 0;
  std::vector<uint32_t> clusterPhase;    // by thread
  std::vector<uint32_t> clusterArrivals; // by phase
};

static std::vector<uint64_t> sortedSectors(std::vector<uint64_t> &sectors) {
  std::sort(sectors.begin(), sectors.end());
  sectors.erase(std::unique(sectors.begin(), sectors.end()), sectors.end());
  return std::move(sectors);
}

/// Appends, and drops the repetitions before they take much memory.
static void appendSectors(std::vector<uint64_t> &to, const uint64_t *from, size_t count) {
  if (to.size() + count > to.capacity() && to.size() > 1 << 16) {
    to = sortedSectors(to);
    to.reserve(2 * (to.size() + count) + (1 << 17));
  }
  to.insert(to.end(), from, from + count);
}

void Recorder::blockBegins(Block &b) {
  auto *own = new OfBlock;
  b.observerState = own;
  if (!traced.count(b.linear)) return;
  own->trace = std::make_unique<BlockTrace>();
  own->trace->block = b.linear;
  own->trace->warps.resize(b.warpCount);
  own->clusterPhase.resize(size_t(b.warpCount) * warpSize);
}

void Recorder::blockEnds(Block &b) {
  std::unique_ptr<OfBlock> own(static_cast<OfBlock *>(b.observerState));
  b.observerState = nullptr;
  std::vector<Touch> found;
  for (bool write : {false, true}) {
    size_t first = found.size();
    for (uint64_t s : sortedSectors(write ? own->writes : own->reads))
      if (found.size() > first && found.back().end == s)
        ++found.back().end;
      else
        found.push_back({s, s + 1, b.linear, write});
  }
  for (unsigned n = 0; own->trace && n < b.warpCount; ++n)
    settleWaits(*own, n);
  std::lock_guard<std::mutex> guard(lock);
  counters.add(own->counters);
  touches.insert(touches.end(), found.begin(), found.end());
  if (own->trace) traces.push_back(std::move(*own->trace));
  ++blocks;
}

void Recorder::finish() {
  std::sort(traces.begin(), traces.end(), [](const auto &a, const auto &b) { return a.block < b.block; });
  auto key = [](const Touch &t) { return std::tuple(t.begin, t.end, t.block, t.write); };
  std::sort(touches.begin(), touches.end(), [&](const Touch &a, const Touch &b) { return key(a) < key(b); });
}

/// Adds an event to the warp's latest step. Those of one step lie together: nothing else of the block runs
/// meanwhile.
static void addEvent(BlockTrace &trace, const Warp &w, const TraceEvent &event) {
  std::vector<TraceStep> &steps = trace.warps[w.id];
  if (steps.empty()) return;
  TraceStep &step = steps.back();
  if (step.events == 0) step.event = uint32_t(trace.events.size());
  ++step.events;
  trace.events.push_back(event);
}

void Recorder::shared(OfBlock &own, const Warp &w, unsigned wavefronts, unsigned ideal) {
  ++own.counters.sharedRequests, own.counters.sharedWavefronts += wavefronts;
  own.counters.sharedIdeal += ideal;
  if (own.trace) addEvent(*own.trace, w, {TraceEvent::Kind::Shared, false, true, uint16_t(wavefronts), 0, 0});
}

/// What the warp waits for at its latest step, now that it goes on: the arrivals until now at the cluster's
/// barrier. If a barrier of the block is not complete, other lanes go on, who may be those that it lacks; the
/// warp as a whole does not wait for it then.
void Recorder::settleWaits(OfBlock &own, unsigned warp) {
  BlockTrace &trace = *own.trace;
  if (trace.warps[warp].empty()) return;
  const TraceStep &step = trace.warps[warp].back();
  for (uint32_t n = step.event; n < step.event + step.events; ++n) {
    TraceEvent &e = trace.events[n];
    if (e.kind == TraceEvent::Kind::Barrier) e.waits &= own.completed[e.first & 15] != e.count;
    if (e.kind != TraceEvent::Kind::Await || e.first != TraceEvent::clusterKey) continue;
    auto begin = own.clusterArrivals.begin();
    e.count =
        std::accumulate(begin, begin + std::min<ptrdiff_t>(e.count, own.clusterArrivals.end() - begin), 0u);
  }
}

void Recorder::issues(Warp &w, const Inst &i, uint32_t mask) {
  auto &own = *static_cast<OfBlock *>(w.block->observerState);
  if (i.cls == Class::Control && i.source && i.source->opcode == "bra" && i.source->guarded) {
    ++own.counters.branches;
    own.counters.divergentBranches += mask != 0 && mask != w.active;
  }
  if (own.trace) {
    settleWaits(own, w.id);
    own.trace->warps[w.id].push_back({uint32_t(&i - w.launch->code), 0, 0});
  }
  if (i.cls != Class::Mma || !i.source) return;
  // What the descriptors of a wgmma name is free of bank conflicts by design.
  if (unsigned wavefronts = groupProductWavefronts(*i.source)) shared(own, w, wavefronts, wavefronts);
}

/// Passes over the banks: 32 lanes of up to 4 bytes at once, 16 of 8, 8 of 16; in each as many as the bank
/// with the most different words.
static unsigned wavefrontsOf(const Access &a, unsigned &ideal) {
  unsigned bytes = std::max<unsigned>(a.bytes, 4), together = std::max(1u, 128 / bytes), result = 0;
  ideal = 0;
  for (unsigned begin = 0; begin < warpSize; begin += together) {
    uint64_t words[32];
    unsigned count = 0, perBank[32] = {}, most = 0;
    for (unsigned l = begin; l < std::min(begin + together, warpSize); ++l)
      if ((a.mask >> l) & 1)
        for (uint64_t word = a.address[l] / 4; word <= (a.address[l] + a.bytes - 1) / 4 && count < 32; ++word)
          words[count++] = word;
    std::sort(words, words + count);
    unsigned different = unsigned(std::unique(words, words + count) - words);
    for (unsigned n = 0; n < different; ++n)
      most = std::max(most, ++perBank[words[n] % 32]);
    result += most;
    ideal += most != 0;
  }
  return result;
}

/// mbarriers are seen as strong accesses of their instructions, and of the copies that complete on them.
static bool isAsyncBarrier(const Inst &i, const Access &a) {
  return a.space == Space::Shared && a.kind == AccessKind::Atomic &&
         (i.cls == Class::Barrier || i.cls == Class::Async);
}

/// Bulk copies are seen in small parts: those after the first belong to its request. True if this is one.
bool Recorder::extendBulk(OfBlock &own, const Warp &w, const Access &a, const uint64_t *sectors,
                          unsigned count) {
  bool first = own.bulkStep != w.issued || own.bulkWarp != w.id;
  own.bulkStep = w.issued, own.bulkWarp = w.id;
  if (first) return false;
  bool load = a.kind == AccessKind::Load, counts = load || a.kind == AccessKind::Store;
  std::vector<uint64_t> &touched = load ? own.reads : own.writes;
  if (counts) (load ? own.counters.loadBytes : own.counters.storeBytes) += a.bytes;
  for (unsigned n = 0; n < count; ++n) {
    if (!touched.empty() && touched.back() == sectors[n]) continue;
    appendSectors(touched, sectors + n, 1);
    if (counts) ++(load ? own.counters.loadSectors : own.counters.storeSectors);
    if (!own.trace) continue;
    own.trace->sectors.push_back(sectors[n]);
    ++own.trace->events.back().count;
  }
  return true;
}

void Recorder::access(Warp &w, const Inst &i, const Access &a) {
  auto &own = *static_cast<OfBlock *>(w.block->observerState);
  if (isAsyncBarrier(i, a)) {
    if (!own.trace) return;
    bool arrives = a.order.semantics == Semantics::Release;
    if (!arrives && a.order.semantics != Semantics::Acquire) return;
    for (uint32_t m = a.mask; m; m &= m - 1) {
      uint64_t address = a.address[std::countr_zero(m)], rank = address >> sharedRankShift;
      if (rank && rank != w.block->clusterRank + 1) continue; // another block's
      auto key = uint32_t(address & ((1u << sharedRankShift) - 1));
      uint32_t &arrivals = own.asyncArrivals[key];
      arrivals += arrives;
      auto kind = arrives ? TraceEvent::Kind::Arrive : TraceEvent::Kind::Await;
      addEvent(*own.trace, w, {kind, false, true, 0, key, arrivals});
    }
    return;
  }
  const Merge *merge = merges.of(uint32_t(&i - w.launch->code));
  if (!merge) return count(own, w, i, a, a.bytes);
  // One access for all of them, when the one that is issued runs.
  if (&i != w.launch->code + merge->leader()) return;
  uint64_t address[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    address[l] = a.address[l] - uint64_t(int64_t(merge->shift));
  Access merged = a;
  merged.bytes = merge->bytes, merged.address = address;
  count(own, w, i, merged, merge->wanted);
}

/// `wanted`: how many of its bytes a lane asks for.
void Recorder::count(OfBlock &own, Warp &w, const Inst &i, const Access &a, unsigned wanted) {
  MemoryCounters &c = own.counters;
  bool isBulk = i.cls == Class::Async && a.completion;
  bool atomic = a.kind == AccessKind::Atomic || a.kind == AccessKind::Reduction;
  unsigned lanes = unsigned(std::popcount(a.mask));
  if (a.space == Space::Shared) {
    if (isBulk || i.cls == Class::Mma) return; // as fast as the other side, which counts; see issues
    unsigned ideal, wavefronts = wavefrontsOf(a, ideal);
    if (atomic) {
      // Lanes on one word come one after the other.
      uint64_t address[warpSize];
      unsigned count = 0, run = 0, most = 0;
      for (unsigned l = 0; l < warpSize; ++l)
        if ((a.mask >> l) & 1) address[count++] = a.address[l];
      std::sort(address, address + count);
      for (unsigned n = 0; n < count; ++n) {
        run = n && address[n] == address[n - 1] ? run + 1 : 1;
        most = std::max(most, run);
      }
      wavefronts = std::max(wavefronts, most), ++c.sharedAtomics;
    }
    shared(own, w, wavefronts, ideal);
    return;
  }
  if (a.space == Space::Local) {
    ++c.localRequests; // interleaved by lanes, in L1: as fast as shared memory
    if (own.trace)
      addEvent(*own.trace, w,
               {TraceEvent::Kind::Shared, false, true, uint16_t(std::max(1, a.bytes / 4)), 0, 0});
    return;
  }
  uint64_t sectors[warpSize * 5];
  unsigned count = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    if ((a.mask >> l) & 1)
      for (uint64_t s = a.address[l] / sectorBytes; s <= (a.address[l] + a.bytes - 1) / sectorBytes; ++s)
        if (count == 0 || sectors[count - 1] != s) sectors[count++] = s;
  std::sort(sectors, sectors + count);
  count = unsigned(std::unique(sectors, sectors + count) - sectors);
  if (isBulk && extendBulk(own, w, a, sectors, count)) return;
  uint64_t bytes = uint64_t(lanes) * wanted;
  TraceEvent event;
  if (atomic) {
    event.kind = TraceEvent::Kind::Atomic;
    ++c.atomicRequests, c.atomicLanes += lanes;
    appendSectors(own.writes, sectors, count);
    appendSectors(own.reads, sectors, count);
  } else if (a.kind == AccessKind::Store) {
    event.kind = TraceEvent::Kind::Store;
    ++c.storeRequests, c.storeSectors += count, c.storeBytes += bytes;
    appendSectors(own.writes, sectors, count);
  } else {
    bool async = a.kind == AccessKind::AsyncRead, bypass = false;
    for (std::string_view m : i.source->modifiers)
      bypass |= m == "cg" || m == "cs" || m == "cv" || m == "volatile" || m == "relaxed" || m == "acquire";
    event.cached = !bypass;
    ++c.loadRequests, c.loadSectors += count, c.loadBytes += bytes;
    if (async) ++c.asyncRequests, c.asyncSectors += count;
    appendSectors(own.reads, sectors, count);
  }
  if (!own.trace) return;
  event.first = uint32_t(own.trace->sectors.size()), event.count = count;
  own.trace->sectors.insert(own.trace->sectors.end(), sectors, sectors + count);
  addEvent(*own.trace, w, event);
}

void Recorder::barrierArrives(Warp &w, const Inst &, uint32_t, unsigned id, bool waits) {
  auto &own = *static_cast<OfBlock *>(w.block->observerState);
  ++own.counters.barrierWaits;
  if (!own.trace) return;
  uint32_t times = own.completed[id & 15];
  ++own.trace->arrivals[{id, times}];
  addEvent(*own.trace, w, {TraceEvent::Kind::Barrier, false, waits, 0, id, times});
}

void Recorder::barrierCompletes(Block &b, unsigned id) {
  auto &own = *static_cast<OfBlock *>(b.observerState);
  ++own.completed[id & 15];
  ++own.counters.barriers;
}

/// Lanes that diverged arrive in several steps: the phase is counted by thread.
void Recorder::clusterArrives(Warp &w, const Inst &, uint32_t lanes) {
  auto &own = *static_cast<OfBlock *>(w.block->observerState);
  if (!own.trace || !lanes) return;
  uint32_t phase = own.clusterPhase[w.id * warpSize + unsigned(std::countr_zero(lanes))];
  for (uint32_t m = lanes; m; m &= m - 1)
    ++own.clusterPhase[w.id * warpSize + unsigned(std::countr_zero(m))];
  own.clusterArrivals.resize(std::max<size_t>(own.clusterArrivals.size(), phase + 1));
  ++own.clusterArrivals[phase];
  addEvent(*own.trace, w, {TraceEvent::Kind::Arrive, false, true, 0, TraceEvent::clusterKey, 0});
}

void Recorder::clusterWaits(Warp &w, const Inst &, uint32_t lanes) {
  auto &own = *static_cast<OfBlock *>(w.block->observerState);
  if (!own.trace || !lanes) return;
  uint32_t phase = own.clusterPhase[w.id * warpSize + unsigned(std::countr_zero(lanes))];
  addEvent(*own.trace, w, {TraceEvent::Kind::Await, false, true, 0, TraceEvent::clusterKey, phase});
}

void Recorder::warpSyncs(Warp &w, const Inst &i, uint32_t) {
  if (i.cls == Class::Barrier) ++static_cast<OfBlock *>(w.block->observerState)->counters.warpSyncs;
}

void Recorder::fence(Warp &w, const Inst &, uint32_t, FenceKind) {
  ++static_cast<OfBlock *>(w.block->observerState)->counters.fences;
}

} // namespace girih::ptx
