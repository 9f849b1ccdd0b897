// `girih`: dispatches to a subcommand.
#include "compiler/Compile.h"
#include "compiler/Support/BusErrors.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Commands.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace girih::tool;

namespace {
struct Command {
  llvm::StringRef name, summary;
  int (*run)(Arguments);
};
} // namespace

static const Command commands[] = {
    {"compile", "a model into a native library", compileCommand},
    {"inspect", "what is in a model or a compiled model, and what it costs", inspectCommand},
    {"convert", "ONNX to JSON and back", convertCommand},
    {"run", "a compiled model on given or random inputs", runCommand},
    {"bench", "times a compiled model, and each of its kernels", benchCommand},
    {"machine", "what plans know of a CPU", machineCommand},
};

static void printHelp() {
  llvm::raw_ostream &os = llvm::outs();
  os << "usage: girih COMMAND ...\n\n"
        "girih compiles deep-learning models (ONNX, JSON) into native libraries that need no framework at "
        "run time.\n\n"
        "commands:\n";
  for (const Command &c : commands)
    os << "  " << llvm::left_justify(c.name, 10) << c.summary << "\n";
  os << "\n'girih COMMAND --help' explains a command with examples; 'girih --version' prints versions.\n";
}

/// LLVM's own last words, in girih's form; files that were being written go away first.
static void fatal(void *, const char *reason, bool) {
  llvm::sys::RunInterruptHandlers();
  // A stream that could not be flushed says so here, from its destructor.
  llvm::StringRef what = reason;
  if (what.consume_front("IO failure on output stream: "))
    std::_Exit(fail("cannot write the output: " + what + "; choose another place with -o"));
  std::_Exit(fail(llvm::Twine("internal error in code generation: ") + reason +
                  "; please report this with the model"));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  girih::reportBusErrors();
  llvm::install_fatal_error_handler(fatal);
  llvm::setBugReportMsg("girih crashed; please report this with the model and the command line.\n");
  Arguments args(argv + 1, argv + argc);
  llvm::StringRef first = args.empty() ? "" : args[0];
  if (first == "-h" || first == "--help" || first == "help") {
    printHelp();
    return 0;
  }
  if (first == "--version") {
    llvm::outs() << girih::versionText() << "\n";
    return 0;
  }
  for (const Command &c : commands)
    if (first == c.name) return c.run(args.drop_front());
  if (args.empty()) return fail("expected a command; see 'girih --help'");
  return fail("unknown command '" + first + "'; see 'girih --help'");
}
