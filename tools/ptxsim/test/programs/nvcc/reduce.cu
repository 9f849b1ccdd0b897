// Sums: through shared memory, by shuffles, and over all blocks with the last block adding up.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

extern "C" __global__ void sum_shared(const float *x, float *y, int n) {
  __shared__ float part[256];
  int t = threadIdx.x;
  float s = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
    s += x[i];
  part[t] = s;
  __syncthreads();
  for (int w = blockDim.x / 2; w > 0; w /= 2) {
    if (t < w)
      part[t] += part[t + w];
    __syncthreads();
  }
  if (t == 0)
    y[blockIdx.x] = part[0];
}

__device__ double warp_sum(double v) {
  for (int d = 16; d > 0; d /= 2)
    v += __shfl_xor_sync(0xffffffff, v, d);
  return v;
}

// One warp per 32 partial sums; the sum of a double moves as two 32-bit halves.
extern "C" __global__ void sum_shuffle(const double *x, double *y, int n) {
  __shared__ double part[32];
  double s = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    s += x[i];
  s = warp_sum(s);
  if (threadIdx.x % 32 == 0)
    part[threadIdx.x / 32] = s;
  __syncthreads();
  if (threadIdx.x < 32) {
    s = warp_sum(threadIdx.x < blockDim.x / 32 ? part[threadIdx.x] : 0.0);
    if (threadIdx.x == 0)
      atomicAdd(y, s);
  }
}

__device__ unsigned finished;

// Every block writes its sum, a fence and a counter tell which block is the last, and that one adds them all.
extern "C" __global__ void sum_last_block(const float *x, volatile float *partial, float *y, int n) {
  __shared__ float part[8];
  __shared__ bool last;
  float s = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    s += x[i];
  for (int d = 16; d > 0; d /= 2)
    s += __shfl_down_sync(0xffffffff, s, d);
  if (threadIdx.x % 32 == 0)
    part[threadIdx.x / 32] = s;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 1; i < 8; ++i)
      s += part[i];
    partial[blockIdx.x] = s;
    __threadfence();
    last = atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x >= 32)
    return;
  __threadfence();
  s = 0;
  for (int i = threadIdx.x; i < gridDim.x; i += 32)
    s += partial[i];
  for (int d = 16; d > 0; d /= 2)
    s += __shfl_down_sync(0xffffffff, s, d);
  if (threadIdx.x == 0)
    *y = s;
}

// Cooperative groups: a reduction within tiles of 8 lanes, and one within whichever lanes take a branch.
extern "C" __global__ void sum_groups(const int *x, int *tiles, int *odd) {
  cg::thread_block block = cg::this_thread_block();
  auto tile = cg::tiled_partition<8>(block);
  int v = x[block.thread_rank()];
  int s = cg::reduce(tile, v, cg::plus<int>());
  if (tile.thread_rank() == 0)
    tiles[block.thread_rank() / 8] = s;
  if (v & 1) {
    cg::coalesced_group those = cg::coalesced_threads();
    int largest = cg::reduce(those, v, cg::greater<int>());
    odd[block.thread_rank()] = largest * 100 + those.size();
  }
}
