// Places of tensors in buffers, with symbolic strides, and how they change when a tensor is seen in another
// shape.
#pragma once

#include "dialects/Graph/Graph.h"

namespace girih {

/// The C++ side of #girih.place.
struct Place {
  int64_t buffer;
  DimExpr offset; // elements
  llvm::SmallVector<DimExpr> strides;

  PlaceAttr toAttr() const;
  static Place fromAttr(PlaceAttr attr);
};

/// Whether strides are those of a dense row-major tensor. Strides of dimensions of size 1 do not count.
bool isDense(llvm::ArrayRef<DimExpr> dims, llvm::ArrayRef<DimExpr> strides);

/// Whether the dimensions are one run of equidistant elements; `step` gets the distance.
bool isUniform(llvm::ArrayRef<DimExpr> dims, llvm::ArrayRef<DimExpr> strides, DimExpr &step);

/// Strides for `to` such that its elements, in row-major order, have the addresses of `from`'s with
/// `strides`; none where no strides say that, or where sizes are too symbolic to tell.
std::optional<llvm::SmallVector<DimExpr>>
reshapeStrides(llvm::ArrayRef<DimExpr> from, llvm::ArrayRef<DimExpr> strides, llvm::ArrayRef<DimExpr> to);

} // namespace girih
