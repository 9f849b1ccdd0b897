#include "backends/CPU/PlanCopies.h"
#include "backends/CPU/PlanPacking.h"
#include "backends/CPU/Planner.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Tile/Schedule.h"
#include "passes/Tile/Stages.h"

using namespace mlir;
using namespace girih;

ScheduleAttr Planner::plan() {
  choose();
  if (!steps.empty()) fitSteps();
  if (domain.stages.empty()) return schedule({});
  int64_t along = stripDim();
  return along < 0 ? withStages() : inStrips(along);
}

bool Planner::isLongToFinish() {
  constexpr int64_t kFewVectors = 4, kShort = 16;
  linalg::GenericOp last = domain.last;
  if (domain.reductions.size() != 1 || !domain.stages.empty() || last.getNumReductionLoops()) return false;
  const Reduction &r = domain.reductions[0];
  return domain.parallel == domain.dims.size() && c.rows > 1 && c.rows * c.vectors > kFewVectors &&
         linalg::GenericOp(r.op).getNumDpsInits() == 1 && getElementCost(last) >= kShort &&
         dependsOn(r, domain, c.rowDim) && dependsOn(r, domain, c.vectorDim);
}

ScheduleAttr Planner::planAroundSums() {
  const Domain &stage = domain.stages[0];
  Planner sums(in, stage);
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

void Planner::around(int64_t dim, int64_t size, LoopRole role) {
  if (role == LoopRole::task && !in.hasTasks) return;
  c.around.push_back(LoopAttr::get(kernel.getContext(), /*reduced=*/false, dim, size, role));
}

StoredAttr Planner::store(unsigned stage, ScheduleAttr schedule) {
  auto generics = getGenerics(kernel);
  unsigned number = llvm::find(generics, domain.stages[stage].last) - generics.begin();
  return StoredAttr::get(kernel.getContext(), /*operand=*/false, number, c.around.size(), schedule);
}

SmallVector<StoredAttr> Planner::storeAll(llvm::function_ref<std::optional<int64_t>(int64_t)> sizeOf) {
  SmallVector<StoredAttr> stored;
  for (auto [s, stage] : llvm::enumerate(domain.stages)) {
    SmallVector<Step> steps(stage.dims.size());
    for (unsigned d = 0; d < stage.dims.size(); ++d) {
      auto w = getWindow(domain, s, d);
      if (auto size = w ? sizeOf(w->source) : std::nullopt) steps[d] = {w->getExtent(*size), !w->isOne()};
    }
    stored.push_back(store(s, Planner(in, stage, steps).plan()));
  }
  return stored;
}

void Planner::fitSteps() {
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

ScheduleAttr Planner::withStages() {
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
  SmallVector<StoredAttr> stored =
      storeAll([&](int64_t d) { return isFollowed[d] ? std::optional(part(d)) : std::nullopt; });
  c.order = order;
  return schedule(stored);
}

int64_t Planner::stripDim() const {
  llvm::SmallBitVector windows(domain.dims.size()), ofLanes(domain.dims.size());
  for (auto [s, stage] : llvm::enumerate(domain.stages))
    for (unsigned d = 0; d < stage.dims.size(); ++d)
      if (auto w = getWindow(domain, s, d); w && !w->isOne())
        (int64_t(d) == stage.unitDim ? ofLanes : windows).set(w->source);
  int64_t dim = windows.reset(ofLanes).find_first();
  for (int64_t outer = 0; outer < dim; ++outer)
    if (isFollowedByAll(domain, outer) &&
        getLiveBytes(domain, in.guesses, outer, 1) <= kPart * double(machine.l2))
      return outer;
  return dim;
}

ScheduleAttr Planner::inStrips(int64_t along) {
  constexpr int64_t kOverlaps = 10; // of a task, where it computes again what another one has
  SmallVector<bool> isOutside(domain.dims.size());
  for (int64_t d = 0; d < along; ++d)
    isOutside[d] = isFollowedByAll(domain, d);
  int64_t longest = 0; // overlap, in steps of the loop
  for (auto [s, stage] : llvm::enumerate(domain.stages))
    for (unsigned d = 0; d < stage.dims.size(); ++d)
      if (auto w = getWindow(domain, s, d); w && w->source == along)
        longest = std::max<int64_t>(longest, llvm::divideCeil(w->getOverlap(), w->scale));
  int64_t all = extent(along), least = std::min(getLeastRows(domain, in.guesses, along), all), rows = least;
  while (rows < all && getLiveBytes(domain, in.guesses, along, rows + 1) <= kPart * double(machine.l2))
    ++rows;
  // Even tasks of even strips.
  int64_t cores = std::min(machine.cores, all / least), tasks = all / std::max(rows, kOverlaps * longest);
  tasks = std::max<int64_t>(tasks / cores, 1) * cores;
  int64_t ofTask = llvm::divideCeil(all, tasks), strips = llvm::divideCeil(ofTask, rows);
  rows = llvm::alignTo(llvm::divideCeil(ofTask, strips), step(along));
  for (int64_t d = 0; d < along; ++d)
    if (isOutside[d]) around(d, step(d), LoopRole::task);
  around(along, rows * strips, LoopRole::task);
  if (strips > 1) around(along, rows, LoopRole::each);
  return schedule(storeAll([&](int64_t d) {
    return d == along ? std::optional(rows) : isOutside[d] ? std::optional(step(d)) : std::nullopt;
  }));
}

/// The plan of a kernel whose sums are stored a register tile at a time, null where they cannot be.
static ScheduleAttr planAroundSums(const PlanInputs &in, const Domain &domain) {
  auto domains = analyzeKernel(in.kernel, domain.reductions[0].op, in.layouts);
  if (failed(domains)) return {};
  ScheduleAttr schedule = Planner(in, domains->front()).planAroundSums();
  return schedule ? packConstants(in, domains->front(), schedule) : schedule;
}

SmallVector<Attribute> girih::planKernel(KernelOp kernel, ArrayRef<Domain> domains, const Machine &machine,
                                         const Guesses &guesses, const OperandLayouts *layouts) {
  PlanInputs in{kernel, machine, guesses, layouts, domains.size() == 1};
  SmallVector<Attribute> schedules;
  for (const Domain &d : domains) {
    Planner planner(in, d);
    ScheduleAttr schedule = planner.plan(), stored;
    if (domains.size() == 1 && planner.isLongToFinish())
      stored = planAroundSums(in, d);
    else if (auto operands = getOperandsToCopy(in, d, schedule);
             (operands.ofRows || operands.ofColumns) && domains.size() == 1)
      stored = planAroundCopies(in, operands, schedule);
    schedules.push_back(stored ? stored : packConstants(in, d, schedule));
  }
  return schedules;
}
