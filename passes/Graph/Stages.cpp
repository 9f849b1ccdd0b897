// The order of the graph and group stages.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Graph/Passes.h"

using namespace mlir;

void girih::buildGraphStage(OpPassManager &pm, const GraphOptions &options) {
  // Before any rewrite: rewrites rely on what the model's own ops need of sizes and indices.
  pm.addPass(createCheckIndices());
  pm.addPass(createRecordAssumptions());
  OpPassManager &func = pm.nest<func::FuncOp>();
  // Constants first: the patterns look for them. Equal subexpressions before the patterns, which compare
  // values.
  func.addPass(createFoldConstants());
  func.addPass(createCanonicalizerPass());
  func.addPass(createCSEPass());
  func.addPass(createFoldBatchNorm());
  func.addPass(createFusePatterns());
  func.addPass(createChooseLayout());
  // The layout leaves transposes of constants and dead transposes.
  func.addPass(createFoldConstants());
  func.addPass(createSimplifyMovement());
  func.addPass(createCanonicalizerPass());
  func.addPass(createCSEPass());
  // Pads are sized for channels-last windows.
  func.addPass(createPadWindows({options.readsInPlace}));
  func.addPass(createWidenChannels({options.lanes}));
  // What is wide enough by now, and has its final sizes.
  if (options.winograd) func.addPass(createUseWinograd());
}

void girih::buildGroupStage(OpPassManager &pm, const GraphOptions &options) {
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createSinkReshapes());
  func.addPass(createCSEPass());
  // Before grouping: the parts of an assemble are results of kernels.
  func.addPass(createFormAssembles());
  func.addPass(createFormKernels({options.readsInPlace}));
  // What lies between kernels is known by now. Patterns and constants before were those of the model.
  if (!options.narrow.empty()) pm.addPass(createSetPrecision({options.narrow.str()}));
}

void girih::registerGraphStages() {
  static PassPipelineRegistration<> graph("girih-graph-stage", "the passes of the graph stage",
                                          [](OpPassManager &pm) { buildGraphStage(pm); });
  static PassPipelineRegistration<> group("girih-group-stage", "the passes of the group stage",
                                          [](OpPassManager &pm) { buildGroupStage(pm); });
}
