#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Buffers/InPlace.h"
#include "passes/Buffers/Passes.h"
#include "passes/Buffers/Strides.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/KernelFunction.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_PLANPLACES
#include "passes/Buffers/Passes.h.inc"

namespace {

/// Decides the places of `@main`'s values, and rewrites what cannot be had without a copy.
class Planner {
public:
  explicit Planner(func::FuncOp main) : main(main), ctx(main.getContext()) {}
  LogicalResult run();
  int64_t partsInPlace = 0, copies = 0;

private:
  void planAssemble(AssembleOp op);
  bool placePart(Value part, const Place &place);
  bool canStand(Value value, const Place &place);
  bool kernelReads(OpOperand &use, const Place &place);
  bool kernelWrites(KernelOp kernel, unsigned result, const Place &place);
  bool viewOfParts(AssembleOp op, Place &place);
  Place partPlace(AssembleOp op, unsigned part, const Place &whole);

  LogicalResult assignAll();
  LogicalResult assign(Operation *op);
  void planReturn(func::ReturnOp op);
  Value copy(OpBuilder &b, Location loc, Value value, const Place &place);
  Place dense(Value value, BufferBase base, int64_t index = 0);
  Place whole(Value value, int64_t buffer);
  void annotate();

  func::FuncOp main;
  MLIRContext *ctx;
  DenseMap<Value, Place> places;
  SmallVector<BufferAttr> buffers;
};

} // namespace

static DimExpr getBytes(Value v) {
  auto type = cast<RankedTensorType>(v.getType());
  return dimSimplify(dimProduct(type.getContext(), getDims(type)) * getStorageBytes(type.getElementType()));
}

/// Whether a kernel reads the first elements of an operand, and drops them, also where it has none
/// (`girih.if_any`, on tensor.extract): what is padded.
static bool isReadIfAny(OpOperand &use) {
  auto kernel = dyn_cast<KernelOp>(use.getOwner());
  if (!kernel) return false;
  SmallVector<Value> views{kernel.getBody().getArgument(use.getOperandNumber())};
  while (!views.empty()) {
    for (Operation *user : views.pop_back_val().getUsers()) {
      if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) views.push_back(user->getResult(0));
      if (kIfAny.get(user)) return true;
    }
  }
  return false;
}

static bool mayBeEmpty(Value v) {
  return llvm::any_of(getDims(v), [](DimExpr d) { return dimLowerBound(d).value_or(0) < 1; });
}

/// The elements that a buffer of its own has room for.
static DimExpr getRoom(Value v) {
  SmallVector<DimExpr> dims = getDims(v);
  if (mayBeEmpty(v) && llvm::any_of(v.getUses(), isReadIfAny))
    for (DimExpr &d : dims)
      d = dimMax(d, dimConstant(v.getContext(), 1));
  DimExpr room = dimProduct(v.getContext(), dims);
  for (Operation *user : v.getUsers())
    if (auto view = dyn_cast<ReshapeOp>(user))
      if (DimExpr more = getRoom(view.getResult()); more != room && mayBeEmpty(v)) room = dimMax(room, more);
  return room;
}

/// `value` as the whole of a buffer.
Place Planner::whole(Value value, int64_t buffer) {
  return {buffer, dimConstant(ctx, 0), getDenseStrides(ctx, getDims(value))};
}

/// `value` as the whole of a new buffer.
Place Planner::dense(Value value, BufferBase base, int64_t index) {
  DimExpr bytes = getBytes(value);
  if (base == BufferBase::arena)
    bytes = dimSimplify(getRoom(value) *
                        getStorageBytes(cast<RankedTensorType>(value.getType()).getElementType()));
  buffers.push_back(BufferAttr::get(ctx, base, index, DimsAttr::get(ctx, bytes)));
  return whole(value, buffers.size() - 1);
}

Place Planner::partPlace(AssembleOp op, unsigned part, const Place &whole) {
  Place place = whole;
  for (auto [o, s] : llvm::zip(cast<DimsAttr>(op.getOffsets()[part]).getDims(), whole.strides))
    place.offset = dimSimplify(place.offset + o * s);
  return place;
}

//===-- What may stand where ----------------------------------------------===//

/// A kernel sees an operand through expand_shape and collapse_shape; the latter needs dimensions that follow
/// each other in memory.
static bool collapses(tensor::CollapseShapeOp op, ArrayRef<DimExpr> strides) {
  SmallVector<DimExpr> dims = getDims(op.getSrcType());
  if (isDense(dims, strides)) return true;
  DimExpr step;
  for (const ReassociationIndices &group : op.getReassociationIndices())
    if (!isUniform(ArrayRef(dims).slice(group.front(), group.size()),
                   strides.slice(group.front(), group.size()), step))
      return false;
  return true;
}

bool Planner::kernelReads(OpOperand &use, const Place &place) {
  // Behind a part without elements there may be nothing.
  if (mayBeEmpty(use.get()) && isReadIfAny(use)) return false;
  auto kernel = cast<KernelOp>(use.getOwner());
  for (Operation *user : kernel.getBody().getArgument(use.getOperandNumber()).getUsers())
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(user);
        collapse && !collapses(collapse, place.strides))
      return false;
  return true;
}

bool Planner::kernelWrites(KernelOp kernel, unsigned result, const Place &place) {
  Operation *def = kernel.getBody().front().getTerminator()->getOperand(result).getDefiningOp();
  auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(def);
  if (!expand) return true;
  SmallVector<DimExpr> dims = getDims(expand.getResultType());
  if (isDense(dims, place.strides)) return true;
  DimExpr step;
  return llvm::all_of(expand.getReassociationIndices(), [&](const ReassociationIndices &group) {
    return isUniform(ArrayRef(dims).slice(group.front(), group.size()),
                     ArrayRef(place.strides).slice(group.front(), group.size()), step);
  });
}

/// Whether everything that reads `value` can read it at `place`.
bool Planner::canStand(Value value, const Place &place) {
  for (OpOperand &use : value.getUses()) {
    if (isa<KernelOp>(use.getOwner())) {
      if (!kernelReads(use, place)) return false;
    } else if (auto reshape = dyn_cast<ReshapeOp>(use.getOwner())) {
      auto strides = reshapeStrides(getDims(value), place.strides, getDims(reshape.getResult()));
      if (!strides || !canStand(reshape.getResult(), {place.buffer, place.offset, *strides})) return false;
    } // an assemble or a return copies what it cannot use
  }
  return true;
}

/// Makes the producer of `part` write to `place`, if it can.
bool Planner::placePart(Value part, const Place &place) {
  Operation *def = part.getDefiningOp();
  if (!def || places.contains(part)) return false;
  if (auto reshape = dyn_cast<ReshapeOp>(def)) {
    // The operand's other readers, this reshape's other readers too, are looked at there.
    auto strides = reshapeStrides(getDims(part), place.strides, getDims(reshape.getOperand()));
    if (!strides || !placePart(reshape.getOperand(), {place.buffer, place.offset, *strides})) return false;
    places[part] = place;
    return true;
  }
  if (auto kernel = dyn_cast<KernelOp>(def)) {
    if (!kernelWrites(kernel, cast<OpResult>(part).getResultNumber(), place)) return false;
  } else if (!isa<AssembleOp>(def)) {
    return false;
  }
  if (!canStand(part, place)) return false;
  places[part] = place;
  return true;
}

/// An assemble whose parts all lie as it wants them in some buffer (parts of a later, larger assemble) is
/// there already.
bool Planner::viewOfParts(AssembleOp op, Place &place) {
  std::optional<Place> common;
  for (auto [i, part] : llvm::enumerate(op.getParts())) {
    auto it = places.find(part);
    if (it == places.end()) return false;
    Place origin = it->second;
    if (origin.strides.size() != cast<DimsAttr>(op.getOffsets()[i]).getDims().size()) return false;
    DimExpr zero = dimConstant(ctx, 0), start = zero;
    for (auto [o, s] : llvm::zip(cast<DimsAttr>(op.getOffsets()[i]).getDims(), origin.strides))
      start = start + o * s;
    origin.offset = dimSimplify(origin.offset - start);
    if (!common) {
      common = origin;
    } else if (common->buffer != origin.buffer || common->offset != origin.offset ||
               common->strides != origin.strides) {
      return false;
    }
  }
  if (!common || !canStand(op.getResult(), *common)) return false;
  place = *common;
  return true;
}

/// Called from the last assemble to the first, so that an inner one knows its place in the outer one.
void Planner::planAssemble(AssembleOp op) {
  auto it = places.find(op.getResult());
  Place whole;
  if (it != places.end()) {
    whole = it->second;
  } else if (viewOfParts(op, whole)) {
    places[op.getResult()] = whole;
    return;
  } else {
    whole = dense(op.getResult(), BufferBase::arena);
    places[op.getResult()] = whole;
  }
  for (auto [i, part] : llvm::enumerate(op.getParts()))
    partsInPlace += placePart(part, partPlace(op, i, whole));
}

//===-- Everything else ---------------------------------------------------===//

/// A kernel that copies `value` to `place`.
Value Planner::copy(OpBuilder &b, Location loc, Value value, const Place &place) {
  auto type = cast<RankedTensorType>(value.getType());
  auto storage =
      RankedTensorType::get(type.getShape(), getStorageType(type.getElementType()), type.getEncoding());
  std::string name = "copy";
  if (auto named = dyn_cast<NameLoc>(loc)) name = (named.getName().getValue() + " (copy)").str();
  auto kernel = KernelOp::create(b, loc, type, name, value);
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&kernel.getBody());
  linalg::GenericOp copy = createCopy(b, loc, body->addArgument(storage, loc));
  YieldOp::create(b, loc, copy.getResults());
  places[kernel.getResult(0)] = place;
  ++copies;
  return kernel.getResult(0);
}

LogicalResult Planner::assign(Operation *op) {
  if (isa<ConstantOp>(op)) {
    places[op->getResult(0)] = dense(op->getResult(0), BufferBase::weight);
  } else if (isa<KernelOp>(op)) {
    for (Value result : op->getResults())
      if (!places.contains(result)) places[result] = dense(result, BufferBase::arena);
  } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    if (places.contains(reshape.getResult())) return success();
    Value source = reshape.getOperand();
    Place place = places.lookup(source);
    auto strides = reshapeStrides(getDims(source), place.strides, getDims(reshape.getResult()));
    assert(strides && "canStand has made sure of it");
    place.strides = *strides;
    places[reshape.getResult()] = place;
  } else if (auto assemble = dyn_cast<AssembleOp>(op)) {
    OpBuilder b(op);
    Place whole = places.lookup(assemble.getResult());
    for (OpOperand &part : assemble.getPartsMutable()) {
      Place want = partPlace(assemble, part.getOperandNumber(), whole);
      const Place &is = places.find(part.get())->second;
      if (is.buffer != want.buffer || is.offset != want.offset || is.strides != want.strides)
        part.set(copy(b, op->getLoc(), part.get(), want));
    }
  } else if (!isa<func::ReturnOp, CheckIndexOp>(op)) {
    return op->emitError("'") << op->getName() << "' is left outside of kernels";
  }
  return success();
}

void Planner::planReturn(func::ReturnOp op) {
  OpBuilder b(op);
  for (OpOperand &use : op->getOpOperands()) {
    Place place = places.lookup(use.get());
    SmallVector<DimExpr> dims = getDims(use.get());
    auto bytes = DimsAttr::get(ctx, getBytes(use.get()));
    int64_t index = use.getOperandNumber();
    if (!isDense(dims, place.strides)) {
      Value copied = copy(b, use.get().getLoc(), use.get(), whole(use.get(), buffers.size()));
      buffers.push_back(BufferAttr::get(ctx, BufferBase::output, index, bytes));
      use.set(copied);
    } else if (BufferAttr &buffer = buffers[place.buffer]; buffer.getBase() == BufferBase::arena &&
                                                           dimValue(place.offset) == 0 &&
                                                           buffer.getBytes() == bytes) {
      buffer = BufferAttr::get(ctx, BufferBase::output, index, bytes);
    } // the rest (arguments, constants, parts, outputs given twice) is copied at the end of the run
  }
}

void Planner::annotate() {
  Builder b(ctx);
  auto list = [&](auto &&...ranges) {
    SmallVector<Attribute> attrs;
    auto add = [&](ValueRange values) {
      for (Value v : values)
        attrs.push_back(places.find(v)->second.toAttr());
    };
    (add(ranges), ...);
    return b.getArrayAttr(attrs);
  };
  for (Operation &op : main.getBody().front()) {
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      kernel.setPlacesAttr(list(op.getOperands(), op.getResults()));
      if (SmallVector<int64_t> inputs = getOverwritableInputs(kernel); !inputs.empty())
        kernel.setInPlace(inputs);
    }
    if (auto check = dyn_cast<CheckIndexOp>(op))
      check.setPlaceAttr(places.find(check.getWorst())->second.toAttr());
    if (isa<func::ReturnOp>(op)) kPlaces.set(&op, list(op.getOperands()));
  }
  kBuffers.set(main, b.getArrayAttr(SmallVector<Attribute>(buffers.begin(), buffers.end())));
}

LogicalResult Planner::run() {
  Block &body = main.getBody().front();
  for (BlockArgument argument : main.getArguments())
    places[argument] = dense(argument, BufferBase::input, argument.getArgNumber());
  for (Operation &op : llvm::reverse(body))
    if (auto assemble = dyn_cast<AssembleOp>(op)) planAssemble(assemble);
  for (Operation &op : llvm::make_early_inc_range(body))
    if (failed(assign(&op))) return failure();
  planReturn(cast<func::ReturnOp>(body.getTerminator()));
  annotate();
  return success();
}

namespace {
struct PlanPlacesPass : impl::PlanPlacesBase<PlanPlacesPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main) {
      getOperation().emitError("has no function @main");
      return signalPassFailure();
    }
    Planner planner(main);
    if (failed(planner.run())) return signalPassFailure();
    numInPlace += planner.partsInPlace;
    numCopies += planner.copies;
  }
};
} // namespace

} // namespace girih
