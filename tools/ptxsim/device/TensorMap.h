// What a CUtensorMap's 128 bytes hold here: CUDA leaves them open, so this is the one place that says. The
// driver's cuTensorMapEncodeTiled and launch files make them, tensor copies and tensormap.replace read and
// change them.
#pragma once

#include <cstdint>
#include <string>

namespace girih::ptx {

/// Numbered as CUtensorMapDataType is.
enum class TensorType : uint8_t {
  U8,
  U16,
  U32,
  S32,
  U64,
  S64,
  F16,
  F32,
  F64,
  BF16,
  F32Flushed,
  TF32,
  TF32Flushed,
  Count
};
unsigned tensorTypeBytes(TensorType type);
bool isFloat(TensorType type);

struct alignas(64) TensorMap {
  static constexpr unsigned most = 5;
  static constexpr uint32_t mark = 0x50414d54;
  uint32_t isMap;
  TensorType type;
  uint8_t rank;
  uint8_t interleave; // 0: none; more is not supported
  uint8_t swizzle;    // 0: none, 1: 32 bytes, 2: 64, 3: 128
  uint8_t fill;       // what lies outside: 0: zeros, 1: NaN
  uint64_t address;
  uint64_t size[most];       // in elements, the contiguous dimension first
  uint64_t stride[most - 1]; // in bytes, of all but the first
  uint16_t box[most];
  uint8_t step[most]; // of every how many elements of the box one is taken

  unsigned count(unsigned d) const { return (box[d] + step[d] - 1u) / step[d]; }
  /// Bytes of a box in shared memory.
  uint64_t boxBytes() const;
  /// Where a byte that lies at `at` without swizzling lies with it. Patterns follow the address.
  uint64_t swizzled(uint64_t at) const { return at ^ ((at >> 7 & ((1u << swizzle) - 1)) << 4); }
};
static_assert(sizeof(TensorMap) == 128);

/// What CUDA has and the simulator has not; empty if there is nothing.
std::string unsupportedIn(const TensorMap &map);
/// What CUDA documents that an encoded map has to keep to; empty if it does, else what is wrong. What
/// is not supported is wrong too.
std::string problemOf(const TensorMap &map);

} // namespace girih::ptx
