// Files that are part of the compiler: what an artifact needs of the runtime is there without an
// installation.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/Triple.h"

namespace girih {

/// The archive that ends in every artifact for a target (libgirih-runtime.a). Empty if this compiler was
/// built where there was no C library of that target.
llvm::StringRef embeddedRuntime(const llvm::Triple &triple);
/// The text of runtime/girih.h.
llvm::StringRef embeddedHeader();

} // namespace girih
