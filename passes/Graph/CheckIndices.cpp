// Indices into tensors: which of them are inside is proved, left to a check of sizes, or to one of the run.
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/HostTensor.h"
#include "dialects/Graph/Inference.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace girih {
#define GEN_PASS_DEF_CHECKINDICES
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// What the elements of an integer tensor lie in. `exact`: both ends are elements (of a tensor that has any).
struct Bounds {
  DimExpr low, high;
  bool exact;
};

/// Indices that an op reads or writes at: `indices`, or the `column` of their tuples, into a dimension of
/// `size`.
struct Use {
  Value indices;
  std::optional<int64_t> column;
  DimExpr size;
  bool fromEnd = true; // negative ones count from the end
};

} // namespace

static std::optional<Bounds> boundsOf(Value v, unsigned depth = 0);

static std::optional<Bounds> join(ValueRange values, unsigned depth) {
  std::optional<Bounds> out;
  for (Value v : values) {
    auto b = boundsOf(v, depth);
    if (!b) return std::nullopt;
    out = out ? Bounds{dimMin(out->low, b->low), dimMax(out->high, b->high), out->exact && b->exact} : *b;
  }
  return out;
}

/// Of every `step`th element from `first` on.
static std::optional<Bounds> boundsOf(ConstantOp op, int64_t first = 0, int64_t step = 1) {
  MLIRContext *ctx = op.getContext();
  auto read = HostTensor::read(op.getValue());
  if (failed(read) || read->getNumElements() == 0) return std::nullopt;
  HostTensor tensor = read->toRowMajor();
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (int64_t i = first, e = tensor.getNumElements(); i < e; i += step)
    low = std::min(low, tensor.getInt(i)), high = std::max(high, tensor.getInt(i));
  return Bounds{dimConstant(ctx, low), dimConstant(ctx, high), true};
}

static std::optional<Bounds> boundsOf(BinaryOp op, unsigned depth) {
  auto a = boundsOf(op.getLhs(), depth), b = boundsOf(op.getRhs(), depth);
  DimExpr zero = dimConstant(op.getContext(), 0);
  // The remainder has the divisor's sign.
  if (op.getFn() == BinaryFn::mod && b && dimLowerBound(b->low).value_or(0) > 0)
    return Bounds{zero, dimSimplify(b->high - 1), false};
  if (!a || !b) return std::nullopt;
  // Ends of sums are elements where one side is a single number.
  bool exact = a->exact && b->exact && (a->low == a->high || b->low == b->high);
  switch (op.getFn()) {
  case BinaryFn::add:
    return Bounds{dimSimplify(a->low + b->low), dimSimplify(a->high + b->high), exact};
  case BinaryFn::sub:
    return Bounds{dimSimplify(a->low - b->high), dimSimplify(a->high - b->low), exact};
  case BinaryFn::min:
    return Bounds{dimMin(a->low, b->low), dimMin(a->high, b->high), false};
  case BinaryFn::max:
    return Bounds{dimMax(a->low, b->low), dimMax(a->high, b->high), false};
  default:
    return std::nullopt;
  }
}

/// How far chains of ops are followed.
constexpr unsigned maxDepth = 16;

static std::optional<Bounds> boundsOf(Value v, unsigned depth) {
  Operation *op = v.getDefiningOp();
  if (!op || depth > maxDepth) return std::nullopt;
  using Result = std::optional<Bounds>;
  DimExpr zero = dimConstant(op->getContext(), 0);
  auto lastOf = [](DimExpr size) { return dimSimplify(size - 1); };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](ConstantOp c) {
        return isa<IntegerType>(c.getType().getElementType()) ? boundsOf(c) : Result();
      })
      .Case([&](ShapeOp shape) -> Result {
        ArrayRef<DimExpr> dims = shape.getDims().getDims();
        if (dims.empty()) return std::nullopt;
        Bounds b{dims[0], dims[0], dims.size() == 1};
        for (DimExpr d : dims.drop_front())
          b.low = dimMin(b.low, d), b.high = dimMax(b.high, d);
        return b;
      })
      .Case([&](RangeOp range) -> Result {
        auto start = boundsOf(range.getStart(), depth + 1), delta = boundsOf(range.getDelta(), depth + 1);
        auto step = delta && delta->low == delta->high ? dimValue(delta->low) : std::nullopt;
        if (!start || start->low != start->high || !step) return std::nullopt;
        DimExpr first = start->low, last = dimSimplify(first + lastOf(getDims(range.getResult())[0]) * *step);
        return *step > 0 ? Bounds{first, last, true} : Bounds{last, first, true};
      })
      .Case([&](CastOp cast) -> Result {
        auto from = dyn_cast<IntegerType>(cast.getOperand().getType().getElementType()),
             to = dyn_cast<IntegerType>(cast.getTo());
        // Sizes fit into 32 bits or are caught elsewhere; what is narrower may wrap around.
        if (!from || !to || (to.getWidth() < from.getWidth() && to.getWidth() < 32)) return std::nullopt;
        return boundsOf(cast.getOperand(), depth + 1);
      })
      .Case<ReshapeOp, TransposeOp, ExpandOp>(
          [&](auto view) { return boundsOf(view.getOperand(), depth + 1); })
      .Case<SliceOp, TileOp>([&](auto part) {
        auto b = boundsOf(part.getOperand(), depth + 1);
        if (b) b->exact = false;
        return b;
      })
      .Case<GatherOp, GatherElementsOp, GatherNDOp>([&](auto gather) {
        auto b = boundsOf(gather.getData(), depth + 1);
        if (b) b->exact = false;
        return b;
      })
      .Case([&](ConcatOp concat) { return join(concat.getInputs(), depth + 1); })
      .Case([&](WhereOp where) {
        auto b = join({where.getX(), where.getY()}, depth + 1);
        if (b) b->exact = false;
        return b;
      })
      .Case([&](ArgReduceOp arg) {
        return Bounds{zero, lastOf(getDims(arg.getOperand())[arg.getAxis()]), false};
      })
      .Case([&](TopKOp topk) {
        if (v != topk.getIndices()) return Result();
        return Result({zero, lastOf(getDims(topk.getOperand())[topk.getAxis()]), false});
      })
      .Case([&](BinaryOp binary) { return boundsOf(binary, depth + 1); })
      .Default([](Operation *) { return Result(); });
}

static std::optional<Bounds> boundsOf(const Use &use) {
  if (!use.column) return boundsOf(use.indices);
  auto tuples = use.indices.getDefiningOp<ConstantOp>();
  if (!tuples) return std::nullopt;
  return boundsOf(tuples, *use.column, *dimValue(getDims(use.indices).back()));
}

/// Where an op reads or writes at indices that are data.
static SmallVector<Use> getUses(Operation *op) {
  SmallVector<Use> uses;
  auto alongAxis = [&](auto o) { uses.push_back({o.getIndices(), {}, getDims(o.getData())[o.getAxis()]}); };
  auto atTuples = [&](auto o, int64_t first) {
    int64_t length = *dimValue(getDims(o.getIndices()).back());
    for (int64_t i = 0; i < length; ++i)
      uses.push_back({o.getIndices(), i, getDims(o.getData())[first + i]});
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case<GatherOp, GatherElementsOp, ScatterElementsOp>(alongAxis)
      .Case([&](GatherNDOp o) { atTuples(o, o.getBatchDims()); })
      .Case([&](ScatterNDOp o) { atTuples(o, 0); })
      .Case([&](RoiAlignOp o) {
        uses.push_back({o.getBatchIndices(), {}, getDims(o.getOperand())[0], /*fromEnd=*/false});
      });
  return uses;
}

namespace {
struct CheckIndices : girih::impl::CheckIndicesBase<CheckIndices> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (auto imported = kChecks.get(module)) llvm::append_range(checks, imported);
    SmallVector<Operation *> ops;
    module.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      for (const Use &use : getUses(op))
        if (failed(check(op, use))) return signalPassFailure();
    if (!checks.empty()) kChecks.set(module, ArrayAttr::get(module.getContext(), checks));
  }

private:
  /// The column of index tuples that are put together from columns.
  static Value findColumn(const Use &use) {
    auto concat = use.indices.getDefiningOp<ConcatOp>();
    int64_t last = cast<RankedTensorType>(use.indices.getType()).getRank() - 1;
    if (!use.column || !concat || concat.getAxis() != uint64_t(last)) return {};
    for (int64_t begin = 0; Value input : concat.getInputs()) {
      auto width = dimValue(getDims(input)[last]);
      if (!width) return {};
      if (begin == *use.column && *width == 1) return input;
      begin += *width;
    }
    return {};
  }

  LogicalResult check(Operation *op, Use use) {
    MLIRContext *ctx = op->getContext();
    if (Value column = findColumn(use)) use.indices = column, use.column = {};
    if (dimValue(dimProduct(ctx, getDims(use.indices))) == 0) return success();
    if (auto bounds = boundsOf(use)) {
      DimExpr end = dimSimplify(bounds->high + 1), begin = dimSimplify(-bounds->low);
      DimChecks taken;
      bool canHold = succeeded(requireAtMost(end, use.size)) &&
                     succeeded(requireAtMost(begin, use.fromEnd ? use.size : dimConstant(ctx, 0)));
      if (canHold && taken.get().empty()) return success();
      if (!canHold && bounds->exact)
        return op->emitOpError("has an index of ")
               << dimToString(dimNonNegative(use.size - end) ? bounds->low : bounds->high)
               << ", which is outside of a dimension of size " << dimToString(use.size);
      if (bounds->exact) {
        auto node = StringAttr::get(ctx, getNodeName(op->getLoc()));
        for (const DimCheck &c : taken.get())
          checks.push_back(CheckAttr::get(ctx, c.kind, DimsAttr::get(ctx, {c.first, c.second}), node));
        ++numSizes;
        return success();
      }
    }
    emit(op, use);
    return success();
  }

  /// The largest of i and -1 - i over all indices: it is below the size where all are inside.
  void emit(Operation *op, const Use &use) {
    if (!seen.insert({{use.indices, use.column.value_or(-1)}, use.size}).second) return;
    OpBuilder b(op);
    Location loc = op->getLoc();
    Value v = use.indices;
    if (use.column) {
      SmallVector<DimExpr> dims = getDims(v), starts(dims.size(), dimConstant(b.getContext(), 0));
      dims.back() = dimConstant(b.getContext(), 1), starts.back() = dimConstant(b.getContext(), *use.column);
      auto type = getTensorType(dims, cast<RankedTensorType>(v.getType()).getElementType());
      v = SliceOp::create(b, loc, type, v, DimsAttr::get(b.getContext(), starts),
                          SmallVector<int64_t>(dims.size(), 1));
    }
    CheckIndexOp::createFor(b, loc, v, use.size, use.fromEnd);
    ++numRuns;
  }

  SmallVector<Attribute> checks;
  llvm::DenseSet<std::pair<std::pair<Value, int64_t>, DimExpr>> seen;
};
} // namespace
