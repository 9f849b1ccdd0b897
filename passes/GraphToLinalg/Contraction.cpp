// Matrix products. Multiply-accumulates are written addf(accumulator, mulf(a, b)), in f32 for f16 and bf16.
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

LogicalResult girih::lower(Lowering &l, MatMulOp op) {
  SmallVector<DimExpr> lhs = getDims(op.getLhs()), rhs = getDims(op.getRhs()),
                       result = getDims(op.getResult());
  // Loops: those of the result (batch..., m, n; m or n is absent for 1-D operands), then k.
  bool isVectorLhs = lhs.size() == 1, isVectorRhs = rhs.size() == 1;
  unsigned rank = result.size(), batch = rank - !isVectorLhs - !isVectorRhs;
  unsigned m = batch, n = batch + !isVectorLhs, k = rank;
  DimExpr lhsK = lhs[isVectorLhs || !op.getTransposeLhs() ? lhs.size() - 1 : lhs.size() - 2];
  DimExpr rhsK = rhs[isVectorRhs || op.getTransposeRhs() ? rhs.size() - 1 : rhs.size() - 2];
  SmallVector<DimExpr> loops(result);
  loops.push_back(dimValue(lhsK) ? lhsK : rhsK);
  llvm::SmallBitVector reduced(rank + 1);
  reduced.set(k);

  // The batch dimensions broadcast; the last two are indexed by `row` and `column`, a vector's only one by k.
  auto readOperand = [&](Value operand, bool isVector, unsigned row, unsigned column) {
    SmallVector<DimExpr> own = getDims(operand), dims(result.begin(), result.begin() + batch);
    Exprs at = l.loops(batch);
    if (!isVector) at.push_back(l.loop(row)), dims.push_back(own[own.size() - 2]);
    at.push_back(l.loop(isVector ? k : column)), dims.push_back(own.back());
    return l.broadcast(operand, dims, at);
  };
  Type accumulator = getComputeType(op.getResult());
  Read a = op.getTransposeLhs() ? readOperand(op.getLhs(), isVectorLhs, k, m)
                                : readOperand(op.getLhs(), isVectorLhs, m, k);
  Read b = op.getTransposeRhs() ? readOperand(op.getRhs(), isVectorRhs, n, k)
                                : readOperand(op.getRhs(), isVectorRhs, k, n);
  Value product = l.reduce(loops, reduced, accumulator, l.number(accumulator, 0), {a, b},
                           [](Body &b, ArrayRef<Value> in) { return b.add(in[2], b.mul(in[0], in[1])); });
  std::optional<Read> bias;
  if (op.getBias()) bias = l.broadcast(op.getBias(), result, l.loops(rank));
  l.finishContraction(op.getResult(), product, nullptr, bias);
  return success();
}
