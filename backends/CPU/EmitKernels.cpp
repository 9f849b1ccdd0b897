#include "backends/CPU/EmitKernels.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;

namespace girih {

/// A module of `kernel` and all that it refers to.
static OwningOpRef<ModuleOp> isolate(LLVM::LLVMFuncOp kernel, SymbolTable &symbols) {
  OwningOpRef<ModuleOp> result = ModuleOp::create(kernel.getLoc());
  llvm::SetVector<Operation *> needed;
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

static LogicalResult emitKernel(ModuleOp module, StringRef kernel, const CpuTarget &target,
                                const CodeOptions &options, EmittedCode &code) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, kernel);
  if (!translated) return module.emitError("could not be translated to LLVM's IR");
  for (llvm::Function &f : *translated) {
    if (f.isDeclaration()) continue;
    bool isKernel = f.getName() == kernel;
    f.setLinkage(isKernel ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage);
    if (isKernel) f.setVisibility(llvm::GlobalValue::HiddenVisibility);
    if (isKernel) f.setName(options.prefix + kernel);
  }
  for (llvm::GlobalVariable &g : translated->globals())
    if (!g.isDeclaration()) g.setLinkage(llvm::GlobalValue::InternalLinkage);
  code.name = (options.prefix + kernel).str();
  std::string error = emitModule(*translated, target, options, code.bytes);
  if (!error.empty()) return module.emitError("code generation failed: ") << error;
  return success();
}

FailureOr<SmallVector<EmittedCode>> emitKernels(ModuleOp module, const CpuTarget &target,
                                                const CodeOptions &options) {
  SymbolTable symbols(module);
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

  SmallVector<EmittedCode> result(kernels.size());
  SmallVector<OwningOpRef<ModuleOp>> modules;
  for (Operation *kernel : kernels)
    modules.push_back(isolate(cast<LLVM::LLVMFuncOp>(kernel), symbols));
  LogicalResult status = failableParallelForEachN(module.getContext(), 0, kernels.size(), [&](size_t i) {
    StringRef name = cast<LLVM::LLVMFuncOp>(kernels[i]).getSymName();
    return emitKernel(*modules[i], name, target, options, result[i]);
  });
  if (failed(status)) return failure();
  return result;
}

} // namespace girih
