#include "compiler/Import/ModelIO.h"
#include "compiler/Import/Files.h"
#include "compiler/Support/OutputFile.h"

using namespace llvm;

namespace girih::model {

Format sniffFormat(StringRef path, ArrayRef<char> bytes) {
  if (path.ends_with_insensitive(".json")) return Format::Json;
  if (path.ends_with_insensitive(".onnx")) return Format::Onnx;
  // A protobuf model begins with the tag of its IR version, never with a brace.
  return StringRef(bytes.data(), bytes.size()).ltrim().starts_with("{") ? Format::Json : Format::Onnx;
}

FailureOr<Model> readModel(StringRef path, bool followLinks, std::string &error) {
  ArrayRef<char> bytes;
  FailureOr<FileData> file = failure();
  if (!path.ends_with_insensitive(".json") && !path.ends_with_insensitive(".onnx")) {
    file = openFile(path, error);
    if (failed(file)) return failure();
    bytes = file->bytes;
  }
  return sniffFormat(path, bytes) == Format::Json ? readJson(path, followLinks, error)
                                                  : readOnnx(path, followLinks, error);
}

LogicalResult writeModel(const Model &model, StringRef path, const WriteOptions &options,
                         std::string &error) {
  if (path.ends_with_insensitive(".json")) return writeJson(model, path, options, error);
  if (path.ends_with_insensitive(".onnx")) return writeOnnx(model, path, options, error);
  return fail(error, "cannot write '" + path + "': expected a name that ends in .onnx or .json");
}

static Error writeExternal(raw_ostream &os, const ExternalData &external) {
  for (const auto &[offset, data] : external) {
    os.write_zeros(offset - os.tell());
    os.write(data.data(), data.size());
  }
  return Error::success();
}

Error writeWithData(StringRef path, function_ref<Error(raw_ostream &)> model, StringRef dataPath,
                    const ExternalData &external) {
  auto file = TemporaryFile::create(path, "");
  if (!file) return file.takeError();
  if (Error error = file->write(model)) return error;
  SmallVector<FinishedFile, 2> files;
  if (!external.empty()) {
    auto data = TemporaryFile::create(dataPath, "");
    if (!data) return data.takeError();
    if (Error error = data->write([&](raw_ostream &os) { return writeExternal(os, external); })) return error;
    files.push_back({std::move(*data), dataPath.str()});
  }
  files.push_back({std::move(*file), path.str()});
  return keepAll(files);
}

static void visitGraph(const Graph &graph, function_ref<void(const Tensor &)> visit);

static void visitNodes(const std::vector<Node> &nodes, function_ref<void(const Tensor &)> visit) {
  for (const Node &node : nodes) {
    for (const Attribute &a : node.attributes) {
      for (const Tensor &t : a.tensors)
        visit(t);
      for (const SparseTensor &s : a.sparse)
        visit(s.values), visit(s.indices);
      for (const auto &g : a.graphs)
        visitGraph(*g, visit);
    }
  }
}

static void visitGraph(const Graph &graph, function_ref<void(const Tensor &)> visit) {
  for (const Tensor &t : graph.initializers)
    visit(t);
  for (const SparseTensor &s : graph.sparseInitializers)
    visit(s.values), visit(s.indices);
  visitNodes(graph.nodes, visit);
}

void forEachTensor(const Model &model, function_ref<void(const Tensor &)> visit) {
  visitGraph(model.graph, visit);
  for (const Function &f : model.functions)
    visitNodes(f.nodes, visit);
}

} // namespace girih::model
