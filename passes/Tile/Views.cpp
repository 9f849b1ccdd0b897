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

/// The view with each group of dimensions split into `expanded` sizes.
static MemoryView expandView(const MemoryView &v, ArrayRef<ReassociationIndices> groups,
                             ArrayRef<DimExpr> expanded) {
  MemoryView r{v.buffer, v.element, llvm::to_vector(expanded), SmallVector<DimExpr>(expanded.size())};
  DimExpr one = dimConstant(v.element.getContext(), 1);
  llvm::fill(r.strides, one);
  for (auto [d, group] : llvm::enumerate(groups)) {
    DimExpr s = v.strides[d];
    for (int64_t i : llvm::reverse(group)) {
      r.strides[i] = s;
      s = dimSimplify(s * expanded[i]);
    }
  }
  return r;
}

static MemoryView collapseView(const MemoryView &v, ArrayRef<ReassociationIndices> groups,
                               ArrayRef<DimExpr> collapsed) {
  MemoryView r{v.buffer, v.element, llvm::to_vector(collapsed), {}};
  for (auto &group : groups) {
    // Size-1 dimensions have arbitrary strides; the innermost real one carries the group.
    DimExpr s = v.strides[group.back()];
    for (int64_t i : llvm::reverse(group))
      if (v.sizes[i] != 1) {
        s = v.strides[i];
        break;
      }
    r.strides.push_back(s);
  }
  return r;
}

BlockArgument getViewedArgument(Value value) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return dyn_cast<BlockArgument>(value);
}

MemoryView getOperandView(KernelOp kernel, Value value) {
  if (auto expand = value.getDefiningOp<tensor::ExpandShapeOp>())
    return expandView(getOperandView(kernel, expand.getSrc()), expand.getReassociationIndices(),
                      getDims(expand.getResultType()));
  if (auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>())
    return collapseView(getOperandView(kernel, collapse.getSrc()), collapse.getReassociationIndices(),
                        getDims(collapse.getResultType()));
  auto arg = cast<BlockArgument>(value);
  return viewOf(kernel, arg.getArgNumber(), cast<RankedTensorType>(arg.getType()));
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
    } else {
      return v;
    }
  }
}

} // namespace girih
