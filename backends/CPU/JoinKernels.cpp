// Where kernels end: what one writes and the next reads stays in the cache if they are one.
#include "passes/Tile/JoinKernels.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Predict.h"
#include <queue>

namespace girih {
#define GEN_PASS_DEF_JOINKERNELS
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

struct JoinKernels : girih::impl::JoinKernelsBase<JoinKernels> {
  using JoinKernelsBase::JoinKernelsBase;
  explicit JoinKernels(const Machine &machine) : machine(machine) {}

  void runOnOperation() override {
    if (failed(takeNumbers(getOperation(), numbers, machine))) return signalPassFailure();
    guesses.emplace(getOperation());
    runBytes = getRunBytes(getOperation(), *guesses);
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    llvm::for_each(kernels, [&](KernelOp kernel) { lookBehind(kernel); });
    while (!pairs.empty()) {
      Pair best = pairs.top();
      pairs.pop();
      if (!gone.contains(best.first) && !gone.contains(best.second)) join(best.first, best.second);
    }
    for (Operation *op : gone)
      op->erase();
  }

private:
  struct Pair {
    double gain; // nanoseconds
    int64_t number;
    KernelOp first, second;
    bool operator<(const Pair &o) const { return std::tie(gain, o.number) < std::tie(o.gain, number); }
  };

  /// Finds the kernels that `second` reads and that would better be one with it.
  void lookBehind(KernelOp second) {
    for (Value read : second.getInputs()) {
      auto pad = read.getDefiningOp<AssembleOp>();
      if (auto first = (pad ? pad.getParts().front() : read).getDefiningOp<KernelOp>()) look(first, second);
    }
  }

  void look(KernelOp first, KernelOp second) {
    constexpr double kWorthIt = 0.97; // predictions are not that good
    if (!isWorthALook(first)) return;
    KernelOp joined = joinKernels(first, second);
    if (!joined) return;
    auto apart = getTime(first), other = getTime(second), together = getTime(joined);
    times.erase(joined);
    joined.erase();
    if (apart && other && together && *together < kWorthIt * (*apart + *other))
      pairs.push({*apart + *other - *together, number++, first, second});
  }

  void join(KernelOp first, KernelOp second) {
    KernelOp joined = joinKernels(first, second);
    auto pad = dyn_cast<AssembleOp>(*first->getUsers().begin());
    second.replaceAllUsesWith(joined.getResults());
    llvm::SmallSetVector<Operation *, 4> dead;
    dead.insert(second);
    if (pad) {
      dead.insert(pad);
      for (Value border : pad.getParts().drop_front())
        dead.insert(border.getDefiningOp());
    }
    dead.insert(first);
    for (Operation *op : dead) {
      if (!op->use_empty()) continue;
      gone.insert(op); // and stays till the end: another one in its place would be taken for it
      op->dropAllReferences();
    }
    ++numJoined;
    lookBehind(joined);
    for (Operation *reader : joined->getUsers()) {
      if (isa<AssembleOp>(reader) && !reader->use_empty()) reader = *reader->getUsers().begin();
      if (auto next = dyn_cast<KernelOp>(reader)) look(joined, next);
    }
  }

  /// What fits the second-level cache is there anyway.
  bool isWorthALook(KernelOp first) const {
    return first.getNumResults() == 1 &&
           getTensorBytes(first.getResult(0).getType(), *guesses) > double(machine.l2) / 2;
  }

  /// Nanoseconds on all cores; nothing for what cannot be planned.
  std::optional<double> getTime(KernelOp kernel) {
    auto [it, isNew] = times.try_emplace(kernel);
    if (isNew) it->second = predictPlanned(kernel, machine, *guesses, runBytes);
    return it->second;
  }

  Machine machine;
  std::optional<Guesses> guesses;
  double runBytes = 0;
  std::priority_queue<Pair> pairs; // the largest gain first
  int64_t number = 0;
  llvm::SmallPtrSet<Operation *, 16> gone;
  llvm::DenseMap<Operation *, std::optional<double>> times;
};

} // namespace

std::unique_ptr<Pass> girih::createJoinKernels(const Machine &machine) {
  return std::make_unique<JoinKernels>(machine);
}
