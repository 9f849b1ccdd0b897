#include "passes/Graph/Rewrite.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

void girih::updateResultTypes(func::FuncOp func) {
  if (func.isExternal()) return;
  Operation *end = func.getBody().front().getTerminator();
  func.setFunctionType(
      FunctionType::get(func.getContext(), func.getFunctionType().getInputs(), end->getOperandTypes()));
}

LogicalResult girih::applyGraphPatterns(func::FuncOp func, RewritePatternSet patterns, StringRef what) {
  if (failed(applyPatternsGreedily(func, std::move(patterns))))
    return func.emitError(what) << " did not converge";
  updateResultTypes(func);
  return success();
}
