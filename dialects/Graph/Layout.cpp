#include "dialects/Graph/Layout.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace girih {

/// A result of a layout: a dimension, and by what it is divided (1: it is there as a whole).
struct LayoutResult {
  unsigned dim;
  int64_t block;
  AffineExprKind kind;
};

static std::optional<LayoutResult> getResult(AffineExpr e) {
  if (auto d = dyn_cast<AffineDimExpr>(e)) return LayoutResult{d.getPosition(), 1, AffineExprKind::DimId};
  auto divided = dyn_cast<AffineBinaryOpExpr>(e);
  if (!divided || (divided.getKind() != AffineExprKind::FloorDiv && divided.getKind() != AffineExprKind::Mod))
    return std::nullopt;
  auto d = dyn_cast<AffineDimExpr>(divided.getLHS());
  auto by = dyn_cast<AffineConstantExpr>(divided.getRHS());
  if (!d || !by) return std::nullopt;
  return LayoutResult{d.getPosition(), by.getValue(), divided.getKind()};
}

LogicalResult verifyLayout(llvm::function_ref<InFlightDiagnostic()> error, AffineMap layout) {
  /// Larger ones say no more, and sizes must not overflow.
  constexpr int64_t kMostBlock = int64_t(1) << 40;
  auto where = [&]() { return error() << "layout " << AffineMapAttr::get(layout) << " "; };
  if (layout.getNumSymbols()) return where() << "has symbols";
  SmallVector<SmallVector<LayoutResult, 2>> of(layout.getNumDims());
  for (AffineExpr e : layout.getResults()) {
    auto result = getResult(e);
    if (!result) {
      std::string text;
      llvm::raw_string_ostream(text) << e;
      return where() << "has '" << text << "', which is no dimension, nor one floordiv or mod a number";
    }
    if (result->kind != AffineExprKind::DimId && (result->block < 2 || result->block > kMostBlock))
      return where() << "divides d" << result->dim << " by " << result->block << ", expected 2 to "
                     << kMostBlock;
    of[result->dim].push_back(*result);
  }
  for (auto [d, results] : llvm::enumerate(of)) {
    bool isWhole = results.size() == 1 && results[0].kind == AffineExprKind::DimId;
    bool isSplit =
        results.size() == 2 && results[0].kind != results[1].kind && results[0].block == results[1].block;
    if (!isWhole && !isSplit)
      return where() << "must have d" << d << " once, or both its floordiv and its mod by one number";
  }
  return success();
}

SmallVector<LayoutDim> getLayoutDims(AffineMap layout, ArrayRef<int64_t> shape, int64_t *elements) {
  SmallVector<LayoutDim> dims(layout.getNumDims());
  int64_t stride = 1;
  for (AffineExpr e : llvm::reverse(layout.getResults())) {
    LayoutResult result = *getResult(e);
    LayoutDim &dim = dims[result.dim];
    int64_t extent = shape[result.dim];
    dim.block = result.block;
    if (result.kind == AffineExprKind::Mod) {
      dim.inner = stride, extent = result.block;
    } else {
      dim.outer = stride, extent = llvm::divideCeil(extent, result.block);
    }
    if (llvm::MulOverflow(stride, extent, stride)) stride = INT64_MAX;
  }
  if (elements) *elements = stride;
  return dims;
}

} // namespace girih
