// What the handlers of this folder are made of. They are compiled once for each instruction set, in a
// namespace of its own, so everything here is in that namespace too.
#pragma once

#include "tools/ptxsim/isa/Table.h"
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#ifndef GIRIH_PTX_ISA
#error "compiled with -DGIRIH_PTX_ISA=name, see CMakeLists.txt"
#endif

namespace girih::ptx::GIRIH_PTX_ISA {

template <class T> [[gnu::always_inline]] inline T *reg(Warp &w, uint32_t op) {
  return static_cast<T *>(__builtin_assume_aligned(w.base[0] + op, 64));
}
template <class T> [[gnu::always_inline]] inline const T *src(const Warp &w, uint32_t op) {
  return static_cast<const T *>(__builtin_assume_aligned(w.base[op >> 31] + (op & operandOffset), 64));
}
/// A predicate, as a mask of the lanes for which it holds.
[[gnu::always_inline]] inline uint32_t predicate(const Warp &w, uint32_t op) {
  uint32_t mask;
  __builtin_memcpy(&mask, w.base[op >> 31] + (op & operandOffset), 4);
  return op & operandNegated ? ~mask : mask;
}
[[gnu::always_inline]] inline void setPredicate(Warp &w, uint32_t op, uint32_t mask, uint32_t value) {
  uint32_t old;
  __builtin_memcpy(&old, w.base[0] + op, 4);
  old = (old & ~mask) | (value & mask);
  __builtin_memcpy(w.base[0] + op, &old, 4);
}

template <unsigned per, class T> [[gnu::noinline]] void storeSome(T *d, const T *t, uint32_t mask) {
  for (unsigned l = 0; l < warpSize * per; ++l)
    d[l] = (mask >> (l / per)) & 1 ? t[l] : d[l];
}
/// d[l] = t[l] in the lanes of the mask. `per` values belong to a lane.
template <unsigned per = 1, class T>
[[gnu::always_inline]] inline void store(T *d, const T *t, uint32_t mask) {
  if (mask == allLanes)
    __builtin_memcpy(d, t, sizeof(T) * per * warpSize);
  else
    storeSome<per>(d, t, mask);
}

template <auto F, class D, unsigned per, class... S>
[[gnu::always_inline]] inline void apply(D *d, uint32_t mask, const S *...s) {
  alignas(64) D t[warpSize * per];
  for (unsigned l = 0; l < warpSize * per; ++l)
    t[l] = F(s[l]...);
  store<per>(d, t, mask);
}

template <auto F, class D, unsigned per, class... S, size_t... I>
[[gnu::always_inline]] inline void applyAt(Warp &w, const Inst &i, uint32_t mask, std::index_sequence<I...>) {
  apply<F, D, per>(reg<D>(w, i.op[0]), mask, src<S>(w, i.op[1 + I])...);
}

/// The handler of op[0] = F(op[1], op[2], ...), F a function without state from S... to D.
template <auto F, class D, class... S> bool map(Warp &w, const Inst &i, uint32_t mask) {
  applyAt<F, D, 1, S...>(w, i, mask, std::index_sequence_for<S...>{});
  return true;
}
/// The same for packed types: two elements a lane.
template <auto F, class D, class... S> bool mapPacked(Warp &w, const Inst &i, uint32_t mask) {
  applyAt<F, D, 2, S...>(w, i, mask, std::index_sequence_for<S...>{});
  return true;
}

/// Lanes of a comparison as a mask. F returns bool.
template <auto F, class A, class B>
[[gnu::always_inline]] inline uint32_t compareLanes(const A *a, const B *b) {
  alignas(64) uint8_t t[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    t[l] = F(a[l], b[l]);
  typedef uint8_t Bytes __attribute__((ext_vector_type(32)));
  typedef bool Bits __attribute__((ext_vector_type(32)));
  Bytes bytes;
  __builtin_memcpy(&bytes, t, sizeof(bytes));
  return std::bit_cast<uint32_t>(__builtin_convertvector(bytes != 0, Bits));
}

/// Calls f<T>() with the C++ type of an integer or bit type; null for others.
template <class F> Handler pickInteger(Type type, F f) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return f.template operator()<uint16_t>();
  case Type::S16:
    return f.template operator()<int16_t>();
  case Type::U32:
  case Type::B32:
    return f.template operator()<uint32_t>();
  case Type::S32:
    return f.template operator()<int32_t>();
  case Type::U64:
  case Type::B64:
    return f.template operator()<uint64_t>();
  case Type::S64:
    return f.template operator()<int64_t>();
  default:
    return nullptr;
  }
}

/// Calls f<T>() with an unsigned type of the size; null for others.
template <class F> Handler pickBits(unsigned bytes, F f) {
  switch (bytes) {
  case 1:
    return f.template operator()<uint8_t>();
  case 2:
    return f.template operator()<uint16_t>();
  case 4:
    return f.template operator()<uint32_t>();
  case 8:
    return f.template operator()<uint64_t>();
  default:
    return nullptr;
  }
}

// The selectors of the table, defined in the files of this folder; those of exec/ serve every instruction
// set.
#define GIRIH_PTX_VECTOR_SELECTORS(X)                                                                        \
  X(Arith)                                                                                                   \
  X(Carry)                                                                                                   \
  X(Mad)                                                                                                     \
  X(Unary)                                                                                                   \
  X(Bits)                                                                                                    \
  X(Shift)                                                                                                   \
  X(Lop3)                                                                                                    \
  X(DotProduct)                                                                                              \
  X(VideoMad)                                                                                                \
  X(VideoSimd)                                                                                               \
  X(Video)                                                                                                   \
  X(Predicates)                                                                                              \
  X(Setp)                                                                                                    \
  X(Set)                                                                                                     \
  X(Selp)                                                                                                    \
  X(Slct)                                                                                                    \
  X(Mov)                                                                                                     \
  X(MovVector)                                                                                               \
  X(Cvta)                                                                                                    \
  X(Isspacep)                                                                                                \
  X(Mapa)                                                                                                    \
  X(FloatArith)                                                                                              \
  X(FloatUnary)                                                                                              \
  X(FloatMinMax3)                                                                                            \
  X(FloatMixed)                                                                                              \
  X(Testp)                                                                                                   \
  X(HalfArith)                                                                                               \
  X(HalfUnary)                                                                                               \
  X(Convert)                                                                                                 \
  X(ConvertPacked)                                                                                           \
  X(ConvertPack)                                                                                             \
  X(Load)                                                                                                    \
  X(Store)                                                                                                   \
  X(Atom)                                                                                                    \
  X(AtomVector)                                                                                              \
  X(CpAsync)                                                                                                 \
  X(Shfl)                                                                                                    \
  X(Vote)                                                                                                    \
  X(MatchSync)                                                                                               \
  X(Redux)                                                                                                   \
  X(Ldmatrix)                                                                                                \
  X(LdmatrixBytes)                                                                                           \
  X(Movmatrix)                                                                                               \
  X(Mma)                                                                                                     \
  X(MmaNarrow)                                                                                               \
  X(MmaSparse)                                                                                               \
  X(Wgmma)                                                                                                   \
  X(WmmaMove)                                                                                                \
  X(Wmma)                                                                                                    \
  X(Zero)
#define X(NAME) Handler select##NAME(const Match &m, Inst &i);
GIRIH_PTX_VECTOR_SELECTORS(X)
#undef X

} // namespace girih::ptx::GIRIH_PTX_ISA
