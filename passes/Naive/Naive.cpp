// Kernels at the linalg stage become scalar loops on buffers. Every kernel is a DAG of linalg.generic with
// results of their own, so each tensor simply gets a buffer.
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/Naive/Passes.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"
#include "passes/Tile/Schedule.h"
#include "llvm/ADT/TypeSwitch.h"

namespace girih {
#define GEN_PASS_DEF_NAIVEKERNELS
#include "passes/Naive/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Bufferises the body of one kernel into its function, at the builder's place.
class Bufferizer {
public:
  Bufferizer(KernelFunction &function, OpBuilder &b) : function(function), b(b) {}

  LogicalResult run(KernelOp kernel);

private:
  Value allocate(Location loc, RankedTensorType type);
  void writeTable(Value tensor, DenseElementsAttr table);
  void lower(linalg::GenericOp op);
  void lower(tensor::ExpandShapeOp op);
  void lower(tensor::CollapseShapeOp op);
  void lower(tensor::ExtractSliceOp op);
  /// The memref that holds a tensor.
  Value get(Value tensor) { return buffers.lookup(tensor); }

  KernelFunction &function;
  OpBuilder &b;
  llvm::DenseMap<Value, Value> buffers;
  SmallVector<Value> allocations;
};

} // namespace

Value Bufferizer::allocate(Location loc, RankedTensorType type) {
  SmallVector<Value> sizes;
  for (DimExpr d : getDims(type))
    if (!dimValue(d)) sizes.push_back(function.getSize(b, loc, d));
  auto memref = MemRefType::get(type.getShape(), type.getElementType());
  allocations.push_back(memref::AllocOp::create(b, loc, memref, sizes));
  return allocations.back();
}

void Bufferizer::writeTable(Value tensor, DenseElementsAttr table) {
  Location loc = tensor.getLoc();
  auto type = cast<RankedTensorType>(tensor.getType());
  Value buffer = buffers[tensor] = allocate(loc, type);
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (auto [i, value] : llvm::enumerate(table.getValues<TypedAttr>())) {
    auto at = llvm::map_to_vector(delinearize(i, strides), [&](int64_t k) -> Value {
      return arith::ConstantIndexOp::create(b, loc, k);
    });
    memref::StoreOp::create(b, loc, arith::ConstantOp::create(b, loc, value), buffer, at);
  }
}

void Bufferizer::lower(linalg::GenericOp op) {
  Location loc = op.getLoc();
  SmallVector<Value> inputs, outputs;
  for (Value v : op.getInputs()) {
    // An operand that only gives a window's shape.
    if (v.getDefiningOp<tensor::EmptyOp>() && !get(v))
      buffers[v] = allocate(loc, cast<RankedTensorType>(v.getType()));
    if (DenseElementsAttr table = getTable(v); table && !get(v)) writeTable(v, table);
    inputs.push_back(get(v));
  }
  for (auto [init, result] : llvm::zip(op.getOutputs(), op.getResults())) {
    Value buffer = buffers[result] = allocate(loc, cast<RankedTensorType>(result.getType()));
    outputs.push_back(buffer);
    if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
      Operation *value = fill.getInputs()[0].getDefiningOp();
      linalg::FillOp::create(b, loc, b.clone(*value)->getResult(0), buffer);
    }
  }
  auto copy = linalg::GenericOp::create(b, loc, TypeRange(), inputs, outputs, op.getIndexingMapsArray(),
                                        op.getIteratorTypesArray());
  IRMapping mapping;
  op.getRegion().cloneInto(&copy.getRegion(), mapping);
  copy.walk([&](tensor::ExtractOp extract) {
    OpBuilder at(extract);
    Value load = memref::LoadOp::create(at, extract.getLoc(), get(extract.getTensor()), extract.getIndices());
    extract.replaceAllUsesWith(load);
    extract.erase();
  });
  // One state that sees all elements combines with none.
  copy.walk([](CombineOp combine) {
    combine.replaceAllUsesWith(combine.getState());
    combine.erase();
  });
}

void Bufferizer::lower(tensor::ExpandShapeOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<OpFoldResult> sizes;
  for (DimExpr d : getDims(type))
    sizes.push_back(function.getMixedSize(b, d));
  Value source = get(op.getSrc());
  auto groups = op.getReassociationIndices();
  FailureOr<MemRefType> view =
      memref::ExpandShapeOp::computeExpandedType(cast<MemRefType>(source.getType()), type.getShape(), groups);
  buffers[op] = memref::ExpandShapeOp::create(b, op.getLoc(), *view, source, groups, sizes);
}

void Bufferizer::lower(tensor::CollapseShapeOp op) {
  buffers[op] =
      memref::CollapseShapeOp::create(b, op.getLoc(), get(op.getSrc()), op.getReassociationIndices());
}

void Bufferizer::lower(tensor::ExtractSliceOp op) {
  buffers[op] = memref::SubViewOp::create(b, op.getLoc(), get(op.getSource()), op.getMixedOffsets(),
                                          op.getMixedSizes(), op.getMixedStrides());
}

LogicalResult Bufferizer::run(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  for (auto [argument, view] : llvm::zip(body.getArguments(), function.getInputs()))
    buffers[argument] = view;
  for (Operation &op : body.without_terminator()) {
    auto result =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<linalg::GenericOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(
                [&](auto o) {
                  lower(o);
                  return success();
                })
            // What loop nests start from, and what is looked at where it is used.
            .Case<tensor::EmptyOp, linalg::FillOp, arith::ConstantOp, DimOp>([](auto) { return success(); })
            .Default([](Operation *o) {
              return o->emitOpError("does not belong into a kernel of the linalg stage");
            });
    if (failed(result)) return failure();
  }
  for (auto [value, view] : llvm::zip(body.getTerminator()->getOperands(), function.getResults()))
    linalg::CopyOp::create(b, kernel.getLoc(), get(value), view);
  for (Value v : allocations)
    memref::DeallocOp::create(b, kernel.getLoc(), v);
  return success();
}

/// Linalg ops become loops, and the index arithmetic in them arith.
static LogicalResult lowerToLoops(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::LinalgOp> ops;
  function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::linalgOpToLoops(rewriter, op))) return op.emitOpError("cannot be made into loops");
    rewriter.eraseOp(op);
  }
  function.walk([&](affine::AffineApplyOp op) {
    rewriter.setInsertionPoint(op);
    auto values = affine::expandAffineMap(rewriter, op.getLoc(), op.getAffineMap(),
                                          llvm::to_vector<4>(op.getOperands()));
    rewriter.replaceOp(op, *values);
  });
  return success();
}

namespace {
struct NaiveKernels : girih::impl::NaiveKernelsBase<NaiveKernels> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) {
      if (!getSpecialOp(kernel)) kernels.push_back(kernel);
    });
    for (KernelOp kernel : kernels) {
      KernelFunction function = KernelFunction::create(kernel);
      OpBuilder b(function.getFunction().getBody().front().getTerminator());
      auto task = scf::ForallOp::create(b, kernel.getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)},
                                        ValueRange(), std::nullopt);
      b.setInsertionPointToStart(task.getBody());
      if (failed(Bufferizer(function, b).run(kernel))) return signalPassFailure();
      function.replaceDims();
      if (failed(lowerToLoops(function.getFunction()))) return signalPassFailure();
      function.launch(kernel, dimConstant(&getContext(), 1));
      ++numKernels;
    }
  }
};
} // namespace
