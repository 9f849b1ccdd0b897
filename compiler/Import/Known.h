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

/// What is known of the value of an expression when every dimension is in [0, 2^40] and elements of inputs
/// (`name[i]`) are anything.
std::optional<int64_t> dimLowerBound(DimExpr e);
std::optional<int64_t> dimUpperBound(DimExpr e);
inline bool dimNonNegative(DimExpr e) {
  return dimLowerBound(e).value_or(-1) >= 0;
}
/// -1, 0 or 1 where a < b, a == b or a > b for all values of the symbols.
std::optional<int> dimCompare(DimExpr a, DimExpr b);
/// Minimum and maximum, without a symbol of their own where the bounds decide.
DimExpr dimLeast(DimExpr a, DimExpr b);
DimExpr dimGreatest(DimExpr a, DimExpr b);
/// Division that truncates towards zero, as ONNX's; null if the divisor is not a positive expression.
DimExpr dimTruncatingDiv(DimExpr a, DimExpr b);
/// True if an element of an input (`name[i]`) takes part.
bool dimHasData(DimExpr e);
/// The elements after/before a product cancel: (product of a) / (product of b), null if it is not known to be
/// exact.
DimExpr dimQuotient(mlir::MLIRContext *ctx, llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b);
/// Begin and size of ONNX's Slice of a dimension. `step` is not zero.
std::pair<DimExpr, DimExpr> dimSlice(DimExpr dim, DimExpr start, DimExpr end, int64_t step);

} // namespace girih
