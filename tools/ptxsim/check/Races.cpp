// What an access finds in the cells of its addresses, and leaves there.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <bit>
#include <span>

namespace girih::ptx::check {

static bool conflict(const Mark &a, const Mark &b) {
  if (!a.write && !b.write) return false;
  return !(a.strength && b.strength && (a.block == b.block || (a.strength == 2 && b.strength == 2)));
}

/// Whether whatever conflicts with `old` conflicts with `m` too.
static bool standsFor(const Mark &m, const Mark &old) {
  return m.sameKind(old) || (!old.write && old.strength && m.write);
}

/// Whether an atomic access has seen a strong write, or what came of it: that precedes whatever the atomic
/// one precedes (observation order).
static bool observes(const Actor &actor, const Mark &old) {
  return actor.isAtomic && old.write && old.strength && !conflict(old, actor.mark);
}

/// Whether an earlier access precedes what a lane does now.
bool Implementation::ordered(const Actor &actor, unsigned lane, const Mark &earlier) const {
  if (earlier.inFlight) return false;
  const BlockState &b = actor.block;
  if (earlier.block == b.id) {
    if (earlier.stamp < b.floor) return true;
    if (earlier.warp == actor.warp.id && (earlier.lanes == 1u << lane || earlier.stamp < actor.state.floor))
      return true;
  }
  return clockOf(b, actor.state, lane).knows(earlier.block, earlier.warp, earlier.lanes, earlier.stamp);
}

/// Whether lanes that read what another lane of their instruction has just read need only be named beside it.
static bool joinReader(const Actor &actor, Cell &cell, uint32_t lanes) {
  const Mark &m = actor.mark, &last = cell.last;
  Mark &o = cell.others;
  if (cell.tag == Cell::Split || cell.tag == Cell::List || o.write || !o.sameKind(m)) return false;
  bool known = last.block == actor.block.id &&
               (last.stamp < actor.block.floor || (last.sameWarp(m) && last.stamp < actor.state.floor));
  if (last.stamp && (last.inFlight || !known)) return false;
  if (cell.tag == Cell::Many) return true;
  if (o.stamp != m.stamp || !o.sameWarp(m) || o.lanes & lanes) return false;
  o.lanes |= lanes;
  return true;
}

/// Lanes access the same bytes.
void Implementation::checkGroup(Actor &actor, Cell &cell, uint32_t lanes, uint64_t address, uint32_t used,
                                unsigned width, Attachments &owner) {
  checkBytes(actor, cell, unsigned(std::countr_zero(lanes)), address, used, width, owner);
  uint32_t rest = lanes & (lanes - 1);
  if (!rest || joinReader(actor, cell, rest)) return;
  for (; rest; rest &= rest - 1)
    checkBytes(actor, cell, unsigned(std::countr_zero(rest)), address, used, width, owner);
}

/// An access of bytes from `address` on that lie in one cell, those of `used`; it splits cells unless it
/// covers them.
void Implementation::checkBytes(Actor &actor, Cell &cell, unsigned lane, uint64_t address, uint32_t used,
                                unsigned width, Attachments &owner) {
  if (used == 15 && cell.tag != Cell::Split) [[likely]]
    return check(actor, cell, 4, lane, address, width, owner);
  if (!used) return;
  if (cell.tag != Cell::Split) {
    Cell *parts = owner.newBytes();
    for (unsigned n = 0; n < 4; ++n) {
      parts[n] = cell;
      if (cell.tag == Cell::List) parts[n].list = owner.newList(), *parts[n].list = *cell.list;
    }
    cell.bytes = parts, cell.tag = Cell::Split;
  }
  for (unsigned n = 0; n < 4; ++n)
    if (used >> n & 1) check(actor, cell.bytes[(address + n) & 3], 1, lane, address + n, width, owner);
}

/// Reports a race, or holds it until what was read is used; true if it is reported.
bool Implementation::foundRace(Actor &actor, unsigned lane, const Mark &other, uint64_t address,
                               unsigned size, unsigned bytes, const char *why) {
  Race race{actor.mark, other, address, actor.space, uint8_t(bytes), why};
  race.mine.lanes = 1u << lane;
  if (actor.followed) {
    if (isReported(race.mine.instruction, other.instruction)) return true;
    HeldRead &read = readOf(actor);
    suspect(read.instruction);
    std::lock_guard<std::mutex> guard(actor.block.held);
    read.races.push_back({race, uint8_t(lane), uint8_t(read.elementsAt(lane, address, size))});
    return false;
  }
  if (holdEarlier(actor, race, size)) return false;
  report(actor.warp, race, nullptr);
  return true;
}

/// `size`: bytes of the cell; `bytes`: of the whole access.
void Implementation::check(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address,
                           unsigned bytes, Attachments &owner) {
  Mark m = actor.mark;
  m.lanes = 1u << lane;
  bool weakWrite = m.write && !m.strength, together = false;
  if (cell.last.stamp && conflict(cell.last, m) && !ordered(actor, lane, cell.last)) {
    if (weakWrite && writesSame(actor, lane, cell.last, address, size, bytes))
      together = cell.last.stamp == m.stamp && cell.last.sameWarp(m);
    else
      foundRace(actor, lane, cell.last, address, size, bytes);
  } else if (actor.asyncRead && cell.last.stamp && !visibleToProxy(actor, cell.last)) {
    foundRace(actor, lane, cell.last, address, size, bytes,
              ": it is through the asynchronous proxy, without fence.proxy.async after the write");
  }
  if (cell.others.stamp || cell.tag != Cell::Single) checkOthers(actor, cell, size, lane, address, bytes);
  if (!weakWrite) return addOther(actor, cell, size, lane, address, owner);
  if (together) m.lanes |= cell.last.lanes;
  cell.last = m;
  // Others may store copies of the same value: that they race with what was read before is not excused.
  bool before = cell.tag == Cell::Single && !cell.others.write && cell.others.block == m.block &&
                cell.others.stamp >= actor.block.floor && actor.space == Space::Shared;
  if (before) return;
  cell.others = Mark();
  if (cell.tag == Cell::List)
    cell.list->clear();
  else
    cell.tag = Cell::Single;
}

static Mark secondOf(const Cell &cell) {
  Mark m = cell.others;
  m.block = cell.second.block, m.instruction = cell.second.instruction, m.warp = cell.second.warp;
  m.lanes = 1u << cell.second.lane, m.sure = cell.second.sure;
  return m;
}

/// Whether a strong write precedes what a lane does since a strong read that precedes that, or is the lane's
/// own, has seen it. Marks are in the order of time.
bool Implementation::seen(const Actor &actor, unsigned lane, const MarkList &list, size_t n) const {
  if (!list[n].write || !list[n].strength) return false;
  for (const Mark &read : std::span(list).subspan(n + 1)) {
    if (read.write || !read.strength || conflict(list[n], read)) continue;
    bool own = read.sameWarp(actor.mark) && read.lanes >> lane & 1;
    if (own || ordered(actor, lane, read)) return true;
  }
  return false;
}

void Implementation::checkOthers(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address,
                                 unsigned bytes) {
  // One race is enough, if it is one for certain.
  auto look = [&](const Mark &other) {
    bool bad = conflict(other, actor.mark) && !ordered(actor, lane, other);
    return bad && foundRace(actor, lane, other, address, size, bytes);
  };
  if (cell.tag == Cell::List) {
    if (cell.others.strength == 2 && actor.mark.strength == 2) return;
    const MarkList &list = *cell.list;
    for (size_t n = 0; n < list.size(); ++n)
      if (!seen(actor, lane, list, n) && look(list[n])) return;
  } else if (!look(cell.others) && cell.tag == Cell::Many) {
    look(secondOf(cell));
  }
}

/// A read or a strong access stays beside others that it is not ordered with.
void Implementation::addOther(Actor &actor, Cell &cell, unsigned size, unsigned lane, uint64_t address,
                              Attachments &owner) {
  Mark m = actor.mark;
  m.lanes = 1u << lane;
  Mark &o = cell.others;
  // A read that takes the place of others stands for them, whatever comes of its own value.
  auto standsFurther = [&](const Mark &old) {
    return !m.write && !old.write &&
           (old.sure || !old.sameWarp(m) || !isOpen(actor, old.lanes, address, size));
  };
  auto joins = [&](Mark &other) {
    if (other.stamp != m.stamp || !other.sameWarp(m) || !other.sameKind(m)) return false;
    if (observes(actor, other)) return other = m, true; // lanes of one instruction come one after the other
    if (other.lanes & m.lanes && !m.write) other.sure |= !isOpen(actor, m.lanes, address, size);
    other.lanes |= m.lanes, other.instruction = m.instruction;
    return true;
  };
  // Shared memory is the block's alone, and its barriers are over for all of them.
  bool alone = actor.space == Space::Shared && actor.block.block->clusterCount == 1;
  auto replaces = [&](const Mark &old) {
    if (alone && old.stamp < actor.block.floor && !old.byAgent()) return true;
    if (!standsFor(m, old) || !(observes(actor, old) || ordered(actor, lane, old))) return false;
    m.sure |= standsFurther(old);
    return true;
  };
  if (cell.tag == Cell::Single) {
    if (joins(o)) return;
    if (!o.stamp || replaces(o)) {
      o = m;
      return;
    }
    if (!fine && o.sameKind(m) && !o.sameWarp(m)) {
      cell.second = {m.block, m.instruction, m.sure, m.warp, lane};
      cell.tag = Cell::Many;
      return;
    }
  } else if (cell.tag == Cell::Many) {
    if (replaces(o) && replaces(secondOf(cell))) {
      o = m, cell.tag = Cell::Single;
      return;
    }
    if (standsFor(o, m)) return;
  }
  // From now on a list.
  if (cell.tag != Cell::List) {
    MarkList *list = owner.newList();
    list->push_back(o);
    if (cell.tag == Cell::Many) list->push_back(secondOf(cell));
    unsigned weakest = std::min(o.strength, cell.tag == Cell::Many ? secondOf(cell).strength : o.strength);
    cell.list = list, cell.tag = Cell::List, cell.others = Mark();
    cell.others.strength = weakest & 3;
  }
  MarkList &list = *cell.list;
  o.strength = list.empty() ? m.strength : std::min(o.strength, m.strength);
  // Who contends comes back soon: the latest are looked at first.
  for (auto other = list.rbegin(); other != list.rend(); ++other)
    if (joins(*other)) {
      std::rotate(other.base() - 1, other.base(), list.end());
      return;
    }
  std::erase_if(list, [&](Mark &other) {
    if (other.sameWarp(m) && standsFor(m, other) && other.lanes & m.lanes) { // the thread itself
      m.sure |= !m.write && (other.sure || !isOpen(actor, m.lanes, address, size));
      other.lanes &= ~m.lanes;
    }
    return other.lanes == 0 || replaces(other);
  });
  constexpr size_t most = 256; // beyond it the oldest is forgotten
  if (list.size() >= most) list.erase(list.begin());
  list.push_back(m);
}

/// What a copy in flight reads stays as it is until the copy has been waited for.
void Implementation::readsLater(AsyncCopy &copy, const Access &a) {
  for (uint32_t m = a.mask; m; m &= m - 1) {
    uint64_t at = copy.source[std::countr_zero(m)] = a.address[std::countr_zero(m)];
    copy.sourceBegin = std::min(copy.sourceBegin, at);
    copy.sourceEnd = std::max(copy.sourceEnd, at + a.bytes);
  }
}

/// A write to global memory that the block's copies in flight read.
void Implementation::checkSources(Actor &actor, const Access &a) {
  BlockState &b = actor.block;
  for (size_t warp = 0; warp < b.warps.size(); ++warp)
    for (const AsyncCopy &copy : b.warps[warp].copies)
      for (uint32_t m = a.mask; m; m &= m - 1) {
        unsigned lane = unsigned(std::countr_zero(m));
        uint64_t at = a.address[lane];
        if (at >= copy.sourceEnd || at + a.bytes <= copy.sourceBegin) continue;
        for (uint32_t n = copy.lanes; n; n &= n - 1) {
          uint64_t from = copy.source[std::countr_zero(n)];
          if (at >= from + copy.bytes || at + a.bytes <= from) continue;
          Mark other;
          other.block = b.id, other.lanes = n & -n, other.warp = warp & 31, other.inFlight = 1;
          other.instruction = copy.instruction & markInstruction;
          foundRace(actor, lane, other, at, a.bytes, a.bytes);
          return;
        }
      }
}

/// A copy that has been waited for is a write of its thread, now; one that is to complete on an mbarrier is
/// its agent's.
void Implementation::completeCopy(BlockState &b, Warp &w, const AsyncCopy &copy, uint32_t lanes,
                                  uint32_t block, uint32_t stamp) {
  auto complete = [&](Cell &cell, unsigned lane) {
    Mark &m = cell.last;
    bool isCopy = m.inFlight ? m.block == b.id : m.byAgent();
    if (!isCopy || m.warp != w.id || m.lanes != 1u << lane || m.instruction != copy.instruction) return;
    m.inFlight = 0, m.block = block, m.stamp = stamp;
  };
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned lane = unsigned(std::countr_zero(m));
    uint64_t offset = copy.address[lane];
    BlockState *owner = sharedOwner(w, offset);
    for (unsigned done = 0; done < copy.bytes; done += 4) {
      Cell &cell = owner->shared[(offset + done) >> 2];
      if (cell.tag == Cell::Split)
        for (unsigned n = 0; n < 4; ++n)
          complete(cell.bytes[n], lane);
      else
        complete(cell, lane);
    }
  }
}

} // namespace girih::ptx::check
