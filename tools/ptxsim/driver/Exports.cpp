// The table of all functions: second names, refusals, and cuGetProcAddress. The functions' types do not
// matter here, so the header that declares them is left out.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>

enum { success = 0, invalidValue = 1, notFound = 500, notSupported = 801 }; // of CUresult

extern "C" {

// A jump is a second name for functions of other files as well.
#define SAME(ALIAS, OF)                                                                                      \
  asm(".text\n.globl " #ALIAS "\n.type " #ALIAS ", @function\n" #ALIAS ":\n  jmp " #OF "@PLT\n.size " #ALIAS \
      ", . - " #ALIAS "\n");
#include "tools/ptxsim/driver/Functions.def"
#undef SAME

static int refuse(const char *name, std::atomic<bool> &said) {
  if (said.exchange(true)) return notSupported;
  if (!strcmp(name, "cuGetExportTable")) // the CUDA runtime is what asks for it
    fprintf(stderr,
            "girih-cudasim: the program uses the CUDA runtime (cudart), which needs more than the driver API "
            "that there is here: let it load its PTX by cuModuleLoadData and launch by cuLaunchKernel, or "
            "run the PTX itself (nvcc -ptx) by girih-ptxsim\n");
  else
    fprintf(stderr, "girih-cudasim: %s is not supported\n", name);
  return notSupported;
}

#define REFUSED(NAME)                                                                                        \
  int NAME() {                                                                                               \
    static std::atomic<bool> said;                                                                           \
    return refuse(#NAME, said);                                                                              \
  }
#include "tools/ptxsim/driver/Functions.def"
#undef REFUSED

// Declared under other names, since this file defines some of them itself.
#define FUNCTION(NAME, VERSION, SYMBOL, PER_THREAD)                                                          \
  int SYMBOL##At() asm(#SYMBOL);                                                                             \
  int PER_THREAD##At() asm(#PER_THREAD);
#include "tools/ptxsim/driver/Functions.def"
#undef FUNCTION

int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status) {
  struct Entry {
    const char *name;
    int version;
    int (*symbol)(), (*perThread)();
  };
  static const Entry entries[] = {
#define FUNCTION(NAME, VERSION, SYMBOL, PER_THREAD) {#NAME, VERSION, SYMBOL##At, PER_THREAD##At},
#include "tools/ptxsim/driver/Functions.def"
#undef FUNCTION
  };
  enum { found = 0, symbolNotFound = 1, versionNotSufficient = 2 };
  constexpr uint64_t legacyStream = 1, perThreadStream = 2;
  if (!name || !function || (flags & ~(legacyStream | perThreadStream))) return invalidValue;
  *function = nullptr;
  bool named = false;
  const Entry *best = nullptr;
  for (const Entry &e : entries) {
    if (strcmp(e.name, name)) continue;
    named = true;
    if (e.version <= version && (!best || best->version <= e.version)) best = &e;
  }
  if (best) *function = reinterpret_cast<void *>(flags & perThreadStream ? best->perThread : best->symbol);
  if (status) *status = best ? found : named ? versionNotSufficient : symbolNotFound;
  // Only the first version of the function reports by its result what the second one reports by the status.
  return best || status ? success : notFound;
}

} // extern "C"
