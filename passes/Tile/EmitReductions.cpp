// A register tile of reductions: accumulators in registers, over the reduction's loops.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Tile/EmitterState.h"

using namespace mlir;
using namespace girih;

/// Indices of the reduction's generic where the last one is at `dims`; reduced ones stand at 0. Its value is
/// remembered under them.
SmallVector<Idx> Emitter::keyOf(const Reduction &r, ArrayRef<Idx> dims) {
  SmallVector<Idx> key;
  for (auto [i, kind] :
       llvm::zip_equal(r.indices, const_cast<linalg::GenericOp &>(r.op).getIteratorTypesArray()))
    key.push_back(kind == utils::IteratorType::reduction ? e.constant(0) : Idx{substitute(i.lin, dims)});
  return key;
}

Lin Emitter::substitute(const Lin &lin, ArrayRef<Idx> dims) {
  Lin out = Lin::ofConstant(lin.constant);
  for (auto &[v, c] : lin.terms)
    if (v >= 1 && v <= dims.size()) out = out + dims[v - 1].lin * c;
  return out;
}

void Emitter::reduce(const Reduction &r, StageAttr stage, ArrayRef<std::pair<SmallVector<Idx>, Value>> at) {
  auto op = r.op;
  current = &r;
  points.clear(), pointMasks.clear();
  for (auto &[dims, mask] : at) {
    SmallVector<Idx> point = keyOf(r, dims);
    bool pointLanes = llvm::any_of(point, [](const Idx &i) { return i.hasLanes(); });
    // Positions that differ only in what the reduction does not depend on share its value.
    bool known = llvm::any_of(llvm::zip(points, pointMasks), [&](auto p) {
      return std::get<0>(p) == point && (!pointLanes || std::get<1>(p) == mask);
    });
    if (known) continue;
    points.push_back(std::move(point));
    pointMasks.push_back(pointLanes ? mask : Value());
  }

  LoopRole role = stage.getNest().empty() ? LoopRole::each : stage.getNest().back().getRole();
  laneReduction = role == LoopRole::lanes || role == LoopRole::threads;

  SmallVector<Value> accumulators;
  for (size_t p = 0; p < points.size(); ++p)
    for (Value out : op.getOutputs()) {
      Val init = e.evalTensor(out, {});
      bool pointLanes = laneReduction || llvm::any_of(points[p], [](const Idx &i) { return i.hasLanes(); });
      accumulators.push_back(pointLanes ? e.vector(init) : e.get(init));
    }
  auto keys = points; // before the reduction's loops set its indices
  if (!blocks.empty()) accumulators = takeUp(std::move(accumulators));
  accumulators = reduceLoops(stage.getNest(), std::move(accumulators));
  unsigned outs = op.getNumDpsInits();
  for (size_t p = 0; p < keys.size(); ++p) {
    SmallVector<Value> state(ArrayRef(accumulators).slice(p * outs, outs));
    if (role == LoopRole::threads) state = combineThreads(std::move(state));
    if (laneReduction) state = combineLanes(std::move(state));
    SmallVector<Val> values;
    for (Value v : state)
      values.push_back({v, isa<VectorType>(v.getType())});
    e.mask = pointMasks[p];
    e.remember(op, keys[p], std::move(values));
    e.mask = {};
  }
}

/// The sums that the blocks before this one have left where the value goes; in the first one, what sums begin
/// with.
SmallVector<Value> Emitter::takeUp(SmallVector<Value> neutral) {
  Value isFirst;
  for (const Range &block : blocks) {
    if (block.low.lin.isConstant()) continue; // one block
    Value begins =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, e.materialize(block.low), constant(0));
    isFirst = isFirst ? arith::AndIOp::create(b, loc, isFirst, begins).getResult() : begins;
  }
  if (!isFirst) return neutral;
  auto choice = scf::IfOp::create(b, loc, ValueRange(neutral).getTypes(), isFirst, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, loc, neutral);
  b.setInsertionPointToStart(choice.elseBlock());
  Evaluator::Scope scope(e);
  SmallVector<Value> sums;
  for (auto &&[point, mask, value] : llvm::zip_equal(points, pointMasks, neutral)) {
    auto [view, indices, n] = destinations(point).front();
    e.mask = mask;
    Val sum = e.load(view, indices);
    sums.push_back(isa<VectorType>(value.getType()) ? e.vector(sum) : e.get(sum));
    e.mask = {};
  }
  scf::YieldOp::create(b, loc, sums);
  return choice.getResults();
}

SmallVector<Value> Emitter::reduceLoops(ArrayRef<LoopAttr> nest, SmallVector<Value> accumulators) {
  if (nest.empty()) return reduceStep(accumulators);
  if (nest.front().getRole() == LoopRole::lanes) return reduceLanes(nest.front(), std::move(accumulators));
  if (nest.front().getRole() == LoopRole::threads)
    return reduceThreads(nest.front(), std::move(accumulators));
  const LoopDim &dim = current->loops[nest.front().getDim()];
  Range range = blocks.empty() ? Range{e.constant(0), dim.extent, {}, {}} : blocks[nest.front().getDim()];
  auto setIndex = [&](Idx i, int64_t offset) {
    i.lin.constant = i.lin.constant + offset;
    for (auto &p : points)
      p[dim.dims.back()] = i;
  };
  auto extent = count(range);
  int64_t unroll = nest.front().getSize();
  if (extent && *extent <= unroll) {
    for (int64_t i = 0; i < *extent; ++i) {
      setIndex(range.low, i);
      accumulators = reduceLoops(nest.drop_front(), std::move(accumulators));
    }
    return accumulators;
  }
  auto loopOver = [&](Value from, Value to, int64_t step) {
    auto op = scf::ForOp::create(b, loc, from, to, constant(step), accumulators);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    Evaluator::Scope scope(e);
    SmallVector<Value> inner(op.getRegionIterArgs().begin(), op.getRegionIterArgs().end());
    Idx i = e.variable(op.getInductionVar(), step);
    for (int64_t u = 0; u < step; ++u) {
      setIndex(i, u);
      inner = reduceLoops(nest.drop_front(), std::move(inner));
    }
    scf::YieldOp::create(b, loc, inner);
    accumulators.assign(op.getResults().begin(), op.getResults().end());
  };
  Value from = e.materialize(range.low), to = upper(range);
  if (extent) {
    int64_t whole = *extent / unroll * unroll;
    Range steps{range.low, dimConstant(ctx, whole), {}, {}};
    loopOver(from, upper(steps), unroll);
    for (int64_t i = whole; i < *extent; ++i) {
      setIndex(range.low, i);
      accumulators = reduceLoops(nest.drop_front(), std::move(accumulators));
    }
    return accumulators;
  }
  if (unroll == 1) {
    loopOver(from, to, 1);
    return accumulators;
  }
  bool isAtStart = range.low == e.constant(0);
  Value length = isAtStart ? to : arith::SubIOp::create(b, loc, to, from).getResult();
  Value end = arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, length, constant(unroll)),
                                    constant(unroll));
  if (!isAtStart) end = arith::AddIOp::create(b, loc, from, end);
  loopOver(from, end, unroll);
  loopOver(end, to, 1);
  return accumulators;
}

/// Two partial states of the reduction, vectors of them, as its body combines them: in a region of
/// girih.combine, or by its last operation.
SmallVector<Value> Emitter::combine(ValueRange x, ValueRange y) {
  auto op = current->op;
  IRMapping mapping;
  auto shape = cast<VectorType>(x[0].getType()).getShape();
  auto clone = [&](Operation &inner) {
    Operation *copy = b.clone(inner, mapping);
    for (OpResult r : copy->getResults())
      r.setType(VectorType::get(shape, r.getType()));
    return copy;
  };
  CombineOp combine = getCombine(op);
  if (!combine) {
    Operation *last = getYielded(op)[0].getDefiningOp();
    mapping.map(last->getOperands(), ValueRange{x[0], y[0]});
    return clone(*last)->getResults();
  }
  Block &body = combine.getBody().front();
  mapping.map(body.getArguments().take_front(x.size()), x);
  mapping.map(body.getArguments().drop_front(x.size()), y);
  for (Operation &inner : body.without_terminator()) {
    if (!inner.hasTrait<OpTrait::ConstantLike>()) {
      clone(inner);
      continue;
    }
    Value value = b.clone(inner)->getResult(0);
    auto type = VectorType::get(shape, value.getType());
    mapping.map(inner.getResult(0), vector::BroadcastOp::create(b, loc, type, value).getResult());
  }
  return llvm::map_to_vector(body.getTerminator()->getOperands(), [&](Value v) { return mapping.lookup(v); });
}

/// All lanes of a state combined, half by half: the order is fixed, whatever the target does.
SmallVector<Value> Emitter::combineLanes(SmallVector<Value> state) {
  for (int64_t n = schedule.getWidth() / 2; n >= 1; n /= 2) {
    auto half = [&](int64_t from) {
      return llvm::map_to_vector(state, [&](Value v) -> Value {
        return vector::ExtractStridedSliceOp::create(b, loc, v, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{n},
                                                     ArrayRef<int64_t>{1});
      });
    };
    SmallVector<Value> low = half(0), high = half(n);
    state = combine(low, high);
  }
  return llvm::map_to_vector(
      state, [&](Value v) -> Value { return vector::ExtractOp::create(b, loc, v, int64_t(0)); });
}

/// One iteration of the reduction at every position.
SmallVector<Value> Emitter::reduceStep(ArrayRef<Value> accumulators) {
  auto op = current->op;
  unsigned outs = op.getNumDpsInits();
  SmallVector<Value> next;
  for (size_t p = 0; p < points.size(); ++p) {
    e.mask = pointMasks[p];
    SmallVector<Val> in;
    for (unsigned o = 0; o < outs; ++o) {
      Value v = accumulators[p * outs + o];
      in.push_back({v, isa<VectorType>(v.getType())});
    }
    SmallVector<Val> out = e.evalBody(op, points[p], in);
    for (unsigned o = 0; o < outs; ++o)
      next.push_back(in[o].lanes ? e.vector(out[o]) : e.get(out[o]));
    e.mask = {};
  }
  return next;
}

/// Several partial results of each accumulator, one chain after the other. Every chain begins at the neutral
/// value, so the first may carry outer results.
SmallVector<Value> Emitter::beginChains(ArrayRef<Value> accumulators, int64_t chains) {
  auto op = current->op;
  size_t n = accumulators.size(), outs = op.getNumDpsInits();
  SmallVector<Value> neutral, all;
  for (size_t p = 0; p < n; ++p)
    neutral.push_back(e.vector(e.evalTensor(op.getOutputs()[p % outs], {})));
  for (int64_t c = 0; c < chains; ++c)
    llvm::append_range(all, c == 0 ? accumulators : ArrayRef<Value>(neutral));
  return all;
}

/// The results of all chains, which have `n` accumulators each, as one.
SmallVector<Value> Emitter::combineChains(ArrayRef<Value> all, size_t n) {
  auto op = current->op;
  size_t outs = op.getNumDpsInits();
  SmallVector<Value> out(all.take_front(n));
  for (all = all.drop_front(n); !all.empty(); all = all.drop_front(n))
    for (size_t p = 0; p < n; p += outs)
      llvm::copy(combine(ArrayRef(out).slice(p, outs), all.slice(p, outs)), out.begin() + p);
  return out;
}

/// The last reduction loop with lanes along it: several vectors of partial results, which are combined at the
/// end.
SmallVector<Value> Emitter::reduceLanes(LoopAttr laneLoop, SmallVector<Value> accumulators) {
  const LoopDim &dim = current->loops[laneLoop.getDim()];
  int64_t width = schedule.getWidth(), chains = laneLoop.getSize() / width;
  auto extent = dimValue(dim.extent);
  auto at = [&](const Idx &i, int64_t offset) {
    Idx lane = i;
    lane.lin.constant = lane.lin.constant + offset;
    lane.lin = lane.lin + e.lane().lin;
    for (auto &p : points)
      p[dim.dims.back()] = lane;
  };
  size_t n = accumulators.size();
  SmallVector<Value> all = beginChains(accumulators, chains);
  auto loopOver = [&](Value from, Value to, int64_t c) {
    auto loop = scf::ForOp::create(b, loc, from, to, constant(c * width), all);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Evaluator::Scope scope(e);
    SmallVector<Value> inner(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    Idx i = e.variable(loop.getInductionVar(), c * width);
    for (int64_t k = 0; k < c; ++k) {
      at(i, k * width);
      auto next = reduceStep(ArrayRef(inner).slice(k * n, n));
      llvm::copy(next, inner.begin() + k * n);
    }
    scf::YieldOp::create(b, loc, inner);
    all.assign(loop.getResults().begin(), loop.getResults().end());
  };
  // What is beyond the end must not count: those lanes keep their partial result.
  auto masked = [&](const Idx &i, Value mask) {
    Evaluator::Scope scope(e);
    at(i, 0);
    for (Value &m : pointMasks)
      m = mask;
    auto old = SmallVector<Value>(ArrayRef(all).take_front(n));
    auto next = reduceStep(old);
    for (size_t p = 0; p < n; ++p)
      all[p] = arith::SelectOp::create(b, loc, mask, next[p], old[p]);
    for (Value &m : pointMasks)
      m = {};
  };
  Value to = e.size(dim.extent);
  auto maskType = e.vectorType(b.getI1Type());
  if (extent) {
    int64_t wide = *extent / (chains * width) * chains * width, whole = *extent / width * width;
    if (wide) loopOver(constant(0), constant(wide), chains);
    if (whole > wide) loopOver(constant(wide), constant(whole), 1);
    if (*extent > whole)
      masked(e.constant(whole),
             vector::ConstantMaskOp::create(b, loc, maskType, b.getDenseI64ArrayAttr({*extent - whole})));
  } else {
    auto floorTo = [&](int64_t s) -> Value {
      return arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, to, constant(s)), constant(s));
    };
    Value wide = floorTo(chains * width), whole = floorTo(width);
    loopOver(constant(0), wide, chains);
    loopOver(wide, whole, 1);
    if (width > 1) {
      Value left = arith::SubIOp::create(b, loc, to, whole);
      masked(e.variable(whole, width), vector::CreateMaskOp::create(b, loc, maskType, left));
    }
  }
  return combineChains(all, n);
}
