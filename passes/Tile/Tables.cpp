// Tables of constants inside a kernel, and what arithmetic with their numbers comes to: a transform by a
// matrix is written out as the additions and multiplications that its entries ask for.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/Tile/Evaluator.h"

using namespace mlir;

namespace girih {

/// An element of a table. Where the schedule does not write out the loops that it is read in, it is looked up
/// among all of them.
Val Evaluator::readTable(DenseElementsAttr table, ArrayRef<Idx> indices) {
  ArrayRef<int64_t> shape = table.getType().getShape();
  auto element = [&](int64_t i) -> Value {
    return arith::ConstantOp::create(b, loc, table.getValues<TypedAttr>()[i]);
  };
  bool isKnown = true;
  int64_t known = 0;
  for (auto [index, size] : llvm::zip(indices, shape)) {
    auto i = index.dyn || !index.lin.isConstant() ? std::nullopt : dimValue(index.lin.constant);
    isKnown &= i.has_value();
    known = known * size + i.value_or(0);
  }
  if (isKnown) return {element(known), false};

  bool lanes = llvm::any_of(indices, [](const Idx &i) { return i.hasLanes(); });
  auto spread = [&](Value v) { return lanes ? vector({v}) : v; };
  Value at;
  for (auto [index, size] : llvm::zip(indices, shape)) {
    Value i = spread(materialize(index));
    if (at) at = arith::MulIOp::create(b, loc, at, spread(arith::ConstantIndexOp::create(b, loc, size)));
    at = at ? arith::AddIOp::create(b, loc, at, i).getResult() : i;
  }
  Value value = spread(element(0));
  for (int64_t i = 1; i < table.getNumElements(); ++i) {
    Value isHere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, at,
                                         spread(arith::ConstantIndexOp::create(b, loc, i)));
    value = arith::SelectOp::create(b, loc, isHere, spread(element(i)), value);
  }
  return {value, lanes};
}

/// The number that a value, or each of its lanes, is known to be.
static std::optional<APFloat> getNumber(const Val &v) {
  if (!v.value) return std::nullopt;
  Value from = v.value;
  if (auto broadcast = from.getDefiningOp<vector::BroadcastOp>()) from = broadcast.getSource();
  APFloat number(0.0);
  if (!matchPattern(from, m_ConstantFloat(&number))) return std::nullopt;
  return number;
}

/// What a product or a sum comes to without an instruction, or with a lesser one: x * 1, and where the
/// operation's flags say that it may, x * 0 and x + 0.
std::optional<Val> Evaluator::foldNumbers(Operation *op, ArrayRef<Val> operands) {
  if (!isa<arith::MulFOp, arith::AddFOp>(op)) return std::nullopt;
  using Flags = arith::FastMathFlags;
  Flags flags = cast<arith::ArithFastMathInterface>(op).getFastMathFlagsAttr().getValue();
  auto allows = [&](Flags needed) { return bitEnumContainsAll(flags, needed); };
  for (unsigned i : {0u, 1u}) {
    auto number = getNumber(operands[i]);
    if (!number) continue;
    const Val &other = operands[1 - i];
    if (isa<arith::AddFOp>(op)) {
      if (number->isZero() && allows(Flags::nsz)) return other;
      continue;
    }
    if (number->isZero() && allows(Flags::nnan | Flags::ninf | Flags::nsz)) return operands[i];
    if (number->isExactlyValue(1)) return other;
    if (number->isExactlyValue(-1)) return Val{arith::NegFOp::create(b, loc, get(other)), other.lanes};
  }
  return std::nullopt;
}

/// accumulator + x * y, in one instruction if it takes both.
Val Evaluator::multiplyAdd(arith::MulFOp mul, arith::AddFOp add, Val x, Val y, Val accumulator) {
  auto apply = [&](auto make, std::initializer_list<Val> of) -> Val {
    bool lanes = llvm::any_of(of, [](const Val &v) { return v.lanes; });
    SmallVector<Value, 3> values;
    for (const Val &v : of)
      values.push_back(lanes ? vector(v) : get(v));
    return {make(values), lanes};
  };
  auto multiply = [&](ArrayRef<Value> v) -> Value { return arith::MulFOp::create(b, loc, v[0], v[1]); };
  auto sum = [&](ArrayRef<Value> v) -> Value { return arith::AddFOp::create(b, loc, v[0], v[1]); };
  auto fused = [&](ArrayRef<Value> v) -> Value { return math::FmaOp::create(b, loc, v[0], v[1], v[2]); };
  std::optional<Val> product = foldNumbers(mul, {x, y});
  if (!product) {
    // Only the sum's flags matter here: what is added to is 0, or not.
    if (!foldNumbers(add, {accumulator, x})) return apply(fused, {x, y, accumulator});
    return apply(multiply, {x, y});
  }
  if (auto folded = foldNumbers(add, {accumulator, *product})) return *folded;
  return apply(sum, {accumulator, *product});
}

} // namespace girih
