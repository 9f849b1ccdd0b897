// Constants as rewrites read and make them.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/IR/PatternMatch.h"
#include <optional>
#include <vector>

namespace girih {

/// The value of the girih.constant that defines `v`, or null.
mlir::ElementsAttr constantValue(mlir::Value v);
/// The number that all elements of a constant are equal to.
std::optional<double> splatValue(mlir::Value v);
/// `v` is a constant whose elements are all within one part in a million of `expected`: exporters round
/// constants to f32 or f16.
bool isSplatNear(mlir::Value v, double expected);
/// The elements of an f32 constant.
std::optional<std::vector<float>> readF32(mlir::Value v);
/// A girih.constant of f32 elements; a blob if it is larger than 1 KiB.
mlir::Value createF32(mlir::OpBuilder &b, mlir::Location loc, mlir::RankedTensorType type,
                      llvm::ArrayRef<float> elements);
/// A 0-D constant: `value` as an element type, which is a float or an integer.
mlir::Value createScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Type elementType, double value);

} // namespace girih
