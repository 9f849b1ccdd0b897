// Arithmetic in the processor's other rounding modes, and rounding to any small format in software.
#pragma once

#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

enum class FloatOp : uint8_t { Add, Sub, Mul, Div, Sqrt, Fma };
enum class Rounding : uint8_t { Nearest, Zero, Down, Up, Away };

inline Rounding roundingOf(const Match &m) {
  if (m.has("rz") || m.has("rzi")) return Rounding::Zero;
  if (m.has("rm") || m.has("rmi")) return Rounding::Down;
  if (m.has("rp") || m.has("rpi")) return Rounding::Up;
  return m.has("rna") ? Rounding::Away : Rounding::Nearest;
}

/// out[n] = a[n] op b[n] (op c[n]) in a rounding mode.
void computeRounded(FloatOp op, Rounding rounding, float *out, const float *a, const float *b, const float *c,
                    unsigned n);
void computeRounded(FloatOp op, Rounding rounding, double *out, const double *a, const double *b,
                    const double *c, unsigned n);

/// A binary format of up to 32 bits: explicit mantissa bits, exponent bits; `finite`: the largest exponent
/// has numbers too, all ones being the only NaN (e4m3).
struct Format {
  unsigned mantissa, exponent;
  bool finite = false;
};
constexpr Format formatHalf{10, 5}, formatBrain{7, 8}, formatSingle{23, 8}, formatTensor{10, 8},
    formatE4M3{3, 4, true}, formatE5M2{2, 5};

/// The bits of `value` in a format; overflow gives infinity or the largest number as the rounding says, with
/// `saturate` always the latter.
uint32_t roundTo(const Format &format, double value, Rounding rounding, bool saturate = false);
/// The value of bits in a format.
double valueOf(const Format &format, uint32_t bits);
/// (float or double) of an integer or a double, in a rounding mode.
float narrowTo32(double value, Rounding rounding);

} // namespace girih::ptx::GIRIH_PTX_ISA
