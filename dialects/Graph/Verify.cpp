// Verifiers of the ops whose result types are stated.
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/InferenceRules.h"
#include "dialects/Graph/Winograd.h"

using namespace mlir;
using namespace girih;

template <typename Op> static At at(Op op) {
  return {op.getLoc(), Op::getOperationName()};
}

static LogicalResult checkNotNegative(const At &at, Value result) {
  for (auto [i, d] : llvm::enumerate(getDims(result)))
    if (auto v = dimValue(d); v && *v < 0) return at.fail("dimension ", i, " of the result is ", *v);
  return success();
}

/// The operand's rank and element type are the result's.
static LogicalResult checkLikeOperand(const At &at, Value operand, Value result) {
  if (failed(checkRank(at, "the result", result, rankOf(operand))) ||
      failed(
          checkSameElementType(at, "the operand", elementType(operand), "the result", elementType(result))))
    return failure();
  return checkNotNegative(at, result);
}

LogicalResult AssembleOp::verify() {
  At where = at(*this);
  if (getParts().empty()) return where.fail("needs at least one part");
  if (failed(checkCount(where, "offsets", getOffsets().size(), getParts().size()))) return failure();
  SmallVector<DimExpr> whole = getDims(getResult());
  for (auto [n, part, offset] : llvm::enumerate(getParts(), getOffsets())) {
    std::string name = "part " + std::to_string(n);
    auto start = dyn_cast<DimsAttr>(offset);
    if (!start) return where.fail("offset ", n, " is ", offset, " but must be #girih.dims");
    if (failed(checkRank(where, name, part, whole.size())) ||
        failed(
            checkSameElementType(where, name, elementType(part), "the result", elementType(getResult()))) ||
        failed(checkCount(where, "the offset of " + name, start.getDims().size(), whole.size())))
      return failure();
    for (auto [i, d] : llvm::enumerate(getDims(part))) {
      auto from = dimValue(start.getDims()[i]), end = dimValue(dimSimplify(start.getDims()[i] + d)),
           size = dimValue(whole[i]);
      if ((from && *from < 0) || (end && size && *end > *size))
        return where.fail(name, " reaches from ", dimToString(start.getDims()[i]), " to ",
                          dimToString(dimSimplify(start.getDims()[i] + d)), " in dimension ", i,
                          " but the result has ", dimToString(whole[i]));
    }
  }
  return success();
}

//===-- Windows -----------------------------------------------------------===//

/// Pools: every output position's window begins in the padded input, and no position that rounding down gives
/// is left out.
static LogicalResult checkPool(const At &at, Value x, Value result, ArrayRef<int64_t> kernel,
                               ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations,
                               bool channelsLast) {
  int64_t rank = rankOf(x), spatial = rank - 2;
  if (failed(checkMinRank(at, "x", x, 3)) || failed(checkRank(at, "the result", result, rank)) ||
      failed(checkNumber(at, "x", x)) || failed(checkCount(at, "kernel", kernel.size(), spatial)) ||
      failed(checkAllAtLeast(at, "kernel", kernel, 1)) ||
      failed(checkWindow(at, spatial, strides, pads, dilations)) ||
      failed(checkAllAtLeast(at, "pads", pads, 0)))
    return failure();
  SmallVector<DimExpr> in = getDims(x), out = getDims(result);
  for (int64_t i : {int64_t(0), channelsLast ? rank - 1 : int64_t(1)})
    if (failed(checkEqualDims(at, "dimension " + Twine(i) + " of x", in[i], "that of the result", out[i])))
      return failure();
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t d = i + (channelsLast ? 1 : 2);
    DimExpr k = dimConstant(x.getContext(), kernel[i]);
    auto least = dimValue(windowOutputDim(in[d], k, strides[i], dilations[i], pads[i], pads[spatial + i]));
    auto most = dimValue(dimSimplify((in[d] + (pads[i] + pads[spatial + i])).ceilDiv(strides[i])));
    auto size = dimValue(out[d]);
    if (failed(requireAtMost(dimConstant(x.getContext(), 1), out[d])))
      return at.fail("dimension ", d, " of the result is ", dimToString(out[d]), " but must be at least 1");
    if (size && least && most && (*size < *least || *size > *most))
      return at.fail("dimension ", d, " of the result is ", *size, " but the windows have ", *least, " to ",
                     *most, " positions");
  }
  return success();
}

LogicalResult PoolOp::verify() {
  if (int64_t p = getP(); p < 1) return at(*this).fail("p is ", p, " but must be at least 1");
  if (failed(checkPool(at(*this), getX(), getResult(), getKernel(), getStrides(), getPads(), getDilations(),
                       getChannelsLast())))
    return failure();
  return checkSameElementType(at(*this), "x", elementType(getX()), "the result", elementType(getResult()));
}

LogicalResult MaxPoolIndicesOp::verify() {
  if (failed(checkPool(at(*this), getX(), getResult(), getKernel(), getStrides(), getPads(), getDilations(),
                       false)))
    return failure();
  if (elementType(getResult()).isSignlessInteger(64)) return success();
  return at(*this).fail("the result needs i64 elements but is ", getResult().getType());
}

LogicalResult WinogradConvOp::verify() {
  At where = at(*this);
  Type element = elementType(getX());
  int64_t tile = getTile();
  if (failed(checkRank(where, "x", getX(), 4)) || failed(checkRank(where, "u", getU(), 4)) ||
      failed(checkRank(where, "the result", getResult(), 4)) || failed(checkFloat(where, "x", getX())))
    return failure();
  for (auto [name, value] : {std::pair("u", Value(getU())), std::pair("bias", Value(getBias())),
                             std::pair("the result", Value(getResult()))})
    if (value && failed(checkSameElementType(where, "x", element, name, elementType(value))))
      return failure();
  if (!isWinogradTile(tile)) return where.fail("tile is ", tile, " but must be 2 or 4");
  SmallVector<DimExpr> x = getDims(getX()), u = getDims(getU()), result = getDims(getResult());
  DimExpr points = dimConstant(getContext(), tile + 2);
  if (failed(checkEqualDims(where, "dimension 0 of u", u[0], "tile + 2", points)) ||
      failed(checkEqualDims(where, "dimension 1 of u", u[1], "tile + 2", points)) ||
      failed(checkEqualDims(where, "the number of channels of x", x[3], "that of u", u[2])) ||
      failed(checkEqualDims(where, "the number of channels of the result", result[3], "that of u", u[3])) ||
      failed(checkEqualDims(where, "dimension 0 of x", x[0], "that of the result", result[0])))
    return failure();
  for (unsigned d : {1, 2})
    if (failed(checkEqualDims(where, "dimension " + Twine(d) + " of x", x[d], "what whole tiles read",
                              dimSimplify(result[d].ceilDiv(tile) * tile + 2))))
      return failure();
  if (!getBias()) return success();
  if (failed(checkRank(where, "bias", getBias(), 1))) return failure();
  return checkEqualDims(where, "the size of bias", getDims(getBias())[0], "the number of output channels",
                        u[3]);
}

//===-- Data movement -----------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  At where = at(*this);
  if (failed(checkSameElementType(where, "the operand", elementType(getOperand()), "the result",
                                  elementType(getResult()))) ||
      failed(checkNotNegative(where, getResult())))
    return failure();
  DimExpr from = dimProduct(getContext(), getDims(getOperand())),
          to = dimProduct(getContext(), getDims(getResult()));
  return checkEqualDims(where, "the operand's number of elements", from, "the result's", to);
}

LogicalResult ExpandOp::verify() {
  At where = at(*this);
  SmallVector<DimExpr> from = getDims(getOperand()), to = getDims(getResult());
  if (failed(checkSameElementType(where, "the operand", elementType(getOperand()), "the result",
                                  elementType(getResult()))) ||
      failed(checkNotNegative(where, getResult())))
    return failure();
  if (isBroadcastableTo(from, to)) return success();
  return where.fail(dimsToString(from), " does not broadcast to ", dimsToString(to));
}

/// The least and the largest index that a slice reads, if it reads any, or what they are within.
static std::pair<DimExpr, DimExpr> sliceReach(DimExpr start, DimExpr count, int64_t step) {
  // What makes sizes not negative does nothing where there are elements.
  if (const DimSymbol *s = dimSymbol(count); s && s->kind == DimSymbol::Max)
    for (auto [zero, other] : {std::pair(s->operands[0], s->operands[1]), {s->operands[1], s->operands[0]}})
      if (dimValue(zero) == 0) count = other;
  // ceil(span / step) steps of which the last begins inside the span.
  auto division = dyn_cast<AffineBinaryOpExpr>(count);
  DimExpr way = (count - 1) * std::abs(step);
  if (division && count.getKind() == AffineExprKind::CeilDiv && dimValue(division.getRHS()) == std::abs(step))
    way = division.getLHS() - 1;
  way = dimSimplify(way);
  return step > 0 ? std::pair(start, dimSimplify(start + way)) : std::pair(dimSimplify(start - way), start);
}

LogicalResult SliceOp::verify() {
  At where = at(*this);
  int64_t rank = rankOf(getOperand());
  if (failed(checkLikeOperand(where, getOperand(), getResult())) ||
      failed(checkCount(where, "starts", getStarts().getDims().size(), rank)) ||
      failed(checkCount(where, "steps", getSteps().size(), rank)))
    return failure();
  SmallVector<DimExpr> from = getDims(getOperand()), to = getDims(getResult());
  for (int64_t i = 0; i < rank; ++i) {
    int64_t step = getSteps()[i];
    if (step == 0) return where.fail("step ", i, " is 0");
    DimExpr start = getStarts().getDims()[i];
    if (dimValue(to[i]) == 0) continue;
    auto [low, high] = sliceReach(start, to[i], step);
    DimExpr zero = dimConstant(getContext(), 0), end = dimSimplify(high + 1);
    if (dimNonNegative(low) && dimNonNegative(from[i] - end)) continue;
    // A slice of no elements may begin anywhere.
    if (dimLowerBound(to[i]).value_or(0) < 1) {
      DimExpr isEmpty = dimSimplify(-to[i]);
      low = dimSelect(isEmpty, low, zero), end = dimSelect(isEmpty, end, zero);
    }
    if (failed(requireAtMost(zero, low)) || failed(requireAtMost(end, from[i])))
      return where.fail("reads elements ", dimToString(low), " to ", dimToString(high), " of dimension ", i,
                        " but the operand has ", dimToString(from[i]));
  }
  return success();
}

LogicalResult PadOp::verify() {
  At where = at(*this);
  int64_t rank = rankOf(getOperand());
  if (failed(checkLikeOperand(where, getOperand(), getResult())) ||
      failed(checkCount(where, "low", getLow().getDims().size(), rank)))
    return failure();
  if (Value value = getValue())
    if (failed(checkRank(where, "value", value, 0)) ||
        failed(checkSameElementType(where, "the operand", elementType(getOperand()), "value",
                                    elementType(value))))
      return failure();
  if (getMode() == PadMode::constant) return success();
  // Other modes read the operand for each border element: there must be one, even if another dimension is
  // empty.
  for (auto [i, in, out] : llvm::enumerate(getDims(getOperand()), getDims(getResult())))
    if (in != out && failed(checkNotEmpty(where, "dimension " + Twine(i) + " of the operand", in, out)))
      return failure();
  return success();
}

LogicalResult TileOp::verify() {
  At where = at(*this);
  if (failed(checkLikeOperand(where, getOperand(), getResult()))) return failure();
  for (auto [i, in, out] : llvm::enumerate(getDims(getOperand()), getDims(getResult()))) {
    auto from = dimValue(in), to = dimValue(out);
    if (from && to && (*from == 0 ? *to != 0 : *to % *from != 0))
      return where.fail("dimension ", i, " of the result (", *to, ") is not a multiple of the operand's (",
                        *from, ")");
  }
  return success();
}

LogicalResult ResizeOp::verify() {
  At where = at(*this);
  int64_t rank = rankOf(getOperand());
  if (failed(checkLikeOperand(where, getOperand(), getResult())) ||
      failed(checkNumber(where, "the operand", getOperand())))
    return failure();
  if (!getScales().empty() && failed(checkCount(where, "scales", getScales().size(), rank))) return failure();
  for (double scale : getScales())
    if (!(scale > 0)) return where.fail("scales holds ", scale, " but must be greater than 0");
  bool crops = getCoord() == CoordMode::tf_crop_and_resize;
  if ((crops || !getRoi().empty()) && failed(checkCount(where, "roi", getRoi().size(), 2 * rank)))
    return failure();
  SmallVector<DimExpr> dims = getDims(getResult());
  for (auto [i, in] : llvm::enumerate(getDims(getOperand())))
    if (failed(checkNotEmpty(where, "dimension " + Twine(i) + " of the operand", in, dims))) return failure();
  return success();
}

LogicalResult TopKOp::verify() {
  At where = at(*this);
  if (failed(checkLikeOperand(where, getOperand(), getValues())) ||
      failed(checkNumber(where, "the operand", getOperand())) ||
      failed(checkAxis(where, getAxis(), rankOf(getOperand()))) ||
      failed(checkRank(where, "indices", getIndices(), rankOf(getOperand()))))
    return failure();
  if (!elementType(getIndices()).isSignlessInteger(64))
    return where.fail("indices need i64 elements but are ", getIndices().getType());
  auto rows = llvm::enumerate(getDims(getOperand()), getDims(getValues()), getDims(getIndices()));
  for (auto [i, in, value, index] : rows) {
    if (failed(
            checkEqualDims(where, "dimension " + Twine(i) + " of values", value, "that of indices", index)))
      return failure();
    if (i != getAxis()) {
      if (failed(checkEqualDims(where, "dimension " + Twine(i) + " of the operand", in, "that of values",
                                value)))
        return failure();
      continue;
    }
    if (failed(requireAtMost(value, in)))
      return where.fail("k is ", dimToString(value), " but dimension ", i, " has ", dimToString(in),
                        " elements");
  }
  return success();
}

LogicalResult OneHotOp::verify() {
  At where = at(*this);
  if (failed(checkIndices(where, getIndices())) || failed(checkRank(where, "values", getValues(), 1)) ||
      failed(checkEqualDims(where, "the size of values", getDims(getValues())[0], "that of [off, on]",
                            dimConstant(getContext(), 2))) ||
      failed(checkRank(where, "the result", getResult(), rankOf(getIndices()) + 1)) ||
      failed(checkSameElementType(where, "values", elementType(getValues()), "the result",
                                  elementType(getResult()))) ||
      failed(checkAxis(where, getAxis(), rankOf(getResult()))) ||
      failed(checkNotNegative(where, getResult())))
    return failure();
  SmallVector<DimExpr> dims = getDims(getResult());
  dims.erase(dims.begin() + getAxis());
  for (auto [i, index, out] : llvm::enumerate(getDims(getIndices()), dims))
    if (failed(
            checkEqualDims(where, "dimension " + Twine(i) + " of indices", index, "that of the result", out)))
      return failure();
  return success();
}

LogicalResult RangeOp::verify() {
  At where = at(*this);
  if (failed(checkRank(where, "start", getStart(), 0)) || failed(checkRank(where, "delta", getDelta(), 0)) ||
      failed(checkNumber(where, "start", getStart())) ||
      failed(
          checkSameElementType(where, "start", elementType(getStart()), "delta", elementType(getDelta()))) ||
      failed(checkSameElementType(where, "start", elementType(getStart()), "the result",
                                  elementType(getResult()))) ||
      failed(checkRank(where, "the result", getResult(), 1)))
    return failure();
  return checkNotNegative(where, getResult());
}

LogicalResult CheckIndexOp::verify() {
  if (rankOf(getWorst()) != 0 || !elementType(getWorst()).isSignlessInteger(64) ||
      getSize().getDims().size() != 1)
    return at(*this).fail("needs a 0-D i64 and one size but has ", getWorst().getType(), " and ",
                          dimsToString(getSize().getDims()));
  PlaceAttr place = getPlaceAttr();
  return place ? verifyPlace(*this, place, 0, getWorst().getType()) : success();
}
