// What can be said of the value of a dimension expression before its symbols are known.
#include "dialects/Graph/Dims.h"

using namespace mlir;

namespace girih {

namespace {

// Saturating at these stands for "unbounded".
using Wide = __int128;
constexpr Wide infinite = Wide(1) << 62;

struct Range {
  Wide low, high;
};
constexpr Range any{-infinite, infinite};

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

Range rangeOf(DimExpr e, unsigned depth = 0);

Range rangeOf(const DimSymbol &symbol, unsigned depth) {
  SmallVector<Range, 3> of =
      llvm::map_to_vector<3>(symbol.operands, [&](DimExpr x) { return rangeOf(x, depth + 1); });
  auto join = [](Range a, Range b) { return Range{std::min(a.low, b.low), std::max(a.high, b.high)}; };
  switch (symbol.kind) {
  case DimSymbol::Dimension:
    return {0, maxDimension};
  case DimSymbol::Element:
    return any;
  case DimSymbol::Min:
    return {std::min(of[0].low, of[1].low), std::min(of[0].high, of[1].high)};
  case DimSymbol::Max:
    return {std::max(of[0].low, of[1].low), std::max(of[0].high, of[1].high)};
  case DimSymbol::Broadcast:
    return join(of[0], of[1]);
  case DimSymbol::Select:
    return join(of[1], of[2]);
  }
  return any;
}

Range rangeOf(DimExpr e, unsigned depth) {
  if (depth > 64) return any;
  if (auto v = dimValue(e)) return {saturate(*v), saturate(*v)};
  if (const DimSymbol *symbol = dimSymbol(e)) return rangeOf(*symbol, depth);
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

/// The factor of a symbol in a sum, where it occurs once and not inside a product or a division.
std::optional<int64_t> coefficientOf(DimExpr e, DimExpr symbol) {
  if (e == symbol) return 1;
  auto bin = dyn_cast<AffineBinaryOpExpr>(e);
  if (!bin) return 0;
  auto l = coefficientOf(bin.getLHS(), symbol), r = coefficientOf(bin.getRHS(), symbol);
  if (!l || !r) return std::nullopt;
  if (*l == 0 && *r == 0) return 0;
  if (e.getKind() == AffineExprKind::Add && (*l == 0 || *r == 0)) return *l + *r;
  auto factor = dimValue(bin.getRHS());
  int64_t product;
  if (e.getKind() != AffineExprKind::Mul || !factor || llvm::MulOverflow(*l, *factor, product))
    return std::nullopt;
  return product;
}

/// Whether e >= 0, by its bounds or in each of the cases that a minimum, a maximum or a choice in it has.
/// `room` bounds the number of cases.
bool isNonNegative(DimExpr e, unsigned &room) {
  e = dimSimplify(e);
  if (rangeOf(e).low >= 0) return true;
  if (room == 0) return false;
  --room;
  SmallVector<unsigned> positions;
  e.walk([&](AffineExpr x) {
    if (const DimSymbol *symbol = dimSymbol(x); symbol && !symbol->isFree())
      positions.push_back(cast<AffineSymbolExpr>(x).getPosition());
  });
  // Those made last first: what the others are made of may then cancel.
  llvm::sort(positions, std::greater<>());
  positions.erase(llvm::unique(positions), positions.end());
  for (unsigned position : positions) {
    DimExpr s = getAffineSymbolExpr(position, e.getContext());
    auto coefficient = coefficientOf(e, s);
    if (!coefficient || *coefficient == 0) continue;
    const DimSymbol &symbol = *dimSymbol(s);
    auto holdsFor = [&](DimExpr operand) { return isNonNegative(e.replace(s, operand), room); };
    // A maximum is at least each of its operands, a minimum at most: where that is enough, one will do.
    bool oneWillDo = (symbol.kind == DimSymbol::Max && *coefficient > 0) ||
                     (symbol.kind == DimSymbol::Min && *coefficient < 0);
    ArrayRef<DimExpr> operands = ArrayRef<DimExpr>(symbol.operands);
    if (symbol.kind == DimSymbol::Select) operands = operands.drop_front();
    if (oneWillDo ? llvm::any_of(operands, holdsFor) : llvm::all_of(operands, holdsFor)) return true;
  }
  return false;
}

} // namespace

// Minima of minima are looked through: what is too large takes too long.
static Range boundedRange(DimExpr e) {
  return dimIsTooLarge(e) ? any : rangeOf(e);
}

std::optional<int64_t> dimLowerBound(DimExpr e) {
  Range r = boundedRange(e);
  if (r.low == -infinite) return std::nullopt;
  return static_cast<int64_t>(r.low);
}

std::optional<int64_t> dimUpperBound(DimExpr e) {
  Range r = boundedRange(e);
  if (r.high == infinite) return std::nullopt;
  return static_cast<int64_t>(r.high);
}

bool dimNonNegative(DimExpr e) {
  if (auto v = dimValue(e)) return *v >= 0;
  unsigned room = 32;
  return !dimIsTooLarge(e) && isNonNegative(e, room);
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

} // namespace girih
