// The time model: one SM replays the traces of its share of the blocks, its part of L2 and DRAM being as
// large as that of all the others.
#pragma once

#include "tools/ptxsim/timing/Costs.h"
#include "tools/ptxsim/timing/Footprint.h"
#include <optional>

namespace girih::ptx {

/// What limits how many blocks an SM holds.
struct Occupancy {
  unsigned registers = 0;     // a thread
  std::string registerSource; // "ptxas" or "estimate"
  unsigned sharedBytes = 0, warpsPerBlock = 1;
  unsigned blocks = 0; // an SM
  std::string limit;   // "registers", "shared memory", "warps", "blocks"
  double fraction = 0; // of the warps that an SM can hold
};
/// `ptxas -v` says how many registers, if it is installed; otherwise they are estimated.
Occupancy occupancyOf(const Program &program, const Launch &launch, const Gpu &gpu);
/// The same for a number of registers that `source` gave.
Occupancy occupancyWith(const Program &program, const Launch &launch, const Gpu &gpu, unsigned registers,
                        const char *source);

struct TimeEstimate {
  double cycles = 0, launchCycles = 0;
  unsigned activeSms = 1, blocksPerSm = 1;
  double waves = 0;
  uint64_t replayedBlocks = 0, blocksOfSm = 0;                // if not the same, the rest is extrapolated
  double issueBusy = 0, l1Busy = 0, l2Busy = 0, dramBusy = 0; // fractions of the time of the SM's work
  double pipeBusy[pipeCount] = {};
  std::string limit; // the busiest of them, or "latency" if none is busy most of the time
  /// If warps of the model wait for what never comes: a fault of the model's, there is no time.
  std::optional<Report> stuck;
};

/// How many blocks an SM gets, and how many of them the model replays at most.
uint64_t blocksOfSm(uint64_t gridBlocks, const Gpu &gpu);
constexpr uint64_t mostReplayed = 96;

TimeEstimate estimateTime(const Program &program, const ProgramCosts &costs,
                          const std::vector<BlockTrace> &traces, const Footprint &footprint,
                          const Occupancy &occupancy, uint64_t gridBlocks, const Gpu &gpu);

} // namespace girih::ptx
