#include "backends/CPU/Machine.h"
#include "backends/Host/CpuTarget.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/CodeGen/TargetLowering.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace girih {

namespace {
/// The units of a core, as of Machine's fields of the same names. `bits` are those of the vectors that
/// are whole for it.
struct Core {
  int64_t bits;
  double fmas, vectorOps, loads, stores, issue, fmaLatency, addLatency, compareCycles, divideCycles,
      gatherCycles, l2Bandwidth, l3Bandwidth;
};
struct Known {
  StringLiteral cpu; // LLVM's name
  int64_t l1KiB, l1Ways, l2KiB;
  Core core;
  int64_t l3MiB, cores;
  double ghz, memoryBandwidth;
  bool halfByHalf = false; // one multiply-add of 512 bits a cycle, two of 256
};
} // namespace

// Sources: Intel's optimization reference manual and AMD's software optimization guides; units, latencies and
// throughputs also as measured in Agner Fog's "The microarchitecture of Intel, AMD and VIA CPUs" and at
// uops.info. Bandwidths are what one core sustains, clocks what vectors run at; both are round. Where one
// name serves desktops and servers, L3 and cores are those of common ones; l3MiB is half of what cores share,
// which others fill, too.
static constexpr Core haswell = {256, 2, 3, 2, 1, 4, 5, 3, 0.5, 13, 1.5, 30, 15};
static constexpr Core skylake = {256, 2, 3, 2, 1, 4, 4, 4, 0.5, 5, 0.7, 32, 18};
static constexpr Core skylakeServer = {512, 2, 2, 2, 1, 4, 4, 4, 1, 10, 0.7, 48, 10};
static constexpr Core cannonLake = {512, 1, 2, 2, 1, 4, 4, 4, 1, 10, 0.7, 40, 16};
static constexpr Core sunnyCove = {512, 1, 2, 2, 1, 5, 4, 4, 1, 8, 0.7, 44, 16};
static constexpr Core sunnyCoveServer = {512, 2, 2, 2, 1, 5, 4, 4, 1, 8, 0.7, 48, 10};
static constexpr Core goldenCove = {256, 2, 3, 3, 2, 6, 4, 3, 0.5, 5, 0.6, 44, 16};
static constexpr Core goldenCoveServer = {512, 2, 2, 2, 1, 6, 4, 3, 1, 8, 0.6, 48, 10};
static constexpr Core zen1 = {256, 1, 2, 1, 0.5, 5, 5, 3, 1, 8, 2.5, 28, 16};
static constexpr Core zen2 = {256, 2, 4, 2, 1, 6, 5, 3, 0.5, 6, 2, 30, 20};
static constexpr Core zen3 = {256, 2, 4, 2, 1, 6, 4, 3, 0.5, 6, 1.5, 30, 24};
static constexpr Core zen4 = {512, 1, 2, 1, 0.5, 6, 4, 3, 2, 12, 1.5, 30, 24};
static constexpr Core zen5 = {512, 2, 4, 2, 1, 8, 4, 2, 1, 8, 1.5, 56, 26};

static constexpr Known knownX86[] = {
    {"haswell", 32, 8, 256, haswell, 4, 4, 3.5, 18},
    {"broadwell", 32, 8, 256, haswell, 4, 4, 3.5, 18},
    {"skylake", 32, 8, 256, skylake, 4, 4, 4, 22},
    {"skylake-avx512", 32, 8, 1024, skylakeServer, 16, 16, 2.8, 12},
    {"cascadelake", 32, 8, 1024, skylakeServer, 16, 16, 2.9, 13},
    {"cooperlake", 32, 8, 1024, skylakeServer, 16, 16, 2.9, 13},
    {"cannonlake", 32, 8, 256, cannonLake, 2, 2, 3, 18, true},
    {"icelake-client", 48, 12, 512, sunnyCove, 4, 4, 3.6, 24, true},
    {"rocketlake", 48, 12, 512, sunnyCove, 8, 8, 4.6, 26, true},
    {"tigerlake", 48, 12, 1280, sunnyCove, 6, 4, 4.2, 28, true},
    {"icelake-server", 48, 12, 1280, sunnyCoveServer, 24, 32, 3, 13},
    {"sapphirerapids", 48, 12, 2048, goldenCoveServer, 52, 32, 3, 13},
    {"emeraldrapids", 48, 12, 2048, goldenCoveServer, 160, 32, 3.1, 14},
    {"graniterapids", 48, 12, 2048, goldenCoveServer, 160, 64, 3.3, 15},
    {"alderlake", 48, 12, 1280, goldenCove, 15, 8, 4.8, 32},
    {"raptorlake", 48, 12, 2048, goldenCove, 18, 8, 5.3, 36},
    {"znver1", 32, 8, 512, zen1, 4, 8, 3.4, 20},
    {"znver2", 32, 8, 512, zen2, 8, 8, 3.4, 22},
    {"znver3", 32, 8, 512, zen3, 16, 8, 3.6, 26},
    {"znver4", 32, 8, 1024, zen4, 16, 8, 4, 28, true},
    {"znver5", 48, 12, 1024, zen5, 16, 8, 4.1, 34},
};

// Sources: the technical reference manuals and software optimization guides of Arm's cores, of cache sizes
// the larger one; Apple's cores, whose 12 MB are shared, as measured by others.
static constexpr Core inOrder = {128, 1, 1, 1, 1, 2, 4, 4, 1, 10, 2, 8, 4};
static constexpr Core cortexA72 = {128, 1, 2, 1, 1, 3, 7, 4, 1, 12, 1.5, 16, 8};
static constexpr Core cortexA76 = {128, 2, 2, 2, 2, 4, 4, 2, 0.5, 5, 1, 32, 12};
static constexpr Core cortexX1 = {128, 4, 4, 2, 2, 5, 4, 2, 0.25, 5, 1, 32, 16};
static constexpr Core neoverseV2 = {128, 4, 4, 3, 2, 8, 4, 2, 0.5, 5, 1, 40, 16};
static constexpr Core firestorm = {128, 4, 4, 3, 2, 8, 4, 3, 0.25, 2, 1, 64, 32};

static constexpr Known knownAArch64[] = {
    {"generic", 32, 4, 512, cortexA76, 2, 4, 2.4, 8},
    {"cortex-a53", 32, 4, 512, inOrder, 0, 4, 1.4, 3},
    {"cortex-a55", 32, 4, 256, inOrder, 1, 4, 1.8, 5},
    {"cortex-a72", 32, 2, 1024, cortexA72, 0, 4, 1.8, 4},
    {"cortex-a76", 64, 4, 512, cortexA76, 2, 4, 2.4, 10},
    {"cortex-a78", 64, 4, 512, cortexA76, 4, 4, 2.6, 14},
    {"cortex-x1", 64, 4, 1024, cortexX1, 4, 1, 2.9, 20},
    {"neoverse-n1", 64, 4, 1024, cortexA76, 32, 64, 2.6, 16},
    {"neoverse-n2", 64, 4, 1024, cortexA76, 32, 64, 3, 20},
    {"neoverse-v1", 64, 4, 1024, cortexX1, 32, 64, 2.6, 20},
    {"neoverse-v2", 64, 4, 2048, neoverseV2, 64, 72, 3.1, 30},
    {"ampere1", 64, 4, 2048, cortexA76, 32, 128, 3, 16},
    {"apple-m1", 128, 8, 3 * 1024, firestorm, 8, 4, 3.2, 55},
};

/// Takes over what is known of the units of a core. Of vectors narrower than those it was made for, it does
/// as many a cycle, or twice as many where it does whole ones in halves.
static void setCore(Machine &m, const Core &core, bool halfByHalf) {
  double speed = halfByHalf && m.vectorBits < core.bits ? 2 : 1;
  m.fmas = core.fmas * speed, m.vectorOps = core.vectorOps * speed;
  m.loads = core.loads * speed, m.stores = core.stores * speed;
  m.compareCycles = core.compareCycles / speed;
  m.divideCycles = core.divideCycles / std::max(1.0, double(core.bits) / double(m.vectorBits));
  m.issue = core.issue, m.fmaLatency = core.fmaLatency, m.addLatency = core.addLatency,
  m.gatherCycles = core.gatherCycles;
  m.l2Bandwidth = core.l2Bandwidth, m.l3Bandwidth = core.l3Bandwidth;
}

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
      m.l1 = k.l1KiB << 10, m.l1Ways = k.l1Ways, m.l2 = k.l2KiB << 10, m.l3 = k.l3MiB << 20;
      m.cores = k.cores, m.ghz = k.ghz, m.memoryBandwidth = k.memoryBandwidth;
      setCore(m, k.core, k.halfByHalf);
      if (m.vectorBits == 512 && k.halfByHalf) m.halfRate = 1;
    }
  if (target.cpus) m.cores = target.cpus;
  return m;
}

//===-- Files -------------------------------------------------------------===//

namespace {
/// What files may state, sizes or rates; whether there are fused multiply-adds is the instruction set's.
struct Field {
  StringLiteral key;
  int64_t Machine::*size;
  double Machine::*rate;
  double least, most; // most 0: what the CPU has; more would be made of several
  bool isPowerOfTwo = false;
};
} // namespace

static constexpr Field sizeField(StringLiteral key, int64_t Machine::*size, int64_t least, int64_t most = 0,
                                 bool isPowerOfTwo = false) {
  return {key, size, nullptr, double(least), double(most), isPowerOfTwo};
}
static constexpr Field rateField(StringLiteral key, double Machine::*rate, double least, double most) {
  return {key, nullptr, rate, least, most};
}

static constexpr Field fields[] = {
    sizeField("vector_bits", &Machine::vectorBits, 128, 0, /*isPowerOfTwo=*/true),
    sizeField("registers", &Machine::registers, 8),
    rateField("half_rate", &Machine::halfRate, 0.125, 1),
    sizeField("l1_bytes", &Machine::l1, 1 << 10, 1 << 30),
    sizeField("l1_ways", &Machine::l1Ways, 1, 1 << 10),
    sizeField("l2_bytes", &Machine::l2, 1 << 10, int64_t(1) << 40),
    sizeField("l3_bytes", &Machine::l3, 0, int64_t(1) << 40),
    sizeField("cores", &Machine::cores, 1, 1 << 16),
    rateField("ghz", &Machine::ghz, 0.125, 100),
    rateField("fmas_per_cycle", &Machine::fmas, 0.125, 100),
    rateField("vector_instructions_per_cycle", &Machine::vectorOps, 0.125, 100),
    rateField("loads_per_cycle", &Machine::loads, 0.125, 100),
    rateField("stores_per_cycle", &Machine::stores, 0.125, 100),
    rateField("instructions_per_cycle", &Machine::issue, 0.125, 100),
    rateField("fma_latency", &Machine::fmaLatency, 1, 100),
    rateField("add_latency", &Machine::addLatency, 1, 100),
    rateField("compare_cycles", &Machine::compareCycles, 0.125, 1000),
    rateField("divide_cycles", &Machine::divideCycles, 0.125, 1000),
    rateField("gather_cycles", &Machine::gatherCycles, 0.125, 1000),
    rateField("l2_bytes_per_cycle", &Machine::l2Bandwidth, 0.125, 10000),
    rateField("l3_bytes_per_cycle", &Machine::l3Bandwidth, 0.125, 10000),
    rateField("memory_bytes_per_ns", &Machine::memoryBandwidth, 0.125, 10000),
};

Error Machine::set(StringRef key, double value) {
  const Field *field = find_if(fields, [&](const Field &f) { return f.key == key; });
  if (field == std::end(fields)) {
    std::string known;
    for (const Field &f : fields)
      known += (known.empty() ? "" : ", ") + f.key.str();
    return createStringError("unknown key '" + key + "'; known are " + known);
  }
  bool isOfCpu = field->most == 0;
  double most = isOfCpu ? double(this->*field->size) : field->most;
  bool isWhole = !field->size || value == std::floor(value);
  if (!(value >= field->least && value <= most) || !isWhole ||
      (field->isPowerOfTwo && !isPowerOf2_64(uint64_t(value))))
    return createStringError(formatv("{0}: expected {1} from {2} to {3}{4}", key,
                                     field->isPowerOfTwo ? "a power of two"
                                     : field->size       ? "an integer"
                                                         : "a number",
                                     json::Value(field->least), json::Value(most),
                                     isOfCpu ? ", which the CPU has" : ""));
  if (field->size)
    this->*field->size = int64_t(value);
  else
    this->*field->rate = value;
  return Error::success();
}

Expected<Machine> Machine::withFile(StringRef file) const {
  auto bad = [&](const Twine &message) { return createStringError("machine '" + file + "': " + message); };
  auto text = MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!text) return bad("cannot be read: " + text.getError().message());
  Expected<json::Value> parsed = json::parse((*text)->getBuffer());
  if (!parsed) return bad(toString(parsed.takeError()));
  const json::Object *object = parsed->getAsObject();
  if (!object) return bad("expected an object, as 'girih machine' prints it");
  Machine m = *this;
  for (const auto &[key, value] : *object)
    // What is no number is out of every range.
    if (Error e = m.set(key, value.getAsNumber().value_or(std::nan("")))) return bad(toString(std::move(e)));
  return m;
}

void Machine::print(raw_ostream &os) const {
  json::OStream out(os, /*IndentSize=*/2);
  out.object([&] {
    for (const Field &f : fields) {
      out.attributeBegin(f.key);
      // JSON's own numbers have 17 digits: 3.6899999999999999.
      out.rawValue(
          [&](raw_ostream &raw) { raw << format("%.12g", f.size ? double(this->*f.size) : this->*f.rate); });
      out.attributeEnd();
    }
  });
  os << '\n';
}

} // namespace girih
