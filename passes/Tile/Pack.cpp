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

/// The same for what is at `at` in a layout of `dims`, along the loop variable `lanes`.
static std::string findBrokenLanes(ArrayRef<LayoutDim> dims, ArrayRef<Lin> at, unsigned lanes, int64_t width,
                                   const Twine &loop, StringRef value) {
  std::string reason;
  for (auto [dim, index] : llvm::zip_equal(dims, at)) {
    DimExpr step = index.coefficient(lanes);
    if (!step) continue;
    bool isOnlyDim = llvm::count_if(at, [&](const Lin &other) { return other.has(lanes); }) == 1;
    bool isLoop = index.terms.size() == 1 && index.constant == 0;
    if (dim.getStride() != 1 || step != 1 || !isOnlyDim)
      reason = ("lanes along " + loop + " are not side by side in the layout of " + value).str();
    else if (dim.block > 1 && (dim.block % width || !isLoop))
      reason = ("blocks of " + Twine(dim.block) + " in the layout of " + value + " would divide vectors of " +
                Twine(width) + " along " + loop)
                   .str();
  }
  return reason;
}

/// The same for all accesses of a domain that `isRead`.
static std::string findBrokenLanes(const Domain &domain, ScheduleAttr schedule, ArrayRef<LayoutDim> dims,
                                   StringRef value, llvm::function_ref<bool(const Access &)> isRead) {
  std::string reason;
  if (schedule.getWidth() == 1) return reason; // scalars
  auto check = [&](const Access &a, unsigned lanes, const Twine &loop) {
    if (reason.empty()) reason = findBrokenLanes(dims, a.at, lanes, schedule.getWidth(), loop, value);
  };
  for (const Access &a : domain.accesses) {
    if (!isRead(a)) continue;
    if (int64_t d = schedule.getVectorDim(); d >= 0) check(a, domain.variable(d), "d" + Twine(d));
    if (a.reduction < 0) continue;
    const Reduction &r = domain.reductions[a.reduction];
    for (LoopAttr loop : schedule.getReductions()[a.reduction].getNest())
      if (loop.getRole() == LoopRole::lanes) check(a, r.variable(loop.getDim()), "k" + Twine(loop.getDim()));
  }
  return reason;
}

std::string findBrokenLanes(KernelOp kernel, const Domain &domain, ScheduleAttr schedule, PackedAttr packed) {
  unsigned number = packed.getNumber();
  auto shape = cast<RankedTensorType>(getReadValue(kernel, number).getType()).getShape();
  return findBrokenLanes(domain, schedule, getLayoutDims(packed.getLayout(), shape),
                         "in" + std::to_string(number),
                         [&](const Access &a) { return a.stage < 0 && a.buffer == number && !a.dynamic; });
}

std::string findBrokenLanes(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                            ArrayRef<LayoutDim> dims) {
  StoredAttr stored = schedule.getStored()[stage];
  std::string name = stored.getName();
  const Domain &of = domain.stages[stage];
  std::string reason;
  if (int64_t d = stored.getSchedule().getVectorDim(); d >= 0) {
    SmallVector<Lin> at;
    for (unsigned e = 0; e < of.dims.size(); ++e)
      at.push_back(Lin::ofVariable(of.variable(e), schedule.getContext()));
    reason =
        findBrokenLanes(dims, at, of.variable(d), stored.getSchedule().getWidth(), "its d" + Twine(d), name);
  }
  auto check = [&](const Domain &reader, ScheduleAttr schedule) {
    if (reason.empty())
      reason = findBrokenLanes(reader, schedule, dims, name,
                               [&](const Access &a) { return a.stage == int(stage); });
  };
  for (unsigned i = stage + 1; i < domain.stages.size(); ++i)
    check(domain.stages[i], schedule.getStored()[i].getSchedule());
  check(domain, schedule);
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
