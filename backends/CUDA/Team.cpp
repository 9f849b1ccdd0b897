#include "backends/CUDA/Team.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace girih;

static constexpr int64_t kWholeWarp = 0xffffffff;

static Value i32(OpBuilder &b, Location loc, int64_t n) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(int32_t(n)));
}

/// `value` of another thread of the warp. There are instructions for 32 bits.
static Value shuffle(OpBuilder &b, gpu::ShuffleOp op, Value value) {
  Location loc = op.getLoc();
  Type type = value.getType(), word = b.getI32Type();
  unsigned bits = type.getIntOrFloatBitWidth();
  if (type.isF32() || type.isInteger(32)) {
    bool isUp = op.getMode() == gpu::ShuffleMode::UP;
    auto kind = op.getMode() == gpu::ShuffleMode::XOR    ? NVVM::ShflKind::bfly
                : op.getMode() == gpu::ShuffleMode::DOWN ? NVVM::ShflKind::down
                : isUp                                   ? NVVM::ShflKind::up
                                                         : NVVM::ShflKind::idx;
    return NVVM::ShflOp::create(b, loc, type, i32(b, loc, kWholeWarp), value, op.getOffset(),
                                i32(b, loc, isUp ? 0 : kWarp - 1), kind, UnitAttr());
  }
  if (isa<FloatType>(type)) {
    Value raw = arith::BitcastOp::create(b, loc, b.getIntegerType(bits), value);
    return arith::BitcastOp::create(b, loc, type, shuffle(b, op, raw));
  }
  if (bits < 32)
    return arith::TruncIOp::create(b, loc, type, shuffle(b, op, arith::ExtUIOp::create(b, loc, word, value)));
  Value half = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 32));
  Value low = arith::TruncIOp::create(b, loc, word, value);
  Value high = arith::TruncIOp::create(b, loc, word, arith::ShRUIOp::create(b, loc, value, half));
  low = arith::ExtUIOp::create(b, loc, type, shuffle(b, op, low));
  high = arith::ExtUIOp::create(b, loc, type, shuffle(b, op, high));
  return arith::OrIOp::create(b, loc, low, arith::ShLIOp::create(b, loc, high, half));
}

/// A variable of the block for memory of each of its teams, and the team's part of it.
static void mapMemory(memref::AllocaOp op, SymbolTable &symbols, func::FuncOp function, Teams teams,
                      Value team) {
  constexpr int64_t kAlignment = 16; // of the longest access
  OpBuilder b(op);
  Location loc = op.getLoc();
  MemRefType type = op.getType();
  Type element = type.getElementType();
  auto shared = b.getI64IntegerAttr(int64_t(NVVM::NVVMMemorySpace::Shared));
  SmallVector<int64_t> shape(type.getShape());
  bool areMany = teams.teams > 1;
  if (areMany) shape.insert(shape.begin(), teams.teams);
  auto whole = MemRefType::get(shape, element, MemRefLayoutAttrInterface(), shared);
  OpBuilder outside(function);
  auto variable = memref::GlobalOp::create(outside, loc, (function.getSymName() + "_shared").str(),
                                           b.getStringAttr("private"), whole, b.getUnitAttr(),
                                           /*constant=*/false, b.getI64IntegerAttr(kAlignment));
  symbols.insert(variable);
  Value memory = memref::GetGlobalOp::create(b, loc, whole, variable.getSymName());
  if (areMany) {
    SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0)), sizes,
        ones(shape.size(), b.getIndexAttr(1));
    offsets[0] = team;
    for (int64_t n : shape)
      sizes.push_back(b.getIndexAttr(n));
    sizes[0] = b.getIndexAttr(1);
    auto part = memref::SubViewOp::inferRankReducedResultType(type.getShape(), whole, offsets, sizes, ones);
    memory = memref::SubViewOp::create(b, loc, part, memory, offsets, sizes, ones);
  }
  op.getResult().replaceAllUsesWith(memory);
  op.erase();
}

void girih::mapTeam(func::FuncOp function, Teams teams, Value thread, Value team) {
  bool isWarp = teams.threads == kWarp;
  SymbolTable symbols(function->getParentOfType<ModuleOp>());
  Value own = thread; // in the team
  if (teams.teams > 1) {
    OpBuilder b(function.getContext());
    b.setInsertionPointAfterValue(team);
    own = arith::RemUIOp::create(b, function.getLoc(), thread,
                                 arith::ConstantIndexOp::create(b, function.getLoc(), teams.threads));
  }
  function.walk([&](Operation *op) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    if (auto id = dyn_cast<gpu::ThreadIdOp>(op)) {
      id.getResult().replaceAllUsesWith(own);
    } else if (isa<gpu::BarrierOp>(op)) {
      isWarp ? (void)NVVM::SyncWarpOp::create(b, loc, i32(b, loc, kWholeWarp))
             : (void)NVVM::Barrier0Op::create(b, loc);
    } else if (auto shuffled = dyn_cast<gpu::ShuffleOp>(op)) {
      shuffled.getShuffleResult().replaceAllUsesWith(shuffle(b, shuffled, shuffled.getValue()));
    } else if (auto memory = dyn_cast<memref::AllocaOp>(op);
               memory && gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(memory.getType())) {
      return mapMemory(memory, symbols, function, teams, team);
    } else {
      return;
    }
    op->erase();
  });
}
