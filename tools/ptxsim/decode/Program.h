// A kernel and the functions it reaches in the form that is executed: one array of instructions, all
// registers, constants, addresses and targets resolved.
#pragma once

#include "tools/ptxsim/isa/Table.h"
#include <map>
#include <memory>

namespace girih::ptx {

/// Function addresses, as seen by a program: this plus the function's index in its module.
constexpr uint64_t functionWindow = 4ull << 56;

/// Where a parameter or result of a call lies on one side of it: an offset in the frame's local memory, or a
/// register (an operand, on the caller's side perhaps a constant).
struct Place {
  uint32_t at = 0, bytes = 0;
  bool isRegister = false;
};

/// Functions that the system provides.
enum class Builtin : uint8_t { None, Printf, Malloc, Free, AssertFail };

struct CallSite {
  uint32_t callee = 0; // index into Program::functions; of direct calls
  bool indirect = false;
  uint32_t address = operandNone; // register of indirect calls
  Builtin builtin = Builtin::None;
  std::vector<Place> arguments, results;
};

struct CodeFunction {
  const Function *function = nullptr;
  uint32_t begin = 0; // index of the first instruction
  uint32_t frameBytes = 0, localBytes = 0;
  std::vector<Place> params, results;
};

struct KernelParameter {
  std::string name;
  uint32_t offset = 0, bytes = 0;
};

/// A variable in shared memory; `bytes` is 0 for those that the launch gives a size.
struct SharedVariable {
  std::string_view name;
  uint32_t offset = 0, bytes = 0;
};

struct Program {
  const Module *module = nullptr;
  std::vector<Inst> code;
  std::vector<CodeFunction> functions;           // 0 is the kernel
  std::map<uint32_t, uint32_t> functionOfModule; // index in the module to index here, for indirect calls
  std::vector<CallSite> calls;
  std::vector<std::vector<uint32_t>> branchTables;
  std::vector<std::unique_ptr<uint32_t[]>> vectors; // what Inst::more refers to
  char *constants = nullptr;                        // aligned to 64
  uint32_t constantBytes = 0;
  std::vector<KernelParameter> params;
  std::vector<SharedVariable> shared; // by offset
  uint32_t paramBytes = 0, sharedBytes = 0, localBytes = 0;
  uint32_t reservedSharedBytes = 0; // before them in each block: `reservedShared` if the program asks where
  uint32_t dynamicSharedAlign = 1;
  uint32_t stackBytes = 0; // of localBytes, for alloca
  uint32_t registers = 0;  // 32-bit registers a thread as declared; ptxas needs fewer

  /// "in 'tile', byte 8 of 1024": where an address in shared memory lies.
  std::string sharedPlace(uint64_t address) const;

  Program() = default;
  Program(const Program &) = delete;
  ~Program();
};

/// Where the loader has put variables of the module: the address of a `.global` or `.const` variable.
struct Addresses {
  virtual uint64_t variable(const Variable &variable) const = 0;

protected:
  ~Addresses() = default;
};

/// Decodes a kernel with all that it calls, for a backend. On failure null, `error` made by formatError.
std::unique_ptr<Program> decodeKernel(const Module &module, const Function &kernel,
                                      const Addresses &addresses, const Backend &backend, std::string &error);

/// For each instruction of a body that can diverge, the instruction where its lanes come together again: the
/// immediate post-dominator. noReconvergence: the end of the function.
constexpr uint32_t noReconvergence = ~0u;
std::vector<uint32_t> reconvergencePoints(const Function &function,
                                          const std::vector<std::vector<uint32_t>> &targets);

} // namespace girih::ptx
