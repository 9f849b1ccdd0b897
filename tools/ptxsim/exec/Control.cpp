// Handlers that change where a warp goes, wait, or concern the whole block: the same for every instruction
// set.
#include "tools/ptxsim/exec/Control.h"
#include "tools/ptxsim/exec/Launcher.h"
#include "tools/ptxsim/exec/Scheduler.h"
#include "tools/ptxsim/exec/Selectors.h"
#include <bit>
#include <chrono>
#include <cstring>

namespace girih::ptx {

namespace {

const uint32_t *words(const Warp &w, uint32_t op) {
  return reinterpret_cast<const uint32_t *>(w.base[op >> 31] + (op & operandOffset));
}
uint32_t predicate(const Warp &w, uint32_t op) {
  return op & operandNegated ? ~*words(w, op) : *words(w, op);
}
Scheduler &scheduler(Warp &w) {
  return *w.block->scheduler;
}

bool branch(Warp &w, const Inst &i, uint32_t mask) {
  return scheduler(w).branch(w, mask, w.launch->code + i.op[0], i.op[2]);
}

bool branchIndexed(Warp &w, const Inst &i, uint32_t mask) {
  const auto &table = w.worker->launcher->program().branchTables[i.op[1]];
  const uint32_t *index = words(w, i.op[0]);
  std::vector<uint32_t> lanes(table.size());
  for (uint32_t m = mask; m; m &= m - 1) {
    int lane = std::countr_zero(m);
    if (index[lane] >= table.size())
      return fault(w, i, lane, 0, "the index %u is beyond the %zu targets", index[lane], table.size());
    lanes[index[lane]] |= 1u << lane;
  }
  return scheduler(w).branchMany(w, lanes.data(), table, i.op[2]);
}

bool callFunction(Warp &w, const Inst &i, uint32_t mask) {
  return scheduler(w).call(w, i, mask);
}
bool returnFrom(Warp &w, const Inst &, uint32_t mask) {
  return scheduler(w).returns(w, mask);
}
bool exitThread(Warp &w, const Inst &, uint32_t mask) {
  return scheduler(w).exits(w, mask);
}
bool trap(Warp &w, const Inst &i, uint32_t) {
  return fault(w, i, -1, 0, "the program trapped");
}
bool nothing(Warp &, const Inst &, uint32_t) {
  return true;
}

bool yieldTurn(Warp &w, const Inst &, uint32_t) {
  ++w.strongReads; // it waits for somebody
  return scheduler(w).yields(w);
}

/// One barrier and number of threads for all lanes that execute the instruction.
bool barrierOperands(Warp &w, const Inst &i, uint32_t mask, uint32_t idOp, uint32_t threadsOp, unsigned &id,
                     uint32_t &threads) {
  int lane = std::countr_zero(mask);
  id = words(w, idOp)[lane], threads = threadsOp == operandNone ? 0 : words(w, threadsOp)[lane];
  for (uint32_t m = mask; m; m &= m - 1) {
    int l = std::countr_zero(m);
    if (words(w, idOp)[l] != id || (threadsOp != operandNone && words(w, threadsOp)[l] != threads))
      return fault(w, i, l, 0, "lanes of a warp name different barriers or numbers of threads");
  }
  return id < 16 || fault(w, i, lane, 0, "there are barriers 0 to 15, not %u", id);
}

template <bool waits> bool barrierSync(Warp &w, const Inst &i, uint32_t mask) {
  unsigned id;
  uint32_t threads;
  return barrierOperands(w, i, mask, i.op[0], i.op[1], id, threads) &&
         scheduler(w).barrier(w, i, mask, id, threads, waits, 0);
}

bool barrierVote(Warp &w, const Inst &i, uint32_t mask) {
  unsigned id;
  uint32_t threads;
  return barrierOperands(w, i, mask, i.op[1], i.op[2], id, threads) &&
         scheduler(w).barrier(w, i, mask, id, threads, true, predicate(w, i.op[3]) & mask);
}

bool clusterArrive(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer) w.launch->observer->clusterArrives(w, i, mask);
  return scheduler(w).clusterArrive(w, mask);
}
bool clusterWait(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer) w.launch->observer->clusterWaits(w, i, mask);
  return scheduler(w).clusterWait(w, mask);
}

bool warpSync(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer) w.launch->observer->warpSyncs(w, i, mask);
  return true;
}

template <FenceKind kind> bool fence(Warp &w, const Inst &i, uint32_t mask) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (w.launch->observer) w.launch->observer->fence(w, i, mask, kind);
  return true;
}

/// Copies by the other proxy are done at once: only the observer knows what is not visible to it.
bool proxyFence(Warp &w, const Inst &i, uint32_t mask) {
  fence<FenceKind::Block>(w, i, mask);
  if (w.launch->observer) w.launch->observer->proxyFence(w, mask);
  return true;
}

bool asyncCommit(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer) w.launch->observer->asyncCommits(w, i, mask);
  return true;
}
bool asyncWait(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer) w.launch->observer->asyncWaits(w, i, mask, i.op[0]);
  return true;
}
bool asyncWaitAll(Warp &w, const Inst &i, uint32_t mask) {
  if (w.launch->observer)
    w.launch->observer->asyncCommits(w, i, mask), w.launch->observer->asyncWaits(w, i, mask, 0);
  return true;
}

} // namespace

bool reconverge(Warp &w, const Inst &, uint32_t) {
  return scheduler(w).reconverge(w);
}

// The two write to temporaries, which other lanes of the warp may be using for another instruction.
bool readSpecial(Warp &w, const Inst &i, uint32_t mask) {
  char *d = w.base[0] + i.op[0];
  if (i.count == 0) { // a predicate
    uint32_t lanes;
    memcpy(&lanes, d, 4);
    lanes = specialRegister(w, i.detail, 0) ? lanes | mask : lanes & ~mask;
    memcpy(d, &lanes, 4);
    return true;
  }
  for (; mask; mask &= mask - 1) {
    unsigned l = unsigned(std::countr_zero(mask));
    uint64_t value = specialRegister(w, i.detail, l);
    memcpy(d + l * i.count, &value, i.count);
  }
  return true;
}

bool frameAddress(Warp &w, const Inst &i, uint32_t mask) {
  uint64_t address = w.localBase + uint64_t(i.imm);
  for (; mask; mask &= mask - 1)
    memcpy(w.base[0] + i.op[0] + unsigned(std::countr_zero(mask)) * i.count, &address, i.count);
  return true;
}

uint64_t specialRegister(const Warp &w, unsigned id, unsigned lane) {
  const LaunchState &launch = *w.launch;
  const Block &b = *w.block;
  auto nanoseconds = [] {
    return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count());
  };
  uint32_t bit = 1u << lane;
  switch (Special(id)) {
  case Special::TidX:
  case Special::TidY:
  case Special::TidZ:
    return w.tid[id - unsigned(Special::TidX)][lane];
  case Special::NtidX:
  case Special::NtidY:
  case Special::NtidZ:
    return launch.block[id - unsigned(Special::NtidX)];
  case Special::CtaidX:
  case Special::CtaidY:
  case Special::CtaidZ:
    return b.id[id - unsigned(Special::CtaidX)];
  case Special::NctaidX:
  case Special::NctaidY:
  case Special::NctaidZ:
    return launch.grid[id - unsigned(Special::NctaidX)];
  case Special::ClusteridX:
  case Special::ClusteridY:
  case Special::ClusteridZ:
    return b.id[id - unsigned(Special::ClusteridX)] / launch.cluster[id - unsigned(Special::ClusteridX)];
  case Special::NclusteridX:
  case Special::NclusteridY:
  case Special::NclusteridZ:
    return launch.grid[id - unsigned(Special::NclusteridX)] /
           launch.cluster[id - unsigned(Special::NclusteridX)];
  case Special::ClusterCtaidX:
  case Special::ClusterCtaidY:
  case Special::ClusterCtaidZ:
    return b.clusterId[id - unsigned(Special::ClusterCtaidX)];
  case Special::ClusterNctaidX:
  case Special::ClusterNctaidY:
  case Special::ClusterNctaidZ:
    return launch.cluster[id - unsigned(Special::ClusterNctaidX)];
  case Special::ClusterCtarank:
    return b.clusterRank;
  case Special::ClusterNctarank:
    return b.clusterCount;
  case Special::IsExplicitCluster:
    return b.clusterCount > 1;
  case Special::Laneid:
    return lane;
  case Special::Warpid:
    return w.id;
  case Special::Nwarpid:
    return b.warpCount;
  case Special::Smid:
    return b.linear % launch.smCount;
  case Special::Nsmid:
    return launch.smCount;
  case Special::Gridid:
    return launch.gridId;
  case Special::LanemaskEq:
    return bit;
  case Special::LanemaskLe:
    return bit | (bit - 1);
  case Special::LanemaskLt:
    return bit - 1;
  case Special::LanemaskGe:
    return ~(bit - 1);
  case Special::LanemaskGt:
    return ~(bit | (bit - 1));
  case Special::Clock:
    return uint32_t(w.issued);
  case Special::ClockHi:
    return w.issued >> 32;
  case Special::Clock64:
    return w.issued;
  case Special::Globaltimer:
    return nanoseconds();
  case Special::GlobaltimerLo:
    return uint32_t(nanoseconds());
  case Special::GlobaltimerHi:
    return nanoseconds() >> 32;
  case Special::DynamicSmemSize:
    return launch.dynamicSharedBytes;
  case Special::TotalSmemSize:
  case Special::AggrSmemSize:
    return launch.sharedBytes - launch.reservedSharedBytes;
  case Special::ReservedBegin:
  case Special::Reserved0:
    return 0;
  case Special::Reserved1:
    return reservedShared / 2;
  case Special::ReservedEnd:
  case Special::ReservedCap:
    return reservedShared;
  case Special::CurrentGraphExec:
    return 0;
  // The driver hands the memory in which a grid synchronises to cooperative_groups in these two.
  case Special::Envreg1:
    return launch.gridWorkspace >> 32;
  case Special::Envreg2:
    return uint32_t(launch.gridWorkspace);
  }
  return 0;
}

//===-- Selectors -----------------------------------------------------------------------===//

Handler selectBranch(const Match &, Inst &) {
  return branch;
}
Handler selectBranchIndexed(const Match &, Inst &) {
  return branchIndexed;
}
Handler selectCall(const Match &, Inst &) {
  return callFunction;
}
Handler selectReturn(const Match &, Inst &) {
  return returnFrom;
}
Handler selectExit(const Match &, Inst &) {
  return exitThread;
}
Handler selectTrap(const Match &, Inst &) {
  return trap;
}
Handler selectNothing(const Match &, Inst &) {
  return nothing;
}
Handler selectYield(const Match &, Inst &) {
  return yieldTurn;
}

/// Only `.aligned` barriers, which `bar` are, need the whole warp.
static void setMeeting(const Match &m, Inst &i) {
  if (m.opcode == "barrier" && !m.has("aligned")) i.flags &= uint8_t(~Inst::Sync);
}

Handler selectBar(const Match &m, Inst &i) {
  setMeeting(m, i);
  if (m.has("sync")) return barrierSync<true>;
  return i.op[1] == operandNone ? nullptr : barrierSync<false>;
}

Handler selectBarRed(const Match &m, Inst &i) {
  setMeeting(m, i);
  i.detail = m.has("popc") ? 1 : m.has("and") ? 2 : 3;
  return barrierVote;
}

Handler selectClusterBarrier(const Match &m, Inst &i) {
  setMeeting(m, i);
  return m.has("arrive") ? clusterArrive : clusterWait;
}

Handler selectWarpSync(const Match &, Inst &i) {
  i.op[5] = i.op[0];
  return warpSync;
}

Handler selectFence(const Match &m, Inst &) {
  bool maps = m.has("tensormap::generic"); // of a scope, as other fences
  if (m.has("proxy") && !maps)
    return m.has("alias") || m.has("global") ? fence<FenceKind::Block> : proxyFence;
  if (m.has("cta")) return fence<FenceKind::Block>;
  if (m.has("cluster")) return fence<FenceKind::Cluster>;
  return m.has("sys") ? fence<FenceKind::System> : fence<FenceKind::Device>;
}

Handler selectAsyncGroup(const Match &m, Inst &) {
  if (m.has("commit_group")) return asyncCommit;
  return m.has("wait_all") ? asyncWaitAll : asyncWait;
}

} // namespace girih::ptx
