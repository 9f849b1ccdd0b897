// Loops for the operators that no linalg.generic can say: scatters, TopK and CumSum. Each is alone in its
// kernel, on storage types; `girih.unsigned` on the operator says that its integers are unsigned.
#pragma once

#include "passes/Tile/KernelFunction.h"

namespace girih {

/// Emits `op`, which is `kernel`'s only operator, into `fn` at `b` as an scf.forall; *tasks is set to its
/// count.
mlir::LogicalResult emitSpecial(mlir::OpBuilder &b, KernelOp kernel, mlir::Operation *op, KernelFunction &fn,
                                DimExpr *tasks);

} // namespace girih
