// What the body of a reduction says: how a step goes on from what was there, and how two partial results
// combine.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Tile/Domain.h"

using namespace mlir;

namespace girih {

bool isContraction(linalg::GenericOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1) return false;
  Operation *sum = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(sum)) return false;
  return llvm::any_of(sum->getOperands(), [](Value v) {
    return isa_and_nonnull<arith::MulFOp, arith::MulIOp>(v.getDefiningOp());
  });
}

CombineOp getCombine(linalg::GenericOp op) {
  return op.getBody()->getTerminator()->getOperand(0).getDefiningOp<CombineOp>();
}

SmallVector<Value> getYielded(linalg::GenericOp op) {
  if (CombineOp combine = getCombine(op)) return llvm::to_vector(combine.getState());
  return llvm::to_vector(op.getBody()->getTerminator()->getOperands());
}

bool canCombine(linalg::GenericOp op) {
  if (getCombine(op)) return true;
  if (op.getNumDpsInits() != 1) return false;
  Operation *yielded = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  return yielded && yielded->getNumOperands() == 2 && llvm::any_of(yielded->getOperands(), [&](Value v) {
           return v == op.getBody()->getArgument(op.getNumDpsInputs()) && v.hasOneUse();
         });
}

bool canSumInLanes(const Reduction &r) {
  return !r.loops.empty() && canCombine(r.op);
}

} // namespace girih
