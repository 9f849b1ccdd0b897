// Video instructions: arithmetic on bytes, half-words and words that are parts of registers, with a second
// operation or a merge into the third operand. Values are computed in 64 bits, as the manual's semantics have
// them in more than 32.
#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

enum class VideoOp : uint8_t { Add, Sub, AbsDiff, Min, Max, ShiftLeft, ShiftRight, Average, Set };
enum class Second : uint8_t { None, Add, Min, Max };
enum class Order : uint8_t { Eq, Ne, Lt, Le, Gt, Ge };

int64_t clampTo(int64_t v, unsigned bits, bool isSigned) {
  int64_t most = isSigned ? (1ll << (bits - 1)) - 1 : (1ll << bits) - 1, least = isSigned ? -most - 1 : 0;
  return v < least ? least : v > most ? most : v;
}

int64_t extend(uint32_t v, unsigned bits, bool isSigned) {
  if (isSigned) return int32_t(v << (32 - bits)) >> (32 - bits);
  return bits == 32 ? v : v & ((1u << bits) - 1);
}

int64_t compute(VideoOp op, Order order, int64_t a, int64_t b) {
  switch (op) {
  case VideoOp::Add:
    return a + b;
  case VideoOp::Sub:
    return a - b;
  case VideoOp::AbsDiff:
    return a < b ? b - a : a - b;
  case VideoOp::Min:
    return a < b ? a : b;
  case VideoOp::Max:
    return a < b ? b : a;
  case VideoOp::ShiftLeft:
    return int64_t(uint64_t(a) << b);
  case VideoOp::ShiftRight:
    return a >> b;
  case VideoOp::Average:
    return (a + b + (a + b >= 0)) >> 1;
  case VideoOp::Set:
    break;
  }
  switch (order) {
  case Order::Eq:
    return a == b;
  case Order::Ne:
    return a != b;
  case Order::Lt:
    return a < b;
  case Order::Le:
    return a <= b;
  case Order::Gt:
    return a > b;
  case Order::Ge:
    return a >= b;
  }
  return 0;
}

VideoOp operationOf(std::string_view opcode) {
  constexpr std::pair<std::string_view, VideoOp> names[] = {
      {"vadd", VideoOp::Add},        {"vsub", VideoOp::Sub},      {"vabsdiff", VideoOp::AbsDiff},
      {"vmin", VideoOp::Min},        {"vmax", VideoOp::Max},      {"vshl", VideoOp::ShiftLeft},
      {"vshr", VideoOp::ShiftRight}, {"vavrg", VideoOp::Average}, {"vset", VideoOp::Set}};
  if (opcode.back() == '2' || opcode.back() == '4') opcode.remove_suffix(1);
  for (auto [name, op] : names)
    if (opcode == name) return op;
  return VideoOp::Set;
}

Order orderOf(const Match &m) {
  constexpr std::string_view names[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  for (unsigned n = 0; n < 6; ++n)
    if (m.has(names[n])) return Order(n);
  return Order::Eq;
}

//===-- Scalars -----------------------------------------------------------------===//

/// A part of a register: where it begins, and its bits.
struct Part {
  uint8_t shift : 5 = 0, kind : 2 = 0; // kind: 0 the word, 1 a half-word, 2 a byte
  constexpr unsigned bits() const { return 32u >> kind; }
};

bool partOf(std::string_view text, Part &part) {
  part = {};
  if (text.empty()) return true;
  if (text.size() != 2 || (text[0] != 'b' && text[0] != 'h')) return false;
  part.kind = text[0] == 'b' ? 2 : 1;
  unsigned n = unsigned(text[1] - '0');
  part.shift = uint8_t(n * part.bits()) & 31;
  return n * part.bits() < 32;
}

int64_t take(uint32_t word, Part p, bool isSigned) {
  return extend(word >> p.shift, p.bits(), isSigned);
}

struct VideoScalar {
  VideoOp op;
  Second second;
  Order order;
  Part a, b, d;
  uint8_t signedD : 1, signedA : 1, signedB : 1, saturate : 1, wraps : 1, merges : 1;
  uint8_t unused;
};

bool scalarVideo(Warp &w, const Inst &i, uint32_t mask) {
  VideoScalar v = std::bit_cast<VideoScalar>(i.imm);
  const uint32_t *a = src<uint32_t>(w, i.op[1]), *b = src<uint32_t>(w, i.op[2]);
  const uint32_t *third = i.op[3] == operandNone ? a : src<uint32_t>(w, i.op[3]);
  uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l) {
    int64_t x = take(a[l], v.a, v.signedA), y = take(b[l], v.b, v.signedB);
    if (v.op == VideoOp::ShiftLeft || v.op == VideoOp::ShiftRight) y = v.wraps ? y & 31 : y > 32 ? 32 : y;
    int64_t r = compute(v.op, v.order, x, y);
    if (v.saturate) r = clampTo(r, v.d.bits(), v.signedD);
    int64_t c = extend(third[l], 32, v.signedD);
    if (v.second != Second::None) r = extend(uint32_t(r), 32, v.signedD);
    if (v.second == Second::Add) r += c;
    if (v.second == Second::Min) r = r < c ? r : c;
    if (v.second == Second::Max) r = r > c ? r : c;
    t[l] = uint32_t(r);
    if (!v.merges) continue;
    uint32_t field = ((1u << v.d.bits()) - 1) << v.d.shift;
    t[l] = (third[l] & ~field) | ((t[l] << v.d.shift) & field);
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

struct VideoProduct {
  Part a, b;
  bool signedA, signedB;
  bool isSigned; // of the result
  uint8_t negatesProduct : 1, negatesC : 1, plusOne : 1, saturate : 1;
  uint8_t shift;
  uint8_t unused;
};

bool productVideo(Warp &w, const Inst &i, uint32_t mask) {
  VideoProduct v = std::bit_cast<VideoProduct>(i.imm);
  const uint32_t *a = src<uint32_t>(w, i.op[1]), *b = src<uint32_t>(w, i.op[2]),
                 *c = src<uint32_t>(w, i.op[3]);
  uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l) {
    __int128 r = __int128(take(a[l], v.a, v.signedA)) * take(b[l], v.b, v.signedB);
    uint32_t third = v.negatesC ? ~c[l] : c[l];
    if (v.negatesProduct) r = ~r;
    r += extend(third, 32, v.isSigned);
    r += v.plusOne || v.negatesProduct || v.negatesC;
    r >>= v.shift;
    if (v.saturate) {
      __int128 most = v.isSigned ? INT32_MAX : UINT32_MAX, least = v.isSigned ? INT32_MIN : 0;
      r = r < least ? least : r > most ? most : r;
    }
    t[l] = uint32_t(r);
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

//===-- Two half-words or four bytes ----------------------------------------------===//

struct VideoSimd {
  VideoOp op;
  Order order;
  uint8_t lanes; // 2 or 4
  uint8_t signedD : 1, signedA : 1, signedB : 1, saturate : 1, adds : 1;
  uint16_t a, b : 12, mask : 4; // a, b: three bits a lane, which of the parts of both operands it takes
};
static_assert(sizeof(VideoSimd) == 8);

/// "h12" or "b7530": the parts that the lanes take, the highest first.
bool selectionOf(std::string_view text, unsigned lanes, unsigned first, uint16_t &selection) {
  selection = 0;
  for (unsigned n = 0; n < lanes; ++n) {
    unsigned part = first + n;
    if (!text.empty()) {
      if (text.size() != lanes + 1 || text[0] != (lanes == 2 ? 'h' : 'b')) return false;
      part = unsigned(text[lanes - n] - '0');
      if (part >= 2 * lanes) return false;
    }
    selection |= uint16_t(part << (3 * n));
  }
  return true;
}

/// "b310": the lanes that are written.
bool maskOf(std::string_view text, unsigned lanes, unsigned &mask) {
  mask = (1u << lanes) - 1;
  if (text.empty()) return true;
  if (text[0] != (lanes == 2 ? 'h' : 'b') || text.size() < 2) return false;
  mask = 0;
  for (char ch : text.substr(1)) {
    unsigned n = unsigned(ch - '0');
    if (n >= lanes || (mask && (mask & ((2u << n) - 1)))) return false;
    mask |= 1u << n;
  }
  return true;
}

bool simdVideo(Warp &w, const Inst &i, uint32_t mask) {
  VideoSimd v = std::bit_cast<VideoSimd>(i.imm);
  const uint32_t *a = src<uint32_t>(w, i.op[1]), *b = src<uint32_t>(w, i.op[2]),
                 *c = src<uint32_t>(w, i.op[3]);
  unsigned bits = 32u / v.lanes;
  uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l) {
    uint64_t both = uint64_t(b[l]) << 32 | a[l];
    uint32_t merged = c[l], sum = c[l];
    for (unsigned n = 0; n < v.lanes; ++n) {
      if (!((v.mask >> n) & 1)) continue;
      auto part = [&](unsigned selection, bool isSigned) {
        return extend(uint32_t(both >> (((selection >> (3 * n)) & 7) * bits)), bits, isSigned);
      };
      int64_t r = compute(v.op, v.order, part(v.a, v.signedA), part(v.b, v.signedB));
      if (v.saturate) r = clampTo(r, bits, v.signedD);
      uint32_t field = ((1u << bits) - 1) << (n * bits);
      merged = (merged & ~field) | ((uint32_t(r) << (n * bits)) & field);
      sum += uint32_t(r);
    }
    t[l] = v.adds ? sum : merged;
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

/// The types of the operands: vset has none for its result.
void typesOf(const Match &m, bool &d, bool &a, bool &b) {
  size_t n = m.types.size();
  b = m.type(unsigned(n) - 1) == Type::S32, a = m.type(unsigned(n) - 2) == Type::S32;
  d = n == 3 && m.type(0) == Type::S32;
}

} // namespace

Handler selectVideo(const Match &m, Inst &i) {
  VideoScalar v{};
  bool d, a, b, plain = m.parts.size() == 3;
  typesOf(m, d, a, b);
  v.op = operationOf(m.opcode), v.order = orderOf(m);
  v.second = m.has("add")   ? Second::Add
             : m.has("min") ? Second::Min
             : m.has("max") ? Second::Max
                            : Second::None;
  v.signedD = d, v.signedA = a, v.signedB = b, v.saturate = m.has("sat"), v.wraps = m.has("wrap");
  if (!partOf(m.parts[0], v.d) || !partOf(m.parts[1], v.a) || !partOf(m.parts[2], v.b)) return nullptr;
  v.merges = !m.parts[0].empty();
  // The third operand is there for a second operation or for a merge, never for both.
  if (plain ? v.merges || v.second != Second::None : v.merges == (v.second != Second::None)) return nullptr;
  for (size_t n = 0; n < m.minus.size(); ++n)
    if (m.minus[n] || (n == 3 && !m.parts[n].empty())) return nullptr;
  i.imm = std::bit_cast<int64_t>(v);
  return scalarVideo;
}

Handler selectVideoMad(const Match &m, Inst &i) {
  VideoProduct v{};
  bool d, signs = m.minus[1] != m.minus[2];
  typesOf(m, d, v.signedA, v.signedB);
  if (!m.parts[0].empty() || !m.parts[3].empty() || m.minus[0] || !partOf(m.parts[1], v.a) ||
      !partOf(m.parts[2], v.b))
    return nullptr;
  v.plusOne = m.has("po"), v.negatesProduct = signs, v.negatesC = m.minus[3];
  if (v.plusOne + signs + m.minus[3] > 1 || (m.minus[1] && m.minus[2])) return nullptr;
  v.isSigned = v.signedA || v.signedB || signs || m.minus[3];
  v.saturate = m.has("sat"), v.shift = m.has("shr7") ? 7 : m.has("shr15") ? 15 : 0;
  i.imm = std::bit_cast<int64_t>(v);
  return productVideo;
}

Handler selectVideoSimd(const Match &m, Inst &i) {
  VideoSimd v{};
  bool d, a, b;
  typesOf(m, d, a, b);
  unsigned lanes = unsigned(m.opcode.back() - '0'), mask;
  uint16_t selectionB;
  if (!maskOf(m.parts[0], lanes, mask) || !selectionOf(m.parts[1], lanes, 0, v.a) ||
      !selectionOf(m.parts[2], lanes, lanes, selectionB) || !m.parts[3].empty())
    return nullptr;
  for (bool minus : m.minus)
    if (minus) return nullptr;
  v.op = operationOf(m.opcode), v.order = orderOf(m), v.lanes = uint8_t(lanes);
  v.b = selectionB & 0xfff, v.mask = mask & 15;
  v.signedD = d, v.signedA = a, v.signedB = b, v.saturate = m.has("sat"), v.adds = m.has("add");
  i.imm = std::bit_cast<int64_t>(v);
  return simdVideo;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
