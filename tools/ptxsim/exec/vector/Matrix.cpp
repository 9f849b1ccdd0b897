// Matrix products of a warp. In every fragment of mma.sync the 32 lanes of a register, one after the other,
// are an 8-row tile in row-major order: lane 4r+t has the columns tE..tE+E-1 of row r, E elements to a
// register. So fragments are read and written as tiles, without a table of who holds what.
//
// Floats: products are exact, their sum with C is formed in double in the order of k and rounded once to the
// type of D. (The hardware aligns and truncates; its results differ in the last bits, see docs/ptxsim.md.)
#include "tools/ptxsim/exec/vector/Addresses.h"
#include "tools/ptxsim/exec/vector/Rounding.h"
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

constexpr unsigned columns = 8; // n of every mma.sync

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

template <class EA, class EB, Accumulator accumulator>
[[gnu::always_inline]] inline void product(Warp &w, const Inst &i, unsigned rows, unsigned k) {
  alignas(64) double a[16 * 32], b[32 * columns], c[16 * columns];
  unsigned na = rows / 8 * (k / (4 * EA::perWord)), nb = k / (4 * EB::perWord),
           nc = accumulator == Accumulator::Half ? rows / 8 : rows / 4;
  const uint32_t *d = i.more, *opsA = d + nc, *opsB = opsA + na, *opsC = opsB + nb;
  readA<EA>(w, opsA, rows, k, a);
  readB<EB>(w, opsB, k, b);
  if constexpr (accumulator == Accumulator::Half) {
    for (unsigned r = 0; r < nc; ++r)
      for (unsigned n = 0; n < 64; ++n)
        c[r * 64 + n] = halfToFloat(src<uint16_t>(w, opsC[r])[n]);
  } else if constexpr (accumulator == Accumulator::Single) {
    readC<double, float>(w, opsC, rows, c);
  } else {
    readC<double, double>(w, opsC, rows, c);
  }
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
  if constexpr (accumulator == Accumulator::Half) {
    for (unsigned r = 0; r < nc; ++r)
      for (unsigned n = 0; n < 64; ++n)
        reg<uint16_t>(w, d[r])[n] = floatToHalf(toOdd(c[r * 64 + n]));
  } else if constexpr (accumulator == Accumulator::Single) {
    alignas(64) float f[16 * columns];
    for (unsigned n = 0; n < rows * columns; ++n)
      f[n] = canonical(float(c[n]));
    writeD<float, float>(w, d, rows, f);
  } else {
    writeD<double, double>(w, d, rows, c);
  }
}

template <class EA, class EB, Accumulator accumulator, unsigned rows, unsigned k>
bool mma(Warp &w, const Inst &i, uint32_t) {
  product<EA, EB, accumulator>(w, i, rows, k);
  return true;
}

//===-- Integers ----------------------------------------------------------------===//

template <class T> struct ByteElement {
  using Stored = T;
  static constexpr unsigned perWord = 4;
  static int32_t load(T v) { return v; }
};

/// Elements of 8, 4 or 1 bits of a register's word, widened.
int32_t element(uint32_t word, unsigned n, unsigned bits, bool isSigned) {
  uint32_t v = (word >> (n * bits)) & ((1u << bits) - 1);
  return isSigned && (v >> (bits - 1)) ? int32_t(v) - (1 << bits) : int32_t(v);
}

/// How an integer product is done, in Inst::imm.
struct IntegerProduct {
  uint8_t rows, bits;
  uint16_t k;
  bool signedA, signedB, saturate, andPopc;
};

bool mmaInteger(Warp &w, const Inst &i, uint32_t) {
  IntegerProduct p = std::bit_cast<IntegerProduct>(i.imm);
  unsigned perWord = 32u / p.bits, na = p.rows / 8 * (p.k / (4 * perWord)), nb = p.k / (4 * perWord),
           nc = p.rows / 4;
  const uint32_t *d = i.more, *opsA = d + nc, *opsB = opsA + na, *opsC = opsB + nb;
  alignas(64) int32_t a[16 * 256], b[256 * columns];
  alignas(64) int64_t c[16 * columns];
  unsigned width = 4 * perWord, high = p.rows / 8u;
  auto read = [&](const uint32_t *ops, unsigned count, bool isSigned, auto put) {
    for (unsigned r = 0; r < count; ++r)
      for (unsigned l = 0; l < warpSize; ++l)
        for (unsigned n = 0; n < perWord; ++n)
          put(r, l / 4, (l % 4) * perWord + n, element(src<uint32_t>(w, ops[r])[l], n, p.bits, isSigned));
  };
  read(opsA, na, p.signedA, [&](unsigned r, unsigned row, unsigned column, int32_t v) {
    a[((r % high) * 8 + row) * p.k + (r / high) * width + column] = v;
  });
  read(opsB, nb, p.signedB, [&](unsigned r, unsigned row, unsigned column, int32_t v) {
    b[(r * width + column) * columns + row] = v;
  });
  readC<int64_t, int32_t>(w, opsC, p.rows, c);
  for (unsigned r = 0; r < p.rows; ++r) {
    int32_t sum[columns] = {};
    for (unsigned x = 0; x < p.k; ++x)
      for (unsigned n = 0; n < columns; ++n)
        sum[n] += p.bits > 1 || p.andPopc ? a[r * p.k + x] * b[x * columns + n]
                                          : a[r * p.k + x] ^ b[x * columns + n];
    for (unsigned n = 0; n < columns; ++n) {
      int64_t v = c[r * columns + n] + sum[n];
      if (p.saturate) v = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
      c[r * columns + n] = v;
    }
  }
  writeD<int64_t, uint32_t>(w, d, p.rows, c);
  return true;
}

/// "m16n8k32": rows and k.
bool shapeOf(const Match &m, unsigned &rows, unsigned &k) {
  for (std::string_view s : m.modifiers) {
    if (s.size() < 5 || s[0] != 'm' || s[1] < '1' || s[1] > '9') continue;
    rows = 0, k = 0;
    size_t at = 1;
    for (; at < s.size() && s[at] != 'n'; ++at)
      rows = rows * 10 + unsigned(s[at] - '0');
    for (at = s.find('k') + 1; at < s.size(); ++at)
      k = k * 10 + unsigned(s[at] - '0');
    return true;
  }
  return false;
}

/// The numbers of registers that the operands must have.
bool fragmentsFit(const Match &m, unsigned d, unsigned a, unsigned b, unsigned bytes) {
  const unsigned expected[] = {d, a, b, d};
  for (unsigned n = 0; n < 4; ++n)
    if (m.vectors.size() != 4 || m.vectors[n] != expected[n] ||
        (m.vectorTypes[n] != Type::None && typeBytes(m.vectorTypes[n]) != bytes))
      return false;
  return true;
}

Handler selectInteger(const Match &m, Inst &i, unsigned rows, unsigned k) {
  Type a = m.type(1), b = m.type(2);
  auto bitsOfType = [](Type t) { return t == Type::B1 ? 1u : t == Type::U4 || t == Type::S4 ? 4u : 8u; };
  unsigned bits = bitsOfType(a), width = 128 / bits;
  if (bits != bitsOfType(b) || k % width || !fragmentsFit(m, rows / 4, rows / 8 * (k / width), k / width, 4))
    return nullptr;
  IntegerProduct p{uint8_t(rows),
                   uint8_t(bits),
                   uint16_t(k),
                   typeKind(a) == TypeKind::Signed,
                   typeKind(b) == TypeKind::Signed,
                   m.has("satfinite"),
                   m.has("and")};
  i.imm = std::bit_cast<int64_t>(p);
  return mmaInteger;
}

template <class EA, class EB> Handler pickProduct(const Match &m, unsigned rows, unsigned k) {
  bool half = m.type(0) == Type::F16;
  unsigned width = 4 * EA::perWord;
  if (m.type(0) != m.type(3) || rows != 16 || k % width ||
      !fragmentsFit(m, half ? 2 : 4, 2 * (k / width), k / width, 4))
    return nullptr;
  auto pick = [&]<unsigned depth>() -> Handler {
    if (half) return mma<EA, EB, Accumulator::Half, 16, depth>;
    return mma<EA, EB, Accumulator::Single, 16, depth>;
  };
  switch (k / width) {
  case 1:
    return pick.template operator()<4 * EA::perWord>();
  case 2:
    return pick.template operator()<8 * EA::perWord>();
  default:
    return nullptr;
  }
}

} // namespace

Handler selectMma(const Match &m, Inst &i) {
  unsigned rows, k;
  if (!shapeOf(m, rows, k)) return nullptr;
  i.op[5] = operandNone;
  Type d = m.type(0), a = m.type(1), b = m.type(2);
  if (d == Type::S32) return selectInteger(m, i, rows, k);
  // .row.col is the only layout but for m8n8k4 of .f16, which sm_70 had.
  if (!m.has("row") || !m.has("col") || m.has("satfinite")) return nullptr;
  if (d == Type::F64) {
    if (a != Type::F64 || b != Type::F64 || m.type(3) != Type::F64 ||
        !fragmentsFit(m, rows / 4, rows / 8 * (k / 4), k / 4, 8))
      return nullptr;
    using D = DoubleElement;
    if (rows == 8) return k == 4 ? mma<D, D, Accumulator::Double, 8, 4> : nullptr;
    return k == 4    ? mma<D, D, Accumulator::Double, 16, 4>
           : k == 8  ? mma<D, D, Accumulator::Double, 16, 8>
           : k == 16 ? mma<D, D, Accumulator::Double, 16, 16>
                     : nullptr;
  }
  if (a == Type::F16 && b == a) return pickProduct<HalfElement, HalfElement>(m, rows, k);
  if (d != Type::F32 && a != Type::E4M3 && a != Type::E5M2) return nullptr;
  if (a == Type::BF16 && b == a) return pickProduct<BrainElement, BrainElement>(m, rows, k);
  if (a == Type::TF32 && b == a) return pickProduct<TensorElement, TensorElement>(m, rows, k);
  if (a == Type::E4M3)
    return b == a            ? pickProduct<E4M3Element, E4M3Element>(m, rows, k)
           : b == Type::E5M2 ? pickProduct<E4M3Element, E5M2Element>(m, rows, k)
                             : nullptr;
  if (a == Type::E5M2)
    return b == a            ? pickProduct<E5M2Element, E5M2Element>(m, rows, k)
           : b == Type::E4M3 ? pickProduct<E5M2Element, E4M3Element>(m, rows, k)
                             : nullptr;
  return nullptr;
}

//===-- ldmatrix, stmatrix, movmatrix --------------------------------------------===//

namespace {

/// The place in an 8x8 tile of lane `l`'s element `e`.
constexpr unsigned tilePlace(unsigned l, unsigned e, bool transposed) {
  return transposed ? ((l % 4) * 2 + e) * 8 + l / 4 : l / 4 * 8 + (l % 4) * 2 + e;
}

template <bool transposed, bool isStore> bool matrices(Warp &w, const Inst &i, uint32_t) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  uint32_t rows = i.count == 4 ? allLanes : (1u << (8 * i.count)) - 1; // the lanes whose addresses count
  Intent intent{isStore ? AccessKind::Store : AccessKind::Load, {}, 16};
  Space space = Space(i.detail);
  if (space == Space::Generic ? !resolve<Space::Generic>(w, i, intent, address, rows, pointer)
                              : !resolveIn(w, i, Space::Shared, intent, address, rows, pointer))
    return false;
  for (unsigned n = 0; n < i.count; ++n) {
    uint16_t tile[64];
    if constexpr (isStore) {
      const uint16_t *s = src<uint16_t>(w, i.more[n]);
      for (unsigned x = 0; x < 64; ++x)
        tile[tilePlace(x / 2, x % 2, transposed)] = s[x];
      for (unsigned r = 0; r < 8; ++r)
        __builtin_memcpy(pointer[8 * n + r], tile + 8 * r, 16);
    } else {
      for (unsigned r = 0; r < 8; ++r)
        __builtin_memcpy(tile + 8 * r, pointer[8 * n + r], 16);
      uint16_t *d = reg<uint16_t>(w, i.more[n]);
      for (unsigned x = 0; x < 64; ++x)
        d[x] = tile[tilePlace(x / 2, x % 2, transposed)];
    }
  }
  return true;
}

bool movmatrix(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *s = src<uint16_t>(w, i.op[1]);
  alignas(64) uint16_t t[64];
  for (unsigned x = 0; x < 64; ++x)
    t[x] = s[tilePlace(x / 2, x % 2, true)];
  store<2>(reg<uint16_t>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectLdmatrix(const Match &m, Inst &i) {
  unsigned count = m.has("x1") ? 1 : m.has("x2") ? 2 : 4;
  if (m.vectors[0] != count || (m.vectorTypes[0] != Type::None && typeBytes(m.vectorTypes[0]) != 4))
    return nullptr;
  i.detail = uint8_t(m.space), i.op[5] = operandNone;
  bool transposed = m.has("trans");
  if (m.opcode == "stmatrix") return transposed ? matrices<true, true> : matrices<false, true>;
  return transposed ? matrices<true, false> : matrices<false, false>;
}

Handler selectMovmatrix(const Match &, Inst &i) {
  i.op[5] = operandNone;
  return movmatrix;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
