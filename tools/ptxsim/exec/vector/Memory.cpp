// Loads, stores and asynchronous copies.
#include "tools/ptxsim/exec/vector/Addresses.h"

namespace girih::ptx::GIRIH_PTX_ISA {

namespace {

struct Bytes16 {
  uint64_t low, high;
};

/// ld: elements of type T, widened as T is signed or not into registers of type R.
template <class T, class R, Space space> bool load(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  unsigned count = i.count;
  Order order = unpackOrder(i.imm);
  w.strongReads += order.semantics != Semantics::Weak;
  if (!resolve<space>(w, i, {AccessKind::Load, order, unsigned(sizeof(T)) * count}, address, mask, pointer))
    return false;
  if constexpr (sizeof(T) == 16) {
    for (unsigned e = 0; e < count; ++e)
      for (unsigned l = 0; l < warpSize; ++l)
        if ((mask >> l) & 1) __builtin_memcpy(w.base[0] + i.more[e] + l * 16, pointer[l] + e * 16, 16);
  } else {
    alignas(64) R t[warpSize];
    for (unsigned e = 0; e < count; ++e) {
      for (unsigned l = 0; l < warpSize; ++l) {
        T v = 0;
        if ((mask >> l) & 1) __builtin_memcpy(&v, pointer[l] + e * sizeof(T), sizeof(T));
        t[l] = R(v);
      }
      GIRIH_PTX_ISA::store(reg<R>(w, i.more[e]), t, mask);
    }
  }
  return true;
}

/// st: the low bytes of registers of type R.
template <class T, class R, Space space> bool save(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint64_t address[warpSize];
  char *pointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, address);
  unsigned count = i.count;
  if (!resolve<space>(w, i, {AccessKind::Store, unpackOrder(i.imm), unsigned(sizeof(T)) * count}, address,
                      mask, pointer))
    return false;
  w.changes += space == Space::Generic ? (address[std::countr_zero(mask)] & windowBits) != localWindow
                                       : space != Space::Local;
  for (unsigned e = 0; e < count; ++e) {
    const R *s = src<R>(w, i.more[e]);
    for (unsigned l = 0; l < warpSize; ++l)
      if ((mask >> l) & 1) __builtin_memcpy(pointer[l] + e * sizeof(T), &s[l], sizeof(T));
  }
  return true;
}

/// Bytes of the registers of a vector operand: those of the type if all elements are constants.
unsigned registerBytes(const Match &m) {
  Type r = m.vectorTypes[0];
  unsigned bytes = r == Type::None ? typeBytes(m.type(0)) : typeBytes(r);
  return bytes == 1 ? 2 : bytes;
}

bool countFits(const Match &m) {
  unsigned count = m.has("v2") ? 2 : m.has("v4") ? 4 : m.has("v8") ? 8 : 1;
  return m.vectors[0] == count && count * typeBytes(m.type(0)) <= 32;
}

/// f<T, R>() for a type in memory and the size of the registers.
template <class F> Handler pickTypes(Type type, unsigned bytes, F f) {
  auto registers = [&]<class T>() -> Handler {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    if (bytes == 2) {
      if constexpr (sizeof(T) <= 2)
        return f.template operator()<T, std::conditional_t<std::is_signed_v<T>, int16_t, uint16_t>>();
    } else if (bytes == 4) {
      if constexpr (sizeof(T) <= 4)
        return f.template operator()<T, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>>();
    } else if (bytes == 8) {
      return f.template operator()<T, Wide>();
    }
    return nullptr;
  };
  if (typeBytes(type) == 16) return bytes == 16 ? f.template operator()<Bytes16, Bytes16>() : nullptr;
  bool isSigned = typeKind(type) == TypeKind::Signed;
  switch (typeBytes(type)) {
  case 1:
    return isSigned ? registers.template operator()<int8_t>() : registers.template operator()<uint8_t>();
  case 2:
    return isSigned ? registers.template operator()<int16_t>() : registers.template operator()<uint16_t>();
  case 4:
    return isSigned ? registers.template operator()<int32_t>() : registers.template operator()<uint32_t>();
  default:
    return isSigned ? registers.template operator()<int64_t>() : registers.template operator()<uint64_t>();
  }
}

/// cp.async [shared], [global], size, bytes to read; the rest is zeros. The copy is done at once, as the
/// memory model allows; the observer knows that it may not be relied on before it is waited for.
bool cpAsync(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint64_t to[warpSize], from[warpSize];
  char *toPointer[warpSize], *fromPointer[warpSize];
  addressesOf(w, i, 0, Inst::Wide, to);
  addressesOf(w, i, 2, Inst::Wide2, from);
  unsigned bytes = i.detail;
  uint32_t read[warpSize], reads = 0;
  uint32_t ignored = i.imm ? predicate(w, i.op[5]) : 0; // ignore-src: zeros are written
  for (unsigned l = 0; l < warpSize; ++l) {
    read[l] = i.op[5] == operandNone || i.imm ? bytes : src<uint32_t>(w, i.op[5])[l];
    if ((ignored >> l) & 1) read[l] = 0;
    if (read[l] > bytes) read[l] = bytes;
    reads |= uint32_t(read[l] != 0) << l;
  }
  reads &= mask;
  if (!resolve<Space::Shared>(w, i, {AccessKind::AsyncWrite, {}, bytes}, to, mask, toPointer)) return false;
  if (reads && !resolve<Space::Global>(w, i, {AccessKind::AsyncRead, {}, bytes}, from, reads, fromPointer))
    return false;
  for (unsigned l = 0; l < warpSize; ++l) {
    if (!((mask >> l) & 1)) continue;
    __builtin_memset(toPointer[l], 0, bytes);
    if (read[l]) __builtin_memcpy(toPointer[l], fromPointer[l], read[l]);
  }
  return true;
}

} // namespace

Handler selectLoad(const Match &m, Inst &i) {
  if (!countFits(m)) return nullptr;
  i.imm = packOrder(orderOf(m));
  return pickTypes(m.type(0), registerBytes(m), [&]<class T, class R>() {
    return pickSpace(m.space, []<Space space>() -> Handler { return load<T, R, space>; });
  });
}

Handler selectStore(const Match &m, Inst &i) {
  if (!countFits(m) || m.space == Space::Const || m.space == Space::Param) return nullptr;
  i.imm = packOrder(orderOf(m));
  i.detail = uint8_t(registerBytes(m)); // the checker compares what lanes store
  // The sign does not matter to a store.
  constexpr Type unsignedTypes[] = {Type::U8, Type::U16, Type::U32, Type::U64};
  unsigned bytes = typeBytes(m.type(0));
  Type type = bytes == 16 ? Type::B128 : unsignedTypes[std::countr_zero(bytes)];
  return pickTypes(type, registerBytes(m), [&]<class T, class R>() {
    return pickSpace(m.space, []<Space space>() -> Handler { return save<T, R, space>; });
  });
}

Handler selectCpAsync(const Match &m, Inst &i) {
  uint32_t bytes = i.op[4];
  bool all = m.has("ca");
  if (bytes != 16 && !(all && (bytes == 4 || bytes == 8))) return nullptr;
  i.detail = uint8_t(bytes);
  i.imm = m.registers.size() > 5 && m.registers[5] == Type::Pred;
  return cpAsync;
}

} // namespace girih::ptx::GIRIH_PTX_ISA
