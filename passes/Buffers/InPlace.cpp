#include "passes/Buffers/InPlace.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace girih {

/// Whether every use of `value` leads to the same element of the kernel's result.
static bool isPointwise(Value value) {
  return llvm::all_of(value.getUses(), [](OpOperand &use) {
    if (isa<YieldOp>(use.getOwner())) return true;
    auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!op || op.getNumReductionLoops() || op.getNumDpsInits() != 1 || !op.isDpsInput(&use)) return false;
    AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    return op.getMatchingIndexingMap(&use) == written && isPointwise(op.getResult(0));
  });
}

SmallVector<int64_t> getOverwritableInputs(KernelOp kernel) {
  SmallVector<int64_t> inputs;
  if (kernel.getNumResults() != 1) return inputs;
  for (BlockArgument argument : kernel.getBody().getArguments())
    if (!argument.use_empty() && isPointwise(argument)) inputs.push_back(argument.getArgNumber());
  return inputs;
}

} // namespace girih
