// What the files of the constant evaluator share: one function a family of ops. Private to this library.
#pragma once

#include "dialects/Graph/Graph.h"
#include "dialects/Graph/HostTensor.h"

namespace girih {

using HostOperands = llvm::ArrayRef<HostTensor>;
using HostResult = mlir::FailureOr<HostTensor>;

/// The op's result type; static.
inline mlir::RankedTensorType resultType(mlir::Operation *op) {
  return mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
}

HostResult evaluate(UnaryOp op, HostOperands in);
HostResult evaluate(BinaryOp op, HostOperands in);
HostResult evaluate(WhereOp op, HostOperands in);
HostResult evaluate(CastOp op, HostOperands in);

HostResult evaluate(MatMulOp op, HostOperands in);
HostResult evaluate(ReduceOp op, HostOperands in);
HostResult evaluate(ArgReduceOp op, HostOperands in);
HostResult evaluate(CumSumOp op, HostOperands in);

HostResult evaluate(TransposeOp op, HostOperands in);
HostResult evaluate(ReshapeOp op, HostOperands in);
HostResult evaluate(ExpandOp op, HostOperands in);
HostResult evaluate(SliceOp op, HostOperands in);
HostResult evaluate(PadOp op, HostOperands in);
HostResult evaluate(ConcatOp op, HostOperands in);
HostResult evaluate(TileOp op, HostOperands in);
HostResult evaluate(ShapeOp op, HostOperands in);
HostResult evaluate(RangeOp op, HostOperands in);
HostResult evaluate(TriluOp op, HostOperands in);

HostResult evaluate(GatherOp op, HostOperands in);
HostResult evaluate(GatherElementsOp op, HostOperands in);
HostResult evaluate(GatherNDOp op, HostOperands in);
HostResult evaluate(ScatterElementsOp op, HostOperands in);
HostResult evaluate(ScatterNDOp op, HostOperands in);
HostResult evaluate(OneHotOp op, HostOperands in);

/// One element-wise function on two elements; fails where the result is not defined.
mlir::FailureOr<double> applyFloat(BinaryFn fn, double a, double b);
mlir::FailureOr<int64_t> applyInt(BinaryFn fn, int64_t a, int64_t b, const ElementAccess &type);

} // namespace girih
