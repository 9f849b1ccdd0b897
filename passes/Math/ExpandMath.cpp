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

} // namespace

void populateExpandMathPatterns(RewritePatternSet &patterns, bool useFma) {
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
}

namespace {
struct ExpandMathPass : impl::ExpandMathBase<ExpandMathPass> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateExpandMathPatterns(patterns, fma);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config))) signalPassFailure();
  }
};
} // namespace

} // namespace girih
