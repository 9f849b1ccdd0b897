// wmma: fragments whose layout PTX leaves open. They are tiles as those of mma.sync, so that programs that
// know what the hardware does find the same: an accumulator of 16x16 is two of mma's 16x8.
#include "tools/ptxsim/exec/vector/Fragments.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

enum class Role : uint8_t { A, B, Accumulator };

/// A fragment in memory, in Inst::imm.
struct Layout {
  Role role;
  uint8_t used;     // registers; more of them, which .f16 has, hold copies
  uint8_t tiles;    // to a column of tiles (A, accumulators) or a row of them (B)
  uint8_t bits;     // of an element
  uint8_t elements; // to a register
  bool contiguous;  // a register's elements lie one after the other in memory
  Space space;
  bool isStore;
};

unsigned bitsOf(Type t) {
  return t == Type::B1 ? 1 : t == Type::U4 || t == Type::S4 ? 4 : typeBytes(t) * 8;
}
unsigned elementsOf(unsigned bits) {
  return bits >= 32 ? 1 : 32 / bits;
}

/// Row and column of the first element that a lane holds in a register; B counts as transposed.
std::pair<unsigned, unsigned> placeOf(const Layout &f, unsigned r, unsigned lane) {
  unsigned row = lane / 4, t = lane % 4;
  if (f.role == Role::B) return {r / f.tiles * 8 + row, r % f.tiles * 4 * f.elements + t * f.elements};
  bool pair = f.role == Role::Accumulator && f.elements == 1; // two registers share a tile
  unsigned tile = pair ? r / 2 : r, step = pair ? 2 : f.elements;
  return {tile % f.tiles * 8 + row, tile / f.tiles * 4 * step + t * step + (pair ? r % 2 : 0)};
}

/// Moves `bytes` of element `e` of register `r` between memory and the lanes.
bool moveElements(Warp &w, const Inst &i, const Layout &f, unsigned r, unsigned e, unsigned bytes,
                  uint32_t mask) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  const uint32_t *strides = i.op[2] == operandNone ? nullptr : src<uint32_t>(w, i.op[2]);
  for (unsigned l = 0; l < warpSize; ++l) {
    auto [row, column] = placeOf(f, r, l);
    column += e;
    uint64_t stride = strides ? strides[l] : i.detail;
    uint64_t index = f.contiguous ? row * stride + column : column * stride + row;
    address[l] += index * f.bits / 8;
  }
  Intent intent{f.isStore ? AccessKind::Store : AccessKind::Load, {}, bytes};
  if (f.space == Space::Generic ? !resolve<Space::Generic>(w, i, intent, address, mask, pointer)
                                : !resolveIn(w, i, f.space, intent, address, mask, pointer))
    return false;
  unsigned registerBytes = f.bits == 64 ? 8 : 4;
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned l = unsigned(std::countr_zero(left));
    char *place = w.base[i.more[r] >> 31] + (i.more[r] & operandOffset) + l * registerBytes + e * bytes;
    if (f.isStore)
      __builtin_memcpy(pointer[l], place, bytes);
    else
      __builtin_memcpy(place, pointer[l], bytes);
  }
  return true;
}

bool moveFragment(Warp &w, const Inst &i, uint32_t mask) {
  Layout f = std::bit_cast<Layout>(i.imm);
  unsigned parts = f.contiguous ? 1 : f.elements, bytes = f.contiguous ? f.elements * f.bits / 8 : f.bits / 8;
  for (unsigned r = 0; r < f.used; ++r)
    for (unsigned e = 0; e < parts; ++e)
      if (!moveElements(w, i, f, r, e, bytes, mask)) return false;
  if (!f.isStore)
    for (unsigned r = f.used; r < i.count; ++r)
      store(reg<uint32_t>(w, i.more[r]), src<uint32_t>(w, i.more[r % f.used]), mask);
  return true;
}

/// Registers that a fragment's elements need, and that the text must give.
struct Registers {
  unsigned used, given;
};
Registers registersOf(Type type, Role role, Shape s) {
  unsigned bits = bitsOf(type), perLane = (role == Role::A   ? s.m * s.k
                                           : role == Role::B ? s.n * s.k
                                                             : s.m * s.n) /
                                          warpSize;
  unsigned used = perLane / elementsOf(bits);
  return {used, type == Type::F16 && role != Role::Accumulator ? 8 : used};
}

bool fits(const Match &m, unsigned operand, Type type, Role role, Shape s) {
  Type given = m.vectorTypes[operand];
  return m.vectors[operand] == registersOf(type, role, s).given &&
         (given == Type::None || typeBytes(given) == (type == Type::F64 ? 8 : 4));
}

/// Which shapes each type has.
bool shapeExists(Type type, Shape s) {
  bool large = s.m * s.n == 256 && s.k == 16;
  switch (type) {
  case Type::F16:
  case Type::BF16:
  case Type::U8:
  case Type::S8:
    return large;
  case Type::TF32:
    return s.m == 16 && s.n == 16 && s.k == 8;
  case Type::F64:
    return s.m == 8 && s.n == 8 && s.k == 4;
  case Type::U4:
  case Type::S4:
    return s.m == 8 && s.n == 8 && s.k == 32;
  case Type::B1:
    return s.m == 8 && s.n == 8 && s.k == 128;
  default:
    return false;
  }
}

bool accumulatorExists(Type type, Shape s) {
  switch (type) {
  case Type::F16:
    return s.m * s.n == 256 && s.k == 16;
  case Type::F32:
    return s.m * s.n == 256;
  case Type::S32:
    return (s.m * s.n == 256 && s.k == 16) || (s.m * s.n == 64 && s.k >= 32);
  case Type::F64:
    return s.m == 8 && s.n == 8 && s.k == 4;
  default:
    return false;
  }
}

/// How a product is done, in Inst::imm; integers have an IntegerProduct.
struct FloatProduct {
  uint8_t rows, k, tiles;
  uint8_t a, b, c, d; // registers
  uint8_t unused = 0;
};

template <class E, Accumulator from, Accumulator to = from>
bool multiplyFloats(Warp &w, const Inst &i, uint32_t) {
  FloatProduct p = std::bit_cast<FloatProduct>(i.imm);
  const uint32_t *d = i.more, *a = d + p.d, *b = a + p.a, *c = b + p.b;
  product<E, E, from, to>(w, {d, a, b, c}, p.rows, p.k, p.tiles);
  return true;
}
bool multiplyIntegers(Warp &w, const Inst &i, uint32_t) {
  IntegerProduct p = std::bit_cast<IntegerProduct>(i.imm);
  FragmentSizes n = sizesOf(p);
  const uint32_t *d = i.more, *a = d + n.c * p.tiles, *b = a + n.a, *c = b + n.b * p.tiles;
  GIRIH_PTX_ISA::multiplyIntegers(w, {d, a, b, c}, p);
  return true;
}

} // namespace

Handler selectWmmaMove(const Match &m, Inst &i) {
  Type type = m.type(0);
  Shape s = shapeOf(m);
  Role role = m.has("a") ? Role::A : m.has("b") ? Role::B : Role::Accumulator;
  bool exists = role == Role::Accumulator ? accumulatorExists(type, s) : shapeExists(type, s);
  if (!exists || !fits(m, 0, type, role, s)) return nullptr;
  bool row = m.has("row");
  Layout f{};
  f.role = role, f.bits = uint8_t(bitsOf(type)), f.elements = uint8_t(elementsOf(f.bits));
  f.used = uint8_t(registersOf(type, role, s).used);
  f.tiles = uint8_t(role == Role::B ? s.k / (4 * f.elements) : s.m / 8);
  f.contiguous = row == (role != Role::B);
  f.space = m.space, f.isStore = m.has("store");
  if (f.bits < 8 && !f.contiguous) return nullptr; // such elements have no address
  // The stride where none is given.
  unsigned across = role == Role::A ? s.k : s.n, down = role == Role::B ? s.k : s.m;
  i.detail = uint8_t(row ? across : down);
  i.imm = std::bit_cast<int64_t>(f), i.op[5] = operandNone;
  return moveFragment;
}

Handler selectWmma(const Match &m, Inst &i) {
  Shape s = shapeOf(m);
  i.op[5] = operandNone;
  bool two = m.types.size() == 2; // .dtype.ctype of .f16 products; others say .dtype.atype.btype.ctype
  Type d = m.type(0), a = two ? Type::F16 : m.type(1), b = two ? a : m.type(2),
       c = two ? m.type(1) : m.type(3);
  if (!shapeExists(a, s) || a != b || !fits(m, 0, d, Role::Accumulator, s) || !fits(m, 1, a, Role::A, s) ||
      !fits(m, 2, b, Role::B, s) || !fits(m, 3, c, Role::Accumulator, s))
    return nullptr;
  if (d == Type::S32) {
    i.imm = std::bit_cast<int64_t>(
        IntegerProduct{uint8_t(s.m), uint8_t(bitsOf(a)), uint8_t(s.n / 8), typeKind(a) == TypeKind::Signed,
                       typeKind(a) == TypeKind::Signed, m.has("satfinite"), m.has("and"), uint16_t(s.k)});
    return multiplyIntegers;
  }
  if (m.has("satfinite")) return nullptr;
  i.imm = std::bit_cast<int64_t>(FloatProduct{uint8_t(s.m), uint8_t(s.k), uint8_t(s.n / 8),
                                              uint8_t(m.vectors[1]), uint8_t(m.vectors[2]),
                                              uint8_t(m.vectors[3]), uint8_t(m.vectors[0])});
  using enum Accumulator;
  switch (a) {
  case Type::F16:
    if (c == Type::F16)
      return d == c ? multiplyFloats<HalfElement, Half> : multiplyFloats<HalfElement, Half, Single>;
    return d == c ? multiplyFloats<HalfElement, Single> : multiplyFloats<HalfElement, Single, Half>;
  case Type::BF16:
    return multiplyFloats<BrainElement, Single>;
  case Type::TF32:
    return multiplyFloats<TensorElement, Single>;
  case Type::F64:
    return multiplyFloats<DoubleElement, Double>;
  default:
    return nullptr;
  }
}

} // namespace girih::ptx::GIRIH_PTX_ISA
