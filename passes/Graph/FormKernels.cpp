// Groups become girih.kernel ops.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Grouping.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace girih {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Moves the ops of a group into a kernel where its exit was: all that the kernel reads is defined before it,
/// all that reads the kernel after it.
void buildKernel(const Group &group) {
  OpBuilder b(group.exit);
  llvm::SmallPtrSet<Operation *, 8> members(group.ops.begin(), group.ops.end());
  llvm::SetVector<Value> inputs, splats;
  for (Operation *op : group.ops)
    for (Value v : op->getOperands()) {
      Operation *def = v.getDefiningOp();
      if (def && members.contains(def)) continue;
      // Contractions and ops that are alone read whole operands from memory, whatever they hold.
      bool isSplat = getRole(op) != OpRole::Contraction && getRole(op) != OpRole::Alone && splatValue(v);
      (isSplat ? splats : inputs).insert(v);
    }
  splats.remove_if([&](Value v) { return inputs.contains(v); });
  SmallVector<Operation *> rootFirst{group.root};
  for (Operation *op : group.ops)
    if (op != group.root) rootFirst.push_back(op);
  auto locations = llvm::map_to_vector(rootFirst, [](Operation *op) { return op->getLoc(); });
  auto kernel = KernelOp::create(b, b.getFusedLoc(locations), group.exit->getResultTypes(),
                                 kernelName(rootFirst), inputs.getArrayRef());
  group.exit->replaceAllUsesWith(kernel.getResults());

  Block *body = b.createBlock(&kernel.getBody());
  IRMapping map;
  for (Value v : inputs)
    map.map(v, body->addArgument(v.getType(), v.getLoc()));
  for (Value v : splats)
    b.clone(*v.getDefiningOp(), map);
  for (Operation *op : group.ops) {
    op->moveBefore(body, body->end());
    for (OpOperand &operand : op->getOpOperands())
      operand.set(map.lookupOrDefault(operand.get()));
  }
  b.setInsertionPointToEnd(body);
  YieldOp::create(b, kernel.getLoc(), group.exit->getResults());
  for (Value v : splats)
    if (v.use_empty()) v.getDefiningOp()->erase();
}

struct FormKernelsPass : girih::impl::FormKernelsBase<FormKernelsPass> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    if (getOperation().isExternal()) return;
    for (const Group &group : formGroups(getOperation().getBody().front(), readsInPlace)) {
      buildKernel(group);
      ++statisticOf(group.role);
    }
  }

  Statistic &statisticOf(OpRole role) {
    switch (role) {
    case OpRole::Contraction:
      return numContractions;
    case OpRole::Pool:
      return numPools;
    case OpRole::Row:
      return numRows;
    case OpRole::Alone:
      return numAlone;
    default:
      return numMaps;
    }
  }
};

} // namespace
