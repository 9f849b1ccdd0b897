#include "backends/CPU/EmitSlots.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;

namespace girih {

/// Splits "name[3]", the symbol for an element of an input, into name and 3.
static std::optional<std::pair<StringRef, int>> parseElement(StringRef symbol) {
  auto [name, index] = symbol.rsplit('[');
  int element;
  if (!index.consume_back("]") || index.getAsInteger(10, element) || element < 0) return std::nullopt;
  return std::pair(name, element);
}

SlotTable::SlotTable(func::FuncOp main) : context(main.getContext()) {
  auto add = [&](DimExpr symbol, unsigned input, int axis, StringRef name) {
    if (!slots.try_emplace(symbol, sources.size()).second) return;
    sources.push_back({input, axis, name.str()});
  };
  llvm::StringMap<unsigned> inputs;
  for (BlockArgument argument : main.getArguments()) {
    unsigned i = argument.getArgNumber();
    if (auto name = main.getArgAttrOfType<StringAttr>(i, "girih.name")) inputs[name.getValue()] = i;
    for (auto [axis, dim] : llvm::enumerate(getDims(argument))) {
      auto symbol = dyn_cast<AffineSymbolExpr>(dim);
      if (!symbol) continue;
      const DimSymbol &s = getDimSymbols(context)[symbol.getPosition()];
      if (s.kind == DimSymbol::Name) add(dim, i, axis, s.name);
    }
  }
  DimSymbols &symbols = getDimSymbols(context);
  for (unsigned position = 0, end = symbols.size(); position < end; ++position) {
    const DimSymbol &s = symbols[position];
    auto element = s.kind == DimSymbol::Name ? parseElement(s.name) : std::nullopt;
    if (!element) continue;
    if (auto it = inputs.find(element->first); it != inputs.end())
      add(getAffineSymbolExpr(position, context), it->second, -1 - element->second, s.name);
  }
}

int64_t SlotTable::getSlot(DimExpr expr, Location loc) {
  expr = dimSimplify(expr);
  if (auto it = slots.find(expr); it != slots.end()) return it->second;
  llvm::SetVector<unsigned> used;
  dimCollectSymbols(expr, used);
  for (unsigned position : used) {
    const DimSymbol &s = getDimSymbols(context)[position];
    if (s.kind != DimSymbol::Name || slots.contains(getAffineSymbolExpr(position, context))) continue;
    emitError(loc) << "the size '" << s.name << "' in '" << dimToString(expr)
                   << "' is no dimension and no element of an input; pin it with --dim " << s.name
                   << "=VALUE";
    return -1;
  }
  int64_t slot = slots.size();
  slots.insert({expr, slot});
  return slot;
}

namespace {

/// Straight-line code for expressions. Sums and products saturate, so that an absurd size stays absurd; a
/// division by what is not positive gives 0, which no size that matters survives.
class ExprEmitter {
public:
  ExprEmitter(llvm::IRBuilder<> &b, MLIRContext *context) : b(b), context(context) {}
  llvm::DenseMap<DimExpr, llvm::Value *> values;

  llvm::Value *emit(DimExpr e) {
    if (auto it = values.find(e); it != values.end()) return it->second;
    llvm::Value *v = compute(e);
    values[e] = v;
    return v;
  }

private:
  llvm::Value *compute(DimExpr e) {
    if (auto constant = dyn_cast<AffineConstantExpr>(e)) return b.getInt64(constant.getValue());
    if (auto symbol = dyn_cast<AffineSymbolExpr>(e)) {
      const DimSymbol &s = getDimSymbols(context)[symbol.getPosition()];
      assert(s.kind != DimSymbol::Name && "getSlot has seen to it that names are read");
      auto id = s.kind == DimSymbol::Min ? llvm::Intrinsic::smin : llvm::Intrinsic::smax;
      llvm::Value *lhs = emit(s.lhs), *rhs = emit(s.rhs);
      return b.CreateBinaryIntrinsic(id, lhs, rhs);
    }
    auto binary = cast<AffineBinaryOpExpr>(e);
    llvm::Value *lhs = emit(binary.getLHS()), *rhs = emit(binary.getRHS());
    switch (e.getKind()) {
    case AffineExprKind::Add:
      return b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, lhs, rhs);
    case AffineExprKind::Mul:
      return multiply(lhs, rhs);
    case AffineExprKind::FloorDiv:
      return divide(lhs, rhs).first;
    case AffineExprKind::Mod:
      return divide(lhs, rhs).second;
    case AffineExprKind::CeilDiv:
      return b.CreateNeg(divide(b.CreateNeg(lhs), rhs).first);
    default:
      llvm_unreachable("dimensions have no dims");
    }
  }

  llvm::Value *multiply(llvm::Value *lhs, llvm::Value *rhs) {
    llvm::Value *both = b.CreateBinaryIntrinsic(llvm::Intrinsic::smul_with_overflow, lhs, rhs);
    llvm::Value *negative = b.CreateICmpSLT(b.CreateXor(lhs, rhs), b.getInt64(0));
    llvm::Value *limit = b.CreateSelect(negative, b.getInt64(INT64_MIN), b.getInt64(INT64_MAX));
    return b.CreateSelect(b.CreateExtractValue(both, 1), limit, b.CreateExtractValue(both, 0));
  }

  /// Quotient rounded down, and the remainder that goes with it.
  std::pair<llvm::Value *, llvm::Value *> divide(llvm::Value *lhs, llvm::Value *rhs) {
    llvm::Value *zero = b.getInt64(0);
    llvm::Value *valid = b.CreateICmpSGT(rhs, zero);
    llvm::Value *divisor = b.CreateSelect(valid, rhs, b.getInt64(1));
    llvm::Value *quotient = b.CreateSDiv(lhs, divisor), *rest = b.CreateSRem(lhs, divisor);
    llvm::Value *below = b.CreateICmpSLT(rest, zero);
    quotient = b.CreateSub(quotient, b.CreateZExt(below, b.getInt64Ty()));
    rest = b.CreateSelect(below, b.CreateAdd(rest, divisor), rest);
    return {b.CreateSelect(valid, quotient, zero), b.CreateSelect(valid, rest, zero)};
  }

  llvm::IRBuilder<> &b;
  MLIRContext *context;
};

} // namespace

llvm::Function *SlotTable::emit(llvm::Module &module, StringRef name) const {
  if (slots.size() == sources.size()) return nullptr;
  llvm::LLVMContext &llvmContext = module.getContext();
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(llvmContext),
                                       {llvm::PointerType::get(llvmContext, 0)}, false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(llvmContext, "", function));
  ExprEmitter emitter(b, context);
  auto address = [&](int64_t slot) {
    return b.CreateConstGEP1_64(b.getInt64Ty(), function->getArg(0), slot);
  };
  for (auto [expr, slot] : slots)
    if (size_t(slot) < sources.size()) emitter.values[expr] = b.CreateLoad(b.getInt64Ty(), address(slot));
  for (auto [expr, slot] : slots)
    if (size_t(slot) >= sources.size()) b.CreateStore(emitter.emit(expr), address(slot));
  b.CreateRetVoid();
  return function;
}

} // namespace girih
