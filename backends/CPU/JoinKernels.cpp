// Where kernels end: what one writes and the next reads stays in the cache if they are one.
#include "passes/Tile/JoinKernels.h"
#include "backends/CPU/Cost.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Plan.h"
#include "backends/CPU/Predict.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"

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
    runBytes = getRunBytes(getOperation());
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    llvm::SmallPtrSet<Operation *, 16> gone;
    for (KernelOp kernel : kernels)
      if (!gone.contains(kernel)) joinInto(kernel, gone);
  }

private:
  /// Joins what `kernel` reads to it, one after the other, as long as that makes it faster.
  void joinInto(KernelOp kernel, llvm::SmallPtrSetImpl<Operation *> &gone) {
    constexpr double kWorthIt = 0.97; // predictions are not that good
    for (bool any = true; any;) {
      any = false;
      for (Value read : kernel.getInputs()) {
        auto pad = read.getDefiningOp<AssembleOp>();
        auto first = (pad ? pad.getParts().front() : read).getDefiningOp<KernelOp>();
        if (!first || !isWorthALook(first)) continue;
        KernelOp joined = joinKernels(first, kernel);
        if (!joined) continue;
        auto apart = getTime(first), other = getTime(kernel), together = getTime(joined);
        if (!apart || !other || !together || *together > kWorthIt * (*apart + *other)) {
          joined.erase();
          continue;
        }
        kernel.replaceAllUsesWith(joined.getResults());
        SmallVector<Operation *> dead{kernel, pad, first};
        if (pad)
          for (Value border : pad.getParts().drop_front())
            if (!llvm::is_contained(dead, border.getDefiningOp())) dead.push_back(border.getDefiningOp());
        for (Operation *op : dead)
          if (op && op->use_empty()) {
            gone.insert(op);
            op->erase();
          }
        kernel = joined;
        ++numJoined;
        any = true;
        break;
      }
    }
  }

  /// What fits the second-level cache is there anyway.
  bool isWorthALook(KernelOp first) const {
    return first.getNumResults() == 1 &&
           getTensorBytes(first.getResult(0).getType()) > double(machine.l2) / 2;
  }

  /// Nanoseconds on all cores; nothing where a size is not known.
  std::optional<double> getTime(KernelOp kernel) const {
    if (getSpecialOp(kernel)) return std::nullopt;
    auto domains = analyzeKernel(kernel, chooseStages(kernel));
    if (failed(domains)) return std::nullopt;
    SmallVector<ScheduleAttr> schedules = llvm::map_to_vector(
        planKernel(kernel, *domains, machine), [](Attribute a) { return cast<ScheduleAttr>(a); });
    // Sums that are put down for a long epilogue, as nothing else is stored, would have to stay in registers.
    if (domains->front().stages.size() < schedules.front().getStored().size()) return std::nullopt;
    kernel.setScheduleAttr(ArrayAttr::get(kernel.getContext(), llvm::to_vector_of<Attribute>(schedules)));
    auto scheduled = analyzeScheduled(kernel);
    kernel.removeScheduleAttr();
    auto cost =
        succeeded(scheduled) ? predictCost(kernel, *scheduled, schedules, machine, runBytes) : std::nullopt;
    if (!cost) return std::nullopt;
    double tasks = 0;
    for (auto [domain, schedule] : llvm::zip(*scheduled, schedules)) {
      double n = 1;
      for (LoopAttr l : schedule.getNest().take_front(schedule.getTaskCount()))
        n *= double(llvm::divideCeil(*dimValue(domain.dims[l.getDim()].extent), l.getSize()));
      tasks += n;
    }
    double cores = double(machine.cores);
    return cost->nanoseconds * std::ceil(tasks / cores) / std::max(tasks, 1.0);
  }

  Machine machine;
  double runBytes = 0;
};

} // namespace

std::unique_ptr<Pass> girih::createJoinKernels(const Machine &machine) {
  return std::make_unique<JoinKernels>(machine);
}
