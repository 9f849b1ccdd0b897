// Sorting: bitonic in shared memory, odd-even by shuffles, and a radix sort of 4-bit digits by ballots.

extern "C" __global__ void sort_bitonic(const int *x, int *y) {
  __shared__ int v[512];
  int t = threadIdx.x;
  v[t] = x[t];
  v[t + 256] = x[t + 256];
  for (int size = 2; size <= 512; size *= 2)
    for (int stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      int i = 2 * t - (t & (stride - 1));
      bool up = (i & size) == 0;
      int a = v[i], b = v[i + stride];
      if ((a > b) == up) {
        v[i] = b;
        v[i + stride] = a;
      }
    }
  __syncthreads();
  y[t] = v[t];
  y[t + 256] = v[t + 256];
}

// Each warp sorts its 32 values.
extern "C" __global__ void sort_warp(const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
  float v = x[i];
#pragma unroll 1
  for (int size = 2; size <= 32; size *= 2)
#pragma unroll 1
    for (int stride = size / 2; stride > 0; stride /= 2) {
      float other = __shfl_xor_sync(0xffffffff, v, stride);
      bool up = (lane & size) == 0, low = (lane & stride) == 0;
      v = (low == up) ? fminf(v, other) : fmaxf(v, other);
    }
  y[i] = v;
}

// Stable, 256 keys with their indices, one block.
extern "C" __global__ void sort_radix(const unsigned *keys, unsigned *sorted, int *from) {
  __shared__ unsigned key[256];
  __shared__ int index[256];
  __shared__ int count[16][8];
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  key[t] = keys[t];
  index[t] = t;
  for (int shift = 0; shift < 32; shift += 4) {
    __syncthreads();
    unsigned k = key[t];
    int i = index[t];
    unsigned digit = (k >> shift) & 15, same = 0;
    for (unsigned d = 0; d < 16; ++d) {
      unsigned lanes = __ballot_sync(0xffffffff, digit == d);
      if (d == digit)
        same = lanes;
      if (lane == d)
        count[d][warp] = __popc(lanes);
    }
    __syncthreads();
    int place = __popc(same & ((1u << lane) - 1));
    for (unsigned d = 0; d <= digit; ++d)
      for (int w = 0; w < (d == digit ? warp : 8); ++w)
        place += count[d][w];
    __syncthreads();
    key[place] = k;
    index[place] = i;
  }
  __syncthreads();
  sorted[t] = key[t];
  from[t] = index[t];
}
