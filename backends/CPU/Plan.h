// Schedules for kernels on a CPU.
#pragma once

#include "dialects/Graph/Guesses.h"
#include "passes/Tile/Domain.h"

namespace girih {

struct Machine;

/// A schedule for each domain of a kernel. One that is to be a variant packs constants in `layouts`, as the
/// kernel's own schedule does.
llvm::SmallVector<mlir::Attribute> planKernel(KernelOp kernel, llvm::ArrayRef<Domain> domains,
                                              const Machine &machine, const Guesses &guesses,
                                              const OperandLayouts *layouts = nullptr);

} // namespace girih
