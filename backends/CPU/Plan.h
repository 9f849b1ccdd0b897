// Schedules for kernels on a CPU.
#pragma once

#include "backends/CPU/Guesses.h"
#include "passes/Tile/Emitter.h"

namespace girih {

struct Machine;

/// A schedule for each domain of a kernel. One that is to be a variant reads constants in the blocks of
/// `packings`, those of the kernel's own schedule.
llvm::SmallVector<mlir::Attribute> planKernel(KernelOp kernel, llvm::ArrayRef<Domain> domains,
                                              const Machine &machine, const Guesses &guesses,
                                              llvm::ArrayRef<Packing> packings = {});

} // namespace girih
