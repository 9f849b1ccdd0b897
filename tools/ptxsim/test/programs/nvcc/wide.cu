// 128 bits; 64-bit division.
extern "C" __global__ void divisions(const unsigned long long *x, unsigned long long *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned __int128 a = (unsigned __int128)x[4 * i] << 64 | x[4 * i + 1],
                    b = (unsigned __int128)x[4 * i + 2] << 64 | x[4 * i + 3];
  unsigned __int128 product = a * b, quotient = a / b, rest = a % b;
  unsigned long long *out = y + 7 * i;
  out[0] = product >> 64, out[1] = product;
  out[2] = quotient >> 64, out[3] = quotient;
  out[4] = rest >> 64, out[5] = rest;
  out[6] = (long long)x[4 * i] / (long long)x[4 * i + 3];
}
