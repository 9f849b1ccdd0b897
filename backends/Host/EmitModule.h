// An LLVM module to machine code, or to what a device's driver makes that of.
#pragma once

#include "backends/Host/CpuTarget.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"

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

/// Optimises a module for `machine` by the passes that `pipeline` names and those that `addLast` adds, and
/// emits it. Returns an error message, empty if all is well.
std::string emitCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef pipeline,
                     CodeKind kind, llvm::raw_pwrite_stream &os,
                     llvm::function_ref<void(llvm::ModulePassManager &)> addLast);

/// Optimises and emits one module for a CPU. Returns an error message, empty if all is well.
std::string emitModule(llvm::Module &module, const CpuTarget &target, const CodeOptions &options,
                       llvm::SmallVectorImpl<char> &out);

} // namespace girih
