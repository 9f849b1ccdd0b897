// Model-local functions: each call becomes the function's nodes.
#include "compiler/Import/Functions.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace girih::model {

namespace {

class Inliner {
public:
  Inliner(Model &model, std::string &error) : model(model), error(error) {
    for (const auto &[domain, version] : model.opsets)
      opsets.try_emplace(domainOf(domain), version);
  }

  LogicalResult run() {
    for (const Function &f : model.functions) {
      if (!functions.try_emplace(key(f.domain, f.name, f.overload), &f).second)
        return fail(error, "function " + quote(f.name) + " of domain " + quote(f.domain) +
                               (f.overload.empty() ? Twine() : " (overload " + quote(f.overload) + ")") +
                               " is defined twice");
    }
    std::vector<Node> nodes;
    std::swap(nodes, model.graph.nodes);
    for (Node &n : nodes)
      if (failed(add(std::move(n), 0))) return failure();
    return success();
  }

private:
  static std::string domainOf(StringRef domain) { return domain == "ai.onnx" ? "" : domain.str(); }
  static std::string key(StringRef domain, StringRef name, StringRef overload) {
    return (domainOf(domain) + ":" + name + ":" + overload).str();
  }

  static std::string describe(const Function &f) { return "function " + quote(f.name); }

  /// Parameters and results have names of their own, and what the nodes read is made inside: a function does
  /// not see the values around its call.
  LogicalResult checkValues(const Function &f) {
    StringSet<> made;
    for (const std::string &name : f.inputs)
      if (name.empty() || !made.insert(name).second)
        return fail(error, describe(f) + ": input " + quote(name) + " is " +
                               (name.empty() ? "without a name" : "listed twice"));
    for (const Node &n : f.nodes)
      for (const std::string &name : n.outputs)
        if (!name.empty() && !made.insert(name).second)
          return fail(error, describe(f) + ": value " + quote(name) + " is made twice");
    for (const Node &n : f.nodes)
      for (const std::string &name : n.inputs)
        if (!name.empty() && !made.contains(name))
          return fail(error, describe(f) + ": " + model::describe(n) + " reads " + quote(name) +
                                 ", which is neither an input of the function nor made in it");
    for (const std::string &name : f.outputs)
      if (!made.contains(name))
        return fail(error, describe(f) + ": its output " + quote(name) + " is made by none of its nodes");
    return success();
  }

  /// A function's nodes follow the function's opsets, not the model's. What it does not import, the model
  /// may.
  int64_t opsetOf(const Function &f, StringRef domain) {
    for (const auto &[imported, version] : f.opsets)
      if (domainOf(imported) == domainOf(domain)) return version;
    return opsets.lookup(domainOf(domain));
  }

  LogicalResult add(Node node, unsigned depth) {
    auto it = functions.find(key(node.domain, node.op, node.overload));
    if (it == functions.end()) {
      model.graph.nodes.push_back(std::move(node));
      // Functions that call each other twice grow by powers of two.
      constexpr size_t maxNodes = 1000000;
      return model.graph.nodes.size() <= maxNodes ? success()
                                                  : fail(error, "its functions expand to too many nodes");
    }
    constexpr unsigned maxDepth = 64;
    if (depth > maxDepth)
      return fail(error, model::describe(node) + ": functions call each other without end");
    return expand(node, *it->second, depth);
  }

  LogicalResult expand(const Node &call, const Function &f, unsigned depth) {
    if (call.inputs.size() > f.inputs.size() || call.outputs.size() > f.outputs.size())
      return fail(error, model::describe(call) + ": it has " + Twine(call.inputs.size()) + " inputs and " +
                             Twine(call.outputs.size()) + " outputs, but the function takes " +
                             Twine(f.inputs.size()) + " and gives " + Twine(f.outputs.size()));
    if (checked.insert(&f).second && failed(checkValues(f))) return failure();
    // Values inside are named after the call and its number, which no exporter does.
    std::string prefix = (call.name.empty() ? call.op : call.name) + "#" + std::to_string(calls++) + "/";
    StringMap<std::string> names;
    names[""] = "";
    for (auto [i, name] : enumerate(f.inputs))
      names[name] = i < call.inputs.size() ? call.inputs[i] : "";
    for (auto [i, name] : enumerate(f.outputs))
      if (i < call.outputs.size() && !call.outputs[i].empty() && !names.count(name))
        names[name] = call.outputs[i];
    auto rename = [&](std::string &name) { name = names.try_emplace(name, prefix + name).first->second; };
    for (const Node &inner : f.nodes) {
      Node n;
      n.name =
          call.name.empty() ? inner.name : call.name + "/" + (inner.name.empty() ? inner.op : inner.name);
      n.op = inner.op, n.domain = inner.domain, n.overload = inner.overload;
      n.opset = opsetOf(f, inner.domain);
      n.inputs = inner.inputs, n.outputs = inner.outputs;
      for (std::string &s : n.inputs)
        rename(s);
      for (std::string &s : n.outputs)
        rename(s);
      for (const Attribute &a : inner.attributes)
        if (const Attribute *value = resolve(a, call, f)) copy(*value, a.name, n.attributes.emplace_back());
      if (failed(add(std::move(n), depth + 1))) return failure();
    }
    // An output that is an input.
    for (auto [i, name] : enumerate(f.outputs)) {
      if (i >= call.outputs.size() || call.outputs[i].empty() || names.lookup(name) == call.outputs[i])
        continue;
      Node n;
      n.op = "Identity", n.opset = 1;
      n.inputs = {names.lookup(name)}, n.outputs = {call.outputs[i]};
      model.graph.nodes.push_back(std::move(n));
    }
    return success();
  }

  /// What an attribute inside a function stands for: itself, an attribute of the call, or its default; null
  /// if absent.
  static const Attribute *resolve(const Attribute &a, const Node &call, const Function &f) {
    if (a.refName.empty()) return &a;
    for (const auto *list : {&call.attributes, &f.defaults})
      for (const Attribute &given : *list)
        if (given.name == a.refName) return &given;
    return nullptr;
  }

  /// Types are left out, and so are the names inside subgraphs: what has any is refused by name anyway.
  static void copy(const Attribute &from, const std::string &name, Attribute &to) {
    to.kind = from.kind;
    to.name = name;
    to.floats = from.floats, to.ints = from.ints, to.strings = from.strings;
    to.tensors = from.tensors, to.sparse = from.sparse, to.graphs = from.graphs;
  }

  Model &model;
  std::string &error;
  StringMap<const Function *> functions;
  SmallPtrSet<const Function *, 8> checked;
  StringMap<int64_t> opsets; // the model's
  size_t calls = 0;
};

} // namespace

LogicalResult inlineFunctions(Model &model, std::string &error) {
  return model.functions.empty() ? success() : Inliner(model, error).run();
}

} // namespace girih::model
