// A model file in, an artifact out: runs the walk with its options, keeps the books on time and memory, and
// makes sure that a failure leaves one message and no file.
#pragma once

#include "compiler/Pipeline.h"
#include "llvm/Support/raw_ostream.h"

namespace girih {

enum class Emit { Artifact, LLVM, Asm, Obj, Ptx };

/// How a model is read.
struct ReadOptions {
  std::vector<std::string> dims;    // NAME=VALUE: symbolic dimensions that are pinned
  std::vector<std::string> guesses; // NAME=VALUE: what symbolic dimensions mostly are
  bool freezeInitializers = false;  // weights that are listed as inputs, too, are constants
  bool followLinks = false;         // weights may be behind links out of the model's folder
};

struct CompileOptions {
  TargetOptions target;
  PipelineOptions pipeline;
  std::string precision; // as the command line names it; empty: the model's own
  std::string input, output;
  ReadOptions read;
  std::optional<Stage> stopAfter;
  std::optional<Stage> startAfter; // for .mlir inputs: the stage that wrote them
  Emit emit = Emit::Artifact;
  unsigned threads = 0; // 0: one a CPU
  bool externalWeights = false;
  bool timing = false;
  bool json = false;
};

/// "girih 0.1.0, LLVM 22.1.8".
std::string versionText();

/// Reads a model: ONNX, JSON, or IR of any stage (.mlir). Errors are diagnostics.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
readModel(mlir::MLIRContext *context, const std::string &path, const ReadOptions &options);

/// What plans are made from for this target, as JSON. Errors are printed. Returns the exit code.
int printMachine(const TargetOptions &options, llvm::raw_ostream &out);

/// All of `girih compile`. Errors are printed; `out` takes IR and summaries. Returns the exit code.
int compileModel(const CompileOptions &options, llvm::raw_ostream &out);

} // namespace girih
