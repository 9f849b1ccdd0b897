/* Memory from the system: working memory and mapped weights. */
#include "runtime/internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUGE_PAGE ((int64_t)2 << 20)

void *map_memory(int64_t bytes) {
  if (bytes > MAX_BYTES) return NULL;
  /* Room to begin at a huge page's border; what is left over at both ends is never touched. */
  bool large = bytes >= 2 * HUGE_PAGE;
  size_t length = (size_t)(large ? bytes + HUGE_PAGE : bytes);
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (!large) return memory;
  char *aligned = (char *)(((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
  if (aligned != memory) munmap(memory, (size_t)(aligned - memory));
  int64_t page = sysconf(_SC_PAGESIZE), kept = (bytes + page - 1) / page * page;
  char *end = memory + (length + (size_t)page - 1) / (size_t)page * (size_t)page;
  if (aligned + kept < end) munmap(aligned + kept, (size_t)(end - (aligned + kept)));
  madvise(aligned, (size_t)kept, MADV_HUGEPAGE);
  return aligned;
}

void unmap_memory(void *memory, int64_t bytes) {
  if (memory) munmap(memory, (size_t)bytes);
}

/* The folder, with its last '/', of the library or program that holds `artifact`. */
static void folder_of(const girih_artifact *artifact, char path[PATH_MAX]) {
  Dl_info info;
  path[0] = 0;
  if (dladdr(artifact, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
    snprintf(path, PATH_MAX, "%s", info.dli_fname);
  if (!path[0]) { /* in a program found by PATH */
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
  }
  char *slash = strrchr(path, '/');
  if (slash) slash[1] = 0;
}

girih_status map_weights(const girih_artifact *artifact, const char *folder, void **mapped,
                         girih_error *error) {
  char path[PATH_MAX];
  if (folder)
    snprintf(path, sizeof path, "%s%s", folder, *folder && folder[strlen(folder) - 1] == '/' ? "" : "/");
  else
    folder_of(artifact, path);
  size_t length = strlen(path);
  snprintf(path + length, sizeof path - length, "%s", artifact->weights_file);

  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(error, GIRIH_NOT_FOUND,
                "can't open the weights file '%s': %s; it was written beside the compiled model '%s' and "
                "belongs there",
                path, strerror(errno), artifact->model_name);
  struct stat status;
  if (fstat(file, &status) || status.st_size != artifact->weights_bytes) {
    close(file);
    return fail(error, GIRIH_INCOMPATIBLE,
                "the weights file '%s' has %lld bytes, expected %lld: it is cut off or of another model; "
                "compile '%s' again",
                path, (long long)status.st_size, (long long)artifact->weights_bytes, artifact->model_name);
  }
  void *memory = mmap(NULL, (size_t)artifact->weights_bytes, PROT_READ, MAP_PRIVATE, file, 0);
  int code = errno;
  close(file);
  if (memory == MAP_FAILED)
    return fail(error, GIRIH_OUT_OF_MEMORY, "can't map the weights file '%s' (%lld bytes): %s", path,
                (long long)artifact->weights_bytes, strerror(code));
  if (girih_weights_hash(memory, (uint64_t)artifact->weights_bytes) != artifact->weights_hash) {
    munmap(memory, (size_t)artifact->weights_bytes);
    return fail(
        error, GIRIH_INCOMPATIBLE,
        "the weights file '%s' is not the one that was written with model '%s': compile the model again",
        path, artifact->model_name);
  }
  *mapped = memory;
  return GIRIH_OK;
}
