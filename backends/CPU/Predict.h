// The pass that predicts times, for a machine.
#pragma once

#include "backends/CPU/Machine.h"
#include "mlir/Pass/Pass.h"

namespace girih {

std::unique_ptr<mlir::Pass> createPredictTimes(const Machine &machine);

} // namespace girih
