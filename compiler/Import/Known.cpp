#include "compiler/Import/Known.h"
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
  return dimSimplify(dimMax(a, zero).floorDiv(b) - dimMax(dimSimplify(-a), zero).floorDiv(b));
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
  // What is negative counts from the end, whoever says it: a constant, a size or an element of an input.
  auto fromEnd = [&](DimExpr e) { return dimSelect(e, dimSimplify(dim + e), e); };
  if (step > 0) {
    bool open = ve && *ve >= far;
    if (vs && *vs >= far) return {dim, zero};
    // The last element: that there is one becomes a check at run time, so that the size stays fixed.
    if (open && vs && *vs == -1 && dimValue(dim) != 0) return {dimSimplify(dim - 1), one};
    DimExpr e = open ? dim : (ve && *ve <= -far) ? zero : dimMin(fromEnd(end), dim);
    DimExpr s = (vs && *vs <= -far) ? zero : dimMax(fromEnd(start), zero);
    if (dimValue(s) && dimValue(dim)) s = dimMin(s, dim);
    // A start behind the end gives a negative span, whether it is clamped to the size or not.
    DimExpr span = dimSimplify(e - s);
    return {s, dimMax(step == 1 ? span : dimSimplify(span.ceilDiv(step)), zero)};
  }
  // Going down, the start is clamped into the dimension, the end to what is in front of it.
  DimExpr last = dimSimplify(dim - 1);
  DimExpr s = (vs && *vs >= far) ? last : dimMin(dimMax(fromEnd(start), zero), last);
  DimExpr e = (ve && *ve <= -far)  ? minusOne
              : (ve && *ve >= far) ? last
                                   : dimMax(dimMin(fromEnd(end), last), minusOne);
  DimExpr span = dimSimplify(s - e);
  return {s, dimMax(step == -1 ? span : dimSimplify(span.ceilDiv(-step)), zero)};
}

} // namespace girih
