// NumPy's files: arrays (.npy) and archives of them (.npz, a zip file, stored or deflated, zip64 included).
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace girih::tool {

/// A dense row-major array.
struct Array {
  uint32_t dtype = 0; // girih_dtype_code
  std::vector<int64_t> dims;
  std::vector<char> data;

  int64_t elements() const;
  template <typename T> T *as() { return reinterpret_cast<T *>(data.data()); }
  template <typename T> const T *as() const { return reinterpret_cast<const T *>(data.data()); }
  /// Element `i` of an array of any type.
  double at(int64_t i) const;
};

struct NamedArray {
  std::string name;
  Array array;
};

/// A zeroed array. Sizes beyond memory are the caller's to have refused.
Array makeArray(uint32_t dtype, llvm::ArrayRef<int64_t> dims);
/// "f32[1, 3]"
std::string typeText(const Array &array);

llvm::Expected<Array> readNpy(llvm::StringRef path);
/// The arrays of an archive in memory.
llvm::Expected<std::vector<NamedArray>> parseNpz(llvm::StringRef bytes);
llvm::Expected<std::vector<NamedArray>> readNpz(llvm::StringRef path);
/// Writes aside, then renames: `path` is never half written.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedArray> arrays);

/// An error with girih's form of message.
llvm::Error makeError(const llvm::Twine &message);

} // namespace girih::tool
