#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/Tile/Emitter.h"
#include "passes/Tile/Pack.h"
#include "passes/Tile/Passes.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Special.h"

namespace girih {
#define GEN_PASS_DEF_TILEKERNELS
#include "passes/Tile/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// A kernel function that has been emitted, and what it was made from (kept for comparison).
struct Emitted {
  OwningOpRef<KernelOp> kernel;
  ArrayAttr schedules;         // the kernel's, or a variant's
  SmallVector<bool> constants; // which inputs are
  KernelFunction function;
  DimExpr tasks;
};

llvm::hash_code hashBody(KernelOp kernel) {
  llvm::hash_code h = llvm::hash_value(kernel.getNumOperands());
  kernel.getBody().walk([&](Operation *op) {
    h = llvm::hash_combine(h, op->getName(), op->getAttrDictionary());
    for (Type t : op->getResultTypes())
      h = llvm::hash_combine(h, t);
  });
  return llvm::hash_combine(h, kernel.getScheduleAttr());
}

/// What a kernel is tiled by: one of its ways.
struct Tiling {
  ArrayAttr attr;
  OperandLayouts layouts;
  std::vector<Domain> domains;
  SmallVector<ScheduleAttr> schedules;
};

/// Places with the buffers' numbers and offsets left out: they are arguments.
SmallVector<Attribute> layoutOf(KernelOp kernel) {
  SmallVector<Attribute> out;
  if (ArrayAttr places = kernel.getPlacesAttr())
    for (auto place : places.getAsRange<PlaceAttr>()) {
      out.push_back(place.getStrides());
      out.push_back(place.getLayout() ? AffineMapAttr::get(place.getLayout()) : AffineMapAttr());
    }
  return out;
}

bool isConstant(Value v) {
  return v.getDefiningOp<ConstantOp>();
}

class Tiler {
public:
  explicit Tiler(ModuleOp module) : ctx(module.getContext()) {
    module.walk([&](ConstantOp constant) { ++constants[constant.getValue()]; });
  }
  LogicalResult shareConstants(ArrayRef<KernelOp> kernels);
  LogicalResult tile(KernelOp kernel);
  int64_t functions = 0, shared = 0, packedConstants = 0;

private:
  FailureOr<Emitted *> getFunction(KernelOp kernel, const Tiling &tiling);
  LogicalResult emit(KernelOp kernel, const Tiling &tiling, Emitted &out);
  ElementsAttr packed(KernelOp kernel, unsigned operand, AffineMap layout);
  void usePacked(LaunchOp launch, unsigned input, ElementsAttr value);
  void erase(ConstantOp constant);

  MLIRContext *ctx;
  std::multimap<size_t, Emitted> table;
  /// Packed constants, by the constant, the type as which it is read, and the layout.
  DenseMap<std::tuple<Attribute, Type, AffineMap>, ElementsAttr> packedAs;
  DenseMap<Attribute, int64_t> constants; // how many operations have each
  /// Constants that a kernel reads as another one packs them.
  DenseMap<Operation *, SmallVector<std::pair<unsigned, ElementsAttr>>> elsewhere;
};

LogicalResult Tiler::emit(KernelOp kernel, const Tiling &tiling, Emitted &out) {
  out.function = KernelFunction::create(kernel, tiling.attr != kernel.getScheduleAttr());
  OpBuilder b(out.function.getFunction().getBody().front().getTerminator());
  if (Operation *special = getSpecialOp(kernel))
    return emitSpecial(b, kernel, special, out.function, &out.tasks);
  const auto &[attr, layouts, domains, schedules] = tiling;
  // Domains without loops of tasks are small (border fills): one task runs them one after the other.
  // Otherwise the tasks of one are followed by those of the next.
  SmallVector<DimExpr> counts;
  for (auto [domain, schedule] : llvm::zip(domains, schedules))
    counts.push_back(countTasks(domain, schedule));
  bool isOneTask = llvm::none_of(schedules, [](ScheduleAttr s) { return s.getTaskCount(); });
  out.tasks = dimConstant(ctx, isOneTask ? 1 : 0);
  if (!isOneTask)
    for (DimExpr count : counts)
      out.tasks = dimSimplify(out.tasks + count);
  Location loc = kernel.getLoc();
  KernelFunction &fn = out.function;
  auto beginTasks = [&]() -> Value {
    Value count = fn.getSize(b, loc, out.tasks);
    auto forall = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{count}, ValueRange(), std::nullopt);
    b.setInsertionPointToStart(forall.getBody());
    return forall.getInductionVar(0);
  };
  if (int64_t threads = schedules[0].getThreads(); threads > 1)
    kThreads.set(fn.getFunction(), b.getI64IntegerAttr(threads));
  if (domains.size() == 1) return emitDomain(b, kernel, fn, domains[0], schedules[0], layouts, beginTasks);
  Value task = beginTasks();
  for (auto [domain, schedule, count] : llvm::zip(domains, schedules, counts)) {
    auto begin = [&, &count = count]() -> Value {
      if (isOneTask) return task;
      Value own = task, size = fn.getSize(b, loc, count);
      Value isOwn = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, own, size);
      // What is less than its tasks wraps around, and is too large for any other.
      task = arith::SubIOp::create(b, loc, own, size);
      b.setInsertionPointToStart(scf::IfOp::create(b, loc, isOwn, /*withElseRegion=*/false).thenBlock());
      return own;
    };
    if (failed(emitDomain(b, kernel, fn, domain, schedule, layouts, begin))) return failure();
  }
  return success();
}

ElementsAttr Tiler::packed(KernelOp kernel, unsigned operand, AffineMap layout) {
  auto constant = kernel.getInputs()[operand].getDefiningOp<ConstantOp>();
  auto type = cast<RankedTensorType>(getReadValue(kernel, operand).getType());
  ElementsAttr &known = packedAs[{constant.getValue(), type, layout}];
  if (!known) {
    known = packConstant(constant.getValue(), type.getShape(), layout);
    ++packedConstants;
  }
  return known;
}

void Tiler::usePacked(LaunchOp launch, unsigned input, ElementsAttr value) {
  OpBuilder b(launch);
  auto old = launch.getInputs()[input].getDefiningOp<ConstantOp>();
  launch->setOperand(input, ConstantOp::create(b, old.getLoc(), value));
  if (ArrayAttr places = launch.getPlacesAttr()) {
    SmallVector<Attribute> list(places.begin(), places.end());
    auto number = [&](int64_t n) { return DimsAttr::get(ctx, {dimConstant(ctx, n)}); };
    list[input] = PlaceAttr::get(ctx, cast<PlaceAttr>(list[input]).getBuffer(), number(0), number(1));
    launch.setPlacesAttr(b.getArrayAttr(list));
  }
  if (old.use_empty()) erase(old);
}

/// Frees the elements with the last constant that has them: of a large model, both forms of all weights would
/// be the most memory that compilation takes.
void Tiler::erase(ConstantOp constant) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  if (--constants[constant.getValue()] == 0 && resource)
    resource.getRawHandle().getResource()->setBlob(AsmResourceBlob());
  constant.erase();
}

//===-- Constants that are read in two ways -------------------------------===//

/// Whether the loops of two analyses of a kernel are the same, so that one schedule fits both.
bool haveSameLoops(ArrayRef<Domain> a, ArrayRef<Domain> b) {
  auto sameLoops = [](ArrayRef<LoopDim> x, ArrayRef<LoopDim> y) {
    return llvm::equal(x, y, [](const LoopDim &l, const LoopDim &m) { return l.dims == m.dims; });
  };
  return llvm::equal(a, b, [&](const Domain &x, const Domain &y) {
    return x.parallel == y.parallel && sameLoops(x.dims, y.dims) && haveSameLoops(x.stages, y.stages) &&
           llvm::equal(x.reductions, y.reductions,
                       [&](const Reduction &r, const Reduction &s) { return sameLoops(r.loops, s.loops); });
  });
}

/// What a kernel computes by its schedule, and then by each of its variants.
FailureOr<SmallVector<std::vector<Domain>>> analyzeVariants(KernelOp kernel) {
  SmallVector<ArrayAttr> schedules{kernel.getScheduleAttr()};
  if (ArrayAttr variants = kernel.getVariantsAttr())
    for (auto variant : variants.getAsRange<VariantAttr>())
      schedules.push_back(variant.getSchedule());
  SmallVector<std::vector<Domain>> all;
  for (ArrayAttr attr : schedules) {
    auto domains = analyzeScheduled(kernel, attr);
    if (failed(domains)) return failure();
    all.push_back(std::move(*domains));
  }
  return all;
}

/// Whether all reads of an operand are at computed indices: where it lies makes them no slower.
bool isGathered(ArrayRef<Domain> domains, unsigned buffer) {
  return llvm::all_of(domains, [&](const Domain &domain) {
    return isGathered(domain.stages, buffer) &&
           llvm::all_of(domain.accesses, [&](const Access &a) { return a.buffer != buffer || a.dynamic; });
  });
}

/// What one kernel packs, others gather from where it is packed, so that it is stored once: an embedding that
/// is the last layer's weight as well.
LogicalResult Tiler::shareConstants(ArrayRef<KernelOp> kernels) {
  llvm::MapVector<Value, SmallVector<OpOperand *>> uses;
  llvm::SmallPtrSet<Value, 4> gathered;
  for (KernelOp kernel : kernels)
    for (OpOperand &operand : kernel->getOpOperands()) {
      Value constant = operand.get();
      if (!isConstant(constant) || constant.hasOneUse()) continue;
      uses[constant].push_back(&operand);
      auto argument = kernel.getBody().getArgument(operand.getOperandNumber());
      if (llvm::any_of(argument.getUsers(), llvm::IsaPred<tensor::ExtractOp>)) gathered.insert(constant);
    }
  for (auto &[constant, operands] : uses) {
    if (!gathered.contains(constant)) continue;
    AffineMap layout;
    ElementsAttr data;
    SmallVector<std::pair<OpOperand *, SmallVector<std::vector<Domain>>>> readers;
    for (OpOperand *operand : operands) {
      auto kernel = cast<KernelOp>(operand->getOwner());
      if (getSpecialOp(kernel)) continue;
      auto variants = analyzeVariants(kernel);
      if (failed(variants)) return failure();
      unsigned number = operand->getOperandNumber();
      AffineMap own = (*getLayouts(kernel, kernel.getScheduleAttr()))[number];
      if (!own) {
        readers.push_back({operand, std::move(*variants)});
      } else if (!layout && isa<BlockArgument>(getReadValue(kernel, number))) {
        layout = own, data = packed(kernel, number, layout);
      }
    }
    if (!data) continue;
    for (auto &[operand, before] : readers) {
      auto kernel = cast<KernelOp>(operand->getOwner());
      unsigned number = operand->getOperandNumber();
      ArrayAttr places = kernel.getPlacesAttr();
      bool isViewed = llvm::any_of(kernel.getBody().getArgument(number).getUsers(), [](Operation *user) {
        return !isa<linalg::GenericOp, tensor::ExtractOp>(user);
      });
      bool isGatheredOnly =
          llvm::all_of(before, [&](ArrayRef<Domain> domains) { return isGathered(domains, number); });
      if (!places || isViewed || !isGatheredOnly) continue;
      SmallVector<Attribute> list(places.begin(), places.end());
      auto place = cast<PlaceAttr>(list[number]);
      list[number] = PlaceAttr::get(ctx, place.getBuffer(), place.getOffset(), place.getStrides(), layout);
      kernel.setPlacesAttr(ArrayAttr::get(ctx, list));
      auto after = analyzeVariants(kernel);
      auto isSame = [](auto pair) { return haveSameLoops(std::get<0>(pair), std::get<1>(pair)); };
      if (succeeded(after) && llvm::all_of(llvm::zip_equal(before, *after), isSame))
        elsewhere[kernel].push_back({number, data});
      else
        kernel.setPlacesAttr(places);
    }
  }
  return success();
}

//===-- Kernels -----------------------------------------------------------===//

FailureOr<Tiling> readTiling(KernelOp kernel, ArrayAttr attr) {
  if (getSpecialOp(kernel)) return Tiling{attr, {}, {}, {}};
  auto domains = analyzeScheduled(kernel, attr);
  if (failed(domains)) return failure();
  auto schedules = getSchedules(kernel, attr, *domains);
  if (failed(schedules)) return failure();
  return Tiling{attr, *getLayouts(kernel, attr), std::move(*domains), std::move(*schedules)};
}

/// The function of a kernel that is tiled so: an equal one's, or a new one.
FailureOr<Emitted *> Tiler::getFunction(KernelOp kernel, const Tiling &tiling) {
  size_t hash = llvm::hash_combine(hashBody(kernel), tiling.attr);
  SmallVector<bool> areConstants = llvm::map_to_vector(kernel.getInputs(), isConstant);
  auto [begin, end] = table.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    KernelOp other = *it->second.kernel;
    bool equal = OperationEquivalence::isRegionEquivalentTo(&other.getBody(), &kernel.getBody(),
                                                            OperationEquivalence::IgnoreLocations) &&
                 it->second.schedules == tiling.attr && other.getScheduleAttr() == kernel.getScheduleAttr() &&
                 layoutOf(other) == layoutOf(kernel) && it->second.constants == areConstants;
    if (!equal) continue;
    ++shared;
    return &it->second;
  }
  Emitted fresh;
  if (failed(emit(kernel, tiling, fresh))) return failure();
  // The copy has no operands: only its body is compared.
  KernelOp copy = kernel.clone();
  copy->setOperands(ValueRange());
  fresh.kernel = copy, fresh.schedules = tiling.attr, fresh.constants = areConstants;
  ++functions;
  return &table.emplace(hash, std::move(fresh))->second;
}

LogicalResult Tiler::tile(KernelOp kernel) {
  auto tiling = readTiling(kernel, kernel.getScheduleAttr());
  if (failed(tiling)) return failure();
  auto emitted = getFunction(kernel, *tiling);
  if (failed(emitted)) return failure();
  SmallVector<Attribute> variants;
  if (ArrayAttr attrs = kernel.getVariantsAttr())
    for (auto variant : attrs.getAsRange<VariantAttr>()) {
      auto other = readTiling(kernel, variant.getSchedule());
      if (failed(other)) return failure();
      if (other->layouts != tiling->layouts)
        return kernel.emitError("a variant of kernel '")
               << kernel.getKernelName() << "' must pack what its schedule packs, in the same layouts";
      auto function = getFunction(kernel, *other);
      if (failed(function)) return failure();
      variants.push_back((*function)->function.getVariant(variant.getAtMost(), (*function)->tasks));
    }
  // Packing reads the kernel's body, which the launch replaces.
  SmallVector<std::pair<unsigned, ElementsAttr>> data;
  for (auto [number, layout] : llvm::enumerate(tiling->layouts))
    if (layout) data.push_back({number, packed(kernel, number, layout)});
  llvm::append_range(data, elsewhere.lookup(kernel));
  LaunchOp launch = (*emitted)->function.launch(kernel, (*emitted)->tasks);
  if (!variants.empty()) launch.setVariantsAttr(ArrayAttr::get(ctx, variants));
  for (auto [number, value] : data)
    usePacked(launch, number, value);
  return success();
}

struct TileKernels : girih::impl::TileKernelsBase<TileKernels> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp op) { kernels.push_back(op); });
    Tiler tiler(getOperation());
    if (failed(tiler.shareConstants(kernels))) return signalPassFailure();
    for (KernelOp kernel : kernels)
      if (failed(tiler.tile(kernel))) return signalPassFailure();
    functions += tiler.functions, shared += tiler.shared, packedConstants += tiler.packedConstants;
  }
};

} // namespace
