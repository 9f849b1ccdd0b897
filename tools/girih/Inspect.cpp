#include "compiler/Compile.h"
#include "compiler/Diagnostics.h"
#include "compiler/Dialects.h"
#include "compiler/Statistics.h"
#include "dialects/Graph/Graph.h"
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

/// "f32[1, seq]", as for compiled models.
static std::string typeText(RankedTensorType type) {
  std::string text;
  raw_string_ostream os(text);
  Type element = type.getElementType();
  if (element.isInteger(1)) {
    os << "bool";
  } else if (auto integer = dyn_cast<IntegerType>(element)) {
    os << (integer.isUnsigned() ? "u" : "i") << integer.getWidth();
  } else {
    os << element;
  }
  os << "[";
  interleaveComma(getDims(type), os, [&](DimExpr d) { os << dimToString(d); });
  os << "]";
  return text;
}

using Tensors = SmallVector<std::pair<std::string, std::string>>;

static Tensors describe(TypeRange types, llvm::function_ref<StringAttr(unsigned)> getName) {
  Tensors list;
  for (auto [i, type] : enumerate(types)) {
    StringAttr name = getName(i);
    list.push_back({name ? name.getValue().str() : "", typeText(cast<RankedTensorType>(type))});
  }
  return list;
}

static void printJson(const Statistics &s, const Tensors &inputs, const Tensors &outputs) {
  json::OStream json(outs(), 2);
  auto tensors = [&](StringRef key, const Tensors &list) {
    json.attributeArray(key, [&] {
      for (auto &[name, type] : list)
        json.object([&] { json.attribute("name", name), json.attribute("type", type); });
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
    for (auto &[name, type] : *list)
      os << "  " << name << ": " << type << "\n";
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
  std::vector<std::string> dims;
  SmallVector<std::string, 1> files;
  Option table[] = {
      list("--dim", "NAME=VALUE", "pin a symbolic dimension of a model; may be repeated", dims),
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
  FailureOr<OwningOpRef<ModuleOp>> module = readModel(&context, files[0], dims);
  if (failed(module)) return 1;
  auto main = (*module)->lookupSymbol<func::FuncOp>("main");
  if (!main) return fail("'" + files[0] + "' holds no model: it has no function @main");
  Tensors inputs = describe(main.getArgumentTypes(),
                            [&](unsigned i) { return main.getArgAttrOfType<StringAttr>(i, "girih.name"); });
  Tensors outputs = describe(main.getResultTypes(), [&](unsigned i) {
    return main.getResultAttrOfType<StringAttr>(i, "girih.name");
  });
  Statistics statistics = countModel(**module);
  if (json) {
    printJson(statistics, inputs, outputs);
  } else {
    printText(statistics, inputs, outputs);
  }
  return 0;
}

} // namespace girih::tool
