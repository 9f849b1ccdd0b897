// Gathers, scatters, constants, and operators that make or order indices.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

LogicalResult importGather(NodeImporter &n) {
  return n.result(n.create<GatherOp>(n.operand(0), n.operand(1), n.axisAttr(0, n.rank(0))));
}
LogicalResult importGatherElements(NodeImporter &n) {
  return n.result(n.create<GatherElementsOp>(n.operand(0), n.operand(1), n.axisAttr(0, n.rank(0))));
}
LogicalResult importGatherND(NodeImporter &n) {
  int64_t batch = n.intAttr("batch_dims", 0);
  if (batch < 0 || batch >= std::min(n.rank(0), n.rank(1)))
    return n.fail("attribute 'batch_dims' is " + Twine(batch) +
                  ", but must be less than the inputs' numbers of dimensions");
  return n.result(n.create<GatherNDOp>(n.operand(0), n.operand(1), batch));
}

static std::optional<ScatterFn> scatterFn(NodeImporter &n) {
  StringRef name = n.stringAttr("reduction", "none");
  auto fn = symbolizeScatterFn(name);
  if (!fn)
    n.report("attribute 'reduction' is " + model::quote(name) + ", expected none, add, mul, min or max");
  return fn;
}
LogicalResult importScatterElements(NodeImporter &n) {
  auto fn = scatterFn(n);
  int64_t axis = n.axisAttr(0, n.rank(0));
  if (!fn) return failure();
  return n.result(n.create<ScatterElementsOp>(n.operand(0), n.operand(1), n.operand(2), axis, *fn));
}
LogicalResult importScatterND(NodeImporter &n) {
  auto fn = scatterFn(n);
  if (!fn) return failure();
  return n.result(n.create<ScatterNDOp>(n.operand(0), n.operand(1), n.operand(2), *fn));
}

LogicalResult importTopK(NodeImporter &n) {
  int64_t axis = n.axisAttr(-1, n.rank(0));
  if (n.hasFailed()) return failure();
  Dims dims = n.dims(0);
  if (n.since() < 10) {
    if (!n.hasAttribute("k")) return n.fail("attribute 'k' is missing");
    dims[axis] = n.dim(n.intAttr("k", 0));
  } else {
    auto k = n.shapeOperand(1, "k");
    if (failed(k)) return failure();
    if (k->size() != 1) return n.fail("input 1 (k) must have one element");
    dims[axis] = (*k)[0];
  }
  for (auto [least, most] : {std::pair(n.dim(0), dims[axis]), {dims[axis], n.dims(0)[axis]}})
    if (failed(n.requireAtMost(least, most,
                               "k is " + dimToString(dims[axis]) + ", but axis " + Twine(axis) +
                                   " has size " + dimToString(n.dims(0)[axis]))))
      return failure();
  bool smallest = !n.flagAttr("largest", true);
  n.flagAttr("sorted", true);
  RankedTensorType values = getTensorType(dims, n.element(0)),
                   indices = getTensorType(dims, n.b.getI64Type());
  Value first = n.createTyped<TopKOp>(values, indices, n.operand(0), axis, smallest);
  if (!first) return failure();
  if (failed(n.result(0, first))) return failure();
  return n.result(1, first.getDefiningOp()->getResult(1));
}

LogicalResult importOneHot(NodeImporter &n) {
  int64_t rank = n.rank(0) + 1, axis = n.axisAttr(-1, rank);
  auto depth = n.shapeOperand(1, "depth");
  if (failed(depth) || n.hasFailed()) return failure();
  if (depth->size() != 1) return n.fail("input 1 (depth) must have one element");
  if (dimValue((*depth)[0]).value_or(0) < 0) return n.fail("input 1 (depth) is negative");
  Value indices = n.operand(0);
  Type t = n.element(0);
  if (!t.isSignlessInteger(64) && !t.isSignlessInteger(32)) indices = n.cast(indices, n.b.getI64Type());
  Dims dims = n.dims(0);
  dims.insert(dims.begin() + axis, (*depth)[0]);
  return n.result(n.createTyped<OneHotOp>(getTensorType(dims, n.element(2)), indices, n.operand(2), axis));
}

template <bool product> LogicalResult importCumulative(NodeImporter &n) {
  auto axes = n.constantInts(1, "axis");
  if (failed(axes)) return failure();
  if (axes->size() != 1) return n.fail("input 1 (axis) must have one element");
  int64_t axis = n.axis((*axes)[0], n.rank(0));
  bool exclusive = n.flagAttr("exclusive", false), reverse = n.flagAttr("reverse", false);
  return n.result(n.create<CumSumOp>(n.operand(0), axis, exclusive, reverse, product));
}
template LogicalResult importCumulative<false>(NodeImporter &);
template LogicalResult importCumulative<true>(NodeImporter &);

LogicalResult importTrilu(NodeImporter &n) {
  int64_t k = 0;
  if (n.has(1)) {
    auto v = n.constantInts(1, "k");
    if (failed(v)) return failure();
    if (v->size() != 1) return n.fail("input 1 (k) must have one element");
    k = std::clamp<int64_t>((*v)[0], INT32_MIN, INT32_MAX);
  }
  return n.result(n.create<TriluOp>(n.operand(0), k, n.flagAttr("upper", true)));
}

LogicalResult importRange(NodeImporter &n) {
  for (unsigned i = 0; i < 3; ++i) {
    if (!n.type(i).hasStaticShape() || n.type(i).getNumElements() != 1)
      return n.fail("input " + Twine(i) + " must be a scalar");
    if (n.element(i) != n.element(0)) return n.fail("start, limit and delta must have one element type");
  }
  DimExpr length;
  auto start = n.known(0), limit = n.known(1), delta = n.known(2);
  auto step = delta ? dimValue(delta->elements[0].numerator) : std::nullopt;
  bool isFloat = isa<FloatType>(n.element(0));
  if (isFloat && n.entry(0).isConstant && n.entry(1).isConstant && n.entry(2).isConstant) {
    double v[3];
    for (unsigned i = 0; i < 3; ++i) {
      auto c = n.constantFloats(i, i == 0 ? "start" : i == 1 ? "limit" : "delta");
      if (failed(c)) return failure();
      v[i] = (*c)[0];
    }
    double count = std::ceil((v[1] - v[0]) / v[2]);
    if (!(count < double(int64_t(1) << 50)))
      return n.fail("its start, limit and delta give no finite number of elements");
    length = n.dim(std::max(count, 0.0));
  } else if (!start || !limit) {
    unsigned i = start ? 1 : 0;
    return n.fail("input " + Twine(i) + (i ? " (limit) " : " (start) ") + n.whyUnknown(i));
  } else if (!step || *step == 0) {
    return n.fail("input 2 (delta) must be a constant other than 0");
  } else {
    // (limit - start) / delta, rounded up, over the common denominator. A step over any size takes one
    // element.
    const Num &from = start->elements[0], &to = limit->elements[0];
    int64_t by = std::clamp<int64_t>(*step, -INT32_MAX, INT32_MAX) * from.denominator * to.denominator;
    DimExpr span = to.numerator * from.denominator - from.numerator * to.denominator;
    span = dimSimplify(span * (*step > 0 ? delta->elements[0].denominator : -delta->elements[0].denominator));
    length = dimMax(dimSimplify(span.ceilDiv(std::abs(by))), n.dim(0));
  }
  return n.result(n.createTyped<RangeOp>(getTensorType({length}, n.element(0)), n.reshape(n.operand(0), {}),
                                         n.reshape(n.operand(2), {})));
}

LogicalResult importEyeLike(NodeImporter &n) {
  if (n.rank(0) != 2) return n.fail("input 0 must have 2 dimensions, but has " + Twine(n.rank(0)));
  Type type = n.element(0);
  if (n.hasAttribute("dtype")) {
    auto to = static_cast<model::DType>(n.intAttr("dtype", 0));
    type = getElementType(n.context(), to);
    if (!type) return n.fail("element type " + model::dtypeName(to) + " is not supported");
  }
  // Row + k == column.
  Type i64 = n.b.getI64Type();
  Dims d = n.dims(0);
  Value zero = n.scalar(0, i64), one = n.scalar(1, i64);
  Value rows = n.createTyped<RangeOp>(getTensorType({d[0]}, i64), zero, one);
  Value columns = n.createTyped<RangeOp>(getTensorType({d[1]}, i64), zero, one);
  rows = n.binary(BinaryFn::add, n.reshape(rows, {d[0], n.dim(1)}), n.scalar(n.intAttr("k", 0), i64));
  return n.result(n.cast(n.binary(BinaryFn::equal, rows, columns), type));
}

//===-- Constants ---------------------------------------------------------===//

static LogicalResult tensorConstant(NodeImporter &n, model::Tensor tensor) {
  Type type = getElementType(n.context(), tensor.type);
  if (!type) return n.fail("element type " + model::dtypeName(tensor.type) + " is not supported");
  if (!n.node.outputs[0].empty()) tensor.name = n.node.outputs[0];
  return n.result(n.constant(makeConstant(tensor, RankedTensorType::get(tensor.dims, type))));
}

template <typename T>
static model::Tensor listTensor(model::DType type, const std::vector<T> &values, bool isScalar) {
  model::Tensor t;
  t.type = type;
  if (!isScalar) t.dims = {static_cast<int64_t>(values.size())};
  auto owner = std::make_shared<std::vector<T>>(values);
  t.data = ArrayRef(reinterpret_cast<const char *>(owner->data()), owner->size() * sizeof(T));
  t.owner = std::move(owner);
  return t;
}

LogicalResult importConstant(NodeImporter &n) {
  using model::Attribute;
  if (n.node.attributes.size() != 1) return n.fail("it must have one attribute, which gives the value");
  const Attribute &a = n.node.attributes[0];
  switch (a.kind) {
  case Attribute::TensorValue:
    return tensorConstant(n, a.tensors[0]);
  case Attribute::Float:
  case Attribute::Floats:
    return tensorConstant(n, listTensor(model::DType::F32, a.floats, a.kind == Attribute::Float));
  case Attribute::Int:
  case Attribute::Ints:
    return tensorConstant(n, listTensor(model::DType::I64, a.ints, a.kind == Attribute::Int));
  case Attribute::Sparse: {
    std::string error;
    auto dense = model::densify(a.sparse[0], error);
    if (failed(dense)) return n.fail("its " + error);
    return tensorConstant(n, std::move(*dense));
  }
  case Attribute::String:
  case Attribute::Strings:
    return n.fail("strings are not supported");
  default:
    return n.fail("attribute " + model::quote(a.name) + " does not give a tensor");
  }
}

LogicalResult importConstantOfShape(NodeImporter &n) {
  auto dims = n.shapeOperand(0, "shape");
  if (failed(dims)) return failure();
  for (DimExpr d : *dims)
    if (dimValue(d).value_or(0) < 0) return n.fail("input 0 (shape) has the negative size " + dimToString(d));
  Value value;
  if (const model::Attribute *a = n.attribute("value")) {
    if (a->kind != model::Attribute::TensorValue) return n.fail("attribute 'value' must be a tensor");
    const model::Tensor &t = a->tensors[0];
    Type type = getElementType(n.context(), t.type);
    if (!type) return n.fail("element type " + model::dtypeName(t.type) + " is not supported");
    if (t.data.size() * 8 != model::dtypeBits(t.type))
      return n.fail("attribute 'value' must have one element");
    value = n.constant(makeConstant(t, RankedTensorType::get({}, type)));
  } else {
    value = n.scalar(0, n.b.getF32Type());
  }
  return n.result(n.expand(value, *dims));
}

//===-- Results whose size depends on data: from constants only -----------===//

static Value indexConstant(NodeImporter &n, ArrayRef<int64_t> values, ArrayRef<int64_t> shape) {
  return n.constant(DenseElementsAttr::get(RankedTensorType::get(shape, n.b.getI64Type()), values));
}

LogicalResult importCompress(NodeImporter &n) {
  auto condition = n.constantTensor(1);
  if (!condition || !condition->getElementType().isInteger(1))
    return n.fail(
        "input 1 (condition) is not constant, so the result's size is not known when the model is compiled: "
        "only a constant is supported");
  Ints picked;
  for (int64_t i = 0, e = condition->getNumElements(); i < e; ++i)
    if (condition->getInt(i)) picked.push_back(i);
  Value x = n.operand(0);
  int64_t axis = 0;
  DimExpr size = dimProduct(n.context(), n.dims(0));
  if (n.hasAttribute("axis")) {
    axis = n.axisAttr(0, n.rank(0));
    if (n.hasFailed()) return failure();
    size = n.dims(0)[axis];
  } else {
    x = n.reshape(x, {size});
  }
  if (auto v = dimValue(size); v && !picked.empty() && picked.back() >= *v)
    return n.fail("input 1 (condition) picks element " + Twine(picked.back()) + " of " + Twine(*v));
  return n.result(n.create<GatherOp>(x, indexConstant(n, picked, {int64_t(picked.size())}), axis));
}

LogicalResult importNonZero(NodeImporter &n) {
  auto x = n.constantTensor(0);
  if (!x)
    return n.fail("input 0 is not constant, so the result's size is not known when the model is compiled: "
                  "only a constant is "
                  "supported");
  bool isFloat = isa<FloatType>(x->getElementType());
  Ints flat;
  for (int64_t i = 0, e = x->getNumElements(); i < e; ++i)
    if (isFloat ? x->getFloat(i) != 0 : x->getInt(i) != 0) flat.push_back(i);
  ArrayRef<int64_t> shape = n.type(0).getShape();
  Ints values(shape.size() * flat.size());
  for (size_t j = 0; j < flat.size(); ++j)
    for (size_t d = shape.size(), rest = flat[j]; d-- > 0; rest /= shape[d])
      values[d * flat.size() + j] = rest % shape[d];
  return n.result(indexConstant(n, values, {int64_t(shape.size()), int64_t(flat.size())}));
}

} // namespace girih
