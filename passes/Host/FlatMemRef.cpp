#include "passes/Host/FlatMemRef.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace girih {

Value makeFlatMemRef(OpBuilder &b, Location loc, Value pointer, MemRefType type) {
  MLIRContext *ctx = b.getContext();
  auto i64 = b.getI64Type();
  auto ptr = LLVM::LLVMPointerType::get(ctx);
  auto array = LLVM::LLVMArrayType::get(i64, 1);
  auto descriptor = LLVM::LLVMStructType::getLiteral(ctx, {ptr, ptr, i64, array, array});
  Value d = LLVM::PoisonOp::create(b, loc, descriptor);
  auto set = [&](Value v, ArrayRef<int64_t> at) { d = LLVM::InsertValueOp::create(b, loc, d, v, at); };
  auto number = [&](int64_t n) -> Value {
    return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(n));
  };
  set(pointer, {0}), set(pointer, {1}), set(number(0), {2}), set(number(INT64_MAX), {3, 0}),
      set(number(type.getStridesAndOffset().first[0]), {4, 0});
  return UnrealizedConversionCastOp::create(b, loc, type, d).getResult(0);
}

} // namespace girih
