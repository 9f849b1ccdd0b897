#include "tools/ptxsim/syntax/Parser.h"
#include <algorithm>

namespace girih::ptx {

std::string formatError(const std::string &file, Location where, const std::string &message) {
  std::string text = "error: " + file + ":";
  if (where.line) text += std::to_string(where.line) + ":" + std::to_string(where.column) + ":";
  return text + " " + message;
}

std::unique_ptr<Module> parseModule(std::string text, std::string file, std::string &error) {
  auto module = std::make_unique<Module>();
  module->text = std::move(text), module->file = std::move(file);
  Parser parser(*module, error);
  if (!parser.run()) return nullptr;
  return module;
}

std::string Instruction::text() const {
  std::string s(opcode);
  for (std::string_view m : modifiers)
    s += "." + std::string(m);
  return s;
}

const Label *Function::label(std::string_view name, uint32_t scope) const {
  for (;; scope = scopeParent[scope]) {
    if (auto it = labels.find({scope, name}); it != labels.end()) return &it->second;
    if (scope == 0) return nullptr;
  }
}

//===-- Words ---------------------------------------------------------------===//

bool Parser::fail(Location where, const std::string &message) {
  if (error.empty()) error = formatError(module.file, where, message);
  return false;
}

bool Parser::failHere(const std::string &expected) {
  const Token &t = peek();
  std::string found = t.kind == TokenKind::End      ? "the end of the file"
                      : t.kind == TokenKind::Dotted ? "'." + std::string(t.text) + "'"
                                                    : "'" + std::string(t.text.substr(0, 60)) + "'";
  return fail(t.where, "expected " + expected + ", found " + found);
}

bool Parser::accept(std::string_view punctuation) {
  if (!peek().is(punctuation)) return false;
  next();
  return true;
}

bool Parser::acceptDotted(std::string_view word) {
  if (!peek().isDotted(word)) return false;
  next();
  return true;
}

bool Parser::expect(std::string_view punctuation, std::string_view after) {
  return accept(punctuation) || failHere("'" + std::string(punctuation) + "' " + std::string(after));
}

bool Parser::identifier(std::string_view &name, std::string_view what) {
  if (peek().kind != TokenKind::Identifier) return failHere(std::string(what));
  name = next().text;
  return true;
}

bool Parser::integer(uint64_t &value, std::string_view what) {
  if (peek().kind != TokenKind::Integer) return failHere(std::string(what));
  value = next().bits;
  return true;
}

//===-- The module ----------------------------------------------------------===//

bool Parser::run() {
  Location where;
  std::string message;
  if (!tokenize(module.text, tokens, where, message)) return fail(where, message);
  if (!peek().isDotted("version")) return failHere("'.version' at the beginning of a PTX module");
  while (peek().kind != TokenKind::End)
    if (!statement()) return false;
  if (module.target.empty()) return fail(peek().where, "the module has no .target");
  return true;
}

bool Parser::statement() {
  if (accept(";")) return true;
  const Token &t = peek();
  if (t.kind != TokenKind::Dotted) return failHere("a directive such as .func or .global");
  if (acceptDotted("version")) return version();
  if (acceptDotted("target")) return target();
  if (acceptDotted("address_size")) {
    uint64_t size;
    if (!integer(size, "32 or 64")) return false;
    return size == 64 ||
           fail(t.where, "only .address_size 64 is supported, the module has " + std::to_string(size));
  }
  if (acceptDotted("file")) return sourceFile();
  if (acceptDotted("section")) return section();
  if (acceptDotted("pragma")) return skipStatement();
  if (acceptDotted("alias")) return alias();
  if (acceptDotted("loc")) return location();
  bool isExtern = false;
  for (bool more = true; more;) {
    if (acceptDotted("extern"))
      isExtern = true;
    else
      more = acceptDotted("visible") || acceptDotted("weak") || acceptDotted("common");
  }
  if (acceptDotted("entry")) return functionDeclaration(true, isExtern);
  if (acceptDotted("func")) return functionDeclaration(false, isExtern);
  if (acceptDotted("global")) return variables(Space::Global, isExtern);
  if (acceptDotted("const")) return variables(Space::Const, isExtern);
  if (acceptDotted("shared")) return variables(Space::Shared, isExtern);
  if (peek().kind == TokenKind::Dotted)
    return fail(peek().where, "the directive '." + std::string(peek().text) + "' is not supported here");
  return failHere("a directive");
}

bool Parser::version() {
  const Token &t = next();
  if (t.kind == TokenKind::Float) { // "9.0" was read as a number; its text has both parts
    size_t dot = t.text.find('.');
    if (dot != std::string_view::npos) {
      module.versionMajor = uint32_t(atoi(std::string(t.text.substr(0, dot)).c_str()));
      module.versionMinor = uint32_t(atoi(std::string(t.text.substr(dot + 1)).c_str()));
      if (module.versionMajor < 1 || module.versionMajor > 9)
        return fail(t.where, "PTX version " + std::string(t.text) + " is not supported; 1.0 to 9.x are");
      return true;
    }
  }
  return fail(t.where, "expected a version such as 8.8 after .version");
}

bool Parser::target() {
  do {
    std::string_view name;
    if (!identifier(name, "a target such as sm_80")) return false;
    if (name.starts_with("sm_"))
      module.target = name;
    else if (name != "debug" && name != "texmode_independent" && name != "texmode_unified" &&
             name != "map_f64_to_f32")
      return fail(tokens[at - 1].where, "unknown target '" + std::string(name) + "'");
  } while (accept(","));
  return true;
}

bool Parser::sourceFile() {
  uint64_t index;
  if (!integer(index, "the file's number after .file")) return false;
  if (peek().kind != TokenKind::String) return failHere("the file's name in quotes");
  module.sourceFiles[uint32_t(index)] = next().text;
  while (accept(",")) // time stamp and size
    next();
  return true;
}

/// Debug sections: skipped.
bool Parser::section() {
  Location where = peek().where;
  while (peek().kind != TokenKind::End && !peek().is("{"))
    next();
  unsigned depth = 0;
  while (peek().kind != TokenKind::End) {
    const Token &t = next();
    if (t.is("{")) ++depth;
    if (t.is("}") && --depth == 0) return true;
  }
  return fail(where, "this section does not end");
}

bool Parser::skipStatement() {
  while (peek().kind != TokenKind::End)
    if (next().is(";")) return true;
  return failHere("';'");
}

bool Parser::alias() {
  std::string_view name, of;
  Location where = peek().where;
  if (!identifier(name, "the alias's name") || !expect(",", "between the names of .alias") ||
      !identifier(of, "the name of a function") || !expect(";", "after .alias"))
    return false;
  auto it = module.functionByName.find(of);
  if (it == module.functionByName.end())
    return fail(where, "'" + std::string(of) + "' is not a function declared before");
  module.functionByName[name] = it->second;
  return true;
}

//===-- Constant expressions ------------------------------------------------===//

bool Parser::ternary(Constant &out, unsigned depth) {
  if (depth > maxDepth) return failHere("a simpler expression: this one is nested too deeply");
  if (!binary(out, 0, depth + 1)) return false;
  if (!accept("?")) return true;
  Constant yes, no;
  if (!ternary(yes, depth + 1) || !expect(":", "of the conditional expression") || !ternary(no, depth + 1))
    return false;
  out = out.bits ? yes : no;
  return true;
}

bool Parser::binary(Constant &out, unsigned precedence, unsigned depth) {
  static const std::vector<std::string_view> levels[] = {
      {"||"},       {"&&"},     {"|"},          {"^"}, {"&"}, {"==", "!="}, {"<", "<=", ">", ">="},
      {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};
  if (precedence == std::size(levels)) return unary(out, depth);
  if (!binary(out, precedence + 1, depth)) return false;
  for (;;) {
    const Token &t = peek();
    const auto &level = levels[precedence];
    if (t.kind != TokenKind::Punctuation || std::find(level.begin(), level.end(), t.text) == level.end())
      return true;
    next();
    Constant right;
    if (!binary(right, precedence + 1, depth)) return false;
    if (out.floatBytes || right.floatBytes) return fail(t.where, "an operator of constants needs integers");
    uint64_t a = out.bits, b = right.bits, r = 0;
    std::string_view op = t.text;
    if ((op == "/" || op == "%") && b == 0) return fail(t.where, "division by zero in a constant expression");
    bool overflows = int64_t(a) == INT64_MIN && int64_t(b) == -1;
    if (op == "||")
      r = a || b;
    else if (op == "&&")
      r = a && b;
    else if (op == "|")
      r = a | b;
    else if (op == "^")
      r = a ^ b;
    else if (op == "&")
      r = a & b;
    else if (op == "==")
      r = a == b;
    else if (op == "!=")
      r = a != b;
    else if (op == "<")
      r = int64_t(a) < int64_t(b);
    else if (op == "<=")
      r = int64_t(a) <= int64_t(b);
    else if (op == ">")
      r = int64_t(a) > int64_t(b);
    else if (op == ">=")
      r = int64_t(a) >= int64_t(b);
    else if (op == "<<")
      r = b > 63 ? 0 : a << b;
    else if (op == ">>")
      r = b > 63 ? 0 : a >> b;
    else if (op == "+")
      r = a + b;
    else if (op == "-")
      r = a - b;
    else if (op == "*")
      r = a * b;
    else if (op == "/")
      r = overflows ? a : uint64_t(int64_t(a) / int64_t(b));
    else
      r = overflows ? 0 : uint64_t(int64_t(a) % int64_t(b));
    out = {r, 0};
  }
}

bool Parser::unary(Constant &out, unsigned depth) {
  if (depth > maxDepth) return failHere("a simpler expression: this one is nested too deeply");
  const Token &t = peek();
  if (t.kind == TokenKind::Integer || t.kind == TokenKind::Float) {
    next();
    out = {t.bits, t.floatBytes};
    return true;
  }
  if (t.kind == TokenKind::Identifier && t.text == "WARP_SZ") {
    next();
    out = {32, 0};
    return true;
  }
  if (accept("(")) {
    if (peek().isDotted("s64") || peek().isDotted("u64")) { // a cast
      next();
      return expect(")", "after the type of a cast") && unary(out, depth + 1);
    }
    return ternary(out, depth + 1) && expect(")", "after the expression");
  }
  for (std::string_view op : {"-", "+", "!", "~"}) {
    if (!accept(op)) continue;
    if (!unary(out, depth + 1)) return false;
    if (out.floatBytes && (op == "!" || op == "~"))
      return fail(t.where, "'" + std::string(op) + "' needs an integer");
    if (op == "-")
      out.bits = out.floatBytes ? out.bits ^ (1ull << (out.floatBytes * 8 - 1)) : 0 - out.bits;
    else if (op == "!")
      out.bits = !out.bits;
    else if (op == "~")
      out.bits = ~out.bits;
    return true;
  }
  return failHere("a constant");
}

} // namespace girih::ptx
