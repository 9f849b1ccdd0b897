#include "compiler/Import/Files.h"
#include "compiler/Import/ModelIO.h"
#include "onnx-ml.pb.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace girih::model {

namespace {

template <typename T> std::vector<T> toVector(const google::protobuf::RepeatedField<T> &field) {
  return {field.begin(), field.end()};
}

std::vector<std::string> toVector(google::protobuf::RepeatedPtrField<std::string> *field) {
  return {std::make_move_iterator(field->begin()), std::make_move_iterator(field->end())};
}

/// Moves a parsed protobuf into the model: names and raw data change owner and are not copied.
class OnnxReader {
public:
  OnnxReader(DataFolder &folder, std::string &error) : folder(folder), error(error) {}

  LogicalResult model(onnx::ModelProto &in, Model &out) {
    if (!in.has_graph()) return fail(error, "there is no graph in this file: is it an ONNX model?");
    if (in.training_info_size())
      return fail(error, "training information is not supported: export the model for inference");
    out.irVersion = in.ir_version();
    out.modelVersion = in.model_version();
    out.producer = std::move(*in.mutable_producer_name());
    out.producerVersion = std::move(*in.mutable_producer_version());
    out.domain = std::move(*in.mutable_domain());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    for (const auto &opset : in.opset_import())
      out.opsets.emplace_back(opset.domain(), opset.version());
    for (auto &f : *in.mutable_functions())
      if (failed(function(f, out.functions.emplace_back()))) return failure();
    return graph(*in.mutable_graph(), out.graph);
  }

private:
  LogicalResult name(const std::string &text, const char *what) {
    if (isName(text)) return success();
    return fail(error, Twine("the name of a ") + what +
                           (json::isUTF8(text) ? " holds a control character" : " is not valid UTF-8 text") +
                           ": " + quote(text) + "; give it another name");
  }

  Properties properties(google::protobuf::RepeatedPtrField<onnx::StringStringEntryProto> *in) {
    Properties out;
    for (auto &p : *in)
      out.emplace_back(std::move(*p.mutable_key()), std::move(*p.mutable_value()));
    return out;
  }

  LogicalResult function(onnx::FunctionProto &in, Function &out) {
    out.name = std::move(*in.mutable_name());
    out.domain = std::move(*in.mutable_domain());
    out.overload = std::move(*in.mutable_overload());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    out.inputs = toVector(in.mutable_input());
    out.outputs = toVector(in.mutable_output());
    out.attributes = toVector(in.mutable_attribute());
    if (failed(name(out.name, "function")) || failed(name(out.domain, "function's domain"))) return failure();
    for (const auto *list : {&out.inputs, &out.outputs, &out.attributes})
      for (const std::string &s : *list)
        if (failed(name(s, "value"))) return failure();
    for (const auto &opset : in.opset_import())
      out.opsets.emplace_back(opset.domain(), opset.version());
    for (auto &a : *in.mutable_attribute_proto())
      if (failed(attribute(a, out.defaults.emplace_back()))) return failure();
    for (auto &n : *in.mutable_node())
      if (failed(node(n, out.nodes.emplace_back()))) return failure();
    for (auto &v : *in.mutable_value_info())
      if (failed(valueInfo(v, out.values.emplace_back()))) return failure();
    return success();
  }

  LogicalResult graph(onnx::GraphProto &in, Graph &out) {
    out.name = std::move(*in.mutable_name());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    if (failed(name(out.name, "graph"))) return failure();
    out.nodes.resize(in.node_size());
    for (int i = 0; i < in.node_size(); ++i)
      if (failed(node(*in.mutable_node(i), out.nodes[i]))) return failure();
    out.initializers.resize(in.initializer_size());
    for (int i = 0; i < in.initializer_size(); ++i)
      if (failed(tensor(*in.mutable_initializer(i), out.initializers[i]))) return failure();
    for (auto &s : *in.mutable_sparse_initializer())
      if (failed(sparse(s, out.sparseInitializers.emplace_back()))) return failure();
    for (auto &v : *in.mutable_input())
      if (failed(valueInfo(v, out.inputs.emplace_back()))) return failure();
    for (auto &v : *in.mutable_output())
      if (failed(valueInfo(v, out.outputs.emplace_back()))) return failure();
    for (auto &v : *in.mutable_value_info())
      if (failed(valueInfo(v, out.values.emplace_back()))) return failure();
    for (auto &q : *in.mutable_quantization_annotation())
      out.quantization.emplace_back(q.tensor_name(), properties(q.mutable_quant_parameter_tensor_names()));
    return success();
  }

  LogicalResult node(onnx::NodeProto &in, Node &out) {
    out.name = std::move(*in.mutable_name());
    out.op = std::move(*in.mutable_op_type());
    out.domain = std::move(*in.mutable_domain());
    out.overload = std::move(*in.mutable_overload());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    out.inputs = toVector(in.mutable_input());
    out.outputs = toVector(in.mutable_output());
    if (failed(name(out.name, "node")) || failed(name(out.op, "node's operator")) ||
        failed(name(out.domain, "node's domain")))
      return failure();
    if (out.op.empty()) return fail(error, describe(out) + " has no operator");
    for (const auto *list : {&out.inputs, &out.outputs})
      for (const std::string &s : *list)
        if (failed(name(s, "value"))) return failure();
    out.attributes.resize(in.attribute_size());
    for (int i = 0; i < in.attribute_size(); ++i)
      if (failed(attribute(*in.mutable_attribute(i), out.attributes[i])))
        return fail(error, "attribute of " + describe(out));
    return success();
  }

  LogicalResult attribute(onnx::AttributeProto &in, Attribute &out) {
    out.name = std::move(*in.mutable_name());
    out.doc = std::move(*in.mutable_doc_string());
    out.refName = std::move(*in.mutable_ref_attr_name());
    if (failed(name(out.name, "attribute"))) return failure();
    out.kind = in.has_type() ? static_cast<Attribute::Kind>(in.type()) : guessKind(in);
    switch (out.kind) {
    case Attribute::Undefined:
      break;
    case Attribute::Float:
      out.floats = {in.f()};
      break;
    case Attribute::Int:
      out.ints = {in.i()};
      break;
    case Attribute::String:
      out.strings.push_back(std::move(*in.mutable_s()));
      break;
    case Attribute::TensorValue:
      return tensor(*in.mutable_t(), out.tensors.emplace_back());
    case Attribute::GraphValue:
      return graph(*in.mutable_g(), *out.graphs.emplace_back(std::make_shared<Graph>()));
    case Attribute::Floats:
      out.floats = toVector(in.floats());
      break;
    case Attribute::Ints:
      out.ints = toVector(in.ints());
      break;
    case Attribute::Strings:
      out.strings = toVector(in.mutable_strings());
      break;
    case Attribute::Tensors:
      for (auto &t : *in.mutable_tensors())
        if (failed(tensor(t, out.tensors.emplace_back()))) return failure();
      break;
    case Attribute::Graphs:
      for (auto &g : *in.mutable_graphs())
        if (failed(graph(g, *out.graphs.emplace_back(std::make_shared<Graph>())))) return failure();
      break;
    case Attribute::Sparse:
      return sparse(*in.mutable_sparse_tensor(), out.sparse.emplace_back());
    case Attribute::Sparses:
      for (auto &s : *in.mutable_sparse_tensors())
        if (failed(sparse(s, out.sparse.emplace_back()))) return failure();
      break;
    case Attribute::TypeValue:
      return type(*in.mutable_tp(), out.types.emplace_back());
    case Attribute::Types:
      for (auto &t : *in.mutable_type_protos())
        if (failed(type(t, out.types.emplace_back()))) return failure();
      break;
    }
    return success();
  }

  /// Models from before IR version 2 do not state the kind.
  static Attribute::Kind guessKind(const onnx::AttributeProto &in) {
    return in.has_f()          ? Attribute::Float
           : in.has_i()        ? Attribute::Int
           : in.has_s()        ? Attribute::String
           : in.has_t()        ? Attribute::TensorValue
           : in.has_g()        ? Attribute::GraphValue
           : in.floats_size()  ? Attribute::Floats
           : in.ints_size()    ? Attribute::Ints
           : in.strings_size() ? Attribute::Strings
           : in.tensors_size() ? Attribute::Tensors
           : in.graphs_size()  ? Attribute::Graphs
                               : Attribute::Undefined;
  }

  LogicalResult sparse(onnx::SparseTensorProto &in, SparseTensor &out) {
    out.dims = toVector(in.dims());
    if (failed(tensor(*in.mutable_values(), out.values))) return failure();
    return tensor(*in.mutable_indices(), out.indices);
  }

  /// Copies typed data ("float_data", ...) as T, narrowing each element.
  template <typename T, typename Field> void typedData(const Field &field, Tensor &out) {
    auto bytes = std::make_shared<std::vector<char>>(field.size() * sizeof(T));
    T *p = reinterpret_cast<T *>(bytes->data());
    for (auto v : field)
      *p++ = static_cast<T>(v);
    out.data = *bytes;
    out.owner = std::move(bytes);
  }

  LogicalResult tensor(onnx::TensorProto &in, Tensor &out) {
    out.name = std::move(*in.mutable_name());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    out.dims = toVector(in.dims());
    out.type = static_cast<DType>(in.data_type());
    if (failed(name(out.name, "tensor"))) return failure();
    std::string who = "tensor " + quote(out.name);
    if (in.has_segment()) return fail(error, who + " is stored in segments, which is not supported");
    if (out.type != DType::String && !dtypeBits(out.type))
      return fail(error,
                  who + " has element type " + Twine(in.data_type()) + ", which this version does not know");
    auto expected = dataSize(out.type, out.dims);
    if (!expected)
      return fail(error, who + " has an impossible shape: [" +
                             join(map_range(out.dims, [](int64_t d) { return std::to_string(d); }), ", ") +
                             "]");
    if (in.data_location() == onnx::TensorProto::EXTERNAL) {
      if (failed(external(in, *expected, out, who))) return failure();
    } else if (out.type == DType::String) {
      out.strings = toVector(in.mutable_string_data());
      uint64_t count = 1;
      for (int64_t d : out.dims)
        count *= d;
      if (out.strings.size() != count)
        return fail(error, who + " has " + Twine(out.strings.size()) + " strings, but its shape needs " +
                               Twine(count));
      return success();
    } else if (in.has_raw_data()) {
      std::shared_ptr<std::string> owner(in.release_raw_data());
      out.data = ArrayRef<char>(owner->data(), owner->size());
      out.owner = std::move(owner);
    } else {
      switch (out.type) {
      case DType::F32:
      case DType::C64:
        typedData<float>(in.float_data(), out);
        break;
      case DType::F64:
      case DType::C128:
        typedData<double>(in.double_data(), out);
        break;
      case DType::I64:
        typedData<int64_t>(in.int64_data(), out);
        break;
      case DType::U64:
        typedData<uint64_t>(in.uint64_data(), out);
        break;
      case DType::U32:
        typedData<uint32_t>(in.uint64_data(), out);
        break;
      case DType::I32:
        typedData<int32_t>(in.int32_data(), out);
        break;
      case DType::I16:
      case DType::U16:
      case DType::F16:
      case DType::BF16:
        typedData<uint16_t>(in.int32_data(), out);
        break;
      default:
        typedData<uint8_t>(in.int32_data(), out);
        break;
      }
    }
    if (out.data.size() != *expected)
      return fail(error, who + " has " + Twine(out.data.size()) + " bytes of data, but " + Twine(*expected) +
                             " are needed for its shape and type: the file is damaged or cut off");
    return success();
  }

  LogicalResult external(const onnx::TensorProto &in, uint64_t expected, Tensor &out,
                         const std::string &who) {
    StringRef location;
    uint64_t offset = 0;
    std::optional<uint64_t> length;
    for (const auto &p : in.external_data()) {
      uint64_t number = 0;
      bool isNumber = p.key() == "offset" || p.key() == "length";
      if (isNumber && StringRef(p.value()).getAsInteger(10, number))
        return fail(error, who + ": " + p.key() + " of its external data is no number: " + quote(p.value()));
      if (p.key() == "location") location = p.value();
      if (p.key() == "offset") offset = number;
      if (p.key() == "length") length = number;
    }
    if (out.type == DType::String) return fail(error, who + ": strings cannot be external data");
    if (length && *length != expected)
      return fail(error, who + " has " + Twine(*length) +
                             " bytes of external data, but its shape and type need " + Twine(expected));
    auto data = folder.read(location, offset, expected, error);
    if (failed(data)) {
      error = who + ": " + error;
      return failure();
    }
    out.data = data->bytes;
    out.owner = data->owner;
    return success();
  }

  LogicalResult shape(onnx::TensorShapeProto &in, std::vector<Dim> &out) {
    for (auto &d : *in.mutable_dim()) {
      Dim &dim = out.emplace_back();
      dim.denotation = std::move(*d.mutable_denotation());
      if (d.value_case() == onnx::TensorShapeProto::Dimension::kDimValue) {
        dim.kind = Dim::Value;
        dim.value = d.dim_value();
      } else if (d.value_case() == onnx::TensorShapeProto::Dimension::kDimParam) {
        dim.kind = Dim::Param;
        dim.param = std::move(*d.mutable_dim_param());
        if (failed(name(dim.param, "dimension"))) return failure();
      }
    }
    return success();
  }

  LogicalResult type(onnx::TypeProto &in, Type &out) {
    out.denotation = std::move(*in.mutable_denotation());
    auto inner = [&](onnx::TypeProto *t) {
      out.inner = std::make_unique<Type>();
      return type(*t, *out.inner);
    };
    auto tensorType = [&](auto *t, Type::Kind kind) -> LogicalResult {
      out.kind = kind;
      out.element = static_cast<DType>(t->elem_type());
      if (dtypeName(out.element) == "unknown")
        return fail(error,
                    "element type " + Twine(t->elem_type()) + " is one that this version does not know");
      if (!t->has_shape()) return success();
      return shape(*t->mutable_shape(), out.shape.emplace());
    };
    switch (in.value_case()) {
    case onnx::TypeProto::kTensorType:
      return tensorType(in.mutable_tensor_type(), Type::TensorType);
    case onnx::TypeProto::kSparseTensorType:
      return tensorType(in.mutable_sparse_tensor_type(), Type::SparseTensorType);
    case onnx::TypeProto::kSequenceType:
      out.kind = Type::Sequence;
      return inner(in.mutable_sequence_type()->mutable_elem_type());
    case onnx::TypeProto::kOptionalType:
      out.kind = Type::Optional;
      return inner(in.mutable_optional_type()->mutable_elem_type());
    case onnx::TypeProto::kMapType:
      out.kind = Type::Map;
      out.element = static_cast<DType>(in.map_type().key_type());
      return inner(in.mutable_map_type()->mutable_value_type());
    case onnx::TypeProto::kOpaqueType:
      out.kind = Type::Opaque;
      out.domain = in.opaque_type().domain();
      out.name = in.opaque_type().name();
      return success();
    case onnx::TypeProto::VALUE_NOT_SET:
      return success();
    }
    return success();
  }

  LogicalResult valueInfo(onnx::ValueInfoProto &in, ValueInfo &out) {
    out.name = std::move(*in.mutable_name());
    out.doc = std::move(*in.mutable_doc_string());
    out.metadata = properties(in.mutable_metadata_props());
    if (failed(name(out.name, "value"))) return failure();
    return type(*in.mutable_type(), out.type);
  }

  DataFolder &folder;
  std::string &error;
};

} // namespace

FailureOr<Model> readOnnx(StringRef path, bool followLinks, std::string &error) {
  auto file = openFile(path, error);
  if (failed(file)) return failure();
  if (file->bytes.empty()) return fail(error, path + ": the file is empty");
  if (file->bytes.size() > INT32_MAX)
    return fail(error, path + ": a protobuf file holds at most 2 GB; store the weights as external data");
  onnx::ModelProto proto;
  if (!proto.ParseFromArray(file->bytes.data(), static_cast<int>(file->bytes.size())))
    return fail(error,
                path + ": not an ONNX model, or a damaged or truncated one (the protobuf does not parse)");
  DataFolder folder(path, followLinks);
  Model model;
  if (failed(OnnxReader(folder, error).model(proto, model))) {
    error = (path + ": " + error).str();
    return failure();
  }
  return model;
}

} // namespace girih::model
