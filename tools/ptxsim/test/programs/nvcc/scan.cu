// Prefix sums: by doubling, by sweeping up and down a tree, and over blocks that look back at their predecessors.

extern "C" __global__ void scan_doubling(const int *x, int *y, int n) {
  extern __shared__ int buffer[];
  int t = threadIdx.x, from = 0;
  buffer[t] = t < n ? x[t] : 0;
  __syncthreads();
  for (int d = 1; d < blockDim.x; d *= 2) {
    int to = blockDim.x - from;
    buffer[to + t] = t >= d ? buffer[from + t] + buffer[from + t - d] : buffer[from + t];
    from = to;
    __syncthreads();
  }
  if (t < n)
    y[t] = buffer[from + t];
}

// Exclusive, two elements a thread.
extern "C" __global__ void scan_tree(const float *x, float *y) {
  __shared__ float tree[512];
  int t = threadIdx.x, step = 1;
  tree[2 * t] = x[512 * blockIdx.x + 2 * t];
  tree[2 * t + 1] = x[512 * blockIdx.x + 2 * t + 1];
  for (int d = 256; d > 0; d /= 2) {
    __syncthreads();
    if (t < d)
      tree[step * (2 * t + 2) - 1] += tree[step * (2 * t + 1) - 1];
    step *= 2;
  }
  if (t == 0)
    tree[511] = 0;
  for (int d = 1; d < 512; d *= 2) {
    step /= 2;
    __syncthreads();
    if (t < d) {
      int a = step * (2 * t + 1) - 1, b = step * (2 * t + 2) - 1;
      float left = tree[a];
      tree[a] = tree[b];
      tree[b] += left;
    }
  }
  __syncthreads();
  y[512 * blockIdx.x + 2 * t] = tree[2 * t];
  y[512 * blockIdx.x + 2 * t + 1] = tree[2 * t + 1];
}

__device__ int ticket;

// One pass over all blocks. A block's word in `state` holds in its top two bits whether the sum of the block alone
// (1) or of all blocks up to it (2) is known. Blocks number themselves in the order in which they start, so that a
// block only waits for blocks that run.
extern "C" __global__ void scan_look_back(const unsigned *x, unsigned *y, unsigned *state, int n) {
  __shared__ unsigned sums[8];
  __shared__ unsigned before;
  __shared__ int number;
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  if (t == 0)
    number = atomicAdd(&ticket, 1);
  __syncthreads();
  int block = number, i = block * 256 + t;
  unsigned v = i < n ? x[i] : 0;
  for (int d = 1; d < 32; d *= 2) {
    unsigned left = __shfl_up_sync(0xffffffff, v, d);
    if (lane >= d)
      v += left;
  }
  if (lane == 31)
    sums[warp] = v;
  __syncthreads();
  for (int w = 0; w < warp; ++w)
    v += sums[w];
  if (t == 255) {
    unsigned total = v, earlier = 0;
    volatile unsigned *words = state;
    if (block == 0) {
      words[0] = total | 0x80000000u;
    } else {
      words[block] = total | 0x40000000u;
      for (int b = block - 1; b >= 0;) {
        unsigned word = words[b];
        if (word == 0)
          continue;
        earlier += word & 0x3fffffffu;
        if (word & 0x80000000u)
          break;
        --b;
      }
      words[block] = (earlier + total) | 0x80000000u;
    }
    before = earlier;
  }
  __syncthreads();
  if (i < n)
    y[i] = v + before;
}
