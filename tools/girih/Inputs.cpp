#include "dialects/Graph/Dims.h"
#include "tools/girih/Artifact.h"
#include "llvm/ADT/APFloat.h"
#include <random>

using namespace llvm;

namespace girih::tool {

SmallVector<Option> InputOptions::table() {
  return {list("--input", "NAME=FILE", "an input from a .npy file; may be repeated", files),
          text("--inputs", "FILE", "inputs from an .npz file; its keys are input names, or 'in::' and a name",
               archive),
          list("--dim", "NAME=VALUE", "a dynamic size of inputs made at random; may be repeated", dims),
          integer("--seed", "N", "of inputs made at random (0)", seed, 0, INT64_MAX)};
}

namespace {
/// Makes the inputs of one model.
class InputMaker {
public:
  InputMaker(girih_context *context, const girih_model *model)
      : context(context), model(model), info(modelInfo(model)) {
    for (uint32_t i = 0; i < info.symbol_count; ++i) {
      girih_symbol_info symbol;
      girih_get_symbol(model, i, &symbol, nullptr);
      symbols.push_back(symbol);
    }
    inputs.arrays.resize(info.input_count);
    inputs.sources.resize(info.input_count);
  }

  Error readFiles(const InputOptions &options);
  Error readDims(ArrayRef<std::string> dims);
  Error makeOthers(int64_t seed);
  Inputs take() { return std::move(inputs); }

private:
  bool given(uint32_t input) const { return !inputs.sources[input].empty(); }
  Error set(StringRef name, Array array, StringRef source);
  Error makeAll(int64_t seed, int64_t size);
  std::optional<int64_t> sizeNamed(StringRef name, const StringMap<DimExpr> &known);
  std::optional<int64_t> evaluate(DimExpr size, const StringMap<DimExpr> &known);
  Expected<SmallVector<int64_t>> shapeOf(uint32_t input, const StringMap<DimExpr> &known);
  void fill(uint32_t input, Array &array, const StringMap<int64_t> &values, int64_t seed);

  girih_context *context;
  const girih_model *model;
  girih_model_info info;
  SmallVector<girih_symbol_info> symbols;
  StringMap<int64_t> wanted; // by --dim
  Inputs inputs;
  mlir::MLIRContext mlirContext{mlir::MLIRContext::Threading::DISABLED}; // of dimension expressions
};
} // namespace

Error InputMaker::set(StringRef name, Array array, StringRef source) {
  int64_t index = girih_find_input(model, name.str().c_str());
  if (index < 0) {
    std::string known;
    for (uint32_t i = 0; i < info.input_count; ++i)
      (known += i ? ", '" : "'").append(girih_get_input(model, i)->name) += "'";
    return makeError("'" + source + "': the model has no input '" + name + "'; its inputs are " + known);
  }
  inputs.arrays[index] = std::move(array);
  inputs.sources[index] = source.str();
  return Error::success();
}

Error InputMaker::readFiles(const InputOptions &options) {
  if (!options.archive.empty()) {
    auto arrays = readNpz(options.archive);
    if (!arrays) return arrays.takeError();
    for (NamedArray &a : *arrays) {
      StringRef name = a.name;
      if (name.starts_with("out::")) continue; // expected outputs, for --check
      name.consume_front("in::");
      if (Error e = set(name, std::move(a.array), options.archive)) return e;
    }
  }
  for (StringRef file : options.files) {
    auto [name, path] = file.split('=');
    if (path.empty()) return makeError("option '--input': expected NAME=FILE, got '" + file + "'");
    auto array = readNpy(path);
    if (!array) return array.takeError();
    if (Error e = set(name, std::move(*array), path)) return e;
  }
  return Error::success();
}

Error InputMaker::readDims(ArrayRef<std::string> dims) {
  for (StringRef dim : dims) {
    auto [name, text] = dim.rsplit('=');
    int64_t value;
    if (text.getAsInteger(10, value) || value < 0)
      return makeError("option '--dim': expected NAME=VALUE, got '" + dim + "'");
    if (none_of(symbols, [&](const girih_symbol_info &s) { return name == s.name; })) {
      std::string known;
      for (const girih_symbol_info &s : symbols)
        (known += known.empty() ? "" : ", ").append(s.name);
      return makeError("option '--dim': the model has no dynamic size '" + name + "'; it has " +
                       (known.empty() ? "none" : known));
    }
    wanted[name] = value;
  }
  return Error::success();
}

/// Exporters name a size by how it follows from others: "past + 1". Of inputs at random that is what it is.
std::optional<int64_t> InputMaker::sizeNamed(StringRef name, const StringMap<DimExpr> &known) {
  std::string error;
  DimExpr e = dimParse(&mlirContext, name, error);
  return e ? dimValue(dimSubstitute(e, known)) : std::nullopt;
}

/// A size from those that the model's results depend on; any other may be 1.
std::optional<int64_t> InputMaker::evaluate(DimExpr size, const StringMap<DimExpr> &known) {
  size = dimSubstitute(size, known);
  const DimSymbol *symbol = dimSymbol(size);
  if (!symbol || symbol->kind != DimSymbol::Dimension) return dimValue(size);
  return sizeNamed(symbol->name, known).value_or(1);
}

/// Evaluates an input's declared sizes.
Expected<SmallVector<int64_t>> InputMaker::shapeOf(uint32_t input, const StringMap<DimExpr> &known) {
  const girih_tensor_info *info = girih_get_input(model, input);
  SmallVector<int64_t> shape;
  for (uint32_t axis = 0; axis < info->rank; ++axis) {
    std::string error;
    DimExpr e = dimParse(&mlirContext, info->dim_text[axis], error);
    std::optional<int64_t> size = e ? evaluate(e, known) : std::nullopt;
    if (!size)
      return makeError(Twine("input '") + info->name + "': no size can be computed for dimension " +
                       Twine(axis) + ", '" + info->dim_text[axis] + "'; give the input by --input");
    shape.push_back(*size);
  }
  return shape;
}

static uint16_t bitsOf(const fltSemantics &semantics, float value) {
  APFloat f(value);
  bool lossless;
  f.convert(semantics, APFloat::rmNearestTiesToEven, &lossless);
  return uint16_t(f.bitcastToAPInt().getZExtValue());
}

void InputMaker::fill(uint32_t input, Array &array, const StringMap<int64_t> &values, int64_t seed) {
  // Each input has its own numbers, so that giving one by a file leaves the others as they were.
  std::mt19937_64 random(uint64_t(seed) * 1000003 + input);
  std::normal_distribution<float> normal;
  size_t width = girih_dtype_bytes(array.dtype);
  for (int64_t i = 0, n = array.elements(); i < n; ++i) {
    switch (array.dtype) {
    case GIRIH_F32:
      array.as<float>()[i] = normal(random);
      break;
    case GIRIH_F64:
      array.as<double>()[i] = normal(random);
      break;
    case GIRIH_F16:
      array.as<uint16_t>()[i] = bitsOf(APFloat::IEEEhalf(), normal(random));
      break;
    case GIRIH_BF16:
      array.as<uint16_t>()[i] = bitsOf(APFloat::BFloat(), normal(random));
      break;
    case GIRIH_I8:
    case GIRIH_U8:
      array.as<uint8_t>()[i] = uint8_t(random());
      break;
    default:
      array.data[i * width] = char(random() & 1);
      break; // the rest of the element is 0
    }
  }
  for (const girih_symbol_info &symbol : symbols)
    if (symbol.input == input && symbol.element >= 0 && symbol.element < array.elements()) {
      int64_t size = values.lookup(symbol.name);
      memcpy(array.data.data() + symbol.element * width, &size, width);
    }
}

/// Makes the inputs that no file gives, with `size` for the dynamic sizes that nothing determines.
Error InputMaker::makeAll(int64_t seed, int64_t size) {
  StringMap<int64_t> values;
  inputs.chosen.clear();
  for (const girih_symbol_info &symbol : symbols) {
    if (given(symbol.input)) {
      const Array &array = inputs.arrays[symbol.input];
      if (symbol.axis >= 0 && size_t(symbol.axis) < array.dims.size())
        values[symbol.name] = array.dims[symbol.axis];
      if (symbol.element >= 0 && symbol.element < array.elements())
        values[symbol.name] = int64_t(array.at(symbol.element));
    } else if (auto it = wanted.find(symbol.name); it != wanted.end()) {
      values[symbol.name] = it->second;
    } else {
      // The first dimension is most often the batch's.
      values[symbol.name] = symbol.axis == 0 ? 1 : size;
      inputs.chosen.push_back({symbol.name, values[symbol.name]});
    }
  }
  StringMap<DimExpr> known;
  for (const auto &[name, value] : values)
    known[name] = dimConstant(&mlirContext, value);
  for (auto &[name, value] : inputs.chosen)
    value = values[name] = sizeNamed(name, known).value_or(value);
  for (const auto &[name, value] : inputs.chosen)
    known[name] = dimConstant(&mlirContext, value);
  for (uint32_t i = 0; i < info.input_count; ++i) {
    if (given(i)) continue;
    auto shape = shapeOf(i, known);
    if (!shape) return shape.takeError();
    const girih_tensor_info *info = girih_get_input(model, i);
    if (info->has_default) {
      inputs.arrays[i] = {info->dtype, {shape->begin(), shape->end()}, {}};
      continue;
    }
    double bytes = double(girih_dtype_bytes(info->dtype));
    for (int64_t d : *shape) {
      if (d < 0) return makeError(Twine("input '") + info->name + "' would have a negative size; see --dim");
      bytes *= double(d);
    }
    if (Error e = checkMemory(bytes, Twine("input '") + info->name + "'")) return e;
    inputs.arrays[i] = makeArray(info->dtype, *shape);
    fill(i, inputs.arrays[i], values, seed);
  }
  return Error::success();
}

Error InputMaker::makeOthers(int64_t seed) {
  // Sizes that nothing determines are 1, or the first power of two that the model can do something with.
  std::string first;
  for (int64_t size = 1; size <= 1024; size *= 2) {
    Error error = makeAll(seed, size);
    if (!error) {
      SmallVector<girih_tensor> outputs(info.output_count);
      girih_error refusal;
      if (!girih_infer(context, tensorsOf(inputs.arrays).data(), outputs.data(), &refusal)) break;
      error = makeError(refusal.message);
    }
    std::string message = toString(std::move(error));
    if (first.empty()) first = message;
    if (inputs.chosen.empty() || size == 1024) return makeError(first);
  }
  for (uint32_t i = 0; i < info.input_count; ++i)
    if (!given(i)) inputs.sources[i] = girih_get_input(model, i)->has_default ? "the model's own" : "random";
  return Error::success();
}

Expected<Inputs> makeInputs(girih_context *context, const girih_model *model, const InputOptions &options) {
  InputMaker maker(context, model);
  if (Error e = maker.readFiles(options)) return e;
  if (Error e = maker.readDims(options.dims)) return e;
  if (Error e = maker.makeOthers(options.seed)) return e;
  return maker.take();
}

} // namespace girih::tool
