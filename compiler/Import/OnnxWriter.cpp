#include "compiler/Import/Files.h"
#include "compiler/Import/ModelIO.h"
#include "compiler/Support/OutputFile.h"
#include "onnx-ml.pb.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace girih::model {

namespace {

void setProperties(const Properties &in,
                   google::protobuf::RepeatedPtrField<onnx::StringStringEntryProto> *out) {
  for (const auto &[key, value] : in) {
    auto *p = out->Add();
    p->set_key(key);
    p->set_value(value);
  }
}

/// proto2 tells an absent string from an empty one; both mean the same in ONNX, and the short form is
/// written.
#define SET_TEXT(message, field, text)                                                                       \
  if (!(text).empty()) (message)->set_##field(text)

class OnnxWriter {
public:
  /// With `location`, large tensors are written there, and `external` lists them with their offsets.
  explicit OnnxWriter(std::string location) : location(std::move(location)) {}

  void model(const Model &in, onnx::ModelProto *out) {
    out->set_ir_version(in.irVersion);
    if (in.modelVersion) out->set_model_version(in.modelVersion);
    SET_TEXT(out, producer_name, in.producer);
    SET_TEXT(out, producer_version, in.producerVersion);
    SET_TEXT(out, domain, in.domain);
    SET_TEXT(out, doc_string, in.doc);
    setProperties(in.metadata, out->mutable_metadata_props());
    opsets(in.opsets, out->mutable_opset_import());
    graph(in.graph, out->mutable_graph());
    for (const Function &f : in.functions)
      function(f, out->add_functions());
  }

  /// Tensors in the file beside the model, each at a multiple of 64 bytes.
  ExternalData external;

private:
  void opsets(const std::vector<std::pair<std::string, int64_t>> &in,
              google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> *out) {
    for (const auto &[domain, version] : in) {
      auto *o = out->Add();
      o->set_domain(domain);
      o->set_version(version);
    }
  }

  void function(const Function &in, onnx::FunctionProto *out) {
    out->set_name(in.name);
    out->set_domain(in.domain);
    SET_TEXT(out, overload, in.overload);
    SET_TEXT(out, doc_string, in.doc);
    for (const auto &s : in.inputs)
      out->add_input(s);
    for (const auto &s : in.outputs)
      out->add_output(s);
    for (const auto &s : in.attributes)
      out->add_attribute(s);
    for (const auto &a : in.defaults)
      attribute(a, out->add_attribute_proto());
    for (const auto &n : in.nodes)
      node(n, out->add_node());
    for (const auto &v : in.values)
      valueInfo(v, out->add_value_info());
    opsets(in.opsets, out->mutable_opset_import());
    setProperties(in.metadata, out->mutable_metadata_props());
  }

  void graph(const Graph &in, onnx::GraphProto *out) {
    out->set_name(in.name);
    SET_TEXT(out, doc_string, in.doc);
    for (const auto &n : in.nodes)
      node(n, out->add_node());
    for (const auto &t : in.initializers)
      tensor(t, out->add_initializer());
    for (const auto &s : in.sparseInitializers)
      sparse(s, out->add_sparse_initializer());
    for (const auto &v : in.inputs)
      valueInfo(v, out->add_input());
    for (const auto &v : in.outputs)
      valueInfo(v, out->add_output());
    for (const auto &v : in.values)
      valueInfo(v, out->add_value_info());
    for (const auto &[name, parameters] : in.quantization) {
      auto *q = out->add_quantization_annotation();
      q->set_tensor_name(name);
      setProperties(parameters, q->mutable_quant_parameter_tensor_names());
    }
    setProperties(in.metadata, out->mutable_metadata_props());
  }

  void node(const Node &in, onnx::NodeProto *out) {
    out->set_op_type(in.op);
    SET_TEXT(out, name, in.name);
    SET_TEXT(out, domain, in.domain);
    SET_TEXT(out, overload, in.overload);
    SET_TEXT(out, doc_string, in.doc);
    for (const auto &s : in.inputs)
      out->add_input(s);
    for (const auto &s : in.outputs)
      out->add_output(s);
    for (const auto &a : in.attributes)
      attribute(a, out->add_attribute());
    setProperties(in.metadata, out->mutable_metadata_props());
  }

  void attribute(const Attribute &in, onnx::AttributeProto *out) {
    out->set_name(in.name);
    SET_TEXT(out, doc_string, in.doc);
    SET_TEXT(out, ref_attr_name, in.refName);
    out->set_type(static_cast<onnx::AttributeProto::AttributeType>(in.kind));
    if (!in.refName.empty()) return;
    switch (in.kind) {
    case Attribute::Undefined:
      break;
    case Attribute::Float:
      out->set_f(in.floats[0]);
      break;
    case Attribute::Int:
      out->set_i(in.ints[0]);
      break;
    case Attribute::String:
      out->set_s(in.strings[0]);
      break;
    case Attribute::TensorValue:
      tensor(in.tensors[0], out->mutable_t());
      break;
    case Attribute::GraphValue:
      graph(*in.graphs[0], out->mutable_g());
      break;
    case Attribute::Floats:
      out->mutable_floats()->Add(in.floats.begin(), in.floats.end());
      break;
    case Attribute::Ints:
      out->mutable_ints()->Add(in.ints.begin(), in.ints.end());
      break;
    case Attribute::Strings:
      for (const auto &s : in.strings)
        out->add_strings(s);
      break;
    case Attribute::Tensors:
      for (const auto &t : in.tensors)
        tensor(t, out->add_tensors());
      break;
    case Attribute::Graphs:
      for (const auto &g : in.graphs)
        graph(*g, out->add_graphs());
      break;
    case Attribute::Sparse:
      sparse(in.sparse[0], out->mutable_sparse_tensor());
      break;
    case Attribute::Sparses:
      for (const auto &s : in.sparse)
        sparse(s, out->add_sparse_tensors());
      break;
    case Attribute::TypeValue:
      type(in.types[0], out->mutable_tp());
      break;
    case Attribute::Types:
      for (const auto &t : in.types)
        type(t, out->add_type_protos());
      break;
    }
  }

  void sparse(const SparseTensor &in, onnx::SparseTensorProto *out) {
    tensor(in.values, out->mutable_values());
    tensor(in.indices, out->mutable_indices());
    for (int64_t d : in.dims)
      out->add_dims(d);
  }

  void tensor(const Tensor &in, onnx::TensorProto *out) {
    SET_TEXT(out, name, in.name);
    SET_TEXT(out, doc_string, in.doc);
    for (int64_t d : in.dims)
      out->add_dims(d);
    out->set_data_type(static_cast<int32_t>(in.type));
    setProperties(in.metadata, out->mutable_metadata_props());
    if (in.type == DType::String) {
      for (const auto &s : in.strings)
        out->add_string_data(s);
      return;
    }
    if (location.empty() || in.data.size() <= maxInline) {
      out->set_raw_data(in.data.data(), in.data.size());
      return;
    }
    out->set_data_location(onnx::TensorProto::EXTERNAL);
    auto entry = [&](const char *key, const std::string &value) {
      auto *p = out->add_external_data();
      p->set_key(key);
      p->set_value(value);
    };
    entry("location", location);
    entry("offset", std::to_string(end));
    entry("length", std::to_string(in.data.size()));
    external.emplace_back(end, in.data);
    end = alignTo(end + in.data.size(), 64);
  }

  void type(const Type &in, onnx::TypeProto *out) {
    SET_TEXT(out, denotation, in.denotation);
    auto tensorType = [&](auto *t) {
      t->set_elem_type(static_cast<int32_t>(in.element));
      if (!in.shape) return;
      auto *shape = t->mutable_shape();
      for (const Dim &d : *in.shape) {
        auto *dim = shape->add_dim();
        SET_TEXT(dim, denotation, d.denotation);
        if (d.kind == Dim::Value) dim->set_dim_value(d.value);
        if (d.kind == Dim::Param) dim->set_dim_param(d.param);
      }
    };
    switch (in.kind) {
    case Type::None:
      break;
    case Type::TensorType:
      tensorType(out->mutable_tensor_type());
      break;
    case Type::SparseTensorType:
      tensorType(out->mutable_sparse_tensor_type());
      break;
    case Type::Sequence:
      type(*in.inner, out->mutable_sequence_type()->mutable_elem_type());
      break;
    case Type::Optional:
      type(*in.inner, out->mutable_optional_type()->mutable_elem_type());
      break;
    case Type::Map:
      out->mutable_map_type()->set_key_type(static_cast<int32_t>(in.element));
      type(*in.inner, out->mutable_map_type()->mutable_value_type());
      break;
    case Type::Opaque:
      out->mutable_opaque_type()->set_domain(in.domain);
      out->mutable_opaque_type()->set_name(in.name);
      break;
    }
  }

  void valueInfo(const ValueInfo &in, onnx::ValueInfoProto *out) {
    out->set_name(in.name);
    SET_TEXT(out, doc_string, in.doc);
    setProperties(in.metadata, out->mutable_metadata_props());
    if (in.type.kind != Type::None || !in.type.denotation.empty()) type(in.type, out->mutable_type());
  }

  static constexpr size_t maxInline = 64;
  std::string location;
  uint64_t end = 0;
};
#undef SET_TEXT

} // namespace

LogicalResult writeOnnx(const Model &model, StringRef path, const WriteOptions &options, std::string &error) {
  uint64_t total = 0;
  forEachTensor(model, [&](const Tensor &t) { total += t.data.size(); });
  constexpr uint64_t maxMessage = 1900u << 20; // protobuf's limit is 2 GB for all of it
  if (options.externalData == false && total > maxMessage)
    return fail(error, path + ": the weights take " + Twine(total >> 20) +
                           " MB, and an ONNX file holds at most 2 GB: use external data");
  bool isExternal = options.externalData.value_or(total > maxMessage);
  std::string dataPath = (path + ".data").str();
  OnnxWriter writer(isExternal ? sys::path::filename(dataPath).str() : "");
  onnx::ModelProto proto;
  writer.model(model, &proto);
  auto write = [&](raw_ostream &os) -> Error {
    std::string bytes;
    if (!proto.SerializeToString(&bytes))
      return createStringError(path + ": protobuf cannot serialize the model");
    os << bytes;
    return Error::success();
  };
  if (Error e = isExternal ? writeWithData(path, write, dataPath, writer.external) : writeFile(path, write))
    return fail(error, toString(std::move(e)));
  return success();
}

} // namespace girih::model
