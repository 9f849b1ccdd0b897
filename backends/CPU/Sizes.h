// Sizes of what the stages of a kernel keep, as a plan sees them.
#pragma once

#include "dialects/Graph/Guesses.h"
#include "passes/Tile/Domain.h"

namespace girih {

/// How a dimension's indices fall into steps of a register tile: `count` steps of `size`.
struct Tiles {
  int64_t count, size;
};
/// Whole steps, and the rest, if there is one.
llvm::SmallVector<Tiles, 2> getTiles(int64_t extent, int64_t size);
/// How many lines that lie `bytes` apart a cache has places for: with a multiple of a way's size they are
/// all in one set. The largest number where they do not begin at the same place of a line.
int64_t countPlaces(int64_t cache, int64_t ways, int64_t bytes);
/// Whether each stage follows a loop, one by one and without a window. Inside of a loop that it does not
/// follow, a stage would be computed again at each step.
bool isFollowedByAll(const Domain &domain, int64_t dim);
/// Bytes of what the stages have to keep at once, from where a value is computed to where it is last read,
/// with `rows` steps of the loop `along` and one of those outside of it that all stages follow.
double getLiveBytes(const Domain &domain, const Guesses &guesses, int64_t along, int64_t rows);
/// How many steps of the loop `along` have enough rows for weights that stages read: with fewer, reading them
/// would take as long as computing with them.
int64_t getLeastRows(const Domain &domain, const Guesses &guesses, int64_t along);

} // namespace girih
