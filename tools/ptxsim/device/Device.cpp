#include "tools/ptxsim/Simulator.h"
#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <cstring>

namespace girih::ptx {

const Program *LoadedModule::kernel(const std::string &name) const {
  auto it = kernels.find(name);
  return it == kernels.end() ? nullptr : it->second.get();
}

std::optional<LoadedModule::Global> LoadedModule::global(const std::string &name) const {
  auto it = parsed->variableByName.find(name);
  if (it == parsed->variableByName.end() || !addresses.count(it->second)) return std::nullopt;
  return Global{addresses.at(it->second), it->second->size};
}

uint64_t LoadedModule::variable(const Variable &v) const {
  auto it = addresses.find(&v);
  return it == addresses.end() ? 0 : it->second;
}

Device::Device(const DeviceOptions &options)
    : settings(options), deviceMemory(options.memoryBytes), backend(chooseBackend()) {}
Device::~Device() = default;

LoadedModule *Device::load(std::string text, std::string file, std::string &error) {
  if (!backend)
    return error = "error: the simulator needs a processor with AVX2, FMA, BMI2 and F16C", nullptr;
  if (!deviceMemory.valid())
    return error = "error: the host gives no address space for the device's memory", nullptr;
  auto loaded = std::make_unique<LoadedModule>();
  loaded->parsed = parseModule(std::move(text), std::move(file), error);
  if (!loaded->parsed) return nullptr;
  LoadedModule *result = loaded.get();
  bool ok = place(*loaded, error);
  std::vector<const Function *> reached;
  for (const Function &f : result->parsed->functions) {
    if (!ok || !f.isEntry || !f.hasBody) continue;
    auto program = decodeKernel(*result->parsed, f, *result, *backend, error);
    ok = program != nullptr;
    if (!ok) break;
    for (const CodeFunction &c : program->functions)
      reached.push_back(c.function);
    result->kernels[f.name] = std::move(program);
  }
  // What no kernel reaches is checked all the same.
  for (const Function &f : result->parsed->functions)
    if (ok && f.hasBody && std::find(reached.begin(), reached.end(), &f) == reached.end())
      ok = decodeKernel(*result->parsed, f, *result, *backend, error) != nullptr;
  {
    std::lock_guard<std::mutex> guard(lock);
    modules.push_back(std::move(loaded));
  }
  if (ok) return result;
  unload(result);
  return nullptr;
}

/// Gives the module's variables memory and initial values.
bool Device::place(LoadedModule &m, std::string &error) {
  const Module &module = *m.parsed;
  std::vector<const Variable *> all;
  auto collect = [&](const std::deque<Variable> &list) {
    for (const Variable &v : list)
      if ((v.space == Space::Global || v.space == Space::Const) && !v.isExtern) all.push_back(&v);
  };
  collect(module.variables);
  for (const Function &f : module.functions)
    collect(f.variables);
  for (const Variable *v : all) {
    uint64_t address = deviceMemory.allocate(v->size, v->space == Space::Const ? Memory::Kind::Constant
                                                                               : Memory::Kind::Device);
    if (!address)
      return error = formatError(module.file, v->where, "no device memory for '" + v->name + "'"), false;
    m.addresses[v] = address;
    if (!v->bytes.empty())
      memcpy(hostPointer(address), v->bytes.data(), std::min<uint64_t>(v->bytes.size(), v->size));
  }
  for (const Variable *v : all)
    for (const Relocation &r : v->relocations) {
      uint64_t value = 0;
      auto variable = module.variableByName.find(r.name);
      auto function = module.functionByName.find(r.name);
      if (variable != module.variableByName.end() && m.addresses.count(variable->second)) {
        value = m.addresses[variable->second];
      } else if (function != module.functionByName.end()) {
        for (size_t n = 0; n < module.functions.size(); ++n)
          if (&module.functions[n] == function->second) value = functionWindow + n;
      } else {
        return error =
                   formatError(module.file, r.where,
                               "'" + std::string(r.name) + "' is not a variable or function of this module"),
               false;
      }
      value += uint64_t(r.addend);
      value >>= 8 * (r.shift & 7);
      memcpy(hostPointer(m.addresses[v] + r.offset), &value, std::min<unsigned>(r.bytes, 8));
    }
  return true;
}

void Device::unload(LoadedModule *module) {
  for (auto [variable, address] : module->addresses)
    deviceMemory.release(address);
  std::lock_guard<std::mutex> guard(lock);
  std::erase_if(modules, [&](const auto &m) { return m.get() == module; });
}

std::string Device::refusal(const Program &program, const Launch &launch) const {
  const Function &f = *program.functions[0].function;
  uint64_t threads = 1, clusterBlocks = 1;
  for (unsigned d = 0; d < 3; ++d) {
    if (launch.grid[d] == 0 || launch.block[d] == 0 || launch.cluster[d] == 0)
      return "grid, block and cluster need at least 1 in each dimension";
    if (launch.block[d] > 1024)
      return "a block has at most 1024 threads in a dimension, this one has " +
             std::to_string(launch.block[d]);
    if (launch.grid[d] % launch.cluster[d]) return "the grid is not a multiple of the cluster";
    threads *= launch.block[d], clusterBlocks *= launch.cluster[d];
    if (f.requiredThreads[0] && f.requiredThreads[d] != launch.block[d])
      return "kernel '" + f.name + "' requires blocks of " + std::to_string(f.requiredThreads[0]) + "x" +
             std::to_string(f.requiredThreads[1]) + "x" + std::to_string(f.requiredThreads[2]) + " threads";
  }
  if (threads > 1024) return "a block has at most 1024 threads, this one has " + std::to_string(threads);
  if (f.maxThreads[0] && threads > uint64_t(f.maxThreads[0]) * f.maxThreads[1] * f.maxThreads[2])
    return "kernel '" + f.name + "' allows fewer threads a block (.maxntid)";
  if (clusterBlocks > 16) return "a cluster has at most 16 blocks";
  if (launch.grid[0] > 0x7fffffff || launch.grid[1] > 65535 || launch.grid[2] > 65535)
    return "the grid is larger than 2147483647 x 65535 x 65535";
  uint64_t shared = uint64_t(program.sharedBytes) + launch.dynamicSharedBytes;
  uint64_t clusters = 1;
  for (unsigned d = 0; d < 3; ++d)
    clusters *= launch.grid[d] / launch.cluster[d];
  for (uint64_t index : launch.sample)
    if (index >= clusters)
      return "the sample names cluster " + std::to_string(index) + ", the grid has " +
             std::to_string(clusters);
  if (shared > settings.sharedBytesPerBlock)
    return "a block has at most " + std::to_string(settings.sharedBytesPerBlock) +
           " bytes of shared memory, this one needs " + std::to_string(shared);
  return "";
}

void takeClusterOf(const Program &program, Launch &launch) {
  const Function &f = *program.functions[0].function;
  if (f.clusterSize[0] && launch.cluster[0] == 1 && launch.cluster[1] == 1 && launch.cluster[2] == 1)
    std::copy(f.clusterSize, f.clusterSize + 3, launch.cluster);
}

LaunchResult Device::launch(const Program &program, const Launch &given) {
  LaunchResult result;
  Launch launch = given;
  takeClusterOf(program, launch);
  std::string problem = refusal(program, launch);
  if (!problem.empty()) {
    Report r;
    r.kind = "launch", r.message = problem;
    result.reports.push_back(r);
    return result;
  }
  Launcher launcher(settings, deviceMemory, program, launch, result);
  launcher.run();
  // What ended the launch first; a read of what was never written may be the consequence of anything else.
  auto rank = [](const Report &r) {
    return r.kind == "limit"                         ? 3
           : r.kind == "uninitialised"               ? 2
           : r.kind == "race" || r.kind == "barrier" ? 1
                                                     : 0;
  };
  constexpr unsigned mostOfKind = 5;
  std::map<std::string, unsigned> ofKind;
  std::vector<Report> sorted;
  for (int n = 0; n < 4; ++n)
    for (Report &r : result.reports)
      if (rank(r) == n && ++ofKind[r.kind] <= mostOfKind) sorted.push_back(r);
  result.moreReports += result.reports.size() - sorted.size();
  result.reports = std::move(sorted);
  return result;
}

std::string formatReport(const Module &module, const Report &r) {
  auto place = [&](const Instruction &i) {
    std::string s = "line " + std::to_string(i.where.line) + ": " + i.text();
    if (!i.source.line) return s;
    auto it = module.sourceFiles.find(i.source.file);
    return s + " (" +
           (it == module.sourceFiles.end() ? "file " + std::to_string(i.source.file) : it->second) + ":" +
           std::to_string(i.source.line) + ")";
  };
  auto triple = [](const uint32_t (&v)[3]) {
    return "(" + std::to_string(v[0]) + "," + std::to_string(v[1]) + "," + std::to_string(v[2]) + ")";
  };
  std::string s = module.file + ":";
  if (r.instruction) s += std::to_string(r.instruction->where.line) + ":";
  s += " " + r.kind + ": " + r.message;
  if (!r.instruction) return s;
  s += "\n  at " + place(*r.instruction);
  if (r.other) s += "\n  and " + place(*r.other);
  if (!r.place.empty()) s += "\n  " + r.place;
  return s + "\n  block " + triple(r.block) + ", thread " + triple(r.thread);
}

} // namespace girih::ptx
