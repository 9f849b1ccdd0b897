#include "tools/ptxsim/exec/Scheduler.h"
#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace girih::ptx {

static uint64_t alignTo(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

Worker::~Worker() {
  for (auto &list : freeFrames)
    for (char *frame : list)
      free(frame);
  for (char *m : freeMemory)
    munmap(m, memoryBytes);
}

//===-- Blocks ------------------------------------------------------------------===//

Scheduler::Scheduler(const Program &program, const LaunchState &launch, Worker &worker, uint64_t cluster)
    : program(program), launch(launch), worker(worker) {
  uint32_t blockCount = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  uint32_t threads = launch.block[0] * launch.block[1] * launch.block[2],
           perBlock = (threads + warpSize - 1) / warpSize;
  blocks.resize(blockCount), blockStates.resize(blockCount);
  warps.resize(size_t(blockCount) * perBlock), splits.resize(warps.size());
  size_t shared = alignTo(launch.sharedBytes, 64),
         local = alignTo(uint64_t(perBlock) * warpSize * launch.localBytes, 64);
  memoryBytes = std::max<size_t>(64, (shared + local) * blockCount);
  if (!takeMemory()) {
    worker.launcher->report({"fault", "no host memory for the shared and local memory of a block"});
    failure = true;
    return;
  }
  for (uint32_t n = 0; n < blockCount; ++n) {
    Block &b = blocks[n];
    b.threads = threads, b.warpCount = perBlock;
    b.shared = memory + n * (shared + local), b.sharedBytes = launch.sharedBytes;
    b.local = b.shared + shared;
    b.warps = warps.data() + size_t(n) * perBlock;
    b.cluster = blocks.data(), b.clusterCount = blockCount, b.clusterRank = n;
    b.scheduler = this, b.observerState = b.checkerState = nullptr;
    setUpBlock(n, cluster);
  }
  liveWarps = uint32_t(warps.size());
  clusterLive = threads * blockCount;
  for (Block &b : blocks)
    if (launch.observer) launch.observer->blockBegins(b);
}

/// Zeros, all of a launch's clusters being of one size. Pages are taken when they are touched.
bool Scheduler::takeMemory() {
  constexpr size_t few = 1 << 18;
  worker.memoryBytes = memoryBytes;
  if (!worker.freeMemory.empty()) {
    memory = worker.freeMemory.back();
    worker.freeMemory.pop_back();
    if (memoryBytes <= few)
      memset(memory, 0, memoryBytes);
    else
      madvise(memory, memoryBytes, MADV_DONTNEED);
    return true;
  }
  void *taken =
      mmap(nullptr, memoryBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (taken == MAP_FAILED) return false;
  memory = static_cast<char *>(taken);
  return true;
}

void Scheduler::setUpBlock(uint32_t index, uint64_t cluster) {
  Block &b = blocks[index];
  const uint32_t *size = launch.cluster;
  uint32_t clusters[3] = {launch.grid[0] / size[0], launch.grid[1] / size[1], launch.grid[2] / size[2]};
  uint64_t at[3] = {cluster % clusters[0], cluster / clusters[0] % clusters[1],
                    cluster / clusters[0] / clusters[1]};
  uint32_t within[3] = {index % size[0], index / size[0] % size[1], index / size[0] / size[1]};
  for (unsigned d = 0; d < 3; ++d)
    b.clusterId[d] = within[d], b.id[d] = uint32_t(at[d]) * size[d] + within[d];
  b.linear = b.id[0] + uint64_t(launch.grid[0]) * (b.id[1] + uint64_t(launch.grid[1]) * b.id[2]);
  BlockState &state = blockStates[index];
  state.liveThreads = b.threads;
  state.arrivedLanes.assign(16 * size_t(b.warpCount), 0);
  const CodeFunction &kernel = program.functions[0];
  for (uint32_t n = 0; n < b.warpCount; ++n) {
    Warp &w = b.warps[n];
    w = Warp();
    w.block = &b, w.launch = &launch, w.worker = &worker, w.ranges = worker.ranges.data();
    w.id = n, w.index = uint32_t(&w - warps.data());
    uint32_t first = n * warpSize, count = std::min(b.threads - first, warpSize);
    w.valid = w.live = count == warpSize ? allLanes : (1u << count) - 1;
    for (uint32_t l = 0; l < warpSize; ++l) {
      uint32_t thread = first + l;
      w.tid[0][l] = thread % launch.block[0];
      w.tid[1][l] = thread / launch.block[0] % launch.block[1];
      w.tid[2][l] = thread / launch.block[0] / launch.block[1];
    }
    w.base[1] = program.constants;
    Frame *frame = newFrame(kernel, nullptr, w.valid);
    addSplit(w, program.code.data() + kernel.begin, frame, w.valid, noEntry);
  }
}

Scheduler::~Scheduler() {
  for (Block &b : blocks)
    if (launch.observer) launch.observer->blockEnds(b);
  for (WarpSplits &s : splits) { // only after a failure is anything left
    std::vector<Frame *> frames;
    auto add = [&](Frame *f) {
      for (; f && std::find(frames.begin(), frames.end(), f) == frames.end(); f = f->caller)
        frames.push_back(f);
    };
    for (Split &split : s.splits)
      add(split.frame);
    for (Entry &entry : s.entries)
      if (entry.pending) add(entry.frame);
    for (Frame *f : frames)
      freeFrame(f);
  }
  if (memory) worker.freeMemory.push_back(memory);
}

Frame *Scheduler::newFrame(const CodeFunction &function, Frame *caller, uint32_t lanes) {
  auto &list = worker.freeFrames[size_t(&function - program.functions.data())];
  size_t bytes = std::max<uint32_t>(function.frameBytes, 64);
  char *registers;
  if (list.empty()) {
    registers = static_cast<char *>(aligned_alloc(64, bytes));
  } else {
    registers = list.back();
    list.pop_back();
  }
  memset(registers, 0, bytes); // what no instruction has written is zero
  Frame *f = new Frame;
  f->registers = registers, f->function = &function, f->caller = caller, f->lanes = lanes;
  if (caller) f->localBase = caller->localBase + caller->function->localBytes, f->depth = caller->depth + 1;
  return f;
}

void Scheduler::freeFrame(Frame *f) {
  worker.freeFrames[size_t(f->function - program.functions.data())].push_back(f->registers);
  delete f;
}

void Scheduler::leaveFrame(Frame *f, uint32_t lanes) {
  f->lanes &= ~lanes;
  if (!f->lanes) freeFrame(f);
}

//===-- Splits and entries --------------------------------------------------------===//

Scheduler::Split &Scheduler::addSplit(Warp &w, const Inst *pc, Frame *frame, uint32_t lanes, uint32_t entry) {
  Split s{};
  s.pc = pc, s.frame = frame, s.lanes = lanes, s.entry = entry, s.since = w.issued;
  return splitsOf(w).splits.emplace_back(s);
}

/// The running split stays where it is in the list: only others move.
void Scheduler::removeSplit(Warp &w, size_t index) {
  WarpSplits &s = splitsOf(w);
  if (s.running == s.splits.size() - 1) s.running = index;
  s.splits[index] = s.splits.back();
  s.splits.pop_back();
}

void Scheduler::resume(Warp &w, size_t index) {
  WarpSplits &s = splitsOf(w);
  Split &split = s.splits[index];
  s.running = index, s.resumedLanes = split.lanes, s.resumedChanges = w.changes;
  w.pc = split.pc, w.active = split.lanes, w.entry = split.entry, w.frame = split.frame;
  w.base[0] = split.frame->registers, w.localBase = split.frame->localBase;
}

void Scheduler::save(Warp &w) {
  Split &split = splitsOf(w).splits[splitsOf(w).running];
  split.pc = w.pc, split.lanes = w.active, split.entry = w.entry, split.frame = w.frame;
  split.since = w.issued;
}

uint32_t Scheduler::newEntry(Warp &w, const Inst *pc, Frame *frame, uint32_t pending, uint32_t parent) {
  WarpSplits &s = splitsOf(w);
  uint32_t at = uint32_t(s.entries.size());
  if (s.freeEntries.empty())
    s.entries.emplace_back();
  else
    at = s.freeEntries.back(), s.freeEntries.pop_back();
  Entry &e = s.entries[at];
  e.pc = pc, e.frame = frame, e.pending = pending, e.arrived = 0, e.parent = parent;
  return at;
}

/// The lanes that wait at an entry go on, as one split; the entry is the others' alone.
void Scheduler::releaseWaiting(Warp &w, uint32_t at) {
  WarpSplits &s = splitsOf(w);
  Entry &e = s.entries[at];
  uint32_t lanes = e.arrived;
  e.pending &= ~lanes, e.arrived = 0;
  addSplit(w, e.pc, e.frame, lanes, e.parent);
  if (!e.pending) s.freeEntries.push_back(at);
}

/// If all of an entry's lanes have arrived they go on; an entry without lanes is free.
void Scheduler::settle(Warp &w, uint32_t at) {
  WarpSplits &s = splitsOf(w);
  Entry &e = s.entries[at];
  if (!e.pending)
    s.freeEntries.push_back(at);
  else if (e.arrived == e.pending)
    releaseWaiting(w, at);
}

bool Scheduler::branch(Warp &w, uint32_t taken, const Inst *target, uint32_t pointIndex) {
  if (taken == 0) return true;
  if (taken == w.active) {
    w.pc = target;
    return true;
  }
  const Inst *point = pointIndex == noReconvergence ? nullptr : launch.code + pointIndex;
  WarpSplits &s = splitsOf(w);
  bool same = w.entry != noEntry && s.entries[w.entry].pc == point && s.entries[w.entry].frame == w.frame;
  if (point && !same) w.entry = newEntry(w, point, w.frame, w.active, w.entry);
  uint32_t rest = w.active & ~taken;
  // The lanes with less of the program behind them run first.
  bool takenFirst = target < w.pc;
  addSplit(w, takenFirst ? w.pc : target, w.frame, takenFirst ? rest : taken, w.entry);
  w.active = takenFirst ? taken : rest;
  if (takenFirst) w.pc = target;
  save(w);
  return true;
}

bool Scheduler::branchMany(Warp &w, const uint32_t *lanesOfTarget, const std::vector<uint32_t> &targets,
                           uint32_t pointIndex) {
  uint32_t left = w.active;
  const Inst *next = w.pc;
  for (size_t n = 0; n < targets.size() && left; ++n) {
    uint32_t lanes = lanesOfTarget[n];
    if (!lanes) continue;
    if (lanes == left) {
      w.pc = launch.code + targets[n];
      return true;
    }
    const Inst *point = pointIndex == noReconvergence ? nullptr : launch.code + pointIndex;
    bool same = w.entry != noEntry && splitsOf(w).entries[w.entry].pc == point &&
                splitsOf(w).entries[w.entry].frame == w.frame;
    if (point && !same) w.entry = newEntry(w, point, w.frame, left, w.entry);
    addSplit(w, launch.code + targets[n], w.frame, lanes, w.entry);
    left &= ~lanes;
    w.active = left;
  }
  w.pc = next;
  save(w);
  return true;
}

/// The running split has come to a place where lanes meet.
bool Scheduler::reconverge(Warp &w) {
  WarpSplits &s = splitsOf(w);
  for (;;) {
    const Inst *here = w.pc - 1;
    if (w.entry == noEntry) return true;
    Entry &e = s.entries[w.entry];
    if (e.pc != here || e.frame != w.frame) return true;
    e.arrived |= w.active;
    if (e.arrived == e.pending) { // the last to arrive
      uint32_t at = w.entry;
      w.active = e.arrived, w.entry = e.parent;
      e.pending = e.arrived = 0;
      s.freeEntries.push_back(at);
      save(w);
      continue;
    }
    e.since = w.issued;
    removeSplit(w, s.running);
    return false;
  }
}

/// Lanes leave the entries from `at` up to `end`, which is not left.
void Scheduler::detach(Warp &w, uint32_t lanes, uint32_t at, uint32_t end) {
  WarpSplits &s = splitsOf(w);
  while (at != end) {
    uint32_t parent = s.entries[at].parent;
    s.entries[at].pending &= ~lanes;
    settle(w, at);
    at = parent;
  }
}

/// The innermost entry that two splits share.
uint32_t Scheduler::sharedEntry(const Warp &w, uint32_t a, uint32_t b) {
  const auto &entries = splitsOf(w).entries;
  for (; a != noEntry; a = entries[a].parent)
    for (uint32_t n = b; n != noEntry; n = entries[n].parent)
      if (n == a) return a;
  return noEntry;
}

/// Lanes exit for which others wait at an instruction with .sync: they have not executed it, though its mask
/// names them. To have exited before is fine, and whether they had may be a matter of time; so only those are
/// meant that went on working meanwhile. Reported once for each instruction.
void Scheduler::bypasses(Warp &w, uint32_t lanes) {
  WarpSplits &s = splitsOf(w);
  lanes &= s.acted | (w.changes != s.resumedChanges ? s.resumedLanes : 0);
  for (const Split &split : s.splits) {
    uint32_t gone = split.state == State::AtSync ? split.wants & ~split.executes & lanes : 0;
    const Inst *i = split.pc - 1;
    if (!gone || !worker.bypassed.insert(i).second) continue;
    char text[160];
    snprintf(text, sizeof(text),
             "lanes 0x%08x, which the member mask names, went another way and exited without executing it",
             gone);
    Report r;
    r.kind = "mask", r.message = text, r.instruction = i->source;
    for (unsigned d = 0; d < 3; ++d)
      r.block[d] = w.block->id[d], r.thread[d] = w.tid[d][std::countr_zero(split.executes)];
    worker.launcher->report(std::move(r));
  }
}

bool Scheduler::exits(Warp &w, uint32_t lanes) {
  if (splitsOf(w).splits.size() > 1) bypasses(w, lanes);
  w.live &= ~lanes;
  Block &block = *w.block;
  stateOf(block).liveThreads -= uint32_t(std::popcount(lanes));
  clusterLive -= uint32_t(std::popcount(lanes));
  WarpSplits &s = splitsOf(w);
  bool gone = lanes == w.active;
  Frame *frame = w.frame;
  w.active &= ~lanes;
  size_t running = s.running;
  if (!gone) save(w);
  detach(w, lanes, w.entry, noEntry);
  for (Frame *f = frame; f;) {
    Frame *caller = f->caller;
    leaveFrame(f, lanes);
    f = caller;
  }
  if (gone) removeSplit(w, running);
  if (!w.live) s.done = true, --liveWarps;
  // What waits for the lanes that left may have met now: a rendezvous is tried again.
  for (Split &split : s.splits)
    if (split.state == State::AtSync) split.state = State::Ready, --split.pc;
  checkBarriers(block);
  return !gone;
}

//===-- Rendezvous ------------------------------------------------------------------===//

/// The lanes that must be there for an instruction with .sync; none after a fault.
uint32_t Scheduler::membersOf(Warp &w, const Inst &i, uint32_t lanes) {
  if (i.op[5] == operandNone) return w.live;
  uint32_t op = i.op[5], members = 0;
  const uint32_t *masks = reinterpret_cast<const uint32_t *>(w.base[op >> 31] + (op & operandOffset));
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned lane = unsigned(std::countr_zero(m));
    members |= masks[lane];
    if (masks[lane] >> lane & 1) continue;
    fault(w, i, int(lane), 0, "lane %u executes '%s' with the mask 0x%08x, which does not name it", lane,
          i.source->text().c_str(), masks[lane]);
    return 0;
  }
  // A mask may name lanes that have exited: those are not waited for.
  return members & w.live;
}

/// Another split that is where the running one is goes on with it, below the innermost entry that they share.
/// The calls that they made apart from one another return together.
void Scheduler::join(Warp &w, const Split &other) {
  uint32_t shared = sharedEntry(w, w.entry, other.entry);
  std::vector<std::pair<const Inst *, Frame *>> returns;
  Frame *frame = w.frame;
  for (uint32_t at = w.entry; at != shared; at = splitsOf(w).entries[at].parent)
    if (const Entry &e = splitsOf(w).entries[at]; e.frame != frame)
      returns.push_back({e.pc, e.frame}), frame = e.frame;
  detach(w, w.active, w.entry, shared);
  detach(w, other.lanes, other.entry, shared);
  w.entry = shared, w.active |= other.lanes;
  for (size_t n = returns.size(); n-- > 0;)
    w.entry = newEntry(w, returns[n].first, returns[n].second, w.active, w.entry);
}

/// `lanes` of the running split are at an instruction for which `wants` must meet. True if they all have: the
/// instruction has been executed for all of them, and the split goes on.
bool Scheduler::meet(Warp &w, const Inst &i, uint32_t lanes, uint32_t wants) {
  WarpSplits &s = splitsOf(w);
  uint32_t there = lanes;
  auto here = [&](const Split &other) { return other.pc == w.pc && other.frame == w.frame; };
  auto meets = [&](size_t n) {
    const Split &other = s.splits[n];
    bool same = here(other) || (i.flags & Inst::Anywhere && other.pc[-1].run == i.run);
    return n != s.running && other.state == State::AtSync && same && other.wants & wants;
  };
  for (size_t n = 0; n < s.splits.size(); ++n)
    if (meets(n)) there |= s.splits[n].executes, wants |= s.splits[n].wants;
  wants &= w.live;
  if ((there & wants) != wants) {
    uint32_t rest = w.active & ~lanes;
    if (rest) addSplit(w, w.pc, w.frame, rest, w.entry); // skips the instruction
    w.active = lanes;
    save(w);
    Split &split = s.splits[s.running];
    if (std::none_of(s.splits.begin(), s.splits.end(),
                     [](const Split &o) { return o.state == State::AtSync; }))
      s.acted = 0;
    s.resumedChanges = w.changes;
    split.state = State::AtSync, split.executes = lanes, split.wants = wants;
    return false;
  }
  // Those that are here go on as one.
  for (size_t n = 0; n < s.splits.size();) {
    Split other = s.splits[n];
    if (meets(n) && here(other)) {
      removeSplit(w, n);
      join(w, other);
      continue;
    }
    if (meets(n)) s.splits[n].state = State::Ready;
    ++n;
  }
  save(w);
  return i.run(w, i, there);
}

//===-- Running ---------------------------------------------------------------------===//

template <bool counted> void Scheduler::loop(Warp &w, uint64_t budget) {
  for (uint64_t n = 0; n < budget; ++n) {
    const Inst &i = *w.pc++;
    uint32_t mask = w.active;
    if (i.guard != operandNone) {
      uint32_t p;
      memcpy(&p, w.base[0] + (i.guard & operandOffset), 4);
      mask &= i.guard & operandNegated ? ~p : p;
    }
    ++w.issued;
    if constexpr (counted) {
      size_t at = size_t(&i - launch.code);
      ++worker.executions[at];
      worker.laneExecutions[at] += uint64_t(std::popcount(mask));
      if (worker.observesInstructions) launch.observer->issues(w, i, mask);
      if (w.watched) launch.observer->follows(w, i, mask);
    }
    if (mask == 0 && !(i.flags & Inst::Always)) continue;
    if (i.flags & Inst::Sync) [[unlikely]] {
      uint32_t wants = membersOf(w, i, mask);
      if (!wants) return;
      if ((mask & wants) != wants) {
        if (meet(w, i, mask, wants)) continue;
        return;
      }
    }
    if (!i.run(w, i, mask)) return;
  }
  save(w);
}

/// Finds a split that can run, in turn. `force`: lanes that wait for others at an entry need not.
bool Scheduler::pickSplit(Warp &w, bool force) {
  WarpSplits &s = splitsOf(w);
  for (uint32_t at = 0; at < s.entries.size(); ++at) {
    Entry &e = s.entries[at];
    if (e.pending && e.arrived && (force || w.issued - e.since > patience)) releaseWaiting(w, at);
  }
  // The one that has waited longest: splits that poll make and remove others all the time.
  size_t oldest = s.splits.size();
  for (size_t n = 0; n < s.splits.size(); ++n)
    if (s.splits[n].state == State::Ready &&
        (oldest == s.splits.size() || s.splits[n].since < s.splits[oldest].since))
      oldest = n;
  if (oldest == s.splits.size()) return false;
  resume(w, oldest);
  return true;
}

bool Scheduler::productsDone(const Warp &w, unsigned pending) {
  uint32_t committed = splitsOf(w).productGroups;
  const Block &b = *w.block;
  for (uint32_t n = w.id / 4 * 4; n < std::min(w.id / 4 * 4 + 4, b.warpCount); ++n) {
    const WarpSplits &other = splitsOf(b.warps[n]);
    if (!other.done && uint64_t(other.productGroups) + pending < committed) return false;
  }
  return true;
}

bool Scheduler::yields(Warp &w) {
  yielded = true;
  save(w);
  return false;
}

/// Runs a warp until it waits, is done, or has used its turn. True if it did anything.
bool Scheduler::runWarp(Warp &w, uint64_t budget) {
  WarpSplits &s = splitsOf(w);
  bool ran = false;
  uint64_t end = w.issued + budget;
  yielded = false;
  while (!failure && !s.done && !yielded && w.issued < end) {
    if (!pickSplit(w, false) && !pickSplit(w, true)) break;
    ran = true;
    uint64_t turn = s.splits.size() > 1 || s.freeEntries.size() < s.entries.size()
                        ? std::min(patience, end - w.issued)
                        : end - w.issued;
    if (worker.executions.empty())
      loop<false>(w, turn);
    else
      loop<true>(w, turn);
    if (w.changes != s.resumedChanges) s.acted |= s.resumedLanes;
  }
  return ran;
}

Scheduler::Status Scheduler::run(uint64_t budget, Turn &turn, bool &changed) {
  uint64_t used = 0;
  changed = false;
  bool polls = false, works = false;
  while (liveWarps && !failure && used < budget) {
    bool any = false;
    for (size_t n = 0; n < warps.size() && !failure; ++n) {
      Warp &w = warps[n];
      if (splitsOf(w).done) continue;
      uint64_t before = w.issued, reads = w.strongReads, was = w.changes;
      any |= runWarp(w, slice);
      used += w.issued - before;
      polls |= w.strongReads != reads;
      bool changes = w.changes != was || splitsOf(w).done;
      bool endless = runsForEver(w, changes);
      changed |= changes;
      works |= changes || (w.strongReads == reads && w.issued != before && !endless);
      if (worker.launcher->stopped()) failure = true;
    }
    if (!any && liveWarps && !failure) deadlock("no thread of the block can go on");
  }
  issued += used;
  turn = works ? (polls ? Turn::Polls : Turn::Works) : Turn::Waits;
  if (failure) return Status::Failed;
  return liveWarps ? Status::Running : Status::Done;
}

void Scheduler::deadlock(const char *why) {
  failure = true;
  std::string text = why;
  const Instruction *first = nullptr, *second = nullptr;
  Report report;
  unsigned listed = 0;
  for (Warp &w : warps)
    for (Split &s : splitsOf(w).splits) {
      // Those that wait have executed what they wait at; a loop without an end has no such place.
      bool loops = s.state == State::Ready && (splitsOf(w).endless || s.pc == program.code.data());
      const Instruction *at = (loops ? s.pc : s.pc - 1)->source;
      if (!at) continue;
      if (!first) {
        first = at;
        unsigned lane = unsigned(std::countr_zero(s.lanes));
        for (unsigned d = 0; d < 3; ++d)
          report.block[d] = w.block->id[d], report.thread[d] = w.tid[d][lane];
      } else if (at != first && !second) {
        second = at;
      }
      if (++listed > 8) continue;
      char line[256];
      if (s.state == State::AtSync)
        snprintf(line, sizeof(line), "\n  warp %u, lanes 0x%08x wait at '%s' (line %u) for lanes 0x%08x",
                 w.id, s.lanes, at->text().c_str(), at->where.line, s.wants & ~s.executes);
      else
        snprintf(line, sizeof(line), "\n  warp %u, lanes 0x%08x wait at '%s' (line %u)", w.id, s.lanes,
                 at->text().c_str(), at->where.line);
      text += line;
      if (s.state == State::AtBarrier) {
        const Barrier &b = stateOf(*w.block).barriers[s.barrier];
        text += ", barrier " + std::to_string(s.barrier) + ": " + std::to_string(b.arrived) + " of " +
                std::to_string(b.threads ? b.threads : stateOf(*w.block).liveThreads) + " threads";
      }
    }
  report.kind = "deadlock", report.message = text, report.instruction = first, report.other = second;
  worker.launcher->report(report);
}

} // namespace girih::ptx
