// Atomic operations of every type and kind, in shared and in global memory.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Element k of each array is the target of operation k.
extern "C" __global__ void atomics_i32(const int *x, int *s, unsigned *u, int *old, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int v = x[i];
  atomicAdd(&s[0], v);
  atomicSub(&s[1], v);
  atomicMin(&s[2], v);
  atomicMax(&s[3], v);
  atomicAnd(&s[4], v | 0xff00);
  atomicOr(&s[5], v & 0xff);
  atomicXor(&s[6], v);
  atomicAdd(&u[0], (unsigned)v);
  atomicMin(&u[1], (unsigned)v);
  atomicMax(&u[2], (unsigned)v);
  atomicInc(&u[3], 12);
  atomicDec(&u[4], 12);
  old[i] = atomicAdd(&s[7], 1); // some order of 0..n-1
}

extern "C" __global__ void atomics_i64(const long long *x, unsigned long long *u, long long *s, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  long long v = x[i];
  atomicAdd(&u[0], (unsigned long long)v);
  atomicMin(&u[1], (unsigned long long)v);
  atomicMax(&u[2], (unsigned long long)v);
  atomicAnd(&u[3], (unsigned long long)v | 0xffff0000ull);
  atomicOr(&u[4], (unsigned long long)v);
  atomicXor(&u[5], (unsigned long long)v);
  atomicMin(&s[0], v);
  atomicMax(&s[1], v);
  // A product, which no instruction has, by compare and swap.
  unsigned long long seen = u[6], expected;
  do {
    expected = seen;
    seen = atomicCAS(&u[6], expected, expected * (2 * (unsigned long long)v + 1));
  } while (seen != expected);
}

extern "C" __global__ void atomics_float(const float *x, float *f, double *d, __half *h, __half2 *h2, __nv_bfloat16 *b,
                                         __nv_bfloat162 *b2, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float v = x[i];
  atomicAdd(&f[0], v);
  float before = atomicExch(&f[1 + i % 32], v);
  if (before == -12345.0f)
    atomicAdd(&f[0], 1.0f);
  atomicAdd(d, (double)v);
  atomicAdd(h, __float2half(v));
  atomicAdd(h2, __floats2half2_rn(v, -v));
  atomicAdd(b, __float2bfloat16(v));
  atomicAdd(b2, __floats2bfloat162_rn(v, 2 * v));
}

extern "C" __global__ void atomics_shared(const int *x, int *y, float *z) {
  __shared__ int s[8];
  __shared__ unsigned long long wide;
  __shared__ float f;
  __shared__ unsigned short narrow;
  int t = threadIdx.x, v = x[t];
  if (t < 8)
    s[t] = t == 2 ? 1000000 : t == 4 ? -1 : 0;
  if (t == 0) {
    wide = 0;
    f = 0;
    narrow = 0;
  }
  __syncthreads();
  atomicAdd(&s[0], v);
  atomicMax(&s[1], v);
  atomicMin(&s[2], v);
  atomicXor(&s[3], v);
  atomicAnd(&s[4], v | 0xf0);
  atomicOr(&s[5], v & 0xf0f);
  atomicInc((unsigned *)&s[6], 1000);
  atomicAdd(&wide, (unsigned long long)v << 20);
  atomicAdd(&f, (float)(v % 16));
  // A counter of 16 bits, by the compare and swap that has them.
  unsigned short seen = *(volatile unsigned short *)&narrow, expected;
  do {
    expected = seen;
    seen = atomicCAS(&narrow, expected, (unsigned short)(expected + 3));
  } while (seen != expected);
  __syncthreads();
  if (t < 7)
    y[t] = s[t];
  if (t == 7)
    y[7] = (int)(wide >> 20);
  if (t == 8)
    y[8] = narrow;
  if (t == 9)
    *z = f;
}

// Scopes and orders, and reductions without a result.
extern "C" __global__ void atomics_scopes(const int *x, int *y) {
  int v = x[blockIdx.x * blockDim.x + threadIdx.x];
  atomicAdd_block(&y[4 + blockIdx.x], v);
  atomicAdd_system(&y[0], v);
  asm volatile("red.release.gpu.global.add.s32 [%0], %1;" ::"l"(y + 1), "r"(v) : "memory");
  int old;
  asm volatile("atom.acq_rel.sys.global.max.s32 %0, [%1], %2;" : "=r"(old) : "l"(y + 2), "r"(v) : "memory");
  asm volatile("atom.relaxed.gpu.global.or.b32 %0, [%1], %2;" : "+r"(old) : "l"(y + 3), "r"(v) : "memory");
  if (old == 0x7fffffff) // never: keeps the results alive
    y[1] = old;
}

#if __CUDA_ARCH__ >= 900
extern "C" __global__ void atomics_vector(const float4 *x, float4 *f, __half2 *h) {
  float4 v = x[threadIdx.x];
  atomicAdd(f, v);
  asm volatile("red.global.add.noftz.v2.f16x2 [%0], {%1, %2};" ::"l"(h), "r"(0x3c003c00), "r"(0x40003c00) : "memory");
}
#endif
