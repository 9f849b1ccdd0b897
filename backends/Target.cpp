#include "backends/Target.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Target.h"
#include "backends/CUDA/CudaTarget.h"
#include "backends/CUDA/Passes.h"
#include "llvm/ADT/StringExtras.h"

namespace girih {

// The one place that knows which targets there are: an accelerator has a name instead of a triple.
llvm::Expected<std::unique_ptr<Target>> getTarget(const TargetOptions &options) {
  if (options.target == "cuda") return createCudaTarget(options);
  if (!options.sm.empty()) return llvm::createStringError("--sm is of GPUs: it needs --target=cuda");
  return createCpuTarget(options);
}

llvm::StringRef precisionName(Precision precision) {
  static constexpr llvm::StringLiteral names[] = {"f32", "f16", "bf16", "tf32"};
  return names[static_cast<int>(precision)];
}

llvm::Expected<Precision> parsePrecision(llvm::StringRef name, const Target &target) {
  for (Precision p : {Precision::F32, Precision::F16, Precision::BF16, Precision::TF32})
    if (name == precisionName(p)) {
      if (p == Precision::F32 || llvm::is_contained(target.getPrecisions(), p)) return p;
      return llvm::createStringError(
          "--precision=" + name +
          ": this target computes in the types of the model; --target=cuda takes f16, bf16 and tf32");
    }
  return llvm::createStringError("--precision: expected f32, f16, bf16 or tf32; got '" + name + "'");
}

void registerTargetPasses() {
  registerGirihCPUPasses();
  registerGirihCUDAPasses();
}

} // namespace girih
