#include "tools/ptxsim/syntax/Types.h"

namespace girih::ptx {

namespace {
struct TypeInfo {
  std::string_view name;
  unsigned bytes;
  TypeKind kind;
};
constexpr TypeInfo types[] = {{"none", 0, TypeKind::None},
#define X(NAME, TEXT, BYTES, KIND) {TEXT, BYTES, TypeKind::KIND},
                              GIRIH_PTX_TYPES(X)
#undef X
};
} // namespace

std::string_view typeName(Type type) {
  return types[unsigned(type)].name;
}
unsigned typeBytes(Type type) {
  return types[unsigned(type)].bytes;
}
TypeKind typeKind(Type type) {
  return types[unsigned(type)].kind;
}

std::optional<Type> typeNamed(std::string_view name) {
  for (unsigned i = 1; i < sizeof(types) / sizeof(types[0]); ++i)
    if (types[i].name == name) return Type(i);
  return std::nullopt;
}

std::string_view spaceName(Space space) {
  constexpr std::string_view names[] = {"generic", "reg",   "special", "const",
                                        "global",  "local", "param",   "shared"};
  return names[unsigned(space)];
}

} // namespace girih::ptx
