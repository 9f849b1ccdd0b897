#include "backends/CUDA/EmitPtx.h"
#include "backends/CUDA/PtxHeader.h"
#include "backends/Host/LaunchedKernels.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"

using namespace mlir;

namespace girih {

/// Pointers and sizes; the most that PTX has room for.
static constexpr unsigned kParameterBytes = 8, kMostParameterBytes = 32764;

/// Blocks of no more threads have all registers that a thread can have, when there are two of them.
static constexpr int64_t kFewThreads = 128;

/// As for a CPU (backends/Host/EmitModule.cpp), without vectors: register tiles are written out. Pointers are
/// found to be of global memory as soon as descriptors are gone, and what lies side by side in aligned memory
/// is loaded and stored at once.
static constexpr const char *pipeline =
    "always-inline,"
    "function<eager-inv>(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "infer-address-spaces,loop-mssa(loop-rotate,licm),simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop(indvars,loop-deletion,loop-unroll-full),sroa,gvn,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm),correlated-propagation,loop-unroll<O3>,instcombine<no-verify-fixpoint>,"
    "infer-alignment,load-store-vectorizer,dse,loop-mssa(licm),simplifycfg,div-rem-pairs),globaldce";

namespace {
/// Of `n < 64 ? x << n : 0` LLVM makes PTX's shift alone, which gives 0 where n is 64 or more, but only has
/// the low 32 bits of n. It does not know the pattern where n is masked.
struct MaskShifts : llvm::PassInfoMixin<MaskShifts> {
  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &) {
    for (llvm::Function &f : module)
      for (llvm::Instruction &i : llvm::instructions(f)) {
        if (!i.isShift() || !i.getType()->isIntegerTy(64) || isa<llvm::Constant>(i.getOperand(1))) continue;
        llvm::IRBuilder<> b(&i);
        i.setOperand(1, b.CreateAnd(i.getOperand(1), 63));
      }
    return llvm::PreservedAnalyses::none();
  }
};
} // namespace

/// The kernels of `module` as PTX, or as LLVM's IR.
static LogicalResult emitFor(ModuleOp module, const Gpu &gpu, ArrayRef<LLVM::LLVMFuncOp> kernels,
                             const CodeOptions &options, llvm::raw_pwrite_stream &os) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, "kernels");
  if (!translated) return module.emitError("could not be translated to LLVM's IR");
  unsigned parameterBytes = 0;
  for (LLVM::LLVMFuncOp kernel : kernels)
    parameterBytes = std::max(parameterBytes, kernel.getNumArguments() * kParameterBytes);
  std::unique_ptr<llvm::TargetMachine> machine = gpu.createMachine(parameterBytes);
  if (!machine) return module.emitError("this LLVM was built without its NVPTX target");
  for (llvm::Function &f : *translated)
    if (!f.isDeclaration()) f.setLinkage(llvm::GlobalValue::InternalLinkage);
  for (LLVM::LLVMFuncOp kernel : kernels) {
    llvm::Function *f = translated->getFunction(kernel.getSymName());
    f->setLinkage(llvm::GlobalValue::ExternalLinkage);
    f->setCallingConv(llvm::CallingConv::PTX_Kernel);
    int64_t threads = getNumber(kernel, kThreads);
    f->addFnAttr("nvvm.maxntid", std::to_string(threads));
    // What ptxas takes for better than a few spilled registers, it does not know of sums in flight.
    f->addFnAttr("nvvm.minctasm", threads > kFewThreads ? "1" : "2");
    f->setDoesNotThrow();
  }
  // PTX is the assembly of NVPTX, and what an artifact has.
  CodeKind kind = options.kind == CodeKind::IR ? CodeKind::IR : CodeKind::Assembly;
  std::string error = emitCode(*translated, *machine, pipeline, kind, os,
                               [](llvm::ModulePassManager &passes) { passes.addPass(MaskShifts()); });
  if (!error.empty()) return module.emitError("code generation failed: ") << error;
  return success();
}

FailureOr<EmittedKernels> emitPtx(ModuleOp module, ArrayRef<Gpu> gpus, const CodeOptions &options) {
  if (options.sanitize)
    return module.emitError(
        "--sanitize=address checks kernels of CPUs; those of a GPU are checked by the PTX "
        "simulator (docs/ptxsim.md)");
  SymbolTable symbols(module);
  auto kernels = getLaunchedKernels(module, symbols);
  if (failed(kernels)) return failure();
  for (LLVM::LLVMFuncOp kernel : *kernels)
    if (unsigned bytes = kernel.getNumArguments() * kParameterBytes; bytes > kMostParameterBytes)
      return kernel.emitError("a kernel for a GPU has at most ")
             << kMostParameterBytes / kParameterBytes << " tensors and sizes, and " << kernel.getSymName()
             << " needs " << kernel.getNumArguments();
  EmittedKernels emitted;
  OwningOpRef<ModuleOp> alone = isolate(*kernels, symbols);
  if (options.kind == CodeKind::IR) {
    EmittedCode &code = emitted.objects.emplace_back();
    code.name = "kernels";
    llvm::raw_svector_ostream os(code.bytes);
    if (failed(emitFor(*alone, gpus[0], *kernels, options, os))) return failure();
    return emitted;
  }
  emitted.device.modules.resize(gpus.size());
  std::string header = getPtxHeader(module);
  LogicalResult status = failableParallelForEachN(module.getContext(), 0, gpus.size(), [&](size_t i) {
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream os(text);
    if (failed(emitFor(*alone, gpus[i], *kernels, options, os))) return failure();
    emitted.device.modules[i] = {gpus[i].sm, header + text.str().str()};
    return success();
  });
  if (failed(status)) return failure();
  for (LLVM::LLVMFuncOp kernel : *kernels)
    emitted.device.kernels[kernel.getSymName()] = {unsigned(getNumber(kernel, kThreads)),
                                                   unsigned(getNumber(kernel, kShared))};
  return emitted;
}

} // namespace girih
