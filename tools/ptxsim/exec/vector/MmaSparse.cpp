// mma.sp: A is sparse, half of it is there. Of the elements in each group of 4 neighbours of a row (of tf32:
// of 2) A has 2 (1); metadata say which. Its fragment is that of a dense A of half the depth; metadata are
// words for 16 elements of 2 bits or 8 of 4 in rows g and g+8 of the quad of lanes g, from those lanes that
// the selector names.
#include "tools/ptxsim/exec/vector/Fragments.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

constexpr unsigned rows = 16, mostDepth = 64;

/// Which row of B belongs to an element of A.
struct Places {
  uint8_t of[rows][mostDepth / 2];
};

/// `bytes`: of an element. One lane of a quad has 32 bits of metadata: of 16-bit elements and wider ones 16
/// bits of row g, 16 of row g+8; of bytes all of one row, even lanes' row g.
Places placesOf(const Warp &w, const Inst &i, unsigned bytes, unsigned k) {
  Places result;
  const uint32_t *words = src<uint32_t>(w, i.op[0]);
  unsigned lanes = bytes == 1 ? k / 16 : k * bytes / 32, // of a quad
      firstLane = i.op[1] * lanes, bits = bytes == 4 ? 4 : 2, perWord = (bytes == 1 ? 32 : 16) / bits;
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned n = 0; n < k / 2; ++n) {
      unsigned part = n / perWord, lane = bytes == 1 ? 2 * part + row / 8 : part,
               shift = n % perWord * bits + (bytes == 1 ? 0 : row / 8 * 16);
      unsigned place = words[row % 8 * 4 + firstLane + lane] >> shift;
      // tf32 has metadata as if it were two halves: 0b0100 is the first of two, 0b1110 the second.
      result.of[row][n] = uint8_t(bytes == 4 ? n * 2 + (place >> 1 & 1) : n / 2 * 4 + (place & 3));
    }
  return result;
}

template <class E, class EB, Accumulator accumulator> bool floats(Warp &w, const Inst &i, uint32_t) {
  unsigned k = unsigned(i.imm), half = k / 2, width = 4 * E::perWord;
  alignas(64) double a[rows * mostDepth / 2], b[mostDepth * columns], c[rows * columns];
  unsigned nd = accumulator == Accumulator::Half ? 2 : 4, na = 2 * (half / width), nb = k / width;
  const uint32_t *d = i.more, *opsA = d + nd, *opsB = opsA + na, *opsC = opsB + nb;
  Places places = placesOf(w, i, sizeof(typename E::Stored), k);
  readA<E>(w, opsA, rows, half, a);
  readB<EB>(w, opsB, k, b);
  readAccumulators<accumulator>(w, opsC, rows, c);
  for (unsigned r = 0; r < rows; ++r) {
    double sum[columns] = {};
    for (unsigned x = 0; x < half; ++x)
      for (unsigned n = 0; n < columns; ++n)
        sum[n] = __builtin_fma(a[r * half + x], b[places.of[r][x] * columns + n], sum[n]);
    for (unsigned n = 0; n < columns; ++n)
      c[r * columns + n] += sum[n];
  }
  writeAccumulators<accumulator>(w, d, rows, c);
  return true;
}

template <class EA, class EB> bool integers(Warp &w, const Inst &i, uint32_t) {
  unsigned k = unsigned(i.imm) & 0xff, half = k / 2;
  bool saturate = i.imm >> 8;
  alignas(64) int32_t a[rows * mostDepth / 2], b[mostDepth * columns];
  alignas(64) int64_t c[rows * columns];
  const uint32_t *d = i.more, *opsA = d + 4, *opsB = opsA + half / 8, *opsC = opsB + k / 16;
  Places places = placesOf(w, i, 1, k);
  readA<EA>(w, opsA, rows, half, a);
  readB<EB>(w, opsB, k, b);
  readC<int64_t, int32_t>(w, opsC, rows, c);
  for (unsigned r = 0; r < rows; ++r)
    for (unsigned n = 0; n < columns; ++n) {
      int64_t &sum = c[r * columns + n];
      for (unsigned x = 0; x < half; ++x)
        sum += a[r * half + x] * b[places.of[r][x] * columns + n];
      if (saturate) sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
    }
  writeD<int64_t, uint32_t>(w, d, rows, c);
  return true;
}

template <class E, class EB> Handler pickAccumulator(Type d) {
  return d == Type::F16 ? floats<E, EB, Accumulator::Half> : floats<E, EB, Accumulator::Single>;
}

/// The handler for elements of these types, null if there is none.
Handler pick(Type d, Type a, Type b) {
  bool small = a == Type::E4M3 || a == Type::E5M2;
  if (d == Type::S32) {
    if ((a != Type::S8 && a != Type::U8) || (b != Type::S8 && b != Type::U8)) return nullptr;
    if (a == Type::S8)
      return b == Type::S8 ? integers<ByteElement<int8_t>, ByteElement<int8_t>>
                           : integers<ByteElement<int8_t>, ByteElement<uint8_t>>;
    return b == Type::S8 ? integers<ByteElement<uint8_t>, ByteElement<int8_t>>
                         : integers<ByteElement<uint8_t>, ByteElement<uint8_t>>;
  }
  if (a == Type::F16 && b == a) return pickAccumulator<HalfElement, HalfElement>(d);
  if (small && (b == Type::E4M3 || b == Type::E5M2)) {
    if (a == Type::E4M3)
      return b == a ? pickAccumulator<E4M3Element, E4M3Element>(d)
                    : pickAccumulator<E4M3Element, E5M2Element>(d);
    return b == a ? pickAccumulator<E5M2Element, E5M2Element>(d)
                  : pickAccumulator<E5M2Element, E4M3Element>(d);
  }
  if (d != Type::F32 || a != b) return nullptr;
  if (a == Type::BF16) return floats<BrainElement, BrainElement, Accumulator::Single>;
  return a == Type::TF32 ? floats<TensorElement, TensorElement, Accumulator::Single> : nullptr;
}

} // namespace

Handler selectMmaSparse(const Match &m, Inst &i) {
  unsigned k = shapeOf(m).k, bytes = typeBytes(m.type(1)), depth = k * bytes, selector = i.op[1];
  i.op[5] = operandNone;
  bool small = m.type(1) == Type::E4M3 || m.type(1) == Type::E5M2;
  if (m.type(0) != m.type(3) || (depth != 32 && depth != 64) || (small && depth != 64)) return nullptr;
  // 32 bytes of depth need one lane of a quad, bytes and 64 a pair, 64 bytes of bytes all.
  unsigned lanes = depth / 32 * (bytes == 1 ? 2 : 1);
  if (selector >= 4 / lanes || (m.has("satfinite") && m.type(0) != Type::S32)) return nullptr;
  unsigned width = 16 / bytes, nd = m.type(0) == Type::F16 ? 2 : 4;
  const unsigned expected[] = {nd, k / width, k / width, nd};
  for (unsigned n = 0; n < 4; ++n)
    if (m.vectors[n] != expected[n] || (m.vectorTypes[n] != Type::None && typeBytes(m.vectorTypes[n]) != 4))
      return nullptr;
  i.imm = k | (m.has("satfinite") ? 1 << 8 : 0);
  return pick(m.type(0), m.type(1), m.type(2));
}

} // namespace girih::ptx::GIRIH_PTX_ISA
