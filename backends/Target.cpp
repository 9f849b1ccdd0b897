#include "backends/Target.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Target.h"

namespace girih {

// The one place that knows which targets there are: an accelerator has a name instead of a triple.
llvm::Expected<std::unique_ptr<Target>> getTarget(const TargetOptions &options) {
  return createCpuTarget(options);
}

void registerTargetPasses() {
  registerGirihCPUPasses();
}

} // namespace girih
