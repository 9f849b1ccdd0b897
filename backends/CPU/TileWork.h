// What one register tile asks of a core's units, counted on the kernel's operations without emitting any:
// what passes/Tile would write out, value by value, each as often as its index differs between the tile's
// places.
#pragma once

#include "backends/CPU/Machine.h"
#include "passes/Tile/Domain.h"
#include <set>

namespace girih {

/// What a piece of code asks of the units of a core. Instructions on whole vectors count as 1, on narrower
/// ones as what they take of it.
struct Work {
  double fmas = 0, vectorOps = 0, loads = 0, stores = 0, divides = 0, compares = 0, gathered = 0,
         instructions = 0;

  /// Units work side by side: the busiest one counts.
  double cycles(const Machine &m) const {
    return std::max({fmas / m.fmas, vectorOps / m.vectorOps, loads / m.loads + gathered * m.gatherCycles,
                     stores / m.stores, divides * m.divideCycles, compares * m.compareCycles,
                     instructions / m.issue});
  }
};

/// Counts what is written out for one register tile.
class TileWork {
public:
  /// `copies` says how often each variable's index is written out; `vectorVariable` counts in vectors.
  TileWork(KernelOp kernel, const Domain &domain, llvm::ArrayRef<Domain> stages,
           llvm::ArrayRef<StoredAttr> stored, int64_t width, bool fma, const Machine &machine,
           llvm::ArrayRef<std::pair<unsigned, int64_t>> copies, unsigned vectorVariable,
           unsigned squareVariable)
      : kernel(kernel), domain(domain), stages(stages), stored(stored), width(width), fma(fma),
        machine(machine), copies(copies), vectorVariable(vectorVariable), squareVariable(squareVariable) {}

  /// One iteration of `op` at `dims`. What none of `variables` reaches is the same for all of them: it is
  /// counted in `once`.
  void count(mlir::linalg::GenericOp op, llvm::ArrayRef<Idx> dims, llvm::ArrayRef<unsigned> variables = {}) {
    inner = variables;
    countBody(op, dims);
  }
  void countStore(const Lin &at, mlir::Type type, llvm::ArrayRef<Idx> dims);
  void countLoad(const Lin &at, mlir::Type type, llvm::ArrayRef<Idx> indices, bool dynLanes);

  Work each, once;

private:
  bool hasLanes(llvm::ArrayRef<Idx> indices) const {
    return vectorVariable &&
           llvm::any_of(indices, [&](const Idx &i) { return i.dynLanes || i.lin.has(vectorVariable); });
  }
  double multiplicity(llvm::ArrayRef<Idx> indices) const;
  Work &workAt(llvm::ArrayRef<Idx> indices) {
    bool isInner = inner.empty() || llvm::any_of(indices, [&](const Idx &i) {
                     return i.dyn || llvm::any_of(inner, [&](unsigned v) { return i.lin.has(v); });
                   });
    return isInner ? each : once;
  }
  /// Registers that `lanes` values take, as a part of the time that a whole one does.
  double registersOf(mlir::Type type, bool lanes) const {
    double bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    double wholes = lanes ? double(width) * bits / double(machine.vectorBits) : 0;
    return wholes > 0.5 ? std::ceil(wholes) : 1 / (2 * machine.halfRate);
  }
  bool isNew(const void *what, llvm::ArrayRef<Idx> dims);
  void countBody(mlir::linalg::GenericOp op, llvm::ArrayRef<Idx> dims);
  void countRead(mlir::Value value, llvm::ArrayRef<Idx> indices);
  void countOperation(mlir::Operation *op, double n, bool lanes, Work &work);

  mutable KernelOp kernel; // MLIR's accessors are not const
  const Domain &domain;
  llvm::ArrayRef<Domain> stages; // whose values are in memory
  llvm::ArrayRef<StoredAttr> stored;
  int64_t width;
  bool fma;
  const Machine &machine;
  llvm::ArrayRef<std::pair<unsigned, int64_t>> copies;
  unsigned vectorVariable, squareVariable;
  llvm::ArrayRef<unsigned> inner;
  std::set<std::vector<const void *>> seen;
};

/// Cycles from one partial result of a reduction to the next.
double getStepLatency(mlir::linalg::GenericOp op, bool fma, const Machine &machine);
/// Cycles until two partial results are one.
double getCombineLatency(mlir::linalg::GenericOp op, const Machine &machine);

} // namespace girih
