#include "compiler/Compile.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Commands.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace girih::tool {

static const Page page = {
    "compile", "MODEL -o OUT [options]",
    "Compiles MODEL (.onnx, .json, or .mlir with all constants in it) into OUT: a shared library (.so), or "
    "an "
    "object or\n"
    "archive (.o, .a) with a C header beside it. The library needs libc, libm and pthreads only.",
    R"(  girih compile model.onnx -o model.so
      for this machine
  girih compile model.onnx -o model.so --cpu=x86-64-v3
      for any CPU with AVX2 and FMA
  girih compile model.onnx -o model.a --target=aarch64-linux-gnu --cpu=neoverse-n1
      for another architecture
  girih compile model.onnx -o model.so --dim batch=1 --dim seq=128
      with dynamic dimensions pinned: faster code, less memory
  girih compile model.onnx -o model.so --guess batch=16
      with any batch, but planned for 16 at a time
  girih compile model.onnx --stop-after=group
      prints the fused graph
  girih compile model.onnx --stop-after=plan > plan.mlir
  girih compile model.onnx -o model.so --schedule=plan.mlir
      with the schedules of an edited plan
  girih compile model.onnx -o kernels.s --emit=asm
      the kernels as assembly
  girih compile model.onnx -o kernels.ptx --target=cuda --sm=80 --emit=ptx
      kernels for a GPU, to launch from code of your own (docs/cuda.md)
  girih compile model.onnx -o model.so --target=cuda --precision=f16
      an f32 model in half precision: half the memory, and products by tensor cores
  girih compile model.onnx -o model.so --sanitize=address
  LD_PRELOAD=$(clang-22 -print-file-name=libclang_rt.asan-x86_64.so) girih run model.so
      with every access of the kernels checked by AddressSanitizer, which ends the process at the first
      that is outside of its tensor
)"};

int compileCommand(Arguments args) {
  CompileOptions options;
  std::string emit, stopAfter, startAfter, sanitize;
  int64_t threads = 0;
  bool noWinograd = false;
  SmallVector<std::string, 1> files;
  Option table[] = {
      text("-o", "OUT",
           "the artifact: .so, .a or .o; for --emit and --stop-after a file to print into ('-': stdout)",
           options.output),
      text("--target", "TARGET",
           "x86_64-linux-gnu or aarch64-linux-gnu, this machine's by default; cuda: kernels run on a GPU",
           options.target.target),
      text("--sm", "LIST",
           "with --target=cuda the GPUs' compute capabilities, of 75, 80, 86, 89, 90, 100, 120 (default: 80)",
           options.target.sm),
      text("--cpu", "NAME",
           "host (default; of another target: generic), x86-64-v2, x86-64-v3, x86-64-v4 or any LLVM name "
           "(znver4, neoverse-n1, ...)",
           options.target.cpu),
      text("--mattr", "LIST", "LLVM features to add or remove: +avx512bf16,-avx512vnni",
           options.target.mattr),
      text("--precision", "TYPE",
           "what an f32 model is computed in where the target has it (cuda): f16 or bf16, with sums and "
           "functions in f32, or "
           "tf32, f32 whose products take rounded factors (default: f32)",
           options.precision),
      list("--dim", "NAME=VALUE", "pin a symbolic dimension; may be repeated", options.read.dims),
      list("--guess", "NAME=VALUE",
           "what a symbolic dimension mostly is, for speed only: any size stays possible; may be repeated",
           options.read.guesses),
      flag("--freeze-initializers",
           "make weights that are listed as inputs, too, constants: faster code, but they can't be given at "
           "run time",
           options.read.freezeInitializers),
      flag("--follow-links",
           "read weights behind links that lead out of the model's folder (download caches)",
           options.read.followLinks),
      flag("--no-winograd",
           "compute convolutions of 3x3 by their definition: slower, with less rounding "
           "(docs/architecture.md)",
           noWinograd),
      text("--machine", "FILE",
           "plan for the machine in FILE, which 'girih machine' prints, instead of what is known of the CPU",
           options.target.machineFile),
      text("--schedule", "FILE",
           "take kernels' schedules (docs/schedule.md) from FILE, an edited --stop-after=plan",
           options.pipeline.scheduleFile),
      flag("--external-weights", "weights in a file beside OUT, checked and mapped at load time",
           options.externalWeights),
      text("--stop-after", "STAGE", "print the IR after a stage: " + stageNames(), stopAfter),
      text("--emit", "KIND", "print llvm, asm or obj of the kernels, or ptx, instead of linking", emit),
      flag("--timing", "print the time of each stage and pass", options.timing),
      integer("-j", "N", "threads; one a CPU by default", threads, 1, 1024),
      flag("--json", "print the summary as JSON", options.json),
      text("--sanitize", "address",
           "find accesses outside of tensors: for developers, and for schedules that were edited", sanitize),
      hidden(flag("--naive", "plain loops instead of tiles; for tests", options.pipeline.naive)),
      text("--start-after", "STAGE", "the stage that MODEL, an .mlir file, went through (import)",
           startAfter),
  };
  if (auto code = parseArguments(page, table, args, files)) return *code;
  if (files.size() != 1)
    return fail("expected one model, got " + Twine(files.size()) + "; see 'girih compile --help'");
  if (options.output.empty() && emit.empty() && stopAfter.empty())
    return fail("expected an output: -o OUT.so (or .a, .o); see 'girih compile --help'");
  options.input = files[0];
  if (!startAfter.empty() && sys::path::extension(options.input) != ".mlir")
    return fail("option '--start-after' is for .mlir files, got '" + options.input + "'");
  if (!sanitize.empty() && sanitize != "address")
    return fail("option '--sanitize': expected address, got '" + sanitize + "'");
  options.pipeline.sanitize = !sanitize.empty();
  options.pipeline.winograd = !noWinograd;
  options.threads = threads;
  for (auto [name, text, stage] :
       {std::tuple(StringRef("--stop-after"), &stopAfter, &options.stopAfter),
        std::tuple(StringRef("--start-after"), &startAfter, &options.startAfter)}) {
    if (text->empty()) continue;
    *stage = parseStage(*text);
    if (!*stage)
      return fail("option '" + name + "': expected one of " + stageNames() + "; got '" + *text + "'");
  }
  if (!emit.empty()) {
    if (emit == "llvm") {
      options.emit = Emit::LLVM;
    } else if (emit == "asm") {
      options.emit = Emit::Asm;
    } else if (emit == "obj") {
      options.emit = Emit::Obj;
    } else if (emit == "ptx") {
      options.emit = Emit::Ptx;
    } else {
      return fail("option '--emit': expected llvm, asm, obj or ptx; got '" + emit + "'");
    }
  }
  return compileModel(options, outs());
}

} // namespace girih::tool
