// A weak load whose value a compare-and-swap compares is a guess: if it is wrong, the swap says so. CUDA's
// own headers and its guide load like that; LLVM, which makes swaps of 16 bits from those of 32, puts the
// bits beside them in; without optimisation the value goes through functions.
#include "tools/ptxsim/check/Implementation.h"
#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

namespace girih::ptx::check {

namespace {

/// Registers and parameters whose value may be compared by a swap, found backwards from the swaps.
class Compared {
public:
  explicit Compared(const Program &program) {
    for (const CodeFunction &f : program.functions)
      functions[f.function->name] = f.function;
    for (size_t before = ~size_t(0); before != registers.size() + places.size();) {
      before = registers.size() + places.size();
      for (const CodeFunction &f : program.functions)
        for (auto i = f.function->body.rbegin(); i != f.function->body.rend(); ++i)
          follow(*f.function, *i);
    }
  }

  bool result(const Function &f, const Instruction &i) const {
    return !i.operands.empty() && has(f, i.operands[0]);
  }

private:
  std::unordered_map<std::string_view, const Function *> functions;
  std::set<std::pair<const Function *, uint32_t>> registers;
  std::set<const Variable *> places; // parameters and results of functions and calls

  bool has(const Function &f, const Operand &o) const {
    return o.kind == Operand::Kind::Register ? registers.count({&f, o.reg}) > 0
                                             : o.kind == Operand::Kind::Variable && places.count(o.variable);
  }
  void add(const Function &f, const Operand &o) {
    if (o.kind == Operand::Kind::Register) registers.insert({&f, o.reg});
    if (o.kind == Operand::Kind::Variable) places.insert(o.variable);
  }

  void follow(const Function &f, const Instruction &i) {
    const std::vector<Operand> &o = i.operands;
    if (i.opcode == "call") return followCall(f, i);
    if (i.opcode == "atom" && i.has("cas") && o.size() > 2) return add(f, o[2]);
    if (o.size() < 2) return;
    if (i.opcode == "st" && i.has("param")) {
      if (!o[0].parts.empty() && has(f, o[0].parts[0])) add(f, o[1]);
      return;
    }
    if (!has(f, o[0])) return;
    bool two = i.opcode == "and" || i.opcode == "or";
    if (two || i.opcode == "mov" || i.opcode == "shl" || i.opcode == "cvt") add(f, o[1]);
    if (two && o.size() > 2) add(f, o[2]);
    if (i.opcode == "ld" && i.has("param") && !o[1].parts.empty()) add(f, o[1].parts[0]);
  }

  /// Arguments that the callee compares; results that the caller compares.
  void followCall(const Function &f, const Instruction &i) {
    auto name = std::find_if(i.operands.begin(), i.operands.end(), [&](const Operand &o) {
      return o.kind == Operand::Kind::Name && functions.count(o.name);
    });
    if (name == i.operands.end()) return;
    const Function &callee = *functions[name->name];
    if (name + 1 != i.operands.end())
      for (size_t n = 0; n < std::min(name[1].parts.size(), callee.params.size()); ++n)
        if (compares(callee, *callee.params[n])) add(f, name[1].parts[n]);
    if (name != i.operands.begin())
      for (size_t n = 0; n < std::min(i.operands[0].parts.size(), callee.results.size()); ++n)
        if (has(f, i.operands[0].parts[n])) addVariable(callee, *callee.results[n]);
  }
  /// Parameters may be in registers.
  static bool inRegister(const Variable &v) { return v.space == Space::Reg; }
  bool compares(const Function &f, const Variable &v) const {
    return inRegister(v) ? registers.count({&f, v.reg}) > 0 : places.count(&v) > 0;
  }
  void addVariable(const Function &f, const Variable &v) {
    if (inRegister(v))
      registers.insert({&f, v.reg});
    else
      places.insert(&v);
  }
};

} // namespace

std::vector<char> findGuesses(const Program &program) {
  std::vector<char> guesses(program.code.size());
  Compared compared(program);
  for (size_t f = 0; f < program.functions.size(); ++f) {
    size_t begin = program.functions[f].begin,
           end = f + 1 < program.functions.size() ? program.functions[f + 1].begin : program.code.size();
    for (size_t n = begin; n < end; ++n) {
      const Inst &i = program.code[n];
      guesses[n] = i.cls == Class::Load && i.source && i.source->opcode == "ld" && i.count == 1 &&
                   !(i.flags & Inst::Sync) && compared.result(*program.functions[f].function, *i.source);
    }
  }
  return guesses;
}

} // namespace girih::ptx::check
