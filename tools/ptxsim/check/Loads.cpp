// Reads that matter only if their values are used: faults that they would be are held until then.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

namespace girih::ptx::check {

/// Whether a load's values are followed to where they are used. Strong reads are acts of their own.
bool Implementation::isFollowed(const Inst &i, const Access &a) const {
  return !options.droppedReads && a.kind == AccessKind::Load && !a.completion &&
         a.order.semantics == Semantics::Weak && roles.loads(indexOf(i)) && i.count <= HeldRead::most &&
         !guesses[indexOf(i)];
}

/// Follows what a load reads from now on: into the registers that it writes.
HeldRead &Implementation::follow(Warp &w, const Inst &i, const Access &a) {
  BlockState &b = stateOf(*w.block);
  WarpState &s = b.warps[w.id];
  std::lock_guard<std::mutex> guard(b.held);
  if (!s.values) s.values = std::make_unique<Values>(roles.registerCount);
  uint32_t index;
  HeldRead &read = s.values->newRead(index);
  read.instruction = indexOf(i), read.lanes = a.mask, read.space = a.space;
  read.bytes = a.bytes, read.count = i.count;
  std::copy_n(a.address, warpSize, read.address);
  std::tie(read.begin, read.end) = HeldRead::range(a.address, a.mask, a.bytes);
  std::span<const uint32_t> registers = roles.writes(*roles.of(indexOf(i)));
  for (unsigned e = 0; e < i.count; ++e)
    s.values->assign(registers[e], s.values->leaf(index, e, a.mask), a.mask);
  w.watched = true;
  return read;
}

/// A read in the past races with a write now: held if its value may still be used, or not. False if it has
/// been used, or was not followed.
bool Implementation::holdEarlier(const Actor &actor, const Race &race, unsigned size) {
  const Mark &reader = race.other;
  if (reader.write || reader.strength || reader.inFlight || reader.byAgent() || reader.sure) return false;
  std::lock_guard<std::mutex> guard(lock);
  auto it = running.find(reader.block);
  if (it == running.end()) return false;
  BlockState &b = *it->second;
  std::lock_guard<std::mutex> guardOfBlock(b.held);
  Values *values = reader.warp < b.warps.size() ? b.warps[reader.warp].values.get() : nullptr;
  if (!values) return false;
  uint32_t lanes = reader.lanes;
  if (reader.sameWarp(actor.mark)) lanes &= ~race.mine.lanes;
  std::vector<std::pair<HeldRead *, HeldRead::Held>> found;
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    size_t before = found.size();
    bool used = false;
    values->each([&](HeldRead &read) {
      if (!read.reads(race.space, l, race.address, size)) return;
      unsigned elements = read.elementsAt(l, race.address, size);
      used |= read.isUsed(l, elements);
      found.push_back({&read, {race, uint8_t(l), uint8_t(elements)}});
    });
    if (used || found.size() == before) return false;
  }
  for (auto &[read, held] : found)
    read->races.push_back(held), suspect(read->instruction);
  return true;
}

/// Finds the reads of the places of an access that are followed, where they are of whole elements: loops read
/// the same places again.
void Implementation::findAgain(Actor &actor) {
  Actor::Again &again = actor.again;
  again.isKnown = true;
  if (!actor.followed) return;
  const Access &a = *actor.followed;
  auto [low, high] = HeldRead::range(a.address, a.mask, a.bytes);
  again.isSame = true;
  actor.state.values->each([&](const HeldRead &read) {
    if (&read == actor.read || read.space != a.space || read.begin >= high || read.end <= low) return;
    again.isSame &= read.count == 1 && read.bytes == a.bytes && !((read.lanes ^ a.mask) & a.mask) &&
                    std::equal(a.address, a.address + warpSize, read.address);
    again.open |= read.lanes, again.used |= read.used[0];
  });
}

/// Whether what lanes have read there before is followed and has not been used: whoever reads it again need
/// not remember it.
bool Implementation::isOpen(Actor &actor, uint32_t lanes, uint64_t address, unsigned size) const {
  constexpr size_t most = 32; // all loads are looked through, for each lane
  if (!actor.state.values || actor.state.values->readCount() > most) return false;
  if (!actor.again.isKnown) findAgain(actor);
  if (actor.again.isSame) {
    if (lanes & (~actor.again.open | actor.again.used)) return false;
    return actor.state.values->readAgain = true;
  }
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    bool open = false, used = false;
    actor.state.values->each([&](const HeldRead &read) {
      if (&read == actor.read || !read.reads(actor.space, l, address, size)) return;
      open = true, used |= read.isUsed(l, read.elementsAt(l, address, size));
    });
    if (!open || used) return false;
  }
  return actor.state.values->readAgain = true;
}

/// Elements of a read are used: what was held of it is said.
void Implementation::useRead(Warp &w, HeldRead &read, unsigned element, uint32_t lanes, const Inst *user) {
  BlockState &b = stateOf(*w.block);
  std::vector<Race> races;
  {
    std::lock_guard<std::mutex> guard(b.held);
    read.used[element] |= lanes;
    std::erase_if(read.races, [&](const HeldRead::Held &held) {
      bool now = held.elements >> element & 1 && lanes >> held.lane & 1;
      if (now) races.push_back(held.race);
      return now;
    });
  }
  if (uint32_t holes = read.holes[element] & lanes) {
    unsigned lane = unsigned(std::countr_zero(holes));
    readsHole(w, program.code[read.instruction], read.space, read.address[lane], read.bytes, lane, user);
  }
  for (const Race &race : races)
    report(w, race, user);
}

void Implementation::useValue(Warp &w, WarpState &s, Value value, uint32_t lanes, const Inst *user) {
  if (!(value.lanes & lanes)) return;
  s.values->use(value, lanes, [&](HeldRead &read, unsigned element, uint32_t used) {
    useRead(w, read, element, used, user);
  });
}

//===-- Values that nothing uses ---------------------------------------------------------===//

/// Takes lanes of a warp out of the readers of a cell.
static void forget(Cell &cell, const Mark &reader) {
  auto take = [&](Mark &m) {
    if (m.write || m.strength || m.sure || m.byAgent() || !m.sameWarp(reader)) return;
    m.lanes &= ~reader.lanes;
    if (!m.lanes) m = Mark();
  };
  if (cell.tag == Cell::Single) take(cell.others);
  if (cell.tag != Cell::List) return;
  for (Mark &m : *cell.list)
    take(m);
  std::erase_if(*cell.list, [](const Mark &m) { return m.stamp == 0; });
}

/// The values of a load have not been used, and never will be: it is as if the lanes had not read.
void Implementation::dropped(Block &block, uint32_t warp, HeldRead &read, bool atEnd) {
  if (!read.isAllUsed()) suspect(read.instruction);
  BlockState &b = stateOf(block);
  if (read.space != Space::Local && options.races && !(read.space == Space::Shared && atEnd))
    forgetReaders(block, b, warp, read);
  std::lock_guard<std::mutex> guard(b.held);
  read.lanes = 0, read.races.clear();
}

void Implementation::forgetReaders(Block &block, BlockState &b, uint32_t warp, const HeldRead &read) {
  constexpr size_t most = 256;
  Values &values = *b.warps[warp].values;
  if (values.readAgain && values.readCount() > most) return;
  GlobalShadow::Guard guard(global);
  Mark reader;
  reader.block = b.id, reader.warp = warp & 31;
  for (uint32_t m = read.lanes; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    reader.lanes = m & -m;
    for (uint64_t at = read.address[l] & ~3ull; at < read.address[l] + read.bytes; at += 4) {
      if (read.isUsed(l, read.elementsAt(l, at, 4))) continue;
      bool again = false; // read once more, which is another matter
      if (values.readAgain)
        values.each(
            [&](const HeldRead &other) { again |= &other != &read && other.reads(read.space, l, at, 4); });
      if (again) continue;
      uint64_t offset = at;
      bool isGlobal = read.space == Space::Global;
      BlockState *owner = isGlobal ? nullptr : sharedOwner(block.warps[warp], offset);
      Cell *cell = isGlobal ? global.at(at) : &owner->shared[offset >> 2];
      if (!cell) continue;
      if (isGlobal) guard.enter(at);
      forget(*cell, reader);
      for (unsigned n = 0; cell->tag == Cell::Split && n < 4; ++n)
        forget(cell->bytes[n], reader);
    }
  }
}

void Implementation::collect(Warp &w, WarpState &s) {
  if (s.values->overflows())
    s.values->useAll(
        [&](HeldRead &read, unsigned element, uint32_t lanes) { useRead(w, read, element, lanes, nullptr); });
  w.watched = s.values->collect([&](HeldRead &read) { dropped(*w.block, w.id, read, false); });
}

//===-- What instructions do with values -------------------------------------------------===//

static uint32_t predicateOf(const Warp &w, uint32_t op) {
  uint32_t mask;
  memcpy(&mask, w.base[op >> 31] + (op & operandOffset), 4);
  return op & operandNegated ? ~mask : mask;
}

/// Lanes in which an operand of and is false or zero.
static uint32_t zeroLanes(const Warp &w, uint32_t op, unsigned bytes) {
  if (!bytes) return ~predicateOf(w, op);
  const char *at = w.base[op >> 31] + (op & operandOffset);
  uint32_t lanes = 0;
  for (unsigned l = 0; l < warpSize; ++l) {
    uint64_t value = 0;
    memcpy(&value, at + size_t(l) * bytes, bytes);
    lanes |= uint32_t(value == 0) << l;
  }
  return lanes;
}

/// What the results of an instruction depend on.
Value Implementation::resultOf(Warp &w, const Inst &i, const ValueRoles::Role &role, Values &v,
                               uint32_t mask) {
  std::span<const uint32_t> reads = roles.reads(role);
  auto all = [&](uint32_t lanes) {
    Value value;
    for (uint32_t r : reads)
      value = v.combine(value, v.at(r).in(lanes));
    return value;
  };
  switch (role.flow) {
  case Flow::Selects: {
    uint32_t takes = predicateOf(w, i.op[3]);
    Value value = v.combine(v.at(reads[0]).in(mask & takes), v.at(reads[1]).in(mask & ~takes));
    return v.combine(value, v.at(reads[2]).in(mask));
  }
  case Flow::And:
  case Flow::Or: {
    Value a = v.at(reads[0]).in(mask), b = v.at(reads[1]).in(mask);
    if (!(a.lanes | b.lanes)) return {};
    auto decides = [&](uint32_t op) {
      return role.flow == Flow::And ? zeroLanes(w, op, role.bytes) : predicateOf(w, op);
    };
    uint32_t byA = decides(i.op[1]) & ~a.lanes, byB = decides(i.op[2]) & ~b.lanes;
    return v.combine(a.in(~byB), b.in(~byA));
  }
  case Flow::SetpAnd:
  case Flow::SetpOr: {
    uint32_t holds = predicateOf(w, i.op[4]);
    uint32_t decided = (role.flow == Flow::SetpAnd ? ~holds : holds) & ~v.at(reads[2]).lanes;
    return all(mask & ~decided);
  }
  case Flow::Mixes:
    return v.mix(all(allLanes), mask);
  default:
    return all(mask);
  }
}

void Implementation::follows(Warp &w, const Inst &i, uint32_t mask) {
  const ValueRoles::Role *role = roles.of(indexOf(i));
  if (!role || role->flow == Flow::Nothing) return;
  WarpState &s = stateOf(*w.block).warps[w.id];
  if (s.values->isDue()) {
    collect(w, s);
    if (!w.watched) return;
  }
  Values &v = *s.values;
  Value guard = v.at(role->guard).in(w.active);
  if (role->flow == Flow::Uses || role->flow == Flow::Loads) {
    for (uint32_t r : roles.reads(*role))
      useValue(w, s, v.at(r), mask, &i);
    if (role->flow == Flow::Uses) useValue(w, s, guard, w.active, &i);
    for (uint32_t r : roles.writes(*role))
      v.assign(r, Value(), mask), v.add(r, guard);
    return;
  }
  if (role->flow == Flow::Shuffles) return useValue(w, s, guard, w.active, &i);
  Value value = resultOf(w, i, *role, v, mask);
  for (uint32_t r : roles.writes(*role)) {
    v.assign(r, value, mask);
    v.add(r, guard); // whether it is written at all
  }
}

/// shfl, when its lanes have met.
void Implementation::shuffleValues(Warp &w, const Inst &i, uint32_t mask) {
  const ValueRoles::Role *role = roles.of(indexOf(i));
  if (!role || role->flow != Flow::Shuffles) return;
  Values &v = *stateOf(*w.block).warps[w.id].values;
  std::span<const uint32_t> reads = roles.reads(*role), writes = roles.writes(*role);
  Value which = v.combine(v.at(reads[1]).in(mask), v.at(reads[2]).in(mask)), from = v.at(reads[0]);
  auto lanesOf = [&](uint32_t op) {
    return reinterpret_cast<const uint32_t *>(w.base[op >> 31] + (op & operandOffset));
  };
  const uint32_t *by = lanesOf(i.op[3]), *clamp = lanesOf(i.op[4]);
  const Instruction &text = *i.source;
  std::array<uint8_t, warpSize> source;
  for (unsigned l = 0; l < warpSize; ++l) {
    unsigned offset = by[l] & 31, segment = clamp[l] >> 8 & 31,
             bound = (l & segment) | (clamp[l] & 31 & ~segment);
    int at = text.has("up")     ? int(l) - int(offset)
             : text.has("down") ? int(l + offset)
             : text.has("bfly") ? int(l ^ offset)
                                : int((l & segment) | (offset & ~segment));
    bool inRange = text.has("up") ? at >= int(bound) : at <= int(bound);
    source[l] = uint8_t(inRange ? unsigned(at) & 31 : l);
  }
  // A result in the place of the lane or the clamp has hidden where its values came from.
  bool isHidden = i.op[0] == i.op[3] || i.op[0] == i.op[4];
  Value value = isHidden ? v.mix(from, mask) : v.shuffle(from, source, mask);
  v.assign(writes[0], v.combine(value, which), mask);
  if (writes.size() > 1) v.assign(writes[1], which, mask);
}

} // namespace girih::ptx::check
