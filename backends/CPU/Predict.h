// The passes that go by predicted times, for a machine.
#pragma once

#include "backends/CPU/Machine.h"
#include "dialects/Graph/Guesses.h"
#include "mlir/Pass/Pass.h"

namespace girih {

std::unique_ptr<mlir::Pass> createJoinKernels(const Machine &machine);
std::unique_ptr<mlir::Pass> createPlanKernels(const Machine &machine);
std::unique_ptr<mlir::Pass> createSumOnline(const Machine &machine);
std::unique_ptr<mlir::Pass> createPredictTimes(const Machine &machine);

/// Nanoseconds of a kernel without a schedule, planned for all cores of the machine; nothing where it cannot
/// be planned.
std::optional<double> predictPlanned(KernelOp kernel, const Machine &machine, const Guesses &guesses,
                                     double runBytes);

/// Bytes of a tensor of the guessed size.
double getTensorBytes(mlir::Type type, const Guesses &guesses);
/// What a run goes through before it is back at the same weights: all of them, and the largest kernel's
/// values.
double getRunBytes(mlir::ModuleOp module, const Guesses &guesses);
/// Sets numbers of a machine, "KEY=NUMBER" each, as an option of a pass has them.
mlir::LogicalResult takeNumbers(mlir::ModuleOp module, llvm::ArrayRef<std::string> numbers, Machine &machine);

} // namespace girih
