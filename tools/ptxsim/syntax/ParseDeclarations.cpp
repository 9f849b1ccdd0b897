#include "tools/ptxsim/syntax/Parser.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

/// No variable is larger: sizes stay far from overflow.
static constexpr uint64_t maxBytes = 1ull << 40;

//===-- Functions -----------------------------------------------------------===//

bool Parser::functionDeclaration(bool isEntry, bool isExtern) {
  (void)isExtern; // a declaration without a body is enough
  module.functions.emplace_back();
  Function &f = module.functions.back();
  f.isEntry = isEntry;
  function = &f;
  scopes.assign(1, Scope());
  f.scopeParent = {0};
  source = {};
  if (!isEntry && accept("(") && !parameters(f, f.results)) return false;
  f.where = peek().where;
  std::string_view name;
  if (!identifier(name, "the function's name")) return false;
  f.name = name;
  if (accept("(") && !parameters(f, f.params)) return false;
  if (!functionDirectives(f)) return false;
  f.hasBody = peek().is("{");
  if (!f.hasBody && !expect(";", "or '{' after the function's head")) return false;

  Function *&known = module.functionByName[name];
  if (known && known->hasBody && f.hasBody)
    return fail(f.where, "function '" + f.name + "' is defined twice");
  if (known && !known->hasBody && f.hasBody) {
    // Calls resolve by name when the module is decoded, so that the definition may come after its
    // declaration.
    known = &f;
  } else if (!known) {
    known = &f;
  }
  bool ok = !f.hasBody || body();
  function = nullptr;
  scopes.clear();
  return ok;
}

bool Parser::threeNumbers(uint32_t (&values)[3]) {
  unsigned i = 0;
  values[0] = values[1] = values[2] = 1;
  do {
    uint64_t value;
    Location where = peek().where;
    if (!integer(value, "a number")) return false;
    if (i == 3 || value > 1u << 30) return fail(where, "expected up to three numbers of threads or blocks");
    values[i++] = uint32_t(value);
  } while (accept(","));
  return true;
}

bool Parser::functionDirectives(Function &f) {
  uint32_t ignored[3];
  for (;;) {
    const Token &t = peek();
    if (t.kind != TokenKind::Dotted) return true;
    next();
    if (t.text == "maxntid") {
      if (!threeNumbers(f.maxThreads)) return false;
    } else if (t.text == "reqntid") {
      if (!threeNumbers(f.requiredThreads)) return false;
    } else if (t.text == "reqnctapercluster") {
      if (!threeNumbers(f.clusterSize)) return false;
    } else if (t.text == "minnctapersm" || t.text == "maxnctapersm" || t.text == "maxnreg" ||
               t.text == "maxclusterrank") {
      if (!threeNumbers(ignored)) return false;
      if (t.text == "minnctapersm") f.minBlocks = ignored[0];
      if (t.text == "maxnreg") f.maxRegisters = ignored[0];
    } else if (t.text == "noreturn") {
      f.noReturn = true;
    } else if (t.text == "pragma") {
      if (!skipStatement()) return false;
    } else if (t.text != "explicitcluster" && t.text != "blocksareclusters") {
      return fail(t.where, "the function directive '." + std::string(t.text) + "' is not supported");
    }
  }
}

bool Parser::parameters(Function &f, std::vector<Variable *> &list) {
  if (accept(")")) return true;
  do
    if (!parameter(f, list)) return false;
  while (accept(","));
  return expect(")", "after the parameters");
}

bool Parser::parameter(Function &f, std::vector<Variable *> &list) {
  Variable v;
  v.where = peek().where;
  if (acceptDotted("reg"))
    v.space = Space::Reg;
  else if (acceptDotted("param"))
    v.space = Space::Param;
  else
    return failHere("'.param' or '.reg'");
  if (!variableAttributes(v)) return false;
  if (acceptDotted("ptr")) { // of kernel parameters: says where the pointer leads
    acceptDotted("global") || acceptDotted("shared") || acceptDotted("const") || acceptDotted("local");
    uint64_t ignored;
    if (acceptDotted("align") && !integer(ignored, "the alignment")) return false;
  }
  v.where = peek().where;
  std::string_view name;
  if (!identifier(name, "the parameter's name")) return false;
  v.name = name;
  if (!arrayDimensions(v)) return false;
  if (v.space == Space::Reg) {
    v.reg = uint32_t(f.registers.size());
    f.registers.push_back({v.name, v.type});
    scopes.back().registers[name] = {v.reg, 1, 1, v.type};
  } else if (v.type == Type::Pred) {
    return fail(v.where, "a parameter in memory can't be a predicate");
  }
  f.variables.push_back(std::move(v));
  list.push_back(&f.variables.back());
  if (list.back()->space == Space::Param) scopes.back().variables[name] = list.back();
  return true;
}

//===-- Variables -----------------------------------------------------------===//

/// [.align N] [.attribute(...)] [.v4] .type, in any order.
bool Parser::variableAttributes(Variable &v) {
  bool aligned = false;
  for (;;) {
    const Token &t = peek();
    if (t.kind != TokenKind::Dotted) break;
    if (t.text == "ptr") break;
    next();
    if (t.text == "align") {
      if (!integer(v.align, "the alignment")) return false;
      if (!std::has_single_bit(v.align) || v.align > 1 << 20)
        return fail(t.where, "an alignment is a power of two, not " + std::to_string(v.align));
      aligned = true;
    } else if (t.text == "attribute") {
      while (peek().kind != TokenKind::End && !next().is(")"))
        ;
    } else if (t.text == "v2" || t.text == "v4" || t.text == "v8") {
      v.vector = uint8_t(t.text[1] - '0');
    } else if (auto type = typeNamed(t.text)) {
      if (v.type != Type::None) return fail(t.where, "a second type");
      v.type = *type;
    } else {
      return fail(t.where,
                  "'." + std::string(t.text) + "' is not a type or attribute of variables that is supported");
    }
  }
  if (v.type == Type::None) return failHere("a type");
  if (!aligned) v.align = std::max<uint64_t>(1, typeBytes(v.type) * v.vector);
  v.size = uint64_t(typeBytes(v.type)) * v.vector;
  return true;
}

bool Parser::arrayDimensions(Variable &v) {
  while (accept("[")) {
    if (accept("]")) {
      v.unsized = true;
      continue;
    }
    Constant n;
    Location where = peek().where;
    if (!constant(n) || !expect("]", "after the number of elements")) return false;
    if (n.floatBytes || n.bits > maxBytes || (v.size && n.bits > maxBytes / v.size))
      return fail(where, "the array '" + v.name + "' is too large");
    v.size *= n.bits;
  }
  return true;
}

Variable *Parser::declare(Variable &&v) {
  if (function) {
    function->variables.push_back(std::move(v));
    return &function->variables.back();
  }
  module.variables.push_back(std::move(v));
  return &module.variables.back();
}

bool Parser::variables(Space space, bool isExtern) {
  Variable common;
  common.space = space, common.isExtern = isExtern;
  if (!variableAttributes(common)) return false;
  if (common.type == Type::Pred) return fail(peek().where, "a variable in memory can't be a predicate");
  do {
    Variable v = common;
    v.where = peek().where;
    std::string_view name;
    if (!identifier(name, "the variable's name")) return false;
    v.name = name;
    if (accept("<")) { // a range of call parameters
      uint64_t count;
      if (!integer(count, "a number") || !expect(">", "after the number of names")) return false;
      return fail(v.where, "ranges of variables are not supported");
    }
    if (!arrayDimensions(v)) return false;
    if (accept("=")) {
      uint64_t offset = 0;
      if (!initializer(v, 0, offset)) return false;
    }
    if (v.unsized && v.size == common.size) v.size = v.bytes.size();
    Variable *declared = declare(std::move(v));
    if (function) scopes.back().variables[name] = declared;
    // A later definition replaces an extern declaration; what refers to it is found by name again.
    else if (Variable *&known = module.variableByName[name]; !known || known->isExtern)
      known = declared;
  } while (accept(","));
  return expect(";", "after the variable");
}

bool Parser::initializer(Variable &v, unsigned depth, uint64_t &offset) {
  if (depth > maxDepth) return failHere("a simpler initializer: this one is nested too deeply");
  if (!accept("{")) return initialValue(v, offset);
  if (accept("}")) return true;
  do
    if (!initializer(v, depth + 1, offset)) return false;
  while (accept(","));
  return expect("}", "after the initial values");
}

bool Parser::initialValue(Variable &v, uint64_t &offset) {
  unsigned bytes = typeBytes(v.type);
  Location where = peek().where;
  if (offset + bytes > v.size && !v.unsized)
    return fail(where, "more initial values than '" + v.name + "' has elements");
  if (offset > maxBytes) return fail(where, "too many initial values");
  bool name = peek().kind == TokenKind::Identifier && peek().text != "WARP_SZ";
  if (name) return addressValue(v, 0, offset);
  if (peek().kind == TokenKind::Integer && peek(1).is("(")) { // 0xFF00(symbol): one byte of an address
    uint64_t mask = next().bits;
    next();
    return addressValue(v, mask, offset) && expect(")", "after the masked address");
  }
  Constant c;
  if (!constant(c)) return false;
  if (c.floatBytes && typeKind(v.type) == TypeKind::Float && bytes != c.floatBytes) {
    double value;
    float narrow;
    if (c.floatBytes == 4) {
      memcpy(&narrow, &c.bits, 4);
      value = narrow;
      memcpy(&c.bits, &value, 8);
    } else if (bytes == 4) {
      memcpy(&value, &c.bits, 8);
      narrow = float(value);
      c.bits = 0;
      memcpy(&c.bits, &narrow, 4);
    } else {
      return fail(where, "initial values of ." + std::string(typeName(v.type)) + " are written as bits");
    }
  }
  if (v.bytes.size() < offset + bytes) v.bytes.resize(offset + bytes);
  memcpy(v.bytes.data() + offset, &c.bits, std::min(bytes, 8u));
  offset += bytes;
  return true;
}

bool Parser::addressValue(Variable &v, uint64_t mask, uint64_t &offset) {
  Relocation r;
  r.where = peek().where;
  bool generic = peek().kind == TokenKind::Identifier && peek().text == "generic" && peek(1).is("(");
  if (generic) next(), next();
  if (!identifier(r.name, "the name of a variable or function")) return false;
  if (generic && !expect(")", "after generic(...")) return false;
  bool minus = peek().is("-");
  if (minus || peek().is("+")) {
    next();
    Constant c;
    if (!unary(c, 0)) return false;
    r.addend = minus ? -int64_t(c.bits) : int64_t(c.bits);
  }
  r.offset = offset, r.bytes = uint8_t(typeBytes(v.type));
  if (mask) r.shift = uint8_t(std::countr_zero(mask));
  if (v.bytes.size() < offset + r.bytes) v.bytes.resize(offset + r.bytes);
  offset += r.bytes;
  v.relocations.push_back(r);
  return true;
}

//===-- Registers and lists of targets --------------------------------------===//

bool Parser::registerDeclaration() {
  Variable v;
  if (!variableAttributes(v)) return false;
  do {
    Location where = peek().where;
    std::string_view name;
    if (!identifier(name, "the register's name")) return false;
    uint64_t count = 1;
    bool numbered = accept("<");
    if (numbered &&
        (!integer(count, "the number of registers") || !expect(">", "after the number of registers")))
      return false;
    constexpr uint64_t most = 1 << 20;
    if (count > most || count * v.vector + function->registers.size() > most)
      return fail(where, "more than a million registers in a function");
    Scope &scope = scopes.back();
    RegisterRange range{uint32_t(function->registers.size()), uint32_t(count), v.vector, v.type};
    uint32_t ignored;
    bool known =
        numbered ? scope.numberedRegisters.contains(name) : findRegister(scope, name, ignored) != nullptr;
    for (uint64_t i = 0; i < count; ++i) {
      std::string single(name);
      if (numbered) single += std::to_string(i), known |= scope.registers.contains(single);
      for (unsigned c = 0; c < v.vector; ++c)
        function->registers.push_back({v.vector > 1 ? single + "." + "xyzw"[c & 3] : single, v.type});
    }
    if (known) return fail(where, "register '" + std::string(name) + "' is declared twice");
    (numbered ? scope.numberedRegisters : scope.registers)[name] = range;
  } while (accept(","));
  return expect(";", "after the registers");
}

bool Parser::targetList(std::string_view label, Location where) {
  NamedTargets &targets = function->targets[label];
  targets.where = where;
  const Token &t = next();
  if (t.text == "callprototype") {
    targets.prototype = std::make_unique<Function>();
    Function &f = *targets.prototype;
    f.where = where;
    std::string_view ignored;
    scopes.emplace_back(); // the prototype's names are nobody's
    bool ok = (!accept("(") || parameters(f, f.results)) && identifier(ignored, "'_'") &&
              (!accept("(") || parameters(f, f.params)) && functionDirectives(f);
    scopes.pop_back();
    return ok && expect(";", "after the prototype");
  }
  do {
    std::string_view name;
    if (!identifier(name, "a label or function")) return false;
    targets.names.push_back(name);
  } while (accept(","));
  return expect(";", "after the list");
}

} // namespace girih::ptx
