#include "passes/Tile/Schedule.h"

using namespace mlir;

namespace girih {

static LogicalResult verify(KernelOp kernel, const Domain &domain, ScheduleAttr s) {
  auto error = [&]() {
    return kernel.emitError("schedule ") << s << " does not fit kernel '" << kernel.getKernelName() << "': ";
  };
  int64_t dims = domain.dims.size(), parallel = domain.parallel;
  if (s.getWidth() < 1 || s.getWidth() > 64 || (s.getWidth() & (s.getWidth() - 1)))
    return error() << "width must be a power of two up to 64";
  if (s.getVectorDim() < -1 || s.getVectorDim() >= dims)
    return error() << "vector_dim must be -1 or one of the " << dims << " dimensions";
  if (s.getRowDim() < -1 || s.getRowDim() >= parallel ||
      (s.getRowDim() >= 0 && s.getRowDim() == s.getVectorDim()))
    return error() << "row_dim must be -1 or one of the " << parallel
                   << " parallel dimensions, and not vector_dim";
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
    if (block < 1 || block % step)
      return error() << "the block of dimension " << d << " must be a multiple of its register tile, "
                     << step;
  }
  if (!domain.packable.empty() && s.getVectorDim() != domain.unitDim)
    return error() << "vector_dim must be " << domain.unitDim << ", along which the constants are packed";
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
           << " schedules; run the plan stage first";
  for (auto [domain, schedule] : llvm::zip(domains, out))
    if (failed(verify(kernel, domain, schedule))) return failure();
  return out;
}

Operation *getSpecialOp(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<ScatterElementsOp, ScatterNDOp, TopKOp, CumSumOp>(op)) return &op;
  return nullptr;
}

} // namespace girih
