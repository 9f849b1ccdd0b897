// What the race checker and the counters see of an execution. One Observer a launch, called by all workers at
// once: events of one block always come from one worker. A launch without an observer pays one test a memory
// instruction.
#pragma once

#include "tools/ptxsim/exec/State.h"

namespace girih::ptx {

enum class FenceKind : uint8_t { Block, Cluster, Device, System };

struct Observer {
  /// Before a block's first instruction and after its last; `block.observerState` is the observer's.
  virtual void blockBegins(Block &) {}
  virtual void blockEnds(Block &) {}
  /// Before an instruction runs for the lanes of `mask`, whose guard holds; only with
  /// Launch::observeInstructions.
  virtual void issues(Warp &, const Inst &, uint32_t /*mask*/) {}
  /// After the checks of bounds and alignment, before the data move.
  virtual void access(Warp &, const Inst &, const Access &) {}
  /// Lanes arrive at a barrier of their block (id 0 to 15); `waits`: bar.sync and bar.red, not bar.arrive.
  virtual void barrierArrives(Warp &, const Inst &, uint32_t /*lanes*/, unsigned /*id*/, bool /*waits*/) {}
  /// All have arrived: what they did before happens before what the waiting ones do next.
  virtual void barrierCompletes(Block &, unsigned /*id*/) {}
  /// Lanes arrive at the barrier of their cluster; lanes wait for its completion, which has come when their
  /// warp does anything next.
  virtual void clusterArrives(Warp &, const Inst &, uint32_t /*lanes*/) {}
  virtual void clusterWaits(Warp &, const Inst &, uint32_t /*lanes*/) {}
  /// Lanes of a warp are synchronised: bar.warp.sync and other instructions with .sync, all of `lanes` took
  /// part.
  virtual void warpSyncs(Warp &, const Inst &, uint32_t /*lanes*/) {}
  /// Lanes of a warp hand each other values.
  virtual void warpShuffles(Warp &, const Inst &, uint32_t /*lanes*/) {}
  virtual void fence(Warp &, const Inst &, uint32_t /*lanes*/, FenceKind) {}
  /// cp.async.commit_group, and wait_group n (all earlier than the last n groups; wait_all: n = 0, commits
  /// too).
  virtual void asyncCommits(Warp &, const Inst &, uint32_t /*lanes*/) {}
  virtual void asyncWaits(Warp &, const Inst &, uint32_t /*lanes*/, unsigned /*pending*/) {}
  /// cp.async.mbarrier.arrive: the copies of a lane until now complete on the phase of the mbarrier.
  virtual void copiesArrive(Warp &, const Inst &, unsigned /*lane*/, uint64_t /*barrier*/) {}
  /// A phase of the mbarrier at this address in shared memory is complete. Its last arrival is seen before.
  virtual void phaseCompletes(Warp &, uint64_t /*barrier*/) {}
  /// Groups of asynchronous operations other than cp.async. `reads`: only for what they read.
  virtual void groupCommits(Warp &, uint32_t /*lanes*/, Completion::Kind) {}
  virtual void groupWaits(Warp &, uint32_t /*lanes*/, Completion::Kind, unsigned /*pending*/,
                          bool /*reads*/) {}
  /// fence.proxy.async, after it was seen as a fence.
  virtual void proxyFence(Warp &, uint32_t /*lanes*/) {}
  /// Whether it needs `issues` whatever the launch says.
  virtual bool needsInstructions() const { return false; }
  /// As `issues`, for warps that it has marked as watched; only if it needs them.
  virtual void follows(Warp &, const Inst &, uint32_t /*mask*/) {}
  virtual bool needsValues() const { return false; }

protected:
  ~Observer() = default;
};

/// Two observers of one launch. Each must have its own field of Block.
struct Observers final : Observer {
  Observer &first, &second;
  Observers(Observer &first, Observer &second) : first(first), second(second) {}

  void blockBegins(Block &b) override { first.blockBegins(b), second.blockBegins(b); }
  void blockEnds(Block &b) override { first.blockEnds(b), second.blockEnds(b); }
  void issues(Warp &w, const Inst &i, uint32_t mask) override {
    first.issues(w, i, mask), second.issues(w, i, mask);
  }
  void access(Warp &w, const Inst &i, const Access &a) override {
    first.access(w, i, a), second.access(w, i, a);
  }
  void barrierArrives(Warp &w, const Inst &i, uint32_t lanes, unsigned id, bool waits) override {
    first.barrierArrives(w, i, lanes, id, waits), second.barrierArrives(w, i, lanes, id, waits);
  }
  void barrierCompletes(Block &b, unsigned id) override {
    first.barrierCompletes(b, id), second.barrierCompletes(b, id);
  }
  void clusterArrives(Warp &w, const Inst &i, uint32_t lanes) override {
    first.clusterArrives(w, i, lanes), second.clusterArrives(w, i, lanes);
  }
  void clusterWaits(Warp &w, const Inst &i, uint32_t lanes) override {
    first.clusterWaits(w, i, lanes), second.clusterWaits(w, i, lanes);
  }
  void warpSyncs(Warp &w, const Inst &i, uint32_t lanes) override {
    first.warpSyncs(w, i, lanes), second.warpSyncs(w, i, lanes);
  }
  void warpShuffles(Warp &w, const Inst &i, uint32_t lanes) override {
    first.warpShuffles(w, i, lanes), second.warpShuffles(w, i, lanes);
  }
  void fence(Warp &w, const Inst &i, uint32_t lanes, FenceKind kind) override {
    first.fence(w, i, lanes, kind), second.fence(w, i, lanes, kind);
  }
  void asyncCommits(Warp &w, const Inst &i, uint32_t lanes) override {
    first.asyncCommits(w, i, lanes), second.asyncCommits(w, i, lanes);
  }
  void asyncWaits(Warp &w, const Inst &i, uint32_t lanes, unsigned pending) override {
    first.asyncWaits(w, i, lanes, pending), second.asyncWaits(w, i, lanes, pending);
  }
  void copiesArrive(Warp &w, const Inst &i, unsigned lane, uint64_t barrier) override {
    first.copiesArrive(w, i, lane, barrier), second.copiesArrive(w, i, lane, barrier);
  }
  void phaseCompletes(Warp &w, uint64_t barrier) override {
    first.phaseCompletes(w, barrier), second.phaseCompletes(w, barrier);
  }
  void groupCommits(Warp &w, uint32_t lanes, Completion::Kind kind) override {
    first.groupCommits(w, lanes, kind), second.groupCommits(w, lanes, kind);
  }
  void groupWaits(Warp &w, uint32_t lanes, Completion::Kind kind, unsigned pending, bool reads) override {
    first.groupWaits(w, lanes, kind, pending, reads), second.groupWaits(w, lanes, kind, pending, reads);
  }
  void proxyFence(Warp &w, uint32_t lanes) override {
    first.proxyFence(w, lanes), second.proxyFence(w, lanes);
  }
  bool needsInstructions() const override { return first.needsInstructions() || second.needsInstructions(); }
  void follows(Warp &w, const Inst &i, uint32_t mask) override {
    first.follows(w, i, mask), second.follows(w, i, mask);
  }
  bool needsValues() const override { return first.needsValues() || second.needsValues(); }
};

} // namespace girih::ptx
