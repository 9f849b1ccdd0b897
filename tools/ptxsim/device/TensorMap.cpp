#include "tools/ptxsim/device/TensorMap.h"

namespace girih::ptx {

unsigned tensorTypeBytes(TensorType type) {
  static constexpr uint8_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  static_assert(sizeof(bytes) == size_t(TensorType::Count));
  return type < TensorType::Count ? bytes[unsigned(type)] : 0;
}

bool isFloat(TensorType type) {
  return type >= TensorType::F16;
}

uint64_t TensorMap::boxBytes() const {
  uint64_t bytes = tensorTypeBytes(type);
  for (unsigned d = 0; d < rank; ++d)
    bytes *= count(d);
  return bytes;
}

std::string unsupportedIn(const TensorMap &m) {
  if (m.type >= TensorType::Count) return "there is no such data type of tensors";
  if (m.interleave) return "interleaved tensors are not supported";
  if (m.swizzle > 3) return "this swizzle is not supported; none, 32, 64 and 128 bytes are";
  return "";
}

std::string problemOf(const TensorMap &m) {
  auto number = [](uint64_t n) { return std::to_string(n); };
  if (std::string unsupported = unsupportedIn(m); !unsupported.empty()) return unsupported;
  if (m.rank < 1 || m.rank > TensorMap::most) return "a tensor has 1 to 5 dimensions, not " + number(m.rank);
  if (m.fill > 1 || (m.fill == 1 && !isFloat(m.type))) return "only tensors of floats are filled with NaN";
  if (m.address == 0 || m.address % 16) return "a tensor's address has to be a multiple of 16";
  for (unsigned d = 0; d < m.rank; ++d) {
    std::string at = " of dimension " + number(d) + " ";
    if (m.size[d] == 0 || m.size[d] > 1ull << 32) return "the size" + at + "is not from 1 to 2^32";
    if (m.box[d] == 0 || m.box[d] > 256) return "the box" + at + "is not from 1 to 256";
    if (m.step[d] == 0 || m.step[d] > 8) return "the element stride" + at + "is not from 1 to 8";
    if (d + 1 < m.rank && (m.stride[d] % 16 || m.stride[d] >= 1ull << 40))
      return "the stride of dimension " + number(d + 1) + " is not a multiple of 16 below 2^40";
  }
  uint64_t inner = uint64_t(m.box[0]) * tensorTypeBytes(m.type);
  if (inner % 16) return "the box's rows have " + number(inner) + " bytes, not a multiple of 16";
  if (m.swizzle && inner > 16u << m.swizzle)
    return "the box's rows have " + number(inner) + " bytes, more than the swizzle's " +
           number(16u << m.swizzle);
  return "";
}

} // namespace girih::ptx
