// Shape arithmetic, element by element: sums, products, comparisons, casts of values whose elements are
// expressions.
#include "compiler/Import/KnownOps.h"
#include <numeric>

using namespace mlir;

namespace girih {

int64_t countElements(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

std::optional<SmallVector<int64_t>> broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size()) std::swap(a, b);
  SmallVector<int64_t> out(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &o = out[a.size() - b.size() + i];
    if (o == 1) {
      o = b[i];
    } else if (b[i] != 1 && b[i] != o) {
      return std::nullopt;
    }
  }
  if (countElements(out) > int64_t(Known::maxElements)) return std::nullopt;
  return out;
}

int64_t broadcastIndex(int64_t flat, ArrayRef<int64_t> to, ArrayRef<int64_t> from) {
  int64_t index = 0, stride = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    size_t t = to.size() - 1 - i;
    int64_t coordinate = flat % to[t];
    flat /= to[t];
    if (i >= from.size()) continue;
    int64_t size = from[from.size() - 1 - i];
    if (size != 1) index += coordinate * stride;
    stride *= size;
  }
  return index;
}

/// The condition a == b as 1 or 0, and a < b.
static DimExpr isEqual(DimExpr a, DimExpr b) {
  DimExpr zero = dimConstant(a.getContext(), 0), one = dimConstant(a.getContext(), 1);
  return dimSelect(a - b, zero, dimSelect(b - a, zero, one));
}
static DimExpr isLess(DimExpr a, DimExpr b) {
  return dimSelect(a - b, dimConstant(a.getContext(), 1), dimConstant(a.getContext(), 0));
}
/// `condition` is 1 or 0.
static DimExpr choose(DimExpr condition, DimExpr yes, DimExpr no) {
  // A choice between constants says itself which side is meant.
  if (const DimSymbol *s = dimSymbol(dimSimplify(condition)); s && s->kind == DimSymbol::Select)
    if (auto negative = dimValue(s->operands[1]), otherwise = dimValue(s->operands[2]); negative && otherwise)
      return dimSelect(s->operands[0], *negative ? yes : no, *otherwise ? yes : no);
  return dimSelect(-condition, yes, no);
}

/// x / divisor, rounded to the nearest whole number, halves to even.
static DimExpr roundHalfToEven(DimExpr x, int64_t divisor) {
  DimExpr doubled = x * 2 + divisor, up = doubled.floorDiv(divisor * 2), rest = doubled % (divisor * 2);
  return dimSelect(-rest, up, up - up % 2);
}

/// Rounds a number as the type does; false where that cannot be followed.
static bool roundTo(Type type, Num &x) {
  if (!type.isF16() && !type.isBF16()) return true; // wider ones hold every size exactly
  auto digits = type.isF16() ? 11 : 8;
  if (x.denominator != 1) return false;
  DimExpr e = x.numerator;
  if (dimLowerBound(e).value_or(-1) < 0) return dimValue(e) && std::abs(*dimValue(e)) >> digits == 0;
  // Whole numbers have all their digits up to 2^digits; above, each power of two takes one.
  constexpr int64_t largest = 65504, steps = 5;
  DimExpr out = e;
  for (int64_t i = 1; i <= steps; ++i)
    out = dimSelect((int64_t(1) << (digits + i - 1)) - 1 - e,
                    roundHalfToEven(e, int64_t(1) << i) * (int64_t(1) << i), out);
  if (type.isBF16() && dimUpperBound(e).value_or(INT64_MAX) > (int64_t(1) << (digits + steps))) return false;
  if (auto v = dimValue(e); v && *v > largest) return false;
  x.numerator = dimSimplify(out);
  return !dimIsTooLarge(x.numerator);
}

/// Applies `fn` element by element with broadcasting. `fn` gives nothing for what cannot be followed.
static bool elementwise(NodeImporter &n, Type elementType, KnownResults &results,
                        function_ref<std::optional<Num>(ArrayRef<Num>)> fn) {
  SmallVector<Known> operands;
  SmallVector<int64_t> shape;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    auto k = n.known(i);
    if (!k) return false;
    auto s = broadcastShapes(shape, k->shape);
    if (!s) return false;
    shape = *s;
    operands.push_back(std::move(*k));
  }
  Known out;
  out.elementType = elementType;
  out.shape = shape;
  for (int64_t i = 0, e = countElements(shape); i < e; ++i) {
    SmallVector<Num> x;
    for (const Known &k : operands)
      x.push_back(k.elements[broadcastIndex(i, shape, k.shape)]);
    auto r = fn(x);
    if (!r || !r->numerator) return false;
    // What grows without bound (n + n / 2, again and again) is not followed.
    if (dimIsTooLarge(r->numerator)) return false;
    r->numerator = dimSimplify(r->numerator);
    if (!roundTo(elementType, *r)) return false;
    out.elements.push_back(*r);
  }
  results.push_back(std::move(out));
  return true;
}

bool isSmall(const Num &x) {
  auto v = dimValue(x.numerator);
  return !v || (*v < (int64_t(1) << 48) && *v > -(int64_t(1) << 48));
}

std::optional<Num> addKnown(Num a, Num b, int sign) {
  if (!isSmall(a) || !isSmall(b)) return std::nullopt;
  if (a.denominator == b.denominator) return Num{a.numerator + b.numerator * sign, a.denominator};
  if (a.denominator > 1024 || b.denominator > 1024) return std::nullopt;
  return Num{a.numerator * b.denominator + b.numerator * (a.denominator * sign),
             a.denominator * b.denominator};
}

/// numerator / denominator in lowest terms, as far as a common factor is known.
static std::optional<Num> fraction(DimExpr numerator, int64_t denominator) {
  if (denominator < 0) numerator = -numerator, denominator = -denominator;
  int64_t divisor = std::gcd(denominator, dimSimplify(numerator).getLargestKnownDivisor());
  if (auto v = dimValue(dimSimplify(numerator))) divisor = std::gcd(denominator, *v);
  if (divisor > 1) {
    numerator = dimExactDiv(numerator, dimConstant(numerator.getContext(), divisor));
    if (!numerator) return std::nullopt;
    denominator /= divisor;
  }
  if (denominator > (int64_t(1) << 20)) return std::nullopt;
  return Num{numerator, denominator};
}

bool knownAdd(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) {
    std::optional<Num> sum = x[0];
    for (const Num &y : x.drop_front())
      if (sum) sum = addKnown(*sum, y, 1);
    return sum;
  });
}

bool knownSub(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) { return addKnown(x[0], x[1], -1); });
}

bool knownMul(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0]) || !isSmall(x[1]) || x[0].denominator > 1024 || x[1].denominator > 1024)
      return std::nullopt;
    auto a = dimValue(x[0].numerator), b = dimValue(x[1].numerator);
    if (a && b && (std::abs(*a) >> 24) && (std::abs(*b) >> 24)) return std::nullopt;
    return fraction(dimSimplify(x[0].numerator * x[1].numerator), x[0].denominator * x[1].denominator);
  });
}

bool knownDiv(NodeImporter &n, KnownResults &r) {
  bool isFloat = isa<FloatType>(n.element(0));
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0]) || !isSmall(x[1])) return std::nullopt;
    if (!isFloat) {
      DimExpr q = dimTruncatingDiv(x[0].numerator, x[1].numerator);
      if (!q) return std::nullopt;
      return Num{q};
    }
    if (x[0].denominator > 1024 || x[1].denominator > 1024) return std::nullopt;
    DimExpr top = dimSimplify(x[0].numerator * x[1].denominator);
    if (auto v = dimValue(x[1].numerator)) {
      if (*v == 0 || *v > (1 << 20) || *v < -(1 << 20)) return std::nullopt;
      return fraction(top, *v * x[0].denominator);
    }
    DimExpr exact = dimExactDiv(top, x[1].numerator);
    if (!exact) return std::nullopt;
    return fraction(exact, x[0].denominator);
  });
}

bool knownMod(NodeImporter &n, KnownResults &r) {
  if (n.intAttr("fmod", 0) || !isa<IntegerType>(n.element(0))) return false;
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    auto v = dimValue(x[1].numerator);
    if (!isSmall(x[0]) || (v && *v <= 0) || (!v && !dimNonNegative(x[1].numerator))) return std::nullopt;
    return Num{x[0].numerator % x[1].numerator};
  });
}

static bool extremum(NodeImporter &n, KnownResults &r, DimExpr (*pick)(DimExpr, DimExpr)) {
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    Num out = x[0];
    for (const Num &y : x.drop_front()) {
      if (y.denominator != out.denominator || !isSmall(y) || !isSmall(out)) return std::nullopt;
      out.numerator = pick(out.numerator, y.numerator);
    }
    return out;
  });
}
bool knownMin(NodeImporter &n, KnownResults &r) {
  return extremum(n, r, dimMin);
}
bool knownMax(NodeImporter &n, KnownResults &r) {
  return extremum(n, r, dimMax);
}

bool knownNeg(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0])) return std::nullopt;
    return Num{-x[0].numerator, x[0].denominator};
  });
}

bool knownAbs(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0])) return std::nullopt;
    return Num{dimMax(x[0].numerator, dimSimplify(-x[0].numerator)), x[0].denominator};
  });
}

static std::optional<Num> roundDown(Num x) {
  if (x.denominator == 1) return x;
  return Num{x.numerator.floorDiv(x.denominator)};
}

bool knownFloor(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) { return roundDown(x[0]); });
}

bool knownCeil(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (x[0].denominator == 1) return x[0];
    return Num{x[0].numerator.ceilDiv(x[0].denominator)};
  });
}

bool knownRound(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (x[0].denominator == 1) return x[0];
    return Num{roundHalfToEven(x[0].numerator, x[0].denominator)};
  });
}

bool knownSign(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    DimExpr e = x[0].numerator;
    return Num{dimSelect(e, n.dim(-1), dimSelect(-e, n.dim(1), n.dim(0)))};
  });
}

bool knownClip(NodeImporter &n, KnownResults &r) {
  auto bound = [&](unsigned i, StringRef attribute) -> std::optional<Num> {
    if (n.since() >= 11) {
      auto k = n.known(i);
      return k && k->elements.size() == 1 ? std::optional(k->elements[0]) : std::nullopt;
    }
    auto value = asFraction(n.floatAttr(attribute, 0), /*isSingle=*/true);
    return value ? std::optional(Num{n.dim(value->first), value->second}) : std::nullopt;
  };
  auto x = n.known(0);
  if (!x) return false;
  for (auto [i, attribute, pick] : {std::tuple(1u, "min", &dimMax), {2u, "max", &dimMin}}) {
    if (n.since() >= 11 ? !n.has(i) : !n.hasAttribute(attribute)) continue;
    auto limit = bound(i, attribute);
    if (!limit) return false;
    for (Num &e : x->elements) {
      if (e.denominator != limit->denominator || !isSmall(e)) return false;
      e.numerator = pick(e.numerator, limit->numerator);
    }
  }
  r.push_back(std::move(*x));
  return true;
}

bool knownCast(NodeImporter &n, KnownResults &r) {
  Type to = n.row.op == "CastLike"
                ? n.element(1)
                : getElementType(n.context(), static_cast<model::DType>(n.intAttr("to", 0)));
  if (!to) return false;
  auto k = n.known(0);
  if (!k) return false;
  Known out = *k;
  out.elementType = to;
  bool toInt = isa<IntegerType>(to);
  for (Num &x : out.elements) {
    if (to.isInteger(1)) {
      x = {dimSimplify(n.dim(1) - isEqual(x.numerator, n.dim(0)))};
    } else if (toInt) {
      // Narrow types may wrap around; sizes do not fit into them anyway.
      if (to.getIntOrFloatBitWidth() < 32 || !isSmall(x)) return false;
      if (x.denominator == 1) continue;
      DimExpr q = dimTruncatingDiv(x.numerator, dimConstant(n.context(), x.denominator));
      if (!q) return false;
      x = {dimSimplify(q)};
    } else if (!roundTo(to, x)) {
      return false;
    }
  }
  r.push_back(std::move(out));
  return true;
}

/// Comparisons of fractions: of both sides times the other's denominator.
static bool compare(NodeImporter &n, KnownResults &r, function_ref<DimExpr(DimExpr, DimExpr)> fn) {
  return elementwise(n, IntegerType::get(n.context(), 1), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0]) || !isSmall(x[1]) || x[0].denominator > 1024 || x[1].denominator > 1024)
      return std::nullopt;
    return Num{fn(x[0].numerator * x[1].denominator, x[1].numerator * x[0].denominator)};
  });
}
bool knownEqual(NodeImporter &n, KnownResults &r) {
  return compare(n, r, isEqual);
}
bool knownLess(NodeImporter &n, KnownResults &r) {
  return compare(n, r, isLess);
}
bool knownLessOrEqual(NodeImporter &n, KnownResults &r) {
  return compare(n, r, [](DimExpr a, DimExpr b) { return 1 - isLess(b, a); });
}
bool knownGreater(NodeImporter &n, KnownResults &r) {
  return compare(n, r, [](DimExpr a, DimExpr b) { return isLess(b, a); });
}
bool knownGreaterOrEqual(NodeImporter &n, KnownResults &r) {
  return compare(n, r, [](DimExpr a, DimExpr b) { return 1 - isLess(a, b); });
}

// Conditions are 1 or 0.
bool knownNot(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r,
                     [](ArrayRef<Num> x) -> std::optional<Num> { return Num{1 - x[0].numerator}; });
}
bool knownAnd(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    return Num{dimMin(x[0].numerator, x[1].numerator)};
  });
}
bool knownOr(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    return Num{dimMax(x[0].numerator, x[1].numerator)};
  });
}

bool knownWhere(NodeImporter &n, KnownResults &r) {
  return elementwise(n, n.element(1), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (auto c = dimValue(x[0].numerator)) return *c ? x[1] : x[2];
    if (x[1].denominator != x[2].denominator) return std::nullopt;
    return Num{choose(x[0].numerator, x[1].numerator, x[2].numerator), x[1].denominator};
  });
}

bool knownIdentity(NodeImporter &n, KnownResults &r) {
  auto k = n.known(0);
  if (k) r.push_back(std::move(*k));
  return k.has_value();
}

} // namespace girih
