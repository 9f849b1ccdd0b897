#include "dialects/Graph/Guesses.h"
#include "dialects/Graph/Attributes.h"

using namespace mlir;

namespace girih {

/// Of dimension `axis` of an input. Most models run on one sample, sentence or image at a time; sentences are
/// read as a whole or a word at a time, and images are never small.
Guesses::Guess Guesses::getGuess(RankedTensorType type, unsigned axis, StringRef name) {
  constexpr Guess kBatch{1, 1}, kLength{128, 1}, kPixels{256, 256}, kOther{64, 1};
  std::string lower = name.lower();
  auto isCalled = [&](std::initializer_list<StringRef> words) {
    return llvm::any_of(words, [&](StringRef word) { return StringRef(lower).contains(word); });
  };
  if (isCalled({"batch"})) return kBatch;
  if (isCalled({"seq", "len", "token", "past", "time", "frame"})) return kLength;
  if (isCalled({"height", "width"})) return kPixels;
  int64_t rank = type.getRank();
  if (axis == 0) return rank > 1 ? kBatch : kOther;
  // Three or four channels, before or behind the others: colours.
  auto hasColours = [&](int64_t d) { return type.getDimSize(d) == 3 || type.getDimSize(d) == 4; };
  if (rank == 4 && ((axis >= 2 && hasColours(1)) || (axis <= 2 && hasColours(3)))) return kPixels;
  // Words by their numbers, or each a vector.
  bool isInteger = isa<IntegerType>(type.getElementType());
  return axis == 1 && (isInteger ? rank == 2 : rank == 3) ? kLength : kOther;
}

Guesses::Guesses(ModuleOp module) {
  if (auto main = module.lookupSymbol<func::FuncOp>("main")) *this = Guesses(main);
}

Guesses::Guesses(func::FuncOp main) {
  DictionaryAttr stated = kGuesses.get(main->getParentOp());
  for (Type type : main.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    for (auto [axis, dim] : llvm::enumerate(getDims(tensor)))
      if (const DimSymbol *s = dimSymbol(dim); s && s->kind == DimSymbol::Dimension) {
        Guess guess = getGuess(tensor, axis, s->name);
        if (auto n = stated ? stated.getAs<IntegerAttr>(s->name) : IntegerAttr())
          guess = {n.getInt(), std::min(n.getInt(), guess.least)};
        symbols.try_emplace(dim, guess);
      }
  }
}

Guesses Guesses::with(DimExpr size, int64_t value, bool isMost) const {
  Guesses other = *this;
  other.statements.push_back({size, value, isMost});
  return other;
}

/// As a floating-point number: of sizes that an int64_t does not hold, the order of magnitude is enough.
double Guesses::evaluate(DimExpr e, int64_t Guess::*of) const {
  constexpr Guess kUnknown{64, 1};
  for (const Statement &s : statements)
    if (s.size == e) return double(s.value);
  if (const DimSymbol *s = dimSymbol(e)) {
    auto operands =
        llvm::map_to_vector<3>(s->operands, [&](DimExpr operand) { return evaluate(operand, of); });
    switch (s->kind) {
    case DimSymbol::Min:
      return std::min(operands[0], operands[1]);
    case DimSymbol::Max:
    case DimSymbol::Broadcast:
      return std::max(operands[0], operands[1]);
    case DimSymbol::Select:
      return operands[0] < 0 ? operands[1] : operands[2];
    default:
      auto it = symbols.find(e);
      return double((it == symbols.end() ? kUnknown : it->second).*of);
    }
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  if (!binary) return cast<AffineConstantExpr>(e).getValue();
  double a = evaluate(binary.getLHS(), of), b = evaluate(binary.getRHS(), of);
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return std::floor(a / std::max(b, 1.0));
  case AffineExprKind::CeilDiv:
    return std::ceil(a / std::max(b, 1.0));
  default: // the remainder
    return a - std::floor(a / std::max(b, 1.0)) * b;
  }
}

static int64_t round(double size) {
  constexpr double kMost = int64_t(1) << 40;
  return int64_t(std::clamp(size, 1.0, kMost));
}

int64_t Guesses::get(DimExpr e) const {
  if (auto v = dimValue(e)) return std::max<int64_t>(*v, 1);
  return round(evaluate(e, &Guess::value));
}

int64_t Guesses::getLeast(DimExpr e) const {
  return round(evaluate(e, &Guess::least));
}

std::optional<int64_t> Guesses::getMost(DimExpr e) const {
  for (const Statement &s : statements)
    if (s.size == e && s.isMost) return s.value;
  auto most = dimUpperBound(e);
  return most && *most < maxDimension ? most : std::nullopt;
}

} // namespace girih
