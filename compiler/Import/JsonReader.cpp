#include "compiler/Import/JsonCursor.h"
#include "compiler/Import/ModelIO.h"
#include "llvm/ADT/ScopeExit.h"

using namespace llvm;

namespace girih::model {

namespace {

/// Reads the format of docs/json-format.md.
class JsonReader : JsonCursor {
public:
  using JsonCursor::JsonCursor;

  LogicalResult model(const Json &in, Model &out) {
    if (failed(keys(in, {"format", "version", "ir_version", "model_version", "producer", "producer_version",
                         "domain", "doc", "opsets", "metadata", "graph", "functions"})))
      return failure();
    std::string format;
    int64_t version = 1;
    if (failed(text(in, "format", format)) || failed(integer(in, "version", version))) return failure();
    if (format != "girih-graph" || version != 1)
      return bad("\"format\" must be \"girih-graph\" and \"version\" 1 (see docs/json-format.md)");
    out.irVersion = 10;
    if (failed(integer(in, "ir_version", out.irVersion)) ||
        failed(integer(in, "model_version", out.modelVersion)) ||
        failed(text(in, "producer", out.producer)) ||
        failed(text(in, "producer_version", out.producerVersion)) || failed(text(in, "domain", out.domain)) ||
        failed(text(in, "doc", out.doc)) || failed(properties(in, out.metadata)) ||
        failed(opsets(in, out.opsets)))
      return failure();
    if (failed(
            each(in, "functions", out.functions, [&](const Json &j, Function &f) { return function(j, f); })))
      return failure();
    auto it = in.find("graph");
    if (it == in.end()) return bad("\"graph\" is missing");
    At at(*this, "graph");
    return graph(*it, out.graph);
  }

private:
  LogicalResult opsets(const Json &in, std::vector<std::pair<std::string, int64_t>> &out) {
    auto it = in.find("opsets");
    At at(*this, "opsets");
    if (it == in.end() || !it->is_object())
      return bad("expected an object from domain to version, such as {\"\": 17}");
    for (auto p = it->begin(); p != it->end(); ++p) {
      int64_t version;
      if (failed(integer(*p, version))) return failure();
      out.emplace_back(p.key(), version);
    }
    return success();
  }

  LogicalResult function(const Json &in, Function &out) {
    if (failed(keys(in, {"name", "domain", "overload", "doc", "inputs", "outputs", "attributes", "defaults",
                         "nodes", "opsets", "values", "metadata"})) ||
        failed(name(in, "name", out.name)) || failed(name(in, "domain", out.domain)) ||
        failed(name(in, "overload", out.overload)) || failed(text(in, "doc", out.doc)) ||
        failed(names(in, "inputs", out.inputs)) || failed(names(in, "outputs", out.outputs)) ||
        failed(names(in, "attributes", out.attributes)) || failed(attributes(in, "defaults", out.defaults)) ||
        failed(opsets(in, out.opsets)) || failed(properties(in, out.metadata)) ||
        failed(each(in, "nodes", out.nodes, [&](const Json &j, Node &n) { return node(j, n); })))
      return failure();
    return each(in, "values", out.values, [&](const Json &j, ValueInfo &v) { return valueInfo(j, v); });
  }

  LogicalResult graph(const Json &in, Graph &out) {
    if (++depth > maxDepth) return bad("graphs are nested too deeply");
    llvm::scope_exit leave([&] { --depth; });
    if (failed(keys(in, {"name", "doc", "inputs", "outputs", "values", "weights", "sparse_weights", "nodes",
                         "quantization", "metadata"})) ||
        failed(name(in, "name", out.name)) || failed(text(in, "doc", out.doc)) ||
        failed(properties(in, out.metadata)))
      return failure();
    auto value = [&](const Json &j, ValueInfo &v) { return valueInfo(j, v); };
    if (failed(each(in, "inputs", out.inputs, value)) || failed(each(in, "outputs", out.outputs, value)) ||
        failed(each(in, "values", out.values, value)) ||
        failed(
            each(in, "weights", out.initializers, [&](const Json &j, Tensor &t) { return tensor(j, t); })) ||
        failed(each(in, "sparse_weights", out.sparseInitializers,
                    [&](const Json &j, SparseTensor &s) { return sparse(j, s); })) ||
        failed(each(in, "nodes", out.nodes, [&](const Json &j, Node &n) { return node(j, n); })))
      return failure();
    return each(
        in, "quantization", out.quantization, [&](const Json &j, std::pair<std::string, Properties> &q) {
          return success(succeeded(keys(j, {"name", "parameters"})) && succeeded(name(j, "name", q.first)) &&
                         succeeded(properties(j, q.second, "parameters")));
        });
  }

  LogicalResult node(const Json &in, Node &out) {
    if (failed(keys(in, {"op", "name", "domain", "overload", "doc", "inputs", "outputs", "attributes",
                         "metadata"})) ||
        failed(name(in, "op", out.op)) || failed(name(in, "name", out.name)) ||
        failed(name(in, "domain", out.domain)) || failed(name(in, "overload", out.overload)) ||
        failed(text(in, "doc", out.doc)) || failed(names(in, "inputs", out.inputs)) ||
        failed(names(in, "outputs", out.outputs)) || failed(properties(in, out.metadata)))
      return failure();
    if (out.op.empty()) return bad("\"op\" is missing");
    return attributes(in, "attributes", out.attributes);
  }

  LogicalResult attributes(const Json &in, const char *key, std::vector<Attribute> &out) {
    auto it = in.find(key);
    if (it == in.end()) return success();
    At at(*this, key);
    if (!it->is_object()) return bad("expected an object");
    for (auto p = it->begin(); p != it->end(); ++p) {
      At inner(*this, p.key());
      Attribute &a = out.emplace_back();
      a.name = p.key();
      if (!isName(a.name)) return bad("a name must not hold control characters: " + quote(a.name));
      if (failed(p->is_object() ? typedAttribute(*p, a) : plainAttribute(*p, a))) return failure();
    }
    return success();
  }

  /// 1, 0.5, "text", [1, 2], [0.5, 1], ["a"]: the JSON value says the kind.
  LogicalResult plainAttribute(const Json &in, Attribute &a) {
    if (in.is_number_integer()) {
      a.kind = Attribute::Int;
      return integer(in, a.ints.emplace_back());
    }
    if (in.is_number()) {
      a.kind = Attribute::Float;
      return number(in, a.floats.emplace_back());
    }
    if (in.is_string()) {
      a.kind = Attribute::String;
      return string(in, a.strings.emplace_back());
    }
    if (!in.is_array() || in.empty())
      return bad("expected a number, a string, a list of these that is not empty, or an object such as "
                 "{\"ints\": []}");
    if (in[0].is_string()) {
      a.kind = Attribute::Strings;
      return list(in, a.strings, [&](const Json &j, std::string &s) { return string(j, s); });
    }
    if (all_of(in, [](const Json &j) { return j.is_number_integer(); })) {
      a.kind = Attribute::Ints;
      return list(in, a.ints, [&](const Json &j, int64_t &v) { return integer(j, v); });
    }
    a.kind = Attribute::Floats;
    return list(in, a.floats, [&](const Json &j, float &v) { return number(j, v); });
  }

  /// {"floats": []}, {"tensor": {...}}, {"ref": "name", "kind": "int"}, ...
  LogicalResult typedAttribute(const Json &in, Attribute &a) {
    static constexpr std::pair<StringLiteral, Attribute::Kind> kinds[] = {{"undefined", Attribute::Undefined},
                                                                          {"float", Attribute::Float},
                                                                          {"int", Attribute::Int},
                                                                          {"string", Attribute::String},
                                                                          {"tensor", Attribute::TensorValue},
                                                                          {"graph", Attribute::GraphValue},
                                                                          {"floats", Attribute::Floats},
                                                                          {"ints", Attribute::Ints},
                                                                          {"strings", Attribute::Strings},
                                                                          {"tensors", Attribute::Tensors},
                                                                          {"graphs", Attribute::Graphs},
                                                                          {"sparse", Attribute::Sparse},
                                                                          {"sparses", Attribute::Sparses},
                                                                          {"type", Attribute::TypeValue},
                                                                          {"types", Attribute::Types}};
    if (failed(text(in, "doc", a.doc))) return failure();
    if (in.contains("ref")) {
      std::string kind;
      if (failed(keys(in, {"ref", "kind", "doc"})) || failed(name(in, "ref", a.refName)) ||
          failed(text(in, "kind", kind)))
        return failure();
      const auto *it = find_if(kinds, [&](const auto &k) { return k.first == kind; });
      if (it == std::end(kinds)) return bad("\"kind\" is not the kind of an attribute: " + quote(kind));
      a.kind = it->second;
      return success();
    }
    const Json *value = nullptr;
    StringRef key;
    for (auto it = in.begin(); it != in.end(); ++it) {
      if (it.key() == "doc") continue;
      if (value) return bad("expected one key, such as {\"ints\": []}");
      value = &*it;
      key = it.key();
    }
    if (!value) return bad("expected a key that says the attribute's kind, such as {\"ints\": []}");
    At at(*this, key);
    if (key == "bytes" || key == "bytes_list") {
      auto bytes = [&](const Json &j, std::string &s) {
        std::vector<char> decoded;
        if (!j.is_string() || !base64(j, decoded)) return bad("expected base64");
        s.assign(decoded.begin(), decoded.end());
        return success();
      };
      a.kind = key == "bytes" ? Attribute::String : Attribute::Strings;
      return key == "bytes" ? bytes(*value, a.strings.emplace_back()) : list(*value, a.strings, bytes);
    }
    const auto *it = find_if(kinds, [&](const auto &k) { return k.first == key; });
    if (it == std::end(kinds)) return bad("unknown kind of attribute " + quote(key));
    a.kind = it->second;
    auto oneGraph = [&](const Json &j, std::shared_ptr<Graph> &g) {
      return graph(j, *(g = std::make_shared<Graph>()));
    };
    switch (a.kind) {
    case Attribute::Undefined:
      return success();
    case Attribute::Float:
      return number(*value, a.floats.emplace_back());
    case Attribute::Int:
      return integer(*value, a.ints.emplace_back());
    case Attribute::String:
      return string(*value, a.strings.emplace_back());
    case Attribute::TensorValue:
      return tensor(*value, a.tensors.emplace_back());
    case Attribute::GraphValue:
      return oneGraph(*value, a.graphs.emplace_back());
    case Attribute::Floats:
      return list(*value, a.floats, [&](const Json &j, float &v) { return number(j, v); });
    case Attribute::Ints:
      return list(*value, a.ints, [&](const Json &j, int64_t &v) { return integer(j, v); });
    case Attribute::Strings:
      return list(*value, a.strings, [&](const Json &j, std::string &s) { return string(j, s); });
    case Attribute::Tensors:
      return list(*value, a.tensors, [&](const Json &j, Tensor &t) { return tensor(j, t); });
    case Attribute::Graphs:
      return list(*value, a.graphs, oneGraph);
    case Attribute::Sparse:
      return sparse(*value, a.sparse.emplace_back());
    case Attribute::Sparses:
      return list(*value, a.sparse, [&](const Json &j, SparseTensor &s) { return sparse(j, s); });
    case Attribute::TypeValue:
      return type(*value, a.types.emplace_back());
    case Attribute::Types:
      return list(*value, a.types, [&](const Json &j, Type &t) { return type(j, t); });
    }
    return success();
  }

  LogicalResult shape(const Json &in, std::vector<Dim> &out) {
    return list(in, out, [&](const Json &j, Dim &d) -> LogicalResult {
      const Json *dim = &j;
      if (j.is_object()) {
        if (failed(keys(j, {"dim", "denotation"})) || failed(text(j, "denotation", d.denotation)))
          return failure();
        auto it = j.find("dim");
        if (it == j.end()) return success();
        dim = &*it;
      }
      if (dim->is_null()) return success();
      if (dim->is_string()) {
        d.kind = Dim::Param;
        if (failed(string(*dim, d.param))) return failure();
        return isName(d.param) ? success()
                               : bad("a name must not hold control characters: " + quote(d.param));
      }
      d.kind = Dim::Value;
      return integer(*dim, d.value);
    });
  }

  /// The keys that say a type: "dtype" and "shape" for a tensor, or one of the others.
  LogicalResult type(const Json &in, Type &out) {
    if (failed(keys(in, {"dtype", "shape", "denotation", "sequence", "optional", "map", "sparse", "opaque"})))
      return failure();
    return typeKeys(in, out);
  }
  LogicalResult typeKeys(const Json &in, Type &out) {
    if (++depth > maxDepth) return bad("types are nested too deeply");
    llvm::scope_exit leave([&] { --depth; });
    if (failed(text(in, "denotation", out.denotation))) return failure();
    auto tensorKeys = [&](const Json &j, Type::Kind kind) -> LogicalResult {
      out.kind = kind;
      if (failed(dtype(j, out.element))) return failure();
      auto it = j.find("shape");
      if (it == j.end()) return success();
      At at(*this, "shape");
      return shape(*it, out.shape.emplace());
    };
    auto inner = [&](const Json &j, Type::Kind kind) {
      out.kind = kind;
      out.inner = std::make_unique<Type>();
      return type(j, *out.inner);
    };
    if (in.contains("dtype")) return tensorKeys(in, Type::TensorType);
    if (auto it = in.find("sequence"); it != in.end()) return inner(*it, Type::Sequence);
    if (auto it = in.find("optional"); it != in.end()) return inner(*it, Type::Optional);
    if (auto it = in.find("sparse"); it != in.end()) {
      if (failed(keys(*it, {"dtype", "shape"}))) return failure();
      return tensorKeys(*it, Type::SparseTensorType);
    }
    if (auto it = in.find("map"); it != in.end()) {
      if (failed(keys(*it, {"dtype", "value"})) || failed(dtype(*it, out.element))) return failure();
      if (!it->contains("value")) return bad("a map needs a \"value\"");
      return inner((*it)["value"], Type::Map);
    }
    if (auto it = in.find("opaque"); it != in.end()) {
      out.kind = Type::Opaque;
      if (failed(keys(*it, {"domain", "name"})) || failed(text(*it, "domain", out.domain))) return failure();
      return text(*it, "name", out.name);
    }
    return success();
  }

  LogicalResult valueInfo(const Json &in, ValueInfo &out) {
    if (failed(keys(in, {"name", "doc", "metadata", "dtype", "shape", "denotation", "sequence", "optional",
                         "map", "sparse", "opaque"})) ||
        failed(name(in, "name", out.name)) || failed(text(in, "doc", out.doc)) ||
        failed(properties(in, out.metadata)))
      return failure();
    return typeKeys(in, out.type);
  }

  unsigned depth = 0;
};

} // namespace

FailureOr<Model> readJson(StringRef path, bool followLinks, std::string &error) {
  auto file = openFile(path, error);
  if (failed(file)) return failure();
  // A callback would be needed for the position of a syntax error; the SAX interface gives it at once.
  struct Sax : nlohmann::detail::json_sax_dom_parser<Json> {
    Sax(Json &root) : json_sax_dom_parser(root, /*allow_exceptions_=*/false) {}
    size_t position = 0;
    bool parse_error(size_t at, const std::string &, const nlohmann::detail::exception &) {
      position = at;
      return false;
    }
  };
  Json root;
  Sax sax(root);
  if (!Json::sax_parse(file->bytes.begin(), file->bytes.end(), &sax)) {
    size_t line = 1 + std::count(file->bytes.begin(),
                                 file->bytes.begin() + std::min(sax.position, file->bytes.size()), '\n');
    return fail(error, path + ": line " + Twine(line) + ": not valid JSON (syntax error at byte " +
                           Twine(sax.position) + ")");
  }
  DataFolder folder(path, followLinks);
  Model model;
  if (failed(JsonReader(folder, error).model(root, model))) {
    error = (path + ": " + error).str();
    return failure();
  }
  return model;
}

} // namespace girih::model
