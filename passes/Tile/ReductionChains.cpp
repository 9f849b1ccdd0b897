#include "passes/Tile/ReductionChains.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/Tile/Domain.h"

using namespace mlir;

namespace girih {

//===-- Which chains there are --------------------------------------------===//

/// An operand as a generic reads it.
using Source = std::pair<Value, AffineMap>;

/// What a value of a body is read from, perhaps in a narrower type.
static std::optional<Source> getSource(linalg::GenericOp op, Value v) {
  if (auto wider = v.getDefiningOp<arith::ExtFOp>()) v = wider.getIn();
  auto argument = dyn_cast<BlockArgument>(v);
  if (!argument || argument.getOwner() != op.getBody() || argument.getArgNumber() >= op.getNumDpsInputs())
    return std::nullopt;
  OpOperand *input = op.getDpsInputOperand(argument.getArgNumber());
  return Source(input->get(), op.getMatchingIndexingMap(input));
}

/// What a step of a reduction combines with its only accumulator by an `Op`; null if it does anything else.
template <typename Op> static Value getStep(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || !op.getNumReductionLoops()) return {};
  auto last = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<Op>();
  Value accumulator = op.getBody()->getArguments().back();
  if (!last || !accumulator.hasOneUse()) return {};
  if (last.getLhs() == accumulator) return last.getRhs();
  return last.getRhs() == accumulator ? last.getLhs() : Value();
}

/// The generic that computes `v`, and nothing else, element by element.
static linalg::GenericOp getElementwise(Value v) {
  auto op = v.getDefiningOp<linalg::GenericOp>();
  bool is = op && op.getNumResults() == 1 && !op.getNumReductionLoops() &&
            op.getIndexingMapsArray().back().isIdentity();
  return is ? op : linalg::GenericOp();
}

/// Whether `v` is `sum` over `count`.
static bool isMeanOf(Value v, Value sum, int64_t count) {
  linalg::GenericOp op = getElementwise(v);
  if (!op || op.getNumDpsInputs() != 1 || op.getInputs()[0] != sum ||
      !op.getIndexingMapsArray()[0].isIdentity())
    return false;
  Operation *last = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  APFloat factor(0.0);
  if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp>(last) ||
      last->getOperand(0) != op.getBody()->getArgument(0) ||
      !matchPattern(last->getOperand(1), m_ConstantFloat(&factor)))
    return false;
  APFloat expected(isa<arith::MulFOp>(last) ? 1 / double(count) : double(count));
  bool isInexact;
  expected.convert(factor.getSemantics(), APFloat::rmNearestTiesToEven, &isInexact);
  return factor == expected;
}

/// The chain of `first` and `op`.
static std::optional<ReductionChain> matchChain(linalg::GenericOp first, linalg::GenericOp op,
                                                int64_t count) {
  Value element = getStep<arith::AddFOp>(op);
  AffineMap result = first.getIndexingMapsArray().back();
  if (!element || op.getIteratorTypesArray() != first.getIteratorTypesArray() ||
      op.getIndexingMapsArray().back() != result || getLoopExtents(op) != getLoopExtents(first))
    return std::nullopt;
  ReductionChain chain{};
  chain.first = first, chain.second = op, chain.count = count;
  linalg::GenericOp by = op; // computes the elements
  if (auto read = getSource(op, element); read && read->second.isIdentity())
    if (linalg::GenericOp elements = getElementwise(read->first)) {
      if (op.getNumDpsInputs() != 1) return std::nullopt;
      by = chain.elements = elements;
      element = elements.getBody()->getTerminator()->getOperand(0);
    }
  Operation *function = element.getDefiningOp();
  if (!isa_and_nonnull<math::ExpOp, arith::MulFOp>(function)) return std::nullopt;
  auto difference = function->getOperand(0).getDefiningOp<arith::SubFOp>();
  if (!difference) return std::nullopt;
  Value x;
  if (isa<math::ExpOp>(function))
    chain.kind = ReductionChain::softmax, x = getStep<arith::MaximumFOp>(first);
  else if (function->getOperand(1) == difference)
    chain.kind = ReductionChain::moments, x = getStep<arith::AddFOp>(first);
  if (!x) return std::nullopt;
  auto source = getSource(first, x), center = getSource(by, difference.getRhs());
  if (!source || source != getSource(by, difference.getLhs()) || !center || center->second != result)
    return std::nullopt;
  chain.source = source->first, chain.center = center->first;
  Value value = first.getResult(0);
  bool isCenter =
      chain.kind == ReductionChain::moments ? isMeanOf(chain.center, value, count) : chain.center == value;
  bool readsOthers =
      llvm::any_of(by.getInputs(), [&](Value v) { return v != chain.source && v != chain.center; });
  return isCenter && !readsOthers ? std::optional(chain) : std::nullopt;
}

std::optional<ReductionChain> getChain(linalg::GenericOp first) {
  if (first.getNumDpsInits() != 1 || !first.getNumReductionLoops()) return std::nullopt;
  int64_t count = 1;
  for (auto [extent, kind] : llvm::zip(getLoopExtents(first), first.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction) count *= dimValue(extent).value_or(0);
  for (auto op : first->getBlock()->getOps<linalg::GenericOp>())
    if (auto chain = matchChain(first, op, count)) return chain;
  return std::nullopt;
}

static Value createNumber(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

//===-- A softmax's maximum and sum ---------------------------------------===//

/// The state of two, each a largest element and a sum of exponentials of differences from it. One exponential
/// does: of the smaller one from the larger one, by which the sum of the smaller one is multiplied.
static SmallVector<Value> combine(OpBuilder &b, Location loc, ValueRange x, ValueRange y) {
  Value apart = math::AbsFOp::create(b, loc, arith::SubFOp::create(b, loc, y[0], x[0]));
  Value factor = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, apart));
  Value isMore = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, y[0], x[0]);
  auto sum = [&](Value less, Value more) -> Value {
    return arith::AddFOp::create(b, loc, more, arith::MulFOp::create(b, loc, less, factor));
  };
  return {arith::MaximumFOp::create(b, loc, x[0], y[0]),
          arith::SelectOp::create(b, loc, isMore, sum(x[1], y[1]), sum(y[1], x[1]))};
}

void sumOnline(const ReductionChain &softmax) {
  linalg::GenericOp first = softmax.first, second = softmax.second;
  OpBuilder b(first);
  Location loc = second.getLoc();
  auto type = cast<RankedTensorType>(second.getResult(0).getType());
  auto number = cast<FloatType>(type.getElementType());
  Value empty = first.getOutputs()[0].getDefiningOp<linalg::FillOp>().getOutputs()[0];
  auto begin = [&](const APFloat &v) {
    Value from = arith::ConstantOp::create(b, loc, b.getFloatAttr(number, v));
    return linalg::FillOp::create(b, loc, from, empty).getResult(0);
  };
  // The lowest number: elements of -inf that come first add exp(-inf) to the sum, and not exp(-inf + inf).
  const llvm::fltSemantics &semantics = number.getFloatSemantics();
  Value inits[] = {begin(APFloat::getLargest(semantics, /*Negative=*/true)),
                   begin(APFloat::getZero(semantics))};
  AffineMap result = first.getIndexingMapsArray().back();
  auto source = llvm::find(first.getInputs(), softmax.source) - first.getInputs().begin();
  auto step = [&](OpBuilder &in, Location, ValueRange v) {
    Value x = v[0];
    if (x.getType() != number) x = arith::ExtFOp::create(in, loc, number, x);
    Value one = createNumber(in, loc, number, 1);
    auto op = CombineOp::create(in, loc, combine(in, loc, v.drop_front(), {x, one}));
    Block &block = op.getBody().emplaceBlock();
    block.addArguments(SmallVector<Type>(4, number), SmallVector<Location>(4, loc));
    OpBuilder two = OpBuilder::atBlockEnd(&block);
    ValueRange states = block.getArguments();
    YieldOp::create(two, loc, combine(two, loc, states.take_front(2), states.drop_front(2)));
    linalg::YieldOp::create(in, loc, op.getResults());
  };
  auto both = linalg::GenericOp::create(b, loc, {type, type}, softmax.source, inits,
                                        {first.getIndexingMapsArray()[source], result, result},
                                        first.getIteratorTypesArray(), step);
  // A difference from a maximum of +inf makes a NaN of the sum, as it would without this.
  SmallVector<AffineMap> maps(3, AffineMap::getMultiDimIdentityMap(type.getRank(), b.getContext()));
  SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
  auto finish = [&](OpBuilder &in, Location, ValueRange v) {
    Value zero = arith::SubFOp::create(in, loc, v[0], v[0]);
    linalg::YieldOp::create(in, loc, arith::AddFOp::create(in, loc, v[1], zero).getResult());
  };
  auto sum = linalg::GenericOp::create(b, loc, type, both.getResults(), empty, maps, kinds, finish);
  first.getResult(0).replaceAllUsesWith(both.getResult(0));
  second.getResult(0).replaceAllUsesWith(sum.getResult(0));
  second.erase();
  first.erase();
}

//===-- Moments of parts --------------------------------------------------===//

/// How many elements each part has.
static double getPartCount(const ReductionChain &moments, Value sums) {
  return double(moments.count) / double(cast<RankedTensorType>(sums.getType()).getDimSize(0));
}

static Value createMean(OpBuilder &b, Location loc, Value sum, double count) {
  return arith::MulFOp::create(b, loc, sum, createNumber(b, loc, sum.getType(), 1 / count));
}

Value createMeans(OpBuilder &b, const ReductionChain &moments, Value sums) {
  auto type = cast<RankedTensorType>(sums.getType());
  Location loc = sums.getLoc();
  SmallVector<AffineMap> maps(2, AffineMap::getMultiDimIdentityMap(type.getRank(), b.getContext()));
  SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
  Value out = tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  auto body = [&](OpBuilder &in, Location, ValueRange v) {
    linalg::YieldOp::create(in, loc, createMean(in, loc, v[0], getPartCount(moments, sums)));
  };
  return linalg::GenericOp::create(b, loc, type, sums, out, maps, kinds, body).getResult(0);
}

Value createSquares(OpBuilder &b, const ReductionChain &moments, Value sums, Value squares) {
  linalg::GenericOp second = moments.second;
  auto type = cast<RankedTensorType>(squares.getType());
  Location loc = second.getLoc();
  auto all = AffineMap::getMultiDimIdentityMap(type.getRank(), b.getContext()), ofAll = all.dropResult(0);
  SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
  kinds[0] = utils::IteratorType::reduction;
  double count = getPartCount(moments, squares);
  // About the mean of all, it is the square of the means' distance more for each element (Chan, Golub and
  // LeVeque).
  auto body = [&](OpBuilder &in, Location, ValueRange v) {
    Value apart = arith::SubFOp::create(in, loc, createMean(in, loc, v[0], count), v[2]);
    Value square = arith::MulFOp::create(in, loc, apart, apart),
          n = createNumber(in, loc, type.getElementType(), count);
    Value part = arith::AddFOp::create(in, loc, v[1], arith::MulFOp::create(in, loc, square, n));
    linalg::YieldOp::create(in, loc, arith::AddFOp::create(in, loc, v[3], part).getResult());
  };
  return linalg::GenericOp::create(b, loc, second.getResultTypes(), ValueRange{sums, squares, moments.center},
                                   second.getOutputs(), {all, all, ofAll, ofAll}, kinds, body)
      .getResult(0);
}

} // namespace girih
