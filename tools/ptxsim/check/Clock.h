// What a thread knows of others: a vector clock, sparse, shared between threads that know the same.
//
// Each block counts its synchronisations: its time. An access is stamped with its block's time. A clock says
// up to which time (exclusive) the accesses of some lanes of a warp of a block precede what its holder does
// next.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

namespace girih::ptx::check {

/// Accesses of `lanes` of a warp of a block before `time` are known; of the whole block if `warp` is
/// allWarps.
struct Known {
  uint32_t block, warp, lanes, time;
};
/// Sorts before the warps.
constexpr uint32_t allWarps = 0;
constexpr uint32_t warpKey(uint32_t warp) {
  return warp + 1;
}

class Clock {
public:
  bool knows(uint32_t block, uint32_t warp, uint32_t lanes, uint32_t stamp) const;
  void add(const Known &known);
  void join(const Clock &other);
  /// Whether it is seen at once that nothing of `other` is new.
  bool contains(const Clock &other) const;
  /// Drops what is known of a block; false if nothing is left.
  bool forget(uint32_t block);

private:
  friend class ClockRef;
  std::atomic<uint32_t> references{1};
  std::vector<Known> known; // by block and warp
};

/// A counted reference, perhaps null (nothing is known). Changing what it refers to copies it if others
/// refer to it too.
class ClockRef {
public:
  ClockRef() = default;
  ClockRef(const ClockRef &other) : clock(other.clock) {
    if (clock) clock->references.fetch_add(1, std::memory_order_relaxed);
  }
  ClockRef(ClockRef &&other) noexcept : clock(std::exchange(other.clock, nullptr)) {}
  ClockRef &operator=(ClockRef other) noexcept {
    std::swap(clock, other.clock);
    return *this;
  }
  ~ClockRef() {
    if (clock && clock->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete clock;
  }

  explicit operator bool() const { return clock != nullptr; }
  bool operator==(const ClockRef &other) const { return clock == other.clock; }
  bool knows(uint32_t block, uint32_t warp, uint32_t lanes, uint32_t stamp) const {
    return clock && clock->knows(block, warp, lanes, stamp);
  }
  void add(const Known &known) { mine().add(known); }
  void join(const ClockRef &other);
  void forget(uint32_t block) {
    if (clock && !mine().forget(block)) *this = ClockRef();
  }

private:
  Clock *clock = nullptr;
  Clock &mine();
};

} // namespace girih::ptx::check
