// The driver API: virtual memory management. Physical memory is a file without a name, which addresses map.
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace girih::cudasim;

namespace {

constexpr uint64_t granularity = 2 << 20;

bool isLocation(const CUmemLocation &l) {
  return (l.type == CU_MEM_LOCATION_TYPE_DEVICE && l.id == 0) || l.type == CU_MEM_LOCATION_TYPE_HOST ||
         l.type == CU_MEM_LOCATION_TYPE_HOST_NUMA || l.type == CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT;
}

CUresult check(const CUmemAllocationProp *p) {
  if (!p || p->type != CU_MEM_ALLOCATION_TYPE_PINNED) return CUDA_ERROR_INVALID_VALUE;
  if (!isLocation(p->location)) return CUDA_ERROR_INVALID_DEVICE;
  if (p->requestedHandleTypes & ~unsigned(CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)) {
    say("cuMemCreate: handles for other processes are file descriptors here, others are not supported");
    return CUDA_ERROR_NOT_SUPPORTED;
  }
  return CUDA_SUCCESS;
}

/// The handle's memory, or null.
std::shared_ptr<PhysicalMemory> memoryOf(Driver &d, CUmemGenericAllocationHandle handle) {
  auto it = d.physical.find(handle);
  return it == d.physical.end() ? nullptr : it->second.memory;
}

CUmemGenericAllocationHandle refer(Driver &d, std::shared_ptr<PhysicalMemory> memory) {
  CUmemGenericAllocationHandle handle = memory->id;
  auto &entry = d.physical[handle];
  entry.memory = std::move(memory), ++entry.references;
  return handle;
}

CUresult make(Driver &d, int file, uint64_t bytes, const CUmemAllocationProp &p,
              CUmemGenericAllocationHandle *out) {
  auto memory = std::make_shared<PhysicalMemory>();
  memory->file = file, memory->properties = p, memory->id = ++d.lastId;
  bool onDevice = p.location.type == CU_MEM_LOCATION_TYPE_DEVICE;
  if (onDevice && !d.device->memory().take(bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  memory->bytes = bytes, memory->taken = onDevice ? bytes : 0;
  return *out = refer(d, std::move(memory)), CUDA_SUCCESS;
}

/// The mappings that make up [address, address + bytes), each as a whole.
bool mappingsIn(Driver &d, uint64_t address, uint64_t bytes, std::vector<Mapping *> &out) {
  uint64_t at = address;
  for (auto it = d.mappings.find(address); it != d.mappings.end() && at - address < bytes; ++it) {
    if (it->first != at) return false;
    out.push_back(&it->second), at += it->second.bytes;
  }
  return !out.empty() && at - address == bytes;
}

} // namespace

PhysicalMemory::~PhysicalMemory() {
  if (file >= 0) close(file);
  if (taken) Driver::get().device->memory().give(taken);
}

extern "C" {

CUresult cuMemGetAllocationGranularity(size_t *out, const CUmemAllocationProp *p,
                                       CUmemAllocationGranularity_flags) {
  return inDriver([&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    if (CUresult e = check(p)) return e;
    return *out = granularity, CUDA_SUCCESS;
  });
}

CUresult cuMemAddressReserve(CUdeviceptr *out, size_t bytes, size_t align, CUdeviceptr wanted,
                             unsigned long long flags) {
  return inDriver([&](Driver &d) {
    if (!out || !bytes || bytes % granularity || align & (align - 1) || flags)
      return CUDA_ERROR_INVALID_VALUE;
    *out = d.device->memory().reserve(bytes, std::max<uint64_t>(align, granularity), wanted);
    return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
  });
}

CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes) {
  return inDriver([&](Driver &d) {
    auto it = d.mappings.lower_bound(address);
    if (it != d.mappings.end() && it->first - address < bytes) return CUDA_ERROR_INVALID_VALUE;
    return d.device->memory().giveBack(address, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *out, size_t bytes, const CUmemAllocationProp *p,
                     unsigned long long flags) {
  return inDriver([&](Driver &d) {
    if (!out || !bytes || bytes % granularity || flags) return CUDA_ERROR_INVALID_VALUE;
    if (CUresult e = check(p)) return e;
    int file = memfd_create("girih-cudasim", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, off_t(bytes))) {
      if (file >= 0) close(file);
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return make(d, file, bytes, *p, out);
  });
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
  return inDriver([&](Driver &d) {
    auto it = d.physical.find(handle);
    if (it == d.physical.end()) return CUDA_ERROR_INVALID_VALUE;
    if (--it->second.references == 0) d.physical.erase(it);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                  unsigned long long flags) {
  return inDriver([&](Driver &d) {
    auto memory = memoryOf(d, handle);
    if (!memory || flags || !bytes || address % granularity || bytes % granularity || offset % granularity ||
        offset > memory->bytes || bytes > memory->bytes - offset)
      return CUDA_ERROR_INVALID_VALUE;
    auto next = d.mappings.lower_bound(address);
    bool taken = next != d.mappings.end() && next->first - address < bytes;
    if (next != d.mappings.begin()) taken |= std::prev(next)->first + std::prev(next)->second.bytes > address;
    if (taken || !d.device->memory().isReserved(address, bytes)) return CUDA_ERROR_INVALID_VALUE;
    d.mappings[address] = {address, bytes, offset, std::move(memory)};
    return CUDA_SUCCESS;
  });
}

CUresult cuMemUnmap(CUdeviceptr address, size_t bytes) {
  return inDriver([&](Driver &d) {
    std::vector<Mapping *> all;
    if (!mappingsIn(d, address, bytes, all)) return CUDA_ERROR_INVALID_VALUE;
    for (Mapping *m : all) {
      uint64_t at = m->address;
      if (m->accessible) d.device->memory().unmap(at);
      d.mappings.erase(at);
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const CUmemAccessDesc *access, size_t count) {
  return inDriver([&](Driver &d) {
    std::vector<Mapping *> all;
    if (!access || !count || !mappingsIn(d, address, bytes, all)) return CUDA_ERROR_INVALID_VALUE;
    bool given = false;
    for (size_t n = 0; n < count; ++n) {
      if (!isLocation(access[n].location)) return CUDA_ERROR_INVALID_DEVICE;
      if (access[n].flags == CU_MEM_ACCESS_FLAGS_PROT_READ) {
        say("cuMemSetAccess: memory that can be read only is not supported");
        return CUDA_ERROR_NOT_SUPPORTED;
      }
      given |= access[n].flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    }
    for (Mapping *m : all) {
      if (given == m->accessible) continue;
      if (!given)
        d.device->memory().unmap(m->address);
      else if (!d.device->memory().map(m->address, m->bytes, m->memory->file, m->offset))
        return CUDA_ERROR_OUT_OF_MEMORY;
      m->accessible = given;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr address) {
  return inDriver([&](Driver &d) {
    if (!flags || !location || !isLocation(*location)) return CUDA_ERROR_INVALID_VALUE;
    auto it = d.mappings.upper_bound(address);
    if (it == d.mappings.begin() || address - std::prev(it)->first >= std::prev(it)->second.bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *flags =
        std::prev(it)->second.accessible ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *out,
                                                CUmemGenericAllocationHandle handle) {
  return inDriver([&](Driver &d) {
    auto memory = memoryOf(d, handle);
    if (!out || !memory) return CUDA_ERROR_INVALID_VALUE;
    return *out = memory->properties, CUDA_SUCCESS;
  });
}

CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *out, void *p) {
  return inDriver([&](Driver &d) {
    auto address = reinterpret_cast<uint64_t>(p);
    auto it = d.mappings.upper_bound(address);
    if (!out || it == d.mappings.begin() || address - std::prev(it)->first >= std::prev(it)->second.bytes)
      return CUDA_ERROR_INVALID_VALUE;
    return *out = refer(d, std::prev(it)->second.memory), CUDA_SUCCESS;
  });
}

CUresult cuMemExportToShareableHandle(void *out, CUmemGenericAllocationHandle handle,
                                      CUmemAllocationHandleType type, unsigned long long flags) {
  return inDriver([&](Driver &d) {
    auto memory = memoryOf(d, handle);
    if (!out || !memory || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
        memory->properties.requestedHandleTypes != type)
      return CUDA_ERROR_INVALID_VALUE;
    int file = fcntl(memory->file, F_DUPFD_CLOEXEC, 0);
    if (file < 0) return CUDA_ERROR_OPERATING_SYSTEM;
    return *static_cast<int *>(out) = file, CUDA_SUCCESS;
  });
}

CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *out, void *osHandle,
                                        CUmemAllocationHandleType type) {
  return inDriver([&](Driver &d) {
    struct stat status;
    int file = int(reinterpret_cast<intptr_t>(osHandle));
    if (!out || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || fstat(file, &status) ||
        status.st_size <= 0 || uint64_t(status.st_size) % granularity)
      return CUDA_ERROR_INVALID_VALUE;
    int own = fcntl(file, F_DUPFD_CLOEXEC, 0);
    if (own < 0) return CUDA_ERROR_OPERATING_SYSTEM;
    CUmemAllocationProp p = {};
    p.type = CU_MEM_ALLOCATION_TYPE_PINNED, p.requestedHandleTypes = type;
    p.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
    return make(d, own, uint64_t(status.st_size), p, out);
  });
}

} // extern "C"
