// What the emitters of special operators share: buffers and sizes by graph value, tasks, and arithmetic on
// elements of any type.
#pragma once

#include "dialects/Graph/Attributes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Tile/KernelFunction.h"

namespace girih {

using Coordinates = llvm::SmallVector<mlir::Value>;

struct SpecialLoops {
  SpecialLoops(mlir::OpBuilder &builder, mlir::Operation *op, KernelFunction &fn)
      : b(op->getLoc(), builder), op(op), fn(fn), isUnsigned(kUnsigned.get(op) != nullptr) {}

  /// The buffer of an operand or a result of the operator.
  mlir::Value buffer(mlir::Value tensor);
  mlir::Value size(DimExpr expr) { return fn.getSize(b, b.getLoc(), expr); }
  /// The smaller of two sizes that are equal in a correct model, so that a wrong run-time shape reads nothing
  /// outside.
  mlir::Value commonSize(DimExpr a, DimExpr b) { return a == b ? size(a) : size(dimMin(a, b)); }
  mlir::Value index(int64_t n);

  /// Opens an scf.forall with a task for each element of `dims`, and leaves the insertion point in it.
  /// Returns the task's coordinates; *tasks is their count.
  Coordinates beginTasks(llvm::ArrayRef<DimExpr> dims, DimExpr *tasks);
  /// A loop nest over [0, sizes[i]).
  void nest(mlir::ValueRange sizes, llvm::function_ref<void(mlir::ValueRange)> body);

  mlir::Value load(mlir::Value buffer, mlir::ValueRange at);
  void store(mlir::Value value, mlir::Value buffer, mlir::ValueRange at);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  /// NaN if either is NaN.
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  /// What an element becomes where a scatter updates it.
  mlir::Value scatter(ScatterFn fn, mlir::Value old, mlir::Value update);
  /// Total order of numbers, with NaN above all others and equal to itself.
  mlir::Value isGreater(mlir::Value a, mlir::Value b);
  mlir::Value isEqual(mlir::Value a, mlir::Value b);
  /// A tensor index as an index into [0, n): negative ones count from the end, others outside are clamped.
  mlir::Value wrapIndex(mlir::Value i, mlir::Value n);

  mlir::ImplicitLocOpBuilder b;
  mlir::Operation *op;
  KernelFunction &fn;
  bool isUnsigned;
};

void emitTopK(SpecialLoops &loops, TopKOp op, DimExpr *tasks);

/// A line of sums or products along the axis, of which `at` has the other coordinates, kept in a register.
void emitLine(SpecialLoops &loops, CumSumOp op, Coordinates at, mlir::Value length);

/// The forms of girih.by_element.
void emitScatterElementsByElement(SpecialLoops &loops, ScatterElementsOp op, DimExpr *tasks);
void emitScatterNDByElement(SpecialLoops &loops, ScatterNDOp op, DimExpr *tasks);
void emitCumSumByLine(SpecialLoops &loops, CumSumOp op, DimExpr *tasks);
void emitTopKByElement(SpecialLoops &loops, TopKOp op, DimExpr *tasks);

} // namespace girih
