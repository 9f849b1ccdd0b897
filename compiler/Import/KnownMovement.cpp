// Shape arithmetic that picks, joins and reduces elements of small known tensors.
#include "compiler/Import/KnownOps.h"
#include "dialects/Graph/Inference.h"

using namespace mlir;

namespace girih {

bool knownShape(NodeImporter &n, KnownResults &r) {
  NodeImporter::Dims dims = n.dims(0);
  int64_t rank = dims.size();
  auto clamp = [&](int64_t v) { return std::clamp(v < 0 ? v + rank : v, int64_t(0), rank); };
  int64_t start = clamp(n.intAttr("start", 0)), end = clamp(n.intAttr("end", rank));
  if (end < start) end = start;
  r.push_back(Known::vector(ArrayRef(dims).slice(start, end - start), n.b.getI64Type()));
  return true;
}

bool knownSize(NodeImporter &n, KnownResults &r) {
  r.push_back(Known::scalar(dimProduct(n.context(), n.dims(0)), n.b.getI64Type()));
  return true;
}

static std::optional<SmallVector<int64_t>> constants(NodeImporter &n, unsigned i) {
  auto k = n.known(i);
  return k ? k->constants() : std::nullopt;
}

/// Element `coordinates` of the known tensor, in row-major order.
static int64_t flatten(ArrayRef<int64_t> coordinates, ArrayRef<int64_t> shape) {
  int64_t index = 0;
  for (auto [c, s] : llvm::zip_equal(coordinates, shape))
    index = index * s + c;
  return index;
}

static SmallVector<int64_t> unflatten(int64_t flat, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> out(shape.size());
  for (size_t i = shape.size(); i-- > 0;)
    out[i] = flat % shape[i], flat /= shape[i];
  return out;
}

bool knownGather(NodeImporter &n, KnownResults &r) {
  auto data = n.known(0), indices = n.known(1);
  if (!data || !indices || data->shape.empty()) return false;
  auto at = indices->constants();
  if (!at) return false;
  int64_t rank = data->shape.size(), axis = n.axisAttr(0, rank), size = data->shape[axis];
  Known out;
  out.elementType = data->elementType;
  ArrayRef<int64_t> shape = data->shape;
  out.shape.append(shape.begin(), shape.begin() + axis);
  out.shape.append(indices->shape.begin(), indices->shape.end());
  out.shape.append(shape.begin() + axis + 1, shape.end());
  int64_t outer = countElements(shape.take_front(axis)), inner = countElements(shape.drop_front(axis + 1));
  if (outer * int64_t(at->size()) * inner > int64_t(Known::maxElements)) return false;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t index : *at) {
      if (index < 0) index += size;
      if (index < 0 || index >= size) {
        n.report("index " + Twine(index) + " is outside of " + Twine(size) + " elements");
        return false;
      }
      for (int64_t i = 0; i < inner; ++i)
        out.elements.push_back(data->elements[(o * size + index) * inner + i]);
    }
  }
  r.push_back(std::move(out));
  return true;
}

bool knownConcat(NodeImporter &n, KnownResults &r) {
  SmallVector<Known> parts;
  size_t total = 0;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    auto k = n.known(i);
    if (!k || k->shape.empty()) return false;
    total += k->elements.size();
    parts.push_back(std::move(*k));
  }
  if (total > Known::maxElements) return false;
  int64_t rank = parts[0].shape.size(), axis = n.axisAttr(0, rank);
  Known out;
  out.elementType = parts[0].elementType;
  out.shape = parts[0].shape;
  out.shape[axis] = 0;
  for (const Known &k : parts) {
    if (int64_t(k.shape.size()) != rank) return false;
    for (int64_t d = 0; d < rank; ++d)
      if (d != axis && k.shape[d] != out.shape[d]) return false;
    out.shape[axis] += k.shape[axis];
  }
  int64_t outer = countElements(ArrayRef(out.shape).take_front(axis));
  for (int64_t o = 0; o < outer; ++o)
    for (const Known &k : parts) {
      int64_t chunk = countElements(ArrayRef(k.shape).drop_front(axis));
      out.elements.append(k.elements.begin() + o * chunk, k.elements.begin() + (o + 1) * chunk);
    }
  r.push_back(std::move(out));
  return true;
}

/// Same elements, other shape: the shape comes from the ordinary shape rules.
static bool reshaped(NodeImporter &n, KnownResults &r, FailureOr<NodeImporter::Dims> dims) {
  auto k = n.known(0);
  if (!k || failed(dims)) return false;
  Known out = std::move(*k);
  out.shape.clear();
  for (DimExpr d : *dims) {
    auto v = dimValue(d);
    if (!v || *v < 0) return false;
    out.shape.push_back(*v);
  }
  if (countElements(out.shape) != int64_t(out.elements.size())) return false;
  r.push_back(std::move(out));
  return true;
}
bool knownReshape(NodeImporter &n, KnownResults &r) {
  return n.known(0) && reshaped(n, r, reshapeDims(n));
}
bool knownSqueeze(NodeImporter &n, KnownResults &r) {
  return n.known(0) && reshaped(n, r, squeezeDims(n));
}
bool knownUnsqueeze(NodeImporter &n, KnownResults &r) {
  return n.known(0) && reshaped(n, r, unsqueezeDims(n));
}
bool knownFlatten(NodeImporter &n, KnownResults &r) {
  return n.known(0) && reshaped(n, r, flattenDims(n));
}

bool knownSlice(NodeImporter &n, KnownResults &r) {
  auto k = n.known(0);
  if (!k) return false;
  auto s = sliceParameters(n);
  if (failed(s)) return false;
  Known out;
  out.elementType = k->elementType;
  SmallVector<int64_t> starts;
  for (auto [start, size] : llvm::zip_equal(s->starts, s->sizes)) {
    auto from = dimValue(start), length = dimValue(size);
    if (!from || !length) return false;
    starts.push_back(*from);
    out.shape.push_back(*length);
  }
  for (int64_t i = 0, e = countElements(out.shape); i < e; ++i) {
    SmallVector<int64_t> at = unflatten(i, out.shape);
    for (size_t d = 0; d < at.size(); ++d)
      at[d] = starts[d] + at[d] * s->steps[d];
    out.elements.push_back(k->elements[flatten(at, k->shape)]);
  }
  r.push_back(std::move(out));
  return true;
}

bool knownTranspose(NodeImporter &n, KnownResults &r) {
  auto k = n.known(0);
  if (!k) return false;
  int64_t rank = k->shape.size();
  SmallVector<int64_t> permutation;
  for (int64_t i = rank; i-- > 0;)
    permutation.push_back(i);
  if (auto perm = n.intsAttr("perm")) permutation.assign(perm->begin(), perm->end());
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(rank))) return false; // the handler says so
  Known out;
  out.elementType = k->elementType;
  for (int64_t p : permutation)
    out.shape.push_back(k->shape[p]);
  for (int64_t i = 0, e = k->elements.size(); i < e; ++i) {
    SmallVector<int64_t> at = unflatten(i, out.shape), from(rank);
    for (auto [d, p] : llvm::enumerate(permutation))
      from[p] = at[d];
    out.elements.push_back(k->elements[flatten(from, k->shape)]);
  }
  r.push_back(std::move(out));
  return true;
}

/// Updates of single elements of a list, or of rows, at constant indices.
bool knownScatterND(NodeImporter &n, KnownResults &r) {
  auto data = n.known(0), updates = n.known(2);
  auto indices = n.known(1);
  auto at = indices ? indices->constants() : std::nullopt;
  if (!data || !updates || !at || indices->shape.empty() || n.stringAttr("reduction", "none") != "none")
    return false;
  int64_t length = indices->shape.back(), rank = data->shape.size();
  if (length < 1 || length > rank) return false;
  ArrayRef<int64_t> shape = data->shape;
  int64_t slice = countElements(shape.drop_front(length)), tuples = at->size() / length;
  if (int64_t(updates->elements.size()) != tuples * slice) return false;
  for (int64_t t = 0; t < tuples; ++t) {
    SmallVector<int64_t> tuple(ArrayRef(*at).slice(t * length, length));
    for (auto [index, size] : llvm::zip(tuple, shape)) {
      if (index < 0) index += size;
      if (index < 0 || index >= size) return false; // the handler says so
    }
    int64_t begin = flatten(tuple, shape.take_front(length)) * slice;
    for (int64_t i = 0; i < slice; ++i)
      data->elements[begin + i] = updates->elements[t * slice + i];
  }
  r.push_back(std::move(*data));
  return true;
}

bool knownSplit(NodeImporter &n, KnownResults &r) {
  auto k = n.known(0);
  if (!k || k->shape.empty()) return false;
  int64_t axis = n.axisAttr(0, k->shape.size());
  auto sizes = splitSizes(n, axis);
  if (failed(sizes)) return false;
  int64_t outer = countElements(ArrayRef(k->shape).take_front(axis)),
          inner = countElements(ArrayRef(k->shape).drop_front(axis + 1));
  int64_t begin = 0;
  for (DimExpr size : *sizes) {
    auto v = dimValue(size);
    if (!v || begin + *v > k->shape[axis]) return false;
    Known part;
    part.elementType = k->elementType;
    part.shape = k->shape;
    part.shape[axis] = *v;
    for (int64_t o = 0; o < outer; ++o) {
      const Num *from = k->elements.begin() + (o * k->shape[axis] + begin) * inner;
      part.elements.append(from, from + *v * inner);
    }
    begin += *v;
    r.push_back(std::move(part));
  }
  return true;
}

bool knownRange(NodeImporter &n, KnownResults &r) {
  auto start = n.known(0), limit = n.known(1);
  auto delta = constants(n, 2);
  if (!start || !limit || !delta || delta->size() != 1 || start->elements.size() != 1 ||
      limit->elements.size() != 1 || (*delta)[0] == 0 || !isa<IntegerType>(start->elementType))
    return false;
  auto from = dimValue(start->elements[0].numerator), to = dimValue(limit->elements[0].numerator);
  if (!from || !to || !isSmall(start->elements[0]) || !isSmall(limit->elements[0])) return false;
  int64_t step = (*delta)[0], span = step > 0 ? *to - *from : *from - *to;
  if (step > INT32_MAX || step < -INT32_MAX) return false;
  int64_t length = std::max<int64_t>(0, llvm::divideCeilSigned(span, std::abs(step)));
  if (length > int64_t(Known::maxElements)) return false;
  SmallVector<DimExpr> elements;
  for (int64_t i = 0; i < length; ++i)
    elements.push_back(dimConstant(n.context(), *from + i * step));
  r.push_back(Known::vector(elements, start->elementType));
  return true;
}

/// A shape of constants whose elements can be followed.
static std::optional<SmallVector<int64_t>> smallShape(NodeImporter &n, unsigned i) {
  auto shape = constants(n, i);
  if (!shape) return std::nullopt;
  int64_t total = 1;
  for (int64_t d : *shape) {
    if (d < 0 || d > int64_t(Known::maxElements)) return std::nullopt;
    total *= d;
    if (total > int64_t(Known::maxElements)) return std::nullopt;
  }
  return shape;
}

bool knownConstantOfShape(NodeImporter &n, KnownResults &r) {
  auto shape = smallShape(n, 0);
  if (!shape) return false;
  const model::Attribute *a = n.attribute("value");
  if (!a || a->kind != model::Attribute::TensorValue || a->tensors[0].data.empty()) return false;
  const model::Tensor &t = a->tensors[0];
  int64_t value;
  if (t.type == model::DType::I64) {
    std::memcpy(&value, t.data.data(), sizeof(value));
  } else if (t.type == model::DType::I32) {
    int32_t narrow;
    std::memcpy(&narrow, t.data.data(), sizeof(narrow));
    value = narrow;
  } else if (t.type == model::DType::Bool) {
    value = t.data[0] != 0;
  } else {
    return false;
  }
  Known out;
  out.elementType = getElementType(n.context(), t.type);
  out.shape = *shape;
  out.elements.assign(countElements(*shape), Num{dimConstant(n.context(), value)});
  r.push_back(std::move(out));
  return true;
}

bool knownExpand(NodeImporter &n, KnownResults &r) {
  auto k = n.known(0);
  auto shape = smallShape(n, 1);
  if (!k || !shape) return false;
  auto to = broadcastShapes(k->shape, *shape);
  if (!to) return false;
  Known out;
  out.elementType = k->elementType;
  out.shape = *to;
  for (int64_t i = 0, e = countElements(*to); i < e; ++i)
    out.elements.push_back(k->elements[broadcastIndex(i, *to, k->shape)]);
  r.push_back(std::move(out));
  return true;
}

static bool reduced(NodeImporter &n, KnownResults &r, function_ref<std::optional<Num>(Num, Num)> combine) {
  auto k = n.known(0);
  if (!k || k->elements.empty()) return false;
  auto axes = reduceAxes(n);
  if (failed(axes)) return false;
  bool keep = n.flagAttr("keepdims", true);
  int64_t rank = k->shape.size();
  Known out;
  out.elementType = k->elementType;
  SmallVector<int64_t> kept = k->shape;
  for (int64_t d = 0; d < rank; ++d) {
    bool isReduced = llvm::is_contained(*axes, d);
    if (isReduced) kept[d] = 1;
    if (!isReduced || keep) out.shape.push_back(kept[d]);
  }
  SmallVector<std::optional<Num>> cells(countElements(kept));
  for (auto [i, x] : llvm::enumerate(k->elements)) {
    SmallVector<int64_t> at = unflatten(i, k->shape);
    for (int64_t d : *axes)
      at[d] = 0;
    std::optional<Num> &cell = cells[flatten(at, kept)];
    cell = cell ? combine(*cell, x) : x;
    if (!cell || dimIsTooLarge(cell->numerator)) return false;
  }
  for (auto &cell : cells)
    out.elements.push_back({dimSimplify(cell->numerator), cell->denominator});
  r.push_back(std::move(out));
  return true;
}

bool knownReduceSum(NodeImporter &n, KnownResults &r) {
  return reduced(n, r, [](Num a, Num b) { return addKnown(a, b, 1); });
}
bool knownReduceProd(NodeImporter &n, KnownResults &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{a.numerator * b.numerator};
  });
}
bool knownReduceMin(NodeImporter &n, KnownResults &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{dimMin(a.numerator, b.numerator)};
  });
}
bool knownReduceMax(NodeImporter &n, KnownResults &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{dimMax(a.numerator, b.numerator)};
  });
}

} // namespace girih
