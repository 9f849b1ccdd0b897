// Teams of threads: what a task is computed by on a GPU, where it is not one thread.
#pragma once

#include "dialects/Graph/Attributes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace girih {

/// How the tasks of a kernel are put into a block: each has `threads` of its `teams * threads`.
struct Teams {
  int64_t teams, threads;

  int64_t getBlock() const { return teams * threads; }
};

/// What the threads of a team do together, as instructions: `gpu.thread_id x`, the thread in its team;
/// `gpu.barrier` and `gpu.shuffle`; and memory of the team, each `memref.alloca` in the workgroup's address
/// space, as part of a variable in shared memory. `thread` is that of the block, `team` its team.
void mapTeam(mlir::func::FuncOp function, Teams teams, mlir::Value thread, mlir::Value team);

} // namespace girih
