// Handlers that decode/ emits without an instruction in the text, and the special registers.
#pragma once

#include "tools/ptxsim/exec/State.h"

namespace girih::ptx {

/// The lanes of a branch come together here.
bool reconverge(Warp &w, const Inst &i, uint32_t mask);
/// op[0] = special register `detail`, of `count` bytes a lane.
bool readSpecial(Warp &w, const Inst &i, uint32_t mask);
/// op[0] = address in local memory (64 bits) of `imm` in the running frame.
bool frameAddress(Warp &w, const Inst &i, uint32_t mask);

/// The stack of alloca: the last bytes of a thread's local memory, of which the first word counts what is
/// used.
constexpr uint32_t stackBytes = 16 << 10;
/// The stack is empty; op[0] = what is used of it; what is used = op[0].
bool resetStack(Warp &w, const Inst &i, uint32_t mask);
bool saveStack(Warp &w, const Inst &i, uint32_t mask);
bool restoreStack(Warp &w, const Inst &i, uint32_t mask);

#define GIRIH_PTX_SPECIAL_REGISTERS(X)                                                                       \
  X("%tid.x", TidX, 4)                                                                                       \
  X("%tid.y", TidY, 4)                                                                                       \
  X("%tid.z", TidZ, 4)                                                                                       \
  X("%ntid.x", NtidX, 4)                                                                                     \
  X("%ntid.y", NtidY, 4)                                                                                     \
  X("%ntid.z", NtidZ, 4)                                                                                     \
  X("%ctaid.x", CtaidX, 4)                                                                                   \
  X("%ctaid.y", CtaidY, 4)                                                                                   \
  X("%ctaid.z", CtaidZ, 4)                                                                                   \
  X("%nctaid.x", NctaidX, 4)                                                                                 \
  X("%nctaid.y", NctaidY, 4)                                                                                 \
  X("%nctaid.z", NctaidZ, 4)                                                                                 \
  X("%clusterid.x", ClusteridX, 4)                                                                           \
  X("%clusterid.y", ClusteridY, 4)                                                                           \
  X("%clusterid.z", ClusteridZ, 4)                                                                           \
  X("%nclusterid.x", NclusteridX, 4)                                                                         \
  X("%nclusterid.y", NclusteridY, 4)                                                                         \
  X("%nclusterid.z", NclusteridZ, 4)                                                                         \
  X("%cluster_ctaid.x", ClusterCtaidX, 4)                                                                    \
  X("%cluster_ctaid.y", ClusterCtaidY, 4)                                                                    \
  X("%cluster_ctaid.z", ClusterCtaidZ, 4)                                                                    \
  X("%cluster_nctaid.x", ClusterNctaidX, 4)                                                                  \
  X("%cluster_nctaid.y", ClusterNctaidY, 4)                                                                  \
  X("%cluster_nctaid.z", ClusterNctaidZ, 4)                                                                  \
  X("%cluster_ctarank", ClusterCtarank, 4)                                                                   \
  X("%cluster_nctarank", ClusterNctarank, 4)                                                                 \
  X("%is_explicit_cluster", IsExplicitCluster, 0)                                                            \
  X("%laneid", Laneid, 4)                                                                                    \
  X("%warpid", Warpid, 4)                                                                                    \
  X("%nwarpid", Nwarpid, 4)                                                                                  \
  X("%smid", Smid, 4)                                                                                        \
  X("%nsmid", Nsmid, 4)                                                                                      \
  X("%gridid", Gridid, 8)                                                                                    \
  X("%lanemask_eq", LanemaskEq, 4)                                                                           \
  X("%lanemask_le", LanemaskLe, 4)                                                                           \
  X("%lanemask_lt", LanemaskLt, 4)                                                                           \
  X("%lanemask_ge", LanemaskGe, 4)                                                                           \
  X("%lanemask_gt", LanemaskGt, 4)                                                                           \
  X("%clock", Clock, 4)                                                                                      \
  X("%clock_hi", ClockHi, 4)                                                                                 \
  X("%clock64", Clock64, 8)                                                                                  \
  X("%globaltimer", Globaltimer, 8)                                                                          \
  X("%globaltimer_lo", GlobaltimerLo, 4)                                                                     \
  X("%globaltimer_hi", GlobaltimerHi, 4)                                                                     \
  X("%dynamic_smem_size", DynamicSmemSize, 4)                                                                \
  X("%total_smem_size", TotalSmemSize, 4)                                                                    \
  X("%aggr_smem_size", AggrSmemSize, 4)                                                                      \
  X("%reserved_smem_offset_begin", ReservedBegin, 4)                                                         \
  X("%reserved_smem_offset_end", ReservedEnd, 4)                                                             \
  X("%reserved_smem_offset_cap", ReservedCap, 4)                                                             \
  X("%reserved_smem_offset_0", Reserved0, 4)                                                                 \
  X("%reserved_smem_offset_1", Reserved1, 4)                                                                 \
  X("%current_graph_exec", CurrentGraphExec, 8)                                                              \
  X("%envreg1", Envreg1, 4)                                                                                  \
  X("%envreg2", Envreg2, 4)

enum class Special : uint8_t {
#define X(TEXT, NAME, BYTES) NAME,
  GIRIH_PTX_SPECIAL_REGISTERS(X)
#undef X
};

} // namespace girih::ptx
