#include "tools/ptxsim/check/Values.h"
#include <algorithm>

namespace girih::ptx::check {

//===-- What instructions do -----------------------------------------------------------===//

ValueRoles::ValueRoles(const Program &program) {
  size_t end = program.functions.size() > 1 ? program.functions[1].begin : program.code.size();
  registerCount = uint32_t(program.functions[0].function->registers.size());
  roles.resize(end);
  for (size_t n = 0; n < end; ++n) {
    // What was decoded beside an instruction comes before it, with the same text.
    const Instruction *text = program.code[n].source;
    if (text && (n + 1 == end || program.code[n + 1].source != text)) add(program.code[n], roles[n]);
  }
}

static Flow flowOf(const Inst &i) {
  const Instruction &text = *i.source;
  std::string_view opcode = text.opcode;
  bool alone = text.operands.size() == 3;
  switch (i.cls) {
  case Class::Load:
    return opcode.starts_with("ld") && opcode != "ldmatrix" ? Flow::Loads : Flow::Uses;
  case Class::Store:
  case Class::Atomic:
  case Class::Async:
  case Class::Barrier:
  case Class::Control:
    return Flow::Uses;
  case Class::Shuffle:
    return opcode == "shfl" ? Flow::Shuffles : Flow::Mixes;
  case Class::Mma:
    return opcode == "wgmma" ? Flow::Uses : Flow::Mixes;
  case Class::Other:
    if (opcode == "stackrestore") return Flow::Uses;
    return opcode == "alloca" || opcode == "createpolicy" ? Flow::Through : Flow::Nothing;
  default:
    break;
  }
  if (opcode == "selp") return Flow::Selects;
  if (opcode == "and" && alone) return Flow::And;
  if (opcode == "or" && alone && text.has("pred")) return Flow::Or;
  if (opcode == "setp" && text.operands.size() == 4) {
    if (text.has("and")) return Flow::SetpAnd;
    if (text.has("or")) return Flow::SetpOr;
  }
  return Flow::Through;
}

/// Registers of an operand; what is none, or is left out, keeps its place.
static void addRegisters(const Operand &o, std::vector<uint32_t> &to) {
  if (o.parts.empty()) to.push_back(o.kind == Operand::Kind::Register ? o.reg : none);
  for (const Operand &part : o.parts)
    addRegisters(part, to);
}

/// Whether the first operand is what the instruction writes.
static bool hasResult(const Inst &i, Flow flow) {
  const Instruction &text = *i.source;
  if (text.operands.empty() || text.operands[0].kind == Operand::Kind::Address) return false;
  if (flow != Flow::Uses) return true;
  std::string_view opcode = text.opcode;
  return i.cls == Class::Load || opcode == "atom" || opcode == "mbarrier" ||
         ((opcode == "bar" || opcode == "barrier") && text.has("red")) ||
         (opcode == "call" && text.operands[0].kind == Operand::Kind::List);
}

void ValueRoles::add(const Inst &i, Role &role) {
  const Instruction &text = *i.source;
  role.flow = flowOf(i);
  role.first = uint32_t(registers.size());
  if (text.guarded) role.guard = text.guard;
  if (text.has("b16") || text.has("b32") || text.has("b64"))
    role.bytes = text.has("b16") ? 2 : text.has("b32") ? 4 : 8;
  for (size_t n = 0; n < text.operands.size(); ++n) {
    size_t before = registers.size();
    addRegisters(text.operands[n], registers);
    (n == 0 && hasResult(i, role.flow) ? role.writes : role.reads) += uint16_t(registers.size() - before);
  }
  auto isNone = [](uint32_t r) { return r == none; };
  if (role.flow == Flow::Uses && role.guard == none && std::ranges::all_of(writes(role), isNone) &&
      std::ranges::all_of(reads(role), isNone))
    role.flow = Flow::Nothing;
}

//===-- Loads ------------------------------------------------------------------------===//

bool HeldRead::isAllUsed() const {
  return std::all_of(used, used + count, [&](uint32_t u) { return (lanes & ~u) == 0; });
}

HeldRead &Values::newRead(uint32_t &index) {
  if (freeReads.empty()) {
    freeReads.push_back(uint32_t(reads.size()));
    reads.push_back(std::make_unique<HeldRead>());
  }
  index = freeReads.back();
  freeReads.pop_back();
  HeldRead &read = *reads[index];
  std::fill_n(read.used, HeldRead::most, 0), std::fill_n(read.holes, HeldRead::most, 0);
  read.races.clear();
  return read;
}

//===-- Dependences --------------------------------------------------------------------===//

void Values::assign(uint32_t reg, Value value, uint32_t mask) {
  if (reg == none) return;
  Register &r = registers[reg];
  r.value = combine(r.value.in(~mask), value.in(mask));
  if (!r.value.lanes || r.isListed) return;
  r.isListed = true, listed.push_back(reg);
}

void Values::add(uint32_t reg, Value value) {
  if (reg != none && value.lanes) assign(reg, combine(registers[reg].value, value), allLanes);
}

Value Values::combine(Value a, Value b) {
  if (!a.lanes) return b;
  if (!b.lanes) return a;
  if (a.node == b.node) return {a.node, a.lanes | b.lanes};
  return make({a.node, a.lanes, b.node, b.lanes, 0, Kind::Join}, a.lanes | b.lanes);
}

Value Values::shuffle(Value a, const std::array<uint8_t, warpSize> &from, uint32_t mask) {
  uint32_t lanes = 0;
  for (uint32_t m = mask; m; m &= m - 1)
    lanes |= (a.lanes >> from[unsigned(std::countr_zero(m))] & 1) << std::countr_zero(m);
  if (!lanes) return {};
  shuffles.push_back(from);
  return make({a.node, a.lanes, uint32_t(shuffles.size() - 1), 0, 0, Kind::Shuffle}, lanes);
}

Value Values::mix(Value a, uint32_t mask) {
  return a.lanes ? make({a.node, a.lanes, 0, 0, 0, Kind::Mix}, mask) : Value();
}

Value Values::leaf(uint32_t read, unsigned element, uint32_t lanes) {
  return make({read, 0, element, 0, 0, Kind::Leaf}, lanes);
}

} // namespace girih::ptx::check
