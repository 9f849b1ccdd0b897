// Reshapes move below element-wise ops, so that these meet the contraction or the chain in front of the
// reshape.
#include "dialects/Graph/Attributes.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Rewrite.h"

namespace girih {
#define GEN_PASS_DEF_SINKRESHAPES
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

bool isComputed(Value v) {
  Operation *def = v.getDefiningOp();
  return def && !isa<ConstantOp, ReshapeOp>(def);
}

/// How many of the last dimensions of `a` and `b` are equal.
size_t countEqualTail(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  size_t n = 0;
  while (n < std::min(a.size(), b.size()) && a[a.size() - 1 - n] == b[b.size() - 1 - n])
    ++n;
  return n;
}

struct SinkBelowElementwise : RewritePattern {
  explicit SinkBelowElementwise(MLIRContext *ctx) : RewritePattern(MatchAnyOpTypeTag(), 1, ctx) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<UnaryOp, CastOp, BinaryOp, WhereOp>(op)) return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<DimExpr> dims = getDims(type);
    ReshapeOp reshape;
    for (Value v : op->getOperands()) {
      auto candidate = v.getDefiningOp<ReshapeOp>();
      if (candidate && !kStays.get(candidate) && candidate->hasOneUse() &&
          isComputed(candidate.getOperand()) && getDims(v) == dims) {
        reshape = candidate;
        break;
      }
    }
    if (!reshape) return rewriter.notifyMatchFailure(op, "no reshape of a computed value that only it reads");
    SmallVector<DimExpr> inner = getDims(reshape.getOperand());
    size_t tail = countEqualTail(dims, inner);
    // How many of its last dimensions each operand varies along; those of a broadcast one must be dimensions
    // that the reshape leaves alone.
    SmallVector<size_t> significant;
    for (Value v : op->getOperands()) {
      SmallVector<DimExpr> own = getDims(v);
      size_t n = own.size();
      while (n && dimValue(own[own.size() - n]) == 1)
        --n;
      if (own != dims && n > tail)
        return rewriter.notifyMatchFailure(op, "an operand varies along reshaped dimensions");
      significant.push_back(n);
    }
    SmallVector<Value> operands;
    for (auto [v, n] : llvm::zip(op->getOperands(), significant)) {
      SmallVector<DimExpr> own = getDims(v);
      Type element = cast<RankedTensorType>(v.getType()).getElementType();
      auto reshapeTo = [&](ArrayRef<DimExpr> to) -> Value {
        auto other = ReshapeOp::create(rewriter, reshape.getLoc(), getTensorType(to, element), v);
        kStays.set(other, rewriter.getUnitAttr());
        return other;
      };
      if (v == reshape.getResult())
        operands.push_back(reshape.getOperand());
      else if (own == dims)
        operands.push_back(reshapeTo(inner));
      else
        operands.push_back(own.size() > inner.size() ? reshapeTo(ArrayRef(own).take_back(n)) : v);
    }
    Operation *moved = rewriter.clone(*op);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperands(operands);
      moved->getResult(0).setType(getTensorType(inner, type.getElementType()));
    });
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, moved->getResult(0));
    return success();
  }
};

struct SinkReshapesPass : girih::impl::SinkReshapesBase<SinkReshapesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Reshapes of reshapes, which moving leaves behind, are folded by the driver.
    patterns.add<SinkBelowElementwise>(&getContext());
    if (failed(applyGraphPatterns(getOperation(), std::move(patterns), "moving reshapes")))
      return signalPassFailure();
    getOperation().walk([](ReshapeOp op) { kStays.remove(op); });
  }
};

} // namespace
