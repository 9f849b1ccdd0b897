#include "dialects/Graph/TypeText.h"
#include "dialects/Graph/Graph.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

std::string girih::typeText(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    SmallVector<std::string> sizes;
    if (isa_and_nonnull<DimsAttr>(tensor.getEncoding()))
      for (DimExpr d : getDims(tensor))
        sizes.push_back(dimToString(d));
    else
      for (int64_t d : tensor.getShape())
        sizes.push_back(ShapedType::isDynamic(d) ? "?" : std::to_string(d));
    return typeText(tensor.getElementType()) + "[" + llvm::join(sizes, ", ") + "]";
  }
  auto integer = dyn_cast<IntegerType>(type);
  if (integer && integer.getWidth() == 1) return "bool";
  if (integer) return (integer.isUnsigned() ? "u" : "i") + std::to_string(integer.getWidth());
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}
