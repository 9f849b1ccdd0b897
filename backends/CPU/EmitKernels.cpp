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
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"

using namespace mlir;

namespace girih {

/// The tile stage has written the loops and vectors as they shall be: what is left is to clean up, to move
/// what does not change out of the loops, and to vectorise the scalar loops (copies, the naive path). LLVM's
/// -O3 takes four times as long for the same code, half of it in searching loops that carry vectors for loads
/// to eliminate. InstCombine that is named in a text verifies that one iteration leaves nothing to do, and is
/// fatal where there was more: what is left here, its next turn does.
static constexpr const char *pipeline =
    "always-inline,"
    "function<eager-inv>(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(loop-rotate,licm),simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),sroa,gvn,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm),loop-vectorize,instcombine<no-verify-fixpoint>,loop-unroll<O3>,"
    "instcombine<no-verify-fixpoint>,dse,loop-mssa(licm),simplifycfg,div-rem-pairs),"
    "globaldce";

/// Calls of the runtime, which look at every byte. Checks that are written inline are many times the kernel's
/// own code, and look at the first and the last byte of a vector only. Of masked loads and stores, gathers
/// and scatters the lanes that are on are checked, one by one.
static llvm::AddressSanitizerPass sanitizer() {
  llvm::AddressSanitizerOptions options;
  options.InstrumentationWithCallsThreshold = 0;
  return llvm::AddressSanitizerPass(options);
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine, bool sanitize) {
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
  if (sanitize) passes.addPass(sanitizer());
  passes.run(module, modules);
}

std::string emitModule(llvm::Module &module, const CpuTarget &target, const CodeOptions &options,
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
    if (options.sanitize) f.addFnAttr(llvm::Attribute::SanitizeAddress);
    f.setDoesNotThrow();
    f.setUWTableKind(llvm::UWTableKind::None);
  }
  std::string problem;
  llvm::raw_string_ostream report(problem);
  if (llvm::verifyModule(module, &report)) return problem;
  optimize(module, *machine, options.sanitize);
  llvm::raw_svector_ostream os(out);
  if (options.kind == CodeKind::IR) {
    module.print(os, nullptr);
    return "";
  }
  llvm::legacy::PassManager passes;
  auto type = options.kind == CodeKind::Assembly ? llvm::CodeGenFileType::AssemblyFile
                                                 : llvm::CodeGenFileType::ObjectFile;
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
    return emitKernel(*modules[i], name, target, options, result[i]);
  });
  if (failed(status)) return failure();
  return result;
}

} // namespace girih
