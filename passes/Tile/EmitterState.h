// The writer of one domain's loops: what its parts share. Private to this library.
#pragma once

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "passes/Tile/Evaluator.h"
#include "passes/Tile/Schedule.h"

namespace girih {

/// Where a dimension stands for the loops that are still inside: from `low` on `size` elements, or, where
/// there is an `end`, fewer if that comes first. `from`: where the loop began that set it.
struct Range {
  Idx low;
  DimExpr size;
  mlir::Value end, from;
};

class Emitter {
public:
  Emitter(Evaluator &e, const Domain &domain, ScheduleAttr schedule)
      : e(e), b(e.b), loc(e.loc), ctx(e.ctx), kernel(e.kernel), domain(domain), schedule(schedule),
        memory(getStageMemory(domain, schedule)), outer{e.width, e.fma} {
    e.width = schedule.getWidth(), e.fma = schedule.getFma();
    for (const LoopDim &dim : domain.dims) {
      index.push_back(e.constant(0));
      ranges.push_back({e.constant(0), dim.extent, {}, {}});
    }
    if (!schedule.getBlocks().empty())
      for (const LoopDim &dim : domain.reductions[0].loops)
        blocks.push_back({e.constant(0), dim.extent, {}, {}});
    masks.push_back({});
    size_t buffers = e.memory.size();
    for (auto [i, m] : llvm::enumerate(memory))
      e.memory.push_back(m.stage == i ? e.fn.addScratch(getStageType(domain.stages[i]), m.elements)
                                      : e.memory[buffers + m.stage]);
  }
  ~Emitter() { std::tie(e.width, e.fma) = outer; }

  /// Emits the task of this number, or all there is, where it is null.
  mlir::LogicalResult emit(mlir::Value task);

private:
  using Leaf = llvm::function_ref<void()>;

  /// The loops of the result that reductions are inside of.
  size_t outside() const {
    return llvm::count_if(schedule.getNest(),
                          [&](LoopAttr l) { return l.getReduced() || l.getDim() < domain.parallel; });
  }
  bool isSquare() const { return girih::isSquare(rows, schedule.getWidth()); }
  mlir::Value constant(int64_t v) { return mlir::arith::ConstantIndexOp::create(b, loc, v); }
  mlir::Value upper(const Range &range);
  /// The number of a stored value's memory.
  unsigned buffer(unsigned stage) { return kernel->getNumOperands() + kernel->getNumResults() + stage; }
  /// The number of elements of a range, where it is a constant.
  std::optional<int64_t> count(const Range &range) { return range.end ? std::nullopt : dimValue(range.size); }

  void loops(mlir::ArrayRef<LoopAttr> nest, Leaf leaf);
  void pieces(Range &range, DimExpr extent, int64_t size, int64_t tile, Leaf leaf);
  void setRange(Range &range, mlir::Value begin, DimExpr extent, int64_t size, int64_t tile,
                mlir::Value limit);
  void rowLoops(unsigned dim, Leaf leaf);
  void vectorLoops(unsigned dim, Leaf leaf);
  mlir::Value loop(mlir::Value from, mlir::Value to, int64_t step,
                   llvm::function_ref<void(mlir::Value)> body);
  mlir::Value thread();
  mlir::Value isThreadBelow(mlir::Value n);
  bool isInLoop();
  void deal(const Range &range, int64_t size, int64_t places,
            llvm::function_ref<void(mlir::Value from, mlir::Value to, int64_t step, int64_t n)> loop,
            llvm::function_ref<void(const Idx &at, int64_t n, mlir::Value condition)> piece);
  void threadLoop(LoopAttr l, Leaf leaf);
  void threadPieces(LoopAttr l, Leaf leaf);
  void ifTrue(mlir::Value condition, llvm::function_ref<void()> body);
  void ifBelow(mlir::Value a, mlir::Value limit, llvm::function_ref<void()> body);

  void computeStages(int64_t level);
  void computeStage(unsigned stage);
  void moveOverlap(unsigned stage, unsigned along);
  void fillBorder(unsigned stage, unsigned along, mlir::Value from, mlir::Value to);
  void forRuns(unsigned stage, unsigned along, mlir::Value length,
               llvm::function_ref<void(mlir::Value at, bool isVector)> body);
  void tile();
  mlir::SmallVector<std::pair<mlir::SmallVector<Idx>, mlir::Value>> positions();
  void finish();
  void ifKept(mlir::ArrayRef<Idx> dims, llvm::function_ref<void()> body);
  mlir::SmallVector<Val> evaluate(mlir::ArrayRef<Idx> dims);
  void finishAt(mlir::ArrayRef<Idx> dims);
  void store(mlir::ArrayRef<Idx> dims, mlir::ArrayRef<Val> values);
  void multiply();
  struct Destination {
    MemoryView view;
    mlir::SmallVector<Idx> indices;
    unsigned result; // of the last generic
  };
  std::vector<Destination> destinations(mlir::ArrayRef<Idx> dims);
  mlir::SmallVector<Idx> keyOf(const Reduction &r, mlir::ArrayRef<Idx> dims);
  void reduce(const Reduction &r, StageAttr stage,
              mlir::ArrayRef<std::pair<mlir::SmallVector<Idx>, mlir::Value>> at);
  mlir::SmallVector<mlir::Value> takeUp(mlir::SmallVector<mlir::Value> neutral);
  mlir::SmallVector<mlir::Value> reduceLoops(mlir::ArrayRef<LoopAttr> nest,
                                             mlir::SmallVector<mlir::Value> accumulators);
  mlir::SmallVector<mlir::Value> reduceStep(mlir::ArrayRef<mlir::Value> accumulators);
  mlir::SmallVector<mlir::Value> reduceLanes(LoopAttr loop, mlir::SmallVector<mlir::Value> accumulators);
  mlir::SmallVector<mlir::Value> beginChains(mlir::ArrayRef<mlir::Value> accumulators, int64_t chains);
  mlir::SmallVector<mlir::Value> combineChains(mlir::ArrayRef<mlir::Value> all, size_t n);
  mlir::SmallVector<mlir::Value> reduceThreads(LoopAttr loop, mlir::SmallVector<mlir::Value> accumulators);
  mlir::SmallVector<mlir::Value> combine(mlir::ValueRange x, mlir::ValueRange y);
  mlir::SmallVector<mlir::Value> shuffle(mlir::ValueRange state, mlir::gpu::ShuffleMode mode, int64_t offset);
  mlir::SmallVector<mlir::Value> combineThreads(mlir::SmallVector<mlir::Value> state);
  mlir::SmallVector<mlir::Value> combineLanes(mlir::SmallVector<mlir::Value> state);
  Lin substitute(const Lin &lin, mlir::ArrayRef<Idx> dims);

  Evaluator &e;
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::MLIRContext *ctx;
  KernelOp kernel;
  const Domain &domain;
  ScheduleAttr schedule;
  std::vector<StageMemory> memory; // of each value that the schedule stores
  std::pair<int64_t, bool> outer;  // of the schedule that is obeyed around

  // The team: where its task begins, and the thread in it.
  mlir::Block *taskBlock = nullptr;
  mlir::Value ownThread;

  // The current tile: where each dimension of the domain stands, how far its range goes, and the register
  // tile.
  mlir::SmallVector<Idx> index;
  mlir::SmallVector<Range> ranges;
  mlir::SmallVector<Range> blocks; // of the loops of a reduction in blocks
  int64_t rows = 1;
  mlir::SmallVector<mlir::Value> masks; // one a vector; null: all lanes
  bool lanesOn = false;

  // The reduction being emitted.
  const Reduction *current = nullptr;
  mlir::SmallVector<mlir::SmallVector<Idx>> points; // dimensions of the generic, one list a position
  mlir::SmallVector<mlir::Value> pointMasks;
  bool laneReduction = false; // with lanes, or threads, along it
};

} // namespace girih
