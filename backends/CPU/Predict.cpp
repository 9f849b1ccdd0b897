#include "backends/CPU/Predict.h"
#include "backends/CPU/Cost.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Plan.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"

namespace girih {
#define GEN_PASS_DEF_PREDICTTIMES
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

struct PredictTimes : girih::impl::PredictTimesBase<PredictTimes> {
  using PredictTimesBase::PredictTimesBase;
  explicit PredictTimes(const Machine &machine) : machine(machine) {}

  void runOnOperation() override {
    if (failed(takeNumbers(getOperation(), numbers, machine))) return signalPassFailure();
    double runBytes = getRunBytes(getOperation(), Guesses(getOperation()));
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (getSpecialOp(kernel)) return WalkResult::advance();
      auto domains = analyzeScheduled(kernel, kernel.getScheduleAttr());
      if (failed(domains)) return WalkResult::interrupt();
      auto schedules = getSchedules(kernel, kernel.getScheduleAttr(), *domains);
      if (failed(schedules)) return WalkResult::interrupt();
      if (auto cost = predictCost(kernel, *domains, *schedules, machine, runBytes)) {
        auto nanoseconds = std::max<int64_t>(std::llround(cost->nanoseconds), 1);
        kernel.setPredicted(nanoseconds);
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted()) signalPassFailure();
  }

  Machine machine;
};

} // namespace

std::unique_ptr<Pass> girih::createPredictTimes(const Machine &machine) {
  return std::make_unique<PredictTimes>(machine);
}

std::optional<double> girih::predictPlanned(KernelOp kernel, const Machine &machine, const Guesses &guesses,
                                            double runBytes) {
  if (getSpecialOp(kernel)) return std::nullopt;
  // What cannot be planned as one stays apart.
  ScopedDiagnosticHandler quiet(kernel.getContext(), [](Diagnostic &) { return success(); });
  auto domains = analyzeKernel(kernel, chooseStages(kernel));
  if (failed(domains)) return std::nullopt;
  SmallVector<ScheduleAttr> schedules = llvm::map_to_vector(
      planKernel(kernel, *domains, machine, guesses), [](Attribute a) { return cast<ScheduleAttr>(a); });
  // Sums that are put down for a long epilogue, as nothing else is stored, would have to stay in registers.
  if (domains->front().stages.size() < schedules.front().getStored().size()) return std::nullopt;
  kernel.setScheduleAttr(ArrayAttr::get(kernel.getContext(), llvm::to_vector_of<Attribute>(schedules)));
  bool fits = succeeded(getSchedules(kernel, kernel.getScheduleAttr(), *domains));
  kernel.removeScheduleAttr();
  auto cost = fits ? predictCost(kernel, *domains, schedules, machine, runBytes, &guesses) : std::nullopt;
  if (!cost) return std::nullopt;
  return cost->nanoseconds * std::ceil(cost->tasks / double(machine.cores)) / std::max(cost->tasks, 1.0);
}

double girih::getTensorBytes(Type type, const Guesses &guesses) {
  double bytes = getStorageBytes(getElementTypeOrSelf(type));
  for (DimExpr d : getDims(cast<RankedTensorType>(type)))
    bytes *= double(guesses.get(d));
  return bytes;
}

double girih::getRunBytes(ModuleOp module, const Guesses &guesses) {
  double weights = 0, values = 0;
  module.walk([&](Operation *op) {
    if (auto constant = dyn_cast<ConstantOp>(op)) weights += getTensorBytes(constant.getType(), guesses);
    if (!isa<KernelOp>(op)) return;
    double bytes = 0;
    for (Value v : op->getOperands())
      if (!v.getDefiningOp<ConstantOp>()) bytes += getTensorBytes(v.getType(), guesses);
    for (Type t : op->getResultTypes())
      bytes += getTensorBytes(t, guesses);
    values = std::max(values, bytes);
  });
  return weights + values;
}

LogicalResult girih::takeNumbers(ModuleOp module, ArrayRef<std::string> numbers, Machine &machine) {
  for (StringRef number : numbers) {
    auto [key, text] = number.split('=');
    double value;
    llvm::Error error = text.getAsDouble(value)
                            ? llvm::createStringError("expected KEY=NUMBER, got '" + number + "'")
                            : machine.set(key, value);
    if (error) return module.emitError("machine: ") << llvm::toString(std::move(error));
  }
  return success();
}
