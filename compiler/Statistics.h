// What is in a model and what it costs, counted on the imported graph, before anything is folded or fused.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/IR/BuiltinOps.h"
#include <map>

namespace girih {

struct Statistics {
  std::map<std::string, int64_t> operators; // nodes by the model's operator names
  int64_t nodes = 0;
  int64_t parameters = 0; // elements of all constants
  int64_t bytes = 0;      // of all constants
  DimExpr macs;           // multiply-adds of convolutions and matrix products of one run
};

Statistics countModel(mlir::ModuleOp module);

/// Keeps them with the module (`girih.nodes`, `girih.parameters`, `girih.macs`): the artifact's table has
/// them.
void annotateStatistics(mlir::ModuleOp module, const Statistics &statistics);

} // namespace girih
