// `@main` as the tables of runtime/abi.h: launches, buffers, sizes, names. There is no compiled host loop.
#pragma once

#include "backends/Host/CpuTarget.h"
#include "backends/Host/DeviceCode.h"
#include "backends/Host/EmitWeights.h"
#include "llvm/IR/Module.h"

namespace girih {

struct HostOptions {
  std::string producer; // "girih 0.1.0, LLVM 22.1.8"
  std::string prefix;   // of kernels and weights, as in emitKernels
  std::string tableSymbol = "girih_artifact_table";
  /// Both set: weights lie in a file of their own.
  std::string weightsFile;
  uint64_t weightsHash = 0;
  bool sanitize = false; // as in CodeOptions
};

/// The symbol of the weights' object.
std::string weightsSymbol(llvm::StringRef prefix);

/// The host module, ready for emitModule. Kernels are `device`'s where that has modules, else functions of
/// objects. Errors are emitted; the result is null then.
std::unique_ptr<llvm::Module> buildHostModule(mlir::ModuleOp module, const Weights &weights,
                                              const DeviceCode &device, const CpuTarget &target,
                                              const HostOptions &options, llvm::LLVMContext &context);

} // namespace girih
