#include "backends/CPU/Passes.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Host/FlatMemRef.h"

namespace girih {
#define GEN_PASS_DEF_MAPTASKS
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;

namespace {

LogicalResult mapFunction(func::FuncOp function) {
  if (auto threads = girih::kThreads.get(function))
    return function.emitError(
               "a task of a CPU's kernel has one thread, but this one's schedule says threads = ")
           << threads.getInt();
  MLIRContext *ctx = function.getContext();
  Location loc = function.getLoc();
  Block &body = function.getBody().front();
  OpBuilder b(ctx);
  b.setInsertionPointToStart(&body);
  auto ptr = LLVM::LLVMPointerType::get(ctx);
  auto i64 = b.getI64Type();
  unsigned old = body.getNumArguments();
  SmallVector<Type> types{ptr, ptr, i64, i64, ptr};
  for (Type t : types)
    body.addArgument(t, loc);
  Value buffers = body.getArgument(old), dims = body.getArgument(old + 1);
  int64_t buffer = 0, dim = 0;
  for (unsigned i = 0; i < old; ++i) {
    BlockArgument arg = body.getArgument(i);
    Value value;
    auto type = dyn_cast<MemRefType>(arg.getType());
    if (type && girih::kScratch.getOfArgument(function, i)) {
      value = girih::makeFlatMemRef(b, loc, body.getArgument(old + 4), type);
    } else if (type) {
      Value at = LLVM::GEPOp::create(b, loc, ptr, ptr, buffers, ArrayRef<LLVM::GEPArg>{int32_t(buffer++)});
      Value pointer = LLVM::LoadOp::create(b, loc, ptr, at, 8, false, false, /*isInvariant=*/true);
      value = girih::makeFlatMemRef(b, loc, pointer, type);
    } else {
      Value at = LLVM::GEPOp::create(b, loc, ptr, i64, dims, ArrayRef<LLVM::GEPArg>{int32_t(dim++)});
      Value number = LLVM::LoadOp::create(b, loc, i64, at, 8, false, false, /*isInvariant=*/true);
      value = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
    }
    arg.replaceAllUsesWith(value);
  }
  Value begin = arith::IndexCastOp::create(b, loc, b.getIndexType(), body.getArgument(old + 2));
  Value end = arith::IndexCastOp::create(b, loc, b.getIndexType(), body.getArgument(old + 3));
  body.eraseArguments(0, old);
  function.removeArgAttrsAttr();
  function.setType(b.getFunctionType(types, {}));

  scf::ForallOp forall;
  for (auto op : body.getOps<scf::ForallOp>()) {
    if (forall) return op.emitError("a kernel has one scf.forall");
    forall = op;
  }
  if (!forall) {
    // No task loop: the kernel is one task, which an empty range must not run.
    return function.emitError("a kernel function has no scf.forall");
  }
  b.setInsertionPoint(forall);
  auto loop = scf::ForOp::create(b, forall.getLoc(), begin, end, arith::ConstantIndexOp::create(b, loc, 1));
  forall.getInductionVar(0).replaceAllUsesWith(loop.getInductionVar());
  forall.getTerminator()->erase();
  loop.getBody()->getOperations().splice(loop.getBody()->begin(), forall.getBody()->getOperations());
  forall.erase();
  return success();
}

struct MapTasks : girih::impl::MapTasksBase<MapTasks> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getSymName() == "main" || function.isExternal()) continue;
      if (failed(mapFunction(function))) return signalPassFailure();
      function.setPublic();
    }
  }
};

} // namespace
