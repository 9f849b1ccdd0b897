// Lanes that talk to each other: ballots, matches, reductions, shuffles in segments, and groups made by branches.
#include <cooperative_groups.h>

namespace cg = cooperative_groups;
#define EACH(k, expression) out[(k) * 64 + i] = (expression)

extern "C" __global__ void votes(const int *x, unsigned *out) {
  int i = threadIdx.x, v = x[i], uniform;
  EACH(0, __ballot_sync(0xffffffff, v > 3));
  EACH(1, __any_sync(0xffffffff, v > 8) != 0);
  EACH(2, __all_sync(0xffffffff, v > -1) != 0);
  EACH(3, __match_any_sync(0xffffffff, v));
  EACH(4, __match_all_sync(0xffffffff, v, &uniform) + uniform);
  EACH(5, __match_all_sync(0xffffffff, i / 32, &uniform) + uniform);
  EACH(6, __match_any_sync(0xffffffff, (unsigned long long)v << 36));
  EACH(7, __reduce_add_sync(0xffffffff, (unsigned)v));
  EACH(8, (unsigned)__reduce_min_sync(0xffffffff, v - 5));
  EACH(9, (unsigned)__reduce_max_sync(0xffffffff, v - 5));
  EACH(10, __reduce_min_sync(0xffffffff, (unsigned)(v - 5)));
  EACH(11, __reduce_and_sync(0xffffffff, (unsigned)v | 8));
  EACH(12, __reduce_or_sync(0xffffffff, 1u << v));
  EACH(13, __reduce_xor_sync(0xffffffff, (unsigned)v * 77));
  // Subsets, each with its own mask.
  unsigned odd = 0xaaaaaaaa;
  if (i & 1) {
    EACH(14, __ballot_sync(odd, v > 4));
    EACH(15, __reduce_add_sync(odd, v));
    EACH(16, __match_any_sync(odd, v));
  } else {
    EACH(14, __ballot_sync(~odd, v < 4));
    EACH(15, __reduce_max_sync(~odd, (unsigned)v));
    EACH(16, __any_sync(~odd, v == 9));
  }
  if (v > 5)
    EACH(17, __activemask());
}

extern "C" __global__ void shuffles(const int *x, unsigned *out) {
  int i = threadIdx.x, v = x[i], t;
  double d = v * 1.5;
  EACH(0, __shfl_sync(0xffffffff, v, (i * 7 + 3) % 32));
  EACH(1, __shfl_sync(0xffffffff, v, 5, 8));
  EACH(2, __shfl_up_sync(0xffffffff, v, 3));
  EACH(3, __shfl_up_sync(0xffffffff, v, 3, 8));
  EACH(4, __shfl_down_sync(0xffffffff, v, 5));
  EACH(5, __shfl_down_sync(0xffffffff, v, 5, 16));
  EACH(6, __shfl_xor_sync(0xffffffff, v, 9));
  EACH(7, __shfl_xor_sync(0xffffffff, v, 2, 4));
  EACH(8, (unsigned)__shfl_down_sync(0xffffffff, d, 1));
  // The second result tells whether the lane that was asked for is within the segment.
  asm("{ .reg .pred p; shfl.sync.down.b32 %0|p, %1, 6, 0x181f, -1; @!p add.s32 %0, %0, 1000; }" : "=r"(t) : "r"(v));
  EACH(9, t);
  if (i % 32 < 20)
    EACH(10, __shfl_sync(0x000fffff, v, 19 - i % 32));
}

// One atomic for all lanes that take the branch; order among them by their rank.
extern "C" __global__ void compact(const int *x, int *kept, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && x[i] > 0) {
    cg::coalesced_group g = cg::coalesced_threads();
    int base = 0;
    if (g.thread_rank() == 0)
      base = atomicAdd(count, g.size());
    kept[g.shfl(base, 0) + g.thread_rank()] = x[i];
  }
}

// A different number of steps per lane, with a vote in each: lanes that are done stay in.
extern "C" __global__ void steps_together(const int *x, int *y) {
  int v = x[threadIdx.x], steps = 0, mine = 0;
  while (__any_sync(0xffffffff, v > 0)) {
    if (v > 0) {
      v -= 3;
      ++mine;
    }
    ++steps;
  }
  y[threadIdx.x] = steps * 1000 + mine;
}

extern "C" __global__ void partitions(const int *x, int *y) {
  cg::thread_block block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  auto four = cg::tiled_partition<4>(warp);
  int v = x[threadIdx.x];
  int s = four.shfl_xor(v, 1) + four.shfl(v, 2) * 100;
  s += four.any(v > 6) ? 100000 : 0;
  s += warp.ballot(v == 1) & (1 << warp.thread_rank()) ? 1000000 : 0;
  block.sync();
  y[threadIdx.x] = s + four.meta_group_rank() * 10000000;
}

// Special registers.
extern "C" __global__ void registers(unsigned *out) {
  unsigned i = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z), t;
  unsigned long long wide;
  if (blockIdx.x + blockIdx.y + blockIdx.z != gridDim.x + gridDim.y + gridDim.z - 3)
    return;
  asm("mov.u32 %0, %%laneid;" : "=r"(t));
  EACH(0, t);
  asm("mov.u32 %0, %%warpid;" : "=r"(t));
  EACH(1, t);
  asm("mov.u32 %0, %%lanemask_eq;" : "=r"(t));
  EACH(2, t);
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(t));
  EACH(3, t);
  asm("mov.u32 %0, %%lanemask_ge;" : "=r"(t));
  EACH(4, t);
  EACH(5, threadIdx.x | threadIdx.y << 8 | threadIdx.z << 16);
  EACH(6, blockIdx.x | blockIdx.y << 8 | blockIdx.z << 16);
  EACH(7, gridDim.x | gridDim.y << 8 | gridDim.z << 16);
  EACH(8, blockDim.x | blockDim.y << 8 | blockDim.z << 16);
  asm("mov.u32 %0, %%nwarpid;" : "=r"(t));
  EACH(9, t >= 2);
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(wide));
  EACH(10, wide != 0);
  long long start = clock64();
  EACH(11, clock64() - start >= 0);
  asm("mov.u32 %0, %%total_smem_size;" : "=r"(t));
  EACH(12, t < 200000);
}
