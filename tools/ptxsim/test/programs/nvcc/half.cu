// Packed half and bfloat16 arithmetic; result k goes to out[k * n + i] as 32 bits.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#if __CUDA_ARCH__ >= 890
#include <cuda_fp8.h>
#endif

__device__ unsigned bits(__half2 v) { return *(unsigned *)&v; }
__device__ unsigned bits(__nv_bfloat162 v) { return *(unsigned *)&v; }
__device__ unsigned bits(__half v) { return *(unsigned short *)&v; }
__device__ unsigned bits(__nv_bfloat16 v) { return *(unsigned short *)&v; }

#define EACH(k, expression) out[(k) * n + i] = (expression)

extern "C" __global__ void half_packed(const __half2 *xs, const __half2 *ys, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __half2 x = xs[i], y = ys[i];
  EACH(0, bits(__hadd2_rn(x, y)));
  EACH(1, bits(__hsub2_rn(x, y)));
  EACH(2, bits(__hmul2_rn(x, y)));
  EACH(3, bits(__hfma2(x, y, x)));
  EACH(4, bits(__hmin2(x, y)));
  EACH(5, bits(__hmax2(x, y)));
  EACH(6, bits(__hneg2(x)));
  EACH(7, bits(__habs2(x)));
  EACH(8, __hgt2_mask(x, y));
  EACH(9, bits(__hle2(x, y)));
  EACH(10, bits(__hadd2_sat(x, y)));
  EACH(11, bits(__hfma2_relu(x, y, x)));
  EACH(12, bits(__h2div(x, y)));
  EACH(13, bits(h2exp2(x)));
  EACH(14, bits(h2sqrt(__habs2(x))));
  EACH(15, bits(h2rint(x)));
  EACH(16, bits(__lowhigh2highlow(x)));
  EACH(17, bits(__hadd_rn(__low2half(x), __high2half(y))));
  EACH(18, bits(__hmax2_nan(x, y)));
  EACH(19, bits(h2tanh_approx(x)));
}

extern "C" __global__ void bf16_packed(const __nv_bfloat162 *xs, const __nv_bfloat162 *ys, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __nv_bfloat162 x = xs[i], y = ys[i];
  EACH(0, bits(__hadd2_rn(x, y)));
  EACH(1, bits(__hsub2_rn(x, y)));
  EACH(2, bits(__hmul2_rn(x, y)));
  EACH(3, bits(__hfma2(x, y, x)));
  EACH(4, bits(__hmin2(x, y)));
  EACH(5, bits(__hmax2(x, y)));
  EACH(6, bits(__hneg2(x)));
  EACH(7, bits(__habs2(x)));
  EACH(8, __hgt2_mask(x, y));
  EACH(9, bits(__hfma2_relu(x, y, x)));
}

// From float: every rounding, saturation, pairs; and back.
extern "C" __global__ void half_conversions(const float *xs, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = xs[i];
  EACH(0, bits(__float2half_rn(x)));
  EACH(1, bits(__float2half_rz(x)));
  EACH(2, bits(__float2half_ru(x)));
  EACH(3, bits(__float2half_rd(x)));
  EACH(4, bits(__float2bfloat16_rn(x)));
  EACH(5, bits(__float2bfloat16_rz(x)));
  EACH(6, bits(__floats2half2_rn(x, 2 * x)));
  EACH(7, bits(__floats2bfloat162_rn(x, 2 * x)));
  EACH(8, __float_as_uint(__half2float(__float2half_rn(x))));
  EACH(9, __float_as_uint(__bfloat162float(__float2bfloat16_rn(x))));
  EACH(10, (unsigned)__half2int_rn(__float2half_rn(x)));
  EACH(11, (unsigned)__half2int_rz(__float2half_rn(x)));
  EACH(12, bits(__int2half_rn((int)x)));
  EACH(13, (unsigned)(int)__half2short_rd(__float2half_rn(x)));
  unsigned t;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(t) : "f"(x));
  EACH(14, t);
  asm("cvt.rn.relu.f16x2.f32 %0, %1, %2;" : "=r"(t) : "f"(x), "f"(-x));
  EACH(15, t);
#if __CUDA_ARCH__ >= 890
  EACH(16, (unsigned)__nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3));
  EACH(17, (unsigned)__nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E5M2));
  __half2_raw a = __nv_cvt_fp8x2_to_halfraw2((__nv_fp8x2_storage_t)(i * 257 + 3), __NV_E4M3);
  __half2_raw b = __nv_cvt_fp8x2_to_halfraw2((__nv_fp8x2_storage_t)(i * 257 + 3), __NV_E5M2);
  EACH(18, a.x | (unsigned)a.y << 16);
  EACH(19, b.x | (unsigned)b.y << 16);
#endif
}
