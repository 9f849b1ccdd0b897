// Copies that run while their block computes: cp.async groups, cuda::pipeline, cuda::barrier.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline_primitives.h>

namespace cg = cooperative_groups;

// C = A B, tiles of 32x32 in two buffers: the next tiles are on their way while these are multiplied.
extern "C" __global__ void gemm_two_stages(const float *a, const float *b, float *c, int N, int K) {
  __shared__ float sa[2][32][32], sb[2][32][32];
  int row = threadIdx.x / 8, column = threadIdx.x % 8 * 4;
  const float *fromA = a + (blockIdx.y * 32 + row) * K + column;
  const float *fromB = b + row * N + blockIdx.x * 32 + column;
  __pipeline_memcpy_async(&sa[0][row][column], fromA, 16);
  __pipeline_memcpy_async(&sb[0][row][column], fromB, 16);
  __pipeline_commit();
  float acc[4] = {};
  for (int k = 0; k < K; k += 32) {
    int now = k / 32 % 2;
    if (k + 32 < K) {
      __pipeline_memcpy_async(&sa[1 - now][row][column], fromA + k + 32, 16);
      __pipeline_memcpy_async(&sb[1 - now][row][column], fromB + (k + 32) * N, 16);
    }
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
#pragma unroll 8
    for (int i = 0; i < 32; ++i) {
      float x = sa[now][row][i];
      for (int j = 0; j < 4; ++j)
        acc[j] += x * sb[now][i][column + j];
    }
    __syncthreads();
  }
  for (int j = 0; j < 4; ++j)
    c[(blockIdx.y * 32 + row) * N + blockIdx.x * 32 + column + j] = acc[j];
}

// Zero-filled copies of 4 bytes: what lies past the end of x reads as nought.
extern "C" __global__ void copy_tail(const float *x, float *y, int n) {
  __shared__ float tile[256];
  int i = blockIdx.x * 256 + threadIdx.x;
  __pipeline_memcpy_async(&tile[threadIdx.x], i < n ? x + i : x, 4, i < n ? 0 : 4);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  y[i] = tile[255 - threadIdx.x];
}

// cuda::pipeline of four stages over the block: squares of a long row.
extern "C" __global__ void pipeline_block(const float *x, float *y, int tiles) {
  constexpr int stages = 4;
  __shared__ float buffer[stages][128];
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
  auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  for (int fetch = 0, compute = 0; compute < tiles; ++compute) {
    for (; fetch < tiles && fetch < compute + stages; ++fetch) {
      pipe.producer_acquire();
      cuda::memcpy_async(block, buffer[fetch % stages], x + fetch * 128, cuda::aligned_size_t<16>(128 * sizeof(float)), pipe);
      pipe.producer_commit();
    }
    pipe.consumer_wait();
    float v = buffer[compute % stages][127 - threadIdx.x];
    y[compute * 128 + threadIdx.x] = v * v;
    pipe.consumer_release();
  }
}

using barrier = cuda::barrier<cuda::thread_scope_block>;

// One warp fills buffers, three warps empty them; each buffer has a barrier for `full` and one for `empty`.
extern "C" __global__ void producer_consumer(const int *x, int *y, int tiles) {
  __shared__ int buffer[2][96];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ barrier full[2], empty[2];
  if (threadIdx.x < 2) {
    init(&full[threadIdx.x], 128);
    init(&empty[threadIdx.x], 128);
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    for (int i = 0; i < tiles; ++i) {
      int s = i % 2;
      if (i >= 2)
        empty[s].arrive_and_wait();
      for (int j = threadIdx.x; j < 96; j += 32)
        buffer[s][j] = x[i * 96 + j];
      (void)full[s].arrive();
    }
    return;
  }
  int t = threadIdx.x - 32, sum = 0;
  for (int i = 0; i < tiles; ++i) {
    int s = i % 2;
    full[s].arrive_and_wait();
    sum += buffer[s][t] * (i + 1) - buffer[s][95 - t];
    if (i + 2 < tiles)
      (void)empty[s].arrive();
  }
  y[t] = sum;
}

// Arrive early, do other work, wait late: phases of one barrier, with a parity.
extern "C" __global__ void barrier_phases(const float *x, float *y, int rounds) {
  __shared__ float v[2][64];
  __shared__ barrier bar;
  int t = threadIdx.x;
  if (t == 0)
    init(&bar, 64);
  __syncthreads();
  v[0][t] = x[t];
  float other = 0;
  for (int r = 0; r < rounds; ++r) {
    auto token = bar.arrive();
    other += 1.0f;
    bar.wait(std::move(token));
    v[(r + 1) % 2][t] = 0.5f * (v[r % 2][t] + v[r % 2][(t + 1) % 64]);
  }
  __syncthreads();
  y[t] = v[rounds % 2][t] + other;
}

// Named barriers: two halves of the block meet on their own, then hand over through a third (arrive and sync).
extern "C" __global__ void named_barriers(const int *x, int *y) {
  __shared__ int left[64], right[64], handed[64];
  int t = threadIdx.x % 64;
  if (threadIdx.x < 64) {
    left[t] = x[t];
    asm volatile("bar.sync 1, 64;" ::: "memory");
    int v = left[63 - t];
    handed[t] = v;
    asm volatile("bar.arrive 3, 128;" ::: "memory");
    y[t] = v;
  } else {
    right[t] = x[64 + t];
    asm volatile("barrier.sync 2, 64;" ::: "memory");
    int v = right[t ^ 1];
    asm volatile("bar.sync 3, 128;" ::: "memory");
    y[64 + t] = v + handed[t ^ 2];
  }
}

// Reductions over a barrier: all, any and how many.
extern "C" __global__ void barrier_votes(const int *x, int *y) {
  int v = x[blockIdx.x * blockDim.x + threadIdx.x];
  int count = __syncthreads_count(v > 0), all = __syncthreads_and(v > -5), any = __syncthreads_or(v > 90);
  if (threadIdx.x == 0) {
    y[3 * blockIdx.x] = count;
    y[3 * blockIdx.x + 1] = all != 0;
    y[3 * blockIdx.x + 2] = any != 0;
  }
}
