// Products that read operands from copies.
#pragma once

#include "backends/CPU/Planner.h"

namespace girih {

/// The operands of a planned product that are better copied: those of which each step of the reduction reads
/// another line, or another page, for a few rows or columns; and rows that are `interleaved`, those of a
/// register tile side by side at each step.
struct OperandsToCopy {
  std::optional<unsigned> ofRows, ofColumns;
  bool interleaved = false;
};
OperandsToCopy getOperandsToCopy(const PlanInputs &in, const Domain &domain, ScheduleAttr planned);

/// The schedule of that product with the copies, which are added to the kernel; null where none fits.
ScheduleAttr planAroundCopies(const PlanInputs &in, OperandsToCopy operands, ScheduleAttr planned);

} // namespace girih
