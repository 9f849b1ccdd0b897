// cvt. The common conversions are loops over types; all others go lane by lane through one general
// conversion.
#include "tools/ptxsim/exec/vector/Rounding.h"
#include "tools/ptxsim/exec/vector/Soft.h"
#include <math.h>

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

/// A conversion, in Inst::imm.
struct Conversion {
  Type to, from;
  uint8_t toBytes, fromBytes; // of the registers
  Rounding rounding;
  bool saturate, ftz;
  uint8_t toIntegral : 1, relu : 1, finite : 1; // .rni and its like on floats, .relu, .satfinite
};

bool isFloat(Type t) {
  return typeKind(t) == TypeKind::Float;
}
bool isSigned(Type t) {
  return typeKind(t) == TypeKind::Signed;
}

double roundToIntegral(double v, Rounding r) {
  switch (r) {
  case Rounding::Zero:
    return __builtin_trunc(v);
  case Rounding::Down:
    return __builtin_floor(v);
  case Rounding::Up:
    return __builtin_ceil(v);
  case Rounding::Away:
    return __builtin_round(v);
  default:
    return __builtin_roundeven(v);
  }
}

double loadFloat(Type t, uint64_t bits, bool ftz) {
  switch (t) {
  case Type::F16:
    return halfToFloat(uint16_t(bits));
  case Type::BF16:
    return brainToFloat(uint16_t(bits));
  case Type::F32:
    return ftz ? flush(floatOf(uint32_t(bits))) : floatOf(uint32_t(bits));
  default:
    return std::bit_cast<double>(bits);
  }
}

uint64_t saveFloat(const Conversion &c, double v) {
  if (c.relu) v = v < 0 || v == 0 ? 0.0 : v;
  if (c.saturate) v = v > 0 ? (v < 1 ? v : 1.0) : 0.0;
  switch (c.to) {
  case Type::F16:
    return roundTo(formatHalf, v, c.rounding, c.finite);
  case Type::BF16:
    return roundTo(formatBrain, v, c.rounding, c.finite);
  case Type::TF32:
    return uint64_t(roundTo(formatTensor, v, c.rounding, c.finite)) << 13 | (v != v ? 0x1fff : 0);
  case Type::F32: {
    float f = canonical(c.rounding == Rounding::Nearest ? float(v) : narrowTo32(v, c.rounding));
    return bitsOf(c.ftz ? flush(f) : f);
  }
  default:
    return bitsOf(v);
  }
}

/// Floats beyond an integer type become its ends. NaN becomes zero, or the highest bit alone if either type
/// is wide.
uint64_t floatToInteger(Type from, Type to, double v, Rounding r) {
  unsigned bits = typeBytes(to) * 8;
  if (v != v) return from == Type::F64 || bits == 64 ? 1ull << (bits - 1) : 0;
  v = roundToIntegral(v, r);
  if (isSigned(to)) {
    double limit = __builtin_ldexp(1.0, int(bits - 1));
    if (v >= limit) return (1ull << (bits - 1)) - 1;
    if (v < -limit) return ~0ull << (bits - 1);
    return uint64_t(int64_t(v));
  }
  if (v <= 0) return 0;
  if (v >= __builtin_ldexp(1.0, int(bits))) return bits == 64 ? ~0ull : (1ull << bits) - 1;
  return uint64_t(v);
}

/// An integer's sign, and its value as it was, in 64 bits.
uint64_t extend(Type t, uint64_t v) {
  unsigned bits = typeBytes(t) * 8;
  if (bits == 64) return v;
  v &= (1ull << bits) - 1;
  return isSigned(t) && (v >> (bits - 1)) ? v | ~0ull << bits : v;
}

uint64_t integerToFloat(const Conversion &c, uint64_t v) {
  bool negative = isSigned(c.from) && int64_t(v) < 0;
  uint64_t magnitude = negative ? 0 - v : v;
  // 64 bits do not fit into a double: what is cut off leaves a sticky bit, which rounds alike.
  int drop = magnitude >> 62 ? 10 : 0;
  uint64_t kept = magnitude >> drop;
  if (c.to == Type::F64) {
    double rest;
    double parts[3] = {double(magnitude >> 32) * 0x1p32, double(magnitude & 0xffffffff), 0};
    if (negative) parts[0] = -parts[0], parts[1] = -parts[1];
    computeRounded(FloatOp::Add, c.rounding, &rest, &parts[0], &parts[1], &parts[2], 1);
    if (c.saturate) rest = rest > 0 ? (rest < 1 ? rest : 1.0) : 0.0;
    return bitsOf(rest);
  }
  if (drop)
    kept = (kept >> 1) << 1 | ((magnitude & ((1ull << (drop + 1)) - 1)) != 0);
  else if (kept >> 53) {
    drop = 10;
    kept = (magnitude >> 10 >> 1) << 1 | ((magnitude & ((1ull << 11) - 1)) != 0);
  }
  double d = __builtin_ldexp(double(kept), drop);
  return saveFloat(c, negative ? -d : d);
}

uint64_t integerToInteger(const Conversion &c, uint64_t v) {
  if (!c.saturate) return extend(c.to, v);
  unsigned bits = typeBytes(c.to) * 8;
  bool negative = isSigned(c.from) && int64_t(v) < 0;
  uint64_t most = isSigned(c.to) ? (1ull << (bits - 1)) - 1 : bits == 64 ? ~0ull : (1ull << bits) - 1;
  if (negative) {
    if (!isSigned(c.to)) return 0;
    int64_t least = -int64_t(most) - 1;
    return int64_t(v) < least ? uint64_t(least) : v;
  }
  return v > most ? most : v;
}

uint64_t convertOne(const Conversion &c, uint64_t bits) {
  if (isFloat(c.from)) {
    double v = loadFloat(c.from, bits, c.ftz);
    if (!isFloat(c.to)) return floatToInteger(c.from, c.to, v, c.rounding);
    if (c.toIntegral) v = roundToIntegral(v, c.rounding);
    return saveFloat(c, v);
  }
  uint64_t v = extend(c.from, bits);
  return isFloat(c.to) ? integerToFloat(c, v) : integerToInteger(c, v);
}

bool convertAny(Warp &w, const Inst &i, uint32_t mask) {
  Conversion c = std::bit_cast<Conversion>(i.imm);
  const char *s = w.base[i.op[1] >> 31] + (i.op[1] & operandOffset);
  char *d = w.base[0] + i.op[0];
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    uint64_t bits = 0;
    __builtin_memcpy(&bits, s + l * c.fromBytes, c.fromBytes);
    uint64_t r = convertOne(c, bits);
    __builtin_memcpy(d + l * c.toBytes, &r, c.toBytes);
  }
  return true;
}

template <class To, class From> Handler integers() {
  return map<[](From v) { return To(v); }, To, From>;
}

/// Conversions without saturation or flushing whose registers are as wide as their types.
Handler pickFast(const Conversion &c) {
  using T = Type;
  auto is = [&](T to, T from) { return c.to == to && c.from == from; };
  bool nearest = c.rounding == Rounding::Nearest, zero = c.rounding == Rounding::Zero;
  if (c.saturate || c.ftz || c.relu || c.toIntegral || c.finite) return nullptr;
  if (!isFloat(c.to) && !isFloat(c.from)) {
    // Only the sign of the source matters, and that narrow results fill wider registers by their own.
    auto to = [&]<class From>() -> Handler {
      unsigned bytes = typeBytes(c.to);
      if (bytes == c.toBytes)
        return bytes == 2   ? integers<uint16_t, From>()
               : bytes == 4 ? integers<uint32_t, From>()
                            : integers<uint64_t, From>();
      if (bytes == 1 && c.toBytes == 4)
        return isSigned(c.to) ? map<[](From v) { return int32_t(int8_t(v)); }, int32_t, From>
                              : map<[](From v) { return uint32_t(uint8_t(v)); }, uint32_t, From>;
      if (bytes == 1 && c.toBytes == 2)
        return isSigned(c.to) ? map<[](From v) { return int16_t(int8_t(v)); }, int16_t, From>
                              : map<[](From v) { return uint16_t(uint8_t(v)); }, uint16_t, From>;
      if (bytes == 2 && c.toBytes == 4)
        return isSigned(c.to) ? map<[](From v) { return int32_t(int16_t(v)); }, int32_t, From>
                              : map<[](From v) { return uint32_t(uint16_t(v)); }, uint32_t, From>;
      return nullptr;
    };
    if (typeBytes(c.from) != c.fromBytes) return nullptr;
    switch (c.from) {
    case T::U16:
      return to.operator()<uint16_t>();
    case T::S16:
      return to.operator()<int16_t>();
    case T::U32:
      return to.operator()<uint32_t>();
    case T::S32:
      return to.operator()<int32_t>();
    case T::U64:
      return to.operator()<uint64_t>();
    case T::S64:
      return to.operator()<int64_t>();
    default:
      return nullptr;
    }
  }
  if (typeBytes(c.to) != c.toBytes || typeBytes(c.from) != c.fromBytes) return nullptr;
  if (is(T::F32, T::F16)) return map<[](uint16_t v) { return canonical(halfToFloat(v)); }, float, uint16_t>;
  if (is(T::F32, T::BF16)) return map<[](uint16_t v) { return canonical(brainToFloat(v)); }, float, uint16_t>;
  if (is(T::F64, T::F32)) return map<[](float v) { return double(v); }, double, float>;
  if (nearest) {
    if (is(T::F16, T::F32)) return map<floatToHalf, uint16_t, float>;
    if (is(T::BF16, T::F32)) return map<floatToBrain, uint16_t, float>;
    if (is(T::F32, T::F64)) return map<[](double v) { return canonical(float(v)); }, float, double>;
    if (is(T::F32, T::S32)) return map<[](int32_t v) { return float(v); }, float, int32_t>;
    if (is(T::F32, T::U32)) return map<[](uint32_t v) { return float(v); }, float, uint32_t>;
    if (is(T::F64, T::S32)) return map<[](int32_t v) { return double(v); }, double, int32_t>;
    if (is(T::F64, T::U32)) return map<[](uint32_t v) { return double(v); }, double, uint32_t>;
  }
  if (zero && is(T::S32, T::F32))
    return map<[](float v) {
      bool in = v < 0x1p31f && v >= -0x1p31f;
      int32_t edge = v > 0 ? INT32_MAX : v != v ? 0 : INT32_MIN;
      return in ? int32_t(v) : edge;
    },
               int32_t, float>;
  return nullptr;
}

} // namespace

Handler selectConvert(const Match &m, Inst &i) {
  auto registerBytes = [&](unsigned slot) {
    Type r = m.registers[slot];
    unsigned bytes = typeBytes(r == Type::None ? m.type(slot) : r);
    return uint8_t(bytes < 2 ? 2 : bytes);
  };
  Conversion c{};
  c.to = m.type(0), c.from = m.type(1);
  c.toBytes = registerBytes(0), c.fromBytes = registerBytes(1);
  c.rounding = roundingOf(m);
  c.saturate = m.has("sat"), c.finite = m.has("satfinite"), c.ftz = m.has("ftz"), c.relu = m.has("relu");
  bool integral = m.has("rni") || m.has("rzi") || m.has("rmi") || m.has("rpi");
  bool floats = isFloat(c.to) && isFloat(c.from);
  c.toIntegral = floats && integral;
  bool rounds = integral || m.has("rn") || m.has("rz") || m.has("rm") || m.has("rp") || m.has("rna");
  // Between floats a rounding stands exactly where something can be lost; .f16 and .bf16 may leave it to .rn.
  unsigned lossFrom = typeBytes(c.from), lossTo = typeBytes(c.to);
  bool halves = lossTo == 2 && lossFrom == 2 && c.to != c.from;
  bool loses = floats && (lossTo < lossFrom || c.to == Type::TF32);
  if (floats && !c.toIntegral && !halves && rounds != loses) return nullptr;
  if (c.ftz && c.to != Type::F32 && c.from != Type::F32) return nullptr;
  if (c.relu && (!floats || c.toIntegral || !loses || c.from != Type::F32)) return nullptr;
  if (c.toBytes > 8 || c.fromBytes > 8) return nullptr;
  i.imm = std::bit_cast<int64_t>(c);
  if (Handler fast = pickFast(c)) return fast;
  return convertAny;
}

//===-- Packed integers ------------------------------------------------------------===//

namespace {

/// cvt.pack: two integers saturated into the lower parts, the third operand's lower part above them.
template <class T, bool shifts> bool packIntegers(Warp &w, const Inst &i, uint32_t mask) {
  const int32_t *a = src<int32_t>(w, i.op[1]), *b = src<int32_t>(w, i.op[2]);
  const uint32_t *c = shifts ? src<uint32_t>(w, i.op[3]) : nullptr;
  constexpr int32_t least = std::is_signed_v<T> ? -(1 << (sizeof(T) * 8 - 1)) : 0,
                    most = std::is_signed_v<T> ? (1 << (sizeof(T) * 8 - 1)) - 1 : (1 << (sizeof(T) * 8)) - 1;
  uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l) {
    auto fit = [](int32_t v) {
      return uint32_t(std::make_unsigned_t<T>(v < least ? least : v > most ? most : v));
    };
    t[l] = fit(a[l]) << (sizeof(T) * 8) | fit(b[l]);
    if constexpr (shifts && sizeof(T) == 1) t[l] |= c[l] << 16;
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectConvertPack(const Match &m, Inst &) {
  bool three = m.types.size() == 3;
  switch (m.type(0)) {
  case Type::U8:
    return three ? packIntegers<uint8_t, true> : nullptr;
  case Type::S8:
    return three ? packIntegers<int8_t, true> : nullptr;
  case Type::U16:
    return three ? nullptr : packIntegers<uint16_t, false>;
  case Type::S16:
    return three ? nullptr : packIntegers<int16_t, false>;
  default:
    return nullptr;
  }
}

} // namespace girih::ptx::GIRIH_PTX_ISA
