// Which CPU code is emitted for: the host, a level of x86-64, or any name that LLVM knows.
#pragma once

#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>
#include <vector>

namespace girih {

struct CpuTarget {
  std::string triple;
  std::string cpu;      // LLVM's name; of the host, where that was asked for
  std::string features; // LLVM's: "+avx2,-avx512f"
  /// Enabled instruction sets, by LLVM's names. Those that generated code may use; a run is refused without
  /// them.
  std::vector<std::string> required;

  bool has(llvm::StringRef feature) const;
  /// Features as the artifact's table lists them.
  std::string requiredText() const;
  /// A machine for one thread: LLVM's are not to be shared.
  std::unique_ptr<llvm::TargetMachine> createMachine() const;
};

/// Resolves `--cpu` and `--mattr`. The error names what is known where a name is not.
llvm::Expected<CpuTarget> resolveCpuTarget(llvm::StringRef cpu, llvm::StringRef mattr);

} // namespace girih
