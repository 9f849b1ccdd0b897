#include "passes/Tile/Schedule.h"
#include "passes/Tile/Mma.h"
#include "passes/Tile/Pack.h"

using namespace mlir;

namespace girih {

//===-- The code that a schedule makes ------------------------------------===//

/// More than any plan writes out, and what code generation takes a few seconds for.
static constexpr uint64_t kMostOperations = 1 << 17;

/// How many elements of a register tile `tile` wide are written out for a loop: a whole tile, and what is
/// left at the end.
static int64_t countWritten(std::optional<int64_t> extent, int64_t tile) {
  return !extent ? tile + 1 : *extent <= tile ? *extent : tile + *extent % tile;
}

/// The instructions that the tile stage writes out for one domain. It loops over register tiles, but a tile
/// itself, what is left of a dimension behind the last whole tile, and the unrolled steps of reductions are
/// straight code.
static uint64_t countOperations(const Domain &domain, ScheduleAttr s) {
  uint64_t stages = 0;
  for (auto [stage, stored] : llvm::zip_equal(domain.stages, s.getStored()))
    stages += countOperations(stage, stored.getSchedule());
  auto extent = [&](int64_t d) { return dimValue(domain.dims[d].extent); };
  constexpr int64_t kRegister = 16;
  uint64_t rows = 1, vectors = 1;
  if (s.getRowDim() >= 0) {
    rows = 0;
    if (auto n = extent(s.getRowDim()))
      rows = countWritten(n, s.getRows());
    else // each of the sizes has a loop
      for (int64_t n : getRowSizes(s.getRows()))
        rows += n;
  }
  if (LoopAttr l = s.getLoop(LoopRole::lanes)) {
    auto n = extent(l.getDim());
    vectors = n ? countWritten(llvm::divideCeil(*n, s.getWidth()), s.getVectors()) : 2 * s.getVectors();
  }
  // A thread's pieces of what is shared, and what is left of a whole one. Behind reductions, these are not
  // written out for each.
  auto countDealt = [](LoopAttr l) -> uint64_t { return kMostDealt + l.getSize() + 1; };
  LoopAttr dealt = s.getLoop(LoopRole::threads);
  uint64_t behind = dealt && dealt.getDim() >= domain.parallel ? countDealt(dealt) : 1;
  if (dealt && behind == 1) vectors *= countDealt(dealt);
  auto cost = [](linalg::GenericOp op) -> uint64_t { return getElementCost(op) + op->getNumOperands(); };
  uint64_t operations = behind * cost(domain.last);
  for (auto [r, stage] : llvm::zip(domain.reductions, s.getReductions())) {
    uint64_t steps = 1;
    if (!stage.getNest().empty()) {
      LoopAttr inner = stage.getNest().back();
      // Lanes along a reduction: the vectors of a step, then whole ones, then a masked one.
      steps = inner.getRole() == LoopRole::lanes ? inner.getSize() / s.getWidth() + 2
              : inner.getRole() == LoopRole::threads
                  ? countDealt(inner)
                  : uint64_t(countWritten(dimValue(r.loops[inner.getDim()].extent), inner.getSize()));
    }
    operations += steps * cost(r.op);
  }
  return llvm::SaturatingAdd(
      stages,
      llvm::SaturatingMultiply(rows, vectors * operations * llvm::divideCeil(s.getWidth(), kRegister)));
}

static DimExpr getExtent(const Domain &domain, ScheduleAttr schedule, unsigned stage, unsigned loop);

/// Whether the layout of what is stored as number `i` fits it.
static LogicalResult verifyLayout(const Domain &domain, ScheduleAttr s, unsigned i,
                                  llvm::function_ref<InFlightDiagnostic()> error) {
  constexpr int64_t kMostElements = int64_t(1) << 40; // of what has sizes that are known
  const Domain &stage = domain.stages[i];
  AffineMap layout = s.getStored()[i].getLayout();
  if (layout.getNumDims() != stage.dims.size())
    return error() << "has " << stage.dims.size() << " dimensions but its layout " << layout.getNumDims();
  SmallVector<int64_t> shape;
  for (unsigned d = 0; d < stage.dims.size(); ++d) {
    auto window = getWindow(domain, i, d);
    bool isWindow = getStageStep(domain, s, i, d) && !getReducedLoop(domain, i, d) && !window->isOne();
    if (stage.border || isWindow)
      return error() << "can have no layout: it " << (isWindow ? "moves as a window" : "has a border");
    auto extent = dimValue(getExtent(domain, s, i, d));
    shape.push_back(extent.value_or(1));
    if (!extent && !layout.getResult(0).isFunctionOfDim(d))
      return error() << "has a size along its d" << d
                     << " that only a run knows: in its layout, that must be outermost";
  }
  int64_t elements, all = 1;
  SmallVector<LayoutDim> dims = getLayoutDims(layout, shape, &elements);
  for (int64_t n : shape)
    if (llvm::MulOverflow(all, n, all)) all = INT64_MAX;
  if (elements > kMostElements || elements / kMostPadding > all)
    return error() << "has " << all << " elements at once but would take " << elements << ", at most "
                   << kMostPadding << " times as many are allowed, and " << kMostElements
                   << " in all: make blocks or steps smaller";
  std::string broken = findBrokenLanes(domain, s, i, dims);
  return broken.empty() ? success() : LogicalResult(error() << "cannot lie so: " << broken);
}

/// `packed` are the constants that the schedule packs which `s` is, or is a part of.
static LogicalResult verify(KernelOp kernel, const Domain &domain, ScheduleAttr s,
                            ArrayRef<PackedAttr> packed) {
  auto error = [&]() {
    return kernel.emitError("schedule ") << s << " does not fit kernel '" << kernel.getKernelName() << "': ";
  };
  // Plans make schedules without it: only a build with assertions would know.
  if (failed(ScheduleAttr::verify(error, s.getWidth(), s.getThreads(), s.getFma(), s.getNest(),
                                  s.getReductions(), s.getStored(), s.getPacked())))
    return failure();
  ArrayRef<LoopAttr> nest = s.getNest();
  for (LoopAttr loop : nest)
    if (!loop.getReduced() && loop.getDim() >= domain.dims.size())
      return error() << "d" << loop.getDim() << " is none of the " << domain.dims.size() << " dimensions";
  for (unsigned d = 0; d < domain.dims.size(); ++d)
    if (llvm::none_of(nest, [&](LoopAttr l) { return !l.getReduced() && l.getDim() == d; }))
      return error() << "there is no loop of d" << d;
  SmallVector<LoopAttr> blocks = s.getBlocks();
  if (!blocks.empty() && !isSum(domain))
    return error() << "k" << blocks[0].getDim()
                   << " cannot be in blocks: between them, the sums are where the value is, which is no sum; "
                      "store them";
  if (!blocks.empty() && !domain.cuts.empty())
    return error() << "k" << blocks[0].getDim()
                   << " cannot be in blocks: of the sums, only what is kept has a place between them";
  auto isParallel = [&](LoopAttr l) { return l.getReduced() || l.getDim() < domain.parallel; };
  if (!std::is_partitioned(nest.begin(), nest.end(), isParallel))
    return error() << "dimensions from d" << domain.parallel
                   << " on, which no reduction depends on, must be the innermost loops";
  for (LoopAttr loop : nest)
    if (!isParallel(loop) && loop.getRole() != LoopRole::each && loop.getRole() != LoopRole::lanes &&
        loop.getRole() != LoopRole::threads)
      return error() << "d" << loop.getDim() << ", which no reduction depends on, cannot be "
                     << stringifyLoopRole(loop.getRole());
  if (s.getReductions().size() != domain.reductions.size())
    return error() << "it has " << s.getReductions().size() << " reductions, the kernel "
                   << domain.reductions.size();
  int64_t outside = llvm::count_if(nest, isParallel);
  if (s.getMma()) return verifyMma(kernel, domain, s, error);
  for (auto [i, r, stage] : llvm::enumerate(domain.reductions, s.getReductions())) {
    auto where = [&]() { return error() << "reduction " << i << " "; };
    if (stage.getAt() != outside)
      return where() << "must be at " << outside << ", inside of all loops that it depends on";
    ArrayRef<LoopAttr> loops = stage.getNest();
    SmallVector<unsigned> order = llvm::map_to_vector(loops, [](LoopAttr l) { return l.getDim(); });
    llvm::sort(order);
    if (!llvm::equal(order, llvm::seq<unsigned>(0, r.loops.size())))
      return where() << "must have one loop of each of its " << r.loops.size() << " dimensions";
    bool lanes = !loops.empty() && loops.back().getRole() == LoopRole::lanes;
    for (LoopAttr block : blocks)
      if (block.getDim() >= r.loops.size()) return where() << "has no k" << block.getDim();
    if (lanes && !blocks.empty()) return where() << "cannot have lanes along itself and be in blocks";
    bool isDealt = !loops.empty() && loops.back().getRole() == LoopRole::threads;
    if (isDealt && !canSumInLanes(r))
      return where() << "cannot be shared by threads: partial results of it do not combine";
    if (lanes && !canSumInLanes(r))
      return where() << "cannot have lanes: partial results of it do not combine";
    if (lanes && dependsOn(r, domain, s.getVectorDim()))
      return where() << "cannot have lanes along itself and along d" << s.getVectorDim();
    if (lanes && loops.back().getDim() + 1 != r.loops.size())
      return where() << "must have lanes along k" << r.loops.size() - 1;
  }
  if (int64_t lanes = s.getVectorDim(); lanes >= 0 && llvm::any_of(domain.cuts, [&](auto &cut) {
                                          return cut.first.has(domain.variable(lanes));
                                        }))
    return error() << "lanes cannot be along d" << lanes << ", of which the result keeps a part";
  for (PackedAttr constant : packed)
    if (std::string broken = findBrokenLanes(kernel, domain, s, constant); !broken.empty())
      return error() << broken;
  for (auto [i, stage, stored] : llvm::enumerate(domain.stages, s.getStored())) {
    auto where = [&, &stored = stored]() { return error() << "stored " << stored.getName() << " "; };
    if (getStageType(stage).isInteger(1)) return where() << "has elements of one bit";
    if (stored.getAt() > outside)
      return where() << "must be at " << outside << " at most, outside of what no reduction depends on";
    if (failed(verify(kernel, stage, stored.getSchedule(), packed))) return failure();
    if (stored.getLayout() && failed(verifyLayout(domain, s, i, where))) return failure();
    if (s.getThreads() > 1 && (stage.border || getSliding(domain, s, i)))
      return where() << "cannot be computed by a team of threads: it "
                     << (stage.border ? "has a border" : "keeps what the step before has computed");
    for (unsigned d = 0; d < stage.dims.size(); ++d) {
      auto step = getStageStep(domain, s, i, d);
      ArrayRef<LoopAttr> nest = stored.getSchedule().getNest();
      int64_t own =
          llvm::find_if(nest, [&](LoopAttr l) { return !l.getReduced() && l.getDim() == d; })->getSize();
      if (!step || own == 1) continue;
      auto reduced = getReducedLoop(domain, i, d);
      auto window = getWindow(domain, i, d);
      if (!reduced && (!window->isOne() || domain.dims[window->source].extent != stage.dims[d].extent))
        return where() << "takes steps of " << own << " along its d" << d << ", which moves as a window of d"
                       << window->source << " that it is inside of: only 1 is possible";
      if (*step % own)
        return where() << "takes steps of " << own << " along its d" << d << ", which do not divide the "
                       << *step << " of " << (reduced ? "k" : "d") << (reduced ? *reduced : window->source)
                       << " that it is inside of";
    }
  }
  if (uint64_t n = countOperations(domain, s); n > kMostOperations)
    return error() << "it writes out " << n << " operations, at most " << kMostOperations
                   << " are allowed: make rows, lanes or unroll smaller";
  return success();
}

//===-- Stored values -----------------------------------------------------===//

std::optional<Window> getWindow(const Domain &domain, unsigned stage, unsigned loop) {
  std::optional<Window> window;
  bool isFirst = true, isOne = true;
  auto read = [&](const Domain &reader, llvm::function_ref<std::optional<Window>(unsigned)> of) {
    for (const Access &a : reader.accesses) {
      if (a.stage != int(stage)) continue;
      auto w = getWindow(reader, a.at[loop]);
      auto moved = w ? of(w->source) : std::nullopt;
      if (moved)
        moved = Window{moved->source, w->scale * moved->scale, w->scale * moved->low + w->low,
                       w->scale * moved->high + w->high};
      if (std::exchange(isFirst, false)) {
        window = moved;
      } else if (window && moved && window->source == moved->source && window->scale == moved->scale) {
        window->low = std::min(window->low, moved->low), window->high = std::max(window->high, moved->high);
      } else {
        isOne = false;
      }
    }
  };
  read(domain, [&](unsigned d) { return Window{d, 1, 0, 0}; });
  for (unsigned s = stage + 1; s < domain.stages.size(); ++s)
    read(domain.stages[s], [&](unsigned d) { return getWindow(domain, s, d); });
  return isOne ? window : std::nullopt;
}

std::optional<unsigned> getReducedLoop(const Domain &domain, unsigned stage, unsigned loop) {
  auto reads = [&](const Access &a) { return a.stage == int(stage); };
  bool isReadByOthers = llvm::any_of(ArrayRef(domain.stages).drop_front(stage + 1),
                                     [&](const Domain &s) { return llvm::any_of(s.accesses, reads); });
  if (domain.reductions.size() != 1 || isReadByOthers || domain.stages[stage].border) return std::nullopt;
  const Reduction &r = domain.reductions[0];
  for (unsigned k = 0; k < r.loops.size(); ++k) {
    Lin at = Lin::ofVariable(r.variable(k), r.loops[k].extent.getContext());
    if (llvm::all_of(domain.accesses, [&](const Access &a) { return !reads(a) || a.at[loop] == at; }))
      return k;
  }
  return std::nullopt;
}

std::optional<int64_t> getStageStep(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                                    unsigned loop) {
  int64_t at = schedule.getStored()[stage].getAt();
  if (auto k = getReducedLoop(domain, stage, loop)) {
    for (LoopAttr l : llvm::reverse(schedule.getNest().take_front(at)))
      if (l.getReduced() && l.getDim() == *k) return l.getSize();
    return std::nullopt;
  }
  auto window = getWindow(domain, stage, loop);
  auto step = window ? schedule.getStep(window->source, at) : std::nullopt;
  return step ? std::optional(window->getExtent(*step)) : std::nullopt;
}

std::optional<unsigned> getSliding(const Domain &domain, ScheduleAttr schedule, unsigned stage) {
  int64_t at = schedule.getStored()[stage].getAt();
  if (at <= int64_t(schedule.getTaskCount())) return std::nullopt;
  LoopAttr around = schedule.getNest()[at - 1];
  if (around.getReduced()) return std::nullopt; // the next block reads the same strip
  std::optional<unsigned> sliding;
  for (unsigned d = 0; d < domain.stages[stage].dims.size(); ++d) {
    auto window = getWindow(domain, stage, d);
    if (!window || window->source != around.getDim()) continue;
    if (sliding) return std::nullopt; // along a diagonal
    sliding = d;
  }
  auto window = sliding ? getWindow(domain, stage, *sliding) : std::nullopt;
  return window && window->getOverlap() > 0 ? sliding : std::nullopt;
}

/// How many elements of a stage's loop are in memory at once, at most.
static DimExpr getExtent(const Domain &domain, ScheduleAttr schedule, unsigned stage, unsigned loop) {
  const Domain &of = domain.stages[stage];
  DimExpr whole = of.dims[loop].extent;
  if (of.border) whole = dimSimplify(whole + (of.border->before[loop] + of.border->after[loop]));
  auto step = getStageStep(domain, schedule, stage, loop);
  if (!step) return whole;
  DimExpr most = dimConstant(whole.getContext(), *step);
  // A layout has room for whole steps of what only a run knows.
  bool isPacked = static_cast<bool>(schedule.getStored()[stage].getLayout());
  return isPacked && !dimValue(whole) ? most : dimMin(whole, most);
}

/// The earlier stage whose value `stage` may be written over: it is the last reader, and reads, where it
/// writes an element, only that one from there on.
static std::optional<unsigned> getOverwritten(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                                              ArrayRef<StageMemory> memory) {
  if (schedule.getThreads() > 1) return std::nullopt; // others may still read
  const Domain &writer = domain.stages[stage];
  for (unsigned old = 0; old < stage; ++old) {
    auto reads = [&](const Domain &reader) {
      return llvm::any_of(reader.accesses, [&](const Access &a) { return a.stage == int(old); });
    };
    bool isLast = reads(writer) && !reads(domain) && !getSliding(domain, schedule, old) &&
                  llvm::none_of(ArrayRef(domain.stages).drop_front(stage + 1), reads) &&
                  llvm::none_of(ArrayRef(memory).drop_front(old + 1),
                                [&](const StageMemory &m) { return m.stage == memory[old].stage; });
    bool isAlike = isLast && memory[old].extents == memory[stage].extents &&
                   memory[old].strides == memory[stage].strides &&
                   memory[old].layout == memory[stage].layout &&
                   getStageType(domain.stages[old]) == getStageType(writer) &&
                   schedule.getStored()[old].getAt() == schedule.getStored()[stage].getAt();
    // Reductions run before a register tile is written, over what lies behind them; but not all blocks of
    // one.
    bool isInBlocks = !schedule.getStored()[stage].getSchedule().getBlocks().empty();
    bool isInPlace = isAlike && !isInBlocks && llvm::all_of(writer.accesses, [&](const Access &a) {
                       if (a.stage != int(old)) return true;
                       for (unsigned d = 0; d < writer.dims.size(); ++d)
                         if (auto w = getWindow(writer, a.at[d]);
                             w != Window{d, 1, 0, 0} && (d < writer.parallel || a.reduction < 0))
                           return false;
                       return true;
                     });
    if (isInPlace) return memory[old].stage;
  }
  return std::nullopt;
}

/// The earlier memory that `stage` may take: nobody reads what was there any more, not in the next step
/// either.
static std::optional<unsigned> getFree(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                                       ArrayRef<StageMemory> memory) {
  auto isRead = [&](unsigned old) {
    auto reads = [&](const Domain &reader) {
      return llvm::any_of(reader.accesses, [&](const Access &a) { return a.stage == int(old); });
    };
    return getSliding(domain, schedule, old) || reads(domain) ||
           llvm::any_of(ArrayRef(domain.stages).drop_front(stage), reads);
  };
  if (getSliding(domain, schedule, stage)) return std::nullopt;
  for (unsigned owner = 0; owner < stage; ++owner) {
    bool isFree = memory[owner].stage == owner &&
                  getStageType(domain.stages[owner]) == getStageType(domain.stages[stage]);
    for (unsigned old = owner; old < stage; ++old)
      isFree &= memory[old].stage != owner ||
                (!isRead(old) && schedule.getStored()[old].getAt() == schedule.getStored()[stage].getAt());
    if (isFree) return owner;
  }
  return std::nullopt;
}

std::vector<StageMemory> getStageMemory(const Domain &domain, ScheduleAttr schedule) {
  std::vector<StageMemory> memory;
  for (auto [i, stage] : llvm::enumerate(domain.stages)) {
    StageMemory &m = memory.emplace_back(StageMemory{unsigned(i), {}, {}, {}, {}});
    m.layout = schedule.getStored()[i].getLayout();
    for (unsigned d = 0; d < stage.dims.size(); ++d)
      m.extents.push_back(getExtent(domain, schedule, i, d));
    if (m.layout)
      (void)getLayoutDims(m.layout, m.extents, &m.elements);
    else
      m.strides = getStageStrides(stage, m.extents, &m.elements);
    auto taken = getOverwritten(domain, schedule, i, memory);
    if (!taken) taken = getFree(domain, schedule, i, ArrayRef(memory).drop_back());
    m.stage = taken.value_or(i);
    if (m.stage != i) memory[m.stage].elements = dimMax(memory[m.stage].elements, m.elements);
  }
  return memory;
}

SmallVector<int64_t> getRowSizes(int64_t rows) {
  SmallVector<int64_t> sizes{rows};
  for (int64_t n = std::min(kRestRows, rows - 1); n > 0; --n)
    sizes.push_back(n);
  return sizes;
}

/// Generic `number` of a kernel, if its value can be stored.
static FailureOr<linalg::GenericOp> getGeneric(KernelOp kernel, unsigned number) {
  SmallVector<linalg::GenericOp> generics = getGenerics(kernel);
  if (number < generics.size() && generics[number].getNumResults() == 1) return generics[number];
  kernel.emitError("tile stage: g") << number << " is none of the " << generics.size()
                                    << " linalg.generic operations, or one with several results";
  return failure();
}

SmallVector<std::pair<int64_t, int64_t>> splitRows(int64_t n, int64_t rows) {
  SmallVector<std::pair<int64_t, int64_t>> split;
  for (int64_t size : getRowSizes(rows)) {
    int64_t count = n / size;
    if (size == kRestRows && size != rows && n % size == 1 && count) --count;
    if (count) split.push_back({count, size});
    n -= count * size;
  }
  return split;
}

FailureOr<std::vector<Domain>> analyzeScheduled(KernelOp kernel, ArrayAttr schedules) {
  if (!schedules) return analyzeKernel(kernel);
  SmallVector<linalg::GenericOp> stored;
  SmallVector<StoredAttr> values;
  for (auto schedule : schedules.getAsRange<ScheduleAttr>())
    llvm::append_range(values, schedule.getStored());
  for (StoredAttr value : values) {
    auto op = value.getOperand() ? getCopy(kernel, value.getNumber()) : getGeneric(kernel, value.getNumber());
    if (failed(op)) return failure();
    stored.push_back(*op);
  }
  auto layouts = getLayouts(kernel, schedules);
  if (failed(layouts)) return failure();
  return analyzeKernel(kernel, stored, &*layouts);
}

FailureOr<SmallVector<ScheduleAttr>> getSchedules(KernelOp kernel, ArrayAttr schedules,
                                                  ArrayRef<Domain> domains) {
  SmallVector<ScheduleAttr> out;
  if (schedules) llvm::append_range(out, schedules.getAsRange<ScheduleAttr>());
  if (out.size() != domains.size())
    return kernel.emitError("kernel '")
           << kernel.getKernelName() << "' has " << domains.size() << " domains but " << out.size()
           << " schedules; expected one for each, as --stop-after=plan prints them";
  for (auto [domain, schedule] : llvm::zip(domains, out))
    if (failed(verify(kernel, domain, schedule, schedule.getPacked()))) return failure();
  for (ScheduleAttr schedule : out)
    if (schedule.getThreads() != out[0].getThreads())
      return kernel.emitError("kernel '")
             << kernel.getKernelName() << "' has tasks of " << out[0].getThreads() << " and of "
             << schedule.getThreads() << " threads: its schedules must agree";
  return out;
}

Operation *getSpecialOp(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (getRole(&op) == OpRole::Alone) return &op;
  return nullptr;
}

} // namespace girih
