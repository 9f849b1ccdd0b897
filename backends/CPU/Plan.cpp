#include "backends/CPU/Plan.h"
#include "backends/CPU/Machine.h"
#include "backends/CPU/Passes.h"
#include "backends/CPU/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Tile/Domain.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"
#include <numeric>

namespace girih {
#define GEN_PASS_DEF_PLANKERNELS
#include "backends/CPU/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// Products of sizes that no machine holds are the largest number.
uint64_t times(uint64_t a, uint64_t b) {
  return llvm::SaturatingMultiply(a, b);
}

/// The numbers of a schedule while they are being chosen.
struct Choice {
  int64_t width = 1, vectorDim = -1, vectors = 1, rowDim = -1, rows = 1;
  SmallVector<int64_t> order;                     // of the loops over register tiles
  SmallVector<std::pair<int64_t, int64_t>> tasks; // dimensions and how much of each
  int64_t unroll = 1;
  SmallVector<LoopAttr> around; // tasks and what stages are inside of
};

/// How much of a stage's dimension is computed at once, nothing where all of it is; a window moves on by
/// less.
struct Step {
  std::optional<int64_t> size;
  bool isWindow = false;
};

class Planner {
public:
  /// Of a stage, `steps` are how much of its dimensions is computed at once.
  Planner(KernelOp kernel, const Domain &domain, const Machine &machine, ArrayRef<Step> steps = {})
      : kernel(kernel), domain(domain), machine(machine), steps(steps) {
    int64_t bits = 0;
    for (const Access &a : domain.accesses)
      bits = std::max<int64_t>(bits, a.element.getIntOrFloatBitWidth());
    // Lanes hold 32-bit values; kernels of 64-bit floats only use half as many. Integers of 64 bits are index
    // data and pass by.
    bool doubles = llvm::any_of(domain.accesses, [](const Access &a) { return a.element.isF64(); });
    lanes = machine.vectorBits / (doubles ? 64 : 32);
    registers = machine.registers - machine.operands;
  }

  ScheduleAttr plan() {
    choose();
    if (!steps.empty()) fitSteps();
    if (domain.stages.empty()) return schedule({});
    int64_t along = stripDim();
    return along < 0 ? withStages() : inStrips(along);
  }

  /// Whether what follows on the sums of the planned register tile would leave no registers for them, and
  /// make the code several times as long, written out for every vector of the tile.
  bool isLongToFinish() {
    constexpr int64_t kFewVectors = 4, kShort = 16;
    linalg::GenericOp last = domain.last;
    if (domain.reductions.size() != 1 || !domain.stages.empty() || last.getNumReductionLoops()) return false;
    const Reduction &r = domain.reductions[0];
    return domain.parallel == domain.dims.size() && c.rows > 1 && c.rows * c.vectors > kFewVectors &&
           linalg::GenericOp(r.op).getNumDpsInits() == 1 && getElementCost(last) >= kShort &&
           dependsOn(r, domain, c.rowDim) && dependsOn(r, domain, c.vectorDim);
  }

  /// A domain whose only stage is its reduction: a register tile of sums is stored, in the first-level cache,
  /// and a loop over its rows takes them up. Null where the tile's loops are not the result's.
  ScheduleAttr planAroundSums() {
    const Domain &stage = domain.stages[0];
    Planner sums(kernel, stage, machine);
    sums.choose();
    if (sums.c.vectorDim < 0) return {};
    SmallVector<int64_t> source;
    for (unsigned d = 0; d < stage.dims.size(); ++d) {
      auto s = getWindow(domain, 0, d);
      if (!s || !s->isOne() || llvm::is_contained(source, s->source)) return {};
      source.push_back(s->source);
    }
    if (source.size() != domain.dims.size() || domain.parallel != domain.dims.size()) return {};
    const Choice &tile = sums.c;
    c.width = tile.width, c.vectorDim = source[tile.vectorDim], c.vectors = tile.vectors;
    for (bool isRow : {false, true})
      for (int64_t d : tile.order)
        if ((d == tile.vectorDim) == isRow) c.order.push_back(source[d]);
    for (auto [d, size] : tile.tasks)
      around(source[d], size, LoopRole::task);
    sums.steps.resize(stage.dims.size());
    for (int64_t d : tile.order) {
      sums.steps[d] = {sums.step(d)};
      around(source[d], sums.step(d), LoopRole::each);
    }
    return schedule(store(0, sums.schedule({})));
  }

private:
  void choose() {
    if (domain.isContraction() && contraction()) return;
    if (!domain.reductions.empty())
      reduction();
    else
      map();
  }
  void around(int64_t dim, int64_t size, LoopRole role) {
    c.around.push_back(LoopAttr::get(kernel.getContext(), /*reduced=*/false, dim, size, role));
  }
  StoredAttr store(unsigned stage, ScheduleAttr schedule) {
    auto generics = getGenerics(kernel);
    unsigned number = llvm::find(generics, domain.stages[stage].last) - generics.begin();
    return StoredAttr::get(kernel.getContext(), number, c.around.size(), schedule);
  }
  int64_t extent(int64_t d) const {
    int64_t n = guess(domain.dims[d].extent);
    return steps.empty() ? n : std::min(n, steps[d].size.value_or(n));
  }
  int64_t step(int64_t d) const {
    return d == c.vectorDim ? c.width * c.vectors : d == c.rowDim ? c.rows : 1;
  }
  /// The loops that have been chosen.
  ScheduleAttr schedule(ArrayRef<StoredAttr> stored) {
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

  //===-- Stages ----------------------------------------------------------===//

  /// The register tile of a stage divides what is computed at once.
  void fitSteps() {
    auto isWhole = [&](int64_t dim, int64_t size) {
      const Step &s = steps[dim];
      return !s.size || (!s.isWindow && *s.size % size == 0);
    };
    auto fit = [&](int64_t dim, int64_t unit, int64_t &n) {
      while (dim >= 0 && n > 1 && !isWhole(dim, unit * n))
        --n;
    };
    fit(c.rowDim, 1, c.rows);
    fit(c.vectorDim, c.width, c.vectors);
    if (c.vectorDim >= 0 && !isWhole(c.vectorDim, c.width)) c.vectorDim = -1, c.width = 1;
  }

  /// Stages are computed for as many rows (or vectors) as leave their values in the second-level cache,
  /// inside of the dimensions that they follow, and outside of the others.
  ScheduleAttr withStages() {
    SmallVector<bool> isFollowed(domain.dims.size());
    for (unsigned d = 0; d < domain.parallel; ++d)
      isFollowed[d] = isFollowedByAll(domain, d);
    SmallVector<int64_t> order = std::exchange(c.order, {});
    for (bool followed : {true, false})
      for (int64_t d : order)
        if (isFollowed[d] == followed) c.order.push_back(d);
    int64_t followed = llvm::count(isFollowed, true);
    chooseTasks(times(4, reductionSize()));
    c.tasks.truncate(std::min<size_t>(c.tasks.size(), followed));

    // Of the largest stage, for one register tile: they mostly take each other's place.
    int64_t grown = c.rowDim >= 0 && isFollowed[c.rowDim] ? c.rowDim : -1;
    double bytes = 0;
    for (auto [s, stage] : llvm::enumerate(domain.stages)) {
      double elements = getStorageBytes(getStageType(stage));
      for (unsigned d = 0; d < stage.dims.size(); ++d) {
        auto w = getWindow(domain, s, d);
        elements *= !w || !isFollowed[w->source] ? double(guess(stage.dims[d].extent))
                                                 : double(w->getExtent(step(w->source)));
      }
      bytes = std::max(bytes, elements);
    }
    constexpr int64_t kRowsOfPart = 96; // more do not share what they read any better
    int64_t tiles = 1;
    if (grown >= 0) {
      int64_t most = llvm::divideCeil(extent(grown), step(grown));
      double fitting =
          std::min(double(machine.l2) / 2 / std::max(bytes, 1.0), double(kRowsOfPart / step(grown)));
      tiles = std::clamp<int64_t>(int64_t(fitting), 1, most);
      tiles = llvm::divideCeil(most, llvm::divideCeil(most, tiles));
    }
    auto part = [&](int64_t d) { return step(d) * (d == grown ? tiles : 1); };
    for (auto [d, size] : c.tasks)
      around(d, llvm::alignTo(size, part(d)), LoopRole::task);
    for (int64_t i = 0; i < followed; ++i)
      around(c.order[i], part(c.order[i]), LoopRole::each);
    SmallVector<StoredAttr> stored;
    for (auto [s, stage] : llvm::enumerate(domain.stages)) {
      SmallVector<Step> steps(stage.dims.size());
      for (unsigned d = 0; d < stage.dims.size(); ++d)
        if (auto w = getWindow(domain, s, d); w && isFollowed[w->source])
          steps[d] = {w->getExtent(part(w->source)), !w->isOne()};
      stored.push_back(store(s, Planner(kernel, stage, machine, steps).plan()));
    }
    c.order = order;
    return schedule(stored);
  }

  /// The loop that strips go along: the outermost one along which a stage is read through a window or, if the
  /// cache has room for a whole step of it, one outside of that. -1 where there are no windows. Loops that
  /// have lanes in a stage (the channels of groups) are not divided.
  int64_t stripDim() const {
    llvm::SmallBitVector windows(domain.dims.size()), ofLanes(domain.dims.size());
    for (auto [s, stage] : llvm::enumerate(domain.stages))
      for (unsigned d = 0; d < stage.dims.size(); ++d)
        if (auto w = getWindow(domain, s, d); w && !w->isOne())
          (int64_t(d) == stage.unitDim ? ofLanes : windows).set(w->source);
    int64_t dim = windows.reset(ofLanes).find_first();
    for (int64_t outer = 0; outer < dim; ++outer)
      if (isFollowedByAll(domain, outer) && getLiveBytes(domain, outer, 1) <= kPart * double(machine.l2))
        return outer;
    return dim;
  }

  /// Strips: as many steps of the loop `along` as leave what the stages have of them in the second-level
  /// cache. What two strips share of a stage is computed once where they follow each other, inside of a task.
  ScheduleAttr inStrips(int64_t along) {
    constexpr int64_t kOverlaps = 10; // of a task, where it computes again what another one has
    SmallVector<bool> isOutside(domain.dims.size());
    for (int64_t d = 0; d < along; ++d)
      isOutside[d] = isFollowedByAll(domain, d);
    int64_t longest = 0; // overlap, in steps of the loop
    for (auto [s, stage] : llvm::enumerate(domain.stages))
      for (unsigned d = 0; d < stage.dims.size(); ++d)
        if (auto w = getWindow(domain, s, d); w && w->source == along)
          longest = std::max<int64_t>(longest, llvm::divideCeil(w->getOverlap(), w->scale));
    int64_t all = extent(along), least = std::min(getLeastRows(domain, along), all), rows = least;
    while (rows < all && getLiveBytes(domain, along, rows + 1) <= kPart * double(machine.l2))
      ++rows;
    // Even tasks of even strips.
    int64_t cores = std::min(machine.cores, all / least), tasks = all / std::max(rows, kOverlaps * longest);
    tasks = std::max<int64_t>(tasks / cores, 1) * cores;
    int64_t ofTask = llvm::divideCeil(all, tasks), strips = llvm::divideCeil(ofTask, rows);
    rows = llvm::divideCeil(ofTask, strips);
    for (int64_t d = 0; d < along; ++d)
      if (isOutside[d]) around(d, step(d), LoopRole::task);
    around(along, rows * strips, LoopRole::task);
    if (strips > 1) around(along, rows, LoopRole::each);
    SmallVector<StoredAttr> stored;
    for (auto [s, stage] : llvm::enumerate(domain.stages)) {
      SmallVector<Step> steps(stage.dims.size());
      for (unsigned d = 0; d < stage.dims.size(); ++d) {
        auto w = getWindow(domain, s, d);
        if (w && w->source == along)
          steps[d] = {w->getExtent(rows), !w->isOne()};
        else if (w && isOutside[w->source])
          steps[d] = {step(w->source)};
      }
      stored.push_back(store(s, Planner(kernel, stage, machine, steps).plan()));
    }
    return schedule(stored);
  }
  /// So few elements that it is quicker to take them one by one than to fill lanes with them.
  bool isFew(DimExpr e) const { return guess(e) < lanes / 2; }
  /// Vectors of partial sums: as many as cover the latency of an addition.
  int64_t chains(DimExpr e) const {
    constexpr int64_t kChains = 4;
    auto n = dimValue(e);
    return n && *n < kChains * c.width ? 1 : kChains;
  }

  /// Every access of reduction `r` (-1: of the last generic) walks `variable` with stride 1 or not at all.
  bool contiguous(int r, unsigned variable) const {
    return llvm::all_of(domain.accesses, [&](const Access &a) {
      if (a.reduction != r || llvm::is_contained(domain.packable, a.buffer)) return true;
      DimExpr s = a.lin.coefficient(variable);
      return !a.dynamic && (!s || s == 1);
    });
  }
  /// Lanes can run along the last loop of every reduction.
  bool lanesAlongReductions() const {
    for (auto [i, r] : llvm::enumerate(domain.reductions)) {
      if (r.loops.empty()) continue;
      auto op = r.op;
      if (!contiguous(i, r.variable(r.loops.size() - 1))) return false;
      if (op.getNumDpsInits() != 1 && !canSumInLanes(r)) return false;
    }
    return true;
  }
  /// Steps of the first reduction, 1 where there is none.
  uint64_t reductionSize() const {
    uint64_t n = 1;
    if (!domain.reductions.empty())
      for (const LoopDim &l : domain.reductions[0].loops)
        n = times(n, guess(l.extent));
    return n;
  }

  /// Rows of a register tile, at most `most`: exact if possible, else even.
  int64_t chooseRows(DimExpr e, int64_t most) {
    auto n = dimValue(e);
    if (!n) return most;
    if (*n <= most) return std::max<int64_t>(*n, 1);
    for (int64_t r = most; r >= std::max<int64_t>(most / 2, 2); --r)
      if (*n % r == 0) return r;
    return llvm::divideCeil(*n, llvm::divideCeil(*n, most));
  }

  /// Whether vectors of half the size waste so many lanes less that they win although they are slower.
  bool isBetterNarrow(int64_t n) const {
    constexpr double kWorthMoreInstructions = 1.05;
    double whole = llvm::alignTo(n, lanes), half = llvm::alignTo(n, lanes / 2);
    return half / machine.halfRate * kWorthMoreInstructions < whole;
  }

  /// How many rows of a contraction's operand the first-level cache holds at one column: rows that lie a
  /// multiple of a way's size apart have the same few places.
  int64_t rowsInCache() const {
    constexpr int64_t kLine = 64;
    int64_t sets = std::max<int64_t>(machine.l1 / (machine.l1Ways * kLine), 1), most = INT64_MAX;
    for (const Access &a : domain.accesses) {
      DimExpr stride = a.lin.coefficient(domain.variable(c.rowDim));
      auto elements = a.reduction == 0 && stride && !a.dynamic ? dimValue(stride) : std::nullopt;
      if (!elements) continue;
      int64_t bytes = std::abs(*elements) * (a.element.getIntOrFloatBitWidth() / 8);
      if (bytes % kLine == 0) most = std::min(most, machine.l1Ways * sets / std::gcd(bytes / kLine, sets));
    }
    return most;
  }

  /// Leading loops become tasks until a task is small enough to balance and large enough to be worth a call.
  void chooseTasks(uint64_t workPerPoint) {
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

  bool contraction() {
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
    int64_t vectors = llvm::divideCeil(extent(c.vectorDim), c.width);
    if (rowCount < 4) {
      c.vectors =
          std::min<int64_t>(vectors, std::max<int64_t>(1, std::min<int64_t>(8, accumulators / rowCount)));
      if (registers <= 16) c.vectors = std::min<int64_t>(c.vectors, 4);
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
    if (c.rowDim >= 0) {
      DimExpr extent = domain.dims[c.rowDim].extent;
      int64_t fitting = rowsInCache();
      c.rows = chooseRows(extent, std::max<int64_t>(accumulators / c.vectors, 1));
      // Where rows would push each other out, fewer of them by more vectors: as many sums as cover the
      // latency of a multiply-add, then as little padding of packed panels as can be, then as few loads.
      constexpr int64_t kEnoughSums = 14;
      bool tooMany = c.rows > fitting;
      std::tuple<double, int64_t> best(0, 0);
      for (int64_t v = 1; tooMany && v <= std::min<int64_t>(vectors, 4); ++v) {
        int64_t rows = chooseRows(extent, std::min((registers - v - 1) / v, fitting));
        double used = double(vectors) / llvm::alignTo(vectors, v);
        std::tuple score(std::min(rows * v, kEnoughSums) * used, rows * v);
        if (score > best) best = score, c.rows = rows, c.vectors = v;
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

  /// Where all rows are more than the second-level cache holds, each panel would read them from beyond it.
  /// Blocks of them that it holds meet all panels instead, if that is less to read.
  void blockRows(uint64_t panels) {
    constexpr double kWorthIt = 1.5;
    double row = 4 * double(reductionSize()), all = row * double(extent(c.rowDim)), l2 = double(machine.l2);
    int64_t block = int64_t(l2 / 2 / row) / c.rows * c.rows;
    if (all <= l2 || block < 2 * c.rows) return;
    double panelByPanel =
        all * double(llvm::divideCeil(extent(c.vectorDim), step(c.vectorDim))) + double(panels);
    double blockByBlock = all + double(panels) * double(llvm::divideCeil(extent(c.rowDim), block));
    if (panelByPanel < kWorthIt * blockByBlock) return;
    c.tasks = {{c.rowDim, block}, {c.vectorDim, step(c.vectorDim)}};
  }

  void reduction() {
    int64_t size = 1;
    for (const Reduction &r : domain.reductions)
      for (const LoopDim &l : r.loops)
        size = std::max<int64_t>(size, guess(l.extent));
    bool rowDims = domain.parallel < domain.dims.size();
    int unitRow = -1;
    for (unsigned d = domain.parallel; d < domain.dims.size(); ++d)
      if (DimExpr s = domain.stores[0].coefficient(domain.variable(d)); s && s == 1) unitRow = d;
    bool unitWorks = domain.unitDim >= 0;
    for (size_t r = 0; unitWorks && r < domain.reductions.size(); ++r)
      unitWorks = contiguous(r, domain.variable(domain.unitDim));
    if (rowDims && unitRow >= 0 && lanesAlongReductions()) {
      c.width = lanes, c.vectorDim = unitRow, c.vectors = 2;
    } else if (unitWorks && domain.packable.empty() &&
               !(lanesAlongReductions() && extent(domain.unitDim) < lanes / 2)) {
      c.width = lanes, c.vectorDim = domain.unitDim;
      window();
    } else if (!domain.packable.empty()) {
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

  /// Reductions with lanes outside: pooling, depthwise convolutions, sums over leading dimensions.
  void window() {
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
      c.rows =
          chooseRows(domain.dims[c.rowDim].extent, std::max<int64_t>(1, registers / 4 / c.vectors / outs));
    for (unsigned d = 0; d < domain.parallel; ++d)
      if (int64_t(d) != c.vectorDim && int64_t(d) != c.rowDim) c.order.push_back(d);
    c.order.push_back(c.vectorDim);
    if (c.rowDim >= 0) c.order.push_back(c.rowDim);
  }

  /// A dimension in which an operand is contiguous that is not so along the result's own; -1 if there is
  /// none.
  int64_t transposedDim() const {
    if (domain.unitDim < 0) return -1;
    for (const Access &a : domain.accesses) {
      DimExpr along = a.lin.coefficient(domain.variable(domain.unitDim));
      if (a.dynamic || !along || along == 1) continue;
      for (unsigned d = 0; d < domain.parallel; ++d)
        if (DimExpr c = a.lin.coefficient(domain.variable(d)); c && c == 1) return d;
    }
    return -1;
  }

  /// Smaller vectors where these leave no rest of a short dimension: what is loaded after a masked store
  /// beside it waits until that is in the cache.
  int64_t wholeWidth(DimExpr e) const {
    constexpr int64_t kShort = 4, kLeast = 4; // vectors, and lanes of one
    auto n = dimValue(e);
    if (!n || *n >= kShort * lanes) return lanes;
    for (int64_t width = lanes; width >= kLeast; width /= 2)
      if (*n % width == 0) return width;
    return lanes;
  }

  void map() {
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

  /// Instructions an element that may be repeated for each: no elementary function.
  static constexpr int64_t kLittle = 8;
  /// Of the second-level cache that strips fill, beside weights and what is read.
  static constexpr double kPart = 0.75;
  KernelOp kernel;
  const Domain &domain;
  const Machine &machine;
  SmallVector<Step> steps;
  int64_t lanes, registers;
  Choice c;
};

/// The plan of a kernel whose sums are stored a register tile at a time, null where they cannot be.
ScheduleAttr planAroundSums(KernelOp kernel, const Domain &domain, const Machine &machine) {
  auto generics = getGenerics(kernel);
  unsigned sums = llvm::find(generics, domain.reductions[0].op) - generics.begin();
  auto domains = analyzeKernel(kernel, sums);
  return succeeded(domains) ? Planner(kernel, domains->front(), machine).planAroundSums() : ScheduleAttr();
}

struct PlanKernels : girih::impl::PlanKernelsBase<PlanKernels> {
  using PlanKernelsBase::PlanKernelsBase;
  void runOnOperation() override {
    Machine machine{vectorBits, registers, fma, halfRate, l1, l1Ways, l2};
    machine.cores = cores;
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (kernel.getScheduleAttr() || getSpecialOp(kernel)) return WalkResult::advance();
      auto domains = analyzeKernel(kernel, chooseStages(kernel));
      if (failed(domains)) return WalkResult::interrupt();
      kernel.setScheduleAttr(ArrayAttr::get(&getContext(), planKernel(kernel, *domains, machine)));
      return WalkResult::advance();
    });
    if (result.wasInterrupted()) signalPassFailure();
  }
};

} // namespace

SmallVector<Attribute> girih::planKernel(KernelOp kernel, ArrayRef<Domain> domains, const Machine &machine) {
  SmallVector<Attribute> schedules;
  for (const Domain &d : domains) {
    Planner planner(kernel, d, machine);
    ScheduleAttr schedule = planner.plan(), aroundSums;
    if (domains.size() == 1 && planner.isLongToFinish()) aroundSums = planAroundSums(kernel, d, machine);
    schedules.push_back(aroundSums ? aroundSums : schedule);
  }
  return schedules;
}
