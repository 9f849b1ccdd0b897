// Two reductions over the same elements, of which the second needs what the first comes to: as they stand,
// the elements are gone through twice.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace girih {

struct ReductionChain {
  /// The second sums up exponentials of differences from the maximum, or squares of differences from the
  /// mean.
  enum Kind { softmax, moments } kind;
  mlir::linalg::GenericOp first, second;
  mlir::linalg::GenericOp elements; // computes what the second sums up; null: its own body does
  mlir::Value source;               // what both read
  mlir::Value center;               // the maximum, or the mean
  int64_t count;                    // of elements; 0 if only a run knows
};

/// The chain that begins with this reduction.
std::optional<ReductionChain> getChain(mlir::linalg::GenericOp first);

/// Makes one reduction of a softmax's two. Its state is the largest element so far, and the sum of
/// exponentials of differences from that.
void sumOnline(const ReductionChain &softmax);

/// The means of parts of the elements, whose sums are `sums`. Parts are of one size, and the first dimension.
mlir::Value createMeans(mlir::OpBuilder &b, const ReductionChain &moments, mlir::Value sums);
/// The second reduction's value, from the parts' sums and their squares about their own means.
mlir::Value createSquares(mlir::OpBuilder &b, const ReductionChain &moments, mlir::Value sums,
                          mlir::Value squares);

} // namespace girih
