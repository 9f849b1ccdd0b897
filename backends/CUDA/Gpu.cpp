#include "backends/CUDA/Gpu.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include <mutex>

using namespace llvm;

namespace girih {

/// All that `--sm` knows.
static constexpr Gpu gpus[] = {{75, 63}, {80, 70}, {86, 71}, {89, 78}, {90, 78}, {100, 86}, {120, 87}};

std::unique_ptr<TargetMachine> Gpu::createMachine(unsigned parameterBytes) const {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  // PTX 8.1 has room for more, but needs a newer driver.
  constexpr unsigned kFewBytes = 4096, kManyVersion = 81;
  unsigned version = parameterBytes > kFewBytes ? std::max(unsigned(ptx), kManyVersion) : ptx;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, "sm_" + std::to_string(sm), "+ptx" + std::to_string(version),
                                  TargetOptions(), std::nullopt, std::nullopt, CodeGenOptLevel::Aggressive));
}

Expected<SmallVector<Gpu>> parseGpus(StringRef list) {
  SmallVector<Gpu> chosen;
  SmallVector<StringRef> names;
  (list.empty() ? StringRef("80") : list).split(names, ',');
  for (StringRef name : names) {
    unsigned sm = 0;
    bool isNumber = !name.trim().getAsInteger(10, sm);
    const Gpu *gpu = find_if(gpus, [&](const Gpu &g) { return isNumber && g.sm == sm; });
    if (gpu == std::end(gpus))
      return createStringError(
          "unknown --sm '" + name + "'; expected a list of " +
          join(map_range(gpus, [](const Gpu &g) { return std::to_string(g.sm); }), ", "));
    chosen.push_back(*gpu);
  }
  sort(chosen, [](const Gpu &a, const Gpu &b) { return a.sm < b.sm; });
  chosen.erase(llvm::unique(chosen, [](const Gpu &a, const Gpu &b) { return a.sm == b.sm; }), chosen.end());
  return chosen;
}

} // namespace girih
