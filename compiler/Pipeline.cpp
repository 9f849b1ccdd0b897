#include "compiler/Pipeline.h"
#include "passes/Buffers/Passes.h"
#include "passes/Graph/Passes.h"
#include "passes/GraphToLinalg/Passes.h"
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

void addStage(OpPassManager &pm, Stage stage, const Target &target, const PipelineOptions &options) {
  bool isNarrow = options.precision == Precision::F16 || options.precision == Precision::BF16;
  GraphOptions graph{options.winograd && target.wantsWinograd(), target.getLanes(), target.readsInPlace(),
                     isNarrow ? precisionName(options.precision) : ""};
  switch (stage) {
  case Stage::Import:
    return;
  case Stage::Graph:
    buildGraphStage(pm, graph);
    return;
  case Stage::Group:
    buildGroupStage(pm, graph);
    return;
  case Stage::Linalg:
    pm.addPass(createConvertGirihToLinalg());
    return;
  case Stage::Plan:
    if (!options.naive) target.addRewritePasses(pm);
    pm.addPass(createSplitReductions());
    if (!options.naive) target.addJoinPasses(pm);
    // Places come before schedules: copies that they need are kernels, which want one like any other.
    pm.addPass(createPlanPlaces());
    if (!options.scheduleFile.empty()) pm.addPass(createReadSchedules({options.scheduleFile}));
    target.addPlanPasses(pm);
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
    target.addMapPasses(pm);
    return;
  case Stage::LLVM:
    target.addLowerPasses(pm);
    return;
  }
}

} // namespace girih
