// The f64 functions that Double.cpp leaves to libm, for targets that have none. Within some ulp of exact;
// sin, cos and tan up to 2^30, beyond which their arguments are reduced with too few bits.
#include "passes/Math/Functions.h"

#include <limits>

using namespace mlir;

namespace girih::approx {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double shift = 0x1.8p52; // a sum with it has an integer in its low bits
constexpr double log2e = 0x1.71547652b82fep+0, ln2 = 0x1.62e42fefa39efp-1, ln2Rest = 0x1.abc9e3b39803fp-56;
constexpr double pi = 0x1.921fb54442d18p+1;

/// n as a float, for n in the low bits of `shifted`; 2^n likewise.
Lanes integerOf(Lanes shifted) {
  return shifted - shift;
}
Lanes powerOfTwo(Lanes shifted) {
  return asFloat((bits(shifted) << 52) + 0x1p52 * 1023);
}
} // namespace

/// exp(x + rest), for a rest below the last digit of x.
// x = 2m ln 2 + r: the Taylor polynomial of r, |r| <= ln 2, times 2^m twice, so that subnormal results are
// rounded once.
static Lanes expOfSum(Lanes x, Lanes rest) {
  static constexpr double taylor[] = {1.0,
                                      1.0,
                                      1.0 / 2,
                                      1.0 / 6,
                                      1.0 / 24,
                                      1.0 / 120,
                                      1.0 / 720,
                                      1.0 / 5040,
                                      1.0 / 40320,
                                      1.0 / 362880,
                                      1.0 / 3628800,
                                      1.0 / 39916800,
                                      1.0 / 479001600,
                                      1.0 / 6227020800,
                                      1.0 / 87178291200,
                                      1.0 / 1307674368000,
                                      1.0 / 20922789888000,
                                      1.0 / 355687428096000,
                                      1.0 / 6402373705728000};
  x = clamp(x, -750, 712);
  Lanes shifted = fma(x, log2e / 2, like(x, shift)), m = integerOf(shifted);
  Lanes r = fma(m, -2 * ln2, x) + fma(m, -2 * ln2Rest, rest);
  Lanes scale = powerOfTwo(shifted);
  return horner(r, taylor) * scale * scale;
}

Lanes expDouble(Lanes x) {
  return expOfSum(x, like(x, 0));
}

namespace {
/// log x = 2 atanh s + k ln 2 for finite x > 0, with |s| < 0.18.
struct Reduced {
  Lanes k, f, s; // s = f / (2 + f)
};

Reduced reduceLogarithm(Lanes x) {
  Lanes tiny = x < 0x1p-1022;
  x = select(tiny, x * 0x1p54, x);
  // The exponent of x over sqrt(1/2): what is left is within sqrt(1/2) and sqrt(2).
  constexpr double sqrtHalf = 0x1.6a09ep-1;
  Lanes exponent = shiftRightArithmetic(bits(x) - bits(like(x, sqrtHalf)), 52);
  Lanes f = asFloat(bits(x) - (exponent << 52)) - 1;
  return {toF64(exponent) - select(tiny, like(x, 54), 0), f, f / (f + 2)};
}

/// 2 atanh(s) / s - 2, over s^2 (fdlibm's polynomial).
Lanes logarithmTail(Lanes s) {
  static constexpr double coefficients[] = {
      6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
      1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01};
  return horner(s * s, coefficients);
}

Lanes specialLogarithm(Lanes x, Lanes result) {
  result = select(x < infinity, result, x); // infinity, NaN
  return select(x == 0, -infinity, select(x < 0, nan, result));
}
} // namespace

Lanes logDouble(Lanes x) {
  auto [k, f, s] = reduceLogarithm(x);
  // log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + tail)); ln 2 in two parts, the first of which k multiplies
  // exactly.
  constexpr double high = 6.93147180369123816490e-01, low = 1.90821492927058770002e-10;
  Lanes half = f * f * 0.5, tail = s * s * logarithmTail(s);
  Lanes result = k * high - ((half - (s * (half + tail) + k * low)) - f);
  return specialLogarithm(x, result);
}

// exp(y log |x|) with the logarithm in two parts, of some 60 bits together. Where y is a small multiple of
// 1/2, which has to give whole numbers of whole numbers and of squares, by squares and a root.
Lanes powDouble(Lanes x, Lanes y) {
  Lanes magnitude = abs(x);
  auto [k, f, s] = reduceLogarithm(magnitude);
  Lanes t = f + 2, rest = f - (t - 2); // of 2 + f
  Lanes sRest = fma(-s, rest, fma(-s, t, f)) / t;
  Lanes tail = fma(s * s * s, logarithmTail(s), sRest + sRest);
  // k ln 2 + 2 s, and what is rounded off.
  Lanes whole = k * ln2, wholeRest = fma(k, ln2Rest, fma(k, like(k, ln2), -whole));
  Lanes twice = s + s, high = whole + twice, part = high - whole;
  Lanes low = (whole - (high - part)) + (twice - part) + (wholeRest + tail);
  Lanes sum = high + low;
  low = low - (sum - high);
  high = specialLogarithm(magnitude, sum);
  Lanes product = y * high, productRest = fma(y, high, -product) + y * low;
  Lanes power = expOfSum(product, select(abs(product) < 750, productRest, 0));

  constexpr int kBits = 7;
  Lanes count = abs(y), isWhole = roundEven(y) == y;
  Lanes isSmall = (roundEven(y + y) == y + y) & (count < (1 << kBits));
  Lanes left = bits(trunc(select(isSmall, count, 0)) + 0x1p52), square = magnitude;
  Lanes squares = select(isWhole, 1, sqrt(magnitude));
  for (int i = 0; i < kBits; ++i) {
    squares = select((left & 1) == 1, squares * square, squares);
    square = square * square;
    left = shiftRightArithmetic(left, 1);
  }
  power = select(isSmall, select(y < 0, 1 / squares, squares), power);

  Lanes halfOfY = y * 0.5, isOdd = isWhole & (roundEven(halfOfY) != halfOfY) & (count < 0x1p53);
  power = select(isOdd, flipSign(power, signBit(x)),
                 select((x < 0) & !isWhole & (magnitude < infinity), nan, power));
  Lanes isOne = (x == 1) | (y == 0) | ((x == -1) & (count == infinity));
  return select(isOne, 1, power);
}

namespace {
/// An angle less a multiple of a right one, which `shifted` has in its low bits.
struct Angle {
  Lanes shifted, sin, cos;
};

Angle reduceAngle(Lanes x) {
  static constexpr double sines[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                                     -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                                     -2.50507602534068634195e-08, 1.58969099521155010221e-10};
  static constexpr double cosines[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                       2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                       2.08757232129817482790e-09, -1.13596475577881948265e-11};
  Lanes shifted = fma(x, 2 / pi, like(x, shift)), n = integerOf(shifted);
  Lanes r = fma(n, -pi / 2, x);
  r = fma(n, -0x1.1a62633145c07p-54, r);
  r = fma(n, 0x1.f1976b7ed8fbcp-110, r);
  Lanes z = r * r;
  return {shifted, fma(r * z, horner(z, sines), r), fma(z * z, horner(z, cosines), fma(z, -0.5, 1))};
}

Lanes sineOf(const Angle &a, Lanes quarters) {
  Lanes result = select((quarters & 1) == 1, a.cos, a.sin);
  return flipSign(result, quarters << 62 & signBit(like(a.sin, -1)));
}
} // namespace

Lanes sinDouble(Lanes x) {
  Angle a = reduceAngle(x);
  return select(x == 0, x, sineOf(a, bits(a.shifted)));
}

Lanes cosDouble(Lanes x) {
  Angle a = reduceAngle(x);
  return sineOf(a, bits(a.shifted) + 1);
}

Lanes tanDouble(Lanes x) {
  return sinDouble(x) / cosDouble(x);
}

// Two halvings of the angle of at most pi / 4, by atan a = 2 atan(a / (1 + sqrt(1 + a^2))), then Taylor's
// series.
Lanes atanDouble(Lanes x) {
  static constexpr double series[] = {1.0,       -1.0 / 3,  1.0 / 5,   -1.0 / 7, 1.0 / 9,
                                      -1.0 / 11, 1.0 / 13,  -1.0 / 15, 1.0 / 17, -1.0 / 19,
                                      1.0 / 21,  -1.0 / 23, 1.0 / 25};
  Lanes magnitude = abs(x), isSteep = magnitude > 1;
  Lanes a = select(isSteep, 1 / magnitude, magnitude);
  for (int i = 0; i < 2; ++i)
    a = a / (sqrt(fma(a, a, 1)) + 1);
  Lanes angle = a * horner(a * a, series) * 4;
  return flipSign(select(isSteep, pi / 2 - angle, angle), signBit(x));
}

Lanes asinDouble(Lanes x) {
  return atanDouble(x / sqrt((1 - x) * (x + 1)));
}

Lanes acosDouble(Lanes x) {
  return atanDouble(sqrt((1 - x) / (x + 1))) * 2;
}

namespace {
/// e^|x| / 2 where e^|x| itself may be too large.
Lanes halfPower(Lanes magnitude) {
  Lanes root = expDouble(magnitude * 0.5);
  return root * 0.5 * root;
}
} // namespace

Lanes sinhDouble(Lanes x) {
  Lanes magnitude = abs(x), e = expm1Double(atMost(magnitude, 40));
  Lanes small = (e + e / (e + 1)) * 0.5;
  return flipSign(select(magnitude > 40, halfPower(magnitude), small), signBit(x));
}

Lanes coshDouble(Lanes x) {
  Lanes magnitude = abs(x), e = expDouble(atMost(magnitude, 40));
  return select(magnitude > 40, halfPower(magnitude), (e + 1 / e) * 0.5);
}

Lanes tanhDouble(Lanes x) {
  Lanes magnitude = abs(x), e = expm1Double(atMost(magnitude + magnitude, 44));
  return flipSign(e / (e + 2), signBit(x));
}

} // namespace girih::approx
