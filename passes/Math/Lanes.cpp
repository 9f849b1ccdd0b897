#include "passes/Math/Lanes.h"

#include <cmath>

using namespace mlir;

namespace girih::approx {

namespace {

/// A constant of the emitter's shape from an attribute of one element.
Lanes constant(Emitter &e, TypedAttr element) {
  Type type = e.typeOf(element.getType());
  TypedAttr value = element;
  if (auto vector = dyn_cast<VectorType>(type)) value = DenseElementsAttr::get(vector, Attribute(element));
  return e.wrap(arith::ConstantOp::create(e.builder, e.loc, type, value));
}

Type elementOf(Lanes a) {
  return getElementTypeOrSelf(a.value.getType());
}
bool isFloat(Lanes a) {
  return isa<FloatType>(elementOf(a));
}

template <typename Op, typename... Args> Lanes make(Lanes a, Args... args) {
  Emitter &e = *a.emitter;
  return e.wrap(Op::create(e.builder, e.loc, args...).getResult());
}

template <typename FloatOp, typename IntOp> Lanes binary(Lanes a, Lanes b) {
  return isFloat(a) ? make<FloatOp>(a, a.value, b.value) : make<IntOp>(a, a.value, b.value);
}

/// Element-wise conversion to `element`, or `a` itself where it has that type.
template <typename Op> Lanes convert(Lanes a, Type element) {
  return make<Op>(a, a.emitter->typeOf(element), a.value);
}

} // namespace

Type Emitter::typeOf(Type element) const {
  if (auto vector = dyn_cast<VectorType>(shape)) return vector.clone(element);
  return element;
}

Lanes Emitter::f32(double value) {
  return constant(*this, builder.getF32FloatAttr(float(value)));
}
Lanes Emitter::i32(int64_t value) {
  return constant(*this, builder.getIntegerAttr(builder.getI32Type(), int32_t(value)));
}

Lanes like(Lanes a, double value) {
  OpBuilder &builder = a.emitter->builder;
  Type element = elementOf(a);
  if (isa<FloatType>(element)) return constant(*a.emitter, builder.getFloatAttr(element, value));
  return constant(*a.emitter, builder.getIntegerAttr(element, int64_t(value)));
}

Lanes operator+(Lanes a, Lanes b) {
  return binary<arith::AddFOp, arith::AddIOp>(a, b);
}
Lanes operator-(Lanes a, Lanes b) {
  return binary<arith::SubFOp, arith::SubIOp>(a, b);
}
Lanes operator*(Lanes a, Lanes b) {
  return binary<arith::MulFOp, arith::MulIOp>(a, b);
}
Lanes operator/(Lanes a, Lanes b) {
  return make<arith::DivFOp>(a, a.value, b.value);
}
Lanes operator-(Lanes a) {
  return make<arith::NegFOp>(a, a.value);
}
Lanes operator&(Lanes a, Lanes b) {
  return make<arith::AndIOp>(a, a.value, b.value);
}
Lanes operator|(Lanes a, Lanes b) {
  return make<arith::OrIOp>(a, a.value, b.value);
}
Lanes operator^(Lanes a, Lanes b) {
  return make<arith::XOrIOp>(a, a.value, b.value);
}
Lanes operator<<(Lanes a, Lanes bits) {
  return make<arith::ShLIOp>(a, a.value, bits.value);
}
Lanes shiftRightLogical(Lanes a, Lanes bits) {
  return make<arith::ShRUIOp>(a, a.value, bits.value);
}
Lanes shiftRightArithmetic(Lanes a, int bits) {
  return make<arith::ShRSIOp>(a, a.value, like(a, bits).value);
}

static Lanes compare(Lanes a, Lanes b, arith::CmpFPredicate onFloats, arith::CmpIPredicate onIntegers) {
  return isFloat(a) ? make<arith::CmpFOp>(a, onFloats, a.value, b.value)
                    : make<arith::CmpIOp>(a, onIntegers, a.value, b.value);
}
Lanes operator<(Lanes a, Lanes b) {
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Lanes operator==(Lanes a, Lanes b) {
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Lanes operator!=(Lanes a, Lanes b) {
  return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}
Lanes operator!(Lanes a) {
  return a ^ like(a, 1);
}

Lanes select(Lanes condition, Lanes a, Lanes b) {
  return make<arith::SelectOp>(a, condition.value, a.value, b.value);
}

Lanes fma(Lanes a, Lanes b, Lanes c) {
  return a.emitter->useFma ? make<math::FmaOp>(a, a.value, b.value, c.value) : a * b + c;
}

Lanes sqrt(Lanes a) {
  return make<math::SqrtOp>(a, a.value);
}
Lanes abs(Lanes a) {
  return make<math::AbsFOp>(a, a.value);
}
Lanes trunc(Lanes a) {
  return make<math::TruncOp>(a, a.value);
}
Lanes roundEven(Lanes a) {
  return make<math::RoundEvenOp>(a, a.value);
}

Lanes bits(Lanes a) {
  return convert<arith::BitcastOp>(a,
                                   a.emitter->builder.getIntegerType(elementOf(a).getIntOrFloatBitWidth()));
}
Lanes asFloat(Lanes a) {
  OpBuilder &builder = a.emitter->builder;
  bool wide = elementOf(a).getIntOrFloatBitWidth() == 64;
  return convert<arith::BitcastOp>(a, wide ? Type(builder.getF64Type()) : Type(builder.getF32Type()));
}
Lanes toF32(Lanes a) {
  Type f32 = a.emitter->builder.getF32Type();
  return isFloat(a) ? convert<arith::TruncFOp>(a, f32) : convert<arith::SIToFPOp>(a, f32);
}
Lanes toF64(Lanes a) {
  Type f64 = a.emitter->builder.getF64Type();
  return isFloat(a) ? convert<arith::ExtFOp>(a, f64) : convert<arith::SIToFPOp>(a, f64);
}
Lanes toI32(Lanes a) {
  Type i32 = a.emitter->builder.getI32Type();
  return isFloat(a) ? convert<arith::FPToSIOp>(a, i32) : convert<arith::TruncIOp>(a, i32);
}
Lanes toI64(Lanes a) {
  return convert<arith::ExtUIOp>(a, a.emitter->builder.getI64Type());
}

template <typename T> static Lanes hornerOf(Lanes x, ArrayRef<T> coefficients) {
  Lanes result = like(x, coefficients.back());
  for (T c : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, c);
  return result;
}
Lanes horner(Lanes x, ArrayRef<float> coefficients) {
  return hornerOf(x, coefficients);
}
Lanes horner(Lanes x, ArrayRef<double> coefficients) {
  return hornerOf(x, coefficients);
}

// The value comes last where the comparison fails, so a NaN stays one on any machine; x86's MINPS and MAXPS
// do just that.
Lanes atMost(Lanes x, double high) {
  Lanes limit = like(x, high);
  return select(x > limit, limit, x);
}
Lanes clamp(Lanes x, double low, double high) {
  Lanes limit = like(x, low);
  return atMost(select(x < limit, limit, x), high);
}

Lanes signBit(Lanes a) {
  Lanes pattern = bits(a);
  return pattern & like(pattern, std::ldexp(-1.0, elementOf(pattern).getIntOrFloatBitWidth() - 1));
}
Lanes withSign(Lanes magnitude, Lanes sign) {
  return asFloat(bits(magnitude) | sign);
}
Lanes flipSign(Lanes a, Lanes sign) {
  return asFloat(bits(a) ^ sign);
}

Value any(Lanes condition) {
  auto vector = dyn_cast<VectorType>(condition.value.getType());
  if (!vector) return condition.value;
  Emitter &e = *condition.emitter;
  Value flat = condition.value;
  if (vector.getRank() != 1) {
    auto flatType = VectorType::get(vector.getNumElements(), vector.getElementType());
    flat = vector::ShapeCastOp::create(e.builder, e.loc, flatType, flat);
  }
  return vector::ReductionOp::create(e.builder, e.loc, vector::CombiningKind::OR, flat);
}

} // namespace girih::approx
