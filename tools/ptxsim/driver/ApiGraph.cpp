// The driver API: graphs as a whole: their structure, instances, launches.
#include "tools/ptxsim/driver/Graphs.h"
#include <algorithm>
#include <cstdio>

using namespace girih::cudasim;

namespace {

/// Copies up to *count handles; with no room given, only counts.
template <class T, class Get> CUresult list(size_t size, size_t *count, T *out, Get &&get) {
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  if (out)
    for (size_t n = 0; n < *count; ++n)
      out[n] = n < size ? get(n) : nullptr;
  *count = out ? std::min(*count, size) : size;
  return CUDA_SUCCESS;
}

CUresult changeEdges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count, bool add) {
  return ofGraph(graph, [&](Driver &) {
    if (count && (!from || !to)) return CUDA_ERROR_INVALID_VALUE;
    for (size_t n = 0; n < count; ++n) {
      if (!graph->has(from[n]) || !graph->has(to[n]) || from[n] == to[n]) return CUDA_ERROR_INVALID_VALUE;
      auto &list = to[n]->dependencies;
      bool there = std::find(list.begin(), list.end(), from[n]) != list.end();
      if (there == add) return CUDA_ERROR_INVALID_VALUE;
      if (add)
        list.push_back(from[n]);
      else
        std::erase(list, from[n]);
    }
    return CUDA_SUCCESS;
  });
}

CUresult instantiate(CUgraphExec *out, CUgraph graph, unsigned long long flags) {
  return ofGraph(graph, [&](Driver &d) {
    constexpr unsigned long long known = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
                                         CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                                         CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
    if (!out || flags & ~known) return CUDA_ERROR_INVALID_VALUE;
    if (!graph->nodes.empty() && graph->sorted().empty()) {
      say("a graph whose nodes wait for each other in a circle can't be instantiated");
      return CUDA_ERROR_INVALID_VALUE;
    }
    *out = d.executables.make();
    (*out)->graph = graph->clone(), (*out)->flags = flags;
    return CUDA_SUCCESS;
  });
}

/// Where two graphs differ in what an update can't change; its `result` is SUCCESS if they do not.
CUgraphExecUpdateResultInfo difference(const CUgraph_st &have, const CUgraph_st &want) {
  auto at = [](const CUgraph_st &g, CUgraphNode n) {
    return std::find_if(g.nodes.begin(), g.nodes.end(), [&](const auto &m) { return m.get() == n; }) -
           g.nodes.begin();
  };
  if (have.nodes.size() != want.nodes.size())
    return {CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, nullptr, nullptr};
  for (size_t n = 0; n < have.nodes.size(); ++n) {
    const CUgraphNode a = have.nodes[n].get(), b = want.nodes[n].get();
    if (a->operation.type != b->operation.type)
      return {CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, b, nullptr};
    if (a->dependencies.size() != b->dependencies.size())
      return {CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, b, nullptr};
    for (size_t m = 0; m < a->dependencies.size(); ++m)
      if (at(have, a->dependencies[m]) != at(want, b->dependencies[m]))
        return {CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, b, b->dependencies[m]};
    if (!a->operation.child) continue;
    auto inner = difference(*a->operation.child, *b->operation.child);
    if (inner.result) return inner;
  }
  return {CU_GRAPH_EXEC_UPDATE_SUCCESS, nullptr, nullptr};
}

} // namespace

extern "C" {

CUresult cuGraphCreate(CUgraph *out, unsigned flags) {
  return inDriver([&](Driver &d) {
    if (!out || flags) return CUDA_ERROR_INVALID_VALUE;
    return *out = d.graphs.make(), CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroy(CUgraph graph) {
  return inDriver([&](Driver &d) { return d.graphs.erase(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE; });
}

CUresult cuGraphClone(CUgraph *out, CUgraph graph) {
  return ofGraph(graph, [&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = d.graphs.add(graph->clone()), CUDA_SUCCESS;
  });
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *out, size_t *count) {
  return ofGraph(graph, [&](Driver &) {
    return list(graph->nodes.size(), count, out, [&](size_t n) { return graph->nodes[n].get(); });
  });
}

CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *out, size_t *count) {
  return ofGraph(graph, [&](Driver &) {
    std::vector<CUgraphNode> roots;
    for (const auto &n : graph->nodes)
      if (n->dependencies.empty()) roots.push_back(n.get());
    return list(roots.size(), count, out, [&](size_t n) { return roots[n]; });
  });
}

CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data,
                            size_t *count) {
  return ofGraph(graph, [&](Driver &) {
    std::vector<std::pair<CUgraphNode, CUgraphNode>> edges;
    for (const auto &n : graph->nodes)
      for (CUgraphNode d : n->dependencies)
        edges.push_back({d, n.get()});
    if (!count || !from != !to) return CUDA_ERROR_INVALID_VALUE;
    for (size_t n = 0; data && n < *count; ++n)
      data[n] = {};
    size_t room = *count;
    if (to) list(edges.size(), &room, to, [&](size_t n) { return edges[n].second; });
    return list(edges.size(), count, from, [&](size_t n) { return edges[n].first; });
  });
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *out, CUgraphEdgeData *data,
                                       size_t *count) {
  return ofNode(node, [&](Driver &) {
    for (size_t n = 0; data && count && n < *count; ++n)
      data[n] = {};
    return list(node->dependencies.size(), count, out, [&](size_t n) { return node->dependencies[n]; });
  });
}

CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *out, CUgraphEdgeData *data,
                                         size_t *count) {
  return ofNode(node, [&](Driver &) {
    std::vector<CUgraphNode> dependents;
    for (const auto &n : node->graph->nodes)
      if (std::count(n->dependencies.begin(), n->dependencies.end(), node)) dependents.push_back(n.get());
    for (size_t n = 0; data && count && n < *count; ++n)
      data[n] = {};
    return list(dependents.size(), count, out, [&](size_t n) { return dependents[n]; });
  });
}

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                   const CUgraphEdgeData *, size_t count) {
  return changeEdges(graph, from, to, count, /*add=*/true);
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                      const CUgraphEdgeData *, size_t count) {
  return changeEdges(graph, from, to, count, /*add=*/false);
}

CUresult cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type) {
  return ofNode(node, [&](Driver &) {
    if (!type) return CUDA_ERROR_INVALID_VALUE;
    return *type = node->operation.type, CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroyNode(CUgraphNode node) {
  return ofNode(node, [&](Driver &d) {
    CUgraph graph = node->graph;
    bool capturing = false;
    d.eachStream([&](CUstream_st &s) { capturing |= s.capture && s.capture->graph.get() == graph; });
    if (capturing) return CUDA_ERROR_ILLEGAL_STATE; // streams and events refer to its nodes
    for (const auto &n : graph->nodes)
      std::erase(n->dependencies, node);
    std::erase_if(graph->nodes, [&](const auto &n) { return n.get() == node; });
    return CUDA_SUCCESS;
  });
}

//===-- Instances -----------------------------------------------------------------------===//

CUresult cuGraphInstantiateWithFlags(CUgraphExec *out, CUgraph graph, unsigned long long flags) {
  return instantiate(out, graph, flags);
}

CUresult cuGraphInstantiateWithParams(CUgraphExec *out, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS *params) {
  if (!params) return CUDA_ERROR_INVALID_VALUE;
  CUresult e = instantiate(out, graph, params->flags);
  params->hErrNode_out = nullptr;
  params->result_out = e ? CUDA_GRAPH_INSTANTIATE_ERROR : CUDA_GRAPH_INSTANTIATE_SUCCESS;
  return e;
}

CUresult cuGraphExecGetFlags(CUgraphExec exec, uint64_t *flags) {
  return inDriver([&](Driver &d) {
    if (!d.executables.has(exec)) return CUDA_ERROR_INVALID_HANDLE;
    if (!flags) return CUDA_ERROR_INVALID_VALUE;
    return *flags = exec->flags, CUDA_SUCCESS;
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info) {
  return ofGraph(graph, [&](Driver &d) {
    if (!d.executables.has(exec)) return CUDA_ERROR_INVALID_HANDLE;
    if (!info) return CUDA_ERROR_INVALID_VALUE;
    *info = difference(*exec->graph, *graph);
    if (info->result) return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    // Nodes are still known by those that the instance was made from.
    auto fresh = graph->clone();
    for (size_t n = 0; n < fresh->nodes.size(); ++n)
      exec->graph->nodes[n]->operation = fresh->nodes[n]->operation;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphUpload(CUgraphExec exec, CUstream stream) {
  return inStream(stream, [&](Driver &d, CUstream_st &) {
    return d.executables.has(exec) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  return inStream(stream, [&](Driver &d, CUstream_st &s) {
    if (!d.executables.has(exec)) return CUDA_ERROR_INVALID_HANDLE;
    Operation o;
    o.type = CU_GRAPH_NODE_TYPE_GRAPH, o.child = exec->graph->clone();
    return submit(d, s, std::move(o));
  });
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return inDriver(
      [&](Driver &d) { return d.executables.erase(exec) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

} // extern "C"
