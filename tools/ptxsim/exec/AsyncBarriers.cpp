// mbarrier objects. A cluster runs on one host thread, so plain accesses are atomic. Waits are polls: one
// that fails ends the warp's turn.
//
// To the observer an arrival is an atomic access that releases, a successful wait one that acquires:
// mbarriers order memory as atomics on their word do.
#include "tools/ptxsim/exec/AsyncBarriers.h"
#include "tools/ptxsim/exec/Launcher.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

LanePlace placeOf(const Warp &w, uint32_t op, uint32_t offset, bool wide, int lane, Space space) {
  uint64_t base = wide ? lanesOf<uint64_t>(w, op)[lane] : lanesOf<uint32_t>(w, op)[lane];
  uint64_t address = base + uint64_t(int64_t(int32_t(offset)));
  if (space != Space::Generic) return {address, space};
  switch (address & windowBits) {
  case sharedWindow:
    return {address - sharedWindow, Space::Shared};
  case paramWindow:
    return {address - paramWindow, Space::Param};
  default:
    return {address, Space::Global};
  }
}

void observe(Warp &w, const Inst &i, AccessKind kind, const LanePlace &place, int lane, unsigned bytes,
             Semantics semantics, const Completion *completion) {
  if (!w.launch->observer) return;
  uint64_t address[warpSize] = {};
  address[lane] = place.address;
  Scope scope = semantics == Semantics::Weak ? Scope::None : Scope::Cluster;
  observeAccess(w, i,
                {kind, place.space, {semantics, scope}, uint8_t(bytes), 1u << lane, address, completion});
}

/// checkGlobal for any number of bytes at any address.
static bool checkSpan(Warp &w, const Inst &i, uint64_t at, int lane, unsigned bytes, bool write) {
  uint64_t address[warpSize];
  auto check = [&](uint64_t a, unsigned size) {
    address[lane] = a;
    return checkGlobal(w, i, address, size, 1u << lane, write);
  };
  if (std::has_single_bit(bytes) && !(at & (bytes - 1))) return check(at, bytes);
  if (!check(at, 1)) return false;
  if (w.ranges[&i - w.launch->code].end - at >= bytes) return true;
  return check(at + bytes - 1, 1) &&
         fault(w, i, lane, at, "access of %u bytes at 0x%llx, beyond the end of an allocation", bytes,
               static_cast<unsigned long long>(at));
}

char *pointerTo(Warp &w, const Inst &i, const LanePlace &place, int lane, unsigned bytes, unsigned align,
                bool write) {
  uint64_t at = place.address;
  if (at & (align - 1)) {
    fault(w, i, lane, at, "misaligned access: %s address 0x%llx, which has to be a multiple of %u",
          spaceName(place.space).data(), static_cast<unsigned long long>(at), align);
    return nullptr;
  }
  if (place.space == Space::Shared) {
    char *p = sharedPointer(w, at, bytes);
    if (!p)
      fault(w, i, lane, at, "access of %u bytes at shared address 0x%llx, outside of its %u bytes", bytes,
            static_cast<unsigned long long>(at), w.block->sharedBytes);
    return p;
  }
  if (place.space == Space::Param) {
    if (!write && at <= w.launch->paramBytes && bytes <= w.launch->paramBytes - at)
      return const_cast<char *>(w.launch->params) + at;
    fault(w, i, lane, at, "access of %u bytes at param address 0x%llx, outside of its %u bytes", bytes,
          static_cast<unsigned long long>(at), w.launch->paramBytes);
    return nullptr;
  }
  const Range &range = w.ranges[&i - w.launch->code];
  bool known = at >= range.begin && at < range.end && range.end - at >= bytes && !(write && range.readOnly);
  return known || checkSpan(w, i, at, lane, bytes, write) ? hostPointer(at) : nullptr;
}

namespace {

/// The object's 64 bits, which PTX leaves open: arrivals that are pending and expected, bytes that are to
/// come, the phase.
struct AsyncBarrier {
  uint64_t pending : 20, expected : 20;
  int64_t bytes : 22;
  uint64_t valid : 1, phase : 1;
};
static_assert(sizeof(AsyncBarrier) == 8);

template <class T> void storeLane(Warp &w, uint32_t op, int lane, T value) {
  memcpy(w.base[0] + op + unsigned(lane) * sizeof(T), &value, sizeof(T));
}
void storePredicate(Warp &w, uint32_t op, int lane, bool value) {
  uint32_t mask;
  memcpy(&mask, w.base[0] + op, 4);
  mask = (mask & ~(1u << lane)) | uint32_t(value) << lane;
  memcpy(w.base[0] + op, &mask, 4);
}

/// The barrier at op[at] in a lane; null after a fault.
char *barrierAt(Warp &w, const Inst &i, const LanePlace &place, int lane, AsyncBarrier &barrier) {
  if (place.space != Space::Shared) {
    fault(w, i, lane, place.address, "an mbarrier lies in shared memory");
    return nullptr;
  }
  char *p = pointerTo(w, i, place, lane, 8, 8, true);
  if (p) memcpy(&barrier, p, 8);
  return p;
}

/// Inst::imm of the instructions on mbarriers.
struct BarrierAccess {
  Space space;
  Semantics semantics;
  uint16_t unused;
  uint32_t unused2;
};

bool settle(Warp &w, const Inst &i, int lane, const LanePlace &place, char *at, AsyncBarrier barrier,
            Semantics semantics) {
  bool completes = barrier.pending == 0 && barrier.bytes == 0;
  if (completes) barrier.phase ^= 1, barrier.pending = barrier.expected;
  memcpy(at, &barrier, 8);
  ++w.changes;
  observe(w, i, AccessKind::Atomic, place, lane, 8, semantics);
  if (completes && w.launch->observer) w.launch->observer->phaseCompletes(w, place.address);
  return true;
}

/// What an instruction does to a barrier, in Inst::detail.
enum class Change : uint8_t { Init, Invalidate, ExpectBytes, CompleteBytes, Arrive, ArriveExpect, Drop };

/// Arrivals and what else changes a barrier. `count`: arrivals or bytes. The state before goes to `before`.
bool change(Warp &w, const Inst &i, int lane, const LanePlace &place, Change what, uint32_t count,
            Semantics semantics, AsyncBarrier &before) {
  AsyncBarrier b;
  char *at = barrierAt(w, i, place, lane, b);
  if (!at) return false;
  if (what == Change::Init) {
    if (count == 0 || count >= 1u << 20)
      return fault(w, i, lane, place.address, "an mbarrier counts 1 to %u arrivals, not %u", (1u << 20) - 1,
                   count);
    b = {};
    b.valid = 1, b.pending = b.expected = count & 0xfffff;
    memcpy(at, &b, 8);
    observe(w, i, AccessKind::Store, place, lane, 8);
    return true;
  }
  if (what == Change::Invalidate) { // by every thread, as destructors do it, is fine
    memset(at, 0, 8);
    observe(w, i, AccessKind::Atomic, place, lane, 8, Semantics::Relaxed);
    return true;
  }
  if (!b.valid)
    return fault(w, i, lane, place.address, "the mbarrier at shared address 0x%llx was not initialised",
                 static_cast<unsigned long long>(place.address));
  before = b;
  switch (what) {
  case Change::ExpectBytes:
  case Change::CompleteBytes:
  case Change::ArriveExpect: {
    int64_t bytes = b.bytes + (what == Change::CompleteBytes ? -int64_t(count) : int64_t(count));
    if (bytes < -(1 << 20) || bytes >= 1 << 20)
      return fault(w, i, lane, place.address, "an mbarrier counts at most %u bytes", (1u << 20) - 1);
    b.bytes = bytes;
    if (what == Change::ExpectBytes) break;
    if (what == Change::CompleteBytes) return settle(w, i, lane, place, at, b, semantics);
    count = 1;
    [[fallthrough]];
  }
  case Change::Arrive:
  case Change::Drop:
    if (count == 0 || count > b.pending)
      return fault(w, i, lane, place.address, "%u arrivals at an mbarrier whose phase waits for %u", count,
                   unsigned(b.pending));
    b.pending -= count & 0xfffff;
    if (what == Change::Drop) b.expected -= count & 0xfffff;
    return settle(w, i, lane, place, at, b, semantics);
  default:
    break;
  }
  memcpy(at, &b, 8);
  observe(w, i, AccessKind::Atomic, place, lane, 8, Semantics::Relaxed);
  return true;
}

/// The address and the count are op[0..1] and op[2]; of what yields the state before, op[0], they come after
/// it.
template <bool yieldsState> bool changeBarrier(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *op = i.op + yieldsState;
  auto how = std::bit_cast<BarrierAccess>(i.imm);
  AsyncBarrier before;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    uint32_t count = op[2] == operandNone ? 1 : lanesOf<uint32_t>(w, op[2])[lane];
    LanePlace place = placeOf(w, op[0], op[1], i.flags & Inst::Wide, lane, how.space);
    if (!change(w, i, lane, place, Change(i.detail), count, how.semantics, before)) return false;
    if (yieldsState) storeLane(w, i.op[0], lane, std::bit_cast<uint64_t>(before));
  }
  return true;
}

/// op[0] a predicate, op[1..2] the address, op[3] a state or a phase's parity.
template <bool parity> bool waitTest(Warp &w, const Inst &i, uint32_t mask) {
  bool all = true;
  auto how = std::bit_cast<BarrierAccess>(i.imm);
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace place = placeOf(w, i.op[1], i.op[2], i.flags & Inst::Wide, lane, how.space);
    AsyncBarrier b;
    if (!barrierAt(w, i, place, lane, b)) return false;
    if (!b.valid)
      return fault(w, i, lane, place.address, "the mbarrier at shared address 0x%llx was not initialised",
                   static_cast<unsigned long long>(place.address));
    uint64_t phase;
    if constexpr (parity)
      phase = lanesOf<uint32_t>(w, i.op[3])[lane] & 1;
    else
      phase = std::bit_cast<AsyncBarrier>(lanesOf<uint64_t>(w, i.op[3])[lane]).phase;
    bool complete = b.phase != phase;
    storePredicate(w, i.op[0], lane, complete);
    if (complete) observe(w, i, AccessKind::Atomic, place, lane, 8, how.semantics);
    all &= complete;
  }
  if (all) return true;
  ++w.strongReads; // a poll in vain
  return w.block->scheduler->yields(w);
}

bool pendingCount(Warp &w, const Inst &i, uint32_t mask) {
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    storeLane(w, i.op[0], lane,
              uint32_t(std::bit_cast<AsyncBarrier>(lanesOf<uint64_t>(w, i.op[1])[lane]).pending));
  }
  return true;
}

/// cp.async.mbarrier.arrive: the lanes' copies have been done; without .noinc the arrival is one that was not
/// expected, so that nothing is left to count.
bool copiesArrive(Warp &w, const Inst &i, uint32_t mask) {
  AsyncBarrier before;
  bool arrives = i.detail == uint8_t(Change::Arrive);
  auto how = std::bit_cast<BarrierAccess>(i.imm);
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    LanePlace place = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, how.space);
    if (place.space == Space::Shared && !isBarrier(w, i, place, lane)) return false;
    if (w.launch->observer && place.space == Space::Shared)
      w.launch->observer->copiesArrive(w, i, unsigned(lane), place.address);
    if (!change(w, i, lane, place, Change(i.detail), arrives, Semantics::Release, before)) return false;
  }
  return true;
}

} // namespace

bool completeBytes(Warp &w, const Inst &i, int lane, const LanePlace &barrier, uint32_t bytes) {
  AsyncBarrier before;
  return change(w, i, lane, barrier, Change::CompleteBytes, bytes, Semantics::Release, before);
}

Handler selectMbarrier(const Match &m, Inst &i) {
  if (m.space != Space::Shared && m.space != Space::Generic) return nullptr;
  bool waits = m.has("test_wait") || m.has("try_wait");
  Semantics semantics = m.has("relaxed") ? Semantics::Relaxed
                        : waits          ? Semantics::Acquire
                                         : Semantics::Release;
  i.imm = std::bit_cast<int64_t>(BarrierAccess{m.space, semantics, 0, 0});
  auto set = [&](Change what) { i.detail = uint8_t(what); };
  if (m.has("arrive_drop")) return m.has("expect_tx") ? nullptr : (set(Change::Drop), changeBarrier<true>);
  if (m.has("arrive"))
    return m.has("expect_tx") && i.op[3] == operandNone
               ? nullptr
               : (set(m.has("expect_tx") ? Change::ArriveExpect : Change::Arrive), changeBarrier<true>);
  if (waits) return m.has("parity") ? waitTest<true> : waitTest<false>;
  set(m.has("init")        ? Change::Init
      : m.has("inval")     ? Change::Invalidate
      : m.has("expect_tx") ? Change::ExpectBytes
                           : Change::CompleteBytes);
  return changeBarrier<false>;
}

Handler selectPendingCount(const Match &, Inst &) {
  return pendingCount;
}

Handler selectCopiesArrive(const Match &m, Inst &i) {
  if (m.space != Space::Shared && m.space != Space::Generic) return nullptr;
  i.imm = std::bit_cast<int64_t>(BarrierAccess{m.space, Semantics::Release, 0, 0});
  i.detail = uint8_t(m.has("noinc") ? Change::Arrive : Change::ExpectBytes);
  return copiesArrive;
}

} // namespace girih::ptx
