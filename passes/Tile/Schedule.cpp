#include "passes/Tile/Schedule.h"

using namespace mlir;

namespace girih {

//===-- The code that a schedule makes ------------------------------------===//

/// More than any plan writes out, and what code generation takes a few seconds for.
static constexpr uint64_t kMostOperations = 1 << 17;
/// Larger blocks say no more, and a task's end must not overflow.
static constexpr int64_t kMostBlock = int64_t(1) << 40;

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
  // Lanes along a reduction: four chains, then whole vectors, then a masked one.
  constexpr int64_t kChains = 6, kRegister = 16;
  uint64_t rows = 1, vectors = 1;
  if (s.getRowDim() >= 0 && extent(s.getRowDim())) {
    rows = countWritten(extent(s.getRowDim()), s.getRows()[0]);
  } else if (s.getRowDim() >= 0) { // each of the sizes has a loop
    rows = 0;
    for (int64_t n : s.getRows().asArrayRef())
      rows = llvm::SaturatingAdd<uint64_t>(rows, n);
  }
  if (s.getVectorDim() >= 0) {
    auto n = extent(s.getVectorDim());
    vectors = n ? countWritten(llvm::divideCeil(*n, s.getWidth()), s.getVectors()) : 2 * s.getVectors();
  }
  auto cost = [](linalg::GenericOp op) -> uint64_t { return getElementCost(op) + op->getNumOperands(); };
  uint64_t operations = cost(domain.last);
  for (const Reduction &r : domain.reductions) {
    int64_t steps = r.loops.empty() ? 1 : countWritten(dimValue(r.loops.back().extent), s.getUnroll());
    bool lanesOutside = s.getVectorDim() >= 0 && s.getVectorDim() < domain.parallel;
    if (!lanesOutside && s.getWidth() > 1) steps = std::max(steps, kChains);
    operations += steps * cost(r.op);
  }
  return llvm::SaturatingMultiply(rows, vectors * operations * llvm::divideCeil(s.getWidth(), kRegister));
}

static LogicalResult verify(KernelOp kernel, const Domain &domain, ScheduleAttr s) {
  auto error = [&]() {
    return kernel.emitError("schedule ") << s << " does not fit kernel '" << kernel.getKernelName() << "': ";
  };
  int64_t dims = domain.dims.size(), parallel = domain.parallel;
  if (s.getWidth() < 1 || s.getWidth() > 64 || (s.getWidth() & (s.getWidth() - 1)))
    return error() << "width must be a power of two up to 64";
  if (s.getVectorDim() < -1 || s.getVectorDim() >= dims)
    return error() << "vectorDim must be -1 or one of the " << dims << " dimensions";
  if (s.getRowDim() < -1 || s.getRowDim() >= parallel ||
      (s.getRowDim() >= 0 && s.getRowDim() == s.getVectorDim()))
    return error() << "rowDim must be -1 or one of the " << parallel
                   << " parallel dimensions, and not vectorDim";
  if (s.getVectors() < 1 || s.getVectors() > 32) return error() << "vectors must be 1 to 32";
  ArrayRef<int64_t> rows = s.getRows();
  if (rows.empty() || rows.back() < 1 || rows.front() > 64 || !llvm::is_sorted(llvm::reverse(rows)))
    return error() << "rows must be sizes from 64 down to 1";
  if (s.getRowDim() >= 0 && !dimValue(domain.dims[s.getRowDim()].extent) && rows.back() != 1)
    return error() << "rows of a dimension of unknown size must end with 1";
  if (s.getUnroll() < 1 || s.getUnroll() > 64) return error() << "unroll must be 1 to 64";
  SmallVector<int64_t> order(s.getOrder().asArrayRef());
  llvm::sort(order);
  if (int64_t(order.size()) != parallel || !llvm::equal(order, llvm::seq<int64_t>(0, parallel)))
    return error() << "order must be a permutation of the " << parallel << " parallel dimensions";
  if (s.getBlocks().size() != parallel || s.getParallel() < 0 || s.getParallel() > parallel)
    return error() << "there must be a block for each of the " << parallel
                   << " parallel dimensions, and parallel at most that";
  for (auto [d, block] : llvm::zip(s.getOrder().asArrayRef(), s.getBlocks().asArrayRef())) {
    int64_t step = d == s.getVectorDim() ? s.getVectors() * s.getWidth()
                   : d == s.getRowDim()  ? rows.front()
                                         : 1;
    if (block < 1 || block > kMostBlock || block % step)
      return error() << "the block of dimension " << d << " must be a multiple of its register tile, " << step
                     << ", and at most " << kMostBlock;
  }
  if (!domain.packable.empty() && s.getVectorDim() != domain.unitDim)
    return error() << "vectorDim must be " << domain.unitDim << ", along which the constants are packed";
  // Constants are packed in whole blocks: what is beyond their end is stored as zeros.
  if (auto n = domain.packable.empty() ? std::nullopt : dimValue(domain.dims[domain.unitDim].extent))
    if (int64_t most = std::max<int64_t>(llvm::divideCeil(*n, s.getWidth()), 1); s.getVectors() > most)
      return error() << "vectors must be at most " << most << ": the constants have " << *n
                     << " elements along dimension " << domain.unitDim;
  if (uint64_t n = countOperations(domain, s); n > kMostOperations)
    return error() << "it writes out " << n << " operations, at most " << kMostOperations
                   << " are allowed: make rows, vectors or unroll smaller";
  return success();
}

FailureOr<SmallVector<ScheduleAttr>> getSchedules(KernelOp kernel, ArrayRef<Domain> domains) {
  SmallVector<ScheduleAttr> out;
  Attribute attr = kernel.getScheduleAttr();
  if (auto one = dyn_cast_or_null<ScheduleAttr>(attr)) out.push_back(one);
  if (auto many = dyn_cast_or_null<ArrayAttr>(attr))
    for (Attribute a : many)
      if (auto s = dyn_cast<ScheduleAttr>(a)) out.push_back(s);
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
