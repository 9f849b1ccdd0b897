#include "compiler/Import/Files.h"
#include "compiler/Import/ModelIO.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Base64.h"
#include <cstring>
#include <nlohmann/json.hpp>

using namespace llvm;

namespace girih::model {

namespace {

// Keeps the file's order of attributes, and 1 apart from 1.0.
using Json = nlohmann::ordered_json;

/// Reads the format of docs/json-format.md. `path` is where the reader is, for messages: "graph.nodes[3].op".
class JsonReader {
public:
  JsonReader(DataFolder &folder, std::string &error) : folder(folder), error(error) {}

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
  /// Extends `path` for the time of a scope.
  struct At {
    At(JsonReader &reader, const Twine &part) : reader(reader), size(reader.path.size()) {
      SmallString<32> storage;
      StringRef s = part.toStringRef(storage);
      if (!reader.path.empty() && !s.starts_with("[")) reader.path += '.';
      reader.path += s;
    }
    ~At() { reader.path.resize(size); }
    JsonReader &reader;
    size_t size;
  };

  LogicalResult bad(const Twine &message) {
    return fail(error, (path.empty() ? "" : path + ": ") + message.str());
  }

  LogicalResult keys(const Json &in, std::initializer_list<StringRef> known) {
    if (!in.is_object()) return bad("expected an object");
    for (auto it = in.begin(); it != in.end(); ++it)
      if (!is_contained(known, it.key()))
        return bad("unknown key " + quote(it.key()) + "; known are " + join(known, ", "));
    return success();
  }

  LogicalResult string(const Json &in, std::string &out) {
    if (!in.is_string()) return bad("expected a string");
    out = in.get_ref<const std::string &>();
    return success();
  }
  LogicalResult text(const Json &in, const char *key, std::string &out) {
    auto it = in.find(key);
    if (it == in.end()) return success();
    At at(*this, key);
    return string(*it, out);
  }
  LogicalResult name(const Json &in, const char *key, std::string &out) {
    if (failed(text(in, key, out))) return failure();
    At at(*this, key);
    return isName(out) ? success() : bad("a name must not hold control characters: " + quote(out));
  }
  LogicalResult integer(const Json &in, int64_t &out) {
    if (!in.is_number_integer()) return bad("expected an integer");
    if (in.is_number_unsigned() && in.get<uint64_t>() > uint64_t(INT64_MAX))
      return bad("integer out of range");
    out = in.get<int64_t>();
    return success();
  }
  LogicalResult integer(const Json &in, const char *key, int64_t &out) {
    auto it = in.find(key);
    if (it == in.end()) return success();
    At at(*this, key);
    return integer(*it, out);
  }
  LogicalResult number(const Json &in, float &out) {
    double d;
    if (failed(number(in, d))) return failure();
    out = static_cast<float>(d);
    return success();
  }
  LogicalResult number(const Json &in, double &out) {
    if (in.is_string()) {
      StringRef s = in.get_ref<const std::string &>();
      if (s != "nan" && s != "inf" && s != "-inf")
        return bad("expected a number, \"nan\", \"inf\" or \"-inf\"");
      out = s == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
      if (s == "-inf") out = -out;
      return success();
    }
    if (!in.is_number()) return bad("expected a number");
    out = in.get<double>();
    return success();
  }

  template <typename T, typename Fn> LogicalResult list(const Json &in, std::vector<T> &out, Fn &&read) {
    if (!in.is_array()) return bad("expected a list");
    for (size_t i = 0; i < in.size(); ++i) {
      At at(*this, "[" + Twine(i) + "]");
      T item{};
      if (failed(read(in[i], item))) return failure();
      out.push_back(std::move(item));
    }
    return success();
  }
  template <typename T, typename Fn>
  LogicalResult each(const Json &in, const char *key, std::vector<T> &out, Fn &&read) {
    auto it = in.find(key);
    if (it == in.end()) return success();
    At at(*this, key);
    return list(*it, out, read);
  }
  LogicalResult names(const Json &in, const char *key, std::vector<std::string> &out) {
    return each(in, key, out, [&](const Json &j, std::string &s) {
      if (failed(string(j, s))) return failure();
      return isName(s) ? success() : bad("a name must not hold control characters: " + quote(s));
    });
  }
  LogicalResult integers(const Json &in, const char *key, std::vector<int64_t> &out) {
    return each(in, key, out, [&](const Json &j, int64_t &v) { return integer(j, v); });
  }

  LogicalResult properties(const Json &in, Properties &out, const char *key = "metadata") {
    auto it = in.find(key);
    if (it == in.end()) return success();
    At at(*this, key);
    if (!it->is_object()) return bad("expected an object");
    for (auto p = it->begin(); p != it->end(); ++p) {
      std::string value;
      if (failed(string(*p, value))) return failure();
      out.emplace_back(p.key(), std::move(value));
    }
    return success();
  }

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
      if (!isName(a.name)) return bad("a name must not hold control characters");
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
    auto oneGraph = [&](const Json &j, std::unique_ptr<Graph> &g) {
      return graph(j, *(g = std::make_unique<Graph>()));
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

  LogicalResult sparse(const Json &in, SparseTensor &out) {
    if (failed(keys(in, {"values", "indices", "shape"})) || failed(integers(in, "shape", out.dims)))
      return failure();
    if (!in.contains("values") || !in.contains("indices"))
      return bad("\"values\" and \"indices\" are needed");
    At at(*this, "values/indices");
    if (failed(tensor(in["values"], out.values))) return failure();
    return tensor(in["indices"], out.indices);
  }

  static bool base64(const Json &in, std::vector<char> &out) {
    Error e = decodeBase64(in.get_ref<const std::string &>(), out);
    bool ok = !e;
    consumeError(std::move(e));
    return ok;
  }

  LogicalResult dtype(const Json &in, DType &out) {
    std::string s;
    if (failed(text(in, "dtype", s))) return failure();
    auto t = parseDType(s);
    if (!t)
      return bad("\"dtype\" is " + quote(s) +
                 ", expected one of f32, f64, f16, bf16, i64, i32, u8, bool, ...");
    out = *t;
    return success();
  }

  LogicalResult tensor(const Json &in, Tensor &out) {
    if (failed(keys(
            in, {"name", "doc", "dtype", "shape", "data", "fill", "base64", "file", "offset", "metadata"})) ||
        failed(name(in, "name", out.name)) || failed(text(in, "doc", out.doc)) ||
        failed(dtype(in, out.type)) || failed(integers(in, "shape", out.dims)) ||
        failed(properties(in, out.metadata)))
      return failure();
    auto expected = dataSize(out.type, out.dims);
    if (!expected) return bad("tensor " + quote(out.name) + " has an impossible shape");
    auto store = [&](std::vector<char> &&bytes) {
      auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
      out.data = *owner;
      out.owner = std::move(owner);
    };
    if (auto it = in.find("base64"); it != in.end()) {
      std::vector<char> bytes;
      if (!it->is_string() || !base64(*it, bytes)) return bad("\"base64\" is not valid base64");
      store(std::move(bytes));
    } else if (auto it = in.find("file"); it != in.end()) {
      std::string location;
      int64_t offset = 0;
      if (failed(string(*it, location)) || failed(integer(in, "offset", offset))) return failure();
      if (offset < 0) return bad("\"offset\" is negative");
      auto data = folder.read(location, offset, *expected, error);
      if (failed(data)) return failure();
      out.data = data->bytes;
      out.owner = data->owner;
    } else if (auto it = in.find("data"); it != in.end()) {
      if (out.type == DType::String) {
        if (failed(
                each(in, "data", out.strings, [&](const Json &j, std::string &s) { return string(j, s); })))
          return failure();
        uint64_t count = 1;
        for (int64_t d : out.dims)
          count *= d;
        return out.strings.size() == count ? success() : bad("the shape needs " + Twine(count) + " strings");
      }
      std::vector<char> bytes;
      At at(*this, "data");
      if (failed(elements(*it, out.type, bytes, 0))) return failure();
      store(std::move(bytes));
    } else if (auto it = in.find("fill"); it != in.end()) {
      std::vector<char> one;
      At at(*this, "fill");
      if (*expected > maxFill) return bad("a tensor of " + Twine(*expected) + " bytes is too large to fill");
      if (failed(elements(*it, out.type, one, 0)) || one.empty()) return failure();
      std::vector<char> bytes(*expected);
      for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = one[i % one.size()];
      store(std::move(bytes));
    } else {
      return bad("tensor " + quote(out.name) + " needs \"data\", \"fill\", \"base64\" or \"file\"");
    }
    if (out.data.size() != *expected)
      return bad("tensor " + quote(out.name) + " has " + Twine(out.data.size()) + " bytes of data, but " +
                 Twine(*expected) + " are needed for its shape and type");
    return success();
  }

  /// Numbers, in lists nested in any way.
  LogicalResult elements(const Json &in, DType type, std::vector<char> &out, unsigned nesting) {
    if (in.is_array()) {
      if (nesting > maxDepth) return bad("lists are nested too deeply");
      for (const Json &j : in)
        if (failed(elements(j, type, out, nesting + 1))) return failure();
      return success();
    }
    auto put = [&](auto v) {
      const char *p = reinterpret_cast<const char *>(&v);
      out.insert(out.end(), p, p + sizeof(v));
      return success();
    };
    auto putFloat = [&](const fltSemantics &semantics, auto as) -> LogicalResult {
      double d;
      if (failed(number(in, d))) return failure();
      APFloat f(d);
      bool lost;
      f.convert(semantics, APFloat::rmNearestTiesToEven, &lost);
      return put(static_cast<decltype(as)>(f.bitcastToAPInt().getZExtValue()));
    };
    auto putInteger = [&](auto as) -> LogicalResult {
      using T = decltype(as);
      if (in.is_boolean()) return put(T(in.get<bool>()));
      if (!in.is_number_integer()) return bad("expected an integer");
      bool fits = in.is_number_unsigned() ? in.get<uint64_t>() <= uint64_t(std::numeric_limits<T>::max())
                                          : in.get<int64_t>() >= int64_t(std::numeric_limits<T>::min());
      return fits ? put(in.get<T>()) : bad("the number does not fit into " + dtypeName(type));
    };
    switch (type) {
    case DType::F32:
      return putFloat(APFloat::IEEEsingle(), uint32_t());
    case DType::F64:
      return putFloat(APFloat::IEEEdouble(), uint64_t());
    case DType::F16:
      return putFloat(APFloat::IEEEhalf(), uint16_t());
    case DType::BF16:
      return putFloat(APFloat::BFloat(), uint16_t());
    case DType::I8:
      return putInteger(int8_t());
    case DType::U8:
      return putInteger(uint8_t());
    case DType::I16:
      return putInteger(int16_t());
    case DType::U16:
      return putInteger(uint16_t());
    case DType::I32:
      return putInteger(int32_t());
    case DType::U32:
      return putInteger(uint32_t());
    case DType::I64:
      return putInteger(int64_t());
    case DType::U64:
      return putInteger(uint64_t());
    case DType::Bool:
      if (in.is_boolean()) return put(uint8_t(in.get<bool>()));
      if (in == 0 || in == 1) return put(uint8_t(in == 1));
      return bad("expected true or false");
    default:
      return bad("elements of type " + dtypeName(type) + " are given as \"base64\" or \"file\"");
    }
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
        return isName(d.param) ? success() : bad("a name must not hold control characters");
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

  static constexpr unsigned maxDepth = 64;
  static constexpr uint64_t maxFill = uint64_t(1) << 32;
  DataFolder &folder;
  std::string &error;
  std::string path;
  unsigned depth = 0;
};

} // namespace

FailureOr<Model> readJson(StringRef path, std::string &error) {
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
  DataFolder folder(path);
  Model model;
  if (failed(JsonReader(folder, error).model(root, model))) {
    error = (path + ": " + error).str();
    return failure();
  }
  return model;
}

} // namespace girih::model
