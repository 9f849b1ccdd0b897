#include "tools/girih/SimulatedGpu.h"
#include "tools/girih/Artifact.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <dlfcn.h>

using namespace llvm;

namespace girih::tool {

/// A function that the driver in use has if it is the simulator's (girih_cudasim.h), else null.
template <typename F> static F *findFunction(const char *name) {
  const char *chosen = getenv("GIRIH_CUDA_DRIVER");
  void *driver = dlopen(chosen && *chosen ? chosen : "libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!driver) return nullptr;
  auto *function = reinterpret_cast<F *>(dlsym(driver, name));
  dlclose(driver);
  return function;
}

using Measure = void(int);
using Measurements = const char *();

bool isSimulated(const girih_context *context) {
  return girih_get_device(context) && findFunction<Measure>("girih_cudasim_measure");
}

/// A number of `measurement`, which has objects of numbers.
static double getNumber(const json::Object &measurement, StringRef object, StringRef name) {
  const json::Object *part = measurement.getObject(object);
  return part ? part->getNumber(name).value_or(0) : 0;
}

Expected<std::vector<SimulatedLaunch>> simulate(girih_context *context, const girih_model *model,
                                                ArrayRef<girih_tensor> inputs,
                                                ArrayRef<girih_tensor> outputs) {
  auto *measure = findFunction<Measure>("girih_cudasim_measure");
  auto *measurements = findFunction<Measurements>("girih_cudasim_measurements");
  girih_error error;
  if (girih_set_profiling(context, 1, &error)) return makeError(error.message);
  measure(1);
  Error failed = run(context, inputs, outputs);
  auto parsed = json::parse(measurements());
  measure(0);
  if (failed) return std::move(failed);
  if (!parsed) return parsed.takeError();
  json::Array *list = parsed->getAsArray();
  size_t next = 0;
  std::vector<SimulatedLaunch> launches(modelInfo(model).launch_count);
  for (auto [i, launch] : enumerate(launches)) {
    girih_get_launch(context, i, &launch.info, nullptr);
    if (!launch.info.tasks) continue;
    const json::Object *measurement = list && next < list->size() ? (*list)[next++].getAsObject() : nullptr;
    if (!measurement || measurement->getString("kernel") != launch.info.kernel_name)
      return makeError("the simulator measured other launches than the model's");
    launch.measurement = *measurement;
    launch.seconds = getNumber(launch.measurement, "time", "microseconds") * 1e-6;
  }
  girih_set_profiling(context, 0, nullptr);
  return launches;
}

double getSeconds(ArrayRef<SimulatedLaunch> launches) {
  double sum = 0;
  for (const SimulatedLaunch &launch : launches)
    sum += launch.seconds;
  return sum;
}

namespace {
/// The columns of a line, which add up.
struct Counters {
  double seconds = 0, flops = 0, bytes = 0, requests = 0, sectors = 0, dram = 0, wavefronts = 0, ideal = 0,
         mma = 0;

  Counters() = default;
  explicit Counters(const SimulatedLaunch &l)
      : seconds(l.seconds), flops(double(l.info.flops)), bytes(double(l.info.bytes)) {
    auto count = [&](StringRef name) { return getNumber(l.measurement, "counters", name); };
    requests =
        count("global_load_requests") + count("global_store_requests") + count("global_atomic_requests");
    sectors = count("global_load_sectors") + count("global_store_sectors");
    dram = count("dram_bytes_read") + count("dram_bytes_written");
    wavefronts = count("shared_wavefronts"), ideal = count("shared_wavefronts_ideal");
    mma = count("mma");
  }
  void add(const Counters &o) {
    seconds += o.seconds, flops += o.flops, bytes += o.bytes, requests += o.requests, sectors += o.sectors;
    dram += o.dram, wavefronts += o.wavefronts, ideal += o.ideal, mma += o.mma;
  }
  void print(raw_ostream &os, double total) const {
    double time = std::max(seconds, 1e-12);
    os << format("%10.1f %6.1f %8.1f %8.1f ", seconds * 1e6, total > 0 ? 100 * seconds / total : 0,
                 flops / time * 1e-9, bytes / time * 1e-9)
       << format("%9.0f %7.1f %9.0f ", requests, requests ? sectors / requests : 0, dram / 1024)
       << format("%9.0f %9.0f %9.0f", wavefronts, wavefronts - ideal, mma);
  }
};
} // namespace

void printSimulated(std::vector<SimulatedLaunch> launches) {
  raw_ostream &os = outs();
  os << "\n        us      %  GFLOP/s     GB/s  requests sectors  DRAM KiB  wavefronts conflicts     mma  "
        "limited by            kernel\n";
  llvm::sort(launches,
             [](const SimulatedLaunch &a, const SimulatedLaunch &b) { return a.seconds > b.seconds; });
  double total = getSeconds(launches);
  Counters all;
  for (const SimulatedLaunch &launch : launches) {
    Counters counters(launch);
    counters.print(os, total);
    all.add(counters);
    const json::Object *time = launch.measurement.getObject("time");
    StringRef limit = time ? time->getString("limit").value_or("-") : "-";
    os << "  " << left_justify(limit, 21) << " " << launch.info.name << "  (" << launch.info.kernel_name
       << ", ";
    if (launch.info.variant) os << launch.info.variant << ", ";
    os << launch.info.tasks << (launch.info.tasks == 1 ? " block)" : " blocks)") << "\n";
  }
  all.print(os, total);
  os << "  " << left_justify("", 21) << " all kernels\n";
}

json::Object simulatedJson(std::vector<SimulatedLaunch> launches) {
  json::Array kernels;
  for (SimulatedLaunch &launch : launches) {
    json::Object kernel = launchJson(launch.info, launch.seconds);
    kernel["measurement"] = std::move(launch.measurement);
    kernels.push_back(std::move(kernel));
  }
  return json::Object{{"kernels", std::move(kernels)}};
}

} // namespace girih::tool
