#include "compiler/Pipeline.h"
#include "backends/CPU/EmitTarget.h"
#include "backends/CPU/Machine.h"
#include "backends/CPU/Passes.h"
#include "passes/Buffers/Passes.h"
#include "passes/Graph/Passes.h"
#include "passes/GraphToLinalg/Passes.h"
#include "passes/Host/ToLLVM.h"
#include "passes/Naive/Passes.h"
#include "passes/Tile/Passes.h"
#include "runtime/abi.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

static constexpr StringRef names[] = {"import", "graph",   "group", "linalg", "plan",
                                      "tile",   "buffers", "map",   "llvm"};

StringRef stageName(Stage stage) {
  return names[static_cast<int>(stage)];
}

std::optional<Stage> parseStage(StringRef name) {
  for (auto [i, n] : llvm::enumerate(names))
    if (n == name) return static_cast<Stage>(i);
  return std::nullopt;
}

std::string stageNames() {
  return llvm::join(ArrayRef(names), ", ");
}

llvm::Expected<Machine> resolveMachine(const PipelineOptions &options) {
  auto target = resolveCpuTarget(options.cpu, options.mattr);
  if (!target) return target.takeError();
  Machine machine = Machine::fromTarget(*target);
  return options.machineFile.empty() ? machine : machine.withFile(options.machineFile);
}

/// What is wrong with the options has been reported by the driver.
static PlanKernelsOptions planOptions(const PipelineOptions &options) {
  PlanKernelsOptions plan;
  auto resolved = resolveMachine(options);
  if (!resolved) {
    llvm::consumeError(resolved.takeError());
    return plan;
  }
  const Machine &machine = *resolved;
  plan.vectorBits = machine.vectorBits;
  plan.registers = machine.registers;
  plan.fma = machine.fma;
  plan.halfRate = machine.halfRate;
  plan.l1 = machine.l1;
  plan.l1Ways = machine.l1Ways;
  plan.l2 = machine.l2;
  return plan;
}

void addStage(OpPassManager &pm, Stage stage, const PipelineOptions &options) {
  switch (stage) {
  case Stage::Import:
    return;
  case Stage::Graph:
    buildGraphStage(pm);
    return;
  case Stage::Group:
    buildGroupStage(pm);
    return;
  case Stage::Linalg:
    pm.addPass(createConvertGirihToLinalg());
    return;
  case Stage::Plan:
    // Places come first: copies that they need are kernels, which want a schedule like any other.
    pm.addPass(createPlanPlaces());
    if (!options.scheduleFile.empty()) pm.addPass(createReadSchedules({options.scheduleFile}));
    pm.addPass(createPlanKernels(planOptions(options)));
    return;
  case Stage::Tile:
    // Kernels that the naive path leaves alone are tiled like any other.
    if (options.naive) pm.addPass(createNaiveKernels());
    pm.addPass(createTileKernels());
    return;
  case Stage::Buffers:
    pm.addPass(createPlanArena({options.sanitize ? GIRIH_RED_ZONE : 0}));
    return;
  case Stage::Map:
    pm.addPass(createMapTasks());
    return;
  case Stage::LLVM:
    buildKernelsToLLVM(pm, planOptions(options).fma);
    return;
  }
}

} // namespace girih
