// Integer arithmetic, bits and shifts.
#include "tools/ptxsim/exec/vector/Lanes.h"
#include <algorithm>

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

template <class T> using Unsigned = std::make_unsigned_t<T>;
template <class T> struct WideOf;
template <> struct WideOf<uint16_t> {
  using type = uint32_t;
};
template <> struct WideOf<int16_t> {
  using type = int32_t;
};
template <> struct WideOf<uint32_t> {
  using type = uint64_t;
};
template <> struct WideOf<int32_t> {
  using type = int64_t;
};
template <> struct WideOf<uint64_t> {
  using type = unsigned __int128;
};
template <> struct WideOf<int64_t> {
  using type = __int128;
};
template <class T> using Wide = typename WideOf<T>::type;

// Signed arithmetic wraps: it is done on unsigned values, of at least 32 bits, since 16-bit ones would become
// int.
template <class T> using Word = std::conditional_t<sizeof(T) == 2, uint32_t, Unsigned<T>>;
template <class T> constexpr T add(T a, T b) {
  return T(Word<T>(a) + Word<T>(b));
}
template <class T> constexpr T sub(T a, T b) {
  return T(Word<T>(a) - Word<T>(b));
}
template <class T> constexpr T mulLo(T a, T b) {
  return T(Word<T>(a) * Word<T>(b));
}
template <class T> constexpr T mulHi(T a, T b) {
  return T((Wide<T>(a) * Wide<T>(b)) >> (sizeof(T) * 8));
}
template <class T> constexpr Wide<T> mulWide(T a, T b) {
  return Wide<T>(a) * Wide<T>(b);
}
template <class T> constexpr T least(T a, T b) {
  return a < b ? a : b;
}
template <class T> constexpr T most(T a, T b) {
  return a < b ? b : a;
}
constexpr int32_t saturate(int64_t v) {
  return int32_t(v > INT32_MAX ? int64_t(INT32_MAX) : v < INT32_MIN ? int64_t(INT32_MIN) : v);
}

/// A quotient by zero has all bits set, a remainder is the dividend, as the hardware's sequences leave them.
template <class T> constexpr T divide(T a, T b) {
  if (b == 0) return T(-1);
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return sub(T(0), a);
  return T(a / b);
}
template <class T> constexpr T remainder(T a, T b) {
  if (b == 0) return a;
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return 0;
  return T(a % b);
}

template <class T> constexpr T mul24(T a, T b, bool high) {
  constexpr unsigned unused = 8;
  int64_t x = std::is_signed_v<T> ? int64_t(int32_t(uint32_t(a) << unused) >> unused)
                                  : int64_t(uint32_t(a) & 0xffffff);
  int64_t y = std::is_signed_v<T> ? int64_t(int32_t(uint32_t(b) << unused) >> unused)
                                  : int64_t(uint32_t(b) & 0xffffff);
  return T((x * y) >> (high ? 16 : 0));
}

} // namespace

Handler selectArith(const Match &m, Inst &) {
  std::string_view op = m.opcode;
  Type type = m.type(0);
  bool high = m.has("hi"), sat = m.has("sat");
  if (type == Type::U16x2 || type == Type::S16x2 || m.has("relu")) {
    auto packed = [&]<class T>() -> Handler {
      if (op == "add") return mapPacked<add<T>, T, T, T>;
      if (op == "min")
        return m.has("relu") ? mapPacked<[](T a, T b) { return most<T>(least(a, b), 0); }, T, T, T>
                             : mapPacked<least<T>, T, T, T>;
      if (op == "max")
        return m.has("relu") ? mapPacked<[](T a, T b) { return most<T>(most(a, b), 0); }, T, T, T>
                             : mapPacked<most<T>, T, T, T>;
      return nullptr;
    };
    if (type == Type::U16x2) return m.has("relu") ? nullptr : packed.operator()<uint16_t>();
    if (type == Type::S16x2) return packed.operator()<int16_t>();
    if (op == "min")
      return map<[](int32_t a, int32_t b) { return most(least(a, b), 0); }, int32_t, int32_t, int32_t>;
    return map<[](int32_t a, int32_t b) { return most(most(a, b), 0); }, int32_t, int32_t, int32_t>;
  }
  if (sat) {
    if (type != Type::S32) return nullptr;
    if (op == "add")
      return map<[](int32_t a, int32_t b) { return saturate(int64_t(a) + b); }, int32_t, int32_t, int32_t>;
    return map<[](int32_t a, int32_t b) { return saturate(int64_t(a) - b); }, int32_t, int32_t, int32_t>;
  }
  if (op == "mul24") {
    if (type == Type::U32)
      return high
                 ? map<[](uint32_t a, uint32_t b) { return mul24(a, b, true); }, uint32_t, uint32_t, uint32_t>
                 : map<[](uint32_t a, uint32_t b) { return mul24(a, b, false); }, uint32_t, uint32_t,
                       uint32_t>;
    return high ? map<[](int32_t a, int32_t b) { return mul24(a, b, true); }, int32_t, int32_t, int32_t>
                : map<[](int32_t a, int32_t b) { return mul24(a, b, false); }, int32_t, int32_t, int32_t>;
  }
  if (m.has("wide")) {
    auto wide = []<class T>() -> Handler {
      if constexpr (sizeof(T) == 8)
        return nullptr;
      else
        return map<mulWide<T>, Wide<T>, T, T>;
    };
    return pickInteger(type, wide);
  }
  return pickInteger(type, [&]<class T>() -> Handler {
    if (op == "add") return map<add<T>, T, T, T>;
    if (op == "sub") return map<sub<T>, T, T, T>;
    if (op == "mul") return high ? map<mulHi<T>, T, T, T> : map<mulLo<T>, T, T, T>;
    if (op == "div") return map<divide<T>, T, T, T>;
    if (op == "rem") return map<remainder<T>, T, T, T>;
    if (op == "min") return map<least<T>, T, T, T>;
    if (op == "max") return map<most<T>, T, T, T>;
    if (op == "and") return map<[](T a, T b) { return T(a & b); }, T, T, T>;
    if (op == "or") return map<[](T a, T b) { return T(a | b); }, T, T, T>;
    if (op == "xor") return map<[](T a, T b) { return T(a ^ b); }, T, T, T>;
    return nullptr;
  });
}

Handler selectMad(const Match &m, Inst &) {
  std::string_view op = m.opcode;
  bool high = m.has("hi"), sat = m.has("sat");
  using S = int32_t;
  if (sat && (!high || m.type(0) != Type::S32)) return nullptr;
  if (op == "mad24") {
    if (sat) return map<[](S a, S b, S c) { return saturate(int64_t(mul24(a, b, true)) + c); }, S, S, S, S>;
    auto pick = [&]<class T>() -> Handler {
      return high ? map<[](T a, T b, T c) { return add(mul24(a, b, true), c); }, T, T, T, T>
                  : map<[](T a, T b, T c) { return add(mul24(a, b, false), c); }, T, T, T, T>;
    };
    return m.type(0) == Type::U32 ? pick.operator()<uint32_t>() : pick.operator()<int32_t>();
  }
  if (sat) return map<[](S a, S b, S c) { return saturate(int64_t(mulHi(a, b)) + c); }, S, S, S, S>;
  return pickInteger(m.type(0), [&]<class T>() -> Handler {
    if (op == "sad")
      return map<[](T a, T b, T c) { return add<T>(c, a < b ? sub(b, a) : sub(a, b)); }, T, T, T, T>;
    if (m.has("wide")) {
      if constexpr (sizeof(T) == 8)
        return nullptr;
      else
        return map<[](T a, T b, Wide<T> c) { return add<Wide<T>>(mulWide(a, b), c); }, Wide<T>, T, T,
                   Wide<T>>;
    }
    return high ? map<[](T a, T b, T c) { return add(mulHi(a, b), c); }, T, T, T, T>
                : map<[](T a, T b, T c) { return add(mulLo(a, b), c); }, T, T, T, T>;
  });
}

//===-- Extended precision: CC.CF is a mask in the warp -----------------------===//

namespace {

enum class CarryOp : uint8_t { Add, Sub, MadLo, MadHi };

// The machine subtracts by adding the complement, so that CC.CF is 1 when nothing was borrowed. nvcc's
// divisions of 128 bits read it by addc.

template <class T, CarryOp op, bool in, bool out> bool withCarry(Warp &w, const Inst &i, uint32_t mask) {
  using U = Unsigned<T>;
  const T *a = src<T>(w, i.op[1]), *b = src<T>(w, i.op[2]);
  const T *c = op == CarryOp::MadLo || op == CarryOp::MadHi ? src<T>(w, i.op[3]) : b;
  U t[warpSize];
  uint32_t carry = 0;
  for (unsigned l = 0; l < warpSize; ++l) {
    U cf = in ? (w.carry >> l) & 1 : U(op == CarryOp::Sub), x = U(a[l]), y = U(c[l]), first;
    if constexpr (op == CarryOp::MadLo) x = U(mulLo(a[l], b[l]));
    if constexpr (op == CarryOp::MadHi) x = U(mulHi(a[l], b[l]));
    if constexpr (op == CarryOp::Sub) y = U(~y);
    bool overflow = __builtin_add_overflow(x, y, &first);
    overflow |= __builtin_add_overflow(first, cf, &t[l]);
    carry |= uint32_t(overflow) << l;
  }
  store(reg<U>(w, i.op[0]), t, mask);
  if (out) w.carry = (w.carry & ~mask) | (carry & mask);
  return true;
}

} // namespace

Handler selectCarry(const Match &m, Inst &) {
  bool in = m.opcode.back() == 'c', out = m.has("cc"), high = m.has("hi");
  return pickInteger(m.type(0), [&]<class T>() -> Handler {
    if constexpr (sizeof(T) < 4) {
      return nullptr;
    } else {
      auto pick = [&]<CarryOp op>() -> Handler {
        return in ? (out ? withCarry<T, op, true, true> : withCarry<T, op, true, false>)
                  : withCarry<T, op, false, true>;
      };
      if (m.opcode.starts_with("add")) return pick.template operator()<CarryOp::Add>();
      if (m.opcode.starts_with("sub")) return pick.template operator()<CarryOp::Sub>();
      return high ? pick.template operator()<CarryOp::MadHi>() : pick.template operator()<CarryOp::MadLo>();
    }
  });
}

//===-- One operand -----------------------------------------------------------===//

namespace {

/// The highest bit that differs from the sign, all ones if there is none.
template <class T> constexpr uint32_t highest(T a) {
  Unsigned<T> v = Unsigned<T>(a);
  if (std::is_signed_v<T> && a < 0) v = Unsigned<T>(~v);
  return uint32_t(sizeof(T) * 8 - 1) - uint32_t(std::countl_zero(v));
}
template <class T> constexpr uint32_t shiftToHighest(T a) {
  uint32_t at = highest(a);
  return at == ~0u ? at : uint32_t(sizeof(T) * 8 - 1) - at;
}

} // namespace

Handler selectUnary(const Match &m, Inst &) {
  std::string_view op = m.opcode;
  bool shift = m.has("shiftamt");
  return pickInteger(m.type(0), [&]<class T>() -> Handler {
    using U = Unsigned<T>;
    constexpr unsigned bits = sizeof(T) * 8;
    if (op == "neg") return map<[](T a) { return sub<T>(0, a); }, T, T>;
    if (op == "abs") return map<[](T a) { return a < 0 ? sub<T>(0, a) : a; }, T, T>;
    if (op == "not") return map<[](T a) { return T(~a); }, T, T>;
    if (op == "cnot") return map<[](T a) { return T(a == 0); }, T, T>;
    if constexpr (sizeof(T) >= 4) {
      if (op == "popc") return map<[](T a) { return uint32_t(std::popcount(U(a))); }, uint32_t, T>;
      if (op == "clz") return map<[](T a) { return uint32_t(std::countl_zero(U(a))); }, uint32_t, T>;
      if (op == "brev")
        return map<[](T a) {
          return T(bits == 32 ? __builtin_bitreverse32(uint32_t(a)) : __builtin_bitreverse64(uint64_t(a)));
        },
                   T, T>;
      if (op == "bfind") {
        if (shift) return map<shiftToHighest<T>, uint32_t, T>;
        return map<highest<T>, uint32_t, T>;
      }
    }
    return nullptr;
  });
}

//===-- Bits ------------------------------------------------------------------===//

namespace {

template <class T> constexpr T bfe(T a, uint32_t b, uint32_t c) {
  constexpr unsigned bits = sizeof(T) * 8;
  using U = Unsigned<T>;
  unsigned at = b & 0xff, length = c & 0xff;
  if (length == 0) return 0;
  // The sign is the field's highest bit, or the value's if the field ends beyond it.
  unsigned top = at + length - 1 < bits - 1 ? at + length - 1 : bits - 1;
  bool sign = std::is_signed_v<T> && ((U(a) >> top) & 1);
  U field = at < bits ? U(U(a) >> at) : U(0);
  unsigned have = at < bits ? bits - at : 0, keep = length < have ? length : have;
  if (keep < bits) field &= U((U(1) << keep) - 1);
  if (sign && keep < bits) field |= U(~U(0) << keep);
  return T(field);
}

template <class T> constexpr T bfi(T a, T b, uint32_t c, uint32_t d) {
  constexpr unsigned bits = sizeof(T) * 8;
  unsigned at = c & 0xff, length = d & 0xff;
  if (length == 0 || at >= bits) return b;
  T field = length >= bits ? T(~T(0)) : T((T(1) << length) - 1);
  field = T(field << at);
  return T((b & ~field) | ((a << at) & field));
}

constexpr uint32_t fns(uint32_t mask, uint32_t base, int32_t offset) {
  base &= 31;
  if (offset == 0) return (mask >> base) & 1 ? base : ~0u;
  int32_t left = offset < 0 ? -offset : offset;
  for (int32_t at = int32_t(base); at >= 0 && at < 32; at += offset < 0 ? -1 : 1)
    if ((mask >> at) & 1 && --left == 0) return uint32_t(at);
  return ~0u;
}

constexpr uint32_t permute(uint64_t ab, uint32_t selector) {
  uint32_t r = 0;
  for (unsigned n = 0; n < 4; ++n) {
    uint32_t s = (selector >> (n * 4)) & 0xf, byte = uint32_t(ab >> ((s & 7) * 8)) & 0xff;
    if (s & 8) byte = byte & 0x80 ? 0xff : 0;
    r |= byte << (n * 8);
  }
  return r;
}

constexpr uint32_t prmtSelector(unsigned mode, uint32_t c) {
  c &= 3;
  // One table for each of f4e, b4e, rc8, ecl, ecr, rc16.
  constexpr uint16_t tables[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                     {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                     {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
  return tables[mode][c];
}

constexpr uint32_t bmsk(uint32_t a, uint32_t b, bool clamp) {
  if (!clamp) a &= 31, b &= 31;
  if (a >= 32 || b == 0) return 0;
  uint64_t mask = b >= 32 ? ~0ull : (1ull << b) - 1;
  return uint32_t(mask << a);
}

template <class T> constexpr T szext(T a, uint32_t b, bool clamp) {
  if (!clamp) b &= 31;
  if (b >= 32) return a;
  if (b == 0) return 0;
  uint32_t field = uint32_t(a) << (32 - b);
  return std::is_signed_v<T> ? T(int32_t(field) >> (32 - b)) : T(field >> (32 - b));
}

constexpr uint32_t funnelLeft(uint32_t a, uint32_t b, uint32_t c) {
  return uint32_t((((uint64_t(b) << 32) | a) << c) >> 32);
}
constexpr uint32_t funnelRight(uint32_t a, uint32_t b, uint32_t c) {
  return uint32_t(((uint64_t(b) << 32) | a) >> c);
}
constexpr uint32_t upTo32(uint32_t c) {
  return c > 32 ? 32 : c;
}

template <unsigned mode> bool prmtMode(Warp &w, const Inst &i, uint32_t mask) {
  return map<[](uint32_t a, uint32_t b, uint32_t c) {
    return permute(uint64_t(b) << 32 | a, prmtSelector(mode, c));
  },
             uint32_t, uint32_t, uint32_t, uint32_t>(w, i, mask);
}

} // namespace

Handler selectBits(const Match &m, Inst &) {
  using U = uint32_t;
  std::string_view op = m.opcode;
  bool clamp = m.has("clamp");
  if (op == "fns") return map<[](U a, U b, U c) { return fns(a, b, int32_t(c)); }, U, U, U, U>;
  if (op == "bmsk")
    return clamp ? map<[](U a, U b) { return bmsk(a, b, true); }, U, U, U>
                 : map<[](U a, U b) { return bmsk(a, b, false); }, U, U, U>;
  if (op == "prmt") {
    constexpr std::string_view names[] = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
    constexpr Handler modes[] = {prmtMode<0>, prmtMode<1>, prmtMode<2>,
                                 prmtMode<3>, prmtMode<4>, prmtMode<5>};
    for (unsigned n = 0; n < 6; ++n)
      if (m.has(names[n])) return modes[n];
    return map<[](U a, U b, U c) { return permute(uint64_t(b) << 32 | a, c); }, U, U, U, U>;
  }
  if (op == "shf") {
    if (m.has("l"))
      return clamp ? map<[](U a, U b, U c) { return funnelLeft(a, b, upTo32(c)); }, U, U, U, U>
                   : map<[](U a, U b, U c) { return funnelLeft(a, b, c & 31); }, U, U, U, U>;
    return clamp ? map<[](U a, U b, U c) { return funnelRight(a, b, upTo32(c)); }, U, U, U, U>
                 : map<[](U a, U b, U c) { return funnelRight(a, b, c & 31); }, U, U, U, U>;
  }
  return pickInteger(m.type(0), [&]<class T>() -> Handler {
    if constexpr (sizeof(T) == 4)
      if (op == "szext")
        return clamp ? map<[](T a, U b) { return szext(a, b, true); }, T, T, U>
                     : map<[](T a, U b) { return szext(a, b, false); }, T, T, U>;
    if (op == "bfe") return map<bfe<T>, T, T, U, U>;
    if constexpr (!std::is_signed_v<T>)
      if (op == "bfi") return map<bfi<T>, T, T, T, U, U>;
    return nullptr;
  });
}

Handler selectShift(const Match &m, Inst &) {
  bool left = m.opcode == "shl";
  return pickInteger(m.type(0), [&]<class T>() -> Handler {
    using V =
        std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>, T>;
    constexpr uint32_t bits = sizeof(T) * 8;
    if (left)
      return map<[](T a, uint32_t b) { return b >= bits ? T(0) : T(Unsigned<V>(a) << b); }, T, T, uint32_t>;
    if constexpr (std::is_signed_v<T>)
      return map<[](T a, uint32_t b) { return T(V(a) >> (b >= bits ? bits - 1 : b)); }, T, T, uint32_t>;
    else
      return map<[](T a, uint32_t b) { return b >= bits ? T(0) : T(V(a) >> b); }, T, T, uint32_t>;
  });
}

//===-- lop3 ------------------------------------------------------------------===//

namespace {

template <uint8_t table> constexpr uint32_t lop3(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t r = 0;
  for (unsigned n = 0; n < 8; ++n)
    if ((table >> n) & 1) r |= (n & 4 ? a : ~a) & (n & 2 ? b : ~b) & (n & 1 ? c : ~c);
  return r;
}

template <uint8_t table> bool lop3Handler(Warp &w, const Inst &i, uint32_t mask) {
  return map<lop3<table>, uint32_t, uint32_t, uint32_t, uint32_t>(w, i, mask);
}

template <size_t... N> constexpr auto lop3Handlers(std::index_sequence<N...>) {
  struct Table {
    Handler of[256];
  };
  return Table{{lop3Handler<N>...}};
}

constexpr auto lop3Table = lop3Handlers(std::make_index_sequence<256>());

/// lop3.or and .and: the predicate is whether the result is not zero, combined with another.
template <bool isAnd> bool lop3Predicate(Warp &w, const Inst &i, uint32_t mask) {
  Inst plain = i;
  std::copy(i.op + 2, i.op + 5, plain.op + 1);
  lop3Table.of[i.detail](w, plain, mask);
  uint32_t set = compareLanes<[](uint32_t d, uint32_t) { return d != 0; }>(src<uint32_t>(w, i.op[0]),
                                                                           src<uint32_t>(w, i.op[0]));
  uint32_t q = predicate(w, i.op[5]);
  setPredicate(w, i.op[1], mask, isAnd ? set & q : set | q);
  return true;
}

} // namespace

Handler selectLop3(const Match &m, Inst &i) {
  if (m.has("and")) return lop3Predicate<true>;
  if (m.has("or")) return lop3Predicate<false>;
  return lop3Table.of[i.detail];
}

//===-- Dot products ----------------------------------------------------------===//

namespace {

template <class A, class B> constexpr uint32_t dp4a(uint32_t a, uint32_t b, uint32_t c) {
  for (unsigned n = 0; n < 4; ++n)
    c += uint32_t(int32_t(A(a >> (8 * n))) * int32_t(B(b >> (8 * n))));
  return c;
}
template <class A, class B, unsigned high> constexpr uint32_t dp2a(uint32_t a, uint32_t b, uint32_t c) {
  using Half = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  for (unsigned n = 0; n < 2; ++n)
    c += uint32_t(int32_t(Half(a >> (16 * n))) * int32_t(B(b >> (8 * (n + 2 * high)))));
  return c;
}

} // namespace

Handler selectDotProduct(const Match &m, Inst &) {
  using U = uint32_t;
  auto pick = [&]<class A, class B>() -> Handler {
    if (m.opcode == "dp4a") return map<dp4a<A, B>, U, U, U, U>;
    return m.has("hi") ? map<dp2a<A, B, 1>, U, U, U, U> : map<dp2a<A, B, 0>, U, U, U, U>;
  };
  bool a = m.type(0) == Type::S32, b = m.type(1) == Type::S32;
  if (a) return b ? pick.operator()<int8_t, int8_t>() : pick.operator()<int8_t, uint8_t>();
  return b ? pick.operator()<uint8_t, int8_t>() : pick.operator()<uint8_t, uint8_t>();
}

} // namespace girih::ptx::GIRIH_PTX_ISA
