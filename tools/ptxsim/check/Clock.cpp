#include "tools/ptxsim/check/Clock.h"
#include <algorithm>

namespace girih::ptx::check {

static uint64_t placeOf(const Known &k) {
  return uint64_t(k.block) << 32 | k.warp;
}
static bool before(const Known &a, const Known &b) {
  return placeOf(a) < placeOf(b);
}

bool Clock::knows(uint32_t block, uint32_t warp, uint32_t lanes, uint32_t stamp) const {
  auto it = std::lower_bound(known.begin(), known.end(), Known{block, allWarps, 0, 0}, before);
  if (it == known.end() || it->block != block) return false;
  if (it->warp == allWarps && stamp < it->time) return true;
  it = std::lower_bound(it, known.end(), Known{block, warpKey(warp), 0, 0}, before);
  for (; it != known.end() && it->block == block && it->warp == warpKey(warp); ++it)
    if (stamp < it->time) lanes &= ~it->lanes;
  return lanes == 0;
}

/// Whether `a` says all that `b` does. The same block.
static bool covers(const Known &a, const Known &b) {
  if (a.time < b.time) return false;
  return a.warp == allWarps || (a.warp == b.warp && (b.lanes & ~a.lanes) == 0);
}

void Clock::add(const Known &k) {
  auto begin = std::lower_bound(known.begin(), known.end(), Known{k.block, allWarps, 0, 0}, before);
  auto end = begin;
  for (; end != known.end() && end->block == k.block; ++end)
    if (covers(*end, k)) return;
  for (auto it = begin; it != end; ++it)
    if (it->warp == k.warp && it->time == k.time) { // lanes that release together
      it->lanes |= k.lanes;
      return;
    }
  known.erase(std::remove_if(begin, end, [&](const Known &old) { return covers(k, old); }), end);
  known.insert(std::lower_bound(known.begin(), known.end(), k, before), k);
}

void Clock::join(const Clock &other) {
  std::vector<Known> merged;
  merged.reserve(known.size() + other.known.size());
  auto a = known.cbegin(), b = other.known.cbegin();
  // Of one block at a time: `first` is where it begins in the result.
  size_t first = 0;
  while (a != known.end() || b != other.known.end()) {
    const Known &next = b == other.known.end() || (a != known.end() && !before(*b, *a)) ? *a++ : *b++;
    if (first == merged.size() || merged[first].block != next.block) first = merged.size();
    bool covered = false;
    size_t keep = merged.size();
    // Only the whole block and entries of the same warp, which are last, can cover or be covered.
    if (first < merged.size()) covered = covers(merged[first], next);
    while (!covered && keep > first && merged[keep - 1].warp == next.warp) {
      Known &old = merged[--keep];
      covered = covers(old, next);
      if (!covered && old.time == next.time) old.lanes |= next.lanes, covered = true;
    }
    if (covered) continue;
    merged.erase(std::remove_if(merged.begin() + ptrdiff_t(keep), merged.end(),
                                [&](const Known &old) { return covers(next, old); }),
                 merged.end());
    merged.push_back(next);
  }
  known = std::move(merged);
}

bool Clock::contains(const Clock &other) const {
  auto at = known.begin();
  const Known *whole = nullptr; // the last entry before `at` that is of a whole block
  for (const Known &k : other.known) {
    for (; at != known.end() && before(*at, k); ++at)
      if (at->warp == allWarps) whole = &*at;
    bool found = whole && whole->block == k.block && covers(*whole, k);
    for (auto it = at; !found && it != known.end() && placeOf(*it) == placeOf(k); ++it)
      found = covers(*it, k);
    if (!found) return false;
  }
  return true;
}

bool Clock::forget(uint32_t block) {
  std::erase_if(known, [&](const Known &k) { return k.block == block; });
  return !known.empty();
}

Clock &ClockRef::mine() {
  if (!clock) {
    clock = new Clock;
  } else if (clock->references.load(std::memory_order_acquire) != 1) {
    ClockRef copy;
    copy.clock = new Clock;
    copy.clock->known = clock->known;
    std::swap(clock, copy.clock);
  }
  return *clock;
}

void ClockRef::join(const ClockRef &other) {
  if (!other.clock || other.clock == clock) return;
  if (clock && clock->contains(*other.clock)) return;
  if (!clock || other.clock->contains(*clock))
    *this = other;
  else
    mine().join(*other.clock);
}

} // namespace girih::ptx::check
