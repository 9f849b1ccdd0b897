#include "tools/ptxsim/decode/Program.h"
#include <algorithm>

namespace girih::ptx {

namespace {

/// Basic blocks of a body, the last one being its end.
struct Graph {
  std::vector<uint32_t> begin;   // first instruction of each block
  std::vector<uint32_t> blockOf; // by instruction
  std::vector<std::vector<uint32_t>> successors, predecessors;
};

bool endsBlock(const Instruction &i) {
  return i.opcode == "bra" || i.opcode == "brx" || i.opcode == "ret" || i.opcode == "exit" ||
         i.opcode == "trap";
}

Graph buildGraph(const Function &f, const std::vector<std::vector<uint32_t>> &targets) {
  uint32_t n = uint32_t(f.body.size());
  std::vector<bool> leads(n + 1);
  leads[0] = leads[n] = true;
  for (uint32_t i = 0; i < n; ++i) {
    for (uint32_t t : targets[i])
      leads[t] = true;
    if (endsBlock(f.body[i])) leads[i + 1] = true;
  }
  Graph g;
  g.blockOf.resize(n + 1);
  for (uint32_t i = 0; i <= n; ++i) {
    if (leads[i]) g.begin.push_back(i);
    g.blockOf[i] = uint32_t(g.begin.size() - 1);
  }
  uint32_t end = g.blockOf[n];
  g.successors.resize(g.begin.size()), g.predecessors.resize(g.begin.size());
  for (uint32_t b = 0; b < end; ++b) {
    uint32_t last = g.begin[b + 1] - 1;
    const Instruction &i = f.body[last];
    auto &next = g.successors[b];
    for (uint32_t t : targets[last])
      next.push_back(g.blockOf[t]);
    if (i.opcode == "ret" || i.opcode == "exit" || i.opcode == "trap") next.push_back(end);
    if (!endsBlock(i) || i.guarded) next.push_back(b + 1);
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    for (uint32_t s : next)
      g.predecessors[s].push_back(b);
  }
  return g;
}

/// Blocks in the order in which a walk backwards from the end leaves them; those that never reach the end are
/// left out.
std::vector<uint32_t> postOrder(const Graph &g) {
  uint32_t end = uint32_t(g.begin.size() - 1);
  std::vector<uint32_t> order;
  std::vector<bool> seen(g.begin.size());
  std::vector<std::pair<uint32_t, size_t>> stack = {{end, 0}};
  seen[end] = true;
  while (!stack.empty()) {
    auto &[block, next] = stack.back();
    if (next == g.predecessors[block].size()) {
      order.push_back(block);
      stack.pop_back();
    } else if (uint32_t p = g.predecessors[block][next++]; !seen[p]) {
      seen[p] = true;
      stack.push_back({p, 0});
    }
  }
  return order;
}

} // namespace

/// Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm", on the reversed graph.
std::vector<uint32_t> reconvergencePoints(const Function &f,
                                          const std::vector<std::vector<uint32_t>> &targets) {
  Graph g = buildGraph(f, targets);
  std::vector<uint32_t> order = postOrder(g), number(g.begin.size(), noReconvergence);
  for (uint32_t i = 0; i < order.size(); ++i)
    number[order[i]] = i;
  std::vector<uint32_t> parent(order.size(), noReconvergence); // by number
  uint32_t root = uint32_t(order.size() - 1);
  parent[root] = root;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t n = root; n-- > 0;) {
      uint32_t found = noReconvergence;
      for (uint32_t s : g.successors[order[n]]) {
        uint32_t other = number[s];
        if (other == noReconvergence || parent[other] == noReconvergence) continue;
        if (found == noReconvergence) {
          found = other;
          continue;
        }
        while (found != other) {
          while (found < other)
            found = parent[found];
          while (other < found)
            other = parent[other];
        }
      }
      if (found != parent[n]) parent[n] = found, changed = true;
    }
  }
  std::vector<uint32_t> points(f.body.size(), noReconvergence);
  for (uint32_t i = 0; i < f.body.size(); ++i) {
    if (targets[i].empty()) continue;
    uint32_t n = number[g.blockOf[i]];
    if (n == noReconvergence || parent[n] == noReconvergence || parent[n] == root) continue;
    points[i] = g.begin[order[parent[n]]];
  }
  return points;
}

} // namespace girih::ptx
