// sm_90: clusters with distributed shared memory, bulk copies that a barrier counts in bytes, elected lanes.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;
using barrier = cuda::barrier<cuda::thread_scope_block>;

// A histogram spread over the shared memory of a cluster: each block holds a part of the bins.
extern "C" __global__ void __cluster_dims__(4, 1, 1) cluster_histogram(const int *x, int *counts, int n) {
  __shared__ int bins[32];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 32)
    bins[threadIdx.x] = 0;
  cluster.sync();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    int *theirs = cluster.map_shared_rank(bins, x[i] / 32);
    atomicAdd(theirs + x[i] % 32, 1);
  }
  cluster.sync();
  if (threadIdx.x < 32)
    atomicAdd(&counts[cluster.block_rank() * 32 + threadIdx.x], bins[threadIdx.x]);
}

// Each block reads its neighbour's values; the shape of the cluster comes from the launch.
extern "C" __global__ void cluster_ring(const float *x, float *y) {
  __shared__ float mine[64];
  cg::cluster_group cluster = cg::this_cluster();
  unsigned rank = cluster.block_rank(), size = cluster.num_blocks();
  mine[threadIdx.x] = x[blockIdx.x * 64 + threadIdx.x];
  cluster.sync();
  float *theirs = cluster.map_shared_rank(mine, (rank + 1) % size);
  float v = theirs[63 - threadIdx.x];
  cluster.sync(); // nobody leaves while its memory is read
  y[blockIdx.x * 64 + threadIdx.x] = v + rank * 1000 + cluster.query_shared_rank(theirs) * 10;
}

// Rows come by bulk copies (cp.async.bulk), their bytes counted by a barrier, and go back by a bulk store.
extern "C" __global__ void bulk_rows(const int *x, int *y, int rows) {
  __shared__ alignas(128) int row[256];
  __shared__ alignas(128) int result[256];
  __shared__ barrier bar;
  if (threadIdx.x == 0) {
    init(&bar, blockDim.x);
    cuda::device::experimental::fence_proxy_async_shared_cta();
  }
  __syncthreads();
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    barrier::arrival_token token;
    if (threadIdx.x == 0) {
      cuda::device::memcpy_async_tx(row, x + r * 256, cuda::aligned_size_t<16>(sizeof(row)), bar);
      token = cuda::device::barrier_arrive_tx(bar, 1, sizeof(row));
    } else {
      token = bar.arrive();
    }
    bar.wait(std::move(token));
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
      result[i] = row[255 - i] + r;
    cuda::device::experimental::fence_proxy_async_shared_cta();
    __syncthreads();
    if (threadIdx.x == 0) {
      ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, y + r * 256, result, sizeof(result));
      ptx::cp_async_bulk_commit_group();
      ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
    }
    __syncthreads();
  }
}

// One lane is elected, whichever; its work is done once. Asynchronous arrivals count their copies.
extern "C" __global__ void elected(const float *x, float *y, int *count) {
  __shared__ alignas(16) float tile[128];
  __shared__ unsigned long long bar;
  unsigned at = (unsigned)__cvta_generic_to_shared(&bar), phase = 0, done = 0;
  if (threadIdx.x == 0)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(32) : "memory");
  __syncthreads();
  unsigned isElected;
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }" : "=r"(isElected));
  if (isElected)
    atomicAdd(count, 1);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((unsigned)__cvta_generic_to_shared(&tile[4 * threadIdx.x])),
               "l"(x + 4 * threadIdx.x)
               : "memory");
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(at) : "memory");
  while (!done)
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done)
                 : "r"(at), "r"(phase)
                 : "memory");
  for (int i = threadIdx.x; i < 128; i += 32)
    y[i] = tile[127 - i] * 2;
}
