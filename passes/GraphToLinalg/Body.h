// Builds the scalar code of one linalg.generic. Arithmetic is by meaning (add, max, less), whatever the type:
// floats, signless integers and indices; operations on constants fold.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace girih {

class Body : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// `value` in any scalar type (rounded for integers).
  Value real(Type type, double value);
  Value integer(Type type, int64_t value);
  Value real(Value like, double value) { return real(like.getType(), value); }
  Value integer(Value like, int64_t value) { return integer(like.getType(), value); }

  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  /// Floats only; for integers see divTrunc.
  Value div(Value a, Value b) { return createOrFold<mlir::arith::DivFOp>(a, b); }
  Value neg(Value a);
  Value abs(Value a);
  /// NaN if either is; integers signed unless said otherwise.
  Value max(Value a, Value b, bool isUnsigned = false);
  Value min(Value a, Value b, bool isUnsigned = false);
  Value select(Value condition, Value a, Value b) {
    return createOrFold<mlir::arith::SelectOp>(condition, a, b);
  }

  enum Comparison { EQ, NE, LT, LE, GT, GE };
  /// An i1. Comparisons with NaN are false, NE is true.
  Value compare(Comparison c, Value a, Value b, bool isUnsigned = false);
  Value logicalAnd(Value a, Value b) { return createOrFold<mlir::arith::AndIOp>(a, b); }
  Value logicalOr(Value a, Value b) { return createOrFold<mlir::arith::OrIOp>(a, b); }
  Value logicalNot(Value a);
  Value isNaN(Value a);

  /// Truncating integer division and remainder that never trap: x / 0 is x, the least integer / -1 wraps.
  Value divTrunc(Value a, Value b, bool isUnsigned = false);
  Value remTrunc(Value a, Value b, bool isUnsigned = false);
  /// Remainder with the divisor's sign; floats too.
  Value remFloor(Value a, Value b, bool isUnsigned = false);

  template <typename Op> Value math(Value a) { return createOrFold<Op>(a); }

  //===-- Indices ---------------------------------------------------------===//

  /// The index of a loop of the generic.
  Value index(unsigned loop);
  /// A size: a constant or girih.dim.
  Value size(DimExpr expr);
  /// The value of an affine expression over the loops.
  Value apply(mlir::AffineExpr expr);
  /// The value of an affine expression over `dims`.
  Value apply(mlir::AffineExpr expr, mlir::ArrayRef<Value> dims);
  /// i clamped into [0, n).
  Value clampIndex(Value i, Value n);
  /// 0 <= i < n, as i1.
  Value inBounds(Value i, Value n);
  /// An index as an integer or a float.
  Value fromIndex(Value index, Type type);
  /// An integer or float (truncated) as an index.
  Value toIndex(Value v, bool isUnsigned = false);

  //===-- Conversions -----------------------------------------------------===//

  /// f32 for f16 and bf16, otherwise the type.
  static Type computeType(Type storage);
  /// Storage type to compute type, and back.
  Value load(Value v);
  Value store(Value v, Type storage);
  /// i1 from a stored bool (i8), and back.
  Value toBool(Value stored) { return compare(NE, stored, integer(stored, 0)); }
  Value fromBool(Value condition) { return createOrFold<mlir::arith::ExtUIOp>(getI8Type(), condition); }
  /// girih.cast: between the graph's element types; values are in compute types.
  Value convert(Value v, Type from, Type to);

private:
  /// Deterministic for every float: NaN and what is too small give the least integer, what is too large the
  /// largest.
  Value floatToInt(Value v, mlir::IntegerType to);
};

} // namespace girih
