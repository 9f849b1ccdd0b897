// Products on tensor cores: which domains they fit, and how their operands lie.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "passes/Tile/Domain.h"

namespace girih {

/// Results of an mma, which goes along two pieces of 16 bytes of the reduction.
constexpr int64_t kMmaRows = 16, kMmaColumns = 8;

/// How tensor cores see an operand of a contraction: as lines of elements that lie side by side, which are
/// along the reduction, or along the rows or columns of the result.
struct MmaOperand {
  Access access;
  bool isAlongReduction;
};

/// A contraction as tensor cores compute it: rows of the left operand meet columns of the right one.
struct MmaShape {
  llvm::SmallVector<unsigned> rows; // loops that only the left operand moves with; the last varies fastest
  unsigned column;                  // the loop along which results are side by side
  unsigned inner;                   // the loop of the reduction that a step goes along
  mlir::Type element;               // of both operands
  MmaOperand left, right;

  int64_t getElementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
};

/// Nothing where the domain is no such contraction of 16-bit floats, or of f32, which tensor cores round to
/// tf32.
std::optional<MmaShape> getMmaShape(const Domain &domain);

/// How many elements of an operand can be copied at once, of 16 bytes at most: what its place, strides and
/// sizes are multiples of.
int64_t getMmaVector(KernelOp kernel, const Domain &domain, const MmaShape &shape, const MmaOperand &operand);

/// The rows of a task's tile.
int64_t getMmaRows(const MmaShape &shape, ScheduleAttr schedule);
/// The threads of a block.
int64_t getMmaThreads(const MmaShape &shape, ScheduleAttr schedule);
/// The shared memory of a block, in bytes: a ring of steps of the operands, then the warps' sums.
int64_t getMmaSharedBytes(const MmaShape &shape, ScheduleAttr schedule);
/// How far apart the rows of a warp's sums are in shared memory, in bytes.
int64_t getMmaSumStride(MmaAttr mma);

mlir::LogicalResult verifyMma(KernelOp kernel, const Domain &domain, ScheduleAttr schedule,
                              llvm::function_ref<mlir::InFlightDiagnostic()> error);

} // namespace girih
