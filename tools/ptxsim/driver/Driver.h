// The state behind the driver API: the device, contexts, everything that handles refer to, and what each call
// does first. Work is executed in the calling thread when it is submitted, so streams are in order by
// construction; errors come out where CUDA's would: what is wrong with a call, from the call; what a kernel
// did wrong, from every later call of its context.
#pragma once

#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/check/Checker.h"
#include "tools/ptxsim/driver/Gpus.h"
#include "tools/ptxsim/driver/Link.h"
#include "tools/ptxsim/driver/Operation.h"
#include <chrono>
#include <condition_variable>
#include <unordered_map>
#include <unordered_set>

/// A kernel: CUfunction and CUkernel, which programs may pass for each other.
struct CUfunc_st {
  CUmodule module = nullptr;
  const girih::ptx::Program *program = nullptr;
  std::string name;
  int maxDynamicShared = 0, carveout = -1, nonPortableCluster = 0, clusterPolicy = 0;

  mutable int estimatedRegisters = 0; // 0: not yet

  const girih::ptx::Function &function() const { return *program->functions[0].function; }
  /// 32-bit registers of a thread, estimated, within what the PTX limits them to.
  int registers() const;
};

struct CUmod_st {
  girih::ptx::LoadedModule *loaded = nullptr;
  CUcontext context = nullptr; // null: of a library
  std::vector<CUfunction> functions;
};

/// A library is a module that all contexts share.
struct CUlib_st {
  CUmodule module = nullptr;
};

/// What is linked: PTX files, and what they make together.
struct CUlinkState_st {
  std::vector<girih::cudasim::LinkInput> inputs;
  std::string text;
  std::vector<CUjit_option> options;
  void **values = nullptr; // the program's, which must live until the end
};

namespace girih::cudasim {
enum class MemoryKind : uint8_t { Device, Host, Registered, Managed };
}

struct CUmemPoolHandle_st {
  girih::cudasim::MemoryKind kind = girih::cudasim::MemoryKind::Device;
  uint64_t maxBytes = 0; // 0: as many as there are
  uint64_t releaseThreshold = 0, used = 0, high = 0;
  int followEvents = 1, allowOpportunistic = 1, allowInternal = 1;
};

/// A capture of one or more streams into a graph.
namespace girih::cudasim {
struct Capture {
  std::unique_ptr<CUgraph_st> graph;
  CUstream origin = nullptr;
  uint64_t id = 0;
  bool invalid = false;
};
} // namespace girih::cudasim

struct CUstream_st {
  CUcontext context = nullptr;
  unsigned flags = 0;
  int priority = 0;
  uint64_t id = 0;
  bool calling = false; // a function of the program runs, and what comes later waits
  std::shared_ptr<girih::cudasim::Capture> capture;
  std::vector<CUgraphNode> last; // of the capture: what the next node waits for
  std::map<int, CUlaunchAttributeValue> attributes;
};

struct CUevent_st {
  CUcontext context = nullptr;
  unsigned flags = 0;
  bool recorded = false;
  double milliseconds = 0;
  std::weak_ptr<girih::cudasim::Capture> capture; // recorded while capturing
  std::vector<CUgraphNode> last;
};

struct CUctx_st {
  bool primary = false;
  unsigned references = 0, flags = 0, apiVersion = 3020;
  uint64_t id = 0;
  CUresult error = CUDA_SUCCESS; // sticks
  CUfunc_cache cache = CU_FUNC_CACHE_PREFER_NONE;
  CUsharedconfig sharedConfig = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
  std::map<int, size_t> limits;
  CUstream_st legacy, perThread; // the default streams
};

namespace girih::cudasim {

/// Owns what handles of one kind refer to, and knows which are alive.
template <class T> class Handles {
public:
  T *add(std::unique_ptr<T> object) {
    T *raw = object.get();
    objects[raw] = std::move(object);
    return raw;
  }
  T *make() { return add(std::make_unique<T>()); }
  bool has(const T *object) const { return objects.count(const_cast<T *>(object)); }
  bool erase(T *object) { return objects.erase(object); }
  template <class F> void eraseIf(F &&condition) {
    std::erase_if(objects, [&](const auto &entry) { return condition(*entry.second); });
  }
  template <class F> void each(F &&f) {
    for (auto &[raw, object] : objects)
      f(*raw);
  }

private:
  std::unordered_map<T *, std::unique_ptr<T>> objects;
};

/// The pools that are used where the program names none.
struct PoolsOfKind {
  CUmemoryPool standard = nullptr, current = nullptr;
};

struct Allocation {
  uint64_t base = 0, bytes = 0;
  MemoryKind kind = MemoryKind::Device;
  CUcontext context = nullptr;
  unsigned flags = 0;
  CUmemoryPool pool = nullptr;
  uint64_t id = 0;
  bool ofGraph = false, inUse = false; // of graphs: whether a launch has allocated it
};

/// What cuMemCreate made, as long as a handle or a mapping refers to it.
struct PhysicalMemory {
  int file = -1;
  uint64_t bytes = 0, taken = 0, id = 0; // taken: of the device's
  CUmemAllocationProp properties = {};

  PhysicalMemory() = default;
  PhysicalMemory(const PhysicalMemory &) = delete;
  ~PhysicalMemory();
};

/// Addresses with memory, which can be accessed once the program has said so.
struct Mapping {
  uint64_t address = 0, bytes = 0, offset = 0;
  std::shared_ptr<PhysicalMemory> memory;
  bool accessible = false;
};

class Driver {
public:
  static Driver &get();

  std::mutex lock;
  bool initialised = false;
  bool forked = false; // a child of a process that had initialised it
  const Gpu *gpu = nullptr;
  std::unique_ptr<ptx::Device> device;
  CUcontext primary = nullptr;
  Handles<CUctx_st> contexts;
  Handles<CUmod_st> modules;
  Handles<CUlib_st> libraries;
  Handles<CUfunc_st> functions;
  Handles<CUstream_st> streams;
  Handles<CUevent_st> events;
  Handles<CUgraph_st> graphs;
  Handles<CUgraphExec_st> executables;
  Handles<CUmemPoolHandle_st> pools;
  Handles<CUlinkState_st> links;
  PoolsOfKind poolsOf[4];                                                               // by MemoryKind
  std::map<uint64_t, Allocation> allocations;                                           // by base
  std::map<CUuserObject, std::pair<std::shared_ptr<UserObject>, unsigned>> userObjects; // references
  struct Referred {
    std::shared_ptr<PhysicalMemory> memory;
    unsigned references = 0;
  };
  std::map<CUmemGenericAllocationHandle, Referred> physical;
  std::map<uint64_t, Mapping> mappings;  // by address
  std::unordered_set<CUgraphNode> nodes; // all that are alive
  uint64_t lastId = 0;
  ptx::CheckOptions checks{false, false}; // GIRIH_PTXSIM_CHECKS
  ptx::BlockOrder order;                  // GIRIH_PTXSIM_BLOCK_ORDER
  bool modelsTime = false;                // GIRIH_PTXSIM_TIME=model
  double modelled = 0;                    // milliseconds
  bool measures = false;                  // girih_cudasim_measure
  std::vector<std::string> measurements;  // of each launch, as JSON

  CUresult initialise();
  CUcontext makeContext(bool isPrimary, unsigned flags);
  /// Frees what a context holds; the context itself only if it is not the primary one.
  void destroyContext(CUcontext context);

  /// Memory of the current context, or 0.
  uint64_t allocate(uint64_t bytes, MemoryKind kind, CUcontext context, unsigned flags, CUmemoryPool pool);
  bool release(uint64_t base);
  /// An allocation holds nothing that a kernel may read, if that is checked.
  void forgetContents(uint64_t base);
  const Allocation *find(uint64_t address) const;

  /// The stream that a handle means, or null if there is none.
  CUstream stream(CUcontext context, CUstream handle);
  /// Whether a handle is a graph's: made by the program, of a child node, or of a capture.
  bool isGraph(CUgraph graph);

  /// Time as events see it: the host's clock, or the modelled time of the kernels so far.
  double milliseconds() const;
  /// All streams that there are, those of contexts themselves too.
  template <class F> void eachStream(F &&f) {
    streams.each(f);
    contexts.each([&](CUctx_st &c) { f(c.legacy), f(c.perThread); });
  }

  /// Calls into the program, which may call back: without the lock.
  template <class F> void callOut(F &&f) {
    lock.unlock();
    f();
    lock.lock();
  }
  /// Calls a function of the program as work of a stream: it must not call the driver.
  template <class F> void callFrom(CUstream_st &s, F &&f) {
    s.calling = true;
    callOut([&] {
      inCallback = true;
      f();
      inCallback = false;
    });
    s.calling = false;
    called.notify_all();
  }
  /// Lets such functions, which other threads have submitted, end; `busy` says which ones are waited for.
  /// Other threads may call the driver meanwhile.
  template <class F> void waitWhile(F &&busy) {
    while (busy())
      called.wait(lock);
  }
  /// Whether work submitted to the stream now would have to wait for such a function.
  bool isBusy(const CUstream_st &s);
  /// Whether such a function of the context runs.
  bool calls(const CUctx_st &c);
  static thread_local bool inCallback;

private:
  void readSettings();
  static void watchForks();
  std::optional<Gpu> chosen;
  std::condition_variable_any called;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// One line on standard error: what CUDA has only numbers for.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// The current context of this thread, or null; dead ones are not current.
CUcontext current();
std::vector<CUcontext> &contextStack();

/// What each call does first: takes the lock; the driver must be initialised.
template <class F> CUresult inDriver(F &&f) {
  Driver &d = Driver::get();
  std::lock_guard<std::mutex> guard(d.lock);
  if (Driver::inCallback) return CUDA_ERROR_NOT_PERMITTED;
  return d.initialised ? f(d) : CUDA_ERROR_NOT_INITIALIZED;
}

/// Also, there must be a context, in which nothing went wrong.
template <class F> CUresult inContext(F &&f) {
  return inDriver([&](Driver &d) {
    CUcontext c = current();
    if (!c) return CUDA_ERROR_INVALID_CONTEXT;
    return c->error ? c->error : f(d, *c);
  });
}

/// Also, the handle must be a stream's.
template <class F> CUresult ofStream(CUstream handle, F &&f) {
  return inContext([&](Driver &d, CUctx_st &c) {
    CUstream s = d.stream(&c, handle);
    return s ? f(d, *s) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Also, what was submitted to the stream is done.
template <class F> CUresult inStream(CUstream handle, F &&f) {
  return inContext([&](Driver &d, CUctx_st &) {
    // The stream and its context may be destroyed while this waits.
    CUstream s = nullptr;
    d.waitWhile([&] {
      CUcontext c = current();
      s = c ? d.stream(c, handle) : nullptr;
      return s && d.isBusy(*s);
    });
    return s ? f(d, *s) : CUDA_ERROR_INVALID_HANDLE;
  });
}

} // namespace girih::cudasim
