// sm_90: boxes of tensors come and go by tensor copies, products of matrices are asynchronous, blocks of a cluster
// hand each other values that an mbarrier counts.
#include <cuda.h>
#include <cuda/ptx>
#include <cuda_fp16.h>
#include <cstdint>

namespace ptx = cuda::ptx;

static __device__ unsigned shared(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

static __device__ void initialise(uint64_t *bar, unsigned count) {
  ptx::mbarrier_init(bar, count);
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  ptx::fence_proxy_async(ptx::space_shared);
}

static __device__ void expect(uint64_t *bar, unsigned bytes) {
  ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, bar, bytes);
}

static __device__ void wait(uint64_t *bar, unsigned phase) {
  while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cta, bar, phase))
    ;
}

// Tiles of 32x32 floats, transposed. What lies outside of the tensor reads as zeros and is not written.
extern "C" __global__ void tensor_transpose(const __grid_constant__ CUtensorMap from, const __grid_constant__ CUtensorMap to) {
  __shared__ alignas(1024) float tile[32][32];
  __shared__ alignas(1024) float turned[32][32];
  __shared__ uint64_t bar;
  int x = blockIdx.x * 32, y = blockIdx.y * 32, t = threadIdx.x;
  if (t == 0) {
    initialise(&bar, 1);
    expect(&bar, sizeof(tile));
    int at[] = {x, y};
    ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, tile, &from, at, &bar);
  }
  __syncthreads();
  wait(&bar, 0);
  for (int r = t / 32; r < 32; r += blockDim.x / 32) {
    int c = t % 32;
    // Both are swizzled in rows of 128 bytes: the 16 bytes of a row change places by the row's number.
    turned[c][(r / 4 ^ c % 8) * 4 + r % 4] = tile[r][(c / 4 ^ r % 8) * 4 + c % 4];
  }
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (t == 0) {
    int at[] = {y, x};
    ptx::cp_async_bulk_tensor(ptx::space_global, ptx::space_shared, &to, at, turned);
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
  }
}

// A box of a volume with a border of one: coordinates may be negative. Outside are NaN.
extern "C" __global__ void tensor_halo(const __grid_constant__ CUtensorMap volume, __half *y, int *nans) {
  __shared__ alignas(128) __half box[4][6][16];
  __shared__ uint64_t bar;
  if (threadIdx.x == 0) {
    initialise(&bar, 1);
    expect(&bar, sizeof(box));
    int at[] = {-1, (int)blockIdx.x * 4 - 1, (int)blockIdx.y * 2 - 1};
    ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, box, &volume, at, &bar);
  }
  __syncthreads();
  wait(&bar, 0);
  const __half *all = &box[0][0][0];
  __half *out = y + (blockIdx.y * gridDim.x + blockIdx.x) * 384;
  for (int i = threadIdx.x; i < 384; i += blockDim.x) {
    bool isNan = __hisnan(all[i]);
    out[i] = isNan ? __float2half(-1) : all[i];
    if (isNan)
      atomicAdd(nans, 1);
  }
}

// Each block adds its tile to the same one, and its row to the same row.
extern "C" __global__ void tensor_sums(const float *x, const __grid_constant__ CUtensorMap sums, int *rowSums) {
  __shared__ alignas(128) float tile[8][16];
  __shared__ alignas(128) int row[16];
  int t = threadIdx.x;
  tile[t / 16][t % 16] = x[blockIdx.x * 128 + t];
  if (t < 16)
    row[t] = (int)blockIdx.x + t;
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (t == 0) {
    int at[] = {2, 1};
    ptx::cp_reduce_async_bulk_tensor(ptx::space_global, ptx::space_shared, ptx::op_add, &sums, at, tile);
    ptx::cp_reduce_async_bulk(ptx::space_global, ptx::space_shared, ptx::op_add, rowSums, row, sizeof(row));
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
  }
}

// Of a cluster of two, block 0 sends a tile to both; they send each other sums that mbarriers count in bytes.
extern "C" __global__ void __cluster_dims__(2, 1, 1) tensor_multicast(const __grid_constant__ CUtensorMap from, int *y) {
  __shared__ alignas(128) int tile[8][32];
  __shared__ uint64_t bar, handed;
  __shared__ int theirs[32];
  __shared__ int count;
  unsigned rank = blockIdx.x % 2, t = threadIdx.x;
  if (t == 0) {
    initialise(&bar, 1);
    initialise(&handed, 1);
    count = 0;
    expect(&bar, sizeof(tile));
    expect(&handed, sizeof(theirs) + 32 * 4);
  }
  asm volatile("barrier.cluster.arrive.release;\n barrier.cluster.wait.acquire;" ::: "memory");
  if (rank == 0 && t == 0) {
    int at[] = {0, (int)blockIdx.x / 2 * 8};
    ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, tile, &from, at, &bar, (unsigned short)3);
  }
  wait(&bar, 0);
  int sum = 0;
  for (int r = 0; r < 8; ++r)
    sum += tile[r][t] * (int)(rank + 1);
  unsigned theirBar, theirPlace, theirCount;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirBar) : "r"(shared(&handed)), "r"(rank ^ 1));
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirPlace) : "r"(shared(&theirs[t])), "r"(rank ^ 1));
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirCount) : "r"(shared(&count)), "r"(rank ^ 1));
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.s32 [%0], %1, [%2];" ::"r"(theirPlace), "r"(sum), "r"(theirBar) : "memory");
  asm volatile("red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.s32 [%0], %1, [%2];" ::"r"(theirCount), "r"(1), "r"(theirBar)
               : "memory");
  asm volatile("{ .reg .pred p;\n W: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%0], 0, 1000;\n @!p bra W;\n }" ::"r"(shared(&handed)) : "memory");
  y[blockIdx.x * 32 + t] = theirs[t] * 100 + count;
  asm volatile("barrier.cluster.arrive.relaxed;\n barrier.cluster.wait;" ::: "memory");
}

static __device__ unsigned long long descriptor(const void *tile) { // rows of 128 bytes, swizzled
  return (unsigned long long)(shared(tile) >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

// C = A B', 64x64 tiles of 16-bit floats, 64 deep, in two stages: one warp fetches, a warpgroup multiplies.
extern "C" __global__ void tensor_matmul(const __grid_constant__ CUtensorMap a, const __grid_constant__ CUtensorMap b, float *c, int N, int K) {
  __shared__ alignas(1024) __half sa[2][64][64];
  __shared__ alignas(1024) __half sb[2][64][64];
  __shared__ uint64_t full[2], empty[2];
  int t = threadIdx.x, tiles = K / 64;
  if (t < 2) {
    initialise(&full[t], 1);
    initialise(&empty[t], 4);
  }
  __syncthreads();
  if (t >= 128) {
    if (t == 128)
      for (int k = 0; k < tiles; ++k) {
        int s = k % 2;
        if (k >= 2)
          wait(&empty[s], (k / 2 + 1) % 2);
        expect(&full[s], sizeof(sa[0]) + sizeof(sb[0]));
        int atA[] = {k * 64, (int)blockIdx.y * 64}, atB[] = {k * 64, (int)blockIdx.x * 64};
        ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, sa[s], &a, atA, &full[s]);
        ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, sb[s], &b, atB, &full[s]);
      }
    return;
  }
  float d[32] = {};
  for (int k = 0; k < tiles; ++k) {
    int s = k % 2;
    wait(&full[s], k / 2 % 2);
    for (int i = 0; i < 32; ++i)
      asm volatile("" : "+f"(d[i])::"memory");
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    for (int part = 0; part < 4; ++part)
      asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,"
                   "%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, %32, %33, 1, 1, 1, 0, 0;"
                   : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]),
                     "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]),
                     "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]),
                     "+f"(d[31])
                   : "l"(descriptor(&sa[s][0][part * 16])), "l"(descriptor(&sb[s][0][part * 16])));
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    for (int i = 0; i < 32; ++i)
      asm volatile("" : "+f"(d[i])::"memory");
    if (t % 32 == 0)
      ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &empty[s]);
  }
  int row = blockIdx.y * 64 + t / 32 * 16 + t % 32 / 4, column = blockIdx.x * 64 + t % 4 * 2;
  for (int n = 0; n < 8; ++n)
    for (int half = 0; half < 2; ++half) {
      c[(row + half * 8) * N + column + n * 8] = d[n * 4 + half * 2];
      c[(row + half * 8) * N + column + n * 8 + 1] = d[n * 4 + half * 2 + 1];
    }
}
