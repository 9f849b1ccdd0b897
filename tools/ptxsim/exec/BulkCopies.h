// Moves of bytes by the asynchronous proxy. They are done at once, as the memory model allows; the observer
// knows that they may not be relied on before they are waited for.
#pragma once

#include "tools/ptxsim/exec/AsyncBarriers.h"
#include "tools/ptxsim/exec/Reduce.h"

namespace girih::ptx {

/// Copies bytes of one lane or (with a reducer, of elements of so many bytes) reduces them. False after a
/// fault.
struct Transfer {
  Warp &w;
  const Inst &i;
  int lane;
  Completion completion;
  unsigned align = 16; // of both addresses
  Reducer reducer = nullptr;
  unsigned element = 0;

  bool move(const LanePlace &to, const LanePlace &from, uint32_t bytes);
  /// Tells the observer of an access of adjacent bytes.
  void observeBytes(AccessKind kind, LanePlace place, uint32_t bytes, Semantics semantics = Semantics::Weak);
};

/// Calls f(destination, barrier) for each block of the cluster that `blocks` names, at the same offsets.
template <class F> bool forEachBlock(uint32_t blocks, LanePlace to, LanePlace barrier, F f) {
  constexpr uint64_t offset = (1u << sharedRankShift) - 1;
  for (uint32_t rank = 0; blocks; ++rank, blocks >>= 1) {
    uint64_t window = uint64_t(rank + 1) << sharedRankShift;
    to.address = (to.address & offset) | window, barrier.address = (barrier.address & offset) | window;
    if ((blocks & 1) && !f(to, barrier)) return false;
  }
  return true;
}

} // namespace girih::ptx
