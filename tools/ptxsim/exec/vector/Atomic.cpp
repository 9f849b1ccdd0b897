// Atomics and reductions in memory. Lanes act one after the other; on global memory each with the host's
// atomics, since blocks run on several of its threads. Shared memory belongs to one of them.
#include "tools/ptxsim/exec/vector/Addresses.h"
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

using U128 = unsigned __int128;

/// New value of memory, from its old one, the operand and (of cas) the second operand.
template <class U> using Update = U (*)(U old, U a, U b);

template <class U, Update<U> F> [[gnu::always_inline]] inline U exchange(char *at, U a, U b) {
  U *p = reinterpret_cast<U *>(at);
  U old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(p, &old, F(old, a, b), true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
  return old;
}

/// detail: the space, and above it which operands there are.
constexpr uint8_t hasResult = 8, isCas = 16;

/// F on global memory, G on shared memory (they differ in what they do with subnormals).
template <class U, Update<U> F, Update<U> G = F> bool atomic(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  unsigned at = i.detail & hasResult ? 1 : 0;
  addressesOf(w, i, at, Inst::Wide, address);
  w.strongReads += 1;
  Space space = Space(i.detail & 7);
  Intent intent{at ? AccessKind::Atomic : AccessKind::Reduction, unpackOrder(i.imm), sizeof(U)};
  if (space == Space::Generic ? !resolve<Space::Generic>(w, i, intent, address, mask, pointer)
                              : !resolveIn(w, i, space, intent, address, mask, pointer))
    return false;
  const U *a = src<U>(w, i.op[at + 2]), *b = i.detail & isCas ? src<U>(w, i.op[at + 3]) : a;
  alignas(64) U t[warpSize];
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(std::countr_zero(m));
    bool global = space != Space::Shared && (address[l] & windowBits) == 0;
    t[l] = global ? exchange<U, F>(pointer[l], a[l], b[l]) : exchange<U, G>(pointer[l], a[l], b[l]);
    w.changes += (global ? F(t[l], a[l], b[l]) : G(t[l], a[l], b[l])) != t[l];
  }
  if (at) store(reg<U>(w, i.op[0]), t, mask);
  return true;
}

template <bool ftz> uint32_t addFloat(uint32_t old, uint32_t a, uint32_t) {
  float x = floatOf(old), y = floatOf(a);
  if (ftz) return bitsOf(canonical(flush(flush(x) + flush(y))));
  return bitsOf(canonical(x + y));
}
uint64_t addDouble(uint64_t old, uint64_t a, uint64_t) {
  return bitsOf(std::bit_cast<double>(old) + std::bit_cast<double>(a));
}

enum class HalfOp : uint8_t { Add, Min, Max };
template <class L, HalfOp op> uint16_t updateHalf(uint16_t old, uint16_t a, uint16_t) {
  float x = L::load(old), y = L::load(a);
  if (op == HalfOp::Add) return L::save(x + y);
  if (x != x) return y != y ? canonicalHalfNan : a;
  if (y != y) return old;
  bool first = op == HalfOp::Max ? x > y : x < y;
  if (x == y) first = op == HalfOp::Max ? !(old & 0x8000) : (old & 0x8000) != 0;
  return first ? old : a;
}
template <class L, HalfOp op> uint32_t updatePair(uint32_t old, uint32_t a, uint32_t) {
  return updateHalf<L, op>(uint16_t(old), uint16_t(a), 0) |
         uint32_t(updateHalf<L, op>(uint16_t(old >> 16), uint16_t(a >> 16), 0)) << 16;
}

template <class T, bool isMax>
std::make_unsigned_t<T> pickExtreme(std::make_unsigned_t<T> old, std::make_unsigned_t<T> a,
                                    std::make_unsigned_t<T>) {
  return (isMax ? T(a) > T(old) : T(a) < T(old)) ? a : old;
}
template <class U> U cas(U old, U a, U b) {
  return old == a ? b : old;
}
template <class U> U swap(U, U a, U) {
  return a;
}

template <HalfOp op> Handler pickHalf(Type type) {
  switch (type) {
  case Type::F16:
    return atomic<uint16_t, updateHalf<Half, op>>;
  case Type::BF16:
    return atomic<uint16_t, updateHalf<Brain, op>>;
  case Type::F16x2:
    return atomic<uint32_t, updatePair<Half, op>>;
  case Type::BF16x2:
    return atomic<uint32_t, updatePair<Brain, op>>;
  default:
    return nullptr;
  }
}

template <bool isMax> Handler pickMinMax(Type type) {
  switch (type) {
  case Type::U32:
    return atomic<uint32_t, pickExtreme<uint32_t, isMax>>;
  case Type::S32:
    return atomic<uint32_t, pickExtreme<int32_t, isMax>>;
  case Type::U64:
    return atomic<uint64_t, pickExtreme<uint64_t, isMax>>;
  case Type::S64:
    return atomic<uint64_t, pickExtreme<int64_t, isMax>>;
  default:
    return pickHalf<isMax ? HalfOp::Max : HalfOp::Min>(type);
  }
}

template <class U> Handler pickLogic(const Match &m) {
  if (m.has("and")) return atomic<U, [](U o, U a, U) -> U { return o & a; }>;
  if (m.has("or")) return atomic<U, [](U o, U a, U) -> U { return o | a; }>;
  if (m.has("xor")) return atomic<U, [](U o, U a, U) -> U { return o ^ a; }>;
  return nullptr;
}

Handler pickAtomic(const Match &m, Type type) {
  unsigned bytes = typeBytes(type);
  TypeKind kind = typeKind(type);
  if (m.has("cas")) {
    switch (bytes) {
    case 2:
      return atomic<uint16_t, cas<uint16_t>>;
    case 4:
      return atomic<uint32_t, cas<uint32_t>>;
    case 8:
      return atomic<uint64_t, cas<uint64_t>>;
    default:
      return atomic<U128, cas<U128>>;
    }
  }
  if (m.has("exch"))
    return kind != TypeKind::Bits ? nullptr
           : bytes == 16          ? atomic<U128, swap<U128>>
           : bytes == 8           ? atomic<uint64_t, swap<uint64_t>>
                                  : atomic<uint32_t, swap<uint32_t>>;
  if (m.has("add")) {
    if (type == Type::F32) return atomic<uint32_t, addFloat<true>, addFloat<false>>;
    if (type == Type::F64) return atomic<uint64_t, addDouble>;
    if (type == Type::U32 || type == Type::S32)
      return atomic<uint32_t, [](uint32_t o, uint32_t a, uint32_t) { return o + a; }>;
    if (type == Type::U64 || type == Type::S64)
      return atomic<uint64_t, [](uint64_t o, uint64_t a, uint64_t) { return o + a; }>;
    return pickHalf<HalfOp::Add>(type);
  }
  if (m.has("min")) return pickMinMax<false>(type);
  if (m.has("max")) return pickMinMax<true>(type);
  if (m.has("inc"))
    return type == Type::U32
               ? atomic<uint32_t, [](uint32_t o, uint32_t a, uint32_t) { return o >= a ? 0 : o + 1; }>
               : nullptr;
  if (m.has("dec"))
    return type == Type::U32 ? atomic<uint32_t, [](uint32_t o, uint32_t a,
                                                   uint32_t) { return o == 0 || o > a ? a : o - 1; }>
                             : nullptr;
  if (kind != TypeKind::Bits) return nullptr;
  return bytes == 8 ? pickLogic<uint64_t>(m) : bytes == 4 ? pickLogic<uint32_t>(m) : nullptr;
}

Order atomicOrder(const Match &m) {
  Order o = orderOf(m);
  if (o.semantics == Semantics::Weak) o.semantics = Semantics::Relaxed;
  if (o.scope == Scope::None) o.scope = Scope::Device;
  return o;
}

/// Vectors of floats and halves: each element by itself is atomic. `imm` above the order holds the elements'
/// handler.
template <class U, Update<U> F> bool atomicVector(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  bool result = i.detail & hasResult;
  unsigned count = result ? i.count / 2 : i.count;
  Intent intent{result ? AccessKind::Atomic : AccessKind::Reduction, unpackOrder(i.imm),
                unsigned(sizeof(U)) * count};
  if (!resolve<Space::Global>(w, i, intent, address, mask, pointer)) return false;
  for (unsigned e = 0; e < count; ++e) {
    const U *a = src<U>(w, i.more[result ? count + e : e]);
    U t[warpSize];
    for (uint32_t m = mask; m; m &= m - 1) {
      unsigned l = unsigned(std::countr_zero(m));
      t[l] = exchange<U, F>(pointer[l] + e * sizeof(U), a[l], a[l]);
    }
    if (result) store(reg<U>(w, i.more[e]), t, mask);
  }
  return true;
}

template <HalfOp op> Handler pickVector(Type type) {
  switch (type) {
  case Type::F16:
    return atomicVector<uint16_t, updateHalf<Half, op>>;
  case Type::BF16:
    return atomicVector<uint16_t, updateHalf<Brain, op>>;
  case Type::F16x2:
    return atomicVector<uint32_t, updatePair<Half, op>>;
  case Type::BF16x2:
    return atomicVector<uint32_t, updatePair<Brain, op>>;
  default:
    return op == HalfOp::Add ? atomicVector<uint32_t, addFloat<true>> : nullptr;
  }
}

} // namespace

Handler selectAtom(const Match &m, Inst &i) {
  i.imm = packOrder(atomicOrder(m));
  i.detail = uint8_t(m.space) | (m.opcode == "atom" ? hasResult : 0) | (m.has("cas") ? isCas : 0);
  return pickAtomic(m, m.type(0));
}

Handler selectAtomVector(const Match &m, Inst &i) {
  i.imm = packOrder(atomicOrder(m));
  i.detail = m.opcode == "atom" ? hasResult : 0;
  unsigned count = m.has("v2") ? 2 : m.has("v4") ? 4 : 8;
  for (size_t n = 0; n < m.vectors.size(); ++n)
    if (m.vectors[n] != count ||
        (m.vectorTypes[n] != Type::None && typeBytes(m.vectorTypes[n]) != typeBytes(m.type(0))))
      return nullptr;
  if (count * typeBytes(m.type(0)) > 16) return nullptr;
  return m.has("add")   ? pickVector<HalfOp::Add>(m.type(0))
         : m.has("min") ? pickVector<HalfOp::Min>(m.type(0))
                        : pickVector<HalfOp::Max>(m.type(0));
}

} // namespace girih::ptx::GIRIH_PTX_ISA
