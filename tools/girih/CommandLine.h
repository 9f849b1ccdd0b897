// Parses the options of one subcommand from a table. Small on purpose: the options of a subcommand live in
// its own struct, so that nothing is global, errors have girih's form, and `--help` is a page that teaches.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace girih::tool {

/// What `girih COMMAND --help` prints besides the options.
struct Page {
  llvm::StringRef command;     // "compile"
  llvm::StringRef synopsis;    // "MODEL -o OUT [options]"
  llvm::StringRef description; // one paragraph
  llvm::StringRef examples;    // lines, printed as they are
};

struct Option {
  std::string name;      // "--cpu", "-o"
  std::string valueName; // "NAME"; empty: a flag
  std::string help;
  /// Stores the value ("" for a flag). Returns an error message, empty where the value is fine.
  std::function<std::string(llvm::StringRef)> set;
  bool hidden = false;
};

Option flag(llvm::StringRef name, llvm::StringRef help, bool &value);
Option text(llvm::StringRef name, llvm::StringRef valueName, llvm::StringRef help, std::string &value);
Option integer(llvm::StringRef name, llvm::StringRef valueName, llvm::StringRef help, int64_t &value,
               int64_t min, int64_t max);
Option list(llvm::StringRef name, llvm::StringRef valueName, llvm::StringRef help,
            std::vector<std::string> &values);
Option hidden(Option option);

/// Reads `args`; what is no option is added to `positional`. `--name=value`, `--name value` and `-jN` are all
/// understood, `--` ends the options. Returns an exit code where the program should end (help was asked for,
/// or an error was printed).
std::optional<int> parseArguments(const Page &page, llvm::ArrayRef<Option> options,
                                  llvm::ArrayRef<const char *> args,
                                  llvm::SmallVectorImpl<std::string> &positional);

/// Prints `error: MESSAGE` on stderr and returns exit code 1.
int fail(const llvm::Twine &message);

} // namespace girih::tool
