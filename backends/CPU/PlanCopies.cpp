#include "backends/CPU/PlanCopies.h"
#include "backends/CPU/PlanPacking.h"
#include "passes/Tile/Schedule.h"
#include <numeric>

using namespace mlir;

namespace girih {

/// Whether a product reads an operand once, and as it is, or a copy that another plan has made: what is
/// computed from one is no operand.
static bool isReadOnce(const Domain &domain, unsigned operand) {
  auto isOperand = [&](Value input) {
    if (auto copy = input.getDefiningOp<linalg::GenericOp>()) return getCopiedOperand(copy) == operand;
    BlockArgument argument = getViewedArgument(input);
    return argument && argument.getArgNumber() == operand;
  };
  return llvm::count_if(linalg::GenericOp(domain.reductions[0].op).getInputs(), isOperand) == 1 &&
         llvm::count_if(domain.accesses, [&](const Access &a) { return a.buffer == operand; }) == 1;
}

static constexpr int64_t kLine = 64; // bytes

/// Cache lines of a panel of columns that each step of the reduction reads, side by side.
static int64_t getLines(ScheduleAttr planned) {
  return llvm::divideCeil(4 * planned.getTile(planned.getVectorDim()), kLine);
}

/// Whether a step of a register tile is over before a line is there that is not in the first-level cache.
static bool isShortStep(const PlanInputs &in, ScheduleAttr planned) {
  constexpr double kLatency = 14; // cycles until a line from the second-level cache is there
  return double(planned.getRows() * planned.getVectors()) / in.machine.fmas < kLatency;
}

/// Whether a panel of columns, of which steps of the reduction are `stride` elements apart, is read slowly as
/// it is: it comes from the second-level cache for each tile of rows, and a step of the tile is shorter than
/// that takes; or there are so few places for its lines that it is not even there.
static bool isSlowPanel(const PlanInputs &in, int64_t steps, std::optional<int64_t> stride,
                        ScheduleAttr planned) {
  constexpr int64_t kWays = 8, kTooMany = 4; // places there for a line, and how often they are too few
  if (steps * getLines(planned) * kLine <= in.machine.l1 / 2) return false;
  if (isShortStep(in, planned)) return true;
  return steps / kTooMany >= countPlaces(in.machine.l2, kWays, 4 * stride.value_or(1));
}

/// Rows that a copy has room for, in half of the second-level cache.
static int64_t getFittingRows(const PlanInputs &in, int64_t steps) {
  return in.machine.l2 / 2 / (4 * steps);
}

/// Columns that a block of rows, side by side step by step, meets before it is copied anew: enough for a
/// twentieth of the time to be more than what copying takes.
static constexpr int64_t kColumnsOfCopy = 1024;

/// Whether rows of a left operand, each contiguous, are better copied so that those of a register tile are
/// side by side at each step: one stream from the second-level cache instead of one a row, which matters
/// where steps are short.
static bool isWorthInterleaving(const PlanInputs &in, const Domain &domain, int64_t steps,
                                ScheduleAttr planned) {
  constexpr int64_t kLatency =
      72; // cycles of a step of all tiles that make up for a line from beyond the cache
  int64_t row = planned.getRowDim(), rows = planned.getRows(),
          fitting = std::min(getFittingRows(in, steps), in.guesses.get(domain.dims[row].extent));
  // Loops that are one here, such as a picture's rows and columns, would be several beside a copy.
  auto loops = getLoopExtents(domain.reductions[0].op);
  if (llvm::count_if(loops, [](DimExpr e) { return e != 1; }) != 3) return false;
  return isShortStep(in, planned) && 4 * steps * rows > in.machine.l1 / 4 &&
         fitting * planned.getVectors() >= kLatency * in.machine.fmas &&
         in.guesses.get(domain.dims[planned.getVectorDim()].extent) >= kColumnsOfCopy;
}

OperandsToCopy getOperandsToCopy(const PlanInputs &in, const Domain &domain, ScheduleAttr planned) {
  // Panels that make up for copying rows. A step of each tile of rows waits once for a panel of columns, and
  // what is copied are lines of it: tiles a line.
  constexpr int64_t kEnough = 8;
  int64_t row = planned.getRowDim(), column = planned.getVectorDim();
  if (!domain.isContraction() || domain.parallel != 2 || domain.reductions[0].loops.size() != 1 ||
      !domain.stages.empty() || !domain.cuts.empty() || row < 0 || column < 0)
    return {};
  int64_t steps = in.guesses.get(domain.reductions[0].loops[0].extent);
  auto count = [&](int64_t d) { return in.guesses.get(domain.dims[d].extent) / planned.getTile(d); };
  OperandsToCopy operands;
  for (const Access &a : domain.accesses) {
    if (a.reduction != 0 || a.dynamic || !isReadOnce(domain, a.buffer)) continue;
    DimExpr along = a.lin.coefficient(domain.reductions[0].variable(0));
    if (!along) continue;
    if (along == 1) {
      if (a.lin.has(domain.variable(row)) && isWorthInterleaving(in, domain, steps, planned))
        operands.ofRows = a.buffer, operands.interleaved = true;
      continue;
    }
    if (a.lin.has(domain.variable(row)) && count(column) >= kEnough) operands.ofRows = a.buffer;
    // Constants are packed. A panel of all columns is dense as it is.
    if (a.lin.has(domain.variable(column)) && !llvm::is_contained(domain.packed, a.buffer) &&
        count(column) > 1 && count(row) >= kEnough * getLines(planned) &&
        isSlowPanel(in, steps, dimValue(along), planned))
      operands.ofColumns = a.buffer;
  }
  // Blocks of rows that are copied take a share of the cache, and few panels then meet each.
  if (operands.ofRows && !isShortStep(in, planned)) operands.ofColumns.reset();
  // And panels that are copied had better meet all rows.
  if (operands.ofColumns && operands.interleaved) operands.ofRows.reset();
  return operands;
}

/// Blocks of the loop that moves with `dim` of the product, one after the other, in each of these the others,
/// and in each of those the `size` of a block, as in a constant's panels; null where it does not simply move
/// with it.
static AffineMap getBlocks(const Domain &domain, unsigned number, unsigned dim, int64_t size) {
  const Domain &stage = domain.stages[number];
  MLIRContext *ctx = linalg::GenericOp(stage.last).getContext();
  SmallVector<AffineExpr> order;
  AffineExpr blocks;
  for (unsigned d = 0; d < stage.dims.size(); ++d) {
    auto window = getWindow(domain, number, d);
    AffineExpr index = getAffineDimExpr(d, ctx);
    if (window && window->isOne() && window->source == dim)
      blocks = index;
    else
      order.push_back(index);
  }
  if (!blocks) return {};
  order.insert(order.begin(), blocks.floorDiv(size)), order.push_back(blocks % size);
  return AffineMap::get(stage.dims.size(), 0, order, ctx);
}

ScheduleAttr planAroundCopies(const PlanInputs &in, OperandsToCopy operands, ScheduleAttr planned) {
  constexpr int64_t kPanels = 16, kLines = 4, kRowsOfPart = 128, kVectors = 4, kTasksOfCore = 4;
  SmallVector<unsigned> numbers;
  for (auto operand : {operands.ofRows, operands.ofColumns})
    if (operand) numbers.push_back(*operand);
  llvm::sort(numbers);
  SmallVector<linalg::GenericOp> copies;
  for (unsigned number : numbers) {
    FailureOr<linalg::GenericOp> copy = getCopy(in.kernel, number);
    if (failed(copy)) return {};
    copies.push_back(*copy);
  }
  auto domains = analyzeKernel(in.kernel, copies, in.layouts);
  if (failed(domains)) return {};
  const Domain &domain = domains->front();
  MLIRContext *ctx = planned.getContext();
  unsigned row = planned.getRowDim(), column = planned.getVectorDim();
  int64_t width = planned.getWidth(), lanes = planned.getTile(column), rows = planned.getTile(row),
          rowCount = in.guesses.get(domain.dims[row].extent),
          panelCount = llvm::divideCeil(in.guesses.get(domain.dims[column].extent), lanes);
  bool interleaved = operands.ofRows && operands.interleaved;
  auto loop = [&](unsigned dim, int64_t size, LoopRole role) {
    return LoopAttr::get(ctx, /*reduced=*/false, dim, size, role);
  };
  int64_t reduced = in.guesses.get(domain.reductions[0].loops[0].extent), steps = reduced,
          fitting = getFittingRows(in, reduced);

  // Panels of columns are copied some lines side by side. All rows meet them, or as many parts of these as
  // there are cores for. What does not fit a quarter of the second-level cache is copied and met in blocks of
  // the reduction, where sums can wait in the result.
  int64_t panels = interleaved ? llvm::divideCeil(kColumnsOfCopy, lanes) : kPanels;
  if (operands.ofColumns) {
    panels = std::clamp<int64_t>(kLines / getLines(planned), 1, panelCount);
    int64_t most = in.machine.l2 / 4 / (4 * lanes * panels),
            unroll = planned.getReductions()[0].getNest().back().getSize();
    if (panels > 1 && reduced > most && isSum(domain) && !operands.ofRows)
      steps = llvm::alignTo(llvm::divideCeil(reduced, llvm::divideCeil(reduced, most)), unroll);
    else
      panels = std::clamp<int64_t>(fitting / lanes, 1, panels);
  }
  // Blocks of copied rows fit half of it: whole vectors of rows, if that many fit, and as many of them as
  // registers have sums for.
  int64_t block;
  if (operands.ofRows) {
    rows = std::min(
        std::max<int64_t>((in.machine.registers - in.machine.operands - 4) / planned.getVectors(), 1),
        rowCount);
    int64_t most = std::min(fitting, kRowsOfPart), unit = std::lcm(rows, width);
    if (unit > std::min(most, rowCount)) unit = rows;
    block = std::clamp<int64_t>(most / unit, 1, llvm::divideCeil(rowCount, unit)) * unit;
  } else {
    int64_t parts = llvm::divideCeil(kTasksOfCore * in.machine.cores, llvm::divideCeil(panelCount, panels));
    parts = std::clamp<int64_t>(rowCount / kRowsOfPart, 1, parts);
    block = llvm::alignTo(llvm::divideCeil(rowCount, parts), rows);
  }

  LoopAttr rowTask = loop(row, block, LoopRole::task),
           columnTask = loop(column, panels * lanes, LoopRole::task);
  if (!operands.ofRows) std::swap(rowTask, columnTask);
  SmallVector<LoopAttr> nest{rowTask, columnTask};
  if (steps < reduced) nest.push_back(LoopAttr::get(ctx, /*reduced=*/true, 0, steps, LoopRole::each));
  int64_t at = nest.size();
  nest.append({loop(column, lanes, LoopRole::lanes), loop(row, rows, LoopRole::rows)});

  // Lanes of a copy run along what is contiguous in it.
  auto stepOf = [&](unsigned stage, unsigned d) -> std::optional<int64_t> {
    if (getReducedLoop(domain, stage, d)) return steps < reduced ? std::optional(steps) : std::nullopt;
    auto window = getWindow(domain, stage, d);
    if (!window || !window->isOne()) return std::nullopt;
    return window->source == row ? block : panels * lanes;
  };
  SmallVector<StoredAttr> stored;
  for (auto [i, stage] : llvm::enumerate(domain.stages)) {
    SmallVector<LoopAttr> loops;
    bool areRows = numbers[i] == operands.ofRows;
    AffineMap layout = areRows && interleaved ? getBlocks(domain, i, row, rows)
                       : areRows              ? AffineMap()
                                              : getBlocks(domain, i, column, lanes);
    bool hasLanes = false;
    for (unsigned d = 0; d < stage.dims.size(); ++d) {
      if (areRows && interleaved) {
        // A register tile's rows at each step of the reduction.
        bool isRow = !getReducedLoop(domain, i, d);
        loops.insert(isRow ? loops.begin() : loops.end(),
                     isRow ? loop(d, rows, LoopRole::rows) : loop(d, 1, LoopRole::each));
        continue;
      }
      auto step = stepOf(i, d);
      int64_t vectors =
          std::min<int64_t>(kVectors, llvm::divideCeil(in.guesses.get(stage.dims[d].extent), width));
      while (step && vectors > 0 && *step % (vectors * width))
        --vectors;
      bool isLanes = int(d) == stage.unitDim && vectors > 0;
      hasLanes |= isLanes;
      loops.push_back(isLanes ? loop(d, vectors * width, LoopRole::lanes) : loop(d, 1, LoopRole::each));
    }
    auto schedule = ScheduleAttr::get(ctx, hasLanes ? width : 1, planned.getFma(), loops, {}, {});
    stored.push_back(StoredAttr::get(ctx, /*operand=*/true, numbers[i], at, layout, schedule));
  }
  auto reduction = StageAttr::get(ctx, nest.size(), planned.getReductions()[0].getNest());
  return packConstants(in, domain, ScheduleAttr::get(ctx, width, planned.getFma(), nest, reduction, stored));
}

} // namespace girih
