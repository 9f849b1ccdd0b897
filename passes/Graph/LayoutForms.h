// Values that are transposes of others, written out only where they must be.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace girih {

using Permutation = llvm::SmallVector<int64_t>;

Permutation identityPermutation(int64_t rank);
Permutation inversePermutation(llvm::ArrayRef<int64_t> p);
/// Result i is a[b[i]].
Permutation composePermutations(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);
bool isIdentityPermutation(llvm::ArrayRef<int64_t> p);
/// The channels-first tensor's dimension i is the channels-last tensor's dimension [i].
Permutation channelsLastPermutation(int64_t rank);
/// A transpose by `p` moves only dimensions of size 1.
bool keepsOrder(llvm::ArrayRef<DimExpr> dims, llvm::ArrayRef<int64_t> p);
/// The type of `u` where the value of this type has its dimension i at p[i] of u.
mlir::RankedTensorType sourceType(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> p);

/// A value whose dimension i is dimension permutation[i] of `source`. `preferred`: a window op made the
/// source, so it is worth keeping its order.
struct Form {
  mlir::Value source;
  Permutation permutation;
  bool preferred = false;
  bool isPlain() const { return isIdentityPermutation(permutation); }
};

/// The forms of the values seen so far, and the transposes written out. Works in one block, from top to
/// bottom.
class LayoutForms {
public:
  explicit LayoutForms(mlir::OpBuilder &b) : b(b) {}

  Form get(mlir::Value v) const;
  void set(mlir::Value v, Form form) { forms[v] = std::move(form); }
  /// The value itself, at the builder's position.
  mlir::Value plain(mlir::Value v, mlir::Location loc);
  /// `u` such that dimension i of `v` is dimension p[i] of `u`.
  mlir::Value inForm(mlir::Value v, llvm::ArrayRef<int64_t> p, mlir::Location loc);
  /// Result dimension i is dimension p[i] of `source`; the same op for the same request.
  mlir::Value transposed(mlir::Value source, llvm::ArrayRef<int64_t> p, mlir::Location loc);
  unsigned getNumTransposes() const { return numTransposes; }

private:
  mlir::OpBuilder &b;
  llvm::DenseMap<mlir::Value, Form> forms;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::pair<Permutation, mlir::Value>, 1>> written;
  unsigned numTransposes = 0;
};

} // namespace girih
