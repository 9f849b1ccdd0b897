// NVIDIA's GPUs as a target: kernels are entries of PTX modules.
#pragma once

#include "backends/Target.h"

namespace girih {

llvm::Expected<std::unique_ptr<Target>> createCudaTarget(const TargetOptions &options);

} // namespace girih
