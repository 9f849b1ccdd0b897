// Half precision, brain floats and the 8-bit floats in integer and float arithmetic that rounds once.
#pragma once

#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

constexpr uint32_t canonicalNan = 0x7fffffff;
constexpr uint16_t canonicalHalfNan = 0x7fff;

[[gnu::always_inline]] inline uint32_t bitsOf(float f) {
  return std::bit_cast<uint32_t>(f);
}
[[gnu::always_inline]] inline float floatOf(uint32_t u) {
  return std::bit_cast<float>(u);
}
[[gnu::always_inline]] inline uint64_t bitsOf(double f) {
  return std::bit_cast<uint64_t>(f);
}

/// Subnormals become zeros of their sign.
[[gnu::always_inline]] inline float flush(float f) {
  uint32_t u = bitsOf(f);
  return floatOf((u & 0x7f800000) == 0 ? u & 0x80000000 : u);
}
/// Results that are NaN are the one NaN that the hardware makes.
[[gnu::always_inline]] inline float canonical(float f) {
  return f != f ? floatOf(canonicalNan) : f;
}

/// A double as a float whose last bit is odd if it is inexact: rounding it again to fewer bits is exact
/// rounding.
[[gnu::always_inline]] inline float toOdd(double d) {
  float f = float(d);
  double back = double(f);
  uint32_t u = bitsOf(f);
  bool inexact = back != d && d == d;
  // Towards zero first, then odd.
  bool away = inexact && (__builtin_fabs(back) > __builtin_fabs(d));
  u -= away;
  return floatOf(inexact ? u | 1 : u);
}
/// a + b as a double whose last bit is odd if the sum is inexact.
[[gnu::always_inline]] inline double addToOdd(double a, double b) {
  double s = a + b, t = s - a;
  double e = (a - (s - t)) + (b - t);
  uint64_t u = bitsOf(s);
  bool inexact = e != 0 && e == e;
  bool away = inexact && ((e < 0) == (s > 0));
  u -= away;
  return std::bit_cast<double>(inexact ? u | 1 : u);
}

[[gnu::always_inline]] inline float halfToFloat(uint16_t h) {
  return float(std::bit_cast<_Float16>(h));
}
[[gnu::always_inline]] inline uint16_t floatToHalf(float f) {
  uint16_t h = std::bit_cast<uint16_t>(_Float16(f));
  return f != f ? canonicalHalfNan : h;
}
[[gnu::always_inline]] inline float brainToFloat(uint16_t b) {
  return floatOf(uint32_t(b) << 16);
}
[[gnu::always_inline]] inline uint16_t floatToBrain(float f) {
  uint32_t u = bitsOf(f);
  u += 0x7fff + ((u >> 16) & 1);
  return f != f ? canonicalHalfNan : uint16_t(u >> 16);
}

struct Half {
  static float load(uint16_t bits) { return halfToFloat(bits); }
  static uint16_t save(float f) { return floatToHalf(f); }
};
struct Brain {
  static float load(uint16_t bits) { return brainToFloat(bits); }
  static uint16_t save(float f) { return floatToBrain(f); }
};

} // namespace girih::ptx::GIRIH_PTX_ISA
