// The driver API: launches of kernels and of functions of the host.
#include "tools/ptxsim/driver/Driver.h"

using namespace girih::cudasim;

static CUresult launch(const CUlaunchConfig &config, CUfunction f, void **params, void **extra) {
  return inStream(config.hStream, [&](Driver &d, CUstream_st &s) {
    Operation o;
    CUDA_KERNEL_NODE_PARAMS p = {f,
                                 config.gridDimX,
                                 config.gridDimY,
                                 config.gridDimZ,
                                 config.blockDimX,
                                 config.blockDimY,
                                 config.blockDimZ,
                                 config.sharedMemBytes,
                                 params,
                                 extra,
                                 nullptr,
                                 nullptr};
    if (CUresult e = kernelOperation(d, p, o)) return e;
    if (config.numAttrs && !config.attrs) return CUDA_ERROR_INVALID_VALUE;
    for (unsigned n = 0; n < config.numAttrs; ++n) {
      const CUlaunchAttribute &a = config.attrs[n];
      if (a.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
        o.kernel.cluster[0] = a.value.clusterDim.x;
        o.kernel.cluster[1] = a.value.clusterDim.y;
        o.kernel.cluster[2] = a.value.clusterDim.z;
      } else if (a.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
        o.kernel.cooperative = a.value.cooperative != 0;
      } else if (a.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT ||
                 a.id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT ||
                 a.id == CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE ||
                 a.id > CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING) {
        say("cuLaunchKernelEx: the launch attribute %d is not supported", a.id);
        return CUDA_ERROR_NOT_SUPPORTED;
      } // The others are hints and priorities, or allow an earlier start, which a launch in order is free not
        // to use.
    }
    return submit(d, s, std::move(o));
  });
}

extern "C" {

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
  return config ? launch(*config, f, params, extra) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuLaunchKernel(CUfunction f, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned shared, CUstream stream, void **params,
                        void **extra) {
  return launch({gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, nullptr, 0}, f, params, extra);
}

CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned gridX, unsigned gridY, unsigned gridZ,
                                   unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared,
                                   CUstream stream, void **params) {
  CUlaunchAttribute cooperative = {};
  cooperative.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, cooperative.value.cooperative = 1;
  return launch({gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, &cooperative, 1}, f, params,
                nullptr);
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn fn, void *data) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    Operation o;
    o.type = CU_GRAPH_NODE_TYPE_HOST, o.host = {fn, data};
    return submit(d, s, std::move(o));
  });
}

} // extern "C"
