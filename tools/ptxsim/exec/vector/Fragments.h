// Fragments of matrices and their products. In every fragment of mma.sync the 32 lanes of a register, one
// after the other, are an 8-row tile in row-major order: lane 4r+t has the columns tE..tE+E-1 of row r, E
// elements to a register. So fragments are read and written as tiles, without a table of who holds what. The
// fragments of wmma, whose layout PTX leaves open, and of wgmma are such tiles too.
//
// Floats: products are exact, their sum with C is formed in double in the order of k and rounded once to the
// type of D. (The hardware aligns and truncates; its results differ in the last bits, see docs/ptxsim.md.)
#pragma once

#include "tools/ptxsim/exec/vector/Addresses.h"
#include "tools/ptxsim/exec/vector/Rounding.h"
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

constexpr unsigned columns = 8; // n of every mma.sync; wider products are several of them

struct HalfElement {
  using Stored = uint16_t;
  static constexpr unsigned perWord = 2;
  static double load(uint16_t v) { return halfToFloat(v); }
};
struct BrainElement {
  using Stored = uint16_t;
  static constexpr unsigned perWord = 2;
  static double load(uint16_t v) { return brainToFloat(v); }
};
struct TensorElement { // the lower 13 bits do not count
  using Stored = uint32_t;
  static constexpr unsigned perWord = 1;
  static double load(uint32_t v) { return floatOf(v & ~0x1fffu); }
};
struct DoubleElement {
  using Stored = double;
  static constexpr unsigned perWord = 1;
  static double load(double v) { return v; }
};
struct E4M3Element {
  using Stored = uint8_t;
  static constexpr unsigned perWord = 4;
  static double load(uint8_t v) { return valueOf(formatE4M3, v); }
};
struct E5M2Element {
  using Stored = uint8_t;
  static constexpr unsigned perWord = 4;
  static double load(uint8_t v) { return valueOf(formatE5M2, v); }
};

template <class T> struct ByteElement {
  using Stored = T;
  static constexpr unsigned perWord = 4;
  static double load(T v) { return v; }
};

/// A (rows x k) row-major, and B transposed to (k x 8), from their fragments.
template <class E, class V>
[[gnu::always_inline]] inline void readA(const Warp &w, const uint32_t *ops, unsigned rows, unsigned k,
                                         V *a) {
  constexpr unsigned width = 4 * E::perWord;
  unsigned high = rows / 8;
  for (unsigned r = 0; r < high * (k / width); ++r) {
    const auto *s = src<typename E::Stored>(w, ops[r]);
    V *to = a + (r % high) * 8 * k + (r / high) * width;
    for (unsigned g = 0; g < 8; ++g)
      for (unsigned c = 0; c < width; ++c)
        to[g * k + c] = V(E::load(s[g * width + c]));
  }
}
template <class E, class V>
[[gnu::always_inline]] inline void readB(const Warp &w, const uint32_t *ops, unsigned k, V *b) {
  constexpr unsigned width = 4 * E::perWord;
  for (unsigned r = 0; r < k / width; ++r) {
    const auto *s = src<typename E::Stored>(w, ops[r]);
    V *to = b + r * width * columns;
    for (unsigned g = 0; g < columns; ++g)
      for (unsigned c = 0; c < width; ++c)
        to[c * columns + g] = V(E::load(s[g * width + c]));
  }
}

template <class V, class S>
[[gnu::always_inline]] inline void readC(const Warp &w, const uint32_t *ops, unsigned rows, V *c) {
  for (unsigned r = 0; r < rows / 8; ++r) {
    const S *even = src<S>(w, ops[2 * r]), *odd = src<S>(w, ops[2 * r + 1]);
    for (unsigned l = 0; l < warpSize; ++l)
      c[r * 64 + 2 * l] = V(even[l]), c[r * 64 + 2 * l + 1] = V(odd[l]);
  }
}
template <class V, class S>
[[gnu::always_inline]] inline void writeD(Warp &w, const uint32_t *ops, unsigned rows, const V *d) {
  for (unsigned r = 0; r < rows / 8; ++r) {
    S *even = reg<S>(w, ops[2 * r]), *odd = reg<S>(w, ops[2 * r + 1]);
    for (unsigned l = 0; l < warpSize; ++l)
      even[l] = S(d[r * 64 + 2 * l]), odd[l] = S(d[r * 64 + 2 * l + 1]);
  }
}

enum class Accumulator : uint8_t { Half, Single, Double };

/// The registers of the four fragments of a product.
struct Fragments {
  const uint32_t *d, *a, *b, *c;
};

/// c (rows x 8) += or = a b, for the 8 columns of one tile.
template <Accumulator accumulator>
[[gnu::always_inline]] inline void multiply(const double *a, const double *b, double *c, unsigned rows,
                                            unsigned k) {
  for (unsigned r = 0; r < rows; ++r) {
    double sum[columns];
    // f64 rounds at every step, as fma does; the others sum the products first.
    for (unsigned n = 0; n < columns; ++n)
      sum[n] = accumulator == Accumulator::Double ? c[r * columns + n] : 0;
    for (unsigned x = 0; x < k; ++x)
      for (unsigned n = 0; n < columns; ++n)
        sum[n] = __builtin_fma(a[r * k + x], b[x * columns + n], sum[n]);
    for (unsigned n = 0; n < columns; ++n)
      c[r * columns + n] = accumulator == Accumulator::Double ? sum[n] : sum[n] + c[r * columns + n];
  }
}

/// Accumulators of one tile of 8 columns.
template <Accumulator accumulator>
[[gnu::always_inline]] inline void readAccumulators(const Warp &w, const uint32_t *ops, unsigned rows,
                                                    double *c) {
  if constexpr (accumulator == Accumulator::Half) {
    for (unsigned r = 0; r < rows / 8; ++r)
      for (unsigned n = 0; n < 64; ++n)
        c[r * 64 + n] = halfToFloat(src<uint16_t>(w, ops[r])[n]);
  } else if constexpr (accumulator == Accumulator::Single) {
    readC<double, float>(w, ops, rows, c);
  } else {
    readC<double, double>(w, ops, rows, c);
  }
}
template <Accumulator accumulator>
[[gnu::always_inline]] inline void writeAccumulators(Warp &w, const uint32_t *ops, unsigned rows,
                                                     const double *c) {
  if constexpr (accumulator == Accumulator::Half) {
    for (unsigned r = 0; r < rows / 8; ++r)
      for (unsigned n = 0; n < 64; ++n)
        reg<uint16_t>(w, ops[r])[n] = floatToHalf(toOdd(c[r * 64 + n]));
  } else if constexpr (accumulator == Accumulator::Single) {
    alignas(64) float f[32 * columns];
    for (unsigned n = 0; n < rows * columns; ++n)
      f[n] = canonical(float(c[n]));
    writeD<float, float>(w, ops, rows, f);
  } else {
    writeD<double, double>(w, ops, rows, c);
  }
}

/// D = A B + C with B and C of `tiles` times 8 columns. Wmma's D may have another type than C.
template <class EA, class EB, Accumulator from, Accumulator to = from>
[[gnu::always_inline]] inline void product(Warp &w, const Fragments &f, unsigned rows, unsigned k,
                                           unsigned tiles = 1) {
  // All of the sources are read before anything is written: wmma is at most 32x8, 16x16 or 8x32.
  alignas(64) double a[32 * 32], b[4][32 * columns], c[4][32 * columns];
  unsigned nb = k / (4 * EB::perWord), nc = from == Accumulator::Half ? rows / 8 : rows / 4,
           nd = to == Accumulator::Half ? rows / 8 : rows / 4;
  readA<EA>(w, f.a, rows, k, a);
  for (unsigned t = 0; t < tiles; ++t) {
    readB<EB>(w, f.b + t * nb, k, b[t]);
    readAccumulators<from>(w, f.c + t * nc, rows, c[t]);
    multiply<from>(a, b[t], c[t], rows, k);
  }
  for (unsigned t = 0; t < tiles; ++t)
    writeAccumulators<to>(w, f.d + t * nd, rows, c[t]);
}

//===-- Integers ----------------------------------------------------------------===//

/// How an integer product is done, in Inst::imm.
struct IntegerProduct {
  uint8_t rows, bits, tiles;
  bool signedA : 1, signedB : 1, saturate : 1, andPopc : 1;
  uint16_t k;
  uint16_t unused = 0;
};

/// Registers of the fragments of one tile of columns.
struct FragmentSizes {
  unsigned a, b, c;
};
inline FragmentSizes sizesOf(const IntegerProduct &p) {
  unsigned width = 128u / p.bits;
  return {p.rows / 8 * (p.k / width), p.k / width, p.rows / 4u};
}

void multiplyIntegers(Warp &w, const Fragments &f, const IntegerProduct &p);

/// The numbers in a shape such as "m16n8k32".
struct Shape {
  unsigned m = 0, n = 0, k = 0;
};
Shape shapeOf(const Match &match);

} // namespace girih::ptx::GIRIH_PTX_ISA
