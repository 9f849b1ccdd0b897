#include "compiler/Compile.h"
#include "backends/Host/EmitHost.h"
#include "compiler/Diagnostics.h"
#include "compiler/Dialects.h"
#include "compiler/Import/Import.h"
#include "compiler/Link.h"
#include "compiler/Statistics.h"
#include "compiler/Support/OutputFile.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/Graph.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/Timing.h"
#include "passes/Buffers/Constants.h"
#include "runtime/abi.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"

using namespace mlir;

namespace girih {

std::string versionText() {
  return "girih " GIRIH_VERSION ", LLVM " LLVM_VERSION_STRING;
}

static LogicalResult report(StringRef file, llvm::Error error) {
  if (!error) return success();
  llvm::errs() << "error: " << (file.empty() ? "" : file + ": ") << llvm::toString(std::move(error)) << "\n";
  return failure();
}

namespace {

/// What is left of a compilation when its IR is gone. Linking needs no IR, and memory.
struct Emitted {
  LinkInputs inputs;
  DeviceCode device;
  std::optional<TemporaryFile> weights; // an object, or the external file
  std::string tableSymbol;
  int64_t weightsBytes = 0;
  unsigned launches = 0, kernels = 0;
  int64_t arenaBytes = 0, arenaLowerBound = 0;
  int64_t nodes = 0, parameters = 0, macs = 0;
};

/// One line on stderr that says what is going on, once that takes long and somebody looks.
class Progress {
public:
  ~Progress() {
    if (shown) llvm::errs() << "\r\033[K";
  }
  void step(StringRef what) {
    if (!llvm::sys::Process::StandardErrIsDisplayed() ||
        std::chrono::steady_clock::now() - start < std::chrono::seconds(2))
      return;
    llvm::errs() << "\r\033[K" << what << " ...";
    shown = true;
  }

private:
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  bool shown = false;
};

/// One compilation: the context and what the stages share.
class Compilation {
public:
  Compilation(const CompileOptions &options, const Target &target, TimingScope &timing, Progress &progress,
              raw_ostream &out);
  /// Runs the stages; prints IR where that is asked for, else fills `emitted`.
  LogicalResult run(Emitted &emitted);

private:
  LogicalResult importInput();
  LogicalResult runStage(Stage stage);
  LogicalResult emit(Emitted &emitted);
  LogicalResult emitWeights(HostOptions &host, Emitted &emitted);
  LogicalResult printDeviceCode(Emitted &emitted);

  const CompileOptions &options;
  const Target &target;
  TimingScope &timing;
  Progress &progress;
  raw_ostream &out;
  llvm::DefaultThreadPool pool;
  MLIRContext context;
  DiagnosticPrinter diagnostics;
  OwningOpRef<ModuleOp> module;
};

} // namespace

static DialectRegistry allDialects() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compilation::Compilation(const CompileOptions &options, const Target &target, TimingScope &timing,
                         Progress &progress, raw_ostream &out)
    : options(options), target(target), timing(timing), progress(progress), out(out),
      pool(llvm::hardware_concurrency(options.threads)),
      context(allDialects(), MLIRContext::Threading::DISABLED),
      diagnostics(&context, options.input, options.timing) {
  if (pool.getMaxConcurrency() > 1) context.setThreadPool(pool);
}

/// Dumps leave large constants out; a module that was read from one is for reading only.
static LogicalResult verifyConstants(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    return op->getAttrDictionary().walk([&](DenseResourceElementsAttr constant) {
      AsmResourceBlob *blob = constant.getRawHandle().getBlob();
      int64_t size = blob ? blob->getData().size() : 0, expected = getConstantSize(constant);
      if (size == expected) return WalkResult::advance();
      op->emitError("a constant of type ")
          << constant.getType() << " has " << size << " bytes of data, expected " << expected
          << (blob ? ""
                   : ": --stop-after leaves large constants out; compile the model itself, "
                     "and give schedules that were edited by --schedule");
      return WalkResult::interrupt();
    });
  });
  return failure(result.wasInterrupted());
}

/// Notes on the module what dimensions of its inputs mostly are.
static LogicalResult setGuesses(ModuleOp module, ArrayRef<std::string> guesses) {
  if (guesses.empty()) return success();
  auto error = [&] { return emitError(UnknownLoc::get(module.getContext())) << "--guess"; };
  std::set<std::string> names;
  if (auto main = module.lookupSymbol<func::FuncOp>("main"))
    for (BlockArgument argument : main.getArguments()) {
      llvm::SetVector<unsigned> symbols;
      for (DimExpr dim : getDims(argument))
        dimCollectSymbols(dim, symbols);
      for (unsigned s : symbols)
        if (const DimSymbol &symbol = getDimSymbols(module.getContext())[s];
            symbol.kind == DimSymbol::Dimension)
          names.insert("'" + symbol.name + "'");
    }
  Builder b(module.getContext());
  NamedAttrList list(kGuesses.get(module));
  for (StringRef text : guesses) {
    auto [name, value] = text.rsplit('=');
    int64_t size;
    if (name.empty() || value.getAsInteger(10, size) || size < 1 || size > maxDimension)
      return error() << ": expected NAME=VALUE with a size of 1 to " << maxDimension << ", got '" << text
                     << "'";
    if (names.empty()) return error() << " " << name << ": all sizes of the model are fixed";
    if (!names.count(("'" + name + "'").str()))
      return error() << " " << name << ": the model has no dimension of that name; it has "
                     << llvm::join(names, ", ");
    list.set(name, b.getI64IntegerAttr(size));
  }
  kGuesses.set(module, list.getDictionary(module.getContext()));
  return success();
}

FailureOr<OwningOpRef<ModuleOp>> readModel(MLIRContext *context, const std::string &path,
                                           const ReadOptions &options) {
  ImportOptions import;
  import.freezeInitializers = options.freezeInitializers;
  import.followLinks = options.followLinks;
  for (StringRef text : options.dims) {
    auto [name, value] = text.rsplit('=');
    int64_t size;
    if (name.empty() || value.getAsInteger(10, size) || size < 0)
      return emitError(UnknownLoc::get(context))
             << "--dim: expected NAME=VALUE with a size, got '" << text << "'";
    import.dims[name] = size;
  }
  if (llvm::sys::path::extension(path) != ".mlir") return importModel(context, path, import);
  if (!options.dims.empty())
    return emitError(UnknownLoc::get(context))
           << "--dim: dimensions are pinned on import, and .mlir is imported already";
  if (std::error_code code = llvm::sys::fs::access(path, llvm::sys::fs::AccessMode::Exist))
    return emitError(UnknownLoc::get(context)) << "cannot be read: " << code.message();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, context);
  if (!module || failed(verifyConstants(*module))) return failure();
  return module;
}

/// Products may be of rounded factors: plans read it.
static void setProducts(ModuleOp module, Precision precision) {
  if (precision == Precision::TF32)
    kProducts.set(module, StringAttr::get(module.getContext(), precisionName(precision)));
}

LogicalResult Compilation::importInput() {
  progress.step("import");
  TimingScope scope = timing.nest("import");
  FailureOr<OwningOpRef<ModuleOp>> read = readModel(&context, options.input, options.read);
  if (failed(read) || failed(setGuesses(**read, options.read.guesses))) return failure();
  module = std::move(*read);
  setProducts(*module, options.pipeline.precision);
  if (!options.startAfter) annotateStatistics(*module, countModel(*module));
  return success();
}

/// Frees the weights that no operation refers to any more: the model's own once they are folded or packed.
/// The context would keep them until its end.
static void releaseUnusedWeights(ModuleOp module) {
  llvm::StringSet<> used;
  module->walk([&](Operation *op) {
    op->getAttrDictionary().walk(
        [&](DenseResourceElementsAttr weights) { used.insert(weights.getRawHandle().getKey()); });
  });
  auto &manager = DenseResourceElementsHandle::getManagerInterface(module->getContext()).getBlobManager();
  SmallVector<StringRef> unused;
  manager.getBlobMap([&](const auto &blobs) {
    for (const auto &blob : blobs)
      if (!used.contains(blob.getKey())) unused.push_back(blob.getKey());
  });
  for (StringRef key : unused)
    manager.update(key, AsmResourceBlob());
}

LogicalResult Compilation::runStage(Stage stage) {
  progress.step(stageName(stage));
  TimingScope scope = timing.nest(stageName(stage));
  PassManager pm(&context);
  // Verifying once a stage finds what verifying after each pass finds, in a fraction of the time.
  pm.enableVerifier(false);
  pm.enableTiming(scope);
  addStage(pm, stage, target, options.pipeline);
  if (failed(pm.run(*module))) {
    if (!diagnostics.hadErrors())
      emitError(module->getLoc()) << "the " << stageName(stage)
                                  << " stage failed without saying why; please report this";
    return failure();
  }
  if (stage <= Stage::Tile) releaseUnusedWeights(*module);
  return verify(*module);
}

/// Weights go to an object for the linker, or, as they are, to a file that lies beside the artifact or is put
/// into the shared library.
LogicalResult Compilation::emitWeights(HostOptions &host, Emitted &emitted) {
  TimingScope scope = timing.nest("weights");
  FailureOr<Weights> collected = collectWeights(*module, host.sanitize ? GIRIH_RED_ZONE : 0);
  if (failed(collected)) return failure();
  const Weights &weights = *collected;
  emitted.weightsBytes = weights.bytes;
  if (weights.bytes) {
    bool isObject =
        !options.externalWeights && *getArtifactKind(options.output) != ArtifactKind::SharedLibrary;
    if (!emitted.weights) {
      auto file = TemporaryFile::create(options.output, isObject ? ".o" : ".weights");
      if (!file) return report("", file.takeError());
      emitted.weights = std::move(*file);
    }
    StringRef path = emitted.weights->getPath();
    bool written = true;
    auto error = emitted.weights->write([&](raw_ostream &os) {
      written = succeeded(
          isObject ? writeWeightsObject(weights, weightsSymbol(host.prefix), target.getHost().triple, os)
                   : writeWeights(weights, os));
      return llvm::Error::success();
    });
    if (failed(report(options.output, std::move(error))) || !written) return failure();
    if (options.externalWeights) {
      auto mapped = llvm::MemoryBuffer::getFile(path, false, false);
      if (!mapped) return report(options.output, llvm::errorCodeToError(mapped.getError()));
      host.weightsFile = (llvm::sys::path::filename(options.output) + ".weights").str();
      girih_hash hash;
      girih_hash_begin(&hash);
      girih_hash_add(&hash, (*mapped)->getBufferStart(), (*mapped)->getBufferSize());
      host.weightsHash = girih_hash_end(&hash);
    } else {
      emitted.inputs.weights = {path.str(), weightsSymbol(host.prefix), uint64_t(weights.bytes)};
    }
  }
  scope = timing.nest("tables");
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> tables =
      buildHostModule(*module, weights, emitted.device, target.getHost(), host, llvmContext);
  if (!tables) return failure();
  LinkObject object{"girih_host.o", {}};
  std::string error = emitModule(*tables, target.getHost(), CodeOptions(), object.bytes);
  if (!error.empty()) return module->emitError("code generation of the tables failed: ") << error;
  emitted.inputs.objects.push_back(std::move(object));
  if (host.prefix.empty()) return success();
  auto digits = nameByContent(emitted.inputs);
  if (!digits) return report(options.output, digits.takeError());
  emitted.tableSymbol = modelSymbol(options.output) + "_" + *digits;
  return success();
}

/// A device's code is printed as what it is.
LogicalResult Compilation::printDeviceCode(Emitted &emitted) {
  const auto &modules = emitted.device.modules;
  bool isPtx = options.emit == Emit::Ptx;
  const char *problem = nullptr;
  if (!isPtx && !modules.empty()) problem = "kernels of this target are PTX: --emit=ptx prints them";
  if (isPtx && modules.empty()) problem = "--emit=ptx needs --target=cuda";
  if (isPtx && modules.size() > 1) problem = "--emit=ptx prints one module: --sm needs one number";
  if (problem) return report("", llvm::createStringError(problem));
  for (const DeviceModule &m : modules)
    emitted.inputs.objects.push_back({"kernels.ptx", {m.ptx.begin(), m.ptx.end()}});
  return success();
}

LogicalResult Compilation::emit(Emitted &emitted) {
  progress.step("code generation");
  HostOptions host;
  host.producer = versionText();
  host.sanitize = options.pipeline.sanitize;
  bool isShared =
      options.emit == Emit::Artifact && *getArtifactKind(options.output) == ArtifactKind::SharedLibrary;
  if (options.emit == Emit::Artifact && !isShared) {
    // Several models may meet in one program, of one file name even: what they hold tells their symbols
    // apart, once it is known. A linker takes the first of two archives that define a symbol, and says
    // nothing.
    host.prefix = ("girih_" + getIdentifier(options.output) + "_" + contentMark + "_").str();
    host.tableSymbol = (modelSymbol(options.output) + "_" + contentMark).str();
  }
  CodeKind kind = options.emit == Emit::LLVM  ? CodeKind::IR
                  : options.emit == Emit::Asm ? CodeKind::Assembly
                                              : CodeKind::Object;
  {
    TimingScope scope = timing.nest("kernels");
    FailureOr<EmittedKernels> kernels = target.emitKernels(*module, {kind, host.prefix, host.sanitize});
    if (failed(kernels)) return failure();
    for (EmittedCode &k : kernels->objects)
      emitted.inputs.objects.push_back({k.name + ".o", std::move(k.bytes)});
    emitted.device = std::move(kernels->device);
  }
  emitted.inputs.triple = target.getHost().triple;
  emitted.inputs.sanitized = host.sanitize;
  emitted.inputs.usesCuda = !emitted.device.modules.empty();
  emitted.kernels = emitted.inputs.objects.size() + emitted.device.kernels.size();
  module->walk([&](LaunchOp) { ++emitted.launches; });
  emitted.arenaBytes = getNumber(*module, kArenaBytes),
  emitted.arenaLowerBound = getNumber(*module, kArenaLowerBound);
  emitted.nodes = getNumber(*module, kNodes), emitted.parameters = getNumber(*module, kParameters),
  emitted.macs = getNumber(*module, kMacs);
  return options.emit == Emit::Artifact ? emitWeights(host, emitted) : printDeviceCode(emitted);
}

LogicalResult Compilation::run(Emitted &emitted) {
  if (failed(importInput())) return failure();
  int first = static_cast<int>(options.startAfter.value_or(Stage::Import));
  for (int i = first; i <= static_cast<int>(Stage::LLVM); ++i) {
    Stage stage = static_cast<Stage>(i);
    if (i > first && failed(runStage(stage))) return failure();
    if (options.stopAfter != stage) continue;
    // Constants are elided: a dump is for reading and for schedules, weights stay in the model.
    module->print(out, OpPrintingFlags().elideLargeElementsAttrs(16).elideLargeResourceString(16));
    return success();
  }
  return emit(emitted);
}

static void printSummary(const CompileOptions &options, const Emitted &e, double seconds, raw_ostream &out) {
  uint64_t size = 0;
  llvm::sys::fs::file_size(options.output, size);
  if (options.json) {
    llvm::json::OStream json(out, 2);
    json.object([&] {
      json.attribute("output", options.output);
      json.attribute("bytes", int64_t(size));
      json.attribute("weights_bytes", e.weightsBytes);
      json.attribute("precision", precisionName(options.pipeline.precision));
      json.attribute("nodes", e.nodes);
      json.attribute("launches", e.launches);
      json.attribute("kernels", e.kernels);
      json.attribute("parameters", e.parameters);
      json.attribute("macs", e.macs);
      json.attribute("arena_bytes", e.arenaBytes);
      json.attribute("arena_lower_bound", e.arenaLowerBound);
      json.attribute("seconds", seconds);
    });
    out << "\n";
    return;
  }
  out << options.output << llvm::format(": %.1f MB (weights %.1f MB), ", size / 1e6, e.weightsBytes / 1e6)
      << e.launches << " launches of " << e.kernels << " kernels, ";
  if (e.arenaBytes < 0) {
    out << "arena planned per shape";
  } else {
    double ratio = e.arenaLowerBound ? double(e.arenaBytes) / e.arenaLowerBound : 1;
    out << llvm::format("arena %.2f MB (%.2f of the lower bound)", e.arenaBytes / 1e6, ratio);
  }
  out << llvm::format(", %.1f s\n", seconds);
}

/// Where IR and code go: OUT if it is given, else standard output.
static LogicalResult printTo(const CompileOptions &options, raw_ostream &out,
                             llvm::function_ref<LogicalResult(raw_ostream &)> print) {
  if (options.output.empty() || options.output == "-") return print(out);
  bool printed = true;
  auto error = writeFile(options.output, [&](raw_ostream &os) {
    printed = succeeded(print(os));
    // Its own message is out; this one only keeps the file from taking its name.
    return printed ? llvm::Error::success() : llvm::createStringError("");
  });
  if (printed) return report("", std::move(error));
  llvm::consumeError(std::move(error));
  return failure();
}

static LogicalResult emitCode(const CompileOptions &options, const Target &target, TimingScope &timing,
                              Progress &progress, raw_ostream &out) {
  Emitted emitted;
  if (failed(Compilation(options, target, timing, progress, out).run(emitted))) return failure();
  if (options.stopAfter) return success();
  if (options.emit == Emit::Obj) {
    auto file = TemporaryFile::create(options.output, ".o");
    if (!file) return report("", file.takeError());
    if (failed(report(options.output,
                      linkRelocatable(std::move(emitted.inputs), options.output, file->getPath()))))
      return failure();
    return report("", file->keep(options.output));
  }
  for (const LinkObject &o : emitted.inputs.objects)
    out.write(o.bytes.data(), o.bytes.size());
  return success();
}

static LogicalResult buildArtifact(const CompileOptions &options, const Target &target, TimingScope &timing,
                                   Progress &progress, raw_ostream &out) {
  auto start = std::chrono::steady_clock::now();
  auto kind = getArtifactKind(options.output);
  if (!kind) return report("", kind.takeError());
  if (failed(report(options.output, checkLinkable(*kind, target.getHost().triple)))) return failure();
  // All that shall be written is begun before the work, which takes longer than finding out that it can't be.
  bool isShared = *kind == ArtifactKind::SharedLibrary;
  auto file = TemporaryFile::create(options.output, llvm::sys::path::extension(options.output));
  if (!file) return report("", file.takeError());
  SmallVector<FinishedFile, 3> files;
  if (!isShared) {
    std::string headerName = options.output.substr(0, options.output.size() - 2) + ".h";
    auto header = TemporaryFile::create(headerName, "");
    if (!header) return report("", header.takeError());
    files.push_back({std::move(*header), headerName});
  }
  Emitted emitted;
  if (options.externalWeights) {
    auto weights = TemporaryFile::create(options.output + ".weights", "");
    if (!weights) return report("", weights.takeError());
    emitted.weights = std::move(*weights);
  }
  if (failed(Compilation(options, target, timing, progress, out).run(emitted))) return failure();

  progress.step("link");
  TimingScope scope = timing.nest("link");
  unsigned threads = llvm::hardware_concurrency(options.threads).compute_thread_count();
  auto error = linkArtifact(*kind, std::move(emitted.inputs), options.output, file->getPath(), threads);
  if (failed(report(options.output, std::move(error)))) return failure();
  if (!isShared) {
    auto write = [&](raw_ostream &os) {
      os << getHeaderText(options.output, emitted.tableSymbol, versionText());
      return llvm::Error::success();
    };
    if (failed(report(files.front().name, files.front().file.write(write)))) return failure();
  }
  if (options.externalWeights && emitted.weightsBytes)
    files.push_back({std::move(*emitted.weights), options.output + ".weights"});
  files.push_back({std::move(*file), options.output, /*executable=*/isShared});
  if (failed(report("", keepAll(files)))) return failure();
  scope.stop();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  printSummary(options, emitted, seconds.count(), out);
  return success();
}

int printMachine(const TargetOptions &options, raw_ostream &out) {
  auto target = getTarget(options);
  if (!target) return failed(report("", target.takeError()));
  (*target)->describe(out);
  return 0;
}

/// The precision that is asked for, if the target has it and the stage that sets it is still to come.
static llvm::Expected<Precision> getPrecision(const CompileOptions &options, const Target &target) {
  if (options.precision.empty()) return Precision::F32;
  auto precision = parsePrecision(options.precision, target);
  if (!precision || *precision == Precision::F32 || !options.startAfter) return precision;
  Stage stage = *precision == Precision::TF32 ? Stage::Plan : Stage::Group;
  if (*options.startAfter < stage) return precision;
  return llvm::createStringError("--precision=" + options.precision + " is of the " + stageName(stage) +
                                 " stage, which " + options.input + " has been through");
}

int compileModel(const CompileOptions &given, raw_ostream &out) {
  auto resolved = getTarget(given.target);
  if (!resolved) return failed(report("", resolved.takeError()));
  const Target &target = **resolved;
  auto precision = getPrecision(given, target);
  if (!precision) return failed(report("", precision.takeError()));
  CompileOptions options = given;
  options.pipeline.precision = *precision;
  DefaultTimingManager timing;
  timing.setEnabled(options.timing);
  timing.setDisplayMode(DefaultTimingManager::DisplayMode::Tree);
  TimingScope root = timing.getRootScope();
  Progress progress;
  bool isArtifact = !options.stopAfter && options.emit == Emit::Artifact;
  if (isArtifact) return failed(buildArtifact(options, target, root, progress, out));
  if (!options.stopAfter && options.emit == Emit::Obj && (options.output.empty() || options.output == "-"))
    return failed(report("", llvm::createStringError("--emit=obj needs a file: -o OUT.o")));
  if (!options.stopAfter && options.emit == Emit::Obj)
    return failed(emitCode(options, target, root, progress, out));
  return failed(
      printTo(options, out, [&](raw_ostream &os) { return emitCode(options, target, root, progress, os); }));
}

} // namespace girih
