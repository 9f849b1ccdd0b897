#include "compiler/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <sys/stat.h>

using namespace llvm;

namespace girih {

static Error cannotWrite(StringRef path, const Twine &reason) {
  return createStringError("cannot write '" + path + "': " + reason);
}

/// Writes through a stream; the errors that a stream keeps to itself are returned, with `name` for the file.
static Error writeTo(StringRef path, sys::fs::CreationDisposition disposition, StringRef name,
                     function_ref<Error(raw_ostream &)> write) {
  std::error_code code;
  raw_fd_ostream os(path, code, disposition);
  if (code) return cannotWrite(name, code.message());
  Error error = write(os);
  os.flush();
  if (!os.has_error()) return error;
  code = os.error();
  os.clear_error(); // or the stream would end the program
  consumeError(std::move(error));
  return cannotWrite(name, code.message());
}

static bool isDevice(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && !sys::fs::is_regular_file(status) &&
         !sys::fs::is_directory(status);
}

Expected<TemporaryFile> TemporaryFile::create(StringRef beside, StringRef suffix) {
  if (sys::fs::is_directory(beside)) return cannotWrite(beside, "it is a folder");
  if (isDevice(beside)) return cannotWrite(beside, "it is no ordinary file");
  if (sys::fs::exists(beside) && sys::fs::access(beside, sys::fs::AccessMode::Write))
    return cannotWrite(beside, "it exists and is read-only");
  SmallString<128> model(sys::path::parent_path(beside)), path;
  sys::path::append(model, "." + sys::path::filename(beside) + ".%%%%%%%%" + suffix);
  if (std::error_code code = sys::fs::createUniqueFile(model, path))
    return cannotWrite(beside, code.message());
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
  return writeTo(path, sys::fs::CD_CreateAlways, path, write);
}

Error TemporaryFile::keep(StringRef as, bool executable) {
  mode_t mask = ::umask(0);
  ::umask(mask);
  (void)sys::fs::setPermissions(path, sys::fs::perms((executable ? 0777 : 0666) & ~mask));
  if (std::error_code code = sys::fs::rename(path, as)) return cannotWrite(as, code.message());
  sys::DontRemoveFileOnSignal(path);
  path.clear();
  return Error::success();
}

/// A second name for the file `path`, under which it outlives a file that takes its name; empty if there is
/// none, or where the file system has no links.
static std::string keepAside(StringRef path) {
  if (!sys::fs::is_regular_file(path)) return "";
  SmallString<128> model(sys::path::parent_path(path)), aside;
  sys::path::append(model, "." + sys::path::filename(path) + ".%%%%%%%%.old");
  sys::fs::createUniquePath(model, aside, /*MakeAbsolute=*/false);
  return sys::fs::create_hard_link(path, aside) ? "" : aside.str().str();
}

Error keepAll(MutableArrayRef<FinishedFile> files) {
  struct Name {
    StringRef name;
    std::string before;
    bool isNew;
  };
  SmallVector<Name, 3> taken;
  for (FinishedFile &f : files) {
    Name name{f.name, keepAside(f.name), !sys::fs::exists(f.name)};
    Error error = f.file.keep(f.name, f.executable);
    if (!error) {
      taken.push_back(std::move(name));
      continue;
    }
    if (!name.before.empty()) sys::fs::remove(name.before);
    for (const Name &t : reverse(taken)) {
      if (!t.before.empty())
        sys::fs::rename(t.before, t.name);
      else if (t.isNew)
        sys::fs::remove(t.name);
    }
    return error;
  }
  for (const Name &t : taken)
    if (!t.before.empty()) sys::fs::remove(t.before);
  return Error::success();
}

Error writeFile(StringRef path, function_ref<Error(raw_ostream &)> write) {
  if (isDevice(path)) return writeTo(path, sys::fs::CD_OpenExisting, path, write);
  auto file = TemporaryFile::create(path, "");
  if (!file) return file.takeError();
  if (Error error = writeTo(file->getPath(), sys::fs::CD_CreateAlways, path, write)) return error;
  return file->keep(path);
}

} // namespace girih
