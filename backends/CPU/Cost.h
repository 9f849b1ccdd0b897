// How long a kernel takes on a machine, from its domains and schedules alone: nothing is emitted, so
// candidates can be compared. docs/machine.md says what is counted and what is not.
#pragma once

#include "backends/CPU/Machine.h"
#include "dialects/Graph/Guesses.h"
#include "passes/Tile/Domain.h"

namespace girih {

struct Cost {
  /// Cycles of the core's units were all data in the first-level cache, with lanes and remainders that are
  /// computed in vain.
  double cycles = 0;
  /// Bytes that each level serves to the one before it.
  double l2Bytes = 0, l3Bytes = 0, memoryBytes = 0;
  double tasks = 0;
  /// One run on one thread.
  double nanoseconds = 0;
};

/// The cost of a kernel whose domains have these schedules, one each. `runBytes` is what a run of the whole
/// model goes through before it is back at the same weights. Without `guesses` for what only a run knows,
/// nothing where there is such a size.
std::optional<Cost> predictCost(KernelOp kernel, llvm::ArrayRef<Domain> domains,
                                llvm::ArrayRef<ScheduleAttr> schedules, const Machine &machine,
                                double runBytes, const Guesses *guesses = nullptr);

} // namespace girih
