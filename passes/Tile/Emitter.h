// Writes a kernel's loops: tasks, register tiles and vectors, from its domain and its schedule. What a
// generic computes is evaluated on demand at an index (a scalar, or a vector of lanes), so producers and
// epilogues are inlined where they are read and never touch memory.
#pragma once

#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"
#include <map>

namespace girih {

/// Emits one domain of `kernel` into `fn` at `b`; constants are read as `layouts` pack them. With `tasks`,
/// the outer loops become an scf.forall and *tasks is set to its count; without, everything runs in plain
/// loops.
mlir::LogicalResult emitDomain(mlir::OpBuilder &b, KernelOp kernel, KernelFunction &fn, const Domain &domain,
                               ScheduleAttr schedule, const OperandLayouts &layouts, DimExpr *tasks);

} // namespace girih
