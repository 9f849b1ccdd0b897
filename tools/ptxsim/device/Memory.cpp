#include "tools/ptxsim/device/Memory.h"
#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace girih::ptx {

static constexpr uint64_t page = 4096, gap = 64 << 10;
static uint64_t alignTo(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

static char *pointerTo(uint64_t address) {
  return reinterpret_cast<char *>(address);
}

static size_t bitBytes(const Range &range) {
  return (range.end - range.begin) / 8 + 1;
}
static void dropBits(const Range &range) {
  if (range.written) munmap(range.written, bitBytes(range));
}

Memory::Memory(uint64_t capacity) : limit(capacity) {
  for (reserved = alignTo(capacity, page) * 4; reserved >= 1 << 20; reserved /= 2) {
    void *p = mmap(pointerTo(preferredBase), reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED) continue;
    base = reinterpret_cast<uint64_t>(p);
    gaps[base] = base + reserved;
    return;
  }
}

Memory::~Memory() {
  for (const auto &[address, allocation] : allocations)
    dropBits(allocation.range);
  if (base) munmap(pointerTo(base), reserved);
}

uint64_t Memory::used() const {
  std::lock_guard<std::mutex> guard(lock);
  return taken;
}

uint64_t Memory::allocate(uint64_t bytes, Kind kind) {
  std::lock_guard<std::mutex> guard(lock);
  if (!base || bytes > reserved || (kind != Kind::Host && bytes > limit - taken)) return 0;
  uint64_t pages = alignTo(std::max<uint64_t>(bytes, 1), page), room = pages + gap;
  for (auto it = gaps.begin(); it != gaps.end(); ++it) {
    auto [begin, end] = *it;
    if (end - begin < room) continue;
    if (mprotect(pointerTo(begin), pages, PROT_READ | PROT_WRITE)) return 0;
    gaps.erase(it);
    if (end - begin > room) gaps[begin + room] = end;
    allocations[begin] = {{begin, begin + bytes, kind == Kind::Constant}, kind};
    if (kind != Kind::Host) taken += bytes;
    return begin;
  }
  return 0;
}

bool Memory::release(uint64_t address) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.find(address);
  if (it == allocations.end() || it->second.adopted) return false;
  uint64_t bytes = it->second.range.end - it->second.range.begin;
  uint64_t pages = alignTo(std::max<uint64_t>(bytes, 1), page);
  // A fresh mapping gives the pages back and makes later accesses fault.
  mmap(pointerTo(address), pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (it->second.kind != Kind::Host) taken -= bytes;
  dropBits(it->second.range);
  allocations.erase(it);
  addGap(address, address + pages + gap);
  return true;
}

void Memory::addGap(uint64_t begin, uint64_t end) {
  auto next = gaps.lower_bound(end);
  if (next != gaps.end() && next->first == end) end = next->second, next = gaps.erase(next);
  if (next != gaps.begin()) {
    auto before = std::prev(next);
    if (before->second == begin) begin = before->first, gaps.erase(before);
  }
  gaps[begin] = end;
}

//===-- Addresses and memory apart ------------------------------------------------------===//

uint64_t Memory::reserve(uint64_t bytes, uint64_t align, uint64_t wanted) {
  std::lock_guard<std::mutex> guard(lock);
  if (!base || !bytes || bytes > reserved || align > reserved) return 0;
  uint64_t pages = alignTo(bytes, page), found = 0;
  auto fits = [&](uint64_t at, uint64_t begin, uint64_t end) {
    return at >= begin && at < end && end - at >= pages + gap;
  };
  for (auto [begin, end] : gaps) {
    uint64_t first = alignTo(begin, std::max(align, page));
    if (!found && fits(first, begin, end)) found = first;
    if (wanted && wanted % std::max(align, page) == 0 && fits(wanted, begin, end)) found = wanted;
  }
  if (!found) return 0;
  auto it = std::prev(gaps.upper_bound(found));
  auto [begin, end] = *it;
  gaps.erase(it);
  if (begin < found) gaps[begin] = found;
  if (found + pages + gap < end) gaps[found + pages + gap] = end;
  reservations[found] = found + pages;
  return found;
}

bool Memory::giveBack(uint64_t address, uint64_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = reservations.find(address);
  if (it == reservations.end() || it->second != address + alignTo(bytes, page)) return false;
  auto used = allocations.lower_bound(address);
  if (used != allocations.end() && used->first < it->second) return false;
  addGap(address, it->second + gap);
  reservations.erase(it);
  return true;
}

bool Memory::isReserved(uint64_t address, uint64_t bytes) const {
  std::lock_guard<std::mutex> guard(lock);
  auto it = reservations.upper_bound(address);
  if (it == reservations.begin()) return false;
  uint64_t end = std::prev(it)->second;
  if (address >= end || end - address < bytes) return false;
  auto used = allocations.upper_bound(address);
  if (used != allocations.end() && used->first < address + bytes) return false;
  return used == allocations.begin() || std::prev(used)->second.range.end <= address;
}

bool Memory::map(uint64_t address, uint64_t bytes, int file, uint64_t offset) {
  if (!isReserved(address, bytes)) return false;
  std::lock_guard<std::mutex> guard(lock);
  void *p =
      mmap(pointerTo(address), bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, off_t(offset));
  if (p == MAP_FAILED) return false;
  allocations[address] = {{address, address + bytes}, Kind::Device};
  return true;
}

void Memory::unmap(uint64_t address) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.find(address);
  if (it == allocations.end()) return;
  mmap(pointerTo(address), it->second.range.end - address, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  dropBits(it->second.range);
  allocations.erase(it);
}

bool Memory::take(uint64_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  return bytes <= limit - taken && (taken += bytes, true);
}

void Memory::give(uint64_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  taken -= bytes;
}

void Memory::trackWrites(uint64_t address) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.find(address);
  if (it == allocations.end()) return;
  Range &range = it->second.range;
  if (range.written) return void(madvise(range.written, bitBytes(range), MADV_DONTNEED)); // zeros
  void *bits = mmap(nullptr, bitBytes(range), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bits != MAP_FAILED) range.written = static_cast<uint8_t *>(bits);
}

void Memory::wrote(uint64_t address, uint64_t bytes) {
  auto range = find(address);
  if (!range) return;
  if (uint64_t room = range->end - address; bytes > room) wrote(range->end, bytes - room), bytes = room;
  if (!range->written) return;
  uint64_t begin = address - range->begin, end = begin + bytes;
  for (; begin < end && begin % 8; ++begin)
    range->written[begin / 8] |= uint8_t(1u << (begin % 8));
  for (; end > begin && end % 8; --end)
    range->written[(end - 1) / 8] |= uint8_t(1u << ((end - 1) % 8));
  memset(range->written + begin / 8, 0xff, (end - begin) / 8);
}

bool Memory::adopt(void *memory, uint64_t bytes) {
  std::lock_guard<std::mutex> guard(lock);
  uint64_t begin = reinterpret_cast<uint64_t>(memory), end = begin + bytes;
  auto next = allocations.lower_bound(begin);
  if (!bytes || end < begin || (next != allocations.end() && next->first < end)) return false;
  if (next != allocations.begin() && std::prev(next)->second.range.end > begin) return false;
  allocations[begin] = {{begin, end, false}, Kind::Host, true};
  return true;
}

bool Memory::disown(void *memory) {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.find(reinterpret_cast<uint64_t>(memory));
  if (it == allocations.end() || !it->second.adopted) return false;
  dropBits(it->second.range);
  allocations.erase(it);
  return true;
}

std::optional<Range> Memory::find(uint64_t address) const {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) return std::nullopt;
  const Range &range = std::prev(it)->second.range;
  if (address >= range.end) return std::nullopt;
  return range;
}

std::optional<Range> Memory::endingBefore(uint64_t address) const {
  std::lock_guard<std::mutex> guard(lock);
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) return std::nullopt;
  const Range &range = std::prev(it)->second.range;
  if (address - range.end > gap) return std::nullopt;
  return range;
}

char *Memory::pointer(uint64_t address, uint64_t bytes) const {
  auto range = find(address);
  return range && range->end - address >= bytes ? pointerTo(address) : nullptr;
}

} // namespace girih::ptx
