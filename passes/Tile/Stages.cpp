#include "passes/Tile/Stages.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Tile/Domain.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace girih {

bool isReadByLoops(Value value) {
  return llvm::all_of(value.getUses(), [](OpOperand &use) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!reader || !reader.isDpsInput(&use)) return false;
    bool isLinear = true;
    reader.getMatchingIndexingMap(&use).walkExprs([&](AffineExpr e) {
      isLinear &= e.getKind() != AffineExprKind::Mod && e.getKind() != AffineExprKind::FloorDiv &&
                  e.getKind() != AffineExprKind::CeilDiv;
    });
    return isLinear;
  });
}

namespace {

class StageChooser {
public:
  StageChooser(KernelOp kernel, bool readTwice) : generics(getGenerics(kernel)), readTwice(readTwice) {}

  SmallVector<linalg::GenericOp> choose() {
    SmallVector<linalg::GenericOp> out;
    for (linalg::GenericOp op : generics)
      if (isPadded(op) || (canStore(op) && (isReducedAgain(op) || (readTwice && isLongAndReadTwice(op))))) {
        stored.insert(op);
        out.push_back(op);
      }
    return out;
  }

private:
  /// Borders are in memory.
  static bool isPadded(linalg::GenericOp op) {
    return llvm::any_of(op->getUsers(), [](Operation *reader) { return isa<tensor::PadOp>(reader); });
  }

  static bool canStore(linalg::GenericOp op) {
    return op.getNumResults() == 1 && !getElementTypeOrSelf(op.getResult(0).getType()).isInteger(1) &&
           isReadByLoops(op.getResult(0));
  }

  /// Whether a value on the way to `op` takes a reduction that differs along the loops `along` of `op`; with
  /// `any`, whatever it differs along.
  bool takesReduction(linalg::GenericOp op, const llvm::SmallBitVector &along, bool any) {
    if (stored.contains(op)) return false;
    auto [known, isNew] = seen.try_emplace(op, along);
    if (!isNew && !along.test(known->second)) return false;
    known->second |= along;
    if (op.getNumReductionLoops()) return any || along.any();
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto producer = input->get().getDefiningOp<linalg::GenericOp>();
      if (producer && takesReduction(producer, follow(op, input, along), any)) return true;
    }
    return false;
  }

  /// The loops of what `input` reads that stand where the loops `along` of `op` say.
  static llvm::SmallBitVector follow(linalg::GenericOp op, OpOperand *input,
                                     const llvm::SmallBitVector &along) {
    auto producer = input->get().getDefiningOp<linalg::GenericOp>();
    llvm::SmallBitVector out(producer.getNumLoops());
    AffineMap result = producer.getIndexingMapsArray()[producer.getNumDpsInputs() +
                                                       cast<OpResult>(input->get()).getResultNumber()];
    for (auto [read, written] :
         llvm::zip(op.getMatchingIndexingMap(input).getResults(), result.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(written);
      for (unsigned d : along.set_bits())
        if (loop && read.isFunctionOfDim(d)) out.set(loop.getPosition());
    }
    return out;
  }

  /// A reduction reads `op` and would compute another one at each of its steps, or again for each index of a
  /// loop that `op` does not differ along, such as the columns of a product.
  bool isReducedAgain(linalg::GenericOp op) {
    for (OpOperand &use : op->getUses()) {
      auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
      if (!reader || !reader.getNumReductionLoops()) continue;
      llvm::SmallBitVector reduced(reader.getNumLoops());
      bool again = false;
      auto extents = getLoopExtents(reader);
      for (auto [d, kind] : llvm::enumerate(reader.getIteratorTypesArray())) {
        if (kind == utils::IteratorType::reduction)
          reduced.set(d);
        else
          again |= extents[d] != 1 && !reader.getMatchingIndexingMap(&use).isFunctionOfDim(d);
      }
      seen.clear();
      if (takesReduction(op, follow(reader, &use, reduced), again)) return true;
    }
    return false;
  }

  /// A reduction reads `op`, and somebody after it: the exponentials of a softmax.
  static bool isLongAndReadTwice(linalg::GenericOp op) {
    constexpr int64_t kLong = 16; // instructions an element
    auto isReduction = [](Operation *reader) {
      auto generic = dyn_cast<linalg::GenericOp>(reader);
      return generic && generic.getNumReductionLoops();
    };
    return !op.getNumReductionLoops() && !op->hasOneUse() && llvm::any_of(op->getUsers(), isReduction) &&
           getElementCost(op) >= kLong;
  }

  SmallVector<linalg::GenericOp> generics;
  bool readTwice;
  llvm::SmallPtrSet<Operation *, 8> stored;
  DenseMap<Operation *, llvm::SmallBitVector> seen; // by takesReduction, for the loops that it has followed
};

} // namespace

SmallVector<linalg::GenericOp> chooseStages(KernelOp kernel, bool readTwice) {
  return StageChooser(kernel, readTwice).choose();
}

} // namespace girih
