// The modelled GPU as the driver API describes it.
#pragma once

#include "tools/ptxsim/driver/include/cuda.h"
#include <optional>

namespace girih::cudasim {

struct Gpu {
  const char *key, *name;
  int major, minor, smCount, memoryMiB, l2KiB, sharedKiB, threadsPerSm, blocksPerSm, clockMHz, memoryClockMHz,
      busBits;

  static constexpr int registersPerSm = 65536, threadsPerBlock = 1024, sharedPerBlock = 48 << 10,
                       reservedShared = 1 << 10, mostRegisters = 255;
  uint64_t memoryBytes() const { return uint64_t(memoryMiB) << 20; }
  /// What a block may have of an SM's shared memory.
  int sharedOptIn() const { return (sharedKiB << 10) - reservedShared; }
  bool hasClusters() const { return major >= 9; }
};

/// The GPU that GIRIH_PTXSIM_DEVICE names, the first one if it is not set. Null if it names none: `known`
/// then lists those that there are.
const Gpu *chooseGpu(const char *key, const char *&known);

/// Nothing for attributes that CUDA 13 does not have.
std::optional<int> attributeOf(const Gpu &gpu, CUdevice_attribute attribute);

} // namespace girih::cudasim
