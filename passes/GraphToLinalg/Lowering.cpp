#include "passes/GraphToLinalg/Lowering.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace girih;

RankedTensorType girih::getStorageTensorType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), getStorageType(tensor.getElementType()),
                               tensor.getEncoding());
}

static AffineMap identity(const Lowering &l, unsigned rank) {
  return AffineMap::getMultiDimIdentityMap(rank, l.b.getContext());
}

//===-- Values ------------------------------------------------------------===//

void Lowering::set(Value graph, Value tensor) {
  set(graph, tensor, nullptr);
}

void Lowering::set(Value graph, Value tensor, std::shared_ptr<const Space> space) {
  AffineMap map =
      space ? space->fromGraph : identity(*this, cast<RankedTensorType>(graph.getType()).getRank());
  AffineMap spaceMap = space ? identity(*this, space->loops.size()) : AffineMap();
  views[graph] = {tensor, map, std::move(space), spaceMap};
}

/// Whether the view is all of its tensor, in order.
static bool isWhole(const View &view, Value graph) {
  auto tensor = cast<RankedTensorType>(view.tensor.getType()), type = cast<RankedTensorType>(graph.getType());
  return view.map.isIdentity() && tensor.getShape() == type.getShape() &&
         tensor.getEncoding() == type.getEncoding();
}

Value Lowering::materialize(Value graph) {
  View view = get(graph);
  Type element = getStorageType(girih::getElementType(graph));
  if (isWhole(view, graph) && girih::getElementType(view.tensor) == element &&
      !view.tensor.getDefiningOp<arith::ConstantOp>())
    return view.tensor;
  SmallVector<DimExpr> dims = getDims(graph);
  Value tensor = parallel(dims, element, {read(graph, loops(dims.size()))},
                          [](Body &, ArrayRef<Value> in) { return in[0]; });
  set(graph, tensor);
  return tensor;
}

Value Lowering::materializeResult(Value graph) {
  View view = get(graph);
  auto type = getStorageTensorType(graph.getType());
  // Ops that stay in the graph dialect write their results themselves.
  Operation *def = view.tensor.getDefiningOp();
  bool isComputed = def && (isa<linalg::GenericOp>(def) || getRole(def) == OpRole::Alone) &&
                    girih::getElementType(view.tensor) == type.getElementType();
  if (isWhole(view, graph) && isComputed) return view.tensor;
  if (view.space && view.spaceMap.isIdentity() && isComputed)
    return reshapeFromSpace(view.tensor, *view.space, type);
  Exprs at = view.space ? Exprs(view.space->toGraph.getResults()) : loops(type.getRank());
  SmallVector<DimExpr> dims = view.space ? view.space->loops : getDims(type);
  Value copy = parallel(dims, type.getElementType(), {read(graph, at)},
                        [](Body &, ArrayRef<Value> in) { return in[0]; });
  return view.space ? reshapeFromSpace(copy, *view.space, type) : copy;
}

Value Lowering::reshapeFromSpace(Value tensor, const Space &space, RankedTensorType type) {
  int64_t rank = space.loops.size();
  SmallVector<ReassociationIndices> groups;
  if (rank > type.getRank()) {
    // Each dimension of the result is made of the loops that its index uses; a size-1 loop joins the one
    // before it.
    for (AffineExpr e : space.toGraph.getResults()) {
      ReassociationIndices &group = groups.emplace_back();
      for (int64_t i = 0; i < rank; ++i)
        if (e.isFunctionOfDim(i)) group.push_back(i);
    }
    SmallVector<DimExpr> whole, dims = getDims(type);
    for (const ReassociationIndices &group : groups) {
      DimExpr size = dimConstant(b.getContext(), 1);
      for (int64_t i : group)
        size = size * space.loops[i];
      whole.push_back(dimSimplify(size));
    }
    tensor =
        tensor::CollapseShapeOp::create(b, loc, getTensorType(whole, type.getElementType()), tensor, groups);
    if (whole == dims) return tensor;
    SmallVector<OpFoldResult> zeros(dims.size(), b.getIndexAttr(0)), ones(dims.size(), b.getIndexAttr(1));
    return tensor::ExtractSliceOp::create(b, loc, type, tensor, zeros, mixedSizes(dims), ones);
  }
  for (auto [i, e] : llvm::enumerate(space.fromGraph.getResults())) {
    int64_t first = i == 0 ? 0 : cast<AffineDimExpr>(e).getPosition(), last = type.getRank();
    if (int64_t(i) + 1 < rank) last = cast<AffineDimExpr>(space.fromGraph.getResult(i + 1)).getPosition();
    groups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(first, last)));
  }
  SmallVector<OpFoldResult> sizes;
  for (DimExpr d : getDims(type)) {
    if (auto v = dimValue(d))
      sizes.push_back(b.getIndexAttr(*v));
    else
      sizes.push_back(DimOp::create(b, loc, DimsAttr::get(b.getContext(), {d})).getResult());
  }
  return tensor::ExpandShapeOp::create(b, loc, type, tensor, groups, sizes);
}

Type Lowering::getResultElement(Value result) const {
  Type storage = getStorageType(girih::getElementType(result));
  bool isRounded = result.getDefiningOp<CastOp>() || llvm::any_of(result.getUsers(), [](Operation *user) {
                     return isa<YieldOp>(user) || getRole(user) == OpRole::Contraction;
                   });
  return isRounded ? storage : Body::computeType(storage);
}

//===-- Reads -------------------------------------------------------------===//

Exprs Lowering::loops(unsigned count, unsigned first) {
  Exprs e;
  for (unsigned i = 0; i < count; ++i)
    e.push_back(loop(first + i));
  return e;
}

Read Lowering::readTensor(Value tensor, ArrayRef<AffineExpr> at) {
  return {{tensor, identity(*this, at.size()), nullptr, {}}, Exprs(at), {}};
}

Read Lowering::broadcast(Value graph, ArrayRef<DimExpr> dims, ArrayRef<AffineExpr> at) {
  SmallVector<DimExpr> own = getDims(graph);
  size_t lead = dims.size() - own.size();
  Read read{get(graph), {}, {}};
  for (auto [i, d] : llvm::enumerate(own)) {
    bool isOne = dimValue(d) == 1 && dimValue(dims[lead + i]) != 1;
    read.at.push_back(isOne ? constant(0) : at[lead + i]);
    // Only the run time knows whether this dimension is 1 or the result's.
    if (isOne || d == dims[lead + i]) continue;
    read.stretch.resize(own.size());
    read.stretch[i] = d;
  }
  return read;
}

Read Lowering::readGrouped(Value graph, unsigned dim, int64_t size, ArrayRef<AffineExpr> at, AffineExpr group,
                           AffineExpr member) {
  Exprs e(at);
  View view = get(graph);
  if (!isWhole(view, graph) || !isa<BlockArgument>(view.tensor)) {
    e[dim] = group * size + member;
    return read(graph, e);
  }
  auto type = cast<RankedTensorType>(view.tensor.getType());
  SmallVector<DimExpr> dims = getDims(type);
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    int64_t first = i + (i > int64_t(dim));
    groups.push_back({first});
    if (i == int64_t(dim)) groups.back().push_back(first + 1);
  }
  dims[dim] = dims[dim].floorDiv(size);
  dims.insert(dims.begin() + dim + 1, dimConstant(b.getContext(), size));
  Value expanded = tensor::ExpandShapeOp::create(b, loc, getTensorType(dims, type.getElementType()),
                                                 view.tensor, groups, mixedSizes(dims));
  e[dim] = group;
  e.insert(e.begin() + dim + 1, member);
  return readTensor(expanded, e);
}

SmallVector<OpFoldResult> Lowering::mixedSizes(ArrayRef<DimExpr> dims) {
  SmallVector<OpFoldResult> sizes;
  for (DimExpr d : dims) {
    d = dimSimplify(d);
    if (auto v = dimValue(d))
      sizes.push_back(b.getIndexAttr(*v));
    else
      sizes.push_back(DimOp::create(b, loc, DimsAttr::get(b.getContext(), {d})).getResult());
  }
  return sizes;
}

/// The tensor's indices that a read is at.
static Exprs getTensorIndices(const Read &read) {
  if (read.view.space && ArrayRef(read.at) == read.view.space->toGraph.getResults())
    return Exprs(read.view.spaceMap.getResults());
  Exprs e;
  for (AffineExpr r : read.view.map.getResults())
    e.push_back(r.replaceDims(read.at));
  return e;
}

/// A sum of loops times constants: what a load with strides can follow.
static bool isLinear(AffineExpr e) {
  bool linear = true;
  e.walk([&](AffineExpr x) {
    linear &= x.getKind() != AffineExprKind::Mod && x.getKind() != AffineExprKind::FloorDiv &&
              x.getKind() != AffineExprKind::CeilDiv;
  });
  return linear;
}

/// Whether loops are known to go beyond a dimension of `size`, as those of a space that is larger than the
/// value do: such an index is clamped, and what is read there is left out.
static bool goesBeyond(AffineExpr index, DimExpr size, ArrayRef<DimExpr> loops) {
  auto known = dimValue(size);
  if (!known || !isLinear(index)) return false;
  SmallVector<AffineExpr> last = llvm::map_to_vector(loops, [](DimExpr n) -> AffineExpr { return n - 1; });
  auto at = dimValue(dimSimplify(index.replaceDims(last)));
  return at && *at >= *known;
}

/// Indices of a tensor, those clamped that loops go beyond it with.
static SmallVector<Value> applyInside(Body &body, ArrayRef<AffineExpr> indices, Value tensor,
                                      ArrayRef<DimExpr> loops) {
  SmallVector<Value> out;
  for (auto [e, size] : llvm::zip(indices, getDims(tensor))) {
    Value i = body.apply(e);
    out.push_back(goesBeyond(e, size, loops) ? body.clampIndex(i, body.size(size)) : i);
  }
  return out;
}

/// Whether linalg takes these indices as an indexing map: it reads a loop's size from a dimension indexed by
/// that loop alone, so that this has to be the dimension's.
static bool fitsIndexingMap(ArrayRef<AffineExpr> indices, Value tensor, ArrayRef<DimExpr> loops) {
  for (auto [e, size] : llvm::zip(indices, getDims(tensor))) {
    auto d = dyn_cast<AffineDimExpr>(e);
    if (d ? dimSimplify(loops[d.getPosition()]) != size : !isLinear(e) || goesBeyond(e, size, loops))
      return false;
  }
  return true;
}

/// The value that all elements of a constant tensor have.
static TypedAttr getSplat(Value tensor) {
  DenseElementsAttr elements;
  if (!matchPattern(tensor, m_Constant(&elements)) || !elements.isSplat()) return {};
  return elements.getSplatValue<TypedAttr>();
}

static Value extractElement(Body &body, Value tensor, ArrayRef<Value> indices, bool ifAny = false) {
  if (TypedAttr splat = getSplat(tensor)) return body.load(arith::ConstantOp::create(body, splat));
  auto extract = tensor::ExtractOp::create(body, tensor, indices);
  if (ifAny) kIfAny.set(extract, body.getUnitAttr());
  return body.load(extract);
}

static Value extractFrom(Body &body, const View &view, ArrayRef<Value> indices, bool ifAny) {
  SmallVector<Value> at(indices);
  if (!view.map.isIdentity()) {
    at.clear();
    for (AffineExpr e : view.map.getResults())
      at.push_back(body.apply(e, indices));
  }
  return extractElement(body, view.tensor, at, ifAny);
}

Value Lowering::extract(Body &body, const View &view, ArrayRef<Value> indices) {
  return extractFrom(body, view, indices, /*ifAny=*/false);
}

Value Lowering::extractIfAny(Body &body, Value graph, ArrayRef<Value> indices) {
  return extractFrom(body, get(graph), indices, /*ifAny=*/true);
}

Value Lowering::extractOr(Body &body, Value graph, ArrayRef<AffineExpr> at,
                          const llvm::SmallBitVector &checked, Value outside) {
  SmallVector<DimExpr> dims = getDims(graph);
  SmallVector<Value> indices;
  Value isInside;
  for (auto [i, e] : llvm::enumerate(at)) {
    Value index = body.apply(e);
    if (checked[i]) {
      Value size = body.size(dims[i]), inside = body.inBounds(index, size);
      isInside = isInside ? body.logicalAnd(isInside, inside) : inside;
      index = body.clampIndex(index, size);
    }
    indices.push_back(index);
  }
  Value element = extractIfAny(body, graph, indices);
  return isInside ? body.select(isInside, element, outside) : element;
}

//===-- Loop nests --------------------------------------------------------===//

Value Lowering::empty(ArrayRef<DimExpr> dims, Type element) {
  SmallVector<Value> dynamic;
  for (OpFoldResult size : mixedSizes(dims))
    if (auto v = dyn_cast<Value>(size)) dynamic.push_back(v);
  return tensor::EmptyOp::create(b, loc, getTensorType(dims, element), dynamic);
}

/// The index into a dimension of `size`, which is 1 or more than `i`: 0, or `i`.
static Value stretched(Body &body, Value i, DimExpr size) {
  return body.mul(i, body.size(dimMin(size - 1, dimConstant(size.getContext(), 1))));
}

Value Lowering::parallel(ArrayRef<DimExpr> loops, Type element, ArrayRef<Read> reads, BodyFn body) {
  return generic(
             loops, llvm::SmallBitVector(loops.size()), element, {}, reads,
             [&](Body &b, ArrayRef<Value> in) { return SmallVector<Value>{b.store(body(b, in), element)}; })
      .front();
}

Value Lowering::reduce(ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced, Type accumulator,
                       Attribute init, ArrayRef<Read> reads, BodyFn body) {
  return generic(loops, reduced, accumulator, cast<TypedAttr>(init), reads,
                 [&](Body &b, ArrayRef<Value> in) {
                   return SmallVector<Value>{b.store(body(b, in), accumulator)};
                 })
      .front();
}

SmallVector<Value> Lowering::reduce(ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced,
                                    ArrayRef<TypedAttr> init, ArrayRef<Read> reads, StateFn body,
                                    CombineFn combine) {
  SmallVector<Type> types = llvm::map_to_vector(init, [](TypedAttr a) { return a.getType(); });
  auto step = [&](Body &b, ArrayRef<Value> in) {
    auto op = CombineOp::create(b, body(b, in));
    Block &block = op.getBody().emplaceBlock();
    SmallVector<Value> states[2];
    for (SmallVector<Value> &state : states)
      for (Type t : types)
        state.push_back(block.addArgument(t, b.getLoc()));
    OpBuilder inside = OpBuilder::atBlockEnd(&block);
    Body two(b.getLoc(), inside);
    YieldOp::create(two, combine(two, states[0], states[1]));
    return llvm::to_vector_of<Value>(op.getResults());
  };
  return generic(loops, reduced, types, init, reads, step);
}

/// Adds a loop nest. The body's first arguments are what is read, in compute types, then the state, if `init`
/// says where that begins; it gives a value of each of `elements`.
ValueRange Lowering::generic(ArrayRef<DimExpr> loops, const llvm::SmallBitVector &reduced, TypeRange elements,
                             ArrayRef<TypedAttr> init, ArrayRef<Read> reads, StateFn fn) {
  unsigned rank = loops.size();
  MLIRContext *ctx = b.getContext();
  Exprs outputs;
  SmallVector<DimExpr> resultDims;
  SmallVector<utils::IteratorType> iterators;
  llvm::SmallBitVector bounded(rank); // loops whose size some operand gives
  for (unsigned i = 0; i < rank; ++i) {
    iterators.push_back(reduced[i] ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (reduced[i]) continue;
    outputs.push_back(loop(i));
    resultDims.push_back(loops[i]);
    bounded.set(i);
  }

  // How each read is made: a constant, an operand with an indexing map, or an extraction at computed indices.
  struct Source {
    TypedAttr splat;
    int operand = -1;
    Exprs indices;
  };
  SmallVector<Source> sources;
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  // A nest that never runs reads nothing; indexing maps of it might not verify.
  bool isEmpty = llvm::any_of(loops, [](DimExpr d) { return dimValue(d) == 0; });
  for (const Read &read : reads) {
    Source &source = sources.emplace_back();
    if (isEmpty) {
      source.splat = b.getZeroAttr(girih::getElementType(read.view.tensor));
      continue;
    }
    if ((source.splat = getSplat(read.view.tensor))) continue;
    source.indices = getTensorIndices(read);
    for (AffineExpr &e : source.indices)
      e = simplifyAffineExpr(e, rank, 0);
    if (!read.stretch.empty() || !fitsIndexingMap(source.indices, read.view.tensor, loops)) continue;
    AffineMap map = AffineMap::get(rank, 0, source.indices, ctx);
    for (auto [i, pair] : llvm::enumerate(llvm::zip(operands, maps)))
      if (std::get<0>(pair) == read.view.tensor && std::get<1>(pair) == map) source.operand = i;
    if (source.operand >= 0) continue;
    source.operand = operands.size();
    operands.push_back(read.view.tensor), maps.push_back(map);
    for (AffineExpr e : source.indices)
      if (auto d = dyn_cast<AffineDimExpr>(e)) bounded.set(d.getPosition());
  }
  // linalg takes a loop's size from an operand's dimension; a window's loops need an operand of the window's
  // shape.
  SmallVector<DimExpr> windowDims;
  Exprs window;
  for (unsigned i = 0; i < rank; ++i)
    if (!bounded[i]) windowDims.push_back(loops[i]), window.push_back(loop(i));
  if (!window.empty()) {
    operands.push_back(empty(windowDims, elements[0]));
    maps.push_back(AffineMap::get(rank, 0, window, ctx));
  }

  SmallVector<Value> outs;
  for (auto [i, element] : llvm::enumerate(elements)) {
    outs.push_back(empty(resultDims, element));
    if (!init.empty()) {
      Value value = arith::ConstantOp::create(b, loc, init[i]);
      outs.back() = linalg::FillOp::create(b, loc, value, outs.back()).getResult(0);
    }
    maps.push_back(AffineMap::get(rank, 0, outputs, ctx));
  }
  auto op =
      linalg::GenericOp::create(b, loc, TypeRange(ValueRange(outs)), operands, outs, maps, iterators,
                                [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                                  Body body(loc, builder);
                                  SmallVector<Value> in;
                                  for (auto [source, read] : llvm::zip(sources, reads)) {
                                    if (source.splat) {
                                      in.push_back(body.load(arith::ConstantOp::create(body, source.splat)));
                                    } else if (source.operand >= 0) {
                                      in.push_back(body.load(arguments[source.operand]));
                                    } else {
                                      SmallVector<Value> at, indices;
                                      for (auto [size, e] : llvm::zip_first(read.stretch, read.at)) {
                                        Value i = body.apply(e);
                                        at.push_back(size ? stretched(body, i, size) : i);
                                      }
                                      if (read.stretch.empty())
                                        indices = applyInside(body, source.indices, read.view.tensor, loops);
                                      else
                                        for (AffineExpr e : read.view.map.getResults())
                                          indices.push_back(body.apply(e, at));
                                      in.push_back(extractElement(body, read.view.tensor, indices));
                                    }
                                  }
                                  for (Value state : arguments.take_back(init.size()))
                                    in.push_back(body.load(state));
                                  linalg::YieldOp::create(builder, loc, fn(body, in));
                                });
  return op.getResults();
}

//===-- Element-wise ------------------------------------------------------===//

std::shared_ptr<const Space> Lowering::chooseSpace(ArrayRef<DimExpr> dims, ValueRange operands) {
  // A tensor that was computed in its space comes before one that is only read so: it cannot be computed
  // elsewhere.
  for (bool isComputed : {true, false}) {
    for (Value v : operands) {
      View view = get(v);
      if (view.space && view.spaceMap.isIdentity() == isComputed && ArrayRef(getDims(v)) == dims)
        return view.space;
    }
  }
  return nullptr;
}

void Lowering::elementwise(Value result, ValueRange operands, BodyFn body) {
  SmallVector<DimExpr> dims = getDims(result);
  std::shared_ptr<const Space> space = chooseSpace(dims, operands);
  Exprs at = space ? Exprs(space->toGraph.getResults()) : loops(dims.size());
  SmallVector<Read> reads;
  for (Value v : operands)
    reads.push_back(broadcast(v, dims, at));
  Value tensor =
      parallel(space ? ArrayRef(space->loops) : ArrayRef(dims), getResultElement(result), reads, body);
  set(result, tensor, space);
}

void Lowering::finishContraction(Value result, Value accumulated, std::shared_ptr<const Space> space,
                                 std::optional<Read> bias) {
  Type element = getResultElement(result);
  if (bias || girih::getElementType(accumulated) != element) {
    SmallVector<DimExpr> dims = space ? space->loops : getDims(result);
    SmallVector<Read> reads = {readTensor(accumulated, loops(dims.size()))};
    if (bias) reads.push_back(*bias);
    accumulated = parallel(dims, element, reads, [](Body &b, ArrayRef<Value> in) {
      return in.size() == 1 ? in[0] : b.add(in[0], in[1]);
    });
  }
  set(result, accumulated, std::move(space));
}

TypedAttr Lowering::number(Type type, double value) {
  if (isa<FloatType>(type)) return b.getFloatAttr(type, value);
  return b.getIntegerAttr(type, std::llround(value));
}

static TypedAttr limit(OpBuilder &b, Type graphElement, bool isHigh) {
  Type type = Body::computeType(getStorageType(graphElement));
  if (auto f = dyn_cast<FloatType>(type))
    return b.getFloatAttr(f, APFloat::getInf(f.getFloatSemantics(), !isHigh));
  unsigned width = type.getIntOrFloatBitWidth();
  if (graphElement.isInteger(1)) return b.getIntegerAttr(type, isHigh);
  if (graphElement.isUnsignedInteger())
    return b.getIntegerAttr(type, isHigh ? APInt::getMaxValue(width) : APInt::getMinValue(width));
  return b.getIntegerAttr(type, isHigh ? APInt::getSignedMaxValue(width) : APInt::getSignedMinValue(width));
}

TypedAttr Lowering::lowest(Type element) {
  return limit(b, element, false);
}
TypedAttr Lowering::highest(Type element) {
  return limit(b, element, true);
}
