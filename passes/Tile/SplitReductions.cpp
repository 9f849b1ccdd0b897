// Long reductions with few results become two: one whose blocks are tasks, each with a result of its own, and
// one that combines these. Sizes alone decide, so that results have the same bits on any number of threads.
#include "passes/Tile/SplitReductions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/Passes.h"
#include "passes/Tile/ReductionChains.h"
#include "llvm/ADT/SetVector.h"

namespace girih {
#define GEN_PASS_DEF_SPLITREDUCTIONS
#include "passes/Tile/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

//===-- What is worth it --------------------------------------------------===//

/// Iterations of a loop nest, nothing if only a run knows.
static std::optional<int64_t> countIterations(linalg::GenericOp op) {
  return dimValue(dimProduct(op.getContext(), getLoopExtents(op)));
}

/// Whether what is there for each result of a long reduction is little beside it.
static bool isSmall(linalg::GenericOp op) {
  constexpr int64_t kSmall = 4096; // iterations
  auto n = countIterations(op);
  return n && *n <= kSmall;
}

/// All operations of the kernel that `values` are computed by, in order, up to the values in `known`.
static llvm::SetVector<Operation *> getProducers(ValueRange values, ArrayRef<Value> known = {}) {
  llvm::SetVector<Operation *> found;
  SmallVector<Value> open(values);
  while (!open.empty()) {
    Value v = open.pop_back_val();
    Operation *op = v.getDefiningOp();
    if (!op || llvm::is_contained(known, v) || !found.insert(op)) continue;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (operand.getParentBlock() == op->getBlock()) open.push_back(operand);
    });
  }
  SmallVector<Operation *> sorted(found.getArrayRef());
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return llvm::SetVector<Operation *>(sorted.begin(), sorted.end());
}

namespace {

/// How a reduction is split: its loop `dim` into blocks of `size`.
struct Split {
  unsigned dim;
  int64_t blocks, size;
};

} // namespace

/// Blocks of the outermost loop that divides into as many as are wanted; nothing if `op` is not worth it.
static std::optional<Split> chooseSplit(KernelOp kernel, linalg::GenericOp op) {
  constexpr int64_t kLong = 1 << 18, kBlock = 1 << 15; // iterations
  constexpr int64_t kFewResults = 4, kEnoughTasks = 8, kMostBlocks = 64;
  constexpr int64_t kMuch = 16; // instructions an element
  if (!op.getNumReductionLoops() || !canCombine(op)) return std::nullopt;
  auto all = countIterations(op);
  if (!all || *all < kLong) return std::nullopt;
  int64_t results = dimValue(dimProduct(op.getContext(), getDims(op.getResult(0)))).value_or(*all);
  if (results >= kFewResults) return std::nullopt;
  // Each block would compute what is reduced before; and packed constants want the whole of a contraction.
  auto producers = getProducers(op.getInputs());
  for (Operation *producer : producers) {
    auto generic = dyn_cast<linalg::GenericOp>(producer);
    if (!generic) continue;
    bool isReadAgain = llvm::any_of(generic->getUsers(), [&](Operation *user) {
      return user->getBlock() == op->getBlock() && user != op && !producers.contains(user);
    });
    if (generic.getNumReductionLoops() || (isReadAgain && getElementCost(generic) >= kMuch))
      return std::nullopt;
  }
  for (Value input : op.getInputs())
    if (BlockArgument argument = getViewedArgument(input))
      if (kernel.getInputs()[argument.getArgNumber()].getDefiningOp<ConstantOp>()) return std::nullopt;
  auto extents = getLoopExtents(op);
  int64_t most = std::min(kMostBlocks, *all / results / kBlock);
  std::optional<Split> best;
  for (auto [d, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (kind != utils::IteratorType::reduction) continue;
    int64_t extent = *dimValue(extents[d]), blocks = std::min(most, extent);
    while (blocks > 1 && extent % blocks)
      --blocks;
    if (blocks > (best ? best->blocks : 1)) best = {unsigned(d), blocks, extent / blocks};
    if (best && results * best->blocks >= kEnoughTasks) break;
  }
  return best;
}

//===-- Two reductions for one --------------------------------------------===//

/// What the results of `op` begin with, for results of another shape.
static SmallVector<Value> createInits(OpBuilder &b, linalg::GenericOp op, ArrayRef<int64_t> shape) {
  SmallVector<Value> inits;
  for (Value out : op.getOutputs()) {
    Value init = tensor::EmptyOp::create(b, op.getLoc(), shape, getElementTypeOrSelf(out.getType()));
    if (auto fill = out.getDefiningOp<linalg::FillOp>()) {
      Value neutral = b.clone(*fill.value().getDefiningOp())->getResult(0); // it may stand further behind
      init = linalg::FillOp::create(b, op.getLoc(), neutral, init).getResult(0);
    }
    inits.push_back(init);
  }
  return inits;
}

static SmallVector<int64_t> getResultShape(linalg::GenericOp op) {
  return llvm::to_vector(cast<RankedTensorType>(op.getResult(0).getType()).getShape());
}

/// What `op` computes in each block; blocks are the outermost loop, and the first dimension of the results.
/// `ofBlocks` has operands that are computed in blocks themselves.
static linalg::GenericOp createPartial(OpBuilder &b, linalg::GenericOp op, const Split &split,
                                       const IRMapping &ofBlocks = {}) {
  MLIRContext *ctx = op.getContext();
  unsigned loops = op.getNumLoops();
  AffineExpr block = getAffineDimExpr(0, ctx);
  SmallVector<AffineExpr> inBlock, inAll; // the old loops among the new ones
  for (unsigned d = 0; d < loops; ++d)
    inBlock.push_back(getAffineDimExpr(d + 1, ctx));
  inAll = inBlock;
  inAll[split.dim] = block * split.size + inAll[split.dim];
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  SmallVector<int64_t> shape = getResultShape(op);
  shape.insert(shape.begin(), split.blocks);
  for (OpOperand &operand : op->getOpOperands()) {
    bool isOfBlock = op.isDpsInit(&operand) || ofBlocks.contains(operand.get());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    maps.push_back(map.replaceDimsAndSymbols(isOfBlock ? inBlock : inAll, {}, loops + 1, 0));
    if (isOfBlock) maps.back() = maps.back().insertResult(block, 0);
    if (op.isDpsInput(&operand)) inputs.push_back(ofBlocks.lookupOrDefault(operand.get()));
    if (!op.isDpsInit(&operand)) continue;
    for (auto [size, e] : llvm::zip(MutableArrayRef(shape).drop_front(), map.getResults()))
      if (e == getAffineDimExpr(split.dim, ctx)) size = split.size;
  }
  SmallVector<utils::IteratorType> kinds{utils::IteratorType::parallel};
  llvm::append_range(kinds, op.getIteratorTypesArray());
  // No operand says how long a block is.
  inputs.push_back(tensor::EmptyOp::create(b, op.getLoc(), ArrayRef<int64_t>{split.size},
                                           getElementTypeOrSelf(op.getResult(0).getType())));
  maps.insert(maps.begin() + op.getNumDpsInputs(), AffineMap::get(loops + 1, 0, inBlock[split.dim]));
  SmallVector<Value> inits = createInits(b, op, shape);
  auto partial =
      linalg::GenericOp::create(b, op.getLoc(), TypeRange(ValueRange(inits)), inputs, inits, maps, kinds);
  IRMapping mapping;
  op.getRegion().cloneInto(&partial.getRegion(), mapping);
  Block &body = partial.getRegion().front();
  body.insertArgument(op.getNumDpsInputs(), getElementTypeOrSelf(inputs.back().getType()), op.getLoc());
  partial.walk([&](linalg::IndexOp index) {
    OpBuilder at(index);
    Location loc = index.getLoc();
    Value v = linalg::IndexOp::create(at, loc, index.getDim() + 1);
    if (index.getDim() == split.dim) {
      Value size = arith::ConstantIndexOp::create(at, loc, split.size),
            block = linalg::IndexOp::create(at, loc, 0);
      v = arith::AddIOp::create(at, loc, arith::MulIOp::create(at, loc, block, size), v);
    }
    index.replaceAllUsesWith(v);
    index.erase();
  });
  return partial;
}

/// The reduction of what the blocks' reductions give.
static linalg::GenericOp createCombination(OpBuilder &b, linalg::GenericOp op, ValueRange ofBlocks) {
  MLIRContext *ctx = op.getContext();
  Location loc = op.getLoc();
  SmallVector<int64_t> shape = getResultShape(op);
  unsigned rank = shape.size() + 1, states = op.getNumDpsInits();
  SmallVector<AffineMap> maps(states, AffineMap::getMultiDimIdentityMap(rank, ctx));
  maps.append(states, AffineMap::getMultiDimIdentityMap(rank, ctx).dropResult(0));
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  kinds[0] = utils::IteratorType::reduction;
  SmallVector<Value> inits = createInits(b, op, shape);
  auto step = [&](OpBuilder &builder, Location, ValueRange arguments) {
    ValueRange part = arguments.take_front(states), state = arguments.drop_front(states);
    IRMapping mapping;
    CombineOp combine = getCombine(op);
    if (!combine) {
      Operation *last = getYielded(op)[0].getDefiningOp();
      Value accumulator = op.getBody()->getArguments().back();
      for (Value operand : last->getOperands())
        mapping.map(operand, operand == accumulator ? state[0] : part[0]);
      linalg::YieldOp::create(builder, loc, builder.clone(*last, mapping)->getResults());
      return;
    }
    Block &body = combine.getBody().front();
    mapping.map(body.getArguments().take_front(states), state);
    mapping.map(body.getArguments().drop_front(states), part);
    for (Operation &inner : body.without_terminator())
      builder.clone(inner, mapping);
    auto next =
        llvm::map_to_vector(body.getTerminator()->getOperands(), [&](Value v) { return mapping.lookup(v); });
    auto again = CombineOp::create(builder, loc, next);
    IRMapping region;
    combine.getBody().cloneInto(&again.getBody(), region);
    linalg::YieldOp::create(builder, loc, again.getResults());
  };
  return linalg::GenericOp::create(b, loc, TypeRange(ValueRange(inits)), ofBlocks, inits, maps, kinds, step);
}

/// The sum of each block, and its squares about the mean of the block itself: while they are taken, the block
/// is in the cache.
static linalg::GenericOp createPartialMoments(OpBuilder &b, const ReductionChain &chain, const Split &split) {
  linalg::GenericOp first = createPartial(b, chain.first, split), second = chain.second;
  IRMapping ofBlocks;
  ofBlocks.map(chain.center, createMeans(b, chain, first.getResult(0)));
  if (linalg::GenericOp elements = chain.elements)
    ofBlocks.map(elements.getResult(0), createPartial(b, elements, split, ofBlocks).getResult(0));
  second = createPartial(b, second, split, ofBlocks);
  // Results of one generic are computed in the same loops.
  SmallVector<Value> both{first.getResult(0), second.getResult(0)}, inits;
  for (Value v : both) {
    auto type = cast<RankedTensorType>(v.getType());
    inits.push_back(tensor::EmptyOp::create(b, v.getLoc(), type.getShape(), type.getElementType()));
  }
  unsigned rank = cast<RankedTensorType>(both[0].getType()).getRank();
  SmallVector<AffineMap> maps(4, AffineMap::getMultiDimIdentityMap(rank, b.getContext()));
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
      b, second.getLoc(), TypeRange(ValueRange(both)), both, inits, maps, kinds,
      [](OpBuilder &in, Location loc, ValueRange v) { linalg::YieldOp::create(in, loc, v.take_front(2)); });
}

//===-- Kernels -----------------------------------------------------------===//

/// Moves what `values` are computed by into a kernel of their own, in front of `kernel`, which reads them.
static KernelOp cut(KernelOp kernel, ValueRange values, const Twine &name) {
  Block &body = kernel.getBody().front();
  OpBuilder b(kernel);
  auto producers = getProducers(values);
  SmallVector<unsigned> inputs;
  for (BlockArgument argument : body.getArguments())
    if (llvm::any_of(argument.getUsers(),
                     [&](Operation *user) { return producers.contains(body.findAncestorOpInBlock(*user)); }))
      inputs.push_back(argument.getArgNumber());
  SmallVector<Value> operands =
      llvm::map_to_vector(inputs, [&](unsigned i) -> Value { return kernel.getInputs()[i]; });
  auto front = KernelOp::create(b, kernel.getLoc(), values.getTypes(), name.str(), operands);
  Block *block = b.createBlock(&front.getBody());
  IRMapping mapping;
  for (unsigned i : inputs)
    mapping.map(body.getArgument(i), block->addArgument(body.getArgument(i).getType(), kernel.getLoc()));
  for (Operation *op : producers)
    b.clone(*op, mapping);
  YieldOp::create(b, kernel.getLoc(),
                  llvm::map_to_vector(values, [&](Value v) { return mapping.lookup(v); }));

  kernel.getInputsMutable().append(front.getResults());
  for (Value v : values)
    v.replaceAllUsesWith(body.addArgument(v.getType(), kernel.getLoc()));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op)) op.erase();
  for (unsigned i = body.getNumArguments(); i-- > 0;)
    if (body.getArgument(i).use_empty()) {
      body.eraseArgument(i);
      kernel.getInputsMutable().erase(i);
    }
  return front;
}

/// The small values of a combined reduction, and of what is computed from these alone, that the rest of the
/// kernel reads; none if nothing is large there. Computed apart, they leave loops without reductions, which
/// are tasks.
static SmallVector<Value> getFrontier(KernelOp kernel, linalg::GenericOp combination) {
  llvm::SetVector<Operation *> small;
  small.insert(combination);
  bool isLarge = false;
  for (linalg::GenericOp op : getGenerics(kernel)) {
    isLarge |= op != combination && !isSmall(op);
    auto isKnown = [&](Value v) {
      return !v.getDefiningOp<linalg::GenericOp>() || small.contains(v.getDefiningOp());
    };
    if (isSmall(op) && llvm::is_contained(getProducers(op.getInputs()), combination) &&
        llvm::all_of(op.getInputs(), isKnown))
      small.insert(op);
  }
  SmallVector<Value> frontier;
  if (!isLarge) return frontier;
  for (Operation *op : small)
    for (Value v : op->getResults())
      if (llvm::any_of(v.getUsers(), [&](Operation *user) {
            return !small.contains(kernel.getBody().front().findAncestorOpInBlock(*user));
          }))
        frontier.push_back(v);
  return frontier;
}

/// Splits the first reduction of a kernel that is worth it; the kernels that are before it now.
static SmallVector<KernelOp> splitReduction(KernelOp kernel) {
  for (linalg::GenericOp op : getGenerics(kernel)) {
    auto split = chooseSplit(kernel, op);
    if (!split) continue;
    std::string name = kernel.getKernelName().str();
    OpBuilder b(op);
    auto moments = getChain(op);
    if (moments && moments->kind != ReductionChain::moments) moments = std::nullopt;
    linalg::GenericOp partial =
        moments ? createPartialMoments(b, *moments, *split) : createPartial(b, op, *split);
    ValueRange states = partial.getResults();
    linalg::GenericOp combination = createCombination(b, op, moments ? states.take_front() : states);
    if (moments) {
      b.setInsertionPoint(moments->second);
      Value squares = createSquares(b, *moments, states[0], states[1]);
      moments->second.getResult(0).replaceAllUsesWith(squares);
    }
    op.replaceAllUsesWith(combination);
    SmallVector<KernelOp> front{cut(kernel, states, name + " (blocks)")};
    SmallVector<Value> frontier = getFrontier(kernel, combination);
    if (!frontier.empty()) front.push_back(cut(kernel, frontier, name + " (combined)"));
    return front;
  }
  return {};
}

SmallVector<KernelOp> girih::splitReductions(KernelOp kernel) {
  SmallVector<KernelOp> kernels;
  for (auto front = splitReduction(kernel); !front.empty(); front = splitReduction(kernel))
    kernels.append(front);
  kernels.push_back(kernel);
  return kernels;
}

namespace {
struct SplitReductions : girih::impl::SplitReductionsBase<SplitReductions> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels)
      numSplit += splitReductions(kernel).size() > 1;
  }
};
} // namespace
