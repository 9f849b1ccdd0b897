// girih-ptxsim: runs a kernel of a PTX file without a GPU.
#include "tools/ptxsim/check/Checker.h"
#include "tools/ptxsim/cli/LaunchFile.h"
#include "tools/ptxsim/timing/Measure.h"
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

using namespace girih::ptx;

namespace {

constexpr const char *help = R"(usage: girih-ptxsim FILE.ptx [--launch FILE.json [--check FILE.npz]] [options]

Runs a kernel of a PTX program without a GPU. Without --launch the program is only loaded: whatever it has that is
malformed or not supported is reported by name and line.

  --launch FILE.json  the kernel, its grid, block, shared memory and parameters
  --check FILE.npz    initial buffers (buf::NAME) and expected contents afterwards (out::NAME)
  --threads N         host threads (default: all)
  --max-instructions N  gives up after about so many instructions of warps; without it, only what provably
                      never ends is given up
  --counters          a table of what the launch costs: instructions, memory, occupancy
  --gpu NAME          models the time on a GPU: a100, h100, rtx4090 or rtx5090
  --sample-blocks N   with these, runs about N blocks of the grid only, spread over it; nothing is checked
  --no-race           without the search for data races
  --no-uninit         without the search for reads of memory never written
  --dropped-reads     both report reads whose values nothing uses too
  --block-order=ORDER the order in which blocks begin: reverse or random:SEED
  --json              the result as JSON on standard output
  --help              this text

Exit status: 0 if all went well and the results are within the tolerance, 1 if not, 2 for wrong usage.

examples:
  girih-ptxsim softmax.ptx
  girih-ptxsim softmax.ptx --launch softmax.json --check softmax.npz
  girih-ptxsim softmax.ptx --launch softmax.json --check softmax.npz --counters --gpu rtx5090
)";

struct Options {
  std::string ptx, launch, check;
  unsigned threads = 0;
  uint64_t maxInstructions = 0;
  BlockOrder order;
  bool json = false, counters = false;
  CheckOptions checks;
  MeasureOptions measure;
  bool measures() const { return counters || measure.gpu; }
};

bool parseArguments(int argc, char **argv, Options &o) {
  for (int n = 1; n < argc; ++n) {
    std::string a = argv[n];
    auto value = [&](std::string &to) {
      if (n + 1 >= argc) return fprintf(stderr, "error: %s needs a value\n", a.c_str()), false;
      to = argv[++n];
      return true;
    };
    std::string number;
    if (a == "--launch") {
      if (!value(o.launch)) return false;
    } else if (a == "--check") {
      if (!value(o.check)) return false;
    } else if (a == "--threads") {
      if (!value(number)) return false;
      o.threads = unsigned(strtoul(number.c_str(), nullptr, 10));
      if (o.threads == 0 || o.threads > 1024)
        return fprintf(stderr, "error: --threads needs a number from 1 to 1024\n"), false;
    } else if (a == "--max-instructions") {
      if (!value(number)) return false;
      o.maxInstructions = strtoull(number.c_str(), nullptr, 10);
      if (o.maxInstructions == 0)
        return fprintf(stderr, "error: --max-instructions needs a number from 1\n"), false;
    } else if (a == "--json") {
      o.json = true;
    } else if (a == "--counters") {
      o.counters = true;
    } else if (a == "--gpu") {
      if (!value(number)) return false;
      o.measure.gpu = findGpu(number);
      if (!o.measure.gpu) {
        std::string known;
        for (const Gpu &g : gpus())
          known += (known.empty() ? "" : ", ") + g.key;
        return fprintf(stderr, "error: --gpu '%s' is not known; known are %s\n", number.c_str(),
                       known.c_str()),
               false;
      }
    } else if (a == "--sample-blocks") {
      if (!value(number)) return false;
      o.measure.sampleBlocks = strtoull(number.c_str(), nullptr, 10);
      if (o.measure.sampleBlocks == 0)
        return fprintf(stderr, "error: --sample-blocks needs a number from 1\n"), false;
    } else if (a == "--no-race") {
      o.checks.races = false;
    } else if (a == "--no-uninit") {
      o.checks.uninitialised = false;
    } else if (a == "--dropped-reads") {
      o.checks.droppedReads = true;
    } else if (a == "--block-order" || a.starts_with("--block-order=")) {
      if (a.ends_with("order") ? !value(number) : (number = a.substr(a.find('=') + 1), false)) return false;
      if (!o.order.parse(number))
        return fprintf(stderr, "error: --block-order '%s' is not known; it may be reverse or random:SEED\n",
                       number.c_str()),
               false;
    } else if (a.starts_with("-") || !o.ptx.empty()) {
      return fprintf(stderr, "error: unexpected argument '%s'; --help lists the options\n", a.c_str()), false;
    } else {
      o.ptx = a;
    }
  }
  if (o.ptx.empty()) return fprintf(stderr, "error: no PTX file; --help shows examples\n"), false;
  if (!o.check.empty() && o.launch.empty()) return fprintf(stderr, "error: --check needs --launch\n"), false;
  if (o.measures() && o.launch.empty())
    return fprintf(stderr, "error: --counters and --gpu need --launch\n"), false;
  if (o.measure.sampleBlocks && !o.measures())
    return fprintf(stderr, "error: --sample-blocks needs --counters or --gpu\n"), false;
  return true;
}

int fail(const std::string &message) {
  fprintf(stderr, "error: %s\n", message.c_str());
  return 1;
}

using Json = nlohmann::ordered_json;

Json reportsAsJson(const std::vector<Report> &reports) {
  Json list = Json::array();
  for (const Report &r : reports) {
    Json &out = list.emplace_back();
    out = {{"kind", r.kind},
           {"message", r.message},
           {"block", r.block},
           {"thread", r.thread},
           {"address", r.address}};
    if (!r.place.empty()) out["place"] = r.place;
    if (r.instruction) out["line"] = r.instruction->where.line, out["instruction"] = r.instruction->text();
    if (r.other) out["other_line"] = r.other->where.line, out["other_instruction"] = r.other->text();
  }
  return list;
}

Json buffersAsJson(const std::vector<Comparison> &comparisons) {
  Json all = Json::object();
  for (const Comparison &c : comparisons)
    all[c.buffer] = {{"ok", c.ok},
                     {"largest_error", c.largestError},
                     {"largest_error_relative_to_max", c.relativeError()},
                     {"largest_expected", c.largestExpected},
                     {"wrong_elements", c.wrong}};
  return all;
}

void printComparison(const Comparison &c, double tolerance, bool json) {
  if (!c.problem.empty())
    return void(fprintf(stderr, "error: %s: %s\n", c.buffer.c_str(), c.problem.c_str()));
  if (!json)
    printf("%s: largest error %g (%g of the largest value %g, tolerance %g)%s\n", c.buffer.c_str(),
           c.largestError, c.relativeError(), c.largestExpected, tolerance, c.ok ? "" : ": WRONG");
  if (c.wrong)
    fprintf(stderr, "error: %s: %llu elements are wrong; element %llu is %.17g, expected %.17g\n",
            c.buffer.c_str(), static_cast<unsigned long long>(c.wrong), static_cast<unsigned long long>(c.at),
            c.got, c.expected);
}

/// What one GPU's time is modelled by another's PTX.
void noteTarget(const Module &module, const Gpu &gpu) {
  auto number = [](const std::string &target) { return target.size() > 3 ? atoi(target.c_str() + 3) : 0; };
  if (number(module.target) == number(gpu.target)) return;
  bool newer = number(module.target) > number(gpu.target);
  fprintf(stderr, "note: %s is %s, the PTX is for %s%s\n", gpu.name.c_str(), gpu.target.c_str(),
          module.target.c_str(),
          newer ? ", which does not run there"
                : ": compiled for that GPU it may use other instructions, and take another time");
}

int runLaunch(Device &device, LoadedModule &module, const Options &o) {
  std::string error;
  LaunchFile file;
  LaunchData data;
  if (!readLaunchFile(o.launch, file, error)) return fail(error);
  if (!o.check.empty() && !readNpz(o.check, data.arrays, error)) return fail(error);
  const Program *program = module.kernel(file.entry);
  if (!program) return fail("'" + o.ptx + "' has no kernel '" + file.entry + "'");
  if (!prepareLaunch(device, *program, file, data, error)) return fail(error);
  file.launch.threads = o.threads, file.launch.count = true;
  file.launch.maxWarpInstructions = o.maxInstructions;
  file.launch.order = o.order;
  std::unique_ptr<Checker> checker;
  if ((o.checks.races || o.checks.uninitialised) && !o.measure.sampleBlocks) {
    checker = makeChecker(*program, o.checks, error);
    if (!checker) return fail(error);
    file.launch.observer = checker.get();
  }

  auto begin = std::chrono::steady_clock::now();
  file.launch.progress = [&](uint64_t done, uint64_t all) {
    auto since = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
    fprintf(stderr, "%s: %llu of %llu blocks are done after %lld s\n", file.entry.c_str(),
            static_cast<unsigned long long>(done), static_cast<unsigned long long>(all),
            static_cast<long long>(since.count()));
  };
  LaunchResult result;
  Measurement measured;
  if (o.measures())
    measured = measure(device, *program, file.launch, o.measure, result);
  else
    result = device.launch(*program, file.launch);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (Report &r : result.reports) {
    if (r.place.empty()) r.place = bufferAt(data, r.address);
    fprintf(stderr, "%s\n", formatReport(module.module(), r).c_str());
  }
  if (result.moreReports)
    fprintf(stderr, "and %llu more reports\n", static_cast<unsigned long long>(result.moreReports));
  if (result.refused()) {
    Json out = {{"entry", file.entry}, {"ok", false}, {"reports", reportsAsJson(result.reports)}};
    if (o.json) printf("%s\n", out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    return 1;
  }
  bool ok = result.ok();
  uint64_t lanes = 0;
  for (uint64_t n : result.laneExecutions)
    lanes += n;
  std::vector<Comparison> comparisons;
  if (ok && !measured.sampled()) comparisons = compareResults(device, file, data);
  double worst = 0;
  for (const Comparison &c : comparisons) {
    ok &= c.ok;
    worst = std::max(worst, c.relativeError());
    printComparison(c, file.tolerance, o.json);
  }
  if (ok && !o.check.empty() && comparisons.empty() && !o.json)
    printf("nothing was compared: %s\n", measured.sampled()
                                             ? "a sample of the grid has not all results"
                                             : ("'" + o.check + "' has no out:: arrays").c_str());
  bool measures = o.measures() && result.ok();
  if (measures && o.measure.gpu) noteTarget(module.module(), *o.measure.gpu);
  if (o.json) {
    Json out = {{"entry", file.entry},
                {"ok", ok},
                {"reports", reportsAsJson(result.reports)},
                {"more_reports", result.moreReports},
                {"largest_error", worst},
                {"buffers", buffersAsJson(comparisons)},
                {"warp_instructions", result.warpInstructions},
                {"thread_instructions", lanes},
                {"seconds", seconds}};
    if (measures) out.update(Json::parse(measurementJson(*program, measured)));
    printf("%s\n", out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  } else {
    printf("%s: %llu warp instructions, %llu thread instructions, %.3f s (%.0f M thread instructions a "
           "second)\n",
           file.entry.c_str(), static_cast<unsigned long long>(result.warpInstructions),
           static_cast<unsigned long long>(lanes), seconds, double(lanes) / seconds * 1e-6);
  }
  if (measures && !o.json)
    fputs(formatMeasurement(*program, measured, o.counters, o.measure.gpu != nullptr).c_str(), stdout);
  return ok ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  for (int n = 1; n < argc; ++n)
    if (!strcmp(argv[n], "--help") || !strcmp(argv[n], "-h")) return fputs(help, stdout), 0;
  Options o;
  if (!parseArguments(argc, argv, o)) return 2;
  std::ifstream in(o.ptx, std::ios::binary);
  if (!in) return fail("'" + o.ptx + "' can't be read");
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}, error;
  Device device;
  LoadedModule *module = device.load(std::move(text), o.ptx, error);
  if (!module) {
    fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  if (!o.launch.empty()) return runLaunch(device, *module, o);
  for (const Function &f : module->module().functions)
    if (f.isEntry) printf("%s\n", f.name.c_str());
  return 0;
}
