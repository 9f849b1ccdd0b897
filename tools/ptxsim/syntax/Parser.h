// The recursive-descent parser behind parseModule. Every method returns false after fail(), which keeps the
// first error; nothing recurses deeper than `maxDepth`.
#pragma once

#include "tools/ptxsim/syntax/Lexer.h"
#include "tools/ptxsim/syntax/Module.h"

namespace girih::ptx {

class Parser {
public:
  Parser(Module &module, std::string &error) : module(module), error(error) {}
  bool run();

private:
  static constexpr unsigned maxDepth = 64;

  struct RegisterRange {
    uint32_t first = 0, count = 1;
    uint8_t vector = 1;
    Type type = Type::None;
  };
  struct Scope {
    uint32_t id = 0;
    // %p and %p<3> are different ones.
    std::unordered_map<std::string_view, RegisterRange> registers, numberedRegisters;
    std::unordered_map<std::string_view, Variable *> variables;
  };
  struct Linkage {
    bool isExtern = false;
  };

  Module &module;
  std::string &error;
  std::vector<Token> tokens;
  size_t at = 0;
  Function *function = nullptr;
  std::vector<Scope> scopes;
  SourceLine source;
  uint32_t usedBytes = ~0u; // of the next load

  // Words.
  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  const Token &next() { return tokens[at < tokens.size() - 1 ? at++ : at]; }
  bool accept(std::string_view punctuation);
  bool acceptDotted(std::string_view word);
  bool expect(std::string_view punctuation, std::string_view after);
  bool identifier(std::string_view &name, std::string_view what);
  bool integer(uint64_t &value, std::string_view what);
  bool fail(Location where, const std::string &message);
  bool failHere(const std::string &expected);

  // The module.
  bool statement();
  bool version();
  bool target();
  bool sourceFile();
  bool section();
  bool alias();
  bool skipStatement();

  // Declarations.
  bool functionDeclaration(bool isEntry, bool isExtern);
  bool functionDirectives(Function &f);
  bool threeNumbers(uint32_t (&values)[3]);
  bool parameters(Function &f, std::vector<Variable *> &list);
  bool parameter(Function &f, std::vector<Variable *> &list);
  bool variables(Space space, bool isExtern);
  bool variableAttributes(Variable &variable);
  bool arrayDimensions(Variable &variable);
  bool initializer(Variable &variable, unsigned depth, uint64_t &offset);
  bool initialValue(Variable &variable, uint64_t &offset);
  bool addressValue(Variable &variable, uint64_t mask, uint64_t &offset);
  bool registerDeclaration();
  bool targetList(std::string_view label, Location where);
  Variable *declare(Variable &&variable);

  // Bodies.
  bool body();
  bool bodyStatement();
  bool location();
  bool pragma();
  bool instruction();
  bool operand(Operand &out, unsigned depth);
  bool operandList(Operand &out, std::string_view close, unsigned depth);
  bool address(Operand &out, unsigned depth);
  bool named(Operand &out);
  bool offset(Operand &out);
  static const RegisterRange *findRegister(const Scope &scope, std::string_view name, uint32_t &index);
  bool findRegister(std::string_view name, Operand &out) const;
  const Variable *findVariable(std::string_view name) const;

  // Constant expressions, C's operators and precedence.
  bool constant(Constant &out, unsigned depth = 0) { return ternary(out, depth); }
  bool ternary(Constant &out, unsigned depth);
  bool binary(Constant &out, unsigned precedence, unsigned depth);
  bool unary(Constant &out, unsigned depth);
};

} // namespace girih::ptx
