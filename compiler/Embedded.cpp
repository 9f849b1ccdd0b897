#include "compiler/Embedded.h"

#define EMBED(name, file)                                                                                    \
  __asm__(".pushsection .rodata\n"                                                                           \
          ".balign 8\n" name "_begin:\n"                                                                     \
          ".incbin \"" file "\"\n" name "_end:\n"                                                            \
          ".byte 0\n"                                                                                        \
          ".popsection\n")

EMBED("girih_embedded_runtime", GIRIH_RUNTIME_ARCHIVE);
EMBED("girih_embedded_header", GIRIH_RUNTIME_HEADER);

extern "C" {
extern const char girih_embedded_runtime_begin[], girih_embedded_runtime_end[];
extern const char girih_embedded_header_begin[], girih_embedded_header_end[];
}

llvm::StringRef girih::embeddedRuntime() {
  return {girih_embedded_runtime_begin, size_t(girih_embedded_runtime_end - girih_embedded_runtime_begin)};
}

llvm::StringRef girih::embeddedHeader() {
  return {girih_embedded_header_begin, size_t(girih_embedded_header_end - girih_embedded_header_begin)};
}
