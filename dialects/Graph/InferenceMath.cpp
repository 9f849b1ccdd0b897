// Result types of element-wise ops, contractions, reductions and normalisations.
#include "dialects/Graph/InferenceRules.h"

using namespace mlir;
using namespace girih;

//===-- Element-wise ------------------------------------------------------===//

GIRIH_INFER(UnaryOp) {
  RankedTensorType type = tensorType(op.getOperand());
  Type element = type.getElementType();
  UnaryFn fn = op.getFn();
  auto needs = [&](bool ok, StringRef what) -> LogicalResult {
    if (ok) return success();
    return at.fail(stringifyUnaryFn(fn), " needs ", what, " but the operand is ", type);
  };
  switch (fn) {
  case UnaryFn::logical_not:
    if (failed(needs(isBool(element), "bool elements"))) return failure();
    break;
  case UnaryFn::bitwise_not:
    if (failed(needs(isInt(element), "integers"))) return failure();
    break;
  case UnaryFn::abs:
  case UnaryFn::neg:
  case UnaryFn::sign:
  case UnaryFn::relu:
  case UnaryFn::shrink:
    if (failed(needs(isNumber(element), "numbers"))) return failure();
    break;
  default:
    if (failed(needs(isFloat(element), "floating-point elements"))) return failure();
  }
  if (fn == UnaryFn::isnan || fn == UnaryFn::isinf) type = type.clone(IntegerType::get(type.getContext(), 1));
  types.push_back(type);
  return success();
}

GIRIH_INFER(BinaryOp) {
  Type lhs = elementType(op.getLhs()), rhs = elementType(op.getRhs());
  BinaryFn fn = op.getFn();
  if (fn != BinaryFn::pow && failed(checkSameElementType(at, "lhs", lhs, "rhs", rhs))) return failure();
  auto needs = [&](bool ok, StringRef what) -> LogicalResult {
    if (ok) return success();
    return at.fail(stringifyBinaryFn(fn), " needs ", what, " but the operands hold ", lhs, " and ", rhs);
  };
  Type result = lhs;
  Type boolean = IntegerType::get(lhs.getContext(), 1);
  switch (fn) {
  case BinaryFn::logical_and:
  case BinaryFn::logical_or:
  case BinaryFn::logical_xor:
    if (failed(needs(isBool(lhs), "bool elements"))) return failure();
    break;
  case BinaryFn::bitwise_and:
  case BinaryFn::bitwise_or:
  case BinaryFn::bitwise_xor:
  case BinaryFn::shift_left:
  case BinaryFn::shift_right:
    if (failed(needs(isInt(lhs), "integers"))) return failure();
    break;
  case BinaryFn::equal:
    result = boolean;
    break;
  case BinaryFn::less:
  case BinaryFn::less_or_equal:
  case BinaryFn::greater:
  case BinaryFn::greater_or_equal:
    result = boolean;
    [[fallthrough]];
  default:
    if (failed(needs(isNumber(lhs) && isNumber(rhs), "numbers"))) return failure();
  }
  auto dims = broadcastDims(getDims(op.getLhs()), getDims(op.getRhs()));
  if (failed(dims))
    return at.fail("shapes ", dimsToString(getDims(op.getLhs())), " and ", dimsToString(getDims(op.getRhs())),
                   " do not broadcast");
  types.push_back(getTensorType(*dims, result));
  return success();
}

GIRIH_INFER(WhereOp) {
  if (!isBool(elementType(op.getCondition())))
    return at.fail("condition needs bool elements but is ", op.getCondition().getType());
  Type element = elementType(op.getX());
  if (failed(checkSameElementType(at, "x", element, "y", elementType(op.getY())))) return failure();
  auto dims = broadcastDims(getDims(op.getX()), getDims(op.getY()));
  if (succeeded(dims)) dims = broadcastDims(*dims, getDims(op.getCondition()));
  if (failed(dims))
    return at.fail("shapes ", dimsToString(getDims(op.getCondition())), ", ",
                   dimsToString(getDims(op.getX())), " and ", dimsToString(getDims(op.getY())),
                   " do not broadcast");
  types.push_back(getTensorType(*dims, element));
  return success();
}

GIRIH_INFER(CastOp) {
  if (!isGraphElementType(op.getTo())) return at.fail(op.getTo(), " is no element type of the graph");
  types.push_back(tensorType(op.getOperand()).clone(op.getTo()));
  return success();
}

GIRIH_INFER(BitcastOp) {
  Type from = elementType(op.getOperand());
  if (!isGraphElementType(op.getTo())) return at.fail(op.getTo(), " is no element type of the graph");
  if (getStorageBytes(from) != getStorageBytes(op.getTo()))
    return at.fail("the bits of ", from, " are not as many as those of ", op.getTo());
  types.push_back(tensorType(op.getOperand()).clone(op.getTo()));
  return success();
}

//===-- Contractions ------------------------------------------------------===//

GIRIH_INFER(MatMulOp) {
  Value lhs = op.getLhs(), rhs = op.getRhs(), bias = op.getBias();
  Type element = elementType(lhs);
  if (failed(checkMinRank(at, "lhs", lhs, op.getTransposeLhs() ? 2 : 1)) ||
      failed(checkMinRank(at, "rhs", rhs, op.getTransposeRhs() ? 2 : 1)) ||
      failed(checkNumber(at, "lhs", lhs)) ||
      failed(checkSameElementType(at, "lhs", element, "rhs", elementType(rhs))))
    return failure();
  SmallVector<DimExpr> l = getDims(lhs), r = getDims(rhs);
  if (op.getTransposeLhs()) std::swap(l.end()[-1], l.end()[-2]);
  if (op.getTransposeRhs()) std::swap(r.end()[-1], r.end()[-2]);
  DimExpr lk = l.back(), rk = r.size() == 1 ? r[0] : r.end()[-2];
  if (failed(checkEqualDims(at, "the inner size of lhs", lk, "the inner size of rhs", rk))) return failure();

  SmallVector<DimExpr> rows, columns;
  if (l.size() > 1) rows.push_back(l.end()[-2]);
  if (r.size() > 1) columns.push_back(r.back());
  auto batch = [](ArrayRef<DimExpr> d) { return d.drop_back(std::min<size_t>(d.size(), 2)); };
  auto dims = broadcastDims(batch(l), batch(r));
  if (failed(dims))
    return at.fail("batch dimensions of ", dimsToString(getDims(lhs)), " and ", dimsToString(getDims(rhs)),
                   " do not broadcast");
  dims->append(rows);
  dims->append(columns);
  if (bias) {
    if (failed(checkSameElementType(at, "lhs", element, "bias", elementType(bias)))) return failure();
    if (!isBroadcastableTo(getDims(bias), *dims))
      return at.fail("bias ", dimsToString(getDims(bias)), " does not broadcast to the result ",
                     dimsToString(*dims));
  }
  types.push_back(getTensorType(*dims, element));
  return success();
}

/// Where channels and spatial dimensions are in a tensor with `rank` dimensions.
static SmallVector<int64_t> spatialPositions(int64_t rank, bool channelsLast) {
  return llvm::to_vector(llvm::seq<int64_t>(channelsLast ? 1 : 2, channelsLast ? rank - 1 : rank));
}

/// Checks that convolutions share: ranks, element types, window attributes and group.
template <typename Adaptor> static LogicalResult checkConvolution(const At &at, Adaptor op) {
  Type element = elementType(op.getX());
  if (failed(checkMinRank(at, "x", op.getX(), 3)) ||
      failed(checkRank(at, "w", op.getW(), rankOf(op.getX()))) || failed(checkNumber(at, "x", op.getX())) ||
      failed(checkSameElementType(at, "x", element, "w", elementType(op.getW()))) ||
      failed(checkWindow(at, rankOf(op.getX()) - 2, op.getStrides(), op.getPads(), op.getDilations())))
    return failure();
  if (int64_t group = op.getGroup(); group < 1) return at.fail("group is ", group, " but must be at least 1");
  if (!op.getBias()) return success();
  if (failed(checkRank(at, "bias", op.getBias(), 1)) ||
      failed(checkSameElementType(at, "x", element, "bias", elementType(op.getBias()))))
    return failure();
  return success();
}

static LogicalResult checkMultiple(const At &at, StringRef what, DimExpr size, StringRef of, int64_t factor) {
  if (succeeded(unifyDims(dimSimplify(size % factor), dimConstant(size.getContext(), 0)))) return success();
  return at.fail(what, " (", dimToString(size), ") is not a multiple of ", of, " (", factor, ")");
}

GIRIH_INFER(ConvOp) {
  if (failed(checkConvolution(at, op))) return failure();
  SmallVector<DimExpr> x = getDims(op.getX()), w = getDims(op.getW());
  int64_t rank = x.size(), group = op.getGroup(), spatial = rank - 2;
  int64_t channel = op.getChannelsLast() ? rank - 1 : 1;
  if (failed(checkEqualDims(at, "the number of channels of x", x[channel], "that of w times group",
                            dimSimplify(w[1] * group))) ||
      failed(checkMultiple(at, "the number of output channels", w[0], "group", group)))
    return failure();
  if (op.getBias() && failed(checkEqualDims(at, "the size of bias", getDims(op.getBias())[0],
                                            "the number of output channels", w[0])))
    return failure();
  SmallVector<DimExpr> dims(x);
  dims[channel] = w[0];
  for (auto [i, dim] : llvm::enumerate(spatialPositions(rank, op.getChannelsLast()))) {
    dims[dim] = windowOutputDim(x[dim], w[2 + i], op.getStrides()[i], op.getDilations()[i], op.getPads()[i],
                                op.getPads()[spatial + i]);
    DimExpr padded = dimSimplify(x[dim] + op.getPads()[i] + op.getPads()[spatial + i]);
    if (failed(requireAtMost(dimSimplify((w[2 + i] - 1) * op.getDilations()[i] + 1), padded)))
      return at.fail("the window (", dimToString(w[2 + i]), " with dilation ", op.getDilations()[i],
                     ") is larger than dimension ", dim, " of x (", dimToString(x[dim]), ") with its pads");
  }
  types.push_back(getTensorType(dims, elementType(op.getX())));
  return success();
}

GIRIH_INFER(ConvTransposeOp) {
  if (failed(checkConvolution(at, op))) return failure();
  SmallVector<DimExpr> x = getDims(op.getX()), w = getDims(op.getW());
  int64_t rank = x.size(), group = op.getGroup(), spatial = rank - 2;
  int64_t channel = op.getChannelsLast() ? rank - 1 : 1;
  DimExpr outputs = dimSimplify(w[1] * group);
  if (failed(checkCount(at, "output_padding", op.getOutputPadding().size(), spatial)) ||
      failed(checkAllAtLeast(at, "output_padding", op.getOutputPadding(), 0)) ||
      failed(checkEqualDims(at, "the number of channels of x", x[channel], "that of w", w[0])) ||
      failed(checkMultiple(at, "the number of input channels", w[0], "group", group)))
    return failure();
  if (op.getBias() && failed(checkEqualDims(at, "the size of bias", getDims(op.getBias())[0],
                                            "the number of output channels", outputs)))
    return failure();
  SmallVector<DimExpr> dims(x);
  dims[channel] = outputs;
  for (auto [i, dim] : llvm::enumerate(spatialPositions(rank, op.getChannelsLast()))) {
    dims[dim] = convTransposeOutputDim(x[dim], w[2 + i], op.getStrides()[i], op.getDilations()[i],
                                       op.getPads()[i], op.getPads()[spatial + i], op.getOutputPadding()[i]);
    DimExpr one = dimConstant(x[dim].getContext(), 1);
    if (failed(requireAtMost(one, x[dim]))) return at.fail("dimension ", dim, " of x is empty");
    if (failed(requireAtMost(one, dims[dim])))
      return at.fail("pads crop all of dimension ", dim, " of the result (", dimToString(dims[dim]), ")");
  }
  types.push_back(getTensorType(dims, elementType(op.getX())));
  return success();
}

//===-- Reductions --------------------------------------------------------===//

GIRIH_INFER(ReduceOp) {
  Value operand = op.getOperand();
  int64_t rank = rankOf(operand);
  bool extreme = op.getFn() == ReduceFn::max || op.getFn() == ReduceFn::min;
  if (!extreme && failed(checkNumber(at, "operand", operand))) return failure();
  SmallVector<bool> reduced(rank, false);
  int64_t previous = -1;
  for (int64_t axis : op.getAxes()) {
    if (failed(checkAxis(at, axis, rank))) return failure();
    if (axis <= previous) return at.fail("axes must increase but ", axis, " follows ", previous);
    reduced[previous = axis] = true;
  }
  SmallVector<DimExpr> dims;
  for (auto [i, d] : llvm::enumerate(getDims(operand))) {
    if (!reduced[i])
      dims.push_back(d);
    else if (op.getKeepdims())
      dims.push_back(dimConstant(d.getContext(), 1));
  }
  types.push_back(getTensorType(dims, elementType(operand)));
  return success();
}

GIRIH_INFER(ArgReduceOp) {
  Value operand = op.getOperand();
  if (failed(checkAxis(at, op.getAxis(), rankOf(operand))) || failed(checkNumber(at, "operand", operand)))
    return failure();
  SmallVector<DimExpr> dims = getDims(operand);
  MLIRContext *ctx = operand.getContext();
  if (op.getKeepdims())
    dims[op.getAxis()] = dimConstant(ctx, 1);
  else
    dims.erase(dims.begin() + op.getAxis());
  types.push_back(getTensorType(dims, IntegerType::get(ctx, 64)));
  return success();
}

GIRIH_INFER(CumSumOp) {
  Value operand = op.getOperand();
  if (failed(checkAxis(at, op.getAxis(), rankOf(operand))) || failed(checkNumber(at, "operand", operand)))
    return failure();
  types.push_back(operand.getType());
  return success();
}

//===-- Normalisations ----------------------------------------------------===//

GIRIH_INFER(SoftmaxOp) {
  Value operand = op.getOperand();
  if (failed(checkAxis(at, op.getAxis(), rankOf(operand))) || failed(checkFloat(at, "operand", operand)))
    return failure();
  types.push_back(operand.getType());
  return success();
}

/// A one-dimensional parameter with one value a channel.
static LogicalResult checkPerChannel(const At &at, StringRef name, Value v, Value x, DimExpr channels) {
  if (failed(checkRank(at, name, v, 1)) ||
      failed(checkSameElementType(at, "x", elementType(x), name, elementType(v))))
    return failure();
  return checkEqualDims(at, "the size of " + name, getDims(v)[0], "the number of channels of x", channels);
}

GIRIH_INFER(BatchNormOp) {
  Value x = op.getX();
  if (failed(checkMinRank(at, "x", x, 2)) || failed(checkFloat(at, "x", x))) return failure();
  DimExpr channels = getDims(x)[1];
  if (failed(checkPerChannel(at, "scale", op.getScale(), x, channels)) ||
      failed(checkPerChannel(at, "bias", op.getBias(), x, channels)) ||
      failed(checkPerChannel(at, "mean", op.getMean(), x, channels)) ||
      failed(checkPerChannel(at, "variance", op.getVariance(), x, channels)))
    return failure();
  types.push_back(x.getType());
  return success();
}

GIRIH_INFER(LayerNormOp) {
  Value x = op.getX();
  if (failed(checkFloat(at, "x", x)) || failed(checkAxis(at, op.getAxis(), rankOf(x)))) return failure();
  auto check = [&](StringRef name, Value v) -> LogicalResult {
    if (!v) return success();
    if (failed(checkSameElementType(at, "x", elementType(x), name, elementType(v)))) return failure();
    if (isBroadcastableTo(getDims(v), getDims(x))) return success();
    return at.fail(name, " ", dimsToString(getDims(v)), " does not broadcast to x ",
                   dimsToString(getDims(x)));
  };
  if (failed(check("scale", op.getScale())) || failed(check("bias", op.getBias()))) return failure();
  types.push_back(x.getType());
  return success();
}

GIRIH_INFER(GroupNormOp) {
  Value x = op.getX();
  if (failed(checkMinRank(at, "x", x, 2)) || failed(checkFloat(at, "x", x))) return failure();
  DimExpr channels = getDims(x)[op.getChannelsLast() ? rankOf(x) - 1 : 1];
  int64_t groups = op.getGroups();
  if (groups < 1) return at.fail("groups is ", groups, " but must be at least 1");
  if (failed(checkMultiple(at, "the number of channels", channels, "groups", groups))) return failure();
  if (failed(checkPerChannel(at, "scale", op.getScale(), x, channels)) ||
      failed(checkPerChannel(at, "bias", op.getBias(), x, channels)))
    return failure();
  types.push_back(x.getType());
  return success();
}

GIRIH_INFER(LrnOp) {
  Value x = op.getX();
  if (failed(checkMinRank(at, "x", x, 2)) || failed(checkFloat(at, "x", x))) return failure();
  if (int64_t size = op.getSize(); size < 1) return at.fail("size is ", size, " but must be at least 1");
  types.push_back(x.getType());
  return success();
}
