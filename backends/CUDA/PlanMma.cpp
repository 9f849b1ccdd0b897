#include "backends/CUDA/PlanMma.h"
#include "dialects/Graph/Attributes.h"
#include "passes/Tile/Mma.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace girih {

namespace {

/// A block's tile and those of its warps.
struct Tile {
  int64_t rows, columns, warpRows, warpColumns;
};

constexpr Tile kTiles[] = {{256, 128, 64, 64}, {128, 128, 64, 64}, {128, 64, 64, 32},
                           {64, 128, 32, 64},  {64, 64, 32, 32},   {64, 32, 32, 16},
                           {32, 64, 16, 32},   {32, 32, 16, 16},   {16, 64, 16, 16}};

/// What a multiprocessor of an A100 does in a cycle with tensor cores: multiply-adds of f16.
constexpr double kMultiplyAdds = 1024;
constexpr int64_t kMultiprocessors = 108;
/// Cycles that an element of the reduction takes beside its products: that warps wait for each other, and for
/// memory. As the PTX simulator's model has them, they hardly depend on the tile.
constexpr double kStepCycles = 6;
/// What a block takes before its first product, and behind its last one.
constexpr double kBlockCycles = 1500;

class MmaPlanner {
public:
  MmaPlanner(KernelOp kernel, const Domain &domain, const Guesses &guesses, const MmaShape &shape)
      : kernel(kernel), domain(domain), guesses(guesses), shape(shape) {}

  bool isWorthIt() const;
  ScheduleAttr plan();

private:
  int64_t size(unsigned d) const { return guesses.get(domain.dims[d].extent); }
  SmallVector<int64_t> divideRows(int64_t rows) const;
  double predict(const Tile &tile) const;
  int64_t getInner() const { return guesses.get(domain.reductions[0].loops[shape.inner].extent); }
  double countSteps() const;

  KernelOp kernel;
  const Domain &domain;
  const Guesses &guesses;
  const MmaShape &shape;
};

/// Of less, most of a tensor core's tile would be zeros.
bool MmaPlanner::isWorthIt() const {
  constexpr int64_t kLeast = 8;
  double rows = 1;
  for (unsigned d : shape.rows)
    rows *= size(d);
  return rows >= kLeast && size(shape.column) >= kLeast && getInner() >= kLeast;
}

/// How many of a block's rows each loop of rows has: all of the inner ones first.
SmallVector<int64_t> MmaPlanner::divideRows(int64_t rows) const {
  SmallVector<int64_t> sizes(shape.rows.size(), 1);
  for (size_t i = shape.rows.size(); i-- > 0 && rows > 1;) {
    sizes[i] = i == 0 ? rows : std::min<int64_t>(rows, llvm::PowerOf2Ceil(size(shape.rows[i])));
    rows /= sizes[i];
  }
  return sizes;
}

/// The length of the whole reduction.
double MmaPlanner::countSteps() const {
  double all = 1;
  for (const LoopDim &loop : domain.reductions[0].loops)
    all *= guesses.get(loop.extent);
  return all;
}

/// The cycles that all blocks take.
double MmaPlanner::predict(const Tile &tile) const {
  double blocks = llvm::divideCeil(size(shape.column), tile.columns);
  for (auto [d, rows] : llvm::zip_equal(shape.rows, divideRows(tile.rows)))
    blocks *= llvm::divideCeil(size(d), rows);
  for (unsigned d = 0; d < domain.parallel; ++d)
    if (d != shape.column && !llvm::is_contained(shape.rows, d)) blocks *= size(d);
  double products = double(tile.rows) * tile.columns / kMultiplyAdds * shape.getElementBytes() / 2;
  return std::ceil(blocks / kMultiprocessors) * (countSteps() * (products + kStepCycles) + kBlockCycles);
}

ScheduleAttr MmaPlanner::plan() {
  MLIRContext *ctx = kernel.getContext();
  const Tile *best = kTiles;
  for (const Tile &tile : kTiles)
    if (predict(tile) < predict(*best)) best = &tile;

  SmallVector<int64_t> steps(domain.parallel, 1);
  steps[shape.column] = best->columns;
  for (auto [d, rows] : llvm::zip_equal(shape.rows, divideRows(best->rows)))
    steps[d] = rows;
  SmallVector<LoopAttr> nest;
  for (unsigned d = 0; d < domain.parallel; ++d)
    if (d != shape.column) nest.push_back(LoopAttr::get(ctx, /*reduced=*/false, d, steps[d], LoopRole::task));
  nest.push_back(LoopAttr::get(ctx, /*reduced=*/false, shape.column, steps[shape.column], LoopRole::task));

  // Small tiles have lines of 128 bytes, so that threads wait for each other less often. With large ones, of
  // 64, a multiprocessor has shared memory for more than one ring, or for that of the largest.
  constexpr int64_t kSmall = 64 * 64, kLarge = 128 * 128, kLine = 64, kLeast = 16;
  int64_t area = best->rows * best->columns;
  int64_t line = (area > kSmall ? kLine : 2 * kLine) / shape.getElementBytes();
  int64_t step = std::clamp<int64_t>(llvm::PowerOf2Ceil(getInner()), kLeast, line);
  int64_t buffers = area > kLarge ? 3 : 4;
  int64_t left = getMmaVector(kernel, domain, shape, shape.left);
  if (!shape.left.isAlongReduction) left = std::min(left, steps[shape.rows.back()]);
  int64_t right = getMmaVector(kernel, domain, shape, shape.right);
  auto mma = MmaAttr::get(ctx, best->warpRows, best->warpColumns, step, buffers, left, right);
  auto stage = StageAttr::get(ctx, nest.size(), ArrayRef<LoopAttr>(), mma);
  int64_t threads = kWarp * (best->rows / best->warpRows) * (best->columns / best->warpColumns);
  return ScheduleAttr::get(ctx, /*width=*/1, /*fma=*/true, nest, stage, {}, threads);
}

} // namespace

ScheduleAttr planMma(KernelOp kernel, const Domain &domain, const Guesses &guesses, bool withTf32) {
  auto shape = getMmaShape(domain);
  if (!shape || (shape->element.isF32() && !withTf32)) return {};
  MmaPlanner planner(kernel, domain, guesses, *shape);
  return planner.isWorthIt() ? planner.plan() : ScheduleAttr();
}

} // namespace girih
