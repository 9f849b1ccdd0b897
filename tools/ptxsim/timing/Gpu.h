// The figures of the GPUs that the time model knows, from gpus.json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace girih::ptx {

struct Gpu {
  std::string key, name, target; // "rtx5090", "GeForce RTX 5090", "sm_120"
  std::vector<std::string> sources;
  unsigned sms = 1, warps = 48, blocks = 24, registers = 65536, sharedBytes = 0, sharedReserved = 0,
           l1Bytes = 0;
  uint64_t l2Bytes = 0;
  double clockMhz = 1, l2BytesPerClock = 1, l2PortBytes = 64, dramBytesPerClock = 1;
  double launchCycles = 0;
  /// Of an SM, a clock.
  struct {
    unsigned fp32, integer, logic, imad, half, fp64, sfu, convert;
  } lanes;
  std::map<std::string, double> mma, wgmma; // multiply-adds a clock by type; wgmma: where there is
  double mmaLatencyFixed = 0, mmaLatencyIntervals = 1;
  struct {
    unsigned alu, sfu, fp64, shared, l1, l2, dram, branch, barrier, cluster, shuffle;
  } latency;
  unsigned window = 16; // instructions that ptxas is taken to interleave

  static constexpr unsigned schedulers = 4;
};

/// In the order of the data file.
const std::vector<Gpu> &gpus();
/// Null if there is none.
const Gpu *findGpu(const std::string &key);

} // namespace girih::ptx
