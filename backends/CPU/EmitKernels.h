// Kernel functions in the LLVM dialect to machine code, one LLVM module each, in parallel.
#pragma once

#include "backends/CPU/EmitTarget.h"
#include "mlir/IR/BuiltinOps.h"
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

/// Optimises and emits every kernel that `@main` launches, in the order of their first launch, on the
/// context's threads; the result does not depend on how many there are. Functions are called `prefix` +
/// kernel's name.
mlir::FailureOr<llvm::SmallVector<EmittedCode>> emitKernels(mlir::ModuleOp module, const CpuTarget &target,
                                                            const CodeOptions &options);

/// Optimises and emits one module. Returns an error message, empty if all is well.
std::string emitModule(llvm::Module &module, const CpuTarget &target, const CodeOptions &options,
                       llvm::SmallVectorImpl<char> &out);

} // namespace girih
