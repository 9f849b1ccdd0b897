// cvt of two values at once: floats of 4 to 16 bits packed into a register. Every conversion goes element by
// element through one value; the common ones have loops of their own.
#include "tools/ptxsim/exec/vector/Rounding.h"
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

struct PackedConversion {
  Type to, from;
  Rounding rounding;
  bool finite, relu;
  uint8_t unused[3];
};

/// Bits from one element to the next in its register; six bits are padded to eight.
unsigned stride(Type t) {
  return typeBytes(t) * 4;
}

double load(Type t, uint32_t bits) {
  return t == Type::UE8M0x2 ? valueOfScale(bits) : valueOf(formatOf(t), bits);
}
uint32_t save(const PackedConversion &c, double v) {
  if (c.to == Type::UE8M0x2) return roundToScale(v, c.rounding == Rounding::Up, c.finite);
  if (c.relu && (v < 0 || v == 0)) v = 0;
  return roundTo(formatOf(c.to), v, c.rounding, c.finite);
}

uint64_t registerAt(const Warp &w, uint32_t op, unsigned lane, unsigned bytes) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, w.base[op >> 31] + (op & operandOffset) + lane * (bytes < 2 ? 2 : bytes), bytes);
  return bits;
}

/// d = {a, b}: the first source is the upper element; or d's elements from a packed source's.
bool convertPacked(Warp &w, const Inst &i, uint32_t mask) {
  PackedConversion c = std::bit_cast<PackedConversion>(i.imm);
  unsigned to = stride(c.to), from = stride(c.from), bytes = typeBytes(c.to) < 2 ? 2 : typeBytes(c.to);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    double low, high;
    if (c.from == Type::F32) {
      high = src<float>(w, i.op[1])[l], low = src<float>(w, i.op[2])[l];
    } else {
      uint32_t bits = uint32_t(registerAt(w, i.op[1], l, typeBytes(c.from))), ones = (1u << from) - 1;
      low = load(c.from, bits & ones), high = load(c.from, (bits >> from) & ones);
    }
    uint32_t r = save(c, high) << to | save(c, low);
    __builtin_memcpy(w.base[0] + i.op[0] + l * bytes, &r, bytes);
  }
  return true;
}

template <class L> bool packFast(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = src<float>(w, i.op[1]), *b = src<float>(w, i.op[2]);
  alignas(64) uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = uint32_t(L::save(a[l])) << 16 | L::save(b[l]);
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectConvertPacked(const Match &m, Inst &i) {
  PackedConversion c{m.type(0), m.type(1), roundingOf(m), m.has("satfinite"), m.has("relu"), {}};
  i.imm = std::bit_cast<int64_t>(c);
  if (c.from == Type::F32 && !c.relu && !c.finite && c.rounding == Rounding::Nearest) {
    if (c.to == Type::F16x2) return packFast<Half>;
    if (c.to == Type::BF16x2) return packFast<Brain>;
  }
  return convertPacked;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
