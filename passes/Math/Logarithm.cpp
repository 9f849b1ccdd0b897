// Logarithms: x = 2^k z with z in [2/3, 4/3), log x = k ln 2 + log1p(z - 1), where z - 1 is exact.
#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

#include <limits>

namespace girih::approx {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int twoThirds = 0x3f2aaaab;

/// x = 2^k (1 + r) for positive finite x; k is a float.
struct Reduced {
  Lanes k, r;
};

/// The exponent field of `difference` = bits - twoThirds, in place.
Lanes exponentField(Lanes difference) {
  return difference & INT64_C(-0x800000);
}

Reduced reduce(Lanes x) {
  Lanes subnormal = x < 0x1p-126;
  x = select(subnormal, x * 0x1p23, x);
  Lanes difference = bits(x) - double(twoThirds);
  Lanes z = asFloat(bits(x) - exponentField(difference));
  Lanes k = toF32(shiftRightArithmetic(difference, 23));
  return {k + select(subnormal, x.emitter->f32(-23), 0), z - 1};
}

/// log1p(r) - r.
Lanes log1pRest(Lanes r) {
  return (r * r) * fma(horner(r, log1pTail), r, -0.5);
}

/// `result` where `x` is positive and finite; elsewhere what a logarithm is there: -inf, NaN or x itself.
Lanes withSpecialValues(Lanes x, Lanes result) {
  Lanes special = select(x == 0, -infinity, select(x < 0, nan, x));
  return select((x > 0) & (x < infinity), result, special);
}

/// k * (high + low) + r + rest.
Lanes sum(Lanes k, double high, double low, Lanes r, Lanes rest) {
  return fma(k, high, r + fma(k, low, rest));
}
// ln 2, high part short enough for exact products with k.
constexpr double ln2High = 0.693359375;
constexpr double ln2Low = -2.12194440054690572e-4;
} // namespace

Lanes log(Lanes x) {
  auto [k, r] = reduce(x);
  return withSpecialValues(x, sum(k, ln2High, ln2Low, r, log1pRest(r)));
}

// Scaling r by log2 e in two parts keeps results near x = 1 accurate.
Lanes log2(Lanes x) {
  constexpr double log2eHigh = 0x1.715476p+0, log2eLow = 0x1.4ae0bf85ddf44p-26;
  auto [k, r] = reduce(x);
  Lanes low = fma(r, log2eLow, log1pRest(r) * log2eHigh);
  return withSpecialValues(x, fma(r, log2eHigh, low) + k);
}

Lanes log10(Lanes x) {
  constexpr double log10eHigh = 0x1.bcb7b2p-2, log10eLow = -0x1.5b235e39ab2a9p-27;
  constexpr double log10Of2High = 0.301025390625, log10Of2Low = 4.605038981195214e-6;
  auto [k, r] = reduce(x);
  Lanes low = fma(k, log10Of2Low, fma(r, log10eLow, log1pRest(r) * log10eHigh));
  return withSpecialValues(x, fma(k, log10Of2High, fma(r, log10eHigh, low)));
}

// 1 + x = 2^k (1 + r) with r = 2^-k x + (2^-k - 1): k comes from the rounded sum, r from x itself. Scaling
// goes in two steps of normal numbers because k reaches 128.
Lanes log1p(Lanes x) {
  Lanes u = x + 1;
  Lanes difference = bits(u) - double(twoThirds);
  Lanes scale4 = asFloat(x.emitter->i32(0x40800000) - exponentField(difference)); // 4 * 2^-k
  Lanes r = fma(x * 0.25, scale4, fma(scale4, 0.25, -1));
  Lanes k = toF32(shiftRightArithmetic(difference, 23));
  Lanes result = sum(k, ln2High, ln2Low, r, log1pRest(r));
  Lanes special = select(u == 0, -infinity, select(u < 0, nan, x));
  result = select((u > 0) & (u < infinity), result, special);
  return select(abs(x) < 0x1p-25, x, result); // subnormals, and the sign of zero
}

Lanes log2AsF64(Lanes x) {
  auto [k, r] = reduce(x);
  Lanes wide = toF64(r);
  Lanes result = fma(horner(wide, log2Double), wide, toF64(k));
  Lanes special = select(x == 0, -infinity, x);
  return select((x > 0) & (x < infinity), result, toF64(special));
}

} // namespace girih::approx
