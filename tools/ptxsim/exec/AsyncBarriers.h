// What instructions that work on single lanes share: those of mbarriers and those of the asynchronous proxy,
// which complete on them.
#pragma once

#include "tools/ptxsim/exec/State.h"

namespace girih::ptx {

template <class T> const T *lanesOf(const Warp &w, uint32_t op) {
  return reinterpret_cast<const T *>(w.base[op >> 31] + (op & operandOffset));
}

/// An address in a lane: in shared memory its offset, else as the program sees it.
struct LanePlace {
  uint64_t address;
  Space space;
};
/// What op + offset means in a lane, in a space or (Space::Generic) wherever it points to.
LanePlace placeOf(const Warp &w, uint32_t op, uint32_t offset, bool wide, int lane, Space space);

/// Tells the observer of a lane's access.
void observe(Warp &w, const Inst &i, AccessKind kind, const LanePlace &place, int lane, unsigned bytes,
             Semantics semantics = Semantics::Weak, const Completion *completion = nullptr);

/// Host memory of `bytes` bytes at a place, which is aligned to `align`; null after a fault.
char *pointerTo(Warp &w, const Inst &i, const LanePlace &place, int lane, unsigned bytes, unsigned align,
                bool write);

/// Whether there may be an mbarrier at a place, or a fault: the observer is told of it with what completes on
/// it.
inline bool isBarrier(Warp &w, const Inst &i, const LanePlace &place, int lane) {
  return pointerTo(w, i, place, lane, 8, 8, true) != nullptr;
}

/// The mbarrier at a place counts bytes that have come. False after a fault.
bool completeBytes(Warp &w, const Inst &i, int lane, const LanePlace &barrier, uint32_t bytes);

} // namespace girih::ptx
