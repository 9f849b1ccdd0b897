// The machine that a plan is made for and that times are predicted for: what the instruction set, the core's
// units and the caches allow. docs/machine.md says what each number is and where known ones are from.
#pragma once

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>

namespace girih {

struct CpuTarget;

struct Machine {
  int64_t vectorBits = 512;
  int64_t registers = 32; // vector registers
  bool fma = true;
  /// Multiply-adds a cycle with vectors of half the size, as a part of those with whole ones: 0.5, or up to 1
  /// where whole ones are done half by half.
  double halfRate = 0.5;
  int64_t l1 = 32 << 10, l1Ways = 8; // bytes of first-level data cache, and places for one line of it
  int64_t l2 = 1 << 20;              // bytes of second-level cache, a core
  /// Registers that scalars pass through on their way to multiply-adds; none where these read memory.
  int64_t operands = 0;

  // What only predictions need (Cost.h). A whole vector is one of `vectorBits`.
  int64_t l3 = 32 << 20; // bytes of third-level cache that one core's data may fill; 0: none
  int64_t cores = 8;
  double ghz = 3.5;            // while vectors are computed with
  double fmas = 2;             // multiply-adds of whole vectors a cycle
  double vectorOps = 2;        // instructions on whole vectors a cycle, multiply-adds included
  double loads = 2;            // of whole vectors a cycle
  double stores = 1;           // of whole vectors a cycle
  double issue = 6;            // instructions a cycle
  double fmaLatency = 4;       // cycles until the result of a multiply-add may be used
  double addLatency = 4;       // the same of a sum without a product
  double compareCycles = 1;    // between two comparisons of whole vectors
  double divideCycles = 10;    // between two divisions or square roots of whole vectors of f32
  double gatherCycles = 1;     // a lane of a gather
  double l2Bandwidth = 32;     // bytes a cycle from the second-level cache
  double l3Bandwidth = 16;     // bytes a cycle from the third-level cache
  double memoryBandwidth = 16; // bytes a nanosecond from memory, one core's

  /// Of a CPU that has a name, what is known of it; else what is common.
  static Machine fromTarget(const CpuTarget &target);
  /// Sets what `key` names, as files do. The error says what is known, or expected of it.
  llvm::Error set(llvm::StringRef key, double value);
  /// `*this` with what a JSON file states otherwise. The error names the file, the key and what is expected.
  llvm::Expected<Machine> withFile(llvm::StringRef file) const;
  /// As such a file.
  void print(llvm::raw_ostream &os) const;
};

} // namespace girih
