#include "tools/ptxsim/exec/vector/Rounding.h"
#include <immintrin.h>

#pragma STDC FENV_ACCESS ON

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

struct RoundingMode {
  unsigned before = _mm_getcsr();
  explicit RoundingMode(Rounding r) {
    static constexpr unsigned modes[] = {_MM_ROUND_NEAREST, _MM_ROUND_TOWARD_ZERO, _MM_ROUND_DOWN,
                                         _MM_ROUND_UP, _MM_ROUND_NEAREST};
    _mm_setcsr((before & ~unsigned(_MM_ROUND_MASK)) | modes[unsigned(r)]);
  }
  ~RoundingMode() { _mm_setcsr(before); }
};

template <class T> T one(FloatOp op, T a, T b, T c) {
  switch (op) {
  case FloatOp::Add:
    return a + b;
  case FloatOp::Sub:
    return a - b;
  case FloatOp::Mul:
    return a * b;
  case FloatOp::Div:
    return a / b;
  case FloatOp::Sqrt:
    if constexpr (sizeof(T) == 4)
      return __builtin_sqrtf(a);
    else
      return __builtin_sqrt(a);
  case FloatOp::Fma:
    if constexpr (sizeof(T) == 4)
      return __builtin_fmaf(a, b, c);
    else
      return __builtin_fma(a, b, c);
  }
  return 0;
}

template <class T>
void all(FloatOp op, Rounding rounding, T *out, const T *a, const T *b, const T *c, unsigned n) {
  RoundingMode mode(rounding);
  for (unsigned l = 0; l < n; ++l)
    out[l] = one(op, a[l], b[l], c[l]);
}

} // namespace

void computeRounded(FloatOp op, Rounding r, float *out, const float *a, const float *b, const float *c,
                    unsigned n) {
  all(op, r, out, a, b, c, n);
}
void computeRounded(FloatOp op, Rounding r, double *out, const double *a, const double *b, const double *c,
                    unsigned n) {
  all(op, r, out, a, b, c, n);
}

float narrowTo32(double value, Rounding rounding) {
  RoundingMode mode(rounding);
  return float(value);
}

const Format &formatOf(Type type) {
  switch (type) {
  case Type::F16x2:
    return formatHalf;
  case Type::BF16x2:
    return formatBrain;
  case Type::E4M3:
  case Type::E4M3x2:
    return formatE4M3;
  case Type::E5M2:
  case Type::E5M2x2:
    return formatE5M2;
  case Type::E3M2:
  case Type::E3M2x2:
    return formatE3M2;
  case Type::E2M3:
  case Type::E2M3x2:
    return formatE2M3;
  case Type::E2M1:
  case Type::E2M1x2:
    return formatE2M1;
  default:
    return formatSingle;
  }
}

uint32_t roundTo(const Format &f, double value, Rounding rounding, bool saturate) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint32_t sign = uint32_t(bits >> 63) << (f.mantissa + f.exponent);
  uint32_t ones = (1u << f.exponent) - 1, infinity = ones << f.mantissa;
  uint32_t nan = infinity | ((1u << f.mantissa) - 1);
  uint32_t largest = f.specials == Specials::None     ? nan
                     : f.specials == Specials::OneNan ? nan - 1
                                                      : infinity - 1;
  if (value != value) return nan; // of a format without NaN that is the largest number
  int exponent = int((bits >> 52) & 0x7ff) - 1023, bias = int(ones >> 1);
  uint64_t mantissa = (bits & ((1ull << 52) - 1)) | (1ull << 52);
  bool infinite = exponent == 1024;
  if (exponent == -1023) return sign; // subnormal doubles are less than half of anything here
  // The number of bits to drop, more for what becomes subnormal.
  int drop = 52 - int(f.mantissa), below = 1 - bias - exponent;
  if (below > 0) drop += below;
  bool negative = sign != 0;
  uint64_t kept = drop > 63 ? 0 : mantissa >> drop,
           rest = drop > 63 ? mantissa : mantissa & ((1ull << drop) - 1);
  uint64_t half = drop > 63 ? ~0ull : 1ull << (drop - 1);
  bool up = false;
  switch (rounding) {
  case Rounding::Nearest:
    up = rest > half || (rest == half && (kept & 1));
    break;
  case Rounding::Away:
    up = rest >= half;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = rest && negative;
    break;
  case Rounding::Up:
    up = rest && !negative;
    break;
  }
  kept += up;
  // `kept` has the hidden bit where the number is normal: adding it to the exponent's field carries as it
  // should.
  uint64_t field = below > 0 ? 0 : uint64_t(exponent + bias - 1) << f.mantissa;
  uint64_t result = infinite ? ~0ull : field + kept;
  if (result > largest) {
    bool towards = rounding == Rounding::Zero || (rounding == Rounding::Down && !negative) ||
                   (rounding == Rounding::Up && negative);
    if (saturate || (towards && !infinite))
      result = largest;
    else
      result = f.specials == Specials::Ieee ? infinity : nan;
  }
  return sign | uint32_t(result);
}

uint32_t roundToScale(double value, bool up, bool saturate) {
  if (value != value) return 0xff;
  double v = __builtin_fabs(value);
  if (__builtin_isinf(v)) return saturate ? 0xfe : 0xff;
  if (v <= 0x1p-127) return 0;
  int exponent = __builtin_ilogb(v);
  exponent += up && v != __builtin_ldexp(1.0, exponent);
  return exponent < 128 ? uint32_t(exponent + 127) : saturate ? 0xfe : 0xff;
}

double valueOfScale(uint32_t bits) {
  return bits == 0xff ? __builtin_nan("") : __builtin_ldexp(1.0, int(bits) - 127);
}

double valueOf(const Format &f, uint32_t bits) {
  uint32_t ones = (1u << f.exponent) - 1, exponent = (bits >> f.mantissa) & ones,
           mantissa = bits & ((1u << f.mantissa) - 1);
  double sign = (bits >> (f.mantissa + f.exponent)) & 1 ? -1.0 : 1.0;
  int bias = int(ones >> 1);
  if (f.specials == Specials::OneNan && exponent == ones && mantissa == (1u << f.mantissa) - 1)
    return __builtin_nan("");
  if (f.specials == Specials::Ieee && exponent == ones)
    return mantissa ? __builtin_nan("") : sign * __builtin_inf();
  double scaled = exponent ? double(mantissa | 1u << f.mantissa) : double(mantissa);
  return sign * __builtin_ldexp(scaled, int(exponent ? exponent : 1) - bias - int(f.mantissa));
}

} // namespace girih::ptx::GIRIH_PTX_ISA
