#include "backends/CPU/EmitKernels.h"
#include "backends/Host/LaunchedKernels.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;

namespace girih {

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
  auto kernels = getLaunchedKernels(module, symbols);
  if (failed(kernels)) return failure();

  SmallVector<EmittedCode> result(kernels->size());
  SmallVector<OwningOpRef<ModuleOp>> modules;
  for (LLVM::LLVMFuncOp kernel : *kernels)
    modules.push_back(isolate(kernel, symbols));
  LogicalResult status = failableParallelForEachN(module.getContext(), 0, kernels->size(), [&](size_t i) {
    return emitKernel(*modules[i], (*kernels)[i].getSymName(), target, options, result[i]);
  });
  if (failed(status)) return failure();
  return result;
}

} // namespace girih
