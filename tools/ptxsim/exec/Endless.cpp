// Warps that run for ever. A warp that changes nothing which others could see, and comes back to a state in
// which it has been before, will do so again and again, unless others change memory: it waits, as one that
// polls does. Loads that poll without being strong, and loops without an end, are found so.
#include "tools/ptxsim/exec/Launcher.h"
#include <bit>
#include <cstring>

namespace girih::ptx {

static uint64_t mixed(uint64_t hash, const void *data, size_t bytes) {
  const char *at = static_cast<const char *>(data);
  for (; bytes; at += 8) {
    uint64_t word = 0;
    size_t taken = std::min<size_t>(bytes, 8);
    memcpy(&word, at, taken);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    bytes -= taken;
  }
  return hash;
}

/// Of all that decides what the warp does next, but for memory that others may change.
uint64_t Scheduler::fingerprint(const Warp &w) {
  uint64_t hash = w.carry;
  for (const Split &s : splitsOf(w).splits) {
    uint64_t words[] = {std::bit_cast<uint64_t>(s.pc), uint64_t(s.lanes) << 32 | s.entry, uint64_t(s.state)};
    hash = mixed(hash, words, sizeof(words));
    for (const Frame *f = s.frame; f; f = f->caller)
      hash = mixed(hash, f->registers, f->function->frameBytes);
  }
  size_t local = size_t(warpSize) * launch.localBytes;
  return mixed(hash, w.block->local + w.id * local, local);
}

/// Whether the warp is known to run for ever. Called after each of its slices; `changed`: others could see
/// what it did.
bool Scheduler::runsForEver(const Warp &w, bool changed) {
  // Most that compute for long end; and splits take turns, so that a slice may be one's only.
  constexpr uint64_t patientSlices = 64, apart = 4;
  WarpSplits &s = splitsOf(w);
  uint64_t epoch = worker.launcher->changes();
  if (changed || s.quietSince != epoch) {
    s.quietSince = epoch, s.quietSlices = 0, s.endless = false;
    return false;
  }
  if (s.endless || ++s.quietSlices < patientSlices) return s.endless;
  uint64_t now = fingerprint(w);
  s.endless = now == s.seen && s.quietSlices >= s.seenAt + apart && s.quietSlices > patientSlices;
  // Periods of any length are found: the distance to what is kept doubles.
  if (std::has_single_bit(s.quietSlices)) s.seen = now, s.seenAt = s.quietSlices;
  return s.endless;
}

} // namespace girih::ptx
