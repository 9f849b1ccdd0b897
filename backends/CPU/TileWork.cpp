#include "backends/CPU/TileWork.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

/// Instructions of an elementary function, as passes/Math writes it out.
static double getFunctionCost(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<math::ExpOp, math::Exp2Op>([](auto) { return 21; })
      .Case<math::ExpM1Op, math::TanhOp, math::AsinOp, math::AcosOp, math::AtanOp, math::CoshOp>(
          [](auto) { return 26; })
      .Case<math::LogOp, math::Log2Op, math::Log10Op, math::Log1pOp, math::ErfOp, math::ErfcOp, math::SinhOp,
            math::Atan2Op>([](auto) { return 35; })
      .Case<math::CbrtOp, math::AsinhOp, math::AcoshOp, math::AtanhOp>([](auto) { return 45; })
      .Case<math::SinOp, math::CosOp, math::TanOp, math::PowFOp, math::FPowIOp>([](auto) { return 88; })
      .Default([](auto) { return 1; }); // one instruction
}

/// How many different values there are of what is at `indices`, over all copies: windows of neighbours
/// overlap.
double TileWork::multiplicity(ArrayRef<Idx> indices) const {
  double vectors = 1;
  SmallVector<std::pair<unsigned, int64_t>, 4> of;
  for (auto &[v, n] : copies) {
    bool has = llvm::any_of(indices, [&, v = v](const Idx &i) { return i.lin.has(v); });
    if (has && v == vectorVariable)
      vectors = double(n);
    else if (has && n > 1)
      of.push_back({v, n});
  }
  if (of.empty()) return vectors;
  if (of.size() == 1) return vectors * double(of[0].second);
  std::set<SmallVector<int64_t, 6>> places;
  SmallVector<int64_t, 4> at(of.size());
  for (bool more = true; more;) {
    SmallVector<int64_t, 6> place;
    for (const Idx &i : indices) {
      int64_t sum = 0;
      for (auto [c, x] : llvm::zip(of, at))
        if (DimExpr s = i.lin.coefficient(c.first)) sum += dimValue(s).value_or(1) * x;
      place.push_back(sum);
    }
    places.insert(std::move(place));
    size_t k = 0;
    while (k < of.size() && ++at[k] == of[k].second)
      at[k++] = 0;
    more = k < of.size();
  }
  return vectors * double(places.size());
}

bool TileWork::isNew(const void *what, ArrayRef<Idx> dims) {
  std::vector<const void *> key{what};
  for (const Idx &i : dims) {
    for (auto &[v, c] : i.lin.terms)
      key.insert(key.end(), {reinterpret_cast<const void *>(uintptr_t(v)), c.getAsOpaquePointer()});
    key.insert(key.end(), {nullptr, i.lin.constant.getAsOpaquePointer(), i.dyn.getAsOpaquePointer()});
  }
  return seen.insert(std::move(key)).second;
}

void TileWork::countLoad(const Lin &at, Type type, ArrayRef<Idx> indices, bool dynLanes) {
  DimExpr stride = vectorVariable ? at.coefficient(vectorVariable) : DimExpr();
  bool lanes = dynLanes || stride;
  double n = multiplicity(indices), bits = type.getIntOrFloatBitWidth();
  Work &work = workAt(indices);
  if (!lanes || (!dynLanes && stride == 1)) {
    double registers = registersOf(type, lanes);
    work.loads += n * registers, work.instructions += n * std::max(registers, 1.0);
    return;
  }
  DimExpr between = squareVariable ? at.coefficient(squareVariable) : DimExpr();
  if (!dynLanes && between && between == 1) {
    // All rows at once: a load each, and four shuffles of the square for 16, three for 8.
    double shuffles = n * std::log2(double(width));
    work.loads += n, work.vectorOps += shuffles, work.instructions += n + shuffles;
    return;
  }
  // Elements narrower than 32 bits are loaded and inserted one by one.
  double instructions = n * double(width) * (bits < 32 ? 2 : 1);
  work.gathered += n * double(width), work.instructions += instructions;
  if (bits < 32) work.vectorOps += instructions / 2;
}

void TileWork::countStore(const Lin &at, Type type, ArrayRef<Idx> dims) {
  DimExpr stride = vectorVariable ? at.coefficient(vectorVariable) : DimExpr();
  double n = multiplicity(dims), registers = registersOf(type, bool(stride));
  if (stride && stride != 1) n *= double(width), registers = registersOf(type, false);
  each.stores += n * registers, each.instructions += n * std::max(registers, 1.0);
}

void TileWork::countRead(Value value, ArrayRef<Idx> indices) {
  bool dynLanes = llvm::any_of(indices, [](const Idx &i) { return i.dynLanes; });
  auto at = [&](ArrayRef<DimExpr> strides, ArrayRef<Idx> of) {
    Lin lin = Lin::ofConstant(dimConstant(kernel.getContext(), 0));
    for (auto [i, s] : llvm::zip(of, strides))
      lin = lin + i.lin * s;
    return lin;
  };
  if (BlockArgument arg = getViewedArgument(value)) {
    MemoryView view = getOperandView(kernel, value);
    Lin lin = at(view.strides, indices);
    // Packed constants have the lanes side by side.
    if (llvm::is_contained(domain.packed, arg.getArgNumber()) && lin.has(vectorVariable)) {
      lin = lin.without(vectorVariable) + Lin::ofVariable(vectorVariable, kernel.getContext());
    }
    if (isNew(value.getAsOpaquePointer(), indices)) countLoad(lin, view.element, indices, dynLanes);
    return;
  }
  if (auto pad = value.getDefiningOp<tensor::PadOp>())
    return countRead(pad.getSource(), getInside(pad, indices));
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op) return; // a constant
  AffineMap out = op.getIndexingMapsArray()[op.getNumDpsInputs() + cast<OpResult>(value).getResultNumber()];
  SmallVector<Idx> dims(op.getNumLoops(), Idx{Lin::ofConstant(dimConstant(kernel.getContext(), 0))});
  for (auto [e, i] : llvm::zip(out.getResults(), indices))
    if (auto d = dyn_cast<AffineDimExpr>(e)) dims[d.getPosition()] = i;
  for (auto [stage, value] : llvm::zip(stages, stored))
    if (stage.last == op) {
      if (isNew(op, dims)) {
        auto sizes = llvm::map_to_vector(stage.dims, [](const LoopDim &l) { return l.extent; });
        SmallVector<Idx> where =
            llvm::map_to_vector(getLoopIndices(stage, dims), [](const Lin &l) { return Idx{l}; });
        SmallVector<DimExpr> strides = getStageStrides(stage, sizes);
        if (AffineMap layout = value.getLayout())
          for (auto [stride, dim] : llvm::zip_equal(strides, getLayoutDims(layout, sizes)))
            stride = dimConstant(layout.getContext(), dim.getStride());
        countLoad(at(strides, where), getStageType(stage), dims, dynLanes);
      }
      return;
    }
  // Reductions have been computed, and are in registers.
  if (!op.getNumReductionLoops()) countBody(op, dims);
}

/// Counts an operation on `n` values.
void TileWork::countOperation(Operation *op, double n, bool lanes, Work &work) {
  Type result = op->getResult(0).getType(),
       type = op->getNumOperands() ? op->getOperand(0).getType() : result;
  if (result.isIndex() && !lanes) {
    work.instructions += n;
    return;
  }
  double registers = std::max(registersOf(type, lanes), registersOf(result, lanes));
  double count = isa<math::MathDialect>(op->getDialect()) ? getFunctionCost(op) : 1;
  if (isa<arith::DivFOp, math::SqrtOp, math::TanhOp>(op)) {
    work.divides += n * registers;
  } else if (isa<math::RsqrtOp>(op)) {
    work.divides += 2 * n * registers;
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp>(op)) {
    // No instruction divides vectors of integers: each lane by itself, by a constant mostly.
    constexpr double kIntegerDivision = 8;
    count = kIntegerDivision * (lanes ? double(width) / registers : 1);
  } else if (isa<arith::CmpFOp, arith::CmpIOp>(op) && lanes) {
    work.compares += n * registers;
  } else if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    // From and to halves: scalars are put into a vector first.
    count = lanes ? 2 : 4;
  }
  work.vectorOps += n * count * registers;
  work.instructions += n * count * std::max(registers, 1.0);
}

/// Of the products with a table's entries, written out, those that take an instruction: none with 0, and the
/// first of each sum with 1 is none either.
static double getShareOfTable(linalg::GenericOp op) {
  for (Value input : op.getInputs()) {
    DenseElementsAttr table = getTable(input);
    if (!table || !isa<FloatType>(table.getElementType())) continue;
    double products = 0;
    for (const APFloat &entry : table.getValues<APFloat>())
      products += !entry.isZero();
    double sums = double(table.getNumElements()) / double(table.getType().getShape().back());
    return (products - sums / 2) / double(table.getNumElements());
  }
  return 1;
}

void TileWork::countBody(linalg::GenericOp op, ArrayRef<Idx> dims) {
  if (!isNew(op, dims)) return;
  double share = getShareOfTable(op);
  Block *body = op.getBody();
  MLIRContext *ctx = kernel.getContext();
  DenseMap<Value, Idx> indices;              // of index arithmetic that stays linear
  DenseMap<Value, SmallVector<Idx, 4>> from; // what a value differs along
  llvm::DenseSet<Value> read;                // straight from memory, which spreads a scalar over lanes
  auto indexOf = [&](Value v) {
    if (auto it = indices.find(v); it != indices.end()) return it->second;
    if (auto constant = getConstantIntValue(v)) return Idx{Lin::ofConstant(dimConstant(ctx, *constant))};
    auto it = from.find(v);
    return Idx{Lin::ofConstant(dimConstant(ctx, 0)), v, it != from.end() && hasLanes(it->second)};
  };
  auto readAt = [&](Value value, Value tensor, SmallVector<Idx, 4> at) {
    countRead(tensor, at);
    // At a computed index, it may be anything of any place.
    if (llvm::any_of(at, [](const Idx &i) { return static_cast<bool>(i.dyn); })) llvm::append_range(at, dims);
    from[value] = std::move(at);
    read.insert(value);
  };
  for (OpOperand *input : op.getDpsInputOperands()) {
    Value arg = body->getArgument(input->getOperandNumber());
    if (arg.use_empty()) continue;
    SmallVector<Idx, 4> at;
    for (AffineExpr e : op.getMatchingIndexingMap(input).getResults()) {
      Idx i;
      if (!applyLinear(e, dims, i)) i = {Lin::ofConstant(dimConstant(ctx, 0)), input->get(), hasLanes(dims)};
      at.push_back(i);
    }
    readAt(arg, input->get(), std::move(at));
    if (getTable(input->get())) read.erase(arg); // a number in the code
  }
  for (unsigned i = op.getNumDpsInputs(); i < body->getNumArguments(); ++i)
    from[body->getArgument(i)].assign(dims.begin(), dims.end());
  for (Operation &inside : body->without_terminator()) {
    Value result = inside.getResult(0);
    if (isa<arith::ConstantOp, DimOp, CombineOp>(inside)) continue;
    if (auto index = dyn_cast<linalg::IndexOp>(inside)) {
      indices[result] = dims[index.getDim()], from[result] = {dims[index.getDim()]};
      continue;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(inside)) {
      readAt(result, extract.getTensor(), llvm::map_to_vector<4>(extract.getIndices(), indexOf));
      continue;
    }
    SmallVector<Idx, 4> &along = from[result];
    for (Value v : inside.getOperands())
      if (auto it = from.find(v); it != from.end())
        for (const Idx &i : SmallVector<Idx, 4>(it->second))
          if (!llvm::is_contained(along, i)) along.push_back(i);
    if (result.getType().isIndex() && isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(inside)) {
      Idx a = indexOf(inside.getOperand(0)), b = indexOf(inside.getOperand(1));
      bool isProduct = isa<arith::MulIOp>(inside);
      if (isProduct && !b.lin.isConstant()) std::swap(a, b);
      if (!a.dyn && !b.dyn && (!isProduct || b.lin.isConstant())) {
        indices[result] = {isProduct                    ? a.lin * b.lin.constant
                           : isa<arith::AddIOp>(inside) ? a.lin + b.lin
                                                        : a.lin + b.lin * dimConstant(ctx, -1)};
        continue;
      }
    }
    bool lanes = hasLanes(along);
    double n = share * multiplicity(along);
    Work &work = workAt(along);
    for (Value v : inside.getOperands()) {
      auto it = from.find(v);
      if (!lanes || it == from.end() || hasLanes(it->second) || !read.insert(v).second) continue;
      double copies = multiplicity(it->second);
      workAt(it->second).vectorOps += copies, workAt(it->second).instructions += copies;
    }
    // The product of a multiply-add is none of its own.
    bool isSum = fma && girih::isContraction(op) && isa<arith::AddFOp>(inside);
    if (fma && girih::isContraction(op) && isa<arith::MulFOp>(inside) && result.hasOneUse() &&
        isa<arith::AddFOp>(*result.user_begin()))
      continue;
    if (isSum || isa<arith::MulFOp>(inside)) work.fmas += n * registersOf(result.getType(), lanes);
    countOperation(&inside, n, lanes, work);
  }
}

/// Cycles from a state, `from` the arguments of `body`, to the next: the longest way to one of `results`.
static double getLatency(Block &body, ValueRange from, ValueRange results, bool isFused,
                         const Machine &machine) {
  DenseMap<Value, double> ready; // what depends on the state
  for (Value v : from)
    ready[v] = 0;
  for (Operation &inside : body.without_terminator()) {
    double begin = -1;
    for (Value v : inside.getOperands())
      if (auto it = ready.find(v); it != ready.end()) begin = std::max(begin, it->second);
    if (begin < 0) continue;
    bool isSlow = isa<arith::MulFOp>(inside) || (isFused && isa<arith::AddFOp>(inside));
    bool isSum = isa<arith::AddFOp, arith::SubFOp>(inside);
    double latency = isSlow                       ? machine.fmaLatency
                     : isSum                      ? machine.addLatency
                     : isa<arith::CmpFOp>(inside) ? machine.addLatency + machine.compareCycles
                                                  : 1;
    for (Value v : inside.getResults())
      ready[v] = begin + latency;
  }
  double latency = 0;
  for (Value v : results)
    latency = std::max(latency, ready.lookup(v));
  return latency;
}

double getStepLatency(linalg::GenericOp op, bool fma, const Machine &machine) {
  ValueRange state = op.getBody()->getArguments().drop_front(op.getNumDpsInputs());
  return getLatency(*op.getBody(), state, getYielded(op), fma && girih::isContraction(op), machine);
}

double getCombineLatency(linalg::GenericOp op, const Machine &machine) {
  CombineOp combine = getCombine(op);
  if (!combine) return getStepLatency(op, /*fma=*/false, machine);
  Block &body = combine.getBody().front();
  return getLatency(body, body.getArguments(), body.getTerminator()->getOperands(), /*isFused=*/false,
                    machine);
}

} // namespace girih
