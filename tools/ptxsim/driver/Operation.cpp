#include "tools/ptxsim/driver/Driver.h"
#include "tools/ptxsim/driver/Occupancy.h"
#include "tools/ptxsim/timing/Measure.h"
#include <algorithm>
#include <cstring>
#include <thread>

namespace girih::cudasim {

using Number = unsigned long long;

//===-- Copies --------------------------------------------------------------------------===//

Operation linearCopy(uint64_t to, uint64_t from, uint64_t bytes) {
  Operation o;
  o.type = CU_GRAPH_NODE_TYPE_MEMCPY;
  o.copy.srcMemoryType = o.copy.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  o.copy.srcDevice = from, o.copy.dstDevice = to;
  o.copy.WidthInBytes = bytes, o.copy.Height = o.copy.Depth = 1;
  return o;
}

Operation copyOf(const CUDA_MEMCPY2D &c) {
  Operation o;
  o.type = CU_GRAPH_NODE_TYPE_MEMCPY;
  o.copy.srcXInBytes = c.srcXInBytes, o.copy.srcY = c.srcY, o.copy.srcMemoryType = c.srcMemoryType;
  o.copy.srcHost = c.srcHost, o.copy.srcDevice = c.srcDevice, o.copy.srcPitch = c.srcPitch;
  o.copy.dstXInBytes = c.dstXInBytes, o.copy.dstY = c.dstY, o.copy.dstMemoryType = c.dstMemoryType;
  o.copy.dstHost = c.dstHost, o.copy.dstDevice = c.dstDevice, o.copy.dstPitch = c.dstPitch;
  o.copy.WidthInBytes = c.WidthInBytes, o.copy.Height = c.Height, o.copy.Depth = 1;
  return o;
}

namespace {

/// One side of a copy: rows and slices from an address on.
struct Side {
  uint64_t start, pitch, slice, span;
};

/// Whether [start, start + bytes) can be accessed as memory of a kind; says so if not.
bool reachable(Driver &d, uint64_t start, uint64_t bytes, CUmemorytype type, const char *what) {
  auto range = d.device->memory().find(start);
  // Mappings that follow each other are memory in one piece.
  while (range && range->end - start < bytes) {
    auto next = d.device->memory().find(range->end);
    if (!next || next->begin != range->end) break;
    range->end = next->end;
  }
  if (!range && type != CU_MEMORYTYPE_DEVICE && !d.device->memory().owns(start)) return start != 0;
  if (!range) {
    say("%s: 0x%llx is no address of the device's memory that is allocated", what, Number(start));
    return false;
  }
  if (range->end - start >= bytes) return true;
  say("%s: %llu bytes at 0x%llx, which are %llu bytes before the end of an allocation of %llu bytes", what,
      Number(bytes), Number(start), Number(range->end - start), Number(range->end - range->begin));
  return false;
}

CUresult sideOf(Driver &d, const CUDA_MEMCPY3D &c, bool source, Side &side) {
  CUmemorytype type = source ? c.srcMemoryType : c.dstMemoryType;
  if (type == CU_MEMORYTYPE_ARRAY) return CUDA_ERROR_NOT_SUPPORTED;
  if (type < CU_MEMORYTYPE_HOST || type > CU_MEMORYTYPE_UNIFIED) return CUDA_ERROR_INVALID_VALUE;
  const void *host = source ? c.srcHost : c.dstHost;
  uint64_t base =
      type == CU_MEMORYTYPE_HOST ? reinterpret_cast<uint64_t>(host) : (source ? c.srcDevice : c.dstDevice);
  uint64_t x = source ? c.srcXInBytes : c.dstXInBytes, y = source ? c.srcY : c.dstY;
  uint64_t z = source ? c.srcZ : c.dstZ, rows = source ? c.srcHeight : c.dstHeight;
  side.pitch = source ? c.srcPitch : c.dstPitch;
  if (!side.pitch) side.pitch = x + c.WidthInBytes;
  if (!rows) rows = y + c.Height;
  bool many = c.Height > 1 || c.Depth > 1;
  // Sizes that no memory has would overflow below.
  for (uint64_t n :
       {x, y, z, rows, side.pitch, uint64_t(c.WidthInBytes), uint64_t(c.Height), uint64_t(c.Depth)})
    if (n >> 46) return CUDA_ERROR_INVALID_VALUE;
  if (many && side.pitch < x + c.WidthInBytes) return CUDA_ERROR_INVALID_VALUE;
  if (c.Depth > 1 && rows < y + c.Height) return CUDA_ERROR_INVALID_VALUE;
  if (__builtin_mul_overflow(side.pitch, rows, &side.slice) && c.Depth > 1) return CUDA_ERROR_INVALID_VALUE;
  unsigned __int128 before = x + (unsigned __int128)y * side.pitch + (unsigned __int128)z * side.slice;
  unsigned __int128 span = (unsigned __int128)(c.Depth - 1) * side.slice +
                           (unsigned __int128)(c.Height - 1) * side.pitch + c.WidthInBytes;
  if (before + span >= uint64_t(1) << 47) return CUDA_ERROR_INVALID_VALUE;
  side.start = base + uint64_t(before), side.span = uint64_t(span);
  return reachable(d, side.start, side.span, type, source ? "source of a copy" : "destination of a copy")
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

CUresult copy(Driver &d, const CUDA_MEMCPY3D &c, bool execute) {
  if (!c.WidthInBytes || !c.Height || !c.Depth) return CUDA_SUCCESS;
  Side from, to;
  if (CUresult e = sideOf(d, c, true, from)) return e;
  if (CUresult e = sideOf(d, c, false, to)) return e;
  if (!execute) return CUDA_SUCCESS;
  for (size_t z = 0; z < c.Depth; ++z)
    for (size_t y = 0; y < c.Height; ++y) {
      uint64_t row = to.start + z * to.slice + y * to.pitch;
      memmove(reinterpret_cast<char *>(row),
              reinterpret_cast<const char *>(from.start + z * from.slice + y * from.pitch), c.WidthInBytes);
      d.device->memory().wrote(row, c.WidthInBytes);
    }
  return CUDA_SUCCESS;
}

CUresult fill(Driver &d, const CUDA_MEMSET_NODE_PARAMS &s, bool execute) {
  unsigned bytes = s.elementSize;
  if ((bytes != 1 && bytes != 2 && bytes != 4) || s.dst % bytes) return CUDA_ERROR_INVALID_VALUE;
  if (!s.width || !s.height) return CUDA_SUCCESS;
  uint64_t row = 0, span = 0;
  if (__builtin_mul_overflow(uint64_t(s.width), uint64_t(bytes), &row)) return CUDA_ERROR_INVALID_VALUE;
  if (s.height > 1 && (s.pitch < row || s.pitch % bytes)) return CUDA_ERROR_INVALID_VALUE;
  if (__builtin_mul_overflow(uint64_t(s.height - 1), uint64_t(s.pitch), &span) ||
      __builtin_add_overflow(span, row, &span))
    return CUDA_ERROR_INVALID_VALUE;
  if (!reachable(d, s.dst, span, CU_MEMORYTYPE_DEVICE, "memset")) return CUDA_ERROR_INVALID_VALUE;
  if (!execute) return CUDA_SUCCESS;
  for (size_t y = 0; y < s.height; ++y) {
    char *to = reinterpret_cast<char *>(s.dst + y * s.pitch);
    if (bytes == 1)
      memset(to, int(s.value), s.width);
    else
      for (size_t x = 0; x < s.width; ++x)
        memcpy(to + x * bytes, &s.value, bytes);
    d.device->memory().wrote(s.dst + y * s.pitch, row);
  }
  return CUDA_SUCCESS;
}

//===-- Values of streams ---------------------------------------------------------------===//

bool isWide(const CUstreamBatchMemOpParams &v) {
  return v.operation == CU_STREAM_MEM_OP_WAIT_VALUE_64 || v.operation == CU_STREAM_MEM_OP_WRITE_VALUE_64;
}

bool isWait(const CUstreamBatchMemOpParams &v) {
  return v.operation == CU_STREAM_MEM_OP_WAIT_VALUE_32 || v.operation == CU_STREAM_MEM_OP_WAIT_VALUE_64;
}

CUresult validateValue(Driver &d, const CUstreamBatchMemOpParams &v) {
  if (v.operation == CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES || v.operation == CU_STREAM_MEM_OP_BARRIER)
    return CUDA_SUCCESS;
  if (v.operation < CU_STREAM_MEM_OP_WAIT_VALUE_32 || v.operation > CU_STREAM_MEM_OP_BARRIER)
    return CUDA_ERROR_INVALID_VALUE;
  unsigned most = isWait(v) ? CU_STREAM_WAIT_VALUE_NOR | CU_STREAM_WAIT_VALUE_FLUSH
                            : CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER;
  uint64_t bytes = isWide(v) ? 8 : 4;
  if (v.waitValue.flags & ~most || v.waitValue.address % bytes) return CUDA_ERROR_INVALID_VALUE;
  return reachable(d, v.waitValue.address, bytes, CU_MEMORYTYPE_DEVICE, "value of a stream")
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

/// Whether what a stream waits for is there.
bool isThere(const CUstreamBatchMemOpParams &v) {
  bool wide = isWide(v);
  uint64_t have = wide ? __atomic_load_n(reinterpret_cast<uint64_t *>(v.waitValue.address), __ATOMIC_ACQUIRE)
                       : __atomic_load_n(reinterpret_cast<uint32_t *>(v.waitValue.address), __ATOMIC_ACQUIRE);
  uint64_t want = wide ? v.waitValue.value64 : v.waitValue.value;
  switch (v.waitValue.flags & CU_STREAM_WAIT_VALUE_NOR) {
  case CU_STREAM_WAIT_VALUE_GEQ:
    return wide ? int64_t(have - want) >= 0 : int32_t(uint32_t(have) - uint32_t(want)) >= 0;
  case CU_STREAM_WAIT_VALUE_EQ:
    return have == want;
  case CU_STREAM_WAIT_VALUE_AND:
    return have & want;
  default:
    return wide ? ~(have | want) : uint32_t(~(have | want));
  }
}

/// Writes a value, or waits for one. What is submitted later can't come before it; other threads may write.
CUresult executeValue(Driver &d, CUstream_st &s, const CUstreamBatchMemOpParams &v) {
  if (v.operation == CU_STREAM_MEM_OP_WRITE_VALUE_64)
    __atomic_store_n(reinterpret_cast<uint64_t *>(v.writeValue.address), v.writeValue.value64,
                     __ATOMIC_RELEASE);
  if (v.operation == CU_STREAM_MEM_OP_WRITE_VALUE_32)
    __atomic_store_n(reinterpret_cast<uint32_t *>(v.writeValue.address), v.writeValue.value,
                     __ATOMIC_RELEASE);
  if (v.operation == CU_STREAM_MEM_OP_WRITE_VALUE_32 || v.operation == CU_STREAM_MEM_OP_WRITE_VALUE_64)
    d.device->memory().wrote(v.writeValue.address, isWide(v) ? 8 : 4);
  if (!isWait(v)) return CUDA_SUCCESS;
  bool there = isThere(v);
  if (!there)
    d.callFrom(s, [&] {
      for (unsigned n = 0; n < 2000 && !there; ++n) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        there = isThere(v);
      }
    });
  if (there) return CUDA_SUCCESS;
  say("a stream waits for a value at 0x%llx that nothing submitted before writes, nor another thread",
      Number(v.waitValue.address));
  return s.context->error = CUDA_ERROR_LAUNCH_TIMEOUT;
}

//===-- Kernels -------------------------------------------------------------------------===//

ptx::Launch launchOf(const Driver &d, const Operation &o) {
  ptx::Launch l;
  for (unsigned n = 0; n < 3; ++n)
    l.grid[n] = o.kernel.grid[n], l.block[n] = o.kernel.block[n], l.cluster[n] = o.kernel.cluster[n];
  l.dynamicSharedBytes = o.kernel.sharedBytes;
  l.cooperative = o.kernel.cooperative;
  l.params = o.kernel.params;
  l.order = d.order;
  return l;
}

CUresult validateKernel(Driver &d, const Operation &o) {
  CUfunction f = o.kernel.function;
  if (!d.functions.has(f)) return CUDA_ERROR_INVALID_HANDLE;
  const unsigned *cluster = o.kernel.cluster;
  uint64_t blocks = uint64_t(cluster[0]) * cluster[1] * cluster[2];
  if (blocks != 1) {
    bool divides = blocks != 0;
    for (unsigned n = 0; n < 3 && divides; ++n)
      divides = o.kernel.grid[n] % cluster[n] == 0;
    if (!d.gpu->hasClusters() || !divides || blocks > (f->nonPortableCluster ? 16 : 8)) {
      say("kernel '%s': a cluster of %ux%ux%u blocks is not possible: %s", f->name.c_str(), cluster[0],
          cluster[1], cluster[2],
          !d.gpu->hasClusters() ? "the device has no clusters"
          : divides             ? "there are at most 8 blocks in a cluster, 16 if the function allows it"
                                : "the grid is not a multiple of it");
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
  }
  if (o.kernel.sharedBytes > unsigned(f->maxDynamicShared)) {
    say("kernel '%s': %u bytes of dynamic shared memory, %d are allowed "
        "(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)",
        f->name.c_str(), o.kernel.sharedBytes, f->maxDynamicShared);
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::string refusal = d.device->refusal(*f->program, launchOf(d, o));
  if (!refusal.empty()) {
    say("kernel '%s': %s", f->name.c_str(), refusal.c_str());
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (!o.kernel.cooperative) return CUDA_SUCCESS;
  const unsigned *grid = o.kernel.grid, *block = o.kernel.block;
  uint64_t most =
      uint64_t(activeBlocks(*d.gpu, *f, int(block[0] * block[1] * block[2]), o.kernel.sharedBytes)) *
      uint64_t(d.gpu->smCount());
  if (uint64_t(grid[0]) * grid[1] * grid[2] <= most) return CUDA_SUCCESS;
  say("kernel '%s': a cooperative launch of %ux%ux%u blocks, the device holds %llu at once", f->name.c_str(),
      grid[0], grid[1], grid[2], Number(most));
  return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
}

/// CUDA's number for what went wrong in a kernel.
CUresult errorOf(const ptx::Report &r) {
  static constexpr std::pair<const char *, CUresult> faults[] = {
      {"misaligned", CUDA_ERROR_MISALIGNED_ADDRESS},
      {"assertion", CUDA_ERROR_ASSERT},
      {"stack overflow", CUDA_ERROR_HARDWARE_STACK_ERROR},
      {"no function", CUDA_ERROR_INVALID_PC},
      {"trapped", CUDA_ERROR_LAUNCH_FAILED},
  };
  if (r.kind == "deadlock") return CUDA_ERROR_LAUNCH_TIMEOUT;
  if (r.kind != "fault") return CUDA_ERROR_LAUNCH_FAILED;
  for (auto [text, error] : faults)
    if (r.message.find(text) != std::string::npos) return error;
  return r.address ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_ERROR_LAUNCH_FAILED;
}

void launch(Driver &d, CUctx_st &c, const Operation &o) {
  const ptx::Program &program = *o.kernel.function->program;
  ptx::LaunchResult result;
  ptx::Launch l = launchOf(d, o);
  std::unique_ptr<ptx::Checker> checker;
  std::string error;
  if (d.checks.races || d.checks.uninitialised) {
    checker = ptx::makeChecker(program, d.checks, error);
    if (!checker) say("kernel '%s' is not checked: %s", o.kernel.function->name.c_str(), error.c_str());
    l.observer = checker.get();
  }
  if (d.modelsTime || d.measures) {
    ptx::Measurement m = ptx::measure(*d.device, program, l, {d.gpu->figures, 0}, result);
    if (result.ok() && d.modelsTime) d.modelled += m.time.cycles / (d.gpu->figures->clockMhz * 1e3);
    if (result.ok() && d.measures)
      d.measurements.push_back("{\"kernel\":\"" + o.kernel.function->name + "\"," +
                               ptx::measurementJson(program, m).substr(1));
  } else {
    result = d.device->launch(program, l);
  }
  for (ptx::Report &r : result.reports) {
    auto range = d.device->memory().find(r.address);
    if (range && r.place.empty())
      r.place = "byte " + std::to_string(r.address - range->begin) + " of an allocation of " +
                std::to_string(range->end - range->begin) + " bytes";
    say("kernel '%s': %s", o.kernel.function->name.c_str(), ptx::formatReport(*program.module, r).c_str());
    if (!c.error) c.error = errorOf(r);
  }
  if (result.moreReports)
    say("kernel '%s': and %llu more reports", o.kernel.function->name.c_str(), Number(result.moreReports));
}

} // namespace

CUresult kernelOperation(Driver &d, const CUDA_KERNEL_NODE_PARAMS &p, Operation &o) {
  CUfunction f = p.func ? p.func : reinterpret_cast<CUfunction>(p.kern);
  if (!d.functions.has(f)) return CUDA_ERROR_INVALID_HANDLE;
  o.type = CU_GRAPH_NODE_TYPE_KERNEL;
  auto &k = o.kernel;
  k.function = f, k.sharedBytes = p.sharedMemBytes;
  k.grid[0] = p.gridDimX, k.grid[1] = p.gridDimY, k.grid[2] = p.gridDimZ;
  k.block[0] = p.blockDimX, k.block[1] = p.blockDimY, k.block[2] = p.blockDimZ;
  for (unsigned n = 0; n < 3; ++n)
    if (f->function().clusterSize[0]) k.cluster[n] = std::max(1u, f->function().clusterSize[n]);
  const ptx::Program &program = *f->program;
  k.params.assign(program.paramBytes, 0);
  if (p.kernelParams) {
    for (size_t n = 0; n < program.params.size(); ++n) {
      const auto &to = program.params[n];
      if (p.kernelParams[n]) {
        memcpy(k.params.data() + to.offset, p.kernelParams[n], to.bytes);
        continue;
      }
      say("kernel '%s': parameter %zu of %zu is null", f->name.c_str(), n, program.params.size());
      return CUDA_ERROR_INVALID_VALUE;
    }
    return p.extra ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  }
  const void *buffer = nullptr;
  size_t bytes = 0;
  for (void **e = p.extra; e && e[0] != CU_LAUNCH_PARAM_END; e += 2) {
    if (e[0] == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = e[1];
    else if (e[0] == CU_LAUNCH_PARAM_BUFFER_SIZE && e[1])
      bytes = *static_cast<size_t *>(e[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  if (!buffer) bytes = 0;
  // Writers of buffers may leave out, or have, the padding after the last parameter.
  size_t used = program.params.empty() ? 0 : program.params.back().offset + program.params.back().bytes;
  if (bytes < used || bytes > (used + 15) / 16 * 16) {
    say("kernel '%s' has %zu parameters in %zu bytes, the launch gives %zu bytes", f->name.c_str(),
        program.params.size(), used, bytes);
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (bytes) memcpy(k.params.data(), buffer, std::min(bytes, k.params.size()));
  return CUDA_SUCCESS;
}

//===-- Operations ----------------------------------------------------------------------===//

CUresult validate(Driver &d, const Operation &o) {
  switch (o.type) {
  case CU_GRAPH_NODE_TYPE_KERNEL:
    return validateKernel(d, o);
  case CU_GRAPH_NODE_TYPE_MEMCPY:
    return copy(d, o.copy, /*execute=*/false);
  case CU_GRAPH_NODE_TYPE_MEMSET:
    return fill(d, o.set, /*execute=*/false);
  case CU_GRAPH_NODE_TYPE_HOST:
    return o.host.fn ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  case CU_GRAPH_NODE_TYPE_MEM_ALLOC: {
    const Allocation *a = d.find(o.memory->params.dptr);
    return a && a->id == o.memory->id ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  case CU_GRAPH_NODE_TYPE_MEM_FREE: {
    const Allocation *a = d.find(o.freed);
    return a && a->ofGraph && a->base == o.freed ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
    for (const auto &v : o.values)
      if (CUresult e = validateValue(d, v)) return e;
    return CUDA_SUCCESS;
  case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
  case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
    return d.events.has(o.event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  default:
    return CUDA_SUCCESS;
  }
}

CUresult execute(Driver &d, CUstream_st &s, const Operation &o) {
  CUctx_st &c = *s.context;
  switch (o.type) {
  case CU_GRAPH_NODE_TYPE_KERNEL:
    launch(d, c, o);
    break;
  case CU_GRAPH_NODE_TYPE_MEMCPY:
    return copy(d, o.copy, /*execute=*/true);
  case CU_GRAPH_NODE_TYPE_MEMSET:
    return fill(d, o.set, /*execute=*/true);
  case CU_GRAPH_NODE_TYPE_HOST:
    d.callFrom(s, [&] { o.host.fn(o.host.userData); });
    break;
  case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
    d.allocations.at(o.memory->params.dptr).inUse = true;
    d.forgetContents(o.memory->params.dptr);
    break;
  case CU_GRAPH_NODE_TYPE_MEM_FREE:
    d.allocations.at(o.freed).inUse = false;
    break;
  case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
    for (const auto &v : o.values)
      if (CUresult e = executeValue(d, s, v)) return e;
    break;
  case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
    o.event->recorded = true, o.event->milliseconds = d.milliseconds();
    break;
  case CU_GRAPH_NODE_TYPE_GRAPH:
    for (CUgraphNode n : o.child->sorted()) {
      if (!n->enabled) continue;
      if (CUresult e = validate(d, n->operation)) return e;
      if (CUresult e = execute(d, s, n->operation)) return e;
      if (c.error) break;
    }
    break;
  default:
    break; // what was waited for has happened
  }
  return CUDA_SUCCESS;
}

CUresult submit(Driver &d, CUstream_st &s, Operation o) {
  if (CUresult e = validate(d, o)) return e;
  if (s.capture) {
    if (s.capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    s.last = {s.capture->graph->add(std::move(o), s.last)};
    return CUDA_SUCCESS;
  }
  // The legacy stream waits for the other blocking streams, which a capture makes impossible.
  bool implicit = false;
  if (&s == &s.context->legacy)
    d.eachStream([&](CUstream_st &other) {
      if (other.context != s.context || !other.capture || other.flags & CU_STREAM_NON_BLOCKING) return;
      other.capture->invalid = implicit = true;
    });
  if (implicit) {
    say("work on the legacy stream while a stream that it waits for is being captured");
    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  return execute(d, s, o);
}

} // namespace girih::cudasim

//===-- Graphs --------------------------------------------------------------------------===//

CUgraphNode_st::CUgraphNode_st() {
  girih::cudasim::Driver::get().nodes.insert(this);
}
CUgraphNode_st::~CUgraphNode_st() {
  girih::cudasim::Driver::get().nodes.erase(this);
}

CUgraphNode CUgraph_st::add(girih::cudasim::Operation operation, std::vector<CUgraphNode> dependencies) {
  auto &node = nodes.emplace_back(std::make_unique<CUgraphNode_st>());
  node->graph = this;
  node->operation = std::move(operation);
  for (CUgraphNode n : dependencies) // each once
    if (std::find(node->dependencies.begin(), node->dependencies.end(), n) == node->dependencies.end())
      node->dependencies.push_back(n);
  return node.get();
}

bool CUgraph_st::has(CUgraphNode node) const {
  return std::any_of(nodes.begin(), nodes.end(), [&](const auto &n) { return n.get() == node; });
}

std::unique_ptr<CUgraph_st> CUgraph_st::clone() const {
  auto copy = std::make_unique<CUgraph_st>();
  copy->objects = objects;
  std::unordered_map<CUgraphNode, CUgraphNode> copies;
  for (const auto &n : nodes) {
    CUgraphNode c = copy->add(n->operation, {});
    if (c->operation.child) c->operation.child = n->operation.child->clone();
    c->origin = n.get(), c->enabled = n->enabled, copies[n.get()] = c;
  }
  for (const auto &n : nodes)
    for (CUgraphNode d : n->dependencies)
      copies[n.get()]->dependencies.push_back(copies[d]);
  return copy;
}

std::vector<CUgraphNode> CUgraph_st::sorted() const {
  std::unordered_map<CUgraphNode, size_t> waitsFor;
  std::unordered_map<CUgraphNode, std::vector<CUgraphNode>> dependents;
  std::vector<CUgraphNode> order;
  for (const auto &n : nodes) {
    waitsFor[n.get()] = n->dependencies.size();
    for (CUgraphNode d : n->dependencies)
      dependents[d].push_back(n.get());
    if (n->dependencies.empty()) order.push_back(n.get());
  }
  for (size_t at = 0; at < order.size(); ++at)
    for (CUgraphNode n : dependents[order[at]])
      if (--waitsFor[n] == 0) order.push_back(n);
  if (order.size() != nodes.size()) order.clear();
  return order;
}

CUgraphNode CUgraphExec_st::nodeFor(CUgraphNode original) const {
  for (const auto &n : graph->nodes)
    if (n->origin == original) return n.get();
  return nullptr;
}
