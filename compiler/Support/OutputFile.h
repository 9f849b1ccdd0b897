// Files that are written. Whatever fails, what was there before stays and nothing half written is left: a
// file is written under a temporary name beside its final one and renamed at the end.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace girih {

/// A file beside `beside`, deleted with this object or when a signal ends the process, unless it was kept.
class TemporaryFile {
public:
  /// Refuses a `beside` that is a folder, a device or read-only: better before the work than after it.
  static llvm::Expected<TemporaryFile> create(llvm::StringRef beside, llvm::StringRef suffix);
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) { other.path.clear(); }
  TemporaryFile &operator=(TemporaryFile &&other);
  ~TemporaryFile();

  llvm::StringRef getPath() const { return path; }
  /// Calls `write` with a stream into the file; reports a full disk and its like.
  llvm::Error write(llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);
  /// Renames the file, with the permissions that a new file gets (an executable one if asked for).
  llvm::Error keep(llvm::StringRef as, bool executable = false);

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}
  std::string path; // empty: nothing to delete
};

/// A file that is written and the name that it shall have.
struct FinishedFile {
  TemporaryFile file;
  std::string name;
  bool executable = false;
};

/// Keeps files that belong together, in order: where one can't take its name, those before it are again what
/// they were.
llvm::Error keepAll(llvm::MutableArrayRef<FinishedFile> files);

/// Writes the file `path` in one go, aside and renamed; a device or pipe (/dev/stdout) is written in place.
/// Messages name `path`.
llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);

} // namespace girih
