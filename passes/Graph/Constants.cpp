#include "passes/Graph/Constants.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {

ElementsAttr constantValue(Value v) {
  auto op = v.getDefiningOp<ConstantOp>();
  return op ? op.getValue() : ElementsAttr();
}

std::optional<double> splatValue(Value v) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(constantValue(v));
  if (!dense || !dense.isSplat()) return std::nullopt;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat f = dense.getSplatValue<APFloat>();
    bool losesInfo;
    f.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return f.convertToDouble();
  }
  APInt i = dense.getSplatValue<APInt>();
  return dense.getElementType().isUnsignedInteger() || i.getBitWidth() == 1 ? i.roundToDouble(false)
                                                                            : i.signedRoundToDouble();
}

bool isSplatNear(Value v, double expected) {
  std::optional<double> value = splatValue(v);
  return value && std::abs(*value - expected) <= 1e-6 * std::abs(expected);
}

std::optional<std::vector<float>> readF32(Value v) {
  ElementsAttr value = constantValue(v);
  if (!value || !value.getElementType().isF32()) return std::nullopt;
  std::vector<float> elements(value.getNumElements());
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    llvm::copy(dense.getValues<float>(), elements.begin());
    return elements;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  if (!resource) return std::nullopt;
  // A blob may point into the model's file at any alignment.
  ArrayRef<char> data = resource.getData();
  if (data.size() != elements.size() * sizeof(float)) return std::nullopt;
  std::memcpy(elements.data(), data.data(), data.size());
  return elements;
}

Value createF32(OpBuilder &b, Location loc, RankedTensorType type, ArrayRef<float> elements) {
  constexpr size_t largestInline = 1024;
  ArrayRef<char> bytes(reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(float));
  ElementsAttr value;
  if (bytes.size() <= largestInline)
    value = DenseElementsAttr::get(type, elements);
  else
    value = DenseResourceElementsAttr::get(type, "folded",
                                           HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 64, false));
  return ConstantOp::create(b, loc, value);
}

Value createScalar(OpBuilder &b, Location loc, Type elementType, double value) {
  auto type = RankedTensorType::get({}, elementType);
  Attribute element;
  if (isa<FloatType>(elementType))
    element = b.getFloatAttr(elementType, value);
  else
    element = b.getIntegerAttr(elementType, static_cast<int64_t>(value));
  return ConstantOp::create(b, loc, cast<ElementsAttr>(DenseElementsAttr::get(type, element)));
}

} // namespace girih
