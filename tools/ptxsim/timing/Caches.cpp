#include "tools/ptxsim/timing/Caches.h"
#include <algorithm>

namespace girih::ptx {

SmMemory::SmMemory(const Gpu &gpu, const Footprint &footprint, double sharers, unsigned l1Bytes)
    : gpu(gpu), footprint(footprint), l2Rate(std::min(gpu.l2PortBytes, gpu.l2BytesPerClock / sharers)),
      dramRate(gpu.dramBytesPerClock / sharers), lines(l1Bytes / lineBytes / ways * ways) {}

SmMemory::Line *SmMemory::find(uint64_t line, bool insert, double t) {
  if (lines.empty()) return nullptr;
  uint64_t set = (line ^ line >> 7 ^ line >> 13) % (lines.size() / ways);
  Line *first = &lines[set * ways], *oldest = first;
  for (Line *l = first; l < first + ways; ++l) {
    if (l->tag == line) return l->used = t, l;
    if (l->used < oldest->used) oldest = l;
  }
  if (!insert) return nullptr;
  *oldest = {line, 0, 0, t};
  return oldest;
}

double SmMemory::fromL2(uint64_t sector, uint64_t block, double t, bool load) {
  double time = sectorBytes / l2Rate;
  l2Free = std::max(l2Free, t) + time, l2Taken += time;
  double done = l2Free + gpu.latency.l2;
  Footprint::Cost cost =
      load ? footprint.load(sector, block) : Footprint::Cost{false, footprint.storeBytes()};
  Fetched *last = cost.fromDram ? &fetched[sector] : nullptr;
  if (last && last->ready > 0 && last->block == block) return std::max(done, last->ready);
  if (cost.dramBytes > 0) {
    time = cost.dramBytes / dramRate;
    dramFree = std::max(dramFree, t) + time, dramTaken += time;
  }
  if (!last) return done;
  *last = {block, std::max(done, dramFree + gpu.latency.dram)};
  return last->ready;
}

double SmMemory::access(const TraceEvent &e, const uint64_t *sectors, uint64_t block, double t) {
  double start = std::max(t, pipeFree), time = std::max(1.0, e.count * double(sectorBytes) / lineBytes),
         done = start;
  if (e.kind == TraceEvent::Kind::Shared) time = e.wavefronts;
  pipeFree = start + time, pipeTaken += time;
  switch (e.kind) {
  case TraceEvent::Kind::Shared:
    return pipeFree - 1 + gpu.latency.shared;
  case TraceEvent::Kind::Load:
    for (unsigned n = 0; n < e.count; ++n) {
      uint64_t s = sectors[n], line = s / (lineBytes / sectorBytes);
      uint8_t bit = uint8_t(1u << s % (lineBytes / sectorBytes));
      Line *l = e.cached ? find(line, true, t) : nullptr;
      if (l && l->sectors & bit) {
        done = std::max(done, std::max(start + gpu.latency.l1, l->ready));
        continue;
      }
      double ready = fromL2(s, block, start, true);
      if (l) l->sectors |= bit, l->ready = std::max(l->ready, ready);
      done = std::max(done, ready);
    }
    return done;
  case TraceEvent::Kind::Store:
    for (unsigned n = 0; n < e.count; ++n)
      fromL2(sectors[n], block, start, false);
    return start;
  case TraceEvent::Kind::Atomic:
    for (unsigned n = 0; n < e.count; ++n)
      done = std::max(done, fromL2(sectors[n], block, start, true));
    return done;
  case TraceEvent::Kind::Barrier:
  case TraceEvent::Kind::Arrive:
  case TraceEvent::Kind::Await:
    break;
  }
  return done;
}

void SmMemory::utilisation(double &l1, double &l2, double &dram, double time) const {
  l1 = pipeTaken / time, l2 = l2Taken / time, dram = dramTaken / time;
}

} // namespace girih::ptx
