#include "backends/CPU/Machine.h"
#include "backends/Host/CpuTarget.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/CodeGen/TargetLowering.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace girih {

namespace {
struct Known {
  StringLiteral cpu; // LLVM's name
  int64_t l1KiB, l1Ways, l2KiB;
  bool halfByHalf = false; // one multiply-add of 512 bits a cycle, two of 256
};
} // namespace

/// Sources: Intel's optimization reference manual, AMD's software optimization guides.
static constexpr Known knownX86[] = {
    {"haswell", 32, 8, 256},
    {"broadwell", 32, 8, 256},
    {"skylake", 32, 8, 256},
    {"skylake-avx512", 32, 8, 1024},
    {"cascadelake", 32, 8, 1024},
    {"cooperlake", 32, 8, 1024},
    {"cannonlake", 32, 8, 256, true},
    {"icelake-client", 48, 12, 512, true},
    {"rocketlake", 48, 12, 512, true},
    {"tigerlake", 48, 12, 1280, true},
    {"icelake-server", 48, 12, 1280},
    {"sapphirerapids", 48, 12, 2048},
    {"emeraldrapids", 48, 12, 2048},
    {"graniterapids", 48, 12, 2048},
    {"alderlake", 48, 12, 1280},
    {"raptorlake", 48, 12, 2048},
    {"znver1", 32, 8, 512},
    {"znver2", 32, 8, 512},
    {"znver3", 32, 8, 512},
    {"znver4", 32, 8, 1024, true},
    {"znver5", 48, 12, 1024},
};

/// Sources: the technical reference manuals of Arm's cores, of whose sizes the larger one; Apple's cores
/// share 12 MB.
static constexpr Known knownAArch64[] = {
    {"generic", 32, 4, 512},        {"cortex-a53", 32, 4, 512},   {"cortex-a55", 32, 4, 256},
    {"cortex-a72", 32, 2, 1024},    {"cortex-a76", 64, 4, 512},   {"cortex-a78", 64, 4, 512},
    {"cortex-x1", 64, 4, 1024},     {"neoverse-n1", 64, 4, 1024}, {"neoverse-n2", 64, 4, 1024},
    {"neoverse-v1", 64, 4, 1024},   {"neoverse-v2", 64, 4, 2048}, {"ampere1", 64, 4, 2048},
    {"apple-m1", 128, 8, 3 * 1024},
};

Machine Machine::fromTarget(const CpuTarget &target) {
  Machine m;
  // LLVM answers for a function: its attributes may limit the vectors.
  LLVMContext context;
  Module module("", context);
  Function *function = Function::Create(FunctionType::get(Type::getVoidTy(context), false),
                                        GlobalValue::ExternalLinkage, "f", module);
  target.annotate(*function);
  std::unique_ptr<TargetMachine> machine = target.createMachine();
  TargetTransformInfo info = machine->getTargetTransformInfo(*function);
  // Where --mattr has taken the vectors away, LLVM makes them of scalars.
  m.vectorBits = std::max<int64_t>(
      info.getRegisterBitWidth(TargetTransformInfo::RGK_FixedWidthVector).getFixedValue(), 128);
  m.registers = std::max(info.getNumberOfRegisters(info.getRegisterClassForType(/*Vector=*/true)), 16u);
  m.fma = machine->getSubtargetImpl(*function)->getTargetLowering()->isOperationLegal(ISD::FMA, MVT::f32);
  bool isAArch64 = target.triple.isAArch64();
  if (isAArch64) m.operands = 4; // with fewer, LLVM's schedules of fourteen rows spill sums
  ArrayRef<Known> known = isAArch64 ? ArrayRef(knownAArch64) : ArrayRef(knownX86);
  for (const Known &k : known)
    if (k.cpu == target.cpu) {
      m.l1 = k.l1KiB << 10, m.l1Ways = k.l1Ways, m.l2 = k.l2KiB << 10;
      if (m.vectorBits == 512 && k.halfByHalf) m.halfRate = 1;
    }
  return m;
}

//===-- Files -------------------------------------------------------------===//

namespace {
/// What files may state; whether there are fused multiply-adds is the instruction set's.
struct Field {
  StringLiteral key;
  int64_t Machine::*value;
  int64_t least, most; // most 0: what the CPU has; more would be made of several
  bool isPowerOfTwo = false;
};
} // namespace

static constexpr Field fields[] = {
    {"vector_bits", &Machine::vectorBits, 128, 0, true},   {"registers", &Machine::registers, 8, 0},
    {"l1_bytes", &Machine::l1, 1 << 10, 1 << 30},          {"l1_ways", &Machine::l1Ways, 1, 1 << 10},
    {"l2_bytes", &Machine::l2, 1 << 10, int64_t(1) << 40},
};

Expected<Machine> Machine::withFile(StringRef file) const {
  auto bad = [&](const Twine &message) { return createStringError("machine '" + file + "': " + message); };
  auto text = MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!text) return bad("cannot be read: " + text.getError().message());
  Expected<json::Value> parsed = json::parse((*text)->getBuffer());
  if (!parsed) return bad(toString(parsed.takeError()));
  const json::Object *object = parsed->getAsObject();
  if (!object) return bad("expected an object, as 'girih machine' prints it");
  Machine m = *this;
  for (const auto &[key, value] : *object) {
    StringRef name = key;
    if (name == "half_rate") {
      auto rate = value.getAsNumber();
      if (!rate || !(*rate > 0 && *rate <= 1)) return bad("half_rate: expected a number above 0, at most 1");
      m.halfRate = *rate;
      continue;
    }
    const Field *field = find_if(fields, [&](const Field &f) { return f.key == name; });
    if (field == std::end(fields)) {
      std::string known = "half_rate";
      for (const Field &f : fields)
        known += ", " + f.key.str();
      return bad("unknown key '" + name + "'; known are " + known);
    }
    bool isOfCpu = field->most == 0;
    int64_t most = isOfCpu ? this->*field->value : field->most;
    auto number = value.getAsInteger();
    if (!number || *number < field->least || *number > most ||
        (field->isPowerOfTwo && !isPowerOf2_64(*number)))
      return bad(name + ": expected " + (field->isPowerOfTwo ? "a power of two" : "an integer") + " from " +
                 Twine(field->least) + " to " + Twine(most) + (isOfCpu ? ", which the CPU has" : ""));
    m.*field->value = *number;
  }
  return m;
}

void Machine::print(raw_ostream &os) const {
  json::OStream out(os, /*IndentSize=*/2);
  out.object([&] {
    for (const Field &f : fields)
      out.attribute(f.key, this->*f.value);
    out.attribute("half_rate", halfRate);
  });
  os << '\n';
}

} // namespace girih
