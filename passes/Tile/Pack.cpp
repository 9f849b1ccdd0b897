#include "passes/Tile/Pack.h"
#include "dialects/Graph/HostTensor.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace girih {

//===-- What can be packed ------------------------------------------------===//

static bool isView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

Value getReadValue(KernelOp kernel, unsigned operand) {
  Value value = kernel.getBody().getArgument(operand);
  while (value.hasOneUse() && isView(*value.getUsers().begin()))
    value = value.getUsers().begin()->getResult(0);
  return llvm::any_of(value.getUsers(), isView) ? Value() : value;
}

SmallVector<unsigned> findPackable(KernelOp kernel, const Domain &domain) {
  SmallVector<unsigned> packable;
  if (domain.reductions.size() != 1) return packable;
  const Reduction &r = domain.reductions[0];
  auto op = r.op;
  int64_t unit = -1; // the dimension of `last` whose variable the stores walk with stride 1
  auto extents = getLoopExtents(domain.last);
  for (auto &[v, c] : domain.stores[0].terms)
    if (c == 1 && extents[v - 1] != 1) unit = v; // size-1 dimensions may have any stride
  if (unit < 0) return packable;
  for (const Access &a : domain.accesses) {
    bool isOnce = llvm::count_if(domain.accesses, [&](auto &b) { return b.buffer == a.buffer; }) == 1;
    if (a.stage >= 0 || a.reduction != 0 || a.dynamic || !isOnce || !a.lin.has(unit) ||
        !kernel.getInputs()[a.buffer].getDefiningOp<ConstantOp>())
      continue;
    Value read = getReadValue(kernel, a.buffer);
    if (!read || !read.hasOneUse() || read.use_begin()->getOwner() != op) continue;
    // One term a dimension, so that a layout says where it is; a dimension read with a window is not so.
    AffineMap map = op.getMatchingIndexingMap(&*read.use_begin());
    auto loops = getLoopExtents(op);
    llvm::SmallDenseSet<unsigned> used;
    bool isPlain = llvm::all_of(map.getResults(), [&](AffineExpr e) {
      auto d = dyn_cast<AffineDimExpr>(e);
      if (!d) return isa<AffineConstantExpr>(e);
      const Lin &lin = r.indices[d.getPosition()].lin;
      bool isOneLoop = lin.terms.size() == 1 && lin.terms[0].second == 1 && lin.constant == 0;
      return used.insert(d.getPosition()).second && dimValue(loops[d.getPosition()]) &&
             (lin.isConstant() || isOneLoop);
    });
    if (isPlain) packable.push_back(a.buffer);
  }
  return packable;
}

//===-- Whether a layout fits ---------------------------------------------===//

FailureOr<OperandLayouts> getLayouts(KernelOp kernel, ArrayAttr schedules) {
  /// As many elements of a block as a vector can have lanes, for one that is there.
  constexpr int64_t kMostPadding = 64;
  OperandLayouts layouts(kernel.getInputs().size());
  if (!schedules) return layouts;
  for (auto schedule : schedules.getAsRange<ScheduleAttr>())
    for (PackedAttr packed : schedule.getPacked()) {
      unsigned number = packed.getNumber();
      auto error = [&]() {
        return kernel.emitError("schedule ") << schedule << " does not fit kernel '" << kernel.getKernelName()
                                             << "': packed in" << number << " ";
      };
      if (number >= layouts.size()) return error() << "is none of the " << layouts.size() << " operands";
      if (!kernel.getInputs()[number].getDefiningOp<ConstantOp>())
        return error() << "is no constant, and not known at compile time";
      Value read = getReadValue(kernel, number);
      if (!read) return error() << "is read in several shapes, and can have a layout in one only";
      auto shape = cast<RankedTensorType>(read.getType()).getShape();
      AffineMap layout = packed.getLayout();
      if (layout.getNumDims() != shape.size())
        return error() << "has " << shape.size() << " dimensions but its layout " << layout.getNumDims();
      int64_t elements, all = llvm::product_of(shape);
      (void)getLayoutDims(layout, shape, &elements);
      if (elements / kMostPadding > all)
        return error() << "has " << all << " elements but would take " << elements << ", at most "
                       << kMostPadding << " times as many are allowed: make blocks smaller";
      if (layouts[number] && layouts[number] != layout)
        return error() << "has another layout in the schedule of another domain";
      layouts[number] = layout;
    }
  return layouts;
}

std::string findBrokenLanes(KernelOp kernel, const Domain &domain, ScheduleAttr schedule, PackedAttr packed) {
  auto shape = cast<RankedTensorType>(getReadValue(kernel, packed.getNumber()).getType()).getShape();
  SmallVector<LayoutDim> dims = getLayoutDims(packed.getLayout(), shape);
  std::string reason;
  auto check = [&](const Access &a, unsigned lanes, const Twine &name) {
    for (auto [dim, at] : llvm::zip_equal(dims, a.at)) {
      DimExpr step = at.coefficient(lanes);
      if (!step) continue;
      int64_t apart = dim.block == 1 ? dim.outer : dim.inner;
      bool isOnlyDim = llvm::count_if(a.at, [&](const Lin &other) { return other.has(lanes); }) == 1;
      bool isLoop = at.terms.size() == 1 && at.constant == 0;
      if (apart != 1 || step != 1 || !isOnlyDim)
        reason =
            ("lanes along " + name + " are not side by side in the layout of in" + Twine(packed.getNumber()))
                .str();
      else if (dim.block > 1 && (dim.block % schedule.getWidth() || !isLoop))
        reason = ("blocks of " + Twine(dim.block) + " in the layout of in" + Twine(packed.getNumber()) +
                  " would divide vectors of " + Twine(schedule.getWidth()) + " along " + name)
                     .str();
    }
  };
  for (const Access &a : domain.accesses) {
    if (a.stage >= 0 || a.buffer != packed.getNumber() || a.dynamic) continue;
    if (int64_t d = schedule.getVectorDim(); d >= 0) check(a, domain.variable(d), "d" + Twine(d));
    if (a.reduction < 0) continue;
    const Reduction &r = domain.reductions[a.reduction];
    for (LoopAttr loop : schedule.getReductions()[a.reduction].getNest())
      if (loop.getRole() == LoopRole::lanes) check(a, r.variable(loop.getDim()), "k" + Twine(loop.getDim()));
  }
  return reason;
}

//===-- Packing -----------------------------------------------------------===//

ElementsAttr packConstant(ElementsAttr value, ArrayRef<int64_t> shape, AffineMap layout) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bytes = getStorageBytes(type.getElementType()), elements;
  // Where each index of a dimension goes.
  SmallVector<SmallVector<int64_t>> places;
  for (auto [extent, dim] : llvm::zip_equal(shape, getLayoutDims(layout, shape, &elements)))
    places.push_back(llvm::map_to_vector(llvm::seq<int64_t>(0, extent), [&, &dim = dim](int64_t i) {
      return i / dim.block * dim.outer + i % dim.block * dim.inner;
    }));
  FailureOr<HostTensor> host = HostTensor::read(value);
  assert(succeeded(host) && "constants without their data are refused before the first stage");
  HostTensor dense = host->toRowMajor(); // views only split or join dimensions: their order is the same
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(elements * bytes, 64, /*dataIsMutable=*/true);
  char *target = blob.getMutableData().data();
  std::memset(target, 0, elements * bytes);

  auto copy = [&](auto tag) {
    using T = decltype(tag);
    auto *from = reinterpret_cast<const T *>(dense.data());
    std::function<void(unsigned, T *)> walk = [&](unsigned d, T *to) {
      if (d == places.size()) {
        *to = *from++;
      } else if (d + 1 == places.size()) {
        for (int64_t place : places[d])
          to[place] = *from++;
      } else {
        for (int64_t place : places[d])
          walk(d + 1, to + place);
      }
    };
    walk(0, reinterpret_cast<T *>(target));
  };
  switch (bytes) {
  case 1:
    copy(uint8_t());
    break;
  case 2:
    copy(uint16_t());
    break;
  case 4:
    copy(uint32_t());
    break;
  default:
    copy(uint64_t());
    break;
  }
  auto packedType = RankedTensorType::get({elements}, type.getElementType());
  return DenseResourceElementsAttr::get(packedType, "packed", std::move(blob));
}

} // namespace girih
