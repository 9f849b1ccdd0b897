#include "backends/CUDA/Passes.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Host/FlatMemRef.h"
#include <numeric>

namespace girih {
#define GEN_PASS_DEF_MAPCUDA
#include "backends/CUDA/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Threads of a block: several blocks fit a multiprocessor, however many registers a thread takes.
constexpr int64_t kMostThreads = 128;
constexpr int64_t kWarp = 32;

FailureOr<scf::ForallOp> getTasks(func::FuncOp function) {
  auto tasks = llvm::to_vector(function.getOps<scf::ForallOp>());
  if (tasks.size() == 1 && tasks[0].getRank() == 1) return tasks[0];
  return function.emitError("a kernel function has ") << tasks.size() << " scf.forall, expected one of tasks";
}

int64_t chooseThreads(scf::ForallOp forall) {
  auto count = getConstantIntValue(forall.getMixedUpperBound()[0]);
  if (!count || *count >= kMostThreads) return kMostThreads;
  return llvm::alignTo(std::max<int64_t>(*count, 1), kWarp);
}

/// What all launches of a kernel say of its buffers.
struct Buffers {
  SmallVector<int64_t> alignments; // bytes; 0 where nothing is known
  unsigned inputs = 0;
  bool areApart = true; // nothing is written over an input

  void meet(LaunchOp launch);
};

/// Every buffer that a run has begins at a multiple of this (GIRIH_ALIGNMENT, or more).
constexpr int64_t kAlignment = 16; // of the longest load

void Buffers::meet(LaunchOp launch) {
  inputs = launch.getInputs().size();
  unsigned count = launch->getNumOperands() + launch->getNumResults();
  alignments.resize(count, kAlignment);
  ArrayAttr refs = launch.getRefsAttr();
  for (unsigned i = 0; i < count; ++i) {
    int64_t offset = refs ? cast<RefAttr>(refs[i]).getOffset().getDims()[0].getLargestKnownDivisor() : 1;
    alignments[i] = std::gcd(alignments[i], offset);
    if (i >= inputs) areApart &= refs && !llvm::is_contained(refs.getValue().take_front(inputs), refs[i]);
  }
}

/// Gives views of a thread's scratch memory their place in that of a block, at `memory`: elements of
/// neighbouring threads are side by side, unless vectors are stored. A thread has `bytes`.
void mapScratch(BlockArgument scratch, Value memory, Value bytes, Value thread, int64_t threads) {
  MLIRContext *ctx = memory.getContext();
  auto views =
      llvm::map_to_vector(scratch.getUsers(), [](Operation *op) { return cast<memref::ViewOp>(op); });
  bool areScalars = llvm::all_of(views, [](memref::ViewOp view) {
    return llvm::all_of(view->getUsers(), llvm::IsaPred<memref::LoadOp, memref::StoreOp>);
  });
  for (memref::ViewOp view : views) {
    OpBuilder b(view);
    Location loc = view.getLoc();
    Type element = view.getType().getElementType();
    auto number = [&](int64_t n) -> Value { return arith::ConstantIndexOp::create(b, loc, n); };
    auto times = [&](Value x, Value y) -> Value { return arith::MulIOp::create(b, loc, x, y); };
    Value first = view.getByteShift(), own;
    if (areScalars)
      first = times(first, number(threads)), own = times(thread, number(getStorageBytes(element)));
    else
      own = times(thread, arith::IndexCastOp::create(b, loc, b.getIndexType(), bytes));
    Value offset =
        arith::IndexCastOp::create(b, loc, b.getI64Type(), arith::AddIOp::create(b, loc, first, own));
    Value at =
        LLVM::GEPOp::create(b, loc, memory.getType(), b.getI8Type(), memory, ArrayRef<LLVM::GEPArg>{offset});
    at = LLVM::AddrSpaceCastOp::create(b, loc, LLVM::LLVMPointerType::get(ctx), at);
    MemRefLayoutAttrInterface layout;
    if (areScalars) layout = StridedLayoutAttr::get(ctx, 0, {threads});
    view.getResult().replaceAllUsesWith(
        makeFlatMemRef(b, loc, at, MemRefType::get({ShapedType::kDynamic}, element, layout)));
    view.erase();
  }
}

/// Returns how many threads a block has.
FailureOr<int64_t> mapFunction(func::FuncOp function, const Buffers &buffers) {
  auto forall = getTasks(function);
  if (failed(forall)) return failure();
  int64_t threads = chooseThreads(*forall);
  MLIRContext *ctx = function.getContext();
  Location loc = function.getLoc();
  Block &body = function.getBody().front();
  OpBuilder b(ctx);
  b.setInsertionPointToStart(&body);
  auto global = LLVM::LLVMPointerType::get(ctx, unsigned(NVVM::NVVMMemorySpace::Global));
  auto generic = LLVM::LLVMPointerType::get(ctx);
  auto index = b.getIndexType();
  auto number = [&](Value v) -> Value { return arith::IndexCastUIOp::create(b, loc, index, v); };

  // The thread in the grid.
  Value t = number(NVVM::ThreadIdXOp::create(b, loc, b.getI32Type()));
  Value block = number(NVVM::BlockIdXOp::create(b, loc, b.getI32Type()));
  Value first = arith::MulIOp::create(b, loc, block, arith::ConstantIndexOp::create(b, loc, threads));
  Value task = arith::AddIOp::create(b, loc, first, t);

  unsigned old = body.getNumArguments();
  SmallVector<Type> types;
  auto add = [&](Type type) -> Value {
    types.push_back(type);
    return body.addArgument(type, loc);
  };
  auto isBuffer = [&](unsigned i) {
    return isa<MemRefType>(body.getArgument(i).getType()) && !kScratch.getOfArgument(function, i);
  };
  auto view = [&](Value pointer, BlockArgument argument) {
    pointer = LLVM::AddrSpaceCastOp::create(b, loc, generic, pointer);
    argument.replaceAllUsesWith(makeFlatMemRef(b, loc, pointer, cast<MemRefType>(argument.getType())));
  };
  for (unsigned i = 0; i < old; ++i)
    if (isBuffer(i)) view(add(global), body.getArgument(i));
  BlockArgument scratch;
  for (unsigned i = 0; i < old; ++i) {
    BlockArgument argument = body.getArgument(i);
    if (kScratch.getOfArgument(function, i))
      scratch = argument;
    else if (!isBuffer(i))
      argument.replaceAllUsesWith(arith::IndexCastOp::create(b, loc, index, add(b.getI64Type())).getResult());
  }
  if (scratch) {
    Value bytes = add(b.getI64Type()), number = arith::IndexCastOp::create(b, loc, b.getI64Type(), first);
    Value offset = arith::MulIOp::create(b, loc, number, bytes);
    Value own =
        LLVM::GEPOp::create(b, loc, global, b.getI8Type(), add(global), ArrayRef<LLVM::GEPArg>{offset});
    mapScratch(scratch, own, bytes, t, threads);
  }
  function.removeArgAttrsAttr();
  body.eraseArguments(0, old);
  function.setType(b.getFunctionType(types, {}));
  for (auto [i, alignment] : llvm::enumerate(buffers.alignments)) {
    if (alignment > 1)
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(alignment));
    if (!buffers.areApart) continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), b.getUnitAttr());
    if (i < buffers.inputs) function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), b.getUnitAttr());
  }

  // What is behind the last task is left out.
  b.setInsertionPoint(*forall);
  Value count = forall->getUpperBound(b)[0];
  Value isTask = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, task, count);
  auto choice = scf::IfOp::create(b, forall->getLoc(), isTask, /*withElseRegion=*/false);
  forall->getInductionVar(0).replaceAllUsesWith(task);
  forall->getTerminator()->erase();
  Block *then = choice.thenBlock();
  then->getOperations().splice(then->begin(), forall->getBody()->getOperations());
  forall->erase();
  function.setPublic();
  kThreads.set(function, b.getI64IntegerAttr(threads));
  return threads;
}

/// How a launch of blocks says what it said of tasks.
struct Grid {
  DimsAttr dims, tasks, scratch;
};

Grid toBlocks(DimsAttr dims, DimExpr tasks, DimExpr scratch, int64_t threads) {
  MLIRContext *ctx = dims.getContext();
  SmallVector<DimExpr> all(dims.getDims());
  bool hasScratch = scratch && scratch != 0;
  if (hasScratch) all.push_back(scratch);
  return {DimsAttr::get(ctx, all), DimsAttr::get(ctx, {dimSimplify(tasks.ceilDiv(threads))}),
          DimsAttr::get(ctx, {hasScratch ? dimSimplify(scratch * threads) : dimConstant(ctx, 0)})};
}

struct MapCuda : girih::impl::MapCudaBase<MapCuda> {
  void runOnOperation() override {
    llvm::StringMap<int64_t> threads;
    llvm::StringMap<Buffers> buffers;
    getOperation().walk([&](LaunchOp launch) {
      buffers[launch.getKernel()].meet(launch);
      if (ArrayAttr variants = launch.getVariantsAttr())
        for (auto v : variants.getAsRange<LaunchVariantAttr>())
          buffers[v.getKernel().getValue()].meet(launch);
    });
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getSymName() == "main" || function.isExternal()) continue;
      auto mapped = mapFunction(function, buffers[function.getSymName()]);
      if (failed(mapped)) return signalPassFailure();
      threads[function.getSymName()] = *mapped;
    }
    getOperation().walk([&](LaunchOp launch) {
      DimsAttr scratch = launch.getScratchAttr();
      Grid grid = toBlocks(launch.getDimsAttr(), launch.getTasksAttr().getDims()[0],
                           scratch ? scratch.getDims()[0] : DimExpr(), threads.lookup(launch.getKernel()));
      launch.setDimsAttr(grid.dims), launch.setTasksAttr(grid.tasks);
      if (scratch) launch.setScratchAttr(grid.scratch);
      ArrayAttr variants = launch.getVariantsAttr();
      if (!variants) return;
      launch.setVariantsAttr(ArrayAttr::get(
          &getContext(),
          llvm::map_to_vector(variants.getAsRange<LaunchVariantAttr>(), [&](auto v) -> Attribute {
            Grid grid = toBlocks(v.getDims(), v.getTasks().getDims()[0], v.getScratch().getDims()[0],
                                 threads.lookup(v.getKernel().getValue()));
            return LaunchVariantAttr::get(&getContext(), v.getAtMost(), v.getKernel(), grid.dims, grid.tasks,
                                          grid.scratch);
          })));
    });
  }
};

} // namespace
