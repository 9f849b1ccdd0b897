#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

namespace girih::approx {

// A rational function; beyond 3.92 erf rounds to 1.
Lanes erf(Lanes x) {
  constexpr double twoOverSqrtPi = 0x1.20dd76p+0;
  x = clamp(x, -3.92, 3.92);
  Lanes z = x * x;
  Lanes numerator = fma(horner(z, erfNumerator), z, twoOverSqrtPi);
  Lanes denominator = fma(horner(z, erfDenominator), z, 1);
  return x * numerator / denominator;
}

// erfc(a) = exp(-a^2) f(a) for a >= 0, and 2 - erfc(a) below. a^2 is needed to more bits than a float has: a
// = h + l with a 12-bit h gives a^2 = h^2 + l (a + h), the first exact, the second a small addition to exp's
// reduced argument.
Lanes erfc(Lanes x) {
  Lanes a = atMost(abs(x), 10.1);
  Lanes h = asFloat(bits(a) & INT64_C(-0x1000));
  Lanes rest = (a - h) * (a + h);
  auto [polynomial, scale] = scaledExp(-(h * h), 0);
  // e^-rest with rest <= 0.04.
  Lanes correction = fma(fma(fma(rest, -1.0 / 6, 0.5), rest, -1), rest, 1);
  Lanes u = (a - 2) / (a + 2);
  Lanes f = horner(u, erfcxScaled) / fma(a, 0.5, 1);
  Lanes result = (polynomial * correction * f) * scale * scale;
  return select(x < 0, 2 - result, result);
}

} // namespace girih::approx
