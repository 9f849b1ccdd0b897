// Schedules of products on tensor cores.
#pragma once

#include "dialects/Graph/Guesses.h"
#include "passes/Tile/Domain.h"

namespace girih {

/// A schedule for a domain that tensor cores compute, null where they cannot, or where it does not pay.
/// `withTf32`: products of f32 may be rounded to tf32.
ScheduleAttr planMma(KernelOp kernel, const Domain &domain, const Guesses &guesses, bool withTf32);

} // namespace girih
