#include "tools/ptxsim/timing/BasicBlocks.h"

namespace girih::ptx {

/// Calls f with the index of each instruction that this one may branch to.
template <class F> static void eachTarget(const Function &function, const Instruction &i, F f) {
  auto to = [&](std::string_view name) {
    if (const Label *label = function.label(name, i.scope)) f(size_t(label->instruction));
  };
  if (i.opcode == "bra") to(i.operands[0].name);
  if (i.opcode != "brx") return;
  for (std::string_view name : function.targets.find(i.operands[1].name)->second.names)
    to(name);
}

std::vector<BasicBlock> basicBlocks(const Function &f) {
  auto leaves = [](const Instruction &i) {
    return i.opcode == "bra" || i.opcode == "brx" || i.opcode == "ret" || i.opcode == "exit";
  };
  std::vector<bool> starts(f.body.size() + 1);
  starts[0] = true;
  for (size_t n = 0; n < f.body.size(); ++n) {
    eachTarget(f, f.body[n], [&](size_t target) { starts[target] = true; });
    if (leaves(f.body[n])) starts[n + 1] = true;
  }
  std::vector<BasicBlock> blocks;
  std::vector<size_t> blockOf(f.body.size() + 1);
  for (size_t n = 0; n < f.body.size(); ++n) {
    if (starts[n]) blocks.push_back({n, n, {}});
    blocks.back().end = n + 1, blockOf[n] = blocks.size() - 1;
  }
  for (BasicBlock &b : blocks) {
    const Instruction &last = f.body[b.end - 1];
    eachTarget(f, last, [&](size_t target) {
      if (target < f.body.size()) b.next.push_back(blockOf[target]);
    });
    if ((last.guarded || !leaves(last)) && b.end < f.body.size()) b.next.push_back(blockOf[b.end]);
  }
  return blocks;
}

} // namespace girih::ptx
