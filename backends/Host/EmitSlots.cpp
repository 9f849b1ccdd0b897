#include "backends/Host/EmitSlots.h"
#include "dialects/Graph/Attributes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;

namespace girih {

SlotTable::SlotTable(func::FuncOp main) : context(main.getContext()) {
  for (BlockArgument argument : main.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto name = kName.getOfArgument(main, i);
    inputNames.push_back(name ? name.getValue() : StringRef());
    if (name) inputs[name.getValue()] = i;
    for (auto [axis, dim] : llvm::enumerate(getDims(argument)))
      if (const DimSymbol *s = dimSymbol(dim); s && s->kind == DimSymbol::Dimension)
        axes.try_emplace(dim, i, axis);
  }
}

std::optional<SlotTable::Source> SlotTable::findSource(DimExpr symbol) const {
  const DimSymbol &s = *dimSymbol(symbol);
  if (s.kind == DimSymbol::Dimension) {
    auto it = axes.find(symbol);
    if (it == axes.end()) return std::nullopt;
    return Source{it->second.first, int(it->second.second), 0, dimToString(symbol), s.name};
  }
  auto it = inputs.find(s.name);
  if (it == inputs.end()) return std::nullopt;
  return Source{it->second, int(-1 - s.element), 0, dimToString(symbol),
                s.name + "[" + std::to_string(s.element) + "]"};
}

int64_t SlotTable::getSlot(DimExpr expr, Location loc) {
  expr = dimSimplify(expr);
  if (auto it = slots.find(expr); it != slots.end()) return it->second;
  llvm::SetVector<unsigned> used;
  dimCollectSymbols(expr, used);
  for (unsigned position : used) {
    DimExpr symbol = getAffineSymbolExpr(position, context);
    if (slots.contains(symbol)) continue;
    std::optional<Source> source = findSource(symbol);
    if (!source) {
      emitError(loc) << "the size '" << dimToString(symbol) << "' in '" << dimToString(expr)
                     << "' is no dimension and no element of an input; pin it with --dim "
                     << dimToString(symbol) << "=VALUE";
      return -1;
    }
    source->slot = slots.size();
    slots.insert({symbol, source->slot});
    sources.push_back(*source);
  }
  return slots.insert({expr, slots.size()}).first->second;
}

std::string SlotTable::describe(ArrayRef<DimExpr> exprs) const {
  llvm::SetVector<unsigned> used;
  for (DimExpr e : exprs)
    dimCollectSymbols(e, used);
  std::string text;
  for (unsigned position : used) {
    std::optional<Source> source = findSource(getAffineSymbolExpr(position, context));
    if (!source) continue;
    if (!text.empty()) text += ", ";
    text += source->text + " is " + (source->axis < 0 ? "element " : "dimension ") +
            std::to_string(source->axis < 0 ? -1 - source->axis : source->axis) + " of input '" +
            inputNames[source->input].str() + "'";
  }
  return text;
}

namespace {

/// Straight-line code for expressions. Sums and products saturate, so that an absurd size stays absurd; a
/// division by what is not positive gives 0, which no size that matters survives.
class ExprEmitter {
public:
  explicit ExprEmitter(llvm::IRBuilder<> &b) : b(b) {}
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
      const DimSymbol &s = *dimSymbol(symbol);
      SmallVector<llvm::Value *, 3> of =
          llvm::map_to_vector<3>(s.operands, [&](DimExpr operand) { return emit(operand); });
      switch (s.kind) {
      case DimSymbol::Min:
        return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, of[0], of[1]);
      case DimSymbol::Max:
        return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, of[0], of[1]);
      case DimSymbol::Broadcast:
        return b.CreateSelect(b.CreateICmpEQ(of[0], b.getInt64(1)), of[1], of[0]);
      case DimSymbol::Select:
        return b.CreateSelect(b.CreateICmpSLT(of[0], b.getInt64(0)), of[1], of[2]);
      default:
        llvm_unreachable("getSlot has seen to it that free symbols are read");
      }
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
    case AffineExprKind::CeilDiv: {
      auto [quotient, rest] = divide(lhs, rhs);
      llvm::Value *isInexact = b.CreateICmpSGT(rest, b.getInt64(0));
      return b.CreateAdd(quotient, b.CreateZExt(isInexact, b.getInt64Ty()));
    }
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
};

} // namespace

llvm::Function *SlotTable::emit(llvm::Module &module, StringRef name) const {
  if (slots.size() == sources.size()) return nullptr;
  llvm::LLVMContext &llvmContext = module.getContext();
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(llvmContext),
                                       {llvm::PointerType::get(llvmContext, 0)}, false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(llvmContext, "", function));
  ExprEmitter emitter(b);
  auto address = [&](int64_t slot) {
    return b.CreateConstGEP1_64(b.getInt64Ty(), function->getArg(0), slot);
  };
  llvm::SmallDenseSet<int64_t> given;
  for (const Source &source : sources)
    given.insert(source.slot);
  for (auto [expr, slot] : slots)
    if (given.contains(slot)) emitter.values[expr] = b.CreateLoad(b.getInt64Ty(), address(slot));
  for (auto [expr, slot] : slots)
    if (!given.contains(slot)) b.CreateStore(emitter.emit(expr), address(slot));
  b.CreateRetVoid();
  return function;
}

} // namespace girih
