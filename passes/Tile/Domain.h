// What a kernel computes, seen as one iteration domain: which generic writes the result, which reductions it
// needs, what every access looks like as a linear form, and which dimensions can be merged into one loop.
// Plans are made from this, and the emitter obeys the same view.
#pragma once

#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Layout.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Tile/Index.h"

namespace girih {

/// A result of which only a part is kept: what has indices times `factors` at `size` or more is not stored.
struct Cut {
  llvm::SmallVector<DimExpr> factors; // one a dimension
  DimExpr size;
};

/// Of each operand of a kernel, how it is packed (dialects/Graph/Layout.h), as the value that the kernel
/// reads. Null where it is not.
using OperandLayouts = llvm::SmallVector<mlir::AffineMap>;

/// A kernel's operand or result as memory: strides in elements from the value's place, dense where it has
/// none.
struct MemoryView {
  unsigned buffer = 0; // position among operands, then results
  mlir::Type element;
  llvm::SmallVector<DimExpr> sizes, strides;
  mlir::AffineMap layout = {};         // of what is packed, instead of strides
  llvm::SmallVector<Cut, 0> cuts = {}; // of a result
};

/// One loop: adjacent dimensions that every access walks as one. The innermost carries the loop, the others
/// stay at 0.
struct LoopDim {
  llvm::SmallVector<unsigned, 2> dims;
  DimExpr extent;
};

/// A read of an operand, or of a value that an earlier stage stores, as a linear form of domain variables
/// (1 + dimension) and reduction variables.
struct Access {
  unsigned buffer; // of the kernel; behind these, a stage's number
  mlir::Type element;
  Lin lin;            // of a packed constant, inside of a block; of a stage, as if it had no layout
  bool dynamic;       // some index is computed at run time
  int reduction = -1; // the reduction whose body reads it, -1: the last generic or what is inlined into it
  int stage = -1;     // the stage that it reads, -1: an operand
  llvm::SmallVector<Lin, 0> at = {}; // where each dimension of the operand, or loop of the stage, stands
};

struct Reduction {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<Idx> indices; // of all its dimensions, in domain and reduction variables
  llvm::SmallVector<unsigned>
      variables;                    // one a reduction dimension, in the order of the op's reduction iterators
  llvm::SmallVector<LoopDim> loops; // merged; `dims` are dimensions of the op

  /// The variable of a loop.
  unsigned variable(unsigned loop) const;
};

/// What pads put around a stage's value, as many elements a loop: readers find it in the memory of the value.
struct StageBorder {
  mlir::TypedAttr fill;
  llvm::SmallVector<int64_t> before, after;
};

/// Where a loop of a domain stands at i, something goes from scale * i + low to scale * i + high.
struct Window {
  unsigned source; // the loop
  int64_t scale, low, high;

  bool isOne() const { return scale == 1 && low == 0 && high == 0; }
  /// How far it goes while the loop takes `n` steps.
  int64_t getExtent(int64_t n) const { return scale * (n - 1) + high - low + 1; }
  /// What two steps that follow each other share of it.
  int64_t getOverlap() const { return getExtent(1) - scale; }
  bool operator==(const Window &o) const {
    return source == o.source && scale == o.scale && low == o.low && high == o.high;
  }
};

/// The part of a kernel that computes one result, or several results of one generic.
struct Domain {
  mlir::linalg::GenericOp last;
  llvm::SmallVector<LoopDim>
      dims;              // parallel ones first, then row dimensions; `dims` are dimensions of `last`
  unsigned parallel = 0; // how many of `dims` reductions may depend on
  llvm::SmallVector<Reduction> reductions; // in an order in which they can be computed
  llvm::SmallVector<Access> accesses;
  llvm::SmallVector<Lin> stores;                   // one a result of `results`
  llvm::SmallVector<std::pair<Lin, DimExpr>> cuts; // nothing is computed where one is at its size or beyond
  llvm::SmallVector<unsigned> results;
  /// The parallel dimension (of `dims`) in which the result is contiguous; -1: none.
  int unitDim = -1;
  /// Operands that are read as they are packed, so their own strides do not matter: by the schedule, or,
  /// before there is one, as it may pack them.
  llvm::SmallVector<unsigned> packed;

  /// Values that the schedule stores between loops, in the order of computation: each has loops of its own,
  /// and no stages.
  std::vector<Domain> stages;
  std::optional<StageBorder> border; // of a stage

  /// The variable of a loop of `dims`.
  unsigned variable(unsigned dim) const { return 1 + dims[dim].dims.back(); }
  /// One reduction of multiply-adds, which every dimension takes part in.
  bool isContraction() const;
};

/// All domains of a kernel at the linalg stage, or failure with a message at the kernel. `stored` are its
/// generics with one result whose values are stages, in the order in which they stand; `layouts` those of its
/// operands, null where that is still to be planned.
mlir::FailureOr<std::vector<Domain>> analyzeKernel(KernelOp kernel,
                                                   llvm::ArrayRef<mlir::linalg::GenericOp> stored = {},
                                                   const OperandLayouts *layouts = nullptr);
/// A generic that copies `source` element by element, with the sizes of its type.
mlir::linalg::GenericOp createCopy(mlir::OpBuilder &b, mlir::Location loc, mlir::Value source);
/// The operand of which a generic is nothing but a copy.
std::optional<unsigned> getCopiedOperand(mlir::linalg::GenericOp op);
/// The copy of an operand which the kernel's products read instead of it; made if there is none. Fails, with
/// a message at the kernel, if none reads it.
mlir::FailureOr<mlir::linalg::GenericOp> getCopy(KernelOp kernel, unsigned operand);
/// The generics of a kernel by number: in the order in which they stand, copies left out.
llvm::SmallVector<mlir::linalg::GenericOp> getGenerics(KernelOp kernel);
/// Where each loop of a domain stands when its last generic is at `dims`.
llvm::SmallVector<Lin> getLoopIndices(const Domain &domain, llvm::ArrayRef<Idx> dims);
/// The one loop of `domain` that an index moves with, and how far reductions move it from there; nothing if
/// it does anything else.
std::optional<Window> getWindow(const Domain &domain, const Lin &index);
/// The element type of a stage's value.
mlir::Type getStageType(const Domain &stage);
/// The loops of a stage in the order in which its memory has them, the contiguous one last.
llvm::SmallVector<unsigned> getMemoryOrder(const Domain &stage);
/// How a stage's value lies in memory whose loops have `extents` elements: strides in elements, one a loop.
/// `elements` is set to those of the buffer.
llvm::SmallVector<DimExpr> getStageStrides(const Domain &stage, llvm::ArrayRef<DimExpr> extents,
                                           DimExpr *elements = nullptr);

/// The block argument that `value` is, or is a view of through expand_shape and collapse_shape; null if it is
/// computed.
mlir::BlockArgument getViewedArgument(mlir::Value value);
/// The view of a block argument, or of an expand_shape or collapse_shape of one, where it lies or as
/// `layouts` pack it.
MemoryView getOperandView(KernelOp kernel, mlir::Value value, const OperandLayouts *layouts = nullptr);
/// The view through which yielded operand `result` is stored; `value` is set to what computes it. A slice of
/// that begins at 0 and leaves nothing out on the way.
MemoryView getResultView(KernelOp kernel, unsigned result, mlir::Value &value);
/// The dimensions of what has these sizes. Of what is outermost in the layout no size is needed.
llvm::SmallVector<LayoutDim> getLayoutDims(mlir::AffineMap layout, llvm::ArrayRef<DimExpr> sizes,
                                           DimExpr *elements = nullptr);
/// Where what is padded stands when the result of `pad` is read at `indices`: before its beginning or behind
/// its end, in the border.
llvm::SmallVector<Idx> getInside(mlir::tensor::PadOp pad, llvm::ArrayRef<Idx> indices);
/// The table of constants, inside the kernel, that `value` is; null if it is none.
mlir::DenseElementsAttr getTable(mlir::Value value);
/// Whether `op` reads a table: its entries are numbers in the code where the loops are written out.
bool readsTable(mlir::linalg::GenericOp op);
/// A reduction whose body ends in `add(accumulator, mul(a, b))`, of floats or of integers.
bool isContraction(mlir::linalg::GenericOp op);
/// The values of an iteration of a generic, one a result.
llvm::SmallVector<mlir::Value> getYielded(mlir::linalg::GenericOp op);
/// How two partial states of a reduction combine, null where its body does not say.
CombineOp getCombine(mlir::linalg::GenericOp op);
/// Whether partial results of a reduction combine, as its body says or by its last operation.
bool canCombine(mlir::linalg::GenericOp op);
/// Whether each lane may have a partial result.
bool canSumInLanes(const Reduction &r);
/// Whether a domain's value is that of its only reduction, with nothing behind it.
bool isSum(const Domain &domain);
/// Whether a reduction's value differs along a dimension of the domain (-1: none).
bool dependsOn(const Reduction &r, const Domain &domain, int64_t dim);
/// About how many instructions one iteration of `op` takes, with all that is inlined into it; other
/// reductions that it reads are computed apart.
int64_t getElementCost(mlir::linalg::GenericOp op);
/// The extent of each iteration dimension of a generic.
llvm::SmallVector<DimExpr> getLoopExtents(mlir::linalg::GenericOp op);
/// Linear part of an affine expression of indices; false if it is not linear in them.
bool applyLinear(mlir::AffineExpr e, llvm::ArrayRef<Idx> dims, Idx &out);

} // namespace girih
