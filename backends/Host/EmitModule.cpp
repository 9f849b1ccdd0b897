#include "backends/Host/EmitModule.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Instrumentation/AddressSanitizer.h"

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

std::string emitCode(llvm::Module &module, llvm::TargetMachine &machine, llvm::StringRef pipeline,
                     CodeKind kind, llvm::raw_pwrite_stream &os,
                     llvm::function_ref<void(llvm::ModulePassManager &)> addLast) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  std::string problem;
  llvm::raw_string_ostream report(problem);
  if (llvm::verifyModule(module, &report)) return problem;

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
  addLast(passes);
  passes.run(module, modules);

  if (kind == CodeKind::IR) {
    module.print(os, nullptr);
    return "";
  }
  llvm::legacy::PassManager emission;
  auto type =
      kind == CodeKind::Assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine.addPassesToEmitFile(emission, os, nullptr, type))
    return "LLVM cannot emit code for " + machine.getTargetTriple().str();
  emission.run(module);
  return "";
}

std::string emitModule(llvm::Module &module, const CpuTarget &target, const CodeOptions &options,
                       llvm::SmallVectorImpl<char> &out) {
  std::unique_ptr<llvm::TargetMachine> machine = target.createMachine();
  module.setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &f : module) {
    if (f.isDeclaration()) continue;
    target.annotate(f);
    if (options.sanitize) f.addFnAttr(llvm::Attribute::SanitizeAddress);
    f.setDoesNotThrow();
    f.setUWTableKind(llvm::UWTableKind::None);
  }
  llvm::raw_svector_ostream os(out);
  return emitCode(module, *machine, pipeline, options.kind, os, [&](llvm::ModulePassManager &passes) {
    if (options.sanitize) passes.addPass(sanitizer());
  });
}

} // namespace girih
