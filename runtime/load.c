/* Loading compiled models by path. Only in libgirih: a compiled model has no use for it. */
#include "runtime/internal.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
enum { THIS_MACHINE = EM_X86_64 };
#else
#define ARCHITECTURE "aarch64"
enum { THIS_MACHINE = EM_AARCH64 };
#endif

static void close_library(void *library) {
  dlclose(library);
}

/* Another spelling of `path` that differs for every file that was ever there: dlopen compares names first,
 * and would return the library that is already open when the file has been replaced since. The number of the
 * file, in "./" and ".//", goes between the folder and the name. It always has a '/', so that the system's
 * folders are not searched. Both results are the caller's to free; null if out of memory. */
static char *fresh_spelling(const char *path, char **folder) {
  struct stat file = {0};
  stat(path, &file);
  const char *slash = strrchr(path, '/');
  *folder = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup("./");
  size_t capacity = strlen(path) + 3 + 3 * 64;
  char *spelling = malloc(capacity);
  if (!*folder || !spelling) {
    free(spelling);
    return NULL;
  }
  text_buffer text = {spelling, 0, capacity};
  append(&text, "%s", *folder);
  for (ino_t number = file.st_ino; number; number >>= 1)
    append(&text, number & 1 ? ".//" : "./");
  append(&text, "%s", slash ? slash + 1 : path);
  return spelling;
}

/* The number of bytes that the library's headers promise, or 0 if it has none. dlopen maps a file that was
 * cut off as if it were whole, and dies of a bus error. Also whether it is of another architecture, of which
 * dlopen says that there is no such file. */
static uint64_t promised_bytes(int file, bool *foreign) {
  Elf64_Ehdr header;
  if (pread(file, &header, sizeof header, 0) != sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
      header.e_ident[EI_CLASS] != ELFCLASS64)
    return 0;
  *foreign = header.e_machine != THIS_MACHINE;
  uint64_t end = header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize;
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    off_t at = (off_t)(header.e_phoff + i * sizeof segment);
    if (pread(file, &segment, sizeof segment, at) != sizeof segment) return UINT64_MAX;
    uint64_t segment_end = segment.p_offset + segment.p_filesz;
    if (end < segment_end) end = segment_end;
  }
  return end;
}

/* Sets what is known of the file and how many bytes of it are mapped. */
static girih_status check_file(const char *path, struct stat *status, uint64_t *bytes, girih_error *error) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
  if (file < 0) return fail(error, GIRIH_NOT_FOUND, "can't read '%s': %s", path, strerror(errno));
  fstat(file, status);
  bool regular = S_ISREG(status->st_mode), foreign = false;
  *bytes = regular ? promised_bytes(file, &foreign) : 0;
  bool cut = (uint64_t)status->st_size < *bytes;
  close(file);
  if (!regular) return fail(error, GIRIH_NOT_FOUND, "can't read '%s': not a regular file", path);
  if (foreign)
    return fail(error, GIRIH_INCOMPATIBLE,
                "'%s' can't be loaded as a compiled model: it is for another architecture; compile it with "
                "--target=" ARCHITECTURE "-linux-gnu",
                path);
  return cut ? fail(error, GIRIH_INCOMPATIBLE,
                    "'%s' can't be loaded as a compiled model: it is cut off at %lld bytes; copy or compile "
                    "it "
                    "again",
                    path, (long long)status->st_size)
             : GIRIH_OK;
}

/* dlopen's complaint about `spelling`, without it. */
static const char *complaint(const char *spelling) {
  const char *text = dlerror();
  size_t length = strlen(spelling);
  return strncmp(text, spelling, length) == 0 && strncmp(text + length, ": ", 2) == 0 ? text + length + 2
                                                                                      : text;
}

static const char *advice(const char *why) {
  return strstr(why, "__asan_")
             ? "it was compiled with --sanitize=address and needs the sanitizer's runtime: "
               "LD_PRELOAD=$(clang-22 -print-file-name=libclang_rt.asan-" ARCHITECTURE ".so)"
             : "a model file is compiled by `girih compile MODEL -o OUT.so`";
}

girih_status girih_load(const char *path, girih_model **model, girih_error *error) {
  if (!path || !model)
    return fail(error, GIRIH_INVALID_ARGUMENT, "girih_load: '%s' is null", path ? "model" : "path");
  struct stat file = {0};
  uint64_t bytes;
  girih_status status = check_file(path, &file, &bytes, error);
  if (status) return status;
  char *folder = NULL;
  char *spelling = fresh_spelling(path, &folder);
  void *library = spelling ? dlopen(spelling, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!spelling) status = fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the path '%s'", path);
  const girih_artifact *artifact = library ? dlsym(library, GIRIH_TABLE_SYMBOL) : NULL;
  if (!status && !library) {
    const char *why = complaint(spelling);
    status = fail(error, GIRIH_INCOMPATIBLE, "'%s' can't be loaded as a compiled model: %s; %s", path, why,
                  advice(why));
  }
  if (!status && !artifact)
    status =
        fail(error, GIRIH_INCOMPATIBLE, "'%s' is a shared library, but not one that girih compiled", path);
  if (!status) status = open_model(artifact, folder, model, error);
  if (!status && !watch_file(&(*model)->library_file, path, &file, (int64_t)bytes)) {
    girih_close(*model);
    status = fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the path '%s'", path);
  }
  free(spelling);
  free(folder);
  if (status) {
    if (library) dlclose(library);
    return status;
  }
  (*model)->library = library;
  (*model)->close_library = close_library;
  return GIRIH_OK;
}
