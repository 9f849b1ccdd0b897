// How the threads of a block copy the operands of a step into shared memory, and where everything is there.
#include "passes/Tile/MmaEmitter.h"

using namespace mlir;

namespace girih {

/// Where the loops of rows, or that of columns, stand for row or column `local` of the block's tile.
SmallVector<std::pair<unsigned, Value>> MmaEmitter::place(Value local, bool isLeft) {
  SmallVector<std::pair<unsigned, Value>> places;
  SmallVector<unsigned> loops = isLeft ? shape.rows : SmallVector<unsigned>{shape.column};
  int64_t inner = 1;
  for (unsigned d : llvm::reverse(loops)) {
    int64_t size = getSize(d);
    Value own = divide(local, inner);
    if (d != loops.front()) own = remainder(own, size);
    inner *= size;
    places.push_back({d, arith::AddIOp::create(b, loc, e.materialize(begin[d]), toIndex(own))});
  }
  return places;
}

/// Whether all of these are in the result; null where that is known.
Value MmaEmitter::exists(ArrayRef<std::pair<unsigned, Value>> places) {
  Value all;
  for (auto [d, at] : places) {
    DimExpr extent = domain.dims[d].extent;
    if (extent.getLargestKnownDivisor() % getSize(d) == 0) continue;
    all = both(all, isBelow(at, extent));
  }
  return all;
}

/// What pieces of a line are exchanged by: their numbers are xored with it.
Value MmaEmitter::swizzle(const OperandTile &t, Value line) {
  constexpr int64_t kBanks = 8; // as many pieces wide as shared memory is
  int64_t pieces = t.length * bytes / kPiece;
  // Four-byte elements across the reduction are loaded by themselves: 8 of a line, of 4 lines.
  if (bytes == 4 && !t.operand->isAlongReduction)
    return times(remainder(line, std::min<int64_t>(4, std::max<int64_t>(pieces / 2, 1))), 2);
  return remainder(divide(line, std::max<int64_t>(1, kBanks / pieces)), std::min(pieces, kBanks));
}

Value MmaEmitter::byteOf(const OperandTile &t, Value line, Value piece) {
  Value swapped = b.createOrFold<arith::XOrIOp>(loc, piece, swizzle(t, line));
  return add(times(line, t.length * bytes), times(swapped, kPiece));
}

OperandTile MmaEmitter::makeTile(const MmaOperand &operand, bool isLeft, int64_t outer, int64_t vector) {
  OperandTile t;
  t.operand = &operand, t.isLeft = isLeft, t.vector = vector;
  t.lines = operand.isAlongReduction ? outer : leaf.getStep();
  t.length = operand.isAlongReduction ? leaf.getStep() : outer;
  t.place = bufferBytes;
  bufferBytes += t.lines * t.length * bytes;
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, e.memory[operand.access.buffer]);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  t.memory = LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext(), 1), address);
  return t;
}

/// What this thread copies of a tile: neighbouring threads are at neighbouring pieces of memory.
void MmaEmitter::addCopies(OperandTile &t) {
  constexpr int64_t kPeriod = 8; // lines after which the swizzle begins anew
  int64_t aLine = t.length / t.vector, all = t.lines * aLine, threads = schedule.getThreads();
  bool isAlong = t.operand->isAlongReduction;
  // Sizes are powers of two. Where all threads are at whole lines, a thread's copies are so many lines apart,
  // and the bits of that are not those of its own number.
  int64_t apart = threads % aLine ? 0 : threads / aLine;
  bool areLines = apart && apart % kPeriod == 0;
  auto addOne = [&](Value n, int64_t down) {
    Value line = divide(n, aLine), first = times(remainder(n, aLine), t.vector);
    auto places = place(isAlong ? line : first, t.isLeft);
    int64_t inner = 1;
    Value more = index(0);
    auto move = [&](Value at, unsigned variable, Value by) -> Value {
      DimExpr stride = t.operand->access.lin.coefficient(variable);
      if (!stride) return at;
      return b.createOrFold<arith::AddIOp>(loc, at, b.createOrFold<arith::MulIOp>(loc, by, e.size(stride)));
    };
    if (isAlong)
      for (auto &[d, at] : places) {
        Value by = index(down / inner % getSize(d));
        inner *= getSize(d);
        more = move(more, domain.variable(d), by);
        at = b.createOrFold<arith::AddIOp>(loc, at, by);
      }
    Value along = toIndex(isAlong ? first : line), byte = times(remainder(first, kPiece / bytes), bytes);
    byte = add(add(byteOf(t, line, divide(first, kPiece / bytes)), byte), down * t.length * bytes);
    if (!isAlong) {
      along = b.createOrFold<arith::AddIOp>(loc, along, index(down));
      more = move(more, reduction.variable(shape.inner), index(down));
    }
    OperandTile::Copy c{more, byte, along, exists(places), {}};
    // Where the first copy is, or where this one is, if that is not said by lines.
    Value at = e.size(t.operand->access.lin.constant);
    for (unsigned d = 0; d < domain.parallel; ++d)
      if (d != shape.column && !llvm::is_contained(shape.rows, d))
        at = move(at, domain.variable(d), e.materialize(begin[d]));
    for (auto [d, by] : places)
      at = move(at, domain.variable(d), by);
    at = move(at, reduction.variable(shape.inner), along);
    if (!t.element)
      t.element = at;
    else if (!areLines)
      c.more = arith::SubIOp::create(b, loc, at, t.element);
    return c;
  };
  for (int64_t i = 0; i < all; i += threads) {
    Value n = areLines ? thread : add(thread, i);
    OperandTile::Copy c = addOne(n, areLines ? i / aLine : 0);
    if (all - i < threads)
      c.isOwn = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, add(thread, i), number(all));
    t.copies.push_back(c);
  }
}

DimExpr MmaEmitter::countSteps(unsigned loop) const {
  DimExpr extent = reduction.loops[loop].extent;
  return loop == shape.inner ? dimSimplify(extent.ceilDiv(leaf.getStep())) : extent;
}

/// Where each loop of the reduction stands at a step.
SmallVector<Value> MmaEmitter::getStep(Value step) {
  SmallVector<Value> at(reduction.loops.size());
  SmallVector<unsigned> order{shape.inner};
  for (unsigned k = reduction.loops.size(); k-- > 0;)
    if (k != shape.inner) order.push_back(k);
  for (auto [i, k] : llvm::enumerate(order)) {
    at[k] = step;
    if (i + 1 < order.size()) {
      Value count = e.size(countSteps(k));
      at[k] = b.createOrFold<arith::RemUIOp>(loc, step, count);
      step = b.createOrFold<arith::DivUIOp>(loc, step, count);
    }
    if (k == shape.inner) at[k] = b.createOrFold<arith::MulIOp>(loc, at[k], index(leaf.getStep()));
  }
  return at;
}

/// Copies what a step needs into the buffer at byte `buffer`; what does not exist is zero.
void MmaEmitter::copy(Value step, Value buffer) {
  SmallVector<Value> at = getStep(step);
  for (OperandTile *t : {&left, &right}) {
    Value moved;
    for (auto [k, by] : llvm::enumerate(at)) {
      DimExpr stride = t->operand->access.lin.coefficient(reduction.variable(k));
      if (!stride) continue;
      Value part = b.createOrFold<arith::MulIOp>(loc, by, e.size(stride));
      moved = moved ? arith::AddIOp::create(b, loc, moved, part).getResult() : part;
    }
    Value first = t->element;
    if (moved) first = arith::AddIOp::create(b, loc, first, moved);
    for (const OperandTile::Copy &c : t->copies) {
      OpBuilder::InsertionGuard guard(b);
      if (c.isOwn)
        b.setInsertionPointToStart(scf::IfOp::create(b, loc, c.isOwn, /*withElseRegion=*/false).thenBlock());
      copyPiece(*t, c, at, first, buffer);
    }
  }
}

void MmaEmitter::copyPiece(OperandTile &t, const OperandTile::Copy &c, ArrayRef<Value> at, Value first,
                           Value buffer) {
  constexpr int64_t kLeastAsync = 4; // bytes of cp.async
  Value exists = c.exists;
  DimExpr extent = reduction.loops[shape.inner].extent;
  if (extent.getLargestKnownDivisor() % leaf.getStep())
    exists = both(exists, isBelow(arith::AddIOp::create(b, loc, at[shape.inner], c.along), extent));
  Type type = b.getIntegerType(bytes * 8);
  Value from = t.memory;
  for (Value element : {first, c.more}) {
    element = arith::IndexCastOp::create(b, loc, b.getI64Type(), element);
    from = LLVM::GEPOp::create(b, loc, t.memory.getType(), type, from, ArrayRef<LLVM::GEPArg>{element});
  }
  Value to = sharedAt(add(buffer, c.byte), t.place);
  int64_t size = t.vector * bytes;
  if (size >= kLeastAsync) {
    Value part =
        exists ? arith::SelectOp::create(b, loc, exists, number(size), number(0)).getResult() : Value();
    auto cache = size == kPiece ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
    NVVM::CpAsyncOp::create(b, loc, to, from, size, cache, part);
    return;
  }
  auto load = [&]() -> Value { return LLVM::LoadOp::create(b, loc, type, from); };
  Value value = exists ? ifElseZero(exists, [&] { return SmallVector<Value>{load()}; })[0] : load();
  LLVM::StoreOp::create(b, loc, value, to);
}

/// What `body` gives where the condition holds, zeros where not.
SmallVector<Value> MmaEmitter::ifElseZero(Value condition, llvm::function_ref<SmallVector<Value>()> body) {
  SmallVector<Value> values;
  auto zero = [&](Value v) -> Value {
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(v.getType())));
  };
  auto choice = scf::IfOp::create(
      b, loc, condition, [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, values = body()); },
      [&](OpBuilder &, Location) { scf::YieldOp::create(b, loc, llvm::map_to_vector(values, zero)); });
  return SmallVector<Value>(choice.getResults());
}

} // namespace girih
