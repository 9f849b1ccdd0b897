// Passes of the llvm stage that upstream lacks.
#pragma once

#include "mlir/Pass/Pass.h"

namespace girih {

#define GEN_PASS_DECL
#include "passes/Host/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Host/Passes.h.inc"

} // namespace girih
