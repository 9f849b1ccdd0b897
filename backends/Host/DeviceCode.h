// Kernels that run on a device: what an artifact carries of them beside its tables.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace girih {

/// How a kernel of a device is launched: blocks are the launch's tasks.
struct DeviceKernel {
  unsigned threads = 0;     // of a block
  unsigned sharedBytes = 0; // of a block's dynamic shared memory
};

/// PTX text for sm_<sm>; the driver picks at load.
struct DeviceModule {
  unsigned sm = 0;
  std::string ptx;
};

struct DeviceCode {
  llvm::SmallVector<DeviceModule> modules;
  llvm::StringMap<DeviceKernel> kernels; // by the names that girih.launch says
};

} // namespace girih
