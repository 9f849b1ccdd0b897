// The selectors of this folder, which serve every instruction set.
#pragma once

#include "tools/ptxsim/isa/Table.h"

namespace girih::ptx {

#define GIRIH_PTX_CONTROL_SELECTORS(X)                                                                       \
  X(Branch)                                                                                                  \
  X(BranchIndexed)                                                                                           \
  X(Call)                                                                                                    \
  X(Return)                                                                                                  \
  X(Exit)                                                                                                    \
  X(Trap)                                                                                                    \
  X(Nothing)                                                                                                 \
  X(Yield)                                                                                                   \
  X(Bar)                                                                                                     \
  X(BarRed)                                                                                                  \
  X(ClusterBarrier)                                                                                          \
  X(WarpSync)                                                                                                \
  X(Fence)                                                                                                   \
  X(AsyncGroup)                                                                                              \
  X(Mbarrier)                                                                                                \
  X(PendingCount)                                                                                            \
  X(CopiesArrive)                                                                                            \
  X(BulkCopy)                                                                                                \
  X(Alloca)                                                                                                  \
  X(StackPointer)                                                                                            \
  X(AsyncGroups)                                                                                             \
  X(StoreAsync)                                                                                              \
  X(StoreZeros)                                                                                              \
  X(TensorCopy)                                                                                              \
  X(TensorMapCopy)                                                                                           \
  X(TensorMapField)
#define X(NAME) Handler select##NAME(const Match &m, Inst &i);
GIRIH_PTX_CONTROL_SELECTORS(X)
#undef X

} // namespace girih::ptx
