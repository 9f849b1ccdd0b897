// The scalar code of unary and binary functions. Values come and go in compute types (f32 for f16 and bf16).
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/GraphToLinalg/Lowering.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace girih;

using C = Body::Comparison;

//===-- Unary -------------------------------------------------------------===//

/// 1 / (1 + exp(-x)) or exp(x) / (1 + exp(x)), whichever has an exponential that does not overflow: results
/// are right down to the smallest.
static Value emitSigmoid(Body &b, Value x) {
  Value one = b.real(x, 1);
  Value e = b.math<math::ExpOp>(b.neg(b.abs(x)));
  Value numerator = b.select(b.compare(C::LT, x, b.real(x, 0)), e, one);
  return b.div(numerator, b.add(one, e));
}

/// log(1 + exp(x)) without overflow, and without loss where exp(x) is small.
static Value emitSoftplus(Body &b, Value x) {
  Value tail = b.math<math::Log1pOp>(b.math<math::ExpOp>(b.neg(b.abs(x))));
  return b.add(b.max(x, b.real(x, 0)), tail);
}

/// x * tanh(softplus(x)). With w = exp(x), the factor is w(w + 2) / (w(w + 2) + 2): one exponential. It is 1
/// long before w overflows, so x is limited there.
static Value emitMish(Body &b, Value x) {
  Value w = b.math<math::ExpOp>(b.min(x, b.real(x, 40)));
  Value n = b.mul(w, b.add(w, b.real(x, 2)));
  return b.mul(x, b.div(n, b.add(n, b.real(x, 2))));
}

static Value emitGelu(Body &b, Value x) {
  Value erf = b.math<math::ErfOp>(b.mul(x, b.real(x, 0.70710678118654752)));
  return b.mul(b.mul(b.real(x, 0.5), x), b.add(b.real(x, 1), erf));
}

static Value emitGeluTanh(Body &b, Value x) {
  Value cubic = b.mul(b.mul(b.mul(x, x), x), b.real(x, 0.044715));
  Value t = b.math<math::TanhOp>(b.mul(b.real(x, 0.79788456080286536), b.add(x, cubic)));
  return b.mul(b.mul(b.real(x, 0.5), x), b.add(b.real(x, 1), t));
}

/// scale * (exp(x / alpha) - 1) * alpha for negative x, scale * x otherwise.
static Value emitElu(Body &b, Value x, double alpha, double scale, double divisor) {
  Value arm = b.mul(b.math<math::ExpM1Op>(divisor == 1 ? x : b.div(x, b.real(x, divisor))), b.real(x, alpha));
  Value y = b.select(b.compare(C::LT, x, b.real(x, 0)), arm, x);
  return scale == 1 ? y : b.mul(y, b.real(x, scale));
}

static Value emitFloat(Body &b, UnaryOp op, Value x) {
  double alpha = op.getAlpha().convertToFloat(), beta = op.getBeta().convertToFloat();
  Value zero = b.real(x, 0), one = b.real(x, 1);
  auto clip01 = [&](Value v) { return b.max(zero, b.min(one, v)); };
  switch (op.getFn()) {
  case UnaryFn::abs:
    return b.abs(x);
  case UnaryFn::neg:
    return b.neg(x);
  case UnaryFn::sign:
    return b.select(b.compare(C::GT, x, zero), one, b.select(b.compare(C::LT, x, zero), b.real(x, -1), x));
  case UnaryFn::floor:
    return b.math<math::FloorOp>(x);
  case UnaryFn::ceil:
    return b.math<math::CeilOp>(x);
  case UnaryFn::round:
    return b.math<math::RoundEvenOp>(x);
  case UnaryFn::reciprocal:
    return b.div(one, x);
  case UnaryFn::sqrt:
    return b.math<math::SqrtOp>(x);
  case UnaryFn::exp:
    return b.math<math::ExpOp>(x);
  case UnaryFn::log:
    return b.math<math::LogOp>(x);
  case UnaryFn::sin:
    return b.math<math::SinOp>(x);
  case UnaryFn::cos:
    return b.math<math::CosOp>(x);
  case UnaryFn::tan:
    return b.math<math::TanOp>(x);
  case UnaryFn::asin:
    return b.math<math::AsinOp>(x);
  case UnaryFn::acos:
    return b.math<math::AcosOp>(x);
  case UnaryFn::atan:
    return b.math<math::AtanOp>(x);
  case UnaryFn::sinh:
    return b.math<math::SinhOp>(x);
  case UnaryFn::cosh:
    return b.math<math::CoshOp>(x);
  case UnaryFn::tanh:
    return b.math<math::TanhOp>(x);
  case UnaryFn::asinh:
    return b.math<math::AsinhOp>(x);
  case UnaryFn::acosh:
    return b.math<math::AcoshOp>(x);
  case UnaryFn::atanh:
    return b.math<math::AtanhOp>(x);
  case UnaryFn::erf:
    return b.math<math::ErfOp>(x);
  case UnaryFn::relu:
    return b.max(x, zero);
  case UnaryFn::leaky_relu:
    return b.select(b.compare(C::LT, x, zero), b.mul(x, b.real(x, alpha)), x);
  case UnaryFn::elu:
    return emitElu(b, x, alpha, 1, 1);
  case UnaryFn::selu:
    return emitElu(b, x, alpha, beta, 1);
  case UnaryFn::celu:
    return emitElu(b, x, alpha, 1, alpha);
  case UnaryFn::sigmoid:
    return emitSigmoid(b, x);
  case UnaryFn::hard_sigmoid:
    return clip01(b.add(b.mul(x, b.real(x, alpha)), b.real(x, beta)));
  case UnaryFn::hard_swish:
    return b.mul(x, clip01(b.add(b.mul(x, b.real(x, 1.0 / 6)), b.real(x, 0.5))));
  case UnaryFn::silu: {
    // Without an alpha (0, the attribute's default) it is 1.
    Value scaled = alpha == 0 || alpha == 1 ? x : b.mul(x, b.real(x, alpha));
    return b.mul(x, emitSigmoid(b, scaled));
  }
  case UnaryFn::mish:
    return emitMish(b, x);
  case UnaryFn::softplus:
    return emitSoftplus(b, x);
  case UnaryFn::softsign:
    return b.div(x, b.add(one, b.abs(x)));
  case UnaryFn::gelu:
    return emitGelu(b, x);
  case UnaryFn::gelu_tanh:
    return emitGeluTanh(b, x);
  case UnaryFn::thresholded_relu:
    return b.select(b.compare(C::GT, x, b.real(x, alpha)), x, zero);
  case UnaryFn::shrink: {
    Value upper = b.select(b.compare(C::GT, x, b.real(x, alpha)), b.sub(x, b.real(x, beta)), zero);
    return b.select(b.compare(C::LT, x, b.real(x, -alpha)), b.add(x, b.real(x, beta)), upper);
  }
  case UnaryFn::isnan:
    return b.fromBool(b.isNaN(x));
  case UnaryFn::isinf: {
    // alpha: negative infinity counts, beta: positive infinity does.
    if (alpha == 0 && beta == 0) return b.integer(b.getI8Type(), 0);
    Value low = b.real(x, alpha != 0 ? -INFINITY : INFINITY),
          high = b.real(x, beta != 0 ? INFINITY : -INFINITY);
    return b.fromBool(b.logicalOr(b.compare(C::EQ, x, low), b.compare(C::EQ, x, high)));
  }
  case UnaryFn::logical_not:
    return b.fromBool(b.compare(C::EQ, x, zero));
  case UnaryFn::bitwise_not:
    break; // the verifier allows integers only
  }
  return x;
}

Value girih::emitUnary(Body &b, UnaryOp op, Value x) {
  Type element = getElementType(op.getOperand());
  if (isa<FloatType>(element)) return emitFloat(b, op, x);
  bool isUnsigned = element.isUnsignedInteger();
  Value zero = b.integer(x, 0);
  switch (op.getFn()) {
  case UnaryFn::abs:
    return isUnsigned ? x : b.abs(x);
  case UnaryFn::neg:
    return b.neg(x);
  case UnaryFn::sign: {
    Value negative = isUnsigned ? zero : b.select(b.compare(C::LT, x, zero), b.integer(x, -1), zero);
    return b.select(b.compare(C::GT, x, zero, isUnsigned), b.integer(x, 1), negative);
  }
  case UnaryFn::floor:
  case UnaryFn::ceil:
  case UnaryFn::round:
    return x;
  case UnaryFn::relu:
    return isUnsigned ? x : b.max(x, zero);
  case UnaryFn::logical_not:
    return b.fromBool(b.compare(C::EQ, x, zero));
  case UnaryFn::bitwise_not:
    return b.createOrFold<arith::XOrIOp>(x, b.integer(x, -1));
  case UnaryFn::isnan:
  case UnaryFn::isinf:
    return b.integer(b.getI8Type(), 0);
  default: {
    // The other functions are defined on floats; on integers they are those of the nearest float.
    Value y = emitFloat(b, op, b.convert(x, element, b.getF64Type()));
    return b.convert(y, b.getF64Type(), element);
  }
  }
}

//===-- Binary ------------------------------------------------------------===//

/// The value of a constant; integers are signed unless said otherwise.
static std::optional<double> getConstant(Value v, bool isUnsigned) {
  Attribute attr;
  if (!matchPattern(v, m_Constant(&attr))) return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(attr)) return number.getValueAsDouble();
  auto number = dyn_cast<IntegerAttr>(attr);
  if (!number) return std::nullopt;
  return number.getValue().roundToDouble(!isUnsigned);
}

/// Powers that are a product or a root; null for others. Unlike sqrt, a power is +0 at -0 and +inf at -inf.
static Value emitSimplePower(Body &b, Value x, double exponent) {
  auto root = [&] {
    Value isLeast = b.compare(C::EQ, x, b.real(x, -INFINITY));
    return b.select(isLeast, b.real(x, INFINITY), b.math<math::SqrtOp>(b.add(x, b.real(x, 0))));
  };
  if (exponent == 1) return x;
  if (exponent == 2) return b.mul(x, x);
  if (exponent == 3) return b.mul(b.mul(x, x), x);
  if (exponent == 0.5) return root();
  if (exponent == -0.5) return b.div(b.real(x, 1), root());
  if (exponent == -1) return b.div(b.real(x, 1), x);
  return {};
}

/// A power of a float. An exponent that f32 may not hold is taken in f64; where that rounds an integer, it
/// still says whether the power of a negative number is negative.
static Value emitFloatPow(Body &b, Value x, Value y, Type rhsElement) {
  bool isInteger = !isa<FloatType>(rhsElement);
  auto exponent = getConstant(y, rhsElement.isUnsignedInteger());
  if (exponent)
    if (Value v = emitSimplePower(b, x, *exponent)) return v;
  Type narrow = x.getType();
  bool isExact = exponent ? double(float(*exponent)) == *exponent
                          : y.getType().getIntOrFloatBitWidth() <= (isInteger ? 16 : 32);
  Type type = isExact ? narrow : b.getF64Type();
  x = b.convert(x, narrow, type);
  Value power = b.convert(y, rhsElement, type);
  if (!isInteger) {
    power = b.createOrFold<math::PowFOp>(x, power);
  } else {
    power = b.createOrFold<math::PowFOp>(b.abs(x), power);
    Value isOdd = b.compare(C::NE, b.logicalAnd(y, b.integer(y, 1)), b.integer(y, 0));
    power = b.select(isOdd, b.createOrFold<math::CopySignOp>(power, x), power);
  }
  return b.convert(power, type, narrow);
}

/// A power of an integer, modulo 2^width. Powers below 1 are truncated.
static Value emitIntPow(Body &b, Value x, Value y, bool isUnsigned) {
  unsigned width = x.getType().getIntOrFloatBitWidth(), have = y.getType().getIntOrFloatBitWidth();
  // Both in the wider type: the low bits of a product come from the low bits of its factors.
  Type type = width > have ? x.getType() : y.getType();
  auto widened = [&](Value v, bool isUnsignedValue) -> Value {
    if (v.getType() == type) return v;
    return isUnsignedValue ? b.createOrFold<arith::ExtUIOp>(type, v)
                           : b.createOrFold<arith::ExtSIOp>(type, v);
  };
  Value base = widened(x, false), exponent = widened(y, isUnsigned), zero = b.integer(exponent, 0);
  Value isNegative = b.compare(C::LT, exponent, zero);
  if (isUnsigned) {
    // Of width w: powers of odd numbers repeat after 2^(w - 2), and nothing is left of those of even ones.
    int64_t period = int64_t(1) << (type.getIntOrFloatBitWidth() - 2);
    Value low = b.logicalAnd(exponent, b.integer(exponent, period - 1));
    exponent = b.select(isNegative, b.add(low, b.integer(exponent, period)), exponent);
  } else {
    exponent = b.select(isNegative, zero, exponent);
  }
  Value result = b.createOrFold<math::IPowIOp>(base, exponent);
  if (result.getType() != x.getType()) result = b.createOrFold<arith::TruncIOp>(x.getType(), result);
  if (isUnsigned) return result;
  Value one = b.integer(x, 1), isOdd = b.compare(C::NE, b.logicalAnd(y, b.integer(y, 1)), b.integer(y, 0));
  Value inverse = b.select(b.compare(C::EQ, x, b.integer(x, -1)), b.select(isOdd, b.integer(x, -1), one),
                           b.integer(x, 0));
  inverse = b.select(b.compare(C::EQ, x, one), one, inverse);
  return b.select(b.compare(C::LT, y, b.integer(y, 0)), inverse, result);
}

static Value emitPow(Body &b, Value x, Value y, Type element, Type rhsElement) {
  if (isa<FloatType>(element)) return emitFloatPow(b, x, y, rhsElement);
  if (!isa<FloatType>(rhsElement)) return emitIntPow(b, x, y, rhsElement.isUnsignedInteger());
  Type f64 = b.getF64Type();
  Value power = emitFloatPow(b, b.convert(x, element, f64), b.convert(y, rhsElement, f64), f64);
  return b.convert(power, f64, element);
}

/// Shifts by the width or more give 0 (or the sign) instead of poison.
static Value emitShift(Body &b, BinaryFn fn, Value x, Value y, bool isUnsigned) {
  Value width = b.integer(y, x.getType().getIntOrFloatBitWidth()), zero = b.integer(y, 0);
  Value fits = b.compare(C::LT, y, width, /*isUnsigned=*/true);
  Value amount = b.select(fits, y, zero);
  if (fn == BinaryFn::shift_left) return b.select(fits, b.createOrFold<arith::ShLIOp>(x, amount), zero);
  if (isUnsigned) return b.select(fits, b.createOrFold<arith::ShRUIOp>(x, amount), zero);
  amount = b.select(fits, y, b.integer(y, x.getType().getIntOrFloatBitWidth() - 1));
  return b.createOrFold<arith::ShRSIOp>(x, amount);
}

Value girih::emitBinary(Body &b, BinaryFn fn, Value x, Value y, Type element, Type rhsElement) {
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1), isFloat = isa<FloatType>(element);
  auto compare = [&](C c) { return b.fromBool(b.compare(c, x, y, isUnsigned)); };
  switch (fn) {
  case BinaryFn::add:
    return b.add(x, y);
  case BinaryFn::sub:
    return b.sub(x, y);
  case BinaryFn::mul:
    return b.mul(x, y);
  case BinaryFn::div:
    return isFloat ? b.div(x, y) : b.divTrunc(x, y, isUnsigned);
  case BinaryFn::mod:
    return b.remFloor(x, y, isUnsigned);
  case BinaryFn::fmod:
    return b.remTrunc(x, y, isUnsigned);
  case BinaryFn::pow:
    return emitPow(b, x, y, element, rhsElement);
  case BinaryFn::min:
    return b.min(x, y, isUnsigned);
  case BinaryFn::max:
    return b.max(x, y, isUnsigned);
  case BinaryFn::prelu:
    return isUnsigned ? x : b.select(b.compare(C::LT, x, b.integer(x, 0)), b.mul(x, y), x);
  case BinaryFn::logical_and:
  case BinaryFn::bitwise_and:
    return b.logicalAnd(x, y);
  case BinaryFn::logical_or:
  case BinaryFn::bitwise_or:
    return b.logicalOr(x, y);
  case BinaryFn::logical_xor:
  case BinaryFn::bitwise_xor:
    return b.createOrFold<arith::XOrIOp>(x, y);
  case BinaryFn::shift_left:
  case BinaryFn::shift_right:
    return emitShift(b, fn, x, y, isUnsigned);
  case BinaryFn::equal:
    return compare(C::EQ);
  case BinaryFn::less:
    return compare(C::LT);
  case BinaryFn::less_or_equal:
    return compare(C::LE);
  case BinaryFn::greater:
    return compare(C::GT);
  case BinaryFn::greater_or_equal:
    return compare(C::GE);
  }
  return x;
}

//===-- Ops ---------------------------------------------------------------===//

LogicalResult girih::lower(Lowering &l, UnaryOp op) {
  l.elementwise(op.getResult(), op.getOperand(),
                [&](Body &b, ArrayRef<Value> in) { return emitUnary(b, op, in[0]); });
  return success();
}

LogicalResult girih::lower(Lowering &l, BinaryOp op) {
  Type element = getElementType(op.getLhs()), rhsElement = getElementType(op.getRhs());
  l.elementwise(op.getResult(), op.getOperands(), [&](Body &b, ArrayRef<Value> in) {
    return emitBinary(b, op.getFn(), in[0], in[1], element, rhsElement);
  });
  return success();
}

LogicalResult girih::lower(Lowering &l, WhereOp op) {
  l.elementwise(op.getResult(), op.getOperands(),
                [&](Body &b, ArrayRef<Value> in) { return b.select(b.toBool(in[0]), in[1], in[2]); });
  return success();
}

LogicalResult girih::lower(Lowering &l, CastOp op) {
  Type from = getElementType(op.getOperand()), to = op.getTo();
  View view = l.get(op.getOperand());
  // Narrow floats are read as f32 wherever they are read, and have the same bits again in their own type.
  bool isWidened = isa<FloatType>(from) && from != to && Body::computeType(from) == to;
  if (isWidened || (isa<FloatType>(from) && getElementType(view.tensor) == to)) {
    l.set(op.getResult(), std::move(view));
    return success();
  }
  l.elementwise(op.getResult(), op.getOperand(), [&](Body &b, ArrayRef<Value> in) {
    Value v = in[0];
    if (op.getSaturate() && isa<FloatType>(from)) {
      double most = APFloat::getLargest(cast<FloatType>(to).getFloatSemantics()).convertToDouble();
      v = b.min(b.max(v, b.real(v, -most)), b.real(v, most));
    }
    return b.convert(v, from, to);
  });
  return success();
}

LogicalResult girih::lower(Lowering &l, BitcastOp op) {
  Type from = getStorageType(getElementType(op.getOperand())), to = getStorageType(op.getTo());
  l.elementwise(op.getResult(), op.getOperand(), [&](Body &b, ArrayRef<Value> in) {
    Value bits = b.store(in[0], from);
    return b.load(from == to ? bits : b.createOrFold<arith::BitcastOp>(to, bits));
  });
  return success();
}
