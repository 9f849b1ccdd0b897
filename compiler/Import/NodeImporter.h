// What an operator's handler sees: its node's operands, attributes and shape values, and a builder. A handler
// turns one ONNX node into girih ops; handlers are listed in OpTable.cpp and live in Ops*.cpp, by family.
#pragma once

#include "compiler/Import/Known.h"
#include "compiler/Import/Model.h"
#include "dialects/Graph/Graph.h"
#include "dialects/Graph/HostTensor.h"
#include "dialects/Graph/Inference.h"
#include "mlir/IR/Builders.h"

namespace girih {

/// One value of the model.
struct ImportedValue {
  mlir::RankedTensorType type;
  mlir::Value value;                     // null until an op needs it, for weights and known values
  const model::Tensor *tensor = nullptr; // a weight
  std::optional<Known> known;            // shape arithmetic
  bool fromData = false;                 // `known` depends on elements of inputs: `value` is there as well
  bool isConstant = false;               // a weight, or computed from weights only
  bool isData = false;                   // depends on tensors whose elements only a run knows
  std::string breaksAt;                  // else, the node that shape arithmetic does not follow, if any
  bool isListed = false; // a weight that is listed as an input, too, and a constant, or an input by default
  bool isAsked = false;  // a node asks for the elements of such a weight ...
  bool isWanted = false; // ... and computes shapes or settings from them
  std::string name;
  std::string op;
};

class NodeImporter;
using Handler = mlir::LogicalResult (*)(NodeImporter &);
/// Computes the results of shape arithmetic; false where the operands are not known.
using KnownHandler = bool (*)(NodeImporter &, llvm::SmallVectorImpl<Known> &results);

/// A version of an operator. It serves every opset from `since` on, up to the next row of the same operator.
struct OpRow {
  llvm::StringLiteral domain, op;
  int since;
  Handler handler;
  llvm::StringLiteral attributes; // the names, separated by blanks
  unsigned minInputs, maxInputs, maxOutputs;
  KnownHandler known = nullptr;
};

/// The row that serves `op` at `opset`, or null.
const OpRow *findOp(llvm::StringRef domain, llvm::StringRef op, int64_t opset);
/// All rows, in the order of the table.
llvm::ArrayRef<OpRow> allOps();
/// Why an operator is refused on purpose ("control flow", ...), or "".
llvm::StringRef whyUnsupported(llvm::StringRef domain, llvm::StringRef op);
/// The newest version of ONNX's own operators that the table knows.
constexpr int64_t newestOpset = 28;
constexpr int64_t oldestOpset = 1;

/// ONNX's element type in MLIR; null for those that the graph has not (strings, complex, below a byte, ...).
mlir::Type getElementType(mlir::MLIRContext *ctx, model::DType type);
mlir::ElementsAttr makeConstant(const model::Tensor &tensor, mlir::RankedTensorType type);

class NodeImporter {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using Dims = llvm::SmallVector<DimExpr>;
  using Ints = llvm::SmallVector<int64_t>;

  NodeImporter(mlir::OpBuilder &b, mlir::Location loc, const model::Node &node, const OpRow &row,
               llvm::ArrayRef<ImportedValue *> operands);

  mlir::OpBuilder &b;
  mlir::Location loc;
  const model::Node &node;
  const OpRow &row;
  int since() const { return row.since; }
  mlir::MLIRContext *context() const { return b.getContext(); }

  //===-- Errors ----------------------------------------------------------===//
  // The first error is reported and remembered: accessors that fail return something harmless, and the node
  // fails.
  void report(const llvm::Twine &message);
  mlir::LogicalResult fail(const llvm::Twine &message) {
    report(message);
    return mlir::failure();
  }
  bool hasFailed() const { return failedOnce; }

  //===-- Sizes -----------------------------------------------------------===//
  // What the node needs of sizes, where no op that it becomes says so: refused where it cannot hold, with
  // `message`, else left to the runtime if it cannot be proved.
  mlir::LogicalResult requireEqual(DimExpr a, DimExpr b, const llvm::Twine &message);
  mlir::LogicalResult requireAtMost(DimExpr a, DimExpr b, const llvm::Twine &message);
  mlir::FailureOr<Dims> broadcast(llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b);
  llvm::SmallVector<DimCheck> checks; // for the runtime

  //===-- Operands --------------------------------------------------------===//
  unsigned numInputs() const { return operands.size(); }
  bool has(unsigned i) const { return i < operands.size() && operands[i]; }
  ImportedValue &entry(unsigned i) const { return *operands[i]; }
  mlir::RankedTensorType type(unsigned i) const { return entry(i).type; }
  Dims dims(unsigned i) const { return getDims(type(i)); }
  int64_t rank(unsigned i) const { return type(i).getRank(); }
  Type element(unsigned i) const { return type(i).getElementType(); }
  /// The operand as a tensor; null where an optional one is absent.
  Value operand(unsigned i);
  /// All operands from `first` on.
  llvm::SmallVector<Value> operandsFrom(unsigned first);
  /// What is known of an operand's elements: shape arithmetic, or a small constant.
  std::optional<Known> known(unsigned i);
  /// An integer operand whose elements must be known as expressions (shapes, sizes, starts). Fails, with a
  /// message, where they are not.
  mlir::FailureOr<Dims> shapeOperand(unsigned i, llvm::StringRef what);
  /// Why an operand's elements are not known: "is computed from data", or the node that shape arithmetic does
  /// not follow.
  std::string whyUnknown(unsigned i) const;
  /// An integer (float) operand that must be constant.
  mlir::FailureOr<Ints> constantInts(unsigned i, llvm::StringRef what);
  mlir::FailureOr<llvm::SmallVector<double>> constantFloats(unsigned i, llvm::StringRef what);
  /// The elements of a constant operand of any size, row-major; nothing if it is not constant.
  std::optional<HostTensor> constantTensor(unsigned i);

  //===-- Attributes ------------------------------------------------------===//
  const model::Attribute *attribute(llvm::StringRef name) const;
  bool hasAttribute(llvm::StringRef name) const { return attribute(name); }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise);
  bool flagAttr(llvm::StringRef name, bool otherwise) { return intAttr(name, otherwise) != 0; }
  float floatAttr(llvm::StringRef name, float otherwise);
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<Ints> intsAttr(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> floatsAttr(llvm::StringRef name);
  /// An axis in [0, rank).
  int64_t axis(int64_t value, int64_t rank, llvm::StringRef what = "axis");
  int64_t axisAttr(int64_t otherwise, int64_t rank) { return axis(intAttr("axis", otherwise), rank); }
  /// Normalised, sorted axes without repetition.
  Ints axes(llvm::ArrayRef<int64_t> values, int64_t rank);

  //===-- Building --------------------------------------------------------===//
  /// An op whose result types are inferred. Null, with an error, if they cannot be.
  template <typename OpT, typename... Args> Value create(Args &&...args) {
    if (failedOnce) return {};
    return inferred(OpT::create(b, loc, placeholder, std::forward<Args>(args)...));
  }
  /// An op whose result type is stated; it is verified at once.
  template <typename OpT, typename... Args> Value createTyped(mlir::RankedTensorType type, Args &&...args) {
    if (failedOnce || !checkSize(type)) return {};
    return verified(OpT::create(b, loc, type, std::forward<Args>(args)...));
  }
  Value unary(UnaryFn fn, Value x, double alpha = 0, double beta = 0);
  Value binary(BinaryFn fn, Value x, Value y);
  Value cast(Value x, Type to);
  Value reshape(Value x, llvm::ArrayRef<DimExpr> dims);
  Value expand(Value x, llvm::ArrayRef<DimExpr> dims);
  Value transpose(Value x, llvm::ArrayRef<int64_t> permutation);
  Value slice(Value x, llvm::ArrayRef<DimExpr> starts, llvm::ArrayRef<DimExpr> sizes,
              llvm::ArrayRef<int64_t> steps);
  Value reduce(ReduceFn fn, Value x, llvm::ArrayRef<int64_t> axes, bool keepdims);
  /// A 0-D constant of a number type.
  Value scalar(double value, Type type);
  Value constant(mlir::ElementsAttr value);
  Value materialize(const Known &known);
  DimExpr dim(int64_t value) const { return dimConstant(b.getContext(), value); }
  /// False, with an error, if the product of `type`'s static sizes is absurd.
  bool checkSize(mlir::RankedTensorType type);
  mlir::DenseI64ArrayAttr ints(llvm::ArrayRef<int64_t> v) { return b.getDenseI64ArrayAttr(v); }
  mlir::UnitAttr unit(bool on) { return on ? b.getUnitAttr() : mlir::UnitAttr(); }

  //===-- Results ---------------------------------------------------------===//
  bool wants(unsigned i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  /// Sets result `i`; fails if building it has failed.
  mlir::LogicalResult result(unsigned i, Value v);
  mlir::LogicalResult result(Value v) { return result(0, v); }
  llvm::SmallVector<Value> results;

private:
  Value inferred(mlir::Operation *op);
  Value verified(mlir::Operation *op);
  llvm::ArrayRef<ImportedValue *> operands;
  mlir::RankedTensorType placeholder;
  bool failedOnce = false;
};

/// Makes the op for a value that has none yet: a weight, or shape arithmetic that is used as data.
mlir::Value materialize(mlir::OpBuilder &b, ImportedValue &value);
/// The elements of a value that is computed from constants; null where that is not so, or too much work.
mlir::ElementsAttr evaluate(mlir::Value value);

} // namespace girih
