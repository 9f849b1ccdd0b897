// Size arithmetic shared by builders, import, shape inference and verifiers: one formula for each rule of
// broadcasting, windows and concatenation, over symbolic dimensions.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Support/LLVM.h"

namespace girih {

/// A relation of sizes that a valid op needs and that only a run's inputs tell: the runtime refuses inputs
/// for which it does not hold (CheckAttr).
struct DimCheck {
  CheckKind kind;
  DimExpr first, second;
};

/// Whether the relation holds of (b, a) if it holds of (a, b).
inline bool isSymmetric(CheckKind kind) {
  return kind == CheckKind::equal || kind == CheckKind::broadcast;
}

/// While one lives, it collects the relations that the functions below take to hold on this thread.
class DimChecks {
public:
  DimChecks();
  ~DimChecks();
  DimChecks(const DimChecks &) = delete;
  llvm::ArrayRef<DimCheck> get() const { return checks; }
  void add(CheckKind kind, DimExpr first, DimExpr second);

private:
  DimChecks *outer;
  llvm::SmallVector<DimCheck> checks;
};

/// What a valid op needs of sizes beyond what can be proved.
llvm::SmallVector<DimCheck> getDimChecks(mlir::Operation *op);

/// Two sizes that must be equal. A constant is preferred to a symbol; two different expressions are taken to
/// be equal. Fails where they cannot be: different constants, `6 * n` and 7, `s` and `s + 1`.
mlir::FailureOr<DimExpr> unifyDims(DimExpr a, DimExpr b);
/// A size that must not be larger than another one. Fails where it is for all values of the symbols.
mlir::LogicalResult requireAtMost(DimExpr a, DimExpr b);
/// NumPy broadcasting of one pair of sizes: equal ones match, 1 stretches. Which of two symbols does, the run
/// will tell.
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
