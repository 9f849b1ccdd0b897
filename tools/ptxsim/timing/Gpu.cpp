#include "tools/ptxsim/timing/Gpu.h"
#include <nlohmann/json.hpp>

namespace girih::ptx {

static constexpr const char *dataFile =
#include "tools/ptxsim/timing/gpus.inc"
    ;

static std::vector<Gpu> readGpus() {
  // Part of the program, and tested: nothing can be missing.
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(dataFile);
  const auto &common = json["common"];
  std::vector<Gpu> result;
  for (const auto &[key, g] : json["gpus"].items()) {
    Gpu &out = result.emplace_back();
    out.key = key, out.name = g["name"], out.target = g["target"];
    for (const auto &s : g["sources"])
      out.sources.push_back(s);
    out.sms = g["sms"], out.warps = g["warps"], out.blocks = g["blocks"], out.registers = g["registers"];
    out.sharedBytes = g["shared_kb"].get<unsigned>() << 10, out.l1Bytes = g["l1_kb"].get<unsigned>() << 10;
    out.sharedReserved = common["shared_reserved"];
    out.l2Bytes = g["l2_mb"].get<uint64_t>() << 20;
    out.clockMhz = g["clock_mhz"];
    out.l2BytesPerClock = g["l2_bytes_per_clock"], out.l2PortBytes = g["l2_port_bytes"];
    out.dramBytesPerClock =
        g["dram_gbs"].get<double>() * 1e3 / out.clockMhz * common["dram_efficiency"].get<double>();
    out.launchCycles = common["launch_us"].get<double>() * out.clockMhz;
    const auto &lanes = g["lanes"];
    out.lanes = {lanes["fp32"], lanes["int"],  lanes["logic"], lanes["imad"],
                 lanes["half"], lanes["fp64"], lanes["sfu"],   lanes["convert"]};
    out.mma = g["mma"].get<std::map<std::string, double>>();
    if (g.contains("wgmma")) out.wgmma = g["wgmma"].get<std::map<std::string, double>>();
    out.mmaLatencyFixed = g["mma_latency"]["fixed"], out.mmaLatencyIntervals = g["mma_latency"]["intervals"];
    const auto &l = g["latency"];
    out.latency = {l["alu"],
                   l["sfu"],
                   l["fp64"],
                   l["shared"],
                   l["l1"],
                   l["l2"],
                   l["dram"],
                   common["branch_latency"],
                   common["barrier_latency"],
                   common["cluster_latency"],
                   common["shuffle_latency"]};
    out.window = common["window"];
  }
  return result;
}

const std::vector<Gpu> &gpus() {
  static const std::vector<Gpu> all = readGpus();
  return all;
}

const Gpu *findGpu(const std::string &key) {
  for (const Gpu &g : gpus())
    if (g.key == key) return &g;
  return nullptr;
}

} // namespace girih::ptx
