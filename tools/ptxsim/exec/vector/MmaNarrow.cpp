// mma.sync on floats of 4, 6 and 8 bits, with a scale for each block of a row or column: .kind::f8f6f4,
// .kind::mxf8f6f4, .kind::mxf4 and .kind::mxf4nvf4. Fragments are tiles as those of the other products
// (Fragments.h).
#include "tools/ptxsim/exec/vector/Fragments.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

/// In Inst::imm.
struct NarrowProduct {
  Type a, b;
  uint8_t bits; // of an element's container: 8, or 4 if all elements have 4
  bool half;    // accumulators
  uint8_t k;
  uint8_t scales; // to a row, 0: none
  bool nvidia;    // scales are .ue4m3
  uint8_t unused;
};

/// The values of an element's container. Of a byte, elements of 6 bits are the lower six, those of 4 bits the
/// four in the middle.
struct Values {
  double of[256];
  Values(Type t, unsigned containerBits) {
    const Format &f = formatOf(t);
    unsigned bits = 1 + f.exponent + f.mantissa, shift = bits == 4 && containerBits == 8 ? 2 : 0;
    for (unsigned n = 0; n < 256; ++n)
      of[n] = valueOf(f, (n >> shift) & ((1u << bits) - 1));
  }
};

const Values &valuesOf(Type t, unsigned bits) {
  static const Values e4m3(Type::E4M3, 8), e5m2(Type::E5M2, 8), e3m2(Type::E3M2, 8), e2m3(Type::E2M3, 8),
      e2m1(Type::E2M1, 8), packed(Type::E2M1, 4);
  if (bits == 4) return packed;
  switch (t) {
  case Type::E4M3:
    return e4m3;
  case Type::E5M2:
    return e5m2;
  case Type::E3M2:
    return e3m2;
  case Type::E2M3:
    return e2m3;
  default:
    return e2m1;
  }
}

double scaleValue(const NarrowProduct &p, uint32_t bits) {
  return p.nvidia ? valueOf(formatE4M3, bits & 0x7f) : valueOfScale(bits);
}

/// f(register, row in its tile, column in its tile, value) for the words of a fragment.
template <class F>
void eachElement(const Warp &w, const uint32_t *ops, unsigned registers, const Values &values, unsigned bits,
                 F f) {
  unsigned perWord = 32 / bits;
  for (unsigned r = 0; r < registers; ++r) {
    const uint32_t *s = src<uint32_t>(w, ops[r]);
    for (unsigned l = 0; l < warpSize; ++l)
      for (unsigned e = 0; e < perWord; ++e)
        f(r, l / 4, l % 4 * perWord + e, values.of[(s[l] >> (e * bits)) & ((1u << bits) - 1)]);
  }
}

/// The scales of one row or column from the word of the lane that the selectors name.
void readScales(const Warp &w, const NarrowProduct &p, const uint32_t *ops, unsigned lanesOfQuad,
                unsigned index, double *scale) {
  // ops: the data, the byte, the thread. Two lanes of a quad hold rows g and g + 8 of A, one a column of B.
  unsigned quad = index % 8, thread = src<uint16_t>(w, ops[2])[0] * lanesOfQuad + index / 8;
  unsigned byte = src<uint16_t>(w, ops[1])[0];
  uint32_t word = src<uint32_t>(w, ops[0])[(quad * 4 + thread) % warpSize];
  for (unsigned s = 0; s < p.scales; ++s)
    scale[s] = scaleValue(p, (word >> (((byte + s) % 4) * 8)) & 0xff);
}

bool narrow(Warp &w, const Inst &i, uint32_t) {
  NarrowProduct p = std::bit_cast<NarrowProduct>(i.imm);
  unsigned width = 128 / p.bits, nc = p.half ? 2 : 4, nb = p.k / width, na = 2 * nb;
  const uint32_t *d = i.more, *opsA = d + nc, *opsB = opsA + na, *opsC = opsB + nb, *scales = opsC + nc;
  alignas(64) double a[16][64], b[64][columns], c[16 * columns];
  double scaleA[16][4], scaleB[columns][4];
  eachElement(
      w, opsA, na, valuesOf(p.a, p.bits), p.bits,
      [&](unsigned r, unsigned row, unsigned x, double v) { a[r % 2 * 8 + row][r / 2 * width + x] = v; });
  eachElement(w, opsB, nb, valuesOf(p.b, p.bits), p.bits,
              [&](unsigned r, unsigned row, unsigned x, double v) { b[r * width + x][row] = v; });
  if (p.half)
    readAccumulators<Accumulator::Half>(w, opsC, 16, c);
  else
    readAccumulators<Accumulator::Single>(w, opsC, 16, c);
  for (unsigned r = 0; p.scales && r < 16; ++r)
    readScales(w, p, scales, 2, r, scaleA[r]);
  for (unsigned n = 0; p.scales && n < columns; ++n)
    readScales(w, p, scales + 3, 1, n, scaleB[n]);
  unsigned blocks = p.scales ? p.scales : 1, block = p.k / blocks;
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned n = 0; n < columns; ++n) {
      double sum = 0;
      for (unsigned s = 0; s < blocks; ++s) {
        double part = 0;
        for (unsigned x = s * block; x < (s + 1) * block; ++x)
          part += a[r][x] * b[x][n];
        sum += p.scales ? part * scaleA[r][s] * scaleB[n][s] : part;
      }
      c[r * columns + n] += sum;
    }
  if (p.half)
    writeAccumulators<Accumulator::Half>(w, d, 16, c);
  else
    writeAccumulators<Accumulator::Single>(w, d, 16, c);
  return true;
}

} // namespace

Handler selectMmaNarrow(const Match &m, Inst &i) {
  NarrowProduct p{};
  unsigned k = shapeOf(m).k;
  p.half = m.type(0) == Type::F16, p.a = m.type(1), p.b = m.type(2), p.k = uint8_t(k);
  p.bits = k == 64 ? 4 : 8;
  p.nvidia = m.type(4) == Type::UE4M3;
  bool scaled = m.has("block_scale"), nvfp4 = m.has("kind::mxf4nvf4");
  if (scaled) p.scales = m.has("scale_vec::4X") ? 4 : m.has("scale_vec::2X") || (k == 64 && !nvfp4) ? 2 : 1;
  // .scale_vec may only be left out where there is one.
  if (nvfp4 && !m.has("scale_vec::2X") && !m.has("scale_vec::4X")) return nullptr;
  if (p.nvidia && p.scales != 4) return nullptr;
  if (m.type(0) != m.type(3)) return nullptr;
  i.op[5] = operandNone;
  const unsigned nc = p.half ? 2 : 4, nb = k * p.bits / 128, expected[] = {nc, 2 * nb, nb, nc, 1, 2, 1, 2};
  if (m.vectors.size() != (scaled ? 8 : 4)) return nullptr;
  for (size_t n = 0; n < m.vectors.size(); ++n) {
    unsigned bytes = n == 5 || n == 7 ? 2 : 4;
    if (m.vectors[n] != expected[n] ||
        (m.vectorTypes[n] != Type::None && typeBytes(m.vectorTypes[n]) != bytes))
      return nullptr;
  }
  i.imm = std::bit_cast<int64_t>(p);
  return narrow;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
