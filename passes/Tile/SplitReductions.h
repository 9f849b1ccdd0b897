// Long reductions of few results, whose blocks become tasks.
#pragma once

#include "dialects/Graph/Graph.h"

namespace girih {

/// Splits every reduction of a kernel that is worth it. What the kernel has become, in the order of
/// computation: itself, or others before it as well.
llvm::SmallVector<KernelOp> splitReductions(KernelOp kernel);

} // namespace girih
