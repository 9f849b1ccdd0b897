#include "passes/Tile/Schedule.h"

using namespace mlir;

namespace girih {

//===-- The code that a schedule makes ------------------------------------===//

/// More than any plan writes out, and what code generation takes a few seconds for.
static constexpr uint64_t kMostOperations = 1 << 17;

/// How many elements of a register tile `tile` wide are written out for a loop: a whole tile, and what is
/// left at the end.
static int64_t countWritten(std::optional<int64_t> extent, int64_t tile) {
  return !extent ? tile + 1 : *extent <= tile ? *extent : tile + *extent % tile;
}

/// The instructions that the tile stage writes out for one domain. It loops over register tiles, but a tile
/// itself, what is left of a dimension behind the last whole tile, and the unrolled steps of reductions are
/// straight code.
static uint64_t countOperations(const Domain &domain, ScheduleAttr s) {
  auto extent = [&](int64_t d) { return dimValue(domain.dims[d].extent); };
  constexpr int64_t kRegister = 16;
  uint64_t rows = 1, vectors = 1;
  if (s.getRowDim() >= 0) {
    rows = 0;
    if (auto n = extent(s.getRowDim()))
      rows = countWritten(n, s.getRows());
    else // each of the sizes has a loop
      for (int64_t n : getRowSizes(s.getRows()))
        rows += n;
  }
  if (s.getVectorDim() >= 0) {
    auto n = extent(s.getVectorDim());
    vectors = n ? countWritten(llvm::divideCeil(*n, s.getWidth()), s.getVectors()) : 2 * s.getVectors();
  }
  auto cost = [](linalg::GenericOp op) -> uint64_t { return getElementCost(op) + op->getNumOperands(); };
  uint64_t operations = cost(domain.last);
  for (auto [r, stage] : llvm::zip(domain.reductions, s.getReductions())) {
    int64_t steps = 1;
    if (!stage.getNest().empty()) {
      LoopAttr inner = stage.getNest().back();
      // Lanes along a reduction: the vectors of a step, then whole ones, then a masked one.
      steps = inner.getRole() == LoopRole::lanes
                  ? inner.getSize() / s.getWidth() + 2
                  : countWritten(dimValue(r.loops[inner.getDim()].extent), inner.getSize());
    }
    operations += steps * cost(r.op);
  }
  return llvm::SaturatingMultiply(rows, vectors * operations * llvm::divideCeil(s.getWidth(), kRegister));
}

static LogicalResult verify(KernelOp kernel, const Domain &domain, ScheduleAttr s) {
  auto error = [&]() {
    return kernel.emitError("schedule ") << s << " does not fit kernel '" << kernel.getKernelName() << "': ";
  };
  ArrayRef<LoopAttr> nest = s.getNest();
  for (LoopAttr loop : nest)
    if (loop.getDim() >= domain.dims.size())
      return error() << "d" << loop.getDim() << " is none of the " << domain.dims.size() << " dimensions";
  for (unsigned d = 0; d < domain.dims.size(); ++d)
    if (llvm::none_of(nest, [&](LoopAttr l) { return l.getDim() == d; }))
      return error() << "there is no loop of d" << d;
  auto isParallel = [&](LoopAttr l) { return l.getDim() < domain.parallel; };
  if (!std::is_partitioned(nest.begin(), nest.end(), isParallel))
    return error() << "dimensions from d" << domain.parallel
                   << " on, which no reduction depends on, must be the innermost loops";
  for (LoopAttr loop : nest)
    if (!isParallel(loop) && loop.getRole() != LoopRole::each && loop.getRole() != LoopRole::lanes)
      return error() << "d" << loop.getDim() << ", which no reduction depends on, cannot be "
                     << stringifyLoopRole(loop.getRole());
  if (s.getReductions().size() != domain.reductions.size())
    return error() << "it has " << s.getReductions().size() << " reductions, the kernel "
                   << domain.reductions.size();
  int64_t outside = llvm::count_if(nest, isParallel);
  for (auto [i, r, stage] : llvm::enumerate(domain.reductions, s.getReductions())) {
    auto where = [&]() { return error() << "reduction " << i << " "; };
    if (stage.getAt() != outside)
      return where() << "must be at " << outside << ", inside of all loops that it depends on";
    ArrayRef<LoopAttr> loops = stage.getNest();
    SmallVector<unsigned> order = llvm::map_to_vector(loops, [](LoopAttr l) { return l.getDim(); });
    llvm::sort(order);
    if (!llvm::equal(order, llvm::seq<unsigned>(0, r.loops.size())))
      return where() << "must have one loop of each of its " << r.loops.size() << " dimensions";
    bool lanes = !loops.empty() && loops.back().getRole() == LoopRole::lanes;
    if (lanes && !canSumInLanes(r))
      return where() << "cannot have lanes: partial results of it do not combine";
    if (lanes && dependsOn(r, domain, s.getVectorDim()))
      return where() << "cannot have lanes along itself and along d" << s.getVectorDim();
    if (lanes && loops.back().getDim() + 1 != r.loops.size())
      return where() << "must have lanes along k" << r.loops.size() - 1;
  }
  if (!domain.packable.empty() && s.getVectorDim() != domain.unitDim)
    return error() << "lanes must be along d" << domain.unitDim << ", along which the constants are packed";
  // Constants are packed in whole blocks: what is beyond their end is stored as zeros.
  if (auto n = domain.packable.empty() ? std::nullopt : dimValue(domain.dims[domain.unitDim].extent))
    if (int64_t most = std::max<int64_t>(llvm::divideCeil(*n, s.getWidth()), 1); s.getVectors() > most)
      return error() << "lanes must be at most " << most * s.getWidth() << ": the constants have " << *n
                     << " elements along d" << domain.unitDim;
  if (uint64_t n = countOperations(domain, s); n > kMostOperations)
    return error() << "it writes out " << n << " operations, at most " << kMostOperations
                   << " are allowed: make rows, lanes or unroll smaller";
  return success();
}

SmallVector<int64_t> getRowSizes(int64_t rows) {
  constexpr int64_t kFew = 4;
  SmallVector<int64_t> sizes{rows};
  if (rows > kFew) sizes.push_back(kFew);
  if (rows > 1) sizes.push_back(1);
  return sizes;
}

FailureOr<SmallVector<ScheduleAttr>> getSchedules(KernelOp kernel, ArrayRef<Domain> domains) {
  SmallVector<ScheduleAttr> out;
  if (ArrayAttr schedules = kernel.getScheduleAttr())
    llvm::append_range(out, schedules.getAsRange<ScheduleAttr>());
  if (out.size() != domains.size())
    return kernel.emitError("kernel '")
           << kernel.getKernelName() << "' has " << domains.size() << " domains but " << out.size()
           << " schedules; expected one for each, as --stop-after=plan prints them";
  for (auto [domain, schedule] : llvm::zip(domains, out))
    if (failed(verify(kernel, domain, schedule))) return failure();
  return out;
}

Operation *getSpecialOp(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (getRole(&op) == OpRole::Alone) return &op;
  return nullptr;
}

} // namespace girih
