// Layouts of schedules: which constants can be packed, whether a layout fits, and the packing of constants
// itself, at compile time.
#pragma once

#include "dialects/Graph/Layout.h"
#include "passes/Tile/Domain.h"

namespace girih {

/// The layouts of a kernel's operands that `schedules`, its own or those of a variant, pack. Fails, with the
/// reason at the kernel, if one does not fit its operand.
mlir::FailureOr<OperandLayouts> getLayouts(KernelOp kernel, mlir::ArrayAttr schedules);

/// The value as which a kernel reads an operand everywhere: the argument, or a view of it. Null where it
/// reads several.
mlir::Value getReadValue(KernelOp kernel, unsigned operand);

/// Operands that a plan may pack: constants that are read by the only reduction of `domain` and nobody else,
/// along the dimension in which the result is contiguous.
llvm::SmallVector<unsigned> findPackable(KernelOp kernel, const Domain &domain);

/// What keeps a vector of `schedule`, which is that of `domain`, from being in one piece in the layout
/// `packed`; empty if nothing does.
std::string findBrokenLanes(KernelOp kernel, const Domain &domain, ScheduleAttr schedule, PackedAttr packed);
/// The same of a layout of its stage with this number, where that or a reader has lanes.
std::string findBrokenLanes(const Domain &domain, ScheduleAttr schedule, unsigned stage,
                            llvm::ArrayRef<LayoutDim> dims);

/// The constant `value`, of which a view of `shape` is read, in `layout`: zeros where that has more elements.
mlir::ElementsAttr packConstant(mlir::ElementsAttr value, llvm::ArrayRef<int64_t> shape,
                                mlir::AffineMap layout);

} // namespace girih
