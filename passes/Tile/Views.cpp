// Operands and results of kernels as memory: places, seen through reshapes.
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"

using namespace mlir;

namespace girih {

static MemoryView viewOf(KernelOp kernel, unsigned buffer, RankedTensorType type) {
  MemoryView v{buffer, type.getElementType(), getDims(type), {}};
  if (ArrayAttr places = kernel.getPlacesAttr()) {
    auto place = cast<PlaceAttr>(places[buffer]);
    v.strides = llvm::to_vector(place.getStrides().getDims());
    v.layout = place.getLayout();
  } else {
    v.strides = getDenseStrides(kernel.getContext(), v.sizes);
  }
  return v;
}

/// Strides, or other factors of indices, with each group of dimensions split into `expanded` sizes.
static SmallVector<DimExpr> expand(ArrayRef<DimExpr> strides, ArrayRef<ReassociationIndices> groups,
                                   ArrayRef<DimExpr> expanded) {
  SmallVector<DimExpr> out(expanded.size());
  for (auto [d, group] : llvm::enumerate(groups)) {
    DimExpr s = strides[d];
    for (int64_t i : llvm::reverse(group)) {
      out[i] = s;
      s = dimSimplify(s * expanded[i]);
    }
  }
  return out;
}

static SmallVector<DimExpr> collapse(ArrayRef<DimExpr> strides, ArrayRef<ReassociationIndices> groups,
                                     ArrayRef<DimExpr> sizes) {
  SmallVector<DimExpr> out;
  for (auto &group : groups) {
    // Size-1 dimensions have arbitrary strides; the innermost real one carries the group.
    DimExpr s = strides[group.back()];
    for (int64_t i : llvm::reverse(group))
      if (sizes[i] != 1) {
        s = strides[i];
        break;
      }
    out.push_back(s);
  }
  return out;
}

static MemoryView expandView(MemoryView v, ArrayRef<ReassociationIndices> groups,
                             ArrayRef<DimExpr> expanded) {
  v.strides = expand(v.strides, groups, expanded);
  for (Cut &cut : v.cuts)
    cut.factors = expand(cut.factors, groups, expanded);
  v.sizes = llvm::to_vector(expanded), v.layout = {};
  // A scalar's dimensions belong to no group.
  for (DimExpr &s : v.strides)
    if (!s) s = dimConstant(v.element.getContext(), 1);
  return v;
}

static MemoryView collapseView(MemoryView v, ArrayRef<ReassociationIndices> groups,
                               ArrayRef<DimExpr> collapsed) {
  v.strides = collapse(v.strides, groups, v.sizes);
  for (Cut &cut : v.cuts)
    cut.factors = collapse(cut.factors, groups, v.sizes);
  v.sizes = llvm::to_vector(collapsed), v.layout = {};
  return v;
}

SmallVector<Idx> getInside(tensor::PadOp pad, ArrayRef<Idx> indices) {
  SmallVector<Idx> inside(indices);
  for (auto [i, low] : llvm::zip(inside, pad.getStaticLow()))
    i.lin.constant = dimSimplify(i.lin.constant - low);
  return inside;
}

BlockArgument getViewedArgument(Value value) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return dyn_cast<BlockArgument>(value);
}

static MemoryView getUnpackedView(KernelOp kernel, Value value) {
  if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>())
    return expandView(getUnpackedView(kernel, expand.getSrc()), expand.getReassociationIndices(),
                      getDims(expand.getResultType()));
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>())
    return collapseView(getUnpackedView(kernel, collapse.getSrc()), collapse.getReassociationIndices(),
                        getDims(collapse.getResultType()));
  auto arg = cast<BlockArgument>(value);
  return viewOf(kernel, arg.getArgNumber(), cast<RankedTensorType>(arg.getType()));
}

MemoryView getOperandView(KernelOp kernel, Value value, const OperandLayouts *layouts) {
  MemoryView view = getUnpackedView(kernel, value);
  if (layouts && (*layouts)[view.buffer]) view.layout = (*layouts)[view.buffer];
  return view;
}

SmallVector<LayoutDim> getLayoutDims(AffineMap layout, ArrayRef<DimExpr> sizes, DimExpr *elements) {
  auto known = llvm::map_to_vector(sizes, [](DimExpr d) { return dimValue(d).value_or(1); });
  int64_t count;
  SmallVector<LayoutDim> dims = getLayoutDims(layout, known, &count);
  if (!elements) return dims;
  *elements = dimConstant(layout.getContext(), count);
  for (auto [size, dim] : llvm::zip_equal(sizes, dims))
    if (!dimValue(size)) *elements = dimSimplify(*elements * size.ceilDiv(dim.block));
  return dims;
}

MemoryView getResultView(KernelOp kernel, unsigned result, Value &value) {
  value = kernel.getBody().front().getTerminator()->getOperand(result);
  MemoryView v = viewOf(kernel, kernel.getInputs().size() + result, cast<RankedTensorType>(value.getType()));
  while (true) {
    if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>()) {
      value = collapse.getSrc();
      v = expandView(v, collapse.getReassociationIndices(), getDims(value));
    } else if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>()) {
      value = expand.getSrc();
      v = collapseView(v, expand.getReassociationIndices(), getDims(value));
    } else if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>()) {
      value = slice.getSource();
      SmallVector<DimExpr> kept = std::exchange(v.sizes, getDims(value));
      DimExpr zero = dimConstant(kernel.getContext(), 0);
      for (auto [d, size, whole] : llvm::enumerate(kept, v.sizes)) {
        if (size == whole) continue;
        Cut &cut = v.cuts.emplace_back(Cut{SmallVector<DimExpr>(kept.size(), zero), size});
        cut.factors[d] = dimConstant(kernel.getContext(), 1);
      }
    } else {
      return v;
    }
  }
}

} // namespace girih
