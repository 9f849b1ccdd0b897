// Which values of a kernel are better computed once, into memory, than wherever they are read.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace girih {

/// Whether all readers of `value` are generics that say where by sums of loops: so is memory read.
bool isReadByLoops(mlir::Value value);

/// The generics of a kernel whose values a schedule should store: those that take a reduction and are read
/// for many elements of another, those with a border and, where `readTwice`, elementary functions that a
/// reduction reads and somebody after it.
llvm::SmallVector<mlir::linalg::GenericOp> chooseStages(KernelOp kernel, bool readTwice = true);

} // namespace girih
