#include "backends/CPU/Machine.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace girih {

Machine Machine::fromFeatures(llvm::StringRef features) {
  llvm::SmallVector<llvm::StringRef> list;
  features.split(list, ',');
  auto has = [&](llvm::StringRef name) {
    bool on = false; // the last mention counts
    for (llvm::StringRef f : list)
      if (f.drop_front(f.empty() ? 0 : 1) == name) on = f.front() == '+';
    return on;
  };
  Machine m;
  bool wide = has("avx512f") && has("avx512vl") && has("avx512bw") && has("avx512dq");
  m.vectorBits = wide ? 512 : has("avx2") ? 256 : 128;
  m.registers = wide ? 32 : 16;
  m.fma = has("fma");
  return m;
}

} // namespace girih
