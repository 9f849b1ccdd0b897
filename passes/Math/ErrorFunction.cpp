#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

namespace girih::approx {

// Two polynomials, faster here than one quotient and with fewer roundings: an odd one near zero, and one for
// the small distance from 1 elsewhere. Beyond 4 erf rounds to 1.

static Lanes erfNearZero(Lanes x) {
  Lanes z = x * x;
  return fma(horner(z, erfTail), x, x);
}

Lanes erf(Lanes x) {
  Lanes magnitude = atMost(abs(x), 4);
  Lanes far = 1 - horner(magnitude - 2.75, erfcFar);
  return select(magnitude < 1.5, erfNearZero(x), withSign(far, signBit(x)));
}

// erfc(a) = exp(-a^2) f(a) for a > 0. a^2 is needed to more bits than a float has: a = h + l with a 12-bit h
// gives a^2 = h^2 + l (a + h), the first exact. Below 1/2 erf is small or of the other sign, so that 1 - erf
// is exact enough.
Lanes erfc(Lanes x) {
  Lanes a = atMost(abs(x), 10.1);
  Lanes h = asFloat(bits(a) & INT64_C(-0x1000));
  auto [polynomial, scale] = scaledExp(-(h * h), 0, -((a - h) * (a + h)));
  Lanes w = 1 / (toF64(a) + 2); // f64 keeps the roundings of this factor out of the result
  Lanes f = toF32(horner(fma(w, -4, 1), erfcxScaled) * w);
  Lanes far = polynomial * f * scale * scale;
  far = select(x < 0, 2 - far, far);
  return select((x < 0.5) & (x > -1.5), 1 - erfNearZero(x), far);
}

} // namespace girih::approx
