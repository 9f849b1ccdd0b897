// The modelled GPU as the driver API describes it.
#pragma once

#include "tools/ptxsim/driver/include/cuda.h"
#include "tools/ptxsim/timing/Gpu.h"
#include <optional>
#include <string>

namespace girih::cudasim {

struct Gpu {
  const char *key, *name;
  int memoryMiB, memoryClockMHz, busBits;
  // From the time model's figures.
  const ptx::Gpu *figures = nullptr;
  int major = 0, minor = 0;

  static constexpr int threadsPerBlock = 1024, sharedPerBlock = 48 << 10, mostRegisters = 255;
  int smCount() const { return int(figures->sms); }
  int threadsPerSm() const { return int(figures->warps) * 32; }
  int blocksPerSm() const { return int(figures->blocks); }
  int registersPerSm() const { return int(figures->registers); }
  int sharedPerSm() const { return int(figures->sharedBytes); }
  int sharedReserved() const { return int(figures->sharedReserved); }
  /// What a block may have of an SM's shared memory.
  int sharedOptIn() const { return sharedPerSm() - sharedReserved(); }
  uint64_t memoryBytes() const { return uint64_t(memoryMiB) << 20; }
  bool hasClusters() const { return major >= 9; }
  /// Sixteen bytes.
  std::string uuidBytes() const;
  /// As nvidia-smi prints it.
  std::string uuid() const;
};

/// The GPU of that name, the first one if it is null or empty. Nothing if there is none: `known` then lists
/// those that there are.
std::optional<Gpu> chooseGpu(const char *key, const char *&known);

/// Nothing for attributes that CUDA 13 does not have.
std::optional<int> attributeOf(const Gpu &gpu, CUdevice_attribute attribute);

} // namespace girih::cudasim
