// The kernels that a module launches, and modules of them alone: where every target's emission begins.
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace girih {

/// The functions that `@main` launches, variants too, in the order of their first launch. Fails, with a
/// message, where one is no function of the LLVM dialect with a body.
mlir::FailureOr<llvm::SmallVector<mlir::LLVM::LLVMFuncOp>> getLaunchedKernels(mlir::ModuleOp module,
                                                                              mlir::SymbolTable &symbols);

/// A module of `kernels` and all that they refer to. `symbols` are those of the module that they are in.
mlir::OwningOpRef<mlir::ModuleOp> isolate(llvm::ArrayRef<mlir::LLVM::LLVMFuncOp> kernels,
                                          mlir::SymbolTable &symbols);

} // namespace girih
