#include "tools/ptxsim/driver/Gpus.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace girih::cudasim {

static constexpr Gpu gpus[] = {
#define GPU(...) {__VA_ARGS__},
#include "tools/ptxsim/driver/Gpus.def"
#undef GPU
};

std::optional<Gpu> chooseGpu(const char *key, const char *&known) {
  known =
#define GPU(KEY, ...) " " KEY
#include "tools/ptxsim/driver/Gpus.def"
#undef GPU
      ;
  if (!key || !*key) key = gpus[0].key;
  for (Gpu gpu : gpus) {
    if (strcmp(gpu.key, key)) continue;
    gpu.figures = ptx::findGpu(key);
    if (!gpu.figures) break;
    int target = atoi(gpu.figures->target.c_str() + strlen("sm_"));
    gpu.major = target / 10, gpu.minor = target % 10;
    return gpu;
  }
  return std::nullopt;
}

std::string Gpu::uuidBytes() const {
  std::string bytes = std::string("girih-") + key;
  bytes.resize(16);
  return bytes;
}

std::string Gpu::uuid() const {
  std::string text = "GPU-";
  for (size_t n = 0; n < 16; ++n) {
    char byte[4];
    snprintf(byte, sizeof(byte), "%02x", unsigned(static_cast<unsigned char>(uuidBytes()[n])));
    if (n == 4 || n == 6 || n == 8 || n == 10) text += '-';
    text += byte;
  }
  return text;
}

std::optional<int> attributeOf(const Gpu &gpu, CUdevice_attribute attribute) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return Gpu::threadsPerBlock;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_PITCH:
    return 0x7fffffff;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return Gpu::sharedPerBlock;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return gpu.sharedOptIn();
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return gpu.sharedPerSm();
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    return gpu.sharedReserved();
  case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
    return 64 << 10;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    return 32;
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return gpu.registersPerSm();
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    return int(gpu.figures->clockMhz * 1000);
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return gpu.memoryClockMHz * 1000;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return gpu.busBits;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return int(gpu.figures->l2Bytes);
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return gpu.smCount();
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return gpu.threadsPerSm();
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    return gpu.blocksPerSm();
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return gpu.major;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return gpu.minor;
  case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
  case CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT:
    return 512;
  case CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT:
    return 32;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
    return CU_COMPUTEMODE_DEFAULT;
  case CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:
    return int(gpu.figures->lanes.fp32 / gpu.figures->lanes.fp64);
  case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
    return 2;
  case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
    return gpu.hasClusters();
  case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
  case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
  case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS:
  case CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM:
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
  case CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_HOST_MEMORY_POOLS_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_HOST_NUMA_MEMORY_POOLS_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS:
  case CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_WAIT_VALUE_NOR:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS:
  case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
    return 1;
  // The number of the host's memory node; there is none to speak of.
  case CU_DEVICE_ATTRIBUTE_NUMA_ID:
  case CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID:
    return -1;
  default:
    break;
  }
  // The others are features that the simulator does not have, and sizes of textures.
  if (attribute < CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK ||
      attribute > CU_DEVICE_ATTRIBUTE_ONLY_PARTIAL_HOST_NATIVE_ATOMIC_SUPPORTED)
    return std::nullopt;
  return 0;
}

} // namespace girih::cudasim
