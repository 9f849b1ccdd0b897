#include "backends/CPU/EmitKernels.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"

using namespace mlir;

namespace girih {

/// The tile stage has written the loops and vectors as they shall be: what is left is to clean up, to move
/// what does not change out of the loops, and to vectorise the scalar loops (copies, the naive path). LLVM's
/// -O3 takes four times as long for the same code, half of it in searching loops that carry vectors for loads
/// to eliminate.
static constexpr const char *pipeline =
    "always-inline,"
    "function<eager-inv>(sroa,early-cse<memssa>,simplifycfg,instcombine,"
    "loop-mssa(loop-rotate,licm),simplifycfg,instcombine,"
    "loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),sroa,gvn,instcombine,"
    "loop-mssa(licm),loop-vectorize,instcombine,loop-unroll<O3>,instcombine,"
    "dse,loop-mssa(licm),simplifycfg,div-rem-pairs),"
    "globaldce";

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, pipeline));
  passes.run(module, modules);
}

std::string emitModule(llvm::Module &module, const CpuTarget &target, CodeKind kind,
                       SmallVectorImpl<char> &out) {
  std::unique_ptr<llvm::TargetMachine> machine = target.createMachine();
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &f : module) {
    if (f.isDeclaration()) continue;
    f.addFnAttr("target-cpu", target.cpu);
    f.addFnAttr("target-features", target.features);
    // The plan counts on 512-bit registers where there are any; LLVM by itself avoids them on some CPUs.
    if (target.has("avx512f")) {
      f.addFnAttr("prefer-vector-width", "512");
      f.addFnAttr("min-legal-vector-width", "512");
    }
    f.setDoesNotThrow();
    f.setUWTableKind(llvm::UWTableKind::None);
  }
  std::string problem;
  llvm::raw_string_ostream report(problem);
  if (llvm::verifyModule(module, &report)) return problem;
  optimize(module, *machine);
  llvm::raw_svector_ostream os(out);
  if (kind == CodeKind::IR) {
    module.print(os, nullptr);
    return "";
  }
  llvm::legacy::PassManager passes;
  auto type =
      kind == CodeKind::Assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine->addPassesToEmitFile(passes, os, nullptr, type))
    return "LLVM cannot emit code for " + target.triple;
  passes.run(module);
  return "";
}

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

static LogicalResult emitKernel(ModuleOp module, StringRef kernel, const CpuTarget &target, CodeKind kind,
                                StringRef prefix, EmittedCode &code) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, kernel);
  if (!translated) return module.emitError("could not be translated to LLVM's IR");
  for (llvm::Function &f : *translated) {
    if (f.isDeclaration()) continue;
    bool isKernel = f.getName() == kernel;
    f.setLinkage(isKernel ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage);
    if (isKernel) f.setVisibility(llvm::GlobalValue::HiddenVisibility);
    if (isKernel) f.setName(prefix + kernel);
  }
  for (llvm::GlobalVariable &g : translated->globals())
    if (!g.isDeclaration()) g.setLinkage(llvm::GlobalValue::InternalLinkage);
  code.name = (prefix + kernel).str();
  std::string error = emitModule(*translated, target, kind, code.bytes);
  if (!error.empty()) return module.emitError("code generation failed: ") << error;
  return success();
}

FailureOr<SmallVector<EmittedCode>> emitKernels(ModuleOp module, const CpuTarget &target, CodeKind kind,
                                                StringRef prefix) {
  SymbolTable symbols(module);
  llvm::SetVector<Operation *> kernels;
  WalkResult walk = module.walk([&](LaunchOp launch) {
    auto kernel = symbols.lookup<LLVM::LLVMFuncOp>(launch.getKernel());
    if (!kernel || kernel.isExternal()) {
      launch.emitError("its kernel @")
          << launch.getKernel() << " is no function of the LLVM dialect with a body";
      return WalkResult::interrupt();
    }
    kernels.insert(kernel);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted()) return failure();

  SmallVector<EmittedCode> result(kernels.size());
  SmallVector<OwningOpRef<ModuleOp>> modules;
  for (Operation *kernel : kernels)
    modules.push_back(isolate(cast<LLVM::LLVMFuncOp>(kernel), symbols));
  LogicalResult status = failableParallelForEachN(module.getContext(), 0, kernels.size(), [&](size_t i) {
    StringRef name = cast<LLVM::LLVMFuncOp>(kernels[i]).getSymName();
    return emitKernel(*modules[i], name, target, kind, prefix, result[i]);
  });
  if (failed(status)) return failure();
  return result;
}

} // namespace girih
