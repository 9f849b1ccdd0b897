// What the files of interpolation share.
#pragma once

#include "passes/GraphToLinalg/Lowering.h"

namespace girih {

/// A dimension that is interpolated.
struct ResizeAxis {
  unsigned dim;
  DimExpr in, out;
  std::optional<double> scale; // null: out / in, known at run time
  bool isGiven = false;        // the model gives the scale, not the result's size
  double roiStart = 0, roiEnd = 1;
};

/// The input coordinate of output element `x`, a float, in its type.
mlir::Value emitResizeCoordinate(Body &b, ResizeOp op, const ResizeAxis &axis, mlir::Value x);
/// A whole float, limited to [0, n), as an index.
mlir::Value emitWholeIndex(Body &b, mlir::Value v, DimExpr n);
/// Whether a coordinate lies beyond the centres of the outermost elements.
mlir::Value emitIsOutside(Body &b, mlir::Value coordinate, const ResizeAxis &axis);

/// The input element that is nearest to output element `index`, and, for crops that may reach beyond the
/// input, whether that one lies outside (else null).
std::pair<mlir::Value, mlir::Value> emitNearest(Body &b, ResizeOp op, const ResizeAxis &axis,
                                                mlir::Value index);

} // namespace girih
