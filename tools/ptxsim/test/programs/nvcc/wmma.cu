// Matrix products by the wmma instructions: one warp per tile of C, every type that they have.
#include <mma.h>
#include <type_traits>

using namespace nvcuda;

// C = A B, A row-major, B in rows or columns; the sizes are multiples of the tile's. `packed` elements share one of Stored.
template <int m, int n, int k, typename T, typename Stored, typename Acc, bool columns, int packed>
__device__ void multiply(const Stored *a, const Stored *b, Acc *c, int N, int K, int ldb) {
  wmma::fragment<wmma::matrix_a, m, n, k, T, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, m, n, k, T, std::conditional_t<columns, wmma::col_major, wmma::row_major>> fb;
  wmma::fragment<wmma::accumulator, m, n, k, Acc> fc;
  wmma::fill_fragment(fc, Acc(0));
#pragma unroll 1
  for (int i = 0; i < K; i += k) {
    wmma::load_matrix_sync(fa, a + (blockIdx.y * m * K + i) / packed, K);
    wmma::load_matrix_sync(fb, b + (columns ? blockIdx.x * n * ldb + i : i * ldb + blockIdx.x * n) / packed, ldb);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  wmma::store_matrix_sync(c + blockIdx.y * m * N + blockIdx.x * n, fc, N, wmma::mem_row_major);
}

#define GEMM(NAME, m, n, k, T, STORED, ACC, COLUMNS, PACKED)                                                         \
  extern "C" __global__ void NAME(const STORED *a, const STORED *b, ACC *c, int N, int K, int ldb) {                 \
    multiply<m, n, k, T, STORED, ACC, COLUMNS, PACKED>(a, b, c, N, K, ldb);                                          \
  }

GEMM(f16_f32, 16, 16, 16, half, half, float, false, 1)
GEMM(f16_f16, 16, 16, 16, half, half, half, true, 1)
GEMM(f16_wide, 8, 32, 16, half, half, float, true, 1)
GEMM(f16_tall, 32, 8, 16, half, half, float, false, 1)
GEMM(bf16_f32, 16, 16, 16, __nv_bfloat16, __nv_bfloat16, float, true, 1)
GEMM(bf16_wide, 8, 32, 16, __nv_bfloat16, __nv_bfloat16, float, false, 1)
GEMM(tf32_f32, 16, 16, 8, wmma::precision::tf32, float, float, false, 1)
GEMM(f64_f64, 8, 8, 4, double, double, double, true, 1)
GEMM(s8_s32, 16, 16, 16, signed char, signed char, int, true, 1)
GEMM(u8_tall, 32, 8, 16, unsigned char, unsigned char, int, false, 1)
GEMM(s4_s32, 8, 8, 32, wmma::experimental::precision::s4, unsigned char, int, true, 2)
GEMM(u4_s32, 8, 8, 32, wmma::experimental::precision::u4, unsigned char, int, true, 2)

// Bits: C counts where A and B agree (and) or differ (xor).
template <wmma::experimental::bmmaBitOp op> __device__ void bits(const unsigned *a, const unsigned *b, int *c, int N, int K) {
  using bit = wmma::experimental::precision::b1;
  wmma::fragment<wmma::matrix_a, 8, 8, 128, bit, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 8, 8, 128, bit, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 8, 8, 128, int> fc;
  wmma::fill_fragment(fc, 0);
#pragma unroll 1
  for (int i = 0; i < K; i += 128) {
    wmma::load_matrix_sync(fa, a + (blockIdx.y * 8 * K + i) / 32, K);
    wmma::load_matrix_sync(fb, b + (blockIdx.x * 8 * K + i) / 32, K);
    wmma::bmma_sync(fc, fa, fb, fc, op);
  }
  wmma::store_matrix_sync(c + blockIdx.y * 8 * N + blockIdx.x * 8, fc, N, wmma::mem_row_major);
}

extern "C" __global__ void b1_and(const unsigned *a, const unsigned *b, int *c, int N, int K) {
  bits<wmma::experimental::bmmaBitOpAND>(a, b, c, N, K);
}

extern "C" __global__ void b1_xor(const unsigned *a, const unsigned *b, int *c, int N, int K) {
  bits<wmma::experimental::bmmaBitOpXOR>(a, b, c, N, K);
}

// Operands and accumulator through shared memory, C read in columns, scaled element by element.
extern "C" __global__ void through_shared(const half *a, const half *b, const float *c, float *d, float alpha) {
  __shared__ half sa[16][24], sb[16][24];
  __shared__ float sc[16][20];
  for (int i = threadIdx.x; i < 256; i += 32) {
    sa[i / 16][i % 16] = a[i];
    sb[i / 16][i % 16] = b[i];
    sc[i % 16][i / 16] = c[i]; // columns
  }
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::col_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::load_matrix_sync(fa, &sa[0][0], 24);
  wmma::load_matrix_sync(fb, &sb[0][0], 24);
  wmma::load_matrix_sync(fc, &sc[0][0], 20, wmma::mem_col_major);
  wmma::mma_sync(fc, fa, fb, fc);
  for (int i = 0; i < fc.num_elements; ++i)
    fc.x[i] *= alpha;
  wmma::store_matrix_sync(d, fc, 16, wmma::mem_col_major);
}
