// Address spaces, vectors of every width, parameters of every type, messages to the host, ends that are no returns.
#include <cassert>
#include <cstdio>

struct Everything {
  char a;
  short b;
  int c;
  long long d;
  float e;
  double f;
  unsigned char g[5];
  int3 h;
};

extern "C" __global__ void parameters(bool flag, signed char a, unsigned short b, float c, double d, long long e,
                                      Everything s, float4 v, double *out) {
  double r[] = {(double)flag, (double)a,     (double)b,     c,          d,          (double)e,
                (double)s.a,  (double)s.b,   (double)s.c,   (double)s.d, s.e,       s.f,
                (double)s.g[threadIdx.x % 5], (double)s.h.x, (double)s.h.z, v.x + 2.0 * v.w, (double)s.g[4]};
  for (int i = 0; i < 17; ++i)
    out[17 * threadIdx.x + i] = r[i];
}

// Two arrays in the same dynamic shared memory, of as many bytes as the launch says.
extern __shared__ char dynamic[];

extern "C" __global__ void dynamic_shared(const float *x, const short *z, float *y) {
  float *a = (float *)dynamic;
  short *b = (short *)(dynamic + blockDim.x * sizeof(float));
  unsigned bytes;
  asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(bytes));
  a[threadIdx.x] = x[threadIdx.x];
  b[threadIdx.x] = z[threadIdx.x];
  __syncthreads();
  int other = blockDim.x - 1 - threadIdx.x;
  y[threadIdx.x] = a[other] * b[other] + bytes;
}

__constant__ float coefficients[4][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {0.5f, 0.25f, 0.125f}};
__constant__ const char *const names[3] = {"zero", "one", "three"};
__device__ int counters[4] = {10, 20, 30, 40};

extern "C" __global__ void constants(const int *x, float *y) {
  int i = threadIdx.x, k = x[i];
  const char *name = names[k % 3];
  int length = 0;
  while (name[length])
    ++length;
  atomicAdd(&counters[k % 4], 1);
  __syncthreads();
  y[i] = coefficients[k % 4][i % 3] * length + counters[k % 4] * 1000 + name[0];
}

// A pointer that may lead into any space.
__device__ __noinline__ int sum3(const int *p) { return p[0] + 2 * p[1] + 3 * p[2]; }

extern "C" __global__ void generic(const int *x, int *y) {
  __shared__ int shared[66];
  int local[3] = {x[threadIdx.x], 5, (int)threadIdx.x};
  shared[threadIdx.x] = 2 * x[threadIdx.x];
  if (threadIdx.x < 2)
    shared[64 + threadIdx.x] = 1;
  __syncthreads();
  const int *p = threadIdx.x % 3 == 0 ? x + threadIdx.x : threadIdx.x % 3 == 1 ? shared + threadIdx.x : local;
  bool isShared = __isShared(p), isGlobal = __isGlobal(p), isLocal = __isLocal(p);
  y[threadIdx.x] = sum3(p) * 8 + isShared * 4 + isGlobal * 2 + isLocal;
}

// Every width of load and store: 1 to 16 bytes, signed and unsigned, cached and not.
extern "C" __global__ void widths(const char4 *a, const short2 *b, const longlong2 *c, const double2 *d,
                                  const uchar2 *e, const ushort4 *f, longlong2 *y, double2 *z) {
  int i = threadIdx.x;
  char4 va = a[i];
  short2 vb = b[i];
  longlong2 vc = __ldg(&c[i]);
  double2 vd = __ldcs(&d[i]);
  uchar2 ve = __ldcg(&e[i]);
  ushort4 vf = f[i];
  __stcs(&y[i], make_longlong2(va.x + 10 * va.y + 100 * va.z + 1000 * va.w + vb.x * (long long)vb.y + vc.x,
                               vc.y - ve.x * ve.y + vf.x + vf.y * 3 + vf.z * 5 + vf.w * 7));
  z[i] = make_double2(vd.x + vd.y, vd.x * vd.y);
}

extern "C" __global__ void messages(const float *x, int n) {
  if (threadIdx.x < n && blockIdx.x == 0)
    printf("lane %d of block %u: %s %5.2f %c %llx %% %-4d|%+.3e\n", (int)threadIdx.x, blockIdx.x, "value",
           (double)x[threadIdx.x], 'a' + (int)threadIdx.x, 0x123456789abcull + threadIdx.x, 7 * (int)threadIdx.x,
           (double)x[threadIdx.x]);
}

extern "C" __global__ void asserts(const int *x, int *y) {
  assert(x[threadIdx.x] < 100);
  y[threadIdx.x] = x[threadIdx.x];
}

extern "C" __global__ void traps(const int *x, int *y) {
  if (x[threadIdx.x] > 100)
    __trap();
  y[threadIdx.x] = x[threadIdx.x];
}

// Lanes that exit from within a function, while others go on to shuffle.
__device__ __noinline__ void leave(int v) {
  if (v < 0)
    asm volatile("exit;");
}

extern "C" __global__ void exits(const int *x, int *y) {
  int v = x[threadIdx.x];
  y[threadIdx.x] = -5;
  leave(v);
  y[threadIdx.x] = __popc(__activemask()) + v;
}
