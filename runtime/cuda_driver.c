/* The CUDA driver: finding it, and what it says. */
#include "runtime/cuda_driver.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of CUDA 12.0: kernel nodes of graphs have had their form since. */
#define OLDEST_DRIVER 12000

static girih_status find_functions(cuda_driver *driver, const char *name, girih_error *error) {
  int (*get_version)(int *version) = NULL;
  *(void **)&get_version = dlsym(driver->library, "cuDriverGetVersion");
  if (!get_version || get_version(&driver->version))
    return fail(error, GIRIH_INCOMPATIBLE, "'%s' is no CUDA driver: it does not tell its version", name);
  if (driver->version < OLDEST_DRIVER)
    return fail(error, GIRIH_INCOMPATIBLE,
                "the CUDA driver '%s' is for CUDA %d.%d, and models need one for %d.%d or newer: update it",
                name, driver->version / 1000, driver->version % 1000 / 10, OLDEST_DRIVER / 1000,
                OLDEST_DRIVER % 1000 / 10);
  const char *missing = NULL;
#define FIND(function, suffix, parameters)                                                                   \
  *(void **)&driver->function = dlsym(driver->library, #function #suffix);                                   \
  if (!driver->function) missing = #function #suffix;
  CUDA_FUNCTIONS(FIND)
#undef FIND
  return missing
             ? fail(error, GIRIH_INCOMPATIBLE, "'%s' is no CUDA driver: it has no function %s", name, missing)
             : GIRIH_OK;
}

static girih_status initialise(cuda_driver *driver, girih_error *error) {
  int code = driver->cuInit(0);
  if (code == CU_NO_DEVICE)
    return fail(error, GIRIH_SYSTEM_ERROR,
                "the model was compiled for a GPU, and the CUDA driver finds none: look whether nvidia-smi "
                "lists one and CUDA_VISIBLE_DEVICES leaves it");
  if (code == CU_NOT_INITIALIZED)
    return fail(error, GIRIH_SYSTEM_ERROR,
                "CUDA was in use when this process was forked, and cannot be used in it: run GPU models in a "
                "process of their own, or use none of them before the fork");
  return check_result(driver, code, error, "starting the CUDA driver");
}

girih_status open_driver(cuda_driver *driver, girih_error *error) {
  const char *chosen = getenv("GIRIH_CUDA_DRIVER"), *name = chosen && *chosen ? chosen : "libcuda.so.1";
  memset(driver, 0, sizeof *driver);
  /* A driver has threads of its own, which go on where it is unloaded. */
  driver->library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!driver->library)
    return name == chosen
               ? fail(error, GIRIH_NOT_FOUND,
                      "the model was compiled for a GPU, and the CUDA driver that GIRIH_CUDA_DRIVER names "
                      "can't "
                      "be loaded: %s",
                      dlerror())
               : fail(error, GIRIH_NOT_FOUND,
                      "the model was compiled for a GPU, and there is no CUDA driver here (%s): install "
                      "NVIDIA's driver, or name another one by GIRIH_CUDA_DRIVER, such as girih's simulator, "
                      "libgirih-cudasim.so",
                      dlerror());
  girih_status status = find_functions(driver, name, error);
  if (!status) status = initialise(driver, error);
  if (status) close_driver(driver);
  return status;
}

void close_driver(cuda_driver *driver) {
  dlclose(driver->library);
}

void append_result(text_buffer *text, const cuda_driver *driver, int code) {
  const char *name, *words;
  if (driver->cuGetErrorName(code, &name) || driver->cuGetErrorString(code, &words))
    append(text, "error %d", code);
  else
    append(text, "%s (%s)", name, words);
}

girih_status check_result(const cuda_driver *driver, int code, girih_error *error, const char *what, ...) {
  if (!code) return GIRIH_OK;
  char message[sizeof(girih_error)];
  va_list arguments;
  va_start(arguments, what);
  vsnprintf(message, sizeof message / 2, what, arguments);
  va_end(arguments);
  text_buffer text = {message, strlen(message), sizeof message};
  append(&text, " failed: ");
  append_result(&text, driver, code);
  return fail(error, code == CU_OUT_OF_MEMORY ? GIRIH_OUT_OF_MEMORY : GIRIH_SYSTEM_ERROR, "%s", message);
}
