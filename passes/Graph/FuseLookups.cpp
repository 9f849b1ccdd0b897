// Products with one-hot rows recognised as lookups, and what is computed of looked-up rows computed of the
// table instead.
#include "passes/Graph/FusePatterns.h"

using namespace mlir;
using namespace girih;

namespace {

RankedTensorType typeOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}

/// `v` is the constant 0, 1, ..., n - 1 along its last dimension, its only one that is not 1.
bool isIota(Value v, int64_t n) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(constantValue(v));
  bool isSplat;
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(constantValue(v)))
    if (DenseElementsAttr::isValidRawBuffer(resource.getType(), resource.getData(), isSplat))
      dense = DenseElementsAttr::getFromRawBuffer(resource.getType(), resource.getData());
  if (!dense || !isa<IntegerType>(dense.getElementType()) || dense.getNumElements() != n ||
      typeOf(v).getRank() == 0 || typeOf(v).getShape().back() != n)
    return false;
  int64_t expected = 0;
  return llvm::all_of(dense.getValues<APInt>(), [&](const APInt &i) { return i == expected++; });
}

/// The indices whose one-hot rows, n long, `v` holds as numbers: cast(indices == [0, 1, ..., n - 1]).
Value matchOneHot(Value v, int64_t n) {
  auto cast = v.getDefiningOp<CastOp>();
  BinaryOp equal = cast ? getBinary(cast.getOperand(), BinaryFn::equal) : BinaryOp();
  if (!equal || equal.getType().getRank() == 0) return {};
  for (auto [indices, iota] :
       {std::pair(equal.getLhs(), equal.getRhs()), std::pair(equal.getRhs(), equal.getLhs())}) {
    RankedTensorType type = typeOf(indices);
    if (type.getRank() == equal.getType().getRank() && type.getShape().back() == 1 &&
        ArrayRef(getDims(indices)).drop_back() == ArrayRef(getDims(equal)).drop_back() && isIota(iota, n))
      return indices;
  }
  return {};
}

/// A product of one-hot rows with constant weights looks up rows of these, with the bias added; indices out
/// of range find a row that holds the bias alone.
struct FuseOneHotProduct : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    RankedTensorType weightType = typeOf(op.getRhs());
    if (weightType.getRank() != 2 || op.getTransposeLhs() || op.getTransposeRhs() ||
        typeOf(op.getLhs()).getRank() < 2)
      return rewriter.notifyMatchFailure(op, "no rows by a matrix");
    int64_t rows = weightType.getDimSize(0), columns = weightType.getDimSize(1);
    Value indices = matchOneHot(op.getLhs(), rows);
    if (!indices) return rewriter.notifyMatchFailure(op, "no one-hot rows");
    std::optional<std::vector<float>> table = readF32(op.getRhs()), bias(std::in_place, columns);
    if (op.getBias())
      bias = typeOf(op.getBias()).getShape().back() == columns ? readF32(op.getBias()) : std::nullopt;
    if (!table || !bias || static_cast<int64_t>(bias->size()) != columns)
      return rewriter.notifyMatchFailure(op, "weights or bias are not constant");
    table->resize((rows + 1) * columns);
    for (int64_t i = 0; i < (rows + 1) * columns; ++i)
      (*table)[i] += (*bias)[i % columns];

    Location loc = op.getLoc();
    Type i64 = rewriter.getI64Type();
    auto type = getTensorType(ArrayRef(getDims(indices)).drop_back(), typeOf(indices).getElementType());
    indices = ReshapeOp::create(rewriter, loc, type, indices);
    if (type.getElementType() != i64) indices = CastOp::create(rewriter, loc, indices, i64);
    Value zero = createScalar(rewriter, loc, i64, 0), last = createScalar(rewriter, loc, i64, rows);
    Value least = BinaryOp::create(rewriter, loc, indices, zero, BinaryFn::greater_or_equal);
    Value most = BinaryOp::create(rewriter, loc, indices, last, BinaryFn::less);
    Value inside = BinaryOp::create(rewriter, loc, least, most, BinaryFn::logical_and);
    indices = WhereOp::create(rewriter, loc, inside, indices, last);
    Value data = createF32(rewriter, op.getRhs().getLoc(),
                           RankedTensorType::get({rows + 1, columns}, weightType.getElementType()), *table);
    rewriter.replaceOpWithNewOp<GatherOp>(op, data, indices, /*axis=*/0);
    return success();
  }
};

/// f(table[i]) is f(table)[i]: the table is constant, so f costs nothing at run time.
struct ComputeTable : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t largest = 1 << 20;
    auto gather = op.getOperand().getDefiningOp<GatherOp>();
    ElementsAttr table = gather ? constantValue(gather.getData()) : ElementsAttr();
    if (!table || !gather->hasOneUse() || table.getNumElements() > largest)
      return rewriter.notifyMatchFailure(op, "reads no small constant table");
    Operation *computed = rewriter.clone(*op);
    rewriter.modifyOpInPlace(computed, [&] {
      computed->setOperand(0, gather.getData());
      computed->getResult(0).setType(typeOf(gather.getData()).clone(op.getType().getElementType()));
    });
    rewriter.replaceOpWithNewOp<GatherOp>(op, computed->getResult(0), gather.getIndices(), gather.getAxis());
    return success();
  }
};

} // namespace

void girih::populateLookupPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseOneHotProduct, ComputeTable>(patterns.getContext());
}
