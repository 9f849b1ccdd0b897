// Calls and returns, barriers, and the functions that the system provides.
#include "tools/ptxsim/exec/Launcher.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

/// Values go from one side's places to the other's, for some lanes.
void Scheduler::copyArguments(Warp &w, Frame *from, Frame *to, const std::vector<Place> &fromPlaces,
                              const std::vector<Place> &toPlaces, uint32_t lanes) {
  uint32_t localBytes = launch.localBytes;
  char *local = w.block->local + uint64_t(w.id) * warpSize * localBytes;
  auto pointer = [&](Frame *f, const Place &p, uint32_t lane) -> char * {
    if (!p.isRegister) return local + uint64_t(lane) * localBytes + f->localBase + p.at;
    char *base = p.at & operandConstant ? program.constants : f->registers;
    return base + (p.at & operandOffset) + lane * std::max(p.bytes, 2u);
  };
  for (size_t n = 0; n < std::min(fromPlaces.size(), toPlaces.size()); ++n)
    for (uint32_t m = lanes; m; m &= m - 1) {
      uint32_t lane = uint32_t(std::countr_zero(m));
      memcpy(pointer(to, toPlaces[n], lane), pointer(from, fromPlaces[n], lane),
             std::min(fromPlaces[n].bytes, toPlaces[n].bytes));
    }
}

/// The frame in which other lanes of the warp run the same call. Lanes that share it can meet in the callee,
/// as .sync instructions ask them to.
Frame *Scheduler::frameOfSiblings(const Warp &w, const CodeFunction &f, const CallSite &site,
                                  uint32_t lanes) {
  for (const Split &split : splitsOf(w).splits)
    for (Frame *frame = split.frame; frame && frame->depth > w.frame->depth; frame = frame->caller)
      if (frame->caller == w.frame && frame->call == &site && frame->function == &f &&
          !(frame->lanes & lanes))
        return frame;
  return nullptr;
}

bool Scheduler::call(Warp &w, const Inst &i, uint32_t lanes) {
  const CallSite &site = program.calls[size_t(i.imm)];
  if (site.builtin != Builtin::None) return builtin(w, i, site, lanes);
  uint32_t rest = w.active & ~lanes, callee = site.callee;
  if (site.indirect) {
    // One function at a time: lanes that call another repeat the instruction.
    const uint64_t *address =
        reinterpret_cast<const uint64_t *>(w.base[site.address >> 31] + (site.address & operandOffset));
    uint64_t target = address[std::countr_zero(lanes)];
    auto it = program.functionOfModule.find(uint32_t(target - functionWindow));
    if ((target & windowBits) != functionWindow || it == program.functionOfModule.end() || it->second == 0)
      return fault(w, i, std::countr_zero(lanes), target, "the call's address is no function");
    callee = it->second;
    uint32_t others = 0;
    for (uint32_t m = lanes; m; m &= m - 1)
      others |= uint32_t(address[std::countr_zero(m)] != target) << std::countr_zero(m);
    lanes &= ~others;
    if (others) addSplit(w, w.pc - 1, w.frame, others, w.entry), w.active &= ~others;
  }
  const CodeFunction &f = program.functions[callee];
  if (site.arguments.size() != f.params.size() || site.results.size() != f.results.size())
    return fault(w, i, -1, 0, "the call's arguments are not those of '%s'", f.function->name.c_str());
  uint32_t base = w.frame->localBase + w.frame->function->localBytes;
  uint32_t most = launch.localBytes - w.worker->launcher->program().stackBytes;
  if (uint64_t(base) + f.localBytes > most || w.frame->depth > 4096)
    return fault(w, i, -1, 0, "stack overflow: more than %u bytes of local memory or 4096 calls deep",
                 launch.localBytes);
  if (rest) {
    addSplit(w, w.pc, w.frame, rest, w.entry);
    w.active = lanes;
  }
  Frame *frame = frameOfSiblings(w, f, site, lanes);
  if (frame) {
    frame->lanes |= lanes;
  } else {
    frame = newFrame(f, w.frame, lanes);
    frame->call = &site;
  }
  copyArguments(w, w.frame, frame, site.arguments, f.params, lanes);
  w.entry = newEntry(w, w.pc, w.frame, lanes, w.entry);
  w.frame = frame, w.pc = launch.code + f.begin;
  w.base[0] = frame->registers, w.localBase = frame->localBase;
  save(w);
  return true;
}

bool Scheduler::returns(Warp &w, uint32_t lanes) {
  Frame *frame = w.frame, *caller = frame->caller;
  if (!caller) return exits(w, lanes);
  WarpSplits &s = splitsOf(w);
  copyArguments(w, frame, caller, frame->function->results, frame->call->results, lanes);
  uint32_t at = w.entry;
  while (s.entries[at].frame == frame) // never so in structured code
    at = s.entries[at].parent;
  detach(w, lanes, w.entry, at);
  Entry &e = s.entries[at];
  e.arrived |= lanes, e.since = w.issued;
  uint32_t left = w.active & ~lanes;
  bool all = e.arrived == e.pending;
  leaveFrame(frame, lanes);
  if (left) { // only under a guard
    w.active = left, w.entry = at;
    save(w);
    return true;
  }
  if (!all) {
    removeSplit(w, s.running);
    return false;
  }
  w.active = e.arrived, w.pc = e.pc, w.entry = e.parent, w.frame = caller;
  w.base[0] = caller->registers, w.localBase = caller->localBase;
  e.pending = e.arrived = 0;
  s.freeEntries.push_back(at);
  save(w);
  return true;
}

//===-- Barriers ------------------------------------------------------------------===//

/// The lanes of the running split wait after the current instruction; its other lanes go on.
void Scheduler::wait(Warp &w, uint32_t lanes, State state) {
  uint32_t rest = w.active & ~lanes;
  if (rest) addSplit(w, w.pc, w.frame, rest, w.entry);
  w.active = lanes;
  save(w);
  Split &split = splitsOf(w).splits[splitsOf(w).running];
  split.state = state, split.executes = lanes;
}

bool Scheduler::barrier(Warp &w, const Inst &i, uint32_t lanes, unsigned id, uint32_t threads, bool waits,
                        uint32_t holds) {
  Block &block = *w.block;
  BlockState &state = stateOf(block);
  Barrier &b = state.barriers[id];
  uint32_t &arrived = state.arrivedLanes[size_t(id) * block.warpCount + w.id];
  if (launch.observer) launch.observer->barrierArrives(w, i, lanes, id, waits);
  if (threads % warpSize)
    return fault(w, i, -1, 0, "barrier %u for %u threads: the number must be a multiple of %u", id, threads,
                 warpSize);
  if (b.arrived && b.threads != threads)
    return fault(w, i, -1, 0, "barrier %u for %u threads while others wait at it for %u", id, threads,
                 b.threads);
  b.threads = threads;
  b.arrived += uint32_t(std::popcount(lanes));
  b.holds += uint32_t(std::popcount(holds)), b.votes += uint32_t(std::popcount(lanes));
  arrived |= lanes;
  // Numbers of threads count whole warps: lanes that a warp has not, or no more, come with the others.
  if (threads && (arrived & w.live) == w.live) b.arrived += warpSize - uint32_t(std::popcount(w.live));
  if (!waits) {
    if (barrierComplete(block, id)) completeBarrier(block, id);
    return true;
  }
  wait(w, lanes, State::AtBarrier);
  splitsOf(w).splits[splitsOf(w).running].barrier = uint8_t(id);
  if (!barrierComplete(block, id)) return false;
  completeBarrier(block, id);
  resume(w, splitsOf(w).running);
  return true;
}

bool Scheduler::barrierComplete(const Block &block, unsigned id) const {
  const BlockState &state = blockStates[size_t(&block - blocks.data())];
  const Barrier &b = state.barriers[id];
  return b.arrived && b.arrived >= (b.threads ? b.threads : state.liveThreads);
}

void Scheduler::completeBarrier(Block &block, unsigned id) {
  BlockState &state = stateOf(block);
  Barrier &b = state.barriers[id];
  if (launch.observer) launch.observer->barrierCompletes(block, id);
  for (uint32_t n = 0; n < block.warpCount; ++n) {
    state.arrivedLanes[size_t(id) * block.warpCount + n] = 0;
    for (Split &s : splitsOf(block.warps[n]).splits) {
      if (s.state != State::AtBarrier || s.barrier != id) continue;
      s.state = State::Ready;
      storeVotes(s, b);
    }
  }
  b = Barrier();
}

/// The result of bar.red for the lanes of a split that waited at it.
void Scheduler::storeVotes(const Split &s, const Barrier &b) {
  const Inst &i = *(s.pc - 1);
  if (i.detail == 0) return;
  bool holds = i.detail == 2 ? b.holds == b.votes : b.holds != 0;
  char *d = s.frame->registers + i.op[0];
  if (i.detail == 1) {
    for (uint32_t m = s.executes; m; m &= m - 1)
      memcpy(d + 4 * std::countr_zero(m), &b.holds, 4);
    return;
  }
  uint32_t mask;
  memcpy(&mask, d, 4);
  mask = (mask & ~s.executes) | (holds ? s.executes : 0);
  memcpy(d, &mask, 4);
}

/// After threads have exited: barriers for all threads wait for fewer.
void Scheduler::checkBarriers(Block &block) {
  for (unsigned id = 0; id < 16; ++id)
    if (!stateOf(block).barriers[id].threads && barrierComplete(block, id)) completeBarrier(block, id);
  if (clusterArrived && clusterArrived >= clusterLive) completeClusterBarrier();
}

bool Scheduler::clusterArrive(Warp &w, uint32_t lanes) {
  if (phaseOf.empty()) phaseOf.resize(warps.size() * warpSize);
  for (uint32_t m = lanes; m; m &= m - 1)
    phaseOf[w.index * warpSize + uint32_t(std::countr_zero(m))] = clusterPhase + 1;
  clusterArrived += uint32_t(std::popcount(lanes));
  if (clusterArrived >= clusterLive) completeClusterBarrier();
  return true;
}

void Scheduler::completeClusterBarrier() {
  ++clusterPhase, clusterArrived = 0;
  for (WarpSplits &s : splits)
    for (Split &split : s.splits)
      if (split.state == State::AtCluster) split.state = State::Ready;
}

bool Scheduler::clusterWait(Warp &w, uint32_t lanes) {
  uint32_t early = 0;
  for (uint32_t m = lanes; m && !phaseOf.empty(); m &= m - 1)
    early |= uint32_t(phaseOf[w.index * warpSize + uint32_t(std::countr_zero(m))] > clusterPhase)
             << std::countr_zero(m);
  if (!early) return true;
  wait(w, early, State::AtCluster);
  return false;
}

//===-- printf and the rest -----------------------------------------------------------===//

bool Scheduler::builtin(Warp &w, const Inst &i, const CallSite &site, uint32_t lanes) {
  uint32_t localBytes = launch.localBytes;
  char *local = w.block->local + uint64_t(w.id) * warpSize * localBytes;
  auto argument = [&](size_t n, uint32_t lane) {
    uint64_t value = 0;
    if (n >= site.arguments.size()) return value;
    const Place &p = site.arguments[n];
    const char *at = p.isRegister ? w.base[p.at >> 31] + (p.at & operandOffset) + lane * p.bytes
                                  : local + uint64_t(lane) * localBytes + w.localBase + p.at;
    memcpy(&value, at, std::min(p.bytes, 8u));
    return value;
  };
  auto result = [&](uint32_t lane, uint64_t value) {
    if (site.results.empty()) return;
    const Place &p = site.results[0];
    char *at = p.isRegister ? w.base[0] + p.at + lane * p.bytes
                            : local + uint64_t(lane) * localBytes + w.localBase + p.at;
    memcpy(at, &value, std::min(p.bytes, 8u));
  };
  ++w.changes;
  for (uint32_t m = lanes; m; m &= m - 1) {
    uint32_t lane = uint32_t(std::countr_zero(m));
    std::string text;
    switch (site.builtin) {
    case Builtin::Printf:
      if (int count = worker.launcher->print(w, lane, argument(0, lane), argument(1, lane)); count >= 0)
        result(lane, uint32_t(count));
      else
        return fault(w, i, int(lane), argument(0, lane),
                     "printf: its format or arguments lie outside of memory");
      break;
    case Builtin::Malloc:
      result(lane, worker.launcher->allocate(argument(0, lane)));
      break;
    case Builtin::Free:
      if (!worker.launcher->release(argument(0, lane)))
        return fault(w, i, int(lane), argument(0, lane), "free of what malloc has not given");
      break;
    default:
      text = worker.launcher->text(w, lane, argument(0, lane));
      return fault(w, i, int(lane), 0, "assertion '%s' failed (%s:%u)", text.c_str(),
                   worker.launcher->text(w, lane, argument(1, lane)).c_str(), unsigned(argument(2, lane)));
    }
  }
  return true;
}

} // namespace girih::ptx
