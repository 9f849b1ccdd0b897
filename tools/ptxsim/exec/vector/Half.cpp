// Arithmetic on .f16, .bf16 and their pairs. Every operation rounds once.
#include "tools/ptxsim/exec/vector/Approximate.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

enum class HalfOp : uint8_t { Add, Sub, Mul, Fma };

/// detail of the handlers.
constexpr uint8_t flagFtz = 1, flagSat = 2, flagRelu = 4;

template <class L> constexpr uint16_t exponentMask = std::is_same_v<L, Half> ? 0x7c00 : 0x7f80;
template <class L> [[gnu::always_inline]] inline uint16_t flushHalf(uint16_t h) {
  return (h & exponentMask<L>) == 0 ? h & 0x8000 : h;
}

/// The finishing touches that an instruction asks for.
template <class L> [[gnu::always_inline]] inline uint16_t finish(float f, uint8_t flags) {
  if (flags & flagSat) f = f > 0 ? (f < 1 ? f : 1.0f) : 0.0f;
  if (flags & flagRelu) f = f < 0 ? 0.0f : f; // NaN stays
  uint16_t h = L::save(f);
  if (flags & flagRelu && h == 0x8000) h = 0;
  return flags & flagFtz ? flushHalf<L>(h) : h;
}

template <class L, HalfOp op>
[[gnu::always_inline]] inline float compute(uint16_t x, uint16_t y, uint16_t z) {
  double a = L::load(x), b = L::load(y), c = L::load(z);
  switch (op) {
  case HalfOp::Add:
    return toOdd(addToOdd(a, b));
  case HalfOp::Sub:
    return toOdd(addToOdd(a, -b));
  case HalfOp::Mul:
    return toOdd(a * b); // exact in double
  case HalfOp::Fma:
    return toOdd(addToOdd(a * b, c));
  }
}

template <class L, HalfOp op, unsigned per> bool arith(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[1]), *b = src<uint16_t>(w, i.op[2]),
                 *c = op == HalfOp::Fma ? src<uint16_t>(w, i.op[3]) : a;
  alignas(64) uint16_t t[warpSize * per];
  uint8_t flags = i.detail;
  if (flags) {
    for (unsigned l = 0; l < warpSize * per; ++l) {
      uint16_t x = a[l], y = b[l], z = c[l];
      if (flags & flagFtz) x = flushHalf<L>(x), y = flushHalf<L>(y), z = flushHalf<L>(z);
      t[l] = finish<L>(compute<L, op>(x, y, z), flags);
    }
  } else {
    for (unsigned l = 0; l < warpSize * per; ++l)
      t[l] = L::save(compute<L, op>(a[l], b[l], c[l]));
  }
  store<per>(reg<uint16_t>(w, i.op[0]), t, mask);
  return true;
}

/// detail: 1 flush, 2 NaN if an operand is, 4 the sign of the product on the magnitudes.
template <class L, bool isMax, unsigned per> bool extreme(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[1]), *b = src<uint16_t>(w, i.op[2]);
  alignas(64) uint16_t t[warpSize * per];
  uint8_t flags = i.detail;
  for (unsigned l = 0; l < warpSize * per; ++l) {
    uint16_t x = a[l], y = b[l], sign = (x ^ y) & 0x8000;
    if (flags & 1) x = flushHalf<L>(x), y = flushHalf<L>(y);
    if (flags & 4) x &= 0x7fff, y &= 0x7fff;
    float fx = L::load(x), fy = L::load(y);
    bool first = isMax ? fx > fy : fx < fy;
    if (fx == fy) first = isMax ? !(x & 0x8000) : (x & 0x8000) != 0;
    uint16_t r = first ? x : y;
    if (fy != fy) r = x;
    if (fx != fx) r = y;
    bool nan = flags & 2 ? fx != fx || fy != fy : fx != fx && fy != fy;
    if (flags & 4) r |= sign;
    t[l] = nan ? canonicalHalfNan : r;
  }
  store<per>(reg<uint16_t>(w, i.op[0]), t, mask);
  return true;
}

/// f<L, per>() for the type.
template <class F> Handler pickType(Type type, F f) {
  switch (type) {
  case Type::F16:
    return f.template operator()<Half, 1>();
  case Type::F16x2:
    return f.template operator()<Half, 2>();
  case Type::BF16:
    return f.template operator()<Brain, 1>();
  case Type::BF16x2:
    return f.template operator()<Brain, 2>();
  default:
    return nullptr;
  }
}

enum class HalfUnary : uint8_t { Abs, Neg, Exp2, Tanh };
template <class L, HalfUnary op, unsigned per> bool unary(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[1]);
  alignas(64) uint16_t t[warpSize * per];
  bool ftz = i.detail & 1;
  for (unsigned l = 0; l < warpSize * per; ++l) {
    uint16_t x = ftz ? flushHalf<L>(a[l]) : a[l];
    if (op == HalfUnary::Abs)
      t[l] = x & 0x7fff;
    else if (op == HalfUnary::Neg)
      t[l] = x ^ 0x8000;
    else if (op == HalfUnary::Exp2)
      t[l] = L::save(exp2Approximately(L::load(x)));
    else
      t[l] = L::save(tanhApproximately(L::load(x)));
    if (ftz && op == HalfUnary::Exp2) t[l] = flushHalf<L>(t[l]);
  }
  store<per>(reg<uint16_t>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectHalfArith(const Match &m, Inst &i) {
  std::string_view op = m.opcode;
  bool brain = m.type(0) == Type::BF16 || m.type(0) == Type::BF16x2;
  if (brain && (m.has("ftz") || m.has("sat"))) return nullptr;
  if (op == "min" || op == "max") {
    i.detail = uint8_t(m.has("ftz") | m.has("NaN") << 1 | m.has("xorsign") << 2);
    bool isMax = op == "max";
    return pickType(m.type(0), [&]<class L, unsigned per>() -> Handler {
      return isMax ? extreme<L, true, per> : extreme<L, false, per>;
    });
  }
  i.detail =
      uint8_t((m.has("ftz") ? flagFtz : 0) | (m.has("sat") ? flagSat : 0) | (m.has("relu") ? flagRelu : 0));
  return pickType(m.type(0), [&]<class L, unsigned per>() -> Handler {
    if (op == "add") return arith<L, HalfOp::Add, per>;
    if (op == "sub") return arith<L, HalfOp::Sub, per>;
    return op == "mul" ? arith<L, HalfOp::Mul, per> : arith<L, HalfOp::Fma, per>;
  });
}

Handler selectHalfUnary(const Match &m, Inst &i) {
  std::string_view op = m.opcode;
  bool brain = m.type(0) == Type::BF16 || m.type(0) == Type::BF16x2;
  // ex2.approx.ftz.bf16 exists, and only so; the others have no .ftz.
  if (brain && m.has("ftz") != (op == "ex2")) return nullptr;
  i.detail = m.has("ftz");
  return pickType(m.type(0), [&]<class L, unsigned per>() -> Handler {
    if (op == "abs") return unary<L, HalfUnary::Abs, per>;
    if (op == "neg") return unary<L, HalfUnary::Neg, per>;
    return op == "ex2" ? unary<L, HalfUnary::Exp2, per> : unary<L, HalfUnary::Tanh, per>;
  });
}

} // namespace girih::ptx::GIRIH_PTX_ISA
