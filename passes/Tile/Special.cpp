#include "passes/Tile/Special.h"
#include "passes/Tile/SpecialLoops.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

//===-- What emitters share -----------------------------------------------===//

Value SpecialLoops::buffer(Value tensor) {
  if (auto argument = dyn_cast<BlockArgument>(tensor)) return fn.getInputs()[argument.getArgNumber()];
  for (OpOperand &use : tensor.getUses())
    if (isa<YieldOp>(use.getOwner())) return fn.getResults()[use.getOperandNumber()];
  llvm_unreachable("checked by emitSpecial");
}

Value SpecialLoops::index(int64_t n) {
  return arith::ConstantIndexOp::create(b, n);
}

Coordinates SpecialLoops::beginTasks(ArrayRef<DimExpr> dims, DimExpr *tasks) {
  *tasks = dimProduct(b.getContext(), dims);
  SmallVector<Value> sizes = llvm::map_to_vector(dims, [&](DimExpr d) { return size(d); });
  auto forall = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{OpFoldResult(size(*tasks))}, ValueRange(),
                                      std::nullopt);
  b.setInsertionPointToStart(forall.getBody());
  Coordinates at(dims.size());
  Value rest = forall.getInductionVar(0);
  for (size_t i = dims.size(); i-- > 0;) {
    at[i] = i == 0 ? rest : Value(arith::RemUIOp::create(b, rest, sizes[i]));
    if (i > 0) rest = arith::DivUIOp::create(b, rest, sizes[i]);
  }
  return at;
}

void SpecialLoops::nest(ValueRange sizes, function_ref<void(ValueRange)> body) {
  SmallVector<Value> zeros(sizes.size(), index(0)), ones(sizes.size(), index(1));
  OpBuilder::InsertionGuard guard(b);
  scf::buildLoopNest(b, b.getLoc(), zeros, sizes, ones, [&](OpBuilder &inner, Location, ValueRange ivs) {
    b.restoreInsertionPoint(inner.saveInsertionPoint());
    body(ivs);
  });
}

Value SpecialLoops::load(Value buffer, ValueRange at) {
  return memref::LoadOp::create(b, buffer, at);
}
void SpecialLoops::store(Value value, Value buffer, ValueRange at) {
  memref::StoreOp::create(b, value, buffer, at);
}

static bool isFloat(Value v) {
  return isa<FloatType>(v.getType());
}

/// bf16 and f16 are computed in f32; few machines have instructions for them.
static Value widened(ImplicitLocOpBuilder &b, Value v) {
  if (!v.getType().isBF16() && !v.getType().isF16()) return v;
  return arith::ExtFOp::create(b, b.getF32Type(), v);
}

template <typename FloatOp, typename IntOp>
static Value arithmetic(ImplicitLocOpBuilder &b, Value x, Value y) {
  if (!isFloat(x)) return IntOp::create(b, x, y);
  Value result = FloatOp::create(b, widened(b, x), widened(b, y));
  return result.getType() == x.getType() ? result : Value(arith::TruncFOp::create(b, x.getType(), result));
}

Value SpecialLoops::add(Value x, Value y) {
  return arithmetic<arith::AddFOp, arith::AddIOp>(b, x, y);
}
Value SpecialLoops::mul(Value x, Value y) {
  return arithmetic<arith::MulFOp, arith::MulIOp>(b, x, y);
}
Value SpecialLoops::min(Value x, Value y) {
  return isUnsigned ? arithmetic<arith::MinimumFOp, arith::MinUIOp>(b, x, y)
                    : arithmetic<arith::MinimumFOp, arith::MinSIOp>(b, x, y);
}
Value SpecialLoops::max(Value x, Value y) {
  return isUnsigned ? arithmetic<arith::MaximumFOp, arith::MaxUIOp>(b, x, y)
                    : arithmetic<arith::MaximumFOp, arith::MaxSIOp>(b, x, y);
}

Value SpecialLoops::scatter(ScatterFn fn, Value old, Value update) {
  switch (fn) {
  case ScatterFn::none:
    return update;
  case ScatterFn::add:
    return add(old, update);
  case ScatterFn::mul:
    return mul(old, update);
  case ScatterFn::min:
    return min(old, update);
  case ScatterFn::max:
    return max(old, update);
  }
  llvm_unreachable("all functions of scatters");
}

Value SpecialLoops::isGreater(Value x, Value y) {
  if (!isFloat(x))
    return arith::CmpIOp::create(b, isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, y);
  x = widened(b, x), y = widened(b, y);
  Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y);
  Value xIsNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  Value yIsNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, y, y);
  return arith::OrIOp::create(b, greater, arith::AndIOp::create(b, xIsNaN, yIsNumber));
}

Value SpecialLoops::isEqual(Value x, Value y) {
  if (!isFloat(x)) return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
  x = widened(b, x), y = widened(b, y);
  Value equal = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
  Value xIsNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  Value yIsNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, y, y);
  return arith::OrIOp::create(b, equal, arith::AndIOp::create(b, xIsNaN, yIsNaN));
}

Value SpecialLoops::wrapIndex(Value i, Value n) {
  i = arith::IndexCastOp::create(b, b.getIndexType(), i);
  Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, i, index(0));
  i = arith::SelectOp::create(b, isNegative, arith::AddIOp::create(b, i, n), i);
  Value last = arith::SubIOp::create(b, n, index(1));
  return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, i, last), index(0));
}

//===-- Scatter -----------------------------------------------------------===//

namespace {

/// Where scatters write: `data` is copied to `result`, then updated in order.
struct Scatter {
  SpecialLoops &l;
  Value data, result;
  ScatterFn fn;

  /// Copies what lies at the coordinates `at` of the first dimensions.
  void copy(ArrayRef<Value> at, ArrayRef<Value> restSizes) const {
    l.nest(restSizes, [&](ValueRange rest) {
      Coordinates all(at);
      llvm::append_range(all, rest);
      l.store(l.load(data, all), result, all);
    });
  }

  void update(ValueRange at, Value value) const {
    if (fn != ScatterFn::none) value = l.scatter(fn, l.load(result, at), value);
    l.store(value, result, at);
  }
};

/// `condition ? n : 0`.
Value sizeIf(SpecialLoops &l, Value condition, Value n) {
  return arith::SelectOp::create(l.b, condition, n, l.index(0));
}

/// Updates stay at their coordinates in all dimensions but the axis: the dimensions before it are independent
/// tasks.
void emitScatterElements(SpecialLoops &l, ScatterElementsOp op, DimExpr *tasks) {
  int64_t axis = op.getAxis();
  SmallVector<DimExpr> dims = getDims(op.getData()), updateDims = getDims(op.getIndices());
  Value indices = l.buffer(op.getIndices()), updates = l.buffer(op.getUpdates());
  Scatter scatter{l, l.buffer(op.getData()), l.buffer(op.getResult()), op.getFn()};
  Coordinates outer = l.beginTasks(ArrayRef(dims).take_front(axis), tasks);

  SmallVector<Value> sizes, updateSizes;
  for (size_t i = axis; i < dims.size(); ++i) {
    sizes.push_back(l.size(dims[i]));
    updateSizes.push_back(int64_t(i) == axis ? l.size(updateDims[i]) : l.commonSize(updateDims[i], dims[i]));
  }
  scatter.copy(outer, sizes);

  // No update where the indices are smaller than the data, or where there is nothing to write to.
  Value any = arith::CmpIOp::create(l.b, arith::CmpIPredicate::sgt, sizes[0], l.index(0));
  for (int64_t i = 0; i < axis; ++i)
    if (dims[i] != updateDims[i])
      any = arith::AndIOp::create(
          l.b, any, arith::CmpIOp::create(l.b, arith::CmpIPredicate::slt, outer[i], l.size(updateDims[i])));
  Value axisSize = sizes[0];
  updateSizes[0] = sizeIf(l, any, updateSizes[0]);
  l.nest(updateSizes, [&](ValueRange rest) {
    Coordinates at(outer);
    llvm::append_range(at, rest);
    Value value = l.load(updates, at);
    Value target = l.wrapIndex(l.load(indices, at), axisSize);
    at[axis] = target;
    scatter.update(at, value);
  });
}

/// Any update may meet any other: one task.
void emitScatterND(SpecialLoops &l, ScatterNDOp op, DimExpr *tasks) {
  SmallVector<DimExpr> dims = getDims(op.getData()), indexDims = getDims(op.getIndices()),
                       updateDims = getDims(op.getUpdates());
  int64_t length = *dimValue(indexDims.back()), batch = int64_t(indexDims.size()) - 1;
  Value indices = l.buffer(op.getIndices()), updates = l.buffer(op.getUpdates());
  Scatter scatter{l, l.buffer(op.getData()), l.buffer(op.getResult()), op.getFn()};
  l.beginTasks({}, tasks);

  SmallVector<Value> sizes = llvm::map_to_vector(dims, [&](DimExpr d) { return l.size(d); });
  scatter.copy({}, sizes);

  SmallVector<Value> tuples, slice;
  for (int64_t i = 0; i < batch; ++i)
    tuples.push_back(l.commonSize(indexDims[i], updateDims[i]));
  for (size_t i = length; i < dims.size(); ++i)
    slice.push_back(l.commonSize(dims[i], updateDims[batch + i - length]));
  // An indexed dimension of no elements has no place to write to.
  Value any = arith::ConstantIntOp::create(l.b, 1, 1);
  for (int64_t i = 0; i < length; ++i)
    any = arith::AndIOp::create(l.b, any,
                                arith::CmpIOp::create(l.b, arith::CmpIPredicate::sgt, sizes[i], l.index(0)));
  tuples.push_back(sizeIf(l, any, l.index(1)));
  l.nest(tuples, [&](ValueRange ivs) {
    Coordinates tuple(ivs.drop_back()), target;
    for (int64_t i = 0; i < length; ++i) {
      tuple.push_back(l.index(i));
      target.push_back(l.wrapIndex(l.load(indices, tuple), sizes[i]));
      tuple.pop_back();
    }
    l.nest(slice, [&](ValueRange rest) {
      Coordinates from(tuple), to(target);
      llvm::append_range(from, rest);
      llvm::append_range(to, rest);
      scatter.update(to, l.load(updates, from));
    });
  });
}

//===-- CumSum ------------------------------------------------------------===//

/// The sums (or products) along one axis.
struct Scan {
  SpecialLoops &l;
  CumSumOp op;
  Value n;

  Value join(Value x, Value y) { return op.getProduct() ? l.mul(x, y) : l.add(x, y); }
  Value getNeutral() {
    Type element = op.getType().getElementType();
    TypedAttr start = !op.getProduct()          ? l.b.getZeroAttr(element)
                      : isa<FloatType>(element) ? TypedAttr(l.b.getFloatAttr(element, 1))
                                                : TypedAttr(l.b.getIntegerAttr(element, 1));
    return arith::ConstantOp::create(l.b, start);
  }
  /// Where the result's step is along the axis.
  Value getPosition(Value step) {
    if (!op.getReverse()) return step;
    return arith::SubIOp::create(l.b, arith::SubIOp::create(l.b, n, l.index(1)), step);
  }
};

/// One task for each index before the axis. The sums of the last step are read back from the result, so that
/// the inner loop runs along memory; along the last dimension they stay in a register.
void emitCumSum(SpecialLoops &l, CumSumOp op, DimExpr *tasks) {
  ImplicitLocOpBuilder &b = l.b;
  SmallVector<DimExpr> dims = getDims(op.getOperand());
  int64_t axis = op.getAxis();
  Value x = l.buffer(op.getOperand()), result = l.buffer(op.getResult());
  Coordinates outer = l.beginTasks(ArrayRef(dims).take_front(axis), tasks);
  Scan scan{l, op, l.size(dims[axis])};
  if (axis + 1 == int64_t(dims.size())) {
    outer.push_back(Value());
    return emitLine(l, op, outer, scan.n);
  }
  Value neutral = scan.getNeutral(), one = l.index(1);
  auto at = [&](Value step, ValueRange rest) {
    Coordinates all(outer);
    all.push_back(scan.getPosition(step));
    llvm::append_range(all, rest);
    return all;
  };
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, l.index(0), scan.n, one);
  b.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, step, l.index(0));
  Value previous = arith::SelectOp::create(b, isFirst, step, arith::SubIOp::create(b, step, one));
  SmallVector<Value> inner;
  for (size_t i = axis + 1; i < dims.size(); ++i)
    inner.push_back(l.size(dims[i]));
  l.nest(inner, [&](ValueRange rest) {
    Coordinates here = at(step, rest), there = at(previous, rest);
    Value before = l.load(result, there);
    if (op.getExclusive()) {
      Value sum = scan.join(before, l.load(x, there));
      l.store(arith::SelectOp::create(b, isFirst, neutral, sum), result, here);
    } else {
      Value sum = scan.join(arith::SelectOp::create(b, isFirst, neutral, before), l.load(x, here));
      l.store(sum, result, here);
    }
  });
}

} // namespace

void emitLine(SpecialLoops &l, CumSumOp op, Coordinates at, Value n) {
  ImplicitLocOpBuilder &b = l.b;
  Scan scan{l, op, n};
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, l.index(0), n, l.index(1), scan.getNeutral());
  b.setInsertionPointToStart(loop.getBody());
  at[op.getAxis()] = scan.getPosition(loop.getInductionVar());
  Value before = loop.getRegionIterArg(0);
  Value sum = scan.join(before, l.load(l.buffer(op.getOperand()), at));
  l.store(op.getExclusive() ? before : sum, l.buffer(op.getResult()), at);
  scf::YieldOp::create(b, sum);
}

LogicalResult emitSpecial(OpBuilder &b, KernelOp kernel, Operation *op, KernelFunction &fn, DimExpr *tasks) {
  bool isAlone = llvm::all_of(op->getOperands(), [](Value v) { return isa<BlockArgument>(v); }) &&
                 llvm::equal(kernel.getBody().front().getTerminator()->getOperands(), op->getResults());
  if (!isAlone) return op->emitOpError("must be alone in its kernel, on the kernel's operands");
  OpBuilder::InsertionGuard guard(b);
  SpecialLoops loops(b, op, fn);
  auto by = [&](auto emitter) {
    return [&, emitter](auto o) {
      emitter(loops, o, tasks);
      return success();
    };
  };
  if (kByElement.get(op))
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<ScatterElementsOp>(by(emitScatterElementsByElement))
        .Case<ScatterNDOp>(by(emitScatterNDByElement))
        .Case<CumSumOp>(by(emitCumSumByLine))
        .Case<TopKOp>(by(emitTopKByElement))
        .Default([](Operation *o) { return o->emitOpError("has no emitter by element"); });
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ScatterElementsOp>(by(emitScatterElements))
      .Case<ScatterNDOp>(by(emitScatterND))
      .Case<CumSumOp>(by(emitCumSum))
      .Case<TopKOp>(by(emitTopK))
      .Default([](Operation *o) { return o->emitOpError("has no emitter"); });
}

} // namespace girih
