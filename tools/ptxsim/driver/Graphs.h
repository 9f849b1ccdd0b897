// What the functions of graphs and those of their nodes share.
#pragma once

#include "tools/ptxsim/driver/Driver.h"

namespace girih::cudasim {

template <class F> CUresult ofGraph(CUgraph graph, F &&f) {
  return inDriver([&](Driver &d) { return d.isGraph(graph) ? f(d) : CUDA_ERROR_INVALID_VALUE; });
}

template <class F> CUresult ofNode(CUgraphNode node, F &&f) {
  return inDriver([&](Driver &d) { return d.nodes.count(node) ? f(d) : CUDA_ERROR_INVALID_VALUE; });
}

} // namespace girih::cudasim
