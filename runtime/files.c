/* Files that are mapped while a model is open: the weights', and the library's own.
 *
 * A page of a mapped file that was cut off can't be read: the system ends the process by SIGBUS, and a
 * library has no business with the program's signal handlers. A private copy would be safe, but costs a
 * copy's time (twice that of the mapping where memory is at hand, a hundred times where a virtual machine
 * first has to get it) and memory that processes can't share. So the weights are read once, by read(2), which
 * reports short files and bad disks; then they are mapped, and before each run the file is looked at again.
 * What remains is a file that is cut off during a run. */
#include "runtime/internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* What is read at a time: small enough to be hashed from the cache. */
#define PIECE ((size_t)256 << 10)

/* How often a library is looked at; its runs may take less time than looking. */
#define LIBRARY_NANOSECONDS 1000000

static int64_t nanoseconds(struct timespec t) {
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool watch_file(watched_file *file, const char *path, const struct stat *status, int64_t bytes) {
  file->path = realpath(path, NULL);
  file->device = status->st_dev;
  file->inode = status->st_ino;
  file->bytes = bytes;
  atomic_init(&file->written, nanoseconds(status->st_mtim));
  /* What has no name, as a file in memory has none, can't be looked at. */
  return file->path || errno != ENOMEM;
}

void unwatch_file(watched_file *file) {
  free(file->path);
  file->path = NULL;
}

/* False where the name is gone or is another file's: what is mapped is out of others' reach then. */
static bool find_file(const watched_file *file, struct stat *status) {
  return !stat(file->path, status) && status->st_dev == file->device && status->st_ino == file->inode;
}

static girih_status cut_off(const char *what, const watched_file *file, const struct stat *status,
                            girih_error *error) {
  return fail(error, GIRIH_INCOMPATIBLE,
              "the %s '%s' was cut off at %lld of %lld bytes while it was in use: put it back, and replace "
              "such files by renaming others to them",
              what, file->path, (long long)status->st_size, (long long)file->bytes);
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

static girih_status wrong_size(const girih_artifact *artifact, const char *path, int64_t bytes,
                               girih_error *error) {
  return fail(error, GIRIH_INCOMPATIBLE,
              "the weights file '%s' has %lld bytes, expected %lld: it is cut off or of another model; "
              "compile '%s' again",
              path, (long long)bytes, (long long)artifact->weights_bytes, artifact->model_name);
}

/* Reads all of an open weights file and compares its hash. */
static girih_status check_content(const girih_artifact *artifact, int file, const char *path,
                                  girih_error *error) {
  char *piece = malloc(PIECE);
  if (!piece) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for reading '%s'", path);
  girih_hash hash;
  girih_hash_begin(&hash);
  girih_status status = GIRIH_OK;
  int64_t at = 0;
  for (size_t filled = 0; at < artifact->weights_bytes && !status;) {
    /* A read may return less than is there; the hash takes whole blocks. */
    ssize_t got = pread(file, piece + filled, PIECE - filled, (off_t)at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      status = fail(error, GIRIH_NOT_FOUND, "can't read the weights file '%s': %s", path, strerror(errno));
    else if (!got)
      status = wrong_size(artifact, path, at, error);
    at += got, filled += (size_t)got;
    if (status || (filled < PIECE && at < artifact->weights_bytes)) continue;
    girih_hash_add(&hash, piece, filled);
    filled = 0;
  }
  free(piece);
  if (!status && girih_hash_end(&hash) != artifact->weights_hash)
    status =
        fail(error, GIRIH_INCOMPATIBLE,
             "the weights file '%s' is not the one that was written with model '%s': compile the model again",
             path, artifact->model_name);
  return status;
}

girih_status map_weights(girih_model *model, const char *folder, girih_error *error) {
  const girih_artifact *artifact = model->artifact;
  char path[PATH_MAX];
  if (folder)
    snprintf(path, sizeof path, "%s%s", folder, *folder && folder[strlen(folder) - 1] == '/' ? "" : "/");
  else
    folder_of(artifact, path);
  size_t length = strlen(path);
  snprintf(path + length, sizeof path - length, "%s", artifact->weights_file);

  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
  if (file < 0)
    return fail(error, GIRIH_NOT_FOUND,
                "can't open the weights file '%s': %s; it was written beside the compiled model '%s' and "
                "belongs there",
                path, strerror(errno), artifact->model_name);
  struct stat found = {0};
  girih_status status = GIRIH_OK;
  if (fstat(file, &found) || found.st_size != artifact->weights_bytes)
    status = wrong_size(artifact, path, found.st_size, error);
  if (!status) status = check_content(artifact, file, path, error);
  if (!status && !watch_file(&model->weights_file, path, &found, artifact->weights_bytes))
    status = fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the path '%s'", path);
  if (!status) {
    void *memory = mmap(NULL, (size_t)artifact->weights_bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED)
      status = fail(error, GIRIH_OUT_OF_MEMORY, "can't map the weights file '%s' (%lld bytes): %s", path,
                    (long long)artifact->weights_bytes, strerror(errno));
    else
      model->mapped = memory;
  }
  close(file);
  if (status) unwatch_file(&model->weights_file);
  return status;
}

girih_status check_weights(girih_model *model, girih_error *error) {
  watched_file *known = &model->weights_file;
  struct stat now;
  if (!known->path || !find_file(known, &now)) return GIRIH_OK;
  if (now.st_size < known->bytes) return cut_off("weights file", known, &now, error);
  int64_t written = nanoseconds(now.st_mtim);
  if (written == atomic_load(&known->written)) return GIRIH_OK;
  /* Somebody wrote to it, or only touched it. */
  int file = open(known->path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(error, GIRIH_NOT_FOUND, "can't read the weights file '%s' after it was changed: %s",
                known->path, strerror(errno));
  girih_status status = check_content(model->artifact, file, known->path, error);
  close(file);
  if (!status) atomic_store(&known->written, written);
  return status;
}

bool is_cut_off(const watched_file *file, struct stat *status) {
  return file->path && find_file(file, status) && status->st_size < file->bytes;
}

girih_status check_library(girih_context *context, girih_error *error) {
  const watched_file *known = &context->model->library_file;
  if (!known->path) return GIRIH_OK;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* a quarter of the price of the exact time */
  int64_t now = nanoseconds(t);
  if (now - context->library_checked < LIBRARY_NANOSECONDS) return GIRIH_OK;
  context->library_checked = now;
  struct stat status;
  return is_cut_off(known, &status) ? cut_off("compiled model", known, &status, error) : GIRIH_OK;
}
