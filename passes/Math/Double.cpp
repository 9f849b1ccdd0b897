// f64 functions that LLVM has no intrinsic for, within some 4 ulp of exact: by those that it has, which end
// in libm.
#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace girih::approx {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double ln2 = 0x1.62e42fefa39efp-1;

template <typename Op> Lanes libm(Lanes x) {
  Emitter &e = *x.emitter;
  return e.wrap(Op::create(e.builder, e.loc, x.value).getResult());
}
} // namespace

// The rounding error of u = e^x is the same in both factors of (u - 1) (x / log u), and cancels (Kahan).
Lanes expm1Double(Lanes x) {
  Lanes u = libm<math::ExpOp>(x);
  Lanes difference = u - 1;
  Lanes result = difference * (x / libm<math::LogOp>(u));
  result = select((u == infinity) | (difference == -1), difference, result);
  return select(u == 1, x, result);
}

// Likewise with u = 1 + x.
Lanes log1pDouble(Lanes x) {
  Lanes u = x + 1;
  Lanes logarithm = libm<math::LogOp>(u);
  Lanes result = select(x < infinity, logarithm * (x / (u - 1)), logarithm);
  return select(u == 1, x, result);
}

Lanes asinhDouble(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes large = magnitude > 0x1p60; // log(2 x)
  Lanes z = magnitude * magnitude;
  Lanes argument = select(large, magnitude, magnitude + z / (sqrt(z + 1) + 1));
  return flipSign(log1pDouble(argument) + select(large, like(x, ln2), 0), signBit(x));
}

Lanes acoshDouble(Lanes x) {
  Lanes large = x > 0x1p60; // log(2 x)
  Lanes t = x - 1;
  Lanes argument = select(large, x, t + sqrt(t * (t + 2)));
  return select(x < 1, nan, log1pDouble(argument) + select(large, like(x, ln2), 0));
}

Lanes atanhDouble(Lanes x) {
  Lanes magnitude = abs(x);
  return flipSign(log1pDouble((magnitude + magnitude) / (1 - magnitude)) * 0.5, signBit(x));
}

static Lanes erfNearZero(Lanes x) {
  return fma(horner(x * x, erfTailDouble), x, x);
}

/// erfc(a) for a >= 1/2: exp(-a^2) f(a), with a^2 = h^2 + (a - h) (a + h) for a short h.
static Lanes erfcFarDouble(Lanes a) {
  a = atMost(a, 28);
  Lanes h = asFloat(bits(a) & INT64_C(-0x8000000));
  Lanes power = libm<math::ExpOp>(-(h * h)) * libm<math::ExpOp>((h - a) * (h + a));
  Lanes w = 1 / (a + 2);
  return power * (horner((a - 2) * w, erfcxScaledDouble) * w);
}

Lanes erfDouble(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes far = flipSign(1 - erfcFarDouble(magnitude), signBit(x));
  return select(magnitude < 1, erfNearZero(x), far);
}

Lanes erfcDouble(Lanes x) {
  Lanes far = erfcFarDouble(abs(x));
  return select((x < 0.5) & (x > -1), 1 - erfNearZero(x), select(x < 0, 2 - far, far));
}

// A first value from libm's logarithm and exponential, off by their errors in the exponent; then one step of
// Halley.
Lanes cbrtDouble(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes regular = (magnitude > 0) & (magnitude < infinity);
  Lanes tiny = magnitude < 0x1p-1000;
  Lanes a = select(regular, select(tiny, magnitude * 0x1p60, magnitude), 1);
  Lanes root = libm<math::ExpOp>(libm<math::LogOp>(a) * (1.0 / 3));
  Lanes quarter = a * 0.25;
  Lanes cube = (root * root) * (root * 0.25);
  root = root - root * ((cube - quarter) / (cube + cube + quarter));
  return select(regular, flipSign(select(tiny, root * 0x1p-20, root), signBit(x)), x);
}

Lanes powiDouble(Lanes x, Lanes n) {
  Emitter &e = *x.emitter;
  return e.wrap(math::PowFOp::create(e.builder, e.loc, x.value, toF64(n).value).getResult());
}

} // namespace girih::approx
