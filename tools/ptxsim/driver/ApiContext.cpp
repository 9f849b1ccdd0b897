// The driver API: contexts. There is one device; its primary context is there from the start, and active
// while it is retained.
#include "tools/ptxsim/driver/Driver.h"

using namespace girih::cudasim;

static constexpr unsigned contextFlags = CU_CTX_FLAGS_MASK;

static CUresult synchronize(Driver &d, CUcontext c) {
  d.waitWhile([&] { return d.contexts.has(c) && d.calls(*c); });
  if (!d.contexts.has(c)) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  bool capturing = false;
  d.eachStream([&](CUstream_st &s) {
    if (s.context == c && s.capture) s.capture->invalid = capturing = true;
  });
  return capturing ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

static CUresult create(CUcontext *out, unsigned flags, CUdevice device, unsigned apiVersion) {
  return inDriver([&](Driver &d) {
    if (!out || flags & ~contextFlags) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    *out = d.makeContext(/*isPrimary=*/false, flags);
    (*out)->apiVersion = apiVersion;
    contextStack().push_back(*out);
    return CUDA_SUCCESS;
  });
}

/// Runs `f` with the current context, whatever state it is in.
template <class F> static CUresult withCurrent(F &&f) {
  return inDriver([&](Driver &d) {
    CUcontext c = current();
    return c ? f(d, *c) : CUDA_ERROR_INVALID_CONTEXT;
  });
}

extern "C" {

CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device) {
  return inDriver([&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    ++d.primary->references;
    return *out = d.primary, CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return inDriver([&](Driver &d) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    d.waitWhile([&] { return d.calls(*d.primary); });
    if (!d.primary->references) return CUDA_ERROR_INVALID_CONTEXT;
    if (--d.primary->references == 0) d.destroyContext(d.primary);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return inDriver([&](Driver &d) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    d.waitWhile([&] { return d.calls(*d.primary); });
    unsigned references = d.primary->references;
    d.destroyContext(d.primary);
    return d.primary->references = references, CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return inDriver([&](Driver &d) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (flags & ~contextFlags) return CUDA_ERROR_INVALID_VALUE;
    return d.primary->flags = flags, CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active) {
  return inDriver([&](Driver &d) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (!flags || !active) return CUDA_ERROR_INVALID_VALUE;
    return *flags = d.primary->flags, *active = d.primary->references > 0, CUDA_SUCCESS;
  });
}

CUresult cuCtxCreate_v2(CUcontext *out, unsigned flags, CUdevice device) {
  return create(out, flags, device, 3020);
}

CUresult cuCtxCreate_v3(CUcontext *out, CUexecAffinityParam *, int affinities, unsigned flags,
                        CUdevice device) {
  return affinities ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY : create(out, flags, device, 3030);
}

CUresult cuCtxCreate_v4(CUcontext *out, CUctxCreateParams *params, unsigned flags, CUdevice device) {
  if (params && params->numExecAffinityParams) return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
  if (params && params->cigParams) return CUDA_ERROR_NOT_SUPPORTED;
  return create(out, flags, device, 3040);
}

CUresult cuCtxDestroy_v2(CUcontext context) {
  return inDriver([&](Driver &d) {
    d.waitWhile([&] { return d.contexts.has(context) && d.calls(*context); });
    if (!d.contexts.has(context) || context->primary) return CUDA_ERROR_INVALID_CONTEXT;
    if (current() == context) contextStack().pop_back();
    d.destroyContext(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  return inDriver([&](Driver &d) {
    if (!d.contexts.has(context)) return CUDA_ERROR_INVALID_CONTEXT;
    contextStack().push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPopCurrent_v2(CUcontext *out) {
  return inDriver([&](Driver &) {
    if (contextStack().empty()) return CUDA_ERROR_INVALID_CONTEXT;
    if (out) *out = contextStack().back();
    contextStack().pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return inDriver([&](Driver &d) {
    if (context && !d.contexts.has(context)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!contextStack().empty()) contextStack().pop_back();
    if (context) contextStack().push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext *out) {
  return inDriver([&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = current(), CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice *out) {
  return withCurrent([&](Driver &, CUctx_st &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = 0, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice_v2(CUdevice *out, CUcontext context) {
  if (!context) return cuCtxGetDevice(out);
  return inDriver([&](Driver &d) {
    if (!d.contexts.has(context)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = 0, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetFlags(unsigned *out) {
  return withCurrent([&](Driver &, CUctx_st &c) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = c.flags, CUDA_SUCCESS;
  });
}

CUresult cuCtxSetFlags(unsigned flags) {
  return withCurrent([&](Driver &, CUctx_st &c) {
    if (flags & ~contextFlags) return CUDA_ERROR_INVALID_VALUE;
    return c.flags = flags, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetId(CUcontext context, unsigned long long *id) {
  return inDriver([&](Driver &d) {
    CUcontext c = context ? context : current();
    if (!d.contexts.has(c)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!id) return CUDA_ERROR_INVALID_VALUE;
    return *id = c->id, CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return inContext([](Driver &d, CUctx_st &c) { return synchronize(d, &c); });
}

CUresult cuCtxSynchronize_v2(CUcontext context) {
  if (!context) return cuCtxSynchronize();
  return inDriver([&](Driver &d) {
    if (!d.contexts.has(context)) return CUDA_ERROR_INVALID_CONTEXT;
    return context->error ? context->error : synchronize(d, context);
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return inContext([&](Driver &, CUctx_st &c) {
    auto it = c.limits.find(limit);
    if (it == c.limits.end()) return CUDA_ERROR_UNSUPPORTED_LIMIT;
    return it->second = value, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return inContext([&](Driver &, CUctx_st &c) {
    auto it = c.limits.find(limit);
    if (it == c.limits.end()) return CUDA_ERROR_UNSUPPORTED_LIMIT;
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    return *value = it->second, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
  return inContext([&](Driver &, CUctx_st &c) {
    if (!config) return CUDA_ERROR_INVALID_VALUE;
    return *config = c.cache, CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  return inContext([&](Driver &, CUctx_st &c) {
    if (config > CU_FUNC_CACHE_PREFER_EQUAL) return CUDA_ERROR_INVALID_VALUE;
    return c.cache = config, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config) {
  return inContext([&](Driver &, CUctx_st &c) {
    if (!config) return CUDA_ERROR_INVALID_VALUE;
    return *config = c.sharedConfig, CUDA_SUCCESS;
  });
}

// Banks of shared memory have had 4 bytes on every device since Maxwell: the setting has no effect.
CUresult cuCtxSetSharedMemConfig(CUsharedconfig config) {
  return inContext([&](Driver &, CUctx_st &) {
    return config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  });
}

CUresult cuCtxGetApiVersion(CUcontext context, unsigned *version) {
  return inDriver([&](Driver &d) {
    CUcontext c = context ? context : current();
    if (!d.contexts.has(c)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!version) return CUDA_ERROR_INVALID_VALUE;
    return *version = c->apiVersion, CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return inContext([&](Driver &, CUctx_st &) {
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxResetPersistingL2Cache() {
  return inContext([](Driver &, CUctx_st &) { return CUDA_SUCCESS; });
}

} // extern "C"
