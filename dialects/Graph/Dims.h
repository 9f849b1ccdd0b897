// Symbolic dimensions. A dimension is an affine (or semi-affine) expression over symbols such as `past`,
// `past + 1` or `2 * h`. Symbols are interned once per context, so equal expressions are the same pointer.
// What an affine expression cannot say (min, max, ...) is a symbol of its own that carries its definition.
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

/// What a run's inputs give, or a function of other expressions.
struct DimSymbol {
  enum Kind {
    Dimension, // of an input, by its name: never negative
    Element,   // of an integer input: `name[element]`, any number
    Min,
    Max,
    Broadcast, // the size that two broadcast to: the second where the first is 1, else the first
    Select     // the second where the first is negative, else the third
  } kind;
  std::string name;    // Dimension and Element
  int64_t element = 0; // Element
  llvm::SmallVector<mlir::AffineExpr, 3> operands;

  bool isFree() const { return kind == Dimension || kind == Element; }
};

/// The symbols of one context; position i is `getAffineSymbolExpr(i)`. Thread-safe.
class DimSymbols {
public:
  unsigned intern(llvm::StringRef dimension);
  unsigned intern(llvm::StringRef input, int64_t element);
  unsigned intern(DimSymbol::Kind kind, llvm::ArrayRef<mlir::AffineExpr> operands);
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
DimExpr dimElement(mlir::MLIRContext *ctx, llvm::StringRef input, int64_t element);
/// Minimum and maximum, without a symbol of their own where bounds decide.
DimExpr dimMin(DimExpr a, DimExpr b);
DimExpr dimMax(DimExpr a, DimExpr b);
/// The size that sizes broadcast to, for valid sizes: it does not depend on the order or on repetition.
DimExpr dimBroadcast(DimExpr a, DimExpr b);
/// `negative` where `condition` is less than 0, else `otherwise`.
DimExpr dimSelect(DimExpr condition, DimExpr negative, DimExpr otherwise);
/// The symbol that an expression is as a whole, or null.
const DimSymbol *dimSymbol(DimExpr e);
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
/// Replaces dimensions by other expressions (`--dim NAME=VALUE`), inside min and max too.
DimExpr dimSubstitute(DimExpr e, const llvm::StringMap<DimExpr> &values);
/// Positions of the free symbols that `e` depends on; min, max and the like are looked through.
void dimCollectSymbols(DimExpr e, llvm::SetVector<unsigned> &symbols);
/// Whether an element of an input takes part.
bool dimHasData(DimExpr e);

/// What is known of an expression's value when every dimension is in [0, maxDimension], which the runtime
/// sees to, and elements of inputs are anything.
constexpr int64_t maxDimension = int64_t(1) << 40;
std::optional<int64_t> dimLowerBound(DimExpr e);
std::optional<int64_t> dimUpperBound(DimExpr e);
/// Whether `e` >= 0 can be proved: by bounds, and case by case where it holds minima, maxima and the like.
bool dimNonNegative(DimExpr e);
/// -1, 0 or 1 where a < b, a == b or a > b for all values of the symbols.
std::optional<int> dimCompare(DimExpr a, DimExpr b);
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
