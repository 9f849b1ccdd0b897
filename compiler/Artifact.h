// What an artifact's file name says: its kind, its symbols, the header beside it.
#pragma once

#include "llvm/Support/Error.h"
#include <string>

namespace girih {

enum class ArtifactKind { SharedLibrary, Archive, Object };

/// From the file name's extension.
llvm::Expected<ArtifactKind> getArtifactKind(llvm::StringRef output);

/// A C identifier from a file name: "dir/my-model.so" is "my_model".
std::string getIdentifier(llvm::StringRef output);

/// The name of a model's tables in an archive or object, as its header lets a program say it.
std::string modelSymbol(llvm::StringRef output);

/// The header that goes with an archive or object: the C API, and the declaration of the model's tables,
/// whose symbol is `tableSymbol`.
std::string getHeaderText(llvm::StringRef output, llvm::StringRef tableSymbol, llvm::StringRef producer);

} // namespace girih
