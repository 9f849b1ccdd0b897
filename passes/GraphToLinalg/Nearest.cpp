// Nearest neighbours. Coordinates are fractions of integers, so that ties and whole ones are exact: by a
// multiplication and a shift where sizes are known, by a division that is corrected where they are not. Only
// a scale that the model gives as a rounded number (1/3 in f32) is divided by in f32, as runtimes do it: most
// coordinates that were meant to be whole come out so.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/GraphToLinalg/Resize.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace girih;

namespace {

using Wide = __int128;

/// An i64 of the kernel.
struct Number {
  Body *b;
  Value v;
};
Number operator+(Number x, Number y) {
  return {x.b, x.b->add(x.v, y.v)};
}
Number operator-(Number x, Number y) {
  return {x.b, x.b->sub(x.v, y.v)};
}
Number operator*(Number x, Number y) {
  return {x.b, x.b->mul(x.v, y.v)};
}
Number choose(Number isMany, Number x, Number y) {
  Body &b = *x.b;
  return {&b, b.select(b.compare(Body::GT, isMany.v, b.integer(isMany.v, 1)), x.v, y.v)};
}
Wide choose(Wide isMany, Wide x, Wide y) {
  return isMany > 1 ? x : y;
}

/// (slope * i + offset) / divisor for output element i. N is a number of the compiler or of the kernel.
template <typename N> struct Line {
  N slope, offset, divisor;
};

/// Factors of a coordinate that are known: the scale up / down, the region (start, end) / whole.
struct Factors {
  int64_t up = 1, down = 1, start = 0, end = 1, whole = 1;
};

} // namespace

/// `v` as a fraction that f32 arithmetic does not round more than its division.
static std::optional<std::pair<int64_t, int64_t>> asShortFraction(double v) {
  constexpr int64_t most = 1024;
  double scaled = v * double(most);
  if (scaled != std::floor(scaled) || std::abs(v) > double(1 << 20)) return std::nullopt;
  int64_t divisor = std::gcd(int64_t(scaled), most);
  return std::pair(int64_t(scaled) / divisor, most / divisor);
}

/// A ratio of two sizes, in f64, by its continued fraction.
static std::optional<std::pair<int64_t, int64_t>> asRatio(double v) {
  constexpr double largest = double(1 << 30);
  double rest = v;
  int64_t p = 1, q = 0, lastP = 0, lastQ = 1;
  for (int i = 0; i < 48; ++i) {
    double whole = std::floor(rest);
    if (whole * double(p) + double(lastP) > largest || whole * double(q) + double(lastQ) > largest) break;
    lastP = std::exchange(p, int64_t(whole) * p + lastP);
    lastQ = std::exchange(q, int64_t(whole) * q + lastQ);
    if (double(p) / double(q) == v) return std::pair(p, q);
    if (rest == whole) break;
    rest = 1 / (rest - whole);
  }
  return std::nullopt;
}

/// Nothing where the model gives numbers that are rounded.
static std::optional<Factors> getFactors(const ResizeAxis &a) {
  Factors f;
  if (a.isGiven) {
    // f32 is what models have; more precise is what import derived from sizes.
    bool isRounded = double(float(*a.scale)) == *a.scale;
    auto fraction = isRounded ? asShortFraction(*a.scale) : asRatio(*a.scale);
    if (!fraction) return std::nullopt;
    std::tie(f.up, f.down) = *fraction;
  }
  auto start = asShortFraction(a.roiStart), end = asShortFraction(a.roiEnd);
  if (!start || !end) return std::nullopt;
  f.whole = std::max(start->second, end->second); // both are powers of two
  f.start = start->first * (f.whole / start->second);
  f.end = end->first * (f.whole / end->second);
  return f;
}

/// The coordinates of an axis of `in` elements that becomes `out` ones.
template <typename N, typename Lift>
static Line<N> getLine(CoordMode mode, const ResizeAxis &a, const Factors &f, N in, N out, Lift lift) {
  N zero = lift(0), one = lift(1), two = lift(2);
  N up = a.isGiven ? lift(f.up) : out, down = a.isGiven ? lift(f.down) : in;
  Line<N> half{two * down, down - up, two * up};
  auto ifMany = [&](Line<N> x, Line<N> y) {
    return Line<N>{choose(out, x.slope, y.slope), choose(out, x.offset, y.offset),
                   choose(out, x.divisor, y.divisor)};
  };
  // Intervals between output elements, times `rate`.
  N intervals = a.isGiven ? in * up - down : out - one, rate = a.isGiven ? down : one;
  switch (mode) {
  case CoordMode::half_pixel:
    return half;
  case CoordMode::half_pixel_symmetric:
    if (a.isGiven) half.offset = half.offset + (in * up - out * down);
    return half;
  case CoordMode::pytorch_half_pixel:
    return ifMany(half, {zero, zero, one});
  case CoordMode::align_corners:
    return ifMany({(in - one) * rate, zero, intervals}, {zero, zero, one});
  case CoordMode::asymmetric:
    return {down, zero, up};
  case CoordMode::tf_half_pixel_for_nn:
    return {two * down, down, two * up};
  case CoordMode::tf_crop_and_resize: {
    N first = lift(f.start) * (in - one);
    return ifMany({lift(f.end - f.start) * (in - one) * rate, first * intervals, lift(f.whole) * intervals},
                  {zero, lift(f.start + f.end) * (in - one), lift(2 * f.whole)});
  }
  }
  return half;
}

/// The line whose floor is the nearest element.
template <typename N, typename Lift> static Line<N> roundLine(NearestMode mode, Line<N> x, Lift lift) {
  N two = lift(2), one = lift(1);
  switch (mode) {
  case NearestMode::floor:
    return x;
  case NearestMode::ceil:
    return {x.slope, x.offset + x.divisor - one, x.divisor};
  case NearestMode::round_prefer_ceil:
    return {two * x.slope, two * x.offset + x.divisor, two * x.divisor};
  case NearestMode::round_prefer_floor: // ceil(x - 1/2)
    return {two * x.slope, two * x.offset + x.divisor - one, two * x.divisor};
  }
  return x;
}

//===-- Known sizes -------------------------------------------------------===//

static Wide floorDivide(Wide a, Wide b) {
  return a / b - (a % b < 0);
}

static bool fits(Wide v, unsigned bits) {
  return v >= -(Wide(1) << (bits - 1)) && v < (Wide(1) << (bits - 1));
}

/// floor((slope * i + offset) / divisor) for 0 <= i < count, limited to [0, size); null where i64 is too
/// narrow.
static Value emitKnown(Body &b, Line<Wide> x, int64_t count, int64_t size, Value index) {
  // The floor of a floor: what the slope and the divisor share may be divided out of the offset, too.
  if (!fits(x.slope, 62) || !fits(x.offset, 62) || !fits(x.divisor, 62)) return {};
  int64_t divisor = std::gcd(int64_t(x.slope), int64_t(x.divisor));
  x = {x.slope / divisor, floorDivide(x.offset, divisor), x.divisor / divisor};
  auto at = [&](Wide i) { return floorDivide(x.slope * i + x.offset, x.divisor); };
  Wide low = std::min(at(0), at(count - 1)), high = std::max(at(0), at(count - 1));
  // Times 2^shift, both rounded up: what that adds is less than 1 / divisor.
  unsigned shift = 0;
  while (x.divisor != 1 && (Wide(1) << shift) < Wide(count) * x.divisor && shift < 64)
    ++shift;
  auto scale = [&](Wide v) { return -floorDivide(-(v << shift), x.divisor); };
  bool isDivided = x.divisor != 1;
  Wide slope = scale(x.slope), offset = scale(x.offset), most = (std::max(high, -low) + 2) << shift;
  if (!fits(most, 64) || !fits(slope, 64) || !fits(offset, 64)) return {};
  Type type =
      fits(most, 32) && fits(slope, 32) && fits(count, 32) ? Type(b.getI32Type()) : Type(b.getI64Type());
  Value v = b.createOrFold<arith::IndexCastOp>(type, index);
  v = b.add(b.mul(v, b.integer(type, int64_t(slope))), b.integer(type, int64_t(offset)));
  if (isDivided) v = b.createOrFold<arith::ShRSIOp>(v, b.integer(type, shift));
  if (high >= size) v = b.min(v, b.integer(type, size - 1));
  if (low < 0) v = b.max(v, b.integer(type, 0));
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), v);
}

//===-- Sizes of a run ----------------------------------------------------===//

/// An i64 below 2^51 as f64 and back (rounded), through the mantissa: AVX2 converts no vectors of i64.
static constexpr double mantissa = 0x1.8p52;

static Value emitToFloat(Body &b, Value v) {
  Value bits = b.add(v, b.integer(v, llvm::bit_cast<int64_t>(mantissa)));
  Value sum = b.createOrFold<arith::BitcastOp>(b.getF64Type(), bits);
  return b.sub(sum, b.real(sum, mantissa));
}

static Value emitToInteger(Body &b, Value v) {
  Value bits = b.createOrFold<arith::BitcastOp>(b.getI64Type(), b.add(v, b.real(v, mantissa)));
  return b.sub(bits, b.integer(bits, llvm::bit_cast<int64_t>(mantissa)));
}

/// floor((slope * i + offset) / divisor): a quotient in f64 that may be one too small, which the remainder
/// tells.
static Value emitFloor(Body &b, Line<Number> x, Number i) {
  Value dividend = (x.slope * i + x.offset).v, divisor = x.divisor.v;
  APInt known;
  if (matchPattern(divisor, m_ConstantInt(&known)) && known.isPowerOf2())
    return b.createOrFold<arith::ShRSIOp>(dividend, b.integer(divisor, known.logBase2()));
  Type f64 = b.getF64Type();
  auto invariant = [&](Number n) { return b.createOrFold<arith::SIToFPOp>(f64, n.v); };
  Value inverse = b.div(b.real(f64, 1), invariant(x.divisor));
  Value slope = b.mul(invariant(x.slope), inverse), offset = b.mul(invariant(x.offset), inverse);
  // Rounding is to the nearest: less a half, and what f64 may be off by.
  offset = b.sub(offset, b.real(offset, 0.5 + 0x1p-10));
  Value guess = emitToInteger(b, b.add(b.mul(emitToFloat(b, i.v), slope), offset));
  Value rest = b.sub(dividend, b.mul(guess, divisor));
  return b.select(b.compare(Body::GE, rest, divisor), b.add(guess, b.integer(guess, 1)), guess);
}

/// Coordinates in f32, or, where it cannot hold all indices, in f64.
static std::pair<Value, Value> emitRounded(Body &b, ResizeOp op, const ResizeAxis &a, Value index) {
  constexpr int64_t f32Indices = 1 << 24;
  auto in = dimValue(a.in), out = dimValue(a.out);
  bool isSmall = in && out && std::max(*in, *out) <= f32Indices,
       isPrecise = std::max(in.value_or(0), out.value_or(0)) > f32Indices;
  // What is centred cancels; runtimes take f64 for that.
  isPrecise |= op.getCoord() == CoordMode::half_pixel_symmetric;
  auto in64 = [&] { return emitResizeCoordinate(b, op, a, b.fromIndex(index, b.getF64Type())); };
  Value x = isPrecise ? in64() : emitResizeCoordinate(b, op, a, b.fromIndex(index, b.getF32Type()));
  if (!isSmall && !isPrecise) {
    Value limit = b.integer(index, f32Indices);
    Value fits =
        b.logicalAnd(b.compare(Body::LE, b.size(a.in), limit), b.compare(Body::LE, b.size(a.out), limit));
    x = b.select(fits, b.createOrFold<arith::ExtFOp>(b.getF64Type(), x), in64());
  }
  Value nearest, half = b.real(x, 0.5);
  switch (op.getNearest()) {
  case NearestMode::round_prefer_floor:
    nearest = b.math<math::CeilOp>(b.sub(x, half));
    break;
  case NearestMode::round_prefer_ceil:
    nearest = b.math<math::FloorOp>(b.add(x, half));
    break;
  case NearestMode::floor:
    nearest = b.math<math::FloorOp>(x);
    break;
  case NearestMode::ceil:
    nearest = b.math<math::CeilOp>(x);
    break;
  }
  bool crops = op.getCoord() == CoordMode::tf_crop_and_resize;
  return {emitWholeIndex(b, nearest, a.in), crops ? emitIsOutside(b, x, a) : Value()};
}

std::pair<Value, Value> girih::emitNearest(Body &b, ResizeOp op, const ResizeAxis &a, Value index) {
  auto factors = getFactors(a);
  if (!factors) return emitRounded(b, op, a, index);
  auto in = dimValue(a.in), out = dimValue(a.out);
  bool crops = op.getCoord() == CoordMode::tf_crop_and_resize;
  if (in && out) {
    if (*in == 0 || *out == 0) return {b.integer(index, 0), Value()}; // nothing is computed
    auto lift = [](int64_t v) { return Wide(v); };
    Line<Wide> line = getLine<Wide>(op.getCoord(), a, *factors, *in, *out, lift);
    Value nearest = emitKnown(b, roundLine(op.getNearest(), line, lift), *out, *in, index);
    Wide first = line.offset, last = line.slope * (*out - 1) + line.offset, end = line.divisor * (*in - 1);
    if (!nearest || !fits(std::max({first, last, end, -first, -last}), 63))
      return emitRounded(b, op, a, index);
    if (!crops || (std::min(first, last) >= 0 && std::max(first, last) <= end)) return {nearest, Value()};
    Value i = b.createOrFold<arith::IndexCastOp>(b.getI64Type(), index);
    Value x = b.add(b.mul(i, b.integer(i, int64_t(line.slope))), b.integer(i, int64_t(line.offset)));
    return {nearest, b.logicalOr(b.compare(Body::LT, x, b.integer(x, 0)),
                                 b.compare(Body::GT, x, b.integer(x, int64_t(end))))};
  }
  // A crop that does not begin at 0 has products of three sizes.
  if (crops && factors->start != 0) return emitRounded(b, op, a, index);
  auto lift = [&](int64_t v) { return Number{&b, b.integer(b.getI64Type(), v)}; };
  auto number = [&](Value v) { return Number{&b, b.createOrFold<arith::IndexCastOp>(b.getI64Type(), v)}; };
  Number size = number(b.size(a.in)), i = number(index);
  Line<Number> line = getLine<Number>(op.getCoord(), a, *factors, size, number(b.size(a.out)), lift);
  Value v = emitFloor(b, roundLine(op.getNearest(), line, lift), i);
  Value nearest = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), b.clampIndex(v, size.v));
  if (!crops) return {nearest, Value()};
  Number x = line.slope * i + line.offset, end = line.divisor * (size - lift(1));
  return {nearest, b.logicalOr(b.compare(Body::LT, x.v, b.integer(x.v, 0)), b.compare(Body::GT, x.v, end.v))};
}
