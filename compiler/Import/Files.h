// Files of a model: mapped for reading, and confined to the model's folder.
#pragma once

#include "compiler/Import/Model.h"
#include "llvm/ADT/StringMap.h"

namespace girih::model {

/// Bytes of a file and what keeps them alive. Files of more than a few pages are mapped.
struct FileData {
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<void> owner;
};

/// Reads or maps a regular file. Messages begin with the path.
llvm::FailureOr<FileData> openFile(llvm::StringRef path, std::string &error);

/// The files beside a model that hold its weights. Each is opened once.
class DataFolder {
public:
  DataFolder(llvm::StringRef modelPath, bool followLinks);
  /// The bytes [offset, offset + length) of `location`, which must be a relative path that stays in the
  /// model's folder. Links are followed before the check; only with `followLinks` may they lead out of it.
  /// Without a length: to the end of the file.
  llvm::FailureOr<FileData> read(llvm::StringRef location, uint64_t offset, std::optional<uint64_t> length,
                                 std::string &error);

private:
  std::string folder;
  bool followLinks;
  llvm::StringMap<FileData> files;
};

} // namespace girih::model
