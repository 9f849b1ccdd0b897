// Ops on constants are evaluated, in one sweep.
#include "dialects/Graph/Evaluate.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/LayoutForms.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Rewrite.h"

namespace girih {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

int64_t byteSize(ShapedType type) {
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// The result is worth storing: small, or not much larger than what it replaces.
bool isWorthStoring(Operation *op, ArrayRef<ElementsAttr> operands, int64_t growthLimit) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape()) return false;
  int64_t operandBytes = 0;
  for (ElementsAttr value : operands)
    operandBytes += byteSize(value.getShapedType());
  int64_t bytes = byteSize(type);
  return bytes <= growthLimit || bytes <= 2 * operandBytes;
}

/// A weight that others read as it is, such as a tied embedding, stays one: products read it transposed.
bool readTransposed(Operation *op) {
  auto transpose = dyn_cast<TransposeOp>(op);
  if (!transpose || transpose.getOperand().hasOneUse()) return false;
  Permutation p(transpose.getPermutation()), swapped = identityPermutation(p.size());
  if (p.size() < 2) return false;
  std::swap(swapped[p.size() - 2], swapped[p.size() - 1]);
  bool isRead = p == swapped && llvm::all_of(op->getUses(), [](OpOperand &use) {
                  auto product = dyn_cast<MatMulOp>(use.getOwner());
                  return product && use == product.getRhsMutable();
                });
  if (!isRead) return false;
  for (Operation *user : llvm::to_vector(op->getUsers())) {
    auto product = cast<MatMulOp>(user);
    product.getRhsMutable().set(transpose.getOperand());
    product.setTransposeRhs(!product.getTransposeRhs());
  }
  return true;
}

struct FoldConstantsPass : girih::impl::FoldConstantsBase<FoldConstantsPass> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    if (getOperation().isExternal()) return;
    Block &body = getOperation().getBody().front();
    OpBuilder b(&getContext());
    for (Operation &op : llvm::make_early_inc_range(body)) {
      if (isa<ConstantOp>(op) || op.getNumResults() != 1 || !isPure(&op)) continue;
      auto operands = llvm::map_to_vector(op.getOperands(), constantValue);
      // Without operands there is something to fold only in a list of known integers.
      if (llvm::is_contained(operands, nullptr) || (operands.empty() && !isa<ShapeOp>(op)) ||
          !isWorthStoring(&op, operands, growthLimit) || readTransposed(&op))
        continue;
      FailureOr<ElementsAttr> value = evaluateConstant(&op, operands);
      if (failed(value)) continue;
      b.setInsertionPoint(&op);
      op.getResult(0).replaceAllUsesWith(ConstantOp::create(b, op.getLoc(), *value));
      op.erase();
      ++numFolded;
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (isOpTriviallyDead(&op)) op.erase();
    updateResultTypes(getOperation());
  }
};

} // namespace
