// The tile stage's passes.
#pragma once

#include "mlir/Pass/Pass.h"

namespace girih {
#define GEN_PASS_DECL
#include "passes/Tile/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Tile/Passes.h.inc"
} // namespace girih
