// Which operands a kernel may write its result over.
#pragma once

#include "dialects/Graph/Graph.h"

namespace girih {

/// Inputs of a kernel at the linalg stage that are read at nothing but the element being written: through
/// all-parallel generics alone, by the maps of what these generics write, on to the kernel's only result.
/// However such a kernel is tiled, an element is read before it is overwritten, by the task that overwrites
/// it.
llvm::SmallVector<int64_t> getOverwritableInputs(KernelOp kernel);

} // namespace girih
