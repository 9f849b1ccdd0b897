#include "backends/CPU/EmitTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>

using namespace llvm;

namespace girih {

// Instruction sets that code generation picks by itself. The runtime's table (runtime/cpu.c) knows all of
// them.
static constexpr StringRef instructionSets[] = {
    "sse3",       "ssse3",      "sse4.1",     "sse4.2",      "popcnt",     "avx",
    "avx2",       "fma",        "f16c",       "bmi",         "bmi2",       "lzcnt",
    "movbe",      "avx512f",    "avx512cd",   "avx512bw",    "avx512dq",   "avx512vl",
    "avx512vnni", "avx512bf16", "avx512vbmi", "avx512vbmi2", "avx512ifma", "avx512bitalg",
    "gfni",       "avxvnni",    "avx512fp16", "avxvnniint8", "avxifma",    "avx512vpopcntdq",
    "amx-tile",   "amx-bf16",   "amx-int8",
};

static const Target *lookUp(const Triple &triple, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    InitializeNativeTargetAsmParser();
  });
  return TargetRegistry::lookupTarget(triple, error);
}

bool CpuTarget::has(StringRef feature) const {
  return is_contained(required, feature);
}

std::string CpuTarget::requiredText() const {
  std::string text = join(required, ",");
  llvm::erase(text, '-'); // amx-tile is amxtile to the runtime
  return text;
}

std::unique_ptr<TargetMachine> CpuTarget::createMachine() const {
  std::string error;
  const Target *target = lookUp(Triple(triple), error);
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(Triple(triple), cpu, features, TargetOptions(), Reloc::PIC_,
                                  CodeModel::Small, CodeGenOptLevel::Aggressive));
}

/// "; did you mean 'znver4' or 'znver5'?": the names nearest to what was asked for, or nothing.
template <typename Entry> static std::string suggestion(ArrayRef<Entry> known, StringRef name) {
  SmallVector<std::pair<unsigned, StringRef>> near;
  for (const Entry &entry : known) {
    StringRef key = entry.Key;
    // LLVM knows some names with '_' as well.
    unsigned distance = name.edit_distance(key);
    if (distance <= std::max<size_t>(name.size() / 3, 1) && !key.contains('_'))
      near.push_back({distance, key});
  }
  llvm::sort(near);
  near.truncate(std::min<size_t>(near.size(), 3));
  if (near.empty()) return "";
  return "; did you mean '" + join(make_second_range(near), "' or '") + "'?";
}

Expected<CpuTarget> resolveCpuTarget(StringRef cpu, StringRef mattr) {
  CpuTarget result;
  result.triple = sys::getDefaultTargetTriple();
  std::string error;
  Triple triple(result.triple);
  const Target *target = lookUp(triple, error);
  if (!target) return createStringError("LLVM generates no code for '" + result.triple + "': " + error);

  SmallVector<std::string> features;
  if (cpu.empty() || cpu == "host") {
    result.cpu = sys::getHostCPUName().str();
    // What the name promises may be off in this machine (by its hypervisor, for one), so each feature is
    // stated.
    for (const auto &feature : sys::getHostCPUFeatures())
      features.push_back((feature.second ? "+" : "-") + feature.first().str());
    llvm::sort(features);
  } else {
    result.cpu = cpu.str();
  }
  std::unique_ptr<MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(result.cpu))
    return createStringError("unknown --cpu '" + cpu +
                             "'; expected host, x86-64-v2, x86-64-v3, x86-64-v4 or an LLVM name such as "
                             "skylake-avx512 (clang --print-supported-cpus lists them)" +
                             suggestion(known->getAllProcessorDescriptions(), cpu));
  SmallVector<StringRef> changes;
  mattr.split(changes, ',', -1, false);
  for (StringRef change : changes) {
    change = change.trim();
    StringRef name = change.drop_front();
    bool valid = (change.starts_with("+") || change.starts_with("-")) &&
                 any_of(known->getAllProcessorFeatures(),
                        [&](const SubtargetFeatureKV &f) { return StringRef(f.Key) == name; });
    if (!valid)
      return createStringError(
          "--mattr: expected +FEATURE or -FEATURE with a name that LLVM knows, such as +avx2; got '" +
          change + "'" + suggestion(known->getAllProcessorFeatures(), name));
    features.push_back(change.str());
  }
  result.features = join(features, ",");
  std::unique_ptr<MCSubtargetInfo> info(target->createMCSubtargetInfo(triple, result.cpu, result.features));
  StringMap<bool> enabled;
  for (const SubtargetFeatureKV &f : info->getEnabledProcessorFeatures())
    enabled[f.Key] = true;
  for (StringRef name : instructionSets)
    if (enabled.contains(name)) result.required.push_back(name.str());
  return result;
}

} // namespace girih
