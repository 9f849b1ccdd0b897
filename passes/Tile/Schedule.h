// Checks and reads the schedules of a kernel.
#pragma once

#include "passes/Tile/Domain.h"

namespace girih {

/// The schedules of a kernel, one a domain; fails, with the reason at the kernel, if there are none or one
/// does not fit.
mlir::FailureOr<llvm::SmallVector<ScheduleAttr>> getSchedules(KernelOp kernel,
                                                              llvm::ArrayRef<Domain> domains);

/// How many rows are written out at a time where a dimension's size is not known, `rows` first.
llvm::SmallVector<int64_t> getRowSizes(int64_t rows);

/// Whether `kernel` holds one operator that no linalg.generic can say; it needs no schedule.
mlir::Operation *getSpecialOp(KernelOp kernel);

} // namespace girih
