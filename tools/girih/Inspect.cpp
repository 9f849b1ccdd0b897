#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "compiler/Dialects.h"
#include "compiler/Statistics.h"
#include "dialects/Graph/Attributes.h"
#include "dialects/Graph/TypeText.h"
#include "tools/girih/Artifact.h"
#include "tools/girih/Commands.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace mlir;

namespace girih::tool {

static const Page page = {"inspect", "MODEL|OUT.so [options]",
                          "Prints what is in a model (.onnx, .json) or in a compiled one (.so): inputs, "
                          "outputs, operators, parameters,\n"
                          "multiply-adds, memory. A compiled model is read as a file: none of its code is "
                          "run, as run and bench do.",
                          R"(  girih inspect model.onnx
  girih inspect model.onnx --dim batch=1 --dim seq=128
      with dynamic dimensions pinned, so that costs are numbers
  girih inspect model.so --json
      for scripts
)"};

namespace {
struct Tensor {
  std::string name, type;
  bool hasDefault = false;
};
} // namespace
using Tensors = SmallVector<Tensor>;

static std::string nameOf(StringAttr name) {
  return name ? name.getValue().str() : "";
}

static void printJson(const Statistics &s, const Tensors &inputs, const Tensors &outputs) {
  json::OStream json(outs(), 2);
  auto tensors = [&](StringRef key, const Tensors &list) {
    json.attributeArray(key, [&] {
      for (const Tensor &t : list)
        json.object([&] {
          json.attribute("name", t.name), json.attribute("type", t.type);
          if (t.hasDefault) json.attribute("default", true);
        });
    });
  };
  json.object([&] {
    tensors("inputs", inputs), tensors("outputs", outputs);
    json.attribute("nodes", s.nodes);
    json.attributeObject("operators", [&] {
      for (auto &[name, count] : s.operators)
        json.attribute(name, count);
    });
    json.attribute("parameters", s.parameters);
    json.attribute("weights_bytes", s.bytes);
    if (auto macs = dimValue(s.macs)) {
      json.attribute("macs", *macs);
    } else {
      json.attribute("macs", dimToString(s.macs));
    }
  });
  outs() << "\n";
}

static void printText(const Statistics &s, const Tensors &inputs, const Tensors &outputs) {
  raw_ostream &os = outs();
  for (auto [title, list] : {std::pair("inputs", &inputs), std::pair("outputs", &outputs)}) {
    os << title << "\n";
    for (const Tensor &t : *list)
      os << "  " << t.name << ": " << t.type << (t.hasDefault ? "  (may be left out)" : "") << "\n";
  }
  os << "nodes       " << s.nodes << "\n";
  for (auto &[name, count] : s.operators)
    os << "  " << left_justify(name, 24) << count << "\n";
  os << "parameters  " << s.parameters << format(" in %.2f MB\n", s.bytes / 1e6);
  os << "macs        ";
  if (auto macs = dimValue(s.macs)) {
    os << format("%.3f million a run\n", *macs / 1e6);
  } else {
    os << dimToString(s.macs) << "\n";
  }
}

int inspectCommand(Arguments args) {
  bool json = false;
  ReadOptions options;
  SmallVector<std::string, 1> files;
  Option table[] = {
      list("--dim", "NAME=VALUE", "pin a symbolic dimension of a model; may be repeated", options.dims),
      flag("--follow-links",
           "read weights behind links that lead out of the model's folder (download caches)",
           options.followLinks),
      flag("--json", "print JSON", json),
  };
  if (auto code = parseArguments(page, table, args, files)) return *code;
  if (files.size() != 1)
    return fail("expected one file, got " + Twine(files.size()) + "; see 'girih inspect --help'");
  StringRef extension = sys::path::extension(files[0]);
  if (extension == ".so") return inspectArtifact(files[0], json);
  if (extension == ".a" || extension == ".o")
    return fail("'" + files[0] +
                "': objects and archives are inspected by the program that they are linked "
                "into (girih_get_model_info); compile to a .so to see what is in it here");

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  DiagnosticPrinter diagnostics(&context, files[0], /*remarks=*/false);
  FailureOr<OwningOpRef<ModuleOp>> module = readModel(&context, files[0], options);
  if (failed(module)) return 1;
  auto main = (*module)->lookupSymbol<func::FuncOp>("main");
  if (!main) return fail("'" + files[0] + "' holds no model: it has no function @main");
  Tensors inputs, outputs;
  for (auto [i, type] : enumerate(main.getArgumentTypes()))
    inputs.push_back({nameOf(kName.getOfArgument(main, i)), girih::typeText(type),
                      kDefault.getOfArgument(main, i) != nullptr});
  for (auto [i, type] : enumerate(main.getResultTypes()))
    outputs.push_back({nameOf(kName.getOfResult(main, i)), girih::typeText(type)});
  Statistics statistics = countModel(**module);
  if (json) {
    printJson(statistics, inputs, outputs);
  } else {
    printText(statistics, inputs, outputs);
  }
  return 0;
}

} // namespace girih::tool
