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

/// What a format has besides numbers: infinities and NaNs in the largest exponent; all ones as the only NaN
/// (e4m3); nothing (the formats of 4 and 6 bits, which take NaN and what is too large as their largest
/// number).
enum class Specials : uint8_t { Ieee, OneNan, None };

/// A binary format of up to 32 bits: explicit mantissa bits, exponent bits.
struct Format {
  unsigned mantissa, exponent;
  Specials specials = Specials::Ieee;
};
constexpr Format formatHalf{10, 5}, formatBrain{7, 8}, formatSingle{23, 8}, formatTensor{10, 8},
    formatE4M3{3, 4, Specials::OneNan}, formatE5M2{2, 5}, formatE3M2{2, 3, Specials::None},
    formatE2M3{3, 2, Specials::None}, formatE2M1{1, 2, Specials::None};

/// The format of a type, or of the elements of a packed one.
const Format &formatOf(Type type);
/// The bits of `value` in a format; overflow gives infinity or the largest number as the rounding says, with
/// `saturate` always the latter.
uint32_t roundTo(const Format &format, double value, Rounding rounding, bool saturate = false);
/// The value of bits in a format.
double valueOf(const Format &format, uint32_t bits);
/// Scales, .ue8m0: powers of two by their exponent plus 127, 255 is NaN. The sign is dropped; `up`: to the
/// next power, else to the one below; infinity is NaN unless `saturate`.
uint32_t roundToScale(double value, bool up, bool saturate);
double valueOfScale(uint32_t bits);
/// (float or double) of an integer or a double, in a rounding mode.
float narrowTo32(double value, Rounding rounding);

} // namespace girih::ptx::GIRIH_PTX_ISA
