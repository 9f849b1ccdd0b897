#include "passes/Tile/Mma.h"
#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <numeric>

using namespace mlir;

namespace girih {

/// The type of the elements that `op` multiplies, as they are in memory: those of its two operands, widened
/// by nothing but a conversion to f32. Null where it is something else.
static Type getMultiplied(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1) return {};
  Value sum = getYielded(op)[0];
  auto add = sum.getDefiningOp<arith::AddFOp>();
  if (!add || !sum.getType().isF32()) return {};
  Block &body = op.getRegion().front();
  Type element = body.getArgument(0).getType();
  bool isKnown = element.isF16() || element.isBF16() || element.isF32();
  if (!isKnown || body.getArgument(1).getType() != element) return {};
  auto mul = add.getLhs() == body.getArgument(2) ? add.getRhs().getDefiningOp<arith::MulFOp>()
                                                 : add.getLhs().getDefiningOp<arith::MulFOp>();
  if (!mul) return {};
  auto isInput = [&](Value v, unsigned i) {
    if (auto widened = v.getDefiningOp<arith::ExtFOp>()) v = widened.getIn();
    return v == body.getArgument(i);
  };
  bool isProduct = (isInput(mul.getLhs(), 0) && isInput(mul.getRhs(), 1)) ||
                   (isInput(mul.getLhs(), 1) && isInput(mul.getRhs(), 0));
  return isProduct ? element : Type();
}

std::optional<MmaShape> getMmaShape(const Domain &domain) {
  bool isAlone = domain.reductions.size() == 1 && domain.stages.empty() && domain.cuts.empty() &&
                 domain.dims.size() == domain.parallel;
  if (!isAlone || !domain.isContraction() || domain.unitDim < 0) return std::nullopt;
  const Reduction &r = domain.reductions[0];
  linalg::GenericOp op = r.op;
  MmaShape shape;
  shape.element = getMultiplied(op);
  shape.column = domain.unitDim;
  if (!shape.element || r.loops.empty()) return std::nullopt;
  // What is computed where it is read has no memory to be copied from.
  if (!llvm::all_of(op.getInputs(), [](Value v) { return static_cast<bool>(getViewedArgument(v)); }))
    return std::nullopt;
  unsigned found = 0;
  for (const Access &a : domain.accesses) {
    if (a.reduction != 0) continue;
    if (a.dynamic || a.stage >= 0) return std::nullopt;
    bool isRight = a.lin.has(domain.variable(shape.column));
    (isRight ? shape.right : shape.left).access = a;
    found |= isRight ? 2 : 1;
  }
  if (found != 3) return std::nullopt;

  auto isUnit = [](const MmaOperand &o, unsigned variable) {
    DimExpr c = o.access.lin.coefficient(variable);
    return c && c == 1;
  };
  shape.inner = r.loops.size() - 1;
  for (const MmaOperand *o : {&shape.right, &shape.left})
    for (unsigned k = 0; k < r.loops.size(); ++k)
      if (isUnit(*o, r.variable(k))) shape.inner = k;
  for (unsigned d = 0; d < domain.parallel; ++d) {
    unsigned v = domain.variable(d);
    if (d != shape.column && shape.left.access.lin.has(v) && !shape.right.access.lin.has(v))
      shape.rows.push_back(d);
  }
  if (shape.rows.empty()) return std::nullopt;
  shape.right.isAlongReduction =
      isUnit(shape.right, r.variable(shape.inner)) || !isUnit(shape.right, domain.variable(shape.column));
  auto sideBySide =
      llvm::find_if(shape.rows, [&](unsigned d) { return isUnit(shape.left, domain.variable(d)); });
  shape.left.isAlongReduction = isUnit(shape.left, r.variable(shape.inner)) || sideBySide == shape.rows.end();
  if (!shape.left.isAlongReduction) std::rotate(sideBySide, sideBySide + 1, shape.rows.end());
  return shape;
}

int64_t getMmaVector(KernelOp kernel, const Domain &domain, const MmaShape &shape,
                     const MmaOperand &operand) {
  constexpr int64_t kBytes = 16; // what cp.async copies at most
  int64_t vector = kBytes / shape.getElementBytes();
  auto meet = [&](DimExpr e) {
    if (dimValue(e) != 0) vector = std::gcd(vector, e.getLargestKnownDivisor());
  };
  const Reduction &r = domain.reductions[0];
  bool isLeft = &operand == &shape.left;
  unsigned line = operand.isAlongReduction ? r.variable(shape.inner)
                                           : domain.variable(isLeft ? shape.rows.back() : shape.column);
  DimExpr unit = operand.access.lin.coefficient(line);
  if (!unit || unit != 1) return 1;
  meet(operand.access.lin.constant);
  for (auto &[v, c] : operand.access.lin.terms)
    if (v != line) meet(c);
  meet(operand.isAlongReduction ? r.loops[shape.inner].extent
                                : domain.dims[isLeft ? shape.rows.back() : shape.column].extent);
  if (ArrayAttr places = kernel.getPlacesAttr())
    meet(cast<PlaceAttr>(places[operand.access.buffer]).getOffset().getDims()[0]);
  return vector;
}

int64_t getMmaRows(const MmaShape &shape, ScheduleAttr schedule) {
  int64_t rows = 1;
  for (unsigned d : shape.rows)
    rows *= schedule.getTile(d);
  return rows;
}

int64_t getMmaThreads(const MmaShape &shape, ScheduleAttr schedule) {
  MmaAttr mma = schedule.getMma();
  return kWarp * (getMmaRows(shape, schedule) / mma.getRows()) *
         (schedule.getTile(shape.column) / mma.getColumns());
}

int64_t getMmaSumStride(MmaAttr mma) {
  return (mma.getColumns() + 8) * 4; // f32; 8 more, so that the lanes of a store are in different banks
}

int64_t getMmaSharedBytes(const MmaShape &shape, ScheduleAttr schedule) {
  MmaAttr mma = schedule.getMma();
  int64_t buffer = (getMmaRows(shape, schedule) + schedule.getTile(shape.column)) * mma.getStep() *
                   shape.getElementBytes();
  int64_t warps = getMmaThreads(shape, schedule) / kWarp;
  return std::max(buffer * mma.getBuffers(), warps * kMmaRows * getMmaSumStride(mma));
}

LogicalResult verifyMma(KernelOp kernel, const Domain &domain, ScheduleAttr schedule,
                        llvm::function_ref<InFlightDiagnostic()> error) {
  constexpr int64_t kMostSums = 256, kMostShared = int64_t(1) << 18;
  auto shape = getMmaShape(domain);
  if (!shape)
    return error()
           << "tensor cores take a product of two operands of f16, bf16 or f32 in memory, with sums of f32 "
              "and nothing stored, and this is none";
  for (PackedAttr packed : schedule.getPacked())
    if (!packed.getLayout().isPermutation())
      return error() << "in" << packed.getNumber()
                     << " has blocks: tensor cores get what is packed dimension by dimension";
  MmaAttr mma = schedule.getMma();
  for (unsigned d = 0; d < domain.parallel; ++d) {
    int64_t size = schedule.getTile(d);
    bool isTiled = d == shape->column || llvm::is_contained(shape->rows, d);
    if (isTiled && !llvm::isPowerOf2_64(size))
      return error() << "tasks of d" << d << " must be a power of two for tensor cores but are " << size;
    if (!isTiled && size != 1)
      return error() << "tasks of d" << d << ", which both operands or none moves with, must be 1 but are "
                     << size;
  }
  int64_t rows = getMmaRows(*shape, schedule), columns = schedule.getTile(shape->column);
  if (rows % mma.getRows() || columns % mma.getColumns())
    return error() << "a task's tile of " << rows << " by " << columns << " is not whole tiles of warps, "
                   << mma.getRows() << " by " << mma.getColumns();
  if (int64_t threads = getMmaThreads(*shape, schedule); threads != schedule.getThreads() || threads == kWarp)
    return error() << "a task's tile of " << rows << " by " << columns << " has " << threads
                   << " threads, which must be two warps at least, and threads = " << schedule.getThreads();
  if (mma.getRows() * mma.getColumns() / kWarp > kMostSums)
    return error() << "a warp's tile of " << mma.getRows() << " by " << mma.getColumns()
                   << " has more sums than threads have registers";
  if (int64_t bytes = getMmaSharedBytes(*shape, schedule); bytes > kMostShared)
    return error() << "a task takes " << bytes << " bytes of shared memory, more than any GPU has";
  auto verifyVector = [&](const MmaOperand &operand, int64_t vector, StringRef name) -> LogicalResult {
    int64_t most = getMmaVector(kernel, domain, *shape, operand);
    bool isLeft = &operand == &shape->left;
    if (!operand.isAlongReduction && isLeft) most = std::min(most, schedule.getTile(shape->rows.back()));
    if (vector <= most) return success();
    return error() << "of the " << name << " operand " << vector << " elements cannot be copied at once, "
                   << most << " can";
  };
  return success(succeeded(verifyVector(shape->left, mma.getLeft(), "left")) &&
                 succeeded(verifyVector(shape->right, mma.getRight(), "right")));
}

} // namespace girih
