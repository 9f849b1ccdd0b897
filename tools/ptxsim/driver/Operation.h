// What streams and graphs do: one operation, with all that it needs. An operation that is submitted to a
// stream is executed at once, or becomes a node of the graph into which the stream is captured.
#pragma once

#include "tools/ptxsim/driver/include/cuda.h"
#include <memory>
#include <vector>

struct CUgraphNode_st;

namespace girih::cudasim {

class Driver;

/// Memory of a graph, at the same address in each launch. It stays the program's when the graph goes, if a
/// launch has allocated it and nothing has freed it.
struct GraphMemory {
  CUDA_MEM_ALLOC_NODE_PARAMS params = {};
  uint64_t id = 0; // the allocation's
  GraphMemory() = default;
  GraphMemory(const GraphMemory &) = delete;
  ~GraphMemory();
};

/// Something of the program's that graphs keep alive; its function is called, in a thread of its own, once
/// nothing refers to it.
struct UserObject {
  void *object = nullptr;
  CUhostFn destroy = nullptr;
  UserObject() = default;
  UserObject(const UserObject &) = delete;
  ~UserObject();
};

struct Operation {
  CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
  struct {
    CUfunction function = nullptr;
    unsigned grid[3] = {1, 1, 1}, block[3] = {1, 1, 1}, cluster[3] = {1, 1, 1}, sharedBytes = 0;
    bool cooperative = false;
    std::vector<char> params;
    std::vector<void *> pointers; // to the parameters, for those who ask for them
  } kernel;
  CUDA_MEMCPY3D copy = {};
  CUDA_MEMSET_NODE_PARAMS set = {};
  CUDA_HOST_NODE_PARAMS host = {};
  CUevent event = nullptr;
  std::vector<CUstreamBatchMemOpParams> values;
  std::shared_ptr<GraphMemory> memory; // allocated
  CUdeviceptr freed = 0;
  std::shared_ptr<CUgraph_st> child;
};

/// A copy of `bytes` bytes between addresses of any kind, which are looked up.
Operation linearCopy(uint64_t to, uint64_t from, uint64_t bytes);
/// A copy in rows. Null arrays only.
Operation copyOf(const CUDA_MEMCPY2D &copy);

/// A launch. The parameters are copied as the kernel declares them.
CUresult kernelOperation(Driver &d, const CUDA_KERNEL_NODE_PARAMS &p, Operation &o);

/// Why an operation would be refused; CUDA_SUCCESS if it can be executed. Says what CUDA's code does not.
CUresult validate(Driver &d, const Operation &o);
/// Executes a valid operation as work of a stream. Errors of kernels stay with its context.
CUresult execute(Driver &d, CUstream_st &s, const Operation &o);
/// Validates, then executes or captures.
CUresult submit(Driver &d, CUstream_st &s, Operation o);

} // namespace girih::cudasim

struct CUgraphNode_st {
  CUgraph graph = nullptr;
  girih::cudasim::Operation operation;
  std::vector<CUgraphNode> dependencies;
  CUgraphNode origin = nullptr; // of which this is a copy
  bool enabled = true;          // of instances

  CUgraphNode_st();
  ~CUgraphNode_st();
  CUgraphNode_st(const CUgraphNode_st &) = delete;
};

struct CUgraph_st {
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes; // in the order in which they were added
  std::vector<std::shared_ptr<girih::cudasim::UserObject>> objects;

  CUgraphNode add(girih::cudasim::Operation operation, std::vector<CUgraphNode> dependencies);
  bool has(CUgraphNode node) const;
  std::unique_ptr<CUgraph_st> clone() const;
  /// The nodes so that each comes after those that it depends on; empty with nodes there: a cycle.
  std::vector<CUgraphNode> sorted() const;
};

/// A copy of a graph whose nodes know which ones they were made from.
struct CUgraphExec_st {
  std::unique_ptr<CUgraph_st> graph;
  unsigned long long flags = 0;

  CUgraphNode nodeFor(CUgraphNode original) const;
};
