/* Calls the driver API at random: live, stale and made-up handles, null pointers, sizes without reason, freed
 * addresses, contexts of others. Every call must come back with an error that cuGetErrorName knows, and what
 * was right goes on working; what a sanitizer finds is the point of it. A program may not pass addresses of
 * the host that it does not have: they crash libcuda too.
 *
 *     fuzz FIRST_SEED COUNT CALLS */
#include "kernels.h"
#include <cuda.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t next(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 33;
}
static unsigned below(unsigned n) {
  return (unsigned)(next() % n);
}
static int oneIn(unsigned n) {
  return below(n) == 0;
}

/* Handles of a kind, those that were destroyed too. */
enum { ROOM = 16 };
struct pool {
  void *handle[ROOM];
};
static struct pool contexts, modules, functions, streams, events, graphs, nodes, executables, pools,
    libraries, links;
static CUdeviceptr addresses[ROOM], ranges[ROOM];
static CUmemGenericAllocationHandle physical[ROOM];
static char hostMemory[1 << 16]; /* no allocation is larger, so that no valid copy leaves it */
static char strings[1 << 10];

static void *pick(const struct pool *p) {
  if (oneIn(20)) return NULL;
  if (oneIn(40)) return (void *)(uintptr_t)(next() & 7);
  if (oneIn(40)) return strings + below(64); /* mapped, but no handle */
  return p->handle[below(ROOM)];
}
static void keep(struct pool *p, void *handle) {
  if (handle) p->handle[below(ROOM)] = handle;
}

static CUdeviceptr address(void) {
  if (oneIn(20)) return 0;
  if (oneIn(40)) return next() << below(33);
  CUdeviceptr p = addresses[below(ROOM)];
  return oneIn(3) ? p + below(300) : p;
}
/* Reserved: places for memory of 2 MiB. */
static CUdeviceptr range(void) {
  return oneIn(20) ? address() : ranges[below(ROOM)] + ((CUdeviceptr)below(4) << 21);
}
static size_t size(void) {
  static const size_t odd[] = {
      0, 1, (size_t)-1, (size_t)1 << 31, (size_t)1 << 40, (size_t)1 << 63, (size_t)-4095};
  return oneIn(10) ? odd[below(sizeof odd / sizeof *odd)] : oneIn(2) ? below(64) * 4 : below(1 << 14);
}
static unsigned extent(void) {
  return oneIn(15) ? (unsigned)next() : oneIn(10) ? 0 : 1 + below(oneIn(10) ? 70 : 4);
}
/* An address of the host for a copy of this many bytes: one that is surely there. */
static void *host(void) {
  return oneIn(30) ? NULL : hostMemory;
}
static void called(void *data) {
  ++*(int *)data;
}
static void streamCalled(CUstream s, CUresult r, void *data) {
  (void)s, (void)r, ++*(int *)data;
}
static int calls;

static CUresult failed(CUresult r) {
  const char *name = NULL;
  if (cuGetErrorName(r, &name) || !name) printf("seedless error %d\n", r), exit(1);
  return r;
}

static void fillMemcpy3D(CUDA_MEMCPY3D *c) {
  memset(c, 0, sizeof *c);
  c->srcMemoryType = (CUmemorytype)(oneIn(10) ? below(9) : CU_MEMORYTYPE_DEVICE),
  c->dstMemoryType = CU_MEMORYTYPE_DEVICE;
  /* From the host only what is there. */
  if (c->srcMemoryType == CU_MEMORYTYPE_HOST || c->srcMemoryType == CU_MEMORYTYPE_UNIFIED)
    c->srcMemoryType = CU_MEMORYTYPE_DEVICE;
  c->srcDevice = address(), c->dstDevice = address();
  c->WidthInBytes = size(), c->Height = oneIn(4) ? size() : 1, c->Depth = oneIn(8) ? size() : 1;
  if (oneIn(2))
    c->srcPitch = size(), c->dstPitch = size(), c->srcXInBytes = size() % 64, c->dstY = oneIn(3) ? size() : 0;
  if (oneIn(4)) c->srcHeight = size(), c->dstHeight = size(), c->srcZ = oneIn(3) ? size() : 0;
}

static void fillKernelParams(CUDA_KERNEL_NODE_PARAMS *p, void **args) {
  static CUdeviceptr first;
  static unsigned k[4] = {3, 1, 2, 5};
  static CUdeviceptr more[3];
  first = address(), more[0] = address(), more[1] = address(), k[0] = below(2000);
  args[0] = &first, args[1] = oneIn(30) ? NULL : (void *)more, args[2] = more + 1, args[3] = k;
  memset(p, 0, sizeof *p);
  p->func = (CUfunction)pick(&functions);
  p->gridDimX = extent(), p->gridDimY = oneIn(8) ? extent() : 1, p->gridDimZ = oneIn(8) ? extent() : 1;
  p->blockDimX = extent() * (oneIn(3) ? 32 : 1), p->blockDimY = oneIn(8) ? extent() : 1,
  p->blockDimZ = oneIn(8) ? extent() : 1;
  p->sharedMemBytes = oneIn(10) ? (unsigned)size() : 4096;
  p->kernelParams = oneIn(20) ? NULL : args;
  /* Large grids are slow, and no matter here. */
  if ((uint64_t)p->gridDimX * p->gridDimY > 4096 && p->gridDimX < 1u << 31) p->gridDimX = 1u << 31;
}

/* In the order of the API's chapters. */
static CUresult call(void) {
  CUcontext context = (CUcontext)pick(&contexts);
  CUmodule module = (CUmodule)pick(&modules);
  CUfunction function = (CUfunction)pick(&functions);
  CUstream stream = oneIn(4) ? (CUstream)(uintptr_t)below(3) : (CUstream)pick(&streams);
  CUevent event = (CUevent)pick(&events);
  CUgraph graph = (CUgraph)pick(&graphs);
  CUgraphNode node = (CUgraphNode)pick(&nodes),
              dependencies[2] = {(CUgraphNode)pick(&nodes), (CUgraphNode)pick(&nodes)};
  CUgraphExec exec = (CUgraphExec)pick(&executables);
  CUmemoryPool memoryPool = (CUmemoryPool)pick(&pools);
  CUlibrary library = (CUlibrary)pick(&libraries);
  CUlinkState link = (CUlinkState)pick(&links);
  int null = oneIn(30), number = 0;
  unsigned flags = oneIn(8) ? (unsigned)next() : 0, edges = below(3);
  size_t bytes = 0, count = below(9);
  void *out = NULL, *args[4];
  CUdeviceptr p = 0;
  CUresult r = CUDA_SUCCESS;
  CUDA_MEMCPY3D copy;
  CUDA_KERNEL_NODE_PARAMS launch;
  CUDA_MEMSET_NODE_PARAMS fill = {address(),      size(), (unsigned)next(),
                                  1u << below(4), size(), oneIn(4) ? size() : 1};
  CUDA_HOST_NODE_PARAMS hostCall = {oneIn(10) ? NULL : called, &calls};
  fillMemcpy3D(&copy), fillKernelParams(&launch, args);
#define OUT(TYPE) (null ? NULL : (TYPE *)&out)
  switch (below(98)) {
  case 0:
    if (!oneIn(8)) return CUDA_SUCCESS;
    r = cuCtxCreate(OUT(CUcontext), NULL, flags, oneIn(10) ? 3 : 0);
    keep(&contexts, out);
    return r;
  case 1:
    return oneIn(6) ? cuCtxDestroy(context) : CUDA_SUCCESS;
  case 2:
    return cuCtxPushCurrent(context);
  case 3:
    return cuCtxPopCurrent(OUT(CUcontext));
  case 4:
    return cuCtxSetCurrent(context);
  case 5:
    return oneIn(2) ? cuCtxSynchronize() : cuCtxGetFlags(null ? NULL : &flags);
  case 6:
    return cuCtxGetLimit(null ? NULL : &bytes, (CUlimit)below(12));
  case 7:
    return cuCtxSetLimit((CUlimit)below(12), size());
  case 8:
    r = cuDevicePrimaryCtxRetain(OUT(CUcontext), 0);
    keep(&contexts, out);
    return r;
  case 9:
    return oneIn(4) ? cuDevicePrimaryCtxRelease(0) : oneIn(8) ? cuDevicePrimaryCtxReset(0) : CUDA_SUCCESS;
  case 10:
  case 11:
    r = cuModuleLoadData(OUT(CUmodule), oneIn(8) ? unknownInstruction : kernels);
    keep(&modules, out);
    return r;
  case 12:
    return oneIn(3) ? cuModuleUnload(module) : CUDA_SUCCESS;
  case 13:
  case 14:
  case 15: {
    static const char *const names[] = {"add", "scale", "count", "store", "nothing", "collide"};
    r = cuModuleGetFunction(OUT(CUfunction), module, oneIn(30) ? NULL : names[below(6)]);
    if (!r) keep(&functions, out);
    return r;
  }
  case 16:
    r = cuModuleGetGlobal(null ? NULL : &p, &bytes, module, oneIn(8) ? "nothing" : "counter");
    if (!r && p) addresses[below(ROOM)] = p;
    return r;
  case 17:
    r = cuLibraryLoadData(OUT(CUlibrary), kernels, NULL, NULL, 0, NULL, NULL, 0);
    keep(&libraries, out);
    return r;
  case 18:
    return cuLibraryUnload(library);
  case 19:
    r = cuLibraryGetKernel(OUT(CUkernel), library, "scale");
    if (!r) keep(&functions, out);
    return r;
  case 20:
    r = cuLibraryGetModule(OUT(CUmodule), library);
    if (!r) keep(&modules, out);
    return r;
  case 21:
    r = cuLinkCreate(0, NULL, NULL, OUT(CUlinkState));
    keep(&links, out);
    return r;
  case 22:
    return cuLinkAddData(link, (CUjitInputType)below(6), (void *)kernels, null ? 0 : sizeof kernels, NULL, 0,
                         NULL, NULL);
  case 23:
    r = cuLinkComplete(link, OUT(void), &bytes);
    return r;
  case 24:
    return cuLinkDestroy(link);
  case 25:
  case 26:
  case 27:
    /* Sizes beyond hostMemory only where they cannot be had. */
    bytes = size();
    if (bytes > sizeof hostMemory && bytes < (size_t)1 << 40) bytes = sizeof hostMemory;
    if (bytes == (size_t)1 << 40) bytes = (size_t)1 << 50;
    r = below(3) == 0   ? cuMemAlloc(null ? NULL : &p, bytes)
        : below(2) == 0 ? cuMemAllocManaged(null ? NULL : &p, bytes, oneIn(10) ? 9 : CU_MEM_ATTACH_GLOBAL)
                        : cuMemAllocAsync(null ? NULL : &p, bytes, stream);
    if (!r) addresses[below(ROOM)] = p;
    return r;
  case 28:
    r = cuMemHostAlloc(OUT(void), size() % sizeof hostMemory, below(10));
    if (!r) addresses[below(ROOM)] = (CUdeviceptr)(uintptr_t)out;
    return r;
  case 29:
    return oneIn(2) ? cuMemFree(address()) : cuMemFreeAsync(address(), stream);
  case 30:
    return cuMemFreeHost((void *)(uintptr_t)address());
  case 31:
    return cuMemHostRegister(oneIn(3) ? (void *)(uintptr_t)next() : host(), oneIn(2) ? size() : 4096, flags);
  case 32:
    return cuMemHostUnregister(host());
  case 33:
    return cuMemGetAddressRange(null ? NULL : &p, &bytes, address());
  case 34: {
    CUpointer_attribute attributes[2] = {(CUpointer_attribute)below(24), (CUpointer_attribute)below(24)};
    uint64_t values[2][4];
    void *to[2] = {values[0], null ? NULL : values[1]};
    return oneIn(2) ? cuPointerGetAttribute(to[1], attributes[0], address())
                    : cuPointerGetAttributes(2, attributes, to, address());
  }
  case 35:
  case 36:
    return cuMemcpyHtoDAsync(address(), host(), size(), stream);
  case 37:
    return cuMemcpyDtoHAsync(host(), address(), size(), stream);
  case 38:
    return cuMemcpyDtoDAsync(address(), address(), size(), stream);
  case 39:
  case 40:
    return cuMemcpy3DAsync(null ? NULL : &copy, stream);
  case 41: {
    CUDA_MEMCPY2D flat;
    memset(&flat, 0, sizeof flat);
    flat.srcMemoryType = flat.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    flat.srcDevice = address(), flat.dstDevice = address(), flat.srcPitch = size(), flat.dstPitch = size();
    flat.WidthInBytes = size(), flat.Height = size(), flat.srcY = oneIn(3) ? size() : 0;
    return cuMemcpy2D(null ? NULL : &flat);
  }
  case 42:
    return cuMemsetD8Async(address(), 1, size(), stream);
  case 43:
    return cuMemsetD32(address(), 1, size());
  case 44:
    return cuMemsetD2D16Async(address(), size(), 1, size(), size(), stream);
  case 45: {
    CUmemPoolProps props;
    memset(&props, 0, sizeof props);
    props.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, props.location.type = CU_MEM_LOCATION_TYPE_DEVICE,
    props.location.id = oneIn(8);
    r = cuMemPoolCreate(OUT(CUmemoryPool), null ? NULL : &props);
    keep(&pools, out);
    return r;
  }
  case 46:
    return cuMemPoolDestroy(memoryPool);
  case 47:
    bytes = size() % sizeof hostMemory;
    r = cuMemAllocFromPoolAsync(null ? NULL : &p, bytes, memoryPool, stream);
    if (!r) addresses[below(ROOM)] = p;
    return r;
  case 48: {
    uint64_t value = size();
    CUmemPool_attribute attribute = (CUmemPool_attribute)below(12);
    return oneIn(2) ? cuMemPoolSetAttribute(memoryPool, attribute, &value)
                    : cuMemPoolGetAttribute(memoryPool, attribute, null ? NULL : &value);
  }
  case 49:
  case 50:
    r = cuStreamCreateWithPriority(OUT(CUstream), oneIn(8) ? flags : below(2), (int)below(20) - 10);
    keep(&streams, out);
    return r;
  case 51:
    return oneIn(3) ? cuStreamDestroy(stream) : cuStreamQuery(stream);
  case 52:
    return oneIn(2) ? cuStreamSynchronize(stream) : cuStreamGetCtx(stream, OUT(CUcontext));
  case 53:
    return oneIn(2) ? cuLaunchHostFunc(stream, hostCall.fn, hostCall.userData)
                    : cuStreamAddCallback(stream, streamCalled, &calls, flags);
  case 54:
  case 55:
    r = cuEventCreate(OUT(CUevent), oneIn(8) ? flags : below(3));
    keep(&events, out);
    return r;
  case 56:
    return oneIn(3) ? cuEventDestroy(event) : cuEventQuery(event);
  case 57:
  case 58:
    return cuEventRecord(event, stream);
  case 59:
  case 60:
    return cuStreamWaitEvent(stream, event, 0);
  case 61: {
    float milliseconds;
    return cuEventElapsedTime(null ? NULL : &milliseconds, event, (CUevent)pick(&events));
  }
  case 62:
  case 63:
    return cuStreamBeginCapture(stream, (CUstreamCaptureMode)below(4));
  case 64:
    r = cuStreamEndCapture(stream, OUT(CUgraph));
    keep(&graphs, out);
    return r;
  case 65: {
    CUstreamCaptureStatus status;
    CUgraph captured = NULL;
    uint64_t id;
    const CUgraphNode *last = NULL;
    const CUgraphEdgeData *data = NULL;
    r = cuStreamGetCaptureInfo(stream, null ? NULL : &status, &id, &captured, &last, &data, &count);
    if (!r && captured) {
      keep(&graphs, captured);
      if (count) keep(&nodes, last[0]);
    }
    return r;
  }
  case 66:
    r = cuGraphCreate(OUT(CUgraph), flags);
    keep(&graphs, out);
    return r;
  case 67:
    return oneIn(3) ? cuGraphDestroy(graph) : CUDA_SUCCESS;
  case 68:
    r = cuGraphClone(OUT(CUgraph), graph);
    keep(&graphs, out);
    return r;
  case 69:
  case 70:
    r = cuGraphAddKernelNode(OUT(CUgraphNode), graph, dependencies, edges, null ? NULL : &launch);
    break;
  case 71:
    r = cuGraphAddMemcpyNode(OUT(CUgraphNode), graph, dependencies, edges, &copy, context);
    break;
  case 72:
    r = cuGraphAddMemsetNode(OUT(CUgraphNode), graph, edges ? dependencies : NULL, edges, &fill, context);
    break;
  case 73:
    r = cuGraphAddHostNode(OUT(CUgraphNode), graph, dependencies, edges, &hostCall);
    break;
  case 74: {
    /* Graphs within graphs double each time: small ones only. */
    size_t have = 0;
    CUgraph child = (CUgraph)pick(&graphs);
    if (cuGraphGetNodes(child, NULL, &have) || have > 4) return CUDA_SUCCESS;
    r = cuGraphAddChildGraphNode(OUT(CUgraphNode), graph, dependencies, edges, child);
    break;
  }
  case 75:
    r = oneIn(2) ? cuGraphAddEventRecordNode(OUT(CUgraphNode), graph, dependencies, edges, event)
                 : cuGraphAddEventWaitNode(OUT(CUgraphNode), graph, dependencies, edges, event);
    break;
  case 76: {
    CUgraphNode found[8];
    r = cuGraphGetNodes(graph, oneIn(3) ? NULL : found, null ? NULL : &count);
    return r;
  }
  case 77: {
    CUgraphNode from[8], to[8];
    return cuGraphGetEdges(graph, from, oneIn(10) ? NULL : to, NULL, &count);
  }
  case 78:
    return oneIn(2) ? cuGraphAddDependencies(graph, dependencies, dependencies + 1, NULL, edges & 1)
                    : cuGraphRemoveDependencies(graph, dependencies, dependencies + 1, NULL, edges & 1);
  case 79:
    return cuGraphDestroyNode(node);
  case 80: {
    CUDA_KERNEL_NODE_PARAMS have;
    r = cuGraphKernelNodeGetParams(node, null ? NULL : &have);
    return r ? r : cuGraphKernelNodeSetParams(node, &have);
  }
  case 81:
    r = cuGraphChildGraphNodeGetGraph(node, OUT(CUgraph));
    if (!r) keep(&graphs, out);
    return r;
  case 82:
    r = cuGraphInstantiate(OUT(CUgraphExec), graph, flags);
    keep(&executables, out);
    return r;
  case 83:
    return cuGraphLaunch(exec, stream);
  case 84: {
    CUgraphExecUpdateResultInfo info;
    return oneIn(3) ? cuGraphExecDestroy(exec) : cuGraphExecUpdate(exec, graph, null ? NULL : &info);
  }
  case 85:
    return oneIn(2) ? cuGraphExecKernelNodeSetParams(exec, node, &launch)
                    : cuGraphExecMemsetNodeSetParams(exec, node, &fill, context);
  case 86:
    return oneIn(2) ? cuFuncGetAttribute(null ? NULL : &number, (CUfunction_attribute)below(20), function)
                    : cuFuncSetAttribute(function, (CUfunction_attribute)below(20), (int)size());
  case 87:
    return oneIn(2) ? cuOccupancyMaxActiveBlocksPerMultiprocessor(&number, function, (int)size(), size())
                    : cuOccupancyMaxPotentialBlockSize(&number, null ? NULL : &number, function, NULL, size(),
                                                       (int)extent());
  case 88: {
    CUmemAllocationProp prop;
    CUmemGenericAllocationHandle handle = 0;
    memset(&prop, 0, sizeof prop);
    prop.type = (CUmemAllocationType)below(3), prop.location.type = (CUmemLocationType)below(4);
    r = cuMemCreate(&handle, oneIn(3) ? size() : (size_t)(1 + below(3)) << 21, &prop, flags & 1);
    if (!r) physical[below(ROOM)] = handle;
    return r;
  }
  case 89:
    r = cuMemAddressReserve(&p, oneIn(3) ? size() : (size_t)4 << 21, oneIn(4) ? size() : 0, address(), 0);
    if (!r) ranges[below(ROOM)] = p;
    return r;
  case 90:
    return cuMemMap(range(), oneIn(3) ? size() : (size_t)1 << 21, oneIn(3) ? size() : 0,
                    physical[below(ROOM)], 0);
  case 91: {
    CUmemAccessDesc access;
    access.location.type = CU_MEM_LOCATION_TYPE_DEVICE, access.location.id = oneIn(9);
    access.flags = (CUmemAccess_flags)(oneIn(2) ? 3 : below(4));
    p = range();
    r = cuMemSetAccess(p, oneIn(3) ? size() : (size_t)1 << 21, null ? NULL : &access, 1);
    if (!r) addresses[below(ROOM)] = p;
    return r;
  }
  case 92:
    return oneIn(3)   ? cuMemAddressFree(range(), oneIn(3) ? size() : (size_t)4 << 21)
           : oneIn(2) ? cuMemRelease(physical[below(ROOM)])
                      : cuMemUnmap(range(), (size_t)1 << 21);
  case 93: {
    CUDA_MEM_ALLOC_NODE_PARAMS memory;
    memset(&memory, 0, sizeof memory);
    memory.poolProps.allocType = (CUmemAllocationType)(oneIn(9) ? below(4) : 1);
    memory.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE, memory.bytesize = size();
    r = oneIn(3)
            ? cuGraphAddMemFreeNode(OUT(CUgraphNode), graph, dependencies, edges, address())
            : cuGraphAddMemAllocNode(OUT(CUgraphNode), graph, dependencies, edges, null ? NULL : &memory);
    if (!r && memory.dptr) addresses[below(ROOM)] = memory.dptr;
    break;
  }
  case 94:
    return oneIn(2) ? cuGraphNodeSetEnabled(exec, node, below(2))
                    : cuGraphNodeFindInClone(null ? NULL : (CUgraphNode *)&out, node, graph);
  case 95:
    return oneIn(2) ? cuStreamWriteValue32(stream, address(), (unsigned)next(), flags)
                    : cuStreamWriteValue64(stream, address(), next(), flags);
  default: {
    CUlaunchAttribute attribute;
    CUlaunchConfig config;
    memset(&attribute, 0, sizeof attribute), memset(&config, 0, sizeof config);
    attribute.id = (CUlaunchAttributeID)(oneIn(2) ? CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION : below(22));
    attribute.value.clusterDim.x = extent(),
    attribute.value.clusterDim.y = attribute.value.clusterDim.z = oneIn(6) ? extent() : 1;
    config.gridDimX = launch.gridDimX, config.gridDimY = launch.gridDimY, config.gridDimZ = launch.gridDimZ;
    config.blockDimX = launch.blockDimX, config.blockDimY = launch.blockDimY,
    config.blockDimZ = launch.blockDimZ;
    config.sharedMemBytes = launch.sharedMemBytes, config.hStream = stream;
    config.attrs = null ? NULL : &attribute, config.numAttrs = oneIn(3);
    return cuLaunchKernelEx(&config, launch.func, launch.kernelParams, NULL);
  }
  }
  if (!r) keep(&nodes, out);
  return r;
}

/* After all of it, a context of its own works. */
static int works(void) {
  CUcontext own = NULL;
  CUmodule module = NULL;
  CUfunction count = NULL;
  CUdeviceptr counter = 0;
  size_t bytes = 0;
  unsigned value = 0;
  CUresult r = cuCtxCreate(&own, NULL, 0, 0);
  if (!r) r = cuModuleLoadData(&module, kernels);
  if (!r) r = cuModuleGetFunction(&count, module, "count");
  if (!r) r = cuModuleGetGlobal(&counter, &bytes, module, "counter");
  if (!r) r = cuLaunchKernel(count, 2, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL);
  if (!r) r = cuMemcpyDtoH(&value, counter, 4);
  if (!r) r = cuCtxDestroy(own);
  return r == CUDA_SUCCESS && value == 5 + 64;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  unsigned first = (unsigned)atoi(argv[1]), count = (unsigned)atoi(argv[2]), many = (unsigned)atoi(argv[3]);
  uint64_t succeeded = 0;
  if (cuInit(0)) return 1;
  for (unsigned seed = first; seed < first + count; ++seed) {
    printf("%u\n", seed), fflush(stdout);
    state = seed * 0x9e3779b97f4a7c15u + 1;
    for (unsigned n = 0; n < many; ++n)
      succeeded += failed(call()) == CUDA_SUCCESS;
    if (!works()) return printf("a fresh context does not work\n"), 1;
  }
  return printf("%llu calls succeeded\n", (unsigned long long)succeeded), 0;
}
