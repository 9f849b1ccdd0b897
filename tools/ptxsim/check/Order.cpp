// What precedes what: barriers, synchronisation of a warp, and the patterns of release and acquire.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <bit>

namespace girih::ptx::check {

const ClockRef &Implementation::clockOf(const BlockState &b, const WarpState &s, unsigned lane) const {
  return s.lanes && (*s.lanes)[lane].clock ? (*s.lanes)[lane].clock : b.base;
}

Snapshot Implementation::snapshot(const BlockState &b, const WarpState &s, unsigned lane,
                                  uint32_t time) const {
  return {clockOf(b, s, lane), time, b.floor, s.floor};
}

void Implementation::publish(ClockRef &to, const Snapshot &from, uint32_t block, uint32_t warp,
                             unsigned lane) {
  to.join(from.base);
  if (from.blockFloor) to.add({block, allWarps, allLanes, from.blockFloor});
  if (from.warpFloor > from.blockFloor) to.add({block, warpKey(warp), allLanes, from.warpFloor});
  to.add({block, warpKey(warp), 1u << lane, from.time});
}

/// Adds what lanes of a warp know and have done.
void Implementation::joinLanes(ClockRef &to, BlockState &b, WarpState &s, uint32_t warp, uint32_t lanes) {
  s.now = b.tick();
  to.join(b.base);
  for (uint32_t m = s.lanes ? lanes : 0; m; m &= m - 1)
    to.join(clockOf(b, s, unsigned(std::countr_zero(m))));
  if (b.floor) to.add({b.id, allWarps, allLanes, b.floor});
  if (s.floor > b.floor) to.add({b.id, warpKey(warp), allLanes, s.floor});
  to.add({b.id, warpKey(warp), lanes, s.now});
}

/// Lets what the warp's last strong read acquired take effect.
void Implementation::settle(Warp &w, WarpState &s) {
  BlockState &b = stateOf(*w.block);
  if (uint32_t lanes = std::exchange(s.clusterWaits, 0)) {
    const ClockRef &all = stateOf(w.block->cluster[0]).cluster;
    for (uint32_t m = lanes; m; m &= m - 1) {
      LaneState &lane = s.lane(unsigned(std::countr_zero(m)));
      if (!lane.clock) lane.clock = b.base;
      lane.clock.join(all);
    }
  }
  PendingRead &p = s.pending;
  // Lanes that knew the same and read the same know the same: their clock is made once.
  ClockRef before, after;
  uint64_t joined = ~0ull;
  for (uint32_t m = std::exchange(p.lanes, 0); m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    withReleased(w, p.space, p.address[l], [&](Released &r) {
      LaneState &lane = s.lane(l);
      if (p.acquires) {
        if (!lane.clock) lane.clock = b.base;
        if (joined == p.address[l] && lane.clock == before) {
          lane.clock = after;
          return;
        }
        before = lane.clock;
        if (p.wide) lane.clock.join(r.wide);
        if (r.block == b.id) lane.clock.join(r.narrow);
        after = lane.clock, joined = p.address[l];
        return;
      }
      if (p.wide && !(lane.lastWide == r.wide)) lane.seenWide.join(lane.lastWide = r.wide);
      if (r.block == b.id && !(lane.lastNarrow == r.narrow)) lane.seenNarrow.join(lane.lastNarrow = r.narrow);
    });
  }
}

template <class F> void Implementation::withReleased(Warp &w, Space space, uint64_t address, F f) {
  if (space == Space::Shared) return f(sharedOwner(w, address)->released[address]);
  Stripe &stripe = releasedGlobally[(address >> 3) % stripes];
  std::lock_guard<std::mutex> guard(stripe.lock);
  f(stripe.released[address]);
}

/// The release side of a strong access, at once, and its acquire side, for later.
void Implementation::synchronises(Actor &actor, const Access &a) {
  BlockState &b = actor.block;
  WarpState &s = actor.state;
  Semantics semantics = a.order.semantics;
  bool wide = a.order.scope >= Scope::Cluster,
       reads = a.kind == AccessKind::Load || a.kind == AccessKind::Atomic;
  bool full = semantics == Semantics::AcquireRelease || semantics == Semantics::SequentiallyConsistent;
  if (a.kind != AccessKind::Load) {
    bool releases = full || semantics == Semantics::Release;
    if (releases) s.now = b.tick();
    // Lanes that know the same and release to the same place add only themselves.
    ClockRef said;
    uint64_t saidAt = ~0ull;
    for (uint32_t m = a.mask; m; m &= m - 1) {
      unsigned l = unsigned(std::countr_zero(m));
      LaneState &lane = s.lane(l);
      if (!releases && !lane.fencedNarrow.time && !b.fenced) continue;
      withReleased(actor.warp, a.space, a.address[l], [&](Released &r) {
        bool again = r.block == b.id && lane.publishedAt == a.address[l] &&
                     lane.publishedTime == lane.fencedNarrow.time && !releases && !b.fenced;
        if (again) return;
        if (r.block != b.id) r.narrow = ClockRef(), r.block = b.id, saidAt = ~0ull;
        lane.publishedAt = a.address[l], lane.publishedTime = lane.fencedNarrow.time;
        if (releases) {
          Snapshot now = snapshot(b, s, l, s.now);
          if (saidAt == a.address[l] && said == now.base)
            now = {ClockRef(), s.now, 0, 0};
          else
            said = now.base, saidAt = a.address[l];
          publish(r.narrow, now, b.id, actor.warp.id, l);
          if (wide) publish(r.wide, now, b.id, actor.warp.id, l);
          return;
        }
        if (lane.fencedNarrow.time) publish(r.narrow, lane.fencedNarrow, b.id, actor.warp.id, l);
        if (wide && lane.fencedWide.time) publish(r.wide, lane.fencedWide, b.id, actor.warp.id, l);
        if (wide) r.wide.join(b.fenced);
      });
    }
  }
  if (!reads) return;
  PendingRead &p = s.pending;
  p.lanes = a.mask, p.space = a.space, p.wide = wide;
  p.acquires = full || semantics == Semantics::Acquire;
  std::copy_n(a.address, warpSize, p.address);
}

void Implementation::fence(Warp &w, const Inst &, uint32_t lanes, FenceKind kind) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  bool wide = kind != FenceKind::Block;
  s.now = b.tick();
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    LaneState &lane = s.lane(l);
    if (lane.seenNarrow || lane.seenWide) {
      if (!lane.clock) lane.clock = b.base;
      lane.clock.join(lane.seenNarrow), lane.seenNarrow = ClockRef();
      if (wide) lane.clock.join(lane.seenWide), lane.seenWide = ClockRef();
    }
    lane.fencedNarrow = snapshot(b, s, l, s.now);
    if (wide) lane.fencedWide = lane.fencedNarrow, lane.carried = false;
  }
}

void Implementation::warpSyncs(Warp &w, const Inst &i, uint32_t lanes) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  // Lanes of one instruction may name different members. Those that meet them from another branch have other
  // registers.
  const uint32_t *members = nullptr;
  if (i.op[5] != operandNone)
    members = reinterpret_cast<const uint32_t *>(w.base[i.op[5] >> 31] + (i.op[5] & operandOffset));
  while (uint32_t here = lanes & w.active) {
    uint32_t group = members ? (lanes & members[std::countr_zero(here)]) | (here & -here) : lanes;
    lanes &= ~group;
    bool all = (group & w.live) == w.live;
    if (all && !s.lanes) {
      s.floor = s.now = b.tick();
      continue;
    }
    ClockRef clock;
    joinLanes(clock, b, s, w.id, group);
    for (uint32_t m = group; m; m &= m - 1)
      s.lane(unsigned(std::countr_zero(m))).clock = clock;
    if (all) s.floor = s.now;
  }
}

/// What lanes have acquired from other threads passes to those that they hand values to: cooperative_groups
/// counts on it. What they have done themselves does not.
void Implementation::warpShuffles(Warp &w, const Inst &i, uint32_t lanes) {
  if (w.watched) shuffleValues(w, i, lanes);
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  if (!s.lanes) return;
  ClockRef all;
  for (uint32_t m = lanes; m; m &= m - 1)
    all.join(clockOf(b, s, unsigned(std::countr_zero(m))));
  for (uint32_t m = all ? lanes : 0; m; m &= m - 1)
    s.lane(unsigned(std::countr_zero(m))).clock = all;
}

//===-- Barriers ------------------------------------------------------------------===//

void Implementation::barrierArrives(Warp &w, const Inst &i, uint32_t lanes, unsigned id, bool waits) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  BarrierState &barrier = b.barriers[id];
  barrier.arrivals.push_back({w.id, lanes, waits});
  barrier.last = &i;
  for (unsigned d = 0; d < 3; ++d)
    barrier.lastThread[d] = w.tid[d][std::countr_zero(lanes)];
  if (!fine) return;
  joinLanes(barrier.clock, b, s, w.id, lanes);
  for (uint32_t m = s.lanes ? lanes : 0; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    LaneState &lane = s.lane(l);
    if (!std::exchange(lane.carried, true)) publish(barrier.fenced, lane.fencedWide, b.id, w.id, l);
  }
}

void Implementation::barrierCompletes(Block &block, unsigned id) {
  BlockState &b = stateOf(block);
  BarrierState barrier;
  std::swap(barrier, b.barriers[id]);
  uint32_t arrived = 0, live = 0;
  bool allWait = true;
  for (const BarrierState::Arrival &a : barrier.arrivals)
    arrived += uint32_t(std::popcount(a.lanes)), allWait &= a.waits;
  for (uint32_t n = 0; n < block.warpCount; ++n)
    live += uint32_t(std::popcount(block.warps[n].live));
  // Lanes exit one warp after the other: those of a warp that has just exited do not count as arrived.
  if (allWait && arrived >= live) {
    b.floor = b.tick();
    barrier.clock.forget(b.id);
    b.base = std::move(barrier.clock);
    b.fenced.join(barrier.fenced);
    for (WarpState &s : b.warps) {
      s.now = b.floor;
      for (unsigned l = 0; s.lanes && l < warpSize; ++l)
        (*s.lanes)[l].clock = ClockRef();
    }
  } else {
    for (const BarrierState::Arrival &a : barrier.arrivals) {
      WarpState &s = b.warps[a.warp];
      for (uint32_t m = a.waits ? a.lanes : 0; m; m &= m - 1)
        s.lane(unsigned(std::countr_zero(m))).clock = barrier.clock;
      if (a.waits && (a.lanes & block.warps[a.warp].live) == block.warps[a.warp].live)
        s.floor = s.now = b.tick();
    }
    b.fenced.join(barrier.fenced);
  }
  if (arrived < block.threads && arrived == live && barrier.last && !countsThreads(*barrier.last))
    reportBarrier(block, barrier, id, arrived);
}

void Implementation::clusterArrives(Warp &w, const Inst &i, uint32_t lanes) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  for (std::string_view modifier : i.source->modifiers)
    if (modifier == "relaxed") return;
  joinLanes(stateOf(w.block->cluster[0]).cluster, b, s, w.id, lanes);
}

void Implementation::clusterWaits(Warp &w, const Inst &, uint32_t lanes) {
  WarpState &s = stateOf(*w.block).warps[w.id];
  settle(w, s);
  s.clusterWaits |= lanes;
}

//===-- Asynchronous copies --------------------------------------------------------===//

void Implementation::asyncCommits(Warp &w, const Inst &, uint32_t lanes) {
  WarpState &s = stateOf(*w.block).warps[w.id];
  for (uint32_t m = lanes; m; m &= m - 1)
    ++s.committed[std::countr_zero(m)];
}

void Implementation::asyncWaits(Warp &w, const Inst &, uint32_t lanes, unsigned pending) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  settle(w, s);
  for (AsyncCopy &copy : s.copies) {
    uint32_t done = 0;
    for (uint32_t m = lanes & copy.lanes; m; m &= m - 1) {
      unsigned l = unsigned(std::countr_zero(m));
      done |= uint32_t(copy.group[l] + pending < s.committed[l]) << l;
    }
    if (!done) continue;
    completeCopy(b, w, copy, done, b.id, s.now);
    copy.lanes &= ~done;
  }
  std::erase_if(s.copies, [](const AsyncCopy &c) { return c.lanes == 0; });
}

} // namespace girih::ptx::check
