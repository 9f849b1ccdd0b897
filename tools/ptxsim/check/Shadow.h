// Shadow memory: for each four bytes of shared and global memory the accesses that a later one may race with.
#pragma once

#include "tools/ptxsim/exec/State.h"
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace girih::ptx::check {

/// What an access is to those that it may race with.
struct Kind {
  bool write = false, inFlight = false; // inFlight: of a cp.async that has not been waited for
  uint8_t strength = 0;                 // 0 weak, 1 strong within the block, 2 beyond it
};

/// In Mark::block, for agents of the asynchronous proxy (Async.cpp): their number.
constexpr uint32_t agentBit = 1u << 31;

/// Accesses of lanes of one warp, by one instruction, at one time.
struct Mark {
  uint32_t block = 0, stamp = 0, lanes = 0; // stamp 0: none
  // sure: stands for reads as well whose values have been used, or are not followed.
  uint32_t instruction : 21 = 0, sure : 1 = 0, warp : 5 = 0, write : 1 = 0, inFlight : 1 = 0,
                         strength : 2 = 0;

  Kind kind() const { return {write != 0, inFlight != 0, uint8_t(strength)}; }
  bool sameKind(const Mark &m) const { return write == m.write && strength == m.strength; }
  bool byAgent() const { return block & agentBit; }
  bool sameWarp(const Mark &m) const { return warp == m.warp && block == m.block; }
};
static_assert(sizeof(Mark) == 16);
constexpr uint32_t markInstruction = (1u << 21) - 1; // what fits into Mark::instruction

struct Cell;
using MarkList = std::vector<Mark>;

/// The last weak write, and what came after it or is not ordered by it: reads and strong accesses. Weak
/// writes replace both; an access replaces those that precede it, since whatever comes after it comes after
/// them.
struct Cell {
  enum Tag : uint8_t {
    Single, // `others` or nothing
    Many,   // `others` and `second`, of different warps, and more that are not kept: all of one kind
    List,   // `list`; the strength of `others` is that of the weakest
    Split,  // the bytes have cells of their own
  };
  Mark last, others;
  union {
    uint64_t extra = 0;
    MarkList *list;
    Cell *bytes;
    struct {
      uint32_t block : 32, instruction : 21, sure : 1, warp : 5, lane : 5;
    } second;
  };
  Tag tag = Single;
};
static_assert(sizeof(Cell) == 48);

/// Owns what cells refer to.
class Attachments {
public:
  MarkList *newList();
  Cell *newBytes();
  void clear();

private:
  std::mutex lock;
  std::deque<MarkList> lists;
  std::deque<std::unique_ptr<Cell[]>> bytes;
};

/// Cells of all memory of the host that device addresses may name: chunks made when they are touched.
class GlobalShadow {
public:
  GlobalShadow();
  ~GlobalShadow();
  GlobalShadow(const GlobalShadow &) = delete;
  bool valid() const { return chunks != nullptr; }
  /// Null if the host has no memory for it, or the address is none of user space.
  Cell *at(uint64_t address) {
    uint64_t index = address >> chunkBits;
    if (index >= chunkCount) return nullptr;
    Cell *chunk = chunks[index].load(std::memory_order_acquire);
    if (!chunk) [[unlikely]]
      chunk = newChunk(index);
    return chunk ? chunk + ((address & (chunkBytes - 1)) >> 2) : nullptr;
  }

  /// Cells are locked by lines of 128 bytes.
  class Guard {
  public:
    explicit Guard(GlobalShadow &shadow) : shadow(shadow) {}
    ~Guard() { leave(); }
    Guard(const Guard &) = delete;
    void enter(uint64_t address) {
      uint64_t line = address >> 7;
      if (line == held) return;
      leave();
      held = line;
      while (flag().test_and_set(std::memory_order_acquire))
        ;
    }

  private:
    GlobalShadow &shadow;
    uint64_t held = ~0ull;
    std::atomic_flag &flag() { return shadow.locks[held % lockCount]; }
    void leave() {
      if (held != ~0ull) flag().clear(std::memory_order_release);
    }
  };

private:
  static constexpr unsigned chunkBits = 16;
  static constexpr uint64_t chunkBytes = 1 << chunkBits, chunkCount = 1ull << (47 - chunkBits);
  static constexpr size_t lockCount = 4096;
  using Chunk = std::atomic<Cell *>;
  Chunk *chunks = nullptr; // reserved, and touched where chunks are
  std::vector<Cell *> made;
  std::mutex making;
  std::unique_ptr<std::atomic_flag[]> locks;

  Cell *newChunk(uint64_t index);
};

} // namespace girih::ptx::check
