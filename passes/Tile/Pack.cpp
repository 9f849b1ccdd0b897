#include "passes/Tile/Pack.h"
#include "dialects/Graph/HostTensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace girih {

ElementsAttr packConstant(ElementsAttr value, const Packing &p) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = getStorageBytes(type.getElementType());
  auto op = cast<linalg::GenericOp>(p.operand->getOwner());
  // Views only split or join dimensions: row-major order is that of the operand.
  auto shape = cast<RankedTensorType>(p.operand->get().getType()).getShape();
  AffineMap map = op.getMatchingIndexingMap(p.operand);
  SmallVector<int64_t> from(p.order.size(), 0);
  int64_t stride = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (auto d = dyn_cast<AffineDimExpr>(map.getResult(i)))
      from[llvm::find(p.order, d.getPosition()) - p.order.begin()] += stride;
    stride *= shape[i];
  }
  FailureOr<HostTensor> host = HostTensor::read(value);
  assert(succeeded(host) && "constants without their data are refused before the first stage");
  HostTensor dense = host->toRowMajor();
  const char *source = dense.data();
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(p.elements * bytes, 64, /*dataIsMutable=*/true);
  char *target = blob.getMutableData().data();
  std::memset(target, 0, p.elements * bytes);

  auto copy = [&](auto tag) {
    using T = decltype(tag);
    auto *src = reinterpret_cast<const T *>(source);
    auto *dst = reinterpret_cast<T *>(target);
    std::function<void(unsigned, int64_t, int64_t, int64_t, int64_t)> walk =
        [&](unsigned level, int64_t s, int64_t d, int64_t lanes, int64_t laneStride) {
          if (level == p.order.size()) {
            for (int64_t i = 0; i < lanes; ++i)
              dst[d + i] = src[s + i * laneStride];
            return;
          }
          if (p.order[level] == p.vectorDim) {
            for (int64_t v = 0; v < p.extents[level]; v += p.block)
              walk(level + 1, s + v * from[level], d + v / p.block * p.strides[level],
                   std::min(p.block, p.extents[level] - v), from[level]);
            return;
          }
          for (int64_t i = 0; i < p.extents[level]; ++i)
            walk(level + 1, s + i * from[level], d + i * p.strides[level], lanes, laneStride);
        };
    walk(0, 0, 0, 1, 1);
  };
  switch (bytes) {
  case 1:
    copy(uint8_t());
    break;
  case 2:
    copy(uint16_t());
    break;
  case 4:
    copy(uint32_t());
    break;
  default:
    copy(uint64_t());
    break;
  }
  auto packedType = RankedTensorType::get({p.elements}, type.getElementType());
  return DenseResourceElementsAttr::get(packedType, "packed", std::move(blob));
}

} // namespace girih
