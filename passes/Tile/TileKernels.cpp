#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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

/// A kernel function that has been emitted, and the kernel it was made from (kept for comparison).
struct Emitted {
  OwningOpRef<KernelOp> kernel;
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

/// Places with the buffers' numbers and offsets left out: they are arguments.
SmallVector<Attribute> layoutOf(KernelOp kernel) {
  SmallVector<Attribute> out;
  if (ArrayAttr places = kernel.getPlacesAttr())
    for (auto place : places.getAsRange<PlaceAttr>())
      out.push_back(place.getStrides());
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
  LogicalResult tile(KernelOp kernel);
  int64_t functions = 0, shared = 0, packedConstants = 0;

private:
  LogicalResult emit(KernelOp kernel, ArrayRef<Domain> domains, ArrayRef<ScheduleAttr> schedules,
                     Emitted &out);
  Attribute packed(KernelOp kernel, const Packing &packing);
  void usePacked(LaunchOp launch, unsigned input, ElementsAttr value);
  void erase(ConstantOp constant);

  MLIRContext *ctx;
  std::multimap<size_t, Emitted> table;
  DenseMap<std::pair<Attribute, Attribute>, Attribute> packings; // (constant, how) -> packed constant
  DenseMap<Attribute, int64_t> constants;                        // how many operations have each
};

LogicalResult Tiler::emit(KernelOp kernel, ArrayRef<Domain> domains, ArrayRef<ScheduleAttr> schedules,
                          Emitted &out) {
  out.function = KernelFunction::create(kernel);
  OpBuilder b(out.function.getFunction().getBody().front().getTerminator());
  if (Operation *special = getSpecialOp(kernel))
    return emitSpecial(b, kernel, special, out.function, &out.tasks);
  // Several domains (border fills) are small: one task runs them one after the other.
  out.tasks = dimConstant(ctx, 1);
  bool one = domains.size() == 1;
  if (one) return emitDomain(b, kernel, out.function, domains[0], schedules[0], &out.tasks);
  auto forall = scf::ForallOp::create(b, kernel.getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)},
                                      ValueRange(), std::nullopt);
  b.setInsertionPointToStart(forall.getBody());
  for (auto [domain, schedule] : llvm::zip(domains, schedules))
    if (failed(emitDomain(b, kernel, out.function, domain, schedule, nullptr))) return failure();
  return success();
}

Attribute Tiler::packed(KernelOp kernel, const Packing &p) {
  Builder b(ctx);
  auto constant = kernel.getInputs()[p.buffer].getDefiningOp<ConstantOp>();
  SmallVector<int64_t> numbers(p.strides);
  numbers.push_back(p.block);
  llvm::append_range(numbers, p.order);
  auto map = cast<linalg::GenericOp>(p.operand->getOwner()).getMatchingIndexingMap(p.operand);
  Attribute how = b.getArrayAttr(
      {b.getDenseI64ArrayAttr(numbers), AffineMapAttr::get(map), TypeAttr::get(p.operand->get().getType())});
  Attribute &known = packings[{constant.getValue(), how}];
  if (!known) {
    known = packConstant(constant.getValue(), p);
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

LogicalResult Tiler::tile(KernelOp kernel) {
  FailureOr<std::vector<Domain>> domains = std::vector<Domain>();
  if (!getSpecialOp(kernel)) domains = analyzeScheduled(kernel);
  if (failed(domains)) return failure();
  auto schedules = getSchedules(kernel, *domains);
  if (failed(schedules)) return failure();

  size_t hash = hashBody(kernel);
  SmallVector<bool> areConstants = llvm::map_to_vector(kernel.getInputs(), isConstant);
  Emitted *emitted = nullptr;
  auto [begin, end] = table.equal_range(hash);
  for (auto it = begin; it != end && !emitted; ++it) {
    KernelOp other = *it->second.kernel;
    bool equal = OperationEquivalence::isRegionEquivalentTo(&other.getBody(), &kernel.getBody(),
                                                            OperationEquivalence::IgnoreLocations) &&
                 other.getScheduleAttr() == kernel.getScheduleAttr() && layoutOf(other) == layoutOf(kernel) &&
                 it->second.constants == areConstants;
    if (equal) emitted = &it->second;
  }
  if (emitted) {
    ++shared;
  } else {
    Emitted fresh;
    if (failed(emit(kernel, *domains, *schedules, fresh))) return failure();
    // The copy has no operands: only its body is compared.
    KernelOp copy = kernel.clone();
    copy->setOperands(ValueRange());
    fresh.kernel = copy, fresh.constants = areConstants;
    emitted = &table.emplace(hash, std::move(fresh))->second;
    ++functions;
  }
  SmallVector<Packing> list;
  for (auto [domain, schedule] : llvm::zip(*domains, *schedules)) {
    llvm::append_range(list, getPackings(domain, schedule));
    for (auto [stage, stored] : llvm::zip(domain.stages, schedule.getStored()))
      llvm::append_range(list, getPackings(stage, stored.getSchedule()));
  }
  // Packing reads the kernel's body, which the launch replaces.
  SmallVector<Attribute> data =
      llvm::map_to_vector(list, [&](const Packing &p) { return packed(kernel, p); });
  LaunchOp launch = emitted->function.launch(kernel, emitted->tasks);
  for (auto [p, attr] : llvm::zip(list, data))
    usePacked(launch, p.buffer, cast<ElementsAttr>(attr));
  return success();
}

struct TileKernels : girih::impl::TileKernelsBase<TileKernels> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels;
    getOperation().walk([&](KernelOp op) { kernels.push_back(op); });
    Tiler tiler(getOperation());
    for (KernelOp kernel : kernels)
      if (failed(tiler.tile(kernel))) return signalPassFailure();
    functions += tiler.functions, shared += tiler.shared, packedConstants += tiler.packedConstants;
  }
};

} // namespace
