#include "tools/ptxsim/isa/Table.h"
#include <algorithm>
#include <map>

namespace girih::ptx {

bool Match::has(std::string_view modifier) const {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

namespace {

struct Alias {
  std::string_view name, choices;
};
constexpr Alias aliases[] = {
#define ALIAS(NAME, CHOICES) {NAME, CHOICES},
#include "tools/ptxsim/isa/Instructions.def"
};

/// Splits ".a|.b|<alias>" into words without dots; ".xorsign.abs" stays one choice of two modifiers.
void addChoices(std::string_view text, std::vector<std::string_view> &choices) {
  while (!text.empty()) {
    size_t end = std::min(text.find('|'), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.front() == '<') {
      for (const Alias &a : aliases)
        if (word.substr(1, word.size() - 2) == a.name) addChoices(a.choices, choices);
    } else {
      choices.push_back(word.substr(1));
    }
  }
}

Form parseForm(std::string_view text, std::string_view operands, Class cls, unsigned selector,
               uint8_t flags) {
  Form form;
  form.text = text, form.operands = operands, form.cls = cls, form.selector = selector, form.flags = flags;
  if (text.front() == '~') form.anyOrder = true, text.remove_prefix(1);
  size_t end = std::min(text.find_first_of(".[("), text.size());
  form.opcode = text.substr(0, end);
  text.remove_prefix(end);
  while (!text.empty()) {
    Form::Item &item = form.items.emplace_back();
    if (text.front() == '.') { // a word that must stand here
      end = std::min(text.find_first_of(".[(", 1), text.size());
      item.choices.push_back(text.substr(1, end - 1));
      text.remove_prefix(end);
      continue;
    }
    item.optional = text.front() == '[';
    end = text.find(item.optional ? ']' : ')');
    addChoices(text.substr(1, end - 1), item.choices);
    text.remove_prefix(end + 1);
  }
  return form;
}

using Modifiers = std::vector<std::string_view>;

/// How many modifiers from `at` on a choice takes: 1, 2 for "xorsign.abs", 0 if it is not there.
size_t takes(std::string_view choice, const Modifiers &modifiers, size_t at) {
  size_t taken = 0;
  while (true) {
    size_t dot = std::min(choice.find('.'), choice.size());
    if (at + taken >= modifiers.size() || modifiers[at + taken] != choice.substr(0, dot)) return 0;
    ++taken;
    if (dot == choice.size()) return taken;
    choice.remove_prefix(dot + 1);
  }
}

/// Matches in order, with backtracking over optional items: at most as deep as a form has items.
bool matchOrdered(const Form &form, size_t item, const Modifiers &modifiers, size_t at, size_t &furthest) {
  furthest = std::max(furthest, at);
  if (item == form.items.size()) return at == modifiers.size();
  for (std::string_view choice : form.items[item].choices)
    if (size_t n = takes(choice, modifiers, at))
      if (matchOrdered(form, item + 1, modifiers, at + n, furthest)) return true;
  return form.items[item].optional && matchOrdered(form, item + 1, modifiers, at, furthest);
}

bool matchAnyOrder(const Form &form, const Modifiers &modifiers, size_t &furthest) {
  std::vector<bool> used(form.items.size());
  for (size_t at = 0; at < modifiers.size(); ++at) {
    size_t item = 0;
    for (; item < form.items.size(); ++item)
      if (!used[item] && std::ranges::count(form.items[item].choices, modifiers[at])) break;
    furthest = std::max(furthest, at);
    if (item == form.items.size()) return false;
    used[item] = true;
  }
  furthest = modifiers.size();
  for (size_t item = 0; item < form.items.size(); ++item)
    if (!used[item] && !form.items[item].optional) return false;
  return true;
}

/// How many operands a pattern takes, at least and at most.
void operandCounts(std::string_view pattern, size_t &least, size_t &most) {
  least = most = 0;
  for (size_t i = 0; i < pattern.size();) {
    size_t end = std::min(pattern.find(' ', i), pattern.size());
    ++most;
    if (pattern[end - 1] != '?') ++least;
    i = end + 1;
  }
}

bool takesOperands(const Form &form, const Instruction &instruction) {
  size_t least, most, n = instruction.operands.size();
  operandCounts(form.operands, least, most);
  if (form.operands.ends_with("l")) return n >= 1; // control flow reads its own operands
  if (n < least || n > most) return false;
  if (form.operands == "V0 U0") // mov of vectors: one side is in braces
    return (instruction.operands[0].kind == Operand::Kind::Vector) !=
           (instruction.operands[1].kind == Operand::Kind::Vector);
  if (form.opcode == "wgmma" && n > 1) // A is a descriptor or in registers
    return (form.operands.find(" u ") != std::string_view::npos) ==
           (instruction.operands[1].kind == Operand::Kind::Vector);
  if (form.opcode == "mov")
    return instruction.operands[0].kind != Operand::Kind::Vector &&
           instruction.operands[1].kind != Operand::Kind::Vector;
  return true;
}

} // namespace

const std::vector<Form> &forms() {
  static const std::vector<Form> all = [] {
    std::vector<Form> list;
#define PTX(FORM, OPERANDS, CLASS, SELECTOR, FLAGS)                                                          \
  list.push_back(parseForm(FORM, OPERANDS, Class::CLASS, unsigned(list.size()), FLAGS));
#include "tools/ptxsim/isa/Instructions.def"
    return list;
  }();
  return all;
}

const Form *findForm(const Instruction &instruction, Match &match, std::string &problem) {
  static const std::multimap<std::string_view, const Form *> byOpcode = [] {
    std::multimap<std::string_view, const Form *> map;
    for (const Form &f : forms())
      map.emplace(f.opcode, &f);
    return map;
  }();
  auto [begin, end] = byOpcode.equal_range(instruction.opcode);
  if (begin == end) {
    problem = "instruction '" + instruction.text() + "' is not supported";
    return nullptr;
  }
  const Form *found = nullptr;
  bool modifiersFit = false;
  size_t furthest = 0;
  for (auto it = begin; it != end && !found; ++it) {
    const Form &f = *it->second;
    bool fits = f.anyOrder ? matchAnyOrder(f, instruction.modifiers, furthest)
                           : matchOrdered(f, 0, instruction.modifiers, 0, furthest);
    modifiersFit |= fits;
    if (fits && takesOperands(f, instruction)) found = &f;
  }
  if (!found) {
    problem = "instruction '" + instruction.text() + "' is not supported";
    if (modifiersFit)
      problem = "'" + instruction.text() + "' does not take " + std::to_string(instruction.operands.size()) +
                " operands of this kind";
    else if (furthest < instruction.modifiers.size())
      problem += " ('." + std::string(instruction.modifiers[furthest]) + "' here)";
    else
      problem += " (a modifier or type is missing)";
    return nullptr;
  }
  match.opcode = instruction.opcode;
  for (std::string_view m : instruction.modifiers)
    if (auto type = typeNamed(m))
      match.types.push_back(*type);
    else
      match.modifiers.push_back(m);
  return found;
}

} // namespace girih::ptx
