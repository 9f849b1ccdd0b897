#include "dialects/Graph/Evaluate.h"
#include "dialects/Graph/EvaluateRules.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

static constexpr int64_t resultLimit = 64 << 20;

FailureOr<ElementsAttr> evaluateConstant(Operation *op, ArrayRef<ElementsAttr> operands) {
  if (op->getNumResults() != 1 || operands.size() != op->getNumOperands()) return failure();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  std::optional<int64_t> bytes = type ? constantBytes(type) : std::nullopt;
  if (!bytes) return failure();
  SmallVector<HostTensor> in;
  int64_t inputBytes = 0;
  for (auto [attr, value] : llvm::zip_equal(operands, op->getOperands())) {
    if (!attr || attr.getType() != value.getType()) return failure();
    FailureOr<HostTensor> t = HostTensor::read(attr);
    if (failed(t)) return failure();
    inputBytes += *constantBytes(attr.getShapedType());
    in.push_back(std::move(*t));
  }
  if (*bytes > std::max(resultLimit, inputBytes)) return failure();

  HostResult result =
      llvm::TypeSwitch<Operation *, HostResult>(op)
          .Case<UnaryOp, BinaryOp, WhereOp, CastOp, MatMulOp, ReduceOp, ArgReduceOp, CumSumOp, TransposeOp,
                ReshapeOp, ExpandOp, SliceOp, PadOp, ConcatOp, TileOp, ShapeOp, RangeOp, TriluOp, GatherOp,
                GatherElementsOp, GatherNDOp, ScatterElementsOp, ScatterNDOp, OneHotOp>(
              [&](auto concrete) { return evaluate(concrete, in); })
          .Default([](Operation *) { return failure(); });
  if (failed(result)) return failure();
  return result->toAttr();
}

} // namespace girih
