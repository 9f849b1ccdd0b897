#include "backends/CPU/PlanPacking.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Tile/Pack.h"

using namespace mlir;

namespace girih {

/// Outside what the constant differs by apart from lanes and the reduction, then block by block of what a
/// register tile takes of the lanes' loop, in each the steps of the reduction, and in each of these the
/// lanes.
static PackedAttr pack(KernelOp kernel, const Domain &domain, ScheduleAttr schedule, unsigned operand) {
  linalg::GenericOp op = domain.reductions[0].op;
  AffineMap map = op.getMatchingIndexingMap(&*getReadValue(kernel, operand).use_begin());
  auto kinds = op.getIteratorTypesArray();
  MLIRContext *ctx = kernel.getContext();
  unsigned lanes = domain.variable(domain.unitDim);
  SmallVector<AffineExpr> fixed, outer, reduced, blocks, inside;
  for (auto [i, e] : llvm::enumerate(map.getResults()))
    if (isa<AffineConstantExpr>(e)) fixed.push_back(getAffineDimExpr(i, ctx));
  for (unsigned d = 0; d < op.getNumLoops(); ++d) {
    auto at = map.getResultPosition(getAffineDimExpr(d, ctx));
    if (!at) continue;
    AffineExpr index = getAffineDimExpr(*at, ctx);
    int64_t block = schedule.getTile(domain.unitDim);
    if (kinds[d] == utils::IteratorType::reduction) {
      reduced.push_back(index);
    } else if (!domain.reductions[0].indices[d].lin.has(lanes)) {
      outer.push_back(index);
    } else {
      blocks.push_back(index.floorDiv(block));
      if (block != 1) inside.push_back(index % block);
    }
  }
  auto order = llvm::to_vector(llvm::concat<AffineExpr>(fixed, outer, blocks, reduced, inside));
  return PackedAttr::get(ctx, operand, AffineMap::get(map.getNumResults(), 0, order, ctx));
}

ScheduleAttr packConstants(const PlanInputs &in, const Domain &domain, ScheduleAttr schedule) {
  SmallVector<PackedAttr> packed;
  auto add = [&](const Domain &of, ScheduleAttr schedule) {
    for (unsigned operand : of.packed)
      packed.push_back(in.layouts ? PackedAttr::get(schedule.getContext(), operand, (*in.layouts)[operand])
                                  : pack(in.kernel, of, schedule, operand));
  };
  add(domain, schedule);
  for (auto [stage, stored] : llvm::zip_equal(domain.stages, schedule.getStored()))
    add(stage, stored.getSchedule());
  llvm::sort(packed, [](PackedAttr a, PackedAttr b) { return a.getNumber() < b.getNumber(); });
  return schedule.with(packed);
}

int64_t getBlockOfVariant(const PlanInputs &in, const Domain &domain) {
  if (!in.layouts) return 1;
  for (const Access &a : domain.accesses) {
    if (!llvm::is_contained(domain.packed, a.buffer)) continue;
    MemoryView view = getOperandView(in.kernel, getReadValue(in.kernel, a.buffer), in.layouts);
    for (auto [at, dim] : llvm::zip_equal(a.at, getLayoutDims(view.layout, view.sizes)))
      if (at.has(domain.variable(domain.unitDim))) return dim.block;
  }
  return 1;
}

} // namespace girih
