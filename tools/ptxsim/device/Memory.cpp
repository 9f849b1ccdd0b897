#include "tools/ptxsim/device/Memory.h"
#include <sys/mman.h>

namespace girih::ptx {

static constexpr uint64_t page = 4096, gap = 64 << 10;
static uint64_t alignTo(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

Memory::Memory(uint64_t capacity) : limit(capacity) {
  for (reserved = alignTo(capacity, page) * 4; reserved >= 1 << 20; reserved /= 2) {
    void *p = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) continue;
    host = static_cast<char *>(p);
    gaps[base] = base + reserved;
    return;
  }
}

Memory::~Memory() {
  if (host) munmap(host, reserved);
}

uint64_t Memory::used() const {
  std::lock_guard<std::mutex> guard(lock);
  return taken;
}

uint64_t Memory::allocate(uint64_t bytes, bool readOnly) {
  std::lock_guard<std::mutex> guard(lock);
  if (!host || bytes > limit - taken) return 0;
  uint64_t pages = alignTo(std::max<uint64_t>(bytes, 1), page), room = pages + gap;
  for (auto it = gaps.begin(); it != gaps.end(); ++it) {
    auto [begin, end] = *it;
    if (end - begin < room) continue;
    if (mprotect(host + (begin - base), pages, PROT_READ | PROT_WRITE)) return 0;
    gaps.erase(it);
    if (end - begin > room) gaps[begin + room] = end;
    allocations[begin] = {begin, begin + bytes, readOnly};
    taken += bytes;
    return begin;
  }
  return 0;
}

bool Memory::release(uint64_t address) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.find(address);
  if (it == allocations.end()) return false;
  uint64_t bytes = it->second.end - it->second.begin, pages = alignTo(std::max<uint64_t>(bytes, 1), page);
  // A fresh mapping gives the pages back and makes later accesses fault.
  mmap(host + (address - base), pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
       0);
  allocations.erase(it);
  taken -= bytes;
  uint64_t begin = address, end = address + pages + gap;
  auto next = gaps.lower_bound(end);
  if (next != gaps.end() && next->first == end) end = next->second, next = gaps.erase(next);
  if (next != gaps.begin()) {
    auto before = std::prev(next);
    if (before->second == begin) begin = before->first, gaps.erase(before);
  }
  gaps[begin] = end;
  return true;
}

std::optional<Range> Memory::find(uint64_t address) const {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) return std::nullopt;
  const Range &range = std::prev(it)->second;
  if (address >= range.end) return std::nullopt;
  return range;
}

std::optional<Range> Memory::endingBefore(uint64_t address) const {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin() || address - std::prev(it)->second.end > gap) return std::nullopt;
  return std::prev(it)->second;
}

char *Memory::pointer(uint64_t address, uint64_t bytes) const {
  auto range = find(address);
  if (!range || range->end - address < bytes) return nullptr;
  return host + (address - base);
}

} // namespace girih::ptx
