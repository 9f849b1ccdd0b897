// Predicates, comparison and selection.
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

enum class Cmp : uint8_t { Eq, Ne, Lt, Le, Gt, Ge, Equ, Neu, Ltu, Leu, Gtu, Geu, Num, Nan };
enum class Combine : uint8_t { None, And, Or, Xor };

template <Cmp cmp, class V> [[gnu::always_inline]] inline bool compare(V a, V b) {
  switch (cmp) {
  case Cmp::Eq:
    return a == b;
  case Cmp::Ne:
    return a < b || a > b;
  case Cmp::Lt:
    return a < b;
  case Cmp::Le:
    return a <= b;
  case Cmp::Gt:
    return a > b;
  case Cmp::Ge:
    return a >= b;
  case Cmp::Equ:
    return !(a < b || a > b);
  case Cmp::Neu:
    return a != b;
  case Cmp::Ltu:
    return !(a >= b);
  case Cmp::Leu:
    return !(a > b);
  case Cmp::Gtu:
    return !(a <= b);
  case Cmp::Geu:
    return !(a < b);
  case Cmp::Num:
    return a == a && b == b;
  case Cmp::Nan:
    return a != a || b != b;
  }
}

/// How the lanes of a type are stored and compared.
template <class T> struct Plain {
  using Stored = T;
  static T load(T v) { return v; }
};
struct FlushedFloat {
  using Stored = float;
  static float load(float v) { return flush(v); }
};
struct HalfLane : Half {
  using Stored = uint16_t;
};
struct FlushedHalfLane {
  using Stored = uint16_t;
  static float load(uint16_t v) { return halfToFloat((v & 0x7c00) == 0 ? v & 0x8000 : v); }
};
struct BrainLane : Brain {
  using Stored = uint16_t;
};

std::optional<Cmp> comparisonOf(const Match &m, bool isFloat) {
  constexpr std::pair<std::string_view, Cmp> names[] = {
      {"eq", Cmp::Eq},   {"ne", Cmp::Ne},   {"lt", Cmp::Lt},   {"le", Cmp::Le},   {"gt", Cmp::Gt},
      {"ge", Cmp::Ge},   {"equ", Cmp::Equ}, {"neu", Cmp::Neu}, {"ltu", Cmp::Ltu}, {"leu", Cmp::Leu},
      {"gtu", Cmp::Gtu}, {"geu", Cmp::Geu}, {"num", Cmp::Num}, {"nan", Cmp::Nan}, {"lo", Cmp::Lt},
      {"ls", Cmp::Le},   {"hi", Cmp::Gt},   {"hs", Cmp::Ge}};
  for (auto [name, cmp] : names)
    if (m.has(name)) {
      bool unsignedName = name == "lo" || name == "ls" || name == "hi" || name == "hs";
      if (isFloat ? unsignedName : cmp >= Cmp::Equ) return std::nullopt;
      return cmp;
    }
  return std::nullopt;
}

Combine combineOf(const Match &m) {
  return m.has("and")   ? Combine::And
         : m.has("or")  ? Combine::Or
         : m.has("xor") ? Combine::Xor
                        : Combine::None;
}

[[gnu::always_inline]] inline uint32_t combined(uint8_t how, uint32_t set, uint32_t other) {
  switch (Combine(how)) {
  case Combine::And:
    return set & other;
  case Combine::Or:
    return set | other;
  case Combine::Xor:
    return set ^ other;
  default:
    return set;
  }
}

template <class L, Cmp cmp>
[[gnu::always_inline]] inline uint32_t lanesOf(const Warp &w, uint32_t a, uint32_t b) {
  using S = typename L::Stored;
  return compareLanes<[](S x, S y) { return compare<cmp>(L::load(x), L::load(y)); }>(src<S>(w, a),
                                                                                     src<S>(w, b));
}

/// setp p|q, a, b[, c]; detail is the combination.
template <class L, Cmp cmp> bool setp(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t set = lanesOf<L, cmp>(w, i.op[2], i.op[3]), other = i.detail ? predicate(w, i.op[4]) : 0;
  setPredicate(w, i.op[0], mask, combined(i.detail, set, other));
  setPredicate(w, i.op[1], mask, combined(i.detail, ~set, other));
  return true;
}

/// setp on packed halves: p is the lower one's, q the upper one's.
template <class L, Cmp cmp> bool setpPacked(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[2]), *b = src<uint16_t>(w, i.op[3]);
  uint32_t p = 0, q = 0, other = i.detail ? predicate(w, i.op[4]) : 0;
  for (unsigned l = 0; l < warpSize; ++l) {
    p |= uint32_t(compare<cmp>(L::load(a[2 * l]), L::load(b[2 * l]))) << l;
    q |= uint32_t(compare<cmp>(L::load(a[2 * l + 1]), L::load(b[2 * l + 1]))) << l;
  }
  setPredicate(w, i.op[0], mask, combined(i.detail, p, other));
  setPredicate(w, i.op[1], mask, combined(i.detail, q, other));
  return true;
}

/// set: `imm` is what true is, false is zero.
template <class L, Cmp cmp, class D> bool set(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t lanes =
      combined(i.detail, lanesOf<L, cmp>(w, i.op[1], i.op[2]), i.detail ? predicate(w, i.op[3]) : 0);
  D t[warpSize], yes = D(i.imm);
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = (lanes >> l) & 1 ? yes : D(0);
  store(reg<D>(w, i.op[0]), t, mask);
  return true;
}
template <class L, Cmp cmp> bool setPacked(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = src<uint16_t>(w, i.op[1]), *b = src<uint16_t>(w, i.op[2]);
  uint32_t other = i.detail ? predicate(w, i.op[3]) : 0;
  uint16_t t[2 * warpSize];
  for (unsigned n = 0; n < 2 * warpSize; ++n)
    t[n] = combined(i.detail, compare<cmp>(L::load(a[n]), L::load(b[n])), (other >> (n / 2)) & 1)
               ? uint16_t(i.imm)
               : 0;
  store<2>(reg<uint16_t>(w, i.op[0]), t, mask);
  return true;
}

template <class F, size_t... N> Handler pickCmp(Cmp cmp, F f, std::index_sequence<N...>) {
  Handler found = nullptr;
  (void)((unsigned(cmp) == N && (found = f.template operator()<Cmp(N)>(), true)) || ...);
  return found;
}

/// f<L, cmp>() for the type and comparison of the instruction.
template <class F> Handler pickComparison(const Match &m, Type type, F f) {
  bool isFloat = typeKind(type) == TypeKind::Float || type == Type::F16x2 || type == Type::BF16x2;
  auto cmp = comparisonOf(m, isFloat);
  // Subnormals are flushed of .f16 and .f32 only.
  bool flushes = type == Type::F32 || type == Type::F16 || type == Type::F16x2;
  if (!cmp || (m.has("ftz") && !flushes)) return nullptr;
  auto floats = [&]<class L>() {
    return pickCmp(
        *cmp, [&]<Cmp c>() { return f.template operator()<L, c>(); }, std::make_index_sequence<14>());
  };
  if (type == Type::F32)
    return m.has("ftz") ? floats.template operator()<FlushedFloat>()
                        : floats.template operator()<Plain<float>>();
  if (type == Type::F64) return floats.template operator()<Plain<double>>();
  if (type == Type::F16 || type == Type::F16x2)
    return m.has("ftz") ? floats.template operator()<FlushedHalfLane>()
                        : floats.template operator()<HalfLane>();
  if (type == Type::BF16 || type == Type::BF16x2) return floats.template operator()<BrainLane>();
  // .lo, .ls, .hi and .hs compare as unsigned whatever the type says.
  if (m.has("lo") || m.has("ls") || m.has("hi") || m.has("hs"))
    type = typeBytes(type) == 2 ? Type::U16 : typeBytes(type) == 4 ? Type::U32 : Type::U64;
  return pickInteger(type, [&]<class T>() {
    return pickCmp(
        *cmp, [&]<Cmp c>() { return f.template operator()<Plain<T>, c>(); }, std::make_index_sequence<6>());
  });
}

} // namespace

Handler selectSetp(const Match &m, Inst &i) {
  Type type = m.type(0);
  i.detail = uint8_t(combineOf(m));
  if (type == Type::F16x2 || type == Type::BF16x2)
    return pickComparison(m, type, []<class L, Cmp cmp>() -> Handler {
      if constexpr (std::is_same_v<typename L::Stored, uint16_t> && !std::is_same_v<L, Plain<uint16_t>>)
        return setpPacked<L, cmp>;
      else
        return nullptr;
    });
  return pickComparison(m, type, []<class L, Cmp cmp>() -> Handler { return setp<L, cmp>; });
}

Handler selectSet(const Match &m, Inst &i) {
  Type to = m.type(0), type = m.type(1);
  i.detail = uint8_t(combineOf(m));
  bool packed = type == Type::F16x2 || type == Type::BF16x2;
  i.imm = to == Type::F32                          ? 0x3f800000
          : to == Type::F16 || to == Type::F16x2   ? 0x3c00
          : to == Type::BF16 || to == Type::BF16x2 ? 0x3f80
                                                   : -1;
  if (packed) {
    if (typeBytes(to) != 4) return nullptr;
    return pickComparison(m, type, []<class L, Cmp cmp>() -> Handler {
      if constexpr (std::is_same_v<typename L::Stored, uint16_t> && !std::is_same_v<L, Plain<uint16_t>>)
        return setPacked<L, cmp>;
      else
        return nullptr;
    });
  }
  if (typeKind(to) == TypeKind::Packed) return nullptr;
  bool narrow = typeBytes(to) == 2;
  return pickComparison(m, type, [&]<class L, Cmp cmp>() -> Handler {
    return narrow ? set<L, cmp, uint16_t> : set<L, cmp, uint32_t>;
  });
}

//===-- Selection ---------------------------------------------------------------===//

namespace {

template <class T> bool selp(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[1]), *b = src<T>(w, i.op[2]);
  uint32_t p = predicate(w, i.op[3]);
  alignas(64) T t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = (p >> l) & 1 ? a[l] : b[l];
  store(reg<T>(w, i.op[0]), t, mask);
  return true;
}

enum class Logic : uint8_t { And, Or, Xor, Not, Mov };
template <Logic op> bool predicates(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t a = predicate(w, i.op[1]), b = op == Logic::Not || op == Logic::Mov ? 0 : predicate(w, i.op[2]);
  uint32_t r = op == Logic::And   ? a & b
               : op == Logic::Or  ? a | b
               : op == Logic::Xor ? a ^ b
               : op == Logic::Not ? ~a
                                  : a;
  setPredicate(w, i.op[0], mask, r);
  return true;
}

} // namespace

Handler selectSelp(const Match &m, Inst &) {
  return pickBits(typeBytes(m.type(0)), []<class T>() -> Handler { return selp<T>; });
}

Handler selectSlct(const Match &m, Inst &) {
  bool integer = m.type(1) == Type::S32, ftz = m.has("ftz");
  return pickBits(typeBytes(m.type(0)), [&]<class T>() -> Handler {
    if (integer) return map<[](T a, T b, int32_t c) { return c >= 0 ? a : b; }, T, T, T, int32_t>;
    if (ftz) return map<[](T a, T b, float c) { return flush(c) >= 0 ? a : b; }, T, T, T, float>;
    return map<[](T a, T b, float c) { return c >= 0 ? a : b; }, T, T, T, float>;
  });
}

Handler selectPredicates(const Match &m, Inst &) {
  if (m.opcode == "and") return predicates<Logic::And>;
  if (m.opcode == "or") return predicates<Logic::Or>;
  if (m.opcode == "xor") return predicates<Logic::Xor>;
  return m.opcode == "not" ? predicates<Logic::Not> : predicates<Logic::Mov>;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
