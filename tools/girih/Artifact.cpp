#include "tools/girih/Artifact.h"
#include "compiler/ReadArtifact.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace llvm;

namespace girih::tool {

static Error failure(const girih_error &error) {
  return makeError(error.message);
}

Expected<Model> loadModel(StringRef path) {
  girih_model *model;
  girih_error error;
  if (girih_load(path.str().c_str(), &model, &error)) return failure(error);
  return Model(model);
}

Expected<Context> createContext(girih_model *model, unsigned threads) {
  girih_options options = {};
  options.threads = threads;
  girih_context *context;
  girih_error error;
  if (girih_create(model, &options, &context, &error)) return failure(error);
  return Context(context);
}

girih_model_info modelInfo(const girih_model *model) {
  girih_model_info info;
  girih_get_model_info(model, &info);
  return info;
}

std::string runsOn(const girih_context *context) {
  if (const char *device = girih_get_device(context)) return device;
  unsigned threads = girih_get_threads(context);
  return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

json::Object launchJson(const girih_launch_info &info, double seconds) {
  return json::Object{{"name", info.name},
                      {"kernel", info.kernel_name},
                      {"variant", info.variant ? json::Value(info.variant) : nullptr},
                      {"tasks", info.tasks},
                      {"flops", info.flops},
                      {"bytes", info.bytes},
                      {"us", seconds * 1e6}};
}

json::Value deviceJson(const girih_context *context) {
  const char *device = girih_get_device(context);
  return device ? json::Value(json::fixUTF8(device)) : json::Value(nullptr);
}

Error checkMemory(double bytes, const Twine &what) {
  double memory = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGESIZE));
  if (bytes <= memory) return Error::success();
  return makeError(what + " would take " + Twine(uint64_t(bytes / (1 << 20))) +
                   " MiB, more than this machine's memory; see --dim");
}

girih_tensor tensorOf(const Array &array) {
  girih_tensor t = {};
  t.data = array.data.empty() ? nullptr : const_cast<char *>(array.data.data());
  t.dtype = array.dtype;
  t.rank = array.dims.size();
  llvm::copy(array.dims, t.dims);
  return t;
}

SmallVector<girih_tensor> tensorsOf(ArrayRef<Array> arrays) {
  return map_to_vector(arrays, tensorOf);
}

Expected<std::vector<Array>> makeOutputs(girih_context *context, const girih_model *model,
                                         ArrayRef<girih_tensor> inputs) {
  SmallVector<girih_tensor> shapes(modelInfo(model).output_count);
  girih_error error;
  if (girih_infer(context, inputs.data(), shapes.data(), &error)) return failure(error);
  std::vector<Array> arrays;
  for (const auto &[i, s] : enumerate(shapes)) {
    double bytes = double(girih_dtype_bytes(s.dtype));
    for (int64_t d : ArrayRef(s.dims, s.rank))
      bytes *= double(d);
    if (Error e = checkMemory(bytes, Twine("output '") + girih_get_output(model, i)->name + "'")) return e;
  }
  for (const girih_tensor &s : shapes)
    arrays.push_back(makeArray(s.dtype, ArrayRef(s.dims, s.rank)));
  return arrays;
}

Error run(girih_context *context, ArrayRef<girih_tensor> inputs, ArrayRef<girih_tensor> outputs) {
  girih_error error;
  if (girih_run(context, inputs.data(), outputs.data(), &error)) return failure(error);
  return Error::success();
}

//===-- inspect -----------------------------------------------------------===//

static std::string bytesText(int64_t bytes) {
  if (bytes < 0) return "depends on the inputs";
  std::string text;
  raw_string_ostream os(text);
  if (bytes < 10240)
    os << bytes << " bytes";
  else if (bytes < 10 << 20)
    os << format("%.1f KiB", double(bytes) / 1024);
  else
    os << format("%.1f MiB", double(bytes) / (1 << 20));
  return text;
}

static std::string typeText(const ArtifactInfo::Tensor &tensor) {
  std::string text = girih_dtype_name(tensor.dtype);
  raw_string_ostream os(text);
  os << "[";
  interleaveComma(tensor.dims, os, [&](const ArtifactInfo::Dim &dim) { os << dim.text; });
  os << "]";
  return text;
}

static void printTensors(StringRef title, ArrayRef<ArtifactInfo::Tensor> tensors) {
  for (const auto &[i, t] : enumerate(tensors))
    outs() << left_justify(i ? "" : title, 12) << t.name << ": " << typeText(t)
           << (t.hasDefault ? "  (may be left out)" : "") << "\n";
}

static json::Array tensorsJson(ArrayRef<ArtifactInfo::Tensor> list) {
  json::Array tensors;
  for (const ArtifactInfo::Tensor &t : list) {
    json::Array shape;
    for (const ArtifactInfo::Dim &dim : t.dims) {
      if (dim.size >= 0)
        shape.push_back(dim.size);
      else
        shape.push_back(json::fixUTF8(dim.text));
    }
    json::Object tensor{
        {"name", json::fixUTF8(t.name)}, {"dtype", girih_dtype_name(t.dtype)}, {"shape", std::move(shape)}};
    if (t.hasDefault) tensor["default"] = true;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

int inspectArtifact(StringRef path, bool json) {
  Expected<ArtifactInfo> read = readArtifact(path);
  if (!read) return fail(toString(read.takeError()));
  const ArtifactInfo &info = *read;
  if (json) {
    outs() << formatv("{0:2}\n", json::Value(json::Object{{"name", json::fixUTF8(info.name)},
                                                          {"producer", json::fixUTF8(info.producer)},
                                                          {"cpu", json::fixUTF8(info.cpu)},
                                                          {"features", json::fixUTF8(info.features)},
                                                          {"gpus", json::Array(info.gpus)},
                                                          {"precision", info.precision},
                                                          {"inputs", tensorsJson(info.inputs)},
                                                          {"outputs", tensorsJson(info.outputs)},
                                                          {"nodes", info.nodes},
                                                          {"kernels", info.launches},
                                                          {"parameters", info.parameters},
                                                          {"macs", info.macs},
                                                          {"weights_bytes", info.weightsBytes},
                                                          {"arena_bytes", info.arenaBytes},
                                                          {"arena_lower_bound", info.arenaLowerBound},
                                                          {"scratch_bytes", info.scratchBytes}}));
    return 0;
  }
  raw_ostream &os = outs();
  os << "model       " << info.name << "\nproducer    " << info.producer << "\ncpu         " << info.cpu;
  if (!info.features.empty()) os << " (" << info.features << ")";
  os << "\n";
  if (!info.gpus.empty()) os << "gpu         " << join(info.gpus, ", ") << " and newer\n";
  if (info.precision != "f32") os << "precision   " << info.precision << "\n";
  printTensors("inputs", info.inputs);
  printTensors("outputs", info.outputs);
  os << "nodes       " << info.nodes << " in " << info.launches << " kernel calls\n";
  os << "parameters  " << info.parameters << " in " << bytesText(info.weightsBytes) << "\n";
  if (info.macs > 0) os << "macs        " << format("%.3f", double(info.macs) / 1e6) << " million a run\n";
  os << "memory      " << bytesText(info.arenaBytes);
  if (info.arenaBytes > 0 && info.arenaLowerBound > 0)
    os << format(" (%.3f times the lower bound)", double(info.arenaBytes) / double(info.arenaLowerBound));
  if (info.scratchBytes)
    os << ", and " << bytesText(info.scratchBytes) << (info.gpus.empty() ? " a thread" : " a block");
  os << "\n";
  return 0;
}

} // namespace girih::tool
