// Checks and reads the schedules of a kernel.
#pragma once

#include "passes/Tile/Domain.h"

namespace girih {

/// The domains of a kernel with the stages that `schedules` store: its own, or those of a variant. Operands
/// among them get a generic that copies them, where they have none.
mlir::FailureOr<std::vector<Domain>> analyzeScheduled(KernelOp kernel, mlir::ArrayAttr schedules);
/// The elements of `schedules`, one a domain; fails, with the reason at the kernel, if there are none or one
/// does not fit.
mlir::FailureOr<llvm::SmallVector<ScheduleAttr>> getSchedules(KernelOp kernel, mlir::ArrayAttr schedules,
                                                              llvm::ArrayRef<Domain> domains);

/// The loop of a domain that a loop of its stage moves with, and how much of it is read of the stage inside
/// of that. Nothing where readers move it differently, or one reads all.
std::optional<Window> getWindow(const Domain &domain, unsigned stage, unsigned loop);

/// The loop of a domain's reduction that one of its stage's loops stands at, so that blocks of the reduction
/// read as much of the stage. Nothing where readers do anything else, or there is a border.
std::optional<unsigned> getReducedLoop(const Domain &domain, unsigned stage, unsigned loop);

/// How much of a stage's loop is computed at once, nothing where all of it is.
std::optional<int64_t> getStageStep(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                                    unsigned loop);

/// The loop of a stage along which its window moves on in memory: what the last step has left of it, this one
/// need not compute. Nothing where it does not move along the innermost loop around it, or without overlap.
std::optional<unsigned> getSliding(const Domain &domain, ScheduleAttr schedule, unsigned stage);

/// Where a stored value lies in scratch memory.
struct StageMemory {
  unsigned stage; // whose memory it is: its own, or that of an earlier value that is needed no more
  llvm::SmallVector<DimExpr> extents, strides; // of the part that is there, with its border, one a loop
  mlir::AffineMap layout;                      // instead of strides; null: there is none
  DimExpr elements;                            // of all that share the memory, if it is its own
};

/// The memory of each stored value of a domain.
std::vector<StageMemory> getStageMemory(const Domain &domain, ScheduleAttr schedule);

/// Whether a register tile has as many rows as lanes, which can be transposed.
inline bool isSquare(int64_t rows, int64_t width) {
  return rows > 1 && rows == width && rows % 4 == 0;
}

/// Of a loop of threads whose size is known, a thread's elements are written out up to so many, those of all
/// places of the register tile: what several loops read in the same way stays in registers.
constexpr int64_t kMostDealt = 32;

/// How many rows are written out at a time where a dimension's size is not known: `rows`, then, for what is
/// left, as many as `kRestRows` and fewer.
llvm::SmallVector<int64_t> getRowSizes(int64_t rows);
constexpr int64_t kRestRows = 4;
/// How `n` of them are computed: counts and sizes.
llvm::SmallVector<std::pair<int64_t, int64_t>> splitRows(int64_t n, int64_t rows);

/// Whether `kernel` holds one operator that no linalg.generic can say; it needs no schedule.
mlir::Operation *getSpecialOp(KernelOp kernel);

} // namespace girih
