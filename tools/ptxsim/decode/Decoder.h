// Turns the functions that a kernel reaches into a Program. One Decoder a kernel.
#pragma once

#include "tools/ptxsim/decode/Program.h"

namespace girih::ptx {

class Decoder {
public:
  Decoder(const Module &module, const Addresses &addresses, const Backend &backend, std::string &error);
  std::unique_ptr<Program> run(const Function &kernel);

private:
  const Module &module;
  const Addresses &addresses;
  const Backend &backend;
  std::string &error;
  std::unique_ptr<Program> program;

  // Of the kernel.
  std::vector<const Function *> reached;
  std::map<const Function *, uint32_t> indexOf; // in Program::functions
  std::map<const Variable *, uint32_t> sharedOffset;
  std::vector<char> constants;
  std::map<std::pair<uint64_t, unsigned>, uint32_t> constantOffset;

  bool usesStack = false; // alloca

  // Of the function being decoded.
  const Function *function = nullptr;
  const Instruction *current = nullptr;
  std::vector<uint32_t> registerOffset;
  std::map<const Variable *, uint32_t>
      localOffset; // in the frame's local memory; of kernels' parameters in theirs
  uint32_t frameBytes = 0, localBytes = 0;
  uint32_t savedStack = operandNone; // what was used of the stack of alloca when it was called
  std::map<unsigned, std::vector<uint32_t>> temporaries; // by bytes
  std::map<unsigned, unsigned> temporariesUsed;

  struct Operands; // of the instruction being decoded

  bool fail(Location where, const std::string &message);

  // What is reached, and where variables lie.
  bool reach(const Function &f);
  const Function *functionNamed(std::string_view name) const;
  bool layOutShared();
  void beginStack();
  bool layOutLocals();
  void layOutLocal(const Variable &v);
  uint32_t registerSlot(uint32_t reg);
  uint32_t slot(unsigned bytes);
  uint32_t temporary(unsigned bytes);
  uint32_t constant(uint64_t bits, unsigned bytes);
  Inst &emit(Handler run);
  bool isKernelParameter(const Variable &v) const;

  // Functions and instructions.
  bool decodeFunction(uint32_t index);
  bool targetsOf(std::vector<std::vector<uint32_t>> &targets);
  bool decodeInstruction();
  bool needsSync() const;
  bool decodeControl(const Form &form, Match &match, Inst &inst);
  bool decodeCall(Inst &inst);
  bool callPlaces(const Operand &list, const std::vector<Place> *formals, std::vector<Place> &places,
                  bool isResult);
  void resolveBranches(uint32_t begin, const std::vector<uint32_t> &codeIndex,
                       const std::vector<uint32_t> &points);
  uint32_t localDepth(uint32_t index, std::vector<uint32_t> &memo);

  // Operands, by the patterns of the table.
  bool decodeOperands(const Form &form, Match &match, Inst &inst);
  bool patternToken(std::string_view token, const Operand &operand, Match &match, Operands &out);
  bool typeOfToken(std::string_view token, const Match &match, Type &type, unsigned &bytes) const;
  bool source(const Operand &operand, Type type, unsigned bytes, bool relaxed, uint32_t &out,
              Type &registerType);
  bool destination(const Operand &operand, unsigned bytes, bool relaxed, uint32_t &out, Type &registerType);
  bool checkRegister(const Operand &operand, unsigned bytes, bool relaxed);
  bool special(const Operand &operand, unsigned bytes, uint32_t &out);
  bool variableAddress(const Operand &operand, unsigned bytes, uint32_t &out);
  bool address(const Operand &operand, Match &match, Operands &out);
  bool immediate(const Operand &operand, Type type, unsigned bytes, uint64_t &bits);
};

} // namespace girih::ptx
