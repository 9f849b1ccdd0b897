// Symbolic sizes as slots: int64 values that the runtime reads from the inputs' shapes or that
// `compute_slots` derives from those.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/Module.h"

namespace girih {

class SlotTable {
public:
  /// A slot that is read: a dimension of an input (axis >= 0), or its element -1 - axis.
  struct Source {
    unsigned input;
    int axis;
    int64_t slot;
    std::string text, name; // in expressions, where some names are quoted; as it is
  };

  explicit SlotTable(mlir::func::FuncOp main);

  /// The slot of an expression that is not constant; made if it is new, and with it those of the symbols that
  /// it depends on. -1, with an error at `loc`, where a symbol in it is given by no input.
  int64_t getSlot(DimExpr expr, mlir::Location loc);

  size_t size() const { return slots.size(); }
  /// What the slots depend on: only these are read from the inputs.
  llvm::ArrayRef<Source> getSources() const { return sources; }
  /// "n is dimension 1 of input 'x'", for all symbols of some expressions.
  std::string describe(llvm::ArrayRef<DimExpr> exprs) const;
  /// Defines `void name(int64_t *slots)`, which computes all slots that are not read. Null if there are none.
  llvm::Function *emit(llvm::Module &module, llvm::StringRef name) const;

private:
  std::optional<Source> findSource(DimExpr symbol) const;

  mlir::MLIRContext *context;
  llvm::SmallVector<llvm::StringRef> inputNames;
  llvm::StringMap<unsigned> inputs;
  llvm::DenseMap<DimExpr, std::pair<unsigned, unsigned>> axes; // of each dimension's first input
  llvm::SmallVector<Source> sources;
  llvm::MapVector<DimExpr, int64_t> slots;
};

} // namespace girih
