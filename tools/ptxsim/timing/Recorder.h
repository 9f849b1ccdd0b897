// Watches a launch: counts what it does to memory, and keeps the traces of some blocks for the time model.
#pragma once

#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/timing/Merges.h"
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace girih::ptx {

constexpr unsigned sectorBytes = 32, lineBytes = 128;

/// Requests are instructions of warps that access memory; a wavefront is one pass over the 32 banks of
/// shared memory, of which an access without conflicts needs `ideal`.
struct MemoryCounters {
  uint64_t loadRequests = 0, loadSectors = 0, loadBytes = 0; // of global memory; bytes as lanes ask for them
  uint64_t storeRequests = 0, storeSectors = 0, storeBytes = 0; // the same
  uint64_t asyncRequests = 0, asyncSectors = 0;                 // cp.async, also counted among the loads
  uint64_t atomicRequests = 0, atomicLanes = 0, sharedAtomics = 0;
  uint64_t sharedRequests = 0, sharedWavefronts = 0, sharedIdeal = 0;
  uint64_t localRequests = 0;
  uint64_t barriers = 0, barrierWaits = 0, warpSyncs = 0,
           fences = 0; // completed by blocks; arrivals of warps
  uint64_t branches = 0, divergentBranches = 0;

  void add(const MemoryCounters &other);
};

/// What one instruction did beyond computing.
struct TraceEvent {
  /// Arrive and Await: of an mbarrier or the cluster's barrier, `first` being its key, which for an mbarrier
  /// is its address. What is awaited is `count` arrivals since the block began.
  enum class Kind : uint8_t { Load, Store, Atomic, Shared, Barrier, Arrive, Await };
  static constexpr uint32_t clusterKey = ~0u;
  Kind kind = Kind::Load;
  bool cached = false;     // loads: may hit in L1
  bool waits = true;       // barriers: bar.sync, not bar.arrive
  uint16_t wavefronts = 0; // of shared memory
  uint32_t first = 0;      // sectors: index in BlockTrace::sectors. Barriers: their number
  uint32_t count = 0;      // sectors. Barriers: how many times it had completed
};

struct TraceStep {
  uint32_t inst = 0; // index in Program::code
  uint32_t event = 0;
  uint16_t events = 0;
};

struct BlockTrace {
  uint64_t block = 0; // index in the grid
  std::vector<std::vector<TraceStep>> warps;
  std::vector<TraceEvent> events;
  std::vector<uint64_t> sectors;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> arrivals; // of warps, by barrier and completion
};

/// Sectors [begin, end) that a block read or wrote.
struct Touch {
  uint64_t begin, end, block;
  bool write;
};

class Recorder final : public Observer {
public:
  /// `traced`: blocks whose traces are kept.
  explicit Recorder(std::unordered_set<uint64_t> traced, Merges merges = {})
      : traced(std::move(traced)), merges(std::move(merges)) {}

  // After the launch.
  MemoryCounters counters;
  std::vector<BlockTrace> traces; // by block
  std::vector<Touch> touches;
  uint64_t blocks = 0;
  void finish(); // sorts them

  void blockBegins(Block &block) override;
  void blockEnds(Block &block) override;
  void issues(Warp &warp, const Inst &inst, uint32_t mask) override;
  void access(Warp &warp, const Inst &inst, const Access &access) override;
  void barrierArrives(Warp &warp, const Inst &inst, uint32_t lanes, unsigned id, bool waits) override;
  void barrierCompletes(Block &block, unsigned id) override;
  void clusterArrives(Warp &warp, const Inst &inst, uint32_t lanes) override;
  void clusterWaits(Warp &warp, const Inst &inst, uint32_t lanes) override;
  void warpSyncs(Warp &warp, const Inst &inst, uint32_t lanes) override;
  void fence(Warp &warp, const Inst &inst, uint32_t lanes, FenceKind kind) override;

private:
  struct OfBlock;
  static void settleWaits(OfBlock &own, unsigned warp);
  static void shared(OfBlock &own, const Warp &warp, unsigned wavefronts, unsigned ideal);
  static bool extendBulk(OfBlock &own, const Warp &warp, const Access &access, const uint64_t *sectors,
                         unsigned count);
  void count(OfBlock &own, Warp &warp, const Inst &inst, const Access &access, unsigned wanted);
  std::unordered_set<uint64_t> traced;
  Merges merges;
  std::mutex lock;
};

} // namespace girih::ptx
