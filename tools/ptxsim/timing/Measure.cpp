#include "tools/ptxsim/timing/Measure.h"
#include <algorithm>
#include <numeric>
#include <optional>

namespace girih::ptx {

static const Gpu *nearestGpu(const std::string &target) {
  unsigned number = unsigned(strtoul(target.c_str() + std::min<size_t>(3, target.size()), nullptr, 10));
  return findGpu(number >= 100 ? "rtx5090" : number >= 90 ? "h100" : number == 89 ? "rtx4090" : "a100");
}

/// So many of `count` things, spread evenly by steps of the golden section; since the step has no divisor in
/// common with the count, all columns of the grid come in turn.
static std::vector<uint64_t> spread(uint64_t count, uint64_t wanted) {
  std::vector<uint64_t> result;
  wanted = std::clamp<uint64_t>(wanted, 1, count);
  uint64_t stride = std::max<uint64_t>(1, uint64_t(double(count) * 0.618));
  while (std::gcd(stride, count) != 1)
    --stride;
  for (uint64_t n = 0; n < wanted; ++n)
    result.push_back(uint64_t(static_cast<unsigned __int128>(n) * stride % count));
  std::sort(result.begin(), result.end());
  return result;
}

/// A sample is made of groups of neighbours, so that what they share is seen to be shared: a row of the grid
/// if it is short.
static std::vector<uint64_t> sampleOf(uint64_t count, uint64_t row, uint64_t wanted) {
  uint64_t group = row <= 16 ? row : 8;
  if (wanted >= count || count <= group) return {};
  std::vector<uint64_t> result;
  for (uint64_t g : spread((count + group - 1) / group, std::max<uint64_t>(1, wanted / group)))
    for (uint64_t n = g * group; n < std::min(count, (g + 1) * group); ++n)
      result.push_back(n);
  return result;
}

/// The index in the grid of a cluster's block.
static uint64_t blockOf(const Launch &launch, uint64_t cluster, uint64_t within) {
  uint64_t result = 0, row = 1;
  for (unsigned d = 0; d < 3; ++d) {
    uint64_t clusters = launch.grid[d] / launch.cluster[d];
    result += row * (cluster % clusters * launch.cluster[d] + within % launch.cluster[d]);
    cluster /= clusters, within /= launch.cluster[d], row *= launch.grid[d];
  }
  return result;
}

Measurement measure(Device &device, const Program &program, Launch launch, const MeasureOptions &options,
                    LaunchResult &result) {
  Measurement m;
  m.gpu = options.gpu ? options.gpu : nearestGpu(program.module->target);
  takeClusterOf(program, launch);
  uint64_t clusterBlocks = uint64_t(launch.cluster[0]) * launch.cluster[1] * launch.cluster[2];
  m.gridBlocks = uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  if (options.sampleBlocks && device.refusal(program, launch).empty())
    launch.sample = sampleOf(m.gridBlocks / clusterBlocks, launch.grid[0] / launch.cluster[0],
                             std::max<uint64_t>(1, options.sampleBlocks / clusterBlocks));
  // An SM's share of the blocks is replayed.
  uint64_t ran = launch.sample.empty() ? m.gridBlocks : launch.sample.size() * clusterBlocks;
  std::unordered_set<uint64_t> traced;
  for (uint64_t n : spread(ran, std::min({blocksOfSm(m.gridBlocks, *m.gpu), mostReplayed, ran})))
    traced.insert(
        launch.sample.empty() ? n : blockOf(launch, launch.sample[n / clusterBlocks], n % clusterBlocks));

  Merges merges = mergesOf(program);
  Recorder recorder(std::move(traced), merges);
  std::optional<Observers> both;
  if (launch.observer) both.emplace(*launch.observer, recorder);
  launch.observer = both ? static_cast<Observer *>(&*both) : &recorder;
  launch.observeInstructions = launch.count = true;
  result = device.launch(program, launch);
  if (!result.ok()) return m;
  recorder.finish();
  m.ranBlocks = recorder.blocks;
  m.executions = result.executions, m.laneExecutions = result.laneExecutions;
  m.memory = recorder.counters;
  m.occupancy = occupancyOf(program, launch, *m.gpu);
  Footprint footprint(recorder, m.gridBlocks, uint64_t(std::max(1u, m.occupancy.blocks)) * m.gpu->sms,
                      *m.gpu);
  m.readBytes = footprint.readBytes, m.writtenBytes = footprint.writtenBytes;
  m.dramReadBytes = footprint.dramReadBytes, m.dramWrittenBytes = footprint.dramWrittenBytes;
  if (m.fits()) {
    ProgramCosts costs = costsOf(program, *m.gpu);
    applyMerges(merges, costs);
    m.time = estimateTime(program, costs, recorder.traces, footprint, m.occupancy, m.gridBlocks, *m.gpu);
  }
  if (m.time.stuck) result.reports.push_back(*m.time.stuck);
  return m;
}

} // namespace girih::ptx
