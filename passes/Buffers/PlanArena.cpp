#include "dialects/Graph/Attributes.h"
#include "passes/Buffers/Constants.h"
#include "passes/Buffers/Passes.h"
#include "passes/Buffers/Strides.h"
#include "passes/Tile/KernelFunction.h"
#include "runtime/abi.h"
#include "runtime/arena.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_PLANARENA
#include "passes/Buffers/Passes.h.inc"

namespace {

struct Buffer {
  BufferBase base = BufferBase::arena;
  int64_t index = 0; // of an input or output; of an arena buffer once it is numbered
  DimExpr bytes;     // null until something says it
  int64_t first = -1, last = -1;
};

/// An operand or result of a launch, or an operand of the return.
struct Access {
  Value value;
  Place place;
  DimExpr offset; // bytes
};

class ArenaPlanner {
public:
  ArenaPlanner(func::FuncOp main, int64_t redZone) : main(main), ctx(main.getContext()), redZone(redZone) {}
  LogicalResult run();
  int64_t inPlace = 0, sharedWeights = 0;

private:
  LogicalResult readBuffers();
  LogicalResult readAccesses(Operation *op, ArrayAttr places, SmallVectorImpl<Access> &accesses);
  Access readAccess(Value value, PlaceAttr place);
  LogicalResult placeWeights();
  void share(LaunchOp op, ArrayRef<Access> accesses, int64_t index);
  Buffer &buffer(const Access &access) { return buffers[same.getOrInsertLeaderValue(access.place.buffer)]; }
  LogicalResult planArena();
  RefAttr ref(const Access &access);
  DimsAttr dims(ArrayRef<DimExpr> e) { return DimsAttr::get(ctx, e); }

  func::FuncOp main;
  MLIRContext *ctx;
  int64_t redZone; // bytes before each weight
  DenseMap<int64_t, Buffer> buffers;
  llvm::EquivalenceClasses<int64_t> same; // buffers merged by launches in place
  DenseMap<Operation *, int64_t> weights; // offsets of constants
  SmallVector<LaunchOp> launches;
  SmallVector<CheckIndexOp> checks;
  SmallVector<SmallVector<Access>> accesses; // one list a launch, then the return's and the checks'
};

} // namespace

LogicalResult ArenaPlanner::readBuffers() {
  auto list = kBuffers.get(main);
  if (!list) return main.emitError("has no girih.buffers; girih-plan-places makes them");
  for (auto [i, attr] : llvm::enumerate(list.getAsRange<BufferAttr>()))
    buffers[i] = {attr.getBase(), attr.getIndex(), attr.getBytes().getDims().front()};
  return success();
}

Access ArenaPlanner::readAccess(Value value, PlaceAttr place) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = getStorageBytes(type.getElementType());
  Access access{value, Place::fromAttr(place), {}};
  access.offset = dimSimplify(access.place.offset * bytes);
  // What the tile stage added between launches has no entry in girih.buffers: it is dense and has a buffer
  // of its own.
  Buffer &b = buffers[access.place.buffer];
  if (!b.bytes) b.bytes = dimSimplify(dimProduct(ctx, getDims(type)) * bytes);
  return access;
}

/// Those of an op with places for its operands and results.
LogicalResult ArenaPlanner::readAccesses(Operation *op, ArrayAttr places, SmallVectorImpl<Access> &list) {
  if (!places) return op->emitOpError("has no places; girih-plan-places makes them");
  SmallVector<Value> values = llvm::to_vector(op->getOperands());
  llvm::append_range(values, op->getResults());
  for (auto [value, place] : llvm::zip_equal(values, places.getAsRange<PlaceAttr>()))
    list.push_back(readAccess(value, place));
  return success();
}

/// Gives each constant that a launch or the return reads an offset, in the order of reading; equal ones share
/// it.
LogicalResult ArenaPlanner::placeWeights() {
  llvm::DenseMap<uint64_t, SmallVector<ConstantOp, 1>> byHash;
  int64_t end = 0;
  for (ArrayRef<Access> list : accesses) {
    for (const Access &access : list) {
      ConstantOp op = getConstant(access.value);
      if (!op || weights.contains(op)) continue;
      ConstantKey key = getConstantKey(op.getValue());
      SmallVector<ConstantOp, 1> &twins = byHash[llvm::xxh3_64bits(key.bytes) + key.size];
      auto *twin = llvm::find_if(twins, [&](ConstantOp other) {
        ConstantKey k = getConstantKey(other.getValue());
        return k.size == key.size && k.bytes == key.bytes;
      });
      if (twin != twins.end()) {
        weights[op] = weights.lookup(*twin);
        ++sharedWeights;
        continue;
      }
      twins.push_back(op);
      end += redZone;
      weights[op] = end;
      int64_t size = getConstantSize(op.getValue());
      if (size > INT64_MAX - end - GIRIH_ALIGNMENT - redZone)
        return op.emitError("the weights do not fit into an address space");
      end = llvm::alignTo(end + size, GIRIH_ALIGNMENT);
    }
  }
  return success();
}

/// Merges the buffer of an operand that dies at `op` with that of result 0, where `in_place` allows it.
void ArenaPlanner::share(LaunchOp op, ArrayRef<Access> list, int64_t index) {
  auto candidates = op.getInPlace();
  if (!candidates) return;
  const Access &result = list[op->getNumOperands()];
  for (int64_t i : *candidates) {
    const Access &operand = list[i];
    Buffer &to = buffer(result), &from = buffer(operand);
    bool owned =
        (to.base == BufferBase::arena || to.base == BufferBase::output) && from.base == BufferBase::arena;
    if (!owned || getConstant(operand.value) || isa<BlockArgument>(operand.value) || &to == &from) continue;
    if (to.first != index || from.last != index || to.bytes != from.bytes || dimValue(operand.offset) != 0 ||
        dimValue(result.offset) != 0)
      continue;
    SmallVector<DimExpr> dims = getDims(result.value);
    if (getDims(operand.value) != dims || !isDense(dims, result.place.strides) ||
        !isDense(dims, operand.place.strides))
      continue;
    Buffer merged = to;
    merged.first = from.first;
    // A buffer that another operand of this launch reads as well would be overwritten under it.
    if (llvm::count_if(list.take_front(op->getNumOperands()),
                       [&](const Access &a) { return &buffer(a) == &from; }) > 1)
      continue;
    same.unionSets(result.place.buffer, operand.place.buffer);
    buffer(result) = merged;
    ++inPlace;
    return;
  }
}

LogicalResult ArenaPlanner::planArena() {
  SmallVector<Buffer *> list;
  for (ArrayRef<Access> group : accesses) {
    for (const Access &access : group) {
      Buffer &b = buffer(access);
      if (b.base != BufferBase::arena || b.index || getConstant(access.value)) continue;
      list.push_back(&b);
      b.index = list.size(); // one too many, so that 0 says "not yet"
    }
  }
  bool isStatic = llvm::all_of(list, [](Buffer *b) { return dimValue(b->bytes).has_value(); });
  std::vector<girih_arena_item> items;
  int64_t total = -1, bound = 0;
  if (isStatic) {
    for (Buffer *b : list)
      items.push_back({*dimValue(b->bytes), uint32_t(b->first), uint32_t(b->last), 0});
    total = girih_arena_plan(items.data(), items.size(), &bound);
    if (total < 0) return main.emitError("the tensors of one run do not fit into an address space");
  }
  SmallVector<Attribute> arena;
  for (auto [i, b] : llvm::enumerate(list)) {
    b->index = i;
    arena.push_back(dims({b->bytes, dimConstant(ctx, b->first), dimConstant(ctx, b->last),
                          dimConstant(ctx, isStatic ? items[i].offset : -1)}));
  }
  auto module = main->getParentOfType<ModuleOp>();
  Builder builder(ctx);
  kArena.set(module, builder.getArrayAttr(arena));
  kArenaBytes.set(module, builder.getI64IntegerAttr(total));
  kArenaLowerBound.set(module, builder.getI64IntegerAttr(bound));
  return success();
}

RefAttr ArenaPlanner::ref(const Access &access) {
  if (ConstantOp constant = getConstant(access.value))
    return RefAttr::get(ctx, BufferBase::weight, 0,
                        dims(dimSimplify(access.offset + weights.lookup(constant))));
  const Buffer &b = buffer(access);
  return RefAttr::get(ctx, b.base, b.index, dims(access.offset));
}

LogicalResult ArenaPlanner::run() {
  if (failed(readBuffers())) return failure();
  Operation *end = main.getBody().front().getTerminator();
  for (Operation &op : main.getBody().front()) {
    if (auto launch = dyn_cast<LaunchOp>(op)) {
      launches.push_back(launch);
      if (failed(readAccesses(&op, launch.getPlacesAttr(), accesses.emplace_back()))) return failure();
    } else if (auto check = dyn_cast<CheckIndexOp>(op)) {
      checks.push_back(check);
    } else if (!isa<ConstantOp, ReshapeOp, AssembleOp>(op) && &op != end) {
      return op.emitError("expected launches only, got '") << op.getName() << "'";
    }
  }
  // The return comes after the last launch, and so do the checks of indices.
  SmallVector<Access> &last = accesses.emplace_back();
  if (failed(readAccesses(end, kPlaces.get(end), last))) return failure();
  for (CheckIndexOp check : checks) {
    if (!check.getPlaceAttr()) return check.emitOpError("has no place; girih-plan-places makes it");
    last.push_back(readAccess(check.getWorst(), check.getPlaceAttr()));
  }
  if (failed(placeWeights())) return failure();

  // What the return copies from, no launch may write over.
  for (auto [i, list] : llvm::enumerate(accesses)) {
    for (const Access &access : list) {
      same.insert(access.place.buffer);
      Buffer &b = buffers[access.place.buffer];
      if (b.first < 0) b.first = i;
      b.last = i;
    }
  }
  for (auto [i, op] : llvm::enumerate(launches))
    share(op, accesses[i], i);
  if (failed(planArena())) return failure();

  Builder b(ctx);
  auto refs = [&](ArrayRef<Access> list) {
    SmallVector<Attribute> attrs;
    for (const Access &access : list)
      attrs.push_back(ref(access));
    return b.getArrayAttr(attrs);
  };
  for (auto [op, list] : llvm::zip(launches, accesses))
    op.setRefsAttr(refs(list));
  ArrayRef<Access> results = ArrayRef(accesses.back()).take_front(end->getNumOperands());
  kRefs.set(end, refs(results));
  for (auto [check, access] : llvm::zip(checks, ArrayRef(accesses.back()).drop_front(results.size())))
    check.setRefAttr(ref(access));
  return success();
}

namespace {
struct PlanArenaPass : impl::PlanArenaBase<PlanArenaPass> {
  using PlanArenaBase::PlanArenaBase;
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main) {
      getOperation().emitError("has no function @main");
      return signalPassFailure();
    }
    ArenaPlanner planner(main, redZone);
    if (failed(planner.run())) return signalPassFailure();
    numInPlace += planner.inPlace;
    numSharedWeights += planner.sharedWeights;
  }
};
} // namespace

} // namespace girih
