#include "backends/CPU/PlanCopies.h"
#include "backends/CPU/PlanPacking.h"
#include "passes/Tile/Schedule.h"
#include <numeric>

using namespace mlir;

namespace girih {

std::optional<unsigned> getOperandToCopy(const PlanInputs &in, const Domain &domain, ScheduleAttr planned) {
  constexpr int64_t kEnoughPanels = 8; // to make up for copying
  int64_t row = planned.getRowDim(), column = planned.getVectorDim();
  if (!domain.isContraction() || domain.parallel != 2 || domain.reductions[0].loops.size() != 1 ||
      !domain.stages.empty() || !domain.cuts.empty() || row < 0 || column < 0 ||
      in.guesses.get(domain.dims[column].extent) < kEnoughPanels * planned.getTile(column))
    return std::nullopt;
  for (const Access &a : domain.accesses) {
    if (a.reduction != 0 || a.dynamic || !a.lin.has(domain.variable(row))) continue;
    DimExpr along = a.lin.coefficient(domain.reductions[0].variable(0));
    if (along && along != 1) return a.buffer;
  }
  return std::nullopt;
}

ScheduleAttr planAroundCopy(const PlanInputs &in, unsigned operand, ScheduleAttr planned) {
  constexpr int64_t kPanels = 16, kRowsOfPart = 128, kVectors = 4;
  FailureOr<linalg::GenericOp> copy = getCopy(in.kernel, operand);
  if (failed(copy)) return {};
  auto domains = analyzeKernel(in.kernel, *copy, in.layouts);
  if (failed(domains)) return {};
  const Domain &domain = domains->front(), &stage = domain.stages[0];
  MLIRContext *ctx = planned.getContext();
  unsigned row = planned.getRowDim(), column = planned.getVectorDim();
  int64_t width = planned.getWidth(), lanes = planned.getTile(column),
          extent = in.guesses.get(domain.dims[row].extent);
  auto loop = [&](unsigned dim, int64_t size, LoopRole role) {
    return LoopAttr::get(ctx, /*reduced=*/false, dim, size, role);
  };

  // As many rows as registers have sums for. Blocks of them fit half of the second-level cache, each for as
  // many panels as make up for copying it; whole vectors of rows, if that many fit.
  int64_t rows = std::min(
      std::max<int64_t>((in.machine.registers - in.machine.operands - 4) / planned.getVectors(), 1), extent);
  int64_t bytes = 4 * in.guesses.get(domain.reductions[0].loops[0].extent);
  int64_t fitting = std::min(in.machine.l2 / 2 / bytes, kRowsOfPart), unit = std::lcm(rows, width);
  if (unit > std::min(fitting, extent)) unit = rows;
  int64_t block = std::clamp<int64_t>(fitting / unit, 1, llvm::divideCeil(extent, unit)) * unit;

  // Lanes of the copy run along what is contiguous in it.
  SmallVector<LoopAttr> copyNest;
  bool hasLanes = false;
  for (unsigned d = 0; d < stage.dims.size(); ++d) {
    bool isBlock = getWindow(domain, 0, d) == Window{row, 1, 0, 0}, isUnit = int(d) == stage.unitDim;
    int64_t vectors =
        std::min<int64_t>(kVectors, llvm::divideCeil(in.guesses.get(stage.dims[d].extent), width));
    while (isBlock && vectors > 0 && block % (vectors * width))
      --vectors;
    hasLanes |= isUnit && vectors > 0;
    copyNest.push_back(isUnit && vectors > 0 ? loop(d, vectors * width, LoopRole::lanes)
                                             : loop(d, 1, LoopRole::each));
  }
  auto copySchedule = ScheduleAttr::get(ctx, hasLanes ? width : 1, planned.getFma(), copyNest, {}, {});
  LoopAttr nest[] = {loop(row, block, LoopRole::task), loop(column, kPanels * lanes, LoopRole::task),
                     loop(column, lanes, LoopRole::lanes), loop(row, rows, LoopRole::rows)};
  auto reduction = StageAttr::get(ctx, std::size(nest), planned.getReductions()[0].getNest());
  auto stored = StoredAttr::get(ctx, /*operand=*/true, operand, /*at=*/2, copySchedule);
  return packConstants(in, domain, ScheduleAttr::get(ctx, width, planned.getFma(), nest, reduction, stored));
}

} // namespace girih
