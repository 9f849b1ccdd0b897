// The driver API: what functions and kernels are like, and how many blocks of them an SM holds.
#include "tools/ptxsim/driver/Driver.h"
#include "tools/ptxsim/driver/Occupancy.h"
#include "tools/ptxsim/timing/Model.h"
#include <algorithm>

using namespace girih::cudasim;

int CUfunc_st::registers() const {
  if (estimatedRegisters) return estimatedRegisters;
  // ptxas makes do with what the largest block leaves to each thread.
  const auto &f = function();
  uint64_t threads =
      uint64_t(f.maxThreads[0]) * std::max(1u, f.maxThreads[1]) * std::max(1u, f.maxThreads[2]);
  if (!threads)
    threads = uint64_t(f.requiredThreads[0]) * std::max(1u, f.requiredThreads[1]) *
              std::max(1u, f.requiredThreads[2]);
  unsigned most = Gpu::mostRegisters;
  if (threads) most = std::min(most, unsigned(65536 / threads / 8 * 8));
  if (f.maxRegisters) most = std::min(most, f.maxRegisters);
  return estimatedRegisters = int(std::min(girih::ptx::estimateRegisters(*program), std::max(most, 16u)));
}

namespace girih::cudasim {

int activeBlocks(const Gpu &gpu, const CUfunc_st &f, int threads, size_t dynamicShared) {
  if (threads < 1 || threads > Gpu::threadsPerBlock) return 0;
  uint64_t most = uint64_t(gpu.sharedOptIn());
  if (dynamicShared > most || f.program->sharedBytes + dynamicShared > most) return 0;
  ptx::Launch launch;
  launch.block[0] = uint32_t(threads), launch.dynamicSharedBytes = uint32_t(dynamicShared);
  return int(
      ptx::occupancyWith(*f.program, launch, *gpu.figures, unsigned(f.registers()), "estimate").blocks);
}

} // namespace girih::cudasim

namespace {

template <class F> CUresult ofFunction(CUfunction f, F &&g) {
  return inDriver([&](Driver &d) { return d.functions.has(f) ? g(d) : CUDA_ERROR_INVALID_HANDLE; });
}

CUresult attribute(Driver &d, CUfunction f, CUfunction_attribute a, int &value) {
  const auto &function = f->function();
  switch (a) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    value = Gpu::threadsPerBlock;
    if (function.maxThreads[0])
      value = int(std::min<uint64_t>(
          uint64_t(function.maxThreads[0]) * function.maxThreads[1] * function.maxThreads[2], 1024));
    break;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    value = int(f->program->sharedBytes);
    break;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: {
    uint64_t bytes = 0;
    for (const auto &v : f->program->module->variables)
      if (v.space == girih::ptx::Space::Const) bytes += v.size;
    value = int(bytes);
    break;
  }
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    value = int(f->program->localBytes);
    break;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    value = f->registers();
    break;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    value = int(f->program->module->versionMajor * 10 + f->program->module->versionMinor);
    break;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    value = d.gpu->major * 10 + d.gpu->minor;
    break;
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
    value = 0;
    break;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    value = f->maxDynamicShared;
    break;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    value = f->carveout;
    break;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    value = function.clusterSize[0] != 0;
    break;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    value = int(function.clusterSize[0]);
    break;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    value = int(function.clusterSize[1]);
    break;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    value = int(function.clusterSize[2]);
    break;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    value = f->nonPortableCluster;
    break;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    value = f->clusterPolicy;
    break;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

CUresult setAttribute(Driver &d, CUfunction f, CUfunction_attribute a, int value) {
  switch (a) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    if (value < 0 || uint64_t(value) + f->program->sharedBytes > uint64_t(d.gpu->sharedOptIn()))
      return CUDA_ERROR_INVALID_VALUE;
    return f->maxDynamicShared = value, CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    if (value < -1 || value > 100) return CUDA_ERROR_INVALID_VALUE;
    return f->carveout = value, CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    return f->nonPortableCluster = value != 0, CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return f->clusterPolicy = value, CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult maxPotentialBlockSize(int *grid, int *block, CUfunction f, CUoccupancyB2DSize sizeOf, size_t shared,
                               int limit) {
  return ofFunction(f, [&](Driver &d) {
    if (!grid || !block) return CUDA_ERROR_INVALID_VALUE;
    int most = 0, bestThreads = 0, bestBlocks = 0;
    if (CUresult e = attribute(d, f, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, most)) return e;
    if (limit > 0) most = std::min(most, limit);
    for (int threads = most; threads > 0; threads = (threads - 1) / 32 * 32) {
      size_t bytes = shared;
      if (sizeOf) d.callOut([&] { bytes = sizeOf(threads); });
      if (!d.functions.has(f)) return CUDA_ERROR_INVALID_HANDLE;
      int blocks = activeBlocks(*d.gpu, *f, threads, bytes);
      if (blocks * threads > bestBlocks * bestThreads) bestThreads = threads, bestBlocks = blocks;
    }
    *block = bestThreads, *grid = bestBlocks * d.gpu->smCount();
    return CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute a, CUfunction f) {
  return ofFunction(f,
                    [&](Driver &d) { return value ? attribute(d, f, a, *value) : CUDA_ERROR_INVALID_VALUE; });
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value) {
  return ofFunction(f, [&](Driver &d) { return setAttribute(d, f, a, value); });
}

CUresult cuFuncSetCacheConfig(CUfunction f, CUfunc_cache config) {
  return ofFunction(f, [&](Driver &) {
    return config > CU_FUNC_CACHE_PREFER_EQUAL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  });
}

CUresult cuFuncSetSharedMemConfig(CUfunction f, CUsharedconfig config) {
  return ofFunction(f, [&](Driver &) {
    return config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  });
}

CUresult cuFuncGetModule(CUmodule *out, CUfunction f) {
  return ofFunction(f, [&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = f->module, CUDA_SUCCESS;
  });
}

CUresult cuFuncGetName(const char **name, CUfunction f) {
  return ofFunction(f, [&](Driver &) {
    if (!name) return CUDA_ERROR_INVALID_VALUE;
    return *name = f->name.c_str(), CUDA_SUCCESS;
  });
}

CUresult cuFuncGetParamInfo(CUfunction f, size_t index, size_t *offset, size_t *size) {
  return ofFunction(f, [&](Driver &) {
    if (!offset || index >= f->program->params.size()) return CUDA_ERROR_INVALID_VALUE;
    *offset = f->program->params[index].offset;
    if (size) *size = f->program->params[index].bytes;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction f) {
  return ofFunction(f, [&](Driver &) {
    if (!state) return CUDA_ERROR_INVALID_VALUE;
    return *state = CU_FUNCTION_LOADING_STATE_LOADED, CUDA_SUCCESS;
  });
}

CUresult cuFuncLoad(CUfunction f) {
  return ofFunction(f, [](Driver &) { return CUDA_SUCCESS; });
}

CUresult cuKernelGetFunction(CUfunction *out, CUkernel kernel) {
  auto f = reinterpret_cast<CUfunction>(kernel);
  return ofFunction(f, [&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = f, CUDA_SUCCESS;
  });
}

CUresult cuKernelGetLibrary(CUlibrary *out, CUkernel kernel) {
  auto f = reinterpret_cast<CUfunction>(kernel);
  return ofFunction(f, [&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    *out = nullptr;
    d.libraries.each([&](CUlib_st &l) {
      if (l.module == f->module) *out = &l;
    });
    return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute a, CUkernel kernel, CUdevice device) {
  if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncGetAttribute(value, a, reinterpret_cast<CUfunction>(kernel));
}

CUresult cuKernelSetAttribute(CUfunction_attribute a, int value, CUkernel kernel, CUdevice device) {
  if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncSetAttribute(reinterpret_cast<CUfunction>(kernel), a, value);
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice device) {
  if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncSetCacheConfig(reinterpret_cast<CUfunction>(kernel), config);
}

CUresult cuKernelGetName(const char **name, CUkernel kernel) {
  return cuFuncGetName(name, reinterpret_cast<CUfunction>(kernel));
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset, size_t *size) {
  return cuFuncGetParamInfo(reinterpret_cast<CUfunction>(kernel), index, offset, size);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction f, int threads,
                                                              size_t shared, unsigned flags) {
  return ofFunction(f, [&](Driver &d) {
    if (!blocks || threads <= 0 || flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE)
      return CUDA_ERROR_INVALID_VALUE;
    return *blocks = activeBlocks(*d.gpu, *f, threads, shared), CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction f, int threads, size_t shared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, f, threads, shared, 0);
}

CUresult cuOccupancyMaxPotentialBlockSize(int *grid, int *block, CUfunction f, CUoccupancyB2DSize sizeOf,
                                          size_t shared, int limit) {
  return maxPotentialBlockSize(grid, block, f, sizeOf, shared, limit);
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *grid, int *block, CUfunction f,
                                                   CUoccupancyB2DSize sizeOf, size_t shared, int limit,
                                                   unsigned flags) {
  if (flags > CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) return CUDA_ERROR_INVALID_VALUE;
  return maxPotentialBlockSize(grid, block, f, sizeOf, shared, limit);
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction f, int blocks, int threads) {
  return ofFunction(f, [&](Driver &d) {
    if (!bytes || blocks <= 0 || activeBlocks(*d.gpu, *f, threads, 0) < blocks)
      return CUDA_ERROR_INVALID_VALUE;
    size_t each = (size_t(d.gpu->sharedPerSm())) / size_t(blocks) / 128 * 128;
    size_t taken = size_t(d.gpu->sharedReserved()) + f->program->sharedBytes;
    *bytes =
        std::min(each > taken ? each - taken : 0, size_t(d.gpu->sharedOptIn()) - f->program->sharedBytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialClusterSize(int *size, CUfunction f, const CUlaunchConfig *config) {
  return ofFunction(f, [&](Driver &d) {
    if (!size || !config) return CUDA_ERROR_INVALID_VALUE;
    if (!d.gpu->hasClusters()) return CUDA_ERROR_NOT_SUPPORTED;
    return *size = f->nonPortableCluster ? 16 : 8, CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction f, const CUlaunchConfig *config) {
  return ofFunction(f, [&](Driver &d) {
    if (!clusters || !config) return CUDA_ERROR_INVALID_VALUE;
    if (!d.gpu->hasClusters()) return CUDA_ERROR_NOT_SUPPORTED;
    uint64_t blocks = 1;
    for (unsigned n = 0; config->attrs && n < config->numAttrs; ++n)
      if (config->attrs[n].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
        const auto &dim = config->attrs[n].value.clusterDim;
        blocks = uint64_t(dim.x) * dim.y * dim.z;
      }
    if (!blocks || blocks > 16) return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    uint64_t threads = uint64_t(config->blockDimX) * config->blockDimY * config->blockDimZ;
    if (threads > uint64_t(Gpu::threadsPerBlock)) return CUDA_ERROR_INVALID_VALUE;
    // A cluster lies in one GPC, of which these devices have one for each 16 to 18 SMs.
    uint64_t each = uint64_t(activeBlocks(*d.gpu, *f, int(threads), config->sharedMemBytes)) * 16 / blocks;
    *clusters = int(each * uint64_t(d.gpu->smCount() / 16));
    return CUDA_SUCCESS;
  });
}

} // extern "C"
