// The driver API: copies and fills, all of them one operation submitted to a stream.
#include "tools/ptxsim/driver/Driver.h"

using namespace girih::cudasim;

static CUresult submitTo(CUstream stream, Operation o) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) { return submit(d, s, std::move(o)); });
}

static CUresult copyLinear(CUmemorytype toType, uint64_t to, CUmemorytype fromType, uint64_t from,
                           size_t bytes, CUstream stream) {
  Operation o = linearCopy(to, from, bytes);
  o.copy.dstMemoryType = toType, o.copy.srcMemoryType = fromType;
  o.copy.dstHost = reinterpret_cast<void *>(to), o.copy.srcHost = reinterpret_cast<const void *>(from);
  return submitTo(stream, std::move(o));
}

static uint64_t addressOf(const void *p) {
  return reinterpret_cast<uint64_t>(p);
}

static CUresult copy3D(const CUDA_MEMCPY3D *c, CUstream stream) {
  if (!c) return CUDA_ERROR_INVALID_VALUE;
  Operation o;
  o.type = CU_GRAPH_NODE_TYPE_MEMCPY, o.copy = *c;
  return submitTo(stream, std::move(o));
}

static CUresult copy2D(const CUDA_MEMCPY2D *c, CUstream stream) {
  return c ? submitTo(stream, copyOf(*c)) : CUDA_ERROR_INVALID_VALUE;
}

static CUresult fill(CUdeviceptr to, size_t pitch, unsigned value, unsigned bytes, size_t width,
                     size_t height, CUstream stream) {
  Operation o;
  o.type = CU_GRAPH_NODE_TYPE_MEMSET;
  o.set = {to, pitch, value, bytes, width, height};
  return submitTo(stream, std::move(o));
}

extern "C" {

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copyLinear(CU_MEMORYTYPE_UNIFIED, to, CU_MEMORYTYPE_UNIFIED, from, bytes, stream);
}
CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return cuMemcpyAsync(to, from, bytes, nullptr);
}
CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t bytes,
                           CUstream stream) {
  return cuMemcpyAsync(to, from, bytes, stream);
}
CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t bytes) {
  return cuMemcpyAsync(to, from, bytes, nullptr);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return copyLinear(CU_MEMORYTYPE_DEVICE, to, CU_MEMORYTYPE_HOST, addressOf(from), bytes, stream);
}
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copyLinear(CU_MEMORYTYPE_HOST, addressOf(to), CU_MEMORYTYPE_DEVICE, from, bytes, stream);
}
CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copyLinear(CU_MEMORYTYPE_DEVICE, to, CU_MEMORYTYPE_DEVICE, from, bytes, stream);
}
CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream stream) {
  return copy2D(c, stream);
}
CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *c) {
  return copy2D(c, nullptr);
}
CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *c) {
  return copy2D(c, nullptr);
}
CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *c, CUstream stream) {
  return copy3D(c, stream);
}
CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *c) {
  return copy3D(c, nullptr);
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill(to, 0, value, 1, count, 1, stream);
}
CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
  return fill(to, 0, value, 2, count, 1, stream);
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fill(to, 0, value, 4, count, 1, stream);
}
CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fill(to, 0, value, 1, count, 1, nullptr);
}
CUresult cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fill(to, 0, value, 2, count, 1, nullptr);
}
CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fill(to, 0, value, 4, count, 1, nullptr);
}
CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value, size_t width, size_t height,
                           CUstream stream) {
  return fill(to, pitch, value, 1, width, height, stream);
}
CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value, size_t width, size_t height,
                            CUstream stream) {
  return fill(to, pitch, value, 2, width, height, stream);
}
CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value, size_t width, size_t height,
                            CUstream stream) {
  return fill(to, pitch, value, 4, width, height, stream);
}
CUresult cuMemsetD2D8_v2(CUdeviceptr to, size_t pitch, unsigned char value, size_t width, size_t height) {
  return fill(to, pitch, value, 1, width, height, nullptr);
}
CUresult cuMemsetD2D16_v2(CUdeviceptr to, size_t pitch, unsigned short value, size_t width, size_t height) {
  return fill(to, pitch, value, 2, width, height, nullptr);
}
CUresult cuMemsetD2D32_v2(CUdeviceptr to, size_t pitch, unsigned value, size_t width, size_t height) {
  return fill(to, pitch, value, 4, width, height, nullptr);
}

} // extern "C"
