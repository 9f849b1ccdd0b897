// mbarrier objects and the bulk copies that complete on them. A cluster runs on one host thread, so plain
// accesses are atomic. Waits are polls: one that fails ends the warp's turn.
//
// To the observer an arrival is an atomic access that releases and acquires, a successful wait one that
// acquires: mbarriers order memory as atomics on their word do.
#include "tools/ptxsim/exec/Launcher.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

namespace {

/// The object's 64 bits, which PTX leaves open: arrivals that are pending and expected, bytes that are to
/// come, the phase.
struct AsyncBarrier {
  uint64_t pending : 20, expected : 20;
  int64_t bytes : 22;
  uint64_t valid : 1, phase : 1;
};
static_assert(sizeof(AsyncBarrier) == 8);

template <class T> const T *lanesOf(const Warp &w, uint32_t op) {
  return reinterpret_cast<const T *>(w.base[op >> 31] + (op & operandOffset));
}
template <class T> void storeLane(Warp &w, uint32_t op, int lane, T value) {
  memcpy(w.base[0] + op + unsigned(lane) * sizeof(T), &value, sizeof(T));
}
void storePredicate(Warp &w, uint32_t op, int lane, bool value) {
  uint32_t mask;
  memcpy(&mask, w.base[0] + op, 4);
  mask = (mask & ~(1u << lane)) | uint32_t(value) << lane;
  memcpy(w.base[0] + op, &mask, 4);
}

/// The address of an operand in a lane: in shared memory its offset, else as the program sees it.
struct Place {
  uint64_t address;
  Space space;
};
Place placeOf(const Warp &w, uint32_t op, uint32_t offset, bool wide, int lane, Space space) {
  uint64_t base = wide ? lanesOf<uint64_t>(w, op)[lane] : lanesOf<uint32_t>(w, op)[lane];
  uint64_t address = base + uint64_t(int64_t(int32_t(offset)));
  if (space == Space::Generic) {
    space = (address & windowBits) == sharedWindow ? Space::Shared : Space::Global;
    if (space == Space::Shared) address -= sharedWindow;
  }
  return {address, space};
}

void observe(Warp &w, const Inst &i, AccessKind kind, const Place &place, int lane, unsigned bytes,
             Semantics semantics = Semantics::Weak) {
  if (!w.launch->observer) return;
  uint64_t address[warpSize] = {};
  address[lane] = place.address;
  Scope scope = semantics == Semantics::Weak ? Scope::None : Scope::Cluster;
  observeAccess(w, i, {kind, place.space, {semantics, scope}, uint8_t(bytes), 1u << lane, address});
}

/// Host memory of a place, or null after a fault.
char *pointerTo(Warp &w, const Inst &i, const Place &place, int lane, unsigned bytes, bool write) {
  uint64_t address[warpSize] = {};
  address[lane] = place.address;
  if (place.space == Space::Shared) {
    char *p = place.address & (bytes - 1) ? nullptr : sharedPointer(w, place.address, bytes);
    if (!p) badAddress(w, i, Space::Shared, address, bytes, 1u << lane);
    return p;
  }
  if (!checkGlobal(w, i, address, bytes, 1u << lane, write)) return nullptr;
  return hostPointer(place.address);
}

/// The barrier at op[at] in a lane; null after a fault.
char *barrierAt(Warp &w, const Inst &i, const Place &place, int lane, AsyncBarrier &barrier) {
  if (place.space != Space::Shared) {
    fault(w, i, lane, place.address, "an mbarrier lies in shared memory");
    return nullptr;
  }
  char *p = pointerTo(w, i, place, lane, 8, true);
  if (p) memcpy(&barrier, p, 8);
  return p;
}

bool settle(Warp &w, const Inst &i, int lane, const Place &place, char *at, AsyncBarrier barrier) {
  if (barrier.pending == 0 && barrier.bytes == 0) barrier.phase ^= 1, barrier.pending = barrier.expected;
  memcpy(at, &barrier, 8);
  ++w.changes;
  observe(w, i, AccessKind::Atomic, place, lane, 8, Semantics::AcquireRelease);
  return true;
}

/// What an instruction does to a barrier, in Inst::detail.
enum class Change : uint8_t { Init, Invalidate, ExpectBytes, CompleteBytes, Arrive, ArriveExpect, Drop };

/// Arrivals and what else changes a barrier. `count`: arrivals or bytes. The state before goes to `before`.
bool change(Warp &w, const Inst &i, int lane, const Place &place, Change what, uint32_t count,
            AsyncBarrier &before) {
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
    if (what == Change::CompleteBytes) return settle(w, i, lane, place, at, b);
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
    return settle(w, i, lane, place, at, b);
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
  AsyncBarrier before;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    uint32_t count = op[2] == operandNone ? 1 : lanesOf<uint32_t>(w, op[2])[lane];
    Place place = placeOf(w, op[0], op[1], i.flags & Inst::Wide, lane, Space(i.imm));
    if (!change(w, i, lane, place, Change(i.detail), count, before)) return false;
    if (yieldsState) storeLane(w, i.op[0], lane, std::bit_cast<uint64_t>(before));
  }
  return true;
}

/// op[0] a predicate, op[1..2] the address, op[3] a state or a phase's parity.
template <bool parity> bool waitTest(Warp &w, const Inst &i, uint32_t mask) {
  bool all = true;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    Place place = placeOf(w, i.op[1], i.op[2], i.flags & Inst::Wide, lane, Space(i.imm));
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
    if (complete) observe(w, i, AccessKind::Atomic, place, lane, 8, Semantics::Acquire);
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
/// expected, so that only the order remains.
bool copiesArrive(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer)
    w.launch->observer->asyncCommits(w, i, mask), w.launch->observer->asyncWaits(w, i, mask, 0);
  AsyncBarrier before;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    Place place = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, Space(i.imm));
    if (!change(w, i, lane, place, Change(i.detail), i.detail == uint8_t(Change::Arrive) ? 1 : 0, before))
      return false;
  }
  return true;
}

//===-- Bulk copies -----------------------------------------------------------------===//

/// op[0..1] the destination, op[2..3] the source, op[4] bytes; more: the mbarrier. The copy is done at once.
struct BulkCopy {
  Space to, from;
  bool multicast, completes;
  uint32_t unused;
};

bool copyBytes(Warp &w, const Inst &i, int lane, Place to, Place from, uint32_t bytes) {
  for (uint32_t n = 0; n < bytes; n += 16, to.address += 16, from.address += 16) {
    const char *source = pointerTo(w, i, from, lane, 16, false);
    if (!source) return false;
    char *destination = pointerTo(w, i, to, lane, 16, true);
    if (!destination) return false;
    observe(w, i, AccessKind::Load, from, lane, 16);
    observe(w, i, AccessKind::Store, to, lane, 16);
    memcpy(destination, source, 16);
  }
  return true;
}

bool bulkCopy(Warp &w, const Inst &i, uint32_t mask) {
  BulkCopy c = std::bit_cast<BulkCopy>(i.imm);
  AsyncBarrier before;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    Place to = placeOf(w, i.op[0], i.op[1], i.flags & Inst::Wide, lane, c.to),
          from = placeOf(w, i.op[2], i.op[3], i.flags & Inst::Wide2, lane, c.from);
    uint32_t bytes = lanesOf<uint32_t>(w, i.op[4])[lane];
    if (bytes % 16)
      return fault(w, i, lane, to.address, "a bulk copy of %u bytes: they must be a multiple of 16", bytes);
    Place barrier{};
    if (c.completes) barrier = placeOf(w, i.more[0], i.more[1], i.more[2], lane, Space::Shared);
    // The blocks that get the data: one's own, or those of a mask at the same offset.
    constexpr uint64_t offset = (1u << sharedRankShift) - 1;
    uint32_t blocks = c.multicast ? lanesOf<uint16_t>(w, i.op[5])[lane] : 1;
    for (uint32_t rank = 0; blocks; ++rank, blocks >>= 1) {
      if (!(blocks & 1)) continue;
      Place there = to, signal = barrier;
      if (c.multicast) {
        uint64_t window = uint64_t(rank + 1) << sharedRankShift;
        there.address = (to.address & offset) | window, signal.address = (barrier.address & offset) | window;
      }
      if (!copyBytes(w, i, lane, there, from, bytes)) return false;
      if (c.completes && !change(w, i, lane, signal, Change::CompleteBytes, bytes, before)) return false;
    }
  }
  return true;
}

} // namespace

Handler selectMbarrier(const Match &m, Inst &i) {
  i.imm = int64_t(m.space);
  if (m.space != Space::Shared && m.space != Space::Generic) return nullptr;
  auto set = [&](Change what) { i.detail = uint8_t(what); };
  if (m.has("arrive_drop")) return m.has("expect_tx") ? nullptr : (set(Change::Drop), changeBarrier<true>);
  if (m.has("arrive"))
    return m.has("expect_tx") && i.op[3] == operandNone
               ? nullptr
               : (set(m.has("expect_tx") ? Change::ArriveExpect : Change::Arrive), changeBarrier<true>);
  if (m.has("test_wait") || m.has("try_wait")) return m.has("parity") ? waitTest<true> : waitTest<false>;
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
  i.imm = int64_t(m.space);
  i.detail = uint8_t(m.has("noinc") ? Change::Arrive : Change::ExpectBytes);
  return copiesArrive;
}

Handler selectBulkCopy(const Match &m, Inst &i) {
  bool toGlobal = m.has("bulk_group");
  BulkCopy c{};
  c.to = toGlobal ? Space::Global : Space::Shared;
  c.from = toGlobal || !m.has("global") ? Space::Shared : Space::Global;
  c.multicast = m.has("multicast::cluster"), c.completes = !toGlobal;
  i.imm = std::bit_cast<int64_t>(c);
  return bulkCopy;
}

} // namespace girih::ptx
