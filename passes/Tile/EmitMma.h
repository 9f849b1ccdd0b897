// The leaf of a schedule that computes a task's products on tensor cores.
#pragma once

#include "passes/Tile/Evaluator.h"
#include "passes/Tile/Mma.h"

namespace girih {

/// A sum, and where each loop of the domain stands.
struct MmaSum {
  llvm::SmallVector<Idx> index;
  mlir::Value value;
};

/// Emits the task whose loops begin at `begin`. `finish` gets sums that lie side by side in the result, in
/// one thread.
void emitMma(Evaluator &e, const Domain &domain, ScheduleAttr schedule, llvm::ArrayRef<Idx> begin,
             llvm::function_ref<void(llvm::ArrayRef<MmaSum>)> finish);

} // namespace girih
