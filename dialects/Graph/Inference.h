// Size arithmetic shared by builders, import, shape inference and verifiers: one formula for each rule of
// broadcasting, windows and concatenation, over symbolic dimensions.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/Support/LLVM.h"

namespace girih {

/// Two sizes that must be equal. A constant is preferred to a symbol; two different expressions are taken to
/// be equal (see DimAssumptions). Fails where they cannot be: different constants, `6 * n` and 7, `s` and
/// `s + 1`.
mlir::FailureOr<DimExpr> unifyDims(DimExpr a, DimExpr b);
/// While one lives, it collects the pairs of different sizes that unifyDims takes to be equal on this thread.
class DimAssumptions {
public:
  using Pair = std::pair<DimExpr, DimExpr>;
  DimAssumptions();
  ~DimAssumptions();
  DimAssumptions(const DimAssumptions &) = delete;
  llvm::ArrayRef<Pair> getPairs() const { return pairs.getArrayRef(); }

private:
  friend mlir::FailureOr<DimExpr> unifyDims(DimExpr a, DimExpr b);
  DimAssumptions *outer;
  llvm::SetVector<Pair> pairs;
};

/// What a valid op takes to be equal: the runtime must refuse inputs for which it is not.
llvm::SmallVector<DimAssumptions::Pair> getDimAssumptions(mlir::Operation *op);

/// NumPy broadcasting of one pair of sizes: equal ones match, 1 stretches.
mlir::FailureOr<DimExpr> broadcastDim(DimExpr a, DimExpr b);
/// NumPy broadcasting of two shapes, aligned at the last dimension.
mlir::FailureOr<llvm::SmallVector<DimExpr>> broadcastDims(llvm::ArrayRef<DimExpr> a,
                                                          llvm::ArrayRef<DimExpr> b);
/// Whether `from` broadcasts to exactly `to`.
bool isBroadcastableTo(llvm::ArrayRef<DimExpr> from, llvm::ArrayRef<DimExpr> to);

/// Positions of a sliding window: (in + padBegin + padEnd - (dilation * (kernel - 1) + 1)) / stride + 1,
/// rounded down, or with `ceil` up, where (as in ONNX) no window may begin behind the input and its left
/// padding.
DimExpr windowOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin,
                        int64_t padEnd, bool ceil = false);
/// Output size of a transposed convolution.
DimExpr convTransposeOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin,
                               int64_t padEnd, int64_t outputPadding);
/// Elements of a strided slice [start, end) with `step` != 0; never negative.
DimExpr sliceOutputDim(DimExpr start, DimExpr end, int64_t step);

/// `[1, seq]`, for messages.
std::string dimsToString(llvm::ArrayRef<DimExpr> dims);

} // namespace girih
