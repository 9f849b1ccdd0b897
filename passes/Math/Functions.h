// Elementary functions on f32 lanes, at most 4 ulp from the exact result over the whole range of floats, with
// the special values of IEEE 754 and C99's Annex F.
#pragma once

#include "passes/Math/Lanes.h"

#include <optional>

namespace girih::approx {

// Exponential.cpp
Lanes exp(Lanes x);
Lanes exp2(Lanes x);
Lanes expm1(Lanes x);
/// exp(x + rest) = polynomial * scale * scale, multiplied in this order, for x <= `high`: callers slip
/// factors in between.
struct ScaledExp {
  Lanes polynomial, scale;
};
ScaledExp scaledExp(Lanes x, double high, std::optional<Lanes> rest = std::nullopt);
/// expm1 for x in [-18, 88], or NaN.
Lanes expm1Moderate(Lanes x);
/// 2^x, of f64 lanes, as f32 lanes.
Lanes exp2OfF64(Lanes x);

// Logarithm.cpp
Lanes log(Lanes x);
Lanes log2(Lanes x);
Lanes log10(Lanes x);
Lanes log1p(Lanes x);
/// log2 of positive f32 lanes, as f64 lanes accurate to 2^-33; zero gives -inf, infinity and NaN themselves.
Lanes log2AsF64(Lanes x);

// Trigonometric.cpp
Lanes sin(Lanes x);
Lanes cos(Lanes x);
Lanes tan(Lanes x);

// InverseTrigonometric.cpp
Lanes asin(Lanes x);
Lanes acos(Lanes x);
Lanes atan(Lanes x);
Lanes atan2(Lanes y, Lanes x);

// Hyperbolic.cpp
Lanes sinh(Lanes x);
Lanes cosh(Lanes x);
Lanes tanh(Lanes x);
Lanes asinh(Lanes x);
Lanes acosh(Lanes x);
Lanes atanh(Lanes x);

// ErrorFunction.cpp
Lanes erf(Lanes x);
Lanes erfc(Lanes x);

// Power.cpp
Lanes cbrt(Lanes x);
Lanes rsqrt(Lanes x);
Lanes pow(Lanes x, Lanes y);
/// x^n for i32 lanes n.
Lanes powi(Lanes x, Lanes n);

// Remainder.cpp: f32 or f64 lanes, with fused multiply-add
Lanes remainder(Lanes x, Lanes y);

// Double.cpp: f64 lanes. What LLVM has an intrinsic for (exp, log, sin, ...) is left to libm; these, which it
// has not, are made of those.
Lanes expm1Double(Lanes x);
Lanes log1pDouble(Lanes x);
Lanes asinhDouble(Lanes x);
Lanes acoshDouble(Lanes x);
Lanes atanhDouble(Lanes x);
Lanes erfDouble(Lanes x);
Lanes erfcDouble(Lanes x);
Lanes cbrtDouble(Lanes x);
/// x^n for i32 lanes n.
Lanes powiDouble(Lanes x, Lanes n);

// DoubleElementary.cpp: f64 lanes, where there is no libm.
Lanes expDouble(Lanes x);
Lanes logDouble(Lanes x);
Lanes powDouble(Lanes x, Lanes y);
Lanes sinDouble(Lanes x);
Lanes cosDouble(Lanes x);
Lanes tanDouble(Lanes x);
Lanes asinDouble(Lanes x);
Lanes acosDouble(Lanes x);
Lanes atanDouble(Lanes x);
Lanes sinhDouble(Lanes x);
Lanes coshDouble(Lanes x);
Lanes tanhDouble(Lanes x);

} // namespace girih::approx
