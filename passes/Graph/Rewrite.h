// How the graph's rewrites run.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace girih {

/// A rewrite may know a size for which the op that it replaces had a symbol (what its operands take to be
/// equal is a check of the artifact by then): the results of `func` get the types of the values that it
/// returns.
void updateResultTypes(mlir::func::FuncOp func);

/// Applies patterns until none matches, and updates the results' types. Fails, with an error that names
/// `what`
/// ("folding batch norms"), where that has no end.
mlir::LogicalResult applyGraphPatterns(mlir::func::FuncOp func, mlir::RewritePatternSet patterns,
                                       llvm::StringRef what);

} // namespace girih
