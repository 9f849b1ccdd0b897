// A block of threads computes a tile of a product. Steps of the reduction go through a ring of buffers in
// shared memory: while tensor cores are at one of them, cp.async fills the next ones. Lines of a buffer are
// pieces of 16 bytes, in an order that differs from line to line (the swizzle), so that the eight of a matrix
// that ldmatrix reads are in different banks. PTX ISA: "Warp Level Matrix Multiply-Accumulate Instructions".
#include "passes/Tile/EmitMma.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

namespace {

constexpr int64_t kPiece = 16;                    // bytes of a line of one of ldmatrix's matrices
constexpr int64_t kMmaRows = 16, kMmaColumns = 8; // of an mma, which goes along two pieces of the reduction
constexpr int64_t kWarp = 32;
constexpr unsigned kSharedSpace = 3; // NVPTX's address space

/// An operand's tile in a buffer: `lines` of `length` elements that lie side by side.
struct OperandTile {
  const MmaOperand *operand;
  bool isLeft;
  int64_t outer, lines, length; // outer: rows or columns of the result
  int64_t vector;               // elements copied at once
  int64_t place = 0;            // of the tile in a buffer, in bytes
  Value memory;                 // of the operand
  Value element = {};           // where the thread's first copy begins for the first step
  // Of each copy that the thread does: how many elements behind the first one it begins, its byte in the
  // tile, where it is along the reduction, whether its row or column exists, and whether the thread does it
  // at all (null: it does).
  struct Copy {
    Value more, byte, along, exists, isOwn;
  };
  SmallVector<Copy> copies = {};
};

class MmaEmitter {
public:
  MmaEmitter(Evaluator &e, const Domain &domain, ScheduleAttr schedule, ArrayRef<Idx> begin)
      : e(e), b(e.b), loc(e.loc), domain(domain), reduction(domain.reductions[0]), schedule(schedule),
        leaf(schedule.getMma()), begin(begin), shape(*getMmaShape(domain)), bytes(shape.getElementBytes()) {}

  void emit(llvm::function_ref<void(ArrayRef<MmaSum>)> finish);

private:
  Type i32() { return b.getI32Type(); }
  Value number(int64_t n) { return arith::ConstantIntOp::create(b, loc, n, 32); }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
  Value add(Value x, int64_t n) { return n ? add(x, number(n)) : x; }
  Value times(Value x, int64_t n) { return b.createOrFold<arith::MulIOp>(loc, x, number(n)); }
  Value divide(Value x, int64_t n) { return b.createOrFold<arith::DivUIOp>(loc, x, number(n)); }
  Value remainder(Value x, int64_t n) { return b.createOrFold<arith::RemUIOp>(loc, x, number(n)); }
  Value both(Value x, Value y) { return !x ? y : !y ? x : arith::AndIOp::create(b, loc, x, y).getResult(); }
  Value index(int64_t n) { return arith::ConstantIndexOp::create(b, loc, n); }
  Value toIndex(Value v) { return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), v); }
  Value isBelow(Value x, DimExpr size) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, e.size(size));
  }
  Value sharedAt(Value byte, int64_t more = 0);
  void barrier() { gpu::BarrierOp::create(b, loc); }

  int64_t getSize(unsigned d) const { return schedule.getTile(d); }
  int64_t countElements(const OperandTile &t) const { return t.lines * t.length; }
  SmallVector<std::pair<unsigned, Value>> place(Value local, bool isLeft);
  Value exists(ArrayRef<std::pair<unsigned, Value>> places, bool isWhole);
  Value swizzle(const OperandTile &t, Value line);
  Value byteOf(const OperandTile &t, Value line, Value piece);
  OperandTile makeTile(const MmaOperand &operand, bool isLeft, int64_t outer, int64_t vector);
  void addCopies(OperandTile &t);
  DimExpr countSteps(unsigned loop) const;
  SmallVector<Value> getStep(Value step);
  void copy(Value step, Value buffer);
  void copyPiece(OperandTile &t, const OperandTile::Copy &c, ArrayRef<Value> at, Value first, Value buffer);
  SmallVector<Value> ifElseZero(Value condition, llvm::function_ref<SmallVector<Value>()> body);
  void addFragmentBytes(const OperandTile &t, SmallVector<SmallVector<Value>> &out);
  SmallVector<SmallVector<Value>> loadFragments(const OperandTile &t, Value buffer, int64_t k);
  struct Fragments {
    SmallVector<SmallVector<Value>> left, right;
  };
  Fragments load(Value buffer, int64_t k);
  void multiply(MutableArrayRef<Value> sums, const Fragments &of);
  void finishTile(ArrayRef<Value> sums, llvm::function_ref<void(ArrayRef<MmaSum>)> finish);

  Evaluator &e;
  OpBuilder &b;
  Location loc;
  const Domain &domain;
  const Reduction &reduction;
  ScheduleAttr schedule;
  MmaAttr leaf;
  ArrayRef<Idx> begin; // of each loop
  MmaShape shape;
  int64_t bytes; // of an element

  int64_t rows = 1, columns = 1, bufferBytes = 0; // of the block's tile
  Value thread, lane, warpRow, warpColumn;        // the thread in the block, and its warp's place in the tile
  Value shared;
  OperandTile left, right;
  /// Of each operand, of each matrix (or step of one along the reduction) the byte in the tile at which this
  /// thread's line of ldmatrix is, where it is not a constant further than another one.
  SmallVector<SmallVector<Value>> leftBytes, rightBytes;
};

Value MmaEmitter::sharedAt(Value byte, int64_t more) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), kSharedSpace);
  Value at = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), shared, ArrayRef<LLVM::GEPArg>{byte});
  if (!more) return at;
  return LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), at, ArrayRef<LLVM::GEPArg>{int32_t(more)});
}

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
Value MmaEmitter::exists(ArrayRef<std::pair<unsigned, Value>> places, bool isWhole) {
  Value all;
  for (auto [d, at] : places) {
    DimExpr extent = domain.dims[d].extent;
    if (!isWhole && extent.getLargestKnownDivisor() % getSize(d) == 0) continue;
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
  t.operand = &operand, t.isLeft = isLeft, t.outer = outer, t.vector = vector;
  t.lines = operand.isAlongReduction ? outer : leaf.getStep();
  t.length = operand.isAlongReduction ? leaf.getStep() : outer;
  t.place = bufferBytes;
  bufferBytes += countElements(t) * bytes;
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
    OperandTile::Copy c{more, byte, along, exists(places, /*isWhole=*/false), {}};
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

/// The bytes at which this thread reads of a warp's part of a tile: of each step of two pieces along the
/// reduction where lines are along it, of each pair of pieces of a line where they are not.
void MmaEmitter::addFragmentBytes(const OperandTile &t, SmallVector<SmallVector<Value>> &out) {
  Value first = t.isLeft ? times(warpRow, leaf.getRows()) : times(warpColumn, leaf.getColumns());
  int64_t own = t.isLeft ? leaf.getRows() : leaf.getColumns();
  bool isAlong = t.operand->isAlongReduction;
  if (bytes == 4 && !isAlong) { // element by element: a group of lanes a row, or column, a lane of it a step
    Value group = divide(lane, 4), step = remainder(lane, 4);
    for (int64_t i = 0; i < own; i += 8) {
      Value at = add(add(first, group), i);
      Value inside = times(remainder(at, kPiece / bytes), bytes);
      out.push_back({add(byteOf(t, step, divide(at, kPiece / bytes)), inside)});
    }
    return;
  }
  // Lanes 8 m to 8 m + 7 say where the lines of matrix m are. The four are the two halves of 16 rows or
  // columns, at the first and the second piece of the reduction.
  Value matrix = divide(lane, 8), line = remainder(lane, 8);
  Value low = remainder(matrix, 2), high = divide(matrix, 2);
  Value half = t.isLeft ? low : high, piece = t.isLeft ? high : low;
  if (isAlong) {
    Value at = add(add(first, times(half, 8)), line);
    for (int64_t k = 0; k < leaf.getStep() * bytes / kPiece; k += 2)
      out.push_back({byteOf(t, at, add(piece, k))});
    return;
  }
  Value at = add(times(piece, 8), line);
  for (int64_t i = 0; i < own; i += 16)
    out.push_back({byteOf(t, at, add(add(divide(first, 8), i / 8), half))});
}

/// The warp's registers of step `k` (of two pieces): four for 16 rows of the left operand, two for 8 columns
/// of the right one.
SmallVector<SmallVector<Value>> MmaEmitter::loadFragments(const OperandTile &t, Value buffer, int64_t k) {
  auto &at = t.isLeft ? leftBytes : rightBytes;
  int64_t own = t.isLeft ? leaf.getRows() : leaf.getColumns(), line = t.length * bytes;
  int64_t depth = 2 * kPiece / bytes; // elements of a step
  bool isAlong = t.operand->isAlongReduction;
  SmallVector<SmallVector<Value>> fragments;
  if (bytes == 4 && !isAlong) {
    auto load = [&](int64_t group, int64_t half) -> Value {
      int64_t down = (k * depth + half * 4) * line;
      return LLVM::LoadOp::create(b, loc, i32(), sharedAt(add(buffer, at[group][0]), t.place + down));
    };
    for (int64_t group = 0; group < own / 8; group += t.isLeft ? 2 : 1)
      if (t.isLeft)
        fragments.push_back({load(group, 0), load(group + 1, 0), load(group, 1), load(group + 1, 1)});
      else
        fragments.push_back({load(group, 0), load(group, 1)});
    return fragments;
  }
  auto four = LLVM::LLVMStructType::getLiteral(b.getContext(), {i32(), i32(), i32(), i32()});
  auto layout = isAlong ? NVVM::MMALayout::row : NVVM::MMALayout::col;
  auto matrix = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
  for (int64_t i = 0; i < own; i += 16) {
    Value byte = add(buffer, isAlong ? at[k][0] : at[i / 16][0]);
    int64_t more = isAlong ? i * line : k * depth * line;
    Value loaded = NVVM::LdMatrixOp::create(b, loc, four, sharedAt(byte, t.place + more), 4, layout, matrix,
                                            NVVM::LdStMatrixEltType::B16);
    SmallVector<Value> r;
    for (int64_t j = 0; j < 4; ++j)
      r.push_back(LLVM::ExtractValueOp::create(b, loc, loaded, j));
    if (t.isLeft) {
      fragments.push_back(r);
    } else {
      fragments.push_back({r[0], r[1]});
      fragments.push_back({r[2], r[3]});
    }
  }
  return fragments;
}

/// The fragments of step `k` of the buffer at byte `buffer`, as products take them.
MmaEmitter::Fragments MmaEmitter::load(Value buffer, int64_t k) {
  bool isF16 = shape.element.isF16();
  Type pair = VectorType::get({2}, b.getF16Type()), f32 = b.getF32Type();
  Fragments both{loadFragments(left, buffer, k), loadFragments(right, buffer, k)};
  for (auto *of : {&both.left, &both.right})
    for (auto &fragment : *of)
      for (Value &v : fragment) {
        if (isF16) v = LLVM::BitcastOp::create(b, loc, pair, v);
        if (bytes != 4) continue;
        // Bits that tf32 lacks would be cut off: the nearest number is within half of what that loses.
        Value x = LLVM::BitcastOp::create(b, loc, f32, v);
        v = NVVM::ConvertFloatToTF32Op::create(b, loc, i32(), x, NVVM::FPRoundingMode::RNA);
      }
  return both;
}

/// Adds products to the sums: four a thread for each 16 rows and 8 columns.
void MmaEmitter::multiply(MutableArrayRef<Value> sums, const Fragments &of) {
  auto type = bytes == 4              ? NVVM::MMATypes::tf32
              : shape.element.isF16() ? NVVM::MMATypes::f16
                                      : NVVM::MMATypes::bf16;
  Type f32 = b.getF32Type();
  auto four = LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  for (auto [i, x] : llvm::enumerate(of.left))
    for (auto [j, y] : llvm::enumerate(of.right)) {
      auto own = sums.slice((i * of.right.size() + j) * 4, 4);
      Value product = NVVM::MmaOp::create(
          b, loc, four, x, y, own, {kMmaRows, kMmaColumns, 2 * kPiece / bytes}, std::nullopt, std::nullopt,
          std::array{type, type}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
      for (int64_t n = 0; n < 4; ++n)
        own[n] = LLVM::ExtractValueOp::create(b, loc, product, n);
    }
}

/// Each warp brings its sums by 16 rows into an order in which a thread has some that lie side by side.
void MmaEmitter::finishTile(ArrayRef<Value> sums, llvm::function_ref<void(ArrayRef<MmaSum>)> finish) {
  unsigned result = domain.results.empty() ? 0 : domain.results.front();
  auto type = cast<RankedTensorType>(e.kernel->getResult(result).getType()).getElementType();
  int64_t width = leaf.getColumns(), most = 8;
  int64_t side = std::clamp<int64_t>(kPiece / getStorageBytes(type), 4, most);
  int64_t line = getMmaSumStride(leaf);
  int64_t aLine = width / side, passes = kMmaRows * aLine / kWarp;
  Value warp = divide(thread, kWarp), own = times(warp, kMmaRows * line);
  Type f32 = b.getF32Type();
  Value everyLane = number(-1);
  for (int64_t i = 0; i < leaf.getRows() / kMmaRows; ++i) {
    if (i) NVVM::SyncWarpOp::create(b, loc, everyLane);
    Value group = add(times(divide(lane, 4), line), times(remainder(lane, 4), 8));
    int64_t tiles = width / kMmaColumns;
    for (int64_t j = 0; j < tiles; ++j)
      for (int64_t half = 0; half < 2; ++half) {
        auto of = sums.slice((i * tiles + j) * 4 + half * 2, 2);
        auto two = VectorType::get({2}, f32);
        Value pair = LLVM::PoisonOp::create(b, loc, two);
        for (int64_t n = 0; n < 2; ++n)
          pair = LLVM::InsertElementOp::create(b, loc, pair, of[n], number(n));
        LLVM::StoreOp::create(b, loc, pair, sharedAt(add(own, group), half * 8 * line + j * kMmaColumns * 4),
                              8);
      }
    NVVM::SyncWarpOp::create(b, loc, everyLane);
    auto pass = scf::ForOp::create(b, loc, index(0), index(passes), index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(pass.getBody());
    Evaluator::Scope scope(e);
    Value turn = arith::IndexCastUIOp::create(b, loc, i32(), pass.getInductionVar());
    Value n = add(lane, times(turn, kWarp)), row = divide(n, aLine), first = times(remainder(n, aLine), side);
    SmallVector<Value> values;
    auto some = VectorType::get({4}, f32);
    for (int64_t j = 0; j < side; j += 4) {
      Value at = add(add(own, times(row, line)), times(first, 4));
      Value loaded = LLVM::LoadOp::create(b, loc, some, sharedAt(at, j * 4), 16);
      for (int64_t x = 0; x < 4; ++x)
        values.push_back(LLVM::ExtractElementOp::create(b, loc, loaded, number(x)));
    }
    Value tileRow = add(add(times(warpRow, leaf.getRows()), i * kMmaRows), row);
    Value tileColumn = add(times(warpColumn, width), first);
    auto places = place(tileRow, true);
    llvm::append_range(places, place(tileColumn, false));
    auto finishAll = [&] {
      SmallVector<Idx> at(begin.begin(), begin.end());
      for (auto [d, v] : places)
        at[d] = e.variable(v, d == shape.column ? side : 1);
      DimExpr extent = domain.dims[shape.column].extent;
      auto sum = [&](int64_t j) {
        SmallVector<Idx> own = at;
        own[shape.column].lin.constant = own[shape.column].lin.constant + j;
        return MmaSum{own, values[j]};
      };
      if (extent.getLargestKnownDivisor() % side == 0)
        return finish(llvm::map_to_vector(llvm::seq<int64_t>(0, side), sum));
      for (int64_t j = 0; j < side; ++j) {
        MmaSum one = sum(j);
        auto choice = scf::IfOp::create(b, loc, isBelow(e.materialize(one.index[shape.column]), extent),
                                        /*withElseRegion=*/false);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(choice.thenBlock());
        Evaluator::Scope scope(e);
        finish(one);
      }
    };
    Value isThere = exists(places, /*isWhole=*/false);
    if (!isThere) {
      finishAll();
      continue;
    }
    auto choice = scf::IfOp::create(b, loc, isThere, /*withElseRegion=*/false);
    b.setInsertionPointToStart(choice.thenBlock());
    Evaluator::Scope inside(e);
    finishAll();
  }
}

void MmaEmitter::emit(llvm::function_ref<void(ArrayRef<MmaSum>)> finish) {
  MLIRContext *ctx = b.getContext();
  rows = getMmaRows(shape, schedule);
  columns = getSize(shape.column);
  Value own = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  thread = arith::IndexCastUIOp::create(b, loc, i32(), own);
  lane = remainder(thread, kWarp);
  Value warp = divide(thread, kWarp);
  warpRow = remainder(warp, rows / leaf.getRows()), warpColumn = divide(warp, rows / leaf.getRows());

  auto module = e.fn.getFunction()->getParentOfType<ModuleOp>();
  constexpr StringLiteral name = "girih_shared";
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(b, loc, LLVM::LLVMArrayType::get(b.getI8Type(), 0), /*isConstant=*/false,
                           LLVM::Linkage::External, name, Attribute(), /*alignment=*/kPiece, kSharedSpace);
  }
  shared = LLVM::AddressOfOp::create(b, loc, LLVM::LLVMPointerType::get(ctx, kSharedSpace), name);
  left = makeTile(shape.left, true, rows, leaf.getLeft());
  right = makeTile(shape.right, false, columns, leaf.getRight());
  addCopies(left), addCopies(right);
  addFragmentBytes(left, leftBytes), addFragmentBytes(right, rightBytes);

  DimExpr count = dimConstant(ctx, 1);
  for (unsigned k = 0; k < reduction.loops.size(); ++k)
    count = count * countSteps(k);
  count = dimSimplify(count);
  Value steps = e.size(count);
  int64_t known = dimValue(count).value_or(0);
  int64_t buffers = leaf.getBuffers();
  // Groups are waited for by their number, so there is one for each step, empty behind the last one.
  auto copyIfAny = [&](Value step, Value buffer) {
    Value isStep = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, step, steps);
    auto choice = scf::IfOp::create(b, loc, isStep, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      copy(step, buffer);
    }
    NVVM::CpAsyncCommitGroupOp::create(b, loc);
  };
  for (int64_t s = 0; s + 1 < buffers; ++s)
    copyIfAny(index(s), number(s * bufferBytes));

  // All have what they copied for the next step, and none is at the buffer before it any more.
  auto wait = [&] {
    NVVM::CpAsyncWaitGroupOp::create(b, loc, buffers - 2);
    barrier();
  };
  wait();

  // What a step along the reduction needs is loaded before the products of the step before it.
  linalg::GenericOp op = reduction.op;
  int64_t each = leaf.getRows() * leaf.getColumns() / kWarp;
  SmallVector<Value> state(each, e.get(e.evalTensor(op.getOutputs()[0], {})));
  auto toList = [](const Fragments &of) {
    SmallVector<Value> list;
    for (auto *side : {&of.left, &of.right})
      for (const auto &fragment : *side)
        llvm::append_range(list, fragment);
    return list;
  };
  Fragments first;
  SmallVector<Value> loaded;
  if (known) {
    loaded = toList(first = load(number(0), 0));
  } else { // an empty reduction has nothing to be loaded
    Value isAny = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, steps, index(0));
    loaded = ifElseZero(isAny, [&] { return toList(first = load(number(0), 0)); });
  }
  llvm::append_range(state, loaded);
  state.push_back(number(0));                           // the buffer that is multiplied
  state.push_back(number((buffers - 1) * bufferBytes)); // and the one that is filled
  auto loop = scf::ForOp::create(b, loc, index(0), steps, index(1), state);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> sums(loop.getRegionIterArgs().take_front(each));
    auto rest = loop.getRegionIterArgs().drop_front(each);
    Fragments own = first;
    for (auto *side : {&own.left, &own.right})
      for (auto &fragment : *side)
        for (Value &v : fragment)
          v = rest.front(), rest = rest.drop_front();
    Value read = rest[0], write = rest[1];
    auto next = [&](Value buffer) -> Value {
      Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, buffer,
                                           number((buffers - 1) * bufferBytes));
      return arith::SelectOp::create(b, loc, isLast, number(0), add(buffer, bufferBytes));
    };
    copyIfAny(arith::AddIOp::create(b, loc, loop.getInductionVar(), index(buffers - 1)), write);
    Value follows = next(read);
    if (known < buffers) { // what is loaded behind the last step is not used, but something has to be there
      Value ahead = arith::AddIOp::create(b, loc, loop.getInductionVar(), index(1));
      Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, ahead, steps);
      follows = arith::SelectOp::create(b, loc, isLast, read, follows);
    }
    for (int64_t k = 1; k <= leaf.getStep() * bytes / kPiece / 2; ++k) {
      bool isLast = k == leaf.getStep() * bytes / kPiece / 2;
      if (isLast) wait();
      Fragments loaded = load(isLast ? follows : read, isLast ? 0 : k);
      multiply(sums, own);
      own = std::move(loaded);
    }
    llvm::append_range(sums, toList(own));
    sums.append({follows, next(write)});
    scf::YieldOp::create(b, loc, sums);
  }
  barrier();
  finishTile(SmallVector<Value>(loop.getResults().take_front(each)), finish);

  kShared.set(e.fn.getFunction(), b.getI64IntegerAttr(getMmaSharedBytes(shape, schedule)));
}

} // namespace

void emitMma(Evaluator &e, const Domain &domain, ScheduleAttr schedule, ArrayRef<Idx> begin,
             llvm::function_ref<void(ArrayRef<MmaSum>)> finish) {
  MmaEmitter(e, domain, schedule, begin).emit(finish);
}

} // namespace girih
