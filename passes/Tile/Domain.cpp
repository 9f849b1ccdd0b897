#include "passes/Tile/Domain.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/Tile/KernelFunction.h"
#include "passes/Tile/Pack.h"

using namespace mlir;

namespace girih {

Lin operator+(const Lin &a, const Lin &b) {
  Lin r;
  r.constant = dimSimplify(a.constant + b.constant);
  auto i = a.terms.begin(), j = b.terms.begin();
  while (i != a.terms.end() || j != b.terms.end()) {
    if (j == b.terms.end() || (i != a.terms.end() && i->first < j->first)) {
      r.terms.push_back(*i++);
    } else if (i == a.terms.end() || j->first < i->first) {
      r.terms.push_back(*j++);
    } else {
      DimExpr c = dimSimplify(i->second + j->second);
      if (c != 0) r.terms.push_back({i->first, c});
      ++i, ++j;
    }
  }
  return r;
}

Lin operator*(const Lin &a, DimExpr s) {
  Lin r;
  r.constant = dimSimplify(a.constant * s);
  if (s == 0) return r;
  for (auto &[v, c] : a.terms)
    r.terms.push_back({v, dimSimplify(c * s)});
  return r;
}

bool applyLinear(AffineExpr e, ArrayRef<Idx> dims, Idx &out) {
  MLIRContext *ctx = e.getContext();
  switch (e.getKind()) {
  case AffineExprKind::Constant:
    out = {Lin::ofConstant(e)};
    return true;
  case AffineExprKind::DimId:
    out = dims[cast<AffineDimExpr>(e).getPosition()];
    return true;
  case AffineExprKind::SymbolId:
    return false;
  default:
    break;
  }
  auto bin = cast<AffineBinaryOpExpr>(e);
  Idx l, r;
  if (!applyLinear(bin.getLHS(), dims, l) || !applyLinear(bin.getRHS(), dims, r) || l.dyn || r.dyn)
    return false;
  if (e.getKind() == AffineExprKind::Add) {
    out = {l.lin + r.lin};
    return true;
  }
  if (e.getKind() == AffineExprKind::Mul) {
    if (!r.lin.isConstant()) std::swap(l, r);
    if (!r.lin.isConstant()) return false;
    out = {l.lin * r.lin.constant};
    return true;
  }
  // Divisions of numbers fold; those of variables are computed at run time.
  auto a = dimValue(l.lin.constant), b = dimValue(r.lin.constant);
  if (!l.lin.isConstant() || !r.lin.isConstant() || !a || !b || *b <= 0) return false;
  out = {Lin::ofConstant(
      getAffineBinaryOpExpr(e.getKind(), getAffineConstantExpr(*a, ctx), getAffineConstantExpr(*b, ctx)))};
  return true;
}

int64_t getElementCost(linalg::GenericOp op) {
  constexpr int64_t kFunction = 16; // instructions, on average
  int64_t cost = 0;
  llvm::SetVector<Operation *> inlined;
  inlined.insert(op);
  for (size_t i = 0; i < inlined.size(); ++i) {
    auto generic = cast<linalg::GenericOp>(inlined[i]);
    for (Operation &inner : generic.getBody()->without_terminator()) {
      if (isa<CombineOp>(inner)) continue; // once a reduction
      bool isSimple = isa<math::FmaOp, math::AbsFOp, math::SqrtOp, math::FloorOp, math::CeilOp,
                          math::RoundEvenOp, math::TruncOp, math::CopySignOp>(inner);
      cost += isa<math::MathDialect>(inner.getDialect()) && !isSimple ? kFunction : 1;
    }
    for (OpOperand *input : generic.getDpsInputOperands())
      if (auto producer = input->get().getDefiningOp<linalg::GenericOp>();
          producer && !producer.getNumReductionLoops())
        inlined.insert(producer);
  }
  return cost;
}

SmallVector<DimExpr> getLoopExtents(linalg::GenericOp op) {
  SmallVector<DimExpr> extents(op.getNumLoops());
  // Results first: an input may be larger than what is read of it.
  for (OpOperand &operand : llvm::reverse(op->getOpOperands())) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto dims = getDims(operand.get());
    for (auto [i, e] : llvm::enumerate(map.getResults()))
      if (auto d = dyn_cast<AffineDimExpr>(e))
        if (!extents[d.getPosition()]) extents[d.getPosition()] = dims[i];
  }
  return extents;
}

//===-- Analysis ----------------------------------------------------------===//

namespace {

/// Follows every access of a domain symbolically, from the last generic down to the operands.
struct Analyzer {
  KernelOp kernel;
  MLIRContext *ctx;
  Domain &domain;
  ArrayRef<Domain> stages; // before this domain
  const OperandLayouts *layouts;
  unsigned nextVariable;
  llvm::SmallDenseSet<unsigned> pinned =
      {}; // variables whose value a body reads: they keep a loop of their own
  llvm::SmallDenseSet<unsigned> reductionUse = {}; // domain variables that reductions depend on
  llvm::SmallDenseSet<unsigned> padded = {};       // variables of which a value has more around it
  DenseMap<Operation *, int> numberOf = DenseMap<Operation *, int>();
  int depth = 0;
  bool failed = false;

  Idx zero() { return {Lin::ofConstant(dimConstant(ctx, 0))}; }
  void pin(const Idx &i) {
    for (auto &[v, c] : i.lin.terms)
      pinned.insert(v);
  }
  void fail(Operation *op, const Twine &message) {
    if (!failed) op->emitError("tile stage: ") << message;
    failed = true;
  }

  void visit(Value value, ArrayRef<Idx> indices) {
    if (getViewedArgument(value)) {
      MemoryView view = getOperandView(kernel, value, layouts);
      Access a{view.buffer, view.element, zero().lin, false, -1 - depth};
      SmallVector<DimExpr> strides = view.strides;
      if (view.layout)
        for (auto [i, stride, dim] : llvm::zip(indices, strides, getLayoutDims(view.layout, view.sizes))) {
          stride = dimConstant(ctx, dim.getStride());
          if (dim.block != 1) pin(i);
        }
      for (auto [i, s] : llvm::zip(indices, strides)) {
        a.lin = a.lin + i.lin * s;
        a.dynamic |= static_cast<bool>(i.dyn);
        a.at.push_back(i.lin);
      }
      if (view.layout && !llvm::is_contained(domain.packed, view.buffer))
        domain.packed.push_back(view.buffer);
      domain.accesses.push_back(std::move(a));
      return;
    }
    Operation *def = value.getDefiningOp();
    if (isa<linalg::FillOp, tensor::EmptyOp>(def) || getTable(value)) return;
    if (auto pad = dyn_cast<tensor::PadOp>(def)) {
      auto padded = pad.getSource().getDefiningOp();
      if (llvm::none_of(stages, [&](const Domain &stage) { return stage.last == padded; }))
        return fail(def, "pads what is not stored");
      return visit(pad.getSource(), getInside(pad, indices));
    }
    auto op = dyn_cast<linalg::GenericOp>(def);
    if (!op) return fail(def, "cannot be read inside a kernel");
    AffineMap out = op.getIndexingMapsArray()[op.getNumDpsInputs() + cast<OpResult>(value).getResultNumber()];
    SmallVector<Idx> dims(op.getNumLoops(), zero());
    for (auto [e, i] : llvm::zip(out.getResults(), indices))
      if (auto d = dyn_cast<AffineDimExpr>(e)) dims[d.getPosition()] = i;
    for (auto [number, stage] : llvm::enumerate(stages))
      if (stage.last == op) return visitStage(number, dims);
    visitGeneric(op, dims);
  }

  void visitStage(unsigned number, ArrayRef<Idx> dims) {
    const Domain &stage = stages[number];
    auto last = stage.last;
    if (llvm::any_of(dims, [](const Idx &i) { return static_cast<bool>(i.dyn); }))
      return fail(last, "is stored, but read at a computed index");
    Access a{unsigned(kernel->getNumOperands() + kernel->getNumResults() + number),
             getStageType(stage),
             zero().lin,
             false,
             -1 - depth,
             int(number),
             getLoopIndices(stage, dims)};
    SmallVector<DimExpr> sizes = llvm::map_to_vector(stage.dims, [](const LoopDim &l) { return l.extent; });
    for (auto [at, stride] : llvm::zip(a.at, getStageStrides(stage, sizes)))
      a.lin = a.lin + at * stride;
    domain.accesses.push_back(std::move(a));
  }

  void visitGeneric(linalg::GenericOp op, SmallVector<Idx> dims) {
    if (!op.getNumReductionLoops()) return visitInputs(op, dims);
    for (Idx &i : dims) {
      for (auto &[v, c] : i.lin.terms)
        reductionUse.insert(v);
      if (i.dyn) return fail(op, "reduction at a computed index");
    }
    if (numberOf.contains(op)) return;
    Reduction r{op, {}, {}, {}};
    for (auto [d, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      if (kind == utils::IteratorType::reduction) {
        dims[d] = {Lin::ofVariable(nextVariable, ctx)};
        r.variables.push_back(nextVariable++);
      }
    r.indices = dims;
    // Inner reductions are numbered first: that is the order of computation.
    size_t first = domain.accesses.size();
    int mark = -1 - ++depth;
    visitInputs(op, dims);
    --depth;
    int number = domain.reductions.size();
    for (size_t i = first; i < domain.accesses.size(); ++i)
      if (domain.accesses[i].reduction == mark) domain.accesses[i].reduction = number;
    numberOf[op] = number;
    domain.reductions.push_back(std::move(r));
  }

  /// An index that a body computes: sums of loops times sizes are followed.
  Idx indexOf(Value v, ArrayRef<Idx> dims) {
    Idx computed{Lin::ofConstant(dimConstant(ctx, 0)), v};
    Operation *def = v.getDefiningOp();
    if (!def) return computed;
    if (auto index = dyn_cast<linalg::IndexOp>(def)) return dims[index.getDim()];
    if (auto dim = dyn_cast<DimOp>(def)) return {Lin::ofConstant(dim.getExpr().getDims().front())};
    if (auto constant = getConstantIntValue(v)) return {Lin::ofConstant(dimConstant(ctx, *constant))};
    if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(def)) return computed;
    Idx a = indexOf(def->getOperand(0), dims), b = indexOf(def->getOperand(1), dims);
    if (a.dyn || b.dyn) return computed;
    if (isa<arith::AddIOp>(def)) return {a.lin + b.lin};
    if (isa<arith::SubIOp>(def)) return {a.lin + b.lin * dimConstant(ctx, -1)};
    if (!b.lin.isConstant()) std::swap(a, b);
    return b.lin.isConstant() ? Idx{a.lin * b.lin.constant} : computed;
  }

  void visitInputs(linalg::GenericOp op, ArrayRef<Idx> dims) {
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (op.getBody()->getArgument(input->getOperandNumber()).use_empty()) continue;
      SmallVector<Idx> indices;
      for (AffineExpr e : op.getMatchingIndexingMap(input).getResults()) {
        Idx i;
        if (!applyLinear(e, dims, i)) {
          i = {Lin::ofConstant(dimConstant(ctx, 0)), input->get()};
          for (const Idx &d : dims)
            pin(d);
        }
        indices.push_back(i);
      }
      visit(input->get(), indices);
    }
    op.getBody()->walk([&](Operation *inner) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        pin(dims[index.getDim()]);
      } else if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
        SmallVector<Idx> indices;
        for (Value v : extract.getIndices())
          indices.push_back(indexOf(v, dims));
        visit(extract.getTensor(), indices);
      }
    });
  }
};

/// Whether every access walks `inner` right behind `outer`, so that one loop can serve both. What is still to
/// be packed has them so, if it has both.
bool canMerge(const Domain &domain, bool isPlanned, unsigned outer, unsigned inner, DimExpr innerExtent) {
  auto fits = [&](const Lin &lin) {
    DimExpr o = lin.coefficient(outer), i = lin.coefficient(inner);
    if (!o && !i) return true;
    return o && i && dimSimplify(i * innerExtent) == o;
  };
  auto accessFits = [&](const Access &a) {
    if (a.stage >= 0) return llvm::all_of(a.at, fits);
    bool isToBePacked = !isPlanned && llvm::is_contained(domain.packed, a.buffer);
    return isToBePacked ? a.lin.has(outer) == a.lin.has(inner) : fits(a.lin);
  };
  return llvm::all_of(domain.accesses, accessFits) && llvm::all_of(domain.stores, fits) &&
         llvm::all_of(domain.cuts, [&](const auto &cut) { return fits(cut.first); });
}

/// Groups adjacent dimensions into loops. Dimensions of size 1 need none, unless there is a border around
/// them: they stay at 0.
SmallVector<LoopDim> mergeDims(const Analyzer &of, ArrayRef<unsigned> variables, ArrayRef<unsigned> dims,
                               ArrayRef<DimExpr> extents) {
  const Domain &domain = of.domain;
  const llvm::SmallDenseSet<unsigned> &pinned = of.pinned;
  bool isPlanned = of.layouts;
  SmallVector<LoopDim> out;
  unsigned last = 0;
  for (auto [v, d] : llvm::zip(variables, dims)) {
    DimExpr extent = extents[d];
    if (extent == 1 && !of.padded.contains(v)) continue;
    if (!out.empty() && !pinned.contains(v) && !pinned.contains(last) &&
        canMerge(domain, isPlanned, last, v, extent)) {
      out.back().dims.push_back(d);
      out.back().extent = dimSimplify(out.back().extent * extent);
    } else {
      out.push_back({{d}, extent});
    }
    last = v;
  }
  return out;
}

} // namespace

/// Finds what pads put around a stage's value. Loops that readers do not take as they are, since they look
/// around them, stay apart: windows can be followed along one loop.
static LogicalResult findBorder(Analyzer &analyzer) {
  auto last = analyzer.domain.last;
  Value value = last.getResult(0);
  AffineMap out = last.getMatchingIndexingMap(last.getDpsInitOperand(0));
  StageBorder border{{}, SmallVector<int64_t>(last.getNumLoops()), SmallVector<int64_t>(last.getNumLoops())};
  auto variable = [&](unsigned result) -> unsigned {
    auto d = dyn_cast<AffineDimExpr>(out.getResult(result));
    return d ? 1 + d.getPosition() : 0;
  };
  SmallVector<OpOperand *> uses = llvm::to_vector(llvm::make_pointer_range(value.getUses()));
  for (size_t u = 0; u < uses.size(); ++u) {
    if (auto reader = dyn_cast<linalg::GenericOp>(uses[u]->getOwner()))
      for (auto [i, e] : llvm::enumerate(reader.getMatchingIndexingMap(uses[u]).getResults()))
        if (!isa<AffineDimExpr>(e)) analyzer.pinned.insert(variable(i));
    auto pad = dyn_cast<tensor::PadOp>(uses[u]->getOwner());
    if (!pad || pad.getSource() != value) continue;
    TypedAttr fill;
    Value filled = pad.getConstantPaddingValue();
    bool isKnown = filled && matchPattern(filled, m_Constant(&fill)) && (!border.fill || border.fill == fill);
    for (auto [i, low, high] : llvm::enumerate(pad.getStaticLow(), pad.getStaticHigh())) {
      isKnown &= low >= 0 && high >= 0; // what is dynamic is negative
      if (low == 0 && high == 0) continue;
      unsigned v = variable(i);
      isKnown &= v != 0;
      if (!v) continue;
      analyzer.pinned.insert(v), analyzer.padded.insert(v);
      int64_t &before = border.before[v - 1], &after = border.after[v - 1];
      before = std::max(before, low), after = std::max(after, high);
    }
    if (!isKnown)
      return pad.emitError("tile stage: pads of one value must be known, and fill with one value");
    border.fill = fill;
    for (OpOperand &use : pad->getUses())
      uses.push_back(&use);
  }
  if (border.fill) analyzer.domain.border = border;
  return success();
}

/// Completes a domain of which the last generic and the stores are known.
static LogicalResult analyzeDomain(KernelOp kernel, Domain &domain, ArrayRef<Domain> stages,
                                   const OperandLayouts *layouts, bool isStage) {
  MLIRContext *ctx = kernel.getContext();
  auto last = domain.last;
  auto extents = getLoopExtents(last);
  Analyzer analyzer{kernel, ctx, domain, stages, layouts, 1 + last.getNumLoops()};
  SmallVector<Idx> dims;
  for (unsigned d = 0; d < last.getNumLoops(); ++d)
    dims.push_back({Lin::ofVariable(1 + d, ctx)});
  for (auto [d, kind] : llvm::enumerate(last.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction) dims[d] = analyzer.zero();
  analyzer.visitGeneric(last, dims);
  if (analyzer.failed) return failure();

  if (!layouts) domain.packed = findPackable(kernel, domain);
  // In the packed order, parallel dimensions keep their own places.
  for (const Access &a : domain.accesses)
    if (a.stage < 0 && llvm::is_contained(domain.packed, a.buffer))
      for (const Lin &at : a.at)
        for (auto &[v, c] : at.terms)
          if (v <= last.getNumLoops()) analyzer.pinned.insert(v);
  if (isStage && failed(findBorder(analyzer))) return failure();
  // Only a copy's readers say which of its loops they follow: not the one in which it is contiguous, mostly.
  if (isStage && getCopiedOperand(last)) analyzer.pinned.insert(last.getNumLoops());
  SmallVector<unsigned> parallelVars, rowVars, parallelDims, rowDims;
  for (auto [d, kind] : llvm::enumerate(last.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::reduction) continue;
    bool row = !domain.reductions.empty() && !analyzer.reductionUse.contains(1 + d);
    (row ? rowVars : parallelVars).push_back(1 + d);
    (row ? rowDims : parallelDims).push_back(d);
  }
  domain.dims = mergeDims(analyzer, parallelVars, parallelDims, extents);
  domain.parallel = domain.dims.size();
  for (unsigned i = 0; i < domain.dims.size(); ++i)
    if (DimExpr c = domain.stores[0].coefficient(domain.variable(i)); c && c == 1) domain.unitDim = i;
  llvm::append_range(domain.dims, mergeDims(analyzer, rowVars, rowDims, extents));
  if (domain.border)
    for (auto *list : {&domain.border->before, &domain.border->after})
      *list = llvm::map_to_vector(domain.dims, [&](const LoopDim &l) { return (*list)[l.dims.back()]; });
  for (Reduction &r : domain.reductions) {
    SmallVector<unsigned> reductionDims;
    r.op.getReductionDims(reductionDims);
    r.loops = mergeDims(analyzer, r.variables, reductionDims, getLoopExtents(r.op));
  }
  return success();
}

/// Where the last generic writes its result `value` through `strides`.
static Lin getStore(Value value, ArrayRef<DimExpr> strides) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  AffineMap out = op.getIndexingMapsArray()[op.getNumDpsInputs() + cast<OpResult>(value).getResultNumber()];
  MLIRContext *ctx = value.getContext();
  Lin store = Lin::ofConstant(dimConstant(ctx, 0));
  for (auto [e, s] : llvm::zip(out.getResults(), strides))
    if (auto d = dyn_cast<AffineDimExpr>(e)) store = store + Lin::ofVariable(1 + d.getPosition(), ctx) * s;
  return store;
}

SmallVector<linalg::GenericOp> getGenerics(KernelOp kernel) {
  return llvm::filter_to_vector(kernel.getBody().front().getOps<linalg::GenericOp>(),
                                [](linalg::GenericOp op) { return !getCopiedOperand(op); });
}

SmallVector<Lin> getLoopIndices(const Domain &domain, ArrayRef<Idx> dims) {
  auto extents = getLoopExtents(domain.last);
  SmallVector<Lin> indices;
  for (const LoopDim &loop : domain.dims) {
    Lin at = Lin::ofConstant(dimConstant(loop.extent.getContext(), 0));
    DimExpr stride = dimConstant(loop.extent.getContext(), 1);
    for (unsigned d : llvm::reverse(loop.dims)) {
      at = at + dims[d].lin * stride;
      stride = dimSimplify(stride * extents[d]);
    }
    indices.push_back(std::move(at));
  }
  return indices;
}

std::optional<Window> getWindow(const Domain &domain, const Lin &index) {
  auto constant = dimValue(index.constant);
  if (!constant) return std::nullopt;
  std::optional<Window> window;
  int64_t low = *constant, high = *constant;
  for (auto &[v, c] : index.terms) {
    auto step = dimValue(c);
    for (unsigned d = 0; d < domain.dims.size(); ++d) {
      if (domain.variable(d) != v) continue;
      if (window || !step || *step < 1) return std::nullopt;
      window = {d, *step, 0, 0};
    }
    for (const Reduction &r : domain.reductions)
      for (unsigned k = 0; k < r.loops.size(); ++k) {
        if (r.variable(k) != v) continue;
        auto n = dimValue(r.loops[k].extent);
        if (!n || !step) return std::nullopt;
        (*step < 0 ? low : high) += *step * (std::max<int64_t>(*n, 1) - 1);
      }
  } // other variables stand at 0
  if (window) window->low = low, window->high = high;
  return window;
}

Type getStageType(const Domain &stage) {
  linalg::GenericOp last = stage.last;
  return getElementTypeOrSelf(last.getResult(0).getType());
}

SmallVector<unsigned> getMemoryOrder(const Domain &stage) {
  auto isContiguous = [&](unsigned d) {
    DimExpr c = stage.stores[0].coefficient(stage.variable(d));
    return c && c == 1;
  };
  SmallVector<unsigned> order;
  for (bool contiguous : {false, true})
    for (unsigned d = 0; d < stage.dims.size(); ++d)
      if (isContiguous(d) == contiguous) order.push_back(d);
  return order;
}

SmallVector<DimExpr> getStageStrides(const Domain &stage, ArrayRef<DimExpr> extents, DimExpr *elements) {
  constexpr int64_t kLine = 64; // bytes
  SmallVector<DimExpr> strides(extents.size());
  DimExpr stride = dimConstant(linalg::GenericOp(stage.last).getContext(), 1);
  SmallVector<unsigned> order = getMemoryOrder(stage);
  for (auto [i, d] : llvm::enumerate(llvm::reverse(order))) {
    // Rows lie an odd number of cache lines apart, so that they do not push each other out of a cache.
    if (i == 1) {
      int64_t line = kLine / getStorageBytes(getStageType(stage));
      stride = dimSimplify((stride + (line - 1)).floorDiv(2 * line) * (2 * line) + line);
    }
    strides[d] = stride;
    stride = dimSimplify(stride * extents[d]);
  }
  if (elements) *elements = stride;
  return strides;
}

FailureOr<std::vector<Domain>> analyzeKernel(KernelOp kernel, ArrayRef<linalg::GenericOp> stored,
                                             const OperandLayouts *layouts) {
  std::vector<Domain> domains, stages;
  for (linalg::GenericOp op : stored) {
    Domain stage;
    stage.last = op;
    Value value = stage.last.getResult(0);
    stage.stores.push_back(getStore(value, getDenseStrides(kernel.getContext(), getDims(value))));
    if (failed(analyzeDomain(kernel, stage, stages, layouts, /*isStage=*/true))) return failure();
    stages.push_back(std::move(stage));
  }

  for (unsigned r = 0; r < kernel.getNumResults(); ++r) {
    Value value;
    MemoryView view = getResultView(kernel, r, value);
    auto last = value.getDefiningOp<linalg::GenericOp>();
    if (!last) {
      kernel.emitError("tile stage: result ") << r << " is not computed by a linalg.generic";
      return failure();
    }
    auto known = llvm::find_if(domains, [&](Domain &d) { return d.last == last; });
    if (known == domains.end()) {
      known = domains.insert(known, Domain());
      known->last = last;
    }
    known->results.push_back(r);
    known->stores.push_back(getStore(value, view.strides));
    for (const Cut &cut : view.cuts)
      known->cuts.push_back({getStore(value, cut.factors), cut.size});
  }
  if (domains.size() != 1 && !stored.empty()) {
    kernel.emitError("tile stage: a kernel of ") << domains.size() << " domains cannot store values";
    return failure();
  }
  for (Domain &domain : domains)
    if (failed(analyzeDomain(kernel, domain, stages, layouts, /*isStage=*/false))) return failure();
  if (!stages.empty()) domains[0].stages = std::move(stages);
  return domains;
}

DenseElementsAttr getTable(Value value) {
  DenseElementsAttr table;
  matchPattern(value, m_Constant(&table));
  return table;
}

bool readsTable(linalg::GenericOp op) {
  return llvm::any_of(op.getInputs(), [](Value input) { return static_cast<bool>(getTable(input)); });
}

unsigned Reduction::variable(unsigned loop) const {
  SmallVector<unsigned> reduced;
  linalg::GenericOp(op).getReductionDims(reduced);
  return variables[llvm::find(reduced, loops[loop].dims.back()) - reduced.begin()];
}

bool isSum(const Domain &domain) {
  return domain.reductions.size() == 1 && domain.reductions[0].op == domain.last &&
         linalg::GenericOp(domain.last).getNumDpsInits() == 1;
}

bool dependsOn(const Reduction &r, const Domain &domain, int64_t dim) {
  if (dim < 0) return false;
  return llvm::any_of(r.indices, [&](const Idx &i) { return i.lin.has(domain.variable(dim)); });
}

bool Domain::isContraction() const {
  return reductions.size() == 1 && parallel == dims.size() && girih::isContraction(reductions[0].op);
}

} // namespace girih
