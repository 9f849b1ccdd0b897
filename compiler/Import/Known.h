// Shape arithmetic during import: small integer tensors whose elements are known as expressions of the
// model's dimensions. Float tensors on the way (a size times a scale, rounded down) are known as exact
// fractions.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/IR/Types.h"

namespace girih {

/// The exact number numerator / denominator. Integers have denominator 1.
struct Num {
  DimExpr numerator;
  int64_t denominator = 1;
};

/// A tensor whose elements are known, in row-major order.
struct Known {
  static constexpr size_t maxElements = 64;
  llvm::SmallVector<Num> elements;
  llvm::SmallVector<int64_t> shape;
  mlir::Type elementType;

  static Known vector(llvm::ArrayRef<DimExpr> dims, mlir::Type elementType);
  static Known scalar(DimExpr e, mlir::Type elementType);
  /// The elements as integers; nothing if one is a fraction.
  std::optional<llvm::SmallVector<DimExpr>> integers() const;
  std::optional<llvm::SmallVector<int64_t>> constants() const;
};

/// `value` as a fraction: integers, dyadic fractions, and the floats nearest to k/n for small n (as `float`
/// or `double`).
std::optional<std::pair<int64_t, int64_t>> asFraction(double value, bool isSingle);

/// Division that truncates towards zero, as ONNX's; null if the divisor is not a positive expression.
DimExpr dimTruncatingDiv(DimExpr a, DimExpr b);
/// The elements after/before a product cancel: (product of a) / (product of b), null if it is not known to be
/// exact.
DimExpr dimQuotient(mlir::MLIRContext *ctx, llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b);
/// Begin and size of ONNX's Slice of a dimension. `step` is not zero.
std::pair<DimExpr, DimExpr> dimSlice(DimExpr dim, DimExpr start, DimExpr end, int64_t step);

} // namespace girih
