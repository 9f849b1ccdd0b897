#include "dialects/Graph/Winograd.h"
#include "llvm/ADT/ArrayRef.h"
#include <numbers>

namespace girih {

/// The numbers at which the polynomials of pixels and weights are multiplied; infinity is one more. Pairs of
/// opposite sign share products. Those of 4 leave a tenth of the error that the customary 1 and 2 do: their
/// powers are near 1, and p * q = 1 makes many of the entries 1 (docs/schedule.md has the numbers).
static llvm::ArrayRef<double> getPoints(int64_t tile) {
  constexpr double p = 1 / std::numbers::sqrt2, q = std::numbers::sqrt2;
  static constexpr double two[] = {0, 1, -1}, four[] = {0, p, -p, q, -q};
  return tile == 2 ? llvm::ArrayRef(two) : llvm::ArrayRef(four);
}

/// The coefficients, lowest first, of the product of x - p for all points but number `without`.
static std::vector<double> getPolynomial(llvm::ArrayRef<double> points, size_t without) {
  std::vector<double> c{1};
  for (size_t k = 0; k < points.size(); ++k) {
    if (k == without) continue;
    c.push_back(0);
    for (size_t i = c.size(); i-- > 0;)
      c[i] = (i ? c[i - 1] : 0) - points[k] * c[i];
  }
  return c;
}

Winograd getWinograd(int64_t tile) {
  constexpr int64_t kKernel = 3;
  llvm::ArrayRef<double> points = getPoints(tile);
  int64_t n = tile + kKernel - 1, last = n - 1;
  Winograd w{tile, n, std::vector<double>(n * n), std::vector<double>(n * kKernel),
             std::vector<double>(tile * n)};
  for (int64_t k = 0; k < n; ++k) {
    std::vector<double> polynomial = getPolynomial(points, k);
    llvm::copy(polynomial, w.input.begin() + k * n);
    if (k == last) { // infinity has the highest coefficients
      w.kernel[k * kKernel + kKernel - 1] = w.output[(tile - 1) * n + k] = 1;
      continue;
    }
    double at = 0; // the polynomial at its own point, by which Lagrange divides
    for (double c : llvm::reverse(polynomial))
      at = at * points[k] + c;
    double power = 1;
    for (int64_t i = 0; i < std::max(tile, kKernel); ++i, power *= points[k]) {
      if (i < kKernel) w.kernel[k * kKernel + i] = power / at;
      if (i < tile) w.output[i * n + k] = power;
    }
  }
  return w;
}

} // namespace girih
