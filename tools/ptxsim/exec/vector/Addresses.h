// From a warp's addresses to host pointers, with the checks that every access makes.
#pragma once

#include "tools/ptxsim/exec/vector/Lanes.h"

namespace girih::ptx::GIRIH_PTX_ISA {

/// The addresses of all lanes: op[at] + op[at + 1].
[[gnu::always_inline]] inline void addressesOf(const Warp &w, const Inst &i, unsigned at, uint8_t wideFlag,
                                               uint64_t *address) {
  int64_t offset = int32_t(i.op[at + 1]);
  if (i.flags & wideFlag) {
    const uint64_t *base = src<uint64_t>(w, i.op[at]);
    for (unsigned l = 0; l < warpSize; ++l)
      address[l] = base[l] + uint64_t(offset);
  } else {
    // In 32 bits, as the machine adds them: compilers keep negative differences in such registers.
    const uint32_t *base = src<uint32_t>(w, i.op[at]);
    for (unsigned l = 0; l < warpSize; ++l)
      address[l] = base[l] + uint32_t(offset);
  }
}

/// Lanes whose [address, address + bytes) leaves [begin, end) or is misaligned.
[[gnu::always_inline]] inline uint32_t lanesOutside(const uint64_t *address, uint64_t begin, uint64_t end,
                                                    unsigned bytes) {
  uint64_t room = end - begin - bytes; // begin + bytes <= end
  uint32_t bad = 0;
  alignas(64) uint8_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = (address[l] - begin > room) | ((address[l] & (bytes - 1)) != 0);
  typedef uint8_t Bytes __attribute__((ext_vector_type(32)));
  typedef bool Bits __attribute__((ext_vector_type(32)));
  Bytes b;
  __builtin_memcpy(&b, t, sizeof(b));
  bad = std::bit_cast<uint32_t>(__builtin_convertvector(b != 0, Bits));
  return bad;
}

/// What an access does, for the checks and the observer.
struct Intent {
  AccessKind kind;
  Order order;
  unsigned bytes; // of a lane, a power of two
  const Completion *completion = nullptr;
};

/// Turns the addresses of the lanes in `mask` into host pointers, after all checks. `pointer` of other lanes
/// is unspecified. False after a fault.
[[gnu::always_inline]] inline bool resolveIn(Warp &w, const Inst &i, Space space, const Intent &intent,
                                             const uint64_t *address, uint32_t mask, char **pointer) {
  bool write = intent.kind != AccessKind::Load && intent.kind != AccessKind::AsyncRead;
  switch (space) {
  case Space::Global:
  case Space::Const: {
    const Range &range = w.ranges[&i - w.launch->code];
    bool fits = range.end - range.begin >= intent.bytes && range.begin < range.end &&
                !(lanesOutside(address, range.begin, range.end, intent.bytes) & mask) &&
                !(write && range.readOnly);
    if (!fits && !checkGlobal(w, i, address, intent.bytes, mask, write)) return false;
    for (unsigned l = 0; l < warpSize; ++l)
      pointer[l] = hostPointer(address[l]);
    break;
  }
  case Space::Shared: {
    uint32_t size = w.block->sharedBytes;
    if (size < intent.bytes || (lanesOutside(address, 0, size, intent.bytes) & mask)) [[unlikely]] {
      for (unsigned l = 0; l < warpSize; ++l)
        if ((mask >> l) & 1) {
          pointer[l] = address[l] & (intent.bytes - 1) ? nullptr : sharedPointer(w, address[l], intent.bytes);
          if (!pointer[l]) return badAddress(w, i, space, address, intent.bytes, 1u << l);
        }
    } else {
      for (unsigned l = 0; l < warpSize; ++l)
        pointer[l] = w.block->shared + address[l];
    }
    break;
  }
  case Space::Local: {
    uint32_t size = w.launch->localBytes;
    if (size < intent.bytes || (lanesOutside(address, 0, size, intent.bytes) & mask))
      return badAddress(w, i, space, address, intent.bytes, mask);
    char *local = w.block->local + uint64_t(w.id) * warpSize * size;
    for (unsigned l = 0; l < warpSize; ++l)
      pointer[l] = local + uint64_t(l) * size + address[l];
    break;
  }
  default: {
    uint32_t size = w.launch->paramBytes;
    if (write || size < intent.bytes || (lanesOutside(address, 0, size, intent.bytes) & mask))
      return badAddress(w, i, Space::Param, address, intent.bytes, mask);
    for (unsigned l = 0; l < warpSize; ++l)
      pointer[l] = const_cast<char *>(w.launch->params) + address[l];
    break;
  }
  }
  if (w.launch->observer && space != Space::Param) {
    Access access{intent.kind,
                  space == Space::Const ? Space::Global : space,
                  intent.order,
                  uint8_t(intent.bytes),
                  mask,
                  address,
                  intent.completion};
    observeAccess(w, i, access);
  }
  return true;
}

/// Generic addresses: each window that lanes lie in by itself.
[[gnu::noinline]] inline bool resolveGeneric(Warp &w, const Inst &i, const Intent &intent,
                                             const uint64_t *address, uint32_t mask, char **pointer) {
  static constexpr std::pair<uint64_t, Space> windows[] = {{0, Space::Global},
                                                           {sharedWindow, Space::Shared},
                                                           {localWindow, Space::Local},
                                                           {paramWindow, Space::Param}};
  uint32_t left = mask;
  for (auto [window, space] : windows) {
    uint32_t lanes = 0;
    uint64_t within[warpSize];
    for (unsigned l = 0; l < warpSize; ++l) {
      lanes |= uint32_t((address[l] & windowBits) == window) << l;
      within[l] = address[l] - window;
    }
    lanes &= mask;
    left &= ~lanes;
    if (!lanes) continue;
    char *found[warpSize];
    if (!resolveIn(w, i, space, intent, within, lanes, found)) return false;
    for (unsigned l = 0; l < warpSize; ++l)
      if ((lanes >> l) & 1) pointer[l] = found[l];
  }
  return left == 0 || badAddress(w, i, Space::Generic, address, intent.bytes, left);
}

template <Space space>
[[gnu::always_inline]] inline bool resolve(Warp &w, const Inst &i, const Intent &intent,
                                           const uint64_t *address, uint32_t mask, char **pointer) {
  if constexpr (space == Space::Generic)
    return resolveGeneric(w, i, intent, address, mask, pointer);
  else
    return resolveIn(w, i, space, intent, address, mask, pointer);
}

/// Semantics and scope of an instruction.
inline Order orderOf(const Match &m) {
  Order o;
  if (m.has("volatile")) o = {Semantics::Volatile, Scope::System};
  if (m.has("relaxed")) o.semantics = Semantics::Relaxed;
  if (m.has("acquire")) o.semantics = Semantics::Acquire;
  if (m.has("release")) o.semantics = Semantics::Release;
  if (m.has("acq_rel")) o.semantics = Semantics::AcquireRelease;
  if (m.has("mmio")) o = {Semantics::Relaxed, Scope::System};
  if (m.has("cta")) o.scope = Scope::Block;
  if (m.has("cluster")) o.scope = Scope::Cluster;
  if (m.has("gpu")) o.scope = Scope::Device;
  if (m.has("sys")) o.scope = Scope::System;
  return o;
}
inline int64_t packOrder(Order o) {
  return int64_t(o.semantics) | int64_t(o.scope) << 8;
}
[[gnu::always_inline]] inline Order unpackOrder(int64_t v) {
  return {Semantics(v & 0xff), Scope((v >> 8) & 0xff)};
}

/// f<space>() for the space of the instruction.
template <class F> Handler pickSpace(Space space, F f) {
  switch (space) {
  case Space::Global:
  case Space::Const:
    return f.template operator()<Space::Global>();
  case Space::Shared:
    return f.template operator()<Space::Shared>();
  case Space::Local:
    return f.template operator()<Space::Local>();
  case Space::Param:
    return f.template operator()<Space::Param>();
  default:
    return f.template operator()<Space::Generic>();
  }
}

} // namespace girih::ptx::GIRIH_PTX_ISA
