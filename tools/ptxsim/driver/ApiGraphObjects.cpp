// The driver API: what graphs own: memory that their nodes allocate, and objects of the program's.
#include "tools/ptxsim/driver/Allocations.h"
#include "tools/ptxsim/driver/Graphs.h"
#include <algorithm>
#include <thread>

using namespace girih::cudasim;

GraphMemory::~GraphMemory() {
  Driver &d = Driver::get();
  auto it = d.allocations.find(params.dptr);
  if (it == d.allocations.end() || it->second.id != id) return; // its context is gone
  if (it->second.inUse)
    it->second.ofGraph = false;
  else
    d.release(params.dptr);
}

UserObject::~UserObject() {
  // It may wait for a lock that someone holds who waits for the driver.
  std::thread(destroy, object).detach();
}

CUresult girih::cudasim::graphAllocation(Driver &d, CUctx_st &c, MemoryKind kind,
                                         CUDA_MEM_ALLOC_NODE_PARAMS &p, Operation &o) {
  uint64_t address = 0;
  if (CUresult e = allocate(d, c, p.bytesize, kind, 0, nullptr, address)) return e;
  d.allocations.at(address).ofGraph = true;
  p.dptr = address;
  o.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC, o.memory = std::make_shared<GraphMemory>();
  o.memory->id = d.allocations.at(address).id;
  return o.memory->params = p, CUDA_SUCCESS;
}

namespace {

uint64_t bytesOfGraphs(Driver &d, bool inUseOnly) {
  uint64_t bytes = 0;
  for (const auto &[base, a] : d.allocations)
    if (a.ofGraph && (a.inUse || !inUseOnly)) bytes += a.bytes;
  return bytes;
}

CUresult ofInstance(CUgraphExec exec, CUgraphNode node, CUgraphNode &own) {
  return inDriver([&](Driver &d) {
    if (!d.executables.has(exec)) return CUDA_ERROR_INVALID_HANDLE;
    own = exec->nodeFor(node);
    return own ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

template <class F> CUresult ofObject(CUuserObject object, F &&f) {
  return inDriver([&](Driver &d) {
    auto it = d.userObjects.find(object);
    return it == d.userObjects.end() ? CUDA_ERROR_INVALID_VALUE : f(d, it);
  });
}

} // namespace

extern "C" {

CUresult cuGraphMemAllocNodeGetParams(CUgraphNode node, CUDA_MEM_ALLOC_NODE_PARAMS *out) {
  return ofNode(node, [&](Driver &) {
    if (!out || !node->operation.memory) return CUDA_ERROR_INVALID_VALUE;
    return *out = node->operation.memory->params, CUDA_SUCCESS;
  });
}

CUresult cuGraphMemFreeNodeGetParams(CUgraphNode node, CUdeviceptr *out) {
  return ofNode(node, [&](Driver &) {
    if (!out || node->operation.type != CU_GRAPH_NODE_TYPE_MEM_FREE) return CUDA_ERROR_INVALID_VALUE;
    return *out = node->operation.freed, CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute, void *out) {
  return inDriver([&](Driver &d) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (!out || attribute > CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH) return CUDA_ERROR_INVALID_VALUE;
    // The most that there has been is not kept: it is what there is.
    bool used =
        attribute == CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT || attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH;
    return *static_cast<cuuint64_t *>(out) = bytesOfGraphs(d, used), CUDA_SUCCESS;
  });
}

CUresult cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute, void *value) {
  return inDriver([&](Driver &) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    bool high =
        attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH || attribute == CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH;
    return high && value && !*static_cast<cuuint64_t *>(value) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuDeviceGraphMemTrim(CUdevice device) {
  return inDriver([&](Driver &) { return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE; });
}

CUresult cuGraphNodeFindInClone(CUgraphNode *out, CUgraphNode node, CUgraph clone) {
  return ofGraph(clone, [&](Driver &) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    for (const auto &n : clone->nodes)
      if (n->origin == node) return *out = n.get(), CUDA_SUCCESS;
    return CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node, unsigned enabled) {
  CUgraphNode own = nullptr;
  if (CUresult e = ofInstance(exec, node, own)) return e;
  auto type = own->operation.type;
  bool can = type == CU_GRAPH_NODE_TYPE_KERNEL || type == CU_GRAPH_NODE_TYPE_MEMCPY ||
             type == CU_GRAPH_NODE_TYPE_MEMSET;
  return can ? (own->enabled = enabled != 0, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node, unsigned *enabled) {
  CUgraphNode own = nullptr;
  if (CUresult e = ofInstance(exec, node, own)) return e;
  return enabled ? (*enabled = own->enabled, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuUserObjectCreate(CUuserObject *out, void *object, CUhostFn destroy, unsigned references,
                            unsigned flags) {
  return inDriver([&](Driver &d) {
    if (!out || !destroy || !references || flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC)
      return CUDA_ERROR_INVALID_VALUE;
    auto made = std::make_shared<UserObject>();
    made->object = object, made->destroy = destroy;
    *out = reinterpret_cast<CUuserObject>(made.get());
    return d.userObjects[*out] = {std::move(made), references}, CUDA_SUCCESS;
  });
}

CUresult cuUserObjectRetain(CUuserObject object, unsigned count) {
  return ofObject(object, [&](Driver &, auto it) {
    return count ? (it->second.second += count, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuUserObjectRelease(CUuserObject object, unsigned count) {
  return ofObject(object, [&](Driver &d, auto it) {
    if (!count || count > it->second.second) return CUDA_ERROR_INVALID_VALUE;
    if ((it->second.second -= count) == 0) d.userObjects.erase(it);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned count, unsigned flags) {
  return ofObject(object, [&](Driver &d, auto it) {
    if (!d.isGraph(graph) || !count || flags & ~unsigned(CU_GRAPH_USER_OBJECT_MOVE))
      return CUDA_ERROR_INVALID_VALUE;
    bool moves = flags & CU_GRAPH_USER_OBJECT_MOVE;
    if (moves && count > it->second.second) return CUDA_ERROR_INVALID_VALUE;
    graph->objects.insert(graph->objects.end(), count, it->second.first);
    if (moves && (it->second.second -= count) == 0) d.userObjects.erase(it);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned count) {
  return ofGraph(graph, [&](Driver &) {
    auto is = [&](const auto &o) { return reinterpret_cast<CUuserObject>(o.get()) == object; };
    auto have = std::count_if(graph->objects.begin(), graph->objects.end(), is);
    if (!count || count > unsigned(have)) return CUDA_ERROR_INVALID_VALUE;
    for (; count; --count)
      graph->objects.erase(std::find_if(graph->objects.begin(), graph->objects.end(), is));
    return CUDA_SUCCESS;
  });
}

} // extern "C"
