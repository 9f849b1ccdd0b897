// Files that are part of the compiler: what an artifact needs of the runtime is there without an
// installation.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace girih {

/// The archive that ends in every artifact (libgirih-runtime.a).
llvm::StringRef embeddedRuntime();
/// The text of runtime/girih.h.
llvm::StringRef embeddedHeader();

} // namespace girih
