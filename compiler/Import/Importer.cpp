#include "compiler/Import/Functions.h"
#include "compiler/Import/Import.h"
#include "compiler/Import/ModelIO.h"
#include "compiler/Import/Operators.h"
#include "compiler/Import/Order.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/TypeText.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace girih {

using model::quote;

namespace {

/// Before this IR version, all weights had to be listed as inputs.
constexpr int64_t firstOptionalWeights = 4;

/// Imports one graph into `@main`.
class GraphImporter {
public:
  GraphImporter(MLIRContext *ctx, const model::Model &model, const ImportOptions &options,
                llvm::StringMap<bool> &roles)
      : ctx(ctx), b(ctx), model(model), graph(model.graph), options(options), operators(model), roles(roles) {
  }

  /// Where weights turn out to have other roles than the model was imported with, `isRevised` is set, and the
  /// result is of no use: import once more. Nothing is reported then.
  bool isRevised = false;
  FailureOr<OwningOpRef<ModuleOp>> run(StringRef path) {
    std::string error;
    if (failed(operators.readOpsets(error))) return fail(error);
    if (failed(declareWeights())) return failure();
    model::GraphError wrong;
    auto order = model::orderNodes(graph, [&](StringRef name) { return values.contains(name); }, wrong);
    if (failed(order)) return wrong.node ? failAt(*wrong.node, wrong.message) : fail(wrong.message);
    OwningOpRef<ModuleOp> module = ModuleOp::create(b, UnknownLoc::get(ctx));
    kModel.set(*module, b.getStringAttr(llvm::sys::path::stem(path)));
    b.setInsertionPointToEnd(module->getBody());
    auto main = func::FuncOp::create(b, UnknownLoc::get(ctx), "main", b.getFunctionType({}, {}));
    b.setInsertionPointToStart(main.addEntryBlock());
    if (failed(importInputs(main))) return failure();
    if (failed(importNodes(*order)) || failed(importOutputs(main))) return failure();
    eraseDead(main);
    if (!checks.empty()) kChecks.set(*module, b.getArrayAttr(checks));
    noteDefaults();
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

  ImportedValue *declare(StringRef name) {
    auto [it, inserted] = values.try_emplace(name);
    if (!inserted) return nullptr;
    it->second.name = name.str();
    return &it->second;
  }

  LogicalResult declareWeights() {
    for (const model::SparseTensor &s : graph.sparseInitializers) {
      std::string error;
      auto dense = model::densify(s, error);
      if (failed(dense)) return fail(error);
      densified.push_back(std::move(*dense));
    }
    llvm::StringSet<> listed;
    for (const model::ValueInfo &input : graph.inputs)
      listed.insert(input.name);
    for (const model::Tensor &t : llvm::concat<const model::Tensor>(graph.initializers, densified)) {
      if (t.name.empty()) return fail("a weight has no name");
      bool isListed = listed.contains(t.name) && model.irVersion >= firstOptionalWeights &&
                      !options.freezeInitializers && getElementType(ctx, t.type);
      if (isListed && mayBeGiven(t)) {
        if (!defaults.try_emplace(t.name, &t).second)
          return fail("weight " + quote(t.name) + " is defined twice");
        continue;
      }
      ImportedValue *v = declare(t.name);
      if (!v) return fail("weight " + quote(t.name) + " is defined twice");
      v->op = "Initializer";
      v->tensor = &t;
      v->isConstant = true;
      v->isListed = isListed;
      numConstant += isListed;
      // A type that the graph does not know is an error only where the weight is used.
      if (Type element = getElementType(ctx, t.type)) v->type = RankedTensorType::get(t.dims, element);
    }
    return success();
  }

  /// Whether a weight that is listed as an input, too, is that input's default. What shapes and settings are
  /// computed from stays constant: operators want it so. Small integers are taken to be that until an import
  /// shows that nothing reads them so.
  bool mayBeGiven(const model::Tensor &t) {
    if (auto it = roles.find(t.name); it != roles.end()) return it->second;
    return !isa<IntegerType>(getElementType(ctx, t.type)) || t.dims.size() > 1 ||
           t.data.size() * 8 > Known::maxElements * model::dtypeBits(t.type);
  }

  /// What an import has shown of listed weights. `isRefused`: of a model that is refused.
  void reviseRoles(bool isRefused) {
    for (const auto &[name, value] : values) {
      if (!value.isListed) continue;
      bool isDefault = !value.tensor;
      if (isDefault && (value.isWanted || (isRefused && roles.contains(name)))) {
        roles[name] = false;
        isRevised = true;
      } else if (!isDefault && !value.isWanted && !isRefused && !roles.contains(name)) {
        roles[name] = true;
        isRevised = true;
      }
    }
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
      if (values.count(input.name)) continue; // a weight
      if (const model::Tensor *t = defaults.lookup(input.name)) {
        if (failed(importDefault(main, input, *t, types, attrs))) return failure();
        continue;
      }
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
      attrs.push_back(b.getDictionaryAttr(kName.with(b.getStringAttr(input.name))));
      Location loc = NameLoc::get(b.getStringAttr(input.name), NameLoc::get(b.getStringAttr("Input")));
      ImportedValue &v = *declare(input.name);
      v.type = type;
      v.isData = true;
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
        v.isData = false;
      }
    }
    for (const auto &[name, value] : options.dims)
      if (!usedSymbols.contains(name))
        return fail("--dim " + name + ": the model has no dimension of that name" + dimNames());
    main.setFunctionType(b.getFunctionType(types, {}));
    main.setAllArgAttrs(attrs);
    return success();
  }

  /// An input that need not be given: its declaration must be that of the weight it is by default.
  LogicalResult importDefault(func::FuncOp main, const model::ValueInfo &input, const model::Tensor &weight,
                              SmallVectorImpl<Type> &types, SmallVectorImpl<DictionaryAttr> &attrs) {
    auto type = RankedTensorType::get(weight.dims, getElementType(ctx, weight.type));
    bool agrees = input.type.kind == model::Type::None ||
                  (input.type.kind == model::Type::TensorType && input.type.element == weight.type);
    if (!agrees || (input.type.shape && !mayHaveShape(*input.type.shape, type)))
      return fail("input " + quote(input.name) + " is declared as " + dtypeName(input.type.element) +
                  (input.type.shape ? declaredText(*input.type.shape) : "") +
                  ", but the weight of that name is " + typeText(type) +
                  ": correct one, or give --freeze-initializers, which ignores such inputs");
    ImportedValue &v = *declare(input.name);
    v.type = type;
    v.isData = v.isListed = true;
    v.value = main.getBody().front().addArgument(
        type, NameLoc::get(b.getStringAttr(input.name), NameLoc::get(b.getStringAttr("Input"))));
    types.push_back(type);
    attrs.push_back(b.getDictionaryAttr(
        {kName.with(b.getStringAttr(input.name)), kDefault.with(makeConstant(weight, type))}));
    return success();
  }

  static bool mayHaveShape(ArrayRef<model::Dim> declared, RankedTensorType type) {
    return int64_t(declared.size()) == type.getRank() &&
           llvm::all_of(llvm::zip_equal(declared, type.getShape()), [](auto pair) {
             auto [dim, size] = pair;
             return dim.kind != model::Dim::Value || ShapedType::isDynamic(size) || dim.value <= 0 ||
                    dim.value == size;
           });
  }

  static std::string declaredText(ArrayRef<model::Dim> shape) {
    return "[" +
           llvm::join(llvm::map_range(shape,
                                      [](const model::Dim &d) -> std::string {
                                        return d.kind == model::Dim::Value   ? std::to_string(d.value)
                                               : d.kind == model::Dim::Param ? d.param
                                                                             : "?";
                                      }),
                      ", ") +
           "]";
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

  /// Imports every node that can be, so that all that is refused is reported at once: operators that are not
  /// supported, and nodes that their handlers refuse.
  LogicalResult importNodes(ArrayRef<size_t> order) {
    std::vector<Diagnostic> refusals;
    llvm::StringSet<> lost; // results of nodes that are not imported
    for (size_t index : order) {
      const model::Node &node = graph.nodes[index];
      const OpRow *row = operators.find(node);
      bool isLost = llvm::any_of(node.inputs, [&](const std::string &name) { return lost.contains(name); });
      if (row && !isLost) {
        bool isFirst = true;
        ScopedDiagnosticHandler handler(ctx, [&](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error) return failure();
          // What follows the first error follows from it.
          if (isFirst) refusals.push_back(std::move(diagnostic));
          isFirst = false;
          return success();
        });
        if (succeeded(importNode(node, *row))) continue;
      }
      for (const std::string &name : node.outputs)
        if (!name.empty()) lost.insert(name);
    }
    reviseRoles(!refusals.empty() || !operators.message().empty());
    if (isRevised) return failure();
    if (std::string message = operators.message(); !message.empty()) {
      Diagnostic unsupported(UnknownLoc::get(ctx), DiagnosticSeverity::Error);
      unsupported << message;
      refusals.insert(refusals.begin(), std::move(unsupported));
    }
    if (refusals.empty()) return success();
    constexpr size_t maxNotes = 8;
    Diagnostic &first = refusals.front();
    for (Diagnostic &more : MutableArrayRef(refusals).drop_front().take_front(maxNotes))
      first.attachNote(more.getLocation()) << more.str();
    if (refusals.size() > maxNotes + 1)
      first.attachNote() << refusals.size() - maxNotes - 1 << " more nodes are refused";
    ctx->getDiagEngine().emit(std::move(first));
    return failure();
  }

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
    bool fromData = false, isConstant = true, isData = false;
    std::string breaksAt;
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
      isData |= v.isData;
      if (breaksAt.empty()) breaksAt = v.breaksAt;
      operands.push_back(&v);
    }
    // What was asked for counts only where something came of it.
    auto settle = [&](bool isWanted) {
      for (ImportedValue *v : operands)
        if (v && std::exchange(v->isAsked, false)) v->isWanted |= isWanted;
    };
    NodeImporter importer(b, nodeLoc(node), node, row, operands);
    SmallVector<Known> known_;
    bool isKnown = row.known && row.known(importer, known_);
    settle(isKnown);
    llvm::scope_exit settleAll([&] { settle(true); });
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
        v->isData = isData;
        if (!isData) v->breaksAt = breaksAt.empty() ? describe(node) : breaksAt;
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
      attrs.push_back(b.getDictionaryAttr(kName.with(b.getStringAttr(output.name))));
    }
    func::ReturnOp::create(b, UnknownLoc::get(ctx), results);
    main.setFunctionType(b.getFunctionType(main.getBody().front().getArgumentTypes(), TypeRange(results)));
    main.setAllResultAttrs(attrs);
    return success();
  }

  /// What a file declares about an output does not constrain it. Shapes that an exporter got wrong are
  /// common, and say nothing of the values; another type is another model (ONNX Runtime draws the same line).
  LogicalResult checkDeclared(const model::ValueInfo &info, RankedTensorType type) {
    if (info.type.kind == model::Type::None) return success();
    std::string who = "output " + quote(info.name);
    std::string actual = typeText(type);
    if (info.type.kind != model::Type::TensorType)
      return fail(who + " is declared not to be a tensor, but is " + actual);
    if (info.type.element != model::DType::Undefined &&
        getElementType(ctx, info.type.element) != type.getElementType())
      return fail(who + " is declared with element type " + dtypeName(info.type.element) + ", but is " +
                  actual);
    if (!info.type.shape) return success();
    bool isPinned = !options.dims.empty() && int64_t(info.type.shape->size()) == type.getRank();
    if (isPinned || mayHaveShape(*info.type.shape, type)) return success();
    emitWarning(UnknownLoc::get(ctx)) << who << " is declared with shape " << declaredText(*info.type.shape)
                                      << ", but its nodes make " << actual << ": the declaration is ignored";
    return success();
  }

  void noteDefaults() {
    if (defaults.empty() && !numConstant) return;
    Diagnostic note(UnknownLoc::get(ctx), DiagnosticSeverity::Note);
    auto weights = [](size_t n) {
      return std::to_string(n) + (n == 1 ? " weight that is listed as an input, too, "
                                         : " weights that are listed as inputs, too, ");
    };
    if (!defaults.empty())
      note << weights(defaults.size())
           << "may be given at run time: constants make faster code (--freeze-initializers)";
    if (!defaults.empty() && numConstant) note << "; ";
    if (numConstant)
      note << weights(numConstant) << (numConstant == 1 ? "stays" : "stay")
           << " constant: shapes or settings are computed from " << (numConstant == 1 ? "it" : "them");
    ctx->getDiagEngine().emit(std::move(note));
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
  OperatorLookup operators;
  std::vector<model::Tensor> densified;            // sparse weights
  llvm::StringMap<const model::Tensor *> defaults; // of inputs that need not be given
  llvm::StringMap<bool> &roles; // of listed weights, where an import has shown it: true for defaults
  size_t numConstant = 0;       // listed weights that are constants
  llvm::StringMap<ImportedValue> values;
  llvm::StringSet<> paramNames;  // of all inputs' dimensions
  SmallVector<Attribute> checks; // of sizes, for the runtime
  llvm::StringSet<> usedSymbols;
};

} // namespace

FailureOr<OwningOpRef<ModuleOp>> importModel(MLIRContext *context, StringRef path,
                                             const ImportOptions &options) {
  context->loadDialect<GirihDialect, func::FuncDialect>();
  std::string error;
  auto model = model::readModel(path, options.followLinks, error);
  if (failed(model) || failed(model::inlineFunctions(*model, error))) {
    StringRef message = error;
    message.consume_front((path + ": ").str());
    return emitError(UnknownLoc::get(context)) << message;
  }
  // Which weights operators want constant shows when they are imported. Roles change twice at most.
  llvm::StringMap<bool> roles;
  while (true) {
    GraphImporter importer(context, *model, options, roles);
    auto module = importer.run(path);
    if (!importer.isRevised) return module;
  }
}

LogicalResult convertModel(StringRef from, StringRef to, std::optional<bool> externalData, bool followLinks,
                           std::string &error) {
  auto model = model::readModel(from, followLinks, error);
  if (failed(model)) return failure();
  return model::writeModel(*model, to, {externalData}, error);
}

} // namespace girih
