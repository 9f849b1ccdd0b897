// The function that a kernel becomes in the tile stage, and the launch that takes the kernel's place. The
// tile stage and the naive path fill the function's body; arguments, views and sizes are made here, once for
// both.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace girih {

/// `func.func private @name(inputs: memref<?xT>..., results: memref<?xT>..., sizes: index...)`, as it is
/// being built.
///
/// Buffers come in as flat pointers. At the function's entry each is viewed (memref.reinterpret_cast) as the
/// shape of its value, with the strides that the kernel's `places` state, or dense ones. Everything constant
/// is static in the view's type; other sizes and strides are `index` arguments, one for each distinct
/// expression.
class KernelFunction {
public:
  /// Adds an empty function for `kernel` (at the linalg stage) to its module, or one for a variant of it.
  static KernelFunction create(KernelOp kernel, bool isVariant = false);

  mlir::func::FuncOp getFunction() { return function; }
  /// Strided views of the kernel's inputs and results.
  mlir::ArrayRef<mlir::Value> getInputs() const { return mlir::ArrayRef(views).take_front(numInputs); }
  mlir::ArrayRef<mlir::Value> getResults() const { return mlir::ArrayRef(views).drop_front(numInputs); }

  /// The value of an expression: an index constant made at `b`, or an argument, which is added if it is new.
  mlir::Value getSize(mlir::OpBuilder &b, mlir::Location loc, DimExpr expr);
  mlir::OpFoldResult getMixedSize(mlir::OpBuilder &b, DimExpr expr);
  /// Scratch memory for `elements` more of `element`, viewed at the function's entry as a flat memref.
  mlir::Value addScratch(mlir::Type element, DimExpr elements);
  /// Replaces every girih.dim in the function by an argument.
  void replaceDims();

  /// What a launch runs of this function where its first size is at most its second.
  LaunchVariantAttr getVariant(DimsAttr atMost, DimExpr tasks);
  /// Replaces `kernel` by a launch of this function, or of `callee`, which must take the same arguments.
  LaunchOp launch(KernelOp kernel, DimExpr tasks, mlir::func::FuncOp callee = {});

private:
  DimsAttr getArguments();

  mlir::func::FuncOp function;
  unsigned numInputs = 0;
  mlir::SmallVector<mlir::Value> views;
  llvm::MapVector<DimExpr, mlir::Value> sizes;
  mlir::Value scratch; // memref<?xi8>, the function's argument `girih.scratch`
  DimExpr scratchBytes;
};

/// Row-major strides, in elements.
mlir::SmallVector<DimExpr> getDenseStrides(mlir::MLIRContext *ctx, mlir::ArrayRef<DimExpr> dims);
/// What one run of a kernel at the linalg stage costs: two operations a multiply-add of its contractions if
/// it has any, otherwise one an iteration of its largest loop nest.
DimExpr getKernelFlops(KernelOp kernel);
/// Every operand and result, once.
DimExpr getKernelBytes(KernelOp kernel);

} // namespace girih
