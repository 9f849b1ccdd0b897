// A model as the file says it: graphs of nodes, attributes, tensors and types, all of ONNX that a JSON file
// can hold. The ONNX and JSON readers fill it, their writers write it, and the importer turns it into the
// girih dialect.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace girih::model {

/// ONNX's TensorProto.DataType, same numbers.
enum class DType : int32_t {
  Undefined,
  F32,
  U8,
  I8,
  U16,
  I16,
  I32,
  I64,
  String,
  Bool,
  F16,
  F64,
  U32,
  U64,
  C64,
  C128,
  BF16,
  F8E4M3FN,
  F8E4M3FNUZ,
  F8E5M2,
  F8E5M2FNUZ,
  U4,
  I4,
  F4E2M1,
  F8E8M0,
  U2,
  I2,
  F6E2M3,
  F6E3M2,
};

/// The name in JSON and in messages ("f32", "i64", "bool", ...); "unknown" for a number that ONNX does not
/// define.
llvm::StringRef dtypeName(DType type);
std::optional<DType> parseDType(llvm::StringRef name);
/// Bits of one element; 0 for strings and unknown types.
unsigned dtypeBits(DType type);

using Properties = std::vector<std::pair<std::string, std::string>>;

struct Tensor {
  std::string name, doc;
  DType type = DType::Undefined;
  std::vector<int64_t> dims;
  llvm::ArrayRef<char> data;        // little endian, packed as in ONNX's raw_data
  std::shared_ptr<void> owner;      // keeps `data` alive: the file's mapping or a buffer
  std::vector<std::string> strings; // instead of `data`, for type String
  Properties metadata;
};

struct SparseTensor {
  Tensor values, indices;
  std::vector<int64_t> dims;
};

struct Dim {
  enum Kind { Unknown, Value, Param } kind = Unknown;
  int64_t value = 0;
  std::string param, denotation;
};

struct Type {
  enum Kind { None, TensorType, SparseTensorType, Sequence, Optional, Map, Opaque } kind = None;
  DType element = DType::Undefined;      // tensors; the key of a map
  std::optional<std::vector<Dim>> shape; // tensors; absent where the rank is unknown
  std::unique_ptr<Type> inner;           // sequences, optionals, a map's value
  std::string domain, name;              // opaque
  std::string denotation;
};

struct ValueInfo {
  std::string name, doc;
  Type type;
  Properties metadata;
};

struct Graph;

struct Attribute {
  /// ONNX's AttributeProto.AttributeType, same numbers.
  enum Kind {
    Undefined = 0,
    Float = 1,
    Int = 2,
    String = 3,
    TensorValue = 4,
    GraphValue = 5,
    Floats = 6,
    Ints = 7,
    Strings = 8,
    Tensors = 9,
    Graphs = 10,
    Sparse = 11,
    Sparses = 12,
    TypeValue = 13,
    Types = 14,
  } kind = Undefined;
  std::string name, doc, refName;   // refName: inside a function, the function's attribute that this one is
  std::vector<float> floats;        // Float and Floats
  std::vector<int64_t> ints;        // Int and Ints
  std::vector<std::string> strings; // String and Strings
  std::vector<Tensor> tensors;
  std::vector<std::shared_ptr<Graph>> graphs; // shared by copies of a node that inlining makes
  std::vector<SparseTensor> sparse;
  std::vector<Type> types;
};

struct Node {
  std::string name, op, domain, overload, doc;
  std::vector<std::string> inputs, outputs; // an absent optional one is ""
  std::vector<Attribute> attributes;
  Properties metadata;
  int64_t opset = 0; // of the operator's domain, where the node is a function's; 0: the model's
};

struct Graph {
  std::string name, doc;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<SparseTensor> sparseInitializers;
  std::vector<ValueInfo> inputs, outputs, values;
  std::vector<std::pair<std::string, Properties>> quantization;
  Properties metadata;
};

struct Function {
  std::string name, domain, overload, doc;
  std::vector<std::string> inputs, outputs, attributes;
  std::vector<Attribute> defaults;
  std::vector<Node> nodes;
  std::vector<std::pair<std::string, int64_t>> opsets;
  std::vector<ValueInfo> values;
  Properties metadata;
};

struct Model {
  int64_t irVersion = 0, modelVersion = 0;
  std::string producer, producerVersion, domain, doc;
  std::vector<std::pair<std::string, int64_t>> opsets;
  Graph graph;
  std::vector<Function> functions;
  Properties metadata;
};

/// "node 'conv1' (Conv)"; nodes without a name go by their first output.
std::string describe(const Node &node);
/// True for well-formed UTF-8 without control characters: what a name must be.
bool isName(llvm::StringRef text);
/// `text` with everything but printable UTF-8 escaped, for messages.
std::string quote(llvm::StringRef text);
/// The number of bytes of a tensor's data, or nothing if the dimensions are negative or their product is
/// absurd.
std::optional<uint64_t> dataSize(DType type, llvm::ArrayRef<int64_t> dims);

/// A sparse tensor's values among zeros. Fails, with a message that begins with its name, where its indices
/// are not as ONNX wants them: in range and ascending.
llvm::FailureOr<Tensor> densify(const SparseTensor &sparse, std::string &error);

/// Sets `error` unless it is set already, and fails.
llvm::LogicalResult fail(std::string &error, const llvm::Twine &message);

} // namespace girih::model
