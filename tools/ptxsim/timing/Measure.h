// A launch measured: run while it is watched, its costs counted, its time modelled.
#pragma once

#include "tools/ptxsim/timing/Model.h"

namespace girih::ptx {

struct MeasureOptions {
  const Gpu *gpu = nullptr;  // null: the one that the program's target is nearest to
  uint64_t sampleBlocks = 0; // run about so many blocks of the grid only; 0: all
};

struct Measurement {
  const Gpu *gpu = nullptr;
  uint64_t gridBlocks = 0, ranBlocks = 0;
  /// By instruction of Program::code, of the blocks that ran.
  std::vector<uint64_t> executions, laneExecutions;
  MemoryCounters memory;
  Occupancy occupancy;
  double readBytes = 0, writtenBytes = 0, dramReadBytes = 0, dramWrittenBytes = 0; // of the whole grid
  TimeEstimate time;

  /// Whether an SM of the GPU holds a block; if not, there is no time.
  bool fits() const { return occupancy.blocks > 0; }
  bool sampled() const { return ranBlocks < gridBlocks; }
};

/// Launches, in place of Device::launch; `launch.observer` may be the checker. The measurement is of no use
/// if the result is not ok.
Measurement measure(Device &device, const Program &program, Launch launch, const MeasureOptions &options,
                    LaunchResult &result);

/// A table to read.
std::string formatMeasurement(const Program &program, const Measurement &m, bool counters, bool time);
/// A JSON object: {"gpu": ..., "counters": {...}, "occupancy": {...}, "time": {...}}.
std::string measurementJson(const Program &program, const Measurement &m);

} // namespace girih::ptx
