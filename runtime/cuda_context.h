/* What cuda.c, which makes contexts on a GPU, and cuda_run.c, which runs on one, share. */
#ifndef GIRIH_RUNTIME_CUDA_CONTEXT_H
#define GIRIH_RUNTIME_CUDA_CONTEXT_H

#include "runtime/cuda_driver.h"

/* A GPU, with what all contexts of a model share on it. */
typedef struct gpu {
  struct gpu *next;
  cu_device device;
  cu_context primary;
  cu_module module;
  cu_address weights;
  char name[256];
} gpu;

struct cuda_model {
  cuda_driver driver;
  gpu *gpus;
};

/* A plan's launches, as far as they last. */
typedef struct {
  cu_function *functions;
  void **latest, **recorded; /* the plan's pointers in the latest run, and those of `graph` */
  cu_graph_exec graph;
  bool has_run, has_latest;
} launches;

struct cuda_context {
  const cuda_driver *driver;
  gpu *gpu;
  cu_stream stream, own_stream; /* the second is null where the caller has given the first */
  volatile uint32_t *progress;  /* how many launches are done, written by the stream in a plan's first run */
  cu_address memory, scratch;   /* the second one is a part of the first */
  int64_t memory_bytes;
  uint32_t tensor_count; /* inputs, then outputs */
  girih_tensor *tensors; /* as kernels see them */
  int64_t *staged;       /* where in memory each tensor is that the caller has elsewhere; -1: in place */
  girih_tensor *sized;   /* the inputs, readable here as far as sizes are read from them */
  int64_t *size_bytes;   /* of each input that may have to be read for sizes */
  char *sizes;           /* what was read */
  int64_t *worst;        /* of each index check */
  void **parameters;     /* of the launch at hand */
  launches launches[PLAN_COUNT];
  size_t pointer_bytes; /* of a plan's pointers */
  cu_event *events;     /* one more than there are launches; null before the first profile */
};

/* Device memory, or a message of how much was wanted, by which model and for what. */
girih_status allocate_device(const cuda_driver *driver, const gpu *gpu, int64_t bytes, cu_address *memory,
                             girih_error *error, const char *model, const char *what);

/* Of device_runtime. */
girih_status fetch_sizes(girih_context *context, const girih_tensor **inputs, girih_error *error);
girih_status run_on_gpu(girih_context *context, plan *plan, const girih_tensor *inputs,
                        const girih_tensor *outputs, girih_error *error);

/* Ends what cuCtxPushCurrent began. */
static inline void leave(const cuda_driver *driver) {
  cu_context popped;
  driver->cuCtxPopCurrent(&popped);
}

#endif
