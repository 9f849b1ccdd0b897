#include "compiler/Support/BusErrors.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <csignal>
#include <cstdlib>

using namespace llvm;

namespace girih {

static struct sigaction before;

/// The line of /proc/self/maps for an address: "begin-end rw-s offset device inode      path".
static StringRef findMapping(StringRef maps, uint64_t address) {
  for (StringRef line : split(maps, '\n')) {
    auto [begin, rest] = line.split('-');
    uint64_t first, end;
    if (!begin.getAsInteger(16, first) && !rest.split(' ').first.getAsInteger(16, end) && first <= address &&
        address < end)
      return line;
  }
  return "";
}

static void handle(int, siginfo_t *info, void *) {
  // Several threads may come here; the first ends the process, with nothing left behind.
  static std::atomic_flag first;
  while (first.test_and_set())
    ;
  // The fault is in code that reads or writes a file's bytes, so nothing here meets a lock that it holds.
  auto maps = MemoryBuffer::getFileAsStream("/proc/self/maps");
  StringRef line;
  if (maps) line = findMapping((*maps)->getBuffer(), reinterpret_cast<uint64_t>(info->si_addr));
  size_t path = line.find('/');
  if (path == StringRef::npos) { // not in a file: the crash that it is, once the instruction is tried again
    sigaction(SIGBUS, &before, nullptr);
    first.clear();
    return;
  }
  bool isOutput = line.split(' ').second.starts_with("rw-s");
  sys::RunInterruptHandlers(); // removes the temporary files
  if (isOutput)
    errs() << "error: cannot write the output: No space left on device; choose another place with -o\n";
  else
    errs() << "error: " << line.substr(path)
           << ": the file was cut off while it was being read; try again when it is whole\n";
  std::_Exit(1);
}

void reportBusErrors() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, &before);
}

} // namespace girih
