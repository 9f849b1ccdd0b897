// Constant evaluation of ops that move data.
#include "dialects/Graph/EvaluateRules.h"
#include <cstring>
#include <numeric>

using namespace mlir;

namespace girih {

//===-- Views -------------------------------------------------------------===//

HostResult evaluate(TransposeOp op, HostOperands in) {
  SmallVector<int64_t> shape, strides;
  for (int64_t p : op.getPermutation()) {
    shape.push_back(in[0].getShape()[p]);
    strides.push_back(in[0].getStrides()[p]);
  }
  return in[0].view(shape, strides);
}

HostResult evaluate(ReshapeOp op, HostOperands in) {
  ArrayRef<int64_t> shape = resultType(op).getShape();
  if (in[0].isSplat()) return in[0].view(shape, SmallVector<int64_t>(shape.size(), 0));
  return in[0].toRowMajor().view(shape, rowMajorStrides(shape));
}

HostResult evaluate(ExpandOp op, HostOperands in) {
  return in[0].broadcast(resultType(op).getShape());
}

HostResult evaluate(SliceOp op, HostOperands in) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  bool empty = llvm::is_contained(resultType(op).getShape(), 0);
  for (auto [start, step, stride] :
       llvm::zip_equal(op.getStarts().getDims(), op.getSteps(), in[0].getStrides())) {
    auto s = dimValue(start);
    if (!s) return failure();
    if (!empty) offset += *s * stride; // where nothing is read, starts may be anything
    strides.push_back(stride * step);
  }
  return in[0].view(resultType(op).getShape(), strides, offset);
}

HostResult evaluate(ConcatOp op, HostOperands in) {
  int64_t axis = op.getAxis(), at = 0;
  HostTensor result = HostTensor::allocate(resultType(op).getElementType(), resultType(op).getShape());
  for (const HostTensor &t : in) {
    HostTensor part = result.view(t.getShape(), result.getStrides(), at * result.getStrides()[axis]);
    t.copyTo(part);
    at += t.getShape()[axis];
  }
  return result;
}

//===-- One source index a dimension --------------------------------------===//

/// Result position i of dimension d is source position maps[d][i]; -1 leaves what the result holds.
static void gatherByDimension(const HostTensor &from, HostTensor &to, ArrayRef<SmallVector<int64_t>> maps) {
  int64_t size = from.access().bytes, rank = to.getRank();
  SmallVector<int64_t> index(rank, 0);
  for (int64_t target = 0, count = to.getNumElements(); target < count; ++target) {
    int64_t source = 0;
    bool inside = true;
    for (int64_t d = 0; d < rank && inside; ++d) {
      int64_t i = maps[d][index[d]];
      inside = i >= 0;
      source += i * from.getStrides()[d];
    }
    if (inside) std::memcpy(to.data() + target * size, from.data() + source * size, size);
    for (int64_t d = rank - 1; d >= 0; --d) {
      if (++index[d] < to.getShape()[d]) break;
      index[d] = 0;
    }
  }
}

/// The source of position i of a border, or -1 where the fill value goes.
static int64_t padSource(PadMode mode, int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (size == 0) return -1;
  auto wrap = [](int64_t v, int64_t period) { return ((v % period) + period) % period; };
  switch (mode) {
  case PadMode::constant:
    return -1;
  case PadMode::edge:
    return std::clamp<int64_t>(i, 0, size - 1);
  case PadMode::wrap:
    return wrap(i, size);
  case PadMode::reflect: {
    if (size == 1) return 0;
    int64_t j = wrap(i, 2 * size - 2);
    return j < size ? j : 2 * size - 2 - j;
  }
  }
  llvm_unreachable("all modes are handled");
}

HostResult evaluate(PadOp op, HostOperands in) {
  ArrayRef<int64_t> shape = resultType(op).getShape();
  SmallVector<SmallVector<int64_t>> maps;
  for (auto [d, low] : llvm::enumerate(op.getLow().getDims())) {
    auto before = dimValue(low);
    if (!before) return failure();
    SmallVector<int64_t> &map = maps.emplace_back();
    for (int64_t i = 0; i < shape[d]; ++i)
      map.push_back(padSource(op.getMode(), i - *before, in[0].getShape()[d]));
  }
  HostTensor result = HostTensor::allocate(in[0].getElementType(), shape);
  if (in.size() > 1) in[1].broadcast(shape).copyTo(result);
  gatherByDimension(in[0], result, maps);
  return result;
}

HostResult evaluate(TileOp op, HostOperands in) {
  ArrayRef<int64_t> shape = resultType(op).getShape();
  if (in[0].isSplat()) return in[0].view(shape, SmallVector<int64_t>(shape.size(), 0));
  SmallVector<SmallVector<int64_t>> maps;
  for (auto [to, from] : llvm::zip_equal(shape, in[0].getShape())) {
    SmallVector<int64_t> &map = maps.emplace_back();
    for (int64_t i = 0; i < to; ++i)
      map.push_back(i % from);
  }
  HostTensor result = HostTensor::allocate(in[0].getElementType(), shape);
  gatherByDimension(in[0], result, maps);
  return result;
}

//===-- Generators --------------------------------------------------------===//

HostResult evaluate(ShapeOp op, HostOperands) {
  HostTensor result = HostTensor::allocate(resultType(op).getElementType(), resultType(op).getShape());
  for (auto [i, d] : llvm::enumerate(op.getDims().getDims())) {
    auto v = dimValue(d);
    if (!v) return failure();
    result.set(int64_t(i), *v);
  }
  return result;
}

HostResult evaluate(RangeOp op, HostOperands in) {
  HostTensor result = HostTensor::allocate(resultType(op).getElementType(), resultType(op).getShape());
  for (int64_t i = 0; i < result.getNumElements(); ++i) {
    if (result.access().isFloat)
      result.set(i, in[0].getFloat(0) + double(i) * in[1].getFloat(0));
    else
      result.set(i, int64_t(uint64_t(in[0].getInt(0)) + uint64_t(i) * uint64_t(in[1].getInt(0))));
  }
  return result;
}

HostResult evaluate(TriluOp op, HostOperands in) {
  HostTensor result = HostTensor::allocate(in[0].getElementType(), in[0].getShape());
  int64_t rows = in[0].getShape().end()[-2], columns = in[0].getShape().back(), size = in[0].access().bytes;
  int64_t position = 0, k = op.getK();
  walkOffsets<2>(in[0].getShape(), {in[0].getStrides(), result.getStrides()}, [&](std::array<int64_t, 2> at) {
    int64_t row = position / columns % rows, column = position % columns;
    ++position;
    int64_t diagonal = column - row;
    if (op.getUpper() ? diagonal >= k : diagonal <= k)
      std::memcpy(result.data() + at[1] * size, in[0].data() + at[0] * size, size);
  });
  return result;
}

//===-- Gather and scatter ------------------------------------------------===//

/// An index as gather reads it: negative ones count from the end, others are clamped. Nothing where there is
/// no element.
static std::optional<int64_t> clampedIndex(int64_t i, int64_t size) {
  if (size == 0) return std::nullopt;
  return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size - 1);
}
/// An index as scatter needs it: inside.
static std::optional<int64_t> exactIndex(int64_t i, int64_t size) {
  if (i < -size || i >= size) return std::nullopt;
  return i < 0 ? i + size : i;
}

HostResult evaluate(GatherOp op, HostOperands in) {
  int64_t axis = op.getAxis();
  const HostTensor &data = in[0], &indices = in[1];
  HostTensor result = HostTensor::allocate(data.getElementType(), resultType(op).getShape());
  // For each index: the slice of data there goes to its slice of the result.
  SmallVector<int64_t> slice(data.getShape()), to(result.getStrides().take_front(axis));
  slice[axis] = 1;
  to.push_back(0);
  to.append(result.getStrides().begin() + axis + indices.getRank(), result.getStrides().end());
  ArrayRef<int64_t> along = result.getStrides().slice(axis, indices.getRank());
  bool ok = true;
  walkOffsets<2>(indices.getShape(), {indices.getStrides(), along}, [&](std::array<int64_t, 2> at) {
    auto i = clampedIndex(indices.getInt(at[0]), data.getShape()[axis]);
    ok = ok && i;
    if (!ok) return;
    HostTensor target = result.view(slice, to, at[1]);
    data.view(slice, data.getStrides(), *i * data.getStrides()[axis]).copyTo(target);
  });
  if (!ok) return failure();
  return result;
}

HostResult evaluate(GatherElementsOp op, HostOperands in) {
  int64_t axis = op.getAxis(), size = in[0].access().bytes;
  const HostTensor &data = in[0], &indices = in[1];
  HostTensor result = HostTensor::allocate(data.getElementType(), resultType(op).getShape());
  SmallVector<int64_t> others(data.getStrides());
  others[axis] = 0;
  bool ok = true;
  walkOffsets<3>(result.getShape(), {others, indices.getStrides(), result.getStrides()},
                 [&](std::array<int64_t, 3> at) {
                   auto i = clampedIndex(indices.getInt(at[1]), data.getShape()[axis]);
                   ok = ok && i;
                   if (ok)
                     std::memcpy(result.data() + at[2] * size,
                                 data.data() + (at[0] + *i * data.getStrides()[axis]) * size, size);
                 });
  if (!ok) return failure();
  return result;
}

/// The offset in `data` that an index tuple at `at` leads to, past `batch` dimensions.
static std::optional<int64_t> tupleOffset(const HostTensor &data, const HostTensor &indices, int64_t at,
                                          int64_t batch,
                                          std::optional<int64_t> (*normalise)(int64_t, int64_t)) {
  int64_t offset = 0, length = indices.getShape().back();
  for (int64_t i = 0; i < length; ++i) {
    auto index = normalise(indices.getInt(at + i * indices.getStrides().back()), data.getShape()[batch + i]);
    if (!index) return std::nullopt;
    offset += *index * data.getStrides()[batch + i];
  }
  return offset;
}

HostResult evaluate(GatherNDOp op, HostOperands in) {
  int64_t batch = op.getBatchDims(), length = in[1].getShape().back();
  const HostTensor &data = in[0], &indices = in[1];
  HostTensor result = HostTensor::allocate(data.getElementType(), resultType(op).getShape());
  ArrayRef<int64_t> tuples = indices.getShape().drop_back(),
                    slice = data.getShape().drop_front(batch + length);
  // Tuples along batch dimensions move through data too.
  SmallVector<int64_t> dataStrides(tuples.size(), 0);
  llvm::copy(data.getStrides().take_front(batch), dataStrides.begin());
  bool ok = true;
  walkOffsets<3>(
      tuples, {indices.getStrides().drop_back(), dataStrides, result.getStrides().take_front(tuples.size())},
      [&](std::array<int64_t, 3> at) {
        auto offset = tupleOffset(data, indices, at[0], batch, clampedIndex);
        ok = ok && offset;
        if (!ok) return;
        HostTensor target = result.view(slice, result.getStrides().drop_front(tuples.size()), at[2]);
        data.view(slice, data.getStrides().take_back(slice.size()), at[1] + *offset).copyTo(target);
      });
  if (!ok) return failure();
  return result;
}

/// A fresh copy of `data`, to scatter into.
static HostTensor copyOf(const HostTensor &data) {
  HostTensor t = HostTensor::allocate(data.getElementType(), data.getShape());
  data.copyTo(t);
  return t;
}

/// result[to] = fn(result[to], updates[from])
static void update(ScatterFn fn, HostTensor &result, int64_t to, const HostTensor &updates, int64_t from) {
  BinaryFn combine = BinaryFn::add;
  switch (fn) {
  case ScatterFn::none: {
    int64_t size = result.access().bytes;
    std::memcpy(result.data() + to * size, updates.data() + from * size, size);
    return;
  }
  case ScatterFn::add:
    break;
  case ScatterFn::mul:
    combine = BinaryFn::mul;
    break;
  case ScatterFn::min:
    combine = BinaryFn::min;
    break;
  case ScatterFn::max:
    combine = BinaryFn::max;
    break;
  }
  if (result.access().isFloat)
    result.set(to, *applyFloat(combine, result.getFloat(to), updates.getFloat(from)));
  else
    result.set(to, *applyInt(combine, result.getInt(to), updates.getInt(from), result.access()));
}

HostResult evaluate(ScatterElementsOp op, HostOperands in) {
  int64_t axis = op.getAxis();
  const HostTensor &indices = in[1], &updates = in[2];
  HostTensor result = copyOf(in[0]);
  SmallVector<int64_t> others(result.getStrides());
  others[axis] = 0;
  bool ok = true;
  walkOffsets<3>(indices.getShape(), {others, indices.getStrides(), updates.getStrides()},
                 [&](std::array<int64_t, 3> at) {
                   auto i = exactIndex(indices.getInt(at[1]), result.getShape()[axis]);
                   ok = ok && i;
                   if (ok) update(op.getFn(), result, at[0] + *i * result.getStrides()[axis], updates, at[2]);
                 });
  if (!ok) return failure();
  return result;
}

HostResult evaluate(ScatterNDOp op, HostOperands in) {
  const HostTensor &indices = in[1], &updates = in[2];
  HostTensor result = copyOf(in[0]);
  int64_t length = indices.getShape().back();
  ArrayRef<int64_t> tuples = indices.getShape().drop_back(), slice = result.getShape().drop_front(length);
  bool ok = true;
  walkOffsets<2>(tuples, {indices.getStrides().drop_back(), updates.getStrides().take_front(tuples.size())},
                 [&](std::array<int64_t, 2> at) {
                   auto offset = tupleOffset(result, indices, at[0], 0, exactIndex);
                   ok = ok && offset;
                   if (!ok) return;
                   walkOffsets<2>(slice,
                                  {result.getStrides().drop_front(length),
                                   updates.getStrides().drop_front(tuples.size())},
                                  [&](std::array<int64_t, 2> in) {
                                    update(op.getFn(), result, *offset + in[0], updates, at[1] + in[1]);
                                  });
                 });
  if (!ok) return failure();
  return result;
}

HostResult evaluate(OneHotOp op, HostOperands in) {
  const HostTensor &indices = in[0], &values = in[1];
  int64_t axis = op.getAxis(), size = values.access().bytes, depth = resultType(op).getShape()[axis];
  HostTensor result = HostTensor::allocate(values.getElementType(), resultType(op).getShape());
  values.view({}, {}).broadcast(result.getShape()).copyTo(result);
  SmallVector<int64_t> strides(result.getStrides());
  int64_t along = strides[axis];
  strides.erase(strides.begin() + axis);
  const char *on = values.data() + values.getStrides()[0] * size;
  walkOffsets<2>(indices.getShape(), {indices.getStrides(), strides}, [&](std::array<int64_t, 2> at) {
    if (auto i = exactIndex(indices.getInt(at[0]), depth))
      std::memcpy(result.data() + (at[1] + *i * along) * size, on, size);
  });
  return result;
}

} // namespace girih
