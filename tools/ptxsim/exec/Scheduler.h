// Runs the blocks of a cluster on one worker: warps one after the other, each split into groups of lanes that
// run together ("splits"), so that lanes of a warp make progress independently of one another.
//
// Divergence. A branch that lanes take differently makes an Entry: where they come together again (the
// immediate post-dominator), which lanes belong to it and which have arrived. A split that reaches its
// entry's place waits there; when all have arrived they go on as one. A call makes an entry too, for the
// return.
//
// Progress. Waiting at an entry is a convenience, not a duty: lanes that waited while their siblings ran
// `patience` instructions, or have nothing else to wait for, go on by themselves, as independent thread
// scheduling promises. Warps and splits take turns of `slice` instructions, and clusters too (Launcher).
#pragma once

#include "tools/ptxsim/decode/Program.h"
#include "tools/ptxsim/exec/Observer.h"
#include <set>
#include <string>
#include <utility>

namespace girih::ptx {

struct Frame {
  char *registers = nullptr;
  const CodeFunction *function = nullptr;
  Frame *caller = nullptr;
  const CallSite *call = nullptr;
  uint32_t localBase = 0, depth = 0;
  uint32_t lanes = 0; // that have not left it
};

class Launcher;

/// A host thread's share of a launch.
struct Worker {
  Launcher *launcher = nullptr;
  std::vector<Range> ranges;                   // the allocation each instruction last used
  std::vector<std::vector<char *>> freeFrames; // by function
  std::vector<char *> freeMemory;              // of clusters that are done
  size_t memoryBytes = 0;
  // Turns without work, of which turn of work (Launcher::workedTurns) they follow, and whether they are
  // enough.
  uint64_t quietTurns = 0, quietSince = 0;
  bool mayWait = false;
  std::vector<uint64_t> executions, laneExecutions; // by instruction, if counted
  std::set<const Inst *> bypassed;                  // reported: lanes of their masks exited without them
  bool observesInstructions = false;                // and counted
  ~Worker();
};

class Scheduler {
public:
  enum class Status : uint8_t { Running, Done, Failed };

  /// Sets up the blocks of cluster number `cluster` of the grid.
  Scheduler(const Program &program, const LaunchState &launch, Worker &worker, uint64_t cluster);
  ~Scheduler();
  /// What a cluster did in its turn.
  enum class Turn : uint8_t {
    Works,
    Polls, // something may be waiting for other clusters
    Waits, // every warp that could run polls memory or repeats itself, and none changed it
  };
  /// Runs for about `budget` warp instructions. `changed`: other clusters could see what it did.
  Status run(uint64_t budget, Turn &turn, bool &changed);
  /// Reports that nothing can go on any more, and where the threads are.
  void deadlock(const char *why);

  /// Warp instructions since the last call.
  uint64_t takeIssued() { return std::exchange(issued, 0); }

  // Of the handlers in Control.cpp; `w` is the running warp, the lanes are part of its active ones.
  bool branch(Warp &w, uint32_t taken, const Inst *target, uint32_t pointIndex);
  bool branchMany(Warp &w, const uint32_t *lanesOfTarget, const std::vector<uint32_t> &targets,
                  uint32_t pointIndex);
  bool reconverge(Warp &w);
  bool call(Warp &w, const Inst &i, uint32_t lanes);
  bool returns(Warp &w, uint32_t lanes);
  bool exits(Warp &w, uint32_t lanes);
  bool barrier(Warp &w, const Inst &i, uint32_t lanes, unsigned id, uint32_t threads, bool waits,
               uint32_t holds);
  bool clusterArrive(Warp &w, uint32_t lanes);
  bool clusterWait(Warp &w, uint32_t lanes);
  /// Groups of matrix products: what one warp of a warpgroup has waited for, all four have done.
  void commitsProducts(const Warp &w) { ++splitsOf(w).productGroups; }
  bool productsDone(const Warp &w, unsigned pending);
  /// Gives others a turn.
  bool yields(Warp &w);
  void failed() { failure = true; }

private:
  bool yielded = false;
  static constexpr uint64_t slice = 1 << 14, patience = 1024;
  static constexpr uint32_t noEntry = ~0u;

  enum class State : uint8_t { Ready, AtEntry, AtBarrier, AtSync, AtCluster };
  struct Split {
    const Inst *pc;
    Frame *frame;
    uint32_t lanes, entry;
    State state = State::Ready;
    uint8_t barrier = 0;
    uint32_t executes = 0, wants = 0; // AtSync, AtBarrier: lanes that execute the instruction; that must meet
    uint64_t since = 0;               // issued instructions when it was made or ran last
  };
  struct Entry {
    const Inst *pc = nullptr;
    Frame *frame = nullptr;
    uint32_t pending = 0, arrived = 0, parent = noEntry;
    uint64_t since = 0;
  };
  struct WarpSplits {
    std::vector<Split> splits;
    std::vector<Entry> entries;
    std::vector<uint32_t> freeEntries;
    size_t running = 0;
    uint32_t productGroups = 0; // that wgmma has committed
    // Lanes of the running split when it was resumed and what the warp had changed by then; lanes that have
    // changed something while others waited for them at an instruction with .sync.
    uint32_t resumedLanes = 0, acted = 0;
    uint64_t resumedChanges = 0;
    bool done = false;
    // Slices without a change, since which of the launch's (Launcher::changes); what the warp was like at one
    // of them (Endless.cpp).
    uint64_t quietSlices = 0, quietSince = 0, seen = 0, seenAt = 0;
    bool endless = false;
  };
  struct Barrier {
    uint32_t threads = 0; // expected, 0: all
    uint32_t arrived = 0;
    uint32_t holds = 0, votes = 0; // bar.red: threads whose predicate holds, threads that voted
  };
  struct BlockState {
    Barrier barriers[16];
    uint32_t liveThreads = 0;
    std::vector<uint32_t> arrivedLanes; // by barrier and warp
  };

  const Program &program;
  const LaunchState &launch;
  Worker &worker;
  std::vector<Block> blocks;
  std::vector<BlockState> blockStates;
  std::vector<Warp> warps;
  std::vector<WarpSplits> splits;
  char *memory = nullptr; // shared and local memory of all blocks
  size_t memoryBytes = 0;
  uint32_t clusterArrived = 0, clusterLive = 0;
  uint32_t liveWarps = 0;
  uint64_t issued = 0;
  bool failure = false;
  uint32_t clusterPhase = 0;
  std::vector<uint32_t> phaseOf; // of each thread at its last barrier.cluster.arrive

  void setUpBlock(uint32_t index, uint64_t cluster);
  bool runWarp(Warp &w, uint64_t budget);
  uint64_t fingerprint(const Warp &w);
  bool runsForEver(const Warp &w, bool changed);
  template <bool counted> void loop(Warp &w, uint64_t budget);
  bool pickSplit(Warp &w, bool force);
  void resume(Warp &w, size_t index);
  void save(Warp &w);
  Split &addSplit(Warp &w, const Inst *pc, Frame *frame, uint32_t lanes, uint32_t entry);
  void removeSplit(Warp &w, size_t index);
  uint32_t newEntry(Warp &w, const Inst *pc, Frame *frame, uint32_t pending, uint32_t parent);
  void settle(Warp &w, uint32_t entry);
  void releaseWaiting(Warp &w, uint32_t entry);
  void join(Warp &w, const Split &other);
  bool meet(Warp &w, const Inst &i, uint32_t lanes, uint32_t wants);
  uint32_t membersOf(Warp &w, const Inst &i, uint32_t lanes);
  void bypasses(Warp &w, uint32_t lanes);
  void detach(Warp &w, uint32_t lanes, uint32_t at, uint32_t end);
  uint32_t sharedEntry(const Warp &w, uint32_t a, uint32_t b);
  bool takeMemory();
  void wait(Warp &w, uint32_t lanes, State state);
  void storeVotes(const Split &split, const Barrier &b);
  void leaveFrame(Frame *frame, uint32_t lanes);
  Frame *newFrame(const CodeFunction &function, Frame *caller, uint32_t lanes);
  Frame *frameOfSiblings(const Warp &w, const CodeFunction &f, const CallSite &site, uint32_t lanes);
  void freeFrame(Frame *frame);
  void copyArguments(Warp &w, Frame *from, Frame *to, const std::vector<Place> &fromPlaces,
                     const std::vector<Place> &toPlaces, uint32_t lanes);
  bool barrierComplete(const Block &block, unsigned id) const;
  void completeBarrier(Block &block, unsigned id);
  void checkBarriers(Block &block);
  void completeClusterBarrier();
  bool builtin(Warp &w, const Inst &i, const CallSite &call, uint32_t lanes);
  BlockState &stateOf(const Block &block) { return blockStates[size_t(&block - blocks.data())]; }
  WarpSplits &splitsOf(const Warp &w) { return splits[w.index]; }
};

} // namespace girih::ptx
