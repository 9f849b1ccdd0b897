#include "backends/CPU/Cost.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Plan.h"
#include "backends/CPU/Predict.h"
#include "passes/Tile/Pack.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"

namespace girih {
#define GEN_PASS_DEF_PLANKERNELS
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// What a schedule is for that is chosen between.
struct Candidate {
  ArrayAttr attr;
  std::vector<Domain> domains;
  SmallVector<ScheduleAttr> schedules;
};

/// Chooses the schedules of a kernel, and variants of them.
class KernelPlanner {
public:
  KernelPlanner(KernelOp kernel, const Machine &machine, const Guesses &guesses, double runBytes)
      : kernel(kernel), machine(machine), guesses(guesses), runBytes(runBytes) {}

  LogicalResult plan();

private:
  FailureOr<ArrayAttr> getSchedule(const Guesses &guesses, const OperandLayouts *layouts = nullptr);
  FailureOr<Candidate> candidate(const Guesses &guesses, const OperandLayouts *layouts = nullptr);
  SmallVector<DimExpr, 2> listSizes(const Candidate &own) const;
  bool isWorthIt(const Candidate &variant, const Candidate &own, DimExpr size);

  /// A variant is for sizes up to this: with so few rows a product is of vectors, and lanes along so few
  /// columns are mostly empty.
  static constexpr int64_t kFew = 3;
  /// What a size is at least taken to be where it may be small and there is a variant for that.
  static constexpr int64_t kMany = 64;

  KernelOp kernel;
  const Machine &machine;
  const Guesses &guesses;
  double runBytes;
};

FailureOr<ArrayAttr> KernelPlanner::getSchedule(const Guesses &guesses, const OperandLayouts *layouts) {
  auto domains = analyzeKernel(kernel, chooseStages(kernel), layouts);
  if (failed(domains)) return failure();
  return ArrayAttr::get(kernel.getContext(), planKernel(kernel, *domains, machine, guesses, layouts));
}

FailureOr<Candidate> KernelPlanner::candidate(const Guesses &guesses, const OperandLayouts *layouts) {
  auto attr = getSchedule(guesses, layouts);
  if (failed(attr)) return failure();
  // A plan may store more than was chosen before.
  auto domains = analyzeScheduled(kernel, *attr);
  if (failed(domains)) return failure();
  return Candidate{*attr, std::move(*domains), llvm::to_vector((*attr).getAsRange<ScheduleAttr>())};
}

/// The sizes that register tiles are cut from and that a run may well give few of: rows, and columns of the
/// result.
SmallVector<DimExpr, 2> KernelPlanner::listSizes(const Candidate &own) const {
  SmallVector<DimExpr, 2> list;
  auto add = [&](const Domain &domain, int64_t d) {
    if (d < 0) return;
    DimExpr size = domain.dims[d].extent;
    if (!dimValue(size) && guesses.getLeast(size) <= kFew && !llvm::is_contained(list, size))
      list.push_back(size);
  };
  for (auto [domain, schedule] : llvm::zip_equal(own.domains, own.schedules)) {
    add(domain, schedule.getRowDim());
    for (auto [stage, stored] : llvm::zip_equal(domain.stages, schedule.getStored()))
      add(stage, stored.getSchedule().getRowDim());
    add(domain, schedule.getVectorDim());
  }
  return list;
}

/// Whether a variant is faster for a few, and never slower.
bool KernelPlanner::isWorthIt(const Candidate &variant, const Candidate &own, DimExpr size) {
  constexpr double kGain = 1.15, kLoss = 0.97;
  double best = 0, worst = INFINITY;
  for (int64_t few = 1; few <= kFew; ++few) {
    Guesses at = guesses.with(size, few, /*isMost=*/false);
    auto time = [&](const Candidate &c) {
      return predictCost(kernel, c.domains, c.schedules, machine, runBytes, &at)->nanoseconds;
    };
    double gain = time(own) / time(variant);
    best = std::max(best, gain), worst = std::min(worst, gain);
  }
  return best >= kGain && worst >= kLoss;
}

LogicalResult KernelPlanner::plan() {
  constexpr size_t kMostVariants = 2;
  auto isKnown = [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
  if (llvm::all_of(kernel->getOperandTypes(), isKnown) && llvm::all_of(kernel->getResultTypes(), isKnown)) {
    auto schedule = getSchedule(guesses);
    if (succeeded(schedule)) kernel.setScheduleAttr(*schedule);
    return schedule;
  }
  auto own = candidate(guesses);
  if (failed(own)) return failure();
  SmallVector<DimExpr, 2> few = listSizes(*own);
  // What may be small has a variant for that, if it gains by it: the schedule itself is for more.
  Guesses many = guesses;
  for (DimExpr size : few)
    many = many.with(size, std::max(guesses.get(size), kMany), /*isMost=*/false);
  if (!few.empty()) own = candidate(many);
  if (failed(own)) return failure();
  auto layouts = getLayouts(kernel, own->attr);
  if (failed(layouts)) return failure();
  SmallVector<Attribute> variants;
  for (DimExpr size : few) {
    if (variants.size() == kMostVariants) break;
    auto variant = candidate(guesses.with(size, kFew, /*isMost=*/true), &*layouts);
    if (failed(variant)) return failure();
    if (variant->attr == own->attr || !isWorthIt(*variant, *own, size)) continue;
    MLIRContext *ctx = kernel.getContext();
    variants.push_back(
        VariantAttr::get(ctx, DimsAttr::get(ctx, {size, dimConstant(ctx, kFew)}), variant->attr));
  }
  kernel.setScheduleAttr(own->attr);
  if (!variants.empty()) kernel.setVariantsAttr(ArrayAttr::get(kernel.getContext(), variants));
  return success();
}

struct PlanKernels : girih::impl::PlanKernelsBase<PlanKernels> {
  using PlanKernelsBase::PlanKernelsBase;
  explicit PlanKernels(const Machine &machine) : machine(machine) {}

  void runOnOperation() override {
    if (failed(takeNumbers(getOperation(), numbers, machine))) return signalPassFailure();
    Guesses guesses(getOperation());
    double runBytes = getRunBytes(getOperation(), guesses);
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (kernel.getScheduleAttr() || getSpecialOp(kernel)) return WalkResult::advance();
      LogicalResult planned = KernelPlanner(kernel, machine, guesses, runBytes).plan();
      return failed(planned) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted()) signalPassFailure();
  }

  Machine machine;
};

} // namespace

std::unique_ptr<Pass> girih::createPlanKernels(const Machine &machine) {
  return std::make_unique<PlanKernels>(machine);
}
