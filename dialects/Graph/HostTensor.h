// Constant tensors in host memory, for evaluation at compile time: bytes with a stride a dimension, so that
// transposes, slices and broadcasts are views, and an accessor that reads and writes elements of any type as
// double or int64_t.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <memory>
#include <vector>

namespace girih {

/// Reads and writes elements of one type. Integers narrower than 64 bits are extended by their signedness and
/// wrap when stored; ui64 is a bit pattern. Floating-point elements are rounded when stored, to the nearest
/// even: f16 and bf16 from f32, the others once. A floating-point value that an integer type does not hold
/// becomes what a kernel's cast makes of it.
struct ElementAccess {
  unsigned bytes; // i1 takes one
  unsigned width; // bits of the value
  bool isFloat;
  bool isUnsigned; // i1 too
  double (*loadFloat)(const char *);
  int64_t (*loadInt)(const char *);
  void (*storeFloat)(char *, double);
  void (*storeInt)(char *, int64_t);

  /// Null for types that graph tensors cannot have.
  static const ElementAccess *get(mlir::Type elementType);
};

class HostTensor {
public:
  /// A view of a constant's bytes, which must outlive it. Fails for attributes whose bytes are not available.
  static mlir::FailureOr<HostTensor> read(mlir::ElementsAttr attr);
  /// Dense, row-major, zero.
  static HostTensor allocate(mlir::Type elementType, llvm::ArrayRef<int64_t> shape);

  mlir::Type getElementType() const { return elementType; }
  const ElementAccess &access() const { return *elements; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  llvm::ArrayRef<int64_t> getStrides() const { return strides; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const;
  /// The bytes from the first element on; mutable only if allocated here.
  const char *data() const { return bytes; }
  char *data() { return const_cast<char *>(bytes); }

  double getFloat(int64_t offset) const { return elements->loadFloat(bytes + offset * elements->bytes); }
  int64_t getInt(int64_t offset) const { return elements->loadInt(bytes + offset * elements->bytes); }
  void set(int64_t offset, double v) { elements->storeFloat(data() + offset * elements->bytes, v); }
  void set(int64_t offset, int64_t v) { elements->storeInt(data() + offset * elements->bytes, v); }

  /// Another shape and other strides (in elements) over the same bytes, from element `offset` on.
  HostTensor view(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides, int64_t offset = 0) const;
  /// NumPy broadcast: repeated dimensions have stride 0. The shapes are known to fit.
  HostTensor broadcast(llvm::ArrayRef<int64_t> to) const;
  /// Whether all elements lie at one address.
  bool isSplat() const;
  bool isRowMajor() const;
  /// Row-major, by a copy where need be.
  HostTensor toRowMajor() const;
  void copyTo(HostTensor &to) const;
  /// A splat or small constant is dense, a large one (over 1 KiB) a resource.
  mlir::ElementsAttr toAttr() const;

private:
  mlir::Type elementType;
  const ElementAccess *elements = nullptr;
  llvm::SmallVector<int64_t> shape, strides;
  const char *bytes = nullptr;
  std::shared_ptr<void> owner; // keeps `bytes` alive if they were allocated here
};

llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);
/// Bytes of a row-major tensor of this type; nothing where they do not fit an int64_t.
std::optional<int64_t> constantBytes(mlir::ShapedType type);

/// Visits all positions of `shape` in row-major order: fn(offsets), one offset for each list of strides.
template <size_t N, typename Fn>
void walkOffsets(llvm::ArrayRef<int64_t> shape, std::array<llvm::ArrayRef<int64_t>, N> strides, Fn fn) {
  if (llvm::is_contained(shape, 0)) return;
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  std::array<int64_t, N> offsets{};
  while (true) {
    fn(offsets);
    int64_t d = int64_t(shape.size()) - 1;
    for (; d >= 0; --d) {
      for (size_t n = 0; n < N; ++n)
        offsets[n] += strides[n][d];
      if (++index[d] < shape[d]) break;
      for (size_t n = 0; n < N; ++n)
        offsets[n] -= strides[n][d] * shape[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

} // namespace girih
