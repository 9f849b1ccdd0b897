// Operations of the asynchronous proxy. What one accesses is stamped as a block of its own would be, an
// agent: the copies that complete on an mbarrier are one, its phases their time; the bulk copies of a block's
// threads and its matrix products are others, in which groups are the time. Who waits learns of the agent.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <bit>

namespace girih::ptx::check {

uint32_t Implementation::agentOf(uint32_t &agent, const BlockState &b) {
  if (agent) return agent;
  std::lock_guard<std::mutex> guard(lock);
  agents.push_back(b.id);
  return agent = agentBit | uint32_t(agents.size() - 1);
}

uint32_t Implementation::blockOf(const Mark &mark) {
  if (!mark.byAgent()) return mark.block;
  std::lock_guard<std::mutex> guard(lock);
  return agents[mark.block & ~agentBit];
}

AsyncBarrierState &Implementation::barrierOf(const Warp &w, uint64_t address) {
  BlockState *owner = sharedOwner(w, address);
  AsyncBarrierState &barrier = owner->asyncBarriers[address];
  agentOf(barrier.agent, *owner);
  return barrier;
}

void Implementation::markAsync(Actor &actor, const Access &a) {
  Mark &m = actor.mark;
  BlockState &b = actor.block;
  actor.asyncRead = !m.write && a.space == Space::Shared;
  switch (a.completion->kind) {
  case Completion::Kind::Barrier: {
    AsyncBarrierState &barrier = barrierOf(actor.warp, a.completion->barrier);
    m.block = barrier.agent, m.stamp = barrier.phase + 1;
    break;
  }
  case Completion::Kind::Bulk:
    m.block = agentOf(m.write ? b.bulkWrites : b.bulkReads, b);
    m.stamp = actor.state.bulkCommitted[std::countr_zero(a.mask)] + 1;
    break;
  case Completion::Kind::Matrix:
    m.block = agentOf(b.matrixReads, b);
    m.stamp = actor.state.matricesCommitted + 1;
    break;
  }
}

/// Lanes that know the same go on sharing it.
void Implementation::learn(BlockState &b, WarpState &s, uint32_t lanes, const Known &known) {
  ClockRef before, after;
  for (uint32_t m = lanes; m; m &= m - 1) {
    LaneState &lane = s.lane(unsigned(std::countr_zero(m)));
    if (!lane.clock) lane.clock = b.base;
    if (!after || !(lane.clock == before)) {
      before = after = lane.clock;
      after.add(known);
    }
    lane.clock = after;
  }
}

void Implementation::phaseCompletes(Warp &w, uint64_t address) {
  BlockState *owner = sharedOwner(w, address);
  auto it = owner->asyncBarriers.find(address);
  if (it == owner->asyncBarriers.end()) return;
  AsyncBarrierState &barrier = it->second;
  ++barrier.phase;
  owner->released[address].wide.add({barrier.agent, allWarps, allLanes, barrier.phase + 1});
}

void Implementation::copiesArrive(Warp &w, const Inst &, unsigned lane, uint64_t address) {
  if (!options.races) return;
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  const AsyncBarrierState &barrier = barrierOf(w, address);
  uint32_t bit = 1u << lane;
  for (AsyncCopy &copy : s.copies) {
    if (!(copy.lanes & ~copy.arrived & bit)) continue;
    completeCopy(b, w, copy, bit, barrier.agent, barrier.phase + 1);
    copy.arrived |= bit;
  }
  // They may be waited for by groups too, but those that are not must not pile up.
  constexpr size_t most = 256;
  if (s.copies.size() > most)
    std::erase_if(s.copies, [](const AsyncCopy &c) { return c.arrived == c.lanes; });
}

void Implementation::groupCommits(Warp &w, uint32_t lanes, Completion::Kind kind) {
  WarpState &s = stateOf(*w.block).warps[w.id];
  if (kind == Completion::Kind::Matrix) {
    ++s.matricesCommitted;
    return;
  }
  for (uint32_t m = lanes; m; m &= m - 1)
    ++s.bulkCommitted[std::countr_zero(m)];
}

void Implementation::groupWaits(Warp &w, uint32_t lanes, Completion::Kind kind, unsigned pending,
                                bool reads) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  if (kind == Completion::Kind::Matrix) {
    matricesDone(s, pending);
    // A product is one of all four warps.
    for (uint32_t n = w.id / 4 * 4; n < w.id / 4 * 4 + 4 && s.matricesCommitted > pending; ++n)
      if (b.matrixReads)
        learn(b, s, lanes, {b.matrixReads, warpKey(n), allLanes, s.matricesCommitted - pending + 1});
    return;
  }
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    if (s.bulkCommitted[l] <= pending) continue;
    uint32_t bit = 1u << l, time = s.bulkCommitted[l] - pending + 1;
    if (b.bulkReads) learn(b, s, bit, {b.bulkReads, warpKey(w.id), bit, time});
    if (b.bulkWrites && !reads) learn(b, s, bit, {b.bulkWrites, warpKey(w.id), bit, time});
  }
}

void Implementation::proxyFence(Warp &w, uint32_t lanes) {
  if (!options.races) return;
  BlockState &b = stateOf(*w.block);
  joinLanes(stateOf(w.block->cluster[0]).fencedForProxy, b, b.warps[w.id], w.id, lanes);
}

/// Whether the asynchronous proxy sees a write that precedes its read: some thread that knew of it has
/// executed fence.proxy.async. The copies of cp.async are left alone: not all say that they need it.
bool Implementation::visibleToProxy(const Actor &actor, const Mark &write) {
  if (write.byAgent() || write.inFlight || program.code[write.instruction].cls == Class::Async) return true;
  return stateOf(actor.warp.block->cluster[0])
      .fencedForProxy.knows(write.block, write.warp, write.lanes, write.stamp);
}

} // namespace girih::ptx::check
