#include "compiler/Import/Known.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;

namespace girih {

Known Known::vector(ArrayRef<DimExpr> dims, Type elementType) {
  Known k;
  k.elementType = elementType;
  k.shape = {static_cast<int64_t>(dims.size())};
  for (DimExpr d : dims)
    k.elements.push_back({d});
  return k;
}

Known Known::scalar(DimExpr e, Type elementType) {
  Known k;
  k.elementType = elementType;
  k.elements.push_back({e});
  return k;
}

std::optional<SmallVector<DimExpr>> Known::integers() const {
  SmallVector<DimExpr> out;
  for (const Num &n : elements) {
    if (n.denominator != 1) return std::nullopt;
    out.push_back(n.numerator);
  }
  return out;
}

std::optional<SmallVector<int64_t>> Known::constants() const {
  SmallVector<int64_t> out;
  for (const Num &n : elements) {
    auto v = dimValue(n.numerator);
    if (!v || n.denominator != 1) return std::nullopt;
    out.push_back(*v);
  }
  return out;
}

std::optional<std::pair<int64_t, int64_t>> asFraction(double value, bool isSingle) {
  if (!(std::abs(value) < double(int64_t(1) << 40))) return std::nullopt;
  auto same = [&](double x) { return isSingle ? float(x) == float(value) : x == value; };
  constexpr int64_t maxDenominator = 1024;
  for (int64_t n = 1; n <= maxDenominator; ++n) {
    double k = std::nearbyint(value * double(n));
    if (same(k / double(n))) return std::pair<int64_t, int64_t>(int64_t(k), n);
  }
  return std::nullopt;
}

//===-- Bounds ------------------------------------------------------------===//

namespace {
// Saturating at these stands for "unbounded".
using Wide = __int128;
constexpr Wide infinite = Wide(1) << 62;
constexpr int64_t maxDim = int64_t(1) << 40;

struct Range {
  Wide low, high;
};

Wide saturate(Wide v) {
  return std::max(-infinite, std::min(infinite, v));
}
Wide multiply(Wide a, Wide b) {
  if (a == 0 || b == 0) return 0;
  return saturate(a * b); // |a|, |b| <= 2^62, so the product fits
}
Wide floorDivide(Wide a, Wide b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

Range rangeOf(DimExpr e, unsigned depth = 0) {
  constexpr Range any{-infinite, infinite};
  if (depth > 64) return any;
  if (auto v = dimValue(e)) return {saturate(*v), saturate(*v)};
  if (auto s = dyn_cast<AffineSymbolExpr>(e)) {
    const DimSymbol &symbol = getDimSymbols(e.getContext())[s.getPosition()];
    if (symbol.kind == DimSymbol::Name) return StringRef(symbol.name).ends_with("]") ? any : Range{0, maxDim};
    Range a = rangeOf(symbol.lhs, depth + 1), b = rangeOf(symbol.rhs, depth + 1);
    if (symbol.kind == DimSymbol::Min) return {std::min(a.low, b.low), std::min(a.high, b.high)};
    return {std::max(a.low, b.low), std::max(a.high, b.high)};
  }
  auto bin = dyn_cast<AffineBinaryOpExpr>(e);
  if (!bin) return any;
  Range a = rangeOf(bin.getLHS(), depth + 1), b = rangeOf(bin.getRHS(), depth + 1);
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return {a.low == -infinite || b.low == -infinite ? -infinite : saturate(a.low + b.low),
            a.high == infinite || b.high == infinite ? infinite : saturate(a.high + b.high)};
  case AffineExprKind::Mul: {
    Wide p[] = {multiply(a.low, b.low), multiply(a.low, b.high), multiply(a.high, b.low),
                multiply(a.high, b.high)};
    return {*std::min_element(p, p + 4), *std::max_element(p, p + 4)};
  }
  case AffineExprKind::Mod:
    return {0, b.high == infinite ? infinite : std::max<Wide>(b.high - 1, 0)};
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    if (b.low < 0) return any;
    // Dividing by a divisor of at least one brings a value nearer to zero.
    Wide divisor = std::max<Wide>(b.low, 1);
    bool up = e.getKind() == AffineExprKind::CeilDiv;
    auto divide = [&](Wide x) { return up ? -floorDivide(-x, divisor) : floorDivide(x, divisor); };
    Wide low = a.low == -infinite ? -infinite : std::min<Wide>(divide(a.low), 0);
    if (a.low >= 0) low = b.low == b.high ? divide(a.low) : 0;
    return {low, a.high == infinite ? infinite : std::max<Wide>(divide(a.high), 0)};
  }
  default:
    return any;
  }
}
} // namespace

std::optional<int64_t> dimLowerBound(DimExpr e) {
  Range r = rangeOf(e);
  if (r.low == -infinite) return std::nullopt;
  return static_cast<int64_t>(r.low);
}

std::optional<int64_t> dimUpperBound(DimExpr e) {
  Range r = rangeOf(e);
  if (r.high == infinite) return std::nullopt;
  return static_cast<int64_t>(r.high);
}

std::optional<int> dimCompare(DimExpr a, DimExpr b) {
  if (a == b) return 0;
  DimExpr d = dimSimplify(a - b);
  auto v = dimValue(d);
  if (v && *v == 0) return 0;
  if (dimLowerBound(d).value_or(0) > 0) return 1;
  if (dimUpperBound(d).value_or(0) < 0) return -1;
  return std::nullopt;
}

DimExpr dimLeast(DimExpr a, DimExpr b) {
  DimExpr d = dimSimplify(a - b);
  if (dimUpperBound(d).value_or(1) <= 0) return a;
  if (dimLowerBound(d).value_or(-1) >= 0) return b;
  return dimMin(a, b);
}

DimExpr dimGreatest(DimExpr a, DimExpr b) {
  DimExpr d = dimSimplify(a - b);
  if (dimLowerBound(d).value_or(-1) >= 0) return a;
  if (dimUpperBound(d).value_or(1) <= 0) return b;
  return dimMax(a, b);
}

DimExpr dimTruncatingDiv(DimExpr a, DimExpr b) {
  if (auto vb = dimValue(b)) {
    if (*vb == 0 || *vb == INT64_MIN) return {};
    if (*vb < 0) return dimTruncatingDiv(-a, -b);
  } else if (!dimNonNegative(b)) {
    return {};
  }
  if (auto va = dimValue(a))
    if (auto vb = dimValue(b)) return dimConstant(a.getContext(), *va / *vb);
  if (DimExpr exact = dimExactDiv(a, b)) return exact;
  if (dimNonNegative(a)) return dimSimplify(a.floorDiv(b));
  DimExpr zero = dimConstant(a.getContext(), 0);
  return dimSimplify(dimGreatest(a, zero).floorDiv(b) - dimGreatest(dimSimplify(-a), zero).floorDiv(b));
}

bool dimHasData(DimExpr e) {
  llvm::SetVector<unsigned> symbols;
  dimCollectSymbols(e, symbols);
  return llvm::any_of(
      symbols, [&](unsigned s) { return StringRef(getDimSymbols(e.getContext())[s].name).ends_with("]"); });
}

DimExpr dimQuotient(MLIRContext *ctx, ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  // Factors that are equal as wholes cancel before sums are multiplied out.
  SmallVector<DimExpr> top(a), bottom;
  for (DimExpr d : b) {
    if (auto *it = llvm::find(top, d); it != top.end()) {
      top.erase(it);
    } else {
      bottom.push_back(d);
    }
  }
  return dimExactDiv(dimProduct(ctx, top), dimProduct(ctx, bottom));
}

std::pair<DimExpr, DimExpr> dimSlice(DimExpr dim, DimExpr start, DimExpr end, int64_t step) {
  MLIRContext *ctx = dim.getContext();
  DimExpr zero = dimConstant(ctx, 0), one = dimConstant(ctx, 1), minusOne = dimConstant(ctx, -1);
  auto vs = dimValue(start), ve = dimValue(end);
  // Exporters write "to the end" as the largest (or least) int32 or int64, or as 10^9.
  constexpr int64_t far = 1000000000;
  auto fromEnd = [&](DimExpr e) {
    // Only what is surely negative counts from the end.
    return dimUpperBound(e).value_or(0) < 0 ? dimSimplify(dim + e) : e;
  };
  if (step > 0) {
    bool open = ve && *ve >= far;
    if (vs && *vs >= far) return {dim, zero};
    // The last element: that there is one becomes a check at run time, so that the size stays fixed.
    if (open && vs && *vs == -1 && dimValue(dim) != 0) return {dimSimplify(dim - 1), one};
    DimExpr e = open ? dim : (ve && *ve <= -far) ? zero : dimLeast(fromEnd(end), dim);
    DimExpr s = (vs && *vs <= -far) ? zero : fromEnd(start);
    if (!dimNonNegative(s)) s = dimGreatest(s, zero);
    if (dimValue(s) && dimValue(dim)) s = dimLeast(s, dim);
    // A start behind the end gives a negative span, whether it is clamped to the size or not.
    DimExpr span = dimGreatest(dimSimplify(e - s), zero);
    return {s, dimSimplify(step == 1 ? span : span.ceilDiv(step))};
  }
  DimExpr last = dimSimplify(dim - 1);
  DimExpr s = (vs && *vs >= far)    ? last
              : (vs && *vs <= -far) ? minusOne
                                    : dimGreatest(dimLeast(fromEnd(start), last), minusOne);
  DimExpr e = (ve && *ve <= -far)  ? minusOne
              : (ve && *ve >= far) ? last
                                   : dimGreatest(dimLeast(fromEnd(end), last), minusOne);
  DimExpr span = dimGreatest(dimSimplify(s - e), zero);
  return {s, dimSimplify(step == -1 ? span : span.ceilDiv(-step))};
}

} // namespace girih
