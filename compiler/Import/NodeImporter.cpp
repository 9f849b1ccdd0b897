#include "compiler/Import/NodeImporter.h"
#include "dialects/Graph/Evaluate.h"
#include "dialects/Graph/TypeText.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

using model::Attribute;
using model::DType;

Type getElementType(MLIRContext *ctx, DType type) {
  Builder b(ctx);
  switch (type) {
  case DType::F32:
    return b.getF32Type();
  case DType::F64:
    return b.getF64Type();
  case DType::F16:
    return b.getF16Type();
  case DType::BF16:
    return b.getBF16Type();
  case DType::Bool:
    return b.getI1Type();
  case DType::I8:
    return b.getIntegerType(8);
  case DType::I16:
    return b.getIntegerType(16);
  case DType::I32:
    return b.getI32Type();
  case DType::I64:
    return b.getI64Type();
  case DType::U8:
    return b.getIntegerType(8, false);
  case DType::U16:
    return b.getIntegerType(16, false);
  case DType::U32:
    return b.getIntegerType(32, false);
  case DType::U64:
    return b.getIntegerType(64, false);
  default:
    return {};
  }
}

ElementsAttr makeConstant(const model::Tensor &tensor, RankedTensorType type) {
  constexpr size_t maxDense = 1024;
  size_t elementSize = model::dtypeBits(tensor.type) / 8;
  if (tensor.data.size() <= maxDense) {
    if (type.getElementType().isInteger(1)) {
      SmallVector<bool> bools(tensor.data.begin(), tensor.data.end());
      return DenseElementsAttr::get(type, bools);
    }
    return DenseElementsAttr::getFromRawBuffer(type, tensor.data);
  }
  // The blob shares the file's mapping (or the parsed message's buffer); an unaligned part of a file is
  // copied, and so are bools that are neither 0 nor 1.
  ArrayRef<char> data = tensor.data;
  std::shared_ptr<void> owner = tensor.owner;
  bool isBool = tensor.type == DType::Bool;
  bool isClean = !isBool || llvm::all_of(data, [](char c) { return c == 0 || c == 1; });
  if (!isClean || reinterpret_cast<uintptr_t>(data.data()) % elementSize) {
    auto copy = std::make_shared<std::vector<char>>(data.begin(), data.end());
    if (isBool)
      for (char &c : *copy)
        c = c != 0;
    data = *copy;
    owner = std::move(copy);
  }
  AsmResourceBlob blob(data, elementSize, [owner](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, tensor.name.empty() ? "weight" : tensor.name, std::move(blob));
}

/// A dense constant of integers, in any integer type or i1.
static DenseElementsAttr denseInts(RankedTensorType type, ArrayRef<int64_t> values) {
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> ints;
  for (int64_t v : values)
    ints.push_back(APInt(width, v, /*isSigned=*/true, /*implicitTrunc=*/true));
  return DenseElementsAttr::get(type, ints);
}

static Location valueLoc(MLIRContext *ctx, StringRef name, StringRef op) {
  return NameLoc::get(StringAttr::get(ctx, name), NameLoc::get(StringAttr::get(ctx, op)));
}

static Value materializeKnown(OpBuilder &b, Location loc, const Known &known) {
  auto type = RankedTensorType::get(known.shape, known.elementType);
  bool isFloat = isa<FloatType>(known.elementType);
  if (auto constants = known.constants(); constants && !isFloat)
    return ConstantOp::create(b, loc, type, denseInts(type, *constants));
  if (isFloat &&
      llvm::all_of(known.elements, [](const Num &n) { return dimValue(n.numerator).has_value(); })) {
    SmallVector<APFloat> values;
    for (const Num &n : known.elements) {
      APFloat f(double(*dimValue(n.numerator)) / double(n.denominator));
      bool lost;
      f.convert(cast<FloatType>(known.elementType).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
      values.push_back(f);
    }
    return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, values));
  }
  SmallVector<AffineExpr> dims;
  SmallVector<int64_t> denominators;
  for (const Num &n : known.elements)
    dims.push_back(n.numerator), denominators.push_back(n.denominator);
  bool isScalar = known.shape.empty();
  auto listType = RankedTensorType::get(
      isScalar ? ArrayRef<int64_t>() : ArrayRef<int64_t>{static_cast<int64_t>(dims.size())}, b.getI64Type());
  Value v = ShapeOp::create(b, loc, listType, DimsAttr::get(b.getContext(), dims),
                            isScalar ? b.getUnitAttr() : UnitAttr());
  if (known.shape.size() > 1)
    v = ReshapeOp::create(b, loc, RankedTensorType::get(known.shape, b.getI64Type()), v);
  if (!known.elementType.isSignlessInteger(64)) v = CastOp::create(b, loc, type, v, known.elementType);
  if (llvm::any_of(denominators, [](int64_t d) { return d != 1; })) {
    SmallVector<APFloat> values;
    for (int64_t d : denominators) {
      APFloat f = APFloat(double(d));
      bool lost;
      f.convert(cast<FloatType>(known.elementType).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
      values.push_back(f);
    }
    Value d = ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, values));
    v = BinaryOp::create(b, loc, type, v, d, BinaryFn::div);
  }
  return v;
}

Value materialize(OpBuilder &b, ImportedValue &value) {
  if (value.value) return value.value;
  Location loc = valueLoc(b.getContext(), value.name, value.op);
  if (value.tensor) {
    value.value = ConstantOp::create(b, loc, value.type, makeConstant(*value.tensor, value.type));
  } else {
    value.value = materializeKnown(b, loc, *value.known);
  }
  return value.value;
}

NodeImporter::NodeImporter(OpBuilder &b, Location loc, const model::Node &node, const OpRow &row,
                           ArrayRef<ImportedValue *> operands)
    : b(b), loc(loc), node(node), row(row), results(node.outputs.size()), operands(operands),
      placeholder(RankedTensorType::get({}, b.getF32Type())) {}

void NodeImporter::report(const Twine &message) {
  if (!failedOnce) emitError(loc) << message;
  failedOnce = true;
}

//===-- Sizes -------------------------------------------------------------===//

LogicalResult NodeImporter::requireEqual(DimExpr a, DimExpr b, const Twine &message) {
  DimChecks taken;
  if (failed(unifyDims(dimSimplify(a), dimSimplify(b)))) return fail(message);
  llvm::append_range(checks, taken.get());
  return success();
}

LogicalResult NodeImporter::requireAtMost(DimExpr a, DimExpr b, const Twine &message) {
  DimChecks taken;
  if (failed(girih::requireAtMost(dimSimplify(a), dimSimplify(b)))) return fail(message);
  llvm::append_range(checks, taken.get());
  return success();
}

FailureOr<NodeImporter::Dims> NodeImporter::broadcast(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  DimChecks taken;
  auto dims = broadcastDims(a, b);
  if (failed(dims)) return failure();
  llvm::append_range(checks, taken.get());
  return Dims(*dims);
}

//===-- Operands ----------------------------------------------------------===//

Value NodeImporter::operand(unsigned i) {
  return has(i) ? girih::materialize(b, entry(i)) : Value();
}

SmallVector<Value> NodeImporter::operandsFrom(unsigned first) {
  SmallVector<Value> out;
  for (unsigned i = first; i < numInputs(); ++i) {
    if (!has(i)) {
      report("input " + Twine(i) + " is missing");
      return {};
    }
    out.push_back(operand(i));
  }
  return out;
}

static ElementsAttr evaluate(Value value, DenseMap<Operation *, ElementsAttr> &done, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<ConstantOp>(op)) return constant.getValue();
  // Small results are evaluated as they are imported, so what is behind a large one is not deep.
  constexpr unsigned maxDepth = 64;
  if (!op || op->getNumResults() != 1 || op->getNumOperands() == 0 || depth > maxDepth) return {};
  if (auto it = done.find(op); it != done.end()) return it->second;
  SmallVector<ElementsAttr> operands;
  for (Value v : op->getOperands()) {
    operands.push_back(evaluate(v, done, depth + 1));
    if (!operands.back()) return done[op] = {};
  }
  auto result = evaluateConstant(op, operands);
  return done[op] = succeeded(result) ? *result : ElementsAttr();
}

ElementsAttr evaluate(Value value) {
  DenseMap<Operation *, ElementsAttr> done;
  return evaluate(value, done, 0);
}

std::optional<HostTensor> NodeImporter::constantTensor(unsigned i) {
  if (has(i)) entry(i).isAsked = entry(i).isListed;
  if (!has(i) || !entry(i).isConstant) return std::nullopt;
  ElementsAttr elements = evaluate(operand(i));
  if (!elements) return std::nullopt;
  auto tensor = HostTensor::read(elements);
  if (failed(tensor)) return std::nullopt;
  return tensor->toRowMajor();
}

/// Elements of a small constant as exact numbers.
static std::optional<Known> knownConstant(ElementsAttr elements, MLIRContext *ctx) {
  auto read = HostTensor::read(elements);
  if (failed(read) || read->getNumElements() > int64_t(Known::maxElements)) return std::nullopt;
  HostTensor tensor = read->toRowMajor();
  Known k;
  k.elementType = tensor.getElementType();
  k.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i) {
    if (isa<FloatType>(k.elementType)) {
      auto fraction = asFraction(tensor.getFloat(i), /*isSingle=*/!k.elementType.isF64());
      if (!fraction) return std::nullopt;
      k.elements.push_back({dimConstant(ctx, fraction->first), fraction->second});
    } else {
      int64_t v = tensor.getInt(i);
      if (v < 0 && k.elementType.isUnsignedInteger(64)) return std::nullopt;
      k.elements.push_back({dimConstant(ctx, v)});
    }
  }
  return k;
}

std::optional<Known> NodeImporter::known(unsigned i) {
  if (!has(i)) return std::nullopt;
  ImportedValue &v = entry(i);
  v.isAsked |= v.isListed && v.tensor;
  if (v.known) return v.known;
  if (!v.type.hasStaticShape() || v.type.getNumElements() > int64_t(Known::maxElements)) return std::nullopt;
  if (!v.isConstant) return std::nullopt;
  // A weight is read from its bytes: no op is made for what only shape arithmetic uses.
  ElementsAttr elements = v.tensor && !v.value ? makeConstant(*v.tensor, v.type) : evaluate(operand(i));
  if (elements) v.known = knownConstant(elements, context());
  return v.known;
}

FailureOr<NodeImporter::Dims> NodeImporter::shapeOperand(unsigned i, StringRef what) {
  if (!has(i)) return fail("input " + Twine(i) + " (" + what + ") is missing");
  if (rank(i) > 1)
    return fail("input " + Twine(i) + " (" + what + ") must have one dimension, but has " + Twine(rank(i)));
  entry(i).isAsked = entry(i).isListed;
  auto k = known(i);
  auto integers = k ? k->integers() : std::nullopt;
  if (k && !integers) return fail("input " + Twine(i) + " (" + what + ") must have integer values");
  if (!integers)
    return fail("input " + Twine(i) + " (" + what + ", " + model::quote(node.inputs[i]) + ") " +
                whyUnknown(i));
  return *integers;
}

std::string NodeImporter::whyUnknown(unsigned i) const {
  const ImportedValue &v = entry(i);
  if (v.isData)
    return "is computed from data: shapes must follow from the sizes of the inputs, from constants or from "
           "elements of small integer inputs; export the model with fixed shapes, or simplify it";
  std::string most = " (it follows lists of at most " + std::to_string(Known::maxElements) + " numbers)";
  if (v.breaksAt.empty()) return "has elements that shape arithmetic does not follow" + most;
  return "follows from sizes and constants, but by " + v.breaksAt +
         ", which shape arithmetic does not follow for these operands" + most +
         ": pin dimensions with --dim, or simplify the model";
}

FailureOr<NodeImporter::Ints> NodeImporter::constantInts(unsigned i, StringRef what) {
  auto dims = shapeOperand(i, what);
  if (failed(dims)) return failure();
  Ints out;
  for (DimExpr d : *dims) {
    auto v = dimValue(d);
    if (!v)
      return fail("input " + Twine(i) + " (" + what + ") must be constant, but is " + dimToString(d) +
                  (dimHasData(d) ? ", an element of an input: make it a constant of the model"
                                 : ": pin that dimension with --dim"));
    out.push_back(*v);
  }
  return out;
}

FailureOr<SmallVector<double>> NodeImporter::constantFloats(unsigned i, StringRef what) {
  auto tensor = constantTensor(i);
  if (!tensor || !isa<FloatType>(tensor->getElementType()))
    return fail("input " + Twine(i) + " (" + what + ") must be a constant of floats");
  SmallVector<double> out;
  for (int64_t j = 0, e = tensor->getNumElements(); j < e; ++j)
    out.push_back(tensor->getFloat(j));
  return out;
}

//===-- Attributes --------------------------------------------------------===//

const Attribute *NodeImporter::attribute(StringRef name) const {
  for (const Attribute &a : node.attributes)
    if (a.name == name) return &a;
  return nullptr;
}

int64_t NodeImporter::intAttr(StringRef name, int64_t otherwise) {
  const Attribute *a = attribute(name);
  if (!a) return otherwise;
  if (a->kind == Attribute::Int) return a->ints[0];
  report("attribute '" + name + "' must be an integer");
  return otherwise;
}

float NodeImporter::floatAttr(StringRef name, float otherwise) {
  const Attribute *a = attribute(name);
  if (!a) return otherwise;
  if (a->kind == Attribute::Float) return a->floats[0];
  if (a->kind == Attribute::Int) return static_cast<float>(a->ints[0]); // "alpha": 1 in JSON
  report("attribute '" + name + "' must be a float");
  return otherwise;
}

StringRef NodeImporter::stringAttr(StringRef name, StringRef otherwise) {
  const Attribute *a = attribute(name);
  if (!a) return otherwise;
  if (a->kind == Attribute::String) return a->strings[0];
  report("attribute '" + name + "' must be a string");
  return otherwise;
}

std::optional<NodeImporter::Ints> NodeImporter::intsAttr(StringRef name) {
  const Attribute *a = attribute(name);
  if (!a) return std::nullopt;
  if (a->kind == Attribute::Ints) return Ints(a->ints.begin(), a->ints.end());
  report("attribute '" + name + "' must be a list of integers");
  return std::nullopt;
}

std::optional<SmallVector<float>> NodeImporter::floatsAttr(StringRef name) {
  const Attribute *a = attribute(name);
  if (!a) return std::nullopt;
  if (a->kind == Attribute::Floats) return SmallVector<float>(a->floats.begin(), a->floats.end());
  if (a->kind == Attribute::Ints) return SmallVector<float>(a->ints.begin(), a->ints.end());
  report("attribute '" + name + "' must be a list of floats");
  return std::nullopt;
}

int64_t NodeImporter::axis(int64_t value, int64_t rank, StringRef what) {
  if (value >= -rank && value < rank) return value < 0 ? value + rank : value;
  report(what + " is " + Twine(value) + ", but must be in [" + Twine(-rank) + ", " + Twine(rank) + ") for " +
         Twine(rank) + " dimensions");
  return 0;
}

NodeImporter::Ints NodeImporter::axes(ArrayRef<int64_t> values, int64_t rank) {
  Ints out;
  for (int64_t v : values)
    out.push_back(axis(v, rank));
  llvm::sort(out);
  if (!failedOnce && std::adjacent_find(out.begin(), out.end()) != out.end())
    report("an axis is given twice");
  return out;
}

//===-- Building ----------------------------------------------------------===//

bool NodeImporter::checkSize(RankedTensorType type) {
  // Symbolic sizes count as 1: what is absurd without them stays so.
  SmallVector<int64_t> sizes;
  for (int64_t d : type.getShape())
    sizes.push_back(ShapedType::isDynamic(d) ? 1 : d);
  for (DimExpr d : getDims(type)) {
    if (!dimIsTooLarge(d)) continue;
    report("a size of its result is an expression of too many terms; pin dimensions with --dim");
    return false;
  }
  if (model::dataSize(DType::U8, sizes)) return true;
  report("the result would be " + typeText(type) + ", which is too large or has a negative size");
  return false;
}

Value NodeImporter::inferred(Operation *op) {
  SmallVector<Type> types;
  auto interface = cast<InferTypeOpInterface>(op);
  if (failed(interface.inferReturnTypes(context(), loc, op->getOperands(), op->getAttrDictionary(),
                                        op->getPropertiesStorage(), op->getRegions(), types))) {
    report("the types of its inputs do not fit together");
    return {};
  }
  for (auto [result, type] : llvm::zip_equal(op->getResults(), types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !checkSize(tensor)) return {};
    result.setType(type);
  }
  return verified(op);
}

Value NodeImporter::verified(Operation *op) {
  if (succeeded(op->getName().verifyInvariants(op))) return op->getResult(0);
  failedOnce = true; // the verifier has said why
  return {};
}

Value NodeImporter::unary(UnaryFn fn, Value x, double alpha, double beta) {
  return create<UnaryOp>(x, fn, APFloat(float(alpha)), APFloat(float(beta)));
}

Value NodeImporter::binary(BinaryFn fn, Value x, Value y) {
  return create<BinaryOp>(x, y, fn);
}

Value NodeImporter::cast(Value x, Type to) {
  if (failedOnce) return {};
  if (mlir::cast<RankedTensorType>(x.getType()).getElementType() == to) return x;
  return create<CastOp>(x, to);
}

Value NodeImporter::reshape(Value x, ArrayRef<DimExpr> dims) {
  if (failedOnce) return {};
  auto from = mlir::cast<RankedTensorType>(x.getType());
  auto to = getTensorType(dims, from.getElementType());
  return from == to ? x : createTyped<ReshapeOp>(to, x);
}

Value NodeImporter::expand(Value x, ArrayRef<DimExpr> dims) {
  if (failedOnce) return {};
  auto from = mlir::cast<RankedTensorType>(x.getType());
  auto to = getTensorType(dims, from.getElementType());
  return from == to ? x : createTyped<ExpandOp>(to, x);
}

Value NodeImporter::transpose(Value x, ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation)) return x;
  return create<TransposeOp>(x, permutation);
}

Value NodeImporter::slice(Value x, ArrayRef<DimExpr> starts, ArrayRef<DimExpr> sizes,
                          ArrayRef<int64_t> steps) {
  if (failedOnce) return {};
  auto from = mlir::cast<RankedTensorType>(x.getType());
  return createTyped<SliceOp>(getTensorType(sizes, from.getElementType()), x,
                              DimsAttr::get(context(), starts), steps);
}

Value NodeImporter::reduce(ReduceFn fn, Value x, ArrayRef<int64_t> axes, bool keepdims) {
  return create<ReduceOp>(x, fn, axes, keepdims);
}

Value NodeImporter::scalar(double value, Type type) {
  auto tensor = RankedTensorType::get({}, type);
  if (auto f = dyn_cast<FloatType>(type)) {
    APFloat v(value);
    bool lost;
    v.convert(f.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return constant(DenseElementsAttr::get(tensor, v));
  }
  return constant(denseInts(tensor, {static_cast<int64_t>(value)}));
}

Value NodeImporter::constant(ElementsAttr value) {
  if (failedOnce) return {};
  return ConstantOp::create(b, loc, value.getType(), value);
}

Value NodeImporter::materialize(const Known &known) {
  if (failedOnce) return {};
  return materializeKnown(b, loc, known);
}

LogicalResult NodeImporter::result(unsigned i, Value v) {
  if (failedOnce) return failure();
  if (i < results.size()) results[i] = v;
  return success();
}

} // namespace girih
