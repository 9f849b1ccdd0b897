// What a compiled library says of its model, read from the file: loading a library runs code of it.
#pragma once

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace girih {

/// As in girih_model_info of runtime/girih.h.
struct ArtifactInfo {
  struct Dim {
    int64_t size; // -1 where it depends on the inputs
    std::string text;
  };
  struct Tensor {
    std::string name;
    uint32_t dtype; // girih_dtype_code
    std::vector<Dim> dims;
    bool hasDefault; // an input that may be left out
  };
  std::string name, producer, cpu, features;
  std::string precision; // "f16", "bf16" or "tf32"; "f32" where the model is computed in its own types
  std::vector<std::string> gpus; // that it has code for: "sm_80"; none: it runs on the CPU
  std::vector<Tensor> inputs, outputs;
  uint32_t nodes, launches;
  int64_t parameters, macs, weightsBytes, arenaBytes, arenaLowerBound, scratchBytes;
};

/// Messages name the file.
llvm::Expected<ArtifactInfo> readArtifact(llvm::StringRef path);

} // namespace girih
