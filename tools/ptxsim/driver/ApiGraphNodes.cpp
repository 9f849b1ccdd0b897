// The driver API: nodes of graphs: adding them, reading and changing what they do.
#include "tools/ptxsim/driver/Allocations.h"
#include "tools/ptxsim/driver/Graphs.h"
#include <cstring>

using namespace girih::cudasim;

namespace {

CUresult add(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count, Operation o) {
  if (!out || (count && !dependencies)) return CUDA_ERROR_INVALID_VALUE;
  for (size_t n = 0; n < count; ++n)
    if (!graph->has(dependencies[n])) return CUDA_ERROR_INVALID_VALUE;
  return *out = graph->add(std::move(o), {dependencies, dependencies + count}), CUDA_SUCCESS;
}

//===-- From what the program gives -----------------------------------------------------===//

CUresult make(Driver &d, const CUDA_KERNEL_NODE_PARAMS *p, Operation &o) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  if (CUresult e = kernelOperation(d, *p, o)) return e;
  return validate(d, o);
}

CUresult make(Driver &d, const CUDA_MEMCPY3D *p, Operation &o) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  o.type = CU_GRAPH_NODE_TYPE_MEMCPY, o.copy = *p;
  return validate(d, o);
}

CUresult make(Driver &d, const CUDA_MEMSET_NODE_PARAMS *p, Operation &o) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  o.type = CU_GRAPH_NODE_TYPE_MEMSET, o.set = *p;
  return validate(d, o);
}

CUresult make(Driver &d, const CUDA_HOST_NODE_PARAMS *p, Operation &o) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  o.type = CU_GRAPH_NODE_TYPE_HOST, o.host = *p;
  return validate(d, o);
}

CUresult makeEvent(Driver &d, CUgraphNodeType type, CUevent event, Operation &o) {
  o.type = type, o.event = event;
  return validate(d, o);
}

CUresult makeChild(Driver &d, CUgraph child, Operation &o) {
  if (!d.isGraph(child)) return CUDA_ERROR_INVALID_VALUE;
  if (!child->nodes.empty() && child->sorted().empty()) return CUDA_ERROR_INVALID_VALUE;
  o.type = CU_GRAPH_NODE_TYPE_GRAPH, o.child = child->clone();
  return CUDA_SUCCESS;
}

CUresult makeAllocation(Driver &d, CUDA_MEM_ALLOC_NODE_PARAMS *p, Operation &o) {
  CUcontext c = current();
  if (!p || p->poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED) return CUDA_ERROR_INVALID_VALUE;
  bool onDevice = p->poolProps.location.type == CU_MEM_LOCATION_TYPE_DEVICE;
  if (onDevice && p->poolProps.location.id != 0) return CUDA_ERROR_INVALID_DEVICE;
  return graphAllocation(d, c ? *c : *d.primary, onDevice ? MemoryKind::Device : MemoryKind::Host, *p, o);
}

CUresult makeFree(Driver &d, CUdeviceptr address, Operation &o) {
  o.type = CU_GRAPH_NODE_TYPE_MEM_FREE, o.freed = address;
  return validate(d, o);
}

/// Adds a node that `f` makes.
template <class F>
CUresult addMade(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count, F &&f) {
  return ofGraph(graph, [&](Driver &d) {
    Operation o;
    if (CUresult e = f(d, o)) return e;
    return add(out, graph, dependencies, count, std::move(o));
  });
}

/// Replaces what a node does by what `p` says, if it is a node of that type.
template <class P> CUresult change(Driver &d, CUgraphNode node, const P *p) {
  Operation o;
  if (CUresult e = make(d, p, o)) return e;
  if (!node || o.type != node->operation.type) return CUDA_ERROR_INVALID_VALUE;
  // Attributes of the launch stay.
  if (o.type == CU_GRAPH_NODE_TYPE_KERNEL) {
    o.kernel.cooperative = node->operation.kernel.cooperative;
    std::copy(node->operation.kernel.cluster, node->operation.kernel.cluster + 3, o.kernel.cluster);
  }
  return node->operation = std::move(o), CUDA_SUCCESS;
}

template <class P> CUresult setParams(CUgraphNode node, const P *p) {
  return ofNode(node, [&](Driver &d) { return change(d, node, p); });
}

template <class P> CUresult setExecParams(CUgraphExec exec, CUgraphNode node, const P *p) {
  return inDriver([&](Driver &d) {
    if (!d.executables.has(exec)) return CUDA_ERROR_INVALID_HANDLE;
    return change(d, exec->nodeFor(node), p);
  });
}

template <class P> CUresult getParams(CUgraphNode node, CUgraphNodeType type, P *out, P Operation::*member) {
  return ofNode(node, [&](Driver &) {
    if (!out || node->operation.type != type) return CUDA_ERROR_INVALID_VALUE;
    return *out = node->operation.*member, CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuGraphAddKernelNode_v2(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                                 size_t count, const CUDA_KERNEL_NODE_PARAMS *p) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) { return make(d, p, o); });
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count,
                              const CUDA_MEMCPY3D *p, CUcontext) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) { return make(d, p, o); });
}

CUresult cuGraphAddMemsetNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count,
                              const CUDA_MEMSET_NODE_PARAMS *p, CUcontext) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) { return make(d, p, o); });
}

CUresult cuGraphAddHostNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count,
                            const CUDA_HOST_NODE_PARAMS *p) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) { return make(d, p, o); });
}

CUresult cuGraphAddChildGraphNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                                  size_t count, CUgraph child) {
  return addMade(out, graph, dependencies, count,
                 [&](Driver &d, Operation &o) { return makeChild(d, child, o); });
}

CUresult cuGraphAddEmptyNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count) {
  return addMade(out, graph, dependencies, count, [](Driver &, Operation &) { return CUDA_SUCCESS; });
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                                   size_t count, CUevent event) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) {
    return makeEvent(d, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event, o);
  });
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                                 size_t count, CUevent event) {
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) {
    return makeEvent(d, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event, o);
  });
}

CUresult cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                                size_t count, CUDA_MEM_ALLOC_NODE_PARAMS *p) {
  return addMade(out, graph, dependencies, count,
                 [&](Driver &d, Operation &o) { return makeAllocation(d, p, o); });
}

CUresult cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies, size_t count,
                               CUdeviceptr address) {
  return addMade(out, graph, dependencies, count,
                 [&](Driver &d, Operation &o) { return makeFree(d, address, o); });
}

CUresult cuGraphAddNode_v2(CUgraphNode *out, CUgraph graph, const CUgraphNode *dependencies,
                           const CUgraphEdgeData *, size_t count, CUgraphNodeParams *p) {
  if (!p) return CUDA_ERROR_INVALID_VALUE;
  return addMade(out, graph, dependencies, count, [&](Driver &d, Operation &o) {
    switch (p->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
      return make(d, &p->kernel, o);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
      return make(d, &p->memcpy.copyParams, o);
    case CU_GRAPH_NODE_TYPE_MEMSET: {
      CUDA_MEMSET_NODE_PARAMS set = {p->memset.dst,         p->memset.pitch, p->memset.value,
                                     p->memset.elementSize, p->memset.width, p->memset.height};
      return make(d, &set, o);
    }
    case CU_GRAPH_NODE_TYPE_HOST:
      return make(d, &p->host, o);
    case CU_GRAPH_NODE_TYPE_GRAPH:
      return makeChild(d, p->graph.graph, o);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
      return makeAllocation(d, &p->alloc, o);
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
      return makeFree(d, p->free.dptr, o);
    case CU_GRAPH_NODE_TYPE_EMPTY:
      return CUDA_SUCCESS;
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
      return makeEvent(d, p->type, p->eventWait.event, o);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
      return makeEvent(d, p->type, p->eventRecord.event, o);
    default:
      say("cuGraphAddNode: nodes of type %d are not supported", p->type);
      return CUDA_ERROR_NOT_SUPPORTED;
    }
  });
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *out) {
  return ofNode(node, [&](Driver &d) {
    if (!out || node->operation.type != CU_GRAPH_NODE_TYPE_KERNEL) return CUDA_ERROR_INVALID_VALUE;
    auto &k = node->operation.kernel;
    if (!d.functions.has(k.function)) return CUDA_ERROR_INVALID_HANDLE; // its module is unloaded
    k.pointers.clear();
    for (const auto &p : k.function->program->params)
      k.pointers.push_back(k.params.data() + p.offset);
    *out = {k.function,
            k.grid[0],
            k.grid[1],
            k.grid[2],
            k.block[0],
            k.block[1],
            k.block[2],
            k.sharedBytes,
            k.pointers.data(),
            nullptr,
            reinterpret_cast<CUkernel>(k.function),
            k.function->module->context};
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *out) {
  return getParams(node, CU_GRAPH_NODE_TYPE_MEMCPY, out, &Operation::copy);
}
CUresult cuGraphMemsetNodeGetParams(CUgraphNode node, CUDA_MEMSET_NODE_PARAMS *out) {
  return getParams(node, CU_GRAPH_NODE_TYPE_MEMSET, out, &Operation::set);
}
CUresult cuGraphHostNodeGetParams(CUgraphNode node, CUDA_HOST_NODE_PARAMS *out) {
  return getParams(node, CU_GRAPH_NODE_TYPE_HOST, out, &Operation::host);
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *out) {
  return ofNode(node, [&](Driver &) {
    if (!out || !node->operation.child) return CUDA_ERROR_INVALID_VALUE;
    return *out = node->operation.child.get(), CUDA_SUCCESS;
  });
}

CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *p) {
  return setParams(node, p);
}
CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D *p) {
  return setParams(node, p);
}
CUresult cuGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *p) {
  return setParams(node, p);
}
CUresult cuGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS *p) {
  return setParams(node, p);
}

CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                           const CUDA_KERNEL_NODE_PARAMS *p) {
  return setExecParams(exec, node, p);
}
CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *p,
                                        CUcontext) {
  return setExecParams(exec, node, p);
}
CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *p,
                                        CUcontext) {
  return setExecParams(exec, node, p);
}
CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_HOST_NODE_PARAMS *p) {
  return setExecParams(exec, node, p);
}

} // extern "C"
