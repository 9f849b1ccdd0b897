#include "dialects/Graph/Inference.h"
#include "dialects/Graph/Graph.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

FailureOr<DimExpr> unifyDims(DimExpr a, DimExpr b) {
  if (a == b) return a;
  auto va = dimValue(a), vb = dimValue(b);
  if (va && vb) return failure();
  if (va || vb) return va ? a : b;
  auto difference = dimValue(dimSimplify(a - b));
  if (difference && *difference != 0) return failure();
  return a;
}

FailureOr<DimExpr> broadcastDim(DimExpr a, DimExpr b) {
  if (dimValue(a) == 1) return b;
  if (dimValue(b) == 1) return a;
  return unifyDims(a, b);
}

FailureOr<SmallVector<DimExpr>> broadcastDims(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  if (a.size() < b.size()) std::swap(a, b);
  SmallVector<DimExpr> out(a);
  for (auto [o, d] : llvm::zip_equal(MutableArrayRef(out).take_back(b.size()), b)) {
    FailureOr<DimExpr> r = broadcastDim(o, d);
    if (failed(r)) return failure();
    o = *r;
  }
  return out;
}

bool isBroadcastableTo(ArrayRef<DimExpr> from, ArrayRef<DimExpr> to) {
  if (from.size() > to.size()) return false;
  return llvm::all_of(llvm::zip_equal(from, to.take_back(from.size())), [](auto pair) {
    auto [f, t] = pair;
    return dimValue(f) == 1 || succeeded(unifyDims(f, t));
  });
}

DimExpr windowOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin, int64_t padEnd,
                        bool ceil) {
  DimExpr last = in + padBegin + padEnd - (kernel - 1) * dilation - 1;
  if (!ceil) return dimSimplify(last.floorDiv(stride) + 1);
  return dimMin(last.ceilDiv(stride) + 1, (in + padBegin).ceilDiv(stride));
}

DimExpr convTransposeOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin, int64_t padEnd,
                               int64_t outputPadding) {
  return dimSimplify((in - 1) * stride + (kernel - 1) * dilation + 1 + outputPadding - padBegin - padEnd);
}

DimExpr sliceOutputDim(DimExpr start, DimExpr end, int64_t step) {
  DimExpr span = step > 0 ? end - start : start - end;
  DimExpr zero = dimConstant(start.getContext(), 0);
  // Rounding up what is negative could give no more than 0, so clamping the quotient is the same as clamping the span.
  return dimMax(dimSimplify(span.ceilDiv(step > 0 ? step : -step)), zero);
}

std::string dimsToString(ArrayRef<DimExpr> dims) {
  return "[" + llvm::join(llvm::map_range(dims, dimToString), ", ") + "]";
}

bool isGraphElementType(Type type) {
  if (auto i = dyn_cast<IntegerType>(type)) {
    unsigned w = i.getWidth();
    return w == 1 ? i.isSignless() : !i.isSigned() && (w == 8 || w == 16 || w == 32 || w == 64);
  }
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

} // namespace girih
