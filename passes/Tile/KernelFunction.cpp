#include "passes/Tile/KernelFunction.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/Tile/Domain.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

SmallVector<DimExpr> getDenseStrides(MLIRContext *ctx, ArrayRef<DimExpr> dims) {
  SmallVector<DimExpr> strides(dims.size());
  DimExpr stride = dimConstant(ctx, 1);
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride = dimSimplify(stride * dims[i]);
  }
  return strides;
}

//===-- Costs -------------------------------------------------------------===//

/// The number of iterations of a loop nest.
static DimExpr getIterations(linalg::GenericOp op) {
  return dimProduct(op.getContext(), getLoopExtents(op));
}

DimExpr getKernelFlops(KernelOp kernel) {
  DimExpr zero = dimConstant(kernel.getContext(), 0), contractions = zero, largest = zero;
  unsigned mostLoops = 0;
  kernel.walk([&](linalg::GenericOp op) {
    DimExpr n = getIterations(op);
    if (isContraction(op)) contractions = contractions + n * 2;
    // Symbolic counts cannot be compared; a nest with more loops is one of the reductions.
    auto a = dimValue(n), b = dimValue(largest);
    bool isLarger = a && b ? *a > *b : op.getNumLoops() > mostLoops;
    if (isLarger || mostLoops == 0) largest = n, mostLoops = op.getNumLoops();
  });
  return dimSimplify(contractions == zero ? largest : contractions);
}

DimExpr getKernelBytes(KernelOp kernel) {
  DimExpr bytes = dimConstant(kernel.getContext(), 0);
  auto add = [&](Type t) {
    auto type = cast<RankedTensorType>(t);
    bytes = bytes + dimProduct(kernel.getContext(), getDims(type)) * getStorageBytes(type.getElementType());
  };
  llvm::for_each(kernel->getOperandTypes(), add);
  llvm::for_each(kernel->getResultTypes(), add);
  return dimSimplify(bytes);
}

//===-- Function ----------------------------------------------------------===//

/// A function name that assemblers and C take: the model's node names, shortened.
static std::string getFunctionName(StringRef kernelName) {
  std::string name = "kernel_";
  for (char c : kernelName.take_front(48))
    name += llvm::isAlnum(c) ? c : '_';
  return name;
}

KernelFunction KernelFunction::create(KernelOp kernel, bool isVariant) {
  MLIRContext *ctx = kernel.getContext();
  Block &body = kernel.getBody().front();
  SmallVector<RankedTensorType> types;
  for (Type t : body.getArgumentTypes())
    types.push_back(cast<RankedTensorType>(t));
  for (Type t : body.getTerminator()->getOperandTypes())
    types.push_back(cast<RankedTensorType>(t));

  auto module = kernel->getParentOfType<ModuleOp>();
  OpBuilder b(ctx);
  SmallVector<Type> arguments;
  for (RankedTensorType t : types)
    arguments.push_back(MemRefType::get({ShapedType::kDynamic}, t.getElementType()));
  KernelFunction f;
  f.numInputs = body.getNumArguments();
  std::string name = getFunctionName(kernel.getKernelName());
  f.function = func::FuncOp::create(kernel.getLoc(), isVariant ? name + "_variant" : name,
                                    b.getFunctionType(arguments, {}));
  f.function.setPrivate();
  SymbolTable(module).insert(f.function);
  b.setInsertionPointToEnd(f.function.addEntryBlock());
  auto end = func::ReturnOp::create(b, kernel.getLoc());
  b.setInsertionPoint(end);

  for (auto [i, type] : llvm::enumerate(types)) {
    SmallVector<DimExpr> dims = getDims(type), dense = getDenseStrides(ctx, dims), strides = dense;
    bool isDense = true;
    if (ArrayAttr places = kernel.getPlacesAttr()) {
      strides = llvm::to_vector(cast<PlaceAttr>(places[i]).getStrides().getDims());
      for (auto [d, stride, e] : llvm::zip(dims, strides, dense)) {
        // Strides of size-1 dimensions mean nothing; taking the dense one keeps equal kernels equal.
        if (dimValue(d) == 1) stride = e;
        isDense &= dimSimplify(stride) == e;
      }
    }
    SmallVector<OpFoldResult> sizes, steps;
    SmallVector<int64_t> staticStrides;
    for (DimExpr d : dims)
      sizes.push_back(f.getMixedSize(b, d));
    for (DimExpr s : strides) {
      steps.push_back(f.getMixedSize(b, s));
      staticStrides.push_back(dimValue(dimSimplify(s)).value_or(ShapedType::kDynamic));
    }
    MemRefLayoutAttrInterface layout;
    if (!isDense) layout = StridedLayoutAttr::get(ctx, 0, staticStrides);
    auto viewType = MemRefType::get(type.getShape(), type.getElementType(), layout);
    f.views.push_back(memref::ReinterpretCastOp::create(b, kernel.getLoc(), viewType,
                                                        f.function.getArgument(i),
                                                        OpFoldResult(b.getIndexAttr(0)), sizes, steps));
  }
  return f;
}

Value KernelFunction::getSize(OpBuilder &b, Location loc, DimExpr expr) {
  expr = dimSimplify(expr);
  if (auto v = dimValue(expr)) return arith::ConstantIndexOp::create(b, loc, *v);
  auto [it, isNew] = sizes.try_emplace(expr, Value());
  if (isNew) {
    unsigned position = function.getNumArguments();
    (void)function.insertArgument(position, b.getIndexType(), {}, function.getLoc());
    it->second = function.getArgument(position);
  }
  return it->second;
}

OpFoldResult KernelFunction::getMixedSize(OpBuilder &b, DimExpr expr) {
  expr = dimSimplify(expr);
  if (auto v = dimValue(expr)) return b.getIndexAttr(*v);
  return getSize(b, function.getLoc(), expr);
}

Value KernelFunction::addScratch(Type element, DimExpr elements) {
  constexpr int64_t kAlignment = 64; // of each value: a vector
  MLIRContext *ctx = function.getContext();
  OpBuilder b(ctx);
  b.setInsertionPointToStart(&function.getBody().front());
  Location loc = function.getLoc();
  if (!scratch) {
    unsigned position = function.getNumArguments();
    auto attributes = DictionaryAttr::get(ctx, kScratch.with(b.getUnitAttr()));
    auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    (void)function.insertArgument(position, type, attributes, loc);
    scratch = function.getArgument(position);
    scratchBytes = dimConstant(ctx, 0);
  }
  auto type = MemRefType::get({ShapedType::kDynamic}, element);
  Value offset = getSize(b, loc, scratchBytes), size = getSize(b, loc, elements);
  DimExpr bytes = elements * getStorageBytes(element);
  scratchBytes = dimSimplify(scratchBytes + bytes.ceilDiv(kAlignment) * kAlignment);
  return memref::ViewOp::create(b, loc, type, scratch, offset, size);
}

void KernelFunction::replaceDims() {
  function.walk([&](DimOp op) {
    OpBuilder b(op);
    op.replaceAllUsesWith(getSize(b, op.getLoc(), op.getExpr().getDims().front()));
    op.erase();
  });
}

DimsAttr KernelFunction::getArguments() {
  return DimsAttr::get(function.getContext(),
                       llvm::map_to_vector(sizes, [](const auto &size) { return size.first; }));
}

LaunchVariantAttr KernelFunction::getVariant(DimsAttr atMost, DimExpr tasks) {
  MLIRContext *ctx = function.getContext();
  return LaunchVariantAttr::get(ctx, atMost, FlatSymbolRefAttr::get(function.getSymNameAttr()),
                                getArguments(), DimsAttr::get(ctx, dimSimplify(tasks)),
                                DimsAttr::get(ctx, scratch ? scratchBytes : dimConstant(ctx, 0)));
}

LaunchOp KernelFunction::launch(KernelOp kernel, DimExpr tasks, func::FuncOp callee) {
  MLIRContext *ctx = kernel.getContext();
  OpBuilder b(kernel);
  auto list = [&](ArrayRef<DimExpr> e) { return DimsAttr::get(ctx, e); };
  auto op = LaunchOp::create(
      b, kernel.getLoc(), kernel.getResultTypes(),
      FlatSymbolRefAttr::get((callee ? callee : function).getSymNameAttr()), kernel.getInputs(),
      kernel.getKernelNameAttr(), getArguments(), list(dimSimplify(tasks)), list(getKernelFlops(kernel)),
      list(getKernelBytes(kernel)), scratch ? list(scratchBytes) : DimsAttr(), kernel.getPlacesAttr(),
      kernel.getInPlaceAttr(), /*variants=*/ArrayAttr(), kernel.getPredictedAttr(), /*refs=*/ArrayAttr());
  kernel.replaceAllUsesWith(op);
  kernel.erase();
  return op;
}

} // namespace girih
