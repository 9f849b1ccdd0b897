#include "compiler/Compile.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Commands.h"

using namespace llvm;

namespace girih::tool {

static const Page page = {"machine", "[options]",
                          "Prints what plans are made from: vectors, registers and caches of a CPU, as JSON. "
                          "An edited copy is given to\n"
                          "'girih compile --machine'. half_rate: multiply-adds a cycle with vectors of half "
                          "the size, as a part of those\n"
                          "with whole ones; 1 where whole ones are done in two halves. l1_ways: places that "
                          "the first-level cache has for\n"
                          "one line.",
                          R"(  girih machine
      this machine's CPU
  girih machine --cpu=sapphirerapids > server.json
  girih compile model.onnx -o model.so --cpu=sapphirerapids --machine=server.json
      with the caches of an edited file
)"};

int machineCommand(Arguments args) {
  TargetOptions options;
  SmallVector<std::string, 1> positional;
  Option table[] = {
      text("--target", "TRIPLE", "x86_64-linux-gnu or aarch64-linux-gnu; this machine's by default",
           options.target),
      text("--cpu", "NAME",
           "host (default; of another target: generic), x86-64-v2, x86-64-v3, x86-64-v4 or any LLVM name "
           "(znver4, neoverse-n1, ...)",
           options.cpu),
      text("--mattr", "LIST", "LLVM features to add or remove: -avx512f", options.mattr),
      text("--machine", "FILE", "with what FILE states otherwise", options.machineFile),
  };
  if (auto code = parseArguments(page, table, args, positional)) return *code;
  if (!positional.empty())
    return fail("unexpected argument '" + positional[0] + "'; see 'girih machine --help'");
  return printMachine(options, outs());
}

} // namespace girih::tool
