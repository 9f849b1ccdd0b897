// The GPU's own passes: plan and map.
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace girih {
#define GEN_PASS_DECL
#include "backends/CUDA/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "backends/CUDA/Passes.h.inc"
} // namespace girih
