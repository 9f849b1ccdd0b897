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

/// Accesses of lanes of one warp, by one instruction, at one time.
struct Mark {
  uint32_t block = 0, stamp = 0, lanes = 0; // stamp 0: none
  uint32_t instruction : 22 = 0, warp : 5 = 0, write : 1 = 0, inFlight : 1 = 0, strength : 2 = 0;

  Kind kind() const { return {write != 0, inFlight != 0, uint8_t(strength)}; }
  bool sameKind(const Mark &m) const { return write == m.write && strength == m.strength; }
  bool sameWarp(const Mark &m) const { return warp == m.warp && block == m.block; }
};
static_assert(sizeof(Mark) == 16);

struct Cell;
using MarkList = std::vector<Mark>;

/// The last weak write, and what came after it or is not ordered by it: reads and strong accesses. Weak
/// writes replace both; an access replaces those that precede it, since whatever comes after it comes after
/// them.
struct Cell {
  enum Tag : uint8_t {
    Single, // `others` or nothing
    Many,   // `others` and `second`, of different warps, and more that are not kept: all of one kind
    List,   // `list`
    Split,  // the bytes have cells of their own
  };
  Mark last, others;
  union {
    uint64_t extra = 0;
    MarkList *list;
    Cell *bytes;
    struct {
      uint32_t block : 32, instruction : 22, warp : 5, lane : 5;
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

/// Cells of all device memory, reserved as the memory itself is: only touched pages take memory.
class GlobalShadow {
public:
  GlobalShadow(uint64_t base, uint64_t bytes);
  ~GlobalShadow();
  GlobalShadow(const GlobalShadow &) = delete;
  bool valid() const { return cells != nullptr; }
  Cell &at(uint64_t address) { return cells[(address - base) >> 2]; }

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
  static constexpr size_t lockCount = 4096;
  uint64_t base, mapped;
  Cell *cells = nullptr;
  std::unique_ptr<std::atomic_flag[]> locks;
};

} // namespace girih::ptx::check
