// What is common, done quickly: weak loads of shared memory that other threads wrote before the last barrier.
// What is not is left to the others.
#include "tools/ptxsim/check/Implementation.h"
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

/// Leaves weak accesses in cells where nobody can race with them: whatever was done there, or for reads
/// whatever was written, precedes the block's last barrier. Returns the lanes that have to be looked at more
/// closely.
uint32_t Implementation::accessShared(const Actor &actor, const Access &a) {
  const Mark &m = actor.mark;
  if (m.strength || m.inFlight || a.completion || actor.asyncRead || a.bytes % 4 ||
      actor.instruction.source->usedBytes != ~0u || actor.block.block->clusterCount > 1)
    return a.mask;
  uint32_t id = actor.block.id, floor = actor.block.floor, left = 0;
  Cell *cells = actor.block.shared.data();
  auto past = [&](const Mark &old) { return !old.stamp || (old.block == id && old.stamp < floor); };
  auto allPast = [&](const Cell &cell) {
    return past(cell.others) && (cell.tag == Cell::Single || cell.second.block == id);
  };
  auto write = [&](Cell &cell, uint32_t lanes) {
    if (!allPast(cell)) return false;
    cell.last = m, cell.last.lanes = lanes;
    cell.others = Mark(), cell.tag = Cell::Single;
    return true;
  };
  auto read = [&](Cell &cell, uint32_t lanes) {
    Mark &o = cell.others;
    if (o.write || o.strength) return false;
    if (cell.tag == Cell::Many && o.stamp >= floor && o.block == id) return true; // only two are kept
    if (cell.tag == Cell::Single && o.stamp == m.stamp && o.sameWarp(m) && !(o.lanes & lanes)) {
      o.lanes |= lanes, o.instruction = m.instruction;
      return true;
    }
    if (!allPast(cell)) return false;
    o = m, o.lanes = lanes, cell.tag = Cell::Single;
    return true;
  };
  for (uint32_t lanes = a.mask, group; lanes; lanes &= ~group) {
    uint64_t address = a.address[std::countr_zero(lanes)];
    group = lanes & -lanes;
    for (uint32_t rest = m.write ? 0 : lanes & ~group; rest && a.address[std::countr_zero(rest)] == address;
         rest &= rest - 1)
      group |= rest & -rest;
    for (unsigned n = 0; n < a.bytes; n += 4) {
      Cell &cell = cells[(address + n) >> 2];
      bool known = cell.tag <= Cell::Many && !cell.last.inFlight && past(cell.last);
      if (known && (m.write ? write(cell, group) : read(cell, group))) continue;
      left |= group;
      break;
    }
  }
  return left;
}

} // namespace girih::ptx::check
