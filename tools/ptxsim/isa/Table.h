// The instruction table: which opcodes with which modifiers, types and operands exist, what they count as,
// and which selector picks their handler. Instructions.def holds the entries; this header is how decode/ and
// the docs read them.
#pragma once

#include "tools/ptxsim/exec/State.h"
#include "tools/ptxsim/syntax/Module.h"
#include <string>
#include <vector>

namespace girih::ptx {

/// How an instruction of the text matched a form of the table. Selectors read it.
struct Match {
  std::string_view opcode;
  std::vector<std::string_view> modifiers; // all but types, as written
  std::vector<Type> types;                 // in order
  std::vector<Type> registers;   // of each operand slot in op[]: its register's type, None for immediates
  std::vector<unsigned> vectors; // elements of each vector operand
  std::vector<Type> vectorTypes; // register type of each vector operand's first register
  std::vector<std::string_view> parts; // of each operand that may be a part of its register, empty: all of it
  std::vector<bool> minus;             // whether it has a minus
  Space space = Space::Generic;        // of an address operand, after `.param` of functions became local

  bool has(std::string_view modifier) const;
  /// The first of the modifiers that `m` begins with, e.g. "m16n8k16"; empty if none.
  Type type(unsigned i) const { return i < types.size() ? types[i] : Type::None; }
};

/// Picks the handler and fills the handler's own fields of the instruction. Null: this combination does not
/// exist.
using Selector = Handler (*)(const Match &match, Inst &inst);

/// One entry. `text`: the opcode with its modifiers in order; [.a|.b] is optional, (.a|.b) a choice, <name>
/// an alias of alternatives; a leading ~ lets modifiers come in any order. `operands`: see README.md.
struct Form {
  struct Item {
    bool optional = false;
    std::vector<std::string_view> choices;
  };
  std::string_view text, operands;
  Class cls;
  unsigned selector; // index into a backend's selectors
  uint8_t flags;
  std::string_view opcode;
  bool anyOrder = false;
  std::vector<Item> items;
};

const std::vector<Form> &forms();
/// The form that an instruction matches, or null with `problem` saying why ("'add' does not take '.foo'").
const Form *findForm(const Instruction &instruction, Match &match, std::string &problem);

/// Selectors in the order of the table, of the handlers compiled for one instruction set.
struct Backend {
  const char *name;
  bool (*supported)();
  const Selector *selectors;
};
/// The best backend that this machine runs, or null; GIRIH_PTXSIM_ISA names another.
const Backend *chooseBackend();

} // namespace girih::ptx
