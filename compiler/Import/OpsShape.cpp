// Operators that move or view data along shapes: the Reshape family, Slice, Split, Concat, Expand, Tile, Pad,
// ...
#include "compiler/Import/Handlers.h"
#include "dialects/Graph/Inference.h"

using namespace mlir;

namespace girih {

using Dims = NodeImporter::Dims;
using Ints = NodeImporter::Ints;

/// Axes from an attribute (old versions) or input 1 (new ones); nothing where there are none.
static FailureOr<std::optional<Ints>> axesOf(NodeImporter &n, int inputSince) {
  if (n.since() < inputSince) return n.intsAttr("axes");
  if (!n.has(1)) return std::optional<Ints>();
  auto v = n.constantInts(1, "axes");
  if (failed(v)) return failure();
  return std::optional<Ints>(std::move(*v));
}

/// A shape that is given at run time may hold 0 (the operand's size) and one -1 (what is left).
static FailureOr<Dims> runtimeReshapeDims(NodeImporter &n, ArrayRef<DimExpr> target, bool allowZero) {
  Dims in = n.dims(0), given, out;
  DimExpr one = n.dim(1), inferred = n.dim(0);
  for (auto [i, d] : llvm::enumerate(target)) {
    DimExpr size = !allowZero && i < in.size() ? dimSelect(-d, d, in[i]) : d;
    // A 0 has nothing to keep behind the operand's last dimension.
    if (!allowZero && i >= in.size() &&
        failed(n.requireAtMost(one, dimSelect(d, one, d),
                               "its shape has a 0 at position " + Twine(i) + ", but the input has only " +
                                   Twine(in.size()) + " dimensions")))
      return failure();
    given.push_back(dimSelect(d, one, size)); // a -1 does not count
    out.push_back(size);
    inferred = inferred + dimSelect(d, one, n.dim(0));
    if (failed(n.requireAtMost(n.dim(-1), d, "its shape has the negative size " + dimToString(d))))
      return failure();
  }
  if (failed(n.requireAtMost(inferred, one, "its shape has more than one -1"))) return failure();
  if (failed(n.requireAtMost(inferred, dimProduct(n.context(), given),
                             "the size for -1 in its shape cannot be told: another one is 0")))
    return failure();
  DimExpr rest = dimSimplify(dimProduct(n.context(), in).floorDiv(dimProduct(n.context(), given)));
  for (auto [d, size] : llvm::zip_equal(target, out))
    size = dimSelect(d, rest, size);
  return out;
}

/// A size in a shape that follows from other sizes may be 0, and stands for the operand's own then. That is
/// the same where the operand's is 0 too; calls for which it is not are refused, as a choice of sizes would
/// be in the way of every pass behind it.
static LogicalResult requireSameAtZero(NodeImporter &n, size_t i, DimExpr d) {
  Dims in = n.dims(0);
  if (i < in.size() && dimQuotient(n.context(), in[i], d)) return success();
  DimExpr one = n.dim(1);
  return n.requireAtMost(i < in.size() ? dimMin(one, in[i]) : one, d,
                         "its shape has a size of 0 at position " + Twine(i));
}

FailureOr<Dims> reshapeDims(NodeImporter &n) {
  auto target = n.shapeOperand(1, "shape");
  if (failed(target)) return failure();
  if (n.rank(1) != 1) return n.fail("input 1 (shape) must have one dimension");
  Dims in = n.dims(0), out;
  bool allowZero = n.flagAttr("allowzero", false);
  if (llvm::any_of(*target, dimHasData)) return runtimeReshapeDims(n, *target, allowZero);
  std::optional<size_t> inferred;
  for (auto [i, d] : llvm::enumerate(*target)) {
    auto v = dimValue(d);
    if (v && *v == 0 && !allowZero) {
      if (i >= in.size())
        return n.fail("its shape has a 0 at position " + Twine(i) + ", but the input has only " +
                      Twine(in.size()) + " dimensions");
      d = in[i];
    } else if (v && *v == -1) {
      if (inferred) return n.fail("its shape has more than one -1");
      inferred = i;
    } else if (v && *v < 0) {
      return n.fail("its shape has the negative size " + Twine(*v));
    } else if (!v && !allowZero && failed(requireSameAtZero(n, i, d))) {
      return failure();
    }
    out.push_back(d);
  }
  if (inferred) {
    Dims others(out);
    others.erase(others.begin() + *inferred);
    DimExpr product = dimProduct(n.context(), others);
    DimExpr size;
    if (dimValue(product) == 0)
      return n.fail("the size for -1 in its shape " + dimsToString(out) +
                    " cannot be told: another one is 0");
    size = dimQuotient(n.context(), in, others);
    if (!size) {
      // Not known to divide: the sizes that a call gives have to.
      DimExpr total = dimProduct(n.context(), in);
      if (dimValue(total) && dimValue(product))
        return n.fail("input of shape " + dimsToString(in) + " cannot be reshaped to " + dimsToString(out));
      size = dimSimplify(total.floorDiv(product));
    }
    out[*inferred] = size;
  }
  auto total = dimCompare(dimProduct(n.context(), in), dimProduct(n.context(), out));
  if (total && *total != 0)
    return n.fail("input of shape " + dimsToString(in) + " cannot be reshaped to " + dimsToString(out));
  return out;
}

FailureOr<Dims> flattenDims(NodeImporter &n) {
  Dims in = n.dims(0);
  int64_t rank = in.size(), axis = n.intAttr("axis", 1);
  if (axis < -rank || axis > rank)
    return n.fail("axis " + Twine(axis) + " is outside of [" + Twine(-rank) + ", " + Twine(rank) + "]");
  if (axis < 0) axis += rank;
  return Dims{dimProduct(n.context(), ArrayRef(in).take_front(axis)),
              dimProduct(n.context(), ArrayRef(in).drop_front(axis))};
}

FailureOr<Dims> squeezeDims(NodeImporter &n) {
  Dims in = n.dims(0), out;
  auto given = axesOf(n, 13);
  if (failed(given)) return failure();
  Ints axes;
  if (*given) {
    axes = n.axes(**given, in.size());
  } else {
    for (auto [i, d] : llvm::enumerate(in))
      if (dimValue(d) == 1) axes.push_back(i);
  }
  if (n.hasFailed()) return failure();
  for (auto [i, d] : llvm::enumerate(in)) {
    if (!llvm::is_contained(axes, int64_t(i))) {
      out.push_back(d);
    } else if (failed(n.requireEqual(n.dim(1), d,
                                     "axis " + Twine(i) + " has size " + dimToString(d) +
                                         ", and only sizes of 1 can be squeezed"))) {
      return failure();
    }
  }
  return out;
}

FailureOr<Dims> unsqueezeDims(NodeImporter &n) {
  Dims in = n.dims(0), out;
  auto given = axesOf(n, 13);
  if (failed(given)) return failure();
  if (!*given) return n.fail("attribute 'axes' is missing");
  int64_t rank = in.size() + (*given)->size();
  Ints axes = n.axes(**given, rank);
  if (n.hasFailed()) return failure();
  const DimExpr *next = in.begin();
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(llvm::is_contained(axes, i) ? n.dim(1) : *next++);
  return out;
}

static LogicalResult importView(NodeImporter &n, FailureOr<Dims> dims) {
  if (failed(dims)) return failure();
  return n.result(n.reshape(n.operand(0), *dims));
}
LogicalResult importReshape(NodeImporter &n) {
  return importView(n, reshapeDims(n));
}
LogicalResult importFlatten(NodeImporter &n) {
  return importView(n, flattenDims(n));
}
LogicalResult importSqueeze(NodeImporter &n) {
  return importView(n, squeezeDims(n));
}
LogicalResult importUnsqueeze(NodeImporter &n) {
  return importView(n, unsqueezeDims(n));
}

LogicalResult importIdentity(NodeImporter &n) {
  return n.result(n.operand(0));
}

/// Operators whose results are always known (Shape, Size): the integers as a tensor.
LogicalResult importKnown(NodeImporter &n) {
  SmallVector<Known> known;
  if (!n.row.known(n, known)) return n.fail("its result is too large for shape arithmetic");
  return n.result(n.materialize(known[0]));
}

LogicalResult importTranspose(NodeImporter &n) {
  int64_t rank = n.rank(0);
  Ints permutation;
  if (auto perm = n.intsAttr("perm")) {
    permutation = *perm;
    for (int64_t &p : permutation)
      p = n.axis(p, rank, "an entry of perm");
    Ints sorted(permutation);
    llvm::sort(sorted);
    if (int64_t(sorted.size()) != rank || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      return n.fail("attribute 'perm' must hold each of the " + Twine(rank) + " dimensions once");
  } else {
    for (int64_t i = rank; i-- > 0;)
      permutation.push_back(i);
  }
  return n.result(n.transpose(n.operand(0), permutation));
}

LogicalResult importExpand(NodeImporter &n) {
  auto target = n.shapeOperand(1, "shape");
  if (failed(target)) return failure();
  auto dims = n.broadcast(n.dims(0), *target);
  if (failed(dims))
    return n.fail("input of shape " + dimsToString(n.dims(0)) + " does not broadcast with " +
                  dimsToString(*target));
  return n.result(n.expand(n.operand(0), *dims));
}

LogicalResult importTile(NodeImporter &n) {
  auto repeats = n.shapeOperand(1, "repeats");
  if (failed(repeats)) return failure();
  Dims dims = n.dims(0);
  if (repeats->size() != dims.size())
    return n.fail("input 1 (repeats) has " + Twine(repeats->size()) + " elements, but input 0 has " +
                  Twine(dims.size()) + " dimensions");
  for (auto [d, r] : llvm::zip_equal(dims, *repeats)) {
    if (failed(n.requireAtMost(n.dim(0), r, "input 1 (repeats) has the negative value " + dimToString(r))))
      return failure();
    d = dimSimplify(d * r);
  }
  return n.result(n.createTyped<TileOp>(getTensorType(dims, n.element(0)), n.operand(0)));
}

LogicalResult importConcat(NodeImporter &n) {
  if (!n.hasAttribute("axis")) return n.fail("attribute 'axis' is missing");
  SmallVector<Value> parts = n.operandsFrom(0);
  if (n.hasFailed()) return failure();
  int64_t axis = n.axisAttr(1, n.rank(0));
  return n.result(parts.size() == 1 ? parts[0] : n.create<ConcatOp>(ValueRange(parts), axis));
}

//===-- Slice and Split ---------------------------------------------------===//

FailureOr<SliceParameters> sliceParameters(NodeImporter &n) {
  Dims in = n.dims(0), starts, ends;
  int64_t rank = in.size();
  std::optional<Ints> axes;
  Ints steps;
  if (n.since() < 10) {
    auto s = n.intsAttr("starts"), e = n.intsAttr("ends");
    if (!s || !e) return n.fail("attributes 'starts' and 'ends' are needed");
    for (int64_t v : *s)
      starts.push_back(n.dim(v));
    for (int64_t v : *e)
      ends.push_back(n.dim(v));
    axes = n.intsAttr("axes");
  } else {
    auto s = n.shapeOperand(1, "starts");
    if (failed(s)) return failure();
    auto e = n.shapeOperand(2, "ends");
    if (failed(e)) return failure();
    starts = *s, ends = *e;
    if (n.has(3)) {
      auto a = n.constantInts(3, "axes");
      if (failed(a)) return failure();
      axes = *a;
    }
    if (n.has(4)) {
      auto v = n.constantInts(4, "steps");
      if (failed(v)) return failure();
      steps = *v;
    }
  }
  if (!axes) axes = llvm::to_vector(llvm::seq<int64_t>(0, starts.size()));
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes->size() != starts.size() || steps.size() != starts.size())
    return n.fail("starts, ends, axes and steps must be equally many, but are " + Twine(starts.size()) +
                  ", " + Twine(ends.size()) + ", " + Twine(axes->size()) + " and " + Twine(steps.size()));
  SliceParameters out;
  out.starts.assign(rank, n.dim(0));
  out.sizes = in;
  out.steps.assign(rank, 1);
  SmallVector<bool> seen(rank);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = n.axis((*axes)[i], rank);
    if (n.hasFailed()) return failure();
    if (seen[axis]) return n.fail("axis " + Twine(axis) + " is given twice");
    seen[axis] = true;
    // A step beyond any size takes one element, as INT32_MAX does.
    int64_t step = std::clamp<int64_t>(steps[i], -INT32_MAX, INT32_MAX);
    if (step == 0) return n.fail("a step of 0 is not allowed");
    std::tie(out.starts[axis], out.sizes[axis]) = dimSlice(in[axis], starts[i], ends[i], step);
    out.steps[axis] = step;
  }
  return out;
}

LogicalResult importSlice(NodeImporter &n) {
  auto s = sliceParameters(n);
  if (failed(s)) return failure();
  Dims in = n.dims(0);
  bool isWhole =
      ArrayRef(s->sizes) == ArrayRef(in) && llvm::all_of(s->steps, [](int64_t v) { return v == 1; });
  return n.result(isWhole ? n.operand(0) : n.slice(n.operand(0), s->starts, s->sizes, s->steps));
}

FailureOr<Dims> splitSizes(NodeImporter &n, int64_t axis) {
  if (n.hasFailed()) return failure();
  DimExpr total = n.dims(0)[axis];
  Dims sizes;
  int64_t parts = n.node.outputs.size();
  bool isGiven = n.since() < 13 ? n.hasAttribute("split") : n.has(1);
  if (isGiven && n.since() < 13) {
    for (int64_t v : n.intsAttr("split").value_or(Ints()))
      sizes.push_back(n.dim(v));
  } else if (isGiven) {
    auto v = n.shapeOperand(1, "split");
    if (failed(v)) return failure();
    sizes = *v;
  } else {
    if (n.since() >= 18 && n.intAttr("num_outputs", parts) != parts)
      return n.fail("attribute 'num_outputs' is " + Twine(n.intAttr("num_outputs", 0)) +
                    ", but the node has " + Twine(parts) + " outputs");
    // From version 18 on the last part may be smaller.
    DimExpr size = dimExactDiv(total, n.dim(parts));
    if (!size) size = dimSimplify(n.since() < 18 ? total.floorDiv(parts) : total.ceilDiv(parts));
    sizes.assign(parts, size);
    if (n.since() >= 18) sizes.back() = dimSimplify(total - size * (parts - 1));
  }
  if (int64_t(sizes.size()) != parts)
    return n.fail("it has " + Twine(parts) + " outputs, but " + Twine(sizes.size()) + " sizes are given");
  DimExpr sum = n.dim(0);
  for (DimExpr s : sizes) {
    if (failed(n.requireAtMost(n.dim(0), s, "the split size " + dimToString(s) + " is negative")))
      return failure();
    sum = sum + s;
  }
  if (failed(n.requireEqual(
          sum, total, "the split sizes " + dimsToString(sizes) + " do not add up to " + dimToString(total))))
    return failure();
  return sizes;
}

LogicalResult importSplit(NodeImporter &n) {
  int64_t axis = n.axisAttr(0, n.rank(0));
  auto sizes = splitSizes(n, axis);
  if (failed(sizes)) return failure();
  Dims starts(n.rank(0), n.dim(0)), dims = n.dims(0);
  Ints steps(n.rank(0), 1);
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    dims[axis] = size;
    if (n.wants(i) && failed(n.result(i, n.slice(n.operand(0), starts, dims, steps)))) return failure();
    starts[axis] = dimSimplify(starts[axis] + size);
  }
  return success();
}

//===-- Pad ---------------------------------------------------------------===//

LogicalResult importPad(NodeImporter &n) {
  Dims in = n.dims(0), pads;
  int64_t rank = in.size();
  StringRef modeName = n.stringAttr("mode", "constant");
  auto mode = symbolizePadMode(modeName);
  if (!mode || (*mode == PadMode::wrap && n.since() < 18))
    return n.fail("attribute 'mode' is " + model::quote(modeName) +
                  ", expected constant, reflect, edge or (from version 19 on) wrap");
  Value value;
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (n.since() < 11) {
    auto attr = n.intsAttr("pads");
    if (!attr) return n.fail("attribute 'pads' is missing");
    for (int64_t v : *attr)
      pads.push_back(n.dim(v));
    if (*mode == PadMode::constant) value = n.scalar(n.floatAttr("value", 0), n.element(0));
  } else {
    auto p = n.shapeOperand(1, "pads");
    if (failed(p)) return failure();
    pads = *p;
    if (n.has(2) && *mode == PadMode::constant) value = n.reshape(n.operand(2), {});
    if (n.has(3)) {
      auto a = n.constantInts(3, "axes");
      if (failed(a)) return failure();
      axes = *a;
    }
  }
  if (pads.size() != 2 * axes.size())
    return n.fail("pads has " + Twine(pads.size()) + " values, expected " + Twine(2 * axes.size()) +
                  " (begin and end of each axis)");
  Dims low(rank, n.dim(0)), dims = in;
  bool changes = false;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = n.axis(axes[i], rank);
    if (n.hasFailed()) return failure();
    low[axis] = pads[i];
    dims[axis] = dimSimplify(dims[axis] + pads[i] + pads[i + axes.size()]);
    changes |= dimValue(pads[i]) != 0 || dimValue(pads[i + axes.size()]) != 0;
  }
  if (!changes) return n.result(n.operand(0));
  return n.result(n.createTyped<PadOp>(getTensorType(dims, n.element(0)), n.operand(0), value,
                                       DimsAttr::get(n.context(), low), *mode));
}

//===-- Blocks ------------------------------------------------------------===//

LogicalResult importDepthToSpace(NodeImporter &n) {
  int64_t block = n.intAttr("blocksize", 0);
  if (n.rank(0) != 4) return n.fail("input 0 must have 4 dimensions, but has " + Twine(n.rank(0)));
  if (block < 1 || block > INT16_MAX) return n.fail("attribute 'blocksize' is missing or out of range");
  StringRef mode = n.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") return n.fail("attribute 'mode' must be DCR or CRD");
  Dims d = n.dims(0);
  DimExpr bl = n.dim(block), c = dimSimplify(d[1].floorDiv(block * block));
  if (failed(n.requireEqual(c * (block * block), d[1],
                            "channels (" + dimToString(d[1]) +
                                ") must be a multiple of blocksize² = " + Twine(block * block))))
    return failure();
  bool isDcr = mode == "DCR";
  Value x =
      n.reshape(n.operand(0), isDcr ? Dims{d[0], bl, bl, c, d[2], d[3]} : Dims{d[0], c, bl, bl, d[2], d[3]});
  x = n.transpose(x, isDcr ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3});
  return n.result(n.reshape(x, {d[0], c, dimSimplify(d[2] * block), dimSimplify(d[3] * block)}));
}

LogicalResult importSpaceToDepth(NodeImporter &n) {
  int64_t block = n.intAttr("blocksize", 0);
  if (n.rank(0) != 4) return n.fail("input 0 must have 4 dimensions, but has " + Twine(n.rank(0)));
  if (block < 1 || block > INT16_MAX) return n.fail("attribute 'blocksize' is missing or out of range");
  StringRef mode = n.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") return n.fail("attribute 'mode' must be DCR or CRD");
  Dims d = n.dims(0);
  DimExpr bl = n.dim(block), h, w;
  for (auto [from, to] : {std::pair{d[2], &h}, std::pair{d[3], &w}}) {
    *to = dimSimplify(from.floorDiv(block));
    if (failed(n.requireEqual(*to * block, from,
                              "height and width (" + dimsToString({d[2], d[3]}) +
                                  ") must be multiples of blocksize " + Twine(block))))
      return failure();
  }
  Value x = n.reshape(n.operand(0), {d[0], d[1], h, bl, w, bl});
  x = n.transpose(x, mode == "DCR" ? Ints{0, 3, 5, 1, 2, 4} : Ints{0, 1, 3, 5, 2, 4});
  return n.result(n.reshape(x, {d[0], dimSimplify(d[1] * (block * block)), h, w}));
}

} // namespace girih
