// What the checker keeps of blocks, warps and threads while they run.
#pragma once

#include "tools/ptxsim/check/Clock.h"
#include "tools/ptxsim/check/Shadow.h"
#include "tools/ptxsim/check/Values.h"
#include <array>
#include <string>
#include <unordered_map>

namespace girih::ptx::check {

/// What a thread knew at a fence: what its later strong writes release.
struct Snapshot {
  ClockRef base;
  uint32_t time = 0, blockFloor = 0, warpFloor = 0; // time 0: there has been none
};

/// Of one thread, in programs that synchronise by more than barriers of the whole block.
struct LaneState {
  ClockRef clock;                    // beyond the block's base; null: nothing
  ClockRef seenNarrow, seenWide;     // by strong reads: acquired by a fence of the block, of the device
  Snapshot fencedNarrow, fencedWide; // at the last fence of any scope, of the device
  bool carried = true;               // fencedWide has been passed on by a barrier
  // What a spinning thread need not do again: the last clocks that it has seen, the last fence and place that
  // it has published.
  ClockRef lastNarrow, lastWide;
  uint64_t publishedAt = 0;
  uint32_t publishedTime = 0;
};

/// A strong read whose value is not known yet: it acquires when its warp does something next, since what
/// it reads may be released until then.
struct PendingRead {
  uint32_t lanes = 0;
  Space space = Space::Global;
  bool acquires = false, wide = false;
  uint64_t address[warpSize];
};

/// A cp.async that has not been waited for.
struct AsyncCopy {
  uint32_t lanes, instruction;
  uint32_t arrived = 0; // lanes that have let them complete on an mbarrier
  uint8_t bytes;
  uint32_t group[warpSize]; // of each lane: how many groups it had committed before
  uint64_t address[warpSize];
  uint64_t source[warpSize], sourceBegin = ~0ull, sourceEnd = 0; // lanes that read nothing: source 0
};

/// An mbarrier that asynchronous operations complete on.
struct AsyncBarrierState {
  uint32_t agent = 0, phase = 0; // phase: how many have completed
};

/// What an instruction does with the registers that matrix products use, by their numbers.
struct RegisterUse {
  std::vector<uint32_t> reads, writes; // of a product: A, accumulators
  bool isProduct = false, isFence = false, isMove = false;
  std::string_view shape;
};
struct MatrixRegister {
  uint32_t usedBy = none, group = 0; // the product in flight and the groups committed before it
  bool input = false;                // as A
  uint32_t writtenBy = none;         // since the last wgmma.fence
};

struct WarpState {
  uint32_t now = 1;   // stamp of its accesses: the block's time at its last release
  uint32_t floor = 0; // lanes of this warp know each other's accesses before this time
  std::unique_ptr<std::array<LaneState, warpSize>> lanes;
  PendingRead pending;
  uint32_t clusterWaits = 0; // lanes that have waited at barrier.cluster.wait
  std::vector<AsyncCopy> copies;
  uint32_t committed[warpSize] = {}, bulkCommitted[warpSize] = {}, matricesCommitted = 0; // groups
  std::vector<MatrixRegister> registers;
  bool matrixFenced = false;
  std::unique_ptr<Values> values; // of loads, where they are followed

  LaneState &lane(unsigned l) {
    if (!lanes) lanes = std::make_unique<std::array<LaneState, warpSize>>();
    return (*lanes)[l];
  }
};

/// A memory location that strong writes have released to. What is there only grows: a reader may be told of
/// more than what it read carries, which hides a race at worst.
struct Released {
  ClockRef narrow, wide; // by threads of `block`, by threads of the device
  uint32_t block = 0;
};
using ReleasedMap = std::unordered_map<uint64_t, Released>;

struct BarrierState {
  struct Arrival {
    uint32_t warp, lanes;
    bool waits;
  };
  std::vector<Arrival> arrivals;
  ClockRef clock, fenced;
  const Inst *last = nullptr; // the instruction of the last arrival, with
  uint32_t lastThread[3] = {0, 0, 0};
};

/// A read of what was never written, told of when its block ends: if it races with the write, that is said
/// instead.
struct EarlyRead {
  const Inst *instruction;
  uint32_t thread[3];
  uint64_t address;
  Space space;
  std::string message;
};

struct BlockState {
  Block *block = nullptr;
  uint32_t id = 0;
  uint32_t time = 1;
  uint32_t floor = 0;      // all threads of the block know all accesses before this time
  ClockRef base;           // what all threads of the block know of other blocks
  ClockRef fenced;         // what barriers have passed on of fences of the device
  ClockRef cluster;        // of a cluster's first block: what has arrived at the cluster's barrier
  ClockRef fencedForProxy; // of a cluster's first block: what precedes a fence.proxy.async
  uint32_t bulkReads = 0, bulkWrites = 0, matrixReads = 0; // agents
  std::unordered_map<uint64_t, AsyncBarrierState> asyncBarriers;
  std::vector<WarpState> warps;
  BarrierState barriers[16];
  std::vector<Cell> shared;
  std::vector<uint8_t> sharedWritten, localWritten; // by byte
  uint32_t sharedHoles = 0;                         // bytes of shared memory that nobody has written
  Attachments attachments;
  ReleasedMap released; // locations in shared memory
  std::vector<EarlyRead> earlyReads;
  std::mutex held;                      // of what values hold: other blocks add to it
  uint64_t followed = 0, mayFollow = 0; // loads of which nothing is known to be wrong

  uint32_t tick() { return ++time; }
};

} // namespace girih::ptx::check
