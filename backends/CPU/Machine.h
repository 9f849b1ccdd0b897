// The machine that a plan is made for: what the instruction set and the caches allow.
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

  /// Of a CPU that has a name, what is known of it; else what is common.
  static Machine fromTarget(const CpuTarget &target);
  /// `*this` with what a JSON file states otherwise. The error names the file, the key and what is expected.
  llvm::Expected<Machine> withFile(llvm::StringRef file) const;
  /// As such a file.
  void print(llvm::raw_ostream &os) const;
};

} // namespace girih
