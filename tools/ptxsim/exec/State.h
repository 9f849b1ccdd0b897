// The decoded program and the state of its execution: what handlers read and write. The handlers of
// exec/vector are compiled once for each instruction set, so this header has plain data and nothing that a
// linker could merge.
#pragma once

#include "tools/ptxsim/syntax/Types.h"
#include <cstddef>

namespace girih::ptx {

struct Warp;
struct Inst;
struct Instruction;
struct Observer;
class Scheduler;
struct Frame;

constexpr unsigned warpSize = 32;
constexpr uint32_t allLanes = 0xffffffff;

/// Executes one instruction for the lanes of `mask` (active, and the guard holds). True to go on with w.pc,
/// which the loop has moved to the next instruction; false when the warp's running split has changed, waits
/// or failed.
using Handler = bool (*)(Warp &w, const Inst &i, uint32_t mask);

/// Kinds of instructions, for the counters and the time model.
#define GIRIH_PTX_CLASSES(X)                                                                                 \
  X(Integer, "integer")                                                                                      \
  X(Float, "fp32")                                                                                           \
  X(Double, "fp64")                                                                                          \
  X(Half, "half")                                                                                            \
  X(Special, "special function")                                                                             \
  X(Convert, "convert")                                                                                      \
  X(Move, "move")                                                                                            \
  X(Compare, "compare and select")                                                                           \
  X(Load, "load")                                                                                            \
  X(Store, "store")                                                                                          \
  X(Atomic, "atomic")                                                                                        \
  X(Async, "asynchronous copy")                                                                              \
  X(Mma, "matrix")                                                                                           \
  X(Shuffle, "shuffle and vote")                                                                             \
  X(Barrier, "barrier and fence")                                                                            \
  X(Control, "control")                                                                                      \
  X(Other, "other")

enum class Class : uint8_t {
#define X(NAME, TEXT) NAME,
  GIRIH_PTX_CLASSES(X)
#undef X
};

/// Operands are byte offsets into the frame's registers, or with `operandConstant` into the program's
/// constants; `operandNegated` on predicates. A register holds its 32 lanes one after the other; a predicate
/// is a mask.
constexpr uint32_t operandConstant = 1u << 31, operandNegated = 1u << 30, operandOffset = operandNegated - 1;
/// A destination `_`, an absent optional operand, no guard.
constexpr uint32_t operandNone = operandOffset;

struct Inst {
  enum Flags : uint8_t {
    Always = 1, // runs even if no lane is left: branches and what the loop must not skip
    Sync = 2,   // runs when all lanes that it names are there: op[5] is their mask, or none for all live ones
    Wide = 4,   // the address's register has 64 bits
    Wide2 = 8,  // the second address's
    Anywhere = 16, // with Sync: lanes may meet at different instructions of the kind
  };
  Handler run = nullptr;
  uint32_t guard = operandNone;
  Class cls = Class::Other;
  uint8_t flags = 0;
  uint8_t count = 0;  // elements of the vector in `more`
  uint8_t detail = 0; // the handler's own: what its selector chose
  uint32_t op[6] = {operandNone, operandNone, operandNone, operandNone, operandNone, operandNone};
  int64_t imm = 0;                // the handler's own
  const uint32_t *more = nullptr; // elements of vectors, destinations first
  const Instruction *source = nullptr;
};
static_assert(sizeof(Inst) == 64);

/// How the threads see memory: generic addresses are device addresses, or lie in one of these windows.
/// Addresses in the shared space are 32 bits: the offset, with the block's rank in the cluster plus one above
/// bit 24 (0: one's own).
constexpr uint64_t sharedWindow = 1ull << 56, localWindow = 2ull << 56, paramWindow = 3ull << 56,
                   windowBits = 0xffull << 56;
constexpr unsigned sharedRankShift = 24;
/// Shared memory that belongs to NVIDIA's own software, at the start of a block's: cooperative_groups keeps
/// barriers of groups of several warps there, in 288 bytes from %reserved_smem_offset_1 on.
constexpr uint32_t reservedShared = 1024;

/// Device addresses are host addresses.
[[gnu::always_inline]] inline char *hostPointer(uint64_t deviceAddress) {
  return reinterpret_cast<char *>(deviceAddress);
}

/// Device memory that an instruction last accessed: [begin, end).
struct Range {
  uint64_t begin = 1, end = 0;
  bool readOnly = false;
  uint8_t *written = nullptr; // a bit a byte, if reads of what was never written are to be found
};

enum class AccessKind : uint8_t { Load, Store, Atomic, Reduction, AsyncRead, AsyncWrite };
enum class Semantics : uint8_t {
  Weak,
  Volatile,
  Relaxed,
  Acquire,
  Release,
  AcquireRelease,
  SequentiallyConsistent
};
enum class Scope : uint8_t { None, Block, Cluster, Device, System };

/// Order of an access, kept in Inst::imm's low byte by the selectors of atomics and strong accesses.
struct Order {
  Semantics semantics = Semantics::Weak;
  Scope scope = Scope::None;
};

/// What tells of the end of an asynchronous operation: an mbarrier, the bulk copies' groups of its thread, or
/// the matrix products' groups of its warp.
struct Completion {
  enum class Kind : uint8_t { Barrier, Bulk, Matrix };
  Kind kind;
  uint64_t barrier = 0; // its address in shared memory
};

/// One warp's access of one instruction.
struct Access {
  AccessKind kind;
  Space space; // Global, Shared, Local or Param
  Order order;
  uint8_t bytes; // a lane's, all elements of a vector together
  uint32_t mask;
  const uint64_t *address;                // of each lane: device address, or offset in its space
  const Completion *completion = nullptr; // of an access by the asynchronous proxy
};

struct Block {
  uint32_t id[3], clusterId[3], clusterRank; // clusterId: of the block in its cluster
  uint64_t linear;                           // index in the grid
  char *shared;
  uint32_t sharedBytes;
  char *local; // threads * localBytes
  uint32_t threads, warpCount;
  Warp *warps;
  Block *cluster; // the blocks of this cluster, one after the other
  uint32_t clusterCount;
  Scheduler *scheduler;
  void *observerState; // the observer's own
  void *checkerState;  // the race checker's, which may be an observer beside another
};

/// What all warps of a launch share.
struct LaunchState {
  uint32_t grid[3], block[3], cluster[3];
  const char *params;
  uint32_t paramBytes, localBytes, sharedBytes, dynamicSharedBytes, reservedSharedBytes; // shared: all
  const char *constants;                                                                 // of the program
  const Inst *code;
  Observer *observer;
  uint64_t gridId;
  uint64_t gridWorkspace; // device memory for barriers of the whole grid, 0 unless the launch is cooperative
  uint32_t smCount;
};

struct Worker;

/// A warp as its running split sees it; Scheduler owns the rest.
struct Warp {
  char *base[2]; // the frame's registers; the program's constants
  const Inst *pc;
  uint32_t active, live, valid; // lanes of the running split; not exited; of the launch
  uint32_t id;
  Frame *frame;
  uint32_t entry;     // reconvergence entry of the running split
  uint32_t localBase; // of the frame in local memory
  Block *block;
  const LaunchState *launch;
  Worker *worker;
  Range *ranges; // of the worker, one an instruction
  uint64_t issued;
  // Accesses that may wait for another thread; what another thread could see: stores, changes by atomics,
  // barriers.
  uint64_t strongReads, changes;
  uint32_t tid[3][warpSize];
  uint32_t carry; // condition code CC.CF, a mask of lanes
  uint32_t index; // in Scheduler
  bool watched;   // by the observer, which follows its values
};

/// Ends the launch: `what` happened to `lane` (or the lowest of the active lanes, if -1). Always returns
/// false.
[[gnu::cold]] bool fault(Warp &w, const Inst &i, int lane, uint64_t address, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/// The slow part of addressing global memory: lanes may lie in different allocations. Finds what the fast
/// check missed, or faults.
bool checkGlobal(Warp &w, const Inst &i, const uint64_t *address, unsigned bytes, uint32_t mask, bool write);
/// Reports a lane that is out of bounds or misaligned in shared, local or parameter memory.
bool badAddress(Warp &w, const Inst &i, Space space, const uint64_t *address, unsigned bytes, uint32_t mask);
/// Host address of an address in the shared space, which may name another block of the cluster; null if out
/// of bounds.
char *sharedPointer(const Warp &w, uint64_t address, unsigned bytes);
/// Tells the observer of an access.
void observeAccess(Warp &w, const Inst &i, const Access &access);
/// Tells the observer that values go from lane to lane.
void observeShuffle(Warp &w, const Inst &i, uint32_t mask);
/// Value of a special register that the loop does not keep, for one lane.
uint64_t specialRegister(const Warp &w, unsigned id, unsigned lane);

} // namespace girih::ptx
