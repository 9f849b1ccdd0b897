#include "tools/girih/Artifact.h"
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

std::string typeText(const girih_tensor_info &info) {
  std::string text = girih_dtype_name(info.dtype);
  text += "[";
  for (uint32_t axis = 0; axis < info.rank; ++axis)
    (text += axis ? ", " : "") += info.dim_text[axis];
  return text + "]";
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

static void printTensors(StringRef title, uint32_t count,
                         function_ref<const girih_tensor_info *(uint32_t)> get) {
  for (uint32_t i = 0; i < count; ++i)
    outs() << left_justify(i ? "" : title, 12) << get(i)->name << ": " << typeText(*get(i))
           << (get(i)->has_default ? "  (may be left out)" : "") << "\n";
}

static json::Array tensorsJson(uint32_t count, function_ref<const girih_tensor_info *(uint32_t)> get) {
  json::Array tensors;
  for (uint32_t i = 0; i < count; ++i) {
    json::Array shape;
    for (uint32_t axis = 0; axis < get(i)->rank; ++axis) {
      if (get(i)->dims[axis] >= 0)
        shape.push_back(get(i)->dims[axis]);
      else
        shape.push_back(get(i)->dim_text[axis]);
    }
    json::Object tensor{
        {"name", get(i)->name}, {"dtype", girih_dtype_name(get(i)->dtype)}, {"shape", std::move(shape)}};
    if (get(i)->has_default) tensor["default"] = true;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

int inspectArtifact(StringRef path, bool json) {
  auto model = loadModel(path);
  if (!model) return fail(toString(model.takeError()));
  girih_model_info info = modelInfo(model->get());
  auto input = [&](uint32_t i) { return girih_get_input(model->get(), i); };
  auto output = [&](uint32_t i) { return girih_get_output(model->get(), i); };
  if (json) {
    outs() << formatv("{0:2}\n", json::Value(json::Object{{"name", info.name},
                                                          {"producer", info.producer},
                                                          {"cpu", info.target_cpu},
                                                          {"features", info.required_features},
                                                          {"inputs", tensorsJson(info.input_count, input)},
                                                          {"outputs", tensorsJson(info.output_count, output)},
                                                          {"nodes", info.node_count},
                                                          {"kernels", info.launch_count},
                                                          {"parameters", info.parameters},
                                                          {"macs", info.macs},
                                                          {"weights_bytes", info.weights_bytes},
                                                          {"arena_bytes", info.arena_bytes},
                                                          {"arena_lower_bound", info.arena_lower_bound},
                                                          {"scratch_bytes", info.scratch_bytes}}));
    return 0;
  }
  raw_ostream &os = outs();
  os << "model       " << info.name << "\nproducer    " << info.producer << "\ncpu         "
     << info.target_cpu;
  if (*info.required_features) os << " (" << info.required_features << ")";
  os << "\n";
  printTensors("inputs", info.input_count, input);
  printTensors("outputs", info.output_count, output);
  os << "nodes       " << info.node_count << " in " << info.launch_count << " kernel calls\n";
  os << "parameters  " << info.parameters << " in " << bytesText(info.weights_bytes) << "\n";
  if (info.macs > 0) os << "macs        " << format("%.3f", double(info.macs) / 1e6) << " million a run\n";
  os << "memory      " << bytesText(info.arena_bytes);
  if (info.arena_bytes > 0 && info.arena_lower_bound > 0)
    os << format(" (%.3f times the lower bound)", double(info.arena_bytes) / double(info.arena_lower_bound));
  if (info.scratch_bytes) os << ", and " << bytesText(info.scratch_bytes) << " a thread";
  os << "\n";
  return 0;
}

} // namespace girih::tool
