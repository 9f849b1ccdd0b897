// mma.sync in each of its shapes and types, one warp and one tile: fragments are filled by the layout that the PTX ISA
// gives for each shape. A is row-major (M rows of K), B is stored in columns (N rows of K), C and D are row-major.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// How K is laid out over a row of A (or a column of B): `pack` elements share a register; lanes 4g..4g+3 hold group g.
// Register r of A holds row g + 8 * (r & 1), k from pack * (lane % 4) + 4 * pack * (r / 2); of B, column g.
template <int bits> __device__ unsigned word(const void *from, int index) { // `index` counts elements
  return *(const unsigned *)((const char *)from + (long long)index * bits / 8);
}

template <int bits, int K, int count> __device__ void load_a(unsigned (&r)[count], const void *a) {
  constexpr int pack = 32 / bits;
  int lane = threadIdx.x, g = lane / 4, q = lane % 4;
  constexpr int rows = count > 1 ? 2 : 1;
  for (int i = 0; i < count; ++i)
    r[i] = word<bits>(a, (g + 8 * (i % rows)) * K + pack * q + 4 * pack * (i / rows));
}

template <int bits, int K, int count> __device__ void load_b(unsigned (&r)[count], const void *b) {
  constexpr int pack = 32 / bits;
  int lane = threadIdx.x, g = lane / 4, q = lane % 4;
  for (int i = 0; i < count; ++i)
    r[i] = word<bits>(b, g * K + pack * q + 4 * pack * i);
}

// The place of accumulator i of four in a 16x8 tile (of two in an 8x8 tile).
__device__ int place(int i) { return (threadIdx.x / 4 + 8 * (i / 2)) * 8 + threadIdx.x % 4 * 2 + i % 2; }

#define MMA_M16_F32(NAME, BITS, K, INSTRUCTION)                                                                      \
  extern "C" __global__ void NAME(const void *a, const void *b, const float *c, float *d) {                          \
    unsigned fa[16 * K * BITS / 1024], fb[8 * K * BITS / 1024];                                                      \
    float v[4];                                                                                                      \
    load_a<BITS, K>(fa, a);                                                                                          \
    load_b<BITS, K>(fb, b);                                                                                          \
    for (int i = 0; i < 4; ++i)                                                                                      \
      v[i] = c[place(i)];                                                                                            \
    if constexpr (sizeof(fa) == 16)                                                                                  \
      asm(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                       \
          : "+f"(v[0]), "+f"(v[1]), "+f"(v[2]), "+f"(v[3])                                                           \
          : "r"(fa[0]), "r"(fa[1]), "r"(fa[2 % (sizeof(fa) / 4)]), "r"(fa[3 % (sizeof(fa) / 4)]), "r"(fb[0]),        \
            "r"(fb[1 % (sizeof(fb) / 4)]));                                                                          \
    else                                                                                                             \
      asm(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"                                                \
          : "+f"(v[0]), "+f"(v[1]), "+f"(v[2]), "+f"(v[3])                                                           \
          : "r"(fa[0]), "r"(fa[1]), "r"(fb[0]));                                                                     \
    for (int i = 0; i < 4; ++i)                                                                                      \
      d[place(i)] = v[i];                                                                                            \
  }

MMA_M16_F32(f16_k8, 16, 8, "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32")
MMA_M16_F32(f16_k16, 16, 16, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32")
MMA_M16_F32(bf16_k8, 16, 8, "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32")
MMA_M16_F32(bf16_k16, 16, 16, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32")
MMA_M16_F32(tf32_k4, 32, 4, "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32")
MMA_M16_F32(tf32_k8, 32, 8, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32")
#if __CUDA_ARCH__ >= 890
MMA_M16_F32(e4m3_k32, 8, 32, "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32")
MMA_M16_F32(e5m2_e4m3_k32, 8, 32, "mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e4m3.f32")
#endif

// Accumulators of half precision, in pairs.
#define MMA_M16_F16(NAME, K, ASM)                                                                                    \
  extern "C" __global__ void NAME(const void *a, const void *b, const half *c, half *d) {                            \
    unsigned fa[K / 4], fb[K / 8], v[2];                                                                             \
    load_a<16, K>(fa, a);                                                                                            \
    load_b<16, K>(fb, b);                                                                                            \
    v[0] = *(const unsigned *)&c[place(0)];                                                                          \
    v[1] = *(const unsigned *)&c[place(2)];                                                                          \
    ASM;                                                                                                             \
    *(unsigned *)&d[place(0)] = v[0];                                                                                \
    *(unsigned *)&d[place(2)] = v[1];                                                                                \
  }

MMA_M16_F16(f16_f16_k8, 8,
            asm("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%0,%1};"
                : "+r"(v[0]), "+r"(v[1])
                : "r"(fa[0]), "r"(fa[1]), "r"(fb[0])))
MMA_M16_F16(f16_f16_k16, 16,
            asm("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%0,%1};"
                : "+r"(v[0]), "+r"(v[1])
                : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1])))

#define MMA_M16_S32(NAME, BITS, K, INSTRUCTION)                                                                      \
  extern "C" __global__ void NAME(const void *a, const void *b, const int *c, int *d) {                              \
    unsigned fa[16 * K * BITS / 1024], fb[8 * K * BITS / 1024];                                                      \
    int v[4];                                                                                                        \
    load_a<BITS, K>(fa, a);                                                                                          \
    load_b<BITS, K>(fb, b);                                                                                          \
    for (int i = 0; i < 4; ++i)                                                                                      \
      v[i] = c[place(i)];                                                                                            \
    if constexpr (sizeof(fa) == 16)                                                                                  \
      asm(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                       \
          : "+r"(v[0]), "+r"(v[1]), "+r"(v[2]), "+r"(v[3])                                                           \
          : "r"(fa[0]), "r"(fa[1]), "r"(fa[2 % (sizeof(fa) / 4)]), "r"(fa[3 % (sizeof(fa) / 4)]), "r"(fb[0]),        \
            "r"(fb[1 % (sizeof(fb) / 4)]));                                                                          \
    else                                                                                                             \
      asm(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"                                                \
          : "+r"(v[0]), "+r"(v[1]), "+r"(v[2]), "+r"(v[3])                                                           \
          : "r"(fa[0]), "r"(fa[1]), "r"(fb[0]));                                                                     \
    for (int i = 0; i < 4; ++i)                                                                                      \
      d[place(i)] = v[i];                                                                                            \
  }

MMA_M16_S32(s8_k16, 8, 16, "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32")
MMA_M16_S32(s8_k32, 8, 32, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32")
MMA_M16_S32(u8_s8_k32, 8, 32, "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32")
MMA_M16_S32(s8_k32_satfinite, 8, 32, "mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32")
MMA_M16_S32(s4_k32, 4, 32, "mma.sync.aligned.m16n8k32.row.col.s32.s4.s4.s32")
MMA_M16_S32(u4_s4_k64, 4, 64, "mma.sync.aligned.m16n8k64.row.col.s32.u4.s4.s32")
MMA_M16_S32(b1_xor_k128, 1, 128, "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.xor.popc")
MMA_M16_S32(b1_and_k256, 1, 256, "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc")

#define MMA_M8_S32(NAME, BITS, K, INSTRUCTION)                                                                       \
  extern "C" __global__ void NAME(const void *a, const void *b, const int *c, int *d) {                              \
    unsigned fa[1], fb[1];                                                                                           \
    int v[2];                                                                                                        \
    load_a<BITS, K>(fa, a);                                                                                          \
    load_b<BITS, K>(fb, b);                                                                                          \
    v[0] = c[place(0)];                                                                                              \
    v[1] = c[place(1)];                                                                                              \
    asm(INSTRUCTION " {%0,%1}, {%2}, {%3}, {%0,%1};" : "+r"(v[0]), "+r"(v[1]) : "r"(fa[0]), "r"(fb[0]));             \
    d[place(0)] = v[0];                                                                                              \
    d[place(1)] = v[1];                                                                                              \
  }

MMA_M8_S32(u8_m8, 8, 16, "mma.sync.aligned.m8n8k16.row.col.s32.u8.u8.s32")
MMA_M8_S32(s4_m8, 4, 32, "mma.sync.aligned.m8n8k32.row.col.s32.s4.s4.s32")
MMA_M8_S32(b1_xor_m8, 1, 128, "mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.xor.popc")
MMA_M8_S32(b1_and_m8, 1, 128, "mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.and.popc")

extern "C" __global__ void f64_m8(const double *a, const double *b, const double *c, double *d) {
  int g = threadIdx.x / 4, q = threadIdx.x % 4;
  double v[2] = {c[g * 8 + 2 * q], c[g * 8 + 2 * q + 1]};
  asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
      : "+d"(v[0]), "+d"(v[1])
      : "d"(a[g * 4 + q]), "d"(b[g * 4 + q]));
  d[g * 8 + 2 * q] = v[0];
  d[g * 8 + 2 * q + 1] = v[1];
}

#if __CUDA_ARCH__ >= 900
// The f64 shapes of 16 rows: register i of A holds row g + 8 * (i & 1), k from q + 4 * (i / 2).
template <int K> __device__ void f64_m16(const double *a, const double *b, const double *c, double *d) {
  int g = threadIdx.x / 4, q = threadIdx.x % 4;
  double fa[K / 2], fb[K / 4], v[4];
  for (int i = 0; i < K / 2; ++i)
    fa[i] = a[(g + 8 * (i % 2)) * K + q + 4 * (i / 2)];
  for (int i = 0; i < K / 4; ++i)
    fb[i] = b[g * K + q + 4 * i];
  for (int i = 0; i < 4; ++i)
    v[i] = c[place(i)];
  if constexpr (K == 4)
    asm("mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
        : "+d"(v[0]), "+d"(v[1]), "+d"(v[2]), "+d"(v[3])
        : "d"(fa[0]), "d"(fa[1]), "d"(fb[0]));
  if constexpr (K == 8)
    asm("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+d"(v[0]), "+d"(v[1]), "+d"(v[2]), "+d"(v[3])
        : "d"(fa[0]), "d"(fa[1]), "d"(fa[2]), "d"(fa[3]), "d"(fb[0]), "d"(fb[1]));
  if constexpr (K == 16)
    asm("mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5,%6,%7,%8,%9,%10,%11}, "
        "{%12,%13,%14,%15}, {%0,%1,%2,%3};"
        : "+d"(v[0]), "+d"(v[1]), "+d"(v[2]), "+d"(v[3])
        : "d"(fa[0]), "d"(fa[1]), "d"(fa[2]), "d"(fa[3]), "d"(fa[4]), "d"(fa[5]), "d"(fa[6]), "d"(fa[7]), "d"(fb[0]),
          "d"(fb[1]), "d"(fb[2]), "d"(fb[3]));
  for (int i = 0; i < 4; ++i)
    d[place(i)] = v[i];
}

#define MMA_F64(K)                                                                                                   \
  extern "C" __global__ void f64_k##K(const double *a, const double *b, const double *c, double *d) {                \
    f64_m16<K>(a, b, c, d);                                                                                          \
  }
MMA_F64(4)
MMA_F64(8)
MMA_F64(16)
#endif

// The oldest shape: each quarter of the warp (lanes 4q..4q+3 and 16 more) multiplies its own 8x8x4. A row-major, B in
// columns; lane l of a quarter holds row (column) l % 4 + 4 * (lane >= 16). C and D are 8x8 floats per quarter.
extern "C" __global__ void f16_m8(const half *a, const half *b, const float *c, float *d) {
  int quarter = threadIdx.x % 16 / 4, row = threadIdx.x % 4 + (threadIdx.x < 16 ? 0 : 4);
  const unsigned *fa = (const unsigned *)&a[(quarter * 8 + row) * 4], *fb = (const unsigned *)&b[(quarter * 8 + row) * 4];
  float v[8];
  int at[8];
  for (int i = 0; i < 8; ++i) {
    int r = (threadIdx.x & 1) + (i & 2) + (threadIdx.x < 16 ? 0 : 4);
    int s = (i & 4) + (threadIdx.x & 2) + (i & 1);
    at[i] = (quarter * 8 + r) * 8 + s;
    v[i] = c[at[i]];
  }
  asm("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%0,%1,%2,%3,%4,%5,%6,%7}, {%8,%9}, {%10,%11}, "
      "{%0,%1,%2,%3,%4,%5,%6,%7};"
      : "+f"(v[0]), "+f"(v[1]), "+f"(v[2]), "+f"(v[3]), "+f"(v[4]), "+f"(v[5]), "+f"(v[6]), "+f"(v[7])
      : "r"(fa[0]), "r"(fa[1]), "r"(fb[0]), "r"(fb[1]));
  for (int i = 0; i < 8; ++i)
    d[at[i]] = v[i];
}
