#include "tools/girih/Artifact.h"
#include "tools/girih/Commands.h"
#include "tools/girih/Machine.h"
#include "tools/girih/SimulatedGpu.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace girih::tool {

static const Page page = {
    "bench", "OUT.so [options]",
    "Times a compiled model: loading, the first run, and after a warm-up as many runs as fit into the given "
    "time. With --profile\n"
    "also the time of each kernel, beside what this machine could do at best, measured in the same run, and "
    "beside what the compiler\n"
    "predicted for one thread of the machine that it planned for ('girih machine'). On the PTX simulator "
    "times "
    "are modelled, of one run,\n"
    "and --profile has the counters of each kernel (docs/cuda.md). Loading a library runs its code: load "
    "what "
    "you trust ('girih\n"
    "inspect' only reads it).",
    R"(  girih bench model.so
  girih bench model.so --threads=1 --seconds=5
  girih bench model.so --threads=1 --profile
  girih bench model.so --dim seq=128 --json
)"};

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

namespace {
struct BenchOptions {
  InputOptions inputs;
  int64_t threads = 0;
  std::string seconds = "2";
  bool profile = false, json = false;
};

/// A loaded model with its arguments.
struct Bench {
  Model model;
  Context context;
  Inputs inputs;
  std::vector<Array> outputs;
  SmallVector<girih_tensor> inputTensors, outputTensors;
  double load = 0, first = 0; // seconds

  void operator()() const {
    // All that could fail was checked by the first run.
    girih_run(context.get(), inputTensors.data(), outputTensors.data(), nullptr);
  }
};

struct Times {
  std::vector<double> samples; // seconds a run, sorted
  int64_t runs = 0, warmUp = 0;
  double percentile(double p) const { return samples[size_t(std::lround(p * double(samples.size() - 1)))]; }
};

struct KernelTime {
  girih_launch_info info;
  double seconds; // median of a run
};
} // namespace

static Expected<Bench> prepare(StringRef path, const BenchOptions &options) {
  Bench b;
  auto begin = Clock::now();
  auto model = loadModel(path);
  if (!model) return model.takeError();
  b.model = std::move(*model);
  auto context = createContext(b.model.get(), unsigned(options.threads));
  if (!context) return context.takeError();
  b.context = std::move(*context);
  b.load = secondsSince(begin);
  auto inputs = makeInputs(b.context.get(), b.model.get(), options.inputs);
  if (!inputs) return inputs.takeError();
  b.inputs = std::move(*inputs);
  b.inputTensors = tensorsOf(b.inputs.arrays);
  auto outputs = makeOutputs(b.context.get(), b.model.get(), b.inputTensors);
  if (!outputs) return outputs.takeError();
  b.outputs = std::move(*outputs);
  b.outputTensors = tensorsOf(b.outputs);
  begin = Clock::now();
  if (Error e = run(b.context.get(), b.inputTensors, b.outputTensors)) return e;
  b.first = secondsSince(begin);
  return b;
}

/// Runs for `budget` seconds, 5 times at least, after a tenth of it as warm-up.
static Times measure(const Bench &bench, double budget) {
  Times times;
  auto begin = Clock::now();
  do
    bench(), ++times.warmUp;
  while (secondsSince(begin) < budget / 10);
  // Runs too short for the clock are timed together.
  double estimate = secondsSince(begin) / double(times.warmUp);
  auto batch = int64_t(std::clamp(20e-6 / estimate, 1.0, 1000.0));
  begin = Clock::now();
  do {
    auto start = Clock::now();
    for (int64_t i = 0; i < batch; ++i)
      bench();
    times.samples.push_back(secondsSince(start) / double(batch));
    times.runs += batch;
  } while (secondsSince(begin) < budget || times.samples.size() < 5);
  llvm::sort(times.samples);
  return times;
}

/// Medians over the runs: a run that another process disturbed counts for no more than one.
static Expected<std::vector<KernelTime>> profile(const Bench &bench, double budget) {
  std::vector<KernelTime> kernels(modelInfo(bench.model.get()).launch_count);
  std::vector<std::vector<double>> samples(kernels.size());
  girih_error error;
  auto begin = Clock::now();
  for (int runs = 0; runs < 5 || (runs < 10000 && secondsSince(begin) < budget); ++runs) {
    if (girih_set_profiling(bench.context.get(), 1, &error)) return makeError(error.message);
    bench();
    for (const auto &[i, kernel] : enumerate(kernels)) {
      girih_get_launch(bench.context.get(), i, &kernel.info, nullptr);
      samples[i].push_back(double(kernel.info.nanoseconds) * 1e-9);
    }
  }
  girih_set_profiling(bench.context.get(), 0, nullptr);
  for (const auto &[i, kernel] : enumerate(kernels)) {
    llvm::sort(samples[i]);
    kernel.seconds = samples[i][samples[i].size() / 2];
  }
  return kernels;
}

/// "12.345 ms"; microseconds below a tenth of one.
static std::string timeText(double seconds) {
  bool small = seconds < 1e-4;
  return formatv(small ? "{0:f3} us" : "{0:f3} ms", seconds * (small ? 1e6 : 1e3)).str();
}

static double share(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

namespace {
/// How far predictions are off, as parts of the measured time, over the kernels that have one.
struct PredictionError {
  double weighted = 0; // by time
  double mean = 0;
  size_t kernels = 0;
};
} // namespace

static PredictionError getPredictionError(ArrayRef<KernelTime> kernels) {
  PredictionError error;
  double total = 0;
  for (const KernelTime &k : kernels) {
    if (!k.info.predicted || k.seconds <= 0) continue;
    double off = std::abs(double(k.info.predicted) * 1e-9 - k.seconds);
    error.weighted += off, error.mean += off / k.seconds, total += k.seconds;
    ++error.kernels;
  }
  if (error.kernels) error.weighted /= total, error.mean /= double(error.kernels);
  return error;
}

static void printPredictionError(ArrayRef<KernelTime> kernels, unsigned threads) {
  PredictionError error = getPredictionError(kernels);
  if (!error.kernels) {
    outs() << "no kernel's time was predicted: their sizes depend on the inputs\n";
    return;
  }
  outs() << format("predictions are off by %.1f%% of the time, a kernel's by %.1f%% on average",
                   100 * error.weighted, 100 * error.mean);
  if (error.kernels < kernels.size())
    outs() << " (" << error.kernels << " of " << kernels.size() << " kernels have one)";
  if (threads > 1) outs() << "; they are for one thread, and " << threads << " ran";
  outs() << "\n";
}

/// `machine` is null for kernels that run on a GPU, whose limits are not measured.
static void printProfile(std::vector<KernelTime> kernels, const Machine *machine, unsigned threads) {
  raw_ostream &os = outs();
  if (machine) {
    os << format("\nthis machine now: %.1f GFLOP/s (%s FMA)", machine->flopsPerSecond * 1e-9,
                 machine->instructions.c_str());
    for (const Bandwidth &b : machine->levels)
      os << format(", %s %.1f GB/s", b.level.c_str(), b.bytesPerSecond * 1e-9);
    os << "\n";
  }
  os << "\n        us  predicted      %  GFLOP/s     GB/s  limit%  kernel\n";
  auto limitOf = [&](const KernelTime &k) {
    return machine ? machine->limit(k.info.flops, k.info.bytes) : 0;
  };
  double total = 0, limit = 0;
  int64_t flops = 0, bytes = 0, predicted = 0;
  for (const KernelTime &k : kernels) {
    total += k.seconds, flops += k.info.flops, bytes += k.info.bytes, predicted += k.info.predicted;
    limit += limitOf(k);
  }
  auto line = [&](double seconds, int64_t predicted, int64_t flops, int64_t bytes, double limit) {
    double time = std::max(seconds, 1e-12);
    os << format("%10.1f ", seconds * 1e6);
    if (predicted)
      os << format("%10.1f", double(predicted) * 1e-3);
    else
      os << "         -";
    os << format(" %6.1f %8.1f %8.1f ", share(seconds, total), double(flops) / time * 1e-9,
                 double(bytes) / time * 1e-9);
    if (machine)
      os << format("%7.1f  ", 100 * limit / time);
    else
      os << "      -  ";
  };
  llvm::sort(kernels, [](const KernelTime &a, const KernelTime &b) { return a.seconds > b.seconds; });
  for (const KernelTime &k : kernels) {
    line(k.seconds, k.info.predicted, k.info.flops, k.info.bytes, limitOf(k));
    os << k.info.name << "  (" << k.info.kernel_name << ", ";
    if (k.info.variant) os << k.info.variant << ", ";
    os << k.info.tasks << (k.info.tasks == 1 ? " task)" : " tasks)") << "\n";
  }
  line(total, predicted, flops, bytes, limit);
  os << "all kernels\n";
  printPredictionError(kernels, threads);
}

static json::Object profileJson(ArrayRef<KernelTime> kernels, const Machine *machine) {
  json::Array levels, list;
  auto orNull = [&](auto value) { return machine ? json::Value(value()) : json::Value(nullptr); };
  auto predictedUs = [](const KernelTime &k) {
    return k.info.predicted ? json::Value(double(k.info.predicted) * 1e-3) : json::Value(nullptr);
  };
  for (const Bandwidth &b : machine ? machine->levels : std::vector<Bandwidth>())
    levels.push_back(json::Object{{"level", b.level}, {"gb_per_s", b.bytesPerSecond * 1e-9}});
  for (const KernelTime &k : kernels) {
    json::Object kernel = launchJson(k.info, k.seconds);
    kernel["predicted_us"] = predictedUs(k);
    kernel["limit_us"] = orNull([&] { return machine->limit(k.info.flops, k.info.bytes) * 1e6; });
    list.push_back(std::move(kernel));
  }
  PredictionError error = getPredictionError(kernels);
  auto percent = [&](double part) { return error.kernels ? json::Value(100 * part) : json::Value(nullptr); };
  return json::Object{{"prediction_error_percent", percent(error.weighted)},
                      {"prediction_error_percent_a_kernel", percent(error.mean)},
                      {"predicted_threads", 1},
                      {"peak_gflop_per_s", orNull([&] { return machine->flopsPerSecond * 1e-9; })},
                      {"instructions", orNull([&] { return machine->instructions; })},
                      {"bandwidth", std::move(levels)},
                      {"kernels", std::move(list)}};
}

static json::Object chosenJson(const Inputs &inputs) {
  json::Object chosen;
  for (const auto &[name, size] : inputs.chosen)
    chosen[name] = size;
  return chosen;
}

static void printModel(const Bench &bench) {
  girih_model_info info = modelInfo(bench.model.get());
  outs() << info.name << ", compiled for " << info.target_cpu << ", on " << runsOn(bench.context.get())
         << "\n";
  for (const auto &[name, size] : bench.inputs.chosen)
    outs() << "chosen " << name << " = " << size << " (set it by --dim)\n";
}

static void printRate(const girih_model_info &info, double seconds) {
  if (info.macs > 0) outs() << format("rate      %.2f GFLOP/s\n", 2e-9 * double(info.macs) / seconds);
}

/// On the simulator: the clock says nothing, and one run is like another.
static Error benchSimulated(const Bench &bench, const BenchOptions &options) {
  auto launches = simulate(bench.context.get(), bench.model.get(), bench.inputTensors, bench.outputTensors);
  if (!launches) return launches.takeError();
  girih_model_info info = modelInfo(bench.model.get());
  double seconds = getSeconds(*launches);
  if (options.json) {
    json::Object report{{"model", info.name},
                        {"device", deviceJson(bench.context.get())},
                        {"load_ms", bench.load * 1e3},
                        {"first_run_ms", bench.first * 1e3},
                        {"modelled_ms", seconds * 1e3},
                        {"launches", info.launch_count},
                        {"chosen", chosenJson(bench.inputs)}};
    if (options.profile) report["profile"] = simulatedJson(std::move(*launches));
    outs() << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  }
  printModel(bench);
  outs() << "modelled  " << timeText(seconds) << "  (" << info.launch_count
         << " launches one after the other; a run of the simulator took " << timeText(bench.first) << ")\n";
  printRate(info, seconds);
  if (options.profile) printSimulated(std::move(*launches));
  return Error::success();
}

static Error benchModel(StringRef path, const BenchOptions &options) {
  double budget;
  if (!to_float(options.seconds, budget) || !(budget > 0 && budget <= 3600))
    return makeError("option '--seconds': expected a number from 0 to 3600, got '" + options.seconds + "'");
  auto bench = prepare(path, options);
  if (!bench) return bench.takeError();
  if (isSimulated(bench->context.get())) return benchSimulated(*bench, options);
  Times times = measure(*bench, budget);
  girih_model_info info = modelInfo(bench->model.get());
  unsigned threads = girih_get_threads(bench->context.get());
  double median = times.percentile(0.5);

  json::Object report{{"model", info.name},
                      {"threads", threads},
                      {"device", deviceJson(bench->context.get())},
                      {"runs", times.runs},
                      {"warm_up_runs", times.warmUp},
                      {"load_ms", bench->load * 1e3},
                      {"first_run_ms", bench->first * 1e3},
                      {"median_ms", median * 1e3},
                      {"p10_ms", times.percentile(0.1) * 1e3},
                      {"p90_ms", times.percentile(0.9) * 1e3},
                      {"min_ms", times.samples.front() * 1e3},
                      {"chosen", chosenJson(bench->inputs)}};
  if (!options.json) {
    raw_ostream &os = outs();
    printModel(*bench);
    os << "load      " << timeText(bench->load) << "\nfirst     " << timeText(bench->first) << "\nmedian    "
       << timeText(median) << "  (p10 " << timeText(times.percentile(0.1)) << ", p90 "
       << timeText(times.percentile(0.9)) << ", min " << timeText(times.samples.front()) << "; " << times.runs
       << " runs after " << times.warmUp << " to warm up)\n";
    printRate(info, median);
  }
  if (options.profile) {
    // The yardstick before and after: of two the higher, since a neighbour can only lower it.
    std::optional<Machine> machine;
    if (!girih_get_device(bench->context.get())) machine = measureMachine(threads);
    auto kernels = profile(*bench, budget);
    if (!kernels) return kernels.takeError();
    if (machine)
      if (Machine after = measureMachine(threads); after.flopsPerSecond > machine->flopsPerSecond)
        machine = after;
    const Machine *yardstick = machine ? &*machine : nullptr;
    if (options.json)
      report["profile"] = profileJson(*kernels, yardstick);
    else
      printProfile(std::move(*kernels), yardstick, threads);
  }
  if (options.json) outs() << formatv("{0:2}\n", json::Value(std::move(report)));
  return Error::success();
}

int benchCommand(Arguments args) {
  BenchOptions options;
  SmallVector<std::string, 1> files;
  SmallVector<Option> table = options.inputs.table();
  table.append(
      {integer("--threads", "N", "threads; 0, the default: one on each CPU", options.threads, 0, 1024),
       text("--seconds", "X", "time for the timed runs (2)", options.seconds),
       flag("--profile", "the time of each kernel", options.profile),
       flag("--json", "print JSON", options.json)});
  if (auto code = parseArguments(page, table, args, files)) return *code;
  if (files.size() != 1)
    return fail("expected one compiled model, got " + Twine(files.size()) + "; see 'girih bench --help'");
  if (Error e = benchModel(files[0], options)) return fail(toString(std::move(e)));
  return 0;
}

} // namespace girih::tool
