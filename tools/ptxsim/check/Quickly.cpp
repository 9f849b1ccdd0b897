// What accesses do to the cells of their addresses, quickly where it is what is common: weak accesses of what
// other threads accessed before the last barrier, or nobody but the thread. What is not is left to the
// others.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace girih::ptx::check {

/// Whether all lanes load what has been written, of their own block's shared memory.
bool Implementation::allWritten(const BlockState &b, const Inst &i, const Access &a) {
  if (a.space != Space::Shared || a.kind != AccessKind::Load || a.bytes % 4 || i.source->usedBytes != ~0u)
    return false;
  const uint8_t *written = b.sharedWritten.data();
  uint64_t anywhere = 0;
  bool all = true;
  for (uint32_t m = a.mask; m; m &= m - 1)
    anywhere |= a.address[std::countr_zero(m)];
  if (anywhere >> sharedRankShift) return false;
  for (uint32_t m = a.mask; m; m &= m - 1) {
    const uint8_t *at = written + a.address[std::countr_zero(m)];
    for (unsigned n = 0; n < a.bytes; n += 4) {
      uint32_t flags;
      memcpy(&flags, at + n, 4);
      all &= flags != 0;
    }
  }
  return all;
}

/// The lowest of `lanes`, and those next to it that access the same place: most broadcasts are of neighbours.
static uint32_t together(const Access &a, uint32_t lanes) {
  unsigned first = unsigned(std::countr_zero(lanes));
  uint32_t group = 1u << first;
  for (uint32_t rest = lanes & ~group; rest && a.address[std::countr_zero(rest)] == a.address[first];
       rest &= rest - 1)
    group |= rest & -rest;
  return group;
}

/// Leaves a weak access of lanes in a cell where it can race with nothing: all that was done there, or for
/// reads all that was written, precedes the block's last barrier or was done by the lane itself. False if
/// that is not so, or takes a closer look. It does what checkGroup would do; isAlone: the block has the
/// memory alone.
[[gnu::always_inline]] inline bool Implementation::passes(Actor &actor, Cell &cell, uint32_t lanes,
                                                          uint64_t address, bool isAlone) const {
  const Mark &m = actor.mark;
  uint32_t id = actor.block.id, floor = actor.block.floor;
  auto past = [&](const Mark &old) { return !old.stamp || (old.block == id && old.stamp < floor); };
  auto isOwn = [&](const Mark &old) { return old.sameWarp(m) && old.lanes == lanes && !old.strength; };
  bool isOneLane = !(lanes & (lanes - 1));
  if (cell.tag > Cell::Many || cell.last.inFlight || !(past(cell.last) || (isOneLane && isOwn(cell.last))))
    return false;
  Mark &o = cell.others;
  bool othersPast = past(o) && (cell.tag == Cell::Single || cell.second.block == id);
  if (m.write) {
    bool ownRead = cell.tag == Cell::Single && !o.write && isOwn(o);
    if (!ownRead && !othersPast) return false;
    cell.last = m, cell.last.lanes = lanes;
    if (!ownRead || !isAlone) o = Mark(), cell.tag = Cell::Single; // see `check` of why it stays
    return true;
  }
  if (o.write || o.strength) return false;
  if (othersPast) {
    // Other blocks may still race with what it takes the place of.
    bool sure = !isAlone && o.stamp &&
                (o.sure || cell.tag == Cell::Many || !o.sameWarp(m) || !isOpen(actor, o.lanes, address, 4));
    o = m, o.lanes = lanes, o.sure = sure, cell.tag = Cell::Single;
    return true;
  }
  if (o.block != id) return false;
  if (cell.tag == Cell::Many) return o.stamp >= floor; // only two are kept
  if (!o.sameWarp(m)) {
    if (fine) return false;
    cell.second = {id, m.instruction, 0, m.warp, unsigned(std::countr_zero(lanes))};
    cell.tag = Cell::Many;
    return true;
  }
  if (o.stamp != m.stamp && o.lanes != lanes) return false;
  if (uint32_t again = o.lanes & lanes; again && !o.sure) o.sure = !isOpen(actor, again, address, 4);
  o.lanes |= lanes, o.stamp = m.stamp, o.instruction = m.instruction;
  return true;
}

/// Whether all cells of an access are accessed wholly, weakly and by its lanes themselves.
static bool isPlain(const Actor &actor, const Access &a) {
  const Mark &m = actor.mark;
  return !m.strength && !m.inFlight && !a.completion && !actor.asyncRead && a.bytes % 4 == 0 &&
         actor.instruction.source->usedBytes == ~0u;
}

void Implementation::checkShared(Actor &actor, const Access &a) {
  uint32_t used = bytesUsed(actor.instruction, a);
  bool isAlone = actor.block.block->clusterCount == 1, quick = isAlone && isPlain(actor, a);
  bool joins = !actor.mark.write && !actor.mark.strength && !actor.asyncRead;
  // Rows of a tile: half of the warp reads what the other one does.
  constexpr unsigned half = warpSize / 2;
  bool repeats =
      quick && joins && a.mask == allLanes && std::equal(a.address, a.address + half, a.address + half);
  for (uint32_t m = repeats ? a.mask >> half : a.mask, group; m; m &= ~group) {
    group = joins ? together(a, m) : m & -m;
    uint64_t address = a.address[std::countr_zero(m)], offset = address;
    if (repeats) group |= group << half;
    BlockState *owner = isAlone ? &actor.block : sharedOwner(actor.warp, offset);
    for (unsigned done = 0; done < a.bytes; done += 4) {
      Cell &cell = owner->shared[(offset + done) >> 2];
      if (quick && passes(actor, cell, group, address + done, /*isAlone=*/true)) continue;
      checkGroup(actor, cell, group, address + done, used >> done & 15, a.bytes, owner->attachments);
    }
  }
}

void Implementation::checkGlobal(Actor &actor, const Access &a) {
  GlobalShadow::Guard guard(global);
  uint32_t used = bytesUsed(actor.instruction, a);
  bool quick = isPlain(actor, a), joins = !actor.mark.write && !actor.mark.strength;
  for (uint32_t m = a.mask, group; m; m &= ~group) {
    group = joins ? together(a, m) : m & -m;
    for (unsigned done = 0; done < a.bytes; done += 4) {
      uint64_t address = a.address[std::countr_zero(m)] + done;
      Cell *cell = global.at(address);
      if (!cell) return;
      guard.enter(address);
      if (quick && passes(actor, *cell, group, address, /*isAlone=*/false)) continue;
      checkGroup(actor, *cell, group, address, used >> done & 15, a.bytes, attachments);
    }
  }
}

} // namespace girih::ptx::check
