#include "backends/Host/LaunchedKernels.h"
#include "dialects/Graph/Graph.h"

using namespace mlir;

namespace girih {

FailureOr<SmallVector<LLVM::LLVMFuncOp>> getLaunchedKernels(ModuleOp module, SymbolTable &symbols) {
  llvm::SetVector<Operation *> kernels;
  WalkResult walk = module.walk([&](LaunchOp launch) {
    SmallVector<StringRef> names{launch.getKernel()};
    if (ArrayAttr variants = launch.getVariantsAttr())
      for (auto variant : variants.getAsRange<LaunchVariantAttr>())
        names.push_back(variant.getKernel().getValue());
    for (StringRef name : names) {
      auto kernel = symbols.lookup<LLVM::LLVMFuncOp>(name);
      if (!kernel || kernel.isExternal()) {
        launch.emitError("its kernel @") << name << " is no function of the LLVM dialect with a body";
        return WalkResult::interrupt();
      }
      kernels.insert(kernel);
    }
    return WalkResult::advance();
  });
  if (walk.wasInterrupted()) return failure();
  return llvm::map_to_vector(kernels, [](Operation *op) { return cast<LLVM::LLVMFuncOp>(op); });
}

OwningOpRef<ModuleOp> isolate(ArrayRef<LLVM::LLVMFuncOp> kernels, SymbolTable &symbols) {
  OwningOpRef<ModuleOp> result = ModuleOp::create(symbols.getOp()->getLoc());
  llvm::SetVector<Operation *> needed;
  for (LLVM::LLVMFuncOp kernel : kernels)
    needed.insert(kernel);
  for (size_t i = 0; i < needed.size(); ++i) {
    if (auto uses = SymbolTable::getSymbolUses(needed[i]))
      for (SymbolTable::SymbolUse use : *uses)
        if (Operation *op = symbols.lookup(use.getSymbolRef().getRootReference())) needed.insert(op);
  }
  OpBuilder b(result->getBodyRegion());
  for (Operation *op : needed)
    b.clone(*op);
  return result;
}

} // namespace girih
