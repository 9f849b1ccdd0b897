// The emitter of products on tensor cores: what its parts share. Private to this library.
#pragma once

#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Tile/EmitMma.h"

namespace girih {

constexpr int64_t kPiece = 16;       // bytes of a line of one of ldmatrix's matrices
constexpr unsigned kSharedSpace = 3; // NVPTX's address space

/// An operand's tile in a buffer: `lines` of `length` elements that lie side by side.
struct OperandTile {
  const MmaOperand *operand;
  bool isLeft;
  int64_t lines, length;
  int64_t vector;           // elements copied at once
  int64_t place = 0;        // of the tile in a buffer, in bytes
  mlir::Value memory;       // of the operand
  mlir::Value element = {}; // where the thread's first copy begins for the first step
  // Of each copy that the thread does: how many elements behind the first one it begins, its byte in the
  // tile, where it is along the reduction, whether its row or column exists, and whether the thread does it
  // at all (null: it does).
  struct Copy {
    mlir::Value more, byte, along, exists, isOwn;
  };
  mlir::SmallVector<Copy> copies = {};
};

/// Emits a task of a domain whose reduction has the leaf `mma`.
class MmaEmitter {
public:
  MmaEmitter(Evaluator &e, const Domain &domain, ScheduleAttr schedule, mlir::ArrayRef<Idx> begin)
      : e(e), b(e.b), loc(e.loc), domain(domain), reduction(domain.reductions[0]), schedule(schedule),
        leaf(schedule.getMma()), begin(begin), shape(*getMmaShape(domain)), bytes(shape.getElementBytes()) {}

  void emit(llvm::function_ref<void(mlir::ArrayRef<MmaSum>)> finish);

private:
  mlir::Type i32() { return b.getI32Type(); }
  mlir::Value number(int64_t n) { return mlir::arith::ConstantIntOp::create(b, loc, n, 32); }
  mlir::Value add(mlir::Value x, mlir::Value y) { return b.createOrFold<mlir::arith::AddIOp>(loc, x, y); }
  mlir::Value add(mlir::Value x, int64_t n) { return n ? add(x, number(n)) : x; }
  mlir::Value times(mlir::Value x, int64_t n) {
    return b.createOrFold<mlir::arith::MulIOp>(loc, x, number(n));
  }
  mlir::Value divide(mlir::Value x, int64_t n) {
    return b.createOrFold<mlir::arith::DivUIOp>(loc, x, number(n));
  }
  mlir::Value remainder(mlir::Value x, int64_t n) {
    return b.createOrFold<mlir::arith::RemUIOp>(loc, x, number(n));
  }
  mlir::Value both(mlir::Value x, mlir::Value y) {
    return !x ? y : !y ? x : mlir::arith::AndIOp::create(b, loc, x, y).getResult();
  }
  mlir::Value index(int64_t n) { return mlir::arith::ConstantIndexOp::create(b, loc, n); }
  mlir::Value toIndex(mlir::Value v) {
    return mlir::arith::IndexCastUIOp::create(b, loc, b.getIndexType(), v);
  }
  mlir::Value isBelow(mlir::Value x, DimExpr size) {
    return mlir::arith::CmpIOp::create(b, loc, mlir::arith::CmpIPredicate::ult, x, e.size(size));
  }
  mlir::Value sharedAt(mlir::Value byte, int64_t more = 0);
  void barrier() { mlir::gpu::BarrierOp::create(b, loc); }

  int64_t getSize(unsigned d) const { return schedule.getTile(d); }
  mlir::SmallVector<std::pair<unsigned, mlir::Value>> place(mlir::Value local, bool isLeft);
  mlir::Value exists(mlir::ArrayRef<std::pair<unsigned, mlir::Value>> places);
  mlir::Value swizzle(const OperandTile &t, mlir::Value line);
  mlir::Value byteOf(const OperandTile &t, mlir::Value line, mlir::Value piece);
  OperandTile makeTile(const MmaOperand &operand, bool isLeft, int64_t outer, int64_t vector);
  void addCopies(OperandTile &t);
  DimExpr countSteps(unsigned loop) const;
  mlir::SmallVector<mlir::Value> getStep(mlir::Value step);
  void copy(mlir::Value step, mlir::Value buffer);
  void copyPiece(OperandTile &t, const OperandTile::Copy &c, mlir::ArrayRef<mlir::Value> at,
                 mlir::Value first, mlir::Value buffer);
  mlir::SmallVector<mlir::Value> ifElseZero(mlir::Value condition,
                                            llvm::function_ref<mlir::SmallVector<mlir::Value>()> body);
  void addFragmentBytes(const OperandTile &t, mlir::SmallVector<mlir::Value> &out);
  mlir::SmallVector<mlir::SmallVector<mlir::Value>> loadFragments(const OperandTile &t, mlir::Value buffer,
                                                                  int64_t k);
  struct Fragments {
    mlir::SmallVector<mlir::SmallVector<mlir::Value>> left, right;
  };
  Fragments load(mlir::Value buffer, int64_t k);
  void multiply(mlir::MutableArrayRef<mlir::Value> sums, const Fragments &of);
  void finishTile(mlir::ArrayRef<mlir::Value> sums, llvm::function_ref<void(mlir::ArrayRef<MmaSum>)> finish);

  Evaluator &e;
  mlir::OpBuilder &b;
  mlir::Location loc;
  const Domain &domain;
  const Reduction &reduction;
  ScheduleAttr schedule;
  MmaAttr leaf;
  mlir::ArrayRef<Idx> begin; // of each loop
  MmaShape shape;
  int64_t bytes; // of an element

  int64_t rows = 1, columns = 1, bufferBytes = 0; // of the block's tile
  mlir::Value thread, lane, warp, warpRow,
      warpColumn; // the thread in the block, and its warp's place in the tile
  mlir::Value shared;
  OperandTile left, right;
  /// Of each operand, of each matrix (or step of one along the reduction) the byte in the tile at which this
  /// thread's line of ldmatrix is, where it is not a constant further than another one.
  mlir::SmallVector<mlir::Value> leftBytes, rightBytes;
};

} // namespace girih
