// The walk of a model as a library: one function a stage, each of which adds that stage's passes. The driver,
// the tests and whoever embeds the compiler run the same functions.
#pragma once

#include "backends/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <optional>
#include <string>
#include <vector>

namespace girih {

/// In the order of the walk; `--stop-after` takes the names. Emission and linking leave no IR.
enum class Stage { Import, Graph, Group, Linalg, Plan, Tile, Buffers, Map, LLVM };

llvm::StringRef stageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);
/// "import, graph, ...", for messages.
std::string stageNames();

/// What the stages read; a part of CompileOptions.
struct PipelineOptions {
  std::string scheduleFile;             // printed schedules that replace planned ones
  bool sanitize = false;                // kernels and memory are checked by AddressSanitizer
  bool winograd = true;                 // convolutions of 3x3 may take fewer multiplications, and round more
  Precision precision = Precision::F32; // what a model of f32 is computed in
  bool naive = false; // the tile stage writes plain loops: the reference of differential tests
};

/// Adds the passes of one stage (none for Stage::Import).
void addStage(mlir::OpPassManager &pm, Stage stage, const Target &target, const PipelineOptions &options);

} // namespace girih
