#include "compiler/Artifact.h"
#include "compiler/Embedded.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <sys/stat.h>

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

static Error failed(StringRef what, StringRef path, std::error_code code) {
  return createStringError("cannot " + what + " '" + path + "': " + code.message());
}

Expected<TemporaryFile> TemporaryFile::create(StringRef beside, StringRef suffix) {
  // An existing target that cannot be replaced is better found before the work than after it.
  if (sys::fs::is_directory(beside))
    return createStringError("cannot write '" + beside + "': it is a folder");
  if (sys::fs::exists(beside) && sys::fs::access(beside, sys::fs::AccessMode::Write))
    return createStringError("cannot write '" + beside + "': it exists and is read-only");
  SmallString<128> model(sys::path::parent_path(beside)), path;
  sys::path::append(model, "." + sys::path::filename(beside) + ".%%%%%%%%" + suffix);
  if (std::error_code code = sys::fs::createUniqueFile(model, path)) return failed("write", beside, code);
  sys::RemoveFileOnSignal(path);
  return TemporaryFile(path.str().str());
}

TemporaryFile &TemporaryFile::operator=(TemporaryFile &&other) {
  std::swap(path, other.path);
  return *this;
}

TemporaryFile::~TemporaryFile() {
  if (path.empty()) return;
  sys::fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
}

Error TemporaryFile::write(function_ref<Error(raw_ostream &)> write) {
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::CD_CreateAlways);
  if (code) return failed("write", path, code);
  Error error = write(os);
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    consumeError(std::move(error));
    return failed("write", path, code);
  }
  return error;
}

Error TemporaryFile::keep(StringRef as, bool executable) {
  mode_t mask = ::umask(0);
  ::umask(mask);
  (void)sys::fs::setPermissions(path, sys::fs::perms((executable ? 0777 : 0666) & ~mask));
  if (std::error_code code = sys::fs::rename(path, as)) return failed("write", as, code);
  sys::DontRemoveFileOnSignal(path);
  path.clear();
  return Error::success();
}

std::string getHeaderText(StringRef output, StringRef tableSymbol, StringRef producer) {
  StringRef file = sys::path::filename(output);
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << file << ", compiled by " << producer << ".\n"
     << " *\n"
     << " *   girih_model *model;\n"
     << " *   girih_error error;\n"
     << " *   if (girih_open(&" << tableSymbol << ", NULL, &model, &error)) puts(error.message);\n"
     << " *\n"
     << " * cc main.c " << file << " -lm -lpthread\n"
     << " *\n"
     << " * The C API comes first, as in girih.h; the model's declaration is at the end. */\n"
     << embeddedHeader() << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
     << "extern const girih_artifact " << tableSymbol << ";\n"
     << "#ifdef __cplusplus\n}\n#endif\n";
  return text;
}

} // namespace girih
