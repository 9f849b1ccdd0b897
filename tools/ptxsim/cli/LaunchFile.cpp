#include "tools/ptxsim/cli/LaunchFile.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
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

/// The integer that `key` has, from `low` to `high`; what it was if the key is not there.
template <class T>
static bool readInteger(const Json &json, const char *key, int64_t low, uint64_t high, T &out,
                        std::string &error) {
  if (!json.contains(key)) return true;
  const Json &n = json[key];
  bool fits =
      n.is_number_integer() &&
      (n.is_number_unsigned() ? n.get<uint64_t>() <= high && (low <= 0 || n.get<uint64_t>() >= uint64_t(low))
                              : n.get<int64_t>() >= low);
  if (fits) return out = n.is_number_unsigned() ? T(n.get<uint64_t>()) : T(n.get<int64_t>()), true;
  error = "\"" + std::string(key) + "\" is " + n.dump(-1, ' ', false, Json::error_handler_t::replace) +
          ", it must be an integer from " + std::to_string(low) + " to " + std::to_string(high);
  return false;
}

/// Whether an object has no key but these, which are separated by blanks.
static bool hasOnly(const Json &json, std::string_view known, std::string &error) {
  for (const auto &entry : json.items()) {
    std::string_view rest = known;
    bool found = false;
    while (!rest.empty() && !found) {
      std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      found = word == entry.key();
    }
    if (!found) return error = "unknown key \"" + entry.key() + "\"; known are " + std::string(known), false;
  }
  return true;
}

/// Numbers of a list, one a dimension from `first` on; false if it is not so long as the tensor has
/// dimensions.
template <class T>
static bool readDimensions(const Json &p, const char *key, unsigned rank, unsigned first, T *out) {
  if (!p.contains(key) || !p[key].is_array() || p[key].size() != rank - first) return false;
  for (unsigned d = first; d < rank; ++d) {
    const Json &n = p[key][d - first];
    if (!n.is_number_unsigned() || n.get<uint64_t>() > std::numeric_limits<T>::max()) return false;
    out[d - first] = T(n.get<uint64_t>());
  }
  return true;
}

/// What a parameter of kind tensormap says of its tensor, but for the address.
static bool readTensorMap(const Json &p, LaunchFile::Parameter &out, std::string &error) {
  static constexpr std::string_view types[] = {"u8",  "u16", "u32",  "i32",     "u64",  "i64",     "f16",
                                               "f32", "f64", "bf16", "f32_ftz", "tf32", "tf32_ftz"};
  std::string type;
  for (auto [key, to] : {std::pair{"buffer", &out.buffer}, {"dtype", &type}})
    if (p.contains(key) && p[key].is_string()) *to = p[key].get<std::string>();
  TensorMap &map = out.map;
  map.isMap = TensorMap::mark;
  auto known = std::find(std::begin(types), std::end(types), type);
  map.type = TensorType(known - std::begin(types));
  size_t rank = p.contains("sizes") && p["sizes"].is_array() ? p["sizes"].size() : 0;
  if (known == std::end(types) || out.buffer.empty() || rank < 1 || rank > TensorMap::most)
    return error = "a tensormap needs \"buffer\", \"dtype\" and 1 to 5 \"sizes\"", false;
  map.rank = uint8_t(rank);
  std::fill_n(map.step, rank, 1);
  if (!readDimensions(p, "sizes", map.rank, 0, map.size) || !readDimensions(p, "box", map.rank, 0, map.box) ||
      !readDimensions(p, "strides", map.rank, 1, map.stride) ||
      (p.contains("element_strides") && !readDimensions(p, "element_strides", map.rank, 0, map.step)))
    return error = "\"sizes\", \"box\" and \"element_strides\" have a number for each "
                   "dimension, \"strides\" one for each but the first",
           false;
  uint32_t swizzle = 0;
  if (!readInteger(p, "swizzle", 0, 128, swizzle, error)) return false;
  map.swizzle = swizzle == 0 ? 0 : swizzle == 32 ? 1 : swizzle == 64 ? 2 : swizzle == 128 ? 3 : 255;
  map.fill = p.contains("fill") && p["fill"] == "nan";
  if (p.contains("fill") && !map.fill && p["fill"] != "zero")
    return error = "\"fill\" must be \"zero\" or \"nan\"", false;
  return true;
}

/// How many bits the kind of a number has: i8 to f64; 0 for other kinds.
static unsigned numberBits(const std::string &kind) {
  for (unsigned bits : {8u, 16u, 32u, 64u})
    if (kind.size() > 1 && kind.substr(1) == std::to_string(bits) &&
        (kind[0] == 'i' || kind[0] == 'u' || (kind[0] == 'f' && bits >= 32)))
      return bits;
  return 0;
}

/// The value of a number.
static bool readValue(const Json &p, LaunchFile::Parameter &out, std::string &error) {
  if (!p.contains("value")) return error = "a parameter of kind " + out.kind + " needs \"value\"", false;
  unsigned bits = numberBits(out.kind);
  if (out.kind[0] == 'f') {
    const Json &n = p["value"];
    out.number = n.is_number() ? n.get<double>() : 0;
    if (n.is_number() && (bits == 64 || std::isfinite(float(out.number)))) return true;
    return error = "\"value\" is " + n.dump(-1, ' ', false, Json::error_handler_t::replace) +
                   ", it must be " + (n.is_number() ? "within the range of " + out.kind : "a number"),
           false;
  }
  uint64_t high = ~uint64_t(0) >> (64 - bits);
  if (out.kind[0] == 'u') return readInteger(p, "value", 0, high, out.integer, error);
  return readInteger(p, "value", -int64_t(high >> 1) - 1, high >> 1, out.integer, error);
}

static bool readParameters(const Json &list, std::vector<LaunchFile::Parameter> &params, std::string &error,
                           unsigned depth = 0);

static bool readParameter(const Json &p, LaunchFile::Parameter &out, std::string &error, unsigned depth) {
  constexpr uint64_t most = uint64_t(1) << 48;
  std::string known = depth ? "name kind offset" : "name kind";
  if (!readInteger(p, "offset", 0, 1 << 16, out.offset, error) ||
      !readInteger(p, "bytes", 1, most, out.bytes, error))
    return false;
  if (depth && !p.contains("offset")) return error = "a field of a struct needs \"offset\"", false;
  if (numberBits(out.kind)) return hasOnly(p, known + " value", error) && readValue(p, out, error);
  if (out.kind == "buffer") return hasOnly(p, known + " bytes dtype", error);
  if (out.kind == "tensormap")
    return hasOnly(p, known + " bytes buffer dtype sizes strides box element_strides swizzle fill", error) &&
           readTensorMap(p, out, error);
  if (out.kind != "struct")
    return error = "kind '" + out.kind +
                   "' is unknown; buffer, tensormap, struct, i8 to i64, u8 to u64, f32 and f64 are known",
           false;
  if (!out.bytes) return error = "a struct needs \"bytes\", its size", false;
  return hasOnly(p, known + " bytes fields", error) &&
         (!p.contains("fields") || readParameters(p["fields"], out.fields, error, depth + 1));
}

static bool readParameters(const Json &list, std::vector<LaunchFile::Parameter> &params, std::string &error,
                           unsigned depth) {
  if (!list.is_array() || depth > 4) return error = "parameters must be a list of objects", false;
  for (const Json &p : list) {
    LaunchFile::Parameter &out = params.emplace_back();
    for (auto [key, to] : {std::pair{"name", &out.name}, {"kind", &out.kind}})
      if (p.is_object() && p.contains(key) && p[key].is_string()) *to = p[key].get<std::string>();
    if (out.name.empty() || out.kind.empty())
      return error = "parameter " + std::to_string(params.size() - 1) + " needs \"name\" and \"kind\"", false;
    if (!readParameter(p, out, error, depth))
      return error = (depth ? "field '" : "parameter '") + out.name + "': " + error, false;
  }
  return true;
}

bool readLaunchFile(const std::string &path, LaunchFile &file, std::string &error) {
  std::ifstream in(path);
  if (!in) return error = "'" + path + "' can't be read", false;
  Json json = Json::parse(in, nullptr, /*allow_exceptions=*/false);
  auto fails = [&](const std::string &why) { return error = "'" + path + "'" + why, false; };
  if (!json.is_object()) return fails(json.is_discarded() ? " is not JSON" : " is not a JSON object");
  if (!json.contains("entry") || !json["entry"].is_string())
    return fails(" has no \"entry\", the kernel's name");
  file.entry = json["entry"].get<std::string>();
  // The last three say where a launch comes from.
  if (!hasOnly(json,
               "entry grid block cluster dynamic_shared_bytes cooperative params extra_null_pointers "
               "tolerance_relative_to_max made_with sm comment",
               error) ||
      !readTriple(json, "grid", file.launch.grid, error) ||
      !readTriple(json, "block", file.launch.block, error) ||
      !readTriple(json, "cluster", file.launch.cluster, error) ||
      !readInteger(json, "dynamic_shared_bytes", 0, UINT32_MAX, file.launch.dynamicSharedBytes, error) ||
      !readInteger(json, "extra_null_pointers", 0, 64, file.extraNullPointers, error))
    return fails(": " + error);
  if (json.contains("cooperative")) {
    if (!json["cooperative"].is_boolean()) return fails(": \"cooperative\" must be true or false");
    file.launch.cooperative = json["cooperative"].get<bool>();
  }
  if (json.contains("tolerance_relative_to_max")) {
    const Json &n = json["tolerance_relative_to_max"];
    file.tolerance = n.is_number() ? n.get<double>() : -1;
    if (file.tolerance < 0) return fails(": \"tolerance_relative_to_max\" must be a number from 0");
  }
  if (json.contains("params") && !readParameters(json["params"], file.params, error))
    return fails(": " + error);
  return true;
}

std::string bufferAt(const LaunchData &data, uint64_t address) {
  constexpr uint64_t near = 1 << 20;
  const std::pair<const std::string, LaunchData::Place> *best = nullptr;
  for (const auto &entry : data.places)
    if (entry.second.address <= address && (!best || entry.second.address > best->second.address))
      best = &entry;
  if (!best) return "";
  uint64_t byte = address - best->second.address, bytes = best->second.bytes;
  if (byte < bytes)
    return "in buffer '" + best->first + "', byte " + std::to_string(byte) + " of " + std::to_string(bytes);
  return byte - bytes < near
             ? std::to_string(byte - bytes) + " bytes after the end of buffer '" + best->first + "'"
             : "";
}

/// Memory for a buffer with its initial contents; 0 and `error` on failure.
static uint64_t placeBuffer(Device &device, const LaunchFile::Parameter &p, LaunchData &data,
                            std::string &error) {
  if (auto placed = data.places.find(p.name); placed != data.places.end()) return placed->second.address;
  auto it = data.arrays.find("buf::" + p.name);
  const std::vector<char> *contents = it == data.arrays.end() ? nullptr : &it->second.data;
  if (!contents && !p.bytes)
    return error = "there is no array 'buf::" + p.name + "' for the buffer '" + p.name + "'", 0;
  if (contents && p.bytes && p.bytes != contents->size())
    return error = "buffer '" + p.name + "': \"bytes\" is " + std::to_string(p.bytes) +
                   ", the array 'buf::" + p.name + "' has " + std::to_string(contents->size()) +
                   " bytes; leave \"bytes\" out",
           0;
  uint64_t address = device.memory().allocate(contents ? contents->size() : p.bytes);
  if (!address) return error = "no device memory for the buffer '" + p.name + "'", 0;
  if (contents)
    memcpy(hostPointer(address), contents->data(), contents->size());
  else
    device.memory().trackWrites(address);
  data.places[p.name] = {address, contents ? contents->size() : p.bytes};
  return address;
}

/// A tensor map over a buffer, which may be another parameter's.
static bool placeTensorMap(Device &device, const LaunchFile::Parameter &p, uint64_t room, char *to,
                           LaunchData &data, std::string &error) {
  LaunchFile::Parameter buffer;
  buffer.name = p.buffer, buffer.bytes = p.bytes;
  TensorMap map = p.map;
  if (!(map.address = placeBuffer(device, buffer, data, error))) return false;
  if (std::string problem = problemOf(map); !problem.empty())
    return error = "tensormap '" + p.name + "': " + problem, false;
  if (room != sizeof(map))
    return error = "parameter '" + p.name + "' has 128 bytes, the kernel's has " + std::to_string(room),
           false;
  return memcpy(to, &map, sizeof(map)), true;
}

/// Writes a parameter of `room` bytes to `to`.
static bool placeParameter(Device &device, const LaunchFile::Parameter &p, uint64_t room, char *to,
                           LaunchData &data, std::string &error) {
  if (p.kind == "tensormap") return placeTensorMap(device, p, room, to, data, error);
  uint64_t bits = 0, bytes = 8;
  if (p.kind == "buffer") {
    if (!(bits = placeBuffer(device, p, data, error))) return false;
  } else if (p.kind == "f32") {
    float value = float(p.number);
    memcpy(&bits, &value, bytes = 4);
  } else if (p.kind == "f64") {
    memcpy(&bits, &p.number, 8);
  } else if (p.kind == "struct") {
    bytes = p.bytes;
  } else {
    bits = uint64_t(p.integer), bytes = numberBits(p.kind) / 8;
  }
  if (bytes != room)
    return error = "parameter '" + p.name + "' has " + std::to_string(bytes) + " bytes, the kernel's has " +
                   std::to_string(room),
           false;
  if (p.kind != "struct") return memcpy(to, &bits, bytes), true;
  for (const LaunchFile::Parameter &field : p.fields) {
    uint64_t size = field.kind == "struct"      ? field.bytes
                    : field.kind == "tensormap" ? sizeof(TensorMap)
                    : field.kind == "buffer"    ? 8
                                                : numberBits(field.kind) / 8;
    if (field.offset > room || size > room - field.offset)
      return error = "field '" + field.name + "' lies outside of the struct '" + p.name + "'", false;
    if (!placeParameter(device, field, size, to + field.offset, data, error)) return false;
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
    if (!placeParameter(device, p, to.bytes, file.launch.params.data() + to.offset, data, error))
      return false;
  }
  return true;
}

/// The distance of two elements; numbers of 64 bits that a double does not tell apart are not the same.
static double distance(const NpyArray &expected, const NpyArray &got, uint64_t n) {
  double want = expected.at(n), have = got.at(n);
  if (std::isnan(want) && std::isnan(have)) return 0;
  if (want == have) {
    unsigned bytes = expected.itemBytes();
    bool integer = expected.dtype[1] == 'i' || expected.dtype[1] == 'u';
    return integer && memcmp(&expected.data[n * bytes], &got.data[n * bytes], bytes) != 0;
  }
  double error = std::fabs(want - have);
  return std::isnan(error) ? INFINITY : error;
}

std::vector<Comparison> compareResults(Device &device, const LaunchFile &file, const LaunchData &data) {
  std::vector<Comparison> results;
  for (const auto &[name, expected] : data.arrays) {
    if (name.rfind("out::", 0) != 0) continue;
    Comparison &c = results.emplace_back();
    c.buffer = name.substr(5);
    auto place = data.places.find(c.buffer);
    NpyArray got = expected;
    auto fails = [&](const std::string &why) { c.ok = false, c.largestError = INFINITY, c.problem = why; };
    if (place == data.places.end()) {
      fails("the launch has no buffer of this name to compare with");
      continue;
    }
    uint64_t has = place->second.bytes, wants = expected.data.size();
    if (wants != has) {
      fails("out::" + c.buffer + " has " + (wants > has ? "more" : "fewer") + " bytes than the buffer, " +
            std::to_string(wants) + " and " + std::to_string(has));
      continue;
    }
    const char *from = device.memory().pointer(place->second.address, wants);
    memcpy(got.data.data(), from, got.data.size());
    auto given = data.arrays.find("tol::" + c.buffer); // by element
    const NpyArray *tolerances = given == data.arrays.end() ? nullptr : &given->second;
    if (tolerances && tolerances->elements() != expected.elements()) {
      fails("tol::" + c.buffer + " does not have as many elements as out::" + c.buffer);
      continue;
    }
    for (uint64_t n = 0; n < expected.elements(); ++n)
      if (double want = std::fabs(expected.at(n)); std::isfinite(want))
        c.largestExpected = std::max(c.largestExpected, want);
    for (uint64_t n = 0; n < expected.elements(); ++n) {
      double error = distance(expected, got, n);
      bool within = error <= (tolerances ? tolerances->at(n) : file.tolerance * c.largestExpected);
      if (within ? c.wrong == 0 && error > c.largestError : c.wrong == 0 || error > c.largestError)
        c.largestError = error, c.at = n, c.expected = expected.at(n), c.got = got.at(n);
      c.wrong += !within;
    }
    c.ok = c.wrong == 0;
  }
  return results;
}

} // namespace girih::ptx
