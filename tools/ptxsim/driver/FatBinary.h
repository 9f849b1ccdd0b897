// Fat binaries as nvcc makes them: a header and entries, each machine code or PTX for one target, which may
// be compressed.
#pragma once

#include <cstddef>
#include <string>

namespace girih::cudasim {

struct Gpu;

/// Whether an image is a fat binary or the wrapper that nvcc puts around it, which refers to it.
bool isFatBinary(const void *image);

/// The PTX in a fat binary that the GPU would compile: that for the newest target which it runs. `bytes`: how
/// many there are, if that is known. False on failure, `error` being what is wrong.
bool ptxOf(const Gpu &gpu, const void *image, size_t bytes, std::string &ptx, std::string &error);

} // namespace girih::cudasim
