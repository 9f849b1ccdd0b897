// What a PTX module says about itself to those who launch its kernels from code of their own.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace girih {

/// A comment: of each kernel that `@main` launches its parameters, grid and block.
std::string getPtxHeader(mlir::ModuleOp module);

} // namespace girih
