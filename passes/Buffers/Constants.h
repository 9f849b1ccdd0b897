// The bytes of constants as kernels read them: storage types, row-major, splats expanded.
#pragma once

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace girih {

/// Bytes of a constant in memory.
int64_t getConstantSize(mlir::ElementsAttr value);

/// Calls `write` with the bytes of `value`, in order, in one or more pieces. Resources are passed on as they
/// are; splats are expanded piece by piece, so that no large constant is ever copied as a whole. Fails, with
/// a reason, where there are no such bytes: a resource without data, or with too little of it.
mlir::LogicalResult forEachPiece(mlir::ElementsAttr value,
                                 llvm::function_ref<void(llvm::ArrayRef<char>)> write, std::string &reason);

/// What tells constants apart: equal keys mean equal bytes. (Equal bytes may have different keys: a resource
/// and a dense attribute.) Points into the constant.
struct ConstantKey {
  llvm::StringRef bytes;
  int64_t size; // differs from bytes.size() where `bytes` repeat
};
ConstantKey getConstantKey(mlir::ElementsAttr value);

/// The constant behind a value in `@main`, reshapes looked through; null if there is none.
ConstantOp getConstant(mlir::Value value);

} // namespace girih
