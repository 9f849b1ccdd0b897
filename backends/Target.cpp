#include "backends/Target.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Target.h"
#include "backends/CUDA/CudaTarget.h"
#include "backends/CUDA/Passes.h"

namespace girih {

// The one place that knows which targets there are: an accelerator has a name instead of a triple.
llvm::Expected<std::unique_ptr<Target>> getTarget(const TargetOptions &options) {
  if (options.target == "cuda") return createCudaTarget(options);
  if (!options.sm.empty()) return llvm::createStringError("--sm is of GPUs: it needs --target=cuda");
  return createCpuTarget(options);
}

void registerTargetPasses() {
  registerGirihCPUPasses();
  registerGirihCUDAPasses();
}

} // namespace girih
