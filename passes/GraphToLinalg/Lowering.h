// The state of one kernel's lowering, and the one place that builds linalg.generic. Each family of graph ops
// has a file with `lower` functions written against this interface.
#pragma once

#include "dialects/Graph/Graph.h"
#include "passes/GraphToLinalg/Body.h"
#include "llvm/ADT/SmallBitVector.h"
#include <memory>

namespace girih {

using Exprs = mlir::SmallVector<mlir::AffineExpr>;

/// A loop nest whose index space is another shape of a graph value's: channels split into groups, reduced
/// dimensions left out. Element-wise ops stay in it, so that a reshape is needed only where the kernel
/// yields.
struct Space {
  mlir::SmallVector<DimExpr> loops;
  mlir::AffineMap toGraph;   // from loop indices to the graph value's
  mlir::AffineMap fromGraph; // and back
};

/// A graph value as loops read it: element i of the value is element map(i) of the tensor. Transposes, slices
/// and broadcasts are views that cost nothing until a loop reads through them.
struct View {
  mlir::Value tensor;
  mlir::AffineMap map;
  /// Where the value is best computed upon, and the tensor's indices in terms of its loops; null for its own
  /// shape.
  std::shared_ptr<const Space> space;
  mlir::AffineMap spaceMap;
};

/// A read of a graph value by a loop nest, at expressions over the loops. Where `stretch` holds a size (one
/// entry a dimension, or none at all), only the run tells whether this dimension is 1 or as large as the
/// loop: its index is multiplied by 0 or 1, which is a stride that is known when the plan is made.
struct Read {
  View view;
  Exprs at;
  mlir::SmallVector<DimExpr> stretch;
};

using BodyFn = llvm::function_ref<mlir::Value(Body &, mlir::ArrayRef<mlir::Value>)>;
using StateFn = llvm::function_ref<mlir::SmallVector<mlir::Value>(Body &, mlir::ArrayRef<mlir::Value>)>;
using CombineFn = llvm::function_ref<mlir::SmallVector<mlir::Value>(Body &, mlir::ArrayRef<mlir::Value>,
                                                                    mlir::ArrayRef<mlir::Value>)>;

class Lowering {
public:
  Lowering(mlir::OpBuilder &b) : b(b), loc(b.getUnknownLoc()) {}

  mlir::OpBuilder &b;
  mlir::Location loc; // of the op being lowered

  View get(mlir::Value graph) const { return views.lookup(graph); }
  void set(mlir::Value graph, View view) { views[graph] = std::move(view); }
  /// `tensor` has the graph value's shape.
  void set(mlir::Value graph, mlir::Value tensor);
  /// `tensor` was computed in `space`; null: in the value's own shape.
  void set(mlir::Value graph, mlir::Value tensor, std::shared_ptr<const Space> space);
  /// The tensor of a value in its own shape, made if need be.
  mlir::Value materialize(mlir::Value graph);
  /// The same, with nothing but a reshape after it: what a kernel may yield.
  mlir::Value materializeResult(mlir::Value graph);

  /// The element type of the tensor that an op's result is. f16 and bf16 are types of memory: what is
  /// computed stays in f32 as far as a kernel reaches, and is rounded once, where the kernel yields it, where
  /// a contraction reads it, whose operands are in memory, or where the model says so by a cast.
  mlir::Type getResultElement(mlir::Value result) const;

  mlir::AffineExpr loop(unsigned i) { return mlir::getAffineDimExpr(i, b.getContext()); }
  mlir::AffineExpr constant(int64_t v) { return mlir::getAffineConstantExpr(v, b.getContext()); }
  Exprs loops(unsigned count, unsigned first = 0);

  Read read(mlir::Value graph, mlir::ArrayRef<mlir::AffineExpr> at) { return {get(graph), Exprs(at), {}}; }
  Read readTensor(mlir::Value tensor, mlir::ArrayRef<mlir::AffineExpr> at);
  /// NumPy broadcast to `dims`, which are indexed by `at`.
  Read broadcast(mlir::Value graph, mlir::ArrayRef<DimExpr> dims, mlir::ArrayRef<mlir::AffineExpr> at);
  /// Reads a value whose dimension `dim` is seen as (group, member of `size` in a group): by
  /// tensor.expand_shape of a kernel argument, else by the index group * size + member.
  Read readGrouped(mlir::Value graph, unsigned dim, int64_t size, mlir::ArrayRef<mlir::AffineExpr> at,
                   mlir::AffineExpr group, mlir::AffineExpr member);

  /// One iteration of a parallel loop nest an element. Bodies get and give values in compute types.
  mlir::Value parallel(mlir::ArrayRef<DimExpr> loops, mlir::Type element, mlir::ArrayRef<Read> reads,
                       BodyFn body);
  /// A loop nest of which `reduced` loops are reductions; the result's dimensions are the other loops, in
  /// order. The accumulator, of type `accumulator` and starting at `init`, is the body's last argument.
  mlir::Value reduce(mlir::ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced,
                     mlir::Type accumulator, mlir::Attribute init, mlir::ArrayRef<Read> reads, BodyFn body);
  /// The same with a state of several values, each starting at one of `init`, which are the body's last
  /// arguments. `combine` makes one state of two (girih.combine).
  mlir::SmallVector<mlir::Value> reduce(mlir::ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced,
                                        mlir::ArrayRef<mlir::TypedAttr> init, mlir::ArrayRef<Read> reads,
                                        StateFn body, CombineFn combine);

  /// Inside a body: an element of a value at computed indices, in its compute type.
  mlir::Value extract(Body &body, const View &view, mlir::ArrayRef<mlir::Value> indices);
  mlir::Value extract(Body &body, mlir::Value graph, mlir::ArrayRef<mlir::Value> indices) {
    return extract(body, get(graph), indices);
  }
  /// The same where the value may have no elements, and what is read then is dropped: the memory has to be
  /// there.
  mlir::Value extractIfAny(Body &body, mlir::Value graph, mlir::ArrayRef<mlir::Value> indices);
  /// The same at expressions over the loops, of which the `checked` ones may lie outside; then it is
  /// `outside`.
  mlir::Value extractOr(Body &body, mlir::Value graph, mlir::ArrayRef<mlir::AffineExpr> at,
                        const llvm::SmallBitVector &checked, mlir::Value outside);

  /// The space that element-wise ops on `operands` with a result of `dims` run in; null for the result's own
  /// shape.
  std::shared_ptr<const Space> chooseSpace(mlir::ArrayRef<DimExpr> dims, mlir::ValueRange operands);
  /// An element-wise op: operands broadcast to the result's shape.
  void elementwise(mlir::Value result, mlir::ValueRange operands, BodyFn body);

  /// The end of a contraction computed in `space`: the bias is added, and the accumulator's type left.
  void finishContraction(mlir::Value result, mlir::Value accumulated, std::shared_ptr<const Space> space,
                         std::optional<Read> bias);

  /// A float or integer attribute.
  mlir::TypedAttr number(mlir::Type type, double value);
  /// Neutral elements of max (min): -inf or the least integer.
  mlir::TypedAttr lowest(mlir::Type graphElement);
  mlir::TypedAttr highest(mlir::Type graphElement);

private:
  mlir::ValueRange generic(mlir::ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced,
                           mlir::TypeRange elements, mlir::ArrayRef<mlir::TypedAttr> init,
                           mlir::ArrayRef<Read> reads, StateFn body);
  mlir::Value empty(mlir::ArrayRef<DimExpr> dims, mlir::Type element);
  mlir::SmallVector<mlir::OpFoldResult> mixedSizes(mlir::ArrayRef<DimExpr> dims);
  mlir::Value reshapeFromSpace(mlir::Value tensor, const Space &space, mlir::RankedTensorType type);

  llvm::DenseMap<mlir::Value, View> views;
};

/// A graph value's storage type.
mlir::RankedTensorType getStorageTensorType(mlir::Type graphType);
inline mlir::Type getElementType(mlir::Value v) {
  return mlir::cast<mlir::RankedTensorType>(v.getType()).getElementType();
}
/// The type that bodies see.
inline mlir::Type getComputeType(mlir::Value v) {
  return Body::computeType(getStorageType(getElementType(v)));
}
inline bool isUnsignedElement(mlir::Value v) {
  return getElementType(v).isUnsignedInteger() || getElementType(v).isInteger(1);
}

//===-- Scalar functions --------------------------------------------------===//

mlir::Value emitUnary(Body &b, UnaryOp op, mlir::Value x);
mlir::Value emitBinary(Body &b, BinaryFn fn, mlir::Value x, mlir::Value y, mlir::Type element,
                       mlir::Type rhsElement);

/// The kernel of cubic interpolation at a distance >= 0 of a float type.
mlir::Value emitCubicWeight(Body &b, double a, mlir::Value distance);

//===-- One function an operator ------------------------------------------===//

#define GIRIH_LOWER(OP) mlir::LogicalResult lower(Lowering &l, OP op);
GIRIH_LOWER(ArgReduceOp)
GIRIH_LOWER(BatchNormOp)
GIRIH_LOWER(BinaryOp)
GIRIH_LOWER(BitcastOp)
GIRIH_LOWER(CastOp)
GIRIH_LOWER(ConcatOp)
GIRIH_LOWER(ConvOp)
GIRIH_LOWER(ConvTransposeOp)
GIRIH_LOWER(ExpandOp)
GIRIH_LOWER(GatherElementsOp)
GIRIH_LOWER(GatherNDOp)
GIRIH_LOWER(GatherOp)
GIRIH_LOWER(GridSampleOp)
GIRIH_LOWER(GroupNormOp)
GIRIH_LOWER(LayerNormOp)
GIRIH_LOWER(LrnOp)
GIRIH_LOWER(MatMulOp)
GIRIH_LOWER(MaxPoolIndicesOp)
GIRIH_LOWER(OneHotOp)
GIRIH_LOWER(PadOp)
GIRIH_LOWER(PoolOp)
GIRIH_LOWER(RangeOp)
GIRIH_LOWER(ReduceOp)
GIRIH_LOWER(ReshapeOp)
GIRIH_LOWER(ResizeOp)
GIRIH_LOWER(RoiAlignOp)
GIRIH_LOWER(ShapeOp)
GIRIH_LOWER(SliceOp)
GIRIH_LOWER(SoftmaxOp)
GIRIH_LOWER(TileOp)
GIRIH_LOWER(TransposeOp)
GIRIH_LOWER(TriluOp)
GIRIH_LOWER(UnaryOp)
GIRIH_LOWER(WhereOp)
GIRIH_LOWER(WinogradConvOp)
#undef GIRIH_LOWER

} // namespace girih
