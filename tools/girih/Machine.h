// What this machine can do, measured: the yardstick of `girih bench --profile`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace girih::tool {

struct Bandwidth {
  std::string level;     // "L1", "L2", "L3", "memory"
  int64_t bytes;         // working sets up to this size, all threads together, are served at
  double bytesPerSecond; // this rate, all threads together
};

struct Machine {
  std::string instructions;      // of the peak: "AVX-512"
  double flopsPerSecond;         // f32 fused multiply-adds, two operations each, all threads together
  std::vector<Bandwidth> levels; // nearest first; the last one's `bytes` has no bound

  /// The least time that work of this size can take, in seconds.
  double limit(int64_t flops, int64_t bytes) const;
};

/// Takes about half a second. The peak follows clock frequency and neighbours: it belongs to the run that it
/// was measured in.
Machine measureMachine(unsigned threads);

/// What of `girih machine` can be asked of this machine or measured in a second, by name.
std::vector<std::pair<std::string, double>> measureNumbers();

} // namespace girih::tool
