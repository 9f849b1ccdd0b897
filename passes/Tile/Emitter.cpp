#include "passes/Tile/Emitter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Tile/EmitMma.h"
#include "passes/Tile/EmitterState.h"

using namespace mlir;

namespace girih {

//===-- Loops -------------------------------------------------------------===//

Value Emitter::loop(Value from, Value to, int64_t step, llvm::function_ref<void(Value)> body) {
  auto op = scf::ForOp::create(b, loc, from, to, constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  Evaluator::Scope scope(e);
  body(op.getInductionVar());
  return {};
}

void Emitter::ifTrue(Value condition, llvm::function_ref<void()> body) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  Evaluator::Scope scope(e);
  body();
}

void Emitter::ifBelow(Value a, Value limit, llvm::function_ref<void()> body) {
  ifTrue(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, limit), body);
}

void Emitter::loops(ArrayRef<LoopAttr> nest, Leaf leaf) {
  if (nest.empty()) return leaf();
  LoopAttr l = nest.front();
  unsigned dim = l.getDim();
  auto next = [&] {
    computeStages(nest.begin() + 1 - schedule.getNest().begin());
    loops(nest.drop_front(), leaf);
  };
  if (l.getRole() == LoopRole::threads) {
    bool isLast = llvm::none_of(nest.drop_front(), [&](LoopAttr inner) { return inner.getDim() == dim; });
    return isLast ? threadLoop(l, next) : threadPieces(l, next);
  }
  if (l.getRole() == LoopRole::lanes) return vectorLoops(dim, next);
  if (l.getRole() == LoopRole::rows) return rowLoops(dim, next);
  if (l.getReduced())
    return pieces(blocks[dim], domain.reductions[0].loops[dim].extent, l.getSize(), l.getSize(), next);
  if (l.getSize() != 1)
    return pieces(ranges[dim], domain.dims[dim].extent, l.getSize(), schedule.getTile(dim), next);
  if (count(ranges[dim]) == 1) {
    index[dim] = ranges[dim].low;
    ranges[dim].from = {};
    return next();
  }
  // A task's range may begin anywhere; the loop variable is the index itself.
  Range outer = ranges[dim];
  Value from = e.materialize(outer.low);
  loop(from, upper(outer), 1, [&](Value i) {
    index[dim] = e.variable(i);
    ranges[dim] = {index[dim], dimConstant(ctx, 1), {}, from};
    next();
  });
  ranges[dim] = outer;
}

/// The current range of a dimension in pieces of `size`, which inner loops divide further, down to `tile`.
void Emitter::pieces(Range &range, DimExpr extent, int64_t size, int64_t tile, Leaf leaf) {
  Range outer = range;
  if (auto n = count(range); n && *n <= size) {
    range.from = {};
    leaf();
    range = outer;
    return;
  }
  Value from = e.materialize(outer.low), to = upper(range);
  loop(from, to, size, [&](Value i) {
    range.low = e.variable(i, size), range.from = from;
    setRange(range, i, extent, size, tile, to);
    leaf();
  });
  range = outer;
}

/// A range of `size` elements of a dimension of `extent` from `begin` on, cut off at `limit`.
void Emitter::setRange(Range &range, Value begin, DimExpr extent, int64_t size, int64_t tile, Value limit) {
  auto n = dimValue(extent);
  bool isWhole = n && *n % size == 0;
  range.size = dimConstant(ctx, size), range.end = {};
  // Ranges of exactly one register tile need no loop.
  if (size == 1 || (isWhole && size == tile)) return;
  Value end = arith::AddIOp::create(b, loc, begin, constant(size));
  if (!isWhole) end = arith::MinUIOp::create(b, loc, end, limit ? limit : e.size(extent));
  range.end = end;
}

void Emitter::rowLoops(unsigned dim, Leaf leaf) {
  SmallVector<int64_t> sizes = getRowSizes(schedule.getRows());
  auto extent = dimValue(domain.dims[dim].extent);
  auto withRows = [&](int64_t n, const Idx &at) {
    rows = n;
    index[dim] = at;
    // Rows of a square count from a variable, so that an access says how far apart it reads them.
    bool isVariable = at.lin.terms.size() == 1 && at.lin.terms[0].second == 1 && at.lin.constant == 0;
    if (isSquare() && !isVariable) index[dim] = e.variable(e.materialize(at));
    leaf();
    rows = 1;
  };
  if (auto n = count(ranges[dim]); n && *n <= sizes[0]) return withRows(*n, ranges[dim].low);
  Value from = e.materialize(ranges[dim].low), to = upper(ranges[dim]);
  auto mainEnd = [&](Value begin, int64_t size) -> Value {
    Value length = arith::SubIOp::create(b, loc, to, begin);
    Value whole =
        arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, length, constant(size)), constant(size));
    return arith::AddIOp::create(b, loc, begin, whole);
  };
  if (extent) {
    int64_t rest = *extent % sizes[0];
    Value end = rest ? mainEnd(from, sizes[0]) : to;
    loop(from, end, sizes[0], [&](Value i) { withRows(sizes[0], e.variable(i)); });
    // Only the last range of the dimension has a rest, and its size is known.
    if (rest) ifBelow(end, to, [&] { withRows(rest, e.variable(end)); });
    return;
  }
  for (int64_t size : sizes) {
    Value end = size == 1 ? to : mainEnd(from, size);
    if (size == kRestRows && size != sizes[0]) {
      // A row that would be left alone behind others goes with the last of them as three and two.
      Value left = arith::SubIOp::create(b, loc, to, end), some = arith::SubIOp::create(b, loc, end, from);
      Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, left, constant(1));
      Value fewer = arith::SubIOp::create(b, loc, end, arith::MinUIOp::create(b, loc, some, constant(size)));
      end = arith::SelectOp::create(b, loc, isOne, fewer, end);
    }
    loop(from, end, size, [&](Value i) { withRows(size, e.variable(i)); });
    from = end;
  }
}

void Emitter::vectorLoops(unsigned dim, Leaf leaf) {
  int64_t width = schedule.getWidth(), vectors = schedule.getVectors(), size = width * vectors;
  auto extent = dimValue(domain.dims[dim].extent);
  auto withVectors = [&](const Idx &at, int64_t n, llvm::function_ref<Value(int64_t)> maskOf) {
    masks.clear();
    for (int64_t j = 0; j < n; ++j)
      masks.push_back(maskOf(j));
    index[dim] = at;
    lanesOn = true;
    leaf();
    lanesOn = false;
    masks.assign(1, {});
  };
  auto full = [](int64_t) { return Value(); };
  auto constantMask = [&](int64_t lanes) -> Value {
    if (lanes >= width) return {};
    return vector::ConstantMaskOp::create(b, loc, e.vectorType(b.getI1Type()),
                                          b.getDenseI64ArrayAttr({lanes}));
  };
  // A rest of known size: as few vectors as it takes, the last one masked.
  auto rest = [&](const Idx &at, int64_t n) {
    withVectors(at, llvm::divideCeil(n, width), [&](int64_t j) { return constantMask(n - j * width); });
  };
  if (auto n = count(ranges[dim]); n && *n < size) return rest(ranges[dim].low, *n);
  if (count(ranges[dim]) == size) return withVectors(ranges[dim].low, vectors, full);
  Value from = e.materialize(ranges[dim].low), to = upper(ranges[dim]), end = to;
  if (!extent || *extent % size) {
    Value length = arith::SubIOp::create(b, loc, to, from);
    Value whole =
        arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, length, constant(size)), constant(size));
    end = arith::AddIOp::create(b, loc, from, whole);
  }
  loop(from, end, size, [&](Value i) { withVectors(e.variable(i, size), vectors, full); });
  if (extent && *extent % size) ifBelow(end, to, [&] { rest(e.variable(end, size), *extent % size); });
  if (extent) return;
  if (width == 1) {
    loop(end, to, 1, [&](Value i) { withVectors(e.variable(i), 1, full); });
    return;
  }
  ifBelow(end, to, [&] {
    Value left = arith::SubIOp::create(b, loc, to, end);
    withVectors(e.variable(end, size), vectors, [&](int64_t j) -> Value {
      Value lanes = arith::SubIOp::create(b, loc, left, constant(j * width));
      return vector::CreateMaskOp::create(b, loc, e.vectorType(b.getI1Type()), lanes);
    });
  });
}

/// How many tasks there are along each loop of tasks.
static SmallVector<DimExpr> getTaskCounts(const Domain &domain, ScheduleAttr schedule) {
  return llvm::map_to_vector(schedule.getNest().take_front(schedule.getTaskCount()), [&](LoopAttr l) {
    return dimSimplify(domain.dims[l.getDim()].extent.ceilDiv(l.getSize()));
  });
}

DimExpr countTasks(const Domain &domain, ScheduleAttr schedule) {
  return dimProduct(schedule.getContext(), getTaskCounts(domain, schedule));
}

LogicalResult Emitter::emit(Value task) {
  ArrayRef<LoopAttr> nest = schedule.getNest(), taskLoops = nest.take_front(schedule.getTaskCount());
  ArrayRef<LoopAttr> inner = nest.take_front(outside()).drop_front(taskLoops.size());
  SmallVector<DimExpr> counts = getTaskCounts(domain, schedule);
  if (!taskBlock) taskBlock = b.getInsertionBlock();
  for (int i = int(taskLoops.size()) - 1; i >= 0; --i) {
    unsigned d = taskLoops[i].getDim();
    int64_t size = taskLoops[i].getSize();
    Value n = task;
    if (i > 0 && counts[i] != 1) {
      Value c = e.size(counts[i]);
      n = arith::RemUIOp::create(b, loc, task, c);
      task = arith::DivUIOp::create(b, loc, task, c);
    } else if (i > 0) {
      continue;
    }
    if (dimValue(counts[i]) == 1) continue;
    if (size != 1) n = arith::MulIOp::create(b, loc, n, constant(size));
    ranges[d].low = e.variable(n, size);
    setRange(ranges[d], n, domain.dims[d].extent, size, schedule.getTile(d), {});
  }
  if (schedule.getMma()) {
    multiply();
    return failure(e.failed);
  }
  computeStages(inner.begin() - nest.begin());
  loops(inner, [&] { tile(); });
  return failure(e.failed);
}

Value Emitter::upper(const Range &range) {
  if (range.end) return range.end;
  Value size = e.size(range.size);
  if (range.low.lin.isConstant() && range.low.lin.constant == 0) return size;
  return arith::AddIOp::create(b, loc, e.materialize(range.low), size);
}

//===-- Tiles -------------------------------------------------------------===//

/// The dimensions of the last generic at every place of the register tile.
SmallVector<std::pair<SmallVector<Idx>, Value>> Emitter::positions() {
  SmallVector<std::pair<SmallVector<Idx>, Value>> out;
  for (int64_t r = 0; r < rows; ++r)
    for (auto [j, mask] : llvm::enumerate(masks)) {
      SmallVector<Idx> dims(const_cast<linalg::GenericOp &>(domain.last).getNumLoops(), e.constant(0));
      for (auto [d, dim] : llvm::enumerate(domain.dims)) {
        Idx i = index[d];
        if (int64_t(d) == schedule.getRowDim()) i.lin.constant = i.lin.constant + r;
        if (int64_t(d) == schedule.getVectorDim() && lanesOn) {
          i.lin.constant = i.lin.constant + int64_t(j) * schedule.getWidth();
          i.lin = i.lin + e.lane().lin;
        }
        dims[dim.dims.back()] = i;
      }
      out.push_back({std::move(dims), mask});
    }
  return out;
}

void Emitter::tile() {
  // While reductions run, row dimensions stand at 0: reductions do not depend on them.
  for (unsigned d = domain.parallel; d < domain.dims.size(); ++d)
    index[d] = e.constant(0);
  Evaluator::Scope scope(e);
  auto at = positions();
  for (auto [r, stage] : llvm::zip_equal(domain.reductions, schedule.getReductions()))
    reduce(r, stage, at);
  auto rest = [&] { loops(schedule.getNest().drop_front(outside()), [&] { finish(); }); };
  // What no loop deals out to the team, one thread stores.
  if (schedule.getThreads() > 1 && !schedule.getLoop(LoopRole::threads))
    ifTrue(isThreadBelow(constant(1)), rest);
  else
    rest();
}

/// Where the last generic's values at `dims` go.
std::vector<Emitter::Destination> Emitter::destinations(ArrayRef<Idx> dims) {
  std::vector<Destination> out;
  auto last = domain.last;
  if (auto it = e.stored.find(last); it != e.stored.end())
    out.push_back({it->second.view, e.getIndices(it->second, dims), 0});
  for (unsigned r : domain.results) {
    Value value;
    MemoryView view = getResultView(kernel, r, value);
    unsigned n = cast<OpResult>(value).getResultNumber();
    AffineMap map = last.getIndexingMapsArray()[last.getNumDpsInputs() + n];
    SmallVector<Idx> indices;
    for (AffineExpr x : map.getResults()) {
      auto d = dyn_cast<AffineDimExpr>(x);
      indices.push_back(d ? dims[d.getPosition()] : e.constant(0));
    }
    out.push_back({view, std::move(indices), n});
  }
  return out;
}

/// Evaluates the last generic at the register tile and stores the results.
void Emitter::finish() {
  if (isSquare() && lanesOn) e.rowVariable = index[schedule.getRowDim()].lin.terms[0].first;
  for (auto [i, position] : llvm::enumerate(positions())) {
    e.mask = position.second, e.row = i / masks.size();
    ifKept(position.first, [&] { finishAt(position.first); });
    e.mask = {};
  }
  e.rowVariable.reset();
}

/// Where all of a result is kept, `body` is simply there.
void Emitter::ifKept(ArrayRef<Idx> dims, llvm::function_ref<void()> body) {
  Value isKept;
  for (auto &[at, size] : domain.cuts) {
    Value isBelow = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                          e.materialize({substitute(at, dims)}), e.size(size));
    isKept = isKept ? arith::AndIOp::create(b, loc, isKept, isBelow).getResult() : isBelow;
  }
  if (!isKept) return body();
  ifTrue(isKept, body);
}

SmallVector<Val> Emitter::evaluate(ArrayRef<Idx> dims) {
  if (auto *known = e.recall(domain.last, dims)) return *known;
  return e.evalBody(domain.last, dims, {});
}

void Emitter::finishAt(ArrayRef<Idx> dims) {
  store(dims, evaluate(dims));
}

void Emitter::store(ArrayRef<Idx> dims, ArrayRef<Val> values) {
  for (auto &[view, indices, n] : destinations(dims))
    e.store(view, indices, values[n]);
}

/// Tensor cores compute the task. Values that lie side by side are all there before the first is stored: so
/// what they read is loaded at once, and they are stored at once.
void Emitter::multiply() {
  const Reduction &r = domain.reductions[0];
  linalg::GenericOp last = domain.last;
  auto begin = llvm::map_to_vector(ranges, [](const Range &range) { return range.low; });
  emitMma(e, domain, schedule, begin, [&](ArrayRef<MmaSum> sums) {
    SmallVector<SmallVector<Idx>> at;
    SmallVector<SmallVector<Val>> values;
    for (const MmaSum &sum : sums) {
      SmallVector<Idx> &dims = at.emplace_back(last.getNumLoops(), e.constant(0));
      for (auto [dim, i] : llvm::zip_equal(domain.dims, sum.index))
        dims[dim.dims.back()] = i;
      e.remember(r.op, keyOf(r, dims), {Val{sum.value}});
      values.push_back(evaluate(dims));
    }
    for (auto [dims, value] : llvm::zip_equal(at, values))
      store(dims, value);
  });
}

LogicalResult emitDomain(OpBuilder &b, KernelOp kernel, KernelFunction &fn, const Domain &domain,
                         ScheduleAttr schedule, const OperandLayouts &layouts,
                         llvm::function_ref<Value()> begin) {
  Evaluator e(b, kernel, fn, layouts);
  Emitter emitter(e, domain, schedule);
  OpBuilder::InsertionGuard guard(b);
  return emitter.emit(begin());
}

} // namespace girih
