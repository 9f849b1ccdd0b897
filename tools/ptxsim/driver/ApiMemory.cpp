// The driver API: memory of the device and of the host, pools, and what is known of a pointer.
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>
#include <sys/mman.h>

using namespace girih::cudasim;

namespace {

CUresult allocate(Driver &d, CUctx_st &c, uint64_t bytes, MemoryKind kind, unsigned flags, CUmemoryPool pool,
                  uint64_t &address) {
  if (!bytes) return CUDA_ERROR_INVALID_VALUE;
  address = d.allocate(bytes, kind, &c, flags, pool);
  return address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

bool isPinned(const Allocation *a) {
  return a && (a->kind == MemoryKind::Host || a->kind == MemoryKind::Registered);
}

/// Frees an allocation of the given sort by the address that made it.
CUresult freeBase(Driver &d, uint64_t address, bool onDevice) {
  const Allocation *a = d.find(address);
  bool isOnDevice = a && (a->kind == MemoryKind::Device || a->kind == MemoryKind::Managed);
  bool isHost = a && a->kind == MemoryKind::Host;
  if (!a || a->base != address || !(onDevice ? isOnDevice : isHost)) {
    say("free: 0x%llx was not allocated, or is freed already", static_cast<unsigned long long>(address));
    return CUDA_ERROR_INVALID_VALUE;
  }
  return d.release(address), CUDA_SUCCESS;
}

CUresult allocateFromPool(CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream handle) {
  return inStream(handle, [&](Driver &d, CUstream_st &s) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    if (s.capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    CUmemoryPool from = pool ? pool : d.currentPool;
    if (!d.pools.has(from)) return CUDA_ERROR_INVALID_HANDLE;
    uint64_t address = 0;
    if (CUresult e = allocate(d, *s.context, bytes, MemoryKind::Device, 0, from, address)) return e;
    from->used += bytes, from->high = std::max(from->high, from->used);
    return *out = address, CUDA_SUCCESS;
  });
}

template <class F> CUresult ofPool(CUmemoryPool pool, F &&f) {
  return inDriver([&](Driver &d) { return d.pools.has(pool) ? f(d) : CUDA_ERROR_INVALID_HANDLE; });
}

/// An attribute of a pointer; for memory that the driver does not know, `none` says whether there is a value
/// all the same.
CUresult attributeOf(Driver &d, CUpointer_attribute attribute, CUdeviceptr address, void *out, bool &none) {
  const Allocation *a = d.find(address);
  auto set = [&](auto value) { *static_cast<decltype(value) *>(out) = value; };
  // Variables of modules are the device's as well.
  Allocation variable;
  if (!a)
    if (auto range = d.device->memory().find(address)) {
      variable = {range->begin, range->end - range->begin, MemoryKind::Device, current(), 0, nullptr, 0};
      a = &variable;
    }
  none = !a;
  bool pinned = isPinned(a), managed = a && a->kind == MemoryKind::Managed;
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    set(a ? a->context : CUcontext(nullptr));
    break;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    set(!a ? CUmemorytype(0) : pinned ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    break;
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    set(CUdeviceptr(a ? address : 0));
    break;
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    set(pinned || managed ? reinterpret_cast<void *>(address) : nullptr);
    if (a && !pinned && !managed) return CUDA_ERROR_INVALID_VALUE;
    break;
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    set(0u);
    break;
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    set(static_cast<unsigned long long>(a ? a->id : 0));
    break;
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    set(unsigned(managed));
    break;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    set(a ? 0 : -2);
    break;
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    set(0u);
    break;
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    set(CUdeviceptr(a ? a->base : 0));
    break;
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    set(size_t(a ? a->bytes : 0));
    break;
  case CU_POINTER_ATTRIBUTE_MAPPED:
    set(unsigned(a != nullptr));
    break;
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    set(static_cast<unsigned long long>(0));
    break;
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    set(0u);
    break;
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    set(a ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE);
    break;
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    set(a ? a->pool : CUmemoryPool(nullptr));
    break;
  default:
    return CUDA_ERROR_NOT_SUPPORTED;
  }
  return CUDA_SUCCESS;
}

} // namespace

extern "C" {

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (free) *free = d.device->memory().capacity() - d.device->memory().used();
    if (total) *total = d.device->memory().capacity();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    uint64_t address = 0;
    CUresult e = allocate(d, c, bytes, MemoryKind::Device, 0, nullptr, address);
    if (!e) *out = address;
    return e;
  });
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width, size_t height, unsigned element) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out || !pitch || !width || !height || (element != 4 && element != 8 && element != 16))
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t row = 0, bytes = 0, address = 0;
    if (__builtin_add_overflow(uint64_t(width), uint64_t(511), &row)) return CUDA_ERROR_INVALID_VALUE;
    row = row / 512 * 512;
    if (__builtin_mul_overflow(row, uint64_t(height), &bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
    if (CUresult e = allocate(d, c, bytes, MemoryKind::Device, 0, nullptr, address)) return e;
    return *out = address, *pitch = row, CUDA_SUCCESS;
  });
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  return inContext([&](Driver &d, CUctx_st &) {
    return address ? freeBase(d, address, /*onDevice=*/true) : CUDA_SUCCESS;
  });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr address) {
  return inContext([&](Driver &d, CUctx_st &) {
    auto range = d.device->memory().find(address);
    if (!range) return CUDA_ERROR_NOT_FOUND;
    if (base) *base = range->begin;
    if (size) *size = range->end - range->begin;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out ||
        flags > (CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED))
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t address = 0;
    CUresult e = allocate(d, c, bytes, MemoryKind::Host, flags, nullptr, address);
    if (!e) *out = reinterpret_cast<void *>(address);
    return e;
  });
}

CUresult cuMemAllocHost_v2(void **out, size_t bytes) {
  return cuMemHostAlloc(out, bytes, 0);
}

CUresult cuMemFreeHost(void *p) {
  return inContext([&](Driver &d, CUctx_st &) {
    return p ? freeBase(d, reinterpret_cast<uint64_t>(p), /*onDevice=*/false) : CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *p, unsigned flags) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!out || flags || !isPinned(d.find(reinterpret_cast<uint64_t>(p)))) return CUDA_ERROR_INVALID_VALUE;
    return *out = reinterpret_cast<CUdeviceptr>(p), CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetFlags(unsigned *flags, void *p) {
  return inContext([&](Driver &d, CUctx_st &) {
    const Allocation *a = d.find(reinterpret_cast<uint64_t>(p));
    if (!flags || !isPinned(a)) return CUDA_ERROR_INVALID_VALUE;
    // All of it is mapped, as unified addressing has it.
    return *flags = a->flags | CU_MEMHOSTALLOC_DEVICEMAP, CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister_v2(void *p, size_t bytes, unsigned flags) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!p || !bytes || flags > 0xf) return CUDA_ERROR_INVALID_VALUE;
    if (flags & CU_MEMHOSTREGISTER_IOMEMORY) return CUDA_ERROR_NOT_PERMITTED;
    // Asks for nothing but whether there is memory: it fails where a page of the range is not mapped.
    uint64_t begin = reinterpret_cast<uint64_t>(p) & ~uint64_t(4095);
    if (msync(reinterpret_cast<void *>(begin), reinterpret_cast<uint64_t>(p) + bytes - begin, MS_ASYNC))
      return CUDA_ERROR_INVALID_VALUE;
    if (!d.device->memory().adopt(p, bytes)) return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    auto base = reinterpret_cast<uint64_t>(p);
    d.allocations[base] = {
        base, bytes, MemoryKind::Registered, &c, flags & CU_MEMHOSTREGISTER_PORTABLE, nullptr, ++d.lastId};
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostUnregister(void *p) {
  return inContext([&](Driver &d, CUctx_st &) {
    const Allocation *a = d.find(reinterpret_cast<uint64_t>(p));
    if (!a || a->kind != MemoryKind::Registered || a->base != reinterpret_cast<uint64_t>(p))
      return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    return d.release(a->base), CUDA_SUCCESS;
  });
}

CUresult cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!out || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST))
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t address = 0;
    CUresult e = allocate(d, c, bytes, MemoryKind::Managed, flags, nullptr, address);
    if (!e) *out = address;
    return e;
  });
}

// Managed memory is where both sides see it: hints and moves change nothing.
CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t bytes, CUmemLocation, unsigned, CUstream stream) {
  return inStream(stream, [&](Driver &d, CUstream_st &) {
    return d.device->memory().pointer(address, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemAdvise_v2(CUdeviceptr address, size_t bytes, CUmem_advise, CUmemLocation) {
  return inContext([&](Driver &d, CUctx_st &) {
    return d.device->memory().pointer(address, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuStreamAttachMemAsync(CUstream stream, CUdeviceptr address, size_t, unsigned) {
  return inStream(stream, [&](Driver &d, CUstream_st &) {
    const Allocation *a = d.find(address);
    return a && a->kind == MemoryKind::Managed ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream) {
  return allocateFromPool(out, bytes, nullptr, stream);
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream) {
  return pool ? allocateFromPool(out, bytes, pool, stream) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    if (s.capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return address ? freeBase(d, address, /*onDevice=*/true) : CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props) {
  return inDriver([&](Driver &d) {
    if (!out || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED) return CUDA_ERROR_INVALID_VALUE;
    if (props->location.type != CU_MEM_LOCATION_TYPE_DEVICE || props->handleTypes)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (props->location.id != 0) return CUDA_ERROR_INVALID_DEVICE;
    return *out = d.pools.make(), CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  return ofPool(pool, [&](Driver &d) {
    if (pool == d.defaultPool) return CUDA_ERROR_INVALID_VALUE;
    if (pool == d.currentPool) d.currentPool = d.defaultPool;
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
      if (!access || access[n].location.type != CU_MEM_LOCATION_TYPE_DEVICE || access[n].location.id != 0)
        return CUDA_ERROR_INVALID_DEVICE;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool, CUmemLocation *location) {
  return ofPool(pool, [&](Driver &) {
    if (!flags || !location) return CUDA_ERROR_INVALID_VALUE;
    bool same = location->type == CU_MEM_LOCATION_TYPE_DEVICE && location->id == 0;
    *flags = same ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerGetAttribute(void *out, CUpointer_attribute attribute, CUdeviceptr address) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    bool none = false;
    CUresult e = attributeOf(d, attribute, address, out, none);
    return none ? CUDA_ERROR_INVALID_VALUE : e;
  });
}

CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute *attributes, void **out,
                                CUdeviceptr address) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!attributes || !out) return CUDA_ERROR_INVALID_VALUE;
    for (unsigned n = 0; n < count; ++n) {
      if (!out[n]) return CUDA_ERROR_INVALID_VALUE;
      bool none = false;
      // What an address does not have is null here, and no error.
      if (attributeOf(d, attributes[n], address, out[n], none) == CUDA_ERROR_NOT_SUPPORTED)
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr address) {
  return inContext([&](Driver &d, CUctx_st &) {
    // Copies are always synchronous.
    bool ok = value && attribute == CU_POINTER_ATTRIBUTE_SYNC_MEMOPS && d.device->memory().find(address);
    return ok ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

} // extern "C"
