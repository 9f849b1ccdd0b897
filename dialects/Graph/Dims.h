// Symbolic dimensions. A dimension is an affine (or semi-affine) expression over named symbols such as
// `past`, `past + 1` or `2 * h`. Symbols are interned once per context, so equal expressions are the same
// pointer. What an affine expression cannot say (min, max) is a symbol of its own that carries its
// definition.
#pragma once

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace girih {

/// A symbol: a free name (`seq`), or the minimum or maximum of two expressions.
struct DimSymbol {
  enum Kind { Name, Min, Max } kind;
  std::string name;          // Name only
  mlir::AffineExpr lhs, rhs; // Min and Max only
};

/// The symbols of one context; position i is `getAffineSymbolExpr(i)`. Thread-safe.
class DimSymbols {
public:
  unsigned intern(llvm::StringRef name);
  unsigned intern(DimSymbol::Kind kind, mlir::AffineExpr lhs, mlir::AffineExpr rhs);
  const DimSymbol &operator[](unsigned position) const;
  unsigned size() const;

private:
  unsigned add(DimSymbol symbol, std::string key);
  mutable std::mutex mutex;
  std::deque<DimSymbol> symbols;
  llvm::StringMap<unsigned> positions;
};

using DimExpr = mlir::AffineExpr;

DimSymbols &getDimSymbols(mlir::MLIRContext *ctx);
DimExpr dimConstant(mlir::MLIRContext *ctx, int64_t value);
DimExpr dimNamed(mlir::MLIRContext *ctx, llvm::StringRef name);
DimExpr dimMin(DimExpr a, DimExpr b);
DimExpr dimMax(DimExpr a, DimExpr b);
/// Canonical form, so that equal sizes compare equal (`s + s` is `s * 2`). Where constants would overflow, or
/// the expression is too large, it is returned as it is: what stays symbolic without a symbol is no size, and
/// isGraphTensor refuses it.
DimExpr dimSimplify(DimExpr e);
/// Whether an expression has more terms than any sensible model needs (min and max are looked through).
/// Bounds the time that text and simplification take.
bool dimIsTooLarge(DimExpr e);
/// The value of a constant expression.
std::optional<int64_t> dimValue(DimExpr e);
/// Whether an expression depends on any symbol. One that does not and has no value is the overflow of
/// constants.
bool dimHasSymbol(DimExpr e);
/// a / b when the division is known to be exact (constants, or a factor that cancels); null otherwise.
DimExpr dimExactDiv(DimExpr a, DimExpr b);
DimExpr dimProduct(mlir::MLIRContext *ctx, llvm::ArrayRef<DimExpr> dims);
/// Replaces named symbols by other expressions (`--dim NAME=VALUE`), inside min and max too.
DimExpr dimSubstitute(DimExpr e, const llvm::StringMap<DimExpr> &values);
/// Positions of the symbols that `e` depends on; min and max are looked through.
void dimCollectSymbols(DimExpr e, llvm::SetVector<unsigned> &symbols);
std::string dimToString(DimExpr e);
/// Parses the printed form. Returns null, with `error` set, on bad input.
DimExpr dimParse(mlir::MLIRContext *ctx, llvm::StringRef text, std::string &error);

/// The dimensions of a ranked tensor, symbolic ones included.
llvm::SmallVector<DimExpr> getDims(mlir::RankedTensorType type);
inline llvm::SmallVector<DimExpr> getDims(mlir::Value v) {
  return getDims(mlir::cast<mlir::RankedTensorType>(v.getType()));
}
/// tensor<dims x element>; carries #girih.dims as its encoding if a dimension is not constant.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<DimExpr> dims, mlir::Type elementType);
mlir::RankedTensorType getTensorType(llvm::ArrayRef<int64_t> dims, mlir::Type elementType);
/// i1, i8 to i64, ui8 to ui64, f16, bf16, f32, f64.
bool isGraphElementType(mlir::Type type);
/// What the types of graph values must be: a known element type, and #girih.dims where (and only where) a
/// dimension is dynamic.
bool isGraphTensor(mlir::RankedTensorType type);

/// The element type in memory and inside kernels: `i1` is `i8`, `uiN` is `iN`.
mlir::Type getStorageType(mlir::Type elementType);
/// Bytes of one element in memory.
int64_t getStorageBytes(mlir::Type elementType);

} // namespace girih
