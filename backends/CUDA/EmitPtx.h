// Kernel functions in the LLVM dialect to PTX, a module for each GPU.
#pragma once

#include "backends/CUDA/Gpu.h"
#include "backends/Target.h"

namespace girih {

/// Optimises and emits every kernel that `@main` launches, in the order of their first launch, for each GPU.
/// LLVM's IR, where that is asked for, is an object, of the first.
mlir::FailureOr<EmittedKernels> emitPtx(mlir::ModuleOp module, llvm::ArrayRef<Gpu> gpus,
                                        const CodeOptions &options);

} // namespace girih
