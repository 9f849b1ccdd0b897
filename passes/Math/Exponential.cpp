// exp and its relatives: x = n ln 2 + r, e^x = 2^n e^r with a polynomial for e^r.
//
// n is rounded by adding 1.5 * 2^23: the sum's low bits are then n as an integer, and shifting them into the
// exponent field makes 2^n without a conversion. exp and exp2 take an even n = 2m and multiply by 2^m twice,
// which gives subnormal results their one rounding and overflow its infinity, and costs less than splitting n
// in two.
#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

namespace girih::approx {

namespace {
constexpr double roundingShift = 0x1.8p23;
constexpr double roundingShiftF64 = 0x1.8p52;
constexpr double log2e = 0x1.71547652b82fep+0;
// ln 2 in two parts; the first has few bits, so that its product with n is exact even without FMA.
constexpr double ln2High = 0.693359375;
constexpr double ln2Low = -2.12194440054690572e-4;

/// 2^(n + bias - 127) for the integer n in the low bits of `shifted` = n + roundingShift.
Lanes powerOfTwo(Lanes shifted, int bias) {
  return asFloat((bits(shifted) << 23) + double(bias << 23));
}

/// 1 + r + r^2 tail(r).
Lanes expPolynomial(Lanes r) {
  return fma(fma(horner(r, expTail), r, 1), r, 1);
}
} // namespace

ScaledExp scaledExp(Lanes x, double high, std::optional<Lanes> rest) {
  x = clamp(x, -104, high);
  Lanes shifted = fma(rest ? x + *rest : x, log2e / 2, roundingShift);
  Lanes m = shifted - roundingShift;
  Lanes r = fma(m, -2 * ln2High, x);
  if (rest) r = r + *rest;
  r = fma(m, -2 * ln2Low, r);
  return {expPolynomial(r), powerOfTwo(shifted, 127)};
}

Lanes exp(Lanes x) {
  auto [polynomial, scale] = scaledExp(x, 89);
  return polynomial * scale * scale;
}

Lanes exp2(Lanes x) {
  x = clamp(x, -151, 129);
  Lanes shifted = fma(x, 0.5, roundingShift);
  Lanes r = fma(shifted - roundingShift, -2, x);
  Lanes scale = powerOfTwo(shifted, 127);
  return fma(horner(r, exp2Tail), r, 1) * scale * scale;
}

Lanes exp2OfF64(Lanes x) {
  x = clamp(x, -160, 160);
  Lanes shifted = fma(x, 0.5, roundingShiftF64);
  Lanes r = toF32(fma(shifted - roundingShiftF64, -2, x));
  Lanes scale = asFloat((toI32(bits(shifted)) << 23) + double(127 << 23));
  return fma(horner(r, exp2Tail), r, 1) * scale * scale;
}

namespace {
/// expm1(x) = polynomial * 2^n + (2^n - 1).
struct ScaledExpm1 {
  Lanes polynomial, shifted;
};
ScaledExpm1 scaledExpm1(Lanes x) {
  Lanes shifted = fma(x, log2e, roundingShift);
  Lanes n = shifted - roundingShift;
  Lanes r = fma(n, -ln2Low, fma(n, -ln2High, x));
  return {fma(horner(r, expm1Tail), r * r, r), shifted};
}
} // namespace

Lanes expm1Moderate(Lanes x) {
  auto [polynomial, shifted] = scaledExpm1(x);
  Lanes scale = powerOfTwo(shifted, 127);
  return fma(polynomial, scale, scale - 1);
}

// At half its size, because 2^128 is no float.
Lanes expm1(Lanes x) {
  auto [polynomial, shifted] = scaledExpm1(clamp(x, -18, 89));
  Lanes halfScale = powerOfTwo(shifted, 126);
  Lanes half = fma(polynomial, halfScale, halfScale - 0.5);
  return withSign(half + half, signBit(x)); // for the sign of zero
}

} // namespace girih::approx
