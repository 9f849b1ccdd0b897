// What ops take for granted of sizes becomes checks of the artifact, and indices that only a run tells are
// checked there.
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Inference.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_RECORDASSUMPTIONS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {
struct RecordAssumptions : girih::impl::RecordAssumptionsBase<RecordAssumptions> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *ctx = module.getContext();
    SmallVector<Attribute> checks;
    DenseSet<std::pair<unsigned, Attribute>> seen;
    auto record = [&](CheckAttr check) {
      ArrayRef<DimExpr> sizes = check.getSizes().getDims();
      unsigned kind = unsigned(check.getKind());
      if (isSymmetric(check.getKind()) && seen.contains({kind, DimsAttr::get(ctx, {sizes[1], sizes[0]})}))
        return;
      if (seen.insert({kind, check.getSizes()}).second) checks.push_back(check);
    };
    // What import has recorded comes first.
    if (auto imported = kChecks.get(module)) llvm::for_each(imported.getAsRange<CheckAttr>(), record);
    DimExpr zero = dimConstant(ctx, 0);
    module.walk([&](Operation *op) {
      if (!isa_and_nonnull<GirihDialect>(op->getDialect())) return;
      auto node = StringAttr::get(ctx, getNodeName(op->getLoc()));
      for (const DimCheck &check : getDimChecks(op))
        record(CheckAttr::get(ctx, check.kind, DimsAttr::get(ctx, {check.first, check.second}), node));
      for (Value result : op->getResults())
        if (auto type = dyn_cast<RankedTensorType>(result.getType()))
          for (DimExpr size : getDims(type))
            if (!dimNonNegative(size))
              record(CheckAttr::get(ctx, CheckKind::at_most, DimsAttr::get(ctx, {zero, size}), node));
    });
    numChecks += checks.size();
    if (!checks.empty()) kChecks.set(module, ArrayAttr::get(ctx, checks));
  }
};
} // namespace
