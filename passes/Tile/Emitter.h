// Writes a kernel's loops: tasks, register tiles and vectors, from its domain and its schedule. What a
// generic computes is evaluated on demand at an index (a scalar, or a vector of lanes), so producers and
// epilogues are inlined where they are read and never touch memory.
#pragma once

#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"
#include <map>

namespace girih {

/// How a packed constant lies in memory: [outer..., blocks, reduction..., block].
struct Packing {
  unsigned buffer;
  mlir::OpOperand *operand; // of the reduction's generic
  llvm::SmallVector<unsigned>
      order;          // dimensions of the generic, outermost first; the vector dimension is where blocks go
  unsigned vectorDim; // dimension of the generic
  int64_t block;      // elements of it in a block
  int64_t width;      // elements of it that are read at once
  llvm::SmallVector<int64_t> extents; // of `order`
  llvm::SmallVector<int64_t>
      strides;          // of `order`, in the packed buffer; the vector dimension's is between blocks
  int64_t elements = 1; // of the packed buffer
};

/// The packings that a domain with this schedule uses.
llvm::SmallVector<Packing> getPackings(const Domain &domain, ScheduleAttr schedule);

/// Those of all domains of a kernel and of what they store.
llvm::SmallVector<Packing> getPackings(llvm::ArrayRef<Domain> domains,
                                       llvm::ArrayRef<ScheduleAttr> schedules);

/// Emits one domain of `kernel` into `fn` at `b`; constants are read where `packings` say. With `tasks`, the
/// outer loops become an scf.forall and *tasks is set to its count; without, everything runs in plain loops.
mlir::LogicalResult emitDomain(mlir::OpBuilder &b, KernelOp kernel, KernelFunction &fn, const Domain &domain,
                               ScheduleAttr schedule, llvm::ArrayRef<Packing> packings, DimExpr *tasks);

} // namespace girih
