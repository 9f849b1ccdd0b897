// Copies of operands that a schedule stores: generics of their own, so that they are stages like any other.
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Tile/Domain.h"

using namespace mlir;

namespace girih {

linalg::GenericOp createCopy(OpBuilder &b, Location loc, Value source) {
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<Value> sizes;
  for (DimExpr d : getDims(type))
    if (!dimValue(d))
      sizes.push_back(DimOp::create(b, loc, b.getIndexType(), DimsAttr::get(b.getContext(), d)));
  Value empty = tensor::EmptyOp::create(b, loc, type, sizes);
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(
      b, loc, TypeRange{type}, ValueRange{source}, ValueRange{empty}, ArrayRef<AffineMap>{map, map}, loops,
      [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); });
}

std::optional<unsigned> getCopiedOperand(linalg::GenericOp op) {
  if (op.getNumReductionLoops() || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1) return std::nullopt;
  BlockArgument argument = getViewedArgument(op.getInputs()[0]);
  auto isIdentity = [](AffineMap map) { return map.isIdentity(); };
  if (!argument || !llvm::all_of(op.getIndexingMapsArray(), isIdentity)) return std::nullopt;
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  return yielded == op.getBody()->getArgument(0) ? std::optional(argument.getArgNumber()) : std::nullopt;
}

FailureOr<linalg::GenericOp> getCopy(KernelOp kernel, unsigned operand) {
  Value read; // the operand, perhaps through a view, where a product reads it
  for (auto op : kernel.getBody().front().getOps<linalg::GenericOp>()) {
    if (!isContraction(op)) continue;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto copy = input->get().getDefiningOp<linalg::GenericOp>();
      if (copy && getCopiedOperand(copy) == operand) return copy;
      BlockArgument argument = getViewedArgument(input->get());
      if (!read && argument && argument.getArgNumber() == operand) read = input->get();
    }
  }
  if (!read) {
    kernel.emitError("tile stage: in") << operand << " is stored, but no product reads operand " << operand;
    return failure();
  }
  OpBuilder b(kernel.getContext());
  b.setInsertionPointAfterValue(read);
  linalg::GenericOp copy = createCopy(b, kernel.getLoc(), read);
  read.replaceUsesWithIf(copy.getResult(0), [&](OpOperand &use) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    return reader && isContraction(reader);
  });
  return copy;
}

} // namespace girih
