// What plans and predictions take for sizes that only a run knows: what is likely of each of a model's
// symbols, and what follows for expressions of them. Only speed depends on it.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace girih {

class Guesses {
public:
  /// Of a model: what its inputs, and the names of its dimensions, make likely.
  explicit Guesses(mlir::ModuleOp module);
  explicit Guesses(mlir::func::FuncOp main);
  /// These, but that `size` is `value`, and never more where `isMost`.
  Guesses with(DimExpr size, int64_t value, bool isMost) const;

  /// Itself where it is known, else what is likely; an empty dimension is like one of size 1.
  int64_t get(DimExpr e) const;
  /// As get, where the sizes that may well be small are.
  int64_t getLeast(DimExpr e) const;
  /// What it is at most, where that is said.
  std::optional<int64_t> getMost(DimExpr e) const;

private:
  struct Guess {
    int64_t value, least;
  };
  static Guess getGuess(mlir::RankedTensorType type, unsigned axis, llvm::StringRef name);
  double evaluate(DimExpr e, int64_t Guess::*of) const;

  struct Statement {
    DimExpr size;
    int64_t value;
    bool isMost;
  };

  llvm::DenseMap<DimExpr, Guess> symbols;
  llvm::SmallVector<Statement, 2> statements;
};

} // namespace girih
