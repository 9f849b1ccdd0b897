// sin, cos and tan: |x| = n pi/2 + r with |r| <= pi/4, then a polynomial picked by n mod 4.
//
// The reduction runs in f64 while |x| < 2^20. No float in that range comes closer than 2^-28 to a
// multiple of pi/2, so 85 bits of pi/2 leave r accurate to far more than the 24 bits needed. Larger arguments
// take Payne and Hanek's way in integers; a branch skips it where no lane needs it.
#include "passes/Math/Coefficients.h"
#include "passes/Math/Functions.h"

#include <array>

using namespace mlir;

namespace girih::approx {

namespace {
constexpr double hugeFrom = 0x1p20;

/// |x| = (4 i + n mod 4) pi/2 + r.
struct Reduced {
  Lanes r, n;
};

Reduced reduceModerate(Lanes x) {
  // The first part has 33 bits: its product with n < 2^20 is exact.
  constexpr double halfPiHigh = 0x1.921fb544p+0, halfPiLow = 0x1.0b4611a626331p-34;
  constexpr double twoOverPi = 0x1.45f306dc9c883p-1;
  Lanes wide = toF64(x);
  Lanes n = roundEven(wide * twoOverPi);
  Lanes r = fma(n, -halfPiLow, fma(n, -halfPiHigh, wide));
  return {toF32(r), toI32(n)};
}

/// Payne-Hanek for finite x >= 2^20; other lanes give some finite number. x = m 2^e with a 24-bit integer m.
/// Of the bits of 2/pi only the 96 from e - 1 on matter: those before make multiples of 4, those after less
/// than 2^-70. The top 64 bits of their product with m, modulo 2^96, are the quadrant (2 bits) and the
/// fraction.
Reduced reduceHuge(Lanes x) {
  // 2/pi behind 8 zero bits.
  constexpr std::array<uint32_t, 7> twoOverPi = {0x00a2f983, 0x6e4e4415, 0x29fc2757, 0xd1f534dd,
                                                 0xc0db6295, 0x993c4390, 0x41fe5163};
  Emitter &e = *x.emitter;
  Lanes field = shiftRightLogical(bits(x), e.i32(23));
  Lanes m = (bits(x) & 0x7fffff) | e.i32(0x800000);
  Lanes first = field - (150 + 2 - 8); // of the 96 bits, counted from 0 in the table: 3 for 2^20, at most 110
  Lanes one = (first & 32) != 0, two = (first & 64) != 0;

  // The four words from `first` / 32 on, then three shifted left by `first` mod 32.
  SmallVector<Lanes, 5> byTwo;
  for (int i = 0; i < 5; ++i)
    byTwo.push_back(select(two, e.i32(twoOverPi[i + 2]), e.i32(twoOverPi[i])));
  SmallVector<Lanes, 4> words;
  for (int i = 0; i < 4; ++i)
    words.push_back(select(one, byTwo[i + 1], byTwo[i]));
  Lanes left = first & 31, right = 31 - left;
  SmallVector<Lanes, 3> window;
  for (int i = 0; i < 3; ++i)
    window.push_back((words[i] << left) |
                     shiftRightLogical(shiftRightLogical(words[i + 1], e.i32(1)), right));

  Lanes wide = toI64(m);
  Lanes thirtyTwo = like(wide, 32);
  Lanes product = (toI64(m * window[0]) << thirtyTwo) + wide * toI64(window[1]) +
                  shiftRightLogical(wide * toI64(window[2]), thirtyTwo);
  // Round to the nearest quadrant; what is left of the fraction is signed, in units of 2^-64 quadrants.
  Lanes n = toI32(shiftRightLogical(product + double(INT64_C(1) << 61), like(product, 62)));
  constexpr double quadrant = 0x1.921fb54442d18p-64;
  return {toF32(toF64(product << like(product, 2)) * quadrant), n};
}

Reduced reduce(Lanes magnitude) {
  Emitter &e = *magnitude.emitter;
  Lanes huge = !(magnitude < hugeFrom); // NaN too
  Reduced moderate = reduceModerate(select(huge, 0, magnitude));
  auto branch = scf::IfOp::create(
      e.builder, e.loc, any(huge),
      [&](OpBuilder &builder, Location loc) {
        // Reborn in the branch: operations on these lanes go to the branch's builder.
        Emitter inner(builder, loc, e.shape, e.useFma);
        Lanes x = inner.wrap(magnitude.value);
        auto [r, n] = reduceHuge(x);
        r = select(x < std::numeric_limits<double>::infinity(), r, x - x); // NaN for infinities
        Lanes pick = inner.wrap(huge.value);
        scf::YieldOp::create(builder, loc,
                             {select(pick, r, inner.wrap(moderate.r.value)).value,
                              select(pick, n, inner.wrap(moderate.n.value)).value});
      },
      [&](OpBuilder &builder, Location loc) {
        scf::YieldOp::create(builder, loc, {moderate.r.value, moderate.n.value});
      });
  return {e.wrap(branch.getResult(0)), e.wrap(branch.getResult(1))};
}

Lanes sinPolynomial(Lanes r, Lanes z) {
  return fma(horner(z, sinTail), r * z, r);
}
Lanes cosPolynomial(Lanes z) {
  return fma(fma(horner(z, cosTail), z, -0.5), z, 1);
}
} // namespace

Lanes sin(Lanes x) {
  auto [r, n] = reduce(abs(x));
  Lanes z = r * r;
  Lanes result = select((n & 1) == 0, sinPolynomial(r, z), cosPolynomial(z));
  return flipSign(result, ((n & 2) << 30) ^ signBit(x));
}

Lanes cos(Lanes x) {
  auto [r, n] = reduce(abs(x));
  Lanes z = r * r;
  Lanes result = select((n & 1) == 0, cosPolynomial(z), sinPolynomial(r, z));
  return flipSign(result, ((n + 1) & 2) << 30);
}

Lanes tan(Lanes x) {
  auto [r, n] = reduce(abs(x));
  Lanes z = r * r;
  Lanes s = sinPolynomial(r, z), c = cosPolynomial(z);
  Lanes even = (n & 1) == 0;
  Lanes result = select(even, s, c) / select(even, c, s);
  return flipSign(result, ((n & 1) << 31) ^ signBit(x));
}

} // namespace girih::approx
