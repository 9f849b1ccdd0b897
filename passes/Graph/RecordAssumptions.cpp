// Sizes that ops take to be equal become checks of the artifact.
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

/// The model's name of a node; that of the first of several.
static StringRef nodeName(Location loc) {
  StringRef name;
  loc->walk([&](Location l) {
    auto named = dyn_cast<NameLoc>(l);
    if (!named) return WalkResult::advance();
    name = named.getName();
    return WalkResult::interrupt();
  });
  return name;
}

namespace {
struct RecordAssumptions : girih::impl::RecordAssumptionsBase<RecordAssumptions> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder b(module.getContext());
    DenseSet<DimAssumptions::Pair> seen;
    SmallVector<Attribute> checks;
    module.walk([&](Operation *op) {
      if (!isa_and_nonnull<GirihDialect>(op->getDialect())) return;
      for (auto [first, second] : getDimAssumptions(op)) {
        if (seen.contains({second, first}) || !seen.insert({first, second}).second) continue;
        checks.push_back(b.getArrayAttr(
            {b.getStringAttr(nodeName(op->getLoc())), DimsAttr::get(b.getContext(), {first, second})}));
      }
    });
    numChecks += checks.size();
    if (!checks.empty()) module->setAttr("girih.checks", b.getArrayAttr(checks));
  }
};
} // namespace
