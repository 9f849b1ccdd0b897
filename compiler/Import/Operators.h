// Looks up the operators of a model's nodes in the table, and keeps a list of those that it has not, so that
// one message names them all.
#pragma once

#include "compiler/Import/NodeImporter.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace girih {

class OperatorLookup {
public:
  explicit OperatorLookup(const model::Model &model) : model(model) {}
  /// Reads the model's opsets. Fails, with a message, where they are not supported as a whole.
  llvm::LogicalResult readOpsets(std::string &error);
  /// The row that serves the node, or null: then its operator is in the list, and so are those of its
  /// subgraphs.
  const OpRow *find(const model::Node &node);
  /// "2 operators are not supported: ..."; "" if all are.
  std::string message() const;

private:
  using OpsetOf = llvm::function_ref<std::optional<int64_t>(const model::Node &)>;
  struct Missing {
    unsigned nodes = 0;
    std::string why;
  };
  std::optional<int64_t> opsetOf(const model::Node &node) const;
  const OpRow *find(const model::Node &node, std::optional<int64_t> opset);
  void add(const model::Node &node, std::optional<int64_t> opset);
  /// The nodes of a subgraph or of a function that one calls: inlining does not reach them.
  void addInside(llvm::ArrayRef<model::Node> nodes, OpsetOf opsetOf);

  const model::Model &model;
  llvm::StringMap<int64_t> opsets;
  llvm::MapVector<std::pair<llvm::StringRef, llvm::StringRef>, Missing> missing; // by domain and operator
  llvm::SmallPtrSet<const model::Function *, 8> visited;                         // called from subgraphs
};

} // namespace girih
