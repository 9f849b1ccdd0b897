#include "compiler/Import/Import.h"
#include "tools/girih/CommandLine.h"
#include "tools/girih/Commands.h"

using namespace llvm;

namespace girih::tool {

static const Page page = {"convert", "FROM TO [options]",
                          "Writes the model FROM (.onnx or .json) as TO (.onnx or .json). Nothing is lost "
                          "either way: JSON has every field\n"
                          "of the ONNX file, with weights as base64 or in a file beside.",
                          R"(  girih convert model.onnx model.json
      to read it, or to edit it by hand
  girih convert model.json model.onnx
  girih convert model.onnx model.json --external-data=on
      weights in model.json.data
)"};

int convertCommand(Arguments args) {
  std::string external;
  bool followLinks = false;
  SmallVector<std::string, 2> files;
  Option table[] = {
      text("--external-data", "on|off",
           "weights in a file beside TO, or inside; by default large ones beside JSON, and ONNX over 2 GB",
           external),
      flag("--follow-links",
           "read weights behind links that lead out of the model's folder (download caches)", followLinks),
  };
  if (auto code = parseArguments(page, table, args, files)) return *code;
  if (files.size() != 2)
    return fail("expected two files, FROM and TO, got " + Twine(files.size()) +
                "; see 'girih convert --help'");
  if (!external.empty() && external != "on" && external != "off")
    return fail("option '--external-data': expected on or off, got '" + external + "'");
  std::optional<bool> externalData;
  if (!external.empty()) externalData = external == "on";
  std::string error;
  if (failed(convertModel(files[0], files[1], externalData, followLinks, error))) return fail(error);
  return 0;
}

} // namespace girih::tool
