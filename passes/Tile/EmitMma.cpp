// A block of threads computes a tile of a product. Steps of the reduction go through a ring of buffers in
// shared memory: while tensor cores are at one of them, cp.async fills the next ones. Lines of a buffer are
// pieces of 16 bytes, in an order that differs from line to line (the swizzle), so that the eight of a matrix
// that ldmatrix reads are in different banks. PTX ISA: "Warp Level Matrix Multiply-Accumulate Instructions".
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Tile/MmaEmitter.h"

using namespace mlir;

namespace girih {

Value MmaEmitter::sharedAt(Value byte, int64_t more) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), kSharedSpace);
  Value at = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), shared, ArrayRef<LLVM::GEPArg>{byte});
  if (!more) return at;
  return LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), at, ArrayRef<LLVM::GEPArg>{int32_t(more)});
}

/// The bytes at which this thread reads of a warp's part of a tile: of each step of two pieces along the
/// reduction where lines are along it, of each pair of pieces of a line where they are not.
void MmaEmitter::addFragmentBytes(const OperandTile &t, SmallVector<Value> &out) {
  Value first = t.isLeft ? times(warpRow, leaf.getRows()) : times(warpColumn, leaf.getColumns());
  int64_t own = t.isLeft ? leaf.getRows() : leaf.getColumns();
  bool isAlong = t.operand->isAlongReduction;
  if (bytes == 4 && !isAlong) { // element by element: a group of lanes a row, or column, a lane of it a step
    Value group = divide(lane, 4), step = remainder(lane, 4);
    for (int64_t i = 0; i < own; i += 8) {
      Value at = add(add(first, group), i);
      Value inside = times(remainder(at, kPiece / bytes), bytes);
      out.push_back(add(byteOf(t, step, divide(at, kPiece / bytes)), inside));
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
      out.push_back(byteOf(t, at, add(piece, k)));
    return;
  }
  Value at = add(times(piece, 8), line);
  for (int64_t i = 0; i < own; i += 16)
    out.push_back(byteOf(t, at, add(add(divide(first, 8), i / 8), half)));
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
      return LLVM::LoadOp::create(b, loc, i32(), sharedAt(add(buffer, at[group]), t.place + down));
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
    Value byte = add(buffer, isAlong ? at[k] : at[i / 16]);
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
  Value own = times(warp, kMmaRows * line);
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
    Value isThere = exists(places);
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
  warp = divide(thread, kWarp);
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

void emitMma(Evaluator &e, const Domain &domain, ScheduleAttr schedule, ArrayRef<Idx> begin,
             llvm::function_ref<void(ArrayRef<MmaSum>)> finish) {
  MmaEmitter(e, domain, schedule, begin).emit(finish);
}

} // namespace girih
