// Loops, stages and schedules as text, and what of them can be wrong whatever the kernel.
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/Layout.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

namespace girih {

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

//===-- Text --------------------------------------------------------------===//

/// What `parse` reads, between brackets and commas.
template <typename T> static FailureOr<SmallVector<T>> parseList(AsmParser &p) {
  SmallVector<T> list;
  auto one = [&]() -> ParseResult {
    auto item = dyn_cast_or_null<T>(T::parse(p, {}));
    if (!item) return failure();
    list.push_back(item);
    return success();
  };
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Square, one)) return failure();
  return list;
}

template <typename T> static void printList(AsmPrinter &p, ArrayRef<T> list) {
  p << '[';
  llvm::interleaveComma(list, p, [&](T item) { item.print(p); });
  p << ']';
}

Attribute LoopAttr::parse(AsmParser &p, Type) {
  SMLoc loc = p.getCurrentLocation();
  StringRef variable;
  unsigned dim = 0;
  int64_t size = 0;
  LoopRole role = LoopRole::each;
  if (p.parseLess() || p.parseKeyword(&variable)) return {};
  bool reduced = variable.consume_front("k");
  if ((!reduced && !variable.consume_front("d")) || variable.getAsInteger(10, dim)) {
    p.emitError(loc, "expected a dimension: d and a number, or k and a number for a reduced one");
    return {};
  }
  if (p.parseComma() || p.parseInteger(size)) return {};
  if (succeeded(p.parseOptionalComma())) {
    auto parsed = FieldParser<LoopRole>::parse(p);
    if (failed(parsed)) return {};
    role = *parsed;
  }
  if (p.parseGreater()) return {};
  auto error = [&] { return p.emitError(loc); };
  return getChecked(EmitError(error), p.getContext(), reduced, dim, size, role);
}

void LoopAttr::print(AsmPrinter &p) const {
  p << '<' << (getReduced() ? 'k' : 'd') << getDim() << ", " << getSize();
  if (getRole() != LoopRole::each) p << ", " << getRole();
  p << '>';
}

Attribute StageAttr::parse(AsmParser &p, Type) {
  SMLoc loc = p.getCurrentLocation();
  int64_t at = 0;
  if (p.parseLess() || p.parseKeyword("at") || p.parseEqual() || p.parseInteger(at) || p.parseComma())
    return {};
  FailureOr<SmallVector<LoopAttr>> nest = SmallVector<LoopAttr>();
  MmaAttr mma;
  if (succeeded(p.parseOptionalKeyword("mma"))) {
    if (p.parseEqual() || !(mma = dyn_cast_or_null<MmaAttr>(MmaAttr::parse(p, {})))) return {};
  } else if (p.parseKeyword("nest") || p.parseEqual() || failed(nest = parseList<LoopAttr>(p))) {
    return {};
  }
  if (p.parseGreater()) return {};
  auto error = [&] { return p.emitError(loc); };
  return getChecked(EmitError(error), p.getContext(), at, ArrayRef(*nest), mma);
}

void StageAttr::print(AsmPrinter &p) const {
  p << "<at = " << getAt() << ", ";
  if (getMma()) {
    p << "mma = ";
    getMma().print(p);
  } else {
    p << "nest = ";
    printList(p, getNest());
  }
  p << '>';
}

/// An entry of a schedule's `stored`: an operand that is packed at compile time, or a value that is stored
/// inside of some loops.
static Attribute parseStored(AsmParser &p) {
  SMLoc loc = p.getCurrentLocation();
  auto error = [&] { return p.emitError(loc); };
  StringRef name;
  unsigned number = 0;
  int64_t at = 0;
  if (p.parseLess() || p.parseKeyword(&name)) return {};
  bool operand = name.consume_front("in");
  if ((!operand && !name.consume_front("g")) || name.getAsInteger(10, number)) {
    error() << "expected a linalg.generic of the kernel, g and a number, or an operand, in and a number";
    return {};
  }
  if (p.parseComma() || p.parseKeyword("at") || p.parseEqual()) return {};
  AffineMapAttr layout;
  auto parseLayout = [&]() -> ParseResult { return failure(p.parseEqual() || p.parseAttribute(layout)); };
  if (operand && succeeded(p.parseOptionalKeyword("compile"))) {
    if (p.parseComma() || p.parseKeyword("layout") || parseLayout() || p.parseGreater()) return {};
    return PackedAttr::getChecked(EmitError(error), p.getContext(), number, layout.getValue());
  }
  if (p.parseInteger(at) || p.parseComma()) return {};
  if (succeeded(p.parseOptionalKeyword("layout")) && (parseLayout() || p.parseComma())) return {};
  auto schedule = dyn_cast_or_null<ScheduleAttr>(ScheduleAttr::parse(p, {}));
  if (!schedule || p.parseGreater()) return {};
  return StoredAttr::getChecked(EmitError(error), p.getContext(), operand, number, at,
                                layout ? layout.getValue() : AffineMap(), schedule);
}

/// One of the two kinds; `what` says which.
template <typename T> static Attribute parseStored(AsmParser &p, StringRef what) {
  SMLoc loc = p.getCurrentLocation();
  auto stored = dyn_cast_or_null<T>(parseStored(p));
  if (!stored) p.emitError(loc, "expected " + what);
  return stored;
}

Attribute StoredAttr::parse(AsmParser &p, Type) {
  return parseStored<StoredAttr>(p, "a value that is stored inside of loops");
}

/// The map itself, not an alias of it: a schedule is there to be read.
static void printLayout(AsmPrinter &p, AffineMap layout) {
  p << "layout = affine_map<";
  layout.print(p.getStream());
  p << '>';
}

void StoredAttr::print(AsmPrinter &p) const {
  p << "<" << getName() << ", at = " << getAt() << ", ";
  if (getLayout()) {
    printLayout(p, getLayout());
    p << ", ";
  }
  getSchedule().print(p);
  p << '>';
}

Attribute PackedAttr::parse(AsmParser &p, Type) {
  return parseStored<PackedAttr>(p, "an operand that is packed at compile time");
}

void PackedAttr::print(AsmPrinter &p) const {
  p << "<in" << getNumber() << ", at = compile, ";
  printLayout(p, getLayout());
  p << '>';
}

Attribute ScheduleAttr::parse(AsmParser &p, Type) {
  SMLoc loc = p.getCurrentLocation();
  int64_t width = 0, threads = 1;
  if (p.parseLess() || p.parseKeyword("width") || p.parseEqual() || p.parseInteger(width) || p.parseComma())
    return {};
  if (succeeded(p.parseOptionalKeyword("threads")) &&
      (p.parseEqual() || p.parseInteger(threads) || p.parseComma()))
    return {};
  if (p.parseKeyword("fma") || p.parseEqual()) return {};
  auto fma = FieldParser<bool>::parse(p);
  if (failed(fma) || p.parseComma() || p.parseKeyword("nest") || p.parseEqual()) return {};
  auto nest = parseList<LoopAttr>(p);
  if (failed(nest)) return {};
  FailureOr<SmallVector<StageAttr>> reductions = SmallVector<StageAttr>();
  SmallVector<StoredAttr> stored;
  SmallVector<PackedAttr> packed;
  bool more = succeeded(p.parseOptionalComma());
  if (more && succeeded(p.parseOptionalKeyword("reductions"))) {
    if (p.parseEqual() || failed(reductions = parseList<StageAttr>(p))) return {};
    more = succeeded(p.parseOptionalComma());
  }
  auto oneStored = [&]() -> ParseResult {
    SMLoc where = p.getCurrentLocation();
    Attribute one = parseStored(p);
    auto value = dyn_cast_or_null<StoredAttr>(one);
    auto constant = dyn_cast_or_null<PackedAttr>(one);
    if (value) stored.push_back(value);
    if (constant) packed.push_back(constant);
    if (constant && !stored.empty())
      return p.emitError(where) << "in" << constant.getNumber()
                                << ", which is packed at compile time, must come before what is stored later";
    return success(value || constant);
  };
  if (more && (p.parseKeyword("stored") || p.parseEqual() ||
               p.parseCommaSeparatedList(AsmParser::Delimiter::Square, oneStored)))
    return {};
  if (p.parseGreater()) return {};
  auto error = [&] { return p.emitError(loc); };
  return getChecked(EmitError(error), p.getContext(), width, threads, *fma, ArrayRef(*nest),
                    ArrayRef(*reductions), ArrayRef(stored), ArrayRef(packed));
}

void ScheduleAttr::print(AsmPrinter &p) const {
  p << "<width = " << getWidth();
  if (getThreads() != 1) p << ", threads = " << getThreads();
  p << ", fma = " << (getFma() ? "true" : "false") << ", nest = ";
  printList(p, getNest());
  if (!getReductions().empty()) {
    p << ", reductions = ";
    printList(p, getReductions());
  }
  if (!getPacked().empty() || !getStored().empty()) {
    p << ", stored = [";
    llvm::interleaveComma(getPacked(), p, [&](PackedAttr constant) { constant.print(p); });
    if (!getPacked().empty() && !getStored().empty()) p << ", ";
    llvm::interleaveComma(getStored(), p, [&](StoredAttr value) { value.print(p); });
    p << ']';
  }
  p << '>';
}

//===-- Verification ------------------------------------------------------===//

LogicalResult LoopAttr::verify(EmitError error, bool reduced, unsigned dim, int64_t size, LoopRole role) {
  /// Larger steps say no more, and the end of one must not overflow.
  constexpr int64_t kMostStep = int64_t(1) << 40, kMostWritten = 64;
  StringRef name = reduced ? "k" : "d";
  if (size < 1 || size > kMostStep)
    return error() << "a step of " << name << dim << " must be 1 to " << kMostStep << " but is " << size;
  if ((role == LoopRole::rows || role == LoopRole::unroll) && size > kMostWritten)
    return error() << stringifyLoopRole(role) << " of " << name << dim << " must be 1 to " << kMostWritten
                   << ", which is written out, but are " << size;
  if (reduced ? role == LoopRole::task || role == LoopRole::rows : role == LoopRole::unroll)
    return error() << "a loop of " << name << dim << " cannot be " << stringifyLoopRole(role);
  return success();
}

/// Loops of one dimension divide each other's steps, down to an index or what a register tile takes; tasks
/// have none inside of them where they are all loops that there are.
static LogicalResult verifyNest(EmitError error, ArrayRef<LoopAttr> nest, bool areTasksAll = false) {
  for (auto [i, loop] : llvm::enumerate(nest)) {
    std::string name = (loop.getReduced() ? "k" : "d") + std::to_string(loop.getDim());
    auto inner = llvm::find_if(nest.drop_front(i + 1), [&](LoopAttr l) {
      return l.getReduced() == loop.getReduced() && l.getDim() == loop.getDim();
    });
    bool isLast = inner == nest.end();
    if (isLast && loop.getRole() == LoopRole::task && !areTasksAll)
      return error() << "a task of " << name
                     << " has no loop inside of it: give it rows, lanes, or steps of 1";
    if (isLast && loop.getRole() == LoopRole::each && loop.getSize() != 1)
      return error() << "the innermost loop of " << name << " takes steps of " << loop.getSize()
                     << " but nothing says how: give it a role, or steps of 1";
    bool isDivided = loop.getRole() == LoopRole::each || loop.getRole() == LoopRole::task ||
                     loop.getRole() == LoopRole::threads;
    if (!isLast && !isDivided)
      return error() << "a loop of " << name << " inside of its " << stringifyLoopRole(loop.getRole());
    if (!isLast && loop.getSize() % inner->getSize())
      return error() << "a step of " << name << " must be a multiple of the one inside of it, "
                     << inner->getSize() << ", but is " << loop.getSize();
    if (loop.getRole() != LoopRole::each && loop.getRole() != LoopRole::task &&
        llvm::count_if(nest, [&](LoopAttr l) { return l.getRole() == loop.getRole(); }) > 1)
      return error() << "there is more than one loop of " << stringifyLoopRole(loop.getRole());
  }
  return success();
}

/// Whether a loop of `nest` has no other of its dimension inside of it.
static bool isInnermost(ArrayRef<LoopAttr> nest, LoopAttr loop) {
  auto inner = llvm::find_if(llvm::reverse(nest), [&](LoopAttr l) {
    return l.getReduced() == loop.getReduced() && l.getDim() == loop.getDim();
  });
  return *inner == loop;
}

/// The loop along which a register tile has what lies side by side; null if there is none.
static LoopAttr getVectorLoop(ArrayRef<LoopAttr> nest) {
  auto it = llvm::find_if(nest, [&](LoopAttr l) {
    return l.getRole() == LoopRole::lanes ||
           (l.getRole() == LoopRole::threads && l.getSize() > 1 && isInnermost(nest, l));
  });
  return it == nest.end() ? LoopAttr() : *it;
}

static LogicalResult verifyLanes(EmitError error, ArrayRef<LoopAttr> nest, int64_t width) {
  constexpr int64_t kMostVectors = 32;
  for (LoopAttr loop : nest) {
    if (loop.getRole() == LoopRole::threads && isInnermost(nest, loop) && loop.getSize() > kMostVectors)
      return error() << "a thread must have 1 to " << kMostVectors
                     << " elements side by side, which are written out, but has " << loop.getSize();
    if (loop.getRole() == LoopRole::lanes &&
        (loop.getSize() % width || loop.getSize() / width > kMostVectors))
      return error() << "lanes must be 1 to " << kMostVectors << " vectors of " << width << " but are "
                     << loop.getSize();
  }
  return success();
}

/// Of a warp, in registers, and of a line in shared memory.
static constexpr int64_t kMostTile = 256, kMostBuffers = 8, kMmaRows = 16, kPair = 16;

LogicalResult MmaAttr::verify(EmitError error, int64_t rows, int64_t columns, int64_t step, int64_t buffers,
                              int64_t left, int64_t right) {
  auto isPower = [](int64_t n, int64_t least, int64_t most) {
    return n >= least && n <= most && llvm::isPowerOf2_64(n);
  };
  if (!isPower(rows, kMmaRows, kMostTile) || !isPower(columns, kPair, kMostTile))
    return error() << "a warp's rows and columns must be powers of two from 16 to " << kMostTile
                   << " but are " << rows << " and " << columns;
  if (!isPower(step, kMmaRows, kMostTile))
    return error() << "a step must be a power of two from 16 to " << kMostTile << " but is " << step;
  if (buffers < 2 || buffers > kMostBuffers)
    return error() << "there must be 2 to " << kMostBuffers << " buffers but are " << buffers;
  constexpr int64_t kMostCopied = 8;
  if (!isPower(left, 1, kMostCopied) || !isPower(right, 1, kMostCopied))
    return error() << "1, 2, 4 or 8 elements can be copied at once but not " << left << " and " << right;
  return success();
}

LogicalResult StageAttr::verify(EmitError error, int64_t at, ArrayRef<LoopAttr> nest, MmaAttr) {
  if (at < 0) return error() << "at must be a number of loops but is " << at;
  for (LoopAttr loop : nest) {
    if (!loop.getReduced())
      return error() << "d" << loop.getDim() << " is no dimension of a reduction: k and a number are";
    if (loop != nest.back() && loop.getRole() != LoopRole::each)
      return error() << "only the innermost loop of a reduction can be " << stringifyLoopRole(loop.getRole());
  }
  return verifyNest(error, nest);
}

LogicalResult StoredAttr::verify(EmitError error, bool operand, unsigned number, int64_t, AffineMap layout,
                                 ScheduleAttr schedule) {
  if (layout && failed(verifyLayout(error, layout))) return failure();
  StringRef letter = operand ? "in" : "g";
  if (schedule.getTaskCount())
    return error() << letter << number << " is stored inside of a task, and cannot have tasks itself";
  if (!schedule.getStored().empty() || !schedule.getPacked().empty())
    return error() << letter << number << " is stored, and cannot store others: list them before it";
  return success();
}

LogicalResult PackedAttr::verify(EmitError error, unsigned, AffineMap layout) {
  return verifyLayout(error, layout);
}

/// What a team of threads can do.
static LogicalResult verifyTeam(EmitError error, int64_t width, int64_t threads, ArrayRef<LoopAttr> nest,
                                ArrayRef<StageAttr> reductions) {
  constexpr int64_t kMostThreads = 1024;
  auto isDealt = [](LoopAttr l) { return l.getRole() == LoopRole::threads; };
  const LoopAttr *dealt = llvm::find_if(nest, isDealt);
  if (threads == 1) {
    if (dealt != nest.end() || llvm::any_of(reductions, [&](StageAttr s) {
          return !s.getNest().empty() && isDealt(s.getNest().back());
        }))
      return error() << "a loop of threads needs a team of them: say threads = 32, or more, behind width";
    return success();
  }
  if (threads < kWarp || threads > kMostThreads || (threads & (threads - 1)))
    return error() << "threads must be 1, or a power of two from " << kWarp << " to " << kMostThreads
                   << ", but are " << threads;
  if (width != 1) return error() << "threads of a team have scalars: width must be 1 but is " << width;
  bool hasLanes = llvm::any_of(nest, [](LoopAttr l) { return l.getRole() == LoopRole::lanes; });
  if (hasLanes && dealt != nest.end() && dealt->getSize() > 1 && isInnermost(nest, *dealt))
    return error() << "lanes and several elements side by side of threads: there is room for one of the two";
  for (StageAttr stage : reductions) {
    if (stage.getNest().empty() || !isDealt(stage.getNest().back())) continue;
    if (dealt - nest.begin() < stage.getAt())
      return error() << "a reduction by all threads is inside of a loop that they share: d"
                     << dealt->getDim();
    if (llvm::any_of(nest, [](LoopAttr l) { return l.getReduced(); }))
      return error() << "a reduction by all threads cannot be in blocks";
  }
  return success();
}

LogicalResult ScheduleAttr::verify(EmitError error, int64_t width, int64_t threads, bool,
                                   ArrayRef<LoopAttr> nest, ArrayRef<StageAttr> reductions,
                                   ArrayRef<StoredAttr> stored, ArrayRef<PackedAttr> packed) {
  if (width < 1 || width > 64 || (width & (width - 1)))
    return error() << "width must be a power of two up to 64 but is " << width;
  SmallVector<LoopAttr> loops(nest);
  bool hasBlocks = false;
  for (LoopAttr loop : nest) {
    hasBlocks |= loop.getReduced();
    if (loop.getReduced() && loop.getRole() != LoopRole::each)
      return error() << "a loop over blocks of k" << loop.getDim() << " cannot be "
                     << stringifyLoopRole(loop.getRole());
  }
  // Blocks are divided further by the loops of the reduction.
  if (hasBlocks && reductions.size() != 1)
    return error() << "blocks of a reduction need exactly one, but there are " << reductions.size();
  if (hasBlocks) llvm::append_range(loops, reductions[0].getNest());
  bool isMma = llvm::any_of(reductions, [](StageAttr s) { return static_cast<bool>(s.getMma()); });
  if (isMma && (reductions.size() != 1 || width != 1 || !stored.empty() ||
                llvm::any_of(nest, [](LoopAttr l) { return l.getRole() != LoopRole::task; })))
    return error() << "tensor cores compute all that is inside of the tasks: there are no other loops, one "
                      "reduction, nothing is stored, and width is 1";
  if (failed(verifyNest(error, loops, isMma)) || failed(verifyLanes(error, nest, width))) return failure();
  bool inTasks = true;
  llvm::SmallSet<unsigned, 4> tasks;
  for (LoopAttr loop : nest) {
    bool isTask = loop.getRole() == LoopRole::task;
    if (isTask && !inTasks) return error() << "tasks must be the outermost loops";
    if (isTask && !tasks.insert(loop.getDim()).second)
      return error() << "d" << loop.getDim() << " has more than one loop of tasks";
    inTasks &= isTask;
  }
  for (StageAttr stage : reductions) {
    if (stage.getAt() > int64_t(nest.size()))
      return error() << "a reduction is at " << stage.getAt() << " but there are only " << nest.size()
                     << " loops";
    if (failed(verifyLanes(error, stage.getNest(), width))) return failure();
  }
  if (failed(verifyTeam(error, width, threads, nest, reductions))) return failure();
  for (auto [i, constant] : llvm::enumerate(packed.drop_front(packed.empty() ? 0 : 1)))
    if (constant.getNumber() <= packed[i].getNumber())
      return error() << "packed in" << constant.getNumber() << " must come before in" << packed[i].getNumber()
                     << ", and once";
  int64_t before = 0;
  std::pair<bool, int64_t> last(false, -1);
  for (StoredAttr value : stored) {
    auto where = [&]() { return error() << "stored " << value.getName() << " "; };
    // Operands come before what reads them, and generics in the kernel's order.
    std::pair<bool, int64_t> position(!value.getOperand(), value.getNumber());
    if (position <= std::exchange(last, position))
      return where() << "must come before the " << (value.getOperand() ? "values" : "generics")
                     << " behind it";
    if (int64_t own = value.getSchedule().getThreads(); own != threads)
      return where() << "is computed by the threads of a task, of which there are " << threads << ", not "
                     << own;
    int64_t at = value.getAt();
    if (at < before || at > int64_t(nest.size()))
      return where() << "must be at " << before << " to " << nest.size() << " loops but is at " << at;
    before = at;
    for (auto [i, loop] : llvm::enumerate(nest))
      if (bool isInside = int64_t(i) >= at;
          loop.getRole() == LoopRole::task ? isInside : loop.getRole() != LoopRole::each && !isInside)
        return where() << "must be inside of all tasks, and outside of rows, lanes and threads";
  }
  return success();
}

static LogicalResult verifyCondition(EmitError error, DimsAttr atMost) {
  if (atMost.getDims().size() != 2)
    return error() << "at_most must be two sizes, the first of which is at most the second, but is "
                   << atMost;
  return success();
}

LogicalResult VariantAttr::verify(EmitError error, DimsAttr atMost, ArrayAttr schedule) {
  for (Attribute a : schedule)
    if (!isa<ScheduleAttr>(a))
      return error() << "a variant must have schedules, one for each domain, but has " << a;
  return verifyCondition(error, atMost);
}

LogicalResult LaunchVariantAttr::verify(EmitError error, DimsAttr atMost, FlatSymbolRefAttr, DimsAttr,
                                        DimsAttr tasks, DimsAttr scratch) {
  if (tasks.getDims().size() != 1 || scratch.getDims().size() != 1)
    return error() << "tasks and scratch must be one expression each but are " << tasks << " and " << scratch;
  return verifyCondition(error, atMost);
}

//===-- Queries -----------------------------------------------------------===//

ScheduleAttr ScheduleAttr::with(ArrayRef<PackedAttr> packed) const {
  return get(getContext(), getWidth(), getThreads(), getFma(), getNest(), getReductions(), getStored(),
             packed);
}

LoopAttr ScheduleAttr::getLoop(LoopRole role) const {
  auto it = llvm::find_if(getNest(), [&](LoopAttr l) { return l.getRole() == role; });
  return it == getNest().end() ? LoopAttr() : *it;
}

size_t ScheduleAttr::getTaskCount() const {
  return llvm::count_if(getNest(), [](LoopAttr l) { return l.getRole() == LoopRole::task; });
}

int64_t ScheduleAttr::getVectorDim() const {
  LoopAttr l = getVectorLoop(getNest());
  return l ? int64_t(l.getDim()) : -1;
}

int64_t ScheduleAttr::getVectors() const {
  LoopAttr l = getVectorLoop(getNest());
  return l ? l.getSize() / getWidth() : 1;
}

int64_t ScheduleAttr::getRowDim() const {
  LoopAttr l = getLoop(LoopRole::rows);
  return l ? int64_t(l.getDim()) : -1;
}

int64_t ScheduleAttr::getRows() const {
  LoopAttr l = getLoop(LoopRole::rows);
  return l ? l.getSize() : 1;
}

SmallVector<LoopAttr> ScheduleAttr::getBlocks() const {
  return llvm::filter_to_vector(getNest(), [](LoopAttr l) { return l.getReduced(); });
}

std::optional<int64_t> ScheduleAttr::getStep(int64_t dim, int64_t at) const {
  for (LoopAttr l : llvm::reverse(getNest().take_front(at)))
    if (!l.getReduced() && int64_t(l.getDim()) == dim) return l.getSize();
  return std::nullopt;
}

int64_t ScheduleAttr::getTile(int64_t dim) const {
  return getStep(dim, getNest().size()).value_or(1);
}

MmaAttr ScheduleAttr::getMma() const {
  return getReductions().size() == 1 ? getReductions()[0].getMma() : MmaAttr();
}

} // namespace girih
