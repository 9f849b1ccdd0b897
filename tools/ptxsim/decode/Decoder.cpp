#include "tools/ptxsim/decode/Decoder.h"
#include "tools/ptxsim/exec/Control.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace girih::ptx {

Program::~Program() {
  free(constants);
}

std::unique_ptr<Program> decodeKernel(const Module &module, const Function &kernel,
                                      const Addresses &addresses, const Backend &backend,
                                      std::string &error) {
  return Decoder(module, addresses, backend, error).run(kernel);
}

Decoder::Decoder(const Module &module, const Addresses &addresses, const Backend &backend, std::string &error)
    : module(module), addresses(addresses), backend(backend), error(error) {}

bool Decoder::fail(Location where, const std::string &message) {
  if (error.empty()) error = formatError(module.file, where, message);
  return false;
}

//===-- The whole kernel ----------------------------------------------------===//

static uint64_t alignTo(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

const Function *Decoder::functionNamed(std::string_view name) const {
  auto it = module.functionByName.find(name);
  return it == module.functionByName.end() ? nullptr : it->second;
}

/// Adds `f` and, breadth first, what it calls or takes the address of; an indirect call may reach every
/// function.
bool Decoder::reach(const Function &f) {
  auto add = [&](const Function *g) {
    if (g && g->hasBody && indexOf.insert({g, uint32_t(reached.size())}).second) reached.push_back(g);
  };
  add(&f);
  for (size_t n = 0; n < reached.size(); ++n)
    for (const Instruction &i : reached[n]->body) {
      if (i.opcode != "call" && i.opcode != "mov") continue;
      bool indirect = i.opcode == "call";
      for (const Operand &o : i.operands)
        if (o.kind == Operand::Kind::Name && !reached[n]->label(o.name, i.scope) && functionNamed(o.name))
          add(functionNamed(o.name)), indirect = false;
      if (indirect)
        for (const Function &g : module.functions)
          if (!g.isEntry) add(&g);
    }
  return true;
}

bool Decoder::layOutShared() {
  uint32_t &reserved = program->reservedSharedBytes;
  std::vector<const Variable *> dynamic;
  for (const Function *f : reached)
    for (const Instruction &i : f->body)
      for (const Operand &o : i.operands)
        if (o.kind == Operand::Kind::Special && o.name.starts_with("%reserved_smem_"))
          reserved = reservedShared;
  uint64_t bytes = reserved;
  auto visit = [&](auto &self, const Operand &o) -> void {
    for (const Operand &part : o.parts)
      self(self, part);
    if (o.kind != Operand::Kind::Variable || o.variable->space != Space::Shared) return;
    const Variable &v = *o.variable;
    if (!sharedOffset.insert({&v, 0}).second) return;
    if (v.isExtern || v.size == 0) {
      dynamic.push_back(&v);
      return;
    }
    // As ptxas does: copies of 16 bytes into arrays that are declared with less are common.
    bytes = alignTo(bytes, std::max<uint64_t>(v.align, v.size >= 16 ? 16 : 1));
    sharedOffset[&v] = uint32_t(bytes);
    program->shared.push_back({v.name, uint32_t(bytes), uint32_t(std::min<uint64_t>(v.size, ~0u))});
    bytes = std::min<uint64_t>(bytes + v.size, 1ull << 40);
  };
  for (const Function *f : reached)
    for (const Instruction &i : f->body)
      for (const Operand &o : i.operands)
        visit(visit, o);
  uint64_t align = 1;
  for (const Variable *v : dynamic)
    align = std::max(align, v->align);
  bytes = alignTo(bytes, std::max<uint64_t>(align, 4)); // words are read to change a part of one
  if (bytes > 1u << 20)
    return fail(reached[0]->where,
                "kernel '" + reached[0]->name + "' has " + std::to_string(bytes) + " bytes of shared memory");
  for (const Variable *v : dynamic)
    sharedOffset[v] = uint32_t(bytes), program->shared.push_back({v->name, uint32_t(bytes), 0});
  program->sharedBytes = uint32_t(bytes) - reserved, program->dynamicSharedAlign = uint32_t(align);
  return true;
}

std::string Program::sharedPlace(uint64_t address) const {
  uint64_t offset = address & ((1u << sharedRankShift) - 1);
  const SharedVariable *last = nullptr;
  for (const SharedVariable &v : shared)
    if (v.offset <= offset) last = &v;
  if (!last) return "";
  uint64_t byte = offset - last->offset;
  std::string text = "in '" + std::string(last->name) + "', byte " + std::to_string(byte);
  if (!last->bytes) return text;
  return byte < last->bytes ? text + " of " + std::to_string(last->bytes) : "";
}

static bool allocates(const Function &f) {
  return std::ranges::any_of(
      f.body, [](const Instruction &i) { return i.opcode == "alloca" || i.opcode.starts_with("stack"); });
}

/// What a function allocates is freed when it returns: it remembers what was used before.
void Decoder::beginStack() {
  savedStack = operandNone;
  if (!usesStack || function->body.empty() || !(function->isEntry || allocates(*function))) return;
  current = &function->body.front();
  Inst &i = emit(function->isEntry ? resetStack : saveStack);
  i.cls = Class::Move;
  if (!function->isEntry) i.op[0] = savedStack = slot(4), i.count = 4;
}

std::unique_ptr<Program> Decoder::run(const Function &kernel) {
  program = std::make_unique<Program>();
  program->module = &module;
  if (!reach(kernel) || !layOutShared()) return nullptr;
  for (const Function *f : reached)
    usesStack |= allocates(*f);
  program->functions.resize(reached.size());
  for (uint32_t n = 0; n < reached.size(); ++n) {
    program->functions[n].function = reached[n];
    for (uint32_t m = 0; m < module.functions.size(); ++m)
      if (&module.functions[m] == reached[n]) program->functionOfModule[m] = n;
  }
  for (uint32_t n = 0; n < reached.size(); ++n)
    if (!decodeFunction(n)) return nullptr;
  std::vector<uint32_t> memo(reached.size());
  program->stackBytes = usesStack ? stackBytes : 0;
  program->localBytes = localDepth(0, memo) + program->stackBytes;
  program->constantBytes = uint32_t(constants.size());
  program->constants = static_cast<char *>(aligned_alloc(64, std::max<size_t>(64, constants.size())));
  std::copy(constants.begin(), constants.end(), program->constants);
  return std::move(program);
}

/// Local memory below a function, with an allowance for recursion and calls through pointers.
uint32_t Decoder::localDepth(uint32_t index, std::vector<uint32_t> &memo) {
  constexpr uint32_t unknown = 0, allowance = 64 << 10;
  if (memo[index] != unknown) return memo[index];
  const CodeFunction &f = program->functions[index];
  memo[index] = f.localBytes + allowance; // what a recursive call sees
  uint64_t below = 0;
  uint32_t end = index + 1 < program->functions.size() ? program->functions[index + 1].begin
                                                       : uint32_t(program->code.size());
  for (uint32_t i = f.begin; i < end; ++i) {
    if (program->code[i].source == nullptr || program->code[i].source->opcode != "call") continue;
    const CallSite &call = program->calls[size_t(program->code[i].imm)];
    if (call.indirect)
      below = std::max<uint64_t>(below, allowance);
    else if (call.builtin == Builtin::None)
      below = std::max<uint64_t>(below, localDepth(call.callee, memo));
  }
  return memo[index] = uint32_t(std::min<uint64_t>(f.localBytes + below, 512 << 10));
}

//===-- Registers, constants, local variables -------------------------------===//

uint32_t Decoder::slot(unsigned bytes) {
  // A register's lanes begin at a multiple of 64 bytes; predicates are masks of four bytes.
  unsigned size = bytes ? std::max(bytes, 2u) * warpSize : 4;
  frameBytes = uint32_t(alignTo(frameBytes, bytes ? 64 : 4));
  uint32_t at = frameBytes;
  frameBytes += size;
  return at;
}

uint32_t Decoder::registerSlot(uint32_t reg) {
  if (registerOffset[reg] == operandNone)
    registerOffset[reg] = slot(typeBytes(function->registers[reg].type));
  return registerOffset[reg];
}

/// A register that holds until the next instruction.
uint32_t Decoder::temporary(unsigned bytes) {
  auto &list = temporaries[bytes];
  unsigned &used = temporariesUsed[bytes];
  if (used == list.size()) list.push_back(slot(bytes));
  return list[used++];
}

uint32_t Decoder::constant(uint64_t bits, unsigned bytes) {
  auto [it, isNew] = constantOffset.insert({{bits, bytes}, uint32_t(constants.size())});
  if (isNew) {
    constants.resize(alignTo(constants.size() + (bytes ? std::max(bytes, 2u) * warpSize : 4), 64));
    char *at = constants.data() + it->second;
    if (bytes == 0) {
      uint32_t mask = bits ? allLanes : 0;
      memcpy(at, &mask, 4);
    }
    for (unsigned lane = 0; bytes && lane < warpSize; ++lane)
      memcpy(at + lane * std::max(bytes, 2u), &bits, std::min(bytes == 1 ? 2 : bytes, 8u));
  }
  return it->second | operandConstant;
}

Inst &Decoder::emit(Handler run) {
  Inst &i = program->code.emplace_back();
  i.run = run, i.source = current;
  return i;
}

bool Decoder::isKernelParameter(const Variable &v) const {
  return function->isEntry &&
         std::find(function->params.begin(), function->params.end(), &v) != function->params.end();
}

void Decoder::layOutLocal(const Variable &v) {
  localBytes = uint32_t(alignTo(localBytes, v.align));
  localOffset[&v] = localBytes;
  localBytes += uint32_t(v.size);
}

bool Decoder::layOutLocals() {
  CodeFunction &code = program->functions[indexOf[function]];
  localOffset.clear(), localBytes = 0;
  if (function->isEntry) {
    uint32_t offset = 0;
    for (const Variable *p : function->params) {
      if (p->space == Space::Reg) return fail(p->where, "a kernel's parameters lie in .param");
      offset = uint32_t(alignTo(offset, p->align));
      localOffset[p] = offset;
      program->params.push_back({p->name, offset, uint32_t(p->size)});
      offset += uint32_t(p->size);
      if (offset > 32764) return fail(p->where, "more than 32764 bytes of parameters");
    }
    program->paramBytes = offset;
  }
  for (const Variable &v : function->variables) {
    if ((v.space != Space::Local && v.space != Space::Param) || isKernelParameter(v)) continue;
    if (v.size > 512 << 10 || localBytes > 512 << 10)
      return fail(v.where, "more than 512 KiB of local memory in '" + function->name + "'");
    layOutLocal(v);
  }
  localBytes = uint32_t(alignTo(localBytes, 16));
  if (function->isEntry) return true;
  auto places = [&](const std::vector<Variable *> &from, std::vector<Place> &to) {
    for (const Variable *v : from)
      if (v->space == Space::Reg)
        to.push_back({registerSlot(v->reg), typeBytes(v->type), true});
      else
        to.push_back({localOffset[v], uint32_t(v->size), false});
  };
  places(function->params, code.params);
  places(function->results, code.results);
  return true;
}

//===-- Functions -----------------------------------------------------------===//

bool Decoder::decodeFunction(uint32_t index) {
  CodeFunction &code = program->functions[index];
  function = reached[index];
  current = nullptr;
  registerOffset.assign(function->registers.size(), operandNone);
  frameBytes = 0;
  temporaries.clear();
  code.begin = uint32_t(program->code.size());
  if (!layOutLocals()) return false;

  beginStack();

  std::vector<std::vector<uint32_t>> targets(function->body.size());
  if (!targetsOf(targets)) return false;
  std::vector<uint32_t> points = reconvergencePoints(*function, targets);
  std::vector<bool> joins(function->body.size() + 1);
  for (uint32_t p : points)
    if (p != noReconvergence) joins[p] = true;

  std::vector<uint32_t> codeIndex(function->body.size() + 1);
  for (uint32_t i = 0; i < function->body.size(); ++i) {
    current = &function->body[i];
    codeIndex[i] = uint32_t(program->code.size());
    if (joins[i]) emit(reconverge).flags = Inst::Always;
    if (!decodeInstruction()) return false;
  }
  codeIndex.back() = uint32_t(program->code.size());
  // Running off the end returns.
  static const Instruction end = [] {
    Instruction i;
    i.opcode = "ret";
    return i;
  }();
  current = &end;
  if (!decodeInstruction()) return false;
  resolveBranches(code.begin, codeIndex, points);
  code.frameBytes = uint32_t(alignTo(frameBytes, 64)), code.localBytes = localBytes;
  if (index == 0)
    for (const Register &r : function->registers)
      program->registers += (typeBytes(r.type) + 3) / 4;
  return true;
}

/// The instructions that each branch may go to.
bool Decoder::targetsOf(std::vector<std::vector<uint32_t>> &targets) {
  for (uint32_t n = 0; n < function->body.size(); ++n) {
    const Instruction &i = function->body[n];
    std::vector<std::string_view> names;
    if (i.opcode == "bra") {
      if (i.operands.size() != 1 || i.operands[0].kind != Operand::Kind::Name)
        return fail(i.where, "'bra' needs a label");
      names.push_back(i.operands[0].name);
    } else if (i.opcode == "brx") {
      auto it = i.operands.size() == 2 ? function->targets.find(i.operands[1].name) : function->targets.end();
      if (it == function->targets.end() || it->second.names.empty())
        return fail(i.where, "'brx.idx' needs an index and the name of a .branchtargets list before it");
      names = it->second.names;
    }
    for (std::string_view name : names) {
      const Label *label = function->label(name, i.scope);
      if (!label) return fail(i.where, "label '" + std::string(name) + "' is not defined");
      targets[n].push_back(label->instruction);
    }
  }
  return true;
}

/// Branches hold indices into the body until all code is there.
void Decoder::resolveBranches(uint32_t begin, const std::vector<uint32_t> &codeIndex,
                              const std::vector<uint32_t> &points) {
  const Instruction *first = function->body.data();
  for (size_t n = begin; n < program->code.size(); ++n) {
    Inst &inst = program->code[n];
    if (inst.run == reconverge || !inst.source || inst.source < first ||
        inst.source >= first + function->body.size())
      continue;
    if (inst.source->opcode != "bra" && inst.source->opcode != "brx") continue;
    if (inst.cls != Class::Control) continue; // what was emitted to make its index
    uint32_t point = points[size_t(inst.source - first)];
    inst.op[2] = point == noReconvergence ? noReconvergence : codeIndex[point];
    if (inst.source->opcode == "bra")
      inst.op[0] = codeIndex[inst.op[0]];
    else
      for (uint32_t &target : program->branchTables[inst.op[1]])
        target = codeIndex[target];
  }
}

/// Before Volta the lanes of a warp were together without being told to.
bool Decoder::needsSync() const {
  return module.target.size() > 3 && atoi(module.target.c_str() + 3) >= 70;
}

bool Decoder::decodeInstruction() {
  temporariesUsed.clear();
  Match match;
  std::string problem;
  const Form *form = findForm(*current, match, problem);
  if (!form) return fail(current->where, problem);
  if ((form->opcode == "shfl" || form->opcode == "vote") && !match.has("sync") && needsSync())
    return fail(current->where, "'" + current->text() + "' needs .sync for targets from sm_70 on");
  // The instruction is built apart: what its operands need is emitted before it.
  Inst inst;
  inst.source = current, inst.cls = form->cls, inst.flags = form->flags;
  if (current->guarded)
    inst.guard = registerSlot(current->guard) | (current->guardNegated ? operandNegated : 0);
  if (form->opcode == "ret" && savedStack != operandNone) {
    Inst &restore = emit(restoreStack);
    restore.cls = Class::Move, restore.guard = inst.guard, restore.op[0] = savedStack, restore.count = 4;
  }
  bool ok =
      form->operands.ends_with("l") ? decodeControl(*form, match, inst) : decodeOperands(*form, match, inst);
  if (!ok) return false;
  inst.run = backend.selectors[form->selector](match, inst);
  if (!inst.run)
    return fail(current->where,
                "'" + current->text() + "' does not exist with these modifiers, types and operands");
  program->code.push_back(inst);
  return true;
}

bool Decoder::decodeControl(const Form &form, Match &match, Inst &inst) {
  Type ignored;
  if (form.opcode == "call") return decodeCall(inst);
  if (form.opcode == "bra") {
    inst.op[0] = function->label(current->operands[0].name, current->scope)->instruction;
    return true;
  }
  (void)match;
  inst.op[1] = uint32_t(program->branchTables.size());
  auto &table = program->branchTables.emplace_back();
  for (std::string_view name : function->targets.find(current->operands[1].name)->second.names)
    table.push_back(function->label(name, current->scope)->instruction);
  inst.imm = int64_t(table.size());
  return source(current->operands[0], Type::U32, 4, false, inst.op[0], ignored);
}

//===-- Calls ---------------------------------------------------------------===//

bool Decoder::callPlaces(const Operand &list, const std::vector<Place> *formals, std::vector<Place> &places,
                         bool isResult) {
  for (size_t n = 0; n < list.parts.size(); ++n) {
    const Operand &o = list.parts[n];
    if (o.kind == Operand::Kind::Variable && localOffset.count(o.variable) &&
        !isKernelParameter(*o.variable)) {
      places.push_back({localOffset[o.variable], uint32_t(o.variable->size), false});
      continue;
    }
    uint32_t operand = operandNone;
    Type type = Type::None;
    unsigned bytes = formals && n < formals->size() ? (*formals)[n].bytes : 4;
    if (o.kind == Operand::Kind::Register) bytes = typeBytes(function->registers[o.reg].type);
    if (isResult ? !destination(o, bytes, false, operand, type)
                 : !source(o, Type::None, bytes, false, operand, type))
      return false;
    places.push_back({operand, bytes, true});
  }
  return true;
}

/// call [(results),] function [, (arguments)] [, prototype or targets];
bool Decoder::decodeCall(Inst &inst) {
  const std::vector<Operand> &all = current->operands;
  size_t n = 0;
  const Operand none, *results = &none, *arguments = &none;
  if (all[n].kind == Operand::Kind::List) results = &all[n++];
  if (n == all.size()) return fail(current->where, "'call' needs a function");
  const Operand &callee = all[n++];
  if (n < all.size() && all[n].kind == Operand::Kind::List) arguments = &all[n++];

  CallSite call;
  const std::vector<Place> *params = nullptr, *formalResults = nullptr;
  std::vector<Place> declared[2];
  auto fromDeclaration = [&](const Function &f) {
    for (const Variable *v : f.params)
      declared[0].push_back({0, uint32_t(v->size), false});
    for (const Variable *v : f.results)
      declared[1].push_back({0, uint32_t(v->size), false});
    params = &declared[0], formalResults = &declared[1];
  };
  if (callee.kind == Operand::Kind::Name) {
    const Function *f = functionNamed(callee.name);
    if (!f) return fail(callee.where, "function '" + std::string(callee.name) + "' is not declared");
    fromDeclaration(*f);
    if (f->hasBody) {
      if (f->isEntry) return fail(callee.where, "calls of kernels are not supported");
      call.callee = indexOf[f];
    } else if (callee.name == "vprintf")
      call.builtin = Builtin::Printf;
    else if (callee.name == "malloc")
      call.builtin = Builtin::Malloc;
    else if (callee.name == "free")
      call.builtin = Builtin::Free;
    else if (callee.name == "__assertfail")
      call.builtin = Builtin::AssertFail;
    else
      return fail(callee.where,
                  "function '" + std::string(callee.name) + "' is called but not defined in this module");
    if (f->noReturn) inst.detail = 1;
  } else {
    call.indirect = true;
    Type type;
    if (!source(callee, Type::U64, 8, false, call.address, type)) return false;
    if (n < all.size())
      if (auto it = function->targets.find(all[n].name);
          it != function->targets.end() && it->second.prototype)
        fromDeclaration(*it->second.prototype);
  }
  if (params && (arguments->parts.size() != params->size() || results->parts.size() != formalResults->size()))
    return fail(current->where, "the call has " + std::to_string(arguments->parts.size()) +
                                    " arguments and " + std::to_string(results->parts.size()) +
                                    " results, its function " + std::to_string(params->size()) + " and " +
                                    std::to_string(formalResults->size()));
  if (!callPlaces(*arguments, params, call.arguments, false) ||
      !callPlaces(*results, formalResults, call.results, true))
    return false;
  inst.imm = int64_t(program->calls.size());
  program->calls.push_back(std::move(call));
  return true;
}

} // namespace girih::ptx
