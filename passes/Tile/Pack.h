// Packs constants at compile time.
#pragma once

#include "passes/Tile/Emitter.h"

namespace girih {

/// The constant `value` (of the shape that the packing's operand has after its views) in packed order, zeros
/// beyond the end.
mlir::ElementsAttr packConstant(mlir::ElementsAttr value, const Packing &packing);

} // namespace girih
