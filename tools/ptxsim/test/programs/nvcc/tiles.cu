// Tiles in shared memory: transposes, a histogram, matrix products with vector loads, a stencil.

extern "C" __global__ void transpose(const float *x, float *y, int rows, int columns) {
  __shared__ float tile[32][33];
  int c = blockIdx.x * 32 + threadIdx.x, r = blockIdx.y * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += 8)
    if (r + k < rows && c < columns)
      tile[threadIdx.y + k][threadIdx.x] = x[(r + k) * columns + c];
  __syncthreads();
  r = blockIdx.y * 32 + threadIdx.x;
  c = blockIdx.x * 32 + threadIdx.y;
  for (int k = 0; k < 32; k += 8)
    if (r < rows && c + k < columns)
      y[(c + k) * rows + r] = tile[threadIdx.x][threadIdx.y + k];
}

// Bytes, four at a time: prmt takes the 4x4 tiles apart.
extern "C" __global__ void transpose_bytes(const uchar4 *x, uchar4 *y, int rows, int columns) {
  int c = blockIdx.x * blockDim.x + threadIdx.x, r = blockIdx.y * blockDim.y + threadIdx.y;
  if (4 * c >= columns || 4 * r >= rows)
    return;
  uchar4 in[4];
  for (int k = 0; k < 4; ++k)
    in[k] = x[(4 * r + k) * (columns / 4) + c];
  y[(4 * c + 0) * (rows / 4) + r] = make_uchar4(in[0].x, in[1].x, in[2].x, in[3].x);
  y[(4 * c + 1) * (rows / 4) + r] = make_uchar4(in[0].y, in[1].y, in[2].y, in[3].y);
  y[(4 * c + 2) * (rows / 4) + r] = make_uchar4(in[0].z, in[1].z, in[2].z, in[3].z);
  y[(4 * c + 3) * (rows / 4) + r] = make_uchar4(in[0].w, in[1].w, in[2].w, in[3].w);
}

extern "C" __global__ void histogram(const unsigned char *x, unsigned *counts, int n) {
  __shared__ unsigned local[256];
  local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[x[i]], 1u);
  __syncthreads();
  if (local[threadIdx.x])
    atomicAdd(&counts[threadIdx.x], local[threadIdx.x]);
}

// C = A B in tiles of 64x64, each thread 4x4, with vectors of four. All sizes are multiples of 64 (K of 16).
extern "C" __global__ void sgemm(const float *a, const float *b, float *c, int M, int N, int K) {
  __shared__ float sa[16][64], sb[16][64];
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16, row = blockIdx.y * 64, column = blockIdx.x * 64;
  float acc[4][4] = {};
  for (int k = 0; k < K; k += 16) {
    float4 va = *(const float4 *)&a[(row + threadIdx.x / 4) * K + k + threadIdx.x % 4 * 4];
    float4 vb = *(const float4 *)&b[(k + ty) * N + column + 4 * tx];
    sa[threadIdx.x % 4 * 4 + 0][threadIdx.x / 4] = va.x;
    sa[threadIdx.x % 4 * 4 + 1][threadIdx.x / 4] = va.y;
    sa[threadIdx.x % 4 * 4 + 2][threadIdx.x / 4] = va.z;
    sa[threadIdx.x % 4 * 4 + 3][threadIdx.x / 4] = va.w;
    *(float4 *)&sb[ty][4 * tx] = vb;
    __syncthreads();
#pragma unroll 4
    for (int i = 0; i < 16; ++i) {
      float4 x = *(float4 *)&sa[i][4 * ty], y = *(float4 *)&sb[i][4 * tx];
      float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
      for (int r = 0; r < 4; ++r)
        for (int s = 0; s < 4; ++s)
          acc[r][s] += xs[r] * ys[s];
    }
    __syncthreads();
  }
  for (int r = 0; r < 4; ++r)
    *(float4 *)&c[(row + 4 * ty + r) * N + column + 4 * tx] =
        make_float4(acc[r][0], acc[r][1], acc[r][2], acc[r][3]);
}

// The mean of the nine neighbours, the border repeated; the sizes come in a struct by value.
struct Image {
  const float *from;
  float *to;
  int height, width;
  short margin;
};

extern "C" __global__ void blur(Image image, float scale) {
  __shared__ float tile[18][18];
  int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
  for (int r = threadIdx.y; r < 18; r += 16)
    for (int c = threadIdx.x; c < 18; c += 16) {
      int fromY = min(max((int)blockIdx.y * 16 + r - 1, 0), image.height - 1);
      int fromX = min(max((int)blockIdx.x * 16 + c - 1, 0), image.width - 1);
      tile[r][c] = image.from[fromY * image.width + fromX];
    }
  __syncthreads();
  if (x >= image.width - image.margin || y >= image.height - image.margin || x < image.margin || y < image.margin)
    return;
  float s = 0;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      s += tile[threadIdx.y + r][threadIdx.x + c];
  image.to[y * image.width + x] = s * scale;
}
