/* A CUDA driver of the version VERSION that finds no GPU, for what the runtime says of such. */
#include "runtime/cuda_driver.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int cuDriverGetVersion(int *version);
int cuDriverGetVersion(int *version) {
  *version = VERSION;
  return CU_SUCCESS;
}

#define DEFINE(name, suffix, parameters)                                                                     \
  EXPORTED int name##suffix parameters;                                                                      \
  int name##suffix parameters {                                                                              \
    return CU_NO_DEVICE;                                                                                     \
  }
CUDA_FUNCTIONS(DEFINE)
