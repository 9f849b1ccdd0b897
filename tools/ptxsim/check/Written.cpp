// Which bytes have been written: of shared and local memory since their block began, of global memory since
// it was allocated (Memory::trackWrites).
#include "tools/ptxsim/check/Implementation.h"
#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace girih::ptx::check {

uint32_t bytesUsed(const Inst &i, const Access &a) {
  uint32_t all = a.bytes < 32 ? (1u << a.bytes) - 1 : ~0u;
  return a.kind == AccessKind::Load ? all & i.source->usedBytes : all;
}

/// The elements of [at, at + bytes) none of whose bytes is written, although they matter, as a mask. Padding
/// between them is read with the rest when structs are copied.
static uint32_t holesOf(const uint8_t *at, unsigned bytes, unsigned element, uint32_t used) {
  uint32_t holes = 0;
  for (unsigned e = 0; e < bytes; e += element) {
    bool any = false, matters = false;
    for (unsigned n = e; n < e + element; ++n)
      any |= at[n] != 0, matters |= used >> n & 1;
    holes |= uint32_t(!any && matters) << e / element;
  }
  return holes;
}

/// Whether bits [from, from + count) are all set.
static bool allSet(const uint8_t *bits, uint64_t from, unsigned count) {
  for (unsigned n = 0, take; n < count; n += take) {
    unsigned bit = unsigned((from + n) % 8);
    take = std::min(8 - bit, count - n);
    uint8_t mask = uint8_t(((1u << take) - 1) << bit);
    if ((__atomic_load_n(bits + (from + n) / 8, __ATOMIC_RELAXED) & mask) != mask) return false;
  }
  return true;
}

void Implementation::checkWritten(Actor &actor, const Access &a) {
  Warp &w = actor.warp;
  const Inst &i = actor.instruction;
  BlockState &b = actor.block;
  if (a.space == Space::Shared && !b.sharedHoles && b.block->clusterCount == 1) return;
  bool reads = a.kind == AccessKind::Load || a.kind == AccessKind::Atomic ||
               a.kind == AccessKind::Reduction || a.kind == AccessKind::AsyncRead,
       writes = a.kind != AccessKind::Load && a.kind != AccessKind::AsyncRead;
  unsigned element = a.bytes;
  if (i.cls == Class::Load) element = i.flags & Inst::Sync ? 4 : i.count ? a.bytes / i.count : a.bytes;
  uint32_t used = bytesUsed(i, a);
  int hole = -1;
  auto look = [&](unsigned lane, const uint8_t *flags) {
    if (!reads || (hole >= 0 && !actor.followed)) return;
    uint32_t holes = holesOf(flags, a.bytes, element, used);
    if (!holes) return;
    hole = int(lane);
    for (uint32_t m = actor.followed ? holes : 0; m; m &= m - 1)
      readOf(actor).holes[std::countr_zero(m)] |= 1u << lane;
  };
  if (a.space == Space::Global) {
    Range range = w.ranges[indexOf(i)];
    for (uint32_t m = a.mask; m; m &= m - 1) {
      unsigned lane = unsigned(std::countr_zero(m));
      uint64_t address = a.address[lane];
      if (address < range.begin || address >= range.end) {
        auto found = w.worker->launcher->deviceMemory().find(address);
        if (!found) continue;
        range = *found;
      }
      if (!range.written) continue;
      uint64_t first = address - range.begin;
      if (allSet(range.written, first, a.bytes)) continue;
      uint8_t flags[32];
      for (unsigned n = 0; n < a.bytes; ++n) {
        uint64_t at = first + n;
        uint8_t *bits = range.written + at / 8, bit = uint8_t(1u << (at % 8));
        flags[n] = __atomic_load_n(bits, __ATOMIC_RELAXED) & bit;
        if (writes && !flags[n]) __atomic_fetch_or(bits, bit, __ATOMIC_RELAXED);
      }
      look(lane, flags);
    }
  } else if (!allWritten(b, i, a)) {
    std::vector<uint8_t> *written = &b.localWritten;
    uint64_t stride = 0;
    if (a.space == Space::Local) {
      stride = w.launch->localBytes;
      if (written->empty()) written->resize(stride * w.block->warpCount * warpSize);
    }
    for (uint32_t m = a.mask; m; m &= m - 1) {
      unsigned lane = unsigned(std::countr_zero(m));
      uint64_t at = a.address[lane];
      BlockState *owner = a.space == Space::Shared ? sharedOwner(w, at) : nullptr;
      if (owner)
        written = &owner->sharedWritten;
      else
        at += (uint64_t(w.id) * warpSize + lane) * stride;
      uint8_t *flags = written->data() + at;
      look(lane, flags);
      if (writes && owner) owner->sharedHoles -= uint32_t(std::count(flags, flags + a.bytes, 0));
      if (writes) memset(flags, 1, a.bytes);
    }
  }
  if (hole >= 0 && !actor.followed)
    readsHole(w, i, a.space, a.address[hole], a.bytes, unsigned(hole), nullptr);
}

/// Told of when the block ends, once for each instruction.
void Implementation::readsHole(Warp &w, const Inst &i, Space space, uint64_t address, unsigned bytes,
                               unsigned lane, const Inst *user) {
  BlockState &b = stateOf(*w.block);
  for (const EarlyRead &r : b.earlyReads)
    if (r.instruction == &i) return;
  char text[128];
  snprintf(text, sizeof(text), "read of %u bytes of memory never written, at %s address 0x%llx", bytes,
           spaceName(space).data(), static_cast<unsigned long long>(address));
  b.earlyReads.push_back(
      {&i, {w.tid[0][lane], w.tid[1][lane], w.tid[2][lane]}, address, space, text + usedBy(user)});
}

} // namespace girih::ptx::check
