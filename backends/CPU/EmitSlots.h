// Symbolic sizes as slots: int64 values that the runtime reads from the inputs' shapes or that
// `compute_slots` derives from those.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/Module.h"

namespace girih {

/// A slot that is read: a dimension of an input (axis >= 0), or its element -1 - axis.
struct SlotSource {
  unsigned input;
  int axis;
  std::string name;
};

class SlotTable {
public:
  /// Finds where each symbol that `@main`'s inputs name is read.
  explicit SlotTable(mlir::func::FuncOp main);

  /// The slot of an expression that is not constant; made if it is new. -1, with an error at `loc`, where a
  /// symbol in it is given by no input.
  int64_t getSlot(DimExpr expr, mlir::Location loc);

  size_t size() const { return slots.size(); }
  /// The sources of the first slots, in order.
  llvm::ArrayRef<SlotSource> getSources() const { return sources; }
  /// Defines `void name(int64_t *slots)`, which computes all slots that are not read. Null if there are none.
  llvm::Function *emit(llvm::Module &module, llvm::StringRef name) const;

private:
  mlir::MLIRContext *context;
  llvm::SmallVector<SlotSource> sources;
  llvm::MapVector<DimExpr, int64_t> slots;
};

} // namespace girih
