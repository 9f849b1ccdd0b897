// Constants that plans pack.
#pragma once

#include "backends/CPU/Planner.h"

namespace girih {

/// The planned `schedule` with an entry for each constant that `domain` and its stages have packed: in the
/// order in which register tiles read it, or, in a variant, as the kernel's own schedule says.
ScheduleAttr packConstants(const PlanInputs &in, const Domain &domain, ScheduleAttr schedule);

/// How many elements of the contiguous dimension are in a block of a variant's packed constants, 1 where
/// there are none.
int64_t getBlockOfVariant(const PlanInputs &in, const Domain &domain);

} // namespace girih
