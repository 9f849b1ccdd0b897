// A parsed PTX module: functions, variables and instructions as the text says them, names resolved to what
// they declare. Nothing is checked here against the instruction table; decode/ does that.
#pragma once

#include "tools/ptxsim/syntax/Types.h"
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace girih::ptx {

struct Function;
struct Variable;

/// Where the text came from, by `.loc`.
struct SourceLine {
  uint32_t file = 0, line = 0, column = 0;
};

/// A number: an integer, or the bits of a float of `floatBytes` bytes.
struct Constant {
  uint64_t bits = 0;
  uint8_t floatBytes = 0; // 0: an integer
};

struct Operand {
  enum class Kind : uint8_t {
    Register,  // reg
    Special,   // %tid.x: name
    Immediate, // constant
    Variable,  // variable, constant.bits is the offset: its address
    Name,      // a label or a function, not yet known
    Address,   // [parts[0] + constant.bits]
    Vector,    // {parts...}
    List,      // (parts...), of calls
    Pair,      // parts[0]|parts[1]
    Sink,      // _
  };
  Kind kind = Kind::Sink;
  bool negated = false; // !p
  bool minus = false;   // -r, of video instructions
  Location where;
  uint32_t reg = 0; // index into Function::registers
  Constant constant;
  const Variable *variable = nullptr;
  std::string_view name;
  std::string_view part; // b0, h10: what video instructions take of a register
  std::vector<Operand> parts;
};

struct Instruction {
  Location where;
  SourceLine source;
  bool guarded = false, guardNegated = false;
  uint32_t guard = 0; // register
  std::string_view opcode;
  std::vector<std::string_view> modifiers; // "global", "f32"; types are among them
  std::vector<Operand> operands;
  uint32_t scope = 0;
  /// Which of the bytes that a load reads matter, by .pragma "used_bytes_mask": compilers widen loads.
  uint32_t usedBytes = ~0u;

  /// "add.s32", for messages.
  std::string text() const;
  bool has(std::string_view modifier) const {
    return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
  }
};

struct Register {
  std::string name;
  Type type = Type::None;
};

/// A pointer to a variable or function in the initial bytes of another.
struct Relocation {
  uint64_t offset = 0;
  std::string_view name;
  int64_t addend = 0;
  uint8_t bytes = 8, shift = 0; // which bytes of the address
  Location where;
};

struct Variable {
  Location where;
  std::string name;
  Space space = Space::Global;
  Type type = Type::None;
  uint8_t vector = 1;
  uint64_t align = 1, size = 0; // bytes; size 0 with `unsized`: x[]
  bool unsized = false, isExtern = false;
  uint32_t reg = 0;           // parameters in register space
  std::vector<uint8_t> bytes; // initial, shorter than size: zeros follow
  std::vector<Relocation> relocations;
};

/// `.branchtargets`, `.calltargets`, `.callprototype`: named lists in a body.
struct NamedTargets {
  Location where;
  std::vector<std::string_view> names;
  std::unique_ptr<Function> prototype;
};

struct Label {
  uint32_t instruction = 0; // the index of the one that follows
  Location where;
};

struct Function {
  Location where;
  std::string name;
  bool isEntry = false, hasBody = false, noReturn = false;
  std::vector<Variable *> params, results;
  std::vector<Register> registers;
  std::deque<Variable>
      variables; // params, results, local, shared and call parameters, those of inner scopes too
  std::vector<Instruction> body;
  std::map<std::pair<uint32_t, std::string_view>, Label> labels; // by scope and name
  std::vector<uint32_t> scopeParent;                             // scope 0 is the body, its own parent
  std::unordered_map<std::string_view, NamedTargets> targets;
  uint32_t maxThreads[3] = {0, 0, 0}, requiredThreads[3] = {0, 0, 0}, clusterSize[3] = {0, 0, 0};
  uint32_t minBlocks = 0, maxRegisters = 0;

  /// The label that `name` means in a scope, or null.
  const Label *label(std::string_view name, uint32_t scope) const;
};

struct Module {
  std::string file, text; // everything refers to the text: a Module is not copied
  uint32_t versionMajor = 0, versionMinor = 0;
  std::string target; // "sm_80"
  std::deque<Variable> variables;
  std::deque<Function> functions;
  std::unordered_map<std::string_view, Variable *> variableByName;
  std::unordered_map<std::string_view, Function *> functionByName;
  std::unordered_map<uint32_t, std::string> sourceFiles; // of .loc

  Module() = default;
  Module(const Module &) = delete;
};

/// "error: FILE:LINE:COLUMN: message"
std::string formatError(const std::string &file, Location where, const std::string &message);

/// Parses PTX. On failure returns null and `error` is one line made by formatError.
std::unique_ptr<Module> parseModule(std::string text, std::string file, std::string &error);

} // namespace girih::ptx
