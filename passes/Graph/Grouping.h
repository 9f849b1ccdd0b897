// Which ops run as one kernel: the decision, apart from building the kernels.
#pragma once

#include "dialects/Graph/Graph.h"
#include "llvm/ADT/DenseMap.h"
#include <deque>
#include <string>

namespace girih {

/// Ops of one kernel. All values stay inside but the results of `exit`.
struct Group {
  OpRole role; // of the root; Elementwise, Movement and Indexed mean a map
  mlir::Operation *root, *exit;
  llvm::SmallVector<mlir::Operation *, 4> ops; // in the order of the block once grouping is done
};

/// The groups of a block, in the order of their exits. Linear in the number of ops. `readsInPlace`: what only
/// moves elements is computed where it is read.
std::deque<Group> formGroups(mlir::Block &block, bool readsInPlace);

/// The node names of `ops`, as one name.
std::string kernelName(llvm::ArrayRef<mlir::Operation *> ops);

} // namespace girih
