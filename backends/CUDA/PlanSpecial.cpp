#include "backends/CUDA/PlanSpecial.h"
#include "dialects/Graph/Attributes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

/// Tasks that fill a GPU.
static constexpr double kEnough = 1 << 13;

static double guessCount(ArrayRef<DimExpr> dims, const Guesses &guesses) {
  double n = 1;
  for (DimExpr d : dims)
    n *= double(std::max<int64_t>(guesses.get(d), 0));
  return n;
}

/// Lines compute nothing twice. Elements each look at all of their line, or at all updates: that is little
/// for a GPU up to some hundred thousand, and a thread alone is slower than it even then.
static bool isBetterByElement(Operation *op, const Guesses &guesses) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<CumSumOp, ScatterNDOp>([](auto) { return true; })
      .Case<ScatterElementsOp>([&](ScatterElementsOp scatter) {
        auto dims = getDims(scatter.getData());
        return guessCount(ArrayRef(dims).take_front(scatter.getAxis()), guesses) < kEnough;
      })
      .Case<TopKOp>([&](TopKOp top) {
        constexpr double kFew = 1 << 25; // comparisons: each element is compared with its line
        auto dims = getDims(top.getOperand());
        double length = double(guesses.get(dims[top.getAxis()]));
        return guessCount(dims, guesses) * length <= kFew;
      })
      .Default(false);
}

void planSpecial(Operation *op, const Guesses &guesses) {
  if (isBetterByElement(op, guesses)) kByElement.set(op, UnitAttr::get(op->getContext()));
}

} // namespace girih
