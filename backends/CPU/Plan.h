// Schedules for kernels on a CPU.
#pragma once

#include "passes/Tile/Domain.h"

namespace girih {

struct Machine;

/// A schedule for each domain of a kernel.
llvm::SmallVector<mlir::Attribute> planKernel(KernelOp kernel, llvm::ArrayRef<Domain> domains,
                                              const Machine &machine);

} // namespace girih
