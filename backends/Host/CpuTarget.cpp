#include "backends/Host/CpuTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>
#include <thread>

using namespace llvm;

namespace girih {

namespace {
/// What is to be known of an architecture that artifacts can be for.
struct Architecture {
  StringLiteral name; // of its triple
  Triple::ArchType type;
  StringLiteral cpus, feature; // examples for messages
  /// Instruction sets that code generation picks by itself. The runtime's table (runtime/cpu.c) knows all of
  /// them.
  ArrayRef<StringLiteral> instructionSets;
};
} // namespace

static constexpr StringLiteral x86Sets[] = {
    "sse3",       "ssse3",      "sse4.1",     "sse4.2",      "popcnt",     "avx",
    "avx2",       "fma",        "f16c",       "bmi",         "bmi2",       "lzcnt",
    "movbe",      "avx512f",    "avx512cd",   "avx512bw",    "avx512dq",   "avx512vl",
    "avx512vnni", "avx512bf16", "avx512vbmi", "avx512vbmi2", "avx512ifma", "avx512bitalg",
    "gfni",       "avxvnni",    "avx512fp16", "avxvnniint8", "avxifma",    "avx512vpopcntdq",
    "amx-tile",   "amx-bf16",   "amx-int8",   "fma4",
};
static constexpr StringLiteral aarch64Sets[] = {
    "neon", "fullfp16", "fp16fml", "dotprod", "rdm",  "complxnum", "sha3",
    "lse",  "i8mm",     "bf16",    "cssc",    "mops", "sve",       "sve2",
};
static constexpr Architecture architectures[] = {
    {"x86_64-linux-gnu", Triple::x86_64,
     "x86-64-v2, x86-64-v3, x86-64-v4 or an LLVM name such as skylake-avx512", "+avx2", x86Sets},
    {"aarch64-linux-gnu", Triple::aarch64,
     "generic or an LLVM name such as neoverse-n1, cortex-a76 or apple-m1", "+sve", aarch64Sets},
};

/// The architecture of a triple that artifacts can be for; null for others.
static const Architecture *findArchitecture(const Triple &triple) {
  if (!triple.isOSLinux() || triple.getEnvironment() != Triple::GNU) return nullptr;
  for (const Architecture &a : architectures)
    if (a.type == triple.getArch()) return &a;
  return nullptr;
}

/// Makes known to LLVM what there is a line for above; all of its targets take 4 ms of every start.
static const Target *lookUp(const Triple &triple, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
  });
  return TargetRegistry::lookupTarget(triple, error);
}

std::string shortName(const Triple &triple) {
  return findArchitecture(triple)->name.str();
}

bool isOfThisMachine(const Triple &triple) {
  return triple.getArch() == Triple(sys::getDefaultTargetTriple()).getArch();
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
  const Target *target = lookUp(triple, error);
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, cpu, features, TargetOptions(), Reloc::PIC_, CodeModel::Small, CodeGenOptLevel::Aggressive));
}

void CpuTarget::annotate(Function &function) const {
  function.addFnAttr("target-cpu", cpu);
  function.addFnAttr("target-features", features);
  // The plan counts on 512-bit registers where there are any; LLVM by itself avoids them on some CPUs.
  if (has("avx512f")) {
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("min-legal-vector-width", "512");
  }
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

static Error unknownTarget(StringRef name) {
  return createStringError(
      "unknown --target '" + name + "'; expected " +
      join(map_range(architectures, [](const Architecture &a) { return a.name; }), ", ") +
      " or cuda (default: this machine, " + sys::getDefaultTargetTriple() + ")");
}

Expected<CpuTarget> resolveCpuTarget(StringRef name, StringRef cpu, StringRef mattr) {
  CpuTarget result;
  result.triple = Triple(name.empty() ? sys::getDefaultTargetTriple() : Triple::normalize(name));
  const Triple &triple = result.triple;
  const Architecture *architecture = findArchitecture(triple);
  if (!architecture) return unknownTarget(name);
  std::string error;
  const Target *target = lookUp(triple, error);
  if (!target) return createStringError("LLVM generates no code for '" + triple.str() + "': " + error);

  SmallVector<std::string> features;
  bool isHere = isOfThisMachine(triple);
  if (cpu == "host" || (cpu.empty() && isHere)) {
    if (!isHere)
      return createStringError("--cpu=host: this machine is no " + architecture->name + "; expected " +
                               architecture->cpus);
    result.cpu = sys::getHostCPUName().str();
    result.cpus = std::thread::hardware_concurrency();
    // What the name promises may be off in this machine (by its hypervisor, for one), so each feature is
    // stated.
    for (const auto &feature : sys::getHostCPUFeatures())
      features.push_back((feature.second ? "+" : "-") + feature.first().str());
    llvm::sort(features);
  } else {
    result.cpu = cpu.empty() ? "generic" : cpu.str();
  }
  std::unique_ptr<MCSubtargetInfo> known(target->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(result.cpu))
    return createStringError("unknown --cpu '" + cpu + "' of " + architecture->name + "; expected " +
                             (isHere ? "host, " : "") + architecture->cpus +
                             " (clang --print-supported-cpus --target=" + architecture->name +
                             " lists them)" + suggestion(known->getAllProcessorDescriptions(), cpu));
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
          "--mattr: expected +FEATURE or -FEATURE with a name that LLVM knows, such as " +
          architecture->feature + "; got '" + change + "'" +
          suggestion(known->getAllProcessorFeatures(), name));
    features.push_back(change.str());
  }
  result.features = join(features, ",");
  std::unique_ptr<MCSubtargetInfo> info(target->createMCSubtargetInfo(triple, result.cpu, result.features));
  StringMap<bool> enabled;
  for (const SubtargetFeatureKV &f : info->getEnabledProcessorFeatures())
    enabled[f.Key] = true;
  for (StringRef set : architecture->instructionSets)
    if (enabled.contains(set)) result.required.push_back(set.str());
  return result;
}

} // namespace girih
