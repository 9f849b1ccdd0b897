#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Layout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace girih {

int64_t getNumber(Operation *op, const DiscardableAttr<IntegerAttr> &attr) {
  IntegerAttr value = attr.get(op);
  return value ? value.getInt() : 0;
}

//===-- Checks, places, references and buffers ----------------------------===//

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

static LogicalResult verifyOne(EmitError emitError, StringRef what, DimsAttr dims) {
  if (dims.getDims().size() == 1) return success();
  return emitError() << what << " is " << dims << ", expected one expression";
}

LogicalResult CheckAttr::verify(EmitError emitError, CheckKind kind, DimsAttr sizes, StringAttr) {
  if (sizes.getDims().size() == 2) return success();
  return emitError() << stringifyCheckKind(kind) << " relates " << sizes << ", expected two sizes";
}

LogicalResult RefAttr::verify(EmitError emitError, BufferBase base, int64_t, DimsAttr offset) {
  if (failed(verifyOne(emitError, "the offset", offset))) return failure();
  if (base != BufferBase::weight || dimValue(offset.getDims().front())) return success();
  return emitError() << "a weight's offset is " << offset << ", expected a number";
}

LogicalResult PlaceAttr::verify(EmitError emitError, int64_t, DimsAttr offset, DimsAttr strides,
                                AffineMap layout) {
  if (failed(verifyOne(emitError, "the offset", offset))) return failure();
  if (!layout) return success();
  if (layout.getNumDims() != strides.getDims().size())
    return emitError() << "layout " << AffineMapAttr::get(layout) << " has " << layout.getNumDims()
                       << " dimensions, expected one for each of " << strides.getDims().size() << " strides";
  return verifyLayout(emitError, layout);
}

LogicalResult BufferAttr::verify(EmitError emitError, BufferBase, int64_t, DimsAttr bytes) {
  return verifyOne(emitError, "the number of bytes", bytes);
}

LogicalResult verifyCount(Operation *op, StringRef what, ArrayAttr list) {
  size_t expected = op->getNumOperands() + op->getNumResults();
  if (list.size() == expected) return success();
  return op->emitOpError("has ") << list.size() << " " << what << " but " << expected
                                 << " operands and results";
}

LogicalResult verifyPlace(Operation *op, PlaceAttr place, unsigned i, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  size_t strides = place.getStrides().getDims().size();
  if (place.getLayout() && tensor && !tensor.hasStaticShape())
    return op->emitOpError("place ") << i << " has a layout, but the sizes of " << type << " are not known";
  if (tensor && strides == size_t(tensor.getRank())) return success();
  return op->emitOpError("place ") << i << " has " << strides
                                   << " strides, expected one for each dimension of " << type;
}

static LogicalResult verifyPlaces(Operation *op, ArrayAttr places) {
  if (failed(verifyCount(op, "places", places))) return failure();
  SmallVector<Type> types = llvm::to_vector(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  for (auto [i, place, type] : llvm::enumerate(places.getAsRange<PlaceAttr>(), types))
    if (failed(verifyPlace(op, place, i, type))) return failure();
  return success();
}

LogicalResult verifyPlacement(Operation *op, ArrayAttr places, std::optional<ArrayRef<int64_t>> inPlace) {
  if (places && failed(verifyPlaces(op, places))) return failure();
  if (!inPlace) return success();
  if (op->getNumResults() == 0) return op->emitOpError("has in_place but no result to write over an input");
  for (int64_t i : *inPlace)
    if (i < 0 || i >= op->getNumOperands())
      return op->emitOpError("in_place holds ")
             << i << " but there are " << op->getNumOperands() << " inputs";
  return success();
}

//===-- Discardable attributes --------------------------------------------===//

namespace {
/// Where a discardable attribute is, and what it is.
struct Rule {
  StringRef name;
  bool (*isOwner)(Operation *);
  StringRef owner;
  bool (*fits)(Attribute);
  StringRef form;
};
} // namespace

template <typename Op> static bool isOp(Operation *op) {
  return isa<Op>(op);
}

static bool isFunction(Operation *op) {
  return isa<FunctionOpInterface>(op);
}

static bool isAlone(Operation *op) {
  return getRole(op) == OpRole::Alone;
}

template <typename T> static bool isAttr(Attribute a) {
  return isa<T>(a);
}

static bool isCount(Attribute a) {
  auto integer = dyn_cast<IntegerAttr>(a);
  return integer && integer.getType().isSignlessInteger(64);
}

template <typename T> static bool isListOf(Attribute a) {
  auto list = dyn_cast<ArrayAttr>(a);
  return list && llvm::all_of(list, llvm::IsaPred<T>);
}

static bool isCountOfEach(Attribute a) {
  auto dictionary = dyn_cast<DictionaryAttr>(a);
  return dictionary && llvm::all_of(dictionary, [](NamedAttribute each) { return isCount(each.getValue()); });
}

static bool isNarrowFloat(Attribute a) {
  auto text = dyn_cast<StringAttr>(a);
  return text && (text == "f16" || text == "bf16");
}

static bool isTf32(Attribute a) {
  auto text = dyn_cast<StringAttr>(a);
  return text && text == "tf32";
}

static bool isArena(Attribute a) {
  auto isBuffer = [](DimsAttr dims) {
    return dims.getDims().size() == 4 &&
           llvm::all_of(dims.getDims().drop_front(), [](DimExpr e) { return dimValue(e).has_value(); });
  };
  return isListOf<DimsAttr>(a) && llvm::all_of(cast<ArrayAttr>(a).getAsRange<DimsAttr>(), isBuffer);
}

static constexpr Rule kRules[] = {
    {kModel.name, isOp<ModuleOp>, "a module", isAttr<StringAttr>, "a string"},
    {kChecks.name, isOp<ModuleOp>, "a module", isListOf<CheckAttr>, "a list of #girih.check"},
    {kArena.name, isOp<ModuleOp>, "a module", isArena,
     "a list of #girih.dims<bytes, first, last, offset>, the last three of them numbers"},
    {kArenaBytes.name, isOp<ModuleOp>, "a module", isCount, "an i64"},
    {kArenaLowerBound.name, isOp<ModuleOp>, "a module", isCount, "an i64"},
    {kNodes.name, isOp<ModuleOp>, "a module", isCount, "an i64"},
    {kParameters.name, isOp<ModuleOp>, "a module", isCount, "an i64"},
    {kMacs.name, isOp<ModuleOp>, "a module", isCount, "an i64"},
    {kGuesses.name, isOp<ModuleOp>, "a module", isCountOfEach, "an i64 for each of some names"},
    {kPrecision.name, isOp<ModuleOp>, "a module", isNarrowFloat, "\"f16\" or \"bf16\""},
    {kProducts.name, isOp<ModuleOp>, "a module", isTf32, "\"tf32\""},
    {kBuffers.name, isOp<func::FuncOp>, "a function", isListOf<BufferAttr>, "a list of #girih.buffer"},
    {kThreads.name, isFunction, "a function", isCount, "an i64"},
    {kShared.name, isFunction, "a function", isCount, "an i64"},
    {kPlaces.name, isOp<func::ReturnOp>, "func.return", isListOf<PlaceAttr>, "a list of #girih.place"},
    {kRefs.name, isOp<func::ReturnOp>, "func.return", isListOf<RefAttr>, "a list of #girih.ref"},
    {kIfAny.name, isOp<tensor::ExtractOp>, "tensor.extract", isAttr<UnitAttr>, "no value"},
    {kUnsigned.name, isAlone, "an op that is alone in its kernel", isAttr<UnitAttr>, "no value"},
    {kByElement.name, isAlone, "an op that is alone in its kernel", isAttr<UnitAttr>, "no value"},
    {kStays.name, isOp<ReshapeOp>, "girih.reshape", isAttr<UnitAttr>, "no value"},
};

LogicalResult GirihDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  StringRef name = attr.getName();
  const Rule *rule = llvm::find_if(kRules, [&](const Rule &r) { return r.name == name; });
  if (rule == std::end(kRules))
    return op->emitOpError("has ") << name << ", which is no attribute that an op may have";
  if (!rule->isOwner(op)) return op->emitOpError("has ") << name << ", which belongs on " << rule->owner;
  if (!rule->fits(attr.getValue()))
    return op->emitOpError("has ") << name << " = " << attr.getValue() << ", expected " << rule->form;
  if (rule->name == kPlaces.name) return verifyPlaces(op, cast<ArrayAttr>(attr.getValue()));
  if (rule->name == kRefs.name) return verifyCount(op, "refs", cast<ArrayAttr>(attr.getValue()));
  return success();
}

static LogicalResult verifyName(Operation *op, StringRef what, unsigned i, Attribute value) {
  if (isa<StringAttr>(value)) return success();
  return op->emitOpError() << what << " " << i << " has " << kName.name << " = " << value
                           << ", expected a string";
}

LogicalResult GirihDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned i,
                                                     NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == kName.name) return verifyName(op, "argument", i, attr.getValue());
  Type type = cast<FunctionOpInterface>(op).getArgumentTypes()[i];
  auto fail = [&]() -> InFlightDiagnostic {
    return op->emitOpError("argument ") << i << " has " << name << ", ";
  };
  if (name == kDefault.name) {
    auto value = dyn_cast<ElementsAttr>(attr.getValue());
    if (!value) return fail() << "which is no constant";
    if (value.getType() == type) return success();
    return fail() << "a " << value.getType() << ", but is " << type;
  }
  if (name == kScratch.name) {
    if (!isa<UnitAttr>(attr.getValue())) return fail() << "expected no value";
    auto memory = MemRefType::get({ShapedType::kDynamic}, IntegerType::get(op->getContext(), 8));
    if (type == memory) return success();
    return fail() << "which belongs on a " << memory << ", but is " << type;
  }
  return fail() << "which is no attribute that an argument may have";
}

LogicalResult GirihDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned i,
                                                        NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == kName.name) return verifyName(op, "result", i, attr.getValue());
  return op->emitOpError("result ") << i << " has " << name
                                    << ", which is no attribute that a result may have";
}

} // namespace girih
