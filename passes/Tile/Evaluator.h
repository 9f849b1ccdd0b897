// Evaluates tensors of a kernel at an index. An index is a scalar or runs along the lanes of a vector; a
// value is a scalar as long as it does not depend on the lane.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "passes/Tile/Emitter.h"

namespace girih {

/// A value at an index. Index arithmetic stays linear (`lin`) until somebody needs the number.
struct Val {
  mlir::Value value = {};
  bool lanes = false;
  std::optional<Lin> lin = std::nullopt;
  mlir::Type type = {}; // of a lane; set where lin is
};

/// A value that has been computed and lies in scratch memory.
struct StoredValue {
  const Domain *stage;
  MemoryView view; // one dimension a loop of the stage
  /// Where the part that is there begins: as a variable, the element at which indices would be 0; or, of a
  /// layout, the first of each loop.
  unsigned origin = 0;
  llvm::SmallVector<Lin, 0> first = {};
};

class Evaluator {
public:
  Evaluator(mlir::OpBuilder &b, KernelOp kernel, KernelFunction &fn, const OperandLayouts &layouts)
      : b(b), loc(kernel.getLoc()), ctx(kernel.getContext()), kernel(kernel), fn(fn), layouts(layouts),
        scopes(1) {
    variables.push_back({}); // the lane
    for (unsigned i = 0; i < kernel->getNumOperands() + kernel->getNumResults(); ++i)
      memory.push_back(fn.getFunction().getArgument(i));
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::MLIRContext *ctx;
  KernelOp kernel;
  KernelFunction &fn;
  const OperandLayouts &layouts;
  // Of the schedule that is being obeyed.
  int64_t width = 1;
  bool fma = false;

  /// The kernel's buffers, then those of stored values.
  llvm::SmallVector<mlir::Value> memory;
  llvm::DenseMap<mlir::Operation *, StoredValue> stored;
  mlir::Value mask; // of the lanes that exist; null: all
  /// The row of the register tile that is being evaluated, where there are as many as lanes: what rows read
  /// side by side and lanes apart is read row by row, and transposed in registers. The loop variable that the
  /// rows count.
  std::optional<unsigned> rowVariable;
  int64_t row = 0;
  bool failed = false;

  Idx constant(int64_t v) { return {Lin::ofConstant(dimConstant(ctx, v))}; }
  /// A new loop variable, which stands at multiples of `step`.
  Idx variable(mlir::Value v, int64_t step = 1) {
    variables.push_back({v, step});
    return {Lin::ofVariable(variables.size() - 1, ctx)};
  }
  /// Where the lanes of a vector stand; one that has a single lane is a scalar.
  Idx lane() { return width == 1 ? constant(0) : Idx{Lin::ofVariable(kLane, ctx)}; }
  mlir::Value size(DimExpr e) { return fn.getSize(b, loc, e); }
  /// The index as a number: an `index`, or a vector of them if it has lanes.
  mlir::Value materialize(const Idx &i);
  mlir::Value scalar(const Lin &lin);

  Val evalTensor(mlir::Value tensor, llvm::ArrayRef<Idx> indices);
  /// The results of one iteration of a generic; `accumulators` are the current values of its outs.
  llvm::SmallVector<Val> evalBody(mlir::linalg::GenericOp op, llvm::ArrayRef<Idx> dims,
                                  llvm::ArrayRef<Val> accumulators);
  void store(const MemoryView &view, llvm::ArrayRef<Idx> indices, Val value);
  /// The indices of a stored value's view where its generic is at `dims`.
  llvm::SmallVector<Idx> getIndices(const StoredValue &value, llvm::ArrayRef<Idx> dims);
  Val load(const MemoryView &view, llvm::ArrayRef<Idx> indices);
  /// The value with lanes.
  mlir::Value vector(const Val &v);
  /// The value as an SSA value, with or without lanes as it is.
  mlir::Value get(const Val &v);
  mlir::VectorType vectorType(mlir::Type t) { return mlir::VectorType::get({width}, t); }

  /// Values remembered inside a region are forgotten when it ends.
  struct Scope {
    Evaluator &e;
    explicit Scope(Evaluator &e) : e(e) { e.scopes.emplace_back(); }
    ~Scope() { e.scopes.pop_back(); }
  };
  void remember(mlir::Operation *op, llvm::ArrayRef<Idx> dims, llvm::SmallVector<Val> values);
  const llvm::SmallVector<Val> *recall(mlir::Operation *op, llvm::ArrayRef<Idx> dims);
  /// The indices of a generic's parallel dimensions where its result is read at `indices`.
  llvm::SmallVector<Idx> dimsOf(mlir::linalg::GenericOp op, unsigned result, llvm::ArrayRef<Idx> indices);

private:
  using Key = std::vector<const void *>;
  Key keyOf(mlir::Operation *op, llvm::ArrayRef<Idx> dims);
  Val loadPacked(const MemoryView &view, llvm::ArrayRef<Idx> indices);
  /// Where a view with a layout has what is at `indices`, of which none is computed.
  Idx getPlace(const MemoryView &view, llvm::ArrayRef<Idx> indices);
  Idx getPlace(const Lin &index, const LayoutDim &dim);
  Val loadAt(mlir::Type element, unsigned buffer, const Lin &lin, mlir::Value dyn, bool dynLanes);
  std::optional<Val> loadTransposed(mlir::Type element, unsigned buffer, const Lin &lin);
  llvm::SmallVector<mlir::Value> transpose(llvm::SmallVector<mlir::Value> vectors);
  Val readTable(mlir::DenseElementsAttr table, llvm::ArrayRef<Idx> indices);
  std::optional<Val> foldNumbers(mlir::Operation *op, llvm::ArrayRef<Val> operands);
  Val multiplyAdd(mlir::arith::MulFOp mul, mlir::arith::AddFOp add, Val x, Val y, Val accumulator);
  Val evalOp(mlir::Operation *op, llvm::function_ref<Val(mlir::Value)> operand, llvm::ArrayRef<Idx> dims);
  Idx applyMap(mlir::AffineExpr e, llvm::ArrayRef<Idx> dims);
  Idx toIdx(const Val &v);
  mlir::Value splat(mlir::Value v, mlir::Type type);

  llvm::SmallVector<std::pair<mlir::Value, int64_t>> variables; // and what they are multiples of
  std::vector<std::map<Key, llvm::SmallVector<Val>>> scopes;
};

} // namespace girih
