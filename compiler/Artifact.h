// Names and files of an artifact. Whatever fails, no file is left behind: everything is written under a
// temporary name beside its final one and renamed at the end.
#pragma once

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>

namespace girih {

enum class ArtifactKind { SharedLibrary, Archive, Object };

/// From the file name's extension.
llvm::Expected<ArtifactKind> getArtifactKind(llvm::StringRef output);

/// A C identifier from a file name: "dir/my-model.so" is "my_model".
std::string getIdentifier(llvm::StringRef output);

/// The symbol of a model's tables in an archive or object.
std::string modelSymbol(llvm::StringRef output);

/// A file beside `beside`, deleted with this object or when a signal ends the process, unless it was kept.
class TemporaryFile {
public:
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

/// The header that goes with an archive or object: the C API, and the declaration of the model's tables.
std::string getHeaderText(llvm::StringRef output, llvm::StringRef tableSymbol, llvm::StringRef producer);

} // namespace girih
