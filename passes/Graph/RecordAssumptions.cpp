// What ops take for granted of sizes becomes checks of the artifact: that some are equal, and that none is
// negative.
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Inference.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_RECORDASSUMPTIONS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

/// No input makes the size negative: dimensions of inputs never are, elements of inputs may be.
static bool isNeverNegative(DimExpr e) {
  if (auto value = dimValue(e)) return *value >= 0;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e)) {
    const DimSymbol &s = getDimSymbols(e.getContext())[symbol.getPosition()];
    switch (s.kind) {
    case DimSymbol::Name:
      return !StringRef(s.name).ends_with("]");
    case DimSymbol::Min:
      return isNeverNegative(s.lhs) && isNeverNegative(s.rhs);
    case DimSymbol::Max:
      return isNeverNegative(s.lhs) || isNeverNegative(s.rhs);
    }
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(e);
  return binary && isNeverNegative(binary.getLHS()) && isNeverNegative(binary.getRHS());
}

namespace {
struct RecordAssumptions : girih::impl::RecordAssumptionsBase<RecordAssumptions> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder b(module.getContext());
    DenseSet<DimAssumptions::Pair> seen;
    DenseSet<DimExpr> seenSizes;
    SmallVector<Attribute> checks;
    module.walk([&](Operation *op) {
      if (!isa_and_nonnull<GirihDialect>(op->getDialect())) return;
      for (auto [first, second] : getDimAssumptions(op)) {
        if (seen.contains({second, first}) || !seen.insert({first, second}).second) continue;
        checks.push_back(b.getArrayAttr(
            {b.getStringAttr(getNodeName(op->getLoc())), DimsAttr::get(b.getContext(), {first, second})}));
      }
      auto checkSize = [&](DimExpr size) {
        if (!isNeverNegative(size) && seenSizes.insert(size).second)
          checks.push_back(b.getArrayAttr(
              {b.getStringAttr(getNodeName(op->getLoc())), DimsAttr::get(b.getContext(), size)}));
      };
      for (Value result : op->getResults())
        if (isa<RankedTensorType>(result.getType())) llvm::for_each(getDims(result), checkSize);
      // The last element of a dimension begins at its size - 1, which has to exist.
      if (auto slice = dyn_cast<SliceOp>(op))
        for (auto [start, step] : llvm::zip_equal(slice.getStarts().getDims(), slice.getSteps()))
          if (step > 0) checkSize(start);
    });
    numChecks += checks.size();
    if (!checks.empty()) module->setAttr("girih.checks", b.getArrayAttr(checks));
  }
};
} // namespace
