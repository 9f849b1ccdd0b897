// The small language that the approximations are written in: element-wise arithmetic on scalars or vectors of
// one shape, with the operators of ordinary code. Every operation is emitted without fast-math flags, because
// NaN, infinities and signed zeros must come out right.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace girih::approx {

class Emitter;

/// A value in every lane: f32, f64, i32, i64 or i1, scalar or vector.
struct Lanes {
  Emitter *emitter;
  mlir::Value value;
};

/// Where operations go, the shape that they have, and whether the target has fused multiply-add.
class Emitter {
public:
  /// `shape` is a scalar or vector type; its element type does not matter.
  Emitter(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type shape, bool useFma)
      : builder(builder), loc(loc), shape(shape), useFma(useFma) {}

  Lanes wrap(mlir::Value value) { return {this, value}; }
  /// The emitter's shape with another element type.
  mlir::Type typeOf(mlir::Type element) const;
  Lanes f32(double value);
  Lanes i32(int64_t value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type shape;
  bool useFma;
};

/// The constant `value` in the type of `a`, rounded where need be.
Lanes like(Lanes a, double value);

// Float or integer, by the type of the operands.
Lanes operator+(Lanes a, Lanes b);
Lanes operator-(Lanes a, Lanes b);
Lanes operator*(Lanes a, Lanes b);
Lanes operator/(Lanes a, Lanes b); // float only
Lanes operator-(Lanes a);          // float only
inline Lanes operator+(Lanes a, double b) {
  return a + like(a, b);
}
inline Lanes operator-(Lanes a, double b) {
  return a - like(a, b);
}
inline Lanes operator*(Lanes a, double b) {
  return a * like(a, b);
}
inline Lanes operator+(double a, Lanes b) {
  return like(b, a) + b;
}
inline Lanes operator-(double a, Lanes b) {
  return like(b, a) - b;
}
inline Lanes operator*(double a, Lanes b) {
  return like(b, a) * b;
}
inline Lanes operator/(double a, Lanes b) {
  return like(b, a) / b;
}

// Integers and i1.
Lanes operator&(Lanes a, Lanes b);
Lanes operator|(Lanes a, Lanes b);
Lanes operator^(Lanes a, Lanes b);
inline Lanes operator&(Lanes a, int64_t b) {
  return a & like(a, double(b));
}
Lanes operator<<(Lanes a, Lanes bits);
inline Lanes operator<<(Lanes a, int bits) {
  return a << like(a, bits);
}
Lanes shiftRightLogical(Lanes a, Lanes bits);
Lanes shiftRightArithmetic(Lanes a, int bits);

// Ordered float comparisons (false for NaN; != is true for NaN) and signed integer ones.
Lanes operator<(Lanes a, Lanes b);
Lanes operator==(Lanes a, Lanes b);
Lanes operator!=(Lanes a, Lanes b);
inline Lanes operator>(Lanes a, Lanes b) {
  return b < a;
}
inline Lanes operator<(Lanes a, double b) {
  return a < like(a, b);
}
inline Lanes operator>(Lanes a, double b) {
  return like(a, b) < a;
}
inline Lanes operator==(Lanes a, double b) {
  return a == like(a, b);
}
inline Lanes operator!=(Lanes a, double b) {
  return a != like(a, b);
}
Lanes operator!(Lanes a); // of an i1

Lanes select(Lanes condition, Lanes a, Lanes b);
inline Lanes select(Lanes condition, Lanes a, double b) {
  return select(condition, a, like(a, b));
}
inline Lanes select(Lanes condition, double a, Lanes b) {
  return select(condition, like(b, a), b);
}

/// a * b + c, rounded once where the target has the instruction, twice elsewhere.
Lanes fma(Lanes a, Lanes b, Lanes c);
inline Lanes fma(Lanes a, double b, Lanes c) {
  return fma(a, like(a, b), c);
}
inline Lanes fma(Lanes a, double b, double c) {
  return fma(a, like(a, b), like(a, c));
}
inline Lanes fma(Lanes a, Lanes b, double c) {
  return fma(a, b, like(a, c));
}

Lanes sqrt(Lanes a);
Lanes abs(Lanes a);
Lanes trunc(Lanes a);
Lanes roundEven(Lanes a);

/// Reinterprets floats as integers of the same width, and back.
Lanes bits(Lanes a);
Lanes asFloat(Lanes a);
/// Converts between element types of one kind or of both kinds; integers to integers by zero extension or
/// truncation.
Lanes toF32(Lanes a);
Lanes toF64(Lanes a);
Lanes toI32(Lanes a);
Lanes toI64(Lanes a);

/// coefficients[0] + x * (coefficients[1] + x * ...).
Lanes horner(Lanes x, llvm::ArrayRef<float> coefficients);
Lanes horner(Lanes x, llvm::ArrayRef<double> coefficients);

/// x limited from above, or to [low, high]; NaN stays NaN.
Lanes atMost(Lanes x, double high);
Lanes clamp(Lanes x, double low, double high);
/// The sign bit of floats, alone, in an integer of their width.
Lanes signBit(Lanes a);
/// `magnitude` (sign bit clear or equal to the sign) with the given sign bit set.
Lanes withSign(Lanes magnitude, Lanes sign);
/// `a` with its sign flipped where the bit is set.
Lanes flipSign(Lanes a, Lanes sign);
/// A scalar i1: whether any lane of an i1 is set.
mlir::Value any(Lanes condition);

} // namespace girih::approx
