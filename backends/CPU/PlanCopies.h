// Products that read an operand from a copy.
#pragma once

#include "backends/CPU/Planner.h"

namespace girih {

/// The operand of a planned product that is better copied: one of which each step of the reduction reads
/// another line, for a few rows of it. Of a copy of a block of rows, a line has them all.
std::optional<unsigned> getOperandToCopy(const PlanInputs &in, const Domain &domain, ScheduleAttr planned);

/// The schedule of that product with the copy, which is added to the kernel; null where none fits.
ScheduleAttr planAroundCopy(const PlanInputs &in, unsigned operand, ScheduleAttr planned);

} // namespace girih
