#include "tools/ptxsim/cli/LaunchFile.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace girih::ptx {

using Json = nlohmann::json;

static bool readTriple(const Json &json, const char *key, uint32_t (&out)[3], std::string &error) {
  if (!json.contains(key)) return true;
  const Json &list = json[key];
  if (!list.is_array() || list.empty() || list.size() > 3)
    return error = std::string("'") + key + "' must be a list of 1 to 3 numbers", false;
  for (size_t n = 0; n < list.size(); ++n) {
    if (!list[n].is_number_unsigned() || list[n].get<uint64_t>() > UINT32_MAX)
      return error = std::string("'") + key + "' must hold numbers from 1", false;
    out[n] = list[n].get<uint32_t>();
  }
  return true;
}

template <class T> static T numberOr(const Json &json, const char *key, T otherwise) {
  return json.contains(key) && json[key].is_number() ? json[key].get<T>() : otherwise;
}

bool readLaunchFile(const std::string &path, LaunchFile &file, std::string &error) {
  std::ifstream in(path);
  if (!in) return error = "'" + path + "' can't be read", false;
  Json json = Json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return error = "'" + path + "' is not a JSON object", false;
  if (!json.contains("entry") || !json["entry"].is_string())
    return error = "'" + path + "' has no \"entry\", the kernel's name", false;
  file.entry = json["entry"].get<std::string>();
  if (!readTriple(json, "grid", file.launch.grid, error) ||
      !readTriple(json, "block", file.launch.block, error) ||
      !readTriple(json, "cluster", file.launch.cluster, error)) {
    error = "'" + path + "': " + error;
    return false;
  }
  file.launch.dynamicSharedBytes = numberOr<uint32_t>(json, "dynamic_shared_bytes", 0);
  file.extraNullPointers = std::min(numberOr<uint32_t>(json, "extra_null_pointers", 0), 64u);
  file.tolerance = numberOr<double>(json, "tolerance_relative_to_max", 0);
  Json none = Json::array();
  for (const Json &p : json.contains("params") ? json["params"] : none) {
    LaunchFile::Parameter &out = file.params.emplace_back();
    for (auto [key, to] : {std::pair{"name", &out.name}, {"kind", &out.kind}, {"dtype", &out.dtype}})
      if (p.is_object() && p.contains(key) && p[key].is_string()) *to = p[key].get<std::string>();
    if (out.name.empty() || out.kind.empty())
      return error = "'" + path + "': a parameter needs \"name\" and \"kind\"", false;
    out.number = numberOr<double>(p, "value", 0), out.integer = numberOr<int64_t>(p, "value", 0);
  }
  return true;
}

bool prepareLaunch(Device &device, const Program &program, LaunchFile &file, LaunchData &data,
                   std::string &error) {
  size_t given = file.params.size() + file.extraNullPointers;
  if (given != program.params.size())
    return error = "kernel '" + file.entry + "' has " + std::to_string(program.params.size()) +
                   " parameters, the launch gives " + std::to_string(given),
           false;
  file.launch.params.assign(program.paramBytes, 0);
  for (size_t n = 0; n < file.params.size(); ++n) {
    const LaunchFile::Parameter &p = file.params[n];
    const KernelParameter &to = program.params[n];
    uint64_t bits = 0;
    unsigned bytes = 8;
    if (p.kind == "buffer") {
      auto it = data.arrays.find("buf::" + p.name);
      if (it == data.arrays.end())
        return error = "there is no array 'buf::" + p.name + "' for the buffer '" + p.name + "'", false;
      bits = device.memory().allocate(it->second.data.size());
      if (!bits) return error = "no device memory for the buffer '" + p.name + "'", false;
      memcpy(device.memory().origin() + bits, it->second.data.data(), it->second.data.size());
      data.addresses[p.name] = bits;
    } else if (p.kind == "f32") {
      float value = float(p.number);
      memcpy(&bits, &value, bytes = 4);
    } else if (p.kind == "f64") {
      memcpy(&bits, &p.number, 8);
    } else if ((p.kind[0] == 'i' || p.kind[0] == 'u') &&
               (p.kind.substr(1) == "8" || p.kind.substr(1) == "16" || p.kind.substr(1) == "32" ||
                p.kind.substr(1) == "64")) {
      bits = uint64_t(p.integer);
      bytes = unsigned(std::stoi(p.kind.substr(1))) / 8;
    } else {
      return error = "parameter '" + p.name + "': kind '" + p.kind +
                     "' is unknown; buffer, i32, i64, f32 and f64 are known",
             false;
    }
    if (bytes != to.bytes)
      return error = "parameter '" + p.name + "' has " + std::to_string(bytes) + " bytes, the kernel's has " +
                     std::to_string(to.bytes),
             false;
    memcpy(file.launch.params.data() + to.offset, &bits, bytes);
  }
  return true;
}

std::vector<Comparison> compareResults(Device &device, const LaunchFile &file, const LaunchData &data) {
  std::vector<Comparison> results;
  for (const auto &[name, expected] : data.arrays) {
    if (name.rfind("out::", 0) != 0) continue;
    Comparison &c = results.emplace_back();
    c.buffer = name.substr(5);
    auto address = data.addresses.find(c.buffer);
    NpyArray got = expected;
    const char *from = address == data.addresses.end()
                           ? nullptr
                           : device.memory().pointer(address->second, expected.data.size());
    if (!from) {
      c.ok = false, c.largestError = INFINITY;
      continue;
    }
    memcpy(got.data.data(), from, got.data.size());
    for (uint64_t n = 0; n < expected.elements(); ++n) {
      double want = expected.at(n), have = got.at(n), error = std::fabs(want - have);
      if (want == have || (std::isnan(want) && std::isnan(have)))
        error = 0;
      else if (std::isnan(error))
        error = INFINITY;
      if (std::isfinite(want)) c.largestExpected = std::max(c.largestExpected, std::fabs(want));
      if (error > c.largestError) c.largestError = error, c.at = n;
    }
    c.ok = c.largestError <= file.tolerance * c.largestExpected;
  }
  return results;
}

} // namespace girih::ptx
