#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Math/Functions.h"
#include "passes/Math/Passes.h"

using namespace mlir;

namespace girih {

#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Math/Passes.h.inc"

using approx::Emitter;
using approx::Lanes;

namespace {

Value call(Lanes (*function)(Lanes), llvm::function_ref<Lanes(unsigned)> operand) {
  return function(operand(0)).value;
}
Value call(Lanes (*function)(Lanes, Lanes), llvm::function_ref<Lanes(unsigned)> operand) {
  return function(operand(0), operand(1)).value;
}

/// Replaces an operation all of whose float operands have the result's type by `function` on f32 lanes, or by
/// `functionF64`, if there is one, on f64 lanes.
template <typename Op, auto function, auto functionF64 = nullptr> struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, bool useFma) : OpRewritePattern<Op>(context), useFma(useFma) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    Type element = getElementTypeOrSelf(type);
    if (auto vector = dyn_cast<VectorType>(type); vector ? vector.isScalable() : !isa<FloatType>(type))
      return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector of static shape");
    constexpr bool hasF64 = !std::is_null_pointer_v<decltype(functionF64)>;
    bool narrow = element.isF16() || element.isBF16();
    if (!narrow && !element.isF32() && !(hasF64 && element.isF64()))
      return rewriter.notifyMatchFailure(op, "no expansion for this element type");

    Emitter emitter(rewriter, op.getLoc(), type, useFma);
    auto operand = [&](unsigned i) {
      Value value = op->getOperand(i);
      if (narrow && getElementTypeOrSelf(value.getType()) == element)
        value = arith::ExtFOp::create(rewriter, op.getLoc(), emitter.typeOf(rewriter.getF32Type()), value);
      return emitter.wrap(value);
    };
    Value result;
    if constexpr (hasF64)
      result = element.isF64() ? call(functionF64, operand) : call(function, operand);
    else
      result = call(function, operand);
    if (narrow) result = arith::TruncFOp::create(rewriter, op.getLoc(), type, result);
    rewriter.replaceOp(op, result);
    return success();
  }

  bool useFma;
};

/// A power of integers, modulo 2^width, with an exponent >= 0: the product of the squares of squares that the
/// exponent's bits choose, in a loop that ends with the last bit of all lanes. (Unrolled, it is a chain of
/// squares, whose paths LLVM's vectoriser would follow one by one.)
struct ExpandIntegerPower : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IPowIOp op, PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    auto vector = dyn_cast<VectorType>(type);
    if (vector && (vector.getRank() != 1 || vector.isScalable()))
      return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector of static shape");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto number = [&](int64_t value) -> Value {
      auto scalar = b.getIntegerAttr(element, value);
      return arith::ConstantOp::create(
          b, vector ? TypedAttr(DenseElementsAttr::get(vector, Attribute(scalar))) : TypedAttr(scalar));
    };
    Value zero = number(0), one = number(1);
    SmallVector<Type> types(3, type);
    auto loop = scf::WhileOp::create(
        b, types, ValueRange{one, op.getLhs(), op.getRhs()},
        [&](OpBuilder &nested, Location loc, ValueRange state) {
          ImplicitLocOpBuilder in(loc, nested);
          Value rest = state[2];
          if (vector) rest = vector::ReductionOp::create(in, vector::CombiningKind::OR, rest);
          Value none = arith::ConstantOp::create(in, in.getIntegerAttr(element, 0));
          Value more = arith::CmpIOp::create(in, arith::CmpIPredicate::ne, rest, none);
          scf::ConditionOp::create(in, more, state);
        },
        [&](OpBuilder &nested, Location loc, ValueRange state) {
          ImplicitLocOpBuilder in(loc, nested);
          Value bit = arith::AndIOp::create(in, state[2], one);
          Value isChosen = arith::CmpIOp::create(in, arith::CmpIPredicate::ne, bit, zero);
          Value factor = arith::SelectOp::create(in, isChosen, state[1], one);
          Value result = arith::MulIOp::create(in, state[0], factor);
          Value square = arith::MulIOp::create(in, state[1], state[1]);
          Value rest = arith::ShRUIOp::create(in, state[2], one);
          scf::YieldOp::create(in, ValueRange{result, square, rest});
        });
    rewriter.replaceOp(op, loop.getResult(0));
    return success();
  }
};

} // namespace

void populateExpandMathPatterns(RewritePatternSet &patterns, bool useFma, bool libm) {
  patterns.add<Expand<math::ExpOp, approx::exp>, Expand<math::Exp2Op, approx::exp2>,
               Expand<math::ExpM1Op, approx::expm1, approx::expm1Double>, Expand<math::LogOp, approx::log>,
               Expand<math::Log2Op, approx::log2>, Expand<math::Log10Op, approx::log10>,
               Expand<math::Log1pOp, approx::log1p, approx::log1pDouble>, Expand<math::SinOp, approx::sin>,
               Expand<math::CosOp, approx::cos>, Expand<math::TanOp, approx::tan>,
               Expand<math::AsinOp, approx::asin>, Expand<math::AcosOp, approx::acos>,
               Expand<math::AtanOp, approx::atan>, Expand<math::Atan2Op, approx::atan2>,
               Expand<math::SinhOp, approx::sinh>, Expand<math::CoshOp, approx::cosh>,
               Expand<math::TanhOp, approx::tanh>, Expand<math::AsinhOp, approx::asinh, approx::asinhDouble>,
               Expand<math::AcoshOp, approx::acosh, approx::acoshDouble>,
               Expand<math::AtanhOp, approx::atanh, approx::atanhDouble>,
               Expand<math::ErfOp, approx::erf, approx::erfDouble>,
               Expand<math::ErfcOp, approx::erfc, approx::erfcDouble>,
               Expand<math::CbrtOp, approx::cbrt, approx::cbrtDouble>,
               Expand<math::RsqrtOp, approx::rsqrt, approx::rsqrt>, Expand<math::PowFOp, approx::pow>,
               Expand<math::FPowIOp, approx::powi, approx::powiDouble>>(patterns.getContext(), useFma);
  patterns.add<ExpandIntegerPower>(patterns.getContext());
  if (libm) return;
  patterns.add<Expand<arith::RemFOp, approx::remainder, approx::remainder>,
               Expand<math::ExpOp, approx::exp, approx::expDouble>,
               Expand<math::LogOp, approx::log, approx::logDouble>,
               Expand<math::PowFOp, approx::pow, approx::powDouble>,
               Expand<math::SinOp, approx::sin, approx::sinDouble>,
               Expand<math::CosOp, approx::cos, approx::cosDouble>,
               Expand<math::TanOp, approx::tan, approx::tanDouble>,
               Expand<math::AsinOp, approx::asin, approx::asinDouble>,
               Expand<math::AcosOp, approx::acos, approx::acosDouble>,
               Expand<math::AtanOp, approx::atan, approx::atanDouble>,
               Expand<math::SinhOp, approx::sinh, approx::sinhDouble>,
               Expand<math::CoshOp, approx::cosh, approx::coshDouble>,
               Expand<math::TanhOp, approx::tanh, approx::tanhDouble>>(patterns.getContext(), useFma);
}

namespace {
struct ExpandMathPass : impl::ExpandMathBase<ExpandMathPass> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateExpandMathPatterns(patterns, fma, libm);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config))) signalPassFailure();
  }
};
} // namespace

} // namespace girih
