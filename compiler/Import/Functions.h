// Model-local functions.
#pragma once

#include "compiler/Import/Model.h"

namespace girih::model {

/// Replaces the main graph's calls of the model's functions by their nodes, inner calls too.
llvm::LogicalResult inlineFunctions(Model &model, std::string &error);

} // namespace girih::model
