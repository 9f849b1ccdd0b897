// CPUs as a target: kernels are functions that the runtime's threads call.
#pragma once

#include "backends/Target.h"

namespace girih {

llvm::Expected<std::unique_ptr<Target>> createCpuTarget(const TargetOptions &options);

} // namespace girih
