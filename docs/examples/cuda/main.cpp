// A model's kernel in a program of one's own: the first layer of models/mlp.json, relu(x * w + b), on points
// that a kernel of the program's own has made.
//
//   girih compile models/mlp.json --target=cuda --sm=80 --dim n=1000 --emit=ptx -o mlp.ptx
//   nvcc -ptx -arch=sm_80 points.cu -o points.ptx
//   nvcc -cudart none main.cpp -lcuda -o example && ./example points.ptx mlp.ptx
//
// Without a GPU: LD_LIBRARY_PATH=build/lib/cudasim ./example points.ptx mlp.ptx
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda.h>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

static void check(CUresult code, const char *what) {
  if (code == CUDA_SUCCESS) return;
  const char *name = "unknown";
  cuGetErrorName(code, &name);
  fprintf(stderr, "error: %s: %s\n", what, name);
  exit(1);
}
#define CHECK(call) check(call, #call)

static CUdeviceptr upload(const std::vector<float> &data) {
  CUdeviceptr memory;
  CHECK(cuMemAlloc(&memory, data.size() * sizeof(float)));
  CHECK(cuMemcpyHtoD(memory, data.data(), data.size() * sizeof(float)));
  return memory;
}

struct Launch {
  unsigned grid = 0, block = 0, shared = 0;
};

/// What the comment before the PTX says of a kernel. All sizes are known there: the model was compiled for
/// n=1000.
static Launch findLaunch(const std::string &ptx, const std::string &kernel) {
  Launch launch;
  size_t at = ptx.find("// " + kernel + ":");
  size_t line = at == std::string::npos ? at : ptx.find("//   grid ", at);
  if (line == std::string::npos || sscanf(ptx.c_str() + line, "//   grid %u, block %u, shared memory %u",
                                          &launch.grid, &launch.block, &launch.shared) != 3) {
    fprintf(stderr, "error: the PTX does not say how %s is launched\n", kernel.c_str());
    exit(1);
  }
  return launch;
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: %s points.ptx mlp.ptx\n", argv[0]), 2;
  CHECK(cuInit(0));
  CUdevice device;
  CUcontext context;
  CHECK(cuDeviceGet(&device, 0));
  CHECK(cuDevicePrimaryCtxRetain(&context, device));
  CHECK(cuCtxSetCurrent(context));
  CUmodule own, model;
  CUfunction points, layer;
  CHECK(cuModuleLoad(&own, argv[1]));
  CHECK(cuModuleLoad(&model, argv[2]));
  CHECK(cuModuleGetFunction(&points, own, "spiral_points"));
  CHECK(cuModuleGetFunction(&layer, model, "kernel_layer1_relu1"));
  std::ifstream file(argv[2]);
  std::string ptx{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Launch launch = findLaunch(ptx, "kernel_layer1_relu1");

  int n = 1000;
  const int width = 32;
  std::vector<float> weights(2 * width), bias(width), x(2 * n), y(n * width);
  for (int j = 0; j < width; ++j)
    weights[j] = 0.1f * float(j - 16), weights[width + j] = 0.05f * float(7 * j % 11),
    bias[j] = 0.01f * float(j);
  CUdeviceptr deviceX = upload(x), deviceW = upload(weights), deviceB = upload(bias), deviceY = upload(y);

  void *pointParameters[] = {&deviceX, &n};
  CHECK(cuLaunchKernel(points, (n + 127) / 128, 1, 1, 128, 1, 1, 0, nullptr, pointParameters, nullptr));
  void *layerParameters[] = {&deviceX, &deviceW, &deviceB, &deviceY};
  CHECK(cuLaunchKernel(layer, launch.grid, 1, 1, launch.block, 1, 1, launch.shared, nullptr, layerParameters,
                       nullptr));
  CHECK(cuMemcpyDtoH(x.data(), deviceX, x.size() * sizeof(float)));
  CHECK(cuMemcpyDtoH(y.data(), deviceY, y.size() * sizeof(float)));

  float largest = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < width; ++j) {
      float sum = x[2 * i] * weights[j] + x[2 * i + 1] * weights[width + j] + bias[j];
      largest = std::fmax(largest, std::fabs(y[i * width + j] - std::fmax(sum, 0.0f)));
    }
  printf("%d points through layer1+relu1 in %u blocks of %u threads, largest error %g\n", n, launch.grid,
         launch.block, largest);
  return largest < 1e-5f ? 0 : 1;
}
