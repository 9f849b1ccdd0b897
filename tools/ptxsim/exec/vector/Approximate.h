// The special functions in double arithmetic without branches, which compilers turn into vectors. Their
// results are within 0.6 ulp once rounded to float: closer than the approximations that PTX asks for.
#pragma once

#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

/// c[0] + x (c[1] + x (c[2] + ...)).
template <size_t n> [[gnu::always_inline]] inline double polynomial(double x, const double (&c)[n]) {
  double sum = c[n - 1];
  for (size_t i = n - 1; i-- > 0;)
    sum = __builtin_fma(sum, x, c[i]);
  return sum;
}

/// The nearest integer of |x| < 2^51, and as bits the integer itself in the low part.
constexpr double roundingBias = 0x1.8p52;

/// 2^x for |x| <= 1000, NaN for NaN.
[[gnu::always_inline]] inline double exp2InDouble(double x) {
  double shifted = x + roundingBias, r = x - (shifted - roundingBias);
  // The Taylor series of e^(r ln 2), |r| <= 1/2.
  constexpr double c[] = {1,
                          0x1.62e42fefa39efp-1,
                          0x1.ebfbdff82c58fp-3,
                          0x1.c6b08d704a0c0p-5,
                          0x1.3b2ab6fba4e77p-7,
                          0x1.5d87fe78a6731p-10,
                          0x1.430912f86c787p-13,
                          0x1.ffcbfc588b0c7p-17,
                          0x1.62c0223a5c824p-20};
  uint64_t exponent = (bitsOf(shifted) + 1023) << 52;
  return polynomial(r, c) * std::bit_cast<double>(exponent);
}

[[gnu::always_inline]] inline float exp2Approximately(float a) {
  float in = a > 200 ? 200.0f : a < -200 ? -200.0f : a; // beyond: infinity and zero alike
  return float(exp2InDouble(double(in)));
}

[[gnu::always_inline]] inline float log2Approximately(float a) {
  uint64_t bits = bitsOf(double(a)); // subnormal floats are normal doubles
  // a = 2^e m with m in [sqrt(1/2), sqrt(2)).
  constexpr uint64_t sqrtHalf = 0x3fe6a09e667f3bcd;
  int64_t e = int64_t(bits - sqrtHalf) >> 52;
  double m = std::bit_cast<double>(bits - (uint64_t(e) << 52));
  double s = (m - 1) / (m + 1), s2 = s * s;
  constexpr double c[] = {1, 1. / 3, 1. / 5, 1. / 7, 1. / 9, 1. / 11, 1. / 13};
  constexpr double twoByLn2 = 0x1.71547652b82fep+1;
  // The conversion of a 64-bit integer is slow on older machines; that of 32 bits is not.
  double result = double(int32_t(e)) + s * polynomial(s2, c) * twoByLn2;
  float r = a == __builtin_inff() ? a : float(result);
  r = a == 0 ? -__builtin_inff() : r;
  return a < 0 || a != a ? __builtin_nanf("") : r;
}

/// sin(x) (quarter 0) or cos(x) (quarter 1) for |x| < 2^20.
[[gnu::always_inline]] inline float circularApproximately(float a, unsigned quarter) {
  double x = double(a), shifted = x * 0x1.45f306dc9c883p-1 + roundingBias, n = shifted - roundingBias;
  double r = __builtin_fma(-n, 0x1.921fb54442d18p+0, x);
  r = __builtin_fma(-n, 0x1.1a62633145c07p-54, r);
  uint64_t q = bitsOf(shifted) + quarter;
  constexpr double sine[] = {1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800};
  constexpr double cosine[] = {1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600};
  double r2 = r * r, s = r * polynomial(r2, sine), c = polynomial(r2, cosine);
  double v = q & 1 ? c : s;
  return float(q & 2 ? -v : v);
}

[[gnu::always_inline]] inline float tanhApproximately(float a) {
  double x = double(a), magnitude = __builtin_fabs(x), x2 = x * x;
  constexpr double c[] = {1, -1. / 3, 2. / 15, -17. / 315, 62. / 2835, -1382. / 155925};
  double near = magnitude * polynomial(x2, c);
  double clamped = magnitude > 20 ? 20.0 : magnitude;
  double far = 1 - 2 / (exp2InDouble(clamped * 0x1.71547652b82fep+1) + 1);
  float r = __builtin_copysignf(float(magnitude < 0.25 ? near : far), a);
  return a != a ? a : r;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
