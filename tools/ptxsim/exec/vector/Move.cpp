// Moves between registers, and addresses from one space to another.
#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

template <class T> constexpr T same(T a) {
  return a;
}

/// Whole lanes of `bytes`, for types without arithmetic.
template <unsigned bytes> bool moveBytes(Warp &w, const Inst &i, uint32_t mask) {
  struct alignas(bytes) Lane {
    char c[bytes];
  };
  const Lane *s = src<Lane>(w, i.op[1]);
  Lane *d = reg<Lane>(w, i.op[0]);
  for (unsigned l = 0; l < warpSize; ++l)
    if ((mask >> l) & 1) d[l] = s[l];
  return true;
}

char *lanesAt(Warp &w, uint32_t op) {
  return w.base[op >> 31] + (op & operandOffset);
}

/// From one lane to the next of a register: those of 8 bits have 16 for each.
unsigned pitch(unsigned size) {
  return size < 2 ? 2 : size;
}

/// {a, b, ...} = s: element n of each lane is the n-th part. The destinations may overlap the source only as
/// wholes.
bool unpack(Warp &w, const Inst &i, uint32_t mask) {
  unsigned parts = i.count - 1u, size = i.detail;
  const char *s = lanesAt(w, i.more[parts]);
  char copy[16 * warpSize];
  __builtin_memcpy(copy, s, size * parts * warpSize);
  for (unsigned n = 0; n < parts; ++n)
    for (unsigned l = 0; l < warpSize; ++l)
      if ((mask >> l) & 1)
        __builtin_memcpy(w.base[0] + i.more[n] + l * pitch(size), copy + (l * parts + n) * size, size);
  return true;
}

/// d = {a, b, ...}
bool pack(Warp &w, const Inst &i, uint32_t mask) {
  unsigned parts = i.count - 1u, size = i.detail;
  char t[16 * warpSize];
  for (unsigned n = 0; n < parts; ++n) {
    const char *s = lanesAt(w, i.more[1 + n]);
    for (unsigned l = 0; l < warpSize; ++l)
      __builtin_memcpy(t + (l * parts + n) * size, s + l * pitch(size), size);
  }
  char *d = w.base[0] + i.more[0];
  for (unsigned l = 0; l < warpSize; ++l)
    if ((mask >> l) & 1) __builtin_memcpy(d + l * size * parts, t + l * size * parts, size * parts);
  return true;
}

template <class S, class B> bool pack2(Warp &w, const Inst &i, uint32_t mask) {
  const S *a = src<S>(w, i.more[1]), *b = src<S>(w, i.more[2]);
  alignas(64) B t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = B(a[l]) | B(b[l]) << (sizeof(S) * 8);
  store(reg<B>(w, i.more[0]), t, mask);
  return true;
}
template <class S, class B> bool unpack2(Warp &w, const Inst &i, uint32_t mask) {
  const B *s = src<B>(w, i.more[2]);
  alignas(64) S low[warpSize], high[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    low[l] = S(s[l]), high[l] = S(s[l] >> (sizeof(S) * 8));
  store(reg<S>(w, i.more[0]), low, mask);
  store(reg<S>(w, i.more[1]), high, mask);
  return true;
}

/// The window of an address space within generic addresses; 0 where both are the same.
uint64_t windowOf(const Match &m) {
  for (std::string_view s : m.modifiers) {
    if (s.starts_with("shared")) return sharedWindow;
    if (s == "local") return localWindow;
    if (s.starts_with("param")) return paramWindow;
  }
  return 0;
}

template <class T, bool to> bool addWindow(Warp &w, const Inst &i, uint32_t mask) {
  const T *s = src<T>(w, i.op[1]);
  alignas(64) T t[warpSize];
  T window = T(i.imm);
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = to ? s[l] - window : s[l] + window;
  store(reg<T>(w, i.op[0]), t, mask);
  return true;
}

bool isInWindow(Warp &w, const Inst &i, uint32_t mask) {
  const uint64_t *a = src<uint64_t>(w, i.op[1]);
  uint32_t set = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    set |= uint32_t((a[l] & windowBits) == uint64_t(i.imm)) << l;
  setPredicate(w, i.op[0], mask, set);
  return true;
}

/// The address in the block of rank b of the cluster.
template <class T> bool mapToRank(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[1]);
  const uint32_t *rank = src<uint32_t>(w, i.op[2]);
  T t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = (a[l] & ~(T(0xff) << sharedRankShift)) | T(rank[l] + 1) << sharedRankShift;
  store(reg<T>(w, i.op[0]), t, mask);
  return true;
}
template <class T> bool rankOf(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = src<T>(w, i.op[1]);
  uint32_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l) {
    uint32_t rank = uint32_t(a[l] >> sharedRankShift) & 0xff;
    t[l] = rank ? rank - 1 : w.block->clusterRank;
  }
  store(reg<uint32_t>(w, i.op[0]), t, mask);
  return true;
}

bool zero(Warp &w, const Inst &i, uint32_t mask) {
  constexpr uint64_t t[warpSize] = {};
  store(reg<uint64_t>(w, i.op[0]), t, mask);
  return true;
}

} // namespace

Handler selectMov(const Match &m, Inst &) {
  if (typeBytes(m.type(0)) == 16) return moveBytes<16>;
  return pickBits(typeBytes(m.type(0)), []<class T>() -> Handler { return map<same<T>, T, T>; });
}

Handler selectMovVector(const Match &m, Inst &i) {
  unsigned parts = i.count - 1u, bytes = typeBytes(m.type(0)), size = bytes / parts;
  bool packs = m.vectors[0] == 1;
  if ((parts != 2 && parts != 4) || size * parts != bytes ||
      (size != 1 && size != 2 && size != 4 && size != 8))
    return nullptr;
  i.detail = uint8_t(size);
  if (parts == 2 && size == 2) return packs ? pack2<uint16_t, uint32_t> : unpack2<uint16_t, uint32_t>;
  if (parts == 2 && size == 4) return packs ? pack2<uint32_t, uint64_t> : unpack2<uint32_t, uint64_t>;
  return packs ? pack : unpack;
}

Handler selectCvta(const Match &m, Inst &i) {
  uint64_t window = windowOf(m);
  bool wide = m.type(0) == Type::U64;
  if (!wide && window) return nullptr; // generic addresses have 64 bits
  if (!window)
    return wide ? map<same<uint64_t>, uint64_t, uint64_t> : map<same<uint32_t>, uint32_t, uint32_t>;
  i.imm = int64_t(window);
  return m.has("to") ? addWindow<uint64_t, true> : addWindow<uint64_t, false>;
}

Handler selectIsspacep(const Match &m, Inst &i) {
  i.imm = int64_t(windowOf(m));
  return isInWindow;
}

Handler selectMapa(const Match &m, Inst &) {
  bool wide = m.type(0) == Type::U64;
  if (m.opcode == "mapa") return wide ? mapToRank<uint64_t> : mapToRank<uint32_t>;
  return wide ? rankOf<uint64_t> : rankOf<uint32_t>;
}

Handler selectZero(const Match &, Inst &) {
  return zero;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
