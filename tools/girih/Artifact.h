// A compiled model in the tools: runtime/girih.h with C++ ownership, and inputs for it from files or by
// chance.
#pragma once

#include "runtime/girih.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Npy.h"
#include "llvm/Support/JSON.h"
#include <memory>

namespace girih::tool {

struct CloseArtifact {
  void operator()(girih_model *model) const { girih_close(model); }
  void operator()(girih_context *context) const { girih_destroy(context); }
};
using Model = std::unique_ptr<girih_model, CloseArtifact>;
using Context = std::unique_ptr<girih_context, CloseArtifact>;

llvm::Expected<Model> loadModel(llvm::StringRef path);
llvm::Expected<Context> createContext(girih_model *model, unsigned threads);
girih_model_info modelInfo(const girih_model *model);
/// "2 threads", or the name of the GPU.
std::string runsOn(const girih_context *context);
/// The GPU's name as JSON, null on a CPU.
llvm::json::Value deviceJson(const girih_context *context);
/// What is said of a launch that took so long, however that was found out.
llvm::json::Object launchJson(const girih_launch_info &info, double seconds);

/// Where inputs come from: the same options for all commands that run a model.
struct InputOptions {
  std::vector<std::string> files;    // --input NAME=FILE.npy
  std::string archive;               // --inputs FILE.npz
  std::vector<std::string> dims;     // --dim NAME=VALUE
  int64_t seed = 0;                  // --seed
  llvm::SmallVector<Option> table(); // the options that set the above
};

struct Inputs {
  std::vector<Array> arrays;                           // in the model's order
  std::vector<std::string> sources;                    // "random", a file's name
  std::vector<std::pair<std::string, int64_t>> chosen; // sizes of dynamic dimensions that nothing had set
};

/// Reads the inputs that files give and makes the others: normally distributed floats, integers of 0 and 1
/// (right for indices and masks alike), and sizes where the model reads sizes.
llvm::Expected<Inputs> makeInputs(girih_context *context, const girih_model *model,
                                  const InputOptions &options);

/// Refuses what would not fit into this machine's memory: C++ containers could only abort.
llvm::Error checkMemory(double bytes, const llvm::Twine &what);

girih_tensor tensorOf(const Array &array);
/// Arrays for the outputs that these inputs lead to.
llvm::Expected<std::vector<Array>> makeOutputs(girih_context *context, const girih_model *model,
                                               llvm::ArrayRef<girih_tensor> inputs);
llvm::SmallVector<girih_tensor> tensorsOf(llvm::ArrayRef<Array> arrays);
llvm::Error run(girih_context *context, llvm::ArrayRef<girih_tensor> inputs,
                llvm::ArrayRef<girih_tensor> outputs);

/// `girih inspect OUT.so`: reads the library, and runs nothing of it. Returns the exit code.
int inspectArtifact(llvm::StringRef path, bool json);

} // namespace girih::tool
