/* What allocators, compilers and frameworks ask of the driver beyond launches: addresses and memory apart,
 * pools by place, graphs that allocate, linking of several files, values of streams, the rules of capture,
 * forks. Prints what failed; exit code 0 if nothing did. */
#define _DEFAULT_SOURCE
#include "expect.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD(VERSION, TARGET) ".version " VERSION "\n.target " TARGET "\n.address_size 64\n"

/* scale(p, n): p[i] = twice(p[i]); both files have a variable and a function `step` of their own. */
static const char caller[] =
    HEAD("8.0", "sm_80") ".extern .func (.param .b32 r) twice(.param .b32 x);\n"
                         ".extern .global .align 4 .u32 calls;\n"
                         ".global .align 4 .u32 step = 1;\n"
                         ".weak .func (.param .b32 r) shared(.param .b32 x) { st.param.b32 [r], 1; ret; }\n"
                         ".visible .entry scale(.param .u64 p, .param .u32 n) {\n"
                         "  .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %d<4>;\n"
                         "  ld.param.u64 %d1, [p];\n"
                         "  ld.param.u32 %r1, [n];\n"
                         "  mov.u32 %r2, %tid.x; mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x;\n"
                         "  mad.lo.u32 %r2, %r3, %r4, %r2;\n"
                         "  setp.ge.u32 %p1, %r2, %r1;\n"
                         "  @%p1 bra done;\n"
                         "  mul.wide.u32 %d2, %r2, 4;\n"
                         "  add.u64 %d2, %d1, %d2;\n"
                         "  ld.global.u32 %r5, [%d2];\n"
                         "  { .param .b32 x; .param .b32 y; st.param.b32 [x], %r5; call (y), twice, (x); "
                         "ld.param.b32 %r5, [y]; }\n"
                         "  ld.global.u32 %r6, [step];\n"
                         "  add.u32 %r5, %r5, %r6;\n"
                         "  st.global.u32 [%d2], %r5;\n"
                         "  atom.global.add.u32 %r7, [calls], 1;\n"
                         "done:\n"
                         "  ret;\n"
                         "}\n";
static const char callee[] = HEAD(
    "8.1",
    "sm_80") ".visible .global .align 4 .u32 calls = 0;\n"
             ".weak .func (.param .b32 r) shared(.param .b32 x) { st.param.b32 [r], 1; ret; }\n"
             ".func (.param .b32 r) step(.param .b32 x) {\n"
             "  .reg .b32 %r<2>; ld.param.b32 %r1, [x]; add.u32 %r1, %r1, %r1; st.param.b32 [r], %r1; ret;\n"
             "}\n"
             ".visible .func (.param .b32 r) twice(.param .b32 x) {\n"
             "  .reg .b32 %r<2>; ld.param.b32 %r1, [x];\n"
             "  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r1; call (b), step, (a); ld.param.b32 "
             "%r1, [b]; }\n"
             "  st.param.b32 [r], %r1; ret;\n"
             "}\n";

static CUfunction scale;
static CUmodule module;

static CUresult add(CUlinkState link, const char *text, const char *name) {
  return cuLinkAddData(link, CU_JIT_INPUT_PTX, (void *)text, strlen(text) + 1, name, 0, NULL, NULL);
}

static void linking(void) {
  char log[300] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)sizeof log}, *image = NULL;
  CUlinkState link = NULL;
  OK(cuLinkCreate(0, NULL, NULL, &link));
  OK(add(link, caller, "caller"));
  OK(add(link, callee, "callee"));
  OK(cuLinkComplete(link, &image, NULL));
  OK(cuModuleLoadData(&module, image));
  OK(cuLinkDestroy(link));
  OK(cuModuleGetFunction(&scale, module, "scale"));
  OK(cuLinkCreate(2, options, values, &link));
  OK(add(link, callee, "one"));
  OK(add(link, callee, "two"));
  GIVES(cuLinkComplete(link, &image, NULL), CUDA_ERROR_INVALID_PTX);
  CHECK(strstr(log, "two:4: 'calls' is defined twice, the other time in one:4"));
  OK(cuLinkDestroy(link));
  values[1] = (void *)sizeof log;
  OK(cuLinkCreate(2, options, values, &link));
  OK(add(link, caller, "caller"));
  GIVES(cuLinkComplete(link, &image, NULL), CUDA_ERROR_INVALID_PTX);
  CHECK(strstr(log, "'twice' is called but not defined"));
  OK(cuLinkDestroy(link));
}

/* Twice the value and one more, for n words. */
static void launch(CUdeviceptr p, unsigned n, CUstream stream) {
  void *args[] = {&p, &n};
  OK(cuLaunchKernel(scale, (n + 63) / 64, 1, 1, 64, 1, 1, 0, stream, args, NULL));
}

static unsigned word(CUdeviceptr p) {
  unsigned value = 0;
  OK(cuMemcpyDtoH(&value, p, 4));
  return value;
}

static void addresses(void) {
  CUmemAllocationProp prop;
  CUmemAccessDesc access;
  CUmemGenericAllocationHandle first = 0, second = 0, again = 0;
  CUdeviceptr p = 0, other = 0;
  size_t unit = 0, before = 0, during = 0, after = 0, total = 0;
  unsigned long long flags = 0;
  memset(&prop, 0, sizeof prop), memset(&access, 0, sizeof access);
  prop.type = CU_MEM_ALLOCATION_TYPE_PINNED, prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  access.location = prop.location, access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  OK(cuMemGetInfo(&before, &total));
  OK(cuMemGetAllocationGranularity(&unit, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
  OK(cuMemAddressReserve(&p, 4 * unit, 0, 0, 0));
  OK(cuMemCreate(&first, unit, &prop, 0));
  OK(cuMemCreate(&second, 2 * unit, &prop, 0));
  GIVES(cuMemCreate(&again, unit + 4, &prop, 0), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemGetInfo(&during, &total));
  CHECK(before - during == 3 * unit);
  OK(cuMemMap(p, unit, 0, first, 0));
  OK(cuMemMap(p + unit, 2 * unit, 0, second, 0));
  GIVES(cuMemMap(p + 2 * unit, unit, 0, first, 0), CUDA_ERROR_INVALID_VALUE);
  GIVES(cuMemsetD8(p, 1, 4), CUDA_ERROR_INVALID_VALUE); /* no access yet */
  OK(cuMemSetAccess(p, 3 * unit, &access, 1));
  OK(cuMemGetAccess(&flags, &access.location, p + unit));
  CHECK(flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  OK(cuMemsetD32(p, 2, 3 * unit / 4));
  launch(p + unit - 200, 100, NULL); /* across the two */
  CHECK(word(p + unit - 204) == 2 && word(p + unit - 200) == 5 && word(p + unit + 196) == 5);
  /* The same memory at a second place, still there when the handle is released. */
  OK(cuMemAddressReserve(&other, unit, unit, 0, 0));
  OK(cuMemMap(other, unit, 0, first, 0));
  OK(cuMemSetAccess(other, unit, &access, 1));
  OK(cuMemRelease(first));
  OK(cuMemRetainAllocationHandle(&again, (void *)other));
  OK(cuMemRelease(again));
  OK(cuMemRelease(second));
  CHECK(word(other + unit - 200) == 5);
  GIVES(cuMemAddressFree(p, 4 * unit), CUDA_ERROR_INVALID_VALUE); /* mapped */
  OK(cuMemUnmap(other, unit));
  OK(cuMemUnmap(p, 3 * unit));
  OK(cuMemAddressFree(p, 4 * unit));
  OK(cuMemAddressFree(other, unit));
  OK(cuMemGetInfo(&after, &total));
  CHECK(after == before);
}

/* More than this machine has: only what is touched takes memory. */
static void muchMemory(void) {
  size_t before = 0, during = 0, total = 0, bytes;
  CUdeviceptr p = 0, more = 0;
  OK(cuMemGetInfo(&before, &total));
  bytes = before / 4 * 3 / 4096 * 4096;
  OK(cuMemAlloc(&p, bytes));
  OK(cuMemGetInfo(&during, &total));
  CHECK(before - during == bytes);
  OK(cuMemsetD32(p + bytes - 64, 7, 16));
  CHECK(word(p + bytes - 4) == 7);
  GIVES(cuMemAlloc(&more, during + 1), CUDA_ERROR_OUT_OF_MEMORY);
  OK(cuMemFree(p));
}

static void pools(CUstream stream) {
  CUmemLocation place = {CU_MEM_LOCATION_TYPE_HOST, 0};
  CUmemoryPool pool = NULL;
  CUdeviceptr p = 0;
  OK(cuMemGetDefaultMemPool(&pool, &place, CU_MEM_ALLOCATION_TYPE_PINNED));
  OK(cuMemAllocFromPoolAsync(&p, 400, pool, stream));
  for (unsigned n = 0; n < 100; ++n)
    ((unsigned *)p)[n] = n; /* the host writes what the kernel reads */
  launch(p, 100, stream);
  OK(cuStreamSynchronize(stream));
  CHECK(((unsigned *)p)[99] == 199);
  OK(cuMemFreeAsync(p, stream));
}

static void released(void *object) {
  __atomic_store_n((int *)object, 1, __ATOMIC_RELEASE);
}

static void graphs(CUstream stream) {
  static int gone;
  CUgraph graph = NULL;
  CUgraphExec exec = NULL;
  CUgraphNode nodes[5];
  CUuserObject object = NULL;
  size_t count = 5;
  unsigned enabled = 1;
  CUdeviceptr p = 0, out = 0;
  OK(cuMemAlloc(&out, 4));
  OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  OK(cuMemAllocAsync(&p, 400, stream));
  OK(cuMemsetD32Async(p, 3, 100, stream));
  launch(p, 100, stream);
  OK(cuMemcpyAsync(out, p, 4, stream));
  OK(cuMemFreeAsync(p, stream));
  OK(cuStreamEndCapture(stream, &graph));
  OK(cuGraphGetNodes(graph, nodes, &count));
  CHECK(count == 5);
  OK(cuUserObjectCreate(&object, &gone, released, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  OK(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE));
  OK(cuGraphInstantiate(&exec, graph, 0));
  OK(cuGraphDestroy(graph));
  for (unsigned n = 0; n < 2; ++n) {
    OK(cuGraphLaunch(exec, stream));
    OK(cuStreamSynchronize(stream));
    CHECK(word(out) == 7);
  }
  GIVES(cuMemFree(p), CUDA_ERROR_INVALID_VALUE); /* the graph did */
  OK(cuGraphExecDestroy(exec));
  for (unsigned n = 0; n < 2000 && !__atomic_load_n(&gone, __ATOMIC_ACQUIRE); ++n)
    usleep(1000);
  CHECK(gone);

  OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  OK(cuMemsetD32Async(out, 3, 1, stream));
  launch(out, 1, stream);
  OK(cuStreamEndCapture(stream, &graph));
  OK(cuGraphGetNodes(graph, nodes, &count));
  OK(cuGraphInstantiate(&exec, graph, 0));
  OK(cuGraphNodeSetEnabled(exec, nodes[1], 0));
  OK(cuGraphNodeGetEnabled(exec, nodes[1], &enabled));
  OK(cuGraphLaunch(exec, stream));
  OK(cuStreamSynchronize(stream));
  CHECK(enabled == 0 && word(out) == 3);
  OK(cuGraphExecDestroy(exec));
  OK(cuGraphDestroy(graph));
  OK(cuMemFree(out));
}

static void capture(CUstream stream) {
  CUstream side = NULL;
  CUevent fork = NULL, join = NULL;
  CUgraph graph = NULL;
  CUdeviceptr p = 0;
  OK(cuMemAlloc(&p, 400));
  OK(cuEventCreate(&fork, 0));
  OK(cuEventCreate(&join, 0));
  GIVES(cuStreamBeginCapture(CU_STREAM_LEGACY, CU_STREAM_CAPTURE_MODE_RELAXED),
        CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  for (int joins = 0; joins < 2; ++joins) {
    OK(cuStreamCreate(&side, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuMemsetD32Async(p, 1, 100, stream));
    OK(cuEventRecord(fork, stream));
    GIVES(cuEventSynchronize(fork), CUDA_ERROR_CAPTURED_EVENT);
    OK(cuStreamWaitEvent(side, fork, 0));
    launch(p, 50, side);
    OK(cuEventRecord(join, side));
    if (joins) OK(cuStreamWaitEvent(stream, join, 0));
    if (joins) OK(cuStreamDestroy(side)); /* its work is the graph's already */
    GIVES(cuStreamEndCapture(stream, &graph), joins ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    if (!joins) OK(cuStreamDestroy(side));
  }
  OK(cuGraphDestroy(graph));
  OK(cuEventDestroy(fork));
  OK(cuEventDestroy(join));
  OK(cuMemFree(p));
}

static void *writes(void *value) {
  usleep(20000);
  __atomic_store_n((unsigned *)value, 9, __ATOMIC_RELEASE);
  return NULL;
}

static void values(CUstream stream) {
  unsigned *value = NULL;
  pthread_t thread;
  OK(cuMemHostAlloc((void **)&value, 4, CU_MEMHOSTALLOC_DEVICEMAP));
  OK(cuStreamWriteValue32(stream, (CUdeviceptr)value, 5, 0));
  CHECK(*value == 5);
  OK(cuStreamWaitValue32(stream, (CUdeviceptr)value, 5, CU_STREAM_WAIT_VALUE_EQ));
  GIVES(cuStreamWriteValue32(stream, (CUdeviceptr)value + 2, 5, 0), CUDA_ERROR_INVALID_VALUE);
  pthread_create(&thread, NULL, writes, value);
  OK(cuStreamWaitValue32(stream, (CUdeviceptr)value, 9, CU_STREAM_WAIT_VALUE_GEQ));
  pthread_join(thread, NULL);
  OK(cuMemFreeHost(value));
}

/* A context does not come along into a child. */
static void forks(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    CUdeviceptr p = 0;
    _exit(cuMemAlloc(&p, 4) == CUDA_ERROR_NOT_INITIALIZED && cuInit(0) == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
  }
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  CUcontext context = NULL;
  CUstream stream = NULL;
  CUdevice device = 0;
  OK(cuInit(0));
  OK(cuDeviceGet(&device, 0));
  if (failures) return 1;
  OK(cuCtxCreate(&context, NULL, 0, device));
  OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  linking();
  addresses();
  muchMemory();
  pools(stream);
  graphs(stream);
  capture(stream);
  values(stream);
  forks();
  OK(cuCtxDestroy(context));
  puts(failures ? "failed" : "passed");
  return failures != 0;
}
