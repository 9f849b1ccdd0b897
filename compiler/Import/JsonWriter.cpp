#include "compiler/Import/Files.h"
#include "compiler/Import/ModelIO.h"
#include "compiler/Support/OutputFile.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <charconv>
#include <cmath>
#include <cstring>

using namespace llvm;

namespace girih::model {

namespace {

/// Writes the format of docs/json-format.md: one line for each input, weight and node, so that models can be
/// read and compared.
class JsonWriter {
public:
  JsonWriter(raw_ostream &os, std::string location) : os(os), location(std::move(location)) {}

  void model(const Model &m) {
    os << "{\"format\": \"girih-graph\", \"version\": 1, \"ir_version\": " << m.irVersion;
    if (m.modelVersion) os << ", \"model_version\": " << m.modelVersion;
    text(", ", "producer", m.producer);
    text(", ", "producer_version", m.producerVersion);
    text(", ", "domain", m.domain);
    text(", ", "doc", m.doc);
    os << ",\n \"opsets\": ";
    opsets(m.opsets);
    properties(m.metadata);
    os << ",\n \"graph\": ";
    graph(m.graph, 1);
    if (!m.functions.empty()) {
      os << ",\n \"functions\": [";
      for (const auto &[i, f] : enumerate(m.functions)) {
        os << (i ? ",\n  " : "\n  ");
        function(f);
      }
      os << "]";
    }
    os << "}\n";
  }

  ExternalData external;

private:
  void string(StringRef s) { json::OStream(os).value(json::fixUTF8(s)); }
  void text(StringRef before, StringRef key, StringRef value) {
    if (value.empty()) return;
    os << before << '"' << key << "\": ";
    string(value);
  }
  template <typename List, typename Fn> void list(const List &items, Fn write) {
    os << '[';
    for (const auto &[i, item] : enumerate(items)) {
      if (i) os << ", ";
      write(item);
    }
    os << ']';
  }
  void strings(ArrayRef<std::string> items) {
    list(items, [&](const std::string &s) { string(s); });
  }
  void ints(ArrayRef<int64_t> items) {
    list(items, [&](int64_t v) { os << v; });
  }
  void properties(const Properties &p, StringRef key = "metadata") {
    if (p.empty()) return;
    os << ", \"" << key << "\": {";
    for (const auto &[i, entry] : enumerate(p)) {
      if (i) os << ", ";
      string(entry.first);
      os << ": ";
      string(entry.second);
    }
    os << '}';
  }
  void opsets(const std::vector<std::pair<std::string, int64_t>> &items) {
    os << '{';
    for (const auto &[i, o] : enumerate(items)) {
      if (i) os << ", ";
      string(o.first);
      os << ": " << o.second;
    }
    os << '}';
  }

  /// The shortest text that reads back as `v`, with a point, so that it stays a float.
  template <typename T> void number(T v) {
    if (!std::isfinite(v)) {
      os << (std::isnan(v) ? "\"nan\"" : v > 0 ? "\"inf\"" : "\"-inf\"");
      return;
    }
    char buffer[64];
    auto [end, ec] = std::to_chars(buffer, buffer + sizeof(buffer), v);
    StringRef s(buffer, end - buffer);
    os << s;
    if (s.find_first_of(".e") == StringRef::npos) os << ".0";
  }

  /// Objects one a line, at `depth` blanks.
  template <typename List, typename Fn>
  void lines(StringRef key, const List &items, unsigned depth, Fn write) {
    if (items.empty()) return;
    os << ",\n";
    os.indent(depth + 1) << '"' << key << "\": [";
    for (const auto &[i, item] : enumerate(items)) {
      os << (i ? ",\n" : "\n");
      os.indent(depth + 2);
      write(item);
    }
    os << ']';
  }

  void graph(const Graph &g, unsigned depth) {
    os << "{\"name\": ";
    string(g.name);
    text(", ", "doc", g.doc);
    properties(g.metadata);
    auto value = [&](const ValueInfo &v) { valueInfo(v); };
    lines("inputs", g.inputs, depth, value);
    lines("outputs", g.outputs, depth, value);
    lines("weights", g.initializers, depth, [&](const Tensor &t) { tensor(t); });
    lines("sparse_weights", g.sparseInitializers, depth, [&](const SparseTensor &s) { sparse(s); });
    lines("nodes", g.nodes, depth, [&](const Node &n) { node(n, depth + 2); });
    lines("values", g.values, depth, value);
    lines("quantization", g.quantization, depth, [&](const std::pair<std::string, Properties> &q) {
      os << "{\"name\": ";
      string(q.first);
      properties(q.second, "parameters");
      os << '}';
    });
    os << '}';
  }

  void function(const Function &f) {
    os << "{\"name\": ";
    string(f.name);
    text(", ", "domain", f.domain);
    text(", ", "overload", f.overload);
    text(", ", "doc", f.doc);
    os << ", \"inputs\": ";
    strings(f.inputs);
    os << ", \"outputs\": ";
    strings(f.outputs);
    os << ", \"attributes\": ";
    strings(f.attributes);
    os << ", \"opsets\": ";
    opsets(f.opsets);
    if (!f.defaults.empty()) {
      os << ", \"defaults\": ";
      attributes(f.defaults, 3);
    }
    properties(f.metadata);
    lines("nodes", f.nodes, 2, [&](const Node &n) { node(n, 4); });
    lines("values", f.values, 2, [&](const ValueInfo &v) { valueInfo(v); });
    os << '}';
  }

  void node(const Node &n, unsigned depth) {
    os << "{\"op\": ";
    string(n.op);
    text(", ", "name", n.name);
    text(", ", "domain", n.domain);
    text(", ", "overload", n.overload);
    os << ", \"inputs\": ";
    strings(n.inputs);
    os << ", \"outputs\": ";
    strings(n.outputs);
    if (!n.attributes.empty()) {
      os << ", \"attributes\": ";
      attributes(n.attributes, depth);
    }
    text(", ", "doc", n.doc);
    properties(n.metadata);
    os << '}';
  }

  void attributes(const std::vector<Attribute> &items, unsigned depth) {
    os << '{';
    for (const auto &[i, a] : enumerate(items)) {
      if (i) os << ", ";
      string(a.name);
      os << ": ";
      attribute(a, depth);
    }
    os << '}';
  }

  static StringRef kindName(Attribute::Kind kind) {
    static constexpr StringLiteral names[] = {"undefined", "float",  "int",     "string",  "tensor",
                                              "graph",     "floats", "ints",    "strings", "tensors",
                                              "graphs",    "sparse", "sparses", "type",    "types"};
    return names[kind];
  }

  /// Whether the JSON value says the kind by itself; else it is wrapped in {"kind": value}.
  static bool isPlain(const Attribute &a) {
    if (!a.doc.empty()) return false;
    auto isText = [](const std::string &s) { return json::isUTF8(s); };
    switch (a.kind) {
    case Attribute::Int:
      return true;
    case Attribute::Float:
      return std::isfinite(a.floats[0]);
    case Attribute::String:
      return isText(a.strings[0]);
    case Attribute::Ints:
      return !a.ints.empty();
    case Attribute::Floats:
      return !a.floats.empty() && all_of(a.floats, [](float v) { return std::isfinite(v); });
    case Attribute::Strings:
      return !a.strings.empty() && all_of(a.strings, isText);
    default:
      return false;
    }
  }

  void attribute(const Attribute &a, unsigned depth) {
    if (!a.refName.empty()) {
      os << "{\"ref\": ";
      string(a.refName);
      os << ", \"kind\": \"" << kindName(a.kind) << '"';
      text(", ", "doc", a.doc);
      os << '}';
      return;
    }
    bool plain = isPlain(a);
    bool isBytes = (a.kind == Attribute::String || a.kind == Attribute::Strings) &&
                   !all_of(a.strings, [](const std::string &s) { return json::isUTF8(s); });
    if (!plain) {
      os << "{\""
         << (!isBytes                      ? kindName(a.kind)
             : a.kind == Attribute::String ? "bytes"
                                           : "bytes_list")
         << "\": ";
    }
    auto bytes = [&](const std::string &s) { os << '"' << encodeBase64(s) << '"'; };
    switch (a.kind) {
    case Attribute::Undefined:
      os << "null";
      break;
    case Attribute::Float:
      number(a.floats[0]);
      break;
    case Attribute::Int:
      os << a.ints[0];
      break;
    case Attribute::String:
      isBytes ? bytes(a.strings[0]) : string(a.strings[0]);
      break;
    case Attribute::TensorValue:
      tensor(a.tensors[0]);
      break;
    case Attribute::GraphValue:
      graph(*a.graphs[0], depth);
      break;
    case Attribute::Floats:
      list(a.floats, [&](float v) { number(v); });
      break;
    case Attribute::Ints:
      ints(a.ints);
      break;
    case Attribute::Strings:
      isBytes ? list(a.strings, bytes) : strings(a.strings);
      break;
    case Attribute::Tensors:
      list(a.tensors, [&](const Tensor &t) { tensor(t); });
      break;
    case Attribute::Graphs:
      list(a.graphs, [&](const auto &g) { graph(*g, depth); });
      break;
    case Attribute::Sparse:
      sparse(a.sparse[0]);
      break;
    case Attribute::Sparses:
      list(a.sparse, [&](const SparseTensor &s) { sparse(s); });
      break;
    case Attribute::TypeValue:
      wholeType(a.types[0]);
      break;
    case Attribute::Types:
      list(a.types, [&](const Type &t) { wholeType(t); });
      break;
    }
    if (plain) return;
    text(", ", "doc", a.doc);
    os << '}';
  }

  void sparse(const SparseTensor &s) {
    os << "{\"shape\": ";
    ints(s.dims);
    os << ", \"values\": ";
    tensor(s.values);
    os << ", \"indices\": ";
    tensor(s.indices);
    os << '}';
  }

  //===-- Tensors ---------------------------------------------------------===//

  template <typename T> static T load(const char *p) {
    T v;
    std::memcpy(&v, p, sizeof(v));
    return v;
  }

  /// Element types that JSON numbers hold exactly.
  static bool isNumeric(DType type) {
    switch (type) {
    case DType::F32:
    case DType::F64:
    case DType::F16:
    case DType::BF16:
    case DType::Bool:
    case DType::I8:
    case DType::I16:
    case DType::I32:
    case DType::I64:
    case DType::U8:
    case DType::U16:
    case DType::U32:
    case DType::U64:
      return true;
    default:
      return false;
    }
  }

  static double half(const char *p, const fltSemantics &semantics) {
    return APFloat(semantics, APInt(16, load<uint16_t>(p))).convertToDouble();
  }

  void element(DType type, const char *p) {
    switch (type) {
    case DType::F32:
      return number(load<float>(p));
    case DType::F64:
      return number(load<double>(p));
    case DType::F16:
      return number(half(p, APFloat::IEEEhalf()));
    case DType::BF16:
      return number(half(p, APFloat::BFloat()));
    case DType::Bool:
      os << (*p ? "true" : "false");
      return;
    case DType::I8:
      os << int(load<int8_t>(p));
      return;
    case DType::I16:
      os << load<int16_t>(p);
      return;
    case DType::I32:
      os << load<int32_t>(p);
      return;
    case DType::I64:
      os << load<int64_t>(p);
      return;
    case DType::U8:
      os << unsigned(load<uint8_t>(p));
      return;
    case DType::U16:
      os << load<uint16_t>(p);
      return;
    case DType::U32:
      os << load<uint32_t>(p);
      return;
    case DType::U64:
      os << load<uint64_t>(p);
      return;
    default:
      return;
    }
  }

  /// NaNs have bits that a number does not say.
  static bool hasNan(const Tensor &t) {
    for (size_t i = 0; i < t.data.size(); i += dtypeBits(t.type) / 8) {
      const char *p = t.data.data() + i;
      if ((t.type == DType::F32 && std::isnan(load<float>(p))) ||
          (t.type == DType::F64 && std::isnan(load<double>(p))) ||
          (t.type == DType::F16 && std::isnan(half(p, APFloat::IEEEhalf()))) ||
          (t.type == DType::BF16 && std::isnan(half(p, APFloat::BFloat()))) ||
          (t.type == DType::Bool && uint8_t(*p) > 1))
        return true;
    }
    return false;
  }

  void nested(const Tensor &t, ArrayRef<int64_t> dims, const char *&p) {
    if (dims.empty()) {
      element(t.type, p);
      p += dtypeBits(t.type) / 8;
      return;
    }
    os << '[';
    for (int64_t i = 0; i < dims[0]; ++i) {
      if (i) os << ", ";
      nested(t, dims.drop_front(), p);
    }
    os << ']';
  }

  void tensor(const Tensor &t) {
    os << '{';
    if (!t.name.empty()) {
      text("", "name", t.name);
      os << ", ";
    }
    os << "\"dtype\": \"" << dtypeName(t.type) << "\", \"shape\": ";
    ints(t.dims);
    constexpr size_t maxNumbers = 64;
    if (t.type == DType::String) {
      os << ", \"data\": ";
      strings(t.strings);
    } else if (isNumeric(t.type) && t.data.size() * 8 / dtypeBits(t.type) <= maxNumbers &&
               t.dims.size() <= 16 && !hasNan(t)) {
      os << ", \"data\": ";
      const char *p = t.data.data();
      // A shape with a 0 in it may have very long other sizes: its list is empty.
      if (t.data.empty()) {
        os << "[]";
      } else {
        nested(t, t.dims, p);
      }
    } else if (location.empty() || t.data.size() <= maxNumbers) {
      os << ", \"base64\": \"" << encodeBase64(t.data) << '"';
    } else {
      text(", ", "file", location);
      os << ", \"offset\": " << end;
      external.emplace_back(end, t.data);
      end = alignTo(end + t.data.size(), 64);
    }
    text(", ", "doc", t.doc);
    properties(t.metadata);
    os << '}';
  }

  //===-- Types -----------------------------------------------------------===//

  void wholeType(const Type &t) {
    os << '{';
    type(t, "");
    os << '}';
  }

  /// The keys of a type, after `before`.
  void type(const Type &t, StringRef before) {
    auto tensorKeys = [&] {
      os << "\"dtype\": \"" << dtypeName(t.element) << '"';
      if (!t.shape) return;
      os << ", \"shape\": ";
      list(*t.shape, [&](const Dim &d) {
        if (!d.denotation.empty()) os << "{\"dim\": ";
        if (d.kind == Dim::Value) {
          os << d.value;
        } else if (d.kind == Dim::Param) {
          string(d.param);
        } else {
          os << "null";
        }
        if (d.denotation.empty()) return;
        text(", ", "denotation", d.denotation);
        os << '}';
      });
    };
    if (t.kind != Type::None) os << before;
    switch (t.kind) {
    case Type::None:
      break;
    case Type::TensorType:
      tensorKeys();
      break;
    case Type::SparseTensorType:
      os << "\"sparse\": {", tensorKeys(), os << '}';
      break;
    case Type::Sequence:
      os << "\"sequence\": ", wholeType(*t.inner);
      break;
    case Type::Optional:
      os << "\"optional\": ", wholeType(*t.inner);
      break;
    case Type::Map:
      os << "\"map\": {\"dtype\": \"" << dtypeName(t.element) << "\", \"value\": ";
      wholeType(*t.inner);
      os << '}';
      break;
    case Type::Opaque:
      os << "\"opaque\": {\"domain\": ";
      string(t.domain);
      os << ", \"name\": ";
      string(t.name);
      os << '}';
      break;
    }
    text(t.kind == Type::None ? before : ", ", "denotation", t.denotation);
  }

  void valueInfo(const ValueInfo &v) {
    os << "{\"name\": ";
    string(v.name);
    type(v.type, ", ");
    text(", ", "doc", v.doc);
    properties(v.metadata);
    os << '}';
  }

  raw_ostream &os;
  std::string location;
  uint64_t end = 0;
};

} // namespace

LogicalResult writeJson(const Model &model, StringRef path, const WriteOptions &options, std::string &error) {
  uint64_t total = 0;
  forEachTensor(model, [&](const Tensor &t) { total += t.data.size(); });
  constexpr uint64_t maxInline = 64u << 20;
  bool isExternal = options.externalData.value_or(total > maxInline);
  std::string dataPath = (path + ".data").str();
  ExternalData external;
  auto write = [&](raw_ostream &os) -> Error {
    JsonWriter writer(os, isExternal ? sys::path::filename(dataPath).str() : "");
    writer.model(model);
    external = std::move(writer.external);
    return Error::success();
  };
  if (Error e = isExternal ? writeWithData(path, write, dataPath, external) : writeFile(path, write))
    return fail(error, toString(std::move(e)));
  return success();
}

} // namespace girih::model
