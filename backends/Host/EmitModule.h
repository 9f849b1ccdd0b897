// An LLVM module to a CPU's machine code.
#pragma once

#include "backends/Host/CpuTarget.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"

namespace girih {

enum class CodeKind { Object, Assembly, IR };

struct CodeOptions {
  CodeKind kind = CodeKind::Object;
  std::string prefix; // of kernels' names
  /// Every load and store asks the AddressSanitizer's runtime first. Its symbols stay undefined.
  bool sanitize = false;
};

struct EmittedCode {
  std::string name;
  llvm::SmallVector<char, 0> bytes;
};

/// Optimises and emits one module. Returns an error message, empty if all is well.
std::string emitModule(llvm::Module &module, const CpuTarget &target, const CodeOptions &options,
                       llvm::SmallVectorImpl<char> &out);

} // namespace girih
