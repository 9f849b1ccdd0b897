/* The functions of the CUDA driver that the runtime calls, declared by itself: neither building nor loading
 * an artifact needs CUDA. Handles are pointers to what only the driver knows. */
#ifndef GIRIH_RUNTIME_CUDA_DRIVER_H
#define GIRIH_RUNTIME_CUDA_DRIVER_H

#include "runtime/internal.h"

typedef struct CUctx_st *cu_context;
typedef struct CUevent_st *cu_event;
typedef struct CUfunc_st *cu_function;
typedef struct CUgraph_st *cu_graph;
typedef struct CUgraphExec_st *cu_graph_exec;
typedef struct CUgraphNode_st *cu_graph_node;
typedef struct CUmod_st *cu_module;
typedef struct CUstream_st *cu_stream;
typedef uint64_t cu_address; /* of memory; the host's has addresses of its own */
typedef int cu_device;

/* Numbers of the driver's, as far as they are used. */
enum {
  CU_SUCCESS = 0,
  CU_OUT_OF_MEMORY = 2,
  CU_NOT_INITIALIZED = 3,
  CU_NO_DEVICE = 100,
  CU_INVALID_CONTEXT = 201,
  CU_UNSUPPORTED_PTX_VERSION = 222,
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
  CU_COMPUTE_CAPABILITY_MAJOR = 75, /* attributes of a device */
  CU_COMPUTE_CAPABILITY_MINOR = 76,
  CU_MOST_SHARED_BYTES = 97,  /* of a block whose kernel asks for more than every GPU has */
  CU_POINTER_MEMORY_TYPE = 2, /* attributes of an address */
  CU_POINTER_DEVICE_ORDINAL = 9,
  CU_STATIC_SHARED_BYTES = 1, /* attributes of a function */
  CU_MOST_DYNAMIC_SHARED_BYTES = 8,
  CU_MEMORY_DEVICE = 2,
  CU_MEMHOSTALLOC_DEVICEMAP = 2
};

typedef struct {
  cu_function function;
  unsigned grid[3], block[3], shared_bytes;
  void **parameters, **extra;
  void *kernel;
  cu_context context;
} cu_kernel_node;

/* FUNCTION(name, suffix of its symbol, parameters) */
#define CUDA_FUNCTIONS(FUNCTION)                                                                             \
  FUNCTION(cuInit, , (unsigned flags))                                                                       \
  FUNCTION(cuGetErrorName, , (int code, const char **text))                                                  \
  FUNCTION(cuGetErrorString, , (int code, const char **text))                                                \
  FUNCTION(cuDeviceGet, , (cu_device * device, int ordinal))                                                 \
  FUNCTION(cuDeviceGetAttribute, , (int *value, int attribute, cu_device device))                            \
  FUNCTION(cuDeviceGetName, , (char *name, int bytes, cu_device device))                                     \
  FUNCTION(cuDevicePrimaryCtxRetain, , (cu_context * context, cu_device device))                             \
  FUNCTION(cuDevicePrimaryCtxRelease, _v2, (cu_device device))                                               \
  FUNCTION(cuCtxGetCurrent, , (cu_context * context))                                                        \
  FUNCTION(cuCtxGetDevice, , (cu_device * device))                                                           \
  FUNCTION(cuCtxPushCurrent, _v2, (cu_context context))                                                      \
  FUNCTION(cuCtxPopCurrent, _v2, (cu_context * context))                                                     \
  FUNCTION(cuModuleLoadDataEx, ,                                                                             \
           (cu_module * module, const void *image, unsigned count, int *options, void **values))             \
  FUNCTION(cuModuleUnload, , (cu_module module))                                                             \
  FUNCTION(cuModuleGetFunction, , (cu_function * function, cu_module module, const char *name))              \
  FUNCTION(cuFuncGetAttribute, , (int *value, int attribute, cu_function function))                          \
  FUNCTION(cuFuncSetAttribute, , (cu_function function, int attribute, int value))                           \
  FUNCTION(cuMemAlloc, _v2, (cu_address * address, size_t bytes))                                            \
  FUNCTION(cuMemFree, _v2, (cu_address address))                                                             \
  FUNCTION(cuMemHostAlloc, , (void **memory, size_t bytes, unsigned flags))                                  \
  FUNCTION(cuMemFreeHost, , (void *memory))                                                                  \
  FUNCTION(cuMemGetInfo, _v2, (size_t *free, size_t *total))                                                 \
  FUNCTION(cuMemcpyAsync, , (cu_address to, cu_address from, size_t bytes, cu_stream stream))                \
  FUNCTION(cuMemsetD8Async, , (cu_address to, unsigned char byte, size_t bytes, cu_stream stream))           \
  FUNCTION(cuPointerGetAttribute, , (void *value, int attribute, cu_address address))                        \
  FUNCTION(cuStreamCreate, , (cu_stream * stream, unsigned flags))                                           \
  FUNCTION(cuStreamDestroy, _v2, (cu_stream stream))                                                         \
  FUNCTION(cuStreamGetCtx, , (cu_stream stream, cu_context * context))                                       \
  FUNCTION(cuStreamSynchronize, , (cu_stream stream))                                                        \
  FUNCTION(cuStreamWriteValue32, _v2, (cu_stream stream, cu_address to, uint32_t value, unsigned flags))     \
  FUNCTION(cuEventCreate, , (cu_event * event, unsigned flags))                                              \
  FUNCTION(cuEventDestroy, _v2, (cu_event event))                                                            \
  FUNCTION(cuEventRecord, , (cu_event event, cu_stream stream))                                              \
  FUNCTION(cuEventElapsedTime, , (float *milliseconds, cu_event from, cu_event to))                          \
  FUNCTION(cuLaunchKernel, ,                                                                                 \
           (cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,       \
            unsigned block_y, unsigned block_z, unsigned shared_bytes, cu_stream stream, void **parameters,  \
            void **extra))                                                                                   \
  FUNCTION(cuGraphCreate, , (cu_graph * graph, unsigned flags))                                              \
  FUNCTION(cuGraphDestroy, , (cu_graph graph))                                                               \
  FUNCTION(cuGraphAddKernelNode, _v2,                                                                        \
           (cu_graph_node * node, cu_graph graph, const cu_graph_node *after, size_t after_count,            \
            const cu_kernel_node *kernel))                                                                   \
  FUNCTION(cuGraphInstantiateWithFlags, , (cu_graph_exec * exec, cu_graph graph, unsigned long long flags))  \
  FUNCTION(cuGraphLaunch, , (cu_graph_exec exec, cu_stream stream))                                          \
  FUNCTION(cuGraphExecDestroy, , (cu_graph_exec exec))

#define CUDA_MEMBER(name, suffix, parameters) int(*name) parameters;
typedef struct {
  void *library; /* dlopen's handle */
  int version;   /* 12040 is CUDA 12.4 */
  CUDA_FUNCTIONS(CUDA_MEMBER)
} cuda_driver;
#undef CUDA_MEMBER

/* Loads the driver and initialises it. On success `driver` is to be given to close_driver. */
girih_status open_driver(cuda_driver *driver, girih_error *error);
void close_driver(cuda_driver *driver);

/* "CUDA_ERROR_LAUNCH_FAILED (unspecified launch failure)" */
void append_result(text_buffer *text, const cuda_driver *driver, int code);
/* Ok for CU_SUCCESS; else writes "<what> failed: <the driver's words>". */
__attribute__((format(printf, 4, 5))) girih_status check_result(const cuda_driver *driver, int code,
                                                                girih_error *error, const char *what, ...);

#endif
