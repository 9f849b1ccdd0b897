#include "passes/Tile/Evaluator.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace girih {

//===-- Numbers -----------------------------------------------------------===//

Value Evaluator::scalar(const Lin &lin) {
  // The constant comes last: it becomes the displacement of an address, and the rest is shared between
  // neighbours.
  Value sum;
  auto add = [&](Value v) { sum = sum ? arith::AddIOp::create(b, loc, sum, v).getResult() : v; };
  for (auto &[v, c] : lin.terms) {
    if (v == kLane) continue;
    Value variable = variables[v].first;
    add(c == 1 ? variable : arith::MulIOp::create(b, loc, variable, size(c)).getResult());
  }
  if (!sum || lin.constant != 0) add(size(lin.constant));
  return sum;
}

Value Evaluator::materialize(const Idx &i) {
  Value s = scalar(i.lin.without(kLane));
  if (i.dyn && !i.dynLanes) s = arith::AddIOp::create(b, loc, s, i.dyn);
  if (!i.hasLanes()) return s;
  auto type = vectorType(b.getIndexType());
  Value v = vector::BroadcastOp::create(b, loc, type, s);
  if (DimExpr c = i.lin.coefficient(kLane)) {
    Value step = vector::StepOp::create(b, loc, type);
    if (c != 1)
      step = arith::MulIOp::create(b, loc, step, vector::BroadcastOp::create(b, loc, type, size(c)));
    v = arith::AddIOp::create(b, loc, v, step);
  }
  if (i.dynLanes) v = arith::AddIOp::create(b, loc, v, i.dyn);
  return v;
}

Value Evaluator::get(const Val &v) {
  if (!v.lin) return v.value;
  Value s = materialize({*v.lin});
  if (v.type.isIndex()) return s;
  Type t = v.lin->has(kLane) ? Type(vectorType(v.type)) : v.type;
  return arith::IndexCastOp::create(b, loc, t, s);
}

Value Evaluator::vector(const Val &v) {
  Value x = get(v);
  if (isa<VectorType>(x.getType())) return x;
  return vector::BroadcastOp::create(b, loc, vectorType(x.getType()), x);
}

Idx Evaluator::toIdx(const Val &v) {
  if (v.lin) return {*v.lin};
  Value x = v.value;
  return {Lin::ofConstant(dimConstant(ctx, 0)), x, isa<VectorType>(x.getType())};
}

Idx Evaluator::applyMap(AffineExpr e, ArrayRef<Idx> dims) {
  Idx out;
  if (applyLinear(e, dims, out)) return out;
  // Not linear: computed as numbers.
  auto bin = cast<AffineBinaryOpExpr>(e);
  Idx l = applyMap(bin.getLHS(), dims), r = applyMap(bin.getRHS(), dims);
  // What is linear in a sum stays so.
  if (e.getKind() == AffineExprKind::Add && !(l.dyn && r.dyn))
    return {l.lin + r.lin, l.dyn ? l.dyn : r.dyn, l.dynLanes || r.dynLanes};
  Value a = materialize(l), c = materialize(r);
  bool lanes = l.hasLanes() || r.hasLanes();
  if (lanes) a = vector({a}), c = vector({c});
  Value v;
  switch (e.getKind()) {
  case AffineExprKind::Add:
    v = arith::AddIOp::create(b, loc, a, c);
    break;
  case AffineExprKind::Mul:
    v = arith::MulIOp::create(b, loc, a, c);
    break;
  case AffineExprKind::FloorDiv:
    v = arith::FloorDivSIOp::create(b, loc, a, c);
    break;
  case AffineExprKind::CeilDiv:
    v = arith::CeilDivSIOp::create(b, loc, a, c);
    break;
  default: { // the remainder with the divisor's sign; divisors are positive
    Value rem = arith::RemSIOp::create(b, loc, a, c), sum = arith::AddIOp::create(b, loc, rem, c);
    v = arith::RemSIOp::create(b, loc, sum, c);
  }
  }
  return {Lin::ofConstant(dimConstant(ctx, 0)), v, lanes};
}

//===-- Memory ------------------------------------------------------------===//

Value Evaluator::splat(Value v, Type type) {
  return vector::BroadcastOp::create(b, loc, type, v);
}

Val Evaluator::loadAt(Type element, unsigned buffer, const Lin &lin, Value dyn, bool dynLanes) {
  Value flat = memory[buffer];
  DimExpr stride = lin.coefficient(kLane);
  if (!stride && !dynLanes) {
    Value at = materialize({lin, dyn});
    return {memref::LoadOp::create(b, loc, flat, at), false};
  }
  auto type = vectorType(element);
  Value zero = arith::ConstantOp::create(b, loc, type, cast<TypedAttr>(b.getZeroAttr(type)));
  if (!dynLanes && stride == 1) {
    Value at = materialize({lin.without(kLane), dyn});
    if (!mask) return {vector::LoadOp::create(b, loc, type, flat, at), true};
    return {vector::MaskedLoadOp::create(b, loc, type, flat, at, mask, zero), true};
  }
  if (!dyn)
    if (auto value = loadTransposed(element, buffer, lin)) return *value;
  Value offsets = materialize({lin, dyn, dynLanes});
  Value base = arith::ConstantIndexOp::create(b, loc, 0), all = mask;
  if (!all) all = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(b.getI1Type()), true));
  return {vector::GatherOp::create(b, loc, type, flat, base, offsets, all, zero), true};
}

/// A square of as many vectors as each has elements, columns for rows: groups of four within 128 bits, as all
/// instruction sets with shuffles do fast, then pieces of 128 bits.
SmallVector<Value> Evaluator::transpose(SmallVector<Value> vectors) {
  int64_t n = vectors.size();
  constexpr int64_t kPiece = 4;
  auto shuffle = [&](Value x, Value y, llvm::function_ref<int64_t(int64_t)> from) -> Value {
    return vector::ShuffleOp::create(b, loc, x, y, llvm::map_to_vector(llvm::seq<int64_t>(0, n), from));
  };
  // x0 y0 x1 y1 of each piece, or x2 y2 x3 y3; pairs of elements likewise.
  auto interleave = [&](Value x, Value y, int64_t elements, bool high) {
    return shuffle(x, y, [=](int64_t i) {
      int64_t inPiece = i % kPiece, at = i - inPiece + (high ? kPiece / 2 : 0);
      return at + inPiece / (2 * elements) * elements + inPiece % elements + (inPiece / elements % 2 ? n : 0);
    });
  };
  for (int64_t q = 0; q < n; q += kPiece) {
    Value a = vectors[q], c = vectors[q + 1], d = vectors[q + 2], f = vectors[q + 3];
    Value lowAC = interleave(a, c, 1, false), highAC = interleave(a, c, 1, true);
    Value lowDF = interleave(d, f, 1, false), highDF = interleave(d, f, 1, true);
    vectors[q] = interleave(lowAC, lowDF, 2, false), vectors[q + 1] = interleave(lowAC, lowDF, 2, true);
    vectors[q + 2] = interleave(highAC, highDF, 2, false),
                vectors[q + 3] = interleave(highAC, highDF, 2, true);
  }
  // Now piece p of vectors[q + k] is of column 4 p + k. Pieces with even numbers go to one, odd ones to
  // another.
  std::function<SmallVector<Value>(SmallVector<Value>)> gatherPieces = [&](SmallVector<Value> of) {
    if (of.size() == 1) return of;
    SmallVector<Value> halves[2];
    for (size_t i = 0; i < of.size(); i += 2)
      for (int64_t odd : {0, 1})
        halves[odd].push_back(shuffle(of[i], of[i + 1], [=](int64_t e) {
          int64_t piece = e / kPiece, half = n / kPiece / 2;
          return (piece % half * 2 + odd) * kPiece + e % kPiece + (piece >= half ? n : 0);
        }));
    SmallVector<Value> even = gatherPieces(halves[0]), odd = gatherPieces(halves[1]), out;
    for (auto [x, y] : llvm::zip(even, odd))
      out.append({x, y});
    return out;
  };
  SmallVector<Value> columns(n);
  for (int64_t k = 0; k < kPiece; ++k) {
    SmallVector<Value> of;
    for (int64_t q = 0; q < n; q += kPiece)
      of.push_back(vectors[q + k]);
    for (auto [p, column] : llvm::enumerate(gatherPieces(of)))
      columns[p * kPiece + k] = column;
  }
  return columns;
}

/// A load of lanes that are apart, where the rows of the register tile are side by side.
std::optional<Val> Evaluator::loadTransposed(Type element, unsigned buffer, const Lin &lin) {
  DimExpr between = rowVariable ? lin.coefficient(*rowVariable) : DimExpr();
  if (!between || between != 1) return std::nullopt;
  auto constantMask = mask ? mask.getDefiningOp<vector::ConstantMaskOp>() : vector::ConstantMaskOp();
  if (mask && !constantMask) return std::nullopt;
  auto *owner = static_cast<Operation *>(memory[buffer].getAsOpaquePointer());
  Lin first = lin;
  first.constant = dimSimplify(first.constant - row);
  SmallVector<Idx> key{{first}};
  if (auto *known = recall(owner, key)) return (*known)[row];
  // Lanes that do not exist are not read.
  int64_t lanes = constantMask ? constantMask.getMaskDimSizes()[0] : width;
  auto type = vectorType(element);
  Value flat = memory[buffer], none;
  SmallVector<Value> vectors;
  DimExpr stride = lin.coefficient(kLane);
  for (int64_t l = 0; l < width; ++l) {
    if (l < lanes) {
      Lin at = first.without(kLane) + Lin::ofConstant(dimSimplify(stride * l));
      vectors.push_back(vector::LoadOp::create(b, loc, type, flat, scalar(at)));
    } else {
      if (!none) none = arith::ConstantOp::create(b, loc, type, cast<TypedAttr>(b.getZeroAttr(type)));
      vectors.push_back(none);
    }
  }
  SmallVector<Val> rows;
  for (Value v : transpose(vectors))
    rows.push_back({v, true});
  Val value = rows[row];
  remember(owner, key, std::move(rows));
  return value;
}

/// Where an index of one dimension of what is packed is. Where loops stand at whole blocks that is linear,
/// otherwise it is divided at run time. A vector is in one block.
Idx Evaluator::getPlace(const Lin &index, const LayoutDim &dim) {
  if (dim.block == 1) return {index * dimConstant(ctx, dim.outer)};
  Lin place = Lin::ofConstant(dimConstant(ctx, 0)), begin = index.without(kLane);
  if (DimExpr c = index.coefficient(kLane)) place = lane().lin * dimSimplify(c * dim.inner);
  auto constant = dimValue(begin.constant);
  int64_t step = constant ? dim.block : 1;
  for (auto &[v, c] : begin.terms)
    step = std::gcd(step, dimValue(c).value_or(1) * variables[v].second);
  if (constant) {
    // What is less than a step stays in the same block.
    int64_t inside = *constant - llvm::divideFloorSigned(*constant, step) * step;
    begin.constant = dimConstant(ctx, *constant - inside);
    place = place + Lin::ofConstant(dimConstant(ctx, inside * dim.inner));
  }
  if (step == dim.block && dim.outer % dim.block == 0)
    return {place + begin * dimConstant(ctx, dim.outer / dim.block)};
  Value at = scalar(begin), block = arith::ConstantIndexOp::create(b, loc, dim.block);
  auto times = [&](Value v, int64_t stride) -> Value {
    return arith::MulIOp::create(b, loc, v, arith::ConstantIndexOp::create(b, loc, stride));
  };
  Value outer = times(arith::DivUIOp::create(b, loc, at, block), dim.outer);
  Value inner = times(arith::RemUIOp::create(b, loc, at, block), dim.inner);
  return {place, arith::AddIOp::create(b, loc, outer, inner)};
}

Idx Evaluator::getPlace(const MemoryView &view, ArrayRef<Idx> indices) {
  Idx at = constant(0);
  for (auto [i, dim] : llvm::zip_equal(indices, getLayoutDims(view.layout, view.sizes))) {
    Idx part = getPlace(i.lin, dim);
    at.lin = at.lin + part.lin;
    if (at.dyn && part.dyn)
      at.dyn = arith::AddIOp::create(b, loc, at.dyn, part.dyn);
    else if (part.dyn)
      at.dyn = part.dyn;
  }
  return at;
}

Val Evaluator::loadPacked(const MemoryView &view, ArrayRef<Idx> indices) {
  SmallVector<LayoutDim> dims = getLayoutDims(view.layout, view.sizes);
  if (llvm::any_of(indices, [](const Idx &i) { return static_cast<bool>(i.dyn); })) {
    AffineExpr element = getAffineConstantExpr(0, ctx);
    for (auto [d, dim] : llvm::enumerate(dims)) {
      AffineExpr index = getAffineDimExpr(d, ctx);
      element = element + index.floorDiv(dim.block) * dim.outer + index % dim.block * dim.inner;
    }
    Idx at = applyMap(element, indices);
    return loadAt(view.element, view.buffer, at.lin, at.dyn, at.dynLanes);
  }
  Idx at = getPlace(view, indices);
  bool isPadded =
      view.buffer < kernel->getNumOperands() &&
      !llvm::all_of_zip(
          indices, dims, [](const Idx &i, const LayoutDim &dim) { return dim.block == 1 || !i.hasLanes(); });
  // Blocks of a constant are whole: lanes beyond an end that is known are zeros, and need no mask.
  Value keep = mask;
  if (isPadded && mask && mask.getDefiningOp<vector::ConstantMaskOp>()) mask = {};
  Val value = loadAt(view.element, view.buffer, at.lin, at.dyn, false);
  mask = keep;
  return value;
}

Val Evaluator::load(const MemoryView &view, ArrayRef<Idx> indices) {
  if (view.layout) return loadPacked(view, indices);
  Lin lin = Lin::ofConstant(dimConstant(ctx, 0));
  Value dyn;
  bool dynLanes = false;
  for (auto [i, s] : llvm::zip(indices, view.strides)) {
    lin = lin + i.lin * s;
    if (!i.dyn) continue;
    Value part = i.dyn, factor = size(s);
    if (i.dynLanes) factor = splat(factor, i.dyn.getType());
    part = arith::MulIOp::create(b, loc, part, factor);
    if (dyn && dynLanes != i.dynLanes) {
      auto type = vectorType(b.getIndexType());
      if (dynLanes)
        part = splat(part, type);
      else
        dyn = splat(dyn, type);
    }
    dynLanes |= i.dynLanes;
    dyn = dyn ? arith::AddIOp::create(b, loc, dyn, part).getResult() : part;
  }
  return loadAt(view.element, view.buffer, lin, dyn, dynLanes);
}

void Evaluator::store(const MemoryView &view, ArrayRef<Idx> indices, Val value) {
  Idx place = constant(0);
  if (view.layout)
    place = getPlace(view, indices);
  else
    for (auto [i, s] : llvm::zip(indices, view.strides))
      place.lin = place.lin + i.lin * s;
  Value flat = memory[view.buffer];
  DimExpr stride = place.lin.coefficient(kLane);
  if (!stride) {
    memref::StoreOp::create(b, loc, get(value), flat, materialize(place));
    return;
  }
  Value v = vector(value);
  if (stride == 1) {
    Value at = materialize({place.lin.without(kLane), place.dyn});
    if (mask)
      vector::MaskedStoreOp::create(b, loc, flat, at, mask, v);
    else
      vector::StoreOp::create(b, loc, v, flat, at);
    return;
  }
  Value all = mask;
  if (!all) all = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(b.getI1Type()), true));
  vector::ScatterOp::create(b, loc, Type(), flat, ValueRange{arith::ConstantIndexOp::create(b, loc, 0)},
                            materialize(place), all, v);
}

SmallVector<Idx> Evaluator::getIndices(const StoredValue &value, ArrayRef<Idx> dims) {
  SmallVector<Idx> indices;
  for (Lin &at : getLoopIndices(*value.stage, dims))
    indices.push_back({std::move(at)});
  if (!value.view.layout) indices.push_back({Lin::ofVariable(value.origin, ctx)});
  for (auto [i, first] : llvm::zip(indices, value.first))
    i.lin = i.lin + first * dimConstant(ctx, -1);
  return indices;
}

//===-- Memory of values --------------------------------------------------===//

Evaluator::Key Evaluator::keyOf(Operation *op, ArrayRef<Idx> dims) {
  Key key{op};
  bool lanes = false;
  for (const Idx &i : dims) {
    for (auto &[v, c] : i.lin.terms) {
      key.push_back(reinterpret_cast<const void *>(uintptr_t(v)));
      key.push_back(c.getAsOpaquePointer());
    }
    key.push_back(i.lin.constant.getAsOpaquePointer());
    key.push_back(i.dyn.getAsOpaquePointer());
    lanes |= i.hasLanes();
  }
  if (lanes) key.push_back(mask.getAsOpaquePointer());
  return key;
}

void Evaluator::remember(Operation *op, ArrayRef<Idx> dims, SmallVector<Val> values) {
  scopes.back()[keyOf(op, dims)] = std::move(values);
}

const SmallVector<Val> *Evaluator::recall(Operation *op, ArrayRef<Idx> dims) {
  Key key = keyOf(op, dims);
  for (auto &scope : llvm::reverse(scopes))
    if (auto it = scope.find(key); it != scope.end()) return &it->second;
  return nullptr;
}

//===-- Evaluation --------------------------------------------------------===//

SmallVector<Idx> Evaluator::dimsOf(linalg::GenericOp op, unsigned result, ArrayRef<Idx> indices) {
  AffineMap out = op.getIndexingMapsArray()[op.getNumDpsInputs() + result];
  SmallVector<Idx> dims(op.getNumLoops(), constant(0));
  for (auto [e, i] : llvm::zip(out.getResults(), indices))
    if (auto d = dyn_cast<AffineDimExpr>(e)) dims[d.getPosition()] = i;
  return dims;
}

Val Evaluator::evalTensor(Value tensor, ArrayRef<Idx> indices) {
  if (getViewedArgument(tensor)) {
    // Equal loads are one: keyed by the operand's defining op or, for arguments, by the argument itself.
    auto *owner = static_cast<Operation *>(tensor.getAsOpaquePointer());
    if (auto *known = recall(owner, indices)) return known->front();
    Val v = load(getOperandView(kernel, tensor, &layouts), indices);
    remember(owner, indices, {v});
    return v;
  }
  Operation *def = tensor.getDefiningOp();
  if (auto fill = dyn_cast<linalg::FillOp>(def))
    return {b.clone(*fill.value().getDefiningOp())->getResult(0)};
  if (auto pad = dyn_cast<tensor::PadOp>(def)) // the border is in the memory of what is padded
    return evalTensor(pad.getSource(), getInside(pad, indices));
  if (DenseElementsAttr table = getTable(tensor)) return readTable(table, indices);
  auto op = cast<linalg::GenericOp>(def);
  unsigned result = cast<OpResult>(tensor).getResultNumber();
  SmallVector<Idx> dims = dimsOf(op, result, indices);
  if (auto *known = recall(op, dims)) return (*known)[result];
  if (auto it = stored.find(op); it != stored.end()) {
    Val v = load(it->second.view, getIndices(it->second, dims));
    remember(op, dims, {v});
    return v;
  }
  if (op.getNumReductionLoops()) {
    if (!failed) op.emitError("tile stage: a reduction is read at an index where it was not computed");
    failed = true;
    return {arith::ConstantOp::create(b, loc, b.getZeroAttr(getElementTypeOrSelf(tensor.getType())))};
  }
  SmallVector<Val> values = evalBody(op, dims, {});
  Val v = values[result];
  remember(op, dims, std::move(values));
  return v;
}

/// addf(accumulator, mulf(a, b)) with no other use of the product.
static arith::MulFOp fusableProduct(arith::AddFOp add, linalg::GenericOp op) {
  Block *body = op.getBody();
  for (unsigned i : {0u, 1u}) {
    auto acc = dyn_cast<BlockArgument>(add->getOperand(i));
    auto mul = add->getOperand(1 - i).getDefiningOp<arith::MulFOp>();
    if (acc && acc.getOwner() == body && acc.getArgNumber() >= op.getNumDpsInputs() && mul &&
        mul->hasOneUse() && (mul.getType().isF32() || mul.getType().isF64()))
      return mul;
  }
  return {};
}

SmallVector<Val> Evaluator::evalBody(linalg::GenericOp op, ArrayRef<Idx> dims, ArrayRef<Val> accumulators) {
  Block *body = op.getBody();
  DenseMap<Value, Val> values;
  std::function<Val(Value)> operand = [&](Value v) -> Val {
    if (auto it = values.find(v); it != values.end()) return it->second;
    Val r;
    auto arg = dyn_cast<BlockArgument>(v);
    if (arg && arg.getOwner() == body) {
      unsigned n = arg.getArgNumber();
      if (n >= op.getNumDpsInputs()) {
        r = accumulators[n - op.getNumDpsInputs()];
      } else {
        OpOperand *input = op.getDpsInputOperand(n);
        SmallVector<Idx> indices;
        for (AffineExpr e : op.getMatchingIndexingMap(input).getResults())
          indices.push_back(applyMap(e, dims));
        r = evalTensor(input->get(), indices);
      }
    } else if (Operation *def = v.getDefiningOp()) {
      if (def->getBlock() == body) {
        r = evalOp(def, operand, dims);
        if (!r.value && !r.lin) return r;
      } else if (auto dim = dyn_cast<DimOp>(def)) {
        r = {{}, false, Lin::ofConstant(dim.getExpr().getDims().front()), v.getType()};
      } else if (auto c = getConstantIntValue(v); c && v.getType().isIndex()) {
        r = {{}, false, Lin::ofConstant(dimConstant(ctx, *c)), v.getType()};
      } else {
        r = {b.clone(*def)->getResult(0)};
      }
    }
    values[v] = r;
    return r;
  };
  SmallVector<Val> results;
  for (Value v : getYielded(op)) {
    if (auto add = v.getDefiningOp<arith::AddFOp>(); add && fma)
      if (auto mul = fusableProduct(add, op)) {
        Val x = operand(mul.getLhs()), y = operand(mul.getRhs());
        Val acc = operand(add.getLhs() == mul.getResult() ? add.getRhs() : add.getLhs());
        results.push_back(multiplyAdd(mul, add, x, y, acc));
        continue;
      }
    results.push_back(operand(v));
  }
  return results;
}

Val Evaluator::evalOp(Operation *op, llvm::function_ref<Val(Value)> operand, ArrayRef<Idx> dims) {
  Type type = op->getResult(0).getType();
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    const Idx &i = dims[index.getDim()];
    if (i.dyn) return {materialize(i), i.hasLanes()};
    return {{}, i.lin.has(kLane), i.lin, type};
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<Idx> indices;
    for (Value v : extract.getIndices())
      indices.push_back(toIdx(operand(v)));
    return evalTensor(extract.getTensor(), indices);
  }
  if (auto dim = dyn_cast<DimOp>(op))
    return {{}, false, Lin::ofConstant(dim.getExpr().getDims().front()), type};
  if (auto c = dyn_cast<arith::ConstantOp>(op)) {
    if (auto i = dyn_cast<IntegerAttr>(c.getValue()); i && type.isIndex())
      return {{}, false, Lin::ofConstant(dimConstant(ctx, i.getInt())), type};
    return {b.clone(*op)->getResult(0)};
  }
  SmallVector<Val> operands;
  for (Value v : op->getOperands())
    operands.push_back(operand(v));

  // Index arithmetic that stays linear.
  if (type.isIndex() || type.isInteger(64)) {
    auto linear = [](const Val &v) { return v.lin.has_value(); };
    std::optional<Lin> lin;
    if (isa<arith::IndexCastOp>(op) && linear(operands[0]) && !op->getOperand(0).getType().isInteger(32)) {
      lin = operands[0].lin;
    } else if (isa<arith::AddIOp>(op) && llvm::all_of(operands, linear)) {
      lin = *operands[0].lin + *operands[1].lin;
    } else if (isa<arith::SubIOp>(op) && llvm::all_of(operands, linear)) {
      lin = *operands[0].lin + *operands[1].lin * dimConstant(ctx, -1);
    } else if (isa<arith::MulIOp>(op) && llvm::all_of(operands, linear)) {
      if (operands[1].lin->isConstant()) lin = *operands[0].lin * operands[1].lin->constant;
      if (!lin && operands[0].lin->isConstant()) lin = *operands[1].lin * operands[0].lin->constant;
    }
    if (lin) return {{}, lin->has(kLane), lin, type};
  }

  if (auto folded = foldNumbers(op, operands)) return *folded;
  bool lanes = llvm::any_of(operands, [](const Val &v) { return v.lanes; });
  IRMapping mapping;
  for (auto [v, x] : llvm::zip(op->getOperands(), operands))
    mapping.map(v, lanes ? vector(x) : get(x));
  Operation *clone = b.clone(*op, mapping);
  // Flags have served by now. Of what is not as they say, LLVM could make anything.
  if (auto math = dyn_cast<arith::ArithFastMathInterface>(clone))
    clone->setAttr(math.getFastMathAttrName(),
                   arith::FastMathFlagsAttr::get(ctx, arith::FastMathFlags::none));
  if (lanes)
    for (OpResult r : clone->getResults())
      r.setType(vectorType(r.getType()));
  return {clone->getResult(cast<OpResult>(op->getResult(0)).getResultNumber()), lanes};
}

} // namespace girih
