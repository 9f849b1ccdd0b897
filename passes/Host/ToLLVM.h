// From kernel functions on scf, vector and memref to the llvm dialect: upstream conversions in the one order
// that works.
#pragma once

#include "mlir/Pass/PassManager.h"

namespace girih {

/// Appends the llvm stage to `pm` (on a module). `fma`: the target has fused multiply-add, so math.fma is an
/// instruction. `libm`: kernels may call it.
void buildKernelsToLLVM(mlir::OpPassManager &pm, bool fma, bool libm = true);

} // namespace girih
