#include "compiler/Compile.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Commands.h"
#include "tools/girih/Machine.h"

using namespace llvm;

namespace girih::tool {

static const Page page = {
    "machine", "[options]",
    "Prints what is known of a CPU as JSON: what plans and predicted times are made from. An edited copy is "
    "given to 'girih compile\n"
    "--machine'. Rates are of vectors of vector_bits, for one core; docs/machine.md has more on each.\n\n"
    "  vector_bits, registers         vector registers that plans use\n"
    "  half_rate                      multiply-adds a cycle with vectors of half the size, as a part of "
    "those "
    "with whole ones; 1\n"
    "                                 where whole ones are done in two halves\n"
    "  l1_bytes, l1_ways, l2_bytes    caches of a core; ways: places for one line\n"
    "  l3_bytes                       what one core may fill of the third-level cache\n"
    "  cores                          of a common part; of this machine, where code is for it\n"
    "  ghz                            the clock while vectors are computed with\n"
    "  fmas_per_cycle, vector_instructions_per_cycle, loads_per_cycle, stores_per_cycle, "
    "instructions_per_cycle\n"
    "  fma_latency, add_latency       cycles until a result may be used\n"
    "  compare_cycles, divide_cycles  cycles between two of them; gather_cycles: a lane\n"
    "  l2_bytes_per_cycle, l3_bytes_per_cycle, memory_bytes_per_ns",
    R"(  girih machine
      this machine's CPU
  girih machine --cpu=sapphirerapids > server.json
  girih compile model.onnx -o model.so --cpu=sapphirerapids --machine=server.json
      with the caches of an edited file
  girih machine --measure > here.json
      with this machine's caches, clock and bandwidths as they are now
)"};

int machineCommand(Arguments args) {
  TargetOptions options;
  SmallVector<std::string, 1> positional;
  bool measure = false;
  Option table[] = {
      text("--target", "TRIPLE", "x86_64-linux-gnu or aarch64-linux-gnu; this machine's by default",
           options.target),
      text("--cpu", "NAME",
           "host (default; of another target: generic), x86-64-v2, x86-64-v3, x86-64-v4 or any LLVM name "
           "(znver4, neoverse-n1, ...)",
           options.cpu),
      text("--mattr", "LIST", "LLVM features to add or remove: -avx512f", options.mattr),
      text("--machine", "FILE", "with what FILE states otherwise", options.machineFile),
      flag("--measure",
           "sizes of caches, clock, multiply-adds and bandwidths of this machine as they are now", measure),
  };
  if (auto code = parseArguments(page, table, args, positional)) return *code;
  if (!positional.empty())
    return fail("unexpected argument '" + positional[0] + "'; see 'girih machine --help'");
  if (measure && (!options.target.empty() || !(options.cpu.empty() || options.cpu == "host")))
    return fail("option '--measure' is about this machine: leave out --target and --cpu");
  if (measure) options.measured = measureNumbers();
  return printMachine(options, outs());
}

} // namespace girih::tool
