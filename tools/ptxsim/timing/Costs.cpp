#include "tools/ptxsim/timing/Costs.h"
#include <algorithm>
#include <cstdlib>

namespace girih::ptx {

using Modifiers = std::vector<std::string_view>;

const char *pipeName(Pipe pipe) {
  static constexpr const char *names[pipeCount] = {
      "none", "fp32", "integer and logic", "special functions", "fp64", "matrix", "memory"};
  return names[unsigned(pipe)];
}

static bool oneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The number after `letter` in a shape: m16n8k32.
static double shapeNumber(std::string_view shape, char letter) {
  double n = 0;
  for (size_t at = shape.find(letter) + 1; at < shape.size() && shape[at] >= '0' && shape[at] <= '9'; ++at)
    n = n * 10 + (shape[at] - '0');
  return n;
}

static std::string_view shapeOf(const Instruction &i) {
  for (std::string_view m : i.modifiers)
    if (m.size() > 5 && m[0] == 'm' && m[1] >= '0' && m[1] <= '9') return m;
  return {};
}

static bool isGroupProduct(const Instruction &i) {
  return i.opcode == "wgmma" && i.has("mma_async");
}

double mmaWork(const Instruction &i, std::string &rate) {
  std::string_view shape = shapeOf(i);
  double work = shapeNumber(shape, 'm') * shapeNumber(shape, 'n') * shapeNumber(shape, 'k');
  if (isGroupProduct(i)) work /= 4;
  if (i.has("sp") || i.has("sp::ordered_metadata")) work /= 2; // half of A is there
  if (i.has("b1"))
    rate = "b1";
  else if (i.has("s4") || i.has("u4"))
    rate = "s4";
  else if (i.has("s8") || i.has("u8"))
    rate = "s8";
  else if (i.has("kind::mxf4") || i.has("kind::mxf4nvf4"))
    rate = "s4"; // Blackwell's rate of four bits, float or not
  else if (i.has("e4m3") || i.has("e5m2") || i.has("e3m2") || i.has("e2m3") || i.has("e2m1"))
    rate = "f8";
  else if (i.has("tf32"))
    rate = "tf32";
  else if (i.has("f64"))
    rate = "f64";
  else
    rate = i.has("f32") ? "f16" : "f16_acc16";
  return work;
}

unsigned groupProductWavefronts(const Instruction &i) {
  if (!isGroupProduct(i)) return 0;
  // All shapes are 32 bytes deep. The warp's 16 rows of A, if they are not in registers, and a quarter of B,
  // which the warpgroup reads once.
  constexpr unsigned depth = 32, pass = 128;
  unsigned a = i.operands[1].kind == Operand::Kind::Vector ? 0 : 16 * depth / pass;
  return a + (unsigned(shapeNumber(shapeOf(i), 'n')) * depth / 4 + pass - 1) / pass;
}

//===-- Registers of the text -------------------------------------------------------===//

static void collect(const Operand &o, uint32_t base, std::vector<uint32_t> &out) {
  if (o.kind == Operand::Kind::Register) out.push_back(base + o.reg);
  for (const Operand &part : o.parts)
    collect(part, base, out);
}

/// The operands before the first that is read: one destination, or none.
static bool writesFirst(const Instruction &i) {
  return !oneOf(i.opcode, {"st", "red", "bar", "barrier", "bra", "brx", "ret", "exit", "stmatrix", "cp",
                           "membar", "fence", "prefetch", "prefetchu", "trap", "nanosleep", "discard",
                           "applypriority", "stackrestore"}) ||
         (oneOf(i.opcode, {"bar", "barrier"}) && i.has("red"));
}

static void registersOf(const Instruction &i, uint32_t base, Cost &c) {
  if (i.guarded) c.reads.push_back(base + i.guard);
  for (size_t n = 0; n < i.operands.size(); ++n) {
    const Operand &o = i.operands[n];
    bool written = n == 0 && o.kind != Operand::Kind::Address && writesFirst(i);
    collect(o, base, written ? c.writes : c.reads);
  }
  // Where the guard does not hold, the old value stays.
  if (i.guarded) c.reads.insert(c.reads.end(), c.writes.begin(), c.writes.end());
}

//===-- Costs -------------------------------------------------------------------===//

namespace {
class Table {
public:
  explicit Table(const Gpu &gpu) : gpu(gpu) {}
  void fill(const Inst &inst, const Instruction &i, Cost &c) const;

private:
  const Gpu &gpu;

  /// `slots` instructions on a pipe with so many lanes.
  void on(Cost &c, Pipe pipe, unsigned lanes, unsigned latency, unsigned slots = 1) const {
    c.pipe = pipe, c.slots = uint8_t(slots);
    double each = 32.0 / std::max(1.0, lanes / double(Gpu::schedulers));
    c.interval = uint16_t(std::max(1.0, each * slots));
    c.latency = uint16_t(latency + (slots - 1) * std::max(1.0, each));
  }
  void add(Cost &c, unsigned slots = 1) const { on(c, Pipe::Alu, gpu.lanes.integer, gpu.latency.alu, slots); }
  void alu(Cost &c, unsigned slots = 1) const { on(c, Pipe::Alu, gpu.lanes.logic, gpu.latency.alu, slots); }
  void fma(Cost &c, unsigned slots = 1) const { on(c, Pipe::Fma, gpu.lanes.fp32, gpu.latency.alu, slots); }
  void imad(Cost &c, unsigned slots = 1) const { on(c, Pipe::Fma, gpu.lanes.imad, gpu.latency.alu, slots); }
  void sfu(Cost &c, unsigned more = 0) const {
    on(c, Pipe::Special, gpu.lanes.sfu, gpu.latency.sfu + more * gpu.latency.alu);
    c.slots = uint8_t(1 + more);
  }
  void integer(const Instruction &i, Cost &c) const;
  void special(const Instruction &i, Cost &c) const;
  void move(const Instruction &i, Cost &c) const;
};
} // namespace

void Table::integer(const Instruction &i, Cost &c) const {
  bool wide = i.has("u64") || i.has("s64") || i.has("b64");
  if (i.opcode[0] == 'v') return alu(c, i.opcode.back() == '2' || i.opcode.back() == '4' ? 8 : 4); // emulated
  if (oneOf(i.opcode, {"mul", "mad", "mul24", "mad24"}))
    return imad(c, i.has("wide") ? 1 : wide ? 4 : i.has("hi") ? 2 : 1);
  // Compound sequences: the lengths that ABD22 lists.
  if (oneOf(i.opcode, {"div", "rem"})) return imad(c, wide ? 70 : 22);
  if (oneOf(i.opcode, {"popc", "clz", "brev", "bfind", "fns"}))
    return on(c, Pipe::Special, gpu.lanes.sfu, gpu.latency.sfu, wide ? 2 : 1);
  if (oneOf(i.opcode, {"dp4a", "dp2a"})) return imad(c);
  if (oneOf(i.opcode, {"bfe", "bfi", "sad", "szext"})) return alu(c, 2);
  if (oneOf(i.opcode, {"add", "sub", "addc", "subc", "neg", "min", "max"})) return add(c, wide ? 2 : 1);
  alu(c, wide ? 2 : 1);
}

void Table::special(const Instruction &i, Cost &c) const {
  bool approximate = i.has("approx"), ftz = i.has("ftz");
  if (i.opcode == "div") return sfu(c, i.has("full") ? 4 : approximate ? (ftz ? 1 : 3) : 9);
  if (oneOf(i.opcode, {"sqrt", "rcp"}) && !approximate) return sfu(c, 9);
  if (oneOf(i.opcode, {"sin", "cos"})) return sfu(c, 1);
  if (i.opcode == "sqrt") return sfu(c, ftz ? 1 : 3);
  if (i.opcode == "tanh") return sfu(c);
  sfu(c, ftz || i.has("f16") || i.has("f16x2") || i.has("bf16") || i.has("bf16x2")
             ? 0
             : 2); // scaling of subnormals
}

void Table::move(const Instruction &i, Cost &c) const {
  const Operand *from = i.operands.size() > 1 ? &i.operands[1] : nullptr;
  if (from && from->kind == Operand::Kind::Special) {
    alu(c);
    c.latency = uint16_t(gpu.latency.shared); // S2R goes through the memory pipe's path
    return;
  }
  // Packing two halves into a register is a permutation; unpacking, and pairs of registers, are only names.
  if (from && from->kind == Operand::Kind::Vector && !i.has("b64") && !i.has("b128")) return alu(c);
  c.slots = 0;
}

void Table::fill(const Inst &inst, const Instruction &i, Cost &c) const {
  switch (inst.cls) {
  case Class::Integer:
    return integer(i, c);
  case Class::Compare:
    return alu(c, i.has("u64") || i.has("s64") || i.has("b64") ? 2 : 1);
  case Class::Float:
    if (oneOf(i.opcode, {"min", "max"})) return alu(c);
    if (oneOf(i.opcode, {"abs", "neg"})) return void(c.slots = 0); // a modifier of what reads it
    return fma(c, i.has("f32x2") ? 2 : 1);
  case Class::Double:
    return on(c, Pipe::Double, gpu.lanes.fp64, gpu.latency.fp64,
              oneOf(i.opcode, {"div", "sqrt", "rcp"}) ? 12 : 1);
  case Class::Half:
    return on(c, Pipe::Fma, gpu.lanes.half, gpu.latency.alu);
  case Class::Special:
    return special(i, c);
  case Class::Convert: {
    bool isFloat =
        i.has("f16") || i.has("f32") || i.has("f64") || i.has("bf16") || i.has("f16x2") || i.has("bf16x2");
    bool integers = false, same = true;
    for (std::string_view m : i.modifiers)
      if (oneOf(m, {"s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"})) integers = true;
    for (std::string_view m : i.modifiers)
      same &= oneOf(m, {"u32", "u64", "b32"});
    if (!isFloat && same) return void(c.slots = 0); // the upper half is zero, or is dropped
    if (i.has("f64") || (isFloat && integers)) return on(c, Pipe::Special, gpu.lanes.sfu, gpu.latency.sfu);
    return on(c, Pipe::Alu, gpu.lanes.convert, gpu.latency.alu);
  }
  case Class::Move:
    return move(i, c);
  case Class::Load:
  case Class::Store:
  case Class::Atomic:
    c.kind = Cost::Kind::Memory, c.pipe = Pipe::Memory;
    c.latency = uint16_t(gpu.latency.alu);
    if (i.has("param") || i.has("const"))
      c.slots = 0, c.kind = Cost::Kind::Plain, c.pipe = Pipe::None; // the constant bank
    return;
  case Class::Async:
    c.queue = i.opcode == "wgmma" ? Cost::GroupProducts : i.has("bulk") ? Cost::BulkCopies : Cost::Copies;
    if (i.has("commit_group"))
      c.kind = Cost::Kind::AsyncCommit, c.closes = true;
    else if (i.has("wait_group") || i.has("wait_all"))
      c.kind = Cost::Kind::AsyncWait, c.closes = true;
    else if (i.has("mbarrier") && i.has("arrive"))
      c.kind = Cost::Kind::AsyncBarrier, c.closes = true;
    else
      c.kind = Cost::Kind::AsyncCopy, c.pipe = Pipe::Memory;
    return;
  case Class::Mma: {
    std::string rate;
    double work = mmaWork(i, rate);
    auto figure = isGroupProduct(i) ? gpu.wgmma.find(rate) : gpu.wgmma.end();
    double perScheduler = (figure != gpu.wgmma.end() ? figure->second : gpu.mma.at(rate)) / Gpu::schedulers;
    c.pipe = Pipe::Tensor;
    c.interval = uint16_t(std::max(1.0, work / perScheduler + 0.5));
    if (isGroupProduct(i)) {
      c.kind = Cost::Kind::GroupProduct, c.queue = Cost::GroupProducts;
      c.latency = c.interval; // for the next one, which adds to the same accumulators
      return;
    }
    c.latency = uint16_t(gpu.mmaLatencyFixed + gpu.mmaLatencyIntervals * c.interval);
    return;
  }
  case Class::Shuffle:
    c.pipe = oneOf(i.opcode, {"shfl", "redux", "match", "movmatrix"}) ? Pipe::Memory : Pipe::Alu;
    c.interval = 2;
    c.latency = uint16_t(c.pipe == Pipe::Memory ? gpu.latency.shuffle : 2 * gpu.latency.alu);
    return;
  case Class::Barrier:
    c.closes = true;
    c.latency = uint16_t(gpu.latency.alu);
    if (i.opcode == "mbarrier" || i.has("cluster"))
      c.kind = Cost::Kind::AsyncBarrier;
    else if (oneOf(i.opcode, {"bar", "barrier"}) && !i.has("warp"))
      c.kind = Cost::Kind::Barrier;
    return;
  case Class::Control:
    c.kind = Cost::Kind::Branch, c.closes = true;
    c.latency = uint16_t(gpu.latency.branch);
    return;
  case Class::Other:
    alu(c);
    return;
  }
}

/// What ptxas fuses: the producer, its value read once, vanishes into the reader.
static bool fuses(const Instruction &producer, const Instruction &reader) {
  auto logic = [](const Instruction &i) { return oneOf(i.opcode, {"and", "or", "xor", "not"}); };
  bool add = oneOf(reader.opcode, {"add", "sub"});
  if (logic(producer)) return logic(reader) && !reader.has("pred") == !producer.has("pred"); // lop3, plop3
  if (producer.opcode == "mul" && add) {
    if (producer.has("f32") || producer.has("f64") || producer.has("f16x2"))
      return !producer.has("rn") && !reader.has("rn");
    return producer.has("wide") || producer.has("lo");
  }
  if (producer.opcode == "shl") return add && !producer.has("b64"); // lea
  if (producer.opcode == "cvt")
    return add || oneOf(reader.opcode, {"mul", "mad", "shl"});                  // of widened indices
  if (producer.opcode == "add" && (producer.has("s64") || producer.has("u64"))) // [base + offset]
    return oneOf(reader.opcode, {"ld", "st", "cp", "atom", "red"}) &&
           producer.operands.back().kind == Operand::Kind::Immediate;
  return false;
}

ProgramCosts costsOf(const Program &program, const Gpu &gpu) {
  ProgramCosts result;
  result.code.resize(program.code.size());
  Table table(gpu);
  uint32_t base = 0;
  for (size_t f = 0; f < program.functions.size(); ++f) {
    size_t begin = program.functions[f].begin,
           end = f + 1 < program.functions.size() ? program.functions[f + 1].begin : program.code.size();
    size_t count = program.functions[f].function->registers.size();
    std::vector<unsigned> writers(count), readers(count);
    std::vector<size_t> writer(count);
    for (size_t n = begin; n < end; ++n) {
      const Inst &inst = program.code[n];
      Cost &c = result.code[n];
      if (!inst.source) {
        c.slots = 0;
        continue;
      }
      // Several decoded instructions may stand for one of the text: the last is the instruction itself, which
      // has its events; before it lanes join and operands are made.
      if (n + 1 < end && program.code[n + 1].source == inst.source) {
        c.slots = 0;
        continue;
      }
      table.fill(inst, *inst.source, c);
      registersOf(*inst.source, base, c);
      for (uint32_t r : c.writes)
        ++writers[r - base], writer[r - base] = n;
      for (uint32_t r : c.reads)
        ++readers[r - base];
    }
    for (size_t n = begin; n < end; ++n)
      for (uint32_t r : result.code[n].reads) {
        size_t from = writer[r - base];
        if (writers[r - base] != 1 || readers[r - base] != 1 || !program.code[from].source) continue;
        Cost &producer = result.code[from];
        if (producer.kind == Cost::Kind::Plain && fuses(*program.code[from].source, *program.code[n].source))
          producer.slots = 0, producer.latency = 0;
      }
    base += uint32_t(count);
  }
  result.registers = base;
  return result;
}

} // namespace girih::ptx
