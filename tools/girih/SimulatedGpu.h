// The PTX simulator in the place of the CUDA driver: what it says of each launch beside running it.
#pragma once

#include "tools/girih/Artifact.h"

namespace girih::tool {

/// One launch of a run on the simulator.
struct SimulatedLaunch {
  girih_launch_info info;
  llvm::json::Object measurement; // girih_cudasim_measurements; empty where there was nothing to do
  double seconds = 0;             // modelled
};

/// Whether `context` runs on the simulator.
bool isSimulated(const girih_context *context);

/// The launches of a model's run.
llvm::Expected<std::vector<SimulatedLaunch>> simulate(girih_context *context, const girih_model *model,
                                                      llvm::ArrayRef<girih_tensor> inputs,
                                                      llvm::ArrayRef<girih_tensor> outputs);

double getSeconds(llvm::ArrayRef<SimulatedLaunch> launches);
/// A table, the longest first.
void printSimulated(std::vector<SimulatedLaunch> launches);
llvm::json::Object simulatedJson(std::vector<SimulatedLaunch> launches);

} // namespace girih::tool
