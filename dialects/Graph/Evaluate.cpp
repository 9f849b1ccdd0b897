#include "dialects/Graph/Evaluate.h"
#include "dialects/Graph/EvaluateRules.h"

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

  HostResult result = failure();
  auto evaluateClass = [&](auto o)
    requires requires { evaluate(o, in); }
  { result = evaluate(o, in); };
  GraphOpClasses::visit(op, evaluateClass);
  if (failed(result)) return failure();
  return result->toAttr();
}

} // namespace girih
