// The layout of the whole graph, in one sweep: window ops become channels-last, everything that need not know
// its dimensions' order follows its operands.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/LayoutForms.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace girih {
#define GEN_PASS_DEF_CHOOSELAYOUT
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

RankedTensorType typeOf(Value v) {
  return cast<RankedTensorType>(v.getType());
}
int64_t rankOf(Value v) {
  return typeOf(v).getRank();
}
bool isConstant(Value v) {
  return v.getDefiningOp<ConstantOp>() != nullptr;
}

/// Elements, with a guess for symbols: only compared with each other.
double estimateElements(Value v) {
  constexpr double guess = 64;
  double n = 1;
  for (DimExpr e : getDims(v))
    n *= dimValue(e).value_or(guess);
  return n;
}

/// Non-1 dimensions of a reshape's operand and result that hold the same elements.
struct DimGroup {
  SmallVector<int64_t> from, to;
};

/// The finest groups, in order, or failure where sizes are not provably equal.
FailureOr<SmallVector<DimGroup>> groupDims(ArrayRef<DimExpr> from, ArrayRef<DimExpr> to) {
  auto skipOnes = [](ArrayRef<DimExpr> dims) {
    SmallVector<int64_t> kept;
    for (auto [i, e] : llvm::enumerate(dims))
      if (dimValue(e) != 1) kept.push_back(i);
    return kept;
  };
  SmallVector<int64_t> f = skipOnes(from), t = skipOnes(to);
  SmallVector<DimGroup> groups;
  size_t i = 0, j = 0;
  while (i < f.size() && j < t.size()) {
    DimGroup group{{f[i]}, {t[j]}};
    DimExpr a = dimSimplify(from[f[i++]]), b = dimSimplify(to[t[j++]]);
    while (a != b) {
      auto av = dimValue(a), bv = dimValue(b);
      bool extendFrom = av && bv ? *av < *bv : static_cast<bool>(dimExactDiv(b, a));
      if (!extendFrom && !(av && bv) && !dimExactDiv(a, b)) return failure();
      if (extendFrom) {
        if (i == f.size()) return failure();
        group.from.push_back(f[i]);
        a = dimSimplify(a * from[f[i++]]);
      } else {
        if (j == t.size()) return failure();
        group.to.push_back(t[j]);
        b = dimSimplify(b * to[t[j++]]);
      }
    }
    groups.push_back(std::move(group));
  }
  if (i != f.size() || j != t.size()) return failure();
  return groups;
}

class LayoutRewriter {
public:
  explicit LayoutRewriter(func::FuncOp func) : func(func), b(func.getContext()), forms(b) {}

  unsigned run() {
    SmallVector<Operation *> ops =
        llvm::map_to_vector(func.getBody().front(), [](Operation &op) { return &op; });
    for (Operation *op : ops) {
      b.setInsertionPoint(op);
      if (succeeded(rewrite(op))) continue;
      for (OpOperand &operand : op->getOpOperands())
        if (isa<RankedTensorType>(operand.get().getType()))
          operand.set(forms.plain(operand.get(), op->getLoc()));
    }
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op)) op->erase();
    return forms.getNumTransposes();
  }

private:
  /// Success if the op has been replaced (its results have forms); failure if it wants plain operands.
  LogicalResult rewrite(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<TransposeOp>([&](auto o) { return rewriteTranspose(o); })
        .Case<ConvOp, ConvTransposeOp, PoolOp, GroupNormOp>([&](auto o) { return rewriteWindow(o); })
        .Case<UnaryOp, CastOp, BinaryOp, WhereOp>([&](auto o) { return rewriteElementwise(o); })
        .Case<ConcatOp>([&](auto o) { return rewriteConcat(o); })
        .Case<ReduceOp, ArgReduceOp>([&](auto o) { return rewriteReduction(o); })
        .Case<SoftmaxOp, CumSumOp, PadOp, SliceOp, ResizeOp, TileOp, ExpandOp, LayerNormOp>(
            [&](Operation *o) { return rewriteSameRank(o); })
        .Case<ReshapeOp>([&](auto o) { return rewriteReshape(o); })
        .Default([](Operation *) { return failure(); });
  }

  /// A copy of `op` on other operands whose result lies in form `p`.
  Operation *cloneInForm(Operation *op, ValueRange operands, ArrayRef<int64_t> p, bool preferred) {
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    copy->getResult(0).setType(sourceType(typeOf(op->getResult(0)), p));
    forms.set(op->getResult(0), {copy->getResult(0), Permutation(p), preferred});
    return copy;
  }

  LogicalResult rewriteTranspose(TransposeOp op) {
    Form form = forms.get(op.getOperand());
    form.permutation = composePermutations(form.permutation, op.getPermutation());
    forms.set(op.getResult(), std::move(form));
    return success();
  }

  template <typename OpT> LogicalResult rewriteWindow(OpT op) {
    if (op.getChannelsLast() || rankOf(op.getX()) < 3) return failure();
    Permutation p = channelsLastPermutation(rankOf(op.getX()));
    SmallVector<Value> operands(op->getOperands());
    for (Value &v : operands)
      v = v == op.getX() ? forms.inForm(v, p, op.getLoc()) : forms.plain(v, op.getLoc());
    cast<OpT>(cloneInForm(op, operands, p, /*preferred=*/true)).setChannelsLast(true);
    return success();
  }

  /// The form that most elements of the operands of this rank have already. Constants have any form.
  std::optional<std::pair<Permutation, bool>> chooseForm(Operation *op, int64_t rank) {
    struct Candidate {
      Permutation permutation;
      double weight = 0;
      bool preferred = false;
    };
    SmallVector<Candidate, 2> candidates;
    for (Value v : op->getOperands()) {
      if (rankOf(v) != rank || isConstant(v)) continue;
      Form form = forms.get(v);
      auto *c =
          llvm::find_if(candidates, [&](const Candidate &c) { return c.permutation == form.permutation; });
      if (c == candidates.end()) c = &candidates.emplace_back(Candidate{form.permutation});
      c->weight += estimateElements(v);
      c->preferred |= form.preferred;
    }
    const Candidate *best = nullptr;
    auto rankOfCandidate = [](const Candidate &c) {
      return std::tuple(c.weight, c.preferred, isIdentityPermutation(c.permutation));
    };
    for (const Candidate &c : candidates)
      if (!best || rankOfCandidate(c) > rankOfCandidate(*best)) best = &c;
    if (!best || isIdentityPermutation(best->permutation)) return std::nullopt;
    return std::pair(best->permutation, best->preferred);
  }

  /// An operand that may broadcast to `rank` dimensions, in form `p` of those.
  Value broadcastInForm(Value v, ArrayRef<int64_t> p, Location loc) {
    SmallVector<DimExpr> dims = getDims(v);
    if (llvm::all_of(dims, [](DimExpr e) { return dimValue(e) == 1; }) && dims.size() < p.size())
      return forms.plain(v, loc);
    if (dims.size() < p.size()) {
      v = forms.plain(v, loc);
      dims.insert(dims.begin(), p.size() - dims.size(), dimConstant(b.getContext(), 1));
      v = ReshapeOp::create(b, loc, getTensorType(dims, typeOf(v).getElementType()), v);
    }
    return forms.inForm(v, p, loc);
  }

  LogicalResult rewriteElementwise(Operation *op) {
    auto chosen = chooseForm(op, rankOf(op->getResult(0)));
    if (!chosen) return failure();
    auto operands = llvm::map_to_vector(
        op->getOperands(), [&](Value v) { return broadcastInForm(v, chosen->first, op->getLoc()); });
    cloneInForm(op, operands, chosen->first, chosen->second);
    return success();
  }

  LogicalResult rewriteConcat(ConcatOp op) {
    auto chosen = chooseForm(op, rankOf(op.getResult()));
    if (!chosen) return failure();
    auto operands = llvm::map_to_vector(op->getOperands(),
                                        [&](Value v) { return forms.inForm(v, chosen->first, op.getLoc()); });
    auto copy = cast<ConcatOp>(cloneInForm(op, operands, chosen->first, chosen->second));
    copy.setAxis(chosen->first[op.getAxis()]);
    return success();
  }

  /// Ops on operand 0 whose attributes name its dimensions.
  LogicalResult rewriteSameRank(Operation *op) {
    Form form = forms.get(op->getOperand(0));
    const Permutation &p = form.permutation;
    if (form.isPlain() || rankOf(op->getResult(0)) != static_cast<int64_t>(p.size())) return failure();
    if (auto norm = dyn_cast<LayerNormOp>(op))
      for (int64_t i = norm.getAxis(), rank = p.size(); i < rank; ++i)
        if (p[i] != i) return failure();
    SmallVector<Value> operands(op->getOperands());
    operands[0] = form.source;
    for (Value &v : llvm::drop_begin(operands))
      v = forms.plain(v, op->getLoc());
    Operation *copy = cloneInForm(op, operands, p, form.preferred);
    Permutation inverse = inversePermutation(p);
    auto permuteDims = [&](DimsAttr dims) {
      return DimsAttr::get(b.getContext(),
                           llvm::map_to_vector(inverse, [&](int64_t i) { return dims.getDims()[i]; }));
    };
    llvm::TypeSwitch<Operation *>(copy)
        .Case<SoftmaxOp, CumSumOp>([&](auto o) { o.setAxis(p[o.getAxis()]); })
        .Case<PadOp>([&](PadOp o) { o.setLowAttr(permuteDims(o.getLow())); })
        .Case<SliceOp>([&](SliceOp o) {
          o.setStartsAttr(permuteDims(o.getStarts()));
          o.setSteps(composePermutations(o.getSteps(), inverse));
        })
        .Case<ResizeOp>([&](ResizeOp o) {
          auto permute = [&](ArrayRef<double> values) {
            SmallVector<double> result;
            for (size_t first = 0; first < values.size(); first += p.size())
              for (int64_t i : inverse)
                result.push_back(values[first + i]);
            return result;
          };
          o.setScales(permute(o.getScales()));
          o.setRoi(permute(o.getRoi()));
        });
    return success();
  }

  template <typename OpT> static SmallVector<int64_t> reducedAxes(OpT op) {
    if constexpr (std::is_same_v<OpT, ReduceOp>)
      return SmallVector<int64_t>(op.getAxes());
    else
      return {static_cast<int64_t>(op.getAxis())};
  }

  template <typename OpT> LogicalResult rewriteReduction(OpT op) {
    Form form = forms.get(op.getOperand());
    const Permutation &p = form.permutation;
    if (form.isPlain()) return failure();
    SmallVector<int64_t> axes = reducedAxes(op);
    SmallVector<int64_t> sourceAxes = llvm::map_to_vector(axes, [&](int64_t a) { return p[a]; });
    llvm::sort(sourceAxes);
    Permutation result = p;
    if (!op.getKeepdims()) {
      result.clear();
      for (auto [i, d] : llvm::enumerate(p)) {
        if (llvm::is_contained(axes, static_cast<int64_t>(i))) continue;
        result.push_back(d - llvm::count_if(sourceAxes, [&](int64_t a) { return a < d; }));
      }
    }
    auto copy = cast<OpT>(cloneInForm(op, form.source, result, form.preferred));
    if constexpr (std::is_same_v<OpT, ReduceOp>)
      copy.setAxes(sourceAxes);
    else
      copy.setAxis(sourceAxes[0]);
    return success();
  }

  /// A reshape that splits and merges dimensions works on any order of its groups. Where a group's dimensions
  /// lie apart in the source, a transpose must bring them together: groups then keep the source's order if a
  /// window op prefers that.
  LogicalResult rewriteReshape(ReshapeOp op) {
    Form form = forms.get(op.getOperand());
    if (form.isPlain()) return failure();
    const Permutation &p = form.permutation;
    SmallVector<DimExpr> from = getDims(op.getOperand()), to = getDims(op.getResult());
    auto groups = groupDims(from, to);
    if (failed(groups)) return failure();

    auto first = [&](const DimGroup &g) {
      int64_t least = p[g.from.front()];
      for (int64_t i : g.from)
        least = std::min(least, p[i]);
      return least;
    };
    llvm::sort(*groups, [&](const DimGroup &a, const DimGroup &b) { return first(a) < first(b); });
    Permutation order; // source dimensions, group by group
    for (const DimGroup &g : *groups)
      for (int64_t i : g.from)
        order.push_back(p[i]);
    bool inOrder = llvm::is_sorted(order);
    if (!inOrder && !form.preferred) return failure();
    Value source = form.source;
    if (!inOrder) {
      Permutation ones;
      for (int64_t d = 0, rank = p.size(); d < rank; ++d)
        if (!llvm::is_contained(order, d)) ones.push_back(d);
      order.insert(order.begin(), ones.begin(), ones.end());
      source = forms.transposed(source, order, op.getLoc());
    }
    // A result dimension of size 1 stays with what precedes it.
    Permutation resultOrder;
    SmallVector<bool> placed(to.size());
    auto place = [&](int64_t j) {
      resultOrder.push_back(j);
      placed[j] = true;
    };
    for (int64_t j = 0, rank = to.size(); j < rank && dimValue(to[j]) == 1; ++j)
      place(j);
    for (const DimGroup &g : *groups)
      for (int64_t j : g.to) {
        place(j);
        for (int64_t k = j + 1, rank = to.size(); k < rank && dimValue(to[k]) == 1; ++k)
          place(k);
      }
    auto dims = llvm::map_to_vector(resultOrder, [&](int64_t j) { return to[j]; });
    auto type = getTensorType(dims, typeOf(op.getResult()).getElementType());
    Value result =
        source.getType() == type ? source : ReshapeOp::create(b, op.getLoc(), type, source).getResult();
    forms.set(op.getResult(), {result, inversePermutation(resultOrder), form.preferred});
    return success();
  }

  func::FuncOp func;
  OpBuilder b;
  LayoutForms forms;
};

struct ChooseLayoutPass : girih::impl::ChooseLayoutBase<ChooseLayoutPass> {
  void runOnOperation() override {
    if (!getOperation().isExternal()) numTransposes += LayoutRewriter(getOperation()).run();
  }
};

} // namespace
