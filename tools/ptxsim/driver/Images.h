// Loading of what programs give as modules, shared by modules, libraries and the linker.
#pragma once

#include "tools/ptxsim/driver/Driver.h"

namespace girih::cudasim {

/// The buffers that the options of a load name for messages; sizes are replaced by what was written.
struct Logs {
  char *info = nullptr, *error = nullptr;
  void **infoSize = nullptr, **errorSize = nullptr;

  Logs() = default;
  Logs(unsigned count, CUjit_option *options, void **values);
  void writeError(const std::string &text) const { write(error, errorSize, text); }
  void writeNothing() const;

private:
  static void write(char *to, void **size, const std::string &text);
};

/// An image as programs give it; how long it is, if that is known.
struct Image {
  const void *data = nullptr;
  size_t bytes = SIZE_MAX;
};

/// Writes an error to the log, if the program gave one, else to standard error. Returns `code`.
CUresult fail(const Logs &logs, CUresult code, const std::string &message);
/// Whether text is PTX that the device could execute, as far as one file tells.
CUresult checkSyntax(Driver &d, const std::string &name, const std::string &text, const Logs &logs);
/// The PTX of an image: PTX, or a fat binary with PTX in it. What is wrong goes to the logs, or to standard
/// error.
CUresult readImage(Driver &d, const Image &image, const Logs &logs, std::string &ptx);
/// Loads it into a context (null: for all of them).
CUresult loadImage(Driver &d, CUcontext context, const Image &image, const Logs &logs, CUmodule *out);
void unloadModule(Driver &d, CUmodule module);
CUresult readFile(const char *path, std::string &text);

} // namespace girih::cudasim
