// cooperative_groups: tiles, groups of the lanes that are there, copies, split barriers of the grid.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <utility>
namespace cg = cooperative_groups;

extern "C" __global__ void tiles(const int *x, int *y) {
  auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  int v = x[threadIdx.x];
  int sum = cg::reduce(tile, v, cg::plus<int>()), largest = cg::reduce(tile, v, cg::greater<int>());
  int before = cg::exclusive_scan(tile, v), last = tile.shfl(v, 7);
  y[threadIdx.x] =
      3 * sum + 5 * largest + 7 * before + 11 * last + tile.meta_group_rank() + tile.any(v > 900);
}

// Lanes that a branch has left, and parts of those.
extern "C" __global__ void coalesced(const int *x, int *sums, int *before) {
  int t = threadIdx.x, v = x[t];
  auto group = cg::coalesced_threads();
  sums[t] = before[t] = 0;
  if (v % 3 == 0) {
    auto here = cg::coalesced_threads();
    sums[t] = cg::reduce(here, v, cg::plus<int>());
    before[t] = cg::exclusive_scan(here, v);
    auto alike = cg::labeled_partition(here, v % 5);
    sums[t] += 100000 * cg::reduce(alike, 1, cg::plus<int>());
    before[t] += 100000 * cg::binary_partition(here, v % 2).shfl(v, 0);
  }
  sums[t] += 10000000 * (group.size() == 32);
}

extern "C" __global__ void copies(const int4 *x, int4 *y, int tiles) {
  __shared__ int4 s[2][64];
  auto block = cg::this_thread_block();
  cg::memcpy_async(block, s[0], x, sizeof(s[0]));
  for (int i = 0; i < tiles; ++i) {
    if (i + 1 < tiles) {
      cg::memcpy_async(block, s[(i + 1) & 1], x + (i + 1) * 64, sizeof(s[0]));
      cg::wait_prior<1>(block);
    } else {
      cg::wait(block);
    }
    int4 v = s[i & 1][63 - threadIdx.x];
    v.x += v.y * v.z;
    y[i * 64 + threadIdx.x] = v;
    block.sync();
  }
}

extern "C" __global__ void grid_split(int *a, int *y) {
  auto grid = cg::this_grid();
  int i = grid.thread_rank(), n = grid.size();
  a[i] = i * i;
  auto token = grid.barrier_arrive();
  int w = i * 3;
  grid.barrier_wait(std::move(token));
  y[i] = a[n - 1 - i] + w;
}

// Groups of several warps meet in reserved shared memory.
extern "C" __global__ void warps_together(const float *x, float *y) {
  __shared__ cg::block_tile_memory<256> memory;
  auto block = cg::this_thread_block(memory);
  auto tile = cg::tiled_partition<128>(block);
  float v = x[block.thread_rank()];
  float sum = cg::reduce(tile, v, cg::plus<float>());
  tile.sync();
  y[block.thread_rank()] = sum + 4096 * cg::reduce(tile, v, cg::greater<float>());
}
