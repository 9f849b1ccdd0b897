// Kernel functions in the LLVM dialect to machine code, one LLVM module each, in parallel.
#pragma once

#include "backends/Host/EmitModule.h"
#include "mlir/IR/BuiltinOps.h"

namespace girih {

/// Optimises and emits every kernel that `@main` launches, in the order of their first launch, on the
/// context's threads; the result does not depend on how many there are. Functions are called `prefix` +
/// kernel's name.
mlir::FailureOr<llvm::SmallVector<EmittedCode>> emitKernels(mlir::ModuleOp module, const CpuTarget &target,
                                                            const CodeOptions &options);

} // namespace girih
