#include "backends/CUDA/Passes.h"
#include "backends/CUDA/Team.h"
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

FailureOr<scf::ForallOp> getTasks(func::FuncOp function) {
  auto tasks = llvm::to_vector(function.getOps<scf::ForallOp>());
  if (tasks.size() == 1 && tasks[0].getRank() == 1) return tasks[0];
  return function.emitError("a kernel function has ") << tasks.size() << " scf.forall, expected one of tasks";
}

/// As many tasks as a block has room for; a team that is larger is a block. Threads come in warps.
Teams chooseTeams(func::FuncOp function, scf::ForallOp forall) {
  IntegerAttr team = kThreads.get(function);
  int64_t threads = team ? team.getInt() : 1;
  int64_t most = std::max<int64_t>(threads > kWarp ? 1 : kMostThreads / threads, 1);
  auto count = getConstantIntValue(forall.getMixedUpperBound()[0]);
  if (!count || *count >= most) return {most, threads};
  return {int64_t(llvm::alignTo(std::max<int64_t>(*count, 1), std::max<int64_t>(kWarp / threads, 1))),
          threads};
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

/// Gives views of a task's scratch memory their place in that of a block, at `memory`: elements of
/// neighbouring threads are side by side, unless vectors are stored; those of a team in one piece. A task
/// has `bytes`.
void mapScratch(BlockArgument scratch, Value memory, Value bytes, Value task, Teams teams) {
  int64_t tasks = teams.teams;
  MLIRContext *ctx = memory.getContext();
  auto views =
      llvm::map_to_vector(scratch.getUsers(), [](Operation *op) { return cast<memref::ViewOp>(op); });
  bool areScalars = teams.threads == 1 && llvm::all_of(views, [](memref::ViewOp view) {
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
      first = times(first, number(tasks)), own = times(task, number(getStorageBytes(element)));
    else
      own = times(task, arith::IndexCastOp::create(b, loc, b.getIndexType(), bytes));
    Value offset =
        arith::IndexCastOp::create(b, loc, b.getI64Type(), arith::AddIOp::create(b, loc, first, own));
    Value at =
        LLVM::GEPOp::create(b, loc, memory.getType(), b.getI8Type(), memory, ArrayRef<LLVM::GEPArg>{offset});
    at = LLVM::AddrSpaceCastOp::create(b, loc, LLVM::LLVMPointerType::get(ctx), at);
    MemRefLayoutAttrInterface layout;
    if (areScalars) layout = StridedLayoutAttr::get(ctx, 0, {tasks});
    view.getResult().replaceAllUsesWith(
        makeFlatMemRef(b, loc, at, MemRefType::get({ShapedType::kDynamic}, element, layout)));
    view.erase();
  }
}

/// Maxima and minima of f32 that pass NaNs on are one instruction here (from sm_80 on), and not what CPUs
/// have.
void mapExtrema(func::FuncOp function) {
  function.walk([](Operation *op) {
    if (!isa<arith::MaximumFOp, arith::MinimumFOp>(op) ||
        !getElementTypeOrSelf(op->getResult(0).getType()).isF32())
      return;
    OpBuilder b(op);
    Value x = op->getOperand(0), y = op->getOperand(1), value;
    if (isa<arith::MaximumFOp>(op))
      value = LLVM::MaximumOp::create(b, op->getLoc(), x, y);
    else
      value = LLVM::MinimumOp::create(b, op->getLoc(), x, y);
    op->replaceAllUsesWith(ValueRange{value});
    op->erase();
  });
}

/// Returns how many tasks a block has.
FailureOr<int64_t> mapFunction(func::FuncOp function, const Buffers &buffers) {
  auto forall = getTasks(function);
  if (failed(forall)) return failure();
  Teams teams = chooseTeams(function, *forall);
  MLIRContext *ctx = function.getContext();
  Location loc = function.getLoc();
  Block &body = function.getBody().front();
  OpBuilder b(ctx);
  b.setInsertionPointToStart(&body);
  auto global = LLVM::LLVMPointerType::get(ctx, unsigned(NVVM::NVVMMemorySpace::Global));
  auto generic = LLVM::LLVMPointerType::get(ctx);
  auto index = b.getIndexType();
  auto number = [&](Value v) -> Value { return arith::IndexCastUIOp::create(b, loc, index, v); };

  // The task in the grid: that of the thread, or of its team.
  auto constant = [&](int64_t n) -> Value { return arith::ConstantIndexOp::create(b, loc, n); };
  Value thread = number(NVVM::ThreadIdXOp::create(b, loc, b.getI32Type()));
  Value block = number(NVVM::BlockIdXOp::create(b, loc, b.getI32Type()));
  bool isBlock = teams.threads > kWarp;
  Value first = isBlock ? block : arith::MulIOp::create(b, loc, block, constant(teams.teams)).getResult();
  Value team = isBlock ? constant(0)
               : teams.threads == 1
                   ? thread
                   : arith::DivUIOp::create(b, loc, thread, constant(teams.threads)).getResult();
  Value task = isBlock ? block : arith::AddIOp::create(b, loc, first, team).getResult();
  if (teams.threads > 1) mapTeam(function, teams, thread, team);
  mapExtrema(function);

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
    mapScratch(scratch, own, bytes, team, teams);
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
  kThreads.set(function, b.getI64IntegerAttr(teams.getBlock()));
  return teams.teams;
}

/// How a launch of blocks says what it said of tasks.
struct Grid {
  DimsAttr dims, tasks, scratch;
};

Grid toBlocks(DimsAttr dims, DimExpr tasks, DimExpr scratch, int64_t teams) {
  MLIRContext *ctx = dims.getContext();
  SmallVector<DimExpr> all(dims.getDims());
  bool hasScratch = scratch && scratch != 0;
  if (hasScratch) all.push_back(scratch);
  return {DimsAttr::get(ctx, all), DimsAttr::get(ctx, {dimSimplify(tasks.ceilDiv(teams))}),
          DimsAttr::get(ctx, {hasScratch ? dimSimplify(scratch * teams) : dimConstant(ctx, 0)})};
}

struct MapCuda : girih::impl::MapCudaBase<MapCuda> {
  void runOnOperation() override {
    llvm::StringMap<int64_t> teams;
    llvm::StringMap<Buffers> buffers;
    getOperation().walk([&](LaunchOp launch) {
      buffers[launch.getKernel()].meet(launch);
      if (ArrayAttr variants = launch.getVariantsAttr())
        for (auto v : variants.getAsRange<LaunchVariantAttr>())
          buffers[v.getKernel().getValue()].meet(launch);
    });
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function.getSymName() == "main" || function.isExternal()) continue;
      auto mapped = mapFunction(function, buffers[function.getSymName()]);
      if (failed(mapped)) return signalPassFailure();
      teams[function.getSymName()] = *mapped;
    }
    getOperation().walk([&](LaunchOp launch) {
      DimsAttr scratch = launch.getScratchAttr();
      Grid grid = toBlocks(launch.getDimsAttr(), launch.getTasksAttr().getDims()[0],
                           scratch ? scratch.getDims()[0] : DimExpr(), teams.lookup(launch.getKernel()));
      launch.setDimsAttr(grid.dims), launch.setTasksAttr(grid.tasks);
      if (scratch) launch.setScratchAttr(grid.scratch);
      ArrayAttr variants = launch.getVariantsAttr();
      if (!variants) return;
      launch.setVariantsAttr(ArrayAttr::get(
          &getContext(),
          llvm::map_to_vector(variants.getAsRange<LaunchVariantAttr>(), [&](auto v) -> Attribute {
            Grid grid = toBlocks(v.getDims(), v.getTasks().getDims()[0], v.getScratch().getDims()[0],
                                 teams.lookup(v.getKernel().getValue()));
            return LaunchVariantAttr::get(&getContext(), v.getAtMost(), v.getKernel(), grid.dims, grid.tasks,
                                          grid.scratch);
          })));
    });
  }
};

} // namespace
