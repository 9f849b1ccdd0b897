// Moving 8x8 matrices between shared memory and fragments.

__device__ unsigned shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

// y[i] is the word that lane i got of each matrix: x1, x1.trans, x2, x4, x4.trans, then movmatrix of the first.
extern "C" __global__ void ldmatrix(const unsigned short *x, unsigned *y) {
  __shared__ __align__(16) unsigned short m[4][8][8];
  int t = threadIdx.x;
  for (int i = t; i < 256; i += 32)
    m[i / 64][i / 8 % 8][i % 8] = x[i];
  __syncwarp();
  unsigned at = shared_address(&m[t / 8][t % 8][0]), r[14];
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(at));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(r[1]) : "r"(at));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(r[2]), "=r"(r[3]) : "r"(at));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[4]), "=r"(r[5]), "=r"(r[6]), "=r"(r[7])
               : "r"(at));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[8]), "=r"(r[9]), "=r"(r[10]), "=r"(r[11])
               : "r"(at));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.b16 {%0}, [%1];" : "=r"(r[12]) : "l"(&m[t / 8][t % 8][0]));
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(r[13]) : "r"(r[0]));
  for (int i = 0; i < 14; ++i)
    y[32 * i + t] = r[i];
}

#if __CUDA_ARCH__ >= 900
// Four matrices in, transposed on their way out.
extern "C" __global__ void stmatrix(const unsigned *x, unsigned short *y) {
  __shared__ __align__(16) unsigned short m[7][8][8];
  int t = threadIdx.x;
  unsigned r[4] = {x[t], x[32 + t], x[64 + t], x[96 + t]};
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(shared_address(&m[t / 8][t % 8][0])),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
               : "memory");
  asm volatile("stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%0], {%1};" ::"r"(shared_address(&m[4][t % 8][0])),
               "r"(r[1])
               : "memory");
  asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1,%2};" ::"r"(
                   shared_address(&m[5 + t / 8 % 2][t % 8][0])),
               "r"(r[2]), "r"(r[3])
               : "memory");
  __syncwarp();
  for (int i = t; i < 7 * 64; i += 32)
    y[i] = m[i / 64][i / 8 % 8][i % 8];
}
#endif
