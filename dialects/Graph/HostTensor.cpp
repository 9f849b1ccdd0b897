#include "dialects/Graph/HostTensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;

namespace girih {

//===-- Elements ----------------------------------------------------------===//

template <typename T> static T load(const char *p) {
  T v;
  std::memcpy(&v, p, sizeof(T)); // a weight file need not align its tensors
  return v;
}
template <typename T> static void store(char *p, T v) {
  std::memcpy(p, &v, sizeof(T));
}

/// f16 and bf16 are rounded from f32, in which kernels compute them.
static uint16_t roundTo(const llvm::fltSemantics &semantics, float number) {
  bool exact;
  APFloat v(number);
  v.convert(semantics, APFloat::rmNearestTiesToEven, &exact);
  return v.bitcastToAPInt().getZExtValue();
}
static double halfToDouble(uint16_t h) {
  int exponent = (h >> 10) & 31;
  double fraction = h & 1023, magnitude;
  if (exponent == 31)
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else
    magnitude = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return std::copysign(magnitude, h & 0x8000 ? -1.0 : 1.0);
}
static double bfloatToDouble(uint16_t b) {
  return llvm::bit_cast<float>(uint32_t(b) << 16);
}

/// Truncation as kernels do it: NaN and what is too small give the least integer, what is too large the
/// largest.
template <typename T> static T saturate(double v) {
  const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (v >= limit) return std::numeric_limits<T>::max();
  return v >= -limit ? T(v) : std::numeric_limits<T>::min();
}
static int64_t toInt64(double v) {
  return saturate<int64_t>(v);
}
/// Kernels go through i32 or i64 and then wrap.
template <typename T> static T truncateTo(double v) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    if (v >= 0x1p63) return uint64_t(toInt64(v - 0x1p63)) + (uint64_t(1) << 63);
  } else if constexpr (sizeof(T) < 4 || std::is_same_v<T, int32_t>) {
    return T(saturate<int32_t>(v));
  }
  return T(toInt64(v));
}

template <typename T> static constexpr ElementAccess integerAccess() {
  return {sizeof(T),
          8 * sizeof(T),
          false,
          std::is_unsigned_v<T>,
          [](const char *p) { return double(load<T>(p)); },
          [](const char *p) { return int64_t(load<T>(p)); },
          [](char *p, double v) { store(p, truncateTo<T>(v)); },
          [](char *p, int64_t v) { store(p, T(v)); }};
}
template <typename T> static constexpr ElementAccess floatAccess() {
  return {sizeof(T),
          8 * sizeof(T),
          true,
          false,
          [](const char *p) { return double(load<T>(p)); },
          [](const char *p) { return toInt64(load<T>(p)); },
          [](char *p, double v) { store(p, T(v)); },
          [](char *p, int64_t v) { store(p, T(v)); }};
}

const ElementAccess *ElementAccess::get(Type type) {
  static constexpr ElementAccess i1 = {1,
                                       1,
                                       false,
                                       true,
                                       [](const char *p) { return double(*p != 0); },
                                       [](const char *p) { return int64_t(*p != 0); },
                                       [](char *p, double v) { *p = v != 0; },
                                       [](char *p, int64_t v) { *p = v != 0; }};
  static constexpr ElementAccess ints[] = {integerAccess<int8_t>(), integerAccess<int16_t>(),
                                           integerAccess<int32_t>(), integerAccess<int64_t>()};
  static constexpr ElementAccess unsignedInts[] = {integerAccess<uint8_t>(), integerAccess<uint16_t>(),
                                                   integerAccess<uint32_t>(), integerAccess<uint64_t>()};
  static constexpr ElementAccess f32 = floatAccess<float>(), f64 = floatAccess<double>();
  static constexpr ElementAccess f16 = {
      2,
      16,
      true,
      false,
      [](const char *p) { return halfToDouble(load<uint16_t>(p)); },
      [](const char *p) { return toInt64(halfToDouble(load<uint16_t>(p))); },
      [](char *p, double v) { store(p, roundTo(APFloat::IEEEhalf(), float(v))); },
      [](char *p, int64_t v) { store(p, roundTo(APFloat::IEEEhalf(), float(v))); }};
  static constexpr ElementAccess bf16 = {
      2,
      16,
      true,
      false,
      [](const char *p) { return bfloatToDouble(load<uint16_t>(p)); },
      [](const char *p) { return toInt64(bfloatToDouble(load<uint16_t>(p))); },
      [](char *p, double v) { store(p, roundTo(APFloat::BFloat(), float(v))); },
      [](char *p, int64_t v) { store(p, roundTo(APFloat::BFloat(), float(v))); }};
  if (auto i = dyn_cast<IntegerType>(type)) {
    unsigned width = i.getWidth();
    if (width == 1) return &i1;
    if (width < 8 || width > 64 || !llvm::isPowerOf2_32(width)) return nullptr;
    return (i.isUnsigned() ? unsignedInts : ints) + llvm::Log2_32(width / 8);
  }
  return type.isF32() ? &f32 : type.isF64() ? &f64 : type.isF16() ? &f16 : type.isBF16() ? &bf16 : nullptr;
}

//===-- Tensors -----------------------------------------------------------===//

SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

std::optional<int64_t> constantBytes(ShapedType type) {
  const ElementAccess *access = ElementAccess::get(type.getElementType());
  if (!access || !type.hasStaticShape()) return std::nullopt;
  int64_t bytes = access->bytes;
  // An empty tensor takes nothing, however large its other dimensions are.
  if (llvm::is_contained(type.getShape(), 0)) return 0;
  for (int64_t d : type.getShape())
    if (d < 0 || llvm::MulOverflow(bytes, d, bytes)) return std::nullopt;
  return bytes;
}

FailureOr<HostTensor> HostTensor::read(ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  std::optional<int64_t> bytes = constantBytes(type);
  if (!bytes) return failure();
  HostTensor t;
  t.elementType = type.getElementType();
  t.elements = ElementAccess::get(t.elementType);
  t.shape.assign(type.getShape().begin(), type.getShape().end());
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    bool splat = dense.isSplat();
    t.strides = splat ? SmallVector<int64_t>(t.shape.size(), 0) : rowMajorStrides(t.shape);
    t.bytes = dense.getRawData().data();
    if (t.elements->width > 1) return t;
    // Dense attributes pack booleans into bits.
    HostTensor unpacked = allocate(t.elementType, splat ? ArrayRef<int64_t>() : ArrayRef<int64_t>(t.shape));
    if (splat) {
      unpacked.set(0, int64_t(dense.getSplatValue<bool>()));
      return unpacked.view(t.shape, t.strides);
    }
    for (auto [i, v] : llvm::enumerate(dense.getValues<bool>()))
      unpacked.set(int64_t(i), int64_t(v));
    return unpacked;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || int64_t(blob->getData().size()) != *bytes) return failure();
  t.strides = rowMajorStrides(t.shape);
  t.bytes = blob->getData().data();
  return t;
}

HostTensor HostTensor::allocate(Type elementType, ArrayRef<int64_t> shape) {
  HostTensor t;
  t.elementType = elementType;
  t.elements = ElementAccess::get(elementType);
  t.shape.assign(shape.begin(), shape.end());
  t.strides = rowMajorStrides(shape);
  t.owner = std::shared_ptr<void>(std::calloc(std::max<int64_t>(t.getNumElements(), 1), t.elements->bytes),
                                  std::free);
  t.bytes = static_cast<char *>(t.owner.get());
  if (!t.bytes) llvm::report_bad_alloc_error("constant evaluation");
  return t;
}

int64_t HostTensor::getNumElements() const {
  return ShapedType::getNumElements(shape);
}

HostTensor HostTensor::view(ArrayRef<int64_t> newShape, ArrayRef<int64_t> newStrides, int64_t offset) const {
  HostTensor t = *this;
  t.shape.assign(newShape.begin(), newShape.end());
  t.strides.assign(newStrides.begin(), newStrides.end());
  t.bytes += offset * elements->bytes;
  return t;
}

HostTensor HostTensor::broadcast(ArrayRef<int64_t> to) const {
  SmallVector<int64_t> repeated(to.size(), 0);
  size_t added = to.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1) repeated[added + i] = strides[i];
  return view(to, repeated);
}

bool HostTensor::isSplat() const {
  return getNumElements() > 0 && llvm::all_of(llvm::zip_equal(shape, strides), [](auto pair) {
           return std::get<0>(pair) == 1 || std::get<1>(pair) == 0;
         });
}

bool HostTensor::isRowMajor() const {
  SmallVector<int64_t> wanted = rowMajorStrides(shape);
  return llvm::all_of(llvm::seq<size_t>(shape.size()),
                      [&](size_t i) { return shape[i] == 1 || strides[i] == wanted[i]; });
}

void HostTensor::copyTo(HostTensor &to) const {
  int64_t size = elements->bytes;
  if (isRowMajor() && to.isRowMajor()) {
    if (int64_t n = getNumElements()) std::memcpy(to.data(), bytes, n * size);
    return;
  }
  walkOffsets<2>(shape, {strides, to.strides}, [&](std::array<int64_t, 2> at) {
    std::memcpy(to.data() + at[1] * size, bytes + at[0] * size, size);
  });
}

HostTensor HostTensor::toRowMajor() const {
  if (isRowMajor()) return *this;
  HostTensor t = allocate(elementType, shape);
  copyTo(t);
  return t;
}

ElementsAttr HostTensor::toAttr() const {
  auto type = RankedTensorType::get(shape, elementType);
  int64_t size = elements->bytes, count = getNumElements();
  bool isBool = elements->width == 1;
  if (isSplat()) {
    if (isBool) return DenseElementsAttr::get(type, bool(getInt(0)));
    return DenseElementsAttr::getFromRawBuffer(type, ArrayRef(bytes, size));
  }
  HostTensor dense = toRowMajor();
  ArrayRef<char> raw(dense.bytes, count * size);
  if (count * size > 1024) {
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, 64, /*dataIsMutable=*/false);
    return DenseResourceElementsAttr::get(type, "folded", std::move(blob));
  }
  if (!isBool) return DenseElementsAttr::getFromRawBuffer(type, raw);
  SmallVector<bool> values(raw.begin(), raw.end());
  return DenseElementsAttr::get(type, values);
}

} // namespace girih
