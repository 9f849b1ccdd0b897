#include "compiler/Embedded.h"

#define EMBED(name, file)                                                                                    \
  __asm__(".pushsection .rodata\n"                                                                           \
          ".balign 8\n" name "_begin:\n"                                                                     \
          ".incbin \"" file "\"\n" name "_end:\n"                                                            \
          ".byte 0\n"                                                                                        \
          ".popsection\n")

EMBED("girih_embedded_x86_64", GIRIH_RUNTIME_X86_64);
EMBED("girih_embedded_aarch64", GIRIH_RUNTIME_AARCH64);
EMBED("girih_embedded_header", GIRIH_RUNTIME_HEADER);

extern "C" {
extern const char girih_embedded_x86_64_begin[], girih_embedded_x86_64_end[];
extern const char girih_embedded_aarch64_begin[], girih_embedded_aarch64_end[];
extern const char girih_embedded_header_begin[], girih_embedded_header_end[];
}

static llvm::StringRef between(const char *begin, const char *end) {
  return {begin, size_t(end - begin)};
}

llvm::StringRef girih::embeddedRuntime(const llvm::Triple &triple) {
  return triple.isAArch64() ? between(girih_embedded_aarch64_begin, girih_embedded_aarch64_end)
                            : between(girih_embedded_x86_64_begin, girih_embedded_x86_64_end);
}

llvm::StringRef girih::embeddedHeader() {
  return between(girih_embedded_header_begin, girih_embedded_header_end);
}
