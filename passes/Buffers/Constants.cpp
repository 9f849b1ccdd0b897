#include "passes/Buffers/Constants.h"
#include "dialects/Graph/HostTensor.h"

using namespace mlir;

namespace girih {

int64_t getConstantSize(ElementsAttr value) {
  return value.getNumElements() * getStorageBytes(value.getElementType());
}

static ArrayRef<char> rawBytes(ElementsAttr value) {
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(value)) return dense.getRawData();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob()) return blob->getData();
  return {};
}

LogicalResult forEachPiece(ElementsAttr value, llvm::function_ref<void(ArrayRef<char>)> write,
                           std::string &reason) {
  int64_t size = getConstantSize(value);
  FailureOr<HostTensor> data = HostTensor::read(value);
  if (failed(data)) {
    reason = ("expected " + Twine(size) + " bytes of data, got " + Twine(rawBytes(value).size())).str();
    return failure();
  }
  if (!data->isSplat()) {
    write(ArrayRef(data->data(), size));
    return success();
  }
  constexpr int64_t pieceSize = 1 << 16;
  ArrayRef<char> element(data->data(), data->access().bytes);
  SmallVector<char> piece;
  while (int64_t(piece.size()) < std::min(size, pieceSize))
    piece.append(element.begin(), element.end());
  for (int64_t at = 0; at < size; at += piece.size())
    write(ArrayRef(piece).take_front(std::min<int64_t>(piece.size(), size - at)));
  return success();
}

ConstantKey getConstantKey(ElementsAttr value) {
  ArrayRef<char> raw = rawBytes(value);
  // Packed bits are no bytes; a type of one bit never equals another one by accident if its size is negated.
  int64_t size = getConstantSize(value);
  return {StringRef(raw.data(), raw.size()), value.getElementType().isInteger(1) ? -size : size};
}

ConstantOp getConstant(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getOperand();
  return value.getDefiningOp<ConstantOp>();
}

} // namespace girih
