// What the inference and verification rules of the ops share: checks that emit a diagnostic with both values.
// Private to this library.
#pragma once

#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Inference.h"
#include "dialects/Graph/TypeText.h"

namespace girih {

/// Where to complain, and for which op. Without a location nothing is printed.
struct At {
  std::optional<mlir::Location> loc;
  llvm::StringRef op;
  template <typename... Args> mlir::LogicalResult fail(Args &&...args) const {
    return mlir::emitOptionalError(loc, "'", op, "' op ", text(std::forward<Args>(args))...);
  }

private:
  /// Types are shown as a model's author knows them.
  template <typename T> static decltype(auto) text(T &&value) {
    if constexpr (std::is_convertible_v<T &&, mlir::Type>)
      return typeText(value);
    else
      return std::forward<T>(value);
  }
};

/// Whether a stated result type agrees with an inferred one: dimensions may be other expressions for what is
/// taken to be equal.
bool areCompatibleTypes(mlir::TypeRange inferred, mlir::TypeRange stated);

/// The head of an op's inference function; `op` gives operands and attributes, `at` complains, `types` takes
/// the result.
#define GIRIH_INFER(OP)                                                                                      \
  static LogicalResult infer(OP::Adaptor op, const At &at, SmallVectorImpl<Type> &types);                    \
  LogicalResult OP::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor op,                 \
                                     SmallVectorImpl<Type> &types) {                                         \
    return infer(op, At{loc, OP::getOperationName()}, types);                                                \
  }                                                                                                          \
  bool OP::isCompatibleReturnTypes(TypeRange inferred, TypeRange stated) {                                   \
    return areCompatibleTypes(inferred, stated);                                                             \
  }                                                                                                          \
  static LogicalResult infer(OP::Adaptor op, [[maybe_unused]] const At &at, SmallVectorImpl<Type> &types)

inline mlir::RankedTensorType tensorType(mlir::Value v) {
  return mlir::cast<mlir::RankedTensorType>(v.getType());
}
inline mlir::Type elementType(mlir::Value v) {
  return tensorType(v).getElementType();
}
inline int64_t rankOf(mlir::Value v) {
  return tensorType(v).getRank();
}
inline bool isBool(mlir::Type t) {
  return t.isInteger(1);
}
inline bool isNumber(mlir::Type t) {
  return !isBool(t);
}
inline bool isInt(mlir::Type t) {
  return mlir::isa<mlir::IntegerType>(t) && !isBool(t);
}
inline bool isFloat(mlir::Type t) {
  return mlir::isa<mlir::FloatType>(t);
}

/// `lhs` and `rhs` have one element type.
mlir::LogicalResult checkSameElementType(const At &at, llvm::StringRef aName, mlir::Type a,
                                         llvm::StringRef bName, mlir::Type b);
/// `axis` is in [0, rank).
mlir::LogicalResult checkAxis(const At &at, int64_t axis, int64_t rank);
mlir::LogicalResult checkMinRank(const At &at, llvm::StringRef name, mlir::Value v, int64_t rank);
mlir::LogicalResult checkRank(const At &at, llvm::StringRef name, mlir::Value v, int64_t rank);
mlir::LogicalResult checkFloat(const At &at, llvm::StringRef name, mlir::Value v);
mlir::LogicalResult checkNumber(const At &at, llvm::StringRef name, mlir::Value v);
/// Indices are i32 or i64.
mlir::LogicalResult checkIndices(const At &at, mlir::Value v);
mlir::LogicalResult checkEqualDims(const At &at, const llvm::Twine &a, DimExpr da, const llvm::Twine &b,
                                   DimExpr db);
mlir::LogicalResult checkAtMost(const At &at, const llvm::Twine &a, DimExpr da, const llvm::Twine &b,
                                DimExpr db);
/// A dimension of `size` has an element if there is any reader of it: one for each element of a tensor of the
/// dims `readers`.
mlir::LogicalResult checkNotEmpty(const At &at, const llvm::Twine &what, DimExpr size,
                                  llvm::ArrayRef<DimExpr> readers);
/// A list attribute has one entry for each of `expected` things.
mlir::LogicalResult checkCount(const At &at, llvm::StringRef name, int64_t count, int64_t expected);
mlir::LogicalResult checkAllAtLeast(const At &at, llvm::StringRef name, llvm::ArrayRef<int64_t> values,
                                    int64_t least);

/// Attributes of a sliding window over `spatial` dimensions; each list has the right length and legal values.
mlir::LogicalResult checkWindow(const At &at, int64_t spatial, llvm::ArrayRef<int64_t> strides,
                                llvm::ArrayRef<int64_t> pads, llvm::ArrayRef<int64_t> dilations);

} // namespace girih
