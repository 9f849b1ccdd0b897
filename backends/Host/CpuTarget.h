// Which CPU code is emitted for: this machine's, a level of x86-64, or any name that LLVM knows for a triple.
#pragma once

#include "llvm/IR/Function.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>
#include <vector>

namespace girih {

struct CpuTarget {
  llvm::Triple triple;
  std::string cpu;      // LLVM's name; of the host, where that was asked for
  std::string features; // LLVM's: "+avx2,-avx512f"
  unsigned cpus = 0;    // of the host, where that was asked for
  /// Enabled instruction sets, by LLVM's names. Those that generated code may use; a run is refused without
  /// them.
  std::vector<std::string> required;

  bool has(llvm::StringRef feature) const;
  /// Features as the artifact's table lists them.
  std::string requiredText() const;
  /// A machine for one thread: LLVM's are not to be shared.
  std::unique_ptr<llvm::TargetMachine> createMachine() const;
  /// Has LLVM make code of a function for this CPU.
  void annotate(llvm::Function &function) const;
};

/// "x86_64-linux-gnu": as `--target` and Debian's folders name it.
std::string shortName(const llvm::Triple &triple);
/// Whether code for it runs here, if the CPU has what it needs.
bool isOfThisMachine(const llvm::Triple &triple);

/// Resolves `--target` (empty: this machine), `--cpu` (empty: this machine's, or the least of another target)
/// and `--mattr`. The error names what is known where a name is not.
llvm::Expected<CpuTarget> resolveCpuTarget(llvm::StringRef triple, llvm::StringRef cpu,
                                           llvm::StringRef mattr);

} // namespace girih
