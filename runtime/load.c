/* Loading compiled models by path. Only in libgirih: a compiled model has no use for it. */
#include "runtime/internal.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_library(void *library) {
  dlclose(library);
}

girih_status girih_load(const char *path, girih_model **model, girih_error *error) {
  if (!path || !model)
    return fail(error, GIRIH_INVALID_ARGUMENT, "girih_load: '%s' is null", path ? "model" : "path");
  if (access(path, R_OK)) return fail(error, GIRIH_NOT_FOUND, "can't read '%s': %s", path, strerror(errno));
  /* dlopen searches the system's folders for names without a '/'. */
  size_t bytes = strlen(path) + 3;
  char *file = malloc(bytes);
  if (!file) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the path '%s'", path);
  snprintf(file, bytes, "%s%s", strchr(path, '/') ? "" : "./", path);
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  free(file);
  if (!library)
    return fail(error, GIRIH_INCOMPATIBLE,
                "'%s' can't be loaded as a compiled model: %s; a model file is compiled by `girih compile "
                "MODEL -o OUT.so`",
                path, dlerror());
  const girih_artifact *artifact = dlsym(library, GIRIH_TABLE_SYMBOL);
  girih_status status = artifact ? open_model(artifact, NULL, model, error)
                                 : fail(error, GIRIH_INCOMPATIBLE,
                                        "'%s' is a shared library, but not one that girih compiled", path);
  if (status) {
    dlclose(library);
    return status;
  }
  (*model)->library = library;
  (*model)->close_library = close_library;
  return GIRIH_OK;
}
