#include "dialects/Graph/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih;

#include "dialects/Graph/GraphDialect.cpp.inc"
#include "dialects/Graph/GraphEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.cpp.inc"

/// custom<Enum>: the bare keyword. ($fn alone prints two spaces before it.)
template <typename EnumAttr> static ParseResult parseEnum(OpAsmParser &parser, EnumAttr &attr) {
  auto value = FieldParser<decltype(attr.getValue())>::parse(parser);
  if (failed(value)) return failure();
  attr = EnumAttr::get(parser.getContext(), *value);
  return success();
}
template <typename EnumAttr> static void printEnum(OpAsmPrinter &printer, Operation *, EnumAttr attr) {
  printer << attr.getValue();
}

#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.cpp.inc"

void GirihDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Graph/GraphOps.cpp.inc"
      >();
}

template <OpRole... roles> static OpRole findRole(Operation *op) {
  OpRole found = OpRole::Outside;
  (void)((op->hasTrait<KernelRole<roles>::template Impl>() && (found = roles, true)) || ...);
  return found;
}

OpRole girih::getRole(Operation *op) {
  return findRole<OpRole::Elementwise, OpRole::Movement, OpRole::Indexed, OpRole::Contraction, OpRole::Pool,
                  OpRole::Row, OpRole::Alone>(op);
}

bool girih::holdsCoordinates(OpOperand &operand) {
  return operand.getOperandNumber() == 1 && operand.getOwner()->hasTrait<HasCoordinates<1>::Impl>();
}

StringRef girih::getNodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      if (StringRef name = getNodeName(inner); !name.empty()) return name;
  return {};
}

Operation *GirihDialect::materializeConstant(OpBuilder &b, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type) return nullptr;
  return ConstantOp::create(b, loc, elements);
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<AffineExpr> dims;
  // The expressions are read token by token into text: the expression parser is shared with the command line.
  auto parseOne = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    std::string text;
    int depth = 0;
    while (true) {
      std::string s;
      int64_t i;
      StringRef keyword;
      if (succeeded(parser.parseOptionalLParen())) {
        text += "(", ++depth;
      } else if (depth && succeeded(parser.parseOptionalRParen())) {
        text += ")", --depth;
      } else if (depth && succeeded(parser.parseOptionalComma())) {
        text += ",";
      } else if (succeeded(parser.parseOptionalLSquare())) {
        text += "[";
      } else if (succeeded(parser.parseOptionalRSquare())) {
        text += "]";
      } else if (succeeded(parser.parseOptionalPlus())) {
        text += "+";
      } else if (succeeded(parser.parseOptionalStar())) {
        text += "*";
      } else if (succeeded(parser.parseOptionalString(&s))) {
        text += '"';
        llvm::raw_string_ostream os(text);
        llvm::printEscapedString(s, os);
        text += '"';
      } else if (succeeded(parser.parseOptionalKeyword(&keyword))) {
        text += (" " + keyword + " ").str();
      } else if (OptionalParseResult r = parser.parseOptionalInteger(i); r.has_value() && succeeded(*r)) {
        text += " " + std::to_string(i);
      } else {
        break;
      }
    }
    std::string error;
    AffineExpr e = dimParse(parser.getContext(), text, error);
    if (!e) return parser.emitError(loc, "bad dimension: ") << error;
    dims.push_back(e);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseOne)) return {};
  return get(parser.getContext(), dims);
}

void DimsAttr::print(AsmPrinter &p) const {
  p << "<";
  llvm::interleaveComma(getDims(), p, [&](AffineExpr e) { p << dimToString(e); });
  p << ">";
}

LogicalResult DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getDims().size())
    return emitError() << *this << " states " << getDims().size() << " dimensions but the tensor has "
                       << shape.size();
  for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(shape, getDims()))) {
    auto [size, dim] = pair;
    if (dimValue(dim).value_or(ShapedType::kDynamic) != size)
      return emitError() << *this << " states dimension " << i << " as " << dimToString(dim)
                         << " but the tensor's is "
                         << (ShapedType::isDynamic(size) ? "?" : std::to_string(size));
  }
  return success();
}

LogicalResult KernelOp::verify() {
  Block &body = getBody().front();
  if (body.getNumArguments() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " inputs but its region takes "
                               << body.getNumArguments();
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getNumOperands() != getNumResults())
    return emitOpError("has ") << getNumResults() << " results but its region yields "
                               << yield.getNumOperands();
  auto sameShape = [](Type a, Type b) {
    auto ta = cast<RankedTensorType>(a), tb = dyn_cast<RankedTensorType>(b);
    return tb && ta.getShape() == tb.getShape() && ta.getEncoding() == tb.getEncoding();
  };
  for (auto [i, pair] : llvm::enumerate(llvm::zip(getInputs().getTypes(), body.getArgumentTypes())))
    if (!sameShape(std::get<0>(pair), std::get<1>(pair)))
      return emitOpError("input ") << i << " is " << std::get<0>(pair) << " but its region takes "
                                   << std::get<1>(pair);
  for (auto [i, pair] : llvm::enumerate(llvm::zip(getResultTypes(), yield.getOperandTypes())))
    if (!sameShape(std::get<0>(pair), std::get<1>(pair)))
      return emitOpError("result ") << i << " is " << std::get<0>(pair) << " but its region yields "
                                    << std::get<1>(pair);
  if (getVariantsAttr() && !getScheduleAttr())
    return emitOpError("has variants but no schedule, which holds where none of them does");
  return verifyPlacement(*this, getPlacesAttr(), getInPlace());
}

LogicalResult CombineOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  llvm::append_range(types, adaptor.getState().getTypes());
  return success();
}

LogicalResult CombineOp::verify() {
  auto state = getState().getTypes();
  if (state.empty()) return emitOpError("needs a state of one value at least");
  Block &body = getBody().front();
  SmallVector<Type> two(state);
  llvm::append_range(two, state);
  if (body.getArgumentTypes() != two)
    return emitOpError("has a state of ")
           << state << " but its region takes " << body.getArgumentTypes() << " instead of two such states";
  TypeRange yielded = body.getTerminator()->getOperandTypes();
  if (yielded != state)
    return emitOpError("has a state of ") << state << " but its region yields " << yielded;
  for (Operation &op : body.without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>() && !OpTrait::hasElementwiseMappableTraits(&op))
      return op.emitOpError(
          "cannot be in girih.combine: only what works on vectors, element by element, can");
  Block *around = (*this)->getBlock();
  if (!around->mightHaveTerminator() || !llvm::equal(around->getTerminator()->getOperands(), getResults()))
    return emitOpError("must be all that the body around it yields, in order");
  return success();
}

LogicalResult LaunchOp::verify() {
  if (ArrayAttr refs = getRefsAttr(); refs && failed(verifyCount(*this, "refs", refs))) return failure();
  return verifyPlacement(*this, getPlacesAttr(), getInPlace());
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!symbols.lookupNearestSymbolFrom(*this, getKernelAttr()))
    return emitOpError("calls ") << getKernelAttr() << ", which does not exist";
  if (ArrayAttr variants = getVariantsAttr())
    for (auto variant : variants.getAsRange<LaunchVariantAttr>())
      if (!symbols.lookupNearestSymbolFrom(*this, variant.getKernel()))
        return emitOpError("calls ") << variant.getKernel() << ", which does not exist";
  return success();
}

void CheckIndexOp::createFor(OpBuilder &b, Location loc, Value indices, DimExpr size, bool fromEnd) {
  Type i64 = b.getI64Type();
  Value v = indices;
  if (!cast<RankedTensorType>(v.getType()).getElementType().isSignlessInteger(64))
    v = CastOp::create(b, loc, v, i64);
  if (fromEnd) {
    Value mirrored = UnaryOp::create(b, loc, v, UnaryFn::bitwise_not, APFloat(0.0f), APFloat(0.0f));
    v = BinaryOp::create(b, loc, v, mirrored, BinaryFn::max);
  } else {
    auto scalar = [&](int64_t value) -> Value {
      auto type = RankedTensorType::get({}, i64);
      return ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, value));
    };
    Value isNegative = BinaryOp::create(b, loc, v, scalar(0), BinaryFn::less);
    v = WhereOp::create(b, loc, isNegative, scalar(INT64_MAX), v);
  }
  int64_t rank = cast<RankedTensorType>(v.getType()).getRank();
  if (rank)
    v = ReduceOp::create(b, loc, v, ReduceFn::max, llvm::to_vector(llvm::seq<int64_t>(rank)),
                         /*keepdims=*/false);
  CheckIndexOp::create(b, loc, v, DimsAttr::get(b.getContext(), size), PlaceAttr(), RefAttr());
}
