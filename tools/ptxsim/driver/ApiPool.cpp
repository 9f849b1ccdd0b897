// The driver API: pools of memory, of the device, of the host, and of managed memory.
#include "tools/ptxsim/driver/Allocations.h"
#include <algorithm>

using namespace girih::cudasim;

namespace {

bool isHere(const CUmemLocation &l) {
  bool host = l.type == CU_MEM_LOCATION_TYPE_HOST || l.type == CU_MEM_LOCATION_TYPE_HOST_NUMA ||
              l.type == CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT;
  return host || (l.type == CU_MEM_LOCATION_TYPE_DEVICE && l.id == 0);
}

CUresult kindOf(const CUmemLocation *location, CUmemAllocationType type, MemoryKind &kind) {
  if (!location || (type != CU_MEM_ALLOCATION_TYPE_PINNED && type != CU_MEM_ALLOCATION_TYPE_MANAGED))
    return CUDA_ERROR_INVALID_VALUE;
  bool managed = type == CU_MEM_ALLOCATION_TYPE_MANAGED;
  if (location->type == CU_MEM_LOCATION_TYPE_DEVICE && location->id != 0) return CUDA_ERROR_INVALID_DEVICE;
  // Managed memory need not have a preferred place.
  if (!isHere(*location) && !(managed && location->type == CU_MEM_LOCATION_TYPE_NONE))
    return CUDA_ERROR_INVALID_VALUE;
  kind = managed                                         ? MemoryKind::Managed
         : location->type == CU_MEM_LOCATION_TYPE_DEVICE ? MemoryKind::Device
                                                         : MemoryKind::Host;
  return CUDA_SUCCESS;
}

CUresult allocateFromPool(CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream handle) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    CUmemoryPool from = pool ? pool : d.poolsOf[size_t(MemoryKind::Device)].current;
    if (!d.pools.has(from)) return CUDA_ERROR_INVALID_HANDLE;
    if (s.capture) {
      CUDA_MEM_ALLOC_NODE_PARAMS p = {};
      Operation o;
      p.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
      p.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}, p.bytesize = bytes;
      if (CUresult e = graphAllocation(d, *s.context, from->kind, p, o)) return e;
      return *out = p.dptr, submit(d, s, std::move(o));
    }
    if (from->maxBytes && (bytes > from->maxBytes || from->used > from->maxBytes - bytes))
      return CUDA_ERROR_OUT_OF_MEMORY;
    uint64_t address = 0;
    if (CUresult e = allocate(d, *s.context, bytes, from->kind, 0, from, address)) return e;
    from->used += bytes, from->high = std::max(from->high, from->used);
    return *out = address, CUDA_SUCCESS;
  });
}

template <class F> CUresult ofPool(CUmemoryPool pool, F &&f) {
  return inDriver([&](Driver &d) { return d.pools.has(pool) ? f(d) : CUDA_ERROR_INVALID_HANDLE; });
}

/// The pools of the kind of memory that a place and a type mean.
template <class F> CUresult ofKind(const CUmemLocation *location, CUmemAllocationType type, F &&f) {
  return inDriver([&](Driver &d) {
    MemoryKind kind;
    CUresult e = kindOf(location, type, kind);
    return e ? e : f(d, d.poolsOf[size_t(kind)], kind);
  });
}

} // namespace

extern "C" {

CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream) {
  return allocateFromPool(out, bytes, nullptr, stream);
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream) {
  return pool ? allocateFromPool(out, bytes, pool, stream) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    if (s.capture) {
      Operation o;
      o.type = CU_GRAPH_NODE_TYPE_MEM_FREE, o.freed = address;
      return submit(d, s, std::move(o));
    }
    return address ? freeBase(d, address, /*onDevice=*/true) : CUDA_SUCCESS;
  });
}

CUresult cuMemGetDefaultMemPool(CUmemoryPool *out, CUmemLocation *location, CUmemAllocationType type) {
  return ofKind(location, type, [&](Driver &, const PoolsOfKind &pools, MemoryKind) {
    return out ? (*out = pools.standard, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemGetMemPool(CUmemoryPool *out, CUmemLocation *location, CUmemAllocationType type) {
  return ofKind(location, type, [&](Driver &, const PoolsOfKind &pools, MemoryKind) {
    return out ? (*out = pools.current, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type, CUmemoryPool pool) {
  return ofKind(location, type, [&](Driver &d, PoolsOfKind &pools, MemoryKind kind) {
    if (!d.pools.has(pool)) return CUDA_ERROR_INVALID_HANDLE;
    if (pool->kind != kind) return CUDA_ERROR_INVALID_VALUE;
    return pools.current = pool, CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props) {
  return inDriver([&](Driver &d) {
    MemoryKind kind;
    if (!out || !props) return CUDA_ERROR_INVALID_VALUE;
    if (CUresult e = kindOf(&props->location, props->allocType, kind)) return e;
    if (props->handleTypes) {
      say("cuMemPoolCreate: pools that other processes share are not supported");
      return CUDA_ERROR_NOT_SUPPORTED;
    }
    *out = d.pools.make();
    return (*out)->kind = kind, (*out)->maxBytes = props->maxSize, CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  return ofPool(pool, [&](Driver &d) {
    auto &ofKind = d.poolsOf[size_t(pool->kind)];
    if (pool == ofKind.standard) return CUDA_ERROR_INVALID_VALUE;
    if (pool == ofKind.current) ofKind.current = ofKind.standard;
    for (auto &[base, a] : d.allocations)
      if (a.pool == pool) a.pool = nullptr;
    return d.pools.erase(pool), CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *out) {
  return ofPool(pool, [&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
      *static_cast<int *>(out) = pool->followEvents;
      break;
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
      *static_cast<int *>(out) = pool->allowOpportunistic;
      break;
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      *static_cast<int *>(out) = pool->allowInternal;
      break;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      *static_cast<uint64_t *>(out) = pool->releaseThreshold;
      break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      *static_cast<uint64_t *>(out) = pool->used;
      break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      *static_cast<uint64_t *>(out) = pool->high;
      break;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *in) {
  return ofPool(pool, [&](Driver &) {
    if (!in) return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
      pool->followEvents = *static_cast<int *>(in);
      break;
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
      pool->allowOpportunistic = *static_cast<int *>(in);
      break;
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      pool->allowInternal = *static_cast<int *>(in);
      break;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      pool->releaseThreshold = *static_cast<uint64_t *>(in);
      break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: // only to begin anew
      if (*static_cast<uint64_t *>(in)) return CUDA_ERROR_INVALID_VALUE;
      pool->high = pool->used;
      break;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
  return ofPool(pool, [](Driver &) { return CUDA_SUCCESS; });
}

CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *access, size_t count) {
  return ofPool(pool, [&](Driver &) {
    for (size_t n = 0; n < count; ++n)
      if (!access || !isHere(access[n].location)) return CUDA_ERROR_INVALID_DEVICE;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool, CUmemLocation *location) {
  return ofPool(pool, [&](Driver &) {
    if (!flags || !location) return CUDA_ERROR_INVALID_VALUE;
    *flags = isHere(*location) ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
  });
}

} // extern "C"
