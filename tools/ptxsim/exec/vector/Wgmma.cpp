// wgmma: each of a warpgroup's four warps computes 16 of the 64 rows by itself; they meet at
// wgmma.wait_group. Products are done at once; the observer knows that they may not be relied on before they
// are waited for. Accumulators and fragments of A are the tiles of mma.sync, matrices in shared memory lie as
// their descriptors say.
#include "tools/ptxsim/exec/vector/Fragments.h"
#include <algorithm>

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

constexpr unsigned rowsOfWarp = 16;

/// In Inst::imm. Registers and constants are in Inst::more: D, A if it has registers, then the constants.
struct GroupProduct {
  uint8_t n8, k; // columns in tiles of 8; depth
  Type element[2];
  Type result;
  uint8_t bytes; // of an element
  bool registersA : 1, saturate : 1;
  uint8_t constants; // how many
};

/// What a descriptor says of a matrix.
struct Descriptor {
  uint64_t start, leading, stride;
  unsigned swizzle; // bytes of a row of the pattern, 16: none
  explicit Descriptor(uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4), stride((bits >> 32 & 0x3fff) << 4) {
    constexpr unsigned bytes[] = {16, 128, 64, 32};
    swizzle = bytes[bits >> 62];
  }

  /// Where the 16 bytes lie that begin at row `row` (of A, or column of B) and byte `depth` of it; or if the
  /// other dimension is contiguous, at byte `row` of the depth's row `depth`.
  uint64_t address(unsigned row, unsigned depth, bool transposed) const {
    uint64_t at = start;
    if (!transposed) {
      at += row % 8 * swizzle + row / 8 * stride;
      at += swizzle == 16 ? depth / 16 * leading : depth;
    } else if (swizzle == 16) {
      at += row / 16 * stride + depth % 8 * 16 + depth / 8 * leading;
    } else {
      at += row % swizzle + row / swizzle * leading + depth % 8 * swizzle + depth / 8 * stride;
    }
    return at ^ ((at >> 7 & (swizzle / 16 - 1)) << 4);
  }
};

/// Calls f<E>() with the element of a type.
template <class F> [[gnu::always_inline]] inline void withElement(Type type, F f) {
  switch (type) {
  case Type::F16:
    return f.template operator()<HalfElement>();
  case Type::BF16:
    return f.template operator()<BrainElement>();
  case Type::TF32:
    return f.template operator()<TensorElement>();
  case Type::E4M3:
    return f.template operator()<E4M3Element>();
  case Type::E5M2:
    return f.template operator()<E5M2Element>();
  case Type::S8:
    return f.template operator()<ByteElement<int8_t>>();
  default:
    return f.template operator()<ByteElement<uint8_t>>();
  }
}

/// A matrix in shared memory.
struct SharedMatrix {
  Descriptor descriptor;
  Type type;
  bool transposed;
  unsigned firstRow, rows, k; // rows of A, or columns of B
};

/// Reads a matrix row by row, or (`tiled`) as tiles of (k x 8), each of them eight of its rows transposed.
bool readShared(Warp &w, const Inst &i, const SharedMatrix &m, bool tiled, double *out) {
  unsigned bytes = typeBytes(m.type), per = 16 / bytes, // elements of a chunk
      chunks = m.rows * m.k / per, row = 0, depth = 0;
  for (unsigned first = 0; first < chunks; first += warpSize) {
    alignas(64) uint64_t address[warpSize] = {};
    char *pointer[warpSize];
    double *to[warpSize];
    unsigned count = std::min(chunks - first, warpSize);
    for (unsigned l = 0; l < count; ++l) {
      address[l] = m.transposed ? m.descriptor.address((m.firstRow + row) * bytes, depth, true)
                                : m.descriptor.address(m.firstRow + row, depth * bytes, false);
      to[l] =
          out + (tiled ? row / columns * columns * m.k + depth * columns + row % columns : row * m.k + depth);
      depth += m.transposed ? 1 : per;
      if (depth == m.k) depth = 0, row += m.transposed ? per : 1;
    }
    uint32_t lanes = count == warpSize ? allLanes : (1u << count) - 1;
    static constexpr Completion completion{Completion::Kind::Matrix};
    Intent intent{AccessKind::Load, {}, 16, &completion};
    if (!resolveIn(w, i, Space::Shared, intent, address, lanes, pointer)) return false;
    // 16-bit elements are the only ones that may be transposed: a chunk is a row of a tile then.
    unsigned step = m.transposed == tiled ? 1 : tiled ? columns : m.k;
    withElement(m.type, [&]<class E>() {
      constexpr unsigned elements = 16 / sizeof(typename E::Stored);
      for (unsigned l = 0; l < count; ++l) {
        typename E::Stored chunk[elements];
        __builtin_memcpy(chunk, pointer[l], 16);
        for (unsigned e = 0; e < elements; ++e)
          to[l][e * step] = E::load(chunk[e]);
      }
    });
  }
  return true;
}

void readTile(const Warp &w, const uint32_t *ops, Type type, double *c) {
  if (type == Type::F16)
    readAccumulators<Accumulator::Half>(w, ops, rowsOfWarp, c);
  else if (type == Type::F32)
    readAccumulators<Accumulator::Single>(w, ops, rowsOfWarp, c);
  else
    readC<double, int32_t>(w, ops, rowsOfWarp, c);
}
void writeTile(Warp &w, const uint32_t *ops, Type type, const double *c, bool saturate) {
  if (type == Type::F16) return writeAccumulators<Accumulator::Half>(w, ops, rowsOfWarp, c);
  if (type == Type::F32) return writeAccumulators<Accumulator::Single>(w, ops, rowsOfWarp, c);
  int64_t t[rowsOfWarp * columns]; // sums of integers are exact in double
  for (unsigned n = 0; n < rowsOfWarp * columns; ++n) {
    t[n] = int64_t(c[n]);
    if (saturate) t[n] = std::min<int64_t>(std::max<int64_t>(t[n], INT32_MIN), INT32_MAX);
  }
  writeD<int64_t, uint32_t>(w, ops, rowsOfWarp, t);
}

bool multiplyGroup(Warp &w, const Inst &i, uint32_t mask) {
  GroupProduct p = std::bit_cast<GroupProduct>(i.imm);
  unsigned perTile = p.result == Type::F16 ? 2 : 4, k = p.k;
  const uint32_t *d = i.more, *constants = i.more + i.count - p.constants;
  bool isFloat = p.result != Type::S32;
  double sign[2] = {1, 1};
  bool transposed[2] = {};
  if (isFloat)
    for (unsigned n = 0; n < 2; ++n)
      sign[n] = int32_t(constants[n]) < 0 ? -1 : 1;
  // .trans of A, unless it has registers, and of B.
  if (p.constants == 4) transposed[0] = constants[2], transposed[1] = constants[3];
  if (p.constants == 3) transposed[1] = constants[2];
  alignas(64) double a[rowsOfWarp * 32], b[32 * 256], c[rowsOfWarp * columns];
  unsigned lane = unsigned(std::countr_zero(mask));
  unsigned at = p.registersA ? 0 : 1; // op[]: the descriptors, then the scale of D
  auto matrix = [&](unsigned n, unsigned op, unsigned firstRow, unsigned rows) {
    return SharedMatrix{
        Descriptor(src<uint64_t>(w, i.op[op])[lane]), p.element[n], transposed[n], firstRow, rows, k};
  };
  if (p.registersA)
    withElement(p.element[0], [&]<class E>() { readA<E>(w, d + p.n8 * perTile, rowsOfWarp, k, a); });
  else if (!readShared(w, i, matrix(0, 0, w.id % 4 * rowsOfWarp, rowsOfWarp), false, a))
    return false;
  if (!readShared(w, i, matrix(1, at, 0, p.n8 * columns), true, b)) return false;
  if (sign[0] * sign[1] < 0)
    for (unsigned n = 0; n < rowsOfWarp * k; ++n)
      a[n] = -a[n];
  bool keep = predicate(w, i.op[at + 1]) >> lane & 1;
  for (unsigned t = 0; t < p.n8; ++t) {
    for (double &v : c)
      v = 0;
    if (keep) readTile(w, d + t * perTile, p.result, c);
    multiply<Accumulator::Single>(a, b + t * k * columns, c, rowsOfWarp, k);
    writeTile(w, d + t * perTile, p.result, c, p.saturate);
  }
  return true;
}

} // namespace

Handler selectWgmma(const Match &m, Inst &i) {
  Shape s = shapeOf(m);
  i.op[5] = operandNone;
  GroupProduct p{};
  p.result = m.type(0), p.element[0] = m.type(1), p.element[1] = m.type(2);
  p.bytes = uint8_t(typeBytes(p.element[0]));
  p.registersA = m.vectors.size() == 2, p.saturate = m.has("satfinite");
  unsigned perTile = p.result == Type::F16 ? 2 : 4;
  if (s.m != 64 || s.n < 8 || s.n > 256 || s.n % 8 || s.k * p.bytes != 32 ||
      p.bytes != typeBytes(p.element[1]) || m.vectors[0] != s.n / 8 * perTile ||
      (p.registersA && m.vectors[1] != 4))
    return nullptr;
  for (Type t : m.vectorTypes)
    if (t != Type::None && typeBytes(t) != 4) return nullptr;
  bool small = p.bytes == 1, isFloat = p.result != Type::S32;
  if ((p.bytes == 4 || p.element[0] == Type::BF16) && p.result != Type::F32) return nullptr;
  if (p.bytes != 1 && p.element[0] != p.element[1]) return nullptr;
  if (small && isFloat != (typeKind(p.element[0]) == TypeKind::Float)) return nullptr;
  p.n8 = uint8_t(s.n / 8), p.k = uint8_t(s.k);
  p.constants = uint8_t(i.count - m.vectors[0] - (p.registersA ? 4 : 0));
  i.imm = std::bit_cast<int64_t>(p);
  return multiplyGroup;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
