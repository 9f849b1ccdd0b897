#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

#include <limits>

namespace girih::approx {

namespace {
/// e^|x| / 2, infinite only where cosh is.
Lanes halfExp(Lanes magnitude) {
  auto [polynomial, scale] = scaledExp(magnitude, 90);
  return polynomial * scale * (scale * 0.5);
}
} // namespace

Lanes cosh(Lanes x) {
  Lanes half = halfExp(abs(x));
  return half + 0.25 / half;
}

Lanes sinh(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes half = halfExp(magnitude);
  Lanes z = magnitude * magnitude;
  Lanes small = fma(horner(z, sinhTail), magnitude * z, magnitude);
  return flipSign(select(magnitude < 1, small, half - 0.25 / half), signBit(x));
}

// E / (E + 2) with E = expm1(2 |x|): accurate near zero, and near one an error of E hardly matters.
Lanes tanh(Lanes x) {
  Lanes magnitude = atMost(abs(x), 10);
  Lanes e = expm1Moderate(magnitude + magnitude);
  return flipSign(e / (e + 2), signBit(x));
}

// The inverses through log1p, whose relative error for a positive argument is never larger than the
// argument's.

Lanes asinh(Lanes x) {
  constexpr double ln2 = 0x1.62e42fefa39efp-1;
  Lanes magnitude = abs(x);
  Lanes large = magnitude > 0x1p30; // log(2 x)
  Lanes z = magnitude * magnitude;
  Lanes argument = select(large, magnitude, magnitude + z / (sqrt(z + 1) + 1));
  return flipSign(log1p(argument) + select(large, like(x, ln2), 0), signBit(x));
}

Lanes acosh(Lanes x) {
  constexpr double ln2 = 0x1.62e42fefa39efp-1;
  Lanes large = x > 0x1p30; // log(2 x)
  Lanes t = x - 1;
  Lanes argument = select(large, x, t + sqrt(t * (t + 2)));
  Lanes result = log1p(argument) + select(large, like(x, ln2), 0);
  return select(x < 1, std::numeric_limits<double>::quiet_NaN(), result);
}

Lanes atanh(Lanes x) {
  Lanes magnitude = abs(x);
  return flipSign(log1p((magnitude + magnitude) / (1 - magnitude)) * 0.5, signBit(x));
}

} // namespace girih::approx
