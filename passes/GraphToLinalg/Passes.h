// Passes that lower graph ops to linalg.
#pragma once

#include "mlir/Pass/Pass.h"

namespace girih {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/GraphToLinalg/Passes.h.inc"
} // namespace girih
