#include "passes/Buffers/Constants.h"
#include "passes/Tile/KernelFunction.h"

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
  ArrayRef<char> raw = rawBytes(value);
  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(value);
  constexpr int64_t pieceSize = 1 << 16;
  SmallVector<char> piece;
  if (dense && value.getElementType().isInteger(1)) { // packed bits
    for (bool bit : dense.getValues<bool>()) {
      piece.push_back(bit);
      if (int64_t(piece.size()) == pieceSize) write(piece), piece.clear();
    }
    write(piece);
  } else if (dense && dense.isSplat()) {
    while (int64_t(piece.size()) < std::min(size, pieceSize))
      piece.append(raw.begin(), raw.end());
    for (int64_t at = 0; at < size; at += piece.size())
      write(ArrayRef(piece).take_front(std::min<int64_t>(piece.size(), size - at)));
  } else if (int64_t(raw.size()) == size) {
    write(raw);
  } else {
    reason = ("expected " + Twine(size) + " bytes of data, got " + Twine(raw.size())).str();
    return failure();
  }
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
