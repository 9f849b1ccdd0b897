// How a value lies that a schedule packs: a map from its indices to those of what it is packed into, which is
// dense. Each dimension is there once as a whole, or split into blocks: its number by floordiv, and the
// place in it by mod. What is behind the end of the last block of a constant is zero.
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Diagnostics.h"

namespace girih {

/// Fails with the reason if `layout` has another form.
mlir::LogicalResult verifyLayout(llvm::function_ref<mlir::InFlightDiagnostic()> error,
                                 mlir::AffineMap layout);

/// How many times its elements what is packed may take: those of a block, which a vector may have as lanes,
/// for one that is there.
constexpr int64_t kMostPadding = 64;

/// Where index i of a dimension is: at i / block * outer + i % block * inner, in elements. A whole dimension
/// has blocks of one.
struct LayoutDim {
  int64_t block = 1, outer = 0, inner = 0;

  /// How far apart neighbours of one block are.
  int64_t getStride() const { return block == 1 ? outer : inner; }
};

/// The dimensions of `layout` for what has this `shape`. `elements` is set to those of what it is packed
/// into, the largest number if that holds no more.
llvm::SmallVector<LayoutDim> getLayoutDims(mlir::AffineMap layout, llvm::ArrayRef<int64_t> shape,
                                           int64_t *elements = nullptr);

} // namespace girih
