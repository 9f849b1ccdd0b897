// Allocating and freeing, as the functions for memory and those for pools have it.
#pragma once

#include "tools/ptxsim/driver/Driver.h"

namespace girih::cudasim {

inline CUresult allocate(Driver &d, CUctx_st &c, uint64_t bytes, MemoryKind kind, unsigned flags,
                         CUmemoryPool pool, uint64_t &address) {
  if (!bytes) return CUDA_ERROR_INVALID_VALUE;
  address = d.allocate(bytes, kind, &c, flags, pool);
  return address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/// Frees an allocation of the given sort by the address that made it.
inline CUresult freeBase(Driver &d, uint64_t address, bool onDevice) {
  const Allocation *a = d.find(address);
  bool isOnDevice = a && (a->kind == MemoryKind::Device || a->kind == MemoryKind::Managed || a->pool);
  bool isHost = a && a->kind == MemoryKind::Host && !a->pool;
  if (!a || a->base != address || !(onDevice ? isOnDevice : isHost)) {
    say("free: 0x%llx was not allocated, or is freed already", static_cast<unsigned long long>(address));
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (a->ofGraph) { // the graph may be launched again
    bool allocated = a->inUse;
    return d.allocations.at(address).inUse = false, allocated ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  return d.release(address), CUDA_SUCCESS;
}

/// The operation that allocates memory of a graph.
CUresult graphAllocation(Driver &d, CUctx_st &c, MemoryKind kind, CUDA_MEM_ALLOC_NODE_PARAMS &p,
                         Operation &o);

} // namespace girih::cudasim
