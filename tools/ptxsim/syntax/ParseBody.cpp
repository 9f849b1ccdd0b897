#include "tools/ptxsim/syntax/Parser.h"
#include <charconv>
#include <utility>

namespace girih::ptx {

bool Parser::body() {
  Location where = peek().where;
  next(); // {
  for (;;) {
    if (peek().kind == TokenKind::End)
      return fail(where, "the body of '" + function->name + "' does not end");
    if (accept("{")) {
      uint32_t id = uint32_t(function->scopeParent.size());
      function->scopeParent.push_back(scopes.back().id);
      scopes.emplace_back().id = id;
    } else if (accept("}")) {
      if (scopes.size() == 1) return true;
      scopes.pop_back();
    } else if (!bodyStatement()) {
      return false;
    }
  }
}

bool Parser::bodyStatement() {
  if (accept(";")) return true;
  const Token &t = peek();
  if (t.kind == TokenKind::Identifier && peek(1).is(":")) {
    next(), next();
    if (peek().isDotted("branchtargets") || peek().isDotted("calltargets") ||
        peek().isDotted("callprototype"))
      return targetList(t.text, t.where);
    Label label{uint32_t(function->body.size()), t.where};
    if (!function->labels.insert({{scopes.back().id, t.text}, label}).second)
      return fail(t.where, "label '" + std::string(t.text) + "' is defined twice");
    return true;
  }
  if (t.kind == TokenKind::Dotted) {
    next();
    if (t.text == "reg") return registerDeclaration();
    if (t.text == "local") return variables(Space::Local, false);
    if (t.text == "shared") return variables(Space::Shared, false);
    if (t.text == "param") return variables(Space::Param, false);
    if (t.text == "global") return variables(Space::Global, false);
    if (t.text == "const") return variables(Space::Const, false);
    if (t.text == "loc") return location();
    if (t.text == "pragma") return pragma();
    return fail(t.where, "the directive '." + std::string(t.text) + "' is not supported in a function");
  }
  return instruction();
}

/// .loc file line column [, function_name label [+ n], inlined_at file line column]
bool Parser::location() {
  uint64_t numbers[3];
  for (uint64_t &n : numbers)
    if (!integer(n, "a number after .loc")) return false;
  source = {uint32_t(numbers[0]), uint32_t(numbers[1]), uint32_t(numbers[2])};
  while (accept(",")) {
    std::string_view word;
    if (!identifier(word, "an attribute of .loc")) return false;
    if (word == "function_name") {
      if (!identifier(word, "a label")) return false;
      if (accept("+")) next();
    } else if (word == "inlined_at") {
      for (uint64_t &n : numbers)
        if (!integer(n, "a number after inlined_at")) return false;
    } else {
      return fail(tokens[at - 1].where, "unknown attribute of .loc");
    }
  }
  return true;
}

/// .pragma "used_bytes_mask N" is about the next load. Others may be ignored, as the manual says.
bool Parser::pragma() {
  constexpr std::string_view mask = "used_bytes_mask ";
  std::string_view text = peek().text;
  if (peek().kind == TokenKind::String && text.starts_with(mask)) {
    text.remove_prefix(mask.size());
    int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), usedBytes, base);
    if (failure != std::errc() || end != text.data() + text.size())
      return failHere("\"used_bytes_mask\" and a number of 32 bits");
  }
  return skipStatement();
}

bool Parser::instruction() {
  Instruction i;
  i.source = source, i.scope = scopes.back().id;
  i.usedBytes = std::exchange(usedBytes, ~0u);
  if (accept("@")) {
    i.guarded = true, i.guardNegated = accept("!");
    Operand guard;
    guard.where = peek().where;
    std::string_view name;
    if (!identifier(name, "a predicate register after '@'")) return false;
    if (!findRegister(name, guard))
      return fail(guard.where, "'" + std::string(name) + "' is not a register declared before");
    if (function->registers[guard.reg].type != Type::Pred)
      return fail(guard.where, "the guard '" + std::string(name) + "' is not a predicate");
    i.guard = guard.reg;
  }
  i.where = peek().where;
  if (peek().kind != TokenKind::Identifier) return failHere("an instruction");
  i.opcode = next().text;
  while (peek().kind == TokenKind::Dotted)
    i.modifiers.push_back(next().text);
  while (!accept(";")) {
    if (!i.operands.empty() && !expect(",", "or ';' after the operand")) return false;
    Operand &o = i.operands.emplace_back();
    if (!operand(o, 0)) return false;
    if (i.operands.size() > 64) return fail(o.where, "too many operands");
  }
  function->body.push_back(std::move(i));
  return true;
}

//===-- Operands ------------------------------------------------------------===//

bool Parser::operand(Operand &out, unsigned depth) {
  const Token &t = peek();
  out.where = t.where;
  if (depth > 4) return failHere("a simpler operand: this one is nested too deeply");
  if (accept("{")) {
    out.kind = Operand::Kind::Vector;
    return operandList(out, "}", depth);
  }
  if (accept("[")) return address(out, depth);
  if (t.is("(")) {
    // A list of a call, unless it is an expression such as (1<<4).
    size_t begin = at;
    next();
    const Token &first = peek();
    bool expression = first.kind == TokenKind::Integer || first.kind == TokenKind::Float || first.is("-") ||
                      first.is("(") || first.is("~");
    if (expression && !function->body.empty() && peek(1).is(")"))
      expression = peek(2).kind == TokenKind::Punctuation && !peek(2).is(",") && !peek(2).is(";");
    if (expression && peek(1).is(",")) expression = false;
    if (expression) {
      at = begin;
      out.kind = Operand::Kind::Immediate;
      return constant(out.constant);
    }
    out.kind = Operand::Kind::List;
    return operandList(out, ")", depth);
  }
  if (accept("!")) {
    if (!operand(out, depth + 1)) return false;
    out.negated = !out.negated;
    return out.kind == Operand::Kind::Register || fail(t.where, "'!' needs a predicate register");
  }
  if (t.is("-") && peek(1).kind == TokenKind::Identifier && peek(1).text != "WARP_SZ") {
    next();
    if (!named(out)) return false;
    out.minus = true;
    return out.kind == Operand::Kind::Register || fail(t.where, "'-' needs a constant or a register");
  }
  if (t.kind == TokenKind::Identifier && t.text != "WARP_SZ") {
    if (!named(out)) return false;
    if (!peek().is("|")) return true;
    next();
    Operand pair;
    pair.kind = Operand::Kind::Pair, pair.where = out.where;
    pair.parts.resize(2);
    if (!operand(pair.parts[1], depth + 1)) return false;
    pair.parts[0] = std::move(out);
    out = std::move(pair);
    return true;
  }
  out.kind = Operand::Kind::Immediate;
  return constant(out.constant);
}

bool Parser::operandList(Operand &out, std::string_view close, unsigned depth) {
  if (accept(close)) return true;
  do {
    out.parts.emplace_back();
    if (!operand(out.parts.back(), depth + 1)) return false;
    if (out.parts.size() > 256) return failHere("a shorter list");
  } while (accept(","));
  return expect(close, "after the list");
}

/// [base + offset, further operands]
bool Parser::address(Operand &out, unsigned depth) {
  out.kind = Operand::Kind::Address;
  Operand base;
  base.where = peek().where;
  if (peek().kind == TokenKind::Identifier && peek().text != "WARP_SZ") {
    if (!named(base)) return false;
    if (base.kind == Operand::Kind::Variable)
      std::swap(base.constant, out.constant);
    else if (!offset(out))
      return false;
  } else {
    base.kind = Operand::Kind::Immediate;
    if (!constant(base.constant)) return false;
  }
  out.parts.push_back(std::move(base));
  while (accept(",")) {
    out.parts.emplace_back();
    if (!operand(out.parts.back(), depth + 1)) return false;
    if (out.parts.size() > 16) return failHere("a shorter address");
  }
  return expect("]", "after the address");
}

/// + constant or - constant
bool Parser::offset(Operand &out) {
  while (peek().is("+") || peek().is("-")) {
    bool minus = next().is("-");
    Constant c;
    if (!unary(c, 0)) return false;
    if (c.floatBytes) return fail(out.where, "an offset is an integer");
    out.constant.bits += minus ? 0 - c.bits : c.bits;
  }
  return true;
}

/// A register, a variable with an offset, a special register, or a name that is not known yet.
bool Parser::named(Operand &out) {
  const Token &t = next();
  std::string_view name = t.text;
  if (name == "_") {
    out.kind = Operand::Kind::Sink;
    return true;
  }
  if (findRegister(name, out)) {
    if (peek().kind != TokenKind::Dotted) return true;
    if (out.kind == Operand::Kind::Register) {
      out.part = next().text;
      return true;
    }
    // A component of a vector register.
    const Token &component = next();
    static constexpr std::string_view names[] = {"x", "y", "z", "w", "r", "g", "b", "a"};
    for (unsigned i = 0; i < 8; ++i)
      if (component.text == names[i] && (i & 3) < out.parts.size()) {
        Operand part = out.parts[i & 3];
        out = std::move(part);
        return true;
      }
    return fail(component.where,
                "'" + std::string(name) + "' has no component '." + std::string(component.text) + "'");
  }
  if (name.starts_with("%")) {
    out.kind = Operand::Kind::Special;
    // "%tid.x" is one name: the words are adjacent in the text.
    if (peek().kind == TokenKind::Dotted && peek().text.size() == 1 &&
        peek().text.data() == name.data() + name.size() + 1)
      name = std::string_view(name.data(), name.size() + 2), next();
    out.name = name;
    return true;
  }
  if ((out.variable = findVariable(name))) {
    out.kind = Operand::Kind::Variable;
    return offset(out);
  }
  out.kind = Operand::Kind::Name;
  out.name = name;
  return true;
}

/// %p, or %p3 of %p<4> with `index` 3.
const Parser::RegisterRange *Parser::findRegister(const Scope &scope, std::string_view name,
                                                  uint32_t &index) {
  index = 0;
  if (auto it = scope.registers.find(name); it != scope.registers.end()) return &it->second;
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  if (digits == name.size() || name.size() - digits > 7) return nullptr;
  for (char c : name.substr(digits))
    index = index * 10 + uint32_t(c - '0');
  auto it = scope.numberedRegisters.find(name.substr(0, digits));
  return it != scope.numberedRegisters.end() && index < it->second.count ? &it->second : nullptr;
}

bool Parser::findRegister(std::string_view name, Operand &out) const {
  for (size_t s = scopes.size(); s-- > 0;) {
    uint32_t n;
    const RegisterRange *found = findRegister(scopes[s], name, n);
    if (!found) continue;
    const RegisterRange &range = *found;
    out.kind = Operand::Kind::Register;
    out.reg = uint32_t(range.first + n * range.vector);
    if (range.vector == 1) return true;
    out.kind = Operand::Kind::Vector;
    for (unsigned c = 0; c < range.vector; ++c) {
      Operand &part = out.parts.emplace_back();
      part.kind = Operand::Kind::Register, part.where = out.where, part.reg = out.reg + c;
    }
    return true;
  }
  return false;
}

const Variable *Parser::findVariable(std::string_view name) const {
  for (size_t s = scopes.size(); s-- > 0;)
    if (auto it = scopes[s].variables.find(name); it != scopes[s].variables.end()) return it->second;
  auto it = module.variableByName.find(name);
  return it == module.variableByName.end() ? nullptr : it->second;
}

} // namespace girih::ptx
