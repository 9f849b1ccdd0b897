// The graph and group stages: rewrites on graph operators, and their partition into kernels.
#pragma once

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace girih {

#define GEN_PASS_DECL
#include "passes/Graph/Passes.h.inc"

struct GraphOptions {
  bool winograd = true;      // convolutions may be computed by girih.winograd_conv
  int64_t lanes = 16;        // results that the target computes at once along channels
  bool readsInPlace = false; // kernels read through what only moves elements
  llvm::StringRef narrow;    // f16 or bf16: what f32 tensors between kernels become
};
/// The graph stage: constants folded, patterns fused, layouts chosen, windows padded.
void buildGraphStage(mlir::OpPassManager &pm, const GraphOptions &options = {});
/// The group stage: every operator of @main in a kernel, but for constants, reshapes and assembles; then f32
/// tensors between kernels as `narrow` says.
void buildGroupStage(mlir::OpPassManager &pm, const GraphOptions &options = {});

/// The stages as the pipelines girih-graph-stage and girih-group-stage of girih-opt.
void registerGraphStages();

#define GEN_PASS_REGISTRATION
#include "passes/Graph/Passes.h.inc"

} // namespace girih
