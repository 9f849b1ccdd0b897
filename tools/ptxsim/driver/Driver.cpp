#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace girih::cudasim {

Driver &Driver::get() {
  // Never destroyed: programs call the driver until their very end.
  static Driver *driver = new Driver;
  return *driver;
}

void say(const char *format, ...) {
  char text[4096];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof(text), format, list);
  va_end(list);
  fprintf(stderr, "girih-cudasim: %s\n", text);
}

void Driver::readSettings() {
  const char *time = getenv("GIRIH_PTXSIM_TIME"), *list = getenv("GIRIH_PTXSIM_CHECKS");
  modelsTime = time && !strcmp(time, "model");
  if (time && *time && !modelsTime && strcmp(time, "wall"))
    say("GIRIH_PTXSIM_TIME is '%s'; it may be wall or model, wall is used", time);
  const char *blocks = getenv("GIRIH_PTXSIM_BLOCK_ORDER");
  if (blocks && *blocks && !order.parse(blocks)) {
    say("GIRIH_PTXSIM_BLOCK_ORDER is '%s'; it may be reverse or random:SEED, blocks begin in their own order",
        blocks);
    order = {};
  }
  std::string_view rest = list ? list : "";
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (word == "race")
      checks.races = true;
    else if (word == "uninit")
      checks.uninitialised = true;
    else if (word == "dropped")
      checks.droppedReads = true;
    else
      say("GIRIH_PTXSIM_CHECKS has '%.*s'; it may have race, uninit and dropped", int(word.size()),
          word.data());
  }
  if (!modelsTime || !(checks.races || checks.uninitialised)) return;
  say("GIRIH_PTXSIM_CHECKS and GIRIH_PTXSIM_TIME=model have runs of their own; this one checks");
  modelsTime = false;
}

/// Whether CUDA_VISIBLE_DEVICES leaves the device to the program: its number or the beginning of its UUID
/// comes first.
static bool isVisible(const Gpu &gpu) {
  const char *list = getenv("CUDA_VISIBLE_DEVICES");
  if (!list) return true;
  std::string_view first = list;
  first = first.substr(0, first.find(','));
  return first == "0" || (first.size() > 4 && gpu.uuid().compare(0, first.size(), first) == 0);
}

/// As on a GPU, a context does not come along into a child: the child can't use the driver.
void Driver::watchForks() {
  pthread_atfork([] { get().lock.lock(); }, [] { get().lock.unlock(); },
                 [] {
                   get().forked = get().initialised, get().initialised = false;
                   get().lock.unlock();
                 });
}

CUresult Driver::initialise() {
  if (initialised) return CUDA_SUCCESS;
  if (forked) return CUDA_ERROR_NOT_INITIALIZED;
  const char *known = "", *key = getenv("GIRIH_PTXSIM_DEVICE");
  chosen = chooseGpu(key, known);
  if (!chosen) {
    say("GIRIH_PTXSIM_DEVICE is '%s'; there are%s", key, known);
    return CUDA_ERROR_NO_DEVICE;
  }
  gpu = &*chosen;
  if (!isVisible(*gpu)) return CUDA_ERROR_NO_DEVICE;
  readSettings();
  ptx::DeviceOptions options;
  options.memoryBytes = gpu->memoryBytes();
  options.smCount = uint32_t(gpu->smCount());
  options.sharedBytesPerBlock = uint32_t(gpu->sharedOptIn());
  options.threadsPerSm = uint32_t(gpu->threadsPerSm());
  device = std::make_unique<ptx::Device>(options);
  if (!device->memory().valid()) {
    say("the host gives no address space for the device's memory");
    return CUDA_ERROR_OPERATING_SYSTEM;
  }
  for (MemoryKind kind : {MemoryKind::Device, MemoryKind::Host, MemoryKind::Managed}) {
    CUmemoryPool pool = pools.make();
    pool->kind = kind, poolsOf[size_t(kind)] = {pool, pool};
  }
  primary = makeContext(/*isPrimary=*/true, 0);
  watchForks();
  initialised = true;
  return CUDA_SUCCESS;
}

CUcontext Driver::makeContext(bool isPrimary, unsigned flags) {
  CUcontext c = contexts.make();
  c->primary = isPrimary, c->flags = flags, c->id = ++lastId;
  c->limits = {{CU_LIMIT_STACK_SIZE, 1024},
               {CU_LIMIT_PRINTF_FIFO_SIZE, 1 << 20},
               {CU_LIMIT_MALLOC_HEAP_SIZE, 8 << 20},
               {CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 2},
               {CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT, 2048},
               {CU_LIMIT_MAX_L2_FETCH_GRANULARITY, 64},
               {CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 0}};
  c->legacy.context = c->perThread.context = c;
  c->legacy.id = ++lastId, c->perThread.id = ++lastId;
  c->perThread.flags = CU_STREAM_NON_BLOCKING;
  return c;
}

thread_local bool Driver::inCallback = false;

bool Driver::calls(const CUctx_st &c) {
  bool found = false;
  eachStream([&](const CUstream_st &s) { found |= s.calling && s.context == &c; });
  return found;
}

bool Driver::isBusy(const CUstream_st &s) {
  // The legacy stream and the blocking ones wait for each other.
  const CUstream_st &legacy = s.context->legacy;
  bool found = s.calling || (!(s.flags & CU_STREAM_NON_BLOCKING) && legacy.calling);
  if (&s == &legacy)
    eachStream([&](const CUstream_st &other) {
      found |= other.calling && other.context == s.context && !(other.flags & CU_STREAM_NON_BLOCKING);
    });
  return found;
}

void Driver::destroyContext(CUcontext c) {
  std::vector<uint64_t> held;
  for (const auto &[base, a] : allocations)
    if (a.context == c) held.push_back(base);
  for (uint64_t base : held)
    release(base);
  modules.eraseIf([&](CUmod_st &m) {
    if (m.context != c) return false;
    for (CUfunction f : m.functions)
      functions.erase(f);
    device->unload(m.loaded);
    return true;
  });
  streams.eraseIf([&](CUstream_st &s) { return s.context == c; });
  events.eraseIf([&](CUevent_st &e) { return e.context == c; });
  if (!c->primary) {
    contexts.erase(c);
    return;
  }
  // The primary context begins anew under the same handle.
  c->references = 0, c->error = CUDA_SUCCESS;
  c->legacy.capture = c->perThread.capture = nullptr;
}

uint64_t Driver::allocate(uint64_t bytes, MemoryKind kind, CUcontext context, unsigned flags,
                          CUmemoryPool pool) {
  bool onDevice = kind == MemoryKind::Device || kind == MemoryKind::Managed;
  uint64_t base =
      device->memory().allocate(bytes, onDevice ? ptx::Memory::Kind::Device : ptx::Memory::Kind::Host);
  if (base) allocations[base] = {base, bytes, kind, context, flags, pool, ++lastId};
  if (base) forgetContents(base);
  return base;
}

void Driver::forgetContents(uint64_t base) {
  // What the host writes to other memory is not seen.
  if (checks.uninitialised && allocations.at(base).kind == MemoryKind::Device)
    device->memory().trackWrites(base);
}

bool Driver::release(uint64_t base) {
  auto it = allocations.find(base);
  if (it == allocations.end()) return false;
  if (it->second.kind == MemoryKind::Registered)
    device->memory().disown(reinterpret_cast<void *>(base));
  else
    device->memory().release(base);
  if (it->second.pool && pools.has(it->second.pool)) it->second.pool->used -= it->second.bytes;
  allocations.erase(it);
  return true;
}

const Allocation *Driver::find(uint64_t address) const {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) return nullptr;
  const Allocation &a = std::prev(it)->second;
  return address - a.base < std::max<uint64_t>(a.bytes, 1) ? &a : nullptr;
}

CUstream Driver::stream(CUcontext context, CUstream handle) {
  if (!handle || handle == CU_STREAM_LEGACY) return &context->legacy;
  if (handle == CU_STREAM_PER_THREAD) return &context->perThread;
  return streams.has(handle) ? handle : nullptr;
}

bool Driver::isGraph(CUgraph graph) {
  if (!graph) return false;
  if (graphs.has(graph)) return true;
  bool found = false;
  eachStream([&](CUstream_st &s) { found |= s.capture && s.capture->graph.get() == graph; });
  for (CUgraphNode n : nodes)
    found |= n->operation.child.get() == graph;
  return found;
}

double Driver::milliseconds() const {
  if (modelsTime) return modelled;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<CUcontext> &contextStack() {
  thread_local std::vector<CUcontext> stack;
  return stack;
}

CUcontext current() {
  const std::vector<CUcontext> &stack = contextStack();
  return stack.empty() || !Driver::get().contexts.has(stack.back()) ? nullptr : stack.back();
}

} // namespace girih::cudasim
