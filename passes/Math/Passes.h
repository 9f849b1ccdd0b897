// Inline, vectorised elementary functions.
#pragma once

#include "mlir/Pass/Pass.h"

#include <memory>

namespace mlir {
class RewritePatternSet;
}

namespace girih {

#define GEN_PASS_DECL
#include "passes/Math/Passes.h.inc"

/// Patterns of girih-expand-math; `useFma` and `libm` are its options.
void populateExpandMathPatterns(mlir::RewritePatternSet &patterns, bool useFma, bool libm = true);

#define GEN_PASS_REGISTRATION
#include "passes/Math/Passes.h.inc"

} // namespace girih
