#include "compiler/Import/Order.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace girih::model {

namespace {
class Sorter {
public:
  Sorter(const Graph &graph, function_ref<bool(StringRef)> isWeight, GraphError &error)
      : graph(graph), isWeight(isWeight), error(error) {}

  FailureOr<SmallVector<size_t>> run() {
    if (failed(readInputs()) || failed(readProducers())) return failure();
    if (graph.outputs.empty()) return fail("the model has no outputs");
    SmallVector<size_t> roots;
    for (const ValueInfo &v : graph.outputs) {
      if (isGiven(v.name)) continue;
      auto it = producers.find(v.name);
      if (it == producers.end()) return fail("output " + quote(v.name) + " is not defined: no node makes it");
      roots.push_back(it->second);
    }
    sort(roots);
    state.assign(graph.nodes.size(), Unseen);
    for (size_t root : roots)
      if (failed(visit(root))) return failure();
    // The file's own order is kept where it is one already: printed stages then read like the model.
    SmallVector<size_t> sorted(order);
    sort(sorted);
    bool isOrdered = all_of(sorted, [&](size_t n) {
      return all_of(graph.nodes[n].inputs, [&](const std::string &name) {
        auto it = producers.find(name);
        return it == producers.end() || it->second < n;
      });
    });
    return isOrdered ? sorted : order;
  }

private:
  LogicalResult fail(const Twine &message) { return fail(nullptr, message); }
  LogicalResult fail(const Node *node, const Twine &message) {
    error = {node, message.str()};
    return failure();
  }
  bool isGiven(StringRef name) const { return isWeight(name) || inputs.contains(name); }

  LogicalResult readInputs() {
    for (const ValueInfo &v : graph.inputs) {
      if (v.name.empty()) return fail("an input has no name");
      if (!inputs.insert(v.name).second) return fail("input " + quote(v.name) + " is defined twice");
    }
    return success();
  }

  LogicalResult readProducers() {
    for (auto [i, node] : enumerate(graph.nodes)) {
      for (const std::string &o : node.outputs) {
        if (o.empty()) continue;
        auto [it, inserted] = producers.try_emplace(o, i);
        if (!inserted)
          return fail(&node,
                      "value " + quote(o) + " is made by " + describe(graph.nodes[it->second]) + " already");
        if (isGiven(o))
          return fail(&node, "value " + quote(o) + " is an input or a weight of the graph already");
      }
    }
    return success();
  }

  /// Depth first from one output, in the file's order: an explicit stack, as chains are long.
  LogicalResult visit(size_t root) {
    struct Visit {
      size_t node, input;
    };
    SmallVector<Visit> stack;
    if (state[root] == Unseen) stack.push_back({root, 0}), state[root] = Open;
    while (!stack.empty()) {
      Visit &top = stack.back();
      const Node &node = graph.nodes[top.node];
      if (top.input == node.inputs.size()) {
        state[top.node] = Done;
        order.push_back(top.node);
        stack.pop_back();
        continue;
      }
      const std::string &name = node.inputs[top.input++];
      if (name.empty() || isGiven(name)) continue;
      auto it = producers.find(name);
      if (it == producers.end())
        return fail(&node, "its input " + quote(name) +
                               " is not defined: no node makes it, and it is neither an "
                               "input nor a weight of the graph");
      if (state[it->second] == Open)
        return fail(&node,
                    "the nodes form a cycle: it reads " + quote(name) + ", which depends on its result");
      if (state[it->second] == Unseen) state[it->second] = Open, stack.push_back({it->second, 0});
    }
    return success();
  }

  const Graph &graph;
  function_ref<bool(StringRef)> isWeight;
  GraphError &error;
  StringSet<> inputs;
  StringMap<size_t> producers;
  enum State : char { Unseen, Open, Done };
  SmallVector<State> state;
  SmallVector<size_t> order;
};
} // namespace

FailureOr<SmallVector<size_t>> orderNodes(const Graph &graph, function_ref<bool(StringRef)> isWeight,
                                          GraphError &error) {
  return Sorter(graph, isWeight, error).run();
}

} // namespace girih::model
