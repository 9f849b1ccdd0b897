#include "tools/ptxsim/exec/Reduce.h"
#include <bit>
#include <cmath>
#include <cstring>

namespace girih::ptx {

namespace {

/// A 16-bit brain float as it lies in memory.
struct Brain {
  uint16_t bits;
  explicit Brain(float f) {
    uint32_t u = std::bit_cast<uint32_t>(f);
    bits = std::isnan(f) ? 0x7fff : uint16_t((u + 0x7fff + (u >> 16 & 1)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

/// What an operation computes in: sums of halves are exact enough in float to be rounded once more.
template <class T> struct Wide {
  using type = T;
};
template <> struct Wide<Brain> {
  using type = float;
};
template <> struct Wide<_Float16> {
  using type = float;
};
template <size_t bytes>
using Word = std::conditional_t<bytes == 2, uint16_t, std::conditional_t<bytes == 4, uint32_t, uint64_t>>;

template <class T, auto F> void reduce(char *memory, const char *value) {
  using W = typename Wide<T>::type;
  using U = Word<sizeof(T)>;
  T operand = std::bit_cast<T>(U());
  memcpy(&operand, value, sizeof(T));
  auto *word = reinterpret_cast<U *>(memory);
  U old = __atomic_load_n(word, __ATOMIC_RELAXED), now;
  do
    now = std::bit_cast<U>(T(F(W(std::bit_cast<T>(old)), W(operand))));
  while (!__atomic_compare_exchange_n(word, &old, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

template <class T> T add(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return T(uint64_t(a) + uint64_t(b));
  else
    return a + b;
}
/// Of single precision in memory, as atom.add.f32 of global memory: subnormals count as zero.
float addFlushed(float a, float b) {
  auto flushed = [](float f) { return std::fpclassify(f) == FP_SUBNORMAL ? std::copysign(0.0f, f) : f; };
  return flushed(flushed(a) + flushed(b));
}
template <class T> T least(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}
template <class T> T largest(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a < b ? b : a;
}
template <class T> T both(T a, T b) {
  return a & b;
}
template <class T> T either(T a, T b) {
  return a | b;
}
template <class T> T differs(T a, T b) {
  return a ^ b;
}
uint32_t increment(uint32_t a, uint32_t b) {
  return a >= b ? 0 : a + 1;
}
uint32_t decrement(uint32_t a, uint32_t b) {
  return a == 0 || a > b ? b : a - 1;
}

template <class T> Reducer arithmetic(std::string_view op) {
  using W = typename Wide<T>::type;
  if (op == "add") {
    if constexpr (std::is_same_v<T, float>)
      return reduce<T, addFlushed>;
    else
      return reduce<T, add<W>>;
  }
  if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, double>) {
    if (op == "min") return reduce<T, least<W>>;
    if (op == "max") return reduce<T, largest<W>>;
  }
  return nullptr;
}

template <class T> Reducer bitwise(std::string_view op) {
  return op == "and"   ? reduce<T, both<T>>
         : op == "or"  ? reduce<T, either<T>>
         : op == "xor" ? Reducer(reduce<T, differs<T>>)
                       : nullptr;
}

} // namespace

Reducer reducerOf(std::string_view op, Type type) {
  switch (type) {
  case Type::B32:
    return bitwise<uint32_t>(op);
  case Type::B64:
    return bitwise<uint64_t>(op);
  case Type::U32:
    if (op == "inc") return reduce<uint32_t, increment>;
    if (op == "dec") return reduce<uint32_t, decrement>;
    return arithmetic<uint32_t>(op);
  case Type::S32:
    return arithmetic<int32_t>(op);
  case Type::U64:
    return arithmetic<uint64_t>(op);
  case Type::S64:
    return op == "add" ? nullptr : arithmetic<int64_t>(op);
  case Type::F16:
    return arithmetic<_Float16>(op);
  case Type::BF16:
    return arithmetic<Brain>(op);
  case Type::F32:
    return arithmetic<float>(op);
  case Type::F64:
    return arithmetic<double>(op);
  default:
    return nullptr;
  }
}

} // namespace girih::ptx
