// Passes that decide where tensors lie: places before tiling, addresses after it.
#pragma once

#include "mlir/Pass/Pass.h"
#include <memory>

namespace girih {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Buffers/Passes.h.inc"
} // namespace girih
