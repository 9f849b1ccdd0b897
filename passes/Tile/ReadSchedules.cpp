#include "dialects/Graph/Graph.h"
#include "mlir/Parser/Parser.h"
#include "passes/Tile/Passes.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_READSCHEDULES
#include "passes/Tile/Passes.h.inc"

/// The kernels of each name, in order.
static llvm::StringMap<SmallVector<KernelOp, 1>> kernelsByName(ModuleOp module) {
  llvm::StringMap<SmallVector<KernelOp, 1>> kernels;
  module.walk([&](KernelOp kernel) { kernels[kernel.getKernelName()].push_back(kernel); });
  return kernels;
}

static LogicalResult readSchedules(ModuleOp module, StringRef file) {
  auto error = [&]() {
    return emitError(UnknownLoc::get(module.getContext())) << "schedules in '" << file << "'";
  };
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(file, status))
    return error() << " cannot be read: " << code.message();
  if (!llvm::sys::fs::is_regular_file(status)) return error() << " cannot be read: not a regular file";
  OwningOpRef<ModuleOp> source = parseSourceFile<ModuleOp>(file, module.getContext());
  if (!source) return failure();
  auto targets = kernelsByName(module);
  llvm::StringMap<size_t> used;
  WalkResult result =
      source->walk(
          [&](KernelOp kernel) {
            StringRef name = kernel.getKernelName();
            auto it = targets.find(name);
            size_t i = used[name]++;
            if (it == targets.end() || i >= it->second.size()) {
              emitError(kernel.getLoc())
                  << "kernel '" << name
                  << "' is not in the model; print the plan again with the options of this compilation";
              return WalkResult::interrupt();
            }
            if (ArrayAttr schedule = kernel.getScheduleAttr()) {
              it->second[i].setScheduleAttr(schedule);
              it->second[i].setVariantsAttr(kernel.getVariantsAttr());
            }
            return WalkResult::advance();
          });
  if (result.wasInterrupted()) return failure();
  if (used.empty()) return error() << ": there is no kernel; expected the output of --stop-after=plan";
  return success();
}

namespace {
struct ReadSchedulesPass : impl::ReadSchedulesBase<ReadSchedulesPass> {
  using ReadSchedulesBase::ReadSchedulesBase;
  void runOnOperation() override {
    if (failed(readSchedules(getOperation(), file))) signalPassFailure();
  }
};
} // namespace

} // namespace girih
