#include "passes/Tile/JoinKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

/// "a+b" and "c+2 more" are "a+b+c+2 more".
static std::string joinNames(StringRef first, StringRef second) {
  constexpr size_t kMost = 3;
  llvm::SmallSetVector<StringRef, 8> names;
  size_t more = 0;
  for (StringRef list : {first, second})
    for (StringRef name : llvm::split(list, '+')) {
      unsigned n;
      if (StringRef rest = name; !rest.consumeInteger(10, n) && rest == " more")
        more += n;
      else
        names.insert(name);
    }
  if (names.size() > kMost) more += names.size() - kMost;
  std::string text = llvm::join(names.getArrayRef().take_front(kMost), "+");
  return more ? text + "+" + std::to_string(more) + " more" : text;
}

/// What a pad puts behind its only part, for each dimension.
static SmallVector<DimExpr> getHighPads(AssembleOp pad) {
  SmallVector<DimExpr> high;
  for (auto [offset, inner, outer] : llvm::zip(cast<DimsAttr>(pad.getOffsets()[0]).getDims(),
                                               getDims(pad.getParts().front()), getDims(pad.getResult())))
    high.push_back(dimSimplify(outer - inner - offset));
  return high;
}

KernelOp joinKernels(KernelOp first, KernelOp second) {
  if (first.getNumResults() != 1 || !first.getResult(0).hasOneUse() || getSpecialOp(first) ||
      getSpecialOp(second))
    return {};
  Value read = first.getResult(0);
  auto pad = dyn_cast<AssembleOp>(*read.getUsers().begin());
  if (pad) {
    if (!pad.getBorder() || pad.getParts().front() != read || !pad->hasOneUse()) return {};
    read = pad.getResult();
    auto isKnown = [](DimExpr e) { return dimValue(e).has_value(); };
    auto offsets = cast<DimsAttr>(pad.getOffsets()[0]).getDims();
    if (!llvm::all_of(offsets, isKnown) || !llvm::all_of(getHighPads(pad), isKnown)) return {};
  }
  auto operand = llvm::find(second.getInputs(), read);
  if (operand == second.getInputs().end()) return {};
  Block &front = first.getBody().front(), &back = second.getBody().front();
  BlockArgument argument = back.getArgument(operand - second.getInputs().begin());
  auto computed = front.getTerminator()->getOperand(0).getDefiningOp<linalg::GenericOp>();
  if (!computed || computed.getNumResults() != 1 || !isReadByLoops(argument)) return {};

  llvm::SetVector<Value> inputs(first.getInputs().begin(), first.getInputs().end());
  for (Value v : second.getInputs())
    if (v != read) inputs.insert(v);
  OpBuilder b(second);
  auto joined =
      KernelOp::create(b, b.getFusedLoc({first.getLoc(), second.getLoc()}), second.getResultTypes(),
                       joinNames(first.getKernelName(), second.getKernelName()), inputs.getArrayRef());
  Block *body = b.createBlock(&joined.getBody());
  for (Value v : inputs)
    body->addArgument(v.getType(), v.getLoc());
  IRMapping map;
  auto enter = [&](KernelOp kernel) {
    for (auto [value, arg] : llvm::zip(kernel.getInputs(), kernel.getBody().getArguments()))
      if (value != read) map.map(arg, body->getArgument(llvm::find(inputs, value) - inputs.begin()));
  };
  enter(first);
  for (Operation &op : front.without_terminator())
    b.clone(op, map);
  Value value = map.lookup(front.getTerminator()->getOperand(0));
  if (pad) {
    auto type = cast<RankedTensorType>(pad.getType());
    SmallVector<OpFoldResult> low, high;
    for (DimExpr n : cast<DimsAttr>(pad.getOffsets()[0]).getDims())
      low.push_back(b.getIndexAttr(*dimValue(n)));
    for (DimExpr n : getHighPads(pad))
      high.push_back(b.getIndexAttr(*dimValue(n)));
    Value fill = arith::ConstantOp::create(b, pad.getLoc(), pad.getBorderAttr());
    value = tensor::PadOp::create(b, pad.getLoc(), type, value, low, high, fill);
  }
  map.map(argument, value);
  enter(second);
  for (Operation &op : back)
    b.clone(op, map);
  return joined;
}

} // namespace girih
