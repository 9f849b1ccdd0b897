// Weights as bytes: a relocatable object with one section, or a file that is mapped at load time. They never
// become LLVM constants, and no more than one constant is in memory beyond what the module holds.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

namespace girih {

struct Weights {
  struct Piece {
    int64_t offset;
    mlir::ElementsAttr value;
    mlir::Location loc;
  };
  llvm::SmallVector<Piece> pieces; // by offset; equal constants share one
  int64_t bytes = 0;
  llvm::SmallVector<int64_t> defaults; // for each input of @main, where its `girih.default` lies; -1: none
};

/// The weights that the launches' `refs` speak of, and behind them the inputs' defaults; `redZone` bytes
/// after the last weight and after each default. Fails where the buffers stage has left no refs.
mlir::FailureOr<Weights> collectWeights(mlir::ModuleOp module, int64_t redZone);

/// Writes them, padded to their offsets.
mlir::LogicalResult writeWeights(const Weights &weights, llvm::raw_ostream &os);

/// Writes an ELF object for a CPU that defines `symbol` (hidden) in a read-only section which the linker
/// keeps apart from code.
mlir::LogicalResult writeWeightsObject(const Weights &weights, llvm::StringRef symbol,
                                       const llvm::Triple &triple, llvm::raw_ostream &os);

} // namespace girih
