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
  return m;
}

} // namespace girih
