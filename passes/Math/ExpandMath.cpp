#include "passes/Math/Functions.h"
#include "passes/Math/Passes.h"

using namespace mlir;

namespace girih {

#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Math/Passes.h.inc"

using approx::Emitter;
using approx::Lanes;

namespace {

/// Replaces an operation all of whose float operands have the result's type by `function` on f32 lanes.
template <typename Op, auto function> struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, bool useFma) : OpRewritePattern<Op>(context), useFma(useFma) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    Type element = getElementTypeOrSelf(type);
    if (auto vector = dyn_cast<VectorType>(type); vector ? vector.isScalable() : !isa<FloatType>(type))
      return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector of static shape");
    bool narrow = element.isF16() || element.isBF16();
    if (!narrow && !element.isF32())
      return rewriter.notifyMatchFailure(op, "no expansion for this element type");

    Emitter emitter(rewriter, op.getLoc(), type, useFma);
    auto operand = [&](unsigned i) {
      Value value = op->getOperand(i);
      if (getElementTypeOrSelf(value.getType()) == element && narrow)
        value = arith::ExtFOp::create(rewriter, op.getLoc(), emitter.typeOf(rewriter.getF32Type()), value);
      return emitter.wrap(value);
    };
    Value result;
    if constexpr (std::is_invocable_v<decltype(function), Lanes>)
      result = function(operand(0)).value;
    else
      result = function(operand(0), operand(1)).value;
    if (narrow) result = arith::TruncFOp::create(rewriter, op.getLoc(), type, result);
    rewriter.replaceOp(op, result);
    return success();
  }

  bool useFma;
};

} // namespace

void populateExpandMathPatterns(RewritePatternSet &patterns, bool useFma) {
  patterns.add<Expand<math::ExpOp, approx::exp>, Expand<math::Exp2Op, approx::exp2>,
               Expand<math::ExpM1Op, approx::expm1>, Expand<math::LogOp, approx::log>,
               Expand<math::Log2Op, approx::log2>, Expand<math::Log10Op, approx::log10>,
               Expand<math::Log1pOp, approx::log1p>, Expand<math::SinOp, approx::sin>,
               Expand<math::CosOp, approx::cos>, Expand<math::TanOp, approx::tan>,
               Expand<math::AsinOp, approx::asin>, Expand<math::AcosOp, approx::acos>,
               Expand<math::AtanOp, approx::atan>, Expand<math::Atan2Op, approx::atan2>,
               Expand<math::SinhOp, approx::sinh>, Expand<math::CoshOp, approx::cosh>,
               Expand<math::TanhOp, approx::tanh>, Expand<math::AsinhOp, approx::asinh>,
               Expand<math::AcoshOp, approx::acosh>, Expand<math::AtanhOp, approx::atanh>,
               Expand<math::ErfOp, approx::erf>, Expand<math::ErfcOp, approx::erfc>,
               Expand<math::CbrtOp, approx::cbrt>, Expand<math::RsqrtOp, approx::rsqrt>,
               Expand<math::PowFOp, approx::pow>, Expand<math::FPowIOp, approx::powi>>(patterns.getContext(),
                                                                                       useFma);
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
