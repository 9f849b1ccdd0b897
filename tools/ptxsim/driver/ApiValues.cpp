// The driver API: streams that write values, or wait for them; several copies at once; attributes of streams.
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>

#undef cuMemcpyBatchAsync // the first version is here too

using namespace girih::cudasim;

namespace {

CUresult submitValues(CUstream stream, std::vector<CUstreamBatchMemOpParams> values) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    Operation o;
    o.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, o.values = std::move(values);
    return submit(d, s, std::move(o));
  });
}

CUresult write(CUstream stream, CUstreamBatchMemOpType type, CUdeviceptr to, uint64_t value, unsigned flags) {
  CUstreamBatchMemOpParams p = {};
  p.writeValue.operation = type, p.writeValue.address = to;
  p.writeValue.value64 = value, p.writeValue.flags = flags;
  return submitValues(stream, {p});
}

CUresult wait(CUstream stream, CUstreamBatchMemOpType type, CUdeviceptr at, uint64_t value, unsigned flags) {
  CUstreamBatchMemOpParams p = {};
  p.waitValue.operation = type, p.waitValue.address = at;
  p.waitValue.value64 = value, p.waitValue.flags = flags;
  return submitValues(stream, {p});
}

CUresult copyBatch(CUdeviceptr *to, CUdeviceptr *from, size_t *bytes, size_t count, size_t *failed,
                   CUstream stream) {
  if (failed) *failed = SIZE_MAX;
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    // The default streams take part in nothing of this.
    if (!to || !from || !bytes || !count || !stream) return CUDA_ERROR_INVALID_VALUE;
    for (size_t n = 0; n < count; ++n)
      if (CUresult e = submit(d, s, linearCopy(to[n], from[n], bytes[n]))) {
        if (failed) *failed = n;
        return e;
      }
    return CUDA_SUCCESS;
  });
}

bool isStreamHint(CUstreamAttrID id) {
  return id == CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW || id == CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY ||
         id == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP || id == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN;
}

} // namespace

extern "C" {

CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr to, cuuint32_t value, unsigned flags) {
  return write(stream, CU_STREAM_MEM_OP_WRITE_VALUE_32, to, value, flags);
}
CUresult cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr to, cuuint64_t value, unsigned flags) {
  return write(stream, CU_STREAM_MEM_OP_WRITE_VALUE_64, to, value, flags);
}
CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr at, cuuint32_t value, unsigned flags) {
  return wait(stream, CU_STREAM_MEM_OP_WAIT_VALUE_32, at, value, flags);
}
CUresult cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr at, cuuint64_t value, unsigned flags) {
  return wait(stream, CU_STREAM_MEM_OP_WAIT_VALUE_64, at, value, flags);
}
CUresult cuStreamBatchMemOp_v2(CUstream stream, unsigned count, CUstreamBatchMemOpParams *values,
                               unsigned flags) {
  if (!values || !count || count > 256 || flags) return CUDA_ERROR_INVALID_VALUE;
  return submitValues(stream, {values, values + count});
}

CUresult cuMemcpyBatchAsync_v2(CUdeviceptr *to, CUdeviceptr *from, size_t *bytes, size_t count,
                               CUmemcpyAttributes *, size_t *, size_t, CUstream stream) {
  return copyBatch(to, from, bytes, count, nullptr, stream);
}
CUresult cuMemcpyBatchAsync(CUdeviceptr *to, CUdeviceptr *from, size_t *bytes, size_t count,
                            CUmemcpyAttributes *, size_t *, size_t, size_t *failed, CUstream stream) {
  return copyBatch(to, from, bytes, count, failed, stream);
}

// Attributes of streams are hints, which are kept for the program.
CUresult cuStreamSetAttribute(CUstream stream, CUstreamAttrID id, const CUstreamAttrValue *value) {
  return ofStream(stream, [&](Driver &, CUstream_st &s) {
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
      s.priority = std::clamp(value->priority, -5, 0);
    else if (isStreamHint(id))
      s.attributes[id] = *value;
    else
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetAttribute(CUstream stream, CUstreamAttrID id, CUstreamAttrValue *value) {
  return ofStream(stream, [&](Driver &, CUstream_st &s) {
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY) return value->priority = s.priority, CUDA_SUCCESS;
    if (!isStreamHint(id)) return CUDA_ERROR_INVALID_VALUE;
    auto it = s.attributes.find(id);
    *value = it == s.attributes.end() ? CUstreamAttrValue{} : it->second;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamCopyAttributes(CUstream to, CUstream from) {
  return inContext([&](Driver &d, CUctx_st &c) {
    CUstream a = d.stream(&c, to), b = d.stream(&c, from);
    if (!a || !b) return CUDA_ERROR_INVALID_HANDLE;
    return a->attributes = b->attributes, CUDA_SUCCESS;
  });
}

} // extern "C"
