// The subcommands of `girih`. Each takes the arguments after its name and returns the exit code.
#pragma once

#include "llvm/ADT/ArrayRef.h"

namespace girih::tool {

using Arguments = llvm::ArrayRef<const char *>;

int benchCommand(Arguments args);
int compileCommand(Arguments args);
int convertCommand(Arguments args);
int inspectCommand(Arguments args);
int machineCommand(Arguments args);
int runCommand(Arguments args);

} // namespace girih::tool
