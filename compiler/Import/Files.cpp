#include "compiler/Import/Files.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace girih::model {

FailureOr<FileData> openFile(StringRef path, std::string &error) {
  sys::fs::file_status status;
  if (std::error_code ec = sys::fs::status(path, status))
    return fail(error, path + ": cannot open: " + ec.message());
  // A pipe or a device may never end.
  if (!sys::fs::is_regular_file(status)) return fail(error, path + ": cannot open: not a regular file");
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) return fail(error, path + ": cannot read: " + buffer.getError().message());
  std::shared_ptr<MemoryBuffer> owner = std::move(*buffer);
  return FileData{ArrayRef<char>(owner->getBufferStart(), owner->getBufferSize()), owner};
}

DataFolder::DataFolder(StringRef modelPath, bool followLinks) : followLinks(followLinks) {
  StringRef parent = sys::path::parent_path(modelPath);
  SmallString<256> real;
  if (!sys::fs::real_path(parent.empty() ? "." : parent, real)) folder = real.str().str();
}

FailureOr<FileData> DataFolder::read(StringRef location, uint64_t offset, std::optional<uint64_t> length,
                                     std::string &error) {
  std::string where = "external data " + quote(location);
  auto it = files.find(location);
  if (it == files.end()) {
    if (location.empty() || location.contains('\0') || sys::path::is_absolute(location))
      return fail(error, where + " must be a path relative to the model's folder");
    for (auto part = sys::path::begin(location), end = sys::path::end(location); part != end; ++part)
      if (*part == "..") return fail(error, where + " leaves the model's folder ('..' is not allowed)");
    SmallString<256> path(folder), real;
    sys::path::append(path, location);
    if (std::error_code ec = sys::fs::real_path(path, real))
      return fail(error, where + " cannot be opened: " + ec.message() + "; put the file beside the model");
    StringRef inside = real.str();
    bool isInside =
        inside.consume_front(folder) && (inside.starts_with("/") || StringRef(folder).ends_with("/"));
    if (!isInside && !followLinks)
      return fail(error, where + " is a link out of the model's folder, to " + quote(real) +
                             ": give --follow-links if you trust it (download caches lay models out so)");
    auto data = openFile(real, error);
    if (failed(data)) return failure();
    it = files.try_emplace(location, *data).first;
  }
  const FileData &file = it->second;
  uint64_t size = file.bytes.size();
  if (offset > size || (length && *length > size - offset))
    return fail(error, where + " has " + Twine(size) + " bytes, but " + Twine(length.value_or(0)) +
                           " at offset " + Twine(offset) + " are needed");
  return FileData{file.bytes.slice(offset, length.value_or(size - offset)), file.owner};
}

} // namespace girih::model
