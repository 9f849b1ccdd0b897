// The order in which a graph's nodes are imported.
#pragma once

#include "compiler/Import/Model.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace girih::model {

/// What is wrong with a graph, and at which node (null: at none).
struct GraphError {
  const Node *node = nullptr;
  std::string message;
};

/// The nodes that the outputs need, by their place in the file, so that each follows those that it reads:
/// JSON files may list them in any order. `isWeight` tells the graph's weights by name.
llvm::FailureOr<llvm::SmallVector<size_t>>
orderNodes(const Graph &graph, llvm::function_ref<bool(llvm::StringRef)> isWeight, GraphError &error);

} // namespace girih::model
