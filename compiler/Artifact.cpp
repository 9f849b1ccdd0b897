#include "compiler/Artifact.h"
#include "compiler/Embedded.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace girih {

Expected<ArtifactKind> getArtifactKind(StringRef output) {
  StringRef extension = sys::path::extension(output);
  if (extension == ".so") return ArtifactKind::SharedLibrary;
  if (extension == ".a") return ArtifactKind::Archive;
  if (extension == ".o") return ArtifactKind::Object;
  return createStringError("'" + output + "': expected a name that ends in .so, .a or .o");
}

std::string getIdentifier(StringRef output) {
  std::string name;
  for (char c : sys::path::stem(output))
    name += isAlnum(c) ? c : '_';
  if (name.empty() || isDigit(name[0])) name.insert(0, "_");
  return name;
}

std::string modelSymbol(StringRef output) {
  return "girih_model_" + getIdentifier(output);
}

std::string getHeaderText(StringRef output, StringRef tableSymbol, StringRef producer) {
  StringRef file = sys::path::filename(output);
  std::string name = modelSymbol(output), text;
  raw_string_ostream os(text);
  os << "/* " << file << ", compiled by " << producer << ".\n"
     << " *\n"
     << " *   girih_model *model;\n"
     << " *   girih_error error;\n"
     << " *   if (girih_open(&" << name << ", NULL, &model, &error)) puts(error.message);\n"
     << " *\n"
     << " * cc main.c " << file << " -lm -lpthread\n"
     << " *\n"
     << " * The C API comes first, as in girih.h; the model's declaration is at the end. */\n"
     << embeddedHeader() << "\n#ifndef " << tableSymbol << "_DECLARED\n#define " << tableSymbol
     << "_DECLARED\n"
     << "#ifdef " << name << "\n#error \"two models are called " << name
     << " here: compile one of them into a file of another name\"\n#endif\n"
     << "/* The symbol is of this model's content: another one of the same name is not taken for it. */\n"
     << "#define " << name << " " << tableSymbol << "\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
     << "extern const girih_artifact " << name << ";\n"
     << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}

} // namespace girih
