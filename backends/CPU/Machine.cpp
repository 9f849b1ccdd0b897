#include "backends/CPU/Machine.h"
#include "backends/CPU/EmitTarget.h"

namespace girih {

Machine Machine::fromTarget(const CpuTarget &target) {
  Machine m;
  bool wide =
      target.has("avx512f") && target.has("avx512vl") && target.has("avx512bw") && target.has("avx512dq");
  m.vectorBits = wide ? 512 : target.has("avx2") ? 256 : 128;
  m.registers = wide ? 32 : 16;
  m.fma = target.has("fma");
  // One multiply-add of 512 bits a cycle, two of 256. (LLVM's scheduling models say so of others, too, that
  // do two of either; sources: AMD's optimization guides for Zen 4 and Zen 5, Intel's optimization manual.)
  static constexpr llvm::StringLiteral halfByHalf[] = {"znver4", "cannonlake", "icelake-client", "rocketlake",
                                                       "tigerlake"};
  if (wide && llvm::is_contained(halfByHalf, target.cpu)) m.halfRate = 1;
  return m;
}

} // namespace girih
