// The driver API: memory of the device and of the host, and what is known of a pointer.
#include "tools/ptxsim/driver/Allocations.h"
#include <algorithm>
#include <sys/mman.h>

using namespace girih::cudasim;

namespace {

bool isPinned(const Allocation *a) {
  return a && (a->kind == MemoryKind::Host || a->kind == MemoryKind::Registered);
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
