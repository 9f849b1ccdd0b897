#include "passes/Buffers/Strides.h"
#include "passes/Tile/KernelFunction.h"

using namespace mlir;

namespace girih {

PlaceAttr Place::toAttr() const {
  MLIRContext *ctx = offset.getContext();
  return PlaceAttr::get(ctx, buffer, DimsAttr::get(ctx, offset), DimsAttr::get(ctx, strides));
}

Place Place::fromAttr(PlaceAttr attr) {
  return {attr.getBuffer(), attr.getOffset().getDims().front(), llvm::to_vector(attr.getStrides().getDims())};
}

bool isDense(ArrayRef<DimExpr> dims, ArrayRef<DimExpr> strides) {
  if (dims.empty()) return true;
  for (auto [d, s, dense] : llvm::zip(dims, strides, getDenseStrides(dims.front().getContext(), dims)))
    if (dimValue(d) != 1 && dimSimplify(s) != dense) return false;
  return true;
}

bool isUniform(ArrayRef<DimExpr> dims, ArrayRef<DimExpr> strides, DimExpr &step) {
  DimExpr next; // the stride that the next dimension outwards must have
  for (auto [d, s] : llvm::reverse(llvm::zip(dims, strides))) {
    if (dimValue(d) == 1) continue;
    if (!next) {
      step = s;
    } else if (dimSimplify(s) != next) {
      return false;
    }
    next = dimSimplify(s * d);
  }
  return true;
}

std::optional<SmallVector<DimExpr>> reshapeStrides(ArrayRef<DimExpr> from, ArrayRef<DimExpr> strides,
                                                   ArrayRef<DimExpr> to) {
  if (to.empty()) return SmallVector<DimExpr>();
  MLIRContext *ctx = to.front().getContext();
  if (isDense(from, strides)) return getDenseStrides(ctx, to);
  SmallVector<DimExpr> result;
  // Both shapes fall into groups of the same number of elements: each of `from`'s must be uniform, then any
  // shape fits on it.
  while (!from.empty() || !to.empty()) {
    auto findGroup = [&]() -> std::pair<size_t, size_t> {
      for (size_t sum = 1; sum <= from.size() + to.size(); ++sum)
        for (size_t a = 0; a <= std::min(sum, from.size()); ++a)
          if (size_t b = sum - a;
              b <= to.size() && dimProduct(ctx, from.take_front(a)) == dimProduct(ctx, to.take_front(b)))
            return {a, b};
      return {0, 0};
    };
    auto [a, b] = findGroup();
    if (a + b == 0) return std::nullopt;
    DimExpr step = dimConstant(ctx, 1);
    if (!isUniform(from.take_front(a), strides.take_front(a), step)) return std::nullopt;
    for (DimExpr s : getDenseStrides(ctx, to.take_front(b)))
      result.push_back(dimSimplify(s * step));
    from = from.drop_front(a), strides = strides.drop_front(a), to = to.drop_front(b);
  }
  return result;
}

} // namespace girih
