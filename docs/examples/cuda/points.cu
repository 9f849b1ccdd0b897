// A kernel of one's own, which makes what the model's kernel reads: `count` points on a spiral.
extern "C" __global__ void spiral_points(float *points, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  float radius = float(i) / float(count), angle = 10 * radius;
  points[2 * i] = radius * cosf(angle);
  points[2 * i + 1] = radius * sinf(angle);
}
