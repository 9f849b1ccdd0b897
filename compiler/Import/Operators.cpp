#include "compiler/Import/Operators.h"

using namespace llvm;

namespace girih {

using model::quote;

static StringRef domainOf(const model::Node &node) {
  return node.domain == "ai.onnx" ? StringRef() : StringRef(node.domain);
}

static std::string supportedOpsets() {
  return std::to_string(oldestOpset) + " to " + std::to_string(newestOpset) + " are supported";
}

LogicalResult OperatorLookup::readOpsets(std::string &error) {
  for (const auto &[domain, version] : model.opsets) {
    StringRef d = domain == "ai.onnx" ? "" : StringRef(domain);
    auto [it, inserted] = opsets.try_emplace(d, version);
    if (!inserted && it->second != version)
      return model::fail(error, "the opset of domain " + quote(d) + " is given twice, as " +
                                    Twine(it->second) + " and as " + Twine(version));
  }
  auto it = opsets.find("");
  if (it == opsets.end() || (it->second >= oldestOpset && it->second <= newestOpset)) return success();
  return model::fail(error, "the model uses opset " + Twine(it->second) + ", but " + supportedOpsets() +
                                (it->second < oldestOpset ? ": convert it with onnx.version_converter"
                                                          : ": export it with an older opset"));
}

std::optional<int64_t> OperatorLookup::opsetOf(const model::Node &node) const {
  if (node.opset) return node.opset;
  StringRef domain = domainOf(node);
  if (auto it = opsets.find(domain); it != opsets.end()) return it->second;
  // Converters leave out the opset of com.microsoft, which has had one version only.
  if (domain == "com.microsoft") return 1;
  return std::nullopt;
}

const OpRow *OperatorLookup::find(const model::Node &node) {
  return find(node, opsetOf(node));
}

const OpRow *OperatorLookup::find(const model::Node &node, std::optional<int64_t> opset) {
  // A standard operator has no overloads.
  bool isKnown = opset && node.overload.empty() && (!domainOf(node).empty() || *opset <= newestOpset);
  const OpRow *row = isKnown ? findOp(domainOf(node), node.op, *opset) : nullptr;
  if (!row) add(node, opset);
  return row;
}

void OperatorLookup::add(const model::Node &node, std::optional<int64_t> opset) {
  StringRef domain = domainOf(node);
  Missing &reason = missing[{domain, node.op}];
  if (!reason.nodes++) {
    StringRef why = whyUnsupported(domain, node.op);
    if (!why.empty()) {
      reason.why = why;
    } else if (!opset) {
      reason.why = domain.empty() ? "the model imports no version of ONNX's own operators"
                                  : "its domain is not among the model's opset imports";
    } else if (!node.overload.empty()) {
      reason.why = "no function of the model has the overload " + quote(node.overload);
    } else if (domain.empty() && *opset > newestOpset) {
      reason.why = "its function uses opset " + std::to_string(*opset) + ", but " + supportedOpsets();
    } else if (findOp(domain, node.op, INT64_MAX)) {
      reason.why = (node.opset ? "its function's opset is " : "the model's opset is ") +
                   std::to_string(*opset) + ", it is supported in newer ones";
    }
  }
  // What stands around a subgraph says its opset, too.
  auto around = [&](const model::Node &inner) {
    return node.opset && domainOf(inner) == domain ? node.opset : opsetOf(inner);
  };
  for (const model::Attribute &a : node.attributes)
    for (const auto &graph : a.graphs)
      addInside(graph->nodes, around);
}

void OperatorLookup::addInside(ArrayRef<model::Node> nodes, OpsetOf opset) {
  for (const model::Node &node : nodes) {
    auto function = find_if(model.functions, [&](const model::Function &f) {
      return f.name == node.op && f.domain == node.domain && f.overload == node.overload;
    });
    if (function == model.functions.end()) {
      find(node, opset(node));
    } else if (visited.insert(&*function).second) {
      addInside(function->nodes, [&](const model::Node &inner) -> std::optional<int64_t> {
        for (const auto &[domain, version] : function->opsets)
          if (domain == inner.domain) return version;
        return opsetOf(inner);
      });
    }
  }
}

std::string OperatorLookup::message() const {
  if (missing.empty()) return "";
  bool isOne = missing.size() == 1;
  std::string text =
      std::to_string(missing.size()) + (isOne ? " operator is" : " operators are") + " not supported: ";
  for (const auto &[key, reason] : missing) {
    const auto &[domain, op] = key;
    if (&key != &missing.front().first) text += ", ";
    std::string name = quote(domain.empty() ? op.str() : (domain + "." + op).str());
    text += name.substr(1, name.size() - 2) + " (" + std::to_string(reason.nodes) +
            (reason.nodes == 1 ? " node" : " nodes");
    if (!reason.why.empty()) text += "; " + reason.why;
    text += ")";
  }
  return text + "; export the model without " + (isOne ? "it" : "them");
}

} // namespace girih
