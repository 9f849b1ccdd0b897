#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/Host/Passes.h"

namespace girih {
#define GEN_PASS_DEF_NARROWFLOATSASINTEGERS
#include "passes/Host/Passes.h.inc"
} // namespace girih

using namespace mlir;

namespace {

bool isNarrow(Type t) {
  return t.isBF16() || t.isF16();
}

/// `t` with i16 for bf16 and f16, in vectors, arrays and structs too.
Type asInteger(Type t) {
  if (isNarrow(t)) return IntegerType::get(t.getContext(), 16);
  if (auto v = dyn_cast<VectorType>(t)) return v.clone(asInteger(v.getElementType()));
  if (auto a = dyn_cast<LLVM::LLVMArrayType>(t))
    return LLVM::LLVMArrayType::get(asInteger(a.getElementType()), a.getNumElements());
  if (auto s = dyn_cast<LLVM::LLVMStructType>(t); s && !s.isIdentified())
    return LLVM::LLVMStructType::getLiteral(t.getContext(), llvm::map_to_vector(s.getBody(), asInteger),
                                            s.isPacked());
  return t;
}

Attribute asInteger(Attribute a) {
  if (auto type = dyn_cast<TypeAttr>(a)) return TypeAttr::get(asInteger(type.getValue()));
  if (auto f = dyn_cast<FloatAttr>(a); f && isNarrow(f.getType()))
    return IntegerAttr::get(asInteger(f.getType()), f.getValue().bitcastToAPInt());
  if (auto d = dyn_cast<DenseElementsAttr>(a); d && isNarrow(d.getElementType()))
    return d.bitcast(asInteger(d.getElementType()));
  return a;
}

/// Whether an operation moves bits, whatever they mean. Only these change their types.
bool movesBits(Operation *op) {
  return isa<LLVM::LoadOp, LLVM::StoreOp, LLVM::MaskedLoadOp, LLVM::MaskedStoreOp, LLVM::masked_gather,
             LLVM::masked_scatter, LLVM::masked_expandload, LLVM::masked_compressstore, LLVM::SelectOp,
             LLVM::ShuffleVectorOp, LLVM::InsertElementOp, LLVM::ExtractElementOp, LLVM::InsertValueOp,
             LLVM::ExtractValueOp, LLVM::ConstantOp, LLVM::PoisonOp, LLVM::UndefOp, LLVM::ZeroOp,
             LLVM::BitcastOp, LLVM::AllocaOp, LLVM::GEPOp, LLVM::BrOp, LLVM::CondBrOp, LLVM::FreezeOp>(op);
}

void retype(Operation *op) {
  for (Value result : op->getResults())
    result.setType(asInteger(result.getType()));
  for (NamedAttribute a : llvm::to_vector(op->getAttrs()))
    op->setAttr(a.getName(), asInteger(a.getValue()));
  auto bitcast = dyn_cast<LLVM::BitcastOp>(op);
  if (!bitcast || bitcast.getType() != bitcast.getArg().getType()) return;
  bitcast.replaceAllUsesWith(bitcast.getArg());
  bitcast.erase();
}

/// An operation on floats: its operands get back their types, and its results become integers.
void wrap(Operation *op, ArrayRef<Type> types) {
  OpBuilder b(op);
  for (auto [operand, type] : llvm::zip_equal(op->getOpOperands(), types))
    if (operand.get().getType() != type)
      operand.set(LLVM::BitcastOp::create(b, op->getLoc(), type, operand.get()));
  b.setInsertionPointAfter(op);
  for (Value result : op->getResults()) {
    Type type = asInteger(result.getType());
    if (type == result.getType()) continue;
    auto moved = LLVM::BitcastOp::create(b, op->getLoc(), type, result);
    result.replaceAllUsesExcept(moved, moved);
  }
}

void moveAsIntegers(LLVM::LLVMFuncOp function) {
  // Types of operands as they were: by the time an operation is reached, what defines them has changed.
  SmallVector<std::pair<Operation *, SmallVector<Type>>> ops;
  function.getBody().walk(
      [&](Operation *op) { ops.emplace_back(op, llvm::to_vector(op->getOperandTypes())); });
  for (Block &block : llvm::drop_begin(function.getBody()))
    for (BlockArgument argument : block.getArguments())
      argument.setType(asInteger(argument.getType()));
  for (auto &[op, types] : ops)
    movesBits(op) ? retype(op) : wrap(op, types);
}

struct NarrowFloatsAsIntegers : girih::impl::NarrowFloatsAsIntegersBase<NarrowFloatsAsIntegers> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      auto isMoved = [](Type t) { return asInteger(t) != t; };
      // A signature is the caller's business too; kernels take pointers and integers.
      if (function.isExternal() || llvm::any_of(function.getArgumentTypes(), isMoved)) continue;
      moveAsIntegers(function);
    }
  }
};

} // namespace
