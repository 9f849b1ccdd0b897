// The machine that a plan is made for: what the instruction set and the caches allow.
#pragma once

#include <cstdint>

namespace llvm {
class StringRef;
}

namespace girih {

struct Machine {
  int64_t vectorBits = 512;
  int64_t registers = 32;  // vector registers
  bool fma = true;
  int64_t l1 = 32 << 10, l2 = 1 << 20; // bytes, a core
  int64_t threads = 2;     // what task counts are made for; results never depend on it

  /// From LLVM's feature string ("+avx512f,+fma,..."), everything switched on being listed.
  static Machine fromFeatures(llvm::StringRef features);
};

} // namespace girih
