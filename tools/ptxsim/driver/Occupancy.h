// How many blocks of a kernel an SM holds at once.
#pragma once

#include <cstddef>

struct CUfunc_st;

namespace girih::cudasim {

struct Gpu;

/// 0 if a block of that size never fits.
int activeBlocks(const Gpu &gpu, const CUfunc_st &function, int threads, size_t dynamicShared);

} // namespace girih::cudasim
