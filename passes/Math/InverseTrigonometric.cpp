// asin, acos, atan and atan2: one odd polynomial each, on [0, 1/2] and [0, 1]; identities bring other
// arguments there.
#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

namespace girih::approx {

namespace {
// In two floats.
constexpr double halfPiHigh = 0x1.921fb6p+0, halfPiLow = -0x1.777a5cf72cecep-25;

Lanes asinPolynomial(Lanes r, Lanes z) {
  return fma(horner(z, asinTail), r * z, r);
}
Lanes atanPolynomial(Lanes r) {
  Lanes z = r * r;
  return fma(horner(z, atanTail), r * z, r);
}

/// `multiple` * pi/2 - a.
Lanes complement(double multiple, Lanes a) {
  return multiple * halfPiHigh - (a - multiple * halfPiLow);
}

/// asin of |x| is `part` where |x| <= 1/2 and pi/2 - 2 `part` elsewhere, part = asin(sqrt((1 - |x|) / 2)):
/// NaN for |x| > 1.
struct HalfAngle {
  Lanes low, part;
};
HalfAngle halfAngle(Lanes magnitude) {
  Lanes low = !(magnitude > 0.5);
  Lanes z = select(low, magnitude * magnitude, fma(magnitude, -0.5, 0.5));
  return {low, asinPolynomial(select(low, magnitude, sqrt(z)), z)};
}
} // namespace

Lanes asin(Lanes x) {
  auto [low, part] = halfAngle(abs(x));
  return flipSign(select(low, part, complement(1, part + part)), signBit(x));
}

Lanes acos(Lanes x) {
  Lanes sign = signBit(x);
  auto [low, part] = halfAngle(abs(x));
  Lanes near = complement(1, flipSign(part, sign));
  Lanes far = part + part;
  return select(low, near, select(x < 0, complement(2, far), far));
}

Lanes atan(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes inverted = magnitude > 1;
  Lanes angle = atanPolynomial(select(inverted, 1 / magnitude, magnitude));
  return flipSign(select(inverted, complement(1, angle), angle), signBit(x));
}

Lanes atan2(Lanes y, Lanes x) {
  Lanes absX = abs(x), absY = abs(y);
  Lanes steep = absY > absX;
  Lanes small = select(steep, absX, absY), large = select(steep, absY, absX);
  // Equal operands may both be zero or infinite.
  Lanes ratio = select(small == large, select(large == 0, 0, like(x, 1)), small / large);
  Lanes angle = atanPolynomial(ratio);
  angle = select(steep, complement(1, angle), angle);
  angle = select(bits(x) < like(bits(x), 0), complement(2, angle), angle);
  return flipSign(angle, signBit(y));
}

} // namespace girih::approx
