// The modelled L2: which sectors of global memory a launch touches, how often they come from DRAM. L2 is
// empty at the start, as after the flush between the runs of a benchmark.
#pragma once

#include "tools/ptxsim/timing/Gpu.h"
#include "tools/ptxsim/timing/Recorder.h"

namespace girih::ptx {

class Footprint {
public:
  /// Blocks [n * waveBlocks, ...) of the grid run together. Of `gridBlocks`, the recorder saw a sample.
  Footprint(const Recorder &recorder, uint64_t gridBlocks, uint64_t waveBlocks, const Gpu &gpu);

  struct Cost {
    bool fromDram = false; // the latency
    double dramBytes = 0;  // this block's part
  };
  /// A load of a sector by a block.
  Cost load(uint64_t sector, uint64_t block) const;
  /// Bytes that DRAM must take for a sector stored, in the end or while the launch runs.
  double storeBytes() const { return writeBack * sectorBytes; }

  // Of the whole grid.
  double readBytes = 0, writtenBytes = 0;         // different bytes touched
  double dramReadBytes = 0, dramWrittenBytes = 0; // what passes between L2 and DRAM

private:
  struct Segment {
    uint64_t begin, end;
    uint64_t firstWave = ~0ull, lastWave = 0;
    uint32_t readers = 0, writers = 0, waves = 0, inFirstWave = 0;
    bool writtenFirst = false, everywhere = false; // a sampled grid's other blocks touch it too
  };
  std::vector<Segment> segments;
  uint64_t waveBlocks;
  double scale = 1, writeBack = 0, waveBytes = 0, capacity;
  bool missesAgain(const Segment &s) const;
};

} // namespace girih::ptx
