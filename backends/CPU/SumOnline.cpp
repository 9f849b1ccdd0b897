// Softmaxes of long rows: where these are in no cache for a second pass, one pass finds maximum and sum.
#include "backends/CPU/Passes.h"
#include "backends/CPU/Predict.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/ReductionChains.h"
#include "passes/Tile/SplitReductions.h"

namespace girih {
#define GEN_PASS_DEF_SUMONLINE
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

struct SumOnline : girih::impl::SumOnlineBase<SumOnline> {
  using SumOnlineBase::SumOnlineBase;
  explicit SumOnline(const Machine &machine) : machine(machine) {}

  void runOnOperation() override {
    if (failed(takeNumbers(getOperation(), numbers, machine))) return signalPassFailure();
    machine.cores = 1; // nothing is to be slower where a run has one thread
    guesses.emplace(getOperation());
    runBytes = getRunBytes(getOperation(), *guesses);
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels) {
      if (getSoftmaxes(kernel).empty() || !isWorthIt(kernel)) continue;
      llvm::for_each(getSoftmaxes(kernel), sumOnline);
      ++numOnline;
    }
  }

private:
  /// The softmaxes of a kernel whose rows are more than the first-level cache holds.
  SmallVector<ReductionChain> getSoftmaxes(KernelOp kernel) const {
    SmallVector<ReductionChain> found;
    for (linalg::GenericOp op : getGenerics(kernel)) {
      auto chain = getChain(op);
      if (!chain || chain->kind != ReductionChain::softmax) continue;
      double row = double(chain->count) * getStorageBytes(getElementTypeOrSelf(chain->source.getType()));
      if (row > double(machine.l1)) found.push_back(*chain);
    }
    return found;
  }

  bool isWorthIt(KernelOp kernel) const {
    constexpr double kWorthIt = 0.97; // predictions are not that good
    OpBuilder b(kernel);
    auto twice = cast<KernelOp>(b.clone(*kernel)), once = cast<KernelOp>(b.clone(*kernel));
    llvm::for_each(getSoftmaxes(once), sumOnline);
    auto before = takeTime(twice), after = takeTime(once);
    return before && after && *after < kWorthIt * *before;
  }

  /// Nanoseconds on one core of what `kernel`, which is erased, would be split into; nothing if one of that
  /// cannot be planned.
  std::optional<double> takeTime(KernelOp kernel) const {
    std::optional<double> sum = 0;
    SmallVector<KernelOp> parts = splitReductions(kernel);
    for (KernelOp part : parts) {
      auto time = predictPlanned(part, machine, *guesses, runBytes);
      sum = sum && time ? std::optional(*sum + *time) : std::nullopt;
    }
    for (KernelOp part : llvm::reverse(parts))
      part.erase();
    return sum;
  }

  Machine machine;
  std::optional<Guesses> guesses;
  double runBytes = 0;
};

} // namespace

std::unique_ptr<Pass> girih::createSumOnline(const Machine &machine) {
  return std::make_unique<SumOnline>(machine);
}
