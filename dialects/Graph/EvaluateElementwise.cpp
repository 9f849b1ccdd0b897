// Constant evaluation of element-wise ops.
#include "dialects/Graph/EvaluateRules.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace girih {

/// Calls fn(offsets of the operands, offset in the result) for each element; once if all operands are splats,
/// and then the result is one. Operands are broadcast to the result's shape first. fn returns false to give
/// up.
template <size_t N, typename Fn>
static HostResult elementwise(RankedTensorType type, ArrayRef<HostTensor> operands, Fn fn) {
  bool splat = llvm::all_of(operands, [](const HostTensor &t) { return t.isSplat(); });
  SmallVector<int64_t> zeros(type.getRank(), 0);
  HostTensor result =
      HostTensor::allocate(type.getElementType(), splat ? ArrayRef<int64_t>() : type.getShape());
  if (splat) {
    std::array<int64_t, N + 1> offsets{};
    if (!fn(offsets, result)) return failure();
    return result.view(type.getShape(), zeros);
  }
  SmallVector<HostTensor> wide;
  for (const HostTensor &t : operands)
    wide.push_back(t.broadcast(type.getShape()));
  std::array<ArrayRef<int64_t>, N + 1> strides;
  for (size_t n = 0; n < N; ++n)
    strides[n] = wide[n].getStrides();
  strides[N] = result.getStrides();
  bool ok = true;
  walkOffsets<N + 1>(type.getShape(), strides,
                     [&](const std::array<int64_t, N + 1> &at) { ok = ok && fn(at, result); });
  if (!ok) return failure();
  return result;
}

//===-- Unary -------------------------------------------------------------===//

static double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

static double applyFloat(UnaryFn fn, double x, double alpha, double beta) {
  switch (fn) {
  case UnaryFn::abs:
    return std::abs(x);
  case UnaryFn::neg:
    return -x;
  case UnaryFn::sign:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case UnaryFn::floor:
    return std::floor(x);
  case UnaryFn::ceil:
    return std::ceil(x);
  case UnaryFn::round:
    return std::nearbyint(x); // to even
  case UnaryFn::reciprocal:
    return 1 / x;
  case UnaryFn::sqrt:
    return std::sqrt(x);
  case UnaryFn::exp:
    return std::exp(x);
  case UnaryFn::log:
    return std::log(x);
  case UnaryFn::sin:
    return std::sin(x);
  case UnaryFn::cos:
    return std::cos(x);
  case UnaryFn::tan:
    return std::tan(x);
  case UnaryFn::asin:
    return std::asin(x);
  case UnaryFn::acos:
    return std::acos(x);
  case UnaryFn::atan:
    return std::atan(x);
  case UnaryFn::sinh:
    return std::sinh(x);
  case UnaryFn::cosh:
    return std::cosh(x);
  case UnaryFn::tanh:
    return std::tanh(x);
  case UnaryFn::asinh:
    return std::asinh(x);
  case UnaryFn::acosh:
    return std::acosh(x);
  case UnaryFn::atanh:
    return std::atanh(x);
  case UnaryFn::erf:
    return std::erf(x);
  case UnaryFn::relu:
    return x < 0 ? 0 : x;
  case UnaryFn::leaky_relu:
    return x < 0 ? alpha * x : x;
  case UnaryFn::elu:
    return x < 0 ? alpha * std::expm1(x) : x;
  case UnaryFn::selu:
    return beta * (x < 0 ? alpha * std::expm1(x) : x);
  case UnaryFn::celu:
    return x < 0 ? alpha * std::expm1(x / alpha) : x;
  case UnaryFn::sigmoid:
    return sigmoid(x);
  case UnaryFn::hard_sigmoid:
    return std::isnan(x) ? x : std::clamp(alpha * x + beta, 0.0, 1.0);
  case UnaryFn::hard_swish:
    return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
  case UnaryFn::silu:
    return x * sigmoid(alpha == 0 ? x : alpha * x); // 0: the attribute's default
  case UnaryFn::mish:
    return x * std::tanh(softplus(x));
  case UnaryFn::softplus:
    return std::isnan(x) ? x : softplus(x);
  case UnaryFn::softsign:
    return x / (1 + std::abs(x));
  case UnaryFn::gelu:
    return 0.5 * x * (1 + std::erf(x * M_SQRT1_2));
  case UnaryFn::gelu_tanh:
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case UnaryFn::thresholded_relu:
    return x > alpha ? x : 0;
  case UnaryFn::shrink:
    return x < -alpha ? x + beta : x > alpha ? x - beta : 0;
  case UnaryFn::isnan:
    return std::isnan(x);
  case UnaryFn::isinf:
    return std::isinf(x) && (x < 0 ? alpha != 0 : beta != 0);
  case UnaryFn::logical_not:
  case UnaryFn::bitwise_not:
    break;
  }
  llvm_unreachable("integers only");
}

static FailureOr<int64_t> applyInt(UnaryFn fn, int64_t x, bool isUnsigned) {
  bool negative = !isUnsigned && x < 0;
  switch (fn) {
  case UnaryFn::abs:
    return negative ? int64_t(-uint64_t(x)) : x;
  case UnaryFn::neg:
    return int64_t(-uint64_t(x));
  case UnaryFn::sign:
    return negative ? -1 : x != 0;
  case UnaryFn::relu:
    return negative ? 0 : x;
  case UnaryFn::logical_not:
    return !x;
  case UnaryFn::bitwise_not:
    return ~x;
  default:
    return failure();
  }
}

HostResult evaluate(UnaryOp op, HostOperands in) {
  const HostTensor &x = in[0];
  double alpha = op.getAlpha().convertToFloat(), beta = op.getBeta().convertToFloat();
  UnaryFn fn = op.getFn();
  // Shrink is defined on floats; on integers it is that of the nearest float.
  if (x.access().isFloat || fn == UnaryFn::shrink)
    return elementwise<1>(resultType(op), in, [&](auto at, HostTensor &result) {
      double v = applyFloat(fn, x.getFloat(at[0]), alpha, beta);
      result.set(at[1], v);
      return true;
    });
  return elementwise<1>(resultType(op), in, [&](auto at, HostTensor &result) {
    FailureOr<int64_t> v = applyInt(fn, x.getInt(at[0]), x.access().isUnsigned);
    if (succeeded(v)) result.set(at[1], *v);
    return succeeded(v);
  });
}

//===-- Binary ------------------------------------------------------------===//

FailureOr<double> applyFloat(BinaryFn fn, double a, double b) {
  bool nan = std::isnan(a) || std::isnan(b);
  switch (fn) {
  case BinaryFn::add:
    return a + b;
  case BinaryFn::sub:
    return a - b;
  case BinaryFn::mul:
    return a * b;
  case BinaryFn::div:
    return a / b;
  case BinaryFn::mod: {
    double r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case BinaryFn::fmod:
    return std::fmod(a, b);
  case BinaryFn::pow:
    return std::pow(a, b);
  case BinaryFn::min:
    return nan ? a + b : std::min(a, b);
  case BinaryFn::max:
    return nan ? a + b : std::max(a, b);
  case BinaryFn::prelu:
    return a < 0 ? a * b : a;
  case BinaryFn::equal:
    return a == b;
  case BinaryFn::less:
    return a < b;
  case BinaryFn::less_or_equal:
    return a <= b;
  case BinaryFn::greater:
    return a > b;
  case BinaryFn::greater_or_equal:
    return a >= b;
  default:
    return failure();
  }
}

/// A power of a float by an integer, whose parity a double may not tell.
static double powFloat(double base, const HostTensor &exponents, int64_t at) {
  double magnitude = std::pow(std::abs(base), exponents.getFloat(at));
  return exponents.getInt(at) & 1 ? std::copysign(magnitude, base) : magnitude;
}

static int64_t powInt(int64_t base, int64_t exponent, bool isUnsigned) {
  if (!isUnsigned && exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t r = 1, b = base;
  for (uint64_t e = exponent; e; e >>= 1, b *= b)
    if (e & 1) r *= b;
  return r;
}

FailureOr<int64_t> applyInt(BinaryFn fn, int64_t a, int64_t b, const ElementAccess &type) {
  uint64_t ua = a, ub = b;
  bool isUnsigned = type.isUnsigned;
  bool less = isUnsigned ? ua < ub : a < b;
  switch (fn) {
  case BinaryFn::add:
    return int64_t(ua + ub);
  case BinaryFn::sub:
    return int64_t(ua - ub);
  case BinaryFn::mul:
    return int64_t(ua * ub);
  case BinaryFn::div:
    if (b == 0) return failure();
    if (isUnsigned) return int64_t(ua / ub);
    return b == -1 ? int64_t(-ua) : a / b;
  case BinaryFn::mod:
  case BinaryFn::fmod: {
    if (b == 0) return failure();
    if (isUnsigned) return int64_t(ua % ub);
    int64_t r = b == -1 ? 0 : a % b;
    return fn == BinaryFn::mod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case BinaryFn::pow:
    return powInt(a, b, isUnsigned);
  case BinaryFn::min:
    return less ? a : b;
  case BinaryFn::max:
    return less ? b : a;
  case BinaryFn::prelu:
    return !isUnsigned && a < 0 ? int64_t(ua * ub) : a;
  case BinaryFn::logical_and:
  case BinaryFn::bitwise_and:
    return a & b;
  case BinaryFn::logical_or:
  case BinaryFn::bitwise_or:
    return a | b;
  case BinaryFn::logical_xor:
  case BinaryFn::bitwise_xor:
    return a ^ b;
  case BinaryFn::shift_left:
    return ub >= type.width ? 0 : int64_t(ua << ub);
  case BinaryFn::shift_right:
    if (ub >= type.width) return !isUnsigned && a < 0 ? -1 : 0;
    return isUnsigned ? int64_t(ua >> ub) : a >> b;
  case BinaryFn::equal:
    return a == b;
  case BinaryFn::less:
    return less;
  case BinaryFn::less_or_equal:
    return less || a == b;
  case BinaryFn::greater:
    return !less && a != b;
  case BinaryFn::greater_or_equal:
    return !less;
  }
  llvm_unreachable("all functions are handled");
}

HostResult evaluate(BinaryOp op, HostOperands in) {
  const HostTensor &a = in[0], &b = in[1];
  BinaryFn fn = op.getFn();
  if (fn == BinaryFn::pow && a.access().isFloat && !b.access().isFloat)
    return elementwise<2>(resultType(op), in, [&](auto at, HostTensor &result) {
      result.set(at[2], powFloat(a.getFloat(at[0]), b, at[1]));
      return true;
    });
  if (a.access().isFloat || b.access().isFloat)
    return elementwise<2>(resultType(op), in, [&](auto at, HostTensor &result) {
      FailureOr<double> v = applyFloat(fn, a.getFloat(at[0]), b.getFloat(at[1]));
      if (succeeded(v)) result.set(at[2], *v);
      return succeeded(v);
    });
  return elementwise<2>(resultType(op), in, [&](auto at, HostTensor &result) {
    // Only a power's exponent may have another type; whether it is signed decides.
    const ElementAccess &type = fn == BinaryFn::pow ? b.access() : a.access();
    FailureOr<int64_t> v = applyInt(fn, a.getInt(at[0]), b.getInt(at[1]), type);
    if (succeeded(v)) result.set(at[2], *v);
    return succeeded(v);
  });
}

//===-- Where and cast ----------------------------------------------------===//

HostResult evaluate(WhereOp op, HostOperands in) {
  int64_t size = in[1].access().bytes;
  return elementwise<3>(resultType(op), in, [&](auto at, HostTensor &result) {
    bool first = in[0].getInt(at[0]);
    std::memcpy(result.data() + at[3] * size, in[first ? 1 : 2].data() + at[first ? 1 : 2] * size, size);
    return true;
  });
}

HostResult evaluate(CastOp op, HostOperands in) {
  const HostTensor &x = in[0];
  auto type = dyn_cast<FloatType>(op.getTo());
  double largest = op.getSaturate() && type ? APFloat::getLargest(type.getFloatSemantics()).convertToDouble()
                                            : std::numeric_limits<double>::infinity();
  bool isBits = x.access().isUnsigned && x.access().width == 64 && isa<FloatType>(op.getTo());
  return elementwise<1>(resultType(op), in, [&](auto at, HostTensor &result) {
    if (isBits) { // ui64 is a bit pattern in int64_t; f32 is rounded once
      uint64_t v = x.getInt(at[0]);
      result.set(at[1], op.getTo().isF64() ? double(v) : double(float(v)));
    } else if (x.access().isFloat) {
      double v = x.getFloat(at[0]);
      result.set(at[1], std::isnan(v) ? v : std::clamp(v, -largest, largest));
    } else {
      result.set(at[1], x.getInt(at[0]));
    }
    return true;
  });
}

} // namespace girih
