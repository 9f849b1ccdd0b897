// Registers of wgmma: until their group has been waited for, nothing else may touch the accumulators and A of
// a product; what other instructions have written needs wgmma.fence before a product has it.
#include "tools/ptxsim/check/Implementation.h"
#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <bit>
#include <map>

namespace girih::ptx::check {

namespace {

void addRegisters(const Operand &o, std::vector<uint32_t> &to) {
  if (o.kind == Operand::Kind::Register) to.push_back(o.reg);
  for (const Operand &part : o.parts)
    addRegisters(part, to);
}

bool isProduct(const Instruction &text) {
  return text.opcode == "wgmma" && text.has("mma_async");
}

/// What an instruction does with registers, by the roles of its operands in the table.
RegisterUse usesOf(const Instruction &text) {
  RegisterUse use;
  use.isProduct = isProduct(text), use.isFence = text.opcode == "wgmma" && text.has("fence");
  use.isMove =
      text.opcode == "mov" && text.operands.size() == 2 && text.operands[0].kind == Operand::Kind::Register;
  Match match;
  std::string problem;
  const Form *form = findForm(text, match, problem);
  std::string_view roles = form ? form->operands : "";
  for (const Operand &o : text.operands) {
    char role = roles.empty() ? 's' : roles[0];
    roles.remove_prefix(std::min(roles.find(' '), roles.size()));
    if (roles.starts_with(' ')) roles.remove_prefix(1);
    addRegisters(o, std::string_view("dDVv").find(role) == std::string_view::npos ? use.reads : use.writes);
  }
  if (text.opcode == "call" && !text.operands.empty() && text.operands[0].kind == Operand::Kind::List)
    addRegisters(text.operands[0], use.writes);
  for (std::string_view m : text.modifiers)
    if (m.starts_with("m64n")) use.shape = m;
  return use;
}

} // namespace

/// Registers that products use, and what they are moved to, get numbers; the others are of no concern.
void Implementation::findMatrixRegisters() {
  if (std::none_of(program.code.begin(), program.code.end(),
                   [](const Inst &i) { return i.source && isProduct(*i.source); }))
    return;
  for (size_t f = 0; f < program.functions.size(); ++f) {
    size_t begin = program.functions[f].begin,
           end = f + 1 < program.functions.size() ? program.functions[f + 1].begin : program.code.size();
    std::map<uint32_t, uint32_t> numbers;
    std::vector<std::pair<size_t, RegisterUse>> uses;
    auto number = [&](uint32_t r) { numbers.emplace(r, matrixRegisters + uint32_t(numbers.size())); };
    for (size_t n = begin; n < end; ++n) {
      const Instruction *text = program.code[n].source;
      if (!text) continue;
      uses.emplace_back(n, usesOf(*text));
      if (!uses.back().second.isProduct) continue;
      for (uint32_t r : uses.back().second.writes)
        number(r);
      std::vector<uint32_t> inputs;
      if (text->operands.size() > 1 && text->operands[1].kind == Operand::Kind::Vector)
        addRegisters(text->operands[1], inputs);
      for (uint32_t r : inputs)
        number(r);
      uses.back().second.reads = inputs; // not the descriptors
    }
    if (numbers.empty()) continue;
    for (size_t before = 0; before != numbers.size();) {
      before = numbers.size();
      for (const auto &[n, use] : uses)
        if (use.isMove && use.reads.size() == 1 && numbers.count(use.reads[0])) number(use.writes[0]);
    }
    if (registerUses.empty()) registerUses.resize(program.code.size());
    for (auto &[n, use] : uses) {
      for (std::vector<uint32_t> *list : {&use.reads, &use.writes}) {
        std::erase_if(*list, [&](uint32_t r) { return !numbers.count(r); });
        for (uint32_t &r : *list)
          r = numbers[r];
      }
      if (!use.reads.empty() || !use.writes.empty() || use.isFence)
        registerUses[n] = std::make_unique<RegisterUse>(std::move(use));
    }
    matrixRegisters += uint32_t(numbers.size());
  }
}

void Implementation::reportMatrix(Warp &w, const Inst &i, uint32_t mask, uint32_t other, const char *what) {
  uint32_t mine = indexOf(i);
  if (!first(mine, other == none ? ~2u : other)) return;
  unsigned lane = unsigned(std::countr_zero(mask)) & 31;
  Report r;
  r.kind = "wgmma", r.message = what, r.instruction = i.source;
  if (other != none) r.other = program.code[other].source;
  for (unsigned d = 0; d < 3; ++d)
    r.block[d] = w.block->id[d], r.thread[d] = w.tid[d][lane];
  w.worker->launcher->report(std::move(r));
}

void Implementation::issues(Warp &w, const Inst &i, uint32_t mask) {
  if (registerUses.empty() || mask == 0) return;
  const RegisterUse *use = registerUses[indexOf(i)].get();
  if (!use) return;
  WarpState &s = stateOf(*w.block).warps[w.id];
  if (s.registers.empty()) s.registers.resize(matrixRegisters);
  if (use->isFence) {
    s.matrixFenced = true;
    for (MatrixRegister &r : s.registers)
      r.writtenBy = none;
  } else if (use->isProduct) {
    startProduct(w, s, i, *use, mask);
  } else {
    useRegisters(w, s, i, *use, mask);
  }
}

void Implementation::startProduct(Warp &w, WarpState &s, const Inst &i, const RegisterUse &use,
                                  uint32_t mask) {
  if (!s.matrixFenced)
    reportMatrix(w, i, mask, none, "the first wgmma.mma_async of a warp needs wgmma.fence before it");
  auto unfenced = [&](const MatrixRegister &r) {
    if (r.writtenBy != none)
      reportMatrix(w, i, mask, r.writtenBy,
                   "a register of wgmma.mma_async was written by an instruction that no wgmma.fence follows");
  };
  for (uint32_t n : use.writes) {
    MatrixRegister &r = s.registers[n];
    unfenced(r);
    bool follows = r.usedBy != none && !r.input && registerUses[r.usedBy]->shape == use.shape;
    if (r.usedBy != none && !follows)
      reportMatrix(
          w, i, mask, r.usedBy,
          "an accumulator is in use by a wgmma.mma_async of another shape or as its A, which has not "
          "been waited for");
    r.usedBy = indexOf(i), r.group = s.matricesCommitted, r.input = false;
  }
  for (uint32_t n : use.reads) {
    MatrixRegister &r = s.registers[n];
    unfenced(r);
    if (r.usedBy != none && !r.input)
      reportMatrix(w, i, mask, r.usedBy,
                   "A is in accumulators of a wgmma.mma_async that has not been waited for");
    r.usedBy = indexOf(i), r.group = s.matricesCommitted, r.input = true;
  }
}

/// A compiler's moves between registers become none: they carry what is in flight to where they move it.
void Implementation::useRegisters(Warp &w, WarpState &s, const Inst &i, const RegisterUse &use,
                                  uint32_t mask) {
  auto busy = [&](uint32_t n, const char *what) {
    if (s.registers[n].usedBy != none) reportMatrix(w, i, mask, s.registers[n].usedBy, what);
  };
  bool carries = use.isMove && use.reads.size() == 1 && use.writes.size() == 1;
  for (uint32_t n : use.reads)
    if (!carries) busy(n, "read of a register of a wgmma.mma_async that has not been waited for");
  if (carries && s.registers[use.reads[0]].usedBy != none) {
    s.registers[use.writes[0]] = s.registers[use.reads[0]];
    return;
  }
  for (uint32_t n : use.writes) {
    busy(n, "write to a register of a wgmma.mma_async that has not been waited for");
    s.registers[n].writtenBy = use.isMove ? none : indexOf(i);
  }
}

void Implementation::matricesDone(WarpState &s, unsigned pending) {
  for (MatrixRegister &r : s.registers)
    if (r.usedBy != none && r.group + pending < s.matricesCommitted) r.usedBy = none;
}

} // namespace girih::ptx::check
