// Products that read an operand from a copy.
#pragma once

#include "passes/Tile/Domain.h"

namespace girih {

struct Machine;

/// The operand of a planned product that is better copied: one of which each step of the reduction reads
/// another line, for a few rows of it. Of a copy of a block of rows, a line has them all.
std::optional<unsigned> getOperandToCopy(const Domain &domain, ScheduleAttr planned);

/// The schedule of that product with the copy, which is added to the kernel; null where none fits.
ScheduleAttr planAroundCopy(KernelOp kernel, unsigned operand, ScheduleAttr planned, const Machine &machine);

} // namespace girih
