#include "tools/ptxsim/timing/Footprint.h"
#include <algorithm>

namespace girih::ptx {

Footprint::Footprint(const Recorder &recorder, uint64_t gridBlocks, uint64_t waveBlocks, const Gpu &gpu)
    : waveBlocks(std::max<uint64_t>(1, waveBlocks)), capacity(double(gpu.l2Bytes)) {
  bool sampled = recorder.blocks < gridBlocks;
  scale = double(gridBlocks) / double(std::max<uint64_t>(1, recorder.blocks));
  const std::vector<Touch> &touches = recorder.touches;
  std::vector<uint64_t> bounds;
  bounds.reserve(2 * touches.size());
  for (const Touch &t : touches)
    bounds.push_back(t.begin), bounds.push_back(t.end);
  std::sort(bounds.begin(), bounds.end());
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  for (size_t n = 0; n + 1 < bounds.size(); ++n)
    segments.push_back({.begin = bounds[n], .end = bounds[n + 1]});

  auto each = [&](const Touch &t, auto f) {
    size_t at = size_t(std::lower_bound(bounds.begin(), bounds.end(), t.begin) - bounds.begin());
    for (; at < segments.size() && segments[at].begin < t.end; ++at)
      f(segments[at], t.block / this->waveBlocks);
  };
  std::vector<uint64_t> seenWave(segments.size(), ~0ull), firstBlock(segments.size(), ~0ull);
  for (const Touch &t : touches)
    each(t, [&](Segment &s, uint64_t wave) {
      size_t at = size_t(&s - segments.data());
      if (t.block < firstBlock[at]) firstBlock[at] = t.block, s.writtenFirst = t.write;
      if (t.block == firstBlock[at] && !t.write) s.writtenFirst = false;
      s.firstWave = std::min(s.firstWave, wave), s.lastWave = std::max(s.lastWave, wave);
      if (seenWave[at] != wave) ++s.waves, seenWave[at] = wave;
      ++(t.write ? s.writers : s.readers);
    });
  for (const Touch &t : touches)
    each(t, [&](Segment &s, uint64_t wave) { s.inFirstWave += wave == s.firstWave && !t.write; });

  // In a sample, blocks next to each other stand for such groups elsewhere. What groups far apart touch, all
  // of the grid does.
  uint64_t far = 64;
  std::vector<uint64_t> lastBlock(segments.size(), 0);
  if (sampled)
    for (const Touch &t : touches)
      each(t, [&](Segment &s, uint64_t) {
        size_t at = size_t(&s - segments.data());
        lastBlock[at] = std::max(lastBlock[at], t.block);
        s.everywhere = lastBlock[at] - firstBlock[at] > far;
      });
  double total = 0, bytesOfReads = 0;
  for (Segment &s : segments) {
    if (!s.readers && !s.writers) continue; // between what is touched
    if (s.everywhere) s.firstWave = 0, s.inFirstWave = uint32_t(s.inFirstWave * scale);
    double bytes = double(s.end - s.begin) * sectorBytes * (s.everywhere ? 1 : scale);
    total += bytes;
    if (s.readers) readBytes += bytes;
    if (s.readers && !s.writtenFirst) bytesOfReads += bytes;
    if (s.writers) writtenBytes += bytes;
  }
  double waves = double((gridBlocks + this->waveBlocks - 1) / this->waveBlocks);
  waveBytes = total / waves;
  writeBack = total > capacity ? 1 - capacity / total : 0;
  dramReadBytes = bytesOfReads;
  for (const Segment &s : segments)
    if (s.readers && missesAgain(s))
      dramReadBytes += double(s.end - s.begin) * sectorBytes * (s.waves - 1) * (s.everywhere ? 1 : scale);
  dramWrittenBytes = writtenBytes * writeBack;
}

/// Whether more than L2 holds is touched between one wave that needs a segment and the next.
bool Footprint::missesAgain(const Segment &s) const {
  if (s.waves < 2) return false;
  return double(s.lastWave - s.firstWave) / (s.waves - 1) * waveBytes > capacity;
}

Footprint::Cost Footprint::load(uint64_t sector, uint64_t block) const {
  auto it = std::upper_bound(segments.begin(), segments.end(), sector,
                             [](uint64_t at, const Segment &s) { return at < s.begin; });
  if (it == segments.begin()) return {};
  const Segment &s = *--it;
  uint64_t wave = block / waveBlocks;
  if (s.writtenFirst) return {};
  if (wave == s.firstWave) return {true, double(sectorBytes) / std::max(1u, s.inFirstWave)};
  if (missesAgain(s))
    return {true, double(sectorBytes) / std::max(1.0, double(s.readers) / std::max(1u, s.waves))};
  return {};
}

} // namespace girih::ptx
