// Schedules for kernels on a GPU: a task is a thread's, neighbouring threads compute neighbouring results.
#include "backends/CUDA/Passes.h"
#include "backends/CUDA/PlanMma.h"
#include "backends/CUDA/PlanSpecial.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Guesses.h"
#include "passes/Tile/Pack.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"

namespace girih {
#define GEN_PASS_DEF_PLANCUDA
#include "backends/CUDA/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// What one thread computes at a time: so many results along two dimensions, -1 where there is none.
struct RegisterTile {
  int64_t rowDim = -1, rows = 1, columnDim = -1, columns = 1;

  int64_t step(int64_t d) const { return d == rowDim ? rows : d == columnDim ? columns : 1; }
};

/// How many threads compute a task, and the dimension of the result that they share, -1 where there is none.
struct Team {
  int64_t threads = 1, dim = -1;
};

/// Plans one domain, or a stage of one.
class Planner {
public:
  Planner(KernelOp kernel, const Domain &domain, const Guesses &guesses)
      : kernel(kernel), ctx(kernel.getContext()), domain(domain), guesses(guesses) {}

  /// `mayTeam`: whether a task may be a team's.
  ScheduleAttr plan(bool mayTeam);

private:
  ScheduleAttr planStage() const;
  void chooseTeam();
  void chooseTeamOfStages();
  int64_t chooseElements(const Reduction &r, unsigned i) const;
  bool isShared(const Reduction &r) const;
  int64_t getLongest(llvm::function_ref<bool(unsigned)> isCandidate) const;
  void chooseTile();
  void chooseTile(ArrayRef<std::pair<int64_t, int64_t>> candidates);
  bool isReadAlong(const Access &a, int64_t d) const { return a.lin.has(domain.variable(d)); }
  int64_t getRowDim() const;
  int64_t fit(int64_t d, int64_t most) const;
  int64_t fitColumns(int64_t most) const;
  int64_t countThreads() const;
  int64_t countPartial(const Reduction &r) const;
  SmallVector<int64_t> getOrder() const;
  bool isTask(int64_t d) const;
  LoopAttr loop(int64_t d, int64_t size, LoopRole role) const {
    return LoopAttr::get(ctx, /*reduced=*/false, d, size, role);
  }
  LoopAttr reducedLoop(unsigned k, int64_t size, LoopRole role) const {
    return LoopAttr::get(ctx, /*reduced=*/true, k, size, role);
  }
  LoopAttr tileLoop(int64_t d) const {
    int64_t size = tile.step(d);
    LoopRole role = d == team.dim      ? LoopRole::threads
                    : size == 1        ? LoopRole::each
                    : d == tile.rowDim ? LoopRole::rows
                                       : LoopRole::lanes;
    return loop(d, size, role);
  }
  ScheduleAttr make(SmallVector<LoopAttr> nest, ArrayRef<StoredAttr> stored) const;

  KernelOp kernel;
  MLIRContext *ctx;
  const Domain &domain;
  const Guesses &guesses;
  RegisterTile tile;
  Team team;
};

/// Loops of tiles in the order of memory: neighbours along the contiguous dimension.
SmallVector<int64_t> Planner::getOrder() const {
  SmallVector<int64_t> order;
  for (int64_t d = 0; d < domain.parallel; ++d)
    if (d != domain.unitDim) order.push_back(d);
  if (domain.unitDim >= 0 && domain.unitDim < int64_t(domain.parallel)) order.push_back(domain.unitDim);
  return order;
}

int64_t Planner::countThreads() const {
  uint64_t n = 1;
  for (int64_t d = 0; d < domain.parallel; ++d)
    if (isTask(d))
      n = llvm::SaturatingMultiply<uint64_t>(
          n, llvm::divideCeil(std::max<int64_t>(guesses.get(domain.dims[d].extent), 1), tile.step(d)));
  return std::min<uint64_t>(n, INT64_MAX);
}

/// As many as there are, and what divides the size if that is known and near.
int64_t Planner::fit(int64_t d, int64_t most) const {
  auto n = dimValue(domain.dims[d].extent);
  if (!n) return most;
  if (*n <= most) return std::max<int64_t>(*n, 1);
  for (int64_t size = most; size > most / 2; --size)
    if (*n % size == 0) return size;
  return most;
}

/// Columns are read and written at once where memory is aligned: only powers of two can be.
int64_t Planner::fitColumns(int64_t most) const {
  auto n = dimValue(domain.dims[tile.columnDim].extent);
  while (n && *n % most)
    most /= 2;
  return most;
}

/// The innermost dimension along which an operand that differs along the columns is the same, so that what is
/// loaded of it meets all rows; a window's weights are such an operand.
int64_t Planner::getRowDim() const {
  auto isReused = [&](int64_t d) {
    return llvm::any_of(domain.accesses, [&](const Access &a) {
      return a.reduction == 0 && isReadAlong(a, domain.unitDim) && !isReadAlong(a, d);
    });
  };
  for (int64_t d = domain.parallel - 1; d >= 0; --d)
    if (d != domain.unitDim && isReused(d)) return d;
  return -1;
}

/// The largest register tile of `candidates`, rows and columns, that leaves threads enough to fill a GPU; the
/// smallest if there is none.
void Planner::chooseTile(ArrayRef<std::pair<int64_t, int64_t>> candidates) {
  // A warp for each scheduler of a hundred multiprocessors hides little, but each of its threads has several
  // sums in flight.
  constexpr int64_t kEnough = 1 << 13;
  for (auto [rows, columns] : candidates) {
    if (tile.rowDim >= 0) tile.rows = fit(tile.rowDim, rows);
    if (tile.columnDim >= 0) tile.columns = fitColumns(columns);
    if (countThreads() >= kEnough) return;
  }
}

void Planner::chooseTile() {
  if (domain.reductions.size() != 1 || domain.unitDim < 0 || domain.unitDim >= int64_t(domain.parallel))
    return;
  int64_t rowDim = getRowDim();
  if (rowDim < 0) return;
  // Columns that only one operand differs along share what is loaded of the others.
  bool isShared = llvm::any_of(
      domain.accesses, [&](const Access &a) { return a.reduction == 0 && !isReadAlong(a, domain.unitDim); });
  bool isProduct = domain.isContraction() && isShared;
  tile.rowDim = rowDim;
  if (!isProduct) return chooseTile({{4, 1}, {2, 1}, {1, 1}});
  tile.columnDim = domain.unitDim;
  chooseTile({{8, 4}, {4, 4}, {4, 2}, {2, 2}, {2, 1}, {1, 1}});
}

/// How many elements a thread loads at once along the last loop of reduction `i`: as many as 16 bytes have,
/// where they are aligned and leave some for each thread of the team.
int64_t Planner::chooseElements(const Reduction &r, unsigned i) const {
  constexpr int64_t kBytes = 16, kMost = 8;
  DimExpr extent = r.loops.back().extent;
  int64_t elements = kMost;
  for (const Access &a : domain.accesses) {
    if (a.reduction != int(i)) continue;
    if (a.stage >= 0) return 1;
    if (!a.dynamic && a.lin.has(r.variable(r.loops.size() - 1)))
      elements = std::min(elements, std::max<int64_t>(kBytes / getStorageBytes(a.element), 1));
  }
  while (elements > 1 &&
         (extent.getLargestKnownDivisor() % elements || guesses.get(extent) < elements * team.threads))
    elements /= 2;
  return elements;
}

/// A team for each result, or for a few that are side by side, where reductions are long and a thread each
/// would leave most of a GPU idle, or have neighbours read far from each other.
void Planner::chooseTeam() {
  constexpr int64_t kMost = 512;                       // threads; more would have few registers each
  constexpr int64_t kRow = 64, kColumn = 128;          // elements, from which on combining them costs little
  constexpr int64_t kFew = 1 << 14, kEnough = 1 << 15; // results and threads
  constexpr int64_t kElements = 8;                     // of a thread: with more, fewer threads find registers
  constexpr int64_t kSide = 8, kSector = 16;           // results side by side
  if (domain.reductions.empty()) return;
  int64_t unit = domain.unitDim, length = INT64_MAX;
  bool areRows = false, areColumns = false;
  for (auto [i, r] : llvm::enumerate(domain.reductions)) {
    if (r.loops.empty() || !canSumInLanes(r) || readsTable(r.op)) return;
    length = std::min(length, guesses.get(r.loops.back().extent));
    unsigned last = r.variable(r.loops.size() - 1);
    for (const Access &a : domain.accesses) {
      if (a.reduction != int(i)) continue;
      auto isUnit = [&](unsigned variable) {
        DimExpr c = a.lin.coefficient(variable);
        return c && c == 1;
      };
      areRows |= isUnit(last);
      areColumns |= unit >= 0 && unit < int64_t(domain.parallel) && isUnit(domain.variable(unit));
    }
  }
  bool isReused = tile.rowDim >= 0;
  if (areColumns) {
    // Threads along the results already read what is side by side: a team is for more of them.
    int64_t extent = guesses.get(domain.dims[unit].extent);
    RegisterTile old = std::exchange(tile, RegisterTile());
    if (countThreads() > kFew || length < kColumn) return (void)(tile = old);
    tile = {old.rowDim, old.rowDim >= 0 ? fit(old.rowDim, 4) : 1, unit,
            extent > kSector || extent % kSide == 0 ? kSide : extent};
  } else if (!areRows || isReused || length < kRow) {
    return;
  }
  constexpr int64_t kLeast = 8; // steps, or elements, of a thread
  team.threads = kWarp;
  while (team.threads < kMost &&
         ((!areColumns && length > kElements * team.threads) ||
          (llvm::SaturatingMultiply<uint64_t>(countThreads(), team.threads) < kEnough &&
           length >= 2 * kLeast * team.threads)))
    team.threads *= 2;
  // What is behind the reductions is shared as they are: elements that they have read are still there.
  team.dim = getLongest([&](unsigned d) { return d >= domain.parallel; });
}

/// A team for each of what stages move with, where they are long and a thread each would leave most of a GPU
/// idle: its threads share each stage.
void Planner::chooseTeamOfStages() {
  constexpr int64_t kMost = 256, kEnough = 1 << 17; // threads
  int64_t length = 0;
  for (auto [s, stage] : llvm::enumerate(domain.stages)) {
    if (stage.border) return;
    for (unsigned l = 0; l < stage.dims.size(); ++l) {
      auto window = getWindow(domain, s, l);
      if (window && !window->isOne()) return;
      if (!window) length = std::max(length, guesses.get(stage.dims[l].extent));
    }
  }
  if (length < kWarp) return;
  tile = RegisterTile();
  team.threads = kWarp;
  while (team.threads < kMost && team.threads < length &&
         llvm::SaturatingMultiply<uint64_t>(countThreads(), team.threads) < kEnough)
    team.threads *= 2;
  team.dim = getLongest([&](unsigned d) { return !isTask(d); });
}

/// The longest of some dimensions, -1 where there is none; the last one if threads of the team each have
/// some.
int64_t Planner::getLongest(llvm::function_ref<bool(unsigned)> isCandidate) const {
  auto extent = [&](int64_t d) { return guesses.get(domain.dims[d].extent); };
  int64_t longest = -1;
  for (int64_t d = domain.dims.size() - 1; d >= 0; --d)
    if (isCandidate(d) && (longest < 0 || (extent(longest) < team.threads && extent(d) > extent(longest))))
      longest = d;
  return longest;
}

/// Whether the team computes a reduction together.
bool Planner::isShared(const Reduction &r) const {
  bool isInside = team.dim >= 0 && team.dim < int64_t(domain.parallel); // each has others of the results
  return team.threads > 1 && !isInside && !r.loops.empty() && canSumInLanes(r) && !readsTable(r.op);
}

/// Whether threads are along a dimension: all that stages move with, or they would compute the same of them.
bool Planner::isTask(int64_t d) const {
  if (domain.stages.empty()) return true;
  for (unsigned s = 0; s < domain.stages.size(); ++s)
    for (unsigned l = 0; l < domain.stages[s].dims.size(); ++l)
      if (auto window = getWindow(domain, s, l); window && int64_t(window->source) == d) return true;
  return false;
}

/// How many sums a thread has of one result: additions wait for each other, and many to one sum round more. A
/// register tile has others in flight. A team is where there are few threads, and each waits for its loads.
int64_t Planner::countPartial(const Reduction &r) const {
  constexpr int64_t kMany = 32, kSome = 8, kLittle = 8, kLeastSteps = 4;
  if (tile.rows * tile.columns > 1 || r.loops.empty() || !canSumInLanes(r)) return 1;
  int64_t partial = team.threads > 1 || getElementCost(r.op) <= kLittle ? kMany : kSome;
  auto n = dimValue(r.loops.back().extent);
  while (n && partial > 1 && *n < kLeastSteps * partial)
    partial /= 2;
  return partial;
}

ScheduleAttr Planner::make(SmallVector<LoopAttr> nest, ArrayRef<StoredAttr> stored) const {
  int64_t outside = nest.size();
  SmallVector<StageAttr> reductions;
  for (auto [i, r] : llvm::enumerate(domain.reductions)) {
    constexpr int64_t kSteps = 4, kShort = 8, kTable = 64;
    int64_t partial = countPartial(r), most = readsTable(r.op) ? kTable : kShort;
    SmallVector<LoopAttr> loops;
    for (unsigned k = 0; k < r.loops.size(); ++k) {
      bool isLast = k + 1 == r.loops.size();
      if (isLast && isShared(r)) {
        int64_t elements = tile.columns > 1 ? 1 : chooseElements(r, i);
        loops.push_back(reducedLoop(k, elements, LoopRole::threads));
        continue;
      }
      auto n = dimValue(r.loops[k].extent);
      bool isWritten = n && *n <= most;
      int64_t size = !isLast ? 1 : isWritten ? std::max<int64_t>(*n, 1) : partial > 1 ? partial : kSteps;
      LoopRole role = size == 1                             ? LoopRole::each
                      : isLast && !isWritten && partial > 1 ? LoopRole::lanes
                                                            : LoopRole::unroll;
      loops.push_back(reducedLoop(k, size, role));
    }
    reductions.push_back(StageAttr::get(ctx, outside, loops));
  }
  for (int64_t d = domain.parallel; d < int64_t(domain.dims.size()); ++d) {
    bool isLikeReduced = d == team.dim && !reductions.empty() && isShared(domain.reductions[0]);
    nest.push_back(d != team.dim ? loop(d, 1, LoopRole::each)
                                 : loop(d, isLikeReduced ? reductions[0].getNest().back().getSize() : 1,
                                        LoopRole::threads));
  }
  return ScheduleAttr::get(ctx, /*width=*/1, /*fma=*/true, nest, reductions, stored, team.threads);
}

ScheduleAttr Planner::planStage() const {
  return make(llvm::map_to_vector(getOrder(), [&](int64_t d) { return tileLoop(d); }), {});
}

ScheduleAttr Planner::plan(bool mayTeam) {
  chooseTile();
  if (mayTeam && domain.stages.empty()) chooseTeam();
  if (mayTeam && !domain.stages.empty()) chooseTeamOfStages();
  SmallVector<LoopAttr> nest;
  SmallVector<int64_t> order = getOrder();
  for (int64_t d : order)
    if (isTask(d)) nest.push_back(loop(d, tile.step(d), LoopRole::task));
  SmallVector<StoredAttr> stored;
  auto generics = getGenerics(kernel);
  for (auto [s, stage] : llvm::enumerate(domain.stages)) {
    unsigned number = llvm::find(generics, stage.last) - generics.begin();
    Planner planner(kernel, stage, guesses);
    planner.team.threads = team.threads;
    if (team.threads > 1)
      planner.team.dim = planner.getLongest([&, s = s](unsigned l) { return !getWindow(domain, s, l); });
    stored.push_back(StoredAttr::get(ctx, /*operand=*/false, number, nest.size(), planner.planStage()));
  }
  for (int64_t d : order)
    nest.push_back(tileLoop(d));
  return make(std::move(nest), stored);
}

/// A layout in which elements along the columns of a product are side by side, null where they are already.
AffineMap getLayout(KernelOp kernel, const Domain &domain, unsigned operand) {
  linalg::GenericOp op = domain.reductions[0].op;
  AffineMap map = op.getMatchingIndexingMap(&*getReadValue(kernel, operand).use_begin());
  MLIRContext *ctx = kernel.getContext();
  SmallVector<AffineExpr> others, columns;
  for (auto [i, e] : llvm::enumerate(map.getResults())) {
    auto d = dyn_cast<AffineDimExpr>(e);
    bool isColumn =
        d && domain.reductions[0].indices[d.getPosition()].lin.has(domain.variable(domain.unitDim));
    (isColumn ? columns : others).push_back(getAffineDimExpr(i, ctx));
  }
  auto order = llvm::to_vector(llvm::concat<AffineExpr>(others, columns));
  AffineMap layout = AffineMap::get(map.getNumResults(), 0, order, ctx);
  return layout.isIdentity() ? AffineMap() : layout;
}

FailureOr<ArrayAttr> planKernel(KernelOp kernel, const Guesses &guesses, bool withMma, bool withTf32) {
  auto stages = chooseStages(kernel, /*readTwice=*/false);
  // What may be packed is seen first; how loops merge depends on what is.
  auto domains = analyzeKernel(kernel, stages);
  if (failed(domains)) return failure();
  OperandLayouts layouts(kernel->getNumOperands());
  SmallVector<SmallVector<PackedAttr>> packed(domains->size());
  auto pack = [&](const Domain &domain, SmallVectorImpl<PackedAttr> &list) {
    for (unsigned operand : domain.packed)
      if (AffineMap layout = getLayout(kernel, domain, operand)) {
        layouts[operand] = layout;
        list.push_back(PackedAttr::get(kernel.getContext(), operand, layout));
      }
  };
  for (auto [domain, list] : llvm::zip_equal(*domains, packed)) {
    pack(domain, list);
    for (const Domain &stage : domain.stages)
      pack(stage, list);
    llvm::sort(list, [](PackedAttr a, PackedAttr b) { return a.getNumber() < b.getNumber(); });
  }
  domains = analyzeKernel(kernel, stages, &layouts);
  if (failed(domains)) return failure();
  if (withMma && domains->size() == 1)
    if (ScheduleAttr schedule = planMma(kernel, domains->front(), guesses, withTf32))
      return ArrayAttr::get(kernel.getContext(), Attribute(schedule.with(packed.front())));
  SmallVector<Attribute> schedules;
  for (auto [domain, list] : llvm::zip_equal(*domains, packed))
    schedules.push_back(Planner(kernel, domain, guesses).plan(domains->size() == 1).with(list));
  return ArrayAttr::get(kernel.getContext(), schedules);
}

struct PlanCuda : girih::impl::PlanCudaBase<PlanCuda> {
  using PlanCudaBase::PlanCudaBase;
  void runOnOperation() override {
    Guesses guesses(getOperation());
    // The instructions that plans use came with Ampere.
    constexpr unsigned kAmpere = 80;
    bool withMma = sm >= kAmpere, withTf32 = static_cast<bool>(kProducts.get(getOperation()));
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (Operation *special = getSpecialOp(kernel)) planSpecial(special, guesses);
      if (kernel.getScheduleAttr() || getSpecialOp(kernel)) return WalkResult::advance();
      auto schedule = planKernel(kernel, guesses, withMma, withTf32);
      if (failed(schedule)) return WalkResult::interrupt();
      kernel.setScheduleAttr(*schedule);
      return WalkResult::advance();
    });
    if (result.wasInterrupted()) signalPassFailure();
  }
};

} // namespace
