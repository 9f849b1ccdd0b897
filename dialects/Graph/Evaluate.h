// Evaluation of graph ops on constants, at compile time.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace girih {

/// The result of an op with one static result whose operands all have the given values. Element-wise ops,
/// casts, reductions, data movement and small matrix products are evaluated, for every element type.
/// Arithmetic is done in double precision and rounded to the element type; integers wrap. Casts give the bits
/// that kernels give, for values out of range, too.
///
/// Fails, silently, for other ops, for results larger than 64 MiB and larger than the operands together, and
/// where the value is not defined (integer division by zero, a scatter index out of bounds).
mlir::FailureOr<mlir::ElementsAttr> evaluateConstant(mlir::Operation *op,
                                                     llvm::ArrayRef<mlir::ElementsAttr> operands);

} // namespace girih
