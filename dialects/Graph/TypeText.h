// Types as messages show them to people: `f32[1, 3, n]`, with ONNX's shapes and the names of the JSON format.
#pragma once

#include "mlir/IR/Types.h"
#include <string>

namespace girih {

/// "f32", "u8", "bool"; a tensor with its sizes, "f32[1, 3, n]" ("?" for a size that has no name).
std::string typeText(mlir::Type type);

} // namespace girih
