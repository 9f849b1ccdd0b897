// The driver API: errors, initialisation, devices.
#include "tools/ptxsim/driver/Driver.h"
#include <cstdio>
#include <cstring>

using namespace girih::cudasim;

static bool isDevice(CUdevice device) {
  return device == 0;
}

/// Runs `f` if `out` is there and `device` a device.
template <class F> static CUresult ofDevice(CUdevice device, const void *out, F &&f) {
  return inDriver([&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return isDevice(device) ? f(d) : CUDA_ERROR_INVALID_DEVICE;
  });
}

extern "C" {

CUresult cuGetErrorName(CUresult error, const char **text) {
  if (!text) return CUDA_ERROR_INVALID_VALUE;
  switch (error) {
#define ERROR(NAME, TEXT)                                                                                    \
  case NAME:                                                                                                 \
    return *text = #NAME, CUDA_SUCCESS;
#include "tools/ptxsim/driver/Errors.def"
#undef ERROR
  }
  return *text = nullptr, CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  if (!text) return CUDA_ERROR_INVALID_VALUE;
  switch (error) {
#define ERROR(NAME, TEXT)                                                                                    \
  case NAME:                                                                                                 \
    return *text = TEXT, CUDA_SUCCESS;
#include "tools/ptxsim/driver/Errors.def"
#undef ERROR
  }
  return *text = nullptr, CUDA_ERROR_INVALID_VALUE;
}

CUresult cuInit(unsigned flags) {
  if (flags) return CUDA_ERROR_INVALID_VALUE;
  Driver &d = Driver::get();
  std::lock_guard<std::mutex> guard(d.lock);
  return d.initialise();
}

CUresult cuDriverGetVersion(int *version) {
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  return *version = CUDA_VERSION, CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return inDriver([&](Driver &) {
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    if (!isDevice(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
    return *device = ordinal, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetCount(int *count) {
  return inDriver([&](Driver &) {
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    return *count = 1, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  return ofDevice(device, name, [&](Driver &d) {
    if (length <= 0) return CUDA_ERROR_INVALID_VALUE;
    snprintf(name, size_t(length), "%s (simulated)", d.gpu->name);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  return ofDevice(device, uuid, [&](Driver &d) {
    memcpy(uuid->bytes, d.gpu->uuidBytes().data(), sizeof(uuid->bytes));
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return ofDevice(device, bytes, [&](Driver &d) { return *bytes = d.gpu->memoryBytes(), CUDA_SUCCESS; });
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  return ofDevice(device, value, [&](Driver &d) {
    auto found = attributeOf(*d.gpu, attribute);
    if (!found) return CUDA_ERROR_INVALID_VALUE;
    return *value = *found, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetProperties(CUdevprop *p, CUdevice device) {
  return ofDevice(device, p, [&](Driver &d) {
    auto get = [&](CUdevice_attribute a) { return attributeOf(*d.gpu, a).value_or(0); };
    *p = {get(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
          {get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X), get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y),
           get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z)},
          {get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X), get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y),
           get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z)},
          get(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK),
          get(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY),
          get(CU_DEVICE_ATTRIBUTE_WARP_SIZE),
          get(CU_DEVICE_ATTRIBUTE_MAX_PITCH),
          get(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK),
          get(CU_DEVICE_ATTRIBUTE_CLOCK_RATE),
          get(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT)};
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return ofDevice(device, major && minor ? major : nullptr,
                  [&](Driver &d) { return *major = d.gpu->major, *minor = d.gpu->minor, CUDA_SUCCESS; });
}

static constexpr char pciBusId[] = "0000:01:00.0";

CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice device) {
  return ofDevice(device, id, [&](Driver &) {
    if (length < int(sizeof(pciBusId))) return CUDA_ERROR_INVALID_VALUE;
    memcpy(id, pciBusId, sizeof(pciBusId));
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *id) {
  return ofDevice(0, device && id ? device : nullptr, [&](Driver &) {
    if (strcmp(id, pciBusId)) return CUDA_ERROR_INVALID_DEVICE;
    return *device = 0, CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  return ofDevice(device, can, [&](Driver &) {
    if (!isDevice(peer)) return CUDA_ERROR_INVALID_DEVICE;
    return *can = 0, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute, CUdevice device, CUdevice) {
  // There is one device, and none is its own peer.
  return ofDevice(device, value, [](Driver &) { return CUDA_ERROR_INVALID_DEVICE; });
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
  return ofDevice(device, pool, [&](Driver &d) {
    return *pool = d.poolsOf[size_t(MemoryKind::Device)].standard, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
  return ofDevice(device, pool, [&](Driver &d) {
    return *pool = d.poolsOf[size_t(MemoryKind::Device)].current, CUDA_SUCCESS;
  });
}

CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool) {
  return ofDevice(device, pool, [&](Driver &d) {
    if (!d.pools.has(pool)) return CUDA_ERROR_INVALID_HANDLE;
    if (pool->kind != MemoryKind::Device) return CUDA_ERROR_INVALID_VALUE;
    return d.poolsOf[size_t(MemoryKind::Device)].current = pool, CUDA_SUCCESS;
  });
}

// Simulated time does not depend on when the profiler runs.
CUresult cuProfilerStart() {
  return inContext([](Driver &, CUctx_st &) { return CUDA_SUCCESS; });
}
CUresult cuProfilerStop() {
  return inContext([](Driver &, CUctx_st &) { return CUDA_SUCCESS; });
}

} // extern "C"
