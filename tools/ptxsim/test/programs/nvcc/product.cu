// sm_90a: a large product C = A B' of bfloat16 with sums in float, as fast ones for Hopper are made: blocks stay and take one tile of
// 128 x 256 after the other; of their three warpgroups one fetches by tensor copies, two multiply; the two blocks of a cluster
// have the same columns, so that each fetches half of B's tile for both; C leaves by tensor copies while the next tile begins.
#include <cuda.h>
#include <cuda/ptx>
#include <cuda_bf16.h>
#include <cstdint>

namespace ptx = cuda::ptx;

static constexpr int rows = 128, columns = 256, depth = 64, stages = 3;

struct Shared {
  __nv_bfloat16 a[stages][rows][depth], b[stages][columns][depth];
  __nv_bfloat16 c[2][columns / 64][64][64]; // of each warpgroup, in boxes of 64 columns
  uint64_t full[stages], empty[stages];
};

static __device__ unsigned shared(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

static __device__ void wait(uint64_t *bar, unsigned phase) {
  while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, bar, phase))
    ;
}

static __device__ void arrive(uint64_t *bar, unsigned rank) { // of a block of the cluster
  asm volatile("{ .reg .b32 r;\n mapa.shared::cluster.u32 r, %0, %1;\n mbarrier.arrive.release.cluster.shared::cluster.b64 _, [r];\n }" ::"r"(shared(bar)),
               "r"(rank)
               : "memory");
}

static __device__ unsigned long long descriptor(const void *tile) { // rows of 128 bytes, swizzled
  return (unsigned long long)(shared(tile) >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define FOUR(X, n) X(n), X(n + 1), X(n + 2), X(n + 3)
#define SIXTEEN(X, n) FOUR(X, n), FOUR(X, n + 4), FOUR(X, n + 8), FOUR(X, n + 12)
#define ALL(X) SIXTEEN(X, 0), SIXTEEN(X, 16), SIXTEEN(X, 32), SIXTEEN(X, 48), SIXTEEN(X, 64), SIXTEEN(X, 80), SIXTEEN(X, 96), SIXTEEN(X, 112)
#define SUM(n) "+f"(d[n])

static __device__ void multiply(float (&d)[128], unsigned long long a, unsigned long long b, int adds) {
  asm volatile("{ .reg .pred p;\n setp.ne.b32 p, %130, 0;\n wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 "
               "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
               "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63,"
               "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,"
               "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,"
               "%123,%124,%125,%126,%127}, %128, %129, p, 1, 1, 0, 0;\n }"
               : ALL(SUM)
               : "l"(a), "l"(b), "r"(adds));
}

static __device__ unsigned pack(float low, float high) {
  __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return *(unsigned *)&both;
}

/// Tiles of the cluster, 256 x 256, in bands of 8 rows of tiles, so that those of one time share what they read.
static __device__ void place(int tile, int tileRows, int tileColumns, int &y, int &x) {
  int band = tile / (8 * tileColumns), high = min(8, tileRows - band * 8), in = tile - band * 8 * tileColumns;
  y = band * 8 + in % high;
  x = in / high;
}

static __device__ void fetch(Shared &s, const CUtensorMap *a, const CUtensorMap *b, unsigned rank, int tileRows, int tileColumns, int steps) {
  int stage = 0, phase = 1;
  for (int tile = blockIdx.x / 2; tile < tileRows * tileColumns; tile += gridDim.x / 2) {
    int y, x;
    place(tile, tileRows, tileColumns, y, x);
    for (int k = 0; k < steps; ++k) {
      wait(&s.empty[stage], phase);
      ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &s.full[stage], (rows + columns) * depth * 2);
      int atA[] = {k * depth, (y * 2 + (int)rank) * rows}, atB[] = {k * depth, x * columns + (int)rank * columns / 2};
      ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, s.a[stage], a, atA, &s.full[stage]);
      ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, s.b[stage][rank * columns / 2], b, atB, &s.full[stage], (uint16_t)3);
      if (++stage == stages)
        stage = 0, phase ^= 1;
    }
  }
}

static __device__ void multiplyTiles(Shared &s, const CUtensorMap *c, unsigned rank, int tileRows, int tileColumns, int steps) {
  int group = threadIdx.x / 128 - 1, t = threadIdx.x % 128, lane = t % 32, warp = t / 32, stage = 0, phase = 0;
  float d[128];
  for (int tile = blockIdx.x / 2; tile < tileRows * tileColumns; tile += gridDim.x / 2) {
    int y, x;
    place(tile, tileRows, tileColumns, y, x);
    for (int k = 0; k < steps; ++k) {
      wait(&s.full[stage], phase);
      asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
      for (int part = 0; part < depth / 16; ++part)
        multiply(d, descriptor(&s.a[stage][group * 64][part * 16]), descriptor(&s.b[stage][0][part * 16]), k + part > 0);
      asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
      asm volatile("wgmma.wait_group.sync.aligned 0;" : ALL(SUM)::"memory"); // the other warpgroup goes on meanwhile
      if (t < 2)
        arrive(&s.empty[stage], t);
      if (++stage == stages)
        stage = 0, phase ^= 1;
    }
    // The tile before has left its place.
    if (t == 0)
      ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
    asm volatile("barrier.sync %0, 128;" ::"r"(group + 1) : "memory");
    int row = warp * 16 + lane % 16;
    for (int n = 0; n < columns / 16; ++n) { // 16 columns: four matrices of 8 x 8
      const float *part = d + n * 8;
      char *to = (char *)s.c[group][n / 4][row] + ((n % 4 * 2 + lane / 16) ^ row % 8) * 16;
      asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared(to)), "r"(pack(part[0], part[1])),
                   "r"(pack(part[2], part[3])), "r"(pack(part[4], part[5])), "r"(pack(part[6], part[7]))
                   : "memory");
    }
    ptx::fence_proxy_async(ptx::space_shared);
    asm volatile("barrier.sync %0, 128;" ::"r"(group + 1) : "memory");
    if (t == 0) {
      for (int n = 0; n < columns / 64; ++n) {
        int at[] = {x * columns + n * 64, (y * 2 + (int)rank) * rows + group * 64};
        ptx::cp_async_bulk_tensor(ptx::space_global, ptx::space_shared, c, at, s.c[group][n]);
      }
      ptx::cp_async_bulk_commit_group();
    }
  }
  if (t == 0)
    ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
}

extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
    product(const __grid_constant__ CUtensorMap a, const __grid_constant__ CUtensorMap b, const __grid_constant__ CUtensorMap c, int M, int N, int K) {
  extern __shared__ __align__(1024) char memory[];
  Shared &s = *(Shared *)memory;
  unsigned rank = blockIdx.x % 2;
  if (threadIdx.x == 0) {
    for (int n = 0; n < stages; ++n) {
      ptx::mbarrier_init(&s.full[n], 1);
      ptx::mbarrier_init(&s.empty[n], 4); // two warpgroups of two blocks
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    ptx::fence_proxy_async(ptx::space_shared);
  }
  asm volatile("barrier.cluster.arrive.release;\n barrier.cluster.wait.acquire;" ::: "memory");
  int tileRows = M / (2 * rows), tileColumns = N / columns, steps = K / depth;
  if (threadIdx.x < 128) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 0)
      fetch(s, &a, &b, rank, tileRows, tileColumns, steps);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    multiplyTiles(s, &c, rank, tileRows, tileColumns, steps);
  }
  // Nobody leaves while the other block may still arrive here.
  asm volatile("barrier.cluster.arrive.relaxed;\n barrier.cluster.wait;" ::: "memory");
}
