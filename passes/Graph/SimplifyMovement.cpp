// Transposes that cost nothing: those that a matrix product reads itself, and those that move only dimensions
// of size 1. And one that pays: of a right side that is no weight, so that its columns lie side by side.
#include "mlir/IR/PatternMatch.h"
#include "passes/Graph/LayoutForms.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Rewrite.h"

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

/// Whether lanes should run along the columns of the right side, for which they have to lie side by side in
/// memory. Weights are packed anyway; a few rows are dot products as fast.
bool wantsColumns(MatMulOp op) {
  constexpr int64_t fewRows = 4;
  SmallVector<DimExpr> lhs = getDims(op.getLhs());
  if (op.getRhs().getDefiningOp<ConstantOp>() || lhs.size() < 2 || getDims(op.getRhs()).size() < 2)
    return false;
  DimExpr rows = op.getTransposeLhs() ? lhs.back() : lhs[lhs.size() - 2];
  return dimValue(rows).value_or(fewRows) >= fewRows;
}

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
      bool isLhs = operand->getOperandNumber() == 0;
      if (rank < 2 || p[rank - 2] != rank - 1) continue;
      if (!isLhs && !op.getTransposeRhs() && wantsColumns(op)) continue;
      std::swap(p[rank - 2], p[rank - 1]);
      Value source = transpose.getOperand();
      if (!isIdentityPermutation(p))
        source = TransposeOp::create(rewriter, transpose.getLoc(), source, rewriter.getDenseI64ArrayAttr(p));
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

struct TransposeRhs : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    if (!op.getTransposeRhs() || !wantsColumns(op))
      return rewriter.notifyMatchFailure(op, "reads the right side as it lies");
    Value source = op.getRhs();
    Permutation p = identityPermutation(getDims(source).size());
    std::swap(p[p.size() - 2], p.back());
    if (auto transpose = source.getDefiningOp<TransposeOp>()) {
      p = composePermutations(transpose.getPermutation(), p);
      source = transpose.getOperand();
    }
    if (!isIdentityPermutation(p))
      source = TransposeOp::create(rewriter, op.getLoc(), source, rewriter.getDenseI64ArrayAttr(p));
    rewriter.modifyOpInPlace(op, [&] {
      op.getRhsMutable().set(source);
      op.setTransposeRhs(false);
    });
    return success();
  }
};

struct SimplifyMovementPass : girih::impl::SimplifyMovementBase<SimplifyMovementPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<TransposeToReshape, TransposeIntoMatMul, TransposeRhs>(&getContext());
    if (failed(applyGraphPatterns(getOperation(), std::move(patterns), "simplifying transposes")))
      signalPassFailure();
  }
};

} // namespace
