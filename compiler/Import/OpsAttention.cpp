// Attention and what language models put around it, as the matrix products, masks and softmax that exporters
// of older opsets write out.
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

namespace {

constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

/// One Attention node. Heads are dimension 1 of four throughout: 3-D operands are split on the way in and
/// merged on the way out.
class Attention {
public:
  Attention(NodeImporter &n) : n(n), type(n.element(0)) {}
  LogicalResult run();

private:
  enum Inputs { Q, K, V, Mask, PastKey, PastValue, ValidLength };
  enum OutputMode { Product, SoftCapped, Masked, Probabilities };

  LogicalResult check();
  /// Operand i as [batch, heads, sequence, size].
  Value splitHeads(unsigned i, StringRef headsAttribute);
  Value append(Value past, Value current);
  Value readMask();
  Value findAllowed();
  Value findEmptyRows();
  /// a times b (or its transpose), times `scale`: where several heads of a share one of b, their rows are
  /// stacked.
  Value multiply(Value a, Value b, bool transposeB, double scale = 1);
  /// 0, 1, 2, ... along dimension `axis` of four.
  Value count(DimExpr size, unsigned axis);
  Value integer(DimExpr value);
  Value both(Value a, Value b) { return !a ? b : b ? n.binary(BinaryFn::logical_and, a, b) : a; }
  void emit(OutputMode mode, Value scores) {
    if (n.wants(3) && n.intAttr("qk_matmul_output_mode", 0) == mode) (void)n.result(3, n.cast(scores, type));
  }

  NodeImporter &n;
  Type type;
  bool isMerged = false; // the operands have three dimensions
  Value q, k, v;
  Value added;   // what the mask adds to the scores, or null
  Value allowed; // which keys a query may see, broadcastable to the scores; null: all
  bool mayBeEmpty = false;
};

} // namespace

LogicalResult Attention::check() {
  int64_t rank = n.rank(Q);
  if (rank != 3 && rank != 4)
    return n.fail("input 0 (Q) must have 3 or 4 dimensions, but has " + Twine(rank));
  isMerged = rank == 3;
  for (unsigned i : {K, V})
    if (n.rank(i) != rank)
      return n.fail("Q, K and V must have equally many dimensions, but have " + Twine(rank) + ", " +
                    Twine(n.rank(K)) + " and " + Twine(n.rank(V)));
  for (unsigned i : {PastKey, PastValue})
    if (n.has(i) && n.rank(i) != 4)
      return n.fail("input " + Twine(i) + " (the past) must have 4 dimensions, but has " + Twine(n.rank(i)));
  if (n.has(PastKey) != n.has(PastValue)) return n.fail("past_key and past_value must be given together");
  if (n.has(ValidLength) && n.has(PastKey))
    return n.fail("nonpad_kv_seqlen cannot be combined with past_key and past_value");
  if (n.has(ValidLength) && n.rank(ValidLength) != 1)
    return n.fail("input 6 (nonpad_kv_seqlen) must have one dimension, but has " +
                  Twine(n.rank(ValidLength)));
  if (n.has(Mask) && (n.rank(Mask) < 1 || n.rank(Mask) > 4))
    return n.fail("input 3 (attn_mask) must have 1 to 4 dimensions, but has " + Twine(n.rank(Mask)));
  int64_t mode = n.intAttr("qk_matmul_output_mode", 0);
  if (mode < Product || mode > Probabilities)
    return n.fail("attribute 'qk_matmul_output_mode' is " + Twine(mode) + ", expected 0 to 3");
  for (StringRef side : {"left_window_size", "right_window_size"})
    if (n.intAttr(side, -1) < -1)
      return n.fail("attribute '" + side + "' is " + Twine(n.intAttr(side, -1)) +
                    ", expected -1 (no limit) or more");
  return success();
}

Value Attention::splitHeads(unsigned i, StringRef headsAttribute) {
  Value x = n.operand(i);
  int64_t heads = n.intAttr(headsAttribute, 0);
  if (!isMerged) {
    if (auto have = dimValue(n.dims(i)[1]); heads && have && *have != heads)
      n.report("attribute '" + headsAttribute + "' is " + Twine(heads) + ", but input " + Twine(i) + " has " +
               Twine(*have) + " heads");
    return x;
  }
  if (heads < 1 || heads > INT32_MAX) {
    n.report("attribute '" + headsAttribute +
             "' is missing or out of range: 3-D operands need their number of heads");
    return {};
  }
  Dims d = n.dims(i);
  DimExpr size = dimSimplify(d[2].floorDiv(heads));
  if (failed(n.requireEqual(size * heads, d[2],
                            "dimension 2 of input " + Twine(i) + " is " + dimToString(d[2]) +
                                ", which is not a multiple of " + Twine(heads) + " heads")))
    return {};
  return n.transpose(n.reshape(x, {d[0], d[1], n.dim(heads), size}), {0, 2, 1, 3});
}

Value Attention::append(Value past, Value current) {
  return past ? n.create<ConcatOp>(ValueRange({past, current}), 2) : current;
}

Value Attention::integer(DimExpr value) {
  return n.materialize(Known::scalar(value, n.b.getI32Type()));
}

Value Attention::count(DimExpr size, unsigned axis) {
  Type i32 = n.b.getI32Type();
  Value range = n.createTyped<RangeOp>(getTensorType({size}, i32), n.scalar(0, i32), n.scalar(1, i32));
  Dims shape(4, n.dim(1));
  shape[axis] = size;
  return n.reshape(range, shape);
}

/// The mask with as many columns as there are keys: what it lacks is not seen.
Value Attention::readMask() {
  Value mask = n.operand(Mask);
  if (n.hasFailed()) return {};
  Dims dims = getDims(mask), low(dims.size(), n.dim(0));
  DimExpr keys = getDims(k)[2];
  std::optional<int64_t> order = dimCompare(dims.back(), keys);
  if (order && *order >= 0) return mask;
  DimExpr columns = std::exchange(dims.back(), keys);
  // Sizes that are not known to differ are one size: as a broadcast, a mask of one column would let all keys
  // be seen.
  if (!order) {
    if (failed(n.requireEqual(columns, keys,
                              "input 3 (attn_mask) has " + dimToString(columns) + " columns, but there are " +
                                  dimToString(keys) + " keys")))
      return {};
    return n.reshape(mask, dims);
  }
  Type element = n.element(Mask);
  Value fill = n.scalar(element.isInteger(1) ? 0 : minusInfinity, element);
  return n.createTyped<PadOp>(getTensorType(dims, element), mask, fill, DimsAttr::get(n.context(), low),
                              PadMode::constant);
}

/// Which keys the causal mask, the window and the padding leave to each query. Query i has the position
/// i + offset, counted in keys.
Value Attention::findAllowed() {
  DimExpr queries = getDims(q)[2], keys = getDims(k)[2];
  int64_t left = n.intAttr("left_window_size", -1), right = n.intAttr("right_window_size", -1);
  if (n.flagAttr("is_causal", false)) right = 0;
  Type i32 = n.b.getI32Type();
  Value valid, out;
  if (n.has(ValidLength))
    valid = n.reshape(n.cast(n.operand(ValidLength), i32),
                      {n.dims(ValidLength)[0], n.dim(1), n.dim(1), n.dim(1)});
  Value key = count(keys, 3);
  if (left >= 0 || right >= 0) {
    Value position = count(queries, 2);
    if (valid)
      position = n.binary(BinaryFn::add, position, n.binary(BinaryFn::sub, valid, integer(queries)));
    else if (n.has(PastKey))
      position = n.binary(BinaryFn::add, position, integer(n.dims(PastKey)[2]));
    auto limit = [&](BinaryFn side, int64_t distance) {
      // No size is larger than what is added here.
      Value end = distance ? n.binary(BinaryFn::add, position,
                                      n.scalar(std::clamp<int64_t>(distance, -(1 << 30), 1 << 30), i32))
                           : position;
      out = both(out, n.binary(side, key, end));
    };
    if (right >= 0) limit(BinaryFn::less_or_equal, right);
    if (left >= 0) limit(BinaryFn::greater_or_equal, -left);
  }
  if (valid) out = both(out, n.binary(BinaryFn::less, key, valid));
  // Without padding, key 0 is left of every position; a window that moves past the last key sees none.
  mayBeEmpty = valid || left >= 0;
  return out;
}

/// Rows of the scores, as [..., queries, 1], in which everything is masked; null where there can be none.
/// Their softmax has no value, and the result is zero.
Value Attention::findEmptyRows() {
  if (!mayBeEmpty) return {};
  Value bias = added ? added : n.scalar(0, type), none = n.scalar(minusInfinity, type);
  if (allowed) bias = n.create<WhereOp>(allowed, bias, none);
  if (n.hasFailed()) return {};
  int64_t rank = getDims(bias).size();
  return n.binary(BinaryFn::equal, n.reduce(ReduceFn::max, bias, {rank - 1}, true), none);
}

Value Attention::multiply(Value a, Value b, bool transposeB, double scale) {
  if (n.hasFailed()) return {};
  Dims da = getDims(a), db = getDims(b);
  bool isShared = dimCompare(da[1], db[1]).value_or(0) != 0;
  if (isShared) {
    DimExpr share = dimExactDiv(da[1], db[1]);
    if (!share || dimValue(share) == 0) {
      n.report(dimToString(da[1]) + " heads of the query cannot share " + dimToString(db[1]) +
               " heads of key and value");
      return {};
    }
    a = n.reshape(a, {da[0], db[1], dimSimplify(share * da[2]), da[3]});
  }
  Value product = n.create<MatMulOp>(a, b, Value(), false, transposeB);
  if (scale != 1) product = n.binary(BinaryFn::mul, product, n.scalar(scale, type));
  if (n.hasFailed() || !isShared) return product;
  return n.reshape(product, {getDims(product)[0], da[1], da[2], getDims(product)[3]});
}

LogicalResult Attention::run() {
  if (failed(check())) return failure();
  q = splitHeads(Q, "q_num_heads");
  k = append(n.operand(PastKey), splitHeads(K, "kv_num_heads"));
  v = append(n.operand(PastValue), splitHeads(V, "kv_num_heads"));
  if (n.hasFailed() || failed(n.result(1, k)) || failed(n.result(2, v))) return failure();
  // Products would broadcast what must be one batch, and one set of keys and values.
  Dims ofQ = getDims(q), ofK = getDims(k), ofV = getDims(v);
  auto same = [&](DimExpr a, DimExpr b, const Twine &what) {
    return n.requireEqual(a, b,
                          what + " are " + dimToString(a) + " and " + dimToString(b) + ", but must be equal");
  };
  if (failed(same(ofQ[0], ofK[0], "the batches of Q and K")) ||
      failed(same(ofK[0], ofV[0], "the batches of K and V")) ||
      failed(same(ofK[1], ofV[1], "the heads of K and V")) ||
      failed(same(ofK[2], ofV[2], "the lengths of K and V")))
    return failure();
  if (n.has(ValidLength) &&
      failed(same(n.dims(ValidLength)[0], ofQ[0], "the sizes of nonpad_kv_seqlen and of the batch")))
    return failure();

  double scale;
  if (n.hasAttribute("scale")) {
    scale = n.floatAttr("scale", 1);
  } else {
    auto size = dimValue(getDims(q)[3]);
    if (!size || *size == 0) return n.fail("the size of a head must be fixed, or attribute 'scale' be given");
    scale = 1 / std::sqrt(double(*size));
  }
  allowed = findAllowed();
  if (n.has(Mask)) {
    Value mask = readMask();
    mayBeEmpty = true;
    if (n.element(Mask).isInteger(1)) {
      allowed = both(allowed, mask);
    } else {
      added = n.cast(mask, type);
    }
  }

  Value scores = multiply(q, k, /*transposeB=*/true, scale);
  emit(Product, scores);
  if (float cap = n.floatAttr("softcap", 0); cap > 0) {
    Value limit = n.scalar(cap, type);
    scores = n.binary(BinaryFn::mul, n.unary(UnaryFn::tanh, n.binary(BinaryFn::div, scores, limit)), limit);
  }
  emit(SoftCapped, scores);
  if (added) scores = n.binary(BinaryFn::add, scores, added);
  if (allowed) scores = n.create<WhereOp>(allowed, scores, n.scalar(minusInfinity, type));
  emit(Masked, scores);
  if (n.hasAttribute("softmax_precision")) {
    auto precision = static_cast<model::DType>(n.intAttr("softmax_precision", 0));
    Type wide = getElementType(n.context(), precision);
    if (!isa_and_nonnull<FloatType>(wide))
      return n.fail("attribute 'softmax_precision' is " + model::dtypeName(precision) +
                    ", which is no float");
    scores = n.cast(scores, wide);
  }
  Value probabilities = n.create<SoftmaxOp>(scores, 3, /*log=*/false);
  Value isEmpty = findEmptyRows(), zero = n.scalar(0, type);
  probabilities = n.cast(probabilities, type);
  if (n.wants(3) && isEmpty) emit(Probabilities, n.create<WhereOp>(isEmpty, zero, probabilities));
  if (!isEmpty) emit(Probabilities, probabilities);

  Value y = multiply(probabilities, n.cast(v, type), /*transposeB=*/false);
  if (isEmpty) y = n.create<WhereOp>(isEmpty, zero, y);
  if (n.hasFailed() || !isMerged) return n.result(y);
  Dims d = getDims(y);
  return n.result(n.reshape(n.transpose(y, {0, 2, 1, 3}), {d[0], d[2], dimSimplify(d[1] * d[3])}));
}

LogicalResult importAttention(NodeImporter &n) {
  return Attention(n).run();
}

//===-- RotaryEmbedding ---------------------------------------------------===//

/// The table of cosines or sines as the input's halves read it: at each token's position, for all heads.
static FailureOr<Value> rotaryTable(NodeImporter &n, unsigned i, DimExpr half, bool headsFirst) {
  bool hasPositions = n.has(3);
  int64_t rank = hasPositions ? 2 : 3;
  if (n.rank(i) != rank)
    return n.fail("input " + Twine(i) + " must have " + Twine(rank) + " dimensions " +
                  (hasPositions ? "with" : "without") + " position_ids, but has " + Twine(n.rank(i)));
  if (failed(n.requireEqual(half, n.dims(i).back(),
                            "input " + Twine(i) + " has rows of " + dimToString(n.dims(i).back()) +
                                ", expected half of the dimensions that are rotated, " + dimToString(half))))
    return failure();
  Value table = n.operand(i);
  if (hasPositions) table = n.create<GatherOp>(table, n.operand(3), 0);
  if (n.hasFailed()) return failure();
  Dims d = getDims(table);
  d.insert(d.begin() + (headsFirst ? 1 : 2), n.dim(1));
  return n.reshape(table, d);
}

LogicalResult importRotaryEmbedding(NodeImporter &n) {
  int64_t rank = n.rank(0);
  if (rank != 3 && rank != 4) return n.fail("input 0 must have 3 or 4 dimensions, but has " + Twine(rank));
  if (n.has(3) && n.rank(3) != 2)
    return n.fail("input 3 (position_ids) must have 2 dimensions, but has " + Twine(n.rank(3)));
  Value x = n.operand(0);
  Dims given = n.dims(0);
  if (rank == 3) {
    int64_t heads = n.intAttr("num_heads", 0);
    if (heads < 1 || heads > INT32_MAX)
      return n.fail("attribute 'num_heads' is missing or out of range: a 3-D input needs it");
    DimExpr size = dimSimplify(given[2].floorDiv(heads));
    if (failed(n.requireEqual(size * heads, given[2],
                              "dimension 2 of input 0 is " + dimToString(given[2]) +
                                  ", which is not a multiple of " + Twine(heads) + " heads")))
      return failure();
    x = n.reshape(x, {given[0], given[1], n.dim(heads), size});
  }
  if (n.hasFailed()) return failure();
  Dims dims = getDims(x), starts(4, n.dim(0));
  auto size = dimValue(dims[3]);
  if (!size) return n.fail("the size of a head must be fixed, but is " + dimToString(dims[3]));
  int64_t rotated = n.intAttr("rotary_embedding_dim", 0);
  if (rotated == 0) rotated = *size;
  if (rotated < 0 || rotated > *size || rotated % 2)
    return n.fail("it rotates " + Twine(rotated) + " dimensions of heads of " + Twine(*size) +
                  ", expected an even number of at most that");
  DimExpr half = n.dim(rotated / 2);
  auto cosine = rotaryTable(n, 1, half, rank == 4), sine = rotaryTable(n, 2, half, rank == 4);
  if (failed(cosine) || failed(sine)) return failure();

  // Pairs of elements are turned: neighbours, or one of each half.
  bool isInterleaved = n.flagAttr("interleaved", false);
  auto part = [&](int64_t start, int64_t count, int64_t step) {
    starts[3] = n.dim(start), dims[3] = n.dim(count);
    return n.slice(x, starts, dims, {1, 1, 1, step});
  };
  Value a = isInterleaved ? part(0, rotated / 2, 2) : part(0, rotated / 2, 1);
  Value b = isInterleaved ? part(1, rotated / 2, 2) : part(rotated / 2, rotated / 2, 1);
  auto product = [&](Value u, Value v) { return n.binary(BinaryFn::mul, u, v); };
  Value real = n.binary(BinaryFn::sub, product(a, *cosine), product(b, *sine));
  Value imaginary = n.binary(BinaryFn::add, product(a, *sine), product(b, *cosine));
  if (isInterleaved) {
    Dims pairs = dims;
    pairs[3] = half, pairs.push_back(n.dim(1));
    real = n.reshape(real, pairs), imaginary = n.reshape(imaginary, pairs);
  }
  Value y = n.create<ConcatOp>(ValueRange({real, imaginary}), isInterleaved ? 4 : 3);
  dims[3] = n.dim(rotated);
  if (!n.hasFailed()) y = n.reshape(y, dims);
  if (rotated < *size) y = n.create<ConcatOp>(ValueRange({y, part(rotated, *size - rotated, 1)}), 3);
  return n.result(n.reshape(y, given));
}

//===-- TensorScatter -----------------------------------------------------===//

/// Rows of the update go to consecutive rows of the cache, from where each sample says on.
LogicalResult importTensorScatter(NodeImporter &n) {
  int64_t rank = n.rank(0), axis = n.axisAttr(-2, rank);
  StringRef mode = n.stringAttr("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return n.fail("attribute 'mode' is " + model::quote(mode) + ", expected linear or circular");
  if (n.hasFailed()) return failure();
  if (axis == 0) return n.fail("attribute 'axis' is 0, which is the batch");
  if (n.rank(1) != rank)
    return n.fail("past_cache and update must have equally many dimensions, but have " + Twine(rank) +
                  " and " + Twine(n.rank(1)));
  if (n.has(2) && n.rank(2) != 1)
    return n.fail("input 2 (write_indices) must have one dimension, but has " + Twine(n.rank(2)));
  Dims cache = n.dims(0), update = n.dims(1);
  for (int64_t i = 0; i < rank; ++i) {
    std::string message = "an update of " + dimToString(update[i]) + " along axis " + std::to_string(i) +
                          " does not fit a cache of " + dimToString(cache[i]);
    if (failed(i == axis ? n.requireAtMost(update[i], cache[i], message)
                         : n.requireEqual(cache[i], update[i], message)))
      return failure();
  }

  // As matrices of rows: [batch and what lies before the axis, axis, the rest].
  auto product = [&](ArrayRef<DimExpr> d) { return dimProduct(n.context(), d); };
  DimExpr outer = product(ArrayRef(cache).take_front(axis)),
          inner = product(ArrayRef(cache).drop_front(axis + 1));
  DimExpr perSample = product(ArrayRef(cache).slice(1, axis - 1)), rows = update[axis], one = n.dim(1);
  Type i64 = n.b.getI64Type();
  auto count = [&](DimExpr size) {
    return n.createTyped<RangeOp>(getTensorType({size}, i64), n.scalar(0, i64), n.scalar(1, i64));
  };
  Value position = n.reshape(count(rows), {one, rows, one});
  if (n.has(2)) {
    // Around the end, it may be anywhere behind the beginning.
    DimExpr end = mode == "circular" ? n.dim(INT64_MAX) : cache[axis];
    CheckIndexOp::createFor(n.b, n.loc, n.operand(2), end, /*fromEnd=*/false);
    Value start = n.expand(n.reshape(n.operand(2), {cache[0], one}), {cache[0], perSample});
    position = n.binary(BinaryFn::add, position, n.reshape(start, {outer, one, one}));
  }
  if (mode == "circular")
    position = n.binary(BinaryFn::mod, position, n.materialize(Known::scalar(cache[axis], i64)));
  position = n.expand(position, {outer, rows, one});
  Value block = n.expand(n.reshape(count(outer), {outer, one, one}), {outer, rows, one});
  Value at = n.create<ConcatOp>(ValueRange({block, position}), 2);
  Value data = n.reshape(n.operand(0), {outer, cache[axis], inner});
  Value updates = n.reshape(n.operand(1), {outer, rows, inner});
  Value y = n.create<ScatterNDOp>(data, at, updates, ScatterFn::none);
  return n.result(n.reshape(y, cache));
}

//===-- CausalConvWithState -----------------------------------------------===//

LogicalResult importCausalConvWithState(NodeImporter &n) {
  for (unsigned i : {0u, 1u, 3u})
    if (n.has(i) && n.rank(i) != 3)
      return n.fail("input " + Twine(i) + " must have 3 dimensions, but has " + Twine(n.rank(i)));
  StringRef activation = n.stringAttr("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return n.fail("attribute 'activation' is " + model::quote(activation) + ", expected none, silu or swish");
  auto channels = dimValue(n.dims(1)[0]), taps = dimValue(n.dims(1)[2]);
  if (!channels || !taps || *taps < 1) return n.fail("input 1 (weight) must have a fixed, non-empty shape");
  Value x = n.operand(0);
  Dims dims = n.dims(0), state = dims, low(3, n.dim(0));
  state[2] = n.dim(*taps - 1);
  if (n.has(3)) {
    x = n.create<ConcatOp>(ValueRange({n.operand(3), x}), 2);
  } else if (*taps > 1) {
    low[2] = state[2], dims[2] = dimSimplify(dims[2] + state[2]);
    x = n.createTyped<PadOp>(getTensorType(dims, n.element(0)), x, Value(), DimsAttr::get(n.context(), low),
                             PadMode::constant);
  }
  if (n.hasFailed()) return failure();
  if (n.wants(1)) {
    Dims starts(3, n.dim(0));
    starts[2] = dimSimplify(getDims(x)[2] - state[2]);
    if (failed(n.result(1, n.slice(x, starts, state, {1, 1, 1})))) return failure();
  }
  Value y = n.create<ConvOp>(x, n.operand(1), n.operand(2), ArrayRef<int64_t>{1}, ArrayRef<int64_t>{0, 0},
                             ArrayRef<int64_t>{1}, *channels, /*channels_last=*/false);
  return n.result(activation == "none" ? y : n.unary(UnaryFn::silu, y, 1));
}

} // namespace girih
