// NumPy's archives as far as the command needs them: little-endian arrays in C order, stored or deflated.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace girih::ptx {

struct NpyArray {
  std::string dtype; // "<f4", "|i1", "<V2" (bfloat16) ...
  std::vector<uint64_t> shape;
  std::vector<char> data;

  unsigned itemBytes() const;
  uint64_t elements() const { return itemBytes() ? data.size() / itemBytes() : 0; }
  /// Element `n` of a numeric array.
  double at(uint64_t n) const;
};

/// Reads an archive; on failure false and `error` is one sentence.
bool readNpz(const std::string &path, std::map<std::string, NpyArray> &arrays, std::string &error);

} // namespace girih::ptx
