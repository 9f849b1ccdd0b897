#include "tools/girih/Artifact.h"
#include "tools/girih/Commands.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace girih::tool {

static const Page page = {"run", "OUT.so [options]",
                          "Runs a compiled model and prints its outputs' shapes, statistics and largest "
                          "values. Inputs that no option gives are made\n"
                          "at random: normally distributed floats, integers of 0 and 1. Loading a library "
                          "runs its code: load what you trust\n"
                          "('girih inspect' only reads it).",
                          R"(  girih run model.so
      on random input
  girih run model.so --input image=cat.npy --output out.npz
  girih run model.so --inputs sample.npz --check --tolerance=1e-4
      compares with the arrays 'out::NAME' of sample.npz
  girih run model.so --dim batch=4 --dim seq=128 --json
)"};

namespace {
struct Statistics {
  double min = INFINITY, max = -INFINITY, mean = 0, deviation = 0; // of what is no NaN
  int64_t nans = 0;
  SmallVector<int64_t, 5> top; // indices of the largest elements
};

/// How far an output is from the expected one.
struct Comparison {
  double error = 0;     // largest difference
  double magnitude = 0; // largest expected value
  double relative() const { return error == 0 ? 0 : magnitude > 0 ? error / magnitude : INFINITY; }
};
} // namespace

static Statistics statisticsOf(const Array &array) {
  Statistics s;
  int64_t n = array.elements();
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    double v = array.at(i);
    if (std::isnan(v)) {
      ++s.nans;
      continue;
    }
    s.min = std::min(s.min, v), s.max = std::max(s.max, v), sum += v;
    auto larger = [&](int64_t j) { return array.at(j) >= v; };
    auto place = find_if_not(s.top, larger);
    if (place - s.top.begin() >= 5) continue;
    s.top.insert(place, i);
    if (s.top.size() > 5) s.top.pop_back();
  }
  if (n == s.nans) {
    s.min = s.max = s.mean = s.deviation = NAN;
    return s;
  }
  s.mean = sum / double(n - s.nans);
  for (int64_t i = 0; i < n; ++i)
    if (double d = array.at(i) - s.mean; !std::isnan(d)) squares += d * d;
  s.deviation = std::sqrt(squares / double(n - s.nans));
  return s;
}

static Expected<Comparison> compare(StringRef name, const Array &got, const Array &want) {
  if (got.dtype != want.dtype || got.dims != want.dims)
    return makeError("output '" + name + "': expected " + typeText(want) + ", got " + typeText(got));
  Comparison c;
  for (int64_t i = 0, n = got.elements(); i < n; ++i) {
    double g = got.at(i), w = want.at(i);
    if (g == w || (std::isnan(g) && std::isnan(w))) {
      if (std::isfinite(w)) c.magnitude = std::max(c.magnitude, std::abs(w));
      continue;
    }
    double error = std::abs(g - w);
    c.error = std::max(c.error, std::isfinite(error) ? error : INFINITY);
    if (std::isfinite(w)) c.magnitude = std::max(c.magnitude, std::abs(w));
  }
  return c;
}

static std::string indexText(const Array &array, int64_t element) {
  SmallVector<std::string> index(array.dims.size());
  for (size_t axis = array.dims.size(); axis-- > 0; element /= array.dims[axis])
    index[axis] = std::to_string(element % array.dims[axis]);
  return "[" + join(index, ", ") + "]";
}

static void printOutput(StringRef name, const Array &array, const Statistics &s) {
  raw_ostream &os = outs();
  os << "output " << name << ": " << typeText(array);
  if (s.nans) os << "  " << s.nans << " NaN";
  os << "\n";
  if (array.elements() == s.nans) return;
  os << format("  min %.6g  max %.6g  mean %.6g  std %.6g\n  largest:", s.min, s.max, s.mean, s.deviation);
  for (int64_t i : s.top)
    os << " " << indexText(array, i) << format(" %.6g", array.at(i));
  os << "\n";
}

/// JSON has no NaN and no infinity.
static json::Value number(double v) {
  return std::isfinite(v) ? json::Value(v) : json::Value(nullptr);
}

static json::Object outputJson(StringRef name, const Array &array, const Statistics &s) {
  json::Array top;
  for (int64_t i : s.top)
    top.push_back(json::Object{{"index", i}, {"value", number(array.at(i))}});
  return json::Object{{"name", name},
                      {"dtype", girih_dtype_name(array.dtype)},
                      {"shape", json::Array(array.dims)},
                      {"min", number(s.min)},
                      {"max", number(s.max)},
                      {"mean", number(s.mean)},
                      {"std", number(s.deviation)},
                      {"nan", s.nans},
                      {"top", std::move(top)}};
}

namespace {
struct RunOptions {
  InputOptions inputs;
  std::string output;
  std::string tolerance = "1e-4";
  int64_t threads = 0;
  bool check = false, json = false;
};
} // namespace

/// Compares the outputs with the archive's 'out::NAME' arrays.
static Error checkOutputs(const RunOptions &options, const girih_model *model, ArrayRef<Array> outputs,
                          json::Object &report) {
  double tolerance;
  if (!to_float(options.tolerance, tolerance) || !(tolerance >= 0))
    return makeError("option '--tolerance': expected a number >= 0, got '" + options.tolerance + "'");
  auto arrays = readNpz(options.inputs.archive);
  if (!arrays) return arrays.takeError();
  unsigned compared = 0;
  for (const NamedArray &expected : *arrays) {
    StringRef name = expected.name;
    if (!name.consume_front("out::")) continue;
    int64_t index = girih_find_output(model, name.str().c_str());
    if (index < 0)
      return makeError("'" + options.inputs.archive + "': the model has no output '" + name + "'");
    auto c = compare(name, outputs[index], expected.array);
    if (!c) return c.takeError();
    ++compared;
    if (options.json)
      report[name] = number(c->relative());
    else
      outs() << "check  " << name
             << format(": largest error %.3g, %.3g of the largest expected value\n", c->error, c->relative());
    // Also refuses NaN.
    if (!(c->relative() <= tolerance))
      return makeError("output '" + name + "' differs from the expected one by " +
                       formatv("{0:e2}", c->relative()).str() + " of its largest value; the tolerance is " +
                       options.tolerance);
  }
  if (!compared)
    return makeError("'" + options.inputs.archive +
                     "' has no expected outputs: no array's name begins with 'out::'");
  return Error::success();
}

static Error runModel(StringRef path, const RunOptions &options) {
  if (options.check && options.inputs.archive.empty())
    return makeError("option '--check' needs --inputs=FILE.npz with arrays 'out::NAME'");
  auto model = loadModel(path);
  if (!model) return model.takeError();
  auto context = createContext(model->get(), unsigned(options.threads));
  if (!context) return context.takeError();
  auto inputs = makeInputs(context->get(), model->get(), options.inputs);
  if (!inputs) return inputs.takeError();
  SmallVector<girih_tensor> inputTensors = tensorsOf(inputs->arrays);
  auto outputs = makeOutputs(context->get(), model->get(), inputTensors);
  if (!outputs) return outputs.takeError();
  auto begin = std::chrono::steady_clock::now();
  if (Error e = run(context->get(), inputTensors, tensorsOf(*outputs))) return e;
  double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();

  girih_model_info info = modelInfo(model->get());
  json::Object report{{"model", info.name},
                      {"threads", girih_get_threads(context->get())},
                      {"device", deviceJson(context->get())},
                      {"first_run_ms", ms}},
      checks;
  json::Array inputList, outputList;
  json::Object chosen;
  std::vector<NamedArray> named;
  if (!options.json)
    outs() << info.name << ", compiled for " << info.target_cpu << ", on " << runsOn(context->get()) << "\n";
  for (const auto &[name, size] : inputs->chosen) {
    chosen[name] = size;
    if (!options.json) outs() << "chosen " << name << " = " << size << " (set it by --dim)\n";
  }
  for (uint32_t i = 0; i < info.input_count; ++i) {
    const char *name = girih_get_input(model->get(), i)->name;
    const Array &a = inputs->arrays[i];
    inputList.push_back(json::Object{{"name", name},
                                     {"dtype", girih_dtype_name(a.dtype)},
                                     {"shape", json::Array(a.dims)},
                                     {"source", inputs->sources[i]}});
    if (!options.json)
      outs() << "input  " << name << ": " << typeText(a) << "  " << inputs->sources[i] << "\n";
  }
  for (uint32_t i = 0; i < info.output_count; ++i) {
    const char *name = girih_get_output(model->get(), i)->name;
    Statistics statistics = statisticsOf((*outputs)[i]);
    if (options.json)
      outputList.push_back(outputJson(name, (*outputs)[i], statistics));
    else
      printOutput(name, (*outputs)[i], statistics);
  }
  Error failed = options.check ? checkOutputs(options, model->get(), *outputs, checks) : Error::success();
  if (options.json) {
    report["chosen"] = std::move(chosen), report["inputs"] = std::move(inputList),
    report["outputs"] = std::move(outputList);
    if (options.check) report["relative_errors"] = std::move(checks);
    outs() << formatv("{0:2}\n", json::Value(std::move(report)));
  } else {
    outs() << format("first run %.3f ms\n", ms);
  }
  if (failed || options.output.empty()) return failed;
  for (uint32_t i = 0; i < info.output_count; ++i)
    named.push_back({girih_get_output(model->get(), i)->name, std::move((*outputs)[i])});
  return writeNpz(options.output, named);
}

int runCommand(Arguments args) {
  RunOptions options;
  SmallVector<std::string, 1> files;
  SmallVector<Option> table = options.inputs.table();
  table.append(
      {text("--output", "FILE", "write the outputs to an .npz file", options.output),
       flag("--check", "compare with the arrays 'out::NAME' of --inputs", options.check),
       text("--tolerance", "X", "largest error of --check, as a part of the largest expected value (1e-4)",
            options.tolerance),
       integer("--threads", "N", "threads; 0, the default: one on each CPU", options.threads, 0, 1024),
       flag("--json", "print JSON", options.json)});
  if (auto code = parseArguments(page, table, args, files)) return *code;
  if (files.size() != 1)
    return fail("expected one compiled model, got " + Twine(files.size()) + "; see 'girih run --help'");
  if (Error e = runModel(files[0], options)) return fail(toString(std::move(e)));
  return 0;
}

} // namespace girih::tool
