// nvcc -fatbin -gencode arch=compute_80,code=compute_80 --compress-mode=none|speed|size: none, lz4, zstd.fatbin
extern "C" __global__ void store(unsigned *p) {
  for (unsigned i = 0; i < 32; ++i)
    p[i] = i * blockDim.x;
}
