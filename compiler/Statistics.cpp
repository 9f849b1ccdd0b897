#include "compiler/Statistics.h"
#include "dialects/Graph/Attributes.h"
#include "passes/Buffers/Constants.h"

using namespace mlir;

namespace girih {

/// The model's operator, which the importer put into the location; what is made without one is named by the
/// dialect.
static std::string getOperator(Operation *op) {
  if (auto node = dyn_cast<NameLoc>(op->getLoc()))
    if (auto type = dyn_cast<NameLoc>(node.getChildLoc())) return type.getName().str();
  return op->getName().stripDialect().str();
}

/// Multiply-adds of a contraction: elements of one side times what each of them meets.
static DimExpr getMacs(Operation &op) {
  MLIRContext *ctx = op.getContext();
  auto elements = [&](Value v) { return dimProduct(ctx, getDims(v)); };
  if (auto conv = dyn_cast<ConvOp>(op))
    return elements(conv.getResult()) * dimProduct(ctx, ArrayRef(getDims(conv.getW())).drop_front());
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return elements(conv.getX()) * dimProduct(ctx, ArrayRef(getDims(conv.getW())).drop_front());
  if (auto matmul = dyn_cast<MatMulOp>(op)) {
    SmallVector<DimExpr> lhs = getDims(matmul.getLhs());
    bool transposed = matmul.getTransposeLhs() && lhs.size() > 1;
    return elements(matmul.getResult()) * (transposed ? lhs[lhs.size() - 2] : lhs.back());
  }
  return dimConstant(ctx, 0);
}

Statistics countModel(ModuleOp module) {
  Statistics s;
  s.macs = dimConstant(module.getContext(), 0);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main) return s;
  // One node of the model may have become several operations; their locations are the same. Nodes without a
  // name share theirs.
  llvm::DenseSet<Attribute> seen;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (auto weight = kDefault.getOfArgument(main, i)) {
      s.parameters += weight.getNumElements();
      s.bytes += getConstantSize(weight);
    }
  for (Operation &op : main.getBody().front().without_terminator()) {
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      s.parameters += constant.getValue().getNumElements();
      s.bytes += getConstantSize(constant.getValue());
      continue;
    }
    s.macs = s.macs + getMacs(op);
    auto node = dyn_cast<NameLoc>(op.getLoc());
    if (node && !node.getName().empty() && !seen.insert(op.getLoc()).second) continue;
    ++s.operators[getOperator(&op)];
    ++s.nodes;
  }
  s.macs = dimSimplify(s.macs);
  return s;
}

void annotateStatistics(ModuleOp module, const Statistics &s) {
  Builder b(module.getContext());
  kNodes.set(module, b.getI64IntegerAttr(s.nodes));
  kParameters.set(module, b.getI64IntegerAttr(s.parameters));
  kMacs.set(module, b.getI64IntegerAttr(dimValue(s.macs).value_or(0)));
}

} // namespace girih
