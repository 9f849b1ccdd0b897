// Result types of constants and of ops that move data.
#include "dialects/Graph/InferenceRules.h"

using namespace mlir;
using namespace girih;

GIRIH_INFER(ConstantOp) {
  auto type = dyn_cast<RankedTensorType>(op.getValue().getType());
  if (!type || type.getEncoding())
    return at.fail("a constant is a static tensor, not ", op.getValue().getType());
  types.push_back(type);
  return success();
}

GIRIH_INFER(ShapeOp) {
  int64_t count = op.getDims().getDims().size();
  if (op.getScalar() && count != 1) return at.fail("a scalar is one dimension, not ", count);
  Type i64 = IntegerType::get(op.getDims().getContext(), 64);
  types.push_back(op.getScalar() ? RankedTensorType::get({}, i64) : RankedTensorType::get({count}, i64));
  return success();
}

GIRIH_INFER(TransposeOp) {
  SmallVector<DimExpr> from = getDims(op.getOperand()), dims;
  ArrayRef<int64_t> permutation = op.getPermutation();
  if (failed(checkCount(at, "permutation", permutation.size(), from.size()))) return failure();
  SmallVector<bool> seen(from.size(), false);
  for (int64_t p : permutation) {
    if (p < 0 || p >= int64_t(from.size()))
      return at.fail("permutation holds ", p, " but the operand has ", from.size(), " dimensions");
    if (seen[p]) return at.fail("permutation holds ", p, " twice");
    seen[p] = true;
    dims.push_back(from[p]);
  }
  types.push_back(getTensorType(dims, elementType(op.getOperand())));
  return success();
}

GIRIH_INFER(ConcatOp) {
  if (op.getInputs().empty()) return at.fail("a concatenation needs at least one input");
  Value first = op.getInputs().front();
  int64_t axis = op.getAxis();
  if (failed(checkAxis(at, axis, rankOf(first)))) return failure();
  SmallVector<DimExpr> dims = getDims(first);
  for (auto [n, input] : llvm::enumerate(op.getInputs().drop_front())) {
    std::string name = "input " + std::to_string(n + 1);
    if (failed(checkRank(at, name, input, dims.size())) ||
        failed(checkSameElementType(at, "input 0", elementType(first), name, elementType(input))))
      return failure();
    for (auto [i, d] : llvm::enumerate(getDims(input))) {
      if (int64_t(i) == axis) {
        dims[i] = dims[i] + d;
        continue;
      }
      if (failed(checkEqualDims(at, "dimension " + Twine(i) + " of input 0", dims[i], "that of " + name, d)))
        return failure();
      dims[i] = *unifyDims(dims[i], d);
    }
  }
  types.push_back(getTensorType(dims, elementType(first)));
  return success();
}

//===-- Gather and scatter ------------------------------------------------===//

GIRIH_INFER(GatherOp) {
  if (failed(checkAxis(at, op.getAxis(), rankOf(op.getData()))) || failed(checkIndices(at, op.getIndices())))
    return failure();
  SmallVector<DimExpr> data = getDims(op.getData()), indices = getDims(op.getIndices());
  if (failed(checkNotEmpty(at, "dimension " + Twine(op.getAxis()) + " of data", data[op.getAxis()], indices)))
    return failure();
  SmallVector<DimExpr> dims(data.begin(), data.begin() + op.getAxis());
  dims.append(indices);
  dims.append(data.begin() + op.getAxis() + 1, data.end());
  types.push_back(getTensorType(dims, elementType(op.getData())));
  return success();
}

/// GatherElements and ScatterElements: indices lie inside data everywhere but along the axis.
static LogicalResult checkElementIndices(const At &at, Value data, Value indices, int64_t axis) {
  if (failed(checkAxis(at, axis, rankOf(data))) || failed(checkIndices(at, indices)) ||
      failed(checkRank(at, "indices", indices, rankOf(data))))
    return failure();
  SmallVector<DimExpr> dims = getDims(indices);
  for (auto [i, d, n] : llvm::enumerate(getDims(data), dims)) {
    bool fits =
        int64_t(i) == axis
            ? succeeded(checkNotEmpty(at, "dimension " + Twine(i) + " of data", d, dims))
            : succeeded(checkAtMost(at, "dimension " + Twine(i) + " of indices", n, "that of data", d));
    if (!fits) return failure();
  }
  return success();
}

GIRIH_INFER(GatherElementsOp) {
  if (failed(checkElementIndices(at, op.getData(), op.getIndices(), op.getAxis()))) return failure();
  types.push_back(tensorType(op.getIndices()).clone(elementType(op.getData())));
  return success();
}

GIRIH_INFER(ScatterElementsOp) {
  if (failed(checkElementIndices(at, op.getData(), op.getIndices(), op.getAxis())) ||
      failed(checkSameElementType(at, "data", elementType(op.getData()), "updates",
                                  elementType(op.getUpdates()))) ||
      failed(checkRank(at, "updates", op.getUpdates(), rankOf(op.getIndices()))))
    return failure();
  for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(getDims(op.getIndices()), getDims(op.getUpdates()))))
    if (failed(checkEqualDims(at, "dimension " + Twine(i) + " of indices", std::get<0>(pair),
                              "that of updates", std::get<1>(pair))))
      return failure();
  types.push_back(op.getData().getType());
  return success();
}

/// The length of an index tuple: the last dimension of `indices`, between 1 and `most`.
static FailureOr<int64_t> tupleLength(const At &at, Value indices, int64_t most) {
  if (failed(checkMinRank(at, "indices", indices, 1)) || failed(checkIndices(at, indices))) return failure();
  auto length = dimValue(getDims(indices).back());
  if (!length)
    return at.fail("the last dimension of indices must be constant but they are ", indices.getType());
  if (*length < 1 || *length > most)
    return at.fail("index tuples have ", *length, " elements but data has ", most, " dimensions to index");
  return *length;
}

/// The dimensions of data that index tuples go into, from dimension `first` on, have elements.
static LogicalResult checkIndexed(const At &at, ArrayRef<DimExpr> sizes, int64_t first,
                                  ArrayRef<DimExpr> indices) {
  for (auto [i, size] : llvm::enumerate(sizes))
    if (failed(checkNotEmpty(at, "dimension " + Twine(first + i) + " of data", size, indices.drop_back())))
      return failure();
  return success();
}

GIRIH_INFER(GatherNDOp) {
  Value data = op.getData(), indices = op.getIndices();
  int64_t batch = op.getBatchDims();
  if (batch < 0 || batch >= std::min(rankOf(data), rankOf(indices)))
    return at.fail("batch_dims is ", batch, " but data has ", rankOf(data), " dimensions and indices ",
                   rankOf(indices));
  FailureOr<int64_t> length = tupleLength(at, indices, rankOf(data) - batch);
  if (failed(length)) return failure();
  SmallVector<DimExpr> d = getDims(data), dims = getDims(indices);
  if (failed(checkIndexed(at, ArrayRef(d).slice(batch, *length), batch, dims))) return failure();
  for (int64_t i = 0; i < batch; ++i) {
    if (failed(
            checkEqualDims(at, "batch dimension " + Twine(i) + " of data", d[i], "that of indices", dims[i])))
      return failure();
    dims[i] = *unifyDims(d[i], dims[i]);
  }
  dims.pop_back();
  dims.append(d.begin() + batch + *length, d.end());
  types.push_back(getTensorType(dims, elementType(data)));
  return success();
}

GIRIH_INFER(ScatterNDOp) {
  Value data = op.getData(), indices = op.getIndices(), updates = op.getUpdates();
  FailureOr<int64_t> length = tupleLength(at, indices, rankOf(data));
  if (failed(length) ||
      failed(checkSameElementType(at, "data", elementType(data), "updates", elementType(updates))))
    return failure();
  SmallVector<DimExpr> d = getDims(data), expected = getDims(indices);
  if (failed(checkIndexed(at, ArrayRef(d).take_front(*length), 0, expected))) return failure();
  expected.pop_back();
  expected.append(d.begin() + *length, d.end());
  if (failed(checkRank(at, "updates", updates, expected.size()))) return failure();
  for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(getDims(updates), expected)))
    if (failed(checkEqualDims(at, "dimension " + Twine(i) + " of updates", std::get<0>(pair),
                              "that of indices and data", std::get<1>(pair))))
      return failure();
  types.push_back(data.getType());
  return success();
}

GIRIH_INFER(TriluOp) {
  if (failed(checkMinRank(at, "operand", op.getOperand(), 2))) return failure();
  types.push_back(op.getOperand().getType());
  return success();
}

GIRIH_INFER(GridSampleOp) {
  Value x = op.getOperand(), grid = op.getGrid();
  int64_t rank = rankOf(x);
  if (failed(checkMinRank(at, "the operand", x, 3)) || failed(checkFloat(at, "the operand", x)) ||
      failed(checkRank(at, "grid", grid, rank)) || failed(checkFloat(at, "grid", grid)))
    return failure();
  if (op.getOutside() == PadMode::wrap) return at.fail("outside is wrap, expected constant, edge or reflect");
  SmallVector<DimExpr> from = getDims(x), dims = getDims(grid);
  if (dimValue(dims.back()) != rank - 2)
    return at.fail("grid has points of ", dimToString(dims.back()), " coordinates but the operand has ",
                   rank - 2, " spatial dimensions");
  if (failed(checkEqualDims(at, "the batch of the operand", from[0], "that of grid", dims[0])))
    return failure();
  for (auto [i, d] : llvm::enumerate(ArrayRef(from).drop_front().drop_back()))
    if (failed(requireAtMost(dimConstant(d.getContext(), 1), d)))
      return at.fail("spatial dimension ", i, " of the operand is empty");
  dims[0] = *unifyDims(from[0], dims[0]);
  dims.back() = from.back();
  types.push_back(getTensorType(dims, elementType(x)));
  return success();
}

GIRIH_INFER(RoiAlignOp) {
  Value x = op.getOperand(), rois = op.getRois(), batch = op.getBatchIndices();
  if (failed(checkRank(at, "the operand", x, 4)) || failed(checkFloat(at, "the operand", x)) ||
      failed(checkRank(at, "rois", rois, 2)) || failed(checkFloat(at, "rois", rois)) ||
      failed(checkRank(at, "batch_indices", batch, 1)))
    return failure();
  if (!isa<IntegerType>(elementType(batch)))
    return at.fail("batch_indices has element type ", elementType(batch), ", expected integers");
  SmallVector<DimExpr> from = getDims(x), regions = getDims(rois), images = getDims(batch);
  if (dimValue(regions[1]) != 4) return at.fail("rois has ", dimToString(regions[1]), " columns, expected 4");
  if (failed(checkEqualDims(at, "the regions of rois", regions[0], "those of batch_indices", images[0])))
    return failure();
  for (auto [i, d] : llvm::enumerate(ArrayRef(from).take_front(3)))
    if (failed(checkNotEmpty(at, "dimension " + Twine(i) + " of the operand", d, regions[0])))
      return failure();
  if (op.getHeight() < 1 || op.getWidth() < 1 || op.getSamples() < 1)
    return at.fail("height, width and samples are ", op.getHeight(), ", ", op.getWidth(), " and ",
                   op.getSamples(), ", expected positive numbers");
  MLIRContext *ctx = x.getContext();
  SmallVector<DimExpr> dims{*unifyDims(regions[0], images[0]), dimConstant(ctx, op.getHeight()),
                            dimConstant(ctx, op.getWidth()), from[3]};
  types.push_back(getTensorType(dims, elementType(x)));
  return success();
}
