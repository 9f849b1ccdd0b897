// The control flow of a function of the text.
#pragma once

#include "tools/ptxsim/syntax/Module.h"

namespace girih::ptx {

/// A run of instructions, [begin, end) of the body, that only its last leaves.
struct BasicBlock {
  size_t begin, end;
  std::vector<size_t> next;
};

/// In the order of the text. Labels that no branch names, which compilers set for debuggers, begin none.
std::vector<BasicBlock> basicBlocks(const Function &function);

} // namespace girih::ptx
