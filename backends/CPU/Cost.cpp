#include "backends/CPU/Cost.h"
#include "backends/CPU/Sizes.h"
#include "backends/CPU/TileWork.h"
#include "passes/Tile/Schedule.h"

using namespace mlir;

namespace girih {

namespace {

constexpr int64_t kLine = 64; // bytes

/// Bytes of the caches, nearest first.
std::array<double, 3> getCaches(const Machine &m) {
  return {double(m.l1), double(m.l2), double(m.l3)};
}

/// Rows of a size that is only guessed are divided like those of one that is not known.
SmallVector<Tiles, 2> getRowTiles(DimExpr extent, int64_t n, int64_t rows) {
  if (dimValue(extent)) return getTiles(n, rows);
  SmallVector<Tiles, 2> tiles;
  for (auto [count, size] : splitRows(n, rows))
    tiles.push_back({count, size});
  return tiles;
}

/// What is left of lanes along a size that is not known is done by as many vectors, masked.
SmallVector<Tiles, 2> getVectorTiles(DimExpr extent, int64_t n, int64_t size) {
  if (dimValue(extent)) return getTiles(n, size);
  return {{int64_t(llvm::divideCeil(n, size)), size}};
}

/// Bytes that miss each of the three caches.
struct Misses {
  std::array<double, 3> read{}, written{};
  Misses &operator+=(const Misses &o) {
    for (int level = 0; level < 3; ++level)
      read[level] += o.read[level], written[level] += o.written[level];
    return *this;
  }
};

/// What is done before anything else begins: computing and going to memory hide each other within it.
struct Phase {
  double cycles = 0;
  Misses misses;
};

class DomainCost {
public:
  /// Of a stage, `steps` are how much of its dimensions is computed at once; else all of them are.
  DomainCost(KernelOp kernel, const Domain &domain, ScheduleAttr schedule, const Machine &machine,
             const Guesses *guesses, ArrayRef<std::optional<int64_t>> steps = {})
      : kernel(kernel), domain(domain), schedule(schedule), machine(machine), guesses(guesses) {
    for (auto [d, dim] : llvm::enumerate(domain.dims)) {
      auto extent = getSize(dim.extent);
      isKnown &= extent.has_value();
      int64_t n = std::max<int64_t>(extent.value_or(1), 1);
      if (!steps.empty() && steps[d]) n = std::min(n, *steps[d]);
      extents.push_back(n), counts[domain.variable(d)] = n;
    }
    for (const Reduction &r : domain.reductions)
      for (unsigned k = 0; k < r.loops.size(); ++k) {
        auto extent = getSize(r.loops[k].extent);
        isKnown &= extent.has_value();
        counts[r.variable(k)] = std::max<int64_t>(extent.value_or(1), 1);
      }
    for (LoopAttr l : schedule.getNest())
      (l.getReduced() || l.getDim() < domain.parallel ? outer : behind).push_back(l);
    for (auto [stage, stored] : llvm::zip(domain.stages, schedule.getStored())) {
      SmallVector<std::optional<unsigned>> sources;
      SmallVector<std::optional<int64_t>> of;
      for (unsigned d = 0; d < stage.dims.size(); ++d) {
        auto window = getWindow(domain, stages.size(), d);
        auto reduced = getReducedLoop(domain, stages.size(), d);
        sources.push_back(reduced  ? std::optional(domain.reductions[0].variable(*reduced))
                          : window ? std::optional(domain.variable(window->source))
                                   : std::nullopt);
        of.push_back(getStageStep(domain, schedule, stages.size(), d));
      }
      auto cost = std::make_unique<DomainCost>(kernel, stage, stored.getSchedule(), machine, guesses, of);
      cost->parent = this, cost->around = stored.getAt(), cost->sources = std::move(sources);
      cost->sliding = getSliding(domain, schedule, stages.size());
      if (cost->sliding) cost->overlap = getWindow(domain, stages.size(), *cost->sliding)->getOverlap();
      isKnown &= cost->isKnown;
      stages.push_back(std::move(cost));
    }
  }

  bool isKnown = true;

  /// One phase, or several where rows are long: each stage, each reduction, and what follows. Operands are as
  /// `isWarm` says in which caches beforehand.
  SmallVector<Phase> getPhases(llvm::function_ref<bool(unsigned buffer, int level)> isWarm) const;
  double getTasks() const;
  /// All bytes that it goes through.
  double getBytes() const { return total(0); }

private:
  using Counts = DenseMap<unsigned, int64_t>;
  struct Loop {
    unsigned variable;
    int64_t size;
  };
  std::optional<int64_t> getSize(DimExpr e) const { return guesses ? guesses->get(e) : dimValue(e); }
  /// Rows go out of the first-level cache between one reduction and what follows.
  bool hasLongRows() const { return !behind.empty() && !sliding && total(outer.size()) > double(machine.l1); }
  /// Bytes that miss the caches: of all, or of one reduction (-1: of what follows).
  Misses getMisses(llvm::function_ref<bool(unsigned buffer, int level)> isWarm,
                   std::optional<int> phase = std::nullopt) const;
  /// Cycles of the units for all of the domain.
  double getCycles() const;
  double countReduction(const Reduction &r, StageAttr stage, int64_t rows, int64_t vectors) const;
  double countFinish(int64_t rows, int64_t vectors, bool takesUp) const;
  double getFinishCycles(bool takesUp) const;
  double getReductionCycles(size_t number) const;
  double getStageCycles(size_t number) const;
  double sumTiles(bool all, llvm::function_ref<double(int64_t, int64_t)> cost) const;
  SmallVector<Idx> lastDims() const;
  /// What is stored where this is computed.
  ArrayRef<Domain> getStages() const { return parent ? parent->domain.stages : domain.stages; }
  ArrayRef<StoredAttr> getStored() const { return (parent ? parent->schedule : schedule).getStored(); }
  double getTrips(size_t level) const;
  double getBlocks() const;
  double getRepeats(const Access &a, double cache) const;

  SmallVector<Loop> loopsOf(int reduction) const;
  Counts countsAt(ArrayRef<Loop> loops, size_t level) const;
  double footprint(const Access &a, const Counts &at) const;
  double footprint(const Lin &lin, Type element, const Counts &at) const;
  double total(size_t level) const;
  double phaseTotal(int reduction, size_t level) const;
  double storeBytes(const Counts &at) const;
  double bytesTakenUp(double cache) const;
  template <typename Footprint, typename Depends>
  double missesOf(int reduction, double cache, Footprint footprintAt, Depends depends) const;

  mutable KernelOp kernel; // MLIR's accessors are not const
  const Domain &domain;
  ScheduleAttr schedule;
  const Machine &machine;
  const Guesses *guesses;
  SmallVector<int64_t> extents;
  Counts counts;                       // of each variable's indices
  SmallVector<LoopAttr> outer, behind; // loops of the nest: around reductions, and behind them
  std::vector<std::unique_ptr<DomainCost>> stages;
  // Of a stage: the domain that stores it, inside of how many of its loops, and of which variables there its
  // own loops follow.
  const DomainCost *parent = nullptr;
  size_t around = 0;
  std::optional<unsigned> sliding; // the loop along which it moves on, and by how much less than it has
  int64_t overlap = 0;
  SmallVector<std::optional<unsigned>> sources;
};

//===-- Units -------------------------------------------------------------===//

SmallVector<Idx> DomainCost::lastDims() const {
  MLIRContext *ctx = kernel.getContext();
  linalg::GenericOp last = domain.last;
  SmallVector<Idx> dims(last.getNumLoops(), Idx{Lin::ofConstant(dimConstant(ctx, 0))});
  for (unsigned d = 0; d < domain.dims.size(); ++d)
    dims[domain.dims[d].dims.back()] = {Lin::ofVariable(domain.variable(d), ctx)};
  return dims;
}

/// The cost of every register tile: whole ones and remainders, `rows` by `vectors`. Of `all` dimensions, or
/// of those that reductions depend on.
double DomainCost::sumTiles(bool all, llvm::function_ref<double(int64_t, int64_t)> cost) const {
  size_t end = all ? domain.dims.size() : domain.parallel;
  int64_t rowDim = schedule.getRowDim(), vectorDim = schedule.getVectorDim(), width = schedule.getWidth();
  SmallVector<Tiles, 2> rows{{1, 1}}, vectors{{1, 1}};
  double others = 1;
  for (size_t d = 0; d < end; ++d) {
    if (int64_t(d) == rowDim)
      rows = getRowTiles(domain.dims[d].extent, extents[d], schedule.getRows());
    else if (int64_t(d) == vectorDim)
      vectors = getVectorTiles(domain.dims[d].extent, extents[d], width * schedule.getVectors());
    else
      others *= double(extents[d]);
  }
  bool lanes = vectorDim >= 0 && size_t(vectorDim) < end;
  double sum = 0;
  for (Tiles r : rows)
    for (Tiles v : vectors)
      sum += others * double(r.count * v.count) * cost(r.size, lanes ? llvm::divideCeil(v.size, width) : 1);
  return sum;
}

double DomainCost::countReduction(const Reduction &r, StageAttr stage, int64_t rows, int64_t vectors) const {
  int64_t width = schedule.getWidth(), rowDim = schedule.getRowDim(), vectorDim = schedule.getVectorDim();
  SmallVector<std::pair<unsigned, int64_t>> copies;
  SmallVector<unsigned> inner;
  unsigned vectorVariable = 0;
  if (rowDim >= 0) copies.push_back({domain.variable(rowDim), rows});
  if (vectorDim >= 0 && size_t(vectorDim) < domain.parallel) {
    vectorVariable = domain.variable(vectorDim);
    copies.push_back({vectorVariable, vectors});
  }
  double iterations = 1, chain = 1, chains = 1;
  for (LoopAttr l : stage.getNest()) {
    unsigned v = r.variable(l.getDim());
    int64_t n = counts.at(v), size = std::min(l.getSize(), n);
    inner.push_back(v);
    if (l.getRole() == LoopRole::lanes) {
      vectorVariable = v;
      int64_t all = llvm::divideCeil(n, width);
      chains = double(std::min<int64_t>(llvm::divideCeil(l.getSize(), width), all));
      copies.push_back({v, int64_t(chains)});
      iterations *= double(all) / chains;
    } else {
      copies.push_back({v, size});
      chain *= double(size);
      iterations *= double(n) / double(size);
    }
  }
  TileWork work(kernel, domain, getStages(), getStored(), width, schedule.getFma(), machine, copies,
                vectorVariable, 0);
  work.count(r.op, r.indices, inner);
  // Sums with the numbers of a table, written out without a loop, do not wait for those of the next tile.
  bool isWritten = iterations == 1 && readsTable(r.op);
  double latency = isWritten ? 0 : chain * getStepLatency(r.op, schedule.getFma(), machine);
  double cycles = iterations * std::max(work.each.cycles(machine), latency) + work.once.cycles(machine);
  // Chains and then lanes, half by half, are combined one after the other. Half of that is beside the next
  // tile's sums, but not where one phase waits for the other.
  constexpr double kShuffle = 3;
  if (vectorVariable && llvm::is_contained(inner, vectorVariable)) {
    double steps = std::log2(double(width)) + chains - 1;
    bool waits = domain.reductions.size() + domain.stages.size() > 1;
    cycles += steps * (getCombineLatency(r.op, machine) + kShuffle) / (waits ? 1 : 2);
  }
  return cycles;
}

/// What is done with the values of a register tile. With `takesUp`, they are the sums that a block begins
/// with.
double DomainCost::countFinish(int64_t rows, int64_t vectors, bool takesUp) const {
  int64_t rowDim = schedule.getRowDim(), vectorDim = schedule.getVectorDim(), width = schedule.getWidth();
  SmallVector<std::pair<unsigned, int64_t>> copies;
  unsigned vectorVariable = vectorDim >= 0 ? domain.variable(vectorDim) : 0;
  if (vectorDim >= 0) copies.push_back({vectorVariable, vectors});
  if (rowDim >= 0) copies.push_back({domain.variable(rowDim), rows});
  TileWork work(kernel, domain, getStages(), getStored(), width, schedule.getFma(), machine, copies,
                vectorVariable, isSquare(rows, width) ? domain.variable(rowDim) : 0);
  SmallVector<Idx> dims = lastDims();
  linalg::GenericOp last = domain.last;
  if (!last.getNumReductionLoops()) work.count(last, dims);
  Type type = getElementTypeOrSelf(last.getResult(0).getType());
  for (const Lin &store : domain.stores)
    work.countStore(store, type, dims);
  if (takesUp) work.countLoad(domain.stores[0], type, dims, /*dynLanes=*/false);
  return work.each.cycles(machine);
}

double DomainCost::getFinishCycles(bool takesUp) const {
  return sumTiles(true, [&](int64_t rows, int64_t vectors) { return countFinish(rows, vectors, takesUp); });
}

double DomainCost::getReductionCycles(size_t number) const {
  return sumTiles(false, [&](int64_t rows, int64_t vectors) {
    return countReduction(domain.reductions[number], schedule.getReductions()[number], rows, vectors);
  });
}

double DomainCost::getStageCycles(size_t number) const {
  const DomainCost &stage = *stages[number];
  size_t at = schedule.getStored()[number].getAt();
  double trips = getTrips(at), whole = stage.getCycles();
  if (!stage.sliding) return trips * whole;
  // The first of the steps that follow each other computes all, the others what is new, and move the rest.
  double first = getTrips(at - 1), size = double(stage.extents[*stage.sliding]);
  double old = std::min(double(stage.overlap) / size, 1.0), moved = old * stage.storeBytes(stage.counts);
  return first * whole + (trips - first) * (whole * (1 - old) + 2 * moved / machine.l2Bandwidth);
}

double DomainCost::getCycles() const {
  double cycles = getFinishCycles(false), blocks = getBlocks();
  if (blocks > 1) cycles += (blocks - 1) * getFinishCycles(true);
  for (size_t r = 0; r < domain.reductions.size(); ++r)
    cycles += getReductionCycles(r);
  for (size_t i = 0; i < stages.size(); ++i)
    cycles += getStageCycles(i);
  return cycles;
}

/// How often the first `level` loops come around.
double DomainCost::getTrips(size_t level) const {
  SmallVector<Loop> loops = loopsOf(-1);
  double trips = 1;
  Counts at = counts;
  for (const Loop &l : ArrayRef(loops).take_front(level)) {
    trips *= double(llvm::divideCeil(at[l.variable], l.size));
    at[l.variable] = std::min(at[l.variable], l.size);
  }
  return trips;
}

/// How many blocks a reduction is computed in.
double DomainCost::getBlocks() const {
  double blocks = 1;
  Counts at = counts;
  for (LoopAttr l : schedule.getBlocks()) {
    int64_t &n = at[domain.reductions[0].variable(l.getDim())];
    blocks *= double(llvm::divideCeil(n, l.getSize()));
    n = std::min(n, l.getSize());
  }
  return blocks;
}

double DomainCost::getTasks() const {
  double tasks = 1;
  for (LoopAttr l : schedule.getNest().take_front(schedule.getTaskCount()))
    tasks *= double(llvm::divideCeil(extents[l.getDim()], l.getSize()));
  return tasks;
}

//===-- Memory ------------------------------------------------------------===//

/// The loops around a reduction's body; -1: around the last generic.
SmallVector<DomainCost::Loop> DomainCost::loopsOf(int reduction) const {
  SmallVector<Loop> loops;
  for (LoopAttr l : outer)
    loops.push_back({l.getReduced() ? domain.reductions[0].variable(l.getDim()) : domain.variable(l.getDim()),
                     l.getSize()});
  if (reduction < 0)
    for (LoopAttr l : behind)
      loops.push_back({domain.variable(l.getDim()), l.getSize()});
  else
    for (LoopAttr l : schedule.getReductions()[reduction].getNest())
      loops.push_back({domain.reductions[reduction].variable(l.getDim()), l.getSize()});
  return loops;
}

/// How many indices each variable goes through inside of the first `level` loops.
DomainCost::Counts DomainCost::countsAt(ArrayRef<Loop> loops, size_t level) const {
  Counts at = counts;
  for (const Loop &l : loops.take_front(level))
    at[l.variable] = std::min(at[l.variable], l.size);
  return at;
}

/// Bytes of whole cache lines: what is dense, or has gaps within lines, then so many of that.
double DomainCost::footprint(const Lin &lin, Type element, const Counts &at) const {
  SmallVector<std::pair<double, double>> terms;
  for (auto &[v, c] : lin.terms)
    if (auto it = at.find(v); it != at.end() && it->second > 1)
      terms.push_back({std::abs(double(getSize(c).value_or(1))), double(it->second)});
  llvm::sort(terms);
  double bytes = double(element.getIntOrFloatBitWidth()) / 8, span = bytes, lines = 0;
  for (auto [stride, n] : terms) {
    double step = stride * bytes, longer = span + step * (n - 1);
    if (!lines && step > std::max<double>(span, kLine)) lines = std::ceil(span / kLine);
    if (lines) lines *= step > span ? n : longer / span;
    span = longer;
  }
  return kLine * (lines ? lines : std::ceil(span / kLine));
}

double DomainCost::footprint(const Access &a, const Counts &at) const {
  double bytes = double(a.element.getIntOrFloatBitWidth()) / 8;
  if (llvm::is_contained(domain.packed, a.buffer)) {
    for (auto &[v, c] : a.lin.terms)
      if (auto it = at.find(v); it != at.end()) bytes *= double(it->second);
    return bytes;
  }
  double linear = footprint(a.lin, a.element, at);
  if (!a.dynamic) return linear;
  // Anywhere in the operand, as often as there are indices.
  for (unsigned d = 0; d < domain.dims.size(); ++d)
    if (!a.lin.has(domain.variable(d))) linear *= double(at.at(domain.variable(d)));
  auto type = cast<RankedTensorType>(kernel.getInputs()[a.buffer].getType());
  return type.hasStaticShape() ? std::min(linear, bytes * double(type.getNumElements())) : linear;
}

double DomainCost::storeBytes(const Counts &at) const {
  linalg::GenericOp last = domain.last;
  double bytes = 0;
  for (const Lin &store : domain.stores)
    bytes += footprint(store, getElementTypeOrSelf(last.getResult(0).getType()), at);
  return bytes;
}

/// What is touched inside of the first `level` loops of a reduction's body or the last generic.
double DomainCost::phaseTotal(int reduction, size_t level) const {
  if (level <= outer.size()) return total(level);
  Counts at = countsAt(loopsOf(reduction), level);
  double bytes = reduction < 0 ? storeBytes(at) : 0;
  for (const Access &a : domain.accesses)
    if (a.reduction == reduction) bytes += footprint(a, at);
  return bytes;
}

double DomainCost::total(size_t level) const {
  Counts at = countsAt(loopsOf(-1), level);
  std::map<unsigned, double> most; // of a buffer
  for (const Access &a : domain.accesses)
    if (a.stage < 0) most[a.buffer] = std::max(most[a.buffer], footprint(a, at));
  double bytes = storeBytes(at);
  for (auto [buffer, b] : most)
    bytes += b;
  for (auto [stage, stored] : llvm::zip(stages, schedule.getStored()))
    bytes += stage->total(0);
  return bytes;
}

/// Bytes that miss a cache of this size: what a tile touches, grown by each loop around it that touches more,
/// and again for each that touches the same after more than the cache holds.
template <typename Footprint, typename Depends>
double DomainCost::missesOf(int reduction, double cache, Footprint footprintAt, Depends depends) const {
  SmallVector<Loop> loops = loopsOf(reduction);
  double bytes = footprintAt(loops.size()), inner = bytes;
  for (size_t j = loops.size(); j-- > 0;) {
    if (depends(loops[j])) {
      double grown = footprintAt(j);
      bytes *= grown / inner, inner = grown;
      continue;
    }
    size_t same = j;
    while (same + 1 < loops.size() && !depends(loops[same + 1]))
      ++same;
    if (phaseTotal(reduction, same + 1) <= cache) continue;
    Counts at = countsAt(loops, j);
    bytes *= double(llvm::divideCeil(at[loops[j].variable], loops[j].size));
  }
  return bytes;
}

/// How often a stage reads what is not in a cache of this size, as it is computed again and again: for every
/// step of the loops around it that its operand differs along, and of others if too much is touched in
/// between.
double DomainCost::getRepeats(const Access &a, double cache) const {
  if (!parent) return 1;
  auto loops = parent->loopsOf(-1);
  double repeats = 1;
  for (size_t j = 0; j < around; ++j) {
    bool depends = false;
    for (unsigned d = 0; d < domain.dims.size(); ++d)
      if (sources[d]) depends |= *sources[d] == loops[j].variable && a.lin.has(domain.variable(d));
    if (depends || parent->total(j + 1) > cache) repeats *= parent->getTrips(j + 1) / parent->getTrips(j);
  }
  return repeats;
}

/// Of sums that later blocks take up, those that are in a cache of this size no more.
double DomainCost::bytesTakenUp(double cache) const {
  if (schedule.getBlocks().empty()) return 0;
  auto at = [&](size_t level) { return storeBytes(countsAt(loopsOf(0), level)); };
  auto depends = [&](const Loop &l) {
    return llvm::any_of(domain.stores, [&](const Lin &store) { return store.has(l.variable); });
  };
  return std::max(missesOf(0, cache, at, depends) - storeBytes(counts), 0.0);
}

Misses DomainCost::getMisses(llvm::function_ref<bool(unsigned buffer, int level)> isWarm,
                             std::optional<int> phase) const {
  Misses misses{};
  for (auto [level, cache] : llvm::enumerate(getCaches(machine))) {
    bool phasesShare = total(outer.size()) <= cache;
    std::map<unsigned, double> ofBuffer, once;
    for (const Access &a : domain.accesses) {
      if (phase && a.reduction != *phase) continue;
      SmallVector<Loop> loops = loopsOf(a.reduction);
      auto at = [&](size_t l) { return footprint(a, countsAt(loops, l)); };
      auto depends = [&](const Loop &l) { return a.dynamic || a.lin.has(l.variable); };
      double bytes = missesOf(a.reduction, cache, at, depends) * getRepeats(a, cache);
      double &sum = ofBuffer[a.buffer];
      sum = phasesShare ? std::max(sum, bytes) : sum + bytes;
      once[a.buffer] = std::max(once[a.buffer], at(0) * getRepeats(a, INFINITY));
    }
    unsigned results = kernel->getNumOperands() + kernel->getNumResults();
    for (auto [buffer, bytes] : ofBuffer) {
      // Stages have just been computed.
      bool isStage = buffer >= results;
      const auto &of = parent ? parent->stages : stages;
      bool warm = isStage ? of[buffer - results]->total(0) <= cache : isWarm(buffer, level);
      misses.read[level] += warm ? std::max(bytes - once[buffer], 0.0) : bytes;
    }
    if (phase && *phase >= 0) continue;
    double stored = storeBytes(counts);
    bool warm = domain.results.empty() ? stored <= cache : isWarm(kernel->getNumOperands(), level);
    double again = bytesTakenUp(cache), trips = parent ? parent->getTrips(around) : 1;
    misses.read[level] += again * trips;
    misses.written[level] += ((warm ? 0 : stored) + again) * trips;
  }
  if (phase) return misses;
  for (auto &stage : stages)
    misses += stage->getMisses(isWarm);
  return misses;
}

SmallVector<Phase> DomainCost::getPhases(llvm::function_ref<bool(unsigned buffer, int level)> isWarm) const {
  if (!hasLongRows() && llvm::none_of(stages, [](auto &stage) { return stage->hasLongRows(); }))
    return {{getCycles(), getMisses(isWarm)}};
  SmallVector<Phase> phases;
  for (auto [i, stage] : llvm::enumerate(stages)) {
    if (!stage->hasLongRows()) {
      phases.push_back({getStageCycles(i), stage->getMisses(isWarm)});
      continue;
    }
    for (Phase phase : stage->getPhases(isWarm))
      phases.push_back({getTrips(schedule.getStored()[i].getAt()) * phase.cycles, phase.misses});
  }
  // What one phase has read is there for the others, if all that a row takes is.
  std::set<unsigned> known;
  auto isThere = [&](unsigned buffer, int level) {
    return isWarm(buffer, level) || (known.count(buffer) && total(outer.size()) <= getCaches(machine)[level]);
  };
  for (int r = 0; r < int(domain.reductions.size()); ++r) {
    phases.push_back({getReductionCycles(r), getMisses(isThere, r)});
    for (const Access &a : domain.accesses)
      if (a.reduction == r) known.insert(a.buffer);
  }
  phases.push_back({getFinishCycles(false), getMisses(isThere, -1)});
  return phases;
}

} // namespace

std::optional<Cost> predictCost(KernelOp kernel, ArrayRef<Domain> domains, ArrayRef<ScheduleAttr> schedules,
                                const Machine &machine, double runBytes, const Guesses *guesses) {
  constexpr double kLaunch = 30, kTask = 5; // nanoseconds of a call, and of the loops around a task
  constexpr double kHidden = 0.7;           // of the shorter of computing and reading, what the longer hides
  Cost cost;
  auto timeOf = [&](const std::array<double, 3> &bytes) {
    // What misses a larger cache has missed the smaller ones.
    double fromL3 = std::max(bytes[1] - bytes[2], 0.0);
    double fromL2 = std::max(bytes[0] - std::max(bytes[1], bytes[2]), 0.0);
    cost.l2Bytes += fromL2, cost.l3Bytes += fromL3, cost.memoryBytes += bytes[2];
    return (fromL2 / machine.l2Bandwidth + fromL3 / machine.l3Bandwidth) / machine.ghz +
           bytes[2] / machine.memoryBandwidth;
  };
  auto hide = [&](double a, double b) { return std::max(a, b) + (1 - kHidden) * std::min(a, b); };
  Phase tiles; // of all domains that have no others
  double rows = 0;
  for (auto [domain, schedule] : llvm::zip(domains, schedules)) {
    DomainCost of(kernel, domain, schedule, machine, guesses);
    if (!of.isKnown) return std::nullopt;
    cost.tasks += of.getTasks();
    double bytes = of.getBytes();
    SmallVector<Phase> phases = of.getPhases([&](unsigned buffer, int level) {
      bool isConstant =
          buffer < kernel->getNumOperands() && kernel.getInputs()[buffer].getDefiningOp<ConstantOp>();
      return (isConstant ? runBytes : bytes) <= getCaches(machine)[level];
    });
    for (Phase &phase : phases) {
      // What is written is fetched first and written back later; between the nearer caches that is a way
      // each.
      for (int level : {1, 2})
        phase.misses.written[level] *= 2;
      cost.cycles += phase.cycles;
      // Rows are written all along, tiles in bursts at their ends.
      if (phases.size() > 1)
        rows += hide(phase.cycles / machine.ghz, timeOf(phase.misses.read) + timeOf(phase.misses.written));
      else
        tiles.cycles += phase.cycles, tiles.misses += phase.misses;
    }
  }
  double read = timeOf(tiles.misses.read), written = timeOf(tiles.misses.written);
  cost.nanoseconds = hide(tiles.cycles / machine.ghz, read) + written + kLaunch + cost.tasks * kTask + rows;
  return cost;
}

} // namespace girih
