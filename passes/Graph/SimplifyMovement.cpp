// Transposes that cost nothing: those that a matrix product reads itself, and those that move only dimensions
// of size 1.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/LayoutForms.h"
#include "passes/Graph/Passes.h"

namespace girih {
#define GEN_PASS_DEF_SIMPLIFYMOVEMENT
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    if (!keepsOrder(getDims(op.getOperand()), op.getPermutation()))
      return rewriter.notifyMatchFailure(op, "moves dimensions");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
};

/// The operand's dimension that lies innermost in memory should be one of the last two that the product
/// reads: where the transpose puts it second to last, the flag takes over, and what is left of the transpose
/// keeps the minor dimension.
struct TransposeIntoMatMul : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand *operand : {&op.getLhsMutable(), &op.getRhsMutable()}) {
      auto transpose = operand->get().getDefiningOp<TransposeOp>();
      if (!transpose) continue;
      Permutation p(transpose.getPermutation());
      int64_t rank = p.size();
      if (rank < 2 || p[rank - 2] != rank - 1) continue;
      std::swap(p[rank - 2], p[rank - 1]);
      Value source = transpose.getOperand();
      if (!isIdentityPermutation(p))
        source = TransposeOp::create(rewriter, transpose.getLoc(), source, rewriter.getDenseI64ArrayAttr(p));
      bool isLhs = operand->getOperandNumber() == 0;
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(source);
        if (isLhs)
          op.setTransposeLhs(!op.getTransposeLhs());
        else
          op.setTransposeRhs(!op.getTransposeRhs());
      });
      changed = true;
    }
    return success(changed);
  }
};

struct SimplifyMovementPass : girih::impl::SimplifyMovementBase<SimplifyMovementPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<TransposeToReshape, TransposeIntoMatMul>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("simplifying transposes did not converge");
      signalPassFailure();
    }
  }
};

} // namespace
