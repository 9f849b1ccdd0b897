#include "backends/CPU/Sizes.h"
#include "passes/Tile/Schedule.h"
#include <numeric>

using namespace mlir;
using namespace girih;

SmallVector<Tiles, 2> girih::getTiles(int64_t extent, int64_t size) {
  SmallVector<Tiles, 2> tiles;
  if (extent >= size) tiles.push_back({extent / size, size});
  if (extent % size) tiles.push_back({1, extent % size});
  return tiles;
}

int64_t girih::countPlaces(int64_t cache, int64_t ways, int64_t bytes) {
  constexpr int64_t kLine = 64; // bytes
  if (bytes % kLine) return INT64_MAX;
  int64_t sets = std::max<int64_t>(cache / (ways * kLine), 1);
  return ways * sets / std::gcd(bytes / kLine, sets);
}

bool girih::isFollowedByAll(const Domain &domain, int64_t dim) {
  return llvm::all_of(llvm::seq<unsigned>(0, domain.stages.size()), [&](unsigned s) {
    bool follows = false, hasWindow = false;
    for (unsigned l = 0; l < domain.stages[s].dims.size(); ++l)
      if (auto w = getWindow(domain, s, l); w && w->source == dim) (w->isOne() ? follows : hasWindow) = true;
    return follows && !hasWindow;
  });
}

double girih::getLiveBytes(const Domain &domain, const Guesses &guesses, int64_t along, int64_t rows) {
  size_t n = domain.stages.size();
  SmallVector<double> bytes(n);
  SmallVector<size_t> last(n);
  for (auto [s, stage] : llvm::enumerate(domain.stages)) {
    bytes[s] = double(getStorageBytes(getStageType(stage)));
    for (unsigned d = 0; d < stage.dims.size(); ++d) {
      auto w = getWindow(domain, s, d);
      if (w && w->source == along)
        bytes[s] *= double(w->getExtent(rows));
      else if (!w || w->source > along || !isFollowedByAll(domain, w->source))
        bytes[s] *= double(guesses.get(stage.dims[d].extent));
      if (w && w->source == along && w->getOverlap() > 0) last[s] = n; // the next step takes it up
    }
    for (const Access &a : stage.accesses)
      if (a.stage >= 0) last[a.stage] = std::max(last[a.stage], s);
  }
  for (const Access &a : domain.accesses)
    if (a.stage >= 0) last[a.stage] = n;
  double most = 0;
  for (size_t now = 0; now <= n; ++now) {
    double live = 0;
    for (size_t s = 0; s < n; ++s)
      if (s <= now && last[s] >= now) live += bytes[s];
    most = std::max(most, live);
  }
  return most;
}

int64_t girih::getLeastRows(const Domain &domain, const Guesses &guesses, int64_t along) {
  constexpr int64_t kRowsOfWeights = 16;
  int64_t least = 1;
  for (auto [s, stage] : llvm::enumerate(domain.stages))
    for (const Access &a : stage.accesses) {
      if (!llvm::is_contained(stage.packed, a.buffer)) continue;
      int64_t rows = 1;
      for (unsigned d = 0; d < stage.dims.size(); ++d) {
        auto w = getWindow(domain, s, d);
        bool isStep = w && w->source <= along && (w->source == along || isFollowedByAll(domain, w->source));
        if (!isStep && !a.lin.has(stage.variable(d))) rows *= guesses.get(stage.dims[d].extent);
      }
      least = std::max<int64_t>(least, llvm::divideCeil(kRowsOfWeights, rows));
    }
  return least;
}
