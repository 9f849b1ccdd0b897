// Convolutions and transposed convolutions, channels last or first, with groups.
#include "passes/GraphToLinalg/Lowering.h"

using namespace mlir;
using namespace girih;

namespace {

/// The loops of a convolution: those of the result, in its layout, with output channels split into (group,
/// member) if there are several groups of several channels; then the kernel's and, unless a group has only
/// one, the input channels.
struct ConvLoops {
  SmallVector<DimExpr> sizes;
  SmallVector<unsigned> spatial, kernel;
  unsigned group = 0, member = 0; // the output channel; equal if it is not split
  std::optional<unsigned> input;
  bool isSplit = false;
  std::shared_ptr<const Space> space; // null if not split
  unsigned numParallel = 0;
};

} // namespace

/// `groupSize` is the number of output channels of a group, `inputs` of input channels.
static ConvLoops getLoops(Lowering &l, ArrayRef<DimExpr> result, ArrayRef<DimExpr> kernel, int64_t groups,
                          int64_t groupSize, int64_t inputs, bool channelsLast) {
  MLIRContext *ctx = l.b.getContext();
  ConvLoops loops;
  unsigned rank = result.size(), channel = channelsLast ? rank - 1 : 1;
  loops.isSplit = groups > 1 && groupSize > 1;
  Exprs toGraph, fromGraph;
  for (unsigned i = 0; i < rank; ++i) {
    unsigned loop = loops.sizes.size();
    if (i == channel && loops.isSplit) {
      loops.group = loop, loops.member = loop + 1;
      loops.sizes.append({dimConstant(ctx, groups), dimConstant(ctx, groupSize)});
      toGraph.push_back(l.loop(loop) * groupSize + l.loop(loop + 1));
      fromGraph.append({l.loop(i).floorDiv(groupSize), l.loop(i) % groupSize});
      continue;
    }
    if (i == channel)
      loops.group = loops.member = loop;
    else if (i > 0)
      loops.spatial.push_back(loop);
    loops.sizes.push_back(result[i]);
    toGraph.push_back(l.loop(loop)), fromGraph.push_back(l.loop(i));
  }
  loops.numParallel = loops.sizes.size();
  if (loops.isSplit) {
    unsigned n = loops.numParallel;
    loops.space = std::make_shared<Space>(
        Space{loops.sizes, AffineMap::get(n, 0, toGraph, ctx), AffineMap::get(rank, 0, fromGraph, ctx)});
  }
  auto addInput = [&] {
    if (groups > 1 && inputs == 1) return;
    loops.input = loops.sizes.size();
    loops.sizes.push_back(dimConstant(ctx, inputs));
  };
  if (!channelsLast) addInput();
  for (DimExpr k : kernel)
    loops.kernel.push_back(loops.sizes.size()), loops.sizes.push_back(k);
  if (channelsLast) addInput();
  return loops;
}

/// A dimension that has to be known at compile time.
static FailureOr<int64_t> getStatic(Operation *op, DimExpr dim, StringRef what) {
  if (auto v = dimValue(dim)) return *v;
  op->emitOpError("has ") << what << " " << dimToString(dim)
                          << ", which must be known; pin its symbols with --dim NAME=VALUE";
  return failure();
}

static llvm::SmallBitVector getReductions(const ConvLoops &loops) {
  llvm::SmallBitVector reduced(loops.sizes.size());
  reduced.set(loops.numParallel, loops.sizes.size());
  return reduced;
}

static AffineExpr inputChannel(Lowering &l, const ConvLoops &loops) {
  return loops.input ? l.loop(*loops.input) : l.constant(0);
}

static std::optional<Read> readBias(Lowering &l, Value bias, const ConvLoops &loops, int64_t groupSize) {
  if (!bias) return std::nullopt;
  if (!loops.isSplit) return l.read(bias, {l.loop(loops.group)});
  return l.readGrouped(bias, 0, groupSize, {l.constant(0)}, l.loop(loops.group), l.loop(loops.member));
}

static Value multiplyAdd(Body &b, ArrayRef<Value> in) {
  return b.add(in[2], b.mul(in[0], in[1]));
}

LogicalResult girih::lower(Lowering &l, ConvOp op) {
  SmallVector<DimExpr> x = getDims(op.getX()), w = getDims(op.getW()), result = getDims(op.getResult());
  int64_t groups = op.getGroup();
  FailureOr<int64_t> outputs = getStatic(op, w[0], "a number of output channels");
  FailureOr<int64_t> inputs = getStatic(op, w[1], "a number of input channels");
  if (failed(outputs) || failed(inputs)) return failure();
  int64_t groupSize = *outputs / groups;
  bool channelsLast = op.getChannelsLast();
  ConvLoops loops = getLoops(l, result, ArrayRef(w).drop_front(2), groups, groupSize, *inputs, channelsLast);
  unsigned spatialRank = loops.spatial.size(), rank = x.size(), channel = channelsLast ? rank - 1 : 1;

  ArrayRef<int64_t> pads = op.getPads();
  llvm::SmallBitVector checked(rank);
  Exprs at(rank, l.loop(0));
  Exprs weightAt{l.constant(0), inputChannel(l, loops)};
  for (unsigned i = 0; i < spatialRank; ++i) {
    unsigned dim = channelsLast ? 1 + i : 2 + i;
    at[dim] = l.loop(loops.spatial[i]) * op.getStrides()[i] + l.loop(loops.kernel[i]) * op.getDilations()[i] -
              pads[i];
    checked[dim] = pads[i] != 0 || pads[spatialRank + i] != 0;
    weightAt.push_back(l.loop(loops.kernel[i]));
  }
  AffineExpr group = l.loop(loops.group), member = l.loop(loops.member), input = inputChannel(l, loops);
  at[channel] = groups == 1 ? input : group * *inputs + input;
  weightAt[0] = group;
  Read weights = loops.isSplit ? l.readGrouped(op.getW(), 0, groupSize, weightAt, group, member)
                               : l.read(op.getW(), weightAt);

  Type accumulator = getComputeType(op.getResult());
  Attribute zero = l.number(accumulator, 0);
  Value sum;
  if (checked.any()) {
    // Padding is materialised before this stage wherever it pays; what is left is tested element by element.
    sum = l.reduce(loops.sizes, getReductions(loops), accumulator, zero, {weights},
                   [&](Body &b, ArrayRef<Value> in) {
                     Value v = l.extractOr(b, op.getX(), at, checked, b.integer(in[0], 0));
                     return multiplyAdd(b, {v, in[0], in[1]});
                   });
  } else {
    Read data = loops.isSplit && loops.input ? l.readGrouped(op.getX(), channel, *inputs, at, group, input)
                                             : l.read(op.getX(), at);
    sum = l.reduce(loops.sizes, getReductions(loops), accumulator, zero, {data, weights}, multiplyAdd);
  }
  l.finishContraction(op.getResult(), sum, loops.space, readBias(l, op.getBias(), loops, groupSize));
  return success();
}

//===-- Transposed --------------------------------------------------------===//

/// With stride = kernel size no two inputs meet in an output: one product, output (i, k) lying at i * stride
/// + k.
static bool isDisjoint(ConvTransposeOp op) {
  auto zero = [](int64_t v) { return v == 0; };
  auto one = [](int64_t v) { return v == 1; };
  SmallVector<DimExpr> w = getDims(op.getW());
  for (auto [k, s] : llvm::zip(ArrayRef(w).drop_front(2), op.getStrides()))
    if (dimValue(k) != s) return false;
  return llvm::all_of(op.getPads(), zero) && llvm::all_of(op.getOutputPadding(), zero) &&
         llvm::all_of(op.getDilations(), one);
}

static LogicalResult lowerDisjoint(Lowering &l, ConvTransposeOp op, int64_t inputs, int64_t groupSize) {
  MLIRContext *ctx = l.b.getContext();
  SmallVector<DimExpr> x = getDims(op.getX()), w = getDims(op.getW());
  int64_t groups = op.getGroup();
  unsigned rank = x.size(), channel = op.getChannelsLast() ? rank - 1 : 1;
  SmallVector<DimExpr> loops;
  Exprs toGraph, fromGraph, at(rank, l.loop(0)), weightAt(rank, l.loop(0)), spatialLoops;
  AffineExpr group = l.constant(0), member;
  for (unsigned i = 0; i < rank; ++i) {
    unsigned n = loops.size();
    if (i == channel) {
      if (groups > 1) loops.push_back(dimConstant(ctx, groups)), group = l.loop(n++);
      if (groups > 1) fromGraph.push_back(l.loop(i).floorDiv(groupSize));
      loops.push_back(dimConstant(ctx, groupSize)), member = l.loop(n);
      fromGraph.push_back(groups > 1 ? l.loop(i) % groupSize : l.loop(i));
      toGraph.push_back(group * groupSize + member);
      continue;
    }
    at[i] = l.loop(n);
    loops.push_back(x[i]);
    if (i == 0) {
      toGraph.push_back(l.loop(n)), fromGraph.push_back(l.loop(i));
      continue;
    }
    unsigned axis = i - (channel == 1 ? 2 : 1);
    int64_t stride = op.getStrides()[axis];
    loops.push_back(w[2 + axis]);
    weightAt[2 + axis] = l.loop(n + 1);
    toGraph.push_back(l.loop(n) * stride + l.loop(n + 1));
    fromGraph.append({l.loop(i).floorDiv(stride), l.loop(i) % stride});
  }
  auto space = std::make_shared<Space>(
      Space{loops, AffineMap::get(loops.size(), 0, toGraph, ctx), AffineMap::get(rank, 0, fromGraph, ctx)});
  AffineExpr input = l.loop(loops.size());
  loops.push_back(dimConstant(ctx, inputs));
  llvm::SmallBitVector reduced(loops.size());
  reduced.set(loops.size() - 1);
  weightAt[1] = member;
  at[channel] = weightAt[0] = input;
  Read data =
      groups > 1 ? l.readGrouped(op.getX(), channel, inputs, at, group, input) : l.read(op.getX(), at);
  Read weights =
      groups > 1 ? l.readGrouped(op.getW(), 0, inputs, weightAt, group, input) : l.read(op.getW(), weightAt);
  Type accumulator = getComputeType(op.getResult());
  Value sum = l.reduce(loops, reduced, accumulator, l.number(accumulator, 0), {data, weights}, multiplyAdd);
  std::optional<Read> bias;
  if (op.getBias())
    bias = groups > 1 ? l.readGrouped(op.getBias(), 0, groupSize, {group}, group, member)
                      : l.read(op.getBias(), {member});
  l.finishContraction(op.getResult(), sum, space, bias);
  return success();
}

LogicalResult girih::lower(Lowering &l, ConvTransposeOp op) {
  SmallVector<DimExpr> w = getDims(op.getW()), result = getDims(op.getResult());
  int64_t groups = op.getGroup();
  FailureOr<int64_t> channels = getStatic(op, w[0], "a number of input channels");
  FailureOr<int64_t> groupSize = getStatic(op, w[1], "a number of output channels");
  if (failed(channels) || failed(groupSize)) return failure();
  int64_t inputs = *channels / groups;
  if (isDisjoint(op)) return lowerDisjoint(l, op, inputs, *groupSize);

  // As a gather: output o takes input (o + pad - k * dilation) / stride for each k where that is a whole
  // number.
  bool channelsLast = op.getChannelsLast();
  ConvLoops loops = getLoops(l, result, ArrayRef(w).drop_front(2), groups, *groupSize, inputs, channelsLast);
  unsigned rank = result.size(), channel = channelsLast ? rank - 1 : 1;
  Exprs at(rank, l.loop(0)), weightAt(rank, l.loop(0)), remainders;
  llvm::SmallBitVector checked(rank);
  for (unsigned i = 0; i < loops.spatial.size(); ++i) {
    unsigned dim = channelsLast ? 1 + i : 2 + i;
    int64_t stride = op.getStrides()[i];
    AffineExpr t =
        l.loop(loops.spatial[i]) + op.getPads()[i] - l.loop(loops.kernel[i]) * op.getDilations()[i];
    at[dim] = t.floorDiv(stride);
    if (stride != 1) remainders.push_back(t % stride);
    checked.set(dim);
    weightAt[2 + i] = l.loop(loops.kernel[i]);
  }
  AffineExpr group = l.loop(loops.group), input = inputChannel(l, loops);
  bool hasGroups = groups > 1;
  at[channel] = hasGroups ? group * inputs + input : input;
  weightAt[0] = at[channel];
  weightAt[1] = hasGroups && !loops.isSplit ? l.constant(0) : l.loop(loops.member);
  Read weights = loops.isSplit && loops.input ? l.readGrouped(op.getW(), 0, inputs, weightAt, group, input)
                                              : l.read(op.getW(), weightAt);
  Type accumulator = getComputeType(op.getResult());
  Value sum = l.reduce(loops.sizes, getReductions(loops), accumulator, l.number(accumulator, 0), {weights},
                       [&](Body &b, ArrayRef<Value> in) {
                         Value zero = b.integer(in[0], 0), v = l.extractOr(b, op.getX(), at, checked, zero);
                         for (AffineExpr e : remainders) {
                           Value r = b.apply(e);
                           v = b.select(b.compare(Body::EQ, r, b.integer(r, 0)), v, zero);
                         }
                         return multiplyAdd(b, {v, in[0], in[1]});
                       });
  l.finishContraction(op.getResult(), sum, loops.space, readBias(l, op.getBias(), loops, *groupSize));
  return success();
}
