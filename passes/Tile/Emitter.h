// Writes a kernel's loops: tasks, register tiles and vectors, from its domain and its schedule. What a
// generic computes is evaluated on demand at an index (a scalar, or a vector of lanes), so producers and
// epilogues are inlined where they are read and never touch memory.
#pragma once

#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"
#include <map>

namespace girih {

/// How many tasks the outer loops of a domain's schedule are: one where there are none.
DimExpr countTasks(const Domain &domain, ScheduleAttr schedule);

/// Emits one task of a domain of `kernel` into `fn`: `begin` opens at `b` what the task is in, and returns
/// its number. Constants are read as `layouts` pack them.
mlir::LogicalResult emitDomain(mlir::OpBuilder &b, KernelOp kernel, KernelFunction &fn, const Domain &domain,
                               ScheduleAttr schedule, const OperandLayouts &layouts,
                               llvm::function_ref<mlir::Value()> begin);

} // namespace girih
