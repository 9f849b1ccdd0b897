// Memory as one SM sees it: its L1 and the banks of shared memory, and its part of the bandwidth of L2 and
// DRAM. Each is a server: a request waits until those before it have passed.
#pragma once

#include "tools/ptxsim/timing/Footprint.h"
#include <algorithm>
#include <unordered_map>

namespace girih::ptx {

class SmMemory {
public:
  /// As many SMs as this one, on average, share L2 and DRAM.
  SmMemory(const Gpu &gpu, const Footprint &footprint, double sharers, unsigned l1Bytes);

  /// When the result of an access at `t` is there. `sectors`: those of the event.
  double access(const TraceEvent &event, const uint64_t *sectors, uint64_t block, double t);
  /// From when on another instruction can be queued.
  double accepts() const { return pipeFree - queued; }
  /// When everything is written.
  double drained() const { return std::max(pipeFree, std::max(l2Free, dramFree)); }
  void utilisation(double &l1, double &l2, double &dram, double time) const;

private:
  static constexpr double queued = 32; // wavefronts that wait before warps stall
  static constexpr unsigned ways = 4;
  struct Line {
    uint64_t tag = ~0ull;
    uint8_t sectors = 0; // present
    double ready = 0, used = 0;
  };

  const Gpu &gpu;
  const Footprint &footprint;
  double l2Rate, dramRate; // bytes a clock for this SM
  double pipeFree = 0, l2Free = 0, dramFree = 0;
  double pipeTaken = 0, l2Taken = 0, dramTaken = 0;
  std::vector<Line> lines;
  /// Which block last brought a sector from DRAM, and when it came: its next load finds it in L2.
  struct Fetched {
    uint64_t block = 0;
    double ready = 0;
  };
  std::unordered_map<uint64_t, Fetched> fetched;

  Line *find(uint64_t line, bool insert, double t);
  double fromL2(uint64_t sector, uint64_t block, double t, bool load);
};

} // namespace girih::ptx
