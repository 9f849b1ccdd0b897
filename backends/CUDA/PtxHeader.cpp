#include "backends/CUDA/PtxHeader.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/TypeText.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace girih {

static std::string listText(DimsAttr dims) {
  std::string text;
  for (DimExpr e : dims.getDims())
    text += (text.empty() ? "" : ", ") + dimToString(e);
  return text;
}

namespace {
/// One kernel as the first launch of it, or of a variant of it, has it.
struct Entry {
  LaunchOp launch;
  StringRef kernel;
  DimsAttr dims, tasks, scratch;
  std::string condition; // of a variant
};
} // namespace

/// Bytes of a block's shared memory: what the kernel declares, and what its launches ask for.
static int64_t sharedBytes(LLVM::LLVMFuncOp kernel, const SymbolTable &symbols) {
  DataLayout layout(kernel->getParentOfType<ModuleOp>());
  llvm::SmallSetVector<LLVM::GlobalOp, 4> declared;
  kernel.walk([&](LLVM::AddressOfOp address) {
    auto global = symbols.lookup<LLVM::GlobalOp>(address.getGlobalName());
    if (global && global.getAddrSpace() == unsigned(NVVM::NVVMMemorySpace::Shared)) declared.insert(global);
  });
  int64_t bytes = getNumber(kernel, kShared);
  for (LLVM::GlobalOp global : declared)
    bytes += layout.getTypeSize(global.getGlobalType()).getFixedValue();
  return bytes;
}

static void print(llvm::raw_ostream &os, const Entry &e, int64_t threads, int64_t shared) {
  LaunchOp launch = e.launch;
  os << "//\n// " << e.kernel;
  if (auto name = launch.getName()) os << ": " << *name;
  os << (e.condition.empty() ? "" : ", where " + e.condition) << "\n";
  unsigned n = 0;
  auto buffer = [&](StringRef what, Type type) {
    os << "//   param " << n++ << ": " << what << " " << typeText(type) << "\n";
  };
  for (Value input : launch.getInputs())
    buffer(input.getDefiningOp<ConstantOp>() ? "weight" : "input", input.getType());
  for (Type type : launch.getResultTypes())
    buffer("result", type);
  for (DimExpr size : e.dims.getDims())
    os << "//   param " << n++ << ": size " << dimToString(size) << "\n";
  bool hasScratch = e.scratch && e.scratch.getDims()[0] != 0;
  if (hasScratch) os << "//   param " << n++ << ": scratch, " << listText(e.scratch) << " bytes a block\n";
  os << "//   grid " << listText(e.tasks) << ", block " << threads << ", shared memory " << shared << "\n";
}

std::string getPtxHeader(ModuleOp module) {
  SymbolTable symbols(module);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// Kernels of a model, each as it is launched first: pointers into global memory for inputs, "
        "weights and\n"
        "// results, then 64-bit sizes, and scratch memory where there is some. Tensors are dense, row by "
        "row,\n"
        "// but for weights that are packed, and for parts of a tensor that several kernels write.\n";
  llvm::StringSet<> seen;
  auto add = [&](const Entry &e) {
    if (!seen.insert(e.kernel).second) return;
    auto kernel = symbols.lookup<LLVM::LLVMFuncOp>(e.kernel);
    print(os, e, getNumber(kernel, kThreads), sharedBytes(kernel, symbols));
  };
  module.walk([&](LaunchOp launch) {
    add({launch, launch.getKernel(), launch.getDimsAttr(), launch.getTasksAttr(), launch.getScratchAttr(),
         ""});
    if (ArrayAttr variants = launch.getVariantsAttr())
      for (auto v : variants.getAsRange<LaunchVariantAttr>())
        add({launch, v.getKernel().getValue(), v.getDims(), v.getTasks(), v.getScratch(),
             dimToString(v.getAtMost().getDims()[0]) + " <= " + dimToString(v.getAtMost().getDims()[1])});
  });
  return text;
}

} // namespace girih
