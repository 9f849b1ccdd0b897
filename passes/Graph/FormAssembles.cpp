// Concatenations and constant pads become tensors that the producers of their parts write.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Grouping.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_FORMASSEMBLES
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Shorter runs cost more to write one by one than one kernel that looks up each element's source.
constexpr int64_t shortestRun = 32;

/// A smaller tensor of short runs is computed by one kernel that reads its parts.
constexpr int64_t smallestInterleaved = 4096;

class AssembleBuilder {
public:
  explicit AssembleBuilder(func::FuncOp func) : func(func), b(func.getContext()) {}

  unsigned run() {
    unsigned count = 0;
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      b.setInsertionPoint(&op);
      if (auto concat = dyn_cast<ConcatOp>(op))
        count += succeeded(rewriteConcat(concat));
      else if (auto pad = dyn_cast<PadOp>(op))
        count += succeeded(rewritePad(pad));
    }
    return count;
  }

private:
  struct Part {
    Value value;
    SmallVector<DimExpr> offset;
  };

  /// `axis`: the last dimension along which `v` is only a part of the result.
  static bool hasLongRuns(Value v, int64_t axis) {
    auto type = cast<RankedTensorType>(v.getType());
    int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
    SmallVector<DimExpr> dims = getDims(type);
    for (DimExpr e : ArrayRef(dims).drop_front(axis)) {
      if (!dimValue(e)) return true;
      bytes *= *dimValue(e);
    }
    return bytes >= shortestRun;
  }

  void replace(Operation *op, ArrayRef<Part> parts, TypedAttr border = {}) {
    auto values = llvm::map_to_vector(parts, [](const Part &p) { return p.value; });
    auto offsets = llvm::map_to_vector(
        parts, [&](const Part &p) -> Attribute { return DimsAttr::get(b.getContext(), p.offset); });
    auto assemble = AssembleOp::create(b, op->getLoc(), op->getResult(0).getType(), values,
                                       b.getArrayAttr(offsets), border);
    op->getResult(0).replaceAllUsesWith(assemble.getResult());
    op->erase();
  }

  LogicalResult rewriteConcat(ConcatOp op) {
    int64_t axis = op.getAxis();
    if (!llvm::all_of(op.getInputs(), [&](Value v) { return hasLongRuns(v, axis); })) return interleave(op);
    SmallVector<Part> parts;
    SmallVector<DimExpr> offset(getDims(op.getResult()).size(), dimConstant(b.getContext(), 0));
    for (Value v : op.getInputs()) {
      parts.push_back({v, offset});
      offset[axis] = dimSimplify(offset[axis] + getDims(v)[axis]);
    }
    replace(op, parts);
    return success();
  }

  /// Parts of size 1 along the axis, in short runs, are put one after the other, each in one piece; a
  /// transpose then interleaves them all.
  LogicalResult interleave(ConcatOp op) {
    int64_t axis = op.getAxis();
    auto type = cast<RankedTensorType>(op.getType());
    SmallVector<DimExpr> dims = getDims(type);
    int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8; // where symbols are 1
    for (DimExpr e : dims)
      bytes *= dimValue(e).value_or(1);
    bool single = llvm::all_of(op.getInputs(), [&](Value v) { return dimValue(getDims(v)[axis]) == 1; });
    if (!single || bytes < smallestInterleaved) return failure();

    DimExpr zero = dimConstant(b.getContext(), 0);
    SmallVector<DimExpr> pieceDims(dims);
    pieceDims.erase(pieceDims.begin() + axis);
    pieceDims.insert(pieceDims.begin(), dimConstant(b.getContext(), 1));
    auto pieceType = getTensorType(pieceDims, type.getElementType());
    SmallVector<Value> pieces;
    SmallVector<Attribute> offsets;
    for (auto [i, v] : llvm::enumerate(op.getInputs())) {
      auto inner = v.getDefiningOp<ReshapeOp>();
      pieces.push_back(ReshapeOp::create(b, op.getLoc(), pieceType, inner ? inner.getOperand() : v));
      SmallVector<DimExpr> offset(dims.size(), zero);
      offset[0] = dimConstant(b.getContext(), i);
      offsets.push_back(DimsAttr::get(b.getContext(), offset));
    }
    pieceDims[0] = dims[axis];
    auto stacked = AssembleOp::create(b, op.getLoc(), getTensorType(pieceDims, type.getElementType()), pieces,
                                      b.getArrayAttr(offsets), /*border=*/TypedAttr());
    SmallVector<int64_t> permutation;
    for (int64_t d = 0, rank = dims.size(); d < rank; ++d)
      permutation.push_back(d < axis ? d + 1 : d == axis ? 0 : d);
    SmallVector<Value> inputs(op.getInputs());
    op.replaceAllUsesWith(
        TransposeOp::create(b, op.getLoc(), stacked.getResult(), b.getDenseI64ArrayAttr(permutation))
            .getResult());
    op.erase();
    for (Value v : inputs)
      if (auto inner = v.getDefiningOp<ReshapeOp>(); inner && inner->use_empty()) inner.erase();
    return success();
  }

  LogicalResult rewritePad(PadOp op) {
    if (op.getMode() != PadMode::constant || (op.getValue() && !constantValue(op.getValue())))
      return failure();
    ArrayRef<DimExpr> low = op.getLow().getDims();
    SmallVector<DimExpr> in = getDims(op.getOperand()), out = getDims(op.getResult());
    int64_t last = -1;
    for (auto [d, l] : llvm::enumerate(low)) {
      // Of symbolic sizes only those are known that differ by a constant.
      auto lowValue = dimValue(l), high = dimValue(dimSimplify(out[d] - in[d] - l));
      if (!lowValue || !high || *lowValue < 0 || *high < 0) return failure();
      if (*lowValue || *high) last = d;
    }
    if (last < 0 || !hasLongRuns(op.getOperand(), last)) return failure();
    SmallVector<Part> parts{{op.getOperand(), SmallVector<DimExpr>(low)}};
    Type elementType = getElementTypeOrSelf(op.getType());
    auto border = op.getValue() ? constantValue(op.getValue())
                                : cast<ElementsAttr>(DenseElementsAttr::get(
                                      RankedTensorType::get({}, elementType), b.getZeroAttr(elementType)));
    fillBorder(op, border, in, out, parts);
    Value fill = op.getValue();
    auto values = dyn_cast<DenseElementsAttr>(border);
    replace(op, parts, values ? values.getValues<TypedAttr>()[0] : TypedAttr());
    if (fill && fill.use_empty()) fill.getDefiningOp()->erase();
    return success();
  }

  /// One kernel fills the slabs in front of and behind the interior, outermost dimension first; inner slabs
  /// span the interior of outer dimensions.
  void fillBorder(PadOp op, ElementsAttr fill, ArrayRef<DimExpr> in, ArrayRef<DimExpr> out,
                  SmallVectorImpl<Part> &parts) {
    ArrayRef<DimExpr> low = op.getLow().getDims();
    Type elementType = cast<RankedTensorType>(op.getType()).getElementType();
    DimExpr zero = dimConstant(b.getContext(), 0);
    SmallVector<DimExpr> offset(out.size(), zero), size(out);
    SmallVector<Type> types;
    SmallVector<SmallVector<DimExpr>> offsets;
    auto slab = [&](size_t d, DimExpr begin, DimExpr extent) {
      if (dimValue(extent) == 0) return;
      offset[d] = begin;
      size[d] = extent;
      types.push_back(getTensorType(size, elementType));
      offsets.push_back(offset);
    };
    for (size_t d = 0; d < out.size(); ++d) {
      DimExpr end = dimSimplify(low[d] + in[d]);
      slab(d, zero, low[d]);
      slab(d, end, dimSimplify(out[d] - end));
      offset[d] = low[d];
      size[d] = in[d];
    }
    auto kernel = KernelOp::create(b, op.getLoc(), types, kernelName({op}), ValueRange());
    {
      OpBuilder::InsertionGuard guard(b);
      b.createBlock(&kernel.getBody());
      Value scalar = ConstantOp::create(b, op.getLoc(), fill);
      SmallVector<Value> slabs;
      for (Type t : types)
        slabs.push_back(ExpandOp::create(b, op.getLoc(), t, scalar));
      YieldOp::create(b, op.getLoc(), slabs);
    }
    for (auto [value, o] : llvm::zip(kernel.getResults(), offsets))
      parts.push_back({value, o});
  }

  func::FuncOp func;
  OpBuilder b;
};

struct FormAssemblesPass : girih::impl::FormAssemblesBase<FormAssemblesPass> {
  void runOnOperation() override {
    if (!getOperation().isExternal()) numAssembles += AssembleBuilder(getOperation()).run();
  }
};

} // namespace
