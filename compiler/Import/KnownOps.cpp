// Shape arithmetic: operators on small integer tensors whose elements are expressions.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"
#include <numeric>

using namespace mlir;

namespace girih {

using Results = SmallVectorImpl<Known>;

static int64_t count(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

/// Broadcasts shapes of known tensors; nothing if they do not fit or the result is too large to follow.
static std::optional<SmallVector<int64_t>> broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size()) std::swap(a, b);
  SmallVector<int64_t> out(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &o = out[a.size() - b.size() + i];
    if (o == 1) {
      o = b[i];
    } else if (b[i] != 1 && b[i] != o) {
      return std::nullopt;
    }
  }
  if (count(out) > int64_t(Known::maxElements)) return std::nullopt;
  return out;
}

/// Index into `from` of element `flat` of the broadcast shape `to`.
static int64_t broadcastIndex(int64_t flat, ArrayRef<int64_t> to, ArrayRef<int64_t> from) {
  int64_t index = 0, stride = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    size_t t = to.size() - 1 - i;
    int64_t coordinate = flat % to[t];
    flat /= to[t];
    if (i >= from.size()) continue;
    int64_t size = from[from.size() - 1 - i];
    if (size != 1) index += coordinate * stride;
    stride *= size;
  }
  return index;
}

/// Applies `fn` element by element with broadcasting. `fn` gives nothing for what cannot be followed.
static bool elementwise(NodeImporter &n, Type elementType, Results &results,
                        function_ref<std::optional<Num>(ArrayRef<Num>)> fn) {
  SmallVector<Known> operands;
  SmallVector<int64_t> shape;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    auto k = n.known(i);
    if (!k) return false;
    auto s = broadcast(shape, k->shape);
    if (!s) return false;
    shape = *s;
    operands.push_back(std::move(*k));
  }
  Known out;
  out.elementType = elementType;
  out.shape = shape;
  for (int64_t i = 0, e = count(shape); i < e; ++i) {
    SmallVector<Num> x;
    for (const Known &k : operands)
      x.push_back(k.elements[broadcastIndex(i, shape, k.shape)]);
    auto r = fn(x);
    if (!r || !r->numerator) return false;
    // What grows without bound (n + n / 2, again and again) is not followed.
    if (dimIsTooLarge(r->numerator)) return false;
    r->numerator = dimSimplify(r->numerator);
    out.elements.push_back(*r);
  }
  results.push_back(std::move(out));
  return true;
}

/// Integers that fit where shapes are counted; arithmetic beyond is left to the ops themselves.
static bool isSmall(const Num &x) {
  auto v = dimValue(x.numerator);
  return !v || (*v < (int64_t(1) << 48) && *v > -(int64_t(1) << 48));
}

static std::optional<Num> add(Num a, Num b, int sign) {
  if (!isSmall(a) || !isSmall(b)) return std::nullopt;
  if (a.denominator == b.denominator) return Num{a.numerator + b.numerator * sign, a.denominator};
  if (a.denominator > 1024 || b.denominator > 1024) return std::nullopt;
  return Num{a.numerator * b.denominator + b.numerator * (a.denominator * sign),
             a.denominator * b.denominator};
}

/// numerator / denominator in lowest terms, as far as a common factor is known.
static std::optional<Num> fraction(DimExpr numerator, int64_t denominator) {
  if (denominator < 0) numerator = -numerator, denominator = -denominator;
  int64_t divisor = std::gcd(denominator, dimSimplify(numerator).getLargestKnownDivisor());
  if (auto v = dimValue(dimSimplify(numerator))) divisor = std::gcd(denominator, *v);
  if (divisor > 1) {
    numerator = dimExactDiv(numerator, dimConstant(numerator.getContext(), divisor));
    if (!numerator) return std::nullopt;
    denominator /= divisor;
  }
  if (denominator > (int64_t(1) << 20)) return std::nullopt;
  return Num{numerator, denominator};
}

bool knownAdd(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) {
    std::optional<Num> sum = x[0];
    for (const Num &y : x.drop_front())
      if (sum) sum = add(*sum, y, 1);
    return sum;
  });
}

bool knownSub(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) { return add(x[0], x[1], -1); });
}

bool knownMul(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0]) || !isSmall(x[1]) || x[0].denominator > 1024 || x[1].denominator > 1024)
      return std::nullopt;
    auto a = dimValue(x[0].numerator), b = dimValue(x[1].numerator);
    if (a && b && (std::abs(*a) >> 24) && (std::abs(*b) >> 24)) return std::nullopt;
    return fraction(dimSimplify(x[0].numerator * x[1].numerator), x[0].denominator * x[1].denominator);
  });
}

bool knownDiv(NodeImporter &n, Results &r) {
  bool isFloat = isa<FloatType>(n.element(0));
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0]) || !isSmall(x[1])) return std::nullopt;
    if (!isFloat) {
      DimExpr q = dimTruncatingDiv(x[0].numerator, x[1].numerator);
      if (!q) return std::nullopt;
      return Num{q};
    }
    if (x[0].denominator > 1024 || x[1].denominator > 1024) return std::nullopt;
    DimExpr top = dimSimplify(x[0].numerator * x[1].denominator);
    if (auto v = dimValue(x[1].numerator)) {
      if (*v == 0 || *v > (1 << 20) || *v < -(1 << 20)) return std::nullopt;
      return fraction(top, *v * x[0].denominator);
    }
    DimExpr exact = dimExactDiv(top, x[1].numerator);
    if (!exact) return std::nullopt;
    return fraction(exact, x[0].denominator);
  });
}

bool knownMod(NodeImporter &n, Results &r) {
  if (n.intAttr("fmod", 0) || !isa<IntegerType>(n.element(0))) return false;
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    auto v = dimValue(x[1].numerator);
    if (!isSmall(x[0]) || (v && *v <= 0) || (!v && !dimNonNegative(x[1].numerator))) return std::nullopt;
    return Num{x[0].numerator % x[1].numerator};
  });
}

static bool extremum(NodeImporter &n, Results &r, DimExpr (*pick)(DimExpr, DimExpr)) {
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    Num out = x[0];
    for (const Num &y : x.drop_front()) {
      if (y.denominator != out.denominator || !isSmall(y) || !isSmall(out)) return std::nullopt;
      out.numerator = pick(out.numerator, y.numerator);
    }
    return out;
  });
}
bool knownMin(NodeImporter &n, Results &r) {
  return extremum(n, r, dimLeast);
}
bool knownMax(NodeImporter &n, Results &r) {
  return extremum(n, r, dimGreatest);
}

bool knownNeg(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0])) return std::nullopt;
    return Num{-x[0].numerator, x[0].denominator};
  });
}

bool knownAbs(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (!isSmall(x[0])) return std::nullopt;
    return Num{dimGreatest(x[0].numerator, dimSimplify(-x[0].numerator)), x[0].denominator};
  });
}

static std::optional<Num> roundDown(Num x) {
  if (x.denominator == 1) return x;
  return Num{x.numerator.floorDiv(x.denominator)};
}

bool knownFloor(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) { return roundDown(x[0]); });
}

bool knownCeil(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(0), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    if (x[0].denominator == 1) return x[0];
    return Num{x[0].numerator.ceilDiv(x[0].denominator)};
  });
}

bool knownCast(NodeImporter &n, Results &r) {
  Type to = n.row.op == "CastLike"
                ? n.element(1)
                : getElementType(n.context(), static_cast<model::DType>(n.intAttr("to", 0)));
  if (!to) return false;
  auto k = n.known(0);
  if (!k) return false;
  Known out = *k;
  out.elementType = to;
  bool toInt = isa<IntegerType>(to);
  for (Num &x : out.elements) {
    if (to.isInteger(1)) {
      auto isZero = dimCompare(x.numerator, dimConstant(n.context(), 0));
      if (!isZero) return false;
      x = {dimConstant(n.context(), *isZero != 0)};
    } else if (toInt) {
      // Narrow types may wrap around; sizes do not fit into them anyway.
      if (to.getIntOrFloatBitWidth() < 32 || !isSmall(x)) return false;
      if (x.denominator == 1) continue;
      DimExpr q = dimTruncatingDiv(x.numerator, dimConstant(n.context(), x.denominator));
      if (!q) return false;
      x = {dimSimplify(q)};
    } else if (to.getIntOrFloatBitWidth() < 32) {
      return false; // half precision rounds sizes over 2048
    }
  }
  r.push_back(std::move(out));
  return true;
}

template <typename Fn> static bool compare(NodeImporter &n, Results &r, Fn fn) {
  return elementwise(n, IntegerType::get(n.context(), 1), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    if (x[0].denominator != x[1].denominator) return std::nullopt;
    auto c = dimCompare(x[0].numerator, x[1].numerator);
    if (!c) return std::nullopt;
    return Num{dimConstant(n.context(), fn(*c))};
  });
}
bool knownEqual(NodeImporter &n, Results &r) {
  return compare(n, r, [](int c) { return c == 0; });
}
bool knownLess(NodeImporter &n, Results &r) {
  return compare(n, r, [](int c) { return c < 0; });
}
bool knownLessOrEqual(NodeImporter &n, Results &r) {
  return compare(n, r, [](int c) { return c <= 0; });
}
bool knownGreater(NodeImporter &n, Results &r) {
  return compare(n, r, [](int c) { return c > 0; });
}
bool knownGreaterOrEqual(NodeImporter &n, Results &r) {
  return compare(n, r, [](int c) { return c >= 0; });
}

template <typename Fn> static bool logical(NodeImporter &n, Results &r, Fn fn) {
  return elementwise(n, n.element(0), r, [&](ArrayRef<Num> x) -> std::optional<Num> {
    SmallVector<bool> bits;
    for (const Num &y : x) {
      auto v = dimValue(y.numerator);
      if (!v) return std::nullopt;
      bits.push_back(*v != 0);
    }
    return Num{dimConstant(n.context(), fn(bits))};
  });
}
bool knownNot(NodeImporter &n, Results &r) {
  return logical(n, r, [](ArrayRef<bool> x) { return !x[0]; });
}
bool knownAnd(NodeImporter &n, Results &r) {
  return logical(n, r, [](ArrayRef<bool> x) { return x[0] && x[1]; });
}
bool knownOr(NodeImporter &n, Results &r) {
  return logical(n, r, [](ArrayRef<bool> x) { return x[0] || x[1]; });
}

bool knownWhere(NodeImporter &n, Results &r) {
  return elementwise(n, n.element(1), r, [](ArrayRef<Num> x) -> std::optional<Num> {
    auto c = dimValue(x[0].numerator);
    if (!c) return std::nullopt;
    return *c ? x[1] : x[2];
  });
}

bool knownIdentity(NodeImporter &n, Results &r) {
  auto k = n.known(0);
  if (k) r.push_back(std::move(*k));
  return k.has_value();
}

//===-- Structure ---------------------------------------------------------===//

bool knownShape(NodeImporter &n, Results &r) {
  NodeImporter::Dims dims = n.dims(0);
  int64_t rank = dims.size();
  auto clamp = [&](int64_t v) { return std::clamp(v < 0 ? v + rank : v, int64_t(0), rank); };
  int64_t start = clamp(n.intAttr("start", 0)), end = clamp(n.intAttr("end", rank));
  if (end < start) end = start;
  r.push_back(Known::vector(ArrayRef(dims).slice(start, end - start), n.b.getI64Type()));
  return true;
}

bool knownSize(NodeImporter &n, Results &r) {
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

bool knownGather(NodeImporter &n, Results &r) {
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
  int64_t outer = count(shape.take_front(axis)), inner = count(shape.drop_front(axis + 1));
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

bool knownConcat(NodeImporter &n, Results &r) {
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
  int64_t outer = count(ArrayRef(out.shape).take_front(axis));
  for (int64_t o = 0; o < outer; ++o)
    for (const Known &k : parts) {
      int64_t chunk = count(ArrayRef(k.shape).drop_front(axis));
      out.elements.append(k.elements.begin() + o * chunk, k.elements.begin() + (o + 1) * chunk);
    }
  r.push_back(std::move(out));
  return true;
}

/// Same elements, other shape: the shape comes from the ordinary shape rules.
static bool reshaped(NodeImporter &n, Results &r, FailureOr<NodeImporter::Dims> dims) {
  auto k = n.known(0);
  if (!k || failed(dims)) return false;
  Known out = std::move(*k);
  out.shape.clear();
  for (DimExpr d : *dims) {
    auto v = dimValue(d);
    if (!v || *v < 0) return false;
    out.shape.push_back(*v);
  }
  if (count(out.shape) != int64_t(out.elements.size())) return false;
  r.push_back(std::move(out));
  return true;
}
bool knownReshape(NodeImporter &n, Results &r) {
  return n.known(0) && reshaped(n, r, reshapeDims(n));
}
bool knownSqueeze(NodeImporter &n, Results &r) {
  return n.known(0) && reshaped(n, r, squeezeDims(n));
}
bool knownUnsqueeze(NodeImporter &n, Results &r) {
  return n.known(0) && reshaped(n, r, unsqueezeDims(n));
}
bool knownFlatten(NodeImporter &n, Results &r) {
  return n.known(0) && reshaped(n, r, flattenDims(n));
}

bool knownSlice(NodeImporter &n, Results &r) {
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
  for (int64_t i = 0, e = count(out.shape); i < e; ++i) {
    SmallVector<int64_t> at = unflatten(i, out.shape);
    for (size_t d = 0; d < at.size(); ++d)
      at[d] = starts[d] + at[d] * s->steps[d];
    out.elements.push_back(k->elements[flatten(at, k->shape)]);
  }
  r.push_back(std::move(out));
  return true;
}

bool knownSplit(NodeImporter &n, Results &r) {
  auto k = n.known(0);
  if (!k || k->shape.empty()) return false;
  int64_t axis = n.axisAttr(0, k->shape.size());
  auto sizes = splitSizes(n, axis);
  if (failed(sizes)) return false;
  int64_t outer = count(ArrayRef(k->shape).take_front(axis)),
          inner = count(ArrayRef(k->shape).drop_front(axis + 1));
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

bool knownRange(NodeImporter &n, Results &r) {
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

bool knownConstantOfShape(NodeImporter &n, Results &r) {
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
  out.elements.assign(count(*shape), Num{dimConstant(n.context(), value)});
  r.push_back(std::move(out));
  return true;
}

bool knownExpand(NodeImporter &n, Results &r) {
  auto k = n.known(0);
  auto shape = smallShape(n, 1);
  if (!k || !shape) return false;
  auto to = broadcast(k->shape, *shape);
  if (!to) return false;
  Known out;
  out.elementType = k->elementType;
  out.shape = *to;
  for (int64_t i = 0, e = count(*to); i < e; ++i)
    out.elements.push_back(k->elements[broadcastIndex(i, *to, k->shape)]);
  r.push_back(std::move(out));
  return true;
}

static bool reduced(NodeImporter &n, Results &r, function_ref<std::optional<Num>(Num, Num)> combine) {
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
  SmallVector<std::optional<Num>> cells(count(kept));
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

bool knownReduceSum(NodeImporter &n, Results &r) {
  return reduced(n, r, [](Num a, Num b) { return add(a, b, 1); });
}
bool knownReduceProd(NodeImporter &n, Results &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{a.numerator * b.numerator};
  });
}
bool knownReduceMin(NodeImporter &n, Results &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{dimLeast(a.numerator, b.numerator)};
  });
}
bool knownReduceMax(NodeImporter &n, Results &r) {
  return reduced(n, r, [](Num a, Num b) -> std::optional<Num> {
    if (a.denominator != 1 || b.denominator != 1) return std::nullopt;
    return Num{dimGreatest(a.numerator, b.numerator)};
  });
}

} // namespace girih
