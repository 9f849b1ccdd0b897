// How the schedule of one domain is chosen: register tiles (Plan.cpp), and what is stored around them
// (PlanStages.cpp). Private to the plan.
#pragma once

#include "backends/CPU/Machine.h"
#include "backends/CPU/Plan.h"
#include "backends/CPU/Sizes.h"
#include "passes/Tile/Domain.h"

namespace girih {

/// Products of sizes that no machine holds are the largest number.
inline uint64_t times(uint64_t a, uint64_t b) {
  return llvm::SaturatingMultiply(a, b);
}

/// The numbers of a schedule while they are being chosen.
struct Choice {
  int64_t width = 1, vectorDim = -1, vectors = 1, rowDim = -1, rows = 1;
  llvm::SmallVector<int64_t> order;                     // of the loops over register tiles
  llvm::SmallVector<std::pair<int64_t, int64_t>> tasks; // dimensions and how much of each
  int64_t unroll = 1;
  llvm::SmallVector<LoopAttr> around; // tasks and what stages are inside of
};

/// What all parts of a kernel are planned from.
struct PlanInputs {
  KernelOp kernel;
  const Machine &machine;
  const Guesses &guesses;
  const OperandLayouts *layouts; // of a variant: those of the kernel's own schedule
  bool hasTasks;                 // several domains (border fills) are small: one task runs them all
};

/// How much of a stage's dimension is computed at once, nothing where all of it is; a window moves on by
/// less.
struct Step {
  std::optional<int64_t> size;
  bool isWindow = false;
};

class Planner {
public:
  /// Of a stage, `steps` are how much of its dimensions is computed at once.
  Planner(const PlanInputs &in, const Domain &domain, llvm::ArrayRef<Step> steps = {})
      : in(in), kernel(in.kernel), domain(domain), machine(in.machine), steps(steps) {
    int64_t bits = 0;
    for (const Access &a : domain.accesses)
      bits = std::max<int64_t>(bits, a.element.getIntOrFloatBitWidth());
    // Lanes hold 32-bit values; kernels of 64-bit floats only use half as many. Integers of 64 bits are index
    // data and pass by.
    bool doubles = llvm::any_of(domain.accesses, [](const Access &a) { return a.element.isF64(); });
    lanes = machine.vectorBits / (doubles ? 64 : 32);
    registers = machine.registers - machine.operands;
  }

  ScheduleAttr plan();
  /// Whether what follows on the sums of the planned register tile would leave no registers for them, and
  /// make the code several times as long, written out for every vector of the tile.
  bool isLongToFinish();
  /// A domain whose only stage is its reduction: a register tile of sums is stored, in the first-level cache,
  /// and a loop over its rows takes them up. Null where the tile's loops are not the result's.
  ScheduleAttr planAroundSums();

private:
  void choose();
  void around(int64_t dim, int64_t size, LoopRole role);
  StoredAttr store(unsigned stage, ScheduleAttr schedule);
  /// All stages, planned where the loops around them take as much of a dimension as `sizeOf` says, nothing
  /// where they take all of it.
  llvm::SmallVector<StoredAttr> storeAll(llvm::function_ref<std::optional<int64_t>(int64_t dim)> sizeOf);
  int64_t guess(DimExpr e) const { return in.guesses.get(e); }
  int64_t extent(int64_t d) const;
  int64_t step(int64_t d) const;
  /// The loops that have been chosen.
  ScheduleAttr schedule(llvm::ArrayRef<StoredAttr> stored);
  /// The register tile of a stage divides what is computed at once.
  void fitSteps();
  /// Stages are computed for as many rows (or vectors) as leave their values in the second-level cache,
  /// inside of the dimensions that they follow, and outside of the others.
  ScheduleAttr withStages();
  /// The loop that strips go along: the outermost one along which a stage is read through a window or, if the
  /// cache has room for a whole step of it, one outside of that. -1 where there are no windows. Loops that
  /// have lanes in a stage (the channels of groups) are not divided.
  int64_t stripDim() const;
  /// Strips: as many steps of the loop `along` as leave what the stages have of them in the second-level
  /// cache. What two strips share of a stage is computed once where they follow each other, inside of a task.
  ScheduleAttr inStrips(int64_t along);
  /// Vectors of partial sums: as many as cover the latency of an addition.
  int64_t chains(DimExpr e) const;
  /// Every access of reduction `r` (-1: of the last generic) walks `variable` with stride 1 or not at all.
  bool contiguous(int r, unsigned variable) const;
  /// Lanes can run along the last loop of every reduction.
  bool lanesAlongReductions() const;
  /// Steps of the first reduction, 1 where there is none.
  uint64_t reductionSize() const;
  /// Rows of a register tile, at most `most`: exact if possible, else even.
  int64_t chooseRows(DimExpr e, int64_t most);
  double costOfTiles(int64_t rowCount, int64_t vectorCount, int64_t rows, int64_t vectors) const;
  /// Those of a product: as chooseRows, or more with a remainder if that is less to wait for.
  int64_t chooseTileRows(DimExpr e, int64_t most, int64_t vectorCount, int64_t vectors);
  /// Whether vectors of half the size waste so many lanes less that they win although they are slower.
  bool isBetterNarrow(int64_t n) const;
  /// How many rows of a contraction's operand the first-level cache holds at one column: rows that lie a
  /// multiple of a way's size apart have the same few places.
  int64_t rowsInCache() const;
  /// Leading loops become tasks until a task is small enough to balance and large enough to be worth a call.
  void chooseTasks(uint64_t workPerPoint);
  bool contraction();
  /// Where all rows are more than the second-level cache holds, each panel would read them from beyond it.
  /// Blocks of them that it holds meet all panels instead, if that is less to read.
  void blockRows(uint64_t panels);
  void reduction();
  /// Reductions with lanes outside: pooling, depthwise convolutions, sums over leading dimensions.
  void window();
  /// A dimension in which an operand is contiguous that is not so along the result's own; -1 if there is
  /// none.
  int64_t transposedDim() const;
  /// Smaller vectors where these leave no rest of a short dimension: what is loaded after a masked store
  /// beside it waits until that is in the cache.
  int64_t wholeWidth(DimExpr e) const;
  void map();
  /// So few elements that it is quicker to take them one by one than to fill lanes with them.
  bool isFew(DimExpr e) const { return guess(e) < lanes / 2; }

  /// Instructions an element that may be repeated for each: no elementary function.
  static constexpr int64_t kLittle = 8;
  /// Of the second-level cache that strips fill, beside weights and what is read.
  static constexpr double kPart = 0.75;
  const PlanInputs &in;
  KernelOp kernel;
  const Domain &domain;
  const Machine &machine;
  llvm::SmallVector<Step> steps;
  int64_t lanes, registers;
  Choice c;
};

} // namespace girih
