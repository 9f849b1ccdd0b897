#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

#include <limits>

namespace girih::approx {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
} // namespace

Lanes rsqrt(Lanes x) {
  return 1 / sqrt(x);
}

// A third of the bits, read as an integer, is a cube root to 3 %; two steps of Halley's method make it one to
// a float's precision.
Lanes cbrt(Lanes x) {
  constexpr double oneThird = 0x1.555556p-2, offset = 709958130; // (127 - 127/3 - 0.033) * 2^23
  Lanes magnitude = abs(x);
  Lanes tiny = magnitude < 0x1p-100;
  Lanes a = select(tiny, magnitude * 0x1p24, magnitude);
  Lanes regular = (a > 0) & (a < infinity);
  a = select(regular, a, 1);
  Lanes root = asFloat(toI32(toF32(bits(a)) * oneThird + offset));
  Lanes quarter = a * 0.25; // the sum below would overflow otherwise
  for (int step = 0; step < 2; ++step) {
    Lanes cube = (root * root) * (root * 0.25);
    root = root - root * ((cube - quarter) / (cube + cube + quarter));
  }
  root = select(tiny, root * 0x1p-8, root);
  return select(regular, flipSign(root, signBit(x)), x);
}

// |x|^y by f64: y log2|x| needs some 35 bits for a float's accuracy. Negative where `isOdd` and x is.
static Lanes signedPower(Lanes x, Lanes wideY, Lanes isOdd) {
  Lanes result = exp2OfF64(wideY * log2AsF64(abs(x)));
  return flipSign(result, select(isOdd, signBit(x), like(bits(x), 0)));
}

// Special cases as in C99's Annex F.
Lanes pow(Lanes x, Lanes y) {
  Lanes isInteger = trunc(y) == y;
  Lanes half = y * 0.5;
  Lanes isOdd = isInteger & (trunc(half) != half);
  Lanes result = signedPower(x, toF64(y), isOdd);
  result = select(!isInteger & (x < 0) & (x > -infinity), nan, result);
  Lanes isOne = (x == 1) | (y == 0) | ((x == -1) & (abs(y) == infinity));
  return select(isOne, 1, result);
}

Lanes powi(Lanes x, Lanes n) {
  return select(n == 0, 1, signedPower(x, toF64(n), (n & 1) != 0));
}

} // namespace girih::approx
