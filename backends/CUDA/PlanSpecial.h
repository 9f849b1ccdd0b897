// How the operators that no schedule is about are computed on a GPU.
#pragma once

#include "dialects/Graph/Guesses.h"

namespace girih {

/// Has a scatter, a TopK or a cumulative sum computed by elements or lines where what is independent of it
/// anyway, the indices before its axis, would leave most threads without work.
void planSpecial(mlir::Operation *op, const Guesses &guesses);

} // namespace girih
