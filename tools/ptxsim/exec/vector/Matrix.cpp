// mma.sync, and the instructions that move tiles between lanes and shared memory.
#include "tools/ptxsim/exec/vector/Fragments.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

template <class EA, class EB, Accumulator accumulator, unsigned rows, unsigned k>
bool mma(Warp &w, const Inst &i, uint32_t) {
  constexpr unsigned na = rows / 8 * (k / (4 * EA::perWord)), nb = k / (4 * EB::perWord),
                     nc = accumulator == Accumulator::Half ? rows / 8 : rows / 4;
  const uint32_t *d = i.more;
  product<EA, EB, accumulator>(w, {d, d + nc, d + nc + na, d + nc + na + nb}, rows, k);
  return true;
}

/// Element `n` of a register's word, widened; `sign` is its sign bit, or 0. Single bits stay together in
/// words.
template <unsigned bits>
[[gnu::always_inline]] inline uint32_t element(uint32_t word, unsigned n, uint32_t sign) {
  if constexpr (bits == 1) {
    return word;
  } else {
    uint32_t v = (word >> (n * bits)) & ((1u << bits) - 1);
    return v - ((v & sign) << 1);
  }
}

template <unsigned bits> void integerProduct(Warp &w, const Fragments &f, const IntegerProduct &p) {
  constexpr unsigned perWord = bits == 1 ? 1 : 32 / bits, width = 4 * perWord;
  typedef uint32_t Row __attribute__((ext_vector_type(columns)));
  typedef int32_t SignedRow __attribute__((ext_vector_type(columns)));
  FragmentSizes n = sizesOf(p);
  alignas(64) uint32_t a[16 * 64];
  alignas(64) Row b[64], c[4][32];
  unsigned k = bits == 1 ? p.k / 32u : p.k, high = p.rows / 8u;
  auto read = [&](const uint32_t *ops, unsigned count, bool isSigned, auto put) {
    uint32_t sign = isSigned ? 1u << (bits - 1) : 0;
    for (unsigned r = 0; r < count; ++r) {
      const uint32_t *words = src<uint32_t>(w, ops[r]);
      for (unsigned row = 0; row < 8; ++row)
        for (unsigned x = 0; x < width; ++x)
          put(r, row, x, element<bits>(words[row * 4 + x / perWord], x % perWord, sign));
    }
  };
  read(f.a, n.a, p.signedA, [&](unsigned r, unsigned row, unsigned x, uint32_t v) {
    a[((r % high) * 8 + row) * k + (r / high) * width + x] = v;
  });
  for (unsigned t = 0; t < p.tiles; ++t) {
    read(f.b + t * n.b, n.b, p.signedB,
         [&](unsigned r, unsigned row, unsigned x, uint32_t v) { b[r * width + x][row] = v; });
    readC<uint32_t, uint32_t>(w, f.c + t * n.c, p.rows, reinterpret_cast<uint32_t *>(c[t]));
    for (unsigned r = 0; r < p.rows; ++r) {
      Row sum = 0;
      for (unsigned x = 0; x < k; ++x) {
        Row va = a[r * k + x];
        if constexpr (bits > 1)
          sum += va * b[x];
        else
          sum += __builtin_elementwise_popcount(p.andPopc ? va & b[x] : va ^ b[x]);
      }
      // Without C the sum is far from overflowing.
      c[t][r] =
          p.saturate ? Row(__builtin_elementwise_add_sat(SignedRow(c[t][r]), SignedRow(sum))) : c[t][r] + sum;
    }
  }
  for (unsigned t = 0; t < p.tiles; ++t)
    writeD<uint32_t, uint32_t>(w, f.d + t * n.c, p.rows, reinterpret_cast<const uint32_t *>(c[t]));
}

} // namespace

void multiplyIntegers(Warp &w, const Fragments &f, const IntegerProduct &p) {
  if (p.bits == 8) return integerProduct<8>(w, f, p);
  if (p.bits == 4) return integerProduct<4>(w, f, p);
  integerProduct<1>(w, f, p);
}

Shape shapeOf(const Match &m) {
  for (std::string_view s : m.modifiers) {
    if (s.size() < 6 || s[0] != 'm' || s[1] < '1' || s[1] > '9') continue;
    Shape shape;
    unsigned *number = &shape.m;
    for (char ch : s.substr(1))
      if (ch == 'n')
        number = &shape.n;
      else if (ch == 'k')
        number = &shape.k;
      else
        *number = *number * 10 + unsigned(ch - '0');
    return shape;
  }
  return {};
}

namespace {

bool mmaInteger(Warp &w, const Inst &i, uint32_t) {
  IntegerProduct p = std::bit_cast<IntegerProduct>(i.imm);
  FragmentSizes n = sizesOf(p);
  const uint32_t *d = i.more;
  multiplyIntegers(w, {d, d + n.c, d + n.c + n.a, d + n.c + n.a + n.b}, p);
  return true;
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
                   1,
                   typeKind(a) == TypeKind::Signed,
                   typeKind(b) == TypeKind::Signed,
                   m.has("satfinite"),
                   m.has("and"),
                   uint16_t(k)};
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

/// mma.m8n8k4 of .f16, which sm_70 had: four products, each of eight lanes (q*4.. and 16+q*4..).
struct QuadProduct {
  bool columnsA, columnsB, halfC, halfD;
  uint32_t unused = 0;
};

/// Row and column of an accumulator's element in its lane.
std::pair<unsigned, unsigned> quadPlace(unsigned lane, unsigned e, bool half) {
  unsigned high = lane < 16 ? 0 : 4;
  if (half) return {lane % 4 + high, e};
  return {(lane & 1) + (e & 2) + high, (e & 4) + (lane & 2) + (e & 1)};
}

bool mmaQuads(Warp &w, const Inst &i, uint32_t) {
  QuadProduct p = std::bit_cast<QuadProduct>(i.imm);
  const uint32_t *d = i.more, *opsA = d + (p.halfD ? 4 : 8), *opsB = opsA + 2, *opsC = opsB + 2;
  auto half = [&](const uint32_t *ops, unsigned lane, unsigned e) -> double {
    return halfToFloat(src<uint16_t>(w, ops[e / 2])[2 * lane + e % 2]);
  };
  double a[4][8][4], b[4][4][8], c[4][8][8];
  for (unsigned l = 0; l < warpSize; ++l) {
    unsigned q = l / 4 % 4, high = l < 16 ? 0 : 4;
    for (unsigned e = 0; e < 4; ++e) {
      (p.columnsA ? a[q][e + high][l % 4] : a[q][l % 4 + high][e]) = half(opsA, l, e);
      (p.columnsB ? b[q][e][l % 4 + high] : b[q][l % 4][e + high]) = half(opsB, l, e);
    }
    for (unsigned e = 0; e < 8; ++e) {
      auto [row, column] = quadPlace(l, e, p.halfC);
      c[q][row][column] = p.halfC ? half(opsC, l, e) : src<float>(w, opsC[e])[l];
    }
  }
  for (unsigned l = 0; l < warpSize; ++l)
    for (unsigned e = 0; e < 8; ++e) {
      auto [row, column] = quadPlace(l, e, p.halfD);
      unsigned q = l / 4 % 4;
      double sum = 0;
      for (unsigned k = 0; k < 4; ++k)
        sum = __builtin_fma(a[q][row][k], b[q][k][column], sum);
      sum += c[q][row][column];
      if (p.halfD)
        reg<uint16_t>(w, d[e / 2])[2 * l + e % 2] = floatToHalf(toOdd(sum));
      else
        reg<float>(w, d[e])[l] = canonical(float(sum));
    }
  return true;
}

Handler selectQuads(const Match &m, Inst &i) {
  // "sync", "aligned", the shape, the layouts of A and B.
  if (m.modifiers.size() != 5 || m.type(1) != Type::F16 || m.type(2) != Type::F16) return nullptr;
  QuadProduct p{m.modifiers[3] == "col", m.modifiers[4] == "col", m.type(3) == Type::F16,
                m.type(0) == Type::F16};
  const unsigned expected[] = {p.halfD ? 4u : 8u, 2, 2, p.halfC ? 4u : 8u};
  for (unsigned n = 0; n < 4; ++n)
    if (m.vectors[n] != expected[n] || (m.vectorTypes[n] != Type::None && typeBytes(m.vectorTypes[n]) != 4))
      return nullptr;
  if ((m.type(0) != Type::F32 && !p.halfD) || (m.type(3) != Type::F32 && !p.halfC)) return nullptr;
  i.imm = std::bit_cast<int64_t>(p);
  return mmaQuads;
}

} // namespace

Handler selectMma(const Match &m, Inst &i) {
  auto [rows, n, k] = shapeOf(m);
  i.op[5] = operandNone;
  Type d = m.type(0), a = m.type(1), b = m.type(2);
  if (d == Type::S32) return selectInteger(m, i, rows, k);
  if (rows == 8 && a == Type::F16) return k == 4 ? selectQuads(m, i) : nullptr;
  // .row.col is the only layout of the others.
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

/// A row of 16 elements of 4 or 6 bits, one after the other, to bytes that hold each in their lower bits.
void widenRow(uint8_t *row, unsigned bits) {
  unsigned __int128 packed;
  __builtin_memcpy(&packed, row, 16);
  for (unsigned n = 0; n < 16; ++n)
    row[n] = uint8_t(packed >> (n * bits)) & uint8_t((1u << bits) - 1);
}

/// imm: bits of the elements that become bytes, or 0.
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
      for (unsigned r = 0; i.imm && r < 8; ++r)
        widenRow(reinterpret_cast<uint8_t *>(tile + 8 * r), unsigned(i.imm));
      uint16_t *d = reg<uint16_t>(w, i.more[n]);
      for (unsigned x = 0; x < 64; ++x)
        d[x] = tile[tilePlace(x / 2, x % 2, transposed)];
    }
  }
  return true;
}

/// Transposed matrices of bytes, 16 to a row. A lane's register has the bytes of two columns, eight from each
/// other, of two rows: of neighbours; ldmatrix.m16n16 fills two registers from four neighbouring rows of 16,
/// stmatrix.m16n8 empties each to two of eight.
template <bool isStore> bool byteMatrices(Warp &w, const Inst &i, uint32_t) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  uint32_t rows = i.count == 4 ? allLanes : (1u << (8 * i.count)) - 1;
  Intent intent{isStore ? AccessKind::Store : AccessKind::Load, {}, 16};
  if (Space(i.detail) == Space::Generic ? !resolve<Space::Generic>(w, i, intent, address, rows, pointer)
                                        : !resolveIn(w, i, Space::Shared, intent, address, rows, pointer))
    return false;
  uint8_t matrix[warpSize][16];
  for (unsigned r = 0; !isStore && r < 8u * i.count; ++r) {
    __builtin_memcpy(matrix[r], pointer[r], 16);
    if (i.imm) widenRow(matrix[r], unsigned(i.imm));
  }
  for (unsigned n = 0; n < i.count; ++n) {
    const uint8_t *s = isStore ? src<uint8_t>(w, i.more[n]) : nullptr;
    uint8_t *d = isStore ? nullptr : reg<uint8_t>(w, i.more[n]);
    unsigned first = isStore ? 8 * n : n / 2 * 16 + n % 2 * 2, step = isStore ? 2 : 4;
    for (unsigned l = 0; l < warpSize; ++l)
      for (unsigned e = 0; e < 4; ++e) {
        uint8_t &at = matrix[first + l % 4 * step + e % 2][l / 4 + e / 2 * 8];
        if constexpr (isStore)
          at = s[4 * l + e];
        else
          d[4 * l + e] = at;
      }
  }
  for (unsigned r = 0; isStore && r < 8u * i.count; ++r)
    __builtin_memcpy(pointer[r], matrix[r], 16);
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
  i.imm = m.has("b6x16_p32") ? 6 : m.has("b4x16_p64") ? 4 : 0;
  bool transposed = m.has("trans");
  if (m.opcode == "stmatrix") return transposed ? matrices<true, true> : matrices<false, true>;
  return transposed ? matrices<true, false> : matrices<false, false>;
}

Handler selectLdmatrixBytes(const Match &m, Inst &i) {
  bool isStore = m.opcode == "stmatrix";
  unsigned count = (m.has("x1") ? 1 : m.has("x2") ? 2 : 4) * (isStore ? 1 : 2);
  if (m.vectors[0] != count || (m.vectorTypes[0] != Type::None && typeBytes(m.vectorTypes[0]) != 4))
    return nullptr;
  i.detail = uint8_t(m.space), i.op[5] = operandNone;
  i.imm = m.has("b6x16_p32") ? 6 : m.has("b4x16_p64") ? 4 : 0;
  return isStore ? byteMatrices<true> : byteMatrices<false>;
}

Handler selectMovmatrix(const Match &, Inst &i) {
  i.op[5] = operandNone;
  return movmatrix;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
