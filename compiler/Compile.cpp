#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "compiler/Dialects.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/Timing.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

namespace girih {

std::string versionText() {
  return "girih " GIRIH_VERSION ", LLVM " LLVM_VERSION_STRING;
}

namespace {
/// One compilation: the context, and what the stages share.
class Compilation {
public:
  Compilation(const CompileOptions &options, raw_ostream &out)
      : options(options), out(out), diagnostics(&context, options.input, options.timing) {}
  LogicalResult run();

private:
  LogicalResult import();
  LogicalResult runStage(Stage stage);
  void print();

  const CompileOptions &options;
  raw_ostream &out;
  MLIRContext context{registry(), MLIRContext::Threading::DISABLED};
  DiagnosticPrinter diagnostics;
  DefaultTimingManager timing;
  TimingScope root;
  OwningOpRef<ModuleOp> module;

  static DialectRegistry registry() {
    DialectRegistry r;
    registerDialects(r);
    return r;
  }
};
} // namespace

LogicalResult Compilation::import() {
  TimingScope scope = root.nest("import");
  module = parseSourceFile<ModuleOp>(options.input, &context);
  return success(static_cast<bool>(module));
}

LogicalResult Compilation::runStage(Stage stage) {
  TimingScope scope = root.nest(stageName(stage));
  PassManager pm(&context);
  // Verifying once a stage finds what verifying after each pass finds, in a fraction of the time.
  pm.enableVerifier(false);
  pm.enableTiming(scope);
  addStage(pm, stage, options.pipeline);
  if (failed(pm.run(*module))) {
    if (!diagnostics.hadErrors())
      emitError(module->getLoc()) << "the " << stageName(stage)
                                  << " stage failed without saying why; please report this";
    return failure();
  }
  return verify(*module);
}

/// Constants are elided: an edited dump is for reading and for schedules, weights stay in the model.
void Compilation::print() {
  module->print(out, OpPrintingFlags().elideLargeElementsAttrs(16).elideLargeResourceString(16));
}

LogicalResult Compilation::run() {
  timing.setEnabled(options.timing);
  timing.setDisplayMode(DefaultTimingManager::DisplayMode::Tree);
  root = timing.getRootScope();
  if (failed(import())) return failure();
  int first = static_cast<int>(options.startAfter.value_or(Stage::Import));
  for (int i = first; i <= static_cast<int>(Stage::LLVM); ++i) {
    Stage stage = static_cast<Stage>(i);
    if (i > first && failed(runStage(stage))) return failure();
    if (options.stopAfter == stage) {
      print();
      return success();
    }
  }
  return success();
}

int compileModel(const CompileOptions &options, raw_ostream &out) {
  return failed(Compilation(options, out).run());
}

} // namespace girih
