// Exchange between the lanes of a warp. The lanes that an instruction names have met when it runs
// (Inst::Sync); lanes of one warp instruction may belong to different groups, each with its own member mask.
#include "tools/ptxsim/exec/vector/Soft.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

/// Calls f(lanes) for each group of executing lanes that name the same members; `lanes` are those that take
/// part.
template <class F>
[[gnu::always_inline]] inline void eachGroup(const Warp &w, const Inst &i, uint32_t mask, F f) {
  if (i.op[5] == operandNone) return f(mask); // without .sync: those that execute it together
  const uint32_t *members = src<uint32_t>(w, i.op[5]);
  for (uint32_t left = mask; left;) {
    uint32_t named = members[std::countr_zero(left)], lanes = 0;
    for (uint32_t m = left; m; m &= m - 1)
      lanes |= uint32_t(members[std::countr_zero(m)] == named) << std::countr_zero(m);
    f(lanes);
    left &= ~lanes;
  }
}

enum class Shuffle : uint8_t { Up, Down, Butterfly, Index };

template <Shuffle mode> bool shfl(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = src<uint32_t>(w, i.op[2]), *b = src<uint32_t>(w, i.op[3]),
                 *c = src<uint32_t>(w, i.op[4]);
  alignas(64) uint32_t t[warpSize];
  uint32_t inRange = 0;
  for (unsigned l = 0; l < warpSize; ++l) {
    int lane = int(l), by = int(b[l] & 31), segment = int((c[l] >> 8) & 31), clamp = int(c[l] & 31);
    int first = lane & segment, last = first | (clamp & ~segment), from;
    bool in;
    if (mode == Shuffle::Up)
      from = lane - by, in = from >= last;
    else if (mode == Shuffle::Down)
      from = lane + by, in = from <= last;
    else if (mode == Shuffle::Butterfly)
      from = lane ^ by, in = from <= last;
    else
      from = first | (by & ~segment), in = from <= last;
    t[l] = a[(in ? from : lane) & 31];
    inRange |= uint32_t(in) << l;
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  setPredicate(w, i.op[1], mask, inRange);
  if (w.launch->observer) observeShuffle(w, i, mask);
  return true;
}

enum class Voting : uint8_t { All, Any, Uni };

template <Voting how> bool vote(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t p = predicate(w, i.op[1]), result = 0;
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    uint32_t yes = p & lanes;
    bool holds = how == Voting::All ? yes == lanes : how == Voting::Any ? yes != 0 : yes == lanes || yes == 0;
    if (holds) result |= lanes;
  });
  setPredicate(w, i.op[0], mask, result);
  return true;
}

bool ballot(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t p = predicate(w, i.op[1]), t[warpSize];
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    for (uint32_t m = lanes; m; m &= m - 1)
      t[std::countr_zero(m)] = p & lanes;
  });
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

bool activeMask(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t t[warpSize];
  for (uint32_t &v : t)
    v = w.active;
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

bool elect(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t t[warpSize], leaders = 0;
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    uint32_t leader = uint32_t(std::countr_zero(lanes));
    leaders |= 1u << leader;
    for (uint32_t m = lanes; m; m &= m - 1)
      t[std::countr_zero(m)] = leader;
  });
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  setPredicate(w, i.op[1], mask, leaders);
  return true;
}

template <class T> bool matchAny(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[1]);
  uint32_t t[warpSize];
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    for (uint32_t left = lanes, same = 0; left; left &= ~same, same = 0) {
      T value = a[std::countr_zero(left)];
      for (unsigned l = 0; l < warpSize; ++l)
        same |= uint32_t(a[l] == value) << l;
      same &= lanes;
      for (uint32_t m = same; m; m &= m - 1)
        t[std::countr_zero(m)] = same;
    }
  });
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}
template <class T> bool matchAll(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[2]);
  uint32_t t[warpSize], equal = 0;
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    bool same = true;
    for (uint32_t m = lanes; m; m &= m - 1)
      same &= a[std::countr_zero(m)] == a[std::countr_zero(lanes)];
    if (same) equal |= lanes;
    for (uint32_t m = lanes; m; m &= m - 1)
      t[std::countr_zero(m)] = same ? lanes : 0;
  });
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  setPredicate(w, i.op[1], mask, equal);
  return true;
}

template <class T, auto F> bool redux(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[1]);
  T t[warpSize];
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    T r = a[std::countr_zero(lanes)];
    for (uint32_t m = lanes & (lanes - 1); m; m &= m - 1)
      r = F(r, a[std::countr_zero(m)]);
    for (uint32_t m = lanes; m; m &= m - 1)
      t[std::countr_zero(m)] = r;
  });
  store(reg<T>(w, i.op[0]), t, mask);
  return true;
}

/// redux of floats; detail: 1 the maximum, 2 of absolute values, 4 NaN if any is.
bool reduxFloat(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = src<float>(w, i.op[1]);
  float t[warpSize];
  eachGroup(w, i, mask, [&](uint32_t lanes) {
    float r = floatOf(canonicalNan);
    bool nan = false;
    for (uint32_t m = lanes; m; m &= m - 1) {
      float v = a[std::countr_zero(m)];
      if (i.detail & 2) v = __builtin_fabsf(v);
      nan |= v != v;
      if (r != r || (i.detail & 1 ? v > r || (v == r && !__builtin_signbit(v))
                                  : v < r || (v == r && __builtin_signbit(v))))
        r = v != v ? r : v;
    }
    if (nan && i.detail & 4) r = floatOf(canonicalNan);
    for (uint32_t m = lanes; m; m &= m - 1)
      t[std::countr_zero(m)] = r;
  });
  store(reg<float>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectShfl(const Match &m, Inst &) {
  if (m.has("up")) return shfl<Shuffle::Up>;
  if (m.has("down")) return shfl<Shuffle::Down>;
  return m.has("bfly") ? shfl<Shuffle::Butterfly> : shfl<Shuffle::Index>;
}

Handler selectVote(const Match &m, Inst &i) {
  if (m.opcode == "activemask") return activeMask;
  i.op[5] = i.op[2];
  if (m.opcode == "elect") return elect;
  if (m.has("ballot")) return ballot;
  return m.has("all") ? vote<Voting::All> : m.has("any") ? vote<Voting::Any> : vote<Voting::Uni>;
}

Handler selectMatchSync(const Match &m, Inst &i) {
  bool wide = m.type(0) == Type::B64, all = m.has("all");
  i.op[5] = i.op[all ? 3 : 2];
  if (all) return wide ? matchAll<uint64_t> : matchAll<uint32_t>;
  return wide ? matchAny<uint64_t> : matchAny<uint32_t>;
}

Handler selectRedux(const Match &m, Inst &i) {
  using U = uint32_t;
  using S = int32_t;
  i.op[5] = i.op[2];
  if (m.type(0) == Type::F32) {
    i.detail = uint8_t(m.has("max") | m.has("abs") << 1 | m.has("NaN") << 2);
    return reduxFloat;
  }
  if (m.has("add")) return redux<U, [](U a, U b) { return a + b; }>;
  if (m.has("and")) return redux<U, [](U a, U b) { return a & b; }>;
  if (m.has("or")) return redux<U, [](U a, U b) { return a | b; }>;
  if (m.has("xor")) return redux<U, [](U a, U b) { return a ^ b; }>;
  bool isSigned = m.type(0) == Type::S32;
  if (m.has("min"))
    return isSigned ? redux<S, [](S a, S b) { return a < b ? a : b; }>
                    : redux<U, [](U a, U b) { return a < b ? a : b; }>;
  return isSigned ? redux<S, [](S a, S b) { return a > b ? a : b; }>
                  : redux<U, [](U a, U b) { return a > b ? a : b; }>;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
