/* A program against the CUDA driver API in plain C: it knows nothing of the simulator. Built against our
 * header or the toolkit's, and run with the driver library linked or found as libcuda.so.1. Prints what
 * failed; exit code 0 if nothing did. */
#include "expect.h"
#include "kernels.h"
#include <stdlib.h>
#include <string.h>

enum { N = 1000 };
static CUdevice device;
static CUmodule module;

static CUfunction functionOf(const char *name) {
  CUfunction f = NULL;
  OK(cuModuleGetFunction(&f, module, name));
  return f;
}

static void devices(void) {
  int value = 0, count = 0, major = 0;
  char name[100];
  size_t bytes = 0;
  GIVES(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
  OK(cuInit(0));
  OK(cuDriverGetVersion(&value));
  CHECK(value >= 12000);
  OK(cuDeviceGetCount(&count));
  CHECK(count == 1);
  OK(cuDeviceGet(&device, 0));
  GIVES(cuDeviceGet(&device, 1), CUDA_ERROR_INVALID_DEVICE);
  OK(cuDeviceGetName(name, sizeof name, device));
  CHECK(strstr(name, "NVIDIA"));
  OK(cuDeviceTotalMem(&bytes, device));
  CHECK(bytes > (size_t)8 << 30);
  OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device));
  CHECK(value == 32);
  OK(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
  CHECK(major >= 8);
  GIVES(cuDeviceGetAttribute(&value, (CUdevice_attribute)9999, device), CUDA_ERROR_INVALID_VALUE);
}

static void modules(void) {
  char log[500] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(size_t)sizeof log};
  CUmodule bad = NULL;
  CUfunction f = NULL;
  CUdeviceptr counter = 0;
  size_t bytes = 0;
  unsigned value = 0;
  int attribute = 0;
  GIVES(cuModuleLoadDataEx(&bad, unknownInstruction, 2, options, values), CUDA_ERROR_INVALID_PTX);
  CHECK(strstr(log, "frobnicate") && strstr(log, ":6:"));
  CHECK((size_t)values[1] == strlen(log) + 1);
  GIVES(cuModuleLoadData(&bad, "\x7f"
                               "ELF\2\1\1\0"),
        CUDA_ERROR_NO_BINARY_FOR_GPU);
  GIVES(cuModuleLoadData(&bad, newerTarget), CUDA_ERROR_NO_BINARY_FOR_GPU);
  GIVES(cuModuleLoad(&bad, "/nowhere/there.ptx"), CUDA_ERROR_FILE_NOT_FOUND);
  OK(cuModuleLoadData(&module, kernels));
  GIVES(cuModuleGetFunction(&f, module, "nothing"), CUDA_ERROR_NOT_FOUND);
  OK(cuModuleGetGlobal(&counter, &bytes, module, "counter"));
  CHECK(bytes == 4);
  OK(cuLaunchKernel(functionOf("count"), 3, 1, 1, 64, 1, 1, 0, NULL, NULL, NULL));
  OK(cuMemcpyDtoH(&value, counter, 4));
  CHECK(value == 5 + 3 * 64);
  OK(cuFuncGetAttribute(&attribute, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, functionOf("add")));
  CHECK(attribute == 1024);
  OK(cuFuncGetAttribute(&attribute, CU_FUNC_ATTRIBUTE_NUM_REGS, functionOf("add")));
  CHECK(attribute >= 8 && attribute <= 64);
  OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&attribute, functionOf("add"), 256, 0));
  CHECK(attribute >= 4);
}

static void copies(void) {
  CUdeviceptr p = 0, q = 0, base = 0;
  size_t bytes = 0, pitch = 0, before = 0, after = 0, total = 0;
  unsigned char host[256], back[256], *pinned = NULL;
  unsigned words[4];
  CUmemorytype type = (CUmemorytype)0;
  CUDA_MEMCPY2D copy;
  for (int n = 0; n < 256; ++n)
    host[n] = (unsigned char)n;
  OK(cuMemGetInfo(&before, &total));
  OK(cuMemAlloc(&p, 256));
  OK(cuMemAlloc(&q, 256));
  OK(cuMemGetInfo(&after, &total));
  CHECK(before - after == 512);
  OK(cuMemcpyHtoD(p, host, 256));
  OK(cuMemcpyDtoD(q, p, 256));
  OK(cuMemcpyDtoH(back, q, 256));
  CHECK(!memcmp(host, back, 256));
  GIVES(cuMemcpyHtoD(p + 1, host, 256), CUDA_ERROR_INVALID_VALUE); /* one byte too far */
  GIVES(cuMemcpyDtoH(back, 64, 4), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemsetD32(p, 0x01020304, 2));
  OK(cuMemsetD16(p + 8, 0x0506, 2));
  OK(cuMemsetD8(p + 12, 7, 4));
  OK(cuMemcpy((CUdeviceptr)(size_t)words, p, 16));
  CHECK(words[0] == 0x01020304 && words[1] == words[0] && words[2] == 0x05060506 && words[3] == 0x07070707);
  GIVES(cuMemsetD32(p + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
  GIVES(cuMemsetD32(p, 0, 65), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemGetAddressRange(&base, &bytes, p + 100));
  CHECK(base == p && bytes == 256);
  OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p));
  CHECK(type == CU_MEMORYTYPE_DEVICE);
  GIVES(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)(size_t)host),
        CUDA_ERROR_INVALID_VALUE);
  OK(cuMemFree(q));
  GIVES(cuMemFree(q), CUDA_ERROR_INVALID_VALUE);
  GIVES(cuMemcpyDtoH(back, q, 4), CUDA_ERROR_INVALID_VALUE);

  /* A tile of 8 rows of 16 bytes out of a pitched image of 16 rows. */
  OK(cuMemAllocPitch(&q, &pitch, 100, 16, 4));
  CHECK(pitch >= 100 && pitch % 4 == 0);
  OK(cuMemsetD2D8(q, pitch, 9, 100, 16));
  memset(&copy, 0, sizeof copy);
  copy.srcMemoryType = CU_MEMORYTYPE_HOST, copy.srcHost = host, copy.srcPitch = 16;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE, copy.dstDevice = q, copy.dstPitch = pitch;
  copy.dstXInBytes = 4, copy.dstY = 8, copy.WidthInBytes = 16, copy.Height = 8;
  OK(cuMemcpy2D(&copy));
  OK(cuMemcpyDtoH(back, q + 15 * pitch, 24));
  CHECK(back[3] == 9 && back[4] == 112 && back[19] == 127 && back[20] == 9);
  copy.dstY = 9;
  GIVES(cuMemcpy2D(&copy), CUDA_ERROR_INVALID_VALUE);

  /* Memory that both sides see. */
  OK(cuMemAllocHost((void **)&pinned, 64));
  OK(cuMemHostGetDevicePointer(&base, pinned, 0));
  memset(pinned, 0, 64);
  void *args[] = {&base};
  OK(cuLaunchKernel(functionOf("store"), 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
  OK(cuCtxSynchronize());
  CHECK(pinned[0] == 1);
  OK(cuMemFreeHost(pinned));
  OK(cuMemHostRegister(words, sizeof words, 0));
  GIVES(cuMemHostRegister(words, sizeof words, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  OK(cuMemHostGetDevicePointer(&base, words, 0));
  words[0] = 0;
  OK(cuLaunchKernel(functionOf("store"), 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
  OK(cuCtxSynchronize());
  CHECK(words[0] == 1);
  OK(cuMemHostUnregister(words));
  OK(cuMemAllocManaged(&base, 64, CU_MEM_ATTACH_GLOBAL));
  *(unsigned *)(size_t)base = 0;
  OK(cuLaunchKernel(functionOf("store"), 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
  OK(cuCtxSynchronize());
  CHECK(*(unsigned *)(size_t)base == 1);
  OK(cuMemFree(base));
  OK(cuMemFree(p));
  OK(cuMemFree(q));
}

static void called(void *data) {
  ++*(int *)data;
}

static void streams(void) {
  CUstream s = NULL, t = NULL;
  CUevent a = NULL, b = NULL;
  CUdeviceptr x = 0, y = 0, z = 0;
  float in[N], out[N], milliseconds = -1;
  int n = N, calls = 0;
  for (int i = 0; i < N; ++i)
    in[i] = (float)i;
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreateWithPriority(&t, CU_STREAM_DEFAULT, -1));
  OK(cuEventCreate(&a, CU_EVENT_DEFAULT));
  OK(cuEventCreate(&b, CU_EVENT_DEFAULT));
  GIVES(cuEventElapsedTime(&milliseconds, a, b), CUDA_ERROR_INVALID_HANDLE);
  OK(cuMemAllocAsync(&x, sizeof in, s));
  OK(cuMemAllocAsync(&y, sizeof in, s));
  OK(cuMemAllocAsync(&z, sizeof in, s));
  OK(cuEventRecord(a, s));
  OK(cuMemcpyHtoDAsync(x, in, sizeof in, s));
  OK(cuMemcpyDtoDAsync(y, x, sizeof in, s));
  void *args[] = {&z, &x, &y, &n};
  OK(cuLaunchKernel(functionOf("add"), (N + 127) / 128, 1, 1, 128, 1, 1, 0, s, args, NULL));
  OK(cuLaunchHostFunc(s, called, &calls));
  OK(cuEventRecord(b, s));
  OK(cuStreamWaitEvent(t, b, 0));
  OK(cuMemcpyDtoHAsync(out, z, sizeof out, t));
  OK(cuStreamSynchronize(t));
  CHECK(calls == 1 && out[N - 1] == 2 * (N - 1));
  OK(cuEventQuery(b));
  OK(cuEventElapsedTime(&milliseconds, a, b));
  CHECK(milliseconds >= 0);
  OK(cuMemFreeAsync(x, s));
  OK(cuMemFreeAsync(y, s));
  OK(cuMemFreeAsync(z, s));
  OK(cuStreamQuery(s));
  OK(cuStreamDestroy(s));
  OK(cuStreamDestroy(t));
  GIVES(cuStreamSynchronize(t), CUDA_ERROR_INVALID_HANDLE);
  OK(cuEventDestroy(a));
  OK(cuEventDestroy(b));
}

static void launches(void) {
  CUdeviceptr p = 0;
  CUfunction scale = functionOf("scale");
  unsigned host[32], k = 3;
  for (unsigned i = 0; i < 32; ++i)
    host[i] = i;
  OK(cuMemAlloc(&p, sizeof host));
  OK(cuMemcpyHtoD(p, host, sizeof host));
  /* Parameters as one buffer. */
  struct {
    CUdeviceptr p;
    unsigned k;
  } buffer = {p, k};
  size_t size = sizeof buffer, tooSmall = 8, tooLarge = 64;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &buffer, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                   CU_LAUNCH_PARAM_END};
  OK(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 128, NULL, NULL, extra));
  OK(cuMemcpyDtoH(host, p, sizeof host));
  CHECK(host[31] == 93);
  extra[3] = &tooSmall;
  GIVES(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 128, NULL, NULL, extra), CUDA_ERROR_INVALID_VALUE);
  extra[3] = &tooLarge;
  GIVES(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 128, NULL, NULL, extra), CUDA_ERROR_INVALID_VALUE);
  void *args[] = {&p, &k};
  GIVES(cuLaunchKernel(scale, 1, 1, 1, 2048, 1, 1, 128, NULL, args, NULL), CUDA_ERROR_INVALID_VALUE);
  GIVES(cuLaunchKernel(scale, 0, 1, 1, 32, 1, 1, 128, NULL, args, NULL), CUDA_ERROR_INVALID_VALUE);
  /* More shared memory than 48 KiB must be asked for. */
  GIVES(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 64 << 10, NULL, args, NULL), CUDA_ERROR_INVALID_VALUE);
  OK(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 << 10));
  OK(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 64 << 10, NULL, args, NULL));
  GIVES(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1 << 20),
        CUDA_ERROR_INVALID_VALUE);
  CUlaunchAttribute attribute;
  memset(&attribute, 0, sizeof attribute);
  attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, attribute.value.cooperative = 1;
  CUlaunchConfig config;
  memset(&config, 0, sizeof config);
  config.gridDimX = config.gridDimY = config.gridDimZ = config.blockDimY = config.blockDimZ = 1;
  config.blockDimX = 32, config.sharedMemBytes = 128, config.attrs = &attribute, config.numAttrs = 1;
  OK(cuLaunchKernelEx(&config, scale, args, NULL));
  config.gridDimX = 1 << 20;
  GIVES(cuLaunchKernelEx(&config, scale, args, NULL), CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  OK(cuMemcpyDtoH(host, p, sizeof host));
  CHECK(host[1] == 3 * 3 * 3);
  /* What a kernel sees of the device is what the driver says of it. */
  int sms = 0;
  OK(cuDeviceGetAttribute(&sms, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
  OK(cuLaunchKernel(functionOf("where"), 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
  OK(cuMemcpyDtoH(host, p, sizeof host));
  CHECK(host[0] == (unsigned)sms && host[1] < host[0] && host[2] == 0);
  OK(cuMemFree(p));
}

static void graphs(void) {
  CUgraph graph = NULL, captured = NULL;
  CUgraphNode set = NULL, kernel = NULL, host = NULL, found[8];
  CUgraphExec exec = NULL;
  CUstream s = NULL, t = NULL;
  CUevent fork = NULL, join = NULL;
  CUdeviceptr p = 0;
  CUstreamCaptureStatus status;
  unsigned k = 3, values[32];
  int calls = 0;
  size_t count = 8;
  OK(cuMemAlloc(&p, sizeof values));
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreate(&t, CU_STREAM_NON_BLOCKING));

  OK(cuGraphCreate(&graph, 0));
  CUDA_MEMSET_NODE_PARAMS fill;
  memset(&fill, 0, sizeof fill);
  fill.dst = p, fill.value = 2, fill.elementSize = 4, fill.width = 32, fill.height = 1;
  CUcontext context = NULL;
  OK(cuCtxGetCurrent(&context));
  OK(cuGraphAddMemsetNode(&set, graph, NULL, 0, &fill, context));
  CUDA_KERNEL_NODE_PARAMS launch;
  memset(&launch, 0, sizeof launch);
  void *args[] = {&p, &k};
  launch.func = functionOf("scale"), launch.gridDimX = launch.gridDimY = launch.gridDimZ = 1;
  launch.blockDimX = 32, launch.blockDimY = launch.blockDimZ = 1, launch.sharedMemBytes = 128;
  launch.kernelParams = args;
  OK(cuGraphAddKernelNode(&kernel, graph, &set, 1, &launch));
  CUDA_HOST_NODE_PARAMS call = {called, &calls};
  OK(cuGraphAddHostNode(&host, graph, &kernel, 1, &call));
  OK(cuGraphGetNodes(graph, found, &count));
  CHECK(count == 3);
  OK(cuGraphInstantiate(&exec, graph, 0));
  k = 100; /* the graph has its own copy */
  OK(cuGraphLaunch(exec, s));
  OK(cuGraphLaunch(exec, s));
  OK(cuStreamSynchronize(s));
  OK(cuMemcpyDtoH(values, p, sizeof values));
  CHECK(calls == 2 && values[31] == 6);
  k = 4;
  OK(cuGraphExecKernelNodeSetParams(exec, kernel, &launch));
  OK(cuGraphLaunch(exec, s));
  OK(cuMemcpyDtoH(values, p, sizeof values));
  CHECK(values[31] == 8);
  k = 5;
  OK(cuGraphKernelNodeSetParams(kernel, &launch));
  CUgraphExecUpdateResultInfo info;
  OK(cuGraphExecUpdate(exec, graph, &info));
  OK(cuGraphLaunch(exec, s));
  OK(cuMemcpyDtoH(values, p, sizeof values));
  CHECK(values[31] == 10 && calls == 4);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(graph));

  /* The same by capture, with a fork to another stream. */
  OK(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING));
  OK(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING));
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
  OK(cuMemsetD32Async(p, 7, 32, s));
  OK(cuEventRecord(fork, s));
  OK(cuStreamWaitEvent(t, fork, 0));
  OK(cuLaunchKernel(functionOf("scale"), 1, 1, 1, 32, 1, 1, 128, t, args, NULL));
  OK(cuEventRecord(join, t));
  OK(cuStreamWaitEvent(s, join, 0));
  OK(cuStreamIsCapturing(t, &status));
  CHECK(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
  OK(cuStreamEndCapture(s, &captured));
  OK(cuMemcpyDtoH(values, p, sizeof values));
  CHECK(values[0] == 10); /* nothing has run */
  OK(cuGraphInstantiate(&exec, captured, 0));
  OK(cuGraphLaunch(exec, s));
  OK(cuMemcpyDtoH(values, p, sizeof values));
  CHECK(values[0] == 35);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(captured));
  /* A fork that is not joined, a wait for what is being captured. */
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
  OK(cuEventRecord(fork, s));
  OK(cuStreamWaitEvent(t, fork, 0));
  OK(cuMemsetD32Async(p, 7, 32, t));
  GIVES(cuStreamEndCapture(s, &captured), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
  OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
  GIVES(cuStreamSynchronize(s), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  GIVES(cuStreamEndCapture(s, &captured), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  OK(cuEventDestroy(fork));
  OK(cuEventDestroy(join));
  OK(cuStreamDestroy(s));
  OK(cuStreamDestroy(t));
  OK(cuMemFree(p));
}

static void libraries(void) {
  CUlibrary library = NULL;
  CUkernel kernel = NULL;
  CUfunction f = NULL;
  CUdeviceptr p = 0;
  unsigned value = 0;
  OK(cuLibraryLoadData(&library, kernels, NULL, NULL, 0, NULL, NULL, 0));
  OK(cuLibraryGetKernel(&kernel, library, "store"));
  OK(cuKernelGetFunction(&f, kernel));
  OK(cuMemAlloc(&p, 4));
  void *args[] = {&p};
  OK(cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
  OK(cuMemcpyDtoH(&value, p, 4));
  CHECK(value == 1);
  OK(cuMemFree(p));
  OK(cuLibraryUnload(library));
  GIVES(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL), CUDA_ERROR_INVALID_HANDLE);
}

static void linking(void) {
  CUlinkState link = NULL;
  CUmodule linked = NULL;
  CUfunction f = NULL;
  void *image = NULL;
  size_t size = 0;
  OK(cuLinkCreate(0, NULL, NULL, &link));
  OK(cuLinkAddData(link, CU_JIT_INPUT_PTX, (void *)kernels, sizeof kernels, "kernels", 0, NULL, NULL));
  OK(cuLinkComplete(link, &image, &size));
  CHECK(size > 0);
  OK(cuModuleLoadData(&linked, image));
  OK(cuLinkDestroy(link));
  OK(cuModuleGetFunction(&f, linked, "count"));
  OK(cuModuleUnload(linked));
}

/* Each in a context of its own, which is of no use afterwards. */
static void faults(void) {
  struct {
    const char *kernel;
    size_t offset;
    CUresult error;
  } cases[] = {{"store", 64, CUDA_ERROR_ILLEGAL_ADDRESS},
               {"store", 2, CUDA_ERROR_MISALIGNED_ADDRESS},
               {"fails", 0, CUDA_ERROR_LAUNCH_FAILED}};
  for (int n = 0; n < 3; ++n) {
    CUcontext own = NULL;
    CUmodule m = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = 0, q = 0;
    OK(cuCtxCreate(&own, NULL, 0, device));
    OK(cuModuleLoadData(&m, kernels));
    OK(cuModuleGetFunction(&f, m, cases[n].kernel));
    OK(cuMemAlloc(&p, 64));
    q = p + cases[n].offset;
    void *args[] = {&q};
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL)); /* the launch itself is in order */
    GIVES(cuCtxSynchronize(), cases[n].error);
    GIVES(cuMemAlloc(&p, 64), cases[n].error);
    OK(cuCtxDestroy(own));
    OK(cuCtxSynchronize());
  }
}

static void addresses(void) {
  CUresult (*create)(CUcontext *, unsigned, CUdevice) = NULL;
  CUresult (*pushed)(CUcontext) = NULL;
  CUdriverProcAddressQueryResult status;
  CUcontext own = NULL;
  OK(cuGetProcAddress("cuCtxCreate", (void **)&create, 11000, CU_GET_PROC_ADDRESS_DEFAULT, &status));
  CHECK(create && status == CU_GET_PROC_ADDRESS_SUCCESS);
  OK(create(&own, 0, device)); /* as it was before 11.4 */
  OK(cuGetProcAddress("cuCtxDestroy", (void **)&pushed, 12000, CU_GET_PROC_ADDRESS_DEFAULT, &status));
  OK(pushed(own));
  OK(cuGetProcAddress("cuGraphConditionalHandleCreate", (void **)&create, 11000, CU_GET_PROC_ADDRESS_DEFAULT,
                      &status));
  CHECK(!create && status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
  OK(cuGetProcAddress("cuNothing", (void **)&create, 12000, CU_GET_PROC_ADDRESS_DEFAULT, &status));
  CHECK(!create && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
  OK(cuGetProcAddress("cuArrayDestroy", (void **)&pushed, 12000, CU_GET_PROC_ADDRESS_DEFAULT, &status));
  GIVES(pushed(NULL), CUDA_ERROR_NOT_SUPPORTED);
  GIVES(pushed(NULL), CUDA_ERROR_NOT_SUPPORTED); /* said once */
}

/* A tensor of 7 rows of 12 floats is encoded; a kernel for sm_90 copies a box of it, what lies outside being
 * zeros. */
static void tensors(void) {
  CUtensorMap map __attribute__((aligned(64)));
  CUdeviceptr from = 0, to = 0;
  float values[7 * 12], box[4 * 8];
  cuuint64_t sizes[] = {12, 7}, strides[] = {48};
  cuuint32_t shape[] = {8, 4}, steps[] = {1, 1}, wide[] = {257, 4}, narrow[] = {6, 4};
  int major = 0;
  OK(cuMemAlloc(&from, sizeof values));
  OK(cuMemAlloc(&to, sizeof box));
  for (int n = 0; n < 7 * 12; ++n)
    values[n] = (float)n + 1;
  OK(cuMemcpyHtoD(from, values, sizeof values));
#define ENCODE(TYPE, RANK, AT, BOX, SWIZZLE, FILL)                                                           \
  cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_##TYPE, RANK, (void *)(AT), sizes, strides, BOX,      \
                         steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_##SWIZZLE,              \
                         CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_##FILL)
  GIVES(ENCODE(FLOAT32, 0, from, shape, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(FLOAT32, 6, from, shape, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(FLOAT32, 2, from + 8, shape, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(FLOAT32, 2, from, wide, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(FLOAT32, 2, from, narrow, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(FLOAT64, 2, from, shape, 32B, NONE), CUDA_ERROR_INVALID_VALUE);
  GIVES(ENCODE(INT32, 2, from, shape, NONE, NAN_REQUEST_ZERO_FMA), CUDA_ERROR_INVALID_VALUE);
  OK(ENCODE(TFLOAT32, 2, from, shape, NONE, NONE));
  OK(ENCODE(TFLOAT32_FTZ, 2, from, shape, NONE, NAN_REQUEST_ZERO_FMA));
  OK(ENCODE(FLOAT32_FTZ, 2, from, shape, NONE, NONE));
  strides[0] = 40;
  GIVES(ENCODE(FLOAT32, 2, from, shape, NONE, NONE), CUDA_ERROR_INVALID_VALUE);
  strides[0] = 48;
  OK(ENCODE(FLOAT32, 2, to, shape, NONE, NONE));
  GIVES(cuTensorMapReplaceAddress(&map, (void *)(from + 4)), CUDA_ERROR_INVALID_VALUE);
  OK(cuTensorMapReplaceAddress(&map, (void *)from));
  OK(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
  if (major >= 9) {
    CUmodule copies = NULL;
    CUfunction f = NULL;
    void *args[] = {&map, &to};
    OK(cuModuleLoadData(&copies, tensorKernel));
    OK(cuModuleGetFunction(&f, copies, "copy_box"));
    OK(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, args, NULL));
    OK(cuMemcpyDtoH(box, to, sizeof box));
    for (int n = 0; n < 4 * 8; ++n) { /* from column 6, row -1 */
      int column = 6 + n % 8, row = n / 8 - 1;
      CHECK(box[n] == (row >= 0 && column < 12 ? values[row * 12 + column] : 0));
    }
    OK(cuModuleUnload(copies));
  }
  OK(cuMemFree(from));
  OK(cuMemFree(to));
}

/* What the simulator's checks find: a race, if it is asked to look for them. */
static void races(CUresult found) {
  CUdeviceptr p = 0;
  OK(cuModuleLoadData(&module, kernels));
  OK(cuMemAlloc(&p, 4));
  void *args[] = {&p};
  OK(cuLaunchKernel(functionOf("collide"), 1, 1, 1, 64, 1, 1, 0, NULL, args, NULL));
  GIVES(cuCtxSynchronize(), found);
}

static void scale(CUdeviceptr p, CUresult found) {
  int factor = 2;
  void *args[] = {&p, &factor};
  OK(cuLaunchKernel(functionOf("scale"), 1, 1, 1, 16, 1, 1, 64, NULL, args, NULL));
  GIVES(cuCtxSynchronize(), found);
}

/* Memory of the device holds nothing until something is written there: reads before that are found, if it is
   asked to look for them. */
static void unwritten(CUresult found) {
  static int zeros[16];
  CUdeviceptr p = 0, from = 0;
  CUdeviceptr *all[] = {&p, &from};
  size_t pitch = 0;
  CUmemoryPool pool = NULL;
  OK(cuModuleLoadData(&module, kernels));
  for (size_t n = 0; n < sizeof all / sizeof *all; ++n)
    OK(cuMemAlloc(all[n], 64));
  OK(cuMemcpyHtoD(from, zeros, 64));
  scale(from, CUDA_SUCCESS);
  OK(cuMemcpyDtoD(p, from, 64)); /* by a copy on the device */
  scale(p, CUDA_SUCCESS);
  OK(cuMemFree(p));
  OK(cuMemAlloc(&p, 64));
  OK(cuMemsetD32(p, 1, 15)); /* by a fill, and a value that a stream writes */
  OK(cuStreamWriteValue32(NULL, p + 60, 1, 0));
  scale(p, CUDA_SUCCESS);
  OK(cuMemFree(p));
  OK(cuMemAlloc(&p, 64));
  int n = 16;
  void *args[] = {&p, &from, &from, &n};
  OK(cuLaunchKernel(functionOf("add"), 1, 1, 1, 32, 1, 1, 0, NULL, args, NULL)); /* by a kernel */
  scale(p, CUDA_SUCCESS);
  OK(cuMemFree(p));
  OK(cuMemAllocPitch(&p, &pitch, 32, 2, 4)); /* row by row */
  CUDA_MEMCPY2D rows = {0};
  rows.srcMemoryType = CU_MEMORYTYPE_HOST, rows.srcHost = zeros, rows.srcPitch = 32;
  rows.dstMemoryType = CU_MEMORYTYPE_DEVICE, rows.dstDevice = p, rows.dstPitch = 32;
  rows.WidthInBytes = 32, rows.Height = 2;
  OK(cuMemcpy2D(&rows));
  scale(p, CUDA_SUCCESS);
  OK(cuMemFree(p));
  void *pinned = NULL;
  OK(cuMemAllocHost(&pinned, 64)); /* the host writes there, which nobody sees */
  scale((CUdeviceptr)pinned, CUDA_SUCCESS);
  OK(cuMemFreeHost(pinned));
  OK(cuDeviceGetDefaultMemPool(&pool, device));
  OK(cuMemAllocFromPoolAsync(&p, 64, pool, NULL)); /* where there was memory that has been written */
  scale(p, found);
}

int main(int argc, char **argv) {
  CUcontext context = NULL;
  devices();
  if (failures) return 1;
  GIVES(cuCtxSynchronize(), CUDA_ERROR_INVALID_CONTEXT);
  OK(cuDevicePrimaryCtxRetain(&context, device));
  OK(cuCtxSetCurrent(context));
  if (argc > 1 && strstr(argv[1], "written")) {
    unwritten(strcmp(argv[1], "unwritten") ? CUDA_SUCCESS : CUDA_ERROR_LAUNCH_FAILED);
    return failures != 0;
  }
  if (argc > 1) {
    races(strcmp(argv[1], "race") ? CUDA_SUCCESS : CUDA_ERROR_LAUNCH_FAILED);
    return failures != 0;
  }
  modules();
  copies();
  streams();
  launches();
  graphs();
  libraries();
  linking();
  faults();
  addresses();
  tensors();
  OK(cuModuleUnload(module));
  OK(cuDevicePrimaryCtxRelease(device));
  printf(failures ? "%d failed\n" : "passed\n", failures);
  return failures != 0;
}
