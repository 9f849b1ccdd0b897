// What CUB and libcu++ are made of: a scan by look-back of structs of 12 bytes, latches, semaphores, barriers
// that threads leave, roles of a pipeline.
#include <cooperative_groups.h>
#include <cub/cub.cuh>
#include <cuda/barrier>
#include <cuda/latch>
#include <cuda/pipeline>
#include <cuda/semaphore>
namespace cg = cooperative_groups;

// x -> ax + b, one after the other, and a sum beside them.
struct Map {
  int a, b, sum;
};
struct Compose {
  __device__ Map operator()(const Map &f, const Map &g) const {
    return {f.a * g.a, f.b * g.a + g.b, f.sum + g.sum};
  }
};
using Tiles = cub::ScanTileState<Map>;

__device__ Tiles tilesIn(void *storage, int tiles) {
  Tiles state;
  size_t bytes;
  Tiles::AllocationSize(tiles, bytes);
  state.Init(tiles, storage, bytes);
  return state;
}

// Tiles in the order in which blocks come.
extern "C" __global__ void scan_structs(void *storage, const Map *x, Map *y, int tiles, unsigned *ticket) {
  using Scan = cub::BlockScan<Map, 64, cub::BLOCK_SCAN_RAKING>;
  using Prefix = cub::TilePrefixCallbackOp<Map, Compose, Tiles>;
  __shared__ typename Scan::TempStorage scan;
  __shared__ typename Prefix::TempStorage prefix;
  __shared__ int mine;
  Tiles state = tilesIn(storage, tiles);
  state.InitializeStatus(tiles);
  cg::this_grid().sync();
  if (threadIdx.x == 0) mine = atomicAdd(ticket, 1);
  __syncthreads();
  int tile = mine;
  Map v = x[tile * 64 + threadIdx.x], total;
  if (tile == 0) {
    Scan(scan).InclusiveScan(v, v, Compose(), total);
    if (threadIdx.x == 0) state.SetInclusive(0, total);
  } else {
    Prefix callback(state, prefix, Compose(), tile);
    Scan(scan).InclusiveScan(v, v, Compose(), callback);
  }
  y[tile * 64 + threadIdx.x] = v;
}

extern "C" __global__ void latch(const int *x, int *y) {
  using Latch = cuda::latch<cuda::thread_scope_block>;
  __shared__ alignas(Latch) char room[sizeof(Latch)];
  __shared__ int s[128];
  Latch &latch = *reinterpret_cast<Latch *>(room);
  if (threadIdx.x == 0) new (room) Latch(blockDim.x);
  __syncthreads();
  s[threadIdx.x] = x[threadIdx.x];
  latch.arrive_and_wait();
  y[threadIdx.x] = s[127 - threadIdx.x];
}

// At most three threads, of any warp, are inside.
extern "C" __global__ void semaphore(int *most, int *count) {
  using Semaphore = cuda::counting_semaphore<cuda::thread_scope_block, 3>;
  __shared__ alignas(Semaphore) char room[sizeof(Semaphore)];
  __shared__ int inside;
  Semaphore &free = *reinterpret_cast<Semaphore *>(room);
  if (threadIdx.x == 0) {
    new (room) Semaphore(3);
    inside = 0;
  }
  __syncthreads();
  free.acquire();
  int n = atomicAdd(&inside, 1) + 1;
  atomicMax(most, n > 3 ? 1000 : 1);
  atomicAdd(count, 1);
  atomicSub(&inside, 1);
  free.release();
}

// Four threads leave the barrier each round.
extern "C" __global__ void leave_barrier(int *y) {
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  __shared__ int s[64];
  int t = threadIdx.x;
  if (t == 0) init(&barrier, 64);
  s[t] = 0;
  __syncthreads();
  for (int r = 0; r < 6; ++r) {
    if (t >= 32 + r * 4 && t < 36 + r * 4) {
      barrier.arrive_and_drop();
      y[t] = -r;
      return;
    }
    if (t < 32) s[t] += r + 1;
    barrier.wait(barrier.arrive());
    if (t >= 36 + r * 4) y[t] = s[t - 32];
    barrier.arrive_and_wait();
  }
  if (t < 32) y[t] = s[31 - t];
}

// One warp fills three stages, two empty them.
extern "C" __global__ void roles(const int *x, int *y, int tiles) {
  constexpr int stages = 3, width = 64;
  __shared__ int s[stages][width];
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
  bool produces = threadIdx.x < 32;
  auto pipe = cuda::make_pipeline(cg::this_thread_block(), &state,
                                  produces ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
  for (int i = 0; i < tiles; ++i) {
    if (produces) {
      pipe.producer_acquire();
      for (int k = threadIdx.x; k < width; k += 32)
        cuda::memcpy_async(&s[i % stages][k], &x[i * width + k], sizeof(int), pipe);
      pipe.producer_commit();
    } else {
      pipe.consumer_wait();
      int k = threadIdx.x - 32;
      y[i * width + k] = s[i % stages][width - 1 - k] + i;
      pipe.consumer_release();
    }
  }
}
