// Reading and writing models as ONNX protobuf and as JSON.
#pragma once

#include "compiler/Import/Model.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace girih::model {

enum class Format { Onnx, Json };

/// By extension (.onnx, .json), else by content.
Format sniffFormat(llvm::StringRef path, llvm::ArrayRef<char> bytes);

/// Reads either format. With `followLinks`, weights may be behind links that lead out of the model's folder.
/// Messages begin with the path.
llvm::FailureOr<Model> readModel(llvm::StringRef path, bool followLinks, std::string &error);

llvm::FailureOr<Model> readOnnx(llvm::StringRef path, bool followLinks, std::string &error);
llvm::FailureOr<Model> readJson(llvm::StringRef path, bool followLinks, std::string &error);

struct WriteOptions {
  /// Where tensors of more than 64 elements go: in the file (ONNX: raw_data, JSON: base64), or in PATH.data
  /// beside it. Unset: beside it if they are over 64 MiB (JSON) or 1.9 GB (ONNX, which cannot hold more).
  std::optional<bool> externalData;
};
llvm::LogicalResult writeModel(const Model &model, llvm::StringRef path, const WriteOptions &options,
                               std::string &error);
llvm::LogicalResult writeOnnx(const Model &model, llvm::StringRef path, const WriteOptions &options,
                              std::string &error);
llvm::LogicalResult writeJson(const Model &model, llvm::StringRef path, const WriteOptions &options,
                              std::string &error);

/// Places of tensors' data in PATH.data.
using ExternalData = std::vector<std::pair<uint64_t, llvm::ArrayRef<char>>>;
/// Writes a model's file and then, unless `external` is empty, that of its data: both or neither.
llvm::Error writeWithData(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_ostream &)> model,
                          llvm::StringRef dataPath, const ExternalData &external);

/// Calls `visit` on every tensor of a model: initializers and attributes, in subgraphs too, in a fixed order.
void forEachTensor(const Model &model, llvm::function_ref<void(const Tensor &)> visit);

} // namespace girih::model
