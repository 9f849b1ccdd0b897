// The pattern sets of girih-fuse-patterns, and what they share.
#pragma once

#include "mlir/IR/PatternMatch.h"
#include "passes/Graph/Constants.h"

namespace girih {

/// The op that defines `v`, if it is a binary op of that function, whatever its other readers.
BinaryOp getBinary(mlir::Value v, BinaryFn fn);
UnaryOp getUnary(mlir::Value v, UnaryFn fn);
/// `v` is x * x.
bool isSquareOf(mlir::Value v, mlir::Value x);
/// The operands of a commutative binary op, the constant (if there is one) second.
std::pair<mlir::Value, mlir::Value> constantLast(BinaryOp op);

/// A product as its factors: constants in one number, the rest in order. Looks through multiplications and
/// divisions by splat constants.
struct Product {
  double constant = 1.0;
  llvm::SmallVector<mlir::Value> factors;
};
Product flattenProduct(mlir::Value v);

void populateActivationPatterns(mlir::RewritePatternSet &patterns);
void populateNormPatterns(mlir::RewritePatternSet &patterns);
void populateLookupPatterns(mlir::RewritePatternSet &patterns);

} // namespace girih
