// The vocabulary that every part of the simulator shares: places in the text, PTX's types and state spaces.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace girih::ptx {

/// A place in the PTX text, both from 1; line 0 is no place.
struct Location {
  uint32_t line = 0, column = 0;
};

/// Every fundamental, packed and alternate type: name in PTX without the dot, bytes, kind of arithmetic.
/// Types of less than a byte count as one.
#define GIRIH_PTX_TYPES(X)                                                                                   \
  X(Pred, "pred", 0, Predicate)                                                                              \
  X(B1, "b1", 1, Bits)                                                                                       \
  X(B8, "b8", 1, Bits)                                                                                       \
  X(B16, "b16", 2, Bits)                                                                                     \
  X(B32, "b32", 4, Bits)                                                                                     \
  X(B64, "b64", 8, Bits)                                                                                     \
  X(B128, "b128", 16, Bits)                                                                                  \
  X(U8, "u8", 1, Unsigned)                                                                                   \
  X(U16, "u16", 2, Unsigned)                                                                                 \
  X(U32, "u32", 4, Unsigned)                                                                                 \
  X(U64, "u64", 8, Unsigned)                                                                                 \
  X(S8, "s8", 1, Signed)                                                                                     \
  X(S16, "s16", 2, Signed)                                                                                   \
  X(S32, "s32", 4, Signed)                                                                                   \
  X(S64, "s64", 8, Signed)                                                                                   \
  X(U4, "u4", 1, Unsigned)                                                                                   \
  X(S4, "s4", 1, Signed)                                                                                     \
  X(U16x2, "u16x2", 4, Packed)                                                                               \
  X(S16x2, "s16x2", 4, Packed)                                                                               \
  X(F16, "f16", 2, Float)                                                                                    \
  X(F16x2, "f16x2", 4, Packed)                                                                               \
  X(BF16, "bf16", 2, Float)                                                                                  \
  X(BF16x2, "bf16x2", 4, Packed)                                                                             \
  X(TF32, "tf32", 4, Float)                                                                                  \
  X(F32, "f32", 4, Float)                                                                                    \
  X(F32x2, "f32x2", 8, Packed)                                                                               \
  X(F64, "f64", 8, Float)                                                                                    \
  X(E4M3, "e4m3", 1, Float)                                                                                  \
  X(E5M2, "e5m2", 1, Float)                                                                                  \
  X(E4M3x2, "e4m3x2", 2, Packed)                                                                             \
  X(E5M2x2, "e5m2x2", 2, Packed)                                                                             \
  X(E3M2, "e3m2", 1, Float)                                                                                  \
  X(E2M3, "e2m3", 1, Float)                                                                                  \
  X(E2M1, "e2m1", 1, Float)                                                                                  \
  X(UE8M0, "ue8m0", 1, Float)                                                                                \
  X(UE4M3, "ue4m3", 1, Float)                                                                                \
  X(E3M2x2, "e3m2x2", 2, Packed)                                                                             \
  X(E2M3x2, "e2m3x2", 2, Packed)                                                                             \
  X(E2M1x2, "e2m1x2", 1, Packed)                                                                             \
  X(UE8M0x2, "ue8m0x2", 2, Packed)                                                                           \
  X(E4M3x4, "e4m3x4", 4, Packed)                                                                             \
  X(E5M2x4, "e5m2x4", 4, Packed)                                                                             \
  X(E3M2x4, "e3m2x4", 4, Packed)                                                                             \
  X(E2M3x4, "e2m3x4", 4, Packed)                                                                             \
  X(E2M1x4, "e2m1x4", 2, Packed)

enum class Type : uint8_t {
  None,
#define X(NAME, TEXT, BYTES, KIND) NAME,
  GIRIH_PTX_TYPES(X)
#undef X
};
enum class TypeKind : uint8_t { None, Predicate, Bits, Unsigned, Signed, Float, Packed };

/// "f32" for Type::F32.
std::string_view typeName(Type type);
/// Bytes of a value, 0 for predicates.
unsigned typeBytes(Type type);
TypeKind typeKind(Type type);
/// The type called `name` (without the dot).
std::optional<Type> typeNamed(std::string_view name);

enum class Space : uint8_t { Generic, Reg, Special, Const, Global, Local, Param, Shared };
std::string_view spaceName(Space space);

} // namespace girih::ptx
