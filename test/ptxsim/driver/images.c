/* Loads each file as a module and as a library, and runs the kernel `store` of those that can be loaded.
 * Prints the error of each. */
#include <cuda.h>
#include <stdio.h>

static CUresult runs(const char *path, CUdeviceptr p) {
  CUmodule module = NULL;
  CUlibrary library = NULL;
  CUfunction store = NULL;
  unsigned values[32] = {0};
  void *args[] = {&p};
  CUresult r = cuModuleLoad(&module, path),
           same = cuLibraryLoadFromFile(&library, path, NULL, NULL, 0, NULL, NULL, 0);
  if (r != same) return CUDA_ERROR_UNKNOWN;
  if (!r) r = cuModuleGetFunction(&store, module, "store");
  if (!r) r = cuLaunchKernel(store, 1, 1, 1, 3, 1, 1, 0, NULL, args, NULL);
  if (!r) r = cuMemcpyDtoH(values, p, sizeof values);
  if (!r && values[31] != 93) r = CUDA_ERROR_UNKNOWN;
  if (module) cuModuleUnload(module);
  if (library) cuLibraryUnload(library);
  return r;
}

int main(int argc, char **argv) {
  CUcontext context = NULL;
  CUdeviceptr p = 0;
  if (cuInit(0) || cuDevicePrimaryCtxRetain(&context, 0) || cuCtxSetCurrent(context) || cuMemAlloc(&p, 128))
    return 1;
  for (int n = 1; n < argc; ++n)
    printf("%d\n", runs(argv[n], p));
  return 0;
}
