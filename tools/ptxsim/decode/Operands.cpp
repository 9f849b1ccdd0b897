#include "tools/ptxsim/decode/Decoder.h"
#include "tools/ptxsim/exec/Control.h"
#include <cstring>
#include <utility>

namespace girih::ptx {

struct Decoder::Operands {
  std::vector<uint32_t> op, more;
  unsigned addresses = 0;
  uint8_t flags = 0, detail = 0;
};

bool Decoder::decodeOperands(const Form &form, Match &match, Inst &inst) {
  std::vector<std::string_view> tokens;
  unsigned optional = 0;
  for (std::string_view rest = form.operands; !rest.empty();) {
    size_t end = std::min(rest.find(' '), rest.size());
    tokens.push_back(rest.substr(0, end));
    optional += tokens.back().ends_with('?');
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto &given = current->operands;
  size_t missing = tokens.size() - given.size(), next = 0;
  unsigned present = optional - unsigned(missing); // the first optional ones are there, the last are not
  Operands out;
  for (std::string_view token : tokens) {
    if (token.ends_with('?')) {
      token.remove_suffix(1);
      if (present == 0 && token == "c") continue;
      if (present == 0) {
        out.op.push_back(operandNone);
        match.registers.push_back(Type::None);
        continue;
      }
      --present;
    }
    if (!patternToken(token, given[next++], match, out)) return false;
  }
  if (out.op.size() > std::size(inst.op))
    return fail(current->where, "'" + current->text() + "' has too many operands");
  std::copy(out.op.begin(), out.op.end(), inst.op);
  if (!out.more.empty()) {
    inst.count = uint8_t(out.more.size());
    auto list = std::make_unique<uint32_t[]>(out.more.size());
    std::copy(out.more.begin(), out.more.end(), list.get());
    inst.more = list.get();
    program->vectors.push_back(std::move(list));
  }
  inst.flags |= out.flags, inst.detail = out.detail;
  return true;
}

/// The type that a token names: a digit for one of the instruction's, w before it for twice its size, or a
/// name.
bool Decoder::typeOfToken(std::string_view token, const Match &match, Type &type, unsigned &bytes) const {
  bool wide = token.starts_with('w');
  if (wide) token.remove_prefix(1);
  type = Type::None, bytes = 0;
  if (token == "p")
    type = Type::Pred;
  else if (token == "x")
    type = Type::B32;
  else if (token.size() == 1 && token[0] >= '0' && token[0] <= '9')
    type = match.type(unsigned(token[0] - '0'));
  else if (auto named = typeNamed(token))
    type = *named;
  bytes = typeBytes(type) * (wide ? 2 : 1);
  if (wide)
    type = typeKind(type) == TypeKind::Signed ? (bytes == 4 ? Type::S32 : Type::S64)
           : bytes == 4                       ? Type::U32
                                              : Type::U64;
  return true;
}

bool Decoder::patternToken(std::string_view token, const Operand &operand, Match &match, Operands &out) {
  char role = token[0];
  token.remove_prefix(1);
  if (role == 'm') return address(operand, match, out);
  if (role == 't') { // a tensor map's address and coordinates
    if (operand.kind != Operand::Kind::Address || operand.parts.size() != 2)
      return fail(operand.where,
                  "'" + current->text() + "' needs a tensor map and coordinates in brackets here");
    Operand map = operand;
    map.parts.pop_back();
    bool isFirst = out.addresses++ == 0;
    Operands apart;
    apart.addresses = 2;
    if (!address(map, match, apart)) return false;
    if (!apart.flags) return fail(operand.where, "the address of a tensor map has 64 bits");
    out.flags |= isFirst ? Inst::Wide : Inst::Wide2;
    out.op.insert(out.op.end(), {apart.op[0], apart.op[1]});
    match.registers.insert(match.registers.end(), 2, Type::None);
    return patternToken("us32", operand.parts[1], match, out);
  }
  if (role == 'c') { // a cache policy changes nothing
    uint32_t ignored;
    Type type;
    return source(operand, Type::B64, 8, false, ignored, type);
  }
  if (role == 'z') { // how much is copied, or a predicate that says whether anything is
    bool isPredicate =
        operand.kind == Operand::Kind::Register && function->registers[operand.reg].type == Type::Pred;
    return patternToken(isPredicate ? "sp" : "sb32", operand, match, out);
  }
  if (role == 'M') { // an address that op[] has no room for
    Operands apart;
    apart.addresses = 2;
    if (!address(operand, match, apart)) return false;
    out.more.insert(out.more.end(), {apart.op[0], apart.op[1], apart.flags != 0});
    return true;
  }
  if (role == 'n') {
    if (operand.kind != Operand::Kind::Immediate || operand.constant.floatBytes)
      return fail(operand.where, "this operand of '" + current->text() + "' must be an integer constant");
    out.more.push_back(uint32_t(operand.constant.bits));
    return true;
  }
  if (role == 'q' || role == 'Q') { // of video instructions: -r.b1
    Operand whole = operand;
    match.parts.push_back(std::exchange(whole.part, {}));
    match.minus.push_back(std::exchange(whole.minus, false));
    return patternToken(role == 'Q' ? "db32" : "sb32", whole, match, out);
  }
  if (role == 'i' || role == 'k') {
    if (operand.kind != Operand::Kind::Immediate || operand.constant.floatBytes)
      return fail(operand.where, "this operand of '" + current->text() + "' must be an integer constant");
    if (role == 'k') {
      out.detail = uint8_t(operand.constant.bits);
      return operand.constant.bits < 256 || fail(operand.where, "this constant must be less than 256");
    }
    out.op.push_back(uint32_t(operand.constant.bits));
    match.registers.push_back(Type::None);
    return true;
  }
  bool pair = token.ends_with("|p");
  if (pair) token.remove_suffix(2);
  Type type, registerType = Type::None;
  unsigned bytes;
  typeOfToken(token, match, type, bytes);
  uint32_t place = operandNone;
  bool isDestination = role == 'd' || role == 'D' || role == 'V' || role == 'v';
  bool relaxed = role == 'D' || role == 'S' || ((role == 'V' || role == 'U') && current->opcode != "mov");
  auto one = [&](const Operand &o, unsigned size) {
    registerType = Type::None;
    return isDestination ? destination(o, size, relaxed, place, registerType)
                         : source(o, type, size, relaxed, place, registerType);
  };
  if (role == 'V' || role == 'U' || role == 'v' || role == 'u') {
    bool braces = operand.kind == Operand::Kind::Vector;
    size_t count = braces ? operand.parts.size() : 1;
    bool fragment = role == 'v' || role == 'u';
    if (count == 0 || count > (fragment ? 128 : 32))
      return fail(operand.where, "a vector of " + std::to_string(count) + " elements");
    unsigned size = current->opcode == "mov" ? bytes / unsigned(count) : bytes;
    // Constants and `_` are as wide as the registers beside them.
    if (relaxed)
      for (size_t n = count; n-- > 0;)
        if (const Operand &o = braces ? operand.parts[n] : operand; o.kind == Operand::Kind::Register)
          size = typeBytes(function->registers[o.reg].type);
    if (relaxed && size < bytes) size = bytes;
    for (size_t n = 0; n < count; ++n) {
      const Operand &o = braces ? operand.parts[n] : operand;
      // Fragments of matrices pack several elements into a register: the selector checks its type.
      if (fragment && o.kind == Operand::Kind::Register)
        size = typeBytes(function->registers[o.reg].type);
      else if (current->opcode.ends_with("mma"))
        size = std::max(size, 4u);
      if (!one(o, size)) return false;
      if (n == 0)
        match.vectorTypes.push_back(registerType);
      else if (registerType != Type::None && typeBytes(registerType) != typeBytes(match.vectorTypes.back()) &&
               match.vectorTypes.back() != Type::None)
        return fail(o.where, "the elements of this vector have different sizes");
      if (match.vectorTypes.back() == Type::None) match.vectorTypes.back() = registerType;
      out.more.push_back(place);
    }
    match.vectors.push_back(unsigned(count));
    return true;
  }
  if (!pair) {
    if (!one(operand, bytes)) return false;
    out.op.push_back(place);
    match.registers.push_back(registerType);
    return true;
  }
  const Operand &first = operand.kind == Operand::Kind::Pair ? operand.parts[0] : operand;
  if (!one(first, bytes)) return false;
  out.op.push_back(place);
  match.registers.push_back(registerType);
  const Operand sink;
  if (!destination(operand.kind == Operand::Kind::Pair ? operand.parts[1] : sink, 0, false, place,
                   registerType))
    return false;
  out.op.push_back(place);
  match.registers.push_back(operand.kind == Operand::Kind::Pair ? registerType : Type::None);
  return true;
}

bool Decoder::checkRegister(const Operand &operand, unsigned bytes, bool relaxed) {
  if (!operand.part.empty() || operand.minus)
    return fail(operand.where, "'" + current->text() + "' takes whole registers, without a sign");
  const Register &r = function->registers[operand.reg];
  unsigned has = typeBytes(r.type);
  if (relaxed ? has >= bytes && r.type != Type::Pred : has == bytes) return true;
  std::string wants =
      bytes ? std::to_string(bytes * 8) + (relaxed ? " or more bits" : " bits") : "a predicate";
  return fail(operand.where, "'" + current->text() + "' needs a register of " + wants + " here, '" + r.name +
                                 "' is ." + std::string(typeName(r.type)));
}

bool Decoder::destination(const Operand &operand, unsigned bytes, bool relaxed, uint32_t &out,
                          Type &registerType) {
  if (operand.kind == Operand::Kind::Sink) {
    out = temporary(bytes);
    return true;
  }
  if (operand.kind != Operand::Kind::Register || operand.negated)
    return fail(operand.where, "'" + current->text() + "' needs a register as its destination here");
  if (!checkRegister(operand, bytes, relaxed)) return false;
  out = registerSlot(operand.reg), registerType = function->registers[operand.reg].type;
  return true;
}

bool Decoder::source(const Operand &operand, Type type, unsigned bytes, bool relaxed, uint32_t &out,
                     Type &registerType) {
  switch (operand.kind) {
  case Operand::Kind::Register:
    if (!checkRegister(operand, bytes, relaxed)) return false;
    if (operand.negated && bytes) return fail(operand.where, "'!' needs a predicate");
    out = registerSlot(operand.reg) | (operand.negated ? operandNegated : 0);
    registerType = function->registers[operand.reg].type;
    return true;
  case Operand::Kind::Immediate: {
    uint64_t bits;
    if (!immediate(operand, type, bytes, bits)) return false;
    out = constant(bits, bytes);
    return true;
  }
  case Operand::Kind::Special:
    return special(operand, bytes, out);
  case Operand::Kind::Variable:
    return variableAddress(operand, bytes, out);
  case Operand::Kind::Name:
    for (size_t m = 0; m < module.functions.size(); ++m)
      if (functionNamed(operand.name) == &module.functions[m] && bytes == 8) {
        out = constant(functionWindow + m, 8);
        return true;
      }
    return fail(operand.where, "'" + std::string(operand.name) + "' is not declared");
  default:
    return fail(operand.where, "'" + current->text() + "' takes a register or a constant here");
  }
}

bool Decoder::immediate(const Operand &operand, Type type, unsigned bytes, uint64_t &bits) {
  const Constant &c = operand.constant;
  bits = c.bits;
  if (type == Type::Pred) {
    if (c.floatBytes) return fail(operand.where, "a predicate is 0 or 1");
    return true;
  }
  bool isFloat = typeKind(type) == TypeKind::Float;
  if (c.floatBytes && c.floatBytes != bytes) {
    double value;
    float narrow;
    if (c.floatBytes == 4)
      memcpy(&narrow, &bits, 4), value = narrow;
    else
      memcpy(&value, &bits, 8), narrow = float(value);
    if (bytes != 4 && bytes != 8)
      return fail(operand.where, "constants of this type are written as bits, such as 0x3C00");
    bits = 0;
    memcpy(&bits, bytes == 8 ? static_cast<void *>(&value) : &narrow, bytes);
  } else if (!c.floatBytes && isFloat && bits && bytes != 2) {
    return fail(operand.where, "a constant of ." + std::string(typeName(type)) + " is written 1.0 or " +
                                   (bytes == 8 ? "0d3FF0000000000000" : "0f3F800000"));
  }
  if (bytes < 8) bits &= (1ull << (bytes * 8)) - 1;
  return true;
}

bool Decoder::special(const Operand &operand, unsigned bytes, uint32_t &out) {
  struct Known {
    std::string_view name;
    unsigned bytes;
  };
  static constexpr Known known[] = {
#define X(TEXT, NAME, BYTES) {TEXT, BYTES},
      GIRIH_PTX_SPECIAL_REGISTERS(X)
#undef X
  };
  for (unsigned id = 0; id < std::size(known); ++id) {
    if (known[id].name != operand.name) continue;
    if (known[id].bytes == 0 ? bytes != 0 : bytes == 0)
      return fail(operand.where, "'" + std::string(operand.name) + "' has another type than this operand");
    out = temporary(bytes);
    Inst &i = emit(readSpecial);
    i.cls = Class::Move, i.op[0] = out, i.detail = uint8_t(id), i.count = uint8_t(bytes);
    return true;
  }
  // Counters that nothing counts into, and registers that the driver leaves at zero.
  for (std::string_view prefix : {"%envreg", "%pm"})
    if (std::string_view name = operand.name; name.starts_with(prefix) && bytes) {
      name.remove_prefix(prefix.size());
      if (prefix == "%pm" && name.ends_with("_64")) name.remove_suffix(3);
      unsigned n = 0;
      for (char c : name)
        n = c >= '0' && c <= '9' ? n * 10 + unsigned(c - '0') : 99;
      if (name.empty() || name.size() > 2 || n >= (prefix == "%pm" ? 8u : 32u)) break;
      out = constant(0, bytes);
      return true;
    }
  return fail(operand.where,
              "'" + std::string(operand.name) +
                  "' is neither a register declared before nor a special register that is supported");
}

bool Decoder::variableAddress(const Operand &operand, unsigned bytes, uint32_t &out) {
  const Variable &v = *operand.variable;
  if (bytes != 8 && bytes != 4)
    return fail(operand.where, "the address of '" + v.name + "' has 32 or 64 bits");
  uint64_t offset = operand.constant.bits;
  switch (v.space) {
  case Space::Shared:
    out = constant((sharedOffset[&v] + offset) & (bytes == 4 ? 0xffffffff : ~0ull), bytes);
    return true;
  case Space::Global:
  case Space::Const:
    if (bytes != 8) return fail(operand.where, "the address of '" + v.name + "' has 64 bits");
    {
      auto it = module.variableByName.find(v.name); // an extern declaration's definition may come later
      const Variable &defined = v.isExtern && it != module.variableByName.end() ? *it->second : v;
      if (defined.isExtern)
        return fail(operand.where, "variable '" + v.name + "' is extern and not defined in this module");
      out = constant(addresses.variable(defined) + offset, 8);
      return true;
    }
  default:
    break;
  }
  if (isKernelParameter(v)) {
    out = constant(localOffset[&v] + offset, bytes);
    return true;
  }
  out = temporary(bytes); // LLVM keeps addresses of local memory in 32 bits
  Inst &i = emit(frameAddress);
  i.cls = Class::Move, i.op[0] = out, i.count = uint8_t(bytes), i.imm = int64_t(localOffset[&v] + offset);
  return true;
}

/// [base + offset]: two places in op[], and the space of the access.
bool Decoder::address(const Operand &operand, Match &match, Operands &out) {
  if (operand.kind != Operand::Kind::Address)
    return fail(operand.where, "'" + current->text() + "' needs an address in brackets here");
  if (operand.parts.size() != 1) return fail(operand.where, "this form of address is not supported");
  const Operand &base = operand.parts[0];
  uint32_t place, shift = out.addresses++;
  Space space = Space::Generic;
  unsigned skip = shift; // a copy names the space of its destination first
  for (std::string_view m : current->modifiers) {
    std::string_view word = m.substr(0, m.find(':'));
    for (Space s : {Space::Global, Space::Shared, Space::Local, Space::Const, Space::Param})
      if (word == spaceName(s) && space == Space::Generic && skip-- == 0) space = s;
    if (m == "param::func") space = Space::Local;
  }
  Type type = Type::None;
  int64_t offset = int64_t(operand.constant.bits);
  bool wide = true;
  if (base.kind == Operand::Kind::Register) {
    unsigned bytes = typeBytes(function->registers[base.reg].type);
    if (bytes != 4 && bytes != 8)
      return fail(base.where, "an address needs a register of 32 or 64 bits, '" +
                                  function->registers[base.reg].name + "' is ." +
                                  std::string(typeName(function->registers[base.reg].type)));
    wide = bytes == 8;
    if (!source(base, Type::None, bytes, false, place, type)) return false;
    if (space == Space::Param && !function->isEntry) space = Space::Local;
  } else if (base.kind == Operand::Kind::Variable) {
    Operand whole = base;
    whole.constant.bits = uint64_t(offset);
    if (!variableAddress(whole, 8, place)) return false;
    offset = 0;
    const Variable &v = *base.variable;
    Space of = isKernelParameter(v) ? Space::Param : v.space == Space::Param ? Space::Local : v.space;
    if (space == Space::Param && of == Space::Local) space = Space::Local;
    if (space == Space::Generic && !(of == Space::Global || of == Space::Const)) space = of;
    if (space != of && space != Space::Generic)
      return fail(base.where, "'" + v.name + "' lies in ." + std::string(spaceName(v.space)) +
                                  ", the instruction accesses ." + std::string(spaceName(space)));
  } else if (base.kind == Operand::Kind::Immediate && !base.constant.floatBytes) {
    place = constant(base.constant.bits, 8);
  } else {
    return fail(base.where, base.kind == Operand::Kind::Name
                                ? "'" + std::string(base.name) + "' is not declared"
                                : "an address needs a register, a variable or a constant");
  }
  if (offset != int32_t(offset))
    return fail(operand.where, "the offset " + std::to_string(offset) + " does not fit into 32 bits");
  if (wide) out.flags |= shift ? Inst::Wide2 : Inst::Wide;
  if (shift == 0) match.space = space;
  out.op.push_back(place), out.op.push_back(uint32_t(int32_t(offset)));
  match.registers.push_back(type), match.registers.push_back(Type::None);
  return true;
}

} // namespace girih::ptx
