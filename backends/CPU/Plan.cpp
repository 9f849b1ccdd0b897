#include "backends/CPU/PlanPacking.h"
#include "backends/CPU/Planner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Tile/Schedule.h"

using namespace mlir;

namespace girih {

/// A multiple of `unit` up to `n`, and at least one.
static int64_t alignDown(int64_t n, int64_t unit) {
  return std::max<int64_t>(n / unit, 1) * unit;
}

void Planner::choose() {
  bool isProduct = domain.isContraction() && contraction();
  if (!isProduct && !domain.reductions.empty()) reduction();
  if (domain.reductions.empty()) map();
  if (!in.hasTasks) c.tasks.clear();
}

int64_t Planner::extent(int64_t d) const {
  int64_t n = guess(domain.dims[d].extent);
  return steps.empty() ? n : std::min(n, steps[d].size.value_or(n));
}

int64_t Planner::step(int64_t d) const {
  return d == c.vectorDim ? c.width * c.vectors : d == c.rowDim ? c.rows : 1;
}

ScheduleAttr Planner::schedule(ArrayRef<StoredAttr> stored) {
  MLIRContext *ctx = kernel.getContext();
  SmallVector<LoopAttr> nest(c.around);
  SmallVector<StageAttr> reductions;
  auto add = [&](int64_t d, int64_t size, LoopRole role) {
    nest.push_back(LoopAttr::get(ctx, /*reduced=*/false, d, size, role));
  };
  auto addTile = [&](int64_t d) {
    add(d, step(d), d == c.vectorDim ? LoopRole::lanes : d == c.rowDim ? LoopRole::rows : LoopRole::each);
  };
  if (c.around.empty() && steps.empty())
    for (auto [d, size] : c.tasks)
      add(d, size, LoopRole::task);
  llvm::for_each(c.order, addTile);
  int64_t outside = nest.size();
  for (size_t d = domain.parallel; d < domain.dims.size(); ++d)
    addTile(d);
  bool lanesInside = c.vectorDim >= int64_t(domain.parallel);
  for (const Reduction &r : domain.reductions) {
    bool lanes = c.width > 1 && canSumInLanes(r) && (lanesInside || !dependsOn(r, domain, c.vectorDim));
    // Few elements leave most lanes empty, and would still be combined.
    bool isShort = lanes && isFew(r.loops.back().extent) && getElementCost(r.op) <= kLittle;
    // Entries of a table are numbers in the code where all steps are written out.
    isShort |= readsTable(r.op);
    lanes &= !isShort;
    SmallVector<LoopAttr> loops;
    for (size_t k = 0; k < r.loops.size(); ++k) {
      bool isLast = k + 1 == r.loops.size();
      int64_t size = !isLast   ? 1
                     : lanes   ? chains(r.loops[k].extent) * c.width
                     : isShort ? guess(r.loops[k].extent)
                               : c.unroll;
      LoopRole role = size == 1 ? LoopRole::each : lanes ? LoopRole::lanes : LoopRole::unroll;
      loops.push_back(LoopAttr::get(ctx, /*reduced=*/true, k, size, role));
    }
    reductions.push_back(StageAttr::get(ctx, outside, loops));
  }
  return ScheduleAttr::get(ctx, c.width, machine.fma, nest, reductions, stored);
}

int64_t Planner::chains(DimExpr e) const {
  constexpr int64_t kChains = 4;
  auto n = dimValue(e);
  return n && *n < kChains * c.width ? 1 : kChains;
}

bool Planner::contiguous(int r, unsigned variable) const {
  return llvm::all_of(domain.accesses, [&](const Access &a) {
    if (a.reduction != r || llvm::is_contained(domain.packed, a.buffer)) return true;
    DimExpr s = a.lin.coefficient(variable);
    return !a.dynamic && (!s || s == 1);
  });
}

bool Planner::lanesAlongReductions() const {
  for (auto [i, r] : llvm::enumerate(domain.reductions)) {
    if (r.loops.empty()) continue;
    auto op = r.op;
    if (!contiguous(i, r.variable(r.loops.size() - 1))) return false;
    if (op.getNumDpsInits() != 1 && !canSumInLanes(r)) return false;
  }
  return true;
}

uint64_t Planner::reductionSize() const {
  uint64_t n = 1;
  if (!domain.reductions.empty())
    for (const LoopDim &l : domain.reductions[0].loops)
      n = times(n, guess(l.extent));
  return n;
}

int64_t Planner::chooseRows(DimExpr e, int64_t most) {
  auto n = dimValue(e);
  if (!n) return std::min(most, in.guesses.getMost(e).value_or(most));
  if (*n <= most) return std::max<int64_t>(*n, 1);
  for (int64_t r = most; r >= std::max<int64_t>(most / 2, 2); --r)
    if (*n % r == 0) return r;
  return llvm::divideCeil(*n, llvm::divideCeil(*n, most));
}

/// What the register tiles of a product take, in multiply-adds of a vector and per step of the reduction:
/// whole ones and remainders. One of few sums waits for the latency of a multiply-add, and any for a part of
/// it, as units are not evenly busy.
double Planner::costOfTiles(int64_t rowCount, int64_t vectorCount, int64_t rows, int64_t vectors) const {
  constexpr double kWaits = 0.25;
  double inFlight = machine.fmas * machine.fmaLatency, cost = 0;
  for (auto [m, r] : getTiles(rowCount, rows))
    for (auto [n, v] : getTiles(vectorCount, vectors))
      cost += double(m * n) * (std::max(double(r * v), inFlight) + kWaits * inFlight);
  return cost;
}

int64_t Planner::chooseTileRows(DimExpr e, int64_t most, int64_t vectorCount, int64_t vectors) {
  constexpr double kWorthARest = 0.975; // the code of another tile
  int64_t chosen = chooseRows(e, most);
  auto n = dimValue(e);
  // What is converted on the way takes registers, too.
  bool isConverted = llvm::any_of(domain.accesses, [](const Access &a) {
    return a.reduction == 0 && a.element.getIntOrFloatBitWidth() < 32;
  });
  if (!n || *n <= most || isConverted) return chosen;
  double best = kWorthARest * costOfTiles(*n, vectorCount, chosen, vectors);
  for (int64_t rows = most; rows > 1; --rows)
    if (double cost = costOfTiles(*n, vectorCount, rows, vectors); cost < best) best = cost, chosen = rows;
  return chosen;
}

bool Planner::isBetterNarrow(int64_t n) const {
  constexpr double kWorthMoreInstructions = 1.05;
  double whole = llvm::alignTo(n, lanes), half = llvm::alignTo(n, lanes / 2);
  return half / machine.halfRate * kWorthMoreInstructions < whole;
}

int64_t Planner::rowsInCache() const {
  int64_t most = INT64_MAX;
  for (const Access &a : domain.accesses) {
    DimExpr stride = a.lin.coefficient(domain.variable(c.rowDim));
    auto elements = a.reduction == 0 && stride && !a.dynamic ? dimValue(stride) : std::nullopt;
    if (!elements) continue;
    int64_t bytes = std::abs(*elements) * (a.element.getIntOrFloatBitWidth() / 8);
    most = std::min(most, countPlaces(machine.l1, machine.l1Ways, bytes));
  }
  return most;
}

void Planner::chooseTasks(uint64_t workPerPoint) {
  constexpr uint64_t kWorkOfTask = 30000; // operations
  uint64_t inner = workPerPoint;
  // Loops whose size only a run knows may be large: the first is a task, and, as that is often a batch of
  // one, so is the second. More of them in pieces would cost more than it gains.
  size_t unknown = 0, count = 0;
  for (auto [i, d] : llvm::enumerate(c.order)) {
    inner = times(inner, extent(d));
    if (!dimValue(domain.dims[d].extent) && count++ < 2) unknown = i + 1;
  }
  c.tasks.clear();
  for (int64_t d : c.order) {
    if (inner <= 2 * kWorkOfTask && c.tasks.size() >= unknown) break;
    inner = std::max<uint64_t>(inner / extent(d), 1);
    uint64_t tile = times(inner, step(d));
    int64_t s = step(d), block = s;
    // Several tiles a task where one would be too little.
    if (tile < kWorkOfTask) block = s * llvm::divideCeil(kWorkOfTask, tile);
    int64_t whole = llvm::divideCeil(extent(d), s) * s;
    if (dimValue(domain.dims[d].extent)) block = std::min(block, whole);
    c.tasks.push_back({d, block});
    inner = times(inner, std::min(block, extent(d)));
  }
}

bool Planner::contraction() {
  constexpr int64_t kFewVectors = 5; // with as many rows they fill the registers
  const Reduction &r = domain.reductions[0];
  if (domain.unitDim < 0 || r.loops.empty()) return false;
  unsigned v = domain.variable(domain.unitDim);
  if (!contiguous(0, v)) return false;
  // A product of two things that both have lanes (a depthwise convolution) is a window reduction.
  int withLanes = 0;
  int64_t panelBuffer = -1;
  for (const Access &a : domain.accesses)
    if (a.reduction == 0 && a.lin.has(v)) ++withLanes, panelBuffer = a.buffer;
  if (withLanes != 1) return false;
  c.width = lanes;
  c.vectorDim = domain.unitDim;
  auto isOfPanel = [&](int64_t d) {
    return llvm::any_of(domain.accesses, [&](const Access &a) {
      return a.reduction == 0 && int64_t(a.buffer) == panelBuffer && a.lin.has(domain.variable(d));
    });
  };
  // Rows: the innermost dimension that the operand with lanes does not depend on, so that its vectors are
  // reused.
  for (int64_t d = domain.parallel - 1; d >= 0 && c.rowDim < 0; --d) {
    if (d == c.vectorDim) continue;
    if (!isOfPanel(d)) c.rowDim = d;
  }
  int64_t accumulators = registers - 4, rowCount = c.rowDim < 0 ? 1 : extent(c.rowDim);
  bool narrow = rowCount >= 4 && isBetterNarrow(extent(c.vectorDim));
  if (narrow) c.width = lanes / 2;
  // A variant reads whole vectors of the blocks that there are, and whole blocks.
  int64_t block = getBlockOfVariant(in, domain);
  while (block > 1 && block % c.width)
    c.width /= 2;
  int64_t vectors = llvm::divideCeil(extent(c.vectorDim), c.width);
  if (rowCount < 4) {
    c.vectors =
        std::min<int64_t>(vectors, std::max<int64_t>(1, std::min<int64_t>(8, accumulators / rowCount)));
    // What is left of a size that is not known takes all of them, masked.
    if (registers <= 16 || !dimValue(domain.dims[c.vectorDim].extent))
      c.vectors = std::min<int64_t>(c.vectors, 4);
    // Whole blocks where that is possible.
    for (int64_t n = c.vectors; n >= (c.vectors + 1) / 2; --n)
      if (vectors % n == 0) {
        c.vectors = n;
        break;
      }
  } else if (narrow && vectors <= kFewVectors) {
    c.vectors = vectors;
  } else {
    c.vectors = vectors % 2 == 0 ? 2 : vectors % 3 == 0 ? 3 : std::min<int64_t>(vectors, 2);
  }
  c.vectors = alignDown(c.vectors, std::max<int64_t>(block / c.width, 1));
  if (c.rowDim >= 0) {
    DimExpr extent = domain.dims[c.rowDim].extent;
    int64_t fitting = rowsInCache();
    c.rows = chooseTileRows(extent, std::max<int64_t>(accumulators / c.vectors, 1), vectors, c.vectors);
    // Where rows would push each other out, fewer of them by more vectors, if that is less to wait for: they
    // share fewer loads. Panels are packed whole.
    constexpr double kWorthIt = 0.99;
    bool tooMany = c.rows > fitting;
    double best = INFINITY;
    for (int64_t v = 1; tooMany && block == 1 && v <= std::min<int64_t>(vectors, 4); ++v) {
      int64_t rows = chooseTileRows(extent, std::min((registers - v - 1) / v, fitting), vectors, v);
      double cost = costOfTiles(rowCount, llvm::alignTo(vectors, v), rows, v);
      if (cost < kWorthIt * best) best = cost, c.rows = rows, c.vectors = v;
    }
  }
  c.unroll = 4;
  // Where the panel of the vector operand fits the second-level cache as a whole, rows stay outermost and
  // the activations are read once; otherwise one panel at a time meets all rows.
  uint64_t panels = times(times(reductionSize(), extent(c.vectorDim)), 4);
  bool rowsOutside = panels <= uint64_t(machine.l2) / 2 && c.rowDim >= 0;
  // What the panel differs by is outside of both: it stays in the cache while rows pass by.
  auto addOthers = [&](bool ofPanel) {
    for (int64_t d = 0; d < domain.parallel; ++d)
      if (d != c.vectorDim && isOfPanel(d) == ofPanel) c.order.push_back(d);
  };
  addOthers(true);
  if (!rowsOutside) c.order.push_back(c.vectorDim);
  addOthers(false);
  if (rowsOutside) c.order.push_back(c.vectorDim);
  // Rows innermost of their group: consecutive tiles read neighbouring memory.
  chooseTasks(times(2, reductionSize()));
  if (!rowsOutside && domain.parallel == 2 && c.rowDim >= 0) blockRows(panels);
  return true;
}

void Planner::blockRows(uint64_t panels) {
  constexpr double kWorthIt = 1.5;
  constexpr double kLatency =
      72; // cycles of a step of all tiles that make up for a line from beyond the cache
  double row = 4 * double(reductionSize()), all = row * double(extent(c.rowDim)), l2 = double(machine.l2);
  int64_t block = int64_t(l2 / 2 / row) / c.rows * c.rows;
  if (all <= l2 || block < 2 * c.rows || double(block * c.vectors) / machine.fmas < kLatency) return;
  double panelByPanel =
      all * double(llvm::divideCeil(extent(c.vectorDim), step(c.vectorDim))) + double(panels);
  double blockByBlock = all + double(panels) * double(llvm::divideCeil(extent(c.rowDim), block));
  if (panelByPanel < kWorthIt * blockByBlock) return;
  c.tasks = {{c.rowDim, block}, {c.vectorDim, step(c.vectorDim)}};
}

void Planner::reduction() {
  bool rowDims = domain.parallel < domain.dims.size();
  int unitRow = -1;
  for (unsigned d = domain.parallel; d < domain.dims.size(); ++d)
    if (DimExpr s = domain.stores[0].coefficient(domain.variable(d)); s && s == 1) unitRow = d;
  bool unitWorks = domain.unitDim >= 0;
  for (size_t r = 0; unitWorks && r < domain.reductions.size(); ++r)
    unitWorks = contiguous(r, domain.variable(domain.unitDim));
  if (rowDims && unitRow >= 0 && lanesAlongReductions()) {
    c.width = lanes, c.vectorDim = unitRow, c.vectors = 2;
  } else if (unitWorks && domain.packed.empty() &&
             !(lanesAlongReductions() && extent(domain.unitDim) < lanes / 2)) {
    c.width = lanes, c.vectorDim = domain.unitDim;
    window();
  } else if (!domain.packed.empty()) {
    c.width = lanes, c.vectorDim = domain.unitDim;
    window();
  } else if (lanesAlongReductions()) {
    c.width = lanes;
  } else if (domain.unitDim >= 0) {
    c.width = lanes, c.vectorDim = domain.unitDim;
  }
  uint64_t work = std::max<uint64_t>(1, reductionSize());
  for (unsigned d = domain.parallel; d < domain.dims.size(); ++d)
    work = times(work, extent(d));
  if (c.order.empty())
    for (unsigned d = 0; d < domain.parallel; ++d)
      c.order.push_back(d);
  chooseTasks(times(2, work));
}

void Planner::window() {
  int64_t vectors = llvm::divideCeil(extent(c.vectorDim), lanes);
  c.vectors = std::min<int64_t>(vectors, vectors % 2 == 0 ? 2 : 1);
  c.unroll = 4;
  if (domain.reductions.size() != 1) return;
  for (const LoopDim &l : domain.reductions[0].loops)
    if (guess(l.extent) <= 8) c.unroll = 8;
  for (int64_t d = domain.parallel - 1; d >= 0 && c.rowDim < 0; --d)
    if (d != c.vectorDim) c.rowDim = d;
  int64_t outs = linalg::GenericOp(domain.reductions[0].op).getNumDpsInits();
  if (outs > 1 && vectors % 4 == 0) c.vectors = 4; // a step of a tuple waits long for the one before
  if (c.rowDim >= 0)
    c.rows = chooseRows(domain.dims[c.rowDim].extent, std::max<int64_t>(1, registers / 4 / c.vectors / outs));
  for (unsigned d = 0; d < domain.parallel; ++d)
    if (int64_t(d) != c.vectorDim && int64_t(d) != c.rowDim) c.order.push_back(d);
  c.order.push_back(c.vectorDim);
  if (c.rowDim >= 0) c.order.push_back(c.rowDim);
}

int64_t Planner::transposedDim() const {
  if (domain.unitDim < 0) return -1;
  for (const Access &a : domain.accesses) {
    DimExpr along = a.lin.coefficient(domain.variable(domain.unitDim));
    if (a.dynamic || !along || along == 1) continue;
    for (unsigned d = 0; d < domain.parallel; ++d)
      if (DimExpr c = a.lin.coefficient(domain.variable(d)); c && c == 1) return d;
  }
  return -1;
}

int64_t Planner::wholeWidth(DimExpr e) const {
  constexpr int64_t kShort = 4, kLeast = 4; // vectors, and lanes of one
  auto n = dimValue(e);
  if (!n || *n >= kShort * lanes) return lanes;
  for (int64_t width = lanes; width >= kLeast; width /= 2)
    if (*n % width == 0) return width;
  return lanes;
}

void Planner::map() {
  int64_t across = transposedDim();
  // Lanes would be few, and apart.
  bool few =
      across >= 0 && isFew(domain.dims[domain.unitDim].extent) && getElementCost(domain.last) <= kLittle;
  if (across >= 0 && !few && lanes % 4 == 0 && extent(across) >= lanes) {
    // Squares are transposed in registers.
    c.width = lanes, c.vectorDim = domain.unitDim;
    c.rowDim = across, c.rows = lanes;
    for (int64_t d = 0; d < domain.parallel; ++d)
      if (d != c.vectorDim && d != across) c.order.push_back(d);
    c.order.append({across, c.vectorDim});
    return chooseTasks(4);
  }
  if (domain.unitDim >= 0 && !few) {
    c.vectorDim = domain.unitDim;
    c.width = wholeWidth(domain.dims[c.vectorDim].extent);
    int64_t vectors = llvm::divideCeil(extent(c.vectorDim), c.width);
    c.vectors = std::min<int64_t>(vectors, 4);
    if (vectors % 4 && vectors < 16) c.vectors = vectors % 3 == 0 ? 3 : vectors % 2 == 0 ? 2 : 1;
  }
  for (unsigned d = 0; d < domain.parallel; ++d)
    if (int64_t(d) != c.vectorDim) c.order.push_back(d);
  if (c.vectorDim >= 0) c.order.push_back(c.vectorDim);
  chooseTasks(4);
}

} // namespace girih
