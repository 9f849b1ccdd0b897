// The checks that handlers leave to slow paths, and what they report.
#include "tools/ptxsim/exec/Launcher.h"
#include <bit>
#include <cstdarg>
#include <cstdio>

namespace girih::ptx {

bool fault(Warp &w, const Inst &i, int lane, uint64_t address, const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof(text), format, list);
  va_end(list);
  Report r;
  r.kind = "fault", r.message = text, r.instruction = i.source, r.address = address;
  unsigned at = lane < 0 ? unsigned(std::countr_zero(w.active)) & 31 : unsigned(lane);
  for (unsigned d = 0; d < 3; ++d)
    r.block[d] = w.block->id[d], r.thread[d] = w.tid[d][at];
  w.worker->launcher->report(std::move(r));
  w.block->scheduler->failed();
  return false;
}

static bool outside(Warp &w, const Inst &i, int lane, uint64_t address, unsigned bytes, bool write) {
  using Number = unsigned long long;
  const char *what = write ? "write" : "read";
  if (auto before = w.worker->launcher->deviceMemory().endingBefore(address))
    return fault(
        w, i, lane, address,
        "%s of %u bytes at 0x%llx, %llu bytes after the end of an allocation of %llu bytes at 0x%llx", what,
        bytes, Number(address), Number(address - before->end), Number(before->end - before->begin),
        Number(before->begin));
  return fault(w, i, lane, address, "%s of %u bytes at 0x%llx, outside of all allocations", what, bytes,
               Number(address));
}

bool checkGlobal(Warp &w, const Inst &i, const uint64_t *address, unsigned bytes, uint32_t mask, bool write) {
  const Memory &memory = w.worker->launcher->deviceMemory();
  Range range;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    uint64_t a = address[lane];
    if (a & (bytes - 1))
      return fault(w, i, lane, a, "misaligned access: address 0x%llx, %u bytes",
                   static_cast<unsigned long long>(a), bytes);
    if (a < range.begin || a >= range.end || range.end - a < bytes) {
      auto found = memory.find(a);
      if (!found) return outside(w, i, lane, a, bytes, write);
      range = *found;
      if (range.end - a < bytes)
        return fault(w, i, lane, a,
                     "%s of %u bytes at 0x%llx, beyond the end of an allocation of %llu bytes at 0x%llx",
                     write ? "write" : "read", bytes, static_cast<unsigned long long>(a),
                     static_cast<unsigned long long>(range.end - range.begin),
                     static_cast<unsigned long long>(range.begin));
    }
    if (write && range.readOnly)
      return fault(w, i, lane, a, "write to constant memory at 0x%llx", static_cast<unsigned long long>(a));
  }
  w.ranges[&i - w.launch->code] = range;
  return true;
}

bool badAddress(Warp &w, const Inst &i, Space space, const uint64_t *address, unsigned bytes, uint32_t mask) {
  uint64_t size = space == Space::Shared  ? w.block->sharedBytes
                  : space == Space::Local ? w.launch->localBytes
                  : space == Space::Param ? w.launch->paramBytes
                                          : 0;
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    auto a = static_cast<unsigned long long>(address[lane]);
    if (a & (bytes - 1))
      return fault(w, i, lane, a, "misaligned access: %s address 0x%llx, %u bytes", spaceName(space).data(),
                   a, bytes);
    if (a + bytes > size || a > size)
      return fault(w, i, lane, a, "access of %u bytes at %s address 0x%llx, outside of its %llu bytes", bytes,
                   spaceName(space).data(), a, static_cast<unsigned long long>(size));
  }
  return fault(w, i, std::countr_zero(mask), address[std::countr_zero(mask)],
               "write to read-only memory (%s)", spaceName(space).data());
}

char *sharedPointer(const Warp &w, uint64_t address, unsigned bytes) {
  const Block &b = *w.block;
  uint64_t rank = address >> sharedRankShift, offset = address & ((1u << sharedRankShift) - 1);
  if (rank > b.clusterCount || offset + bytes > b.sharedBytes) return nullptr;
  return (rank ? b.cluster[rank - 1] : b).shared + offset;
}

void observeShuffle(Warp &w, const Inst &i, uint32_t mask) {
  w.launch->observer->warpShuffles(w, i, mask);
}

void observeAccess(Warp &w, const Inst &i, const Access &access) {
  w.launch->observer->access(w, i, access);
}

} // namespace girih::ptx
