// Reductions, arg-reductions and softmax.
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

namespace {

/// A reduction over some dimensions of an operand. Results are tensors of the other dimensions.
struct Axes {
  SmallVector<DimExpr> dims, kept;
  llvm::SmallBitVector reduced;
  Exprs keptLoops; // the kept dimensions among loops over all of them
  /// The graph value has size-1 dimensions that the tensor lacks: null if it has not.
  std::shared_ptr<const Space> space;
};

} // namespace

static Axes getAxes(Lowering &l, Value operand, ArrayRef<int64_t> axes, bool keepDims) {
  Axes a;
  a.dims = getDims(operand);
  a.reduced.resize(a.dims.size());
  for (int64_t axis : axes)
    a.reduced.set(axis);
  Exprs toGraph, fromGraph;
  for (auto [i, d] : llvm::enumerate(a.dims)) {
    if (a.reduced[i]) {
      toGraph.push_back(l.constant(0));
      continue;
    }
    toGraph.push_back(l.loop(a.kept.size()));
    fromGraph.push_back(l.loop(i));
    a.kept.push_back(d);
    a.keptLoops.push_back(l.loop(i));
  }
  if (keepDims && !axes.empty()) {
    MLIRContext *ctx = l.b.getContext();
    a.space = std::make_shared<Space>(Space{a.kept, AffineMap::get(a.kept.size(), 0, toGraph, ctx),
                                            AffineMap::get(a.dims.size(), 0, fromGraph, ctx)});
  }
  return a;
}

/// The operand at the loops over all its dimensions, and values of the kept ones beside it.
static SmallVector<Read> getReads(Lowering &l, Value operand, const Axes &a, ArrayRef<Value> kept = {}) {
  SmallVector<Read> reads{l.read(operand, l.loops(a.dims.size()))};
  for (Value v : kept)
    reads.push_back(l.readTensor(v, a.keptLoops));
  return reads;
}

/// A function of values of the kept dimensions.
static Value mapKept(Lowering &l, const Axes &a, ArrayRef<Value> kept, Type element, BodyFn fn) {
  SmallVector<Read> reads;
  for (Value v : kept)
    reads.push_back(l.readTensor(v, l.loops(a.kept.size())));
  return l.parallel(a.kept, element, reads, fn);
}

static DimExpr getCount(Lowering &l, const Axes &a) {
  DimExpr n = dimConstant(l.b.getContext(), 1);
  for (unsigned i : a.reduced.set_bits())
    n = n * a.dims[i];
  return dimSimplify(n);
}

/// The maximum, with infinities replaced by 0: subtracted before exp, it must not make a NaN of a row of
/// infinities.
static Value finiteOrZero(Body &b, Value v) {
  Value isFinite = b.compare(Body::LT, b.abs(v), b.real(v, INFINITY));
  return b.select(isFinite, v, b.real(v, 0));
}

LogicalResult girih::lower(Lowering &l, ReduceOp op) {
  Value x = op.getOperand();
  Axes a = getAxes(l, x, op.getAxes(), op.getKeepdims());
  Type element = getElementType(x), storage = l.getResultElement(op.getResult());
  ReduceFn fn = op.getFn();
  bool isFloat = isa<FloatType>(element), isUnsigned = isUnsignedElement(x);
  // On integers, roots and logarithms are those of doubles; everything else is exact.
  bool viaDouble = !isFloat && (fn == ReduceFn::l2 || fn == ReduceFn::log_sum || fn == ReduceFn::log_sum_exp);
  Type type = viaDouble ? l.b.getF64Type() : Body::computeType(storage);
  auto load = [&](Body &b, Value v) { return viaDouble ? b.convert(v, element, l.b.getF64Type()) : v; };
  auto reduce = [&](Attribute init, ArrayRef<Value> kept, BodyFn body) {
    return l.reduce(a.dims, a.reduced, type, init, getReads(l, x, a, kept), body);
  };
  auto finish = [&](ArrayRef<Value> kept, BodyFn body) {
    l.set(op.getResult(),
          mapKept(l, a, kept, storage,
                  [&](Body &b, ArrayRef<Value> in) {
                    Value v = body(b, in);
                    return viaDouble ? b.convert(v, l.b.getF64Type(), element) : v;
                  }),
          a.space);
    return success();
  };
  auto identity = [](Body &, ArrayRef<Value> in) { return in[0]; };
  auto done = [&](Value v) {
    if (type != storage) return finish(v, identity);
    l.set(op.getResult(), v, a.space);
    return success();
  };
  TypedAttr zero = l.number(type, 0);
  auto sum = [&] {
    return reduce(zero, {}, [&](Body &b, ArrayRef<Value> in) { return b.add(in[1], load(b, in[0])); });
  };
  auto sumSquare = [&] {
    return reduce(zero, {}, [&](Body &b, ArrayRef<Value> in) {
      Value v = load(b, in[0]);
      return b.add(in[1], b.mul(v, v));
    });
  };

  switch (fn) {
  case ReduceFn::sum:
    return done(sum());
  case ReduceFn::mean:
    return finish(sum(), [&](Body &b, ArrayRef<Value> in) {
      DimExpr count = getCount(l, a);
      if (!isFloat) {
        Value n = b.fromIndex(b.size(count), type);
        return b.divTrunc(in[0], n, isUnsigned);
      }
      if (auto n = dimValue(count)) return b.div(in[0], b.real(type, double(*n)));
      return b.div(in[0], b.fromIndex(b.size(count), type));
    });
  case ReduceFn::prod:
    return done(
        reduce(l.number(type, 1), {}, [](Body &b, ArrayRef<Value> in) { return b.mul(in[1], in[0]); }));
  case ReduceFn::max:
    return done(reduce(l.lowest(element), {},
                       [&](Body &b, ArrayRef<Value> in) { return b.max(in[1], in[0], isUnsigned); }));
  case ReduceFn::min:
    return done(reduce(l.highest(element), {},
                       [&](Body &b, ArrayRef<Value> in) { return b.min(in[1], in[0], isUnsigned); }));
  case ReduceFn::l1:
    return done(reduce(zero, {}, [&](Body &b, ArrayRef<Value> in) {
      return b.add(in[1], isUnsigned ? in[0] : b.abs(in[0]));
    }));
  case ReduceFn::sum_square:
    return done(sumSquare());
  case ReduceFn::l2:
    return finish(sumSquare(), [](Body &b, ArrayRef<Value> in) { return b.math<math::SqrtOp>(in[0]); });
  case ReduceFn::log_sum:
    return finish(sum(), [](Body &b, ArrayRef<Value> in) { return b.math<math::LogOp>(in[0]); });
  case ReduceFn::log_sum_exp: {
    TypedAttr lowest = l.b.getFloatAttr(type, -INFINITY);
    Value max = reduce(lowest, {}, [&](Body &b, ArrayRef<Value> in) { return b.max(in[1], load(b, in[0])); });
    max = mapKept(l, a, max, type, [](Body &b, ArrayRef<Value> in) { return finiteOrZero(b, in[0]); });
    Value total = reduce(zero, max, [&](Body &b, ArrayRef<Value> in) {
      return b.add(in[2], b.math<math::ExpOp>(b.sub(load(b, in[0]), in[1])));
    });
    return finish({total, max},
                  [](Body &b, ArrayRef<Value> in) { return b.add(b.math<math::LogOp>(in[0]), in[1]); });
  }
  }
  return failure();
}

LogicalResult girih::lower(Lowering &l, ArgReduceOp op) {
  // One pass with a state of (extreme, index). As in NumPy, a NaN is more extreme than all numbers.
  Value x = op.getOperand();
  int64_t axis = op.getAxis();
  Axes a = getAxes(l, x, axis, op.getKeepdims());
  Type element = getElementType(x), i64 = l.b.getI64Type();
  bool isUnsigned = isUnsignedElement(x), isMinimum = op.getMinimum(), takesLast = op.getSelectLastIndex();
  auto size = dimValue(a.dims[axis]);
  Type indexType = size && *size <= INT32_MAX ? Type(l.b.getI32Type()) : i64; // as many lanes as floats have
  auto isMoreExtreme = [&](Body &b, Value v, Value than) {
    if (!isa<FloatType>(v.getType())) return b.compare(isMinimum ? Body::LT : Body::GT, v, than, isUnsigned);
    auto predicate = isMinimum ? arith::CmpFPredicate::ULT : arith::CmpFPredicate::UGT;
    Value isMore = b.createOrFold<arith::CmpFOp>(predicate, v, than);
    return b.logicalAnd(isMore, b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::ORD, than, than));
  };
  auto choose = [](Body &b, Value second, ArrayRef<Value> x, ArrayRef<Value> y) {
    return SmallVector<Value>{b.select(second, y[0], x[0]), b.select(second, y[1], x[1])};
  };
  // Where nothing is more extreme than what it begins with, all elements are like it: the first is at 0.
  TypedAttr init[] = {isMinimum ? l.highest(element) : l.lowest(element),
                      l.b.getIntegerAttr(indexType, takesLast ? -1 : 0)};
  Value index = l.reduce(
      a.dims, a.reduced, init, getReads(l, x, a),
      [&](Body &b, ArrayRef<Value> in) {
        // A state has seen earlier elements only.
        Value v[] = {in[0], b.fromIndex(b.index(axis), indexType)};
        Value isTaken =
            takesLast ? b.logicalNot(isMoreExtreme(b, in[1], in[0])) : isMoreExtreme(b, in[0], in[1]);
        return choose(b, isTaken, in.drop_front(), v);
      },
      [&](Body &b, ArrayRef<Value> x, ArrayRef<Value> y) {
        Value isTie = b.logicalNot(b.logicalOr(isMoreExtreme(b, x[0], y[0]), isMoreExtreme(b, y[0], x[0])));
        Value isBetterIndex = b.compare(takesLast ? Body::GT : Body::LT, y[1], x[1]);
        Value isTaken = b.logicalOr(isMoreExtreme(b, y[0], x[0]), b.logicalAnd(isTie, isBetterIndex));
        return choose(b, isTaken, x, y);
      })[1];
  if (indexType != i64)
    index = mapKept(l, a, index, i64,
                    [&](Body &b, ArrayRef<Value> in) { return b.createOrFold<arith::ExtSIOp>(i64, in[0]); });
  l.set(op.getResult(), index, a.space);
  return success();
}

LogicalResult girih::lower(Lowering &l, SoftmaxOp op) {
  Value x = op.getOperand();
  Axes a = getAxes(l, x, op.getAxis(), /*keepDims=*/false);
  Type type = getComputeType(x), storage = l.getResultElement(op.getResult());
  Value max = l.reduce(a.dims, a.reduced, type, l.lowest(getElementType(x)), getReads(l, x, a),
                       [](Body &b, ArrayRef<Value> in) { return b.max(in[1], in[0]); });
  auto exponential = [](Body &b, ArrayRef<Value> in) { return b.math<math::ExpOp>(b.sub(in[0], in[1])); };
  if (op.getLog()) {
    Value sum = l.reduce(a.dims, a.reduced, type, l.number(type, 0), getReads(l, x, a, max),
                         [&](Body &b, ArrayRef<Value> in) { return b.add(in[2], exponential(b, in)); });
    Value log =
        mapKept(l, a, sum, type, [](Body &b, ArrayRef<Value> in) { return b.math<math::LogOp>(in[0]); });
    l.set(op.getResult(),
          l.parallel(a.dims, storage, getReads(l, x, a, {max, log}),
                     [](Body &b, ArrayRef<Value> in) { return b.sub(b.sub(in[0], in[1]), in[2]); }));
    return success();
  }
  // The exponentials are kept: they cost more than the memory between two uses.
  Value exps = l.parallel(a.dims, type, getReads(l, x, a, max), exponential);
  Exprs all = l.loops(a.dims.size());
  Value sum = l.reduce(a.dims, a.reduced, type, l.number(type, 0), {l.readTensor(exps, all)},
                       [](Body &b, ArrayRef<Value> in) { return b.add(in[1], in[0]); });
  Value scale =
      mapKept(l, a, sum, type, [](Body &b, ArrayRef<Value> in) { return b.div(b.real(in[0], 1), in[0]); });
  l.set(op.getResult(),
        l.parallel(a.dims, storage, {l.readTensor(exps, all), l.readTensor(scale, a.keptLoops)},
                   [](Body &b, ArrayRef<Value> in) { return b.mul(in[0], in[1]); }));
  return success();
}
