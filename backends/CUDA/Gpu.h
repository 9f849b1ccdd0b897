// Which GPUs PTX is emitted for.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace girih {

/// A compute capability, and the oldest PTX that knows it: what a driver has to be able to read.
struct Gpu {
  unsigned sm, ptx; // 80, 70: sm_80, PTX 7.0

  /// A machine for one thread: LLVM's are not to be shared.
  std::unique_ptr<llvm::TargetMachine> createMachine(unsigned parameterBytes) const;
};

/// Those of a list "80,90", ascending; empty: sm_80. The error names what is known.
llvm::Expected<llvm::SmallVector<Gpu>> parseGpus(llvm::StringRef list);

} // namespace girih
