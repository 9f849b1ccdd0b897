#include "compiler/Import/Functions.h"
#include "compiler/Import/Import.h"
#include "compiler/Import/ModelIO.h"
#include "compiler/Import/NodeImporter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace girih {

using model::quote;

namespace {

/// Imports one graph into `@main`.
class GraphImporter {
public:
  GraphImporter(MLIRContext *ctx, const model::Model &model, const ImportOptions &options)
      : ctx(ctx), b(ctx), model(model), graph(model.graph), options(options) {}

  FailureOr<OwningOpRef<ModuleOp>> run(StringRef path) {
    if (failed(readOpsets()) || failed(declareWeights()) || failed(orderNodes()) || failed(findRows()))
      return failure();
    OwningOpRef<ModuleOp> module = ModuleOp::create(b, UnknownLoc::get(ctx));
    (*module)->setAttr("girih.model", b.getStringAttr(llvm::sys::path::stem(path)));
    b.setInsertionPointToEnd(module->getBody());
    auto main = func::FuncOp::create(b, UnknownLoc::get(ctx), "main", b.getFunctionType({}, {}));
    b.setInsertionPointToStart(main.addEntryBlock());
    if (failed(importInputs(main))) return failure();
    for (auto [index, row] : llvm::zip_equal(order, rows))
      if (failed(importNode(graph.nodes[index], *row))) return failure();
    if (failed(importOutputs(main))) return failure();
    eraseDead(main);
    if (!checks.empty()) (*module)->setAttr("girih.checks", b.getArrayAttr(checks));
    return module;
  }

private:
  LogicalResult fail(const Twine &message) { return emitError(UnknownLoc::get(ctx)) << message; }

  Location nodeLoc(const model::Node &node) {
    StringRef name = node.name;
    for (const std::string &o : node.outputs)
      if (name.empty()) name = o;
    return NameLoc::get(b.getStringAttr(name), NameLoc::get(b.getStringAttr(node.op)));
  }
  LogicalResult failAt(const model::Node &node, const Twine &message) {
    return emitError(nodeLoc(node)) << message;
  }

  LogicalResult readOpsets() {
    for (const auto &[domain, version] : model.opsets) {
      StringRef d = domain == "ai.onnx" ? "" : StringRef(domain);
      if (!opsets.try_emplace(d, version).second)
        return fail("the opset of domain " + quote(d) + " is given twice");
    }
    auto it = opsets.find("");
    if (it == opsets.end()) return success();
    if (it->second < oldestOpset)
      return fail("the model uses opset " + Twine(it->second) + ", but " + Twine(oldestOpset) + " to " +
                  Twine(newestOpset) + " are supported: convert it with onnx.version_converter");
    if (it->second > newestOpset)
      return fail("the model uses opset " + Twine(it->second) + ", but " + Twine(oldestOpset) + " to " +
                  Twine(newestOpset) + " are supported: export it with an older opset");
    return success();
  }

  ImportedValue *declare(StringRef name) {
    auto [it, inserted] = values.try_emplace(name);
    if (!inserted) return nullptr;
    it->second.name = name.str();
    return &it->second;
  }

  LogicalResult declareWeights() {
    if (!graph.sparseInitializers.empty())
      return fail("sparse weights are not supported yet: store them as dense tensors");
    for (const model::Tensor &t : graph.initializers) {
      if (t.name.empty()) return fail("a weight has no name");
      ImportedValue *v = declare(t.name);
      if (!v) return fail("weight " + quote(t.name) + " is defined twice");
      v->op = "Initializer";
      v->tensor = &t;
      v->isConstant = true;
      // A type that the graph does not know is an error only where the weight is used.
      if (Type element = getElementType(ctx, t.type)) v->type = RankedTensorType::get(t.dims, element);
    }
    return success();
  }

  /// Orders the nodes that the outputs need so that each follows those it reads (JSON files may list them in
  /// any order).
  LogicalResult orderNodes() {
    llvm::StringMap<size_t> producers;
    llvm::StringSet<> inputs;
    for (const model::ValueInfo &v : graph.inputs) {
      if (v.name.empty()) return fail("an input has no name");
      if (!inputs.insert(v.name).second) return fail("input " + quote(v.name) + " is defined twice");
    }
    for (auto [i, node] : llvm::enumerate(graph.nodes)) {
      for (const std::string &o : node.outputs) {
        if (o.empty()) continue;
        auto [it, inserted] = producers.try_emplace(o, i);
        if (!inserted)
          return failAt(node, "value " + quote(o) + " is made by " + describe(graph.nodes[it->second]) +
                                  " already");
        if (values.count(o) || inputs.contains(o))
          return failAt(node, "value " + quote(o) + " is an input or a weight of the graph already");
      }
    }
    if (graph.outputs.empty()) return fail("the model has no outputs");
    enum : char { Unseen, Open, Done };
    SmallVector<char> state(graph.nodes.size(), Unseen);
    struct Visit {
      size_t node, input;
    };
    // Depth first from each output, in the file's order: an explicit stack, as chains are long.
    auto visit = [&](size_t root) -> LogicalResult {
      SmallVector<Visit> stack;
      if (state[root] == Unseen) stack.push_back({root, 0}), state[root] = Open;
      while (!stack.empty()) {
        Visit &top = stack.back();
        const model::Node &node = graph.nodes[top.node];
        if (top.input == node.inputs.size()) {
          state[top.node] = Done;
          order.push_back(top.node);
          stack.pop_back();
          continue;
        }
        const std::string &name = node.inputs[top.input++];
        if (name.empty() || values.count(name) || inputs.contains(name)) continue;
        auto it = producers.find(name);
        if (it == producers.end())
          return failAt(node, "its input " + quote(name) +
                                  " is not defined: no node makes it, and it is neither an "
                                  "input nor a weight of the graph");
        if (state[it->second] == Open)
          return failAt(node,
                        "the nodes form a cycle: it reads " + quote(name) + ", which depends on its result");
        if (state[it->second] == Unseen) state[it->second] = Open, stack.push_back({it->second, 0});
      }
      return success();
    };
    SmallVector<size_t> roots;
    for (const model::ValueInfo &v : graph.outputs) {
      if (values.count(v.name) || inputs.contains(v.name)) continue;
      auto it = producers.find(v.name);
      if (it == producers.end()) return fail("output " + quote(v.name) + " is not defined: no node makes it");
      roots.push_back(it->second);
    }
    llvm::sort(roots);
    for (size_t root : roots)
      if (failed(visit(root))) return failure();
    // The file's own order is kept where it is one already: printed stages then read like the model.
    SmallVector<size_t> sorted(order);
    llvm::sort(sorted);
    bool isOrdered = llvm::all_of(sorted, [&](size_t n) {
      return llvm::all_of(graph.nodes[n].inputs, [&](const std::string &name) {
        auto it = producers.find(name);
        return it == producers.end() || it->second < n;
      });
    });
    if (isOrdered) order = std::move(sorted);
    return success();
  }

  /// Looks up every node's operator; all that are not supported are reported at once.
  LogicalResult findRows() {
    llvm::MapVector<std::pair<StringRef, StringRef>, unsigned> missing;
    for (size_t index : order) {
      const model::Node &node = graph.nodes[index];
      StringRef domain = node.domain == "ai.onnx" ? "" : StringRef(node.domain);
      auto it = opsets.find(domain);
      // Converters leave out the opset of com.microsoft, which has had one version only.
      if (it == opsets.end() && domain != "com.microsoft")
        return failAt(node, "domain " + quote(domain) + " is not among the model's opset imports");
      const OpRow *row = findOp(domain, node.op, it == opsets.end() ? 1 : it->second);
      if (!row) ++missing[{domain, node.op}];
      rows.push_back(row);
    }
    if (missing.empty()) return success();
    std::string list;
    for (auto [key, count] : missing) {
      auto [domain, op] = key;
      if (!list.empty()) list += ", ";
      std::string name = quote(op);
      list += (domain.empty() ? "" : domain + ".").str() + name.substr(1, name.size() - 2) + " (" +
              std::to_string(count) + (count == 1 ? " node" : " nodes");
      if (StringRef why = whyUnsupported(domain, op); !why.empty()) list += ("; " + why).str();
      if (findOp(domain, op, INT64_MAX))
        list += "; the model's opset is " + std::to_string(opsets.lookup(domain)) +
                ", it is supported in newer ones";
      list += ")";
    }
    return fail(Twine(missing.size()) + (missing.size() == 1 ? " operator is" : " operators are") +
                " not supported: " + list + "; export the model without " +
                (missing.size() == 1 ? "it" : "them"));
  }

  //===-- Inputs ----------------------------------------------------------===//

  /// A name for a dimension that has none: no other dimension's.
  std::string ownName(const model::ValueInfo &input, size_t i) {
    if (paramNames.empty())
      for (const model::ValueInfo &other : graph.inputs)
        if (other.type.shape)
          for (const model::Dim &d : *other.type.shape)
            if (d.kind == model::Dim::Param) paramNames.insert(d.param);
    std::string name = input.name + "_d" + std::to_string(i);
    while (paramNames.contains(name))
      name += "_";
    return name;
  }

  FailureOr<DimExpr> inputDim(const model::ValueInfo &input, const model::Dim &d, size_t i) {
    std::string who = "input " + quote(input.name) + ": dimension " + std::to_string(i);
    DimExpr e;
    if (d.kind == model::Dim::Value) {
      // Some exporters write -1 (or 0 for an input) where a size is not known; the former has one meaning
      // only.
      if (d.value < -1) return fail(who + " is negative: " + Twine(d.value));
      if (d.value >= 0) return dimConstant(ctx, d.value);
    } else if (d.kind == model::Dim::Param && d.param != "-1" && llvm::any_of(d.param, llvm::isAlnum)) {
      // A name and nothing more, whatever it looks like ("33", "past + 1", "shape[0]"). Names without a
      // letter or digit ("?", "*") say no more than that the size is dynamic.
      e = dimNamed(ctx, d.param);
    }
    if (!e) e = dimNamed(ctx, ownName(input, i));
    llvm::StringMap<DimExpr> pinned;
    for (const auto &[name, value] : options.dims)
      pinned[name] = dimConstant(ctx, value);
    usedSymbols.insert(dimSymbol(e)->name);
    return dimSubstitute(e, pinned);
  }

  LogicalResult importInputs(func::FuncOp main) {
    SmallVector<Type> types;
    SmallVector<DictionaryAttr> attrs;
    for (const auto &[name, value] : options.dims)
      if (value < 0) return fail("--dim " + name + "=" + Twine(value) + ": a dimension must not be negative");
    for (const model::ValueInfo &input : graph.inputs) {
      if (values.count(input.name)) continue; // before IR version 4, weights were listed among the inputs
      if (input.type.kind != model::Type::TensorType)
        return fail("input " + quote(input.name) +
                    " is not a tensor: sequences, optionals, maps and sparse tensors "
                    "are not supported");
      Type element = getElementType(ctx, input.type.element);
      if (!element)
        return fail("input " + quote(input.name) + " has element type " + dtypeName(input.type.element) +
                    ", which is not supported");
      if (!input.type.shape)
        return fail("input " + quote(input.name) + " has no shape: state at least its rank");
      SmallVector<DimExpr> dims;
      SmallVector<int64_t> sizes;
      for (auto [i, d] : llvm::enumerate(*input.type.shape)) {
        auto e = inputDim(input, d, i);
        if (failed(e)) return failure();
        dims.push_back(*e);
        sizes.push_back(dimValue(*e).value_or(1));
      }
      if (!model::dataSize(input.type.element, sizes))
        return fail("input " + quote(input.name) + " is too large");
      RankedTensorType type = getTensorType(dims, element);
      types.push_back(type);
      attrs.push_back(b.getDictionaryAttr(b.getNamedAttr("girih.name", b.getStringAttr(input.name))));
      Location loc = NameLoc::get(b.getStringAttr(input.name), NameLoc::get(b.getStringAttr("Input")));
      ImportedValue &v = *declare(input.name);
      v.type = type;
      v.value = main.getBody().front().addArgument(type, loc);
      // Small integer inputs may be used as shapes: their elements are symbols, too.
      constexpr int64_t maxShapeInput = 16;
      bool isInt = element.isSignlessInteger(64) || element.isSignlessInteger(32);
      if (isInt && type.getRank() <= 1 && type.hasStaticShape() && type.getNumElements() <= maxShapeInput) {
        SmallVector<DimExpr> elements;
        for (int64_t i = 0; i < type.getNumElements(); ++i)
          elements.push_back(dimElement(ctx, input.name, i));
        v.known = Known::vector(elements, element);
        if (type.getRank() == 0) v.known->shape.clear();
        v.fromData = true;
      }
    }
    for (const auto &[name, value] : options.dims)
      if (!usedSymbols.contains(name))
        return fail("--dim " + name + ": the model has no dimension of that name" + dimNames());
    main.setFunctionType(b.getFunctionType(types, {}));
    main.setAllArgAttrs(attrs);
    return success();
  }

  std::string dimNames() {
    if (usedSymbols.empty()) return "; all its sizes are fixed";
    SmallVector<std::string> names;
    for (const auto &entry : usedSymbols)
      names.push_back(quote(entry.getKey()));
    llvm::sort(names);
    return "; it has " + llvm::join(names, ", ");
  }

  //===-- Nodes -----------------------------------------------------------===//

  LogicalResult importNode(const model::Node &node, const OpRow &row) {
    if (node.inputs.size() < row.minInputs || node.inputs.size() > row.maxInputs) {
      std::string expected = std::to_string(row.minInputs);
      if (row.maxInputs == UINT32_MAX) {
        expected = "at least " + expected;
      } else if (row.maxInputs != row.minInputs) {
        expected += " to " + std::to_string(row.maxInputs);
      }
      return failAt(node, "it has " + Twine(node.inputs.size()) + " inputs, expected " + expected);
    }
    if (node.outputs.empty() || node.outputs.size() > row.maxOutputs)
      return failAt(node, "it has " + Twine(node.outputs.size()) + " outputs, expected 1" +
                              (row.maxOutputs > 1 ? " to " + Twine(row.maxOutputs) : Twine()));
    SmallVector<StringRef> known;
    StringRef(row.attributes).split(known, ' ', -1, /*KeepEmpty=*/false);
    for (auto [i, a] : llvm::enumerate(node.attributes)) {
      if (!llvm::is_contained(known, a.name))
        return failAt(node, "unknown attribute " + quote(a.name) + " in version " + Twine(row.since) +
                                (known.empty() ? " of the operator, which has none"
                                               : " of the operator; known are " + llvm::join(known, ", ")));
      if (llvm::any_of(llvm::drop_begin(node.attributes, i + 1),
                       [&](const auto &o) { return o.name == a.name; }))
        return failAt(node, "attribute " + quote(a.name) + " is given twice");
      if (!a.refName.empty())
        return failAt(node, "attribute " + quote(a.name) + " refers to a function's attribute");
    }
    SmallVector<ImportedValue *> operands;
    bool fromData = false, isConstant = true;
    for (auto [i, name] : llvm::enumerate(node.inputs)) {
      if (name.empty()) {
        if (i < row.minInputs) return failAt(node, "input " + Twine(i) + " is missing");
        operands.push_back(nullptr);
        continue;
      }
      ImportedValue &v = values.find(name)->second;
      if (!v.type)
        return failAt(node, "weight " + quote(name) + " has element type " +
                                (v.tensor ? dtypeName(v.tensor->type) : StringRef("unknown")) +
                                ", which is not supported");
      fromData |= v.fromData;
      isConstant &= v.isConstant;
      operands.push_back(&v);
    }
    NodeImporter importer(b, nodeLoc(node), node, row, operands);
    SmallVector<Known> known_;
    bool isKnown = row.known && row.known(importer, known_);
    if (importer.hasFailed()) return failure();
    // What depends on elements of inputs may be data as well: then the ops are made, and erased if nothing
    // reads them.
    if (!isKnown || fromData) {
      if (failed(row.handler(importer))) {
        importer.report("it could not be imported");
        return failure();
      }
      if (importer.hasFailed()) return failure();
    }
    auto nodeName = b.getStringAttr(cast<NameLoc>(nodeLoc(node)).getName().getValue());
    for (const DimCheck &check : importer.checks)
      checks.push_back(
          CheckAttr::get(ctx, check.kind, DimsAttr::get(ctx, {check.first, check.second}), nodeName));
    for (auto [i, name] : llvm::enumerate(node.outputs)) {
      if (name.empty()) continue;
      ImportedValue *v = declare(name);
      v->op = node.op;
      v->isConstant = isConstant;
      if (isKnown && i < known_.size()) {
        v->type = RankedTensorType::get(known_[i].shape, known_[i].elementType);
        v->known = std::move(known_[i]);
        v->fromData = fromData;
        v->isConstant |= !fromData && v->known->constants().has_value();
        if (fromData) v->value = importer.results[i];
      } else if (!importer.results[i]) {
        return failAt(node, "its output " + Twine(i) + " (" + quote(name) + ") is not supported");
      } else {
        v->value = importer.results[i];
        v->type = cast<RankedTensorType>(v->value.getType());
        if (isConstant) foldSmall(*v);
      }
    }
    return success();
  }

  /// Small results of constants become constants at once: shape arithmetic may read them.
  void foldSmall(ImportedValue &v) {
    if (!v.type.hasStaticShape() || v.type.getNumElements() > int64_t(Known::maxElements) ||
        v.value.getDefiningOp<ConstantOp>())
      return;
    if (ElementsAttr elements = evaluate(v.value))
      v.value = ConstantOp::create(b, v.value.getLoc(), elements.getType(), elements);
  }

  //===-- Outputs ---------------------------------------------------------===//

  LogicalResult importOutputs(func::FuncOp main) {
    SmallVector<Value> results;
    SmallVector<DictionaryAttr> attrs;
    llvm::StringSet<> seen;
    for (const model::ValueInfo &output : graph.outputs) {
      if (!seen.insert(output.name).second) return fail("output " + quote(output.name) + " is listed twice");
      ImportedValue &v = values.find(output.name)->second;
      if (!v.type) return fail("output " + quote(output.name) + " has an element type that is not supported");
      if (failed(checkDeclared(output, v.type))) return failure();
      results.push_back(materialize(b, v));
      attrs.push_back(b.getDictionaryAttr(b.getNamedAttr("girih.name", b.getStringAttr(output.name))));
    }
    func::ReturnOp::create(b, UnknownLoc::get(ctx), results);
    main.setFunctionType(b.getFunctionType(main.getBody().front().getArgumentTypes(), TypeRange(results)));
    main.setAllResultAttrs(attrs);
    return success();
  }

  /// What a file declares about an output does not constrain it, but must not be provably wrong.
  LogicalResult checkDeclared(const model::ValueInfo &info, RankedTensorType type) {
    if (info.type.kind == model::Type::None) return success();
    std::string who = "output " + quote(info.name);
    std::string actual;
    llvm::raw_string_ostream(actual) << type;
    if (info.type.kind != model::Type::TensorType)
      return fail(who + " is declared not to be a tensor, but is " + actual);
    if (info.type.element != model::DType::Undefined &&
        getElementType(ctx, info.type.element) != type.getElementType())
      return fail(who + " is declared with element type " + dtypeName(info.type.element) + ", but is " +
                  actual);
    if (!info.type.shape) return success();
    bool agrees = int64_t(info.type.shape->size()) == type.getRank();
    if (agrees)
      for (auto [declared, size] : llvm::zip_equal(*info.type.shape, type.getShape()))
        agrees &= declared.kind != model::Dim::Value || ShapedType::isDynamic(size) || declared.value <= 0 ||
                  declared.value == size || !options.dims.empty();
    if (agrees) return success();
    std::string declared = "[";
    for (const model::Dim &d : *info.type.shape) {
      if (declared.size() > 1) declared += ", ";
      declared += d.kind == model::Dim::Value   ? std::to_string(d.value)
                  : d.kind == model::Dim::Param ? d.param
                                                : "?";
    }
    return fail(who + " is declared with shape " + declared + "], but its nodes make " + actual);
  }

  static void eraseDead(func::FuncOp main) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
      if (isOpTriviallyDead(&op)) op.erase();
  }

  MLIRContext *ctx;
  OpBuilder b;
  const model::Model &model;
  const model::Graph &graph;
  const ImportOptions &options;
  llvm::StringMap<int64_t> opsets;
  llvm::StringMap<ImportedValue> values;
  SmallVector<size_t> order;
  SmallVector<const OpRow *> rows;
  llvm::StringSet<> paramNames;  // of all inputs' dimensions
  SmallVector<Attribute> checks; // of sizes, for the runtime
  llvm::StringSet<> usedSymbols;
};

} // namespace

FailureOr<OwningOpRef<ModuleOp>> importModel(MLIRContext *context, StringRef path,
                                             const ImportOptions &options) {
  context->loadDialect<GirihDialect, func::FuncDialect>();
  std::string error;
  auto model = model::readModel(path, error);
  if (failed(model) || failed(model::inlineFunctions(*model, error))) {
    StringRef message = error;
    message.consume_front((path + ": ").str());
    return emitError(UnknownLoc::get(context)) << message;
  }
  return GraphImporter(context, *model, options).run(path);
}

LogicalResult convertModel(StringRef from, StringRef to, std::optional<bool> externalData,
                           std::string &error) {
  auto model = model::readModel(from, error);
  if (failed(model)) return failure();
  return model::writeModel(*model, to, {externalData}, error);
}

} // namespace girih
