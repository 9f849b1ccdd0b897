// The naive path: kernels as scalar loops, for differential tests.
#pragma once

#include "mlir/Pass/Pass.h"

namespace girih {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Naive/Passes.h.inc"
} // namespace girih
