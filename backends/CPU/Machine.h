// The machine that a plan is made for: what the instruction set and the caches allow.
#pragma once

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

  static Machine fromTarget(const CpuTarget &target);
};

} // namespace girih
