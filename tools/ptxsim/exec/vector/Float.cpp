// Arithmetic on .f32 and .f64. Products and sums are never contracted; results that are NaN are 0x7fffffff
// (.f32).
#include "tools/ptxsim/exec/vector/Approximate.h"
#include "tools/ptxsim/exec/vector/Rounding.h"
#include "tools/ptxsim/exec/vector/Soft.h"
#include <math.h>

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

template <bool ftz> [[gnu::always_inline]] inline float in(float f) {
  return ftz ? flush(f) : f;
}
[[gnu::always_inline]] inline float saturated(float f) {
  return f > 0 ? (f < 1 ? f : 1.0f) : 0.0f;
} // NaN is 0
template <bool ftz, bool sat> [[gnu::always_inline]] inline float out(float f) {
  if (sat) return saturated(ftz ? flush(f) : f);
  return canonical(ftz ? flush(f) : f);
}

/// Operations as the processor rounds them now: to nearest. Rounding.cpp has its own, for code that changes
/// the mode.
template <FloatOp op, class T> [[gnu::always_inline]] inline T nearest(T a, T b, T c) {
  switch (op) {
  case FloatOp::Add:
    return a + b;
  case FloatOp::Sub:
    return a - b;
  case FloatOp::Mul:
    return a * b;
  case FloatOp::Div:
    return a / b;
  case FloatOp::Sqrt:
    if constexpr (sizeof(T) == 4)
      return __builtin_sqrtf(a);
    else
      return __builtin_sqrt(a);
  case FloatOp::Fma:
    if constexpr (sizeof(T) == 4)
      return __builtin_fmaf(a, b, c);
    else
      return __builtin_fma(a, b, c);
  }
}
template <FloatOp op, bool ftz, bool sat> [[gnu::always_inline]] inline float f32(float a, float b, float c) {
  return out<ftz, sat>(nearest<op>(in<ftz>(a), in<ftz>(b), in<ftz>(c)));
}

template <FloatOp op, bool ftz, bool sat> Handler plain32(bool packed) {
  if constexpr (op == FloatOp::Fma) {
    if (packed)
      return mapPacked<[](float a, float b, float c) { return f32<op, ftz, false>(a, b, c); }, float, float,
                       float, float>;
    return map<[](float a, float b, float c) { return f32<op, ftz, sat>(a, b, c); }, float, float, float,
               float>;
  } else if constexpr (op == FloatOp::Sqrt) {
    return map<[](float a) { return f32<op, ftz, sat>(a, 0, 0); }, float, float>;
  } else {
    if (packed)
      return mapPacked<[](float a, float b) { return f32<op, ftz, false>(a, b, 0); }, float, float, float>;
    return map<[](float a, float b) { return f32<op, ftz, sat>(a, b, 0); }, float, float, float>;
  }
}
template <FloatOp op> Handler plain64() {
  if constexpr (op == FloatOp::Fma)
    return map<nearest<op, double>, double, double, double, double>;
  else if constexpr (op == FloatOp::Sqrt)
    return map<[](double a) { return nearest<op, double>(a, 0, 0); }, double, double>;
  else
    return map<[](double a, double b) { return nearest<op, double>(a, b, 0); }, double, double, double>;
}

/// A rounding other than to nearest: the operation runs with the processor's mode changed.
template <FloatOp op, bool ftz, bool sat, unsigned per>
bool rounded32(Warp &w, const Inst &i, uint32_t mask) {
  constexpr unsigned n = warpSize * per;
  const float *a = src<float>(w, i.op[1]), *b = op == FloatOp::Sqrt ? a : src<float>(w, i.op[2]),
              *c = op == FloatOp::Fma ? src<float>(w, i.op[3]) : a;
  float x[n], y[n], z[n], t[n];
  for (unsigned l = 0; l < n; ++l)
    x[l] = in<ftz>(a[l]), y[l] = in<ftz>(b[l]), z[l] = in<ftz>(c[l]);
  computeRounded(op, Rounding(i.detail), t, x, y, z, n);
  for (unsigned l = 0; l < n; ++l)
    t[l] = out<ftz, sat>(t[l]);
  store<per>(reg<float>(w, i.op[0]), t, mask);
  return true;
}
template <FloatOp op> bool rounded64(Warp &w, const Inst &i, uint32_t mask) {
  const double *a = src<double>(w, i.op[1]), *b = op == FloatOp::Sqrt ? a : src<double>(w, i.op[2]),
               *c = op == FloatOp::Fma ? src<double>(w, i.op[3]) : a;
  double t[warpSize];
  computeRounded(op, Rounding(i.detail), t, a, b, c, warpSize);
  store(reg<double>(w, i.op[0]), t, mask);
  return true;
}

template <FloatOp op> Handler pickRounded(const Match &m, Inst &i) {
  Rounding r = roundingOf(m);
  i.detail = uint8_t(r);
  bool ftz = m.has("ftz"), sat = m.has("sat"), packed = m.type(0) == Type::F32x2;
  if (m.type(0) == Type::F64) return r == Rounding::Nearest ? plain64<op>() : rounded64<op>;
  if (r == Rounding::Nearest) {
    if (ftz) return sat ? plain32<op, true, true>(packed) : plain32<op, true, false>(packed);
    return sat ? plain32<op, false, true>(packed) : plain32<op, false, false>(packed);
  }
  if (packed) return ftz ? rounded32<op, true, false, 2> : rounded32<op, false, false, 2>;
  if (ftz) return sat ? rounded32<op, true, true, 1> : rounded32<op, true, false, 1>;
  return sat ? rounded32<op, false, true, 1> : rounded32<op, false, false, 1>;
}

//===-- Approximations: computed to about half an ulp ---------------------------===//

/// div.approx: zero for divisors beyond 2^126, as its multiplication by the reciprocal gives.
constexpr auto divideApproximately = [](float a, float b) {
  float large = __builtin_fabsf(b);
  float q = a / b;
  if (large > 0x1p126f && large < __builtin_inff())
    q = __builtin_isinf(a) ? __builtin_nanf("") : __builtin_copysignf(0.0f, q);
  return q;
};

/// sin and cos: beyond what the reduction of the argument bears, from the library.
template <unsigned quarter, bool ftz> bool circular(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = src<float>(w, i.op[1]);
  alignas(64) float t[warpSize];
  bool large = false;
  for (unsigned l = 0; l < warpSize; ++l) {
    t[l] = canonical(circularApproximately(in<ftz>(a[l]), quarter));
    large |= !(__builtin_fabsf(a[l]) < 0x1p20f);
  }
  if (large)
    for (unsigned l = 0; l < warpSize; ++l)
      if (!(__builtin_fabsf(a[l]) < 0x1p20f)) t[l] = canonical(quarter ? cosf(a[l]) : sinf(a[l]));
  if (ftz)
    for (float &v : t)
      v = flush(v);
  store(reg<float>(w, i.op[0]), t, mask);
  return true;
}

float inverse(float a) {
  return 1.0f / a;
}
float root(float a) {
  return __builtin_sqrtf(a);
}
float inverseRoot(float a) {
  return float(1.0 / __builtin_sqrt(double(a)));
}

template <float (*F)(float)> Handler approximate(bool ftz) {
  if (ftz) return map<[](float a) { return canonical(flush(F(flush(a)))); }, float, float>;
  return map<[](float a) { return canonical(F(a)); }, float, float>;
}

/// rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 work on the upper half of the number only.
double upperHalf(double d) {
  return std::bit_cast<double>(bitsOf(d) & 0xffffffff00000000ull);
}
double flush64(double d) {
  return (bitsOf(d) & 0x7ff0000000000000ull) == 0 ? __builtin_copysign(0.0, d) : d;
}

//===-- Minimum and maximum -----------------------------------------------------===//

template <bool isMax, bool nan, class T> [[gnu::always_inline]] inline T extreme(T a, T b) {
  bool first = isMax ? a > b : a < b;
  if (a == b) first = isMax ? !__builtin_signbit(a) : __builtin_signbit(a); // -0 is less than +0
  T r = first ? a : b;
  if (b != b) r = a;
  if (a != a) r = b;
  if (nan && (a != a || b != b)) r = __builtin_nanf("");
  return r;
}
template <bool isMax, bool nan, bool ftz, bool xorSign>
[[gnu::always_inline]] inline float extreme32(float a, float b) {
  a = in<ftz>(a), b = in<ftz>(b);
  uint32_t sign = (bitsOf(a) ^ bitsOf(b)) & 0x80000000;
  if (xorSign) a = __builtin_fabsf(a), b = __builtin_fabsf(b);
  float r = extreme<isMax, nan>(a, b);
  if (r != r) return floatOf(canonicalNan);
  return xorSign ? floatOf(bitsOf(r) | sign) : r;
}

template <bool isMax> Handler pickExtreme(const Match &m) {
  if (m.type(0) == Type::F64) return map<extreme<isMax, false, double>, double, double, double>;
  auto pick = [&]<bool nan, bool ftz>() -> Handler {
    return m.has("xorsign") ? map<extreme32<isMax, nan, ftz, true>, float, float, float>
                            : map<extreme32<isMax, nan, ftz, false>, float, float, float>;
  };
  if (m.has("NaN"))
    return m.has("ftz") ? pick.template operator()<true, true>() : pick.template operator()<true, false>();
  return m.has("ftz") ? pick.template operator()<false, true>() : pick.template operator()<false, false>();
}

template <bool isMax, bool nan> bool extremeOfThree(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = src<float>(w, i.op[1]), *b = src<float>(w, i.op[2]), *c = src<float>(w, i.op[3]);
  float t[warpSize];
  bool ftz = i.detail & 1, absolute = i.detail & 2;
  for (unsigned l = 0; l < warpSize; ++l) {
    float v[3] = {a[l], b[l], c[l]};
    for (float &x : v) {
      if (ftz) x = flush(x);
      if (absolute) x = __builtin_fabsf(x);
    }
    t[l] = canonical(extreme<isMax, nan>(extreme<isMax, nan>(v[0], v[1]), v[2]));
  }
  store(reg<float>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectFloatArith(const Match &m, Inst &i) {
  std::string_view op = m.opcode;
  if (op == "add") return pickRounded<FloatOp::Add>(m, i);
  if (op == "sub") return pickRounded<FloatOp::Sub>(m, i);
  if (op == "mul") return pickRounded<FloatOp::Mul>(m, i);
  if (op == "fma" || op == "mad") return pickRounded<FloatOp::Fma>(m, i);
  if (op == "min") return pickExtreme<false>(m);
  if (op == "max") return pickExtreme<true>(m);
  if (op == "copysign") {
    if (m.type(0) == Type::F64)
      return map<[](double a, double b) { return __builtin_copysign(b, a); }, double, double, double>;
    return map<[](float a, float b) { return __builtin_copysignf(b, a); }, float, float, float>;
  }
  if (m.has("approx")) {
    if (m.has("ftz"))
      return map<[](float a, float b) { return canonical(flush(divideApproximately(flush(a), flush(b)))); },
                 float, float, float>;
    return map<[](float a, float b) { return canonical(divideApproximately(a, b)); }, float, float, float>;
  }
  return pickRounded<FloatOp::Div>(m, i);
}

Handler selectFloatUnary(const Match &m, Inst &i) {
  std::string_view op = m.opcode;
  bool ftz = m.has("ftz"), wide = m.type(0) == Type::F64;
  if (op == "abs" || op == "neg") {
    bool absolute = op == "abs";
    if (wide)
      return absolute ? map<[](uint64_t a) { return a & ~(1ull << 63); }, uint64_t, uint64_t>
                      : map<[](uint64_t a) { return a ^ (1ull << 63); }, uint64_t, uint64_t>;
    if (ftz)
      return absolute ? map<[](float a) { return __builtin_fabsf(flush(a)); }, float, float>
                      : map<[](float a) { return -flush(a); }, float, float>;
    return absolute ? map<[](uint32_t a) { return a & 0x7fffffffu; }, uint32_t, uint32_t>
                    : map<[](uint32_t a) { return a ^ 0x80000000u; }, uint32_t, uint32_t>;
  }
  if (m.has("approx")) {
    if (wide && op == "rcp")
      return map<[](double a) { return flush64(upperHalf(1.0 / flush64(upperHalf(a)))); }, double, double>;
    if (wide && ftz)
      return map<[](double a) { return flush64(upperHalf(1.0 / __builtin_sqrt(flush64(upperHalf(a))))); },
                 double, double>;
    if (wide) return map<[](double a) { return 1.0 / __builtin_sqrt(a); }, double, double>;
    if (op == "rcp") return approximate<inverse>(ftz);
    if (op == "sqrt") return approximate<root>(ftz);
    if (op == "rsqrt") return approximate<inverseRoot>(ftz);
    if (op == "sin") return ftz ? circular<0, true> : circular<0, false>;
    if (op == "cos") return ftz ? circular<1, true> : circular<1, false>;
    if (op == "lg2") return approximate<log2Approximately>(ftz);
    if (op == "ex2") return approximate<exp2Approximately>(ftz);
    if (op == "tanh") return approximate<tanhApproximately>(false);
    return nullptr;
  }
  if (op == "sqrt") return pickRounded<FloatOp::Sqrt>(m, i);
  // rcp is the division of one.
  i.detail = uint8_t(roundingOf(m));
  if (wide)
    return [](Warp &w, const Inst &i, uint32_t mask) {
      double one[warpSize], t[warpSize];
      for (double &d : one)
        d = 1;
      computeRounded(FloatOp::Div, Rounding(i.detail), t, one, src<double>(w, i.op[1]), one, warpSize);
      store(reg<double>(w, i.op[0]), t, mask);
      return true;
    };
  if (Rounding(i.detail) == Rounding::Nearest) return approximate<inverse>(ftz);
  if (ftz) i.imm = 1;
  return [](Warp &w, const Inst &i, uint32_t mask) {
    float one[warpSize], x[warpSize], t[warpSize];
    const float *a = src<float>(w, i.op[1]);
    for (unsigned l = 0; l < warpSize; ++l)
      one[l] = 1, x[l] = i.imm ? flush(a[l]) : a[l];
    computeRounded(FloatOp::Div, Rounding(i.detail), t, one, x, one, warpSize);
    for (float &f : t)
      f = canonical(i.imm ? flush(f) : f);
    store(reg<float>(w, i.op[0]), t, mask);
    return true;
  };
}

//===-- Mixed precision ---------------------------------------------------------===//

namespace {

/// add, sub: op[1] is half and op[2] single; fma: op[1] and op[2] are half and op[3] single. Halves are exact
/// as floats, so the operation rounds once. detail: the rounding, imm: saturation.
template <class L, FloatOp op> bool mixed(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[1]);
  const uint16_t *b = op == FloatOp::Fma ? src<uint16_t>(w, i.op[2]) : a;
  const float *c = src<float>(w, i.op[op == FloatOp::Fma ? 3 : 2]);
  float x[warpSize], y[warpSize], t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    x[l] = L::load(a[l]), y[l] = op == FloatOp::Fma ? L::load(b[l]) : c[l];
  computeRounded(op, Rounding(i.detail), t, x, y, c, warpSize);
  for (float &v : t)
    v = i.imm ? saturated(v) : canonical(v);
  store(reg<float>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectFloatMixed(const Match &m, Inst &i) {
  i.detail = uint8_t(roundingOf(m)), i.imm = m.has("sat");
  auto pick = [&]<class L>() -> Handler {
    if (m.opcode == "add") return mixed<L, FloatOp::Add>;
    return m.opcode == "sub" ? mixed<L, FloatOp::Sub> : mixed<L, FloatOp::Fma>;
  };
  return m.type(1) == Type::F16 ? pick.operator()<Half>() : pick.operator()<Brain>();
}

Handler selectFloatMinMax3(const Match &m, Inst &i) {
  i.detail = uint8_t(m.has("ftz") | m.has("abs") << 1);
  if (m.opcode == "max") return m.has("NaN") ? extremeOfThree<true, true> : extremeOfThree<true, false>;
  return m.has("NaN") ? extremeOfThree<false, true> : extremeOfThree<false, false>;
}

Handler selectTestp(const Match &m, Inst &i) {
  constexpr std::string_view names[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  for (unsigned n = 0; n < 6; ++n)
    if (m.has(names[n])) i.detail = uint8_t(n);
  auto pick = []<class T>() -> Handler {
    return [](Warp &w, const Inst &i, uint32_t mask) {
      const T *a = src<T>(w, i.op[1]);
      uint32_t set = 0;
      for (unsigned l = 0; l < warpSize; ++l) {
        T v = a[l];
        bool nan = v != v, infinite = __builtin_isinf(v), finite = !nan && !infinite;
        bool normal = __builtin_isnormal(v), subnormal = finite && v != 0 && !normal;
        bool is[] = {finite, infinite, !nan, nan, normal, subnormal};
        set |= uint32_t(is[i.detail]) << l;
      }
      setPredicate(w, i.op[0], mask, set);
      return true;
    };
  };
  return m.type(0) == Type::F64 ? pick.operator()<double>() : pick.operator()<float>();
}

} // namespace girih::ptx::GIRIH_PTX_ISA
