#include "tools/ptxsim/timing/Measure.h"
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace girih::ptx {

static constexpr const char *classNames[] = {
#define X(NAME, TEXT) TEXT,
    GIRIH_PTX_CLASSES(X)
#undef X
};
static constexpr unsigned classCount = std::size(classNames);

namespace {
/// What follows from how often each instruction was issued.
struct Issued {
  uint64_t warps = 0, lanes = 0, byClass[classCount] = {}, mma = 0;
  double mmaWork = 0; // multiply-adds

  Issued(const Program &program, const Measurement &m) {
    for (size_t n = 0; n < m.executions.size(); ++n) {
      const Inst &inst = program.code[n];
      warps += m.executions[n], lanes += m.laneExecutions[n];
      byClass[unsigned(inst.cls)] += m.executions[n];
      if (inst.cls != Class::Mma || !inst.source) continue;
      std::string rate;
      mma += m.executions[n], mmaWork += girih::ptx::mmaWork(*inst.source, rate) * double(m.executions[n]);
    }
  }
};
} // namespace

static double ratio(double a, double b) {
  return b ? a / b : 0;
}

[[gnu::format(printf, 2, 3)]] static void line(std::string &out, const char *format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  out += buffer;
  out += '\n';
}

using Long = unsigned long long;

static void countersTable(std::string &s, const Program &program, const Measurement &m) {
  Issued issued(program, m);
  const MemoryCounters &c = m.memory;
  double warps = double(m.ranBlocks) * m.occupancy.warpsPerBlock;
  line(s, "instructions");
  line(s, "  %-34s %14llu  %.1f a warp", "issued for warps", Long(issued.warps),
       ratio(double(issued.warps), warps));
  line(s, "  %-34s %14llu  %.1f lanes an instruction", "executed by threads", Long(issued.lanes),
       ratio(double(issued.lanes), double(issued.warps)));
  for (unsigned n = 0; n < classCount; ++n)
    if (issued.byClass[n])
      line(s, "    %-32s %14llu  %5.1f %%", classNames[n], Long(issued.byClass[n]),
           100 * ratio(double(issued.byClass[n]), double(issued.warps)));
  if (issued.mma)
    line(s, "  %-34s %14.4g  in %llu mma", "multiply-adds of matrix units", issued.mmaWork, Long(issued.mma));
  line(s, "  %-34s %14llu  of %llu conditional", "divergent branches", Long(c.divergentBranches),
       Long(c.branches));
  line(s, "global memory");
  line(s, "  %-34s %14llu  %.2f sectors each, %.0f %% of their bytes used", "load requests",
       Long(c.loadRequests), ratio(double(c.loadSectors), double(c.loadRequests)),
       100 * ratio(double(c.loadBytes), double(c.loadSectors) * sectorBytes));
  if (c.asyncRequests) line(s, "  %-34s %14llu", "  of them cp.async", Long(c.asyncRequests));
  line(s, "  %-34s %14llu  %.2f sectors each, %.0f %% of their bytes used", "store requests",
       Long(c.storeRequests), ratio(double(c.storeSectors), double(c.storeRequests)),
       100 * ratio(double(c.storeBytes), double(c.storeSectors) * sectorBytes));
  if (c.atomicRequests)
    line(s, "  %-34s %14llu  %llu lanes", "atomic requests", Long(c.atomicRequests), Long(c.atomicLanes));
  line(s, "  %-34s %14llu", "bytes loaded", Long(c.loadBytes));
  line(s, "  %-34s %14llu", "bytes stored", Long(c.storeBytes));
  line(s, "  %-34s %14.0f", "different bytes read", m.readBytes);
  line(s, "  %-34s %14.0f", "different bytes written", m.writtenBytes);
  line(s, "  %-34s %14.0f  L2 of %llu MiB, empty at the start", "bytes from DRAM", m.dramReadBytes,
       Long(m.gpu->l2Bytes >> 20));
  line(s, "  %-34s %14.0f", "bytes to DRAM", m.dramWrittenBytes);
  if (c.localRequests) line(s, "  %-34s %14llu", "requests of local memory", Long(c.localRequests));
  line(s, "shared memory");
  line(s, "  %-34s %14llu", "requests", Long(c.sharedRequests));
  line(s, "  %-34s %14llu  %llu of them bank conflicts", "wavefronts", Long(c.sharedWavefronts),
       Long(c.sharedWavefronts - std::min(c.sharedWavefronts, c.sharedIdeal)));
  if (c.sharedAtomics) line(s, "  %-34s %14llu", "atomics", Long(c.sharedAtomics));
  line(s, "synchronisation");
  line(s, "  %-34s %14llu  %.1f a block", "barriers completed", Long(c.barriers),
       ratio(double(c.barriers), double(m.ranBlocks)));
  if (c.fences) line(s, "  %-34s %14llu", "fences", Long(c.fences));
  const Occupancy &o = m.occupancy;
  line(s, "occupancy on %s", m.gpu->name.c_str());
  line(s, "  %-34s %14u  by %s", "registers a thread", o.registers, o.registerSource.c_str());
  line(s, "  %-34s %14u", "bytes of shared memory a block", o.sharedBytes);
  line(s, "  %-34s %14u  %u of %u warps (%.0f %%), limited by %s", "blocks an SM", o.blocks,
       o.blocks * o.warpsPerBlock, m.gpu->warps, 100 * o.fraction, o.limit.c_str());
}

static void timeTable(std::string &s, const Measurement &m) {
  const TimeEstimate &t = m.time;
  const Gpu &g = *m.gpu;
  if (!m.fits()) {
    line(s, "no modelled time: a block does not fit on an SM of %s, limited by %s", g.name.c_str(),
         m.occupancy.limit.c_str());
    return;
  }
  line(s, "modelled time on %s", g.name.c_str());
  line(s, "  %-34s %14.0f  %.1f us at %.0f MHz, %.0f of them for the launch", "cycles", t.cycles,
       t.cycles / g.clockMhz, g.clockMhz, t.launchCycles);
  line(s, "  %-34s %14.2f  %u of %u SMs busy, %u blocks at once on each", "waves", t.waves, t.activeSms,
       g.sms, t.blocksPerSm);
  if (t.replayedBlocks < t.blocksOfSm)
    line(s, "  %-34s %14llu  of the %llu of an SM; the rest is extrapolated", "blocks replayed",
         Long(t.replayedBlocks), Long(t.blocksOfSm));
  line(s, "  %-34s %14s", "limited by", t.limit.c_str());
  auto busy = [&](const char *name, double part) {
    if (part > 0.005) line(s, "    %-32s %12.0f %%", name, 100 * part);
  };
  line(s, "  busy");
  busy("issue slots", t.issueBusy);
  for (unsigned p = 1; p < pipeCount; ++p)
    busy((std::string(pipeName(Pipe(p))) + " pipe").c_str(), t.pipeBusy[p]);
  busy("L1 and shared memory", t.l1Busy);
  busy("L2 bandwidth", t.l2Busy);
  busy("DRAM bandwidth", t.dramBusy);
}

std::string formatMeasurement(const Program &program, const Measurement &m, bool counters, bool time) {
  std::string s;
  if (m.sampled())
    line(s,
         "a sample: %llu of %llu blocks ran; counts are of these, bytes of DRAM and time of the whole grid",
         Long(m.ranBlocks), Long(m.gridBlocks));
  if (counters) countersTable(s, program, m);
  if (time) timeTable(s, m);
  return s;
}

std::string measurementJson(const Program &program, const Measurement &m) {
  using Json = nlohmann::ordered_json;
  Issued issued(program, m);
  const MemoryCounters &c = m.memory;
  Json classes;
  for (unsigned n = 0; n < classCount; ++n)
    if (issued.byClass[n]) classes[classNames[n]] = issued.byClass[n];
  Json counters = {{"grid_blocks", m.gridBlocks},
                   {"ran_blocks", m.ranBlocks},
                   {"warps_per_block", m.occupancy.warpsPerBlock},
                   {"warp_instructions", issued.warps},
                   {"thread_instructions", issued.lanes},
                   {"by_class", classes},
                   {"mma", issued.mma},
                   {"mma_multiply_adds", issued.mmaWork},
                   {"branches", c.branches},
                   {"divergent_branches", c.divergentBranches},
                   {"global_load_requests", c.loadRequests},
                   {"global_load_sectors", c.loadSectors},
                   {"global_load_bytes", c.loadBytes},
                   {"async_copy_requests", c.asyncRequests},
                   {"async_copy_sectors", c.asyncSectors},
                   {"global_store_requests", c.storeRequests},
                   {"global_store_sectors", c.storeSectors},
                   {"global_store_bytes", c.storeBytes},
                   {"global_atomic_requests", c.atomicRequests},
                   {"global_atomic_lanes", c.atomicLanes},
                   {"local_requests", c.localRequests},
                   {"shared_requests", c.sharedRequests},
                   {"shared_wavefronts", c.sharedWavefronts},
                   {"shared_wavefronts_ideal", c.sharedIdeal},
                   {"shared_atomics", c.sharedAtomics},
                   {"barriers", c.barriers},
                   {"warp_syncs", c.warpSyncs},
                   {"fences", c.fences},
                   {"unique_bytes_read", m.readBytes},
                   {"unique_bytes_written", m.writtenBytes},
                   {"dram_bytes_read", m.dramReadBytes},
                   {"dram_bytes_written", m.dramWrittenBytes}};
  const Occupancy &o = m.occupancy;
  Json occupancy = {{"registers", o.registers},
                    {"registers_from", o.registerSource},
                    {"shared_bytes", o.sharedBytes},
                    {"blocks_per_sm", o.blocks},
                    {"limit", o.limit},
                    {"fraction", o.fraction}};
  const TimeEstimate &t = m.time;
  Json busy = {{"issue slots", t.issueBusy},
               {"L1 and shared memory", t.l1Busy},
               {"L2 bandwidth", t.l2Busy},
               {"DRAM bandwidth", t.dramBusy}};
  for (unsigned p = 1; p < pipeCount; ++p)
    busy[std::string(pipeName(Pipe(p))) + " pipe"] = t.pipeBusy[p];
  Json time = {{"cycles", t.cycles},
               {"microseconds", t.cycles / m.gpu->clockMhz},
               {"launch_cycles", t.launchCycles},
               {"waves", t.waves},
               {"active_sms", t.activeSms},
               {"replayed_blocks", t.replayedBlocks},
               {"blocks_of_sm", t.blocksOfSm},
               {"limit", t.limit},
               {"busy", busy}};
  Json all = {{"gpu", m.gpu->key},
              {"counters", counters},
              {"occupancy", occupancy},
              {"time", m.fits() ? time : Json()}};
  return all.dump();
}

} // namespace girih::ptx
