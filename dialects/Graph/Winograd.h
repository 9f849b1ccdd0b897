// Winograd's convolutions: the matrices that take tiles of pixels and kernels of 3x3 to where a convolution
// is one product a point, and back.
#pragma once

#include <cstdint>
#include <vector>

namespace girih {

/// Of F(tile x tile, 3x3), row by row: `input` (B^T) takes the tile + 2 pixels of a row to as many points,
/// `kernel` (G) the three weights of one, and `output` (A^T) the points to the tile's pixels.
struct Winograd {
  int64_t tile, points;
  std::vector<double> input, kernel, output;
};

/// Tiles that there are matrices of.
constexpr bool isWinogradTile(int64_t tile) {
  return tile == 2 || tile == 4;
}
Winograd getWinograd(int64_t tile);

} // namespace girih
