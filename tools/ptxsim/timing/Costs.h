// What the instructions of a program cost on a GPU: how many issue slots of the machine's own instructions,
// which pipe for how long, when the result is there; and what depends on what. PTX is not what the machine
// runs: register copies, address conversions and what ptxas fuses (a product and its sum, an address and its
// index) cost nothing.
#pragma once

#include "tools/ptxsim/decode/Program.h"
#include "tools/ptxsim/timing/Gpu.h"

namespace girih::ptx {

enum class Pipe : uint8_t { None, Fma, Alu, Special, Double, Tensor, Memory };
constexpr unsigned pipeCount = 7;
const char *pipeName(Pipe pipe);

struct Cost {
  enum class Kind : uint8_t {
    Plain,
    Memory,
    GroupProduct,
    AsyncCopy,
    AsyncCommit,
    AsyncWait,
    AsyncBarrier,
    Barrier,
    Branch
  };
  /// What is committed and awaited in groups, each kind for itself.
  enum Queue : uint8_t { Copies, BulkCopies, GroupProducts, Queues };
  Kind kind = Kind::Plain;
  Queue queue = Copies;
  Pipe pipe = Pipe::None;
  uint8_t slots = 1;     // 0: not an instruction of the machine
  bool closes = false;   // nothing later may be issued before it
  uint16_t interval = 1; // clocks that the pipe of a scheduler is taken
  uint16_t latency = 0;
  std::vector<uint32_t> reads, writes; // registers of all functions, numbered through
};

struct ProgramCosts {
  std::vector<Cost> code; // as Program::code
  uint32_t registers = 0;
};

ProgramCosts costsOf(const Program &program, const Gpu &gpu);

/// Multiply-adds of an mma instruction for the warp (of a wgmma: a quarter of the warpgroup's; of what is
/// there of a sparse A), and the key of its rate in Gpu::mma.
double mmaWork(const Instruction &instruction, std::string &rate);

/// Passes over the banks that a warp's part of a wgmma takes; 0 for other instructions.
unsigned groupProductWavefronts(const Instruction &instruction);

/// 32-bit registers a thread: the most that are live at once, with what addresses and the system need. ptxas
/// may do better by recomputing, or worse by interleaving.
unsigned estimateRegisters(const Program &program);

} // namespace girih::ptx
