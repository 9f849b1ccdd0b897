#include "tools/ptxsim/timing/Merges.h"
#include "tools/ptxsim/timing/BasicBlocks.h"
#include <algorithm>
#include <array>
#include <bit>

namespace girih::ptx {

namespace {

constexpr unsigned most = 16, allZero = 64; // bytes of an access; trailing zeros of zero

/// Where an access goes. Loads by ld.global.nc are of memory that nobody writes: no store is in their way.
enum class Place : uint8_t { Shared, Global, Local, Generic, Constant, None };

/// A value as a number for what is not constant in it, and the constant that is added.
struct Value {
  uint32_t id = 0;
  int64_t offset = 0;
};

/// Values of one function, by how they come about. Of each it is known how many of its lowest bits are zero.
class Values {
public:
  Value named(const std::vector<uint64_t> &key, unsigned zeros) {
    auto [it, isNew] = ids.insert({key, uint32_t(zerosOf.size())});
    if (isNew) zerosOf.push_back(zeros);
    return {it->second, 0};
  }
  Value unknown(unsigned zeros) { return zerosOf.push_back(zeros), Value{uint32_t(zerosOf.size() - 1), 0}; }
  unsigned zeros(Value v) const { return std::min(zerosOf[v.id], zerosOfConstant(uint64_t(v.offset))); }
  unsigned zerosOfBase(Value v) const { return zerosOf[v.id]; }
  static unsigned zerosOfConstant(uint64_t bits) { return bits ? unsigned(std::countr_zero(bits)) : allZero; }

private:
  std::map<std::vector<uint64_t>, uint32_t> ids;
  std::vector<unsigned> zerosOf;
};

/// What matters of an instruction that computes addresses.
enum class Op : uint64_t { Other, Copy, Add, ShiftLeft, Multiply, MultiplyAdd, And, Or, Xor, Select, Insert };

Op opOf(const Instruction &i) {
  if (i.has("f32") || i.has("f64") || i.has("f16") || i.has("f16x2") || i.has("bf16") || i.has("bf16x2"))
    return Op::Other;
  std::string_view o = i.opcode;
  if (o == "mov" || o == "cvt" || o == "cvta") return o == "cvta" && i.has("shared") ? Op::Other : Op::Copy;
  if (o == "mul" || o == "mad") return i.has("hi") ? Op::Other : o == "mul" ? Op::Multiply : Op::MultiplyAdd;
  return o == "add"    ? Op::Add
         : o == "shl"  ? Op::ShiftLeft
         : o == "and"  ? Op::And
         : o == "or"   ? Op::Or
         : o == "xor"  ? Op::Xor
         : o == "selp" ? Op::Select
         : o == "bfi"  ? Op::Insert
                       : Op::Other;
}

/// As the loader lays them out: shared memory of 16 bytes or more, and what the launch gives, begins at a
/// multiple of 16.
unsigned zerosOfVariable(const Variable &v) {
  bool atSixteen = v.space == Space::Shared && (v.isExtern || v.size >= 16);
  return Values::zerosOfConstant(std::max<uint64_t>(v.align, atSixteen ? 16 : 1));
}

/// Finds the merges of one function.
class Finder {
public:
  Finder(const Program &program, size_t function, const ProgramCosts &costs, uint32_t base, Merges &out);
  void run();

private:
  const Program &program;
  const Function &function;
  const ProgramCosts &costs;
  uint32_t base; // of the function's registers in Cost::reads and writes
  Merges &out;
  std::vector<uint32_t> codeOf; // by instruction of the body
  std::vector<unsigned> zeros;  // of a register, whatever wrote it
  Values values;
  std::vector<Value> now;        // of the registers, in the block at hand
  std::vector<uint32_t> knownIn; // the block in which `now` was set
  uint32_t blockNumber = 0;

  struct Part {
    size_t instruction;
    int64_t at; // from the beginning of the window
    unsigned bytes;
  };
  /// Accesses of the 16 bytes (or fewer, if no more is known of the base) that a merged one may have.
  struct Window {
    Place place;
    uint32_t id;
    int64_t index;
    unsigned bytes;
    std::vector<Part> parts;
  };
  std::vector<Window> loads;
  std::array<Window, size_t(Place::None)> stores; // of each memory, one after the other

  Value valueOf(const Operand &o);
  unsigned zerosOf(const Instruction &i, const std::vector<unsigned> &operands) const;
  Value result(const Instruction &i);
  void write(const Instruction &i);
  void findZeros();
  void memory(size_t at);
  void addTo(Window &w, size_t at, int64_t offset, unsigned bytes);
  void close(Window &w, bool store);
  void closeLoads(bool (*which)(Place, Place), Place place);
  void closeStores(bool (*which)(Place, Place), Place place);
  bool window(size_t at, Place place, unsigned bytes, Window &w, int64_t &offset);
};

Finder::Finder(const Program &program, size_t index, const ProgramCosts &costs, uint32_t base, Merges &out)
    : program(program), function(*program.functions[index].function), costs(costs), base(base), out(out),
      codeOf(function.body.size(), ~0u), zeros(function.registers.size(), allZero),
      now(function.registers.size()), knownIn(function.registers.size(), 0) {
  size_t begin = program.functions[index].begin, end = index + 1 < program.functions.size()
                                                           ? program.functions[index + 1].begin
                                                           : program.code.size();
  const Instruction *first = function.body.data();
  for (size_t n = begin; n < end; ++n)
    if (const Instruction *i = program.code[n].source; i >= first && i < first + function.body.size())
      codeOf[size_t(i - first)] = uint32_t(n);
}

Value Finder::valueOf(const Operand &o) {
  switch (o.kind) {
  case Operand::Kind::Register:
    if (knownIn[o.reg] != blockNumber)
      knownIn[o.reg] = blockNumber, now[o.reg] = values.unknown(zeros[o.reg]);
    return now[o.reg];
  case Operand::Kind::Immediate: {
    Value v = values.named({}, allZero);
    v.offset = int64_t(o.constant.bits);
    return v;
  }
  case Operand::Kind::Variable: {
    Value v = values.named({std::bit_cast<uintptr_t>(o.variable)}, zerosOfVariable(*o.variable));
    v.offset = int64_t(o.constant.bits);
    return v;
  }
  default:
    return values.unknown(0);
  }
}

/// How many of the lowest bits of the result are zero, given those of the operands after the first.
unsigned Finder::zerosOf(const Instruction &i, const std::vector<unsigned> &z) const {
  auto constant = [&](size_t n) {
    const Operand &o = i.operands[n];
    return o.kind == Operand::Kind::Immediate && o.constant.bits < allZero ? unsigned(o.constant.bits) : 0;
  };
  if (i.operands.empty() || i.operands[0].kind != Operand::Kind::Register) return 0;
  switch (opOf(i)) {
  case Op::Copy:
    return z[0];
  case Op::Add:
  case Op::Or:
  case Op::Xor:
  case Op::Select:
    return std::min(z[0], z[1]);
  case Op::And:
    return std::max(z[0], z[1]);
  case Op::ShiftLeft:
    return std::min(z[0] + constant(2), allZero);
  case Op::Multiply:
    return std::min(z[0] + z[1], allZero);
  case Op::MultiplyAdd:
    return std::min(z[0] + z[1], z[2]);
  case Op::Insert: // bits of the first into the second from bit c on
    return std::min(z[1], z[0] + constant(3));
  case Op::Other:
    break;
  }
  return 0;
}

/// The same for all registers, wherever they are written: as many as all that is written to them has, taken
/// to be all until one is found that has fewer, so that loops are no obstacle.
void Finder::findZeros() {
  for (const Variable *p : function.params)
    if (p->space == Space::Reg) zeros[p->reg] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t n = 0; n < function.body.size(); ++n) {
      if (codeOf[n] == ~0u) continue;
      const Instruction &i = function.body[n];
      std::vector<unsigned> operands;
      for (size_t o = 1; o < i.operands.size(); ++o) {
        const Operand &from = i.operands[o];
        operands.push_back(
            from.kind == Operand::Kind::Register    ? zeros[from.reg]
            : from.kind == Operand::Kind::Immediate ? Values::zerosOfConstant(from.constant.bits)
            : from.kind == Operand::Kind::Variable
                ? std::min(zerosOfVariable(*from.variable), Values::zerosOfConstant(from.constant.bits))
                : 0);
      }
      unsigned known = zerosOf(i, operands);
      for (uint32_t r : costs.code[codeOf[n]].writes)
        if (known < zeros[r - base]) zeros[r - base] = known, changed = true;
    }
  }
}

/// The value that an instruction with one result computes.
Value Finder::result(const Instruction &i) {
  Op op = opOf(i);
  std::vector<Value> from;
  std::vector<unsigned> known;
  for (size_t n = 1; n < i.operands.size(); ++n)
    from.push_back(valueOf(i.operands[n])), known.push_back(values.zeros(from.back()));
  unsigned lowZeros = zerosOf(i, known);
  auto isConstant = [&](size_t n) { return i.operands[n + 1].kind == Operand::Kind::Immediate; };
  if (op == Op::Other || from.empty() || i.operands[0].kind != Operand::Kind::Register)
    return values.unknown(0);
  // A wider sum is not the sum of what was widened, as far as is known.
  bool widens = i.opcode == "cvt" && (i.modifiers[0] == "u64" || i.modifiers[0] == "s64");
  if (op == Op::Copy && !widens && from.size() == 1) return from[0];
  if (from.size() == 2) {
    Value a = from[0], b = from[1];
    if (op == Op::Add && isConstant(1)) return {a.id, a.offset + b.offset};
    if (op == Op::ShiftLeft && isConstant(1) && b.offset >= 0 && b.offset < 32) {
      Value v = values.named({uint64_t(op), a.id, uint64_t(b.offset)},
                             std::min(values.zerosOfBase(a) + unsigned(b.offset), allZero));
      return {v.id, int64_t(uint64_t(a.offset) << b.offset)};
    }
    if (op == Op::Add) {
      Value v = values.named({uint64_t(op), std::min(a.id, b.id), std::max(a.id, b.id)},
                             std::min(values.zerosOfBase(a), values.zerosOfBase(b)));
      return {v.id, a.offset + b.offset};
    }
  }
  std::vector<uint64_t> key = {uint64_t(op)};
  for (std::string_view m : i.modifiers)
    key.push_back(std::hash<std::string_view>()(m));
  for (Value v : from)
    key.push_back(v.id), key.push_back(uint64_t(v.offset));
  return values.named(key, lowZeros);
}

void Finder::write(const Instruction &i) {
  const std::vector<uint32_t> &writes = costs.code[codeOf[size_t(&i - function.body.data())]].writes;
  Value v = writes.size() == 1 && !i.guarded ? result(i) : Value{};
  for (uint32_t r : writes) {
    now[r - base] = writes.size() == 1 && !i.guarded ? v : values.unknown(i.guarded ? zeros[r - base] : 0);
    knownIn[r - base] = blockNumber;
  }
}

//===-- Accesses ----------------------------------------------------------------------===//

Place placeOf(const Instruction &i) {
  if (i.has("shared") || i.has("shared::cta") || i.has("shared::cluster")) return Place::Shared;
  if (i.has("global")) return i.has("nc") ? Place::Constant : Place::Global;
  if (i.has("local")) return Place::Local;
  return i.has("param") || i.has("const") ? Place::None : Place::Generic;
}

/// Whether an access of one may be to the other's memory.
bool meets(Place a, Place b) {
  if (a == Place::None || b == Place::None || a == Place::Constant || b == Place::Constant) return false;
  return a == b || a == Place::Generic || b == Place::Generic;
}

/// Bytes of a lane of an access that may be merged; 0: none is.
unsigned mergeable(const Instruction &i) {
  for (std::string_view m : i.modifiers)
    for (const char *ordered : {"volatile", "relaxed", "acquire", "release", "mmio", "shared::cluster"})
      if (m == ordered) return 0;
  if (i.guarded) return 0;
  unsigned bytes = 0;
  for (std::string_view m : i.modifiers)
    if (auto type = typeNamed(m)) bytes = typeBytes(*type);
  if (i.opcode == "ld" && bytes < 4) return 0; // each of these is a load of its own
  if (i.opcode == "st" && bytes < 2) return 0;
  return bytes * (i.has("v2") ? 2 : i.has("v4") ? 4 : i.has("v8") ? 8 : 1);
}

/// The window that an access lies in.
bool Finder::window(size_t at, Place place, unsigned bytes, Window &w, int64_t &offset) {
  const Instruction &i = function.body[at];
  const Operand &address = i.operands[i.opcode == "ld" ? 1 : 0];
  if (address.kind != Operand::Kind::Address || bytes >= most) return false;
  Value v = valueOf(address.parts[0]);
  v.offset += int64_t(address.constant.bits);
  unsigned size = std::min(1u << std::min(values.zerosOfBase(v), 4u), most);
  if (size <= bytes || v.offset % bytes) return false;
  int64_t index = v.offset >= 0 ? v.offset / size : -((-v.offset + size - 1) / int64_t(size));
  w = {place, v.id, index, size, {}};
  offset = v.offset - index * size;
  return true;
}

/// Takes [at, at + bytes) of a window out as one access, if it has more than one part.
void Finder::close(Window &w, bool store) {
  auto take = [&](int64_t begin, unsigned bytes) {
    unsigned wanted = 0;
    Merge merge;
    for (const Part &p : w.parts)
      if (p.at >= begin && p.at + p.bytes <= begin + bytes) merge.members.push_back(codeOf[p.instruction]);
    uint32_t used = 0; // bytes
    for (const Part &p : w.parts)
      if (p.at >= begin && p.at + p.bytes <= begin + bytes) used |= ((1u << p.bytes) - 1) << (p.at - begin);
    wanted = unsigned(std::popcount(used));
    // Loads may read 4 bytes of 16 that nobody asks for.
    if (merge.members.size() < 2 || wanted < (bytes == 16 && !store ? 12 : bytes)) return false;
    merge.store = store, merge.bytes = uint8_t(bytes), merge.wanted = uint8_t(wanted);
    for (const Part &p : w.parts)
      if (codeOf[p.instruction] == merge.leader()) merge.shift = int32_t(p.at - begin);
    out.all.push_back(merge);
    for (uint32_t n : merge.members)
      out.indexOf[n] = uint32_t(out.all.size());
    return true;
  };
  auto split = [&](auto &self, int64_t begin, unsigned bytes) -> void {
    if (bytes < (store ? 4 : 8) || take(begin, bytes)) return;
    self(self, begin, bytes / 2), self(self, begin + bytes / 2, bytes / 2);
  };
  if (w.parts.size() > 1) split(split, 0, w.bytes);
  w.parts.clear();
}

void Finder::closeLoads(bool (*which)(Place, Place), Place place) {
  std::erase_if(loads, [&](Window &w) {
    if (!which(w.place, place)) return false;
    close(w, false);
    return true;
  });
}

void Finder::closeStores(bool (*which)(Place, Place), Place place) {
  for (Window &w : stores)
    if (which(w.place, place)) close(w, true);
}

void Finder::memory(size_t at) {
  const Instruction &i = function.body[at];
  const Inst &inst = program.code[codeOf[at]];
  Place place = placeOf(i);
  constexpr auto others = [](Place a, Place b) { return a != b && meets(a, b); };
  if (inst.cls == Class::Atomic) return closeLoads(meets, place), closeStores(meets, place);
  if (inst.cls == Class::Barrier || i.opcode == "call" ||
      (inst.cls == Class::Async && !i.has("commit_group"))) {
    constexpr auto any = [](Place a, Place) { return a != Place::Constant; };
    return closeLoads(any, place), closeStores(any, place);
  }
  if (inst.cls != Class::Load && inst.cls != Class::Store) return;
  bool store = inst.cls == Class::Store, merges = i.opcode == (store ? "st" : "ld");
  Window w;
  int64_t offset = 0;
  unsigned bytes = merges ? mergeable(i) : 0;
  merges = bytes && place != Place::None && window(at, place, bytes, w, offset);
  auto same = [&](const Window &o) {
    return o.place == w.place && o.id == w.id && o.index == w.index && !o.parts.empty();
  };
  if (!store) {
    closeStores(meets, place);
    if (!merges) return;
    auto it = std::find_if(loads.begin(), loads.end(), same);
    if (it == loads.end()) it = loads.insert(it, w);
    it->parts.push_back({at, offset, bytes});
    return;
  }
  closeLoads(meets, place);
  if (!merges) return closeStores(meets, place);
  closeStores(others, place);
  // A store to elsewhere in the same memory ends the row of stores; one to another memory does not.
  Window &row = stores[size_t(place)];
  bool overlaps = false;
  for (const Part &p : row.parts)
    overlaps |= p.at < offset + bytes && offset < p.at + p.bytes;
  if (!same(row) || overlaps) close(row, true), row = w;
  row.parts.push_back({at, offset, bytes});
}

void Finder::run() {
  if (function.body.empty()) return;
  findZeros();
  for (const BasicBlock &b : basicBlocks(function)) {
    ++blockNumber;
    for (size_t n = b.begin; n < b.end; ++n) {
      if (codeOf[n] == ~0u) continue;
      memory(n);
      write(function.body[n]);
    }
    constexpr auto all = [](Place, Place) { return true; };
    closeLoads(all, Place::None), closeStores(all, Place::None);
  }
}

} // namespace

Merges mergesOf(const Program &program) {
  Merges result;
  result.indexOf.resize(program.code.size());
  ProgramCosts costs = costsOf(program, gpus().front()); // for what is written
  uint32_t base = 0;
  for (size_t f = 0; f < program.functions.size(); ++f) {
    Finder(program, f, costs, base, result).run();
    base += uint32_t(program.functions[f].function->registers.size());
  }
  return result;
}

void applyMerges(const Merges &merges, ProgramCosts &costs) {
  for (const Merge &m : merges.all) {
    Cost &leader = costs.code[m.leader()];
    uint32_t handed = costs.registers++; // what passes between the leader and the others
    for (uint32_t n : m.members) {
      Cost &c = costs.code[n];
      if (&c == &leader) continue;
      Cost name;
      name.slots = 0;
      if (m.store) {
        name.reads = c.reads, name.writes = {handed};
        leader.reads.push_back(handed);
        handed = costs.registers++;
      } else {
        name.reads = {handed}, name.writes = c.writes;
      }
      c = name;
    }
    if (!m.store) leader.writes.push_back(handed);
  }
}

} // namespace girih::ptx
