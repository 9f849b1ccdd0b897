/* GPUs and the CUDA driver: what the contexts of a model share of them, and what each has of its own. All is
 * in the primary context of the device, as it is for other libraries in the process, so that their memory and
 * streams are of use here. */
#include "runtime/cuda_context.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

girih_status allocate_device(const cuda_driver *driver, const gpu *gpu, int64_t bytes, cu_address *memory,
                             girih_error *error, const char *model, const char *what) {
  int code = driver->cuMemAlloc(memory, (size_t)bytes);
  if (!code) return GIRIH_OK;
  *memory = 0;
  if (code != CU_OUT_OF_MEMORY)
    return check_result(driver, code, error, "taking %lld bytes of memory on %s", (long long)bytes,
                        gpu->name);
  size_t left = 0, total = 0;
  driver->cuMemGetInfo(&left, &total);
  return fail(error, GIRIH_OUT_OF_MEMORY,
              "out of memory on %s: model '%s' needs %lld bytes %s, and %zu of %zu are left", gpu->name,
              model, (long long)bytes, what, left, total);
}

/* ---- What contexts of a model share ---- */

/* The module for the newest GPU that is not newer than this one. */
static girih_status choose_module(const girih_artifact *artifact, const cuda_driver *driver, const gpu *gpu,
                                  const girih_abi_device_module **module, girih_error *error) {
  int major = 0, minor = 0;
  driver->cuDeviceGetAttribute(&major, CU_COMPUTE_CAPABILITY_MAJOR, gpu->device);
  driver->cuDeviceGetAttribute(&minor, CU_COMPUTE_CAPABILITY_MINOR, gpu->device);
  uint64_t sm = (uint64_t)(major * 10 + minor);
  char list[256];
  text_buffer text = {list, 0, sizeof list};
  *module = NULL;
  for (uint32_t i = 0; i < artifact->device_module_count; ++i) {
    const girih_abi_device_module *candidate = &artifact->device_modules[i];
    append(&text, "%ssm_%llu", i ? ", " : "", (unsigned long long)candidate->sm);
    if (candidate->sm <= sm && (!*module || candidate->sm > (*module)->sm)) *module = candidate;
  }
  if (*module) return GIRIH_OK;
  return fail(
      error, GIRIH_INCOMPATIBLE,
      "model '%s' has code for %s and newer GPUs, and %s is sm_%llu: compile it with --sm=%llu or lower",
      artifact->model_name, list, gpu->name, (unsigned long long)sm, (unsigned long long)sm);
}

static girih_status load_module(const girih_artifact *artifact, const cuda_driver *driver, gpu *gpu,
                                girih_error *error) {
  const girih_abi_device_module *module;
  girih_status status = choose_module(artifact, driver, gpu, &module, error);
  if (status) return status;
  char log[4096] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)sizeof log};
  int code = driver->cuModuleLoadDataEx(&gpu->module, module->ptx, 2, options, values);
  if (!code) return GIRIH_OK;
  gpu->module = NULL;
  char result[512];
  text_buffer text = {result, 0, sizeof result};
  append_result(&text, driver, code);
  const char *line = log + strspn(log, " \r\n");
  if (code == CU_UNSUPPORTED_PTX_VERSION) append(&text, ": it is too new for the driver, update that");
  if (*line) append(&text, ": %.*s", (int)strcspn(line, "\r\n"), line);
  return fail(error, code == CU_OUT_OF_MEMORY ? GIRIH_OUT_OF_MEMORY : GIRIH_INCOMPATIBLE,
              "the driver, of CUDA %d.%d, refuses the code for sm_%llu of model '%s' on %s: %s",
              driver->version / 1000, driver->version % 1000 / 10, (unsigned long long)module->sm,
              artifact->model_name, gpu->name, result);
}

static girih_status upload_weights(const girih_model *model, gpu *gpu, girih_error *error) {
  const cuda_driver *driver = &model->cuda->driver;
  const girih_artifact *artifact = model->artifact;
  if (!artifact->weights_bytes) return GIRIH_OK;
  girih_status status = allocate_device(driver, gpu, artifact->weights_bytes, &gpu->weights, error,
                                        artifact->model_name, "for its weights");
  if (status) return status;
  int code =
      driver->cuMemcpyAsync(gpu->weights, (uintptr_t)model->weights, (size_t)artifact->weights_bytes, NULL);
  int done = driver->cuStreamSynchronize(NULL);
  return check_result(driver, code ? code : done, error, "copying the weights to %s", gpu->name);
}

static void close_gpu(const cuda_driver *driver, gpu *gpu) {
  if (gpu->primary && !driver->cuCtxPushCurrent(gpu->primary)) {
    if (gpu->module) driver->cuModuleUnload(gpu->module);
    if (gpu->weights) driver->cuMemFree(gpu->weights);
    leave(driver);
  }
  if (gpu->primary) driver->cuDevicePrimaryCtxRelease(gpu->device);
  free(gpu);
}

static girih_status open_gpu(girih_model *model, cu_device device, gpu **result, girih_error *error) {
  const cuda_driver *driver = &model->cuda->driver;
  gpu *gpu = calloc(1, sizeof *gpu);
  if (!gpu) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for a GPU");
  gpu->device = device;
  girih_status status = check_result(driver, driver->cuDeviceGetName(gpu->name, sizeof gpu->name, device),
                                     error, "asking for the name of GPU %d", device);
  if (!status)
    status = check_result(driver, driver->cuDevicePrimaryCtxRetain(&gpu->primary, device), error,
                          "starting %s", gpu->name);
  if (!status)
    status = check_result(driver, driver->cuCtxPushCurrent(gpu->primary), error, "using %s", gpu->name);
  if (!status) {
    status = load_module(model->artifact, driver, gpu, error);
    if (!status) status = upload_weights(model, gpu, error);
    leave(driver);
  }
  if (status)
    close_gpu(driver, gpu);
  else
    *result = gpu;
  return status;
}

/* The context of a stream. Asking takes a context where the calling thread has none: any will do. */
static int find_context(const cuda_driver *driver, cu_stream stream, cu_context *result) {
  int code = driver->cuStreamGetCtx(stream, result);
  if (code != CU_INVALID_CONTEXT) return code;
  cu_device first;
  cu_context primary;
  if (driver->cuDeviceGet(&first, 0) || driver->cuDevicePrimaryCtxRetain(&primary, first)) return code;
  if (!driver->cuCtxPushCurrent(primary)) {
    code = driver->cuStreamGetCtx(stream, result);
    leave(driver);
  }
  driver->cuDevicePrimaryCtxRelease(first);
  return code;
}

/* The device of the caller's stream, else of the context that the calling thread uses, else the first one. */
static girih_status choose_device(const cuda_driver *driver, cu_stream stream, cu_device *device,
                                  cu_context *used, girih_error *error) {
  /* 1 and 2 stand for streams that every context has. */
  bool is_handle = (uintptr_t)stream > 2;
  *used = NULL;
  int code = is_handle ? find_context(driver, stream, used) : driver->cuCtxGetCurrent(used);
  if (code && is_handle)
    return fail(error, GIRIH_INVALID_ARGUMENT, "options: 'stream' is no stream of CUDA's");
  if (!*used) return check_result(driver, driver->cuDeviceGet(device, 0), error, "asking for the first GPU");
  code = driver->cuCtxPushCurrent(*used);
  if (!code) {
    code = driver->cuCtxGetDevice(device);
    leave(driver);
  }
  if (!is_handle) *used = NULL;
  return check_result(driver, code, error, "asking for the GPU in use");
}

/* The GPU that runs with this stream are for, opened by the first context on it. The model's mutex is held.
 */
static girih_status find_gpu(girih_model *model, cu_stream stream, gpu **result, girih_error *error) {
  girih_status status = GIRIH_OK;
  if (!model->cuda) {
    struct cuda_model *cuda = calloc(1, sizeof *cuda);
    if (!cuda) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the CUDA driver");
    status = open_driver(&cuda->driver, error);
    if (status)
      free(cuda);
    else
      model->cuda = cuda;
  }
  cu_device device;
  cu_context used;
  if (!status) status = choose_device(&model->cuda->driver, stream, &device, &used, error);
  if (status) return status;
  gpu *gpu = model->cuda->gpus;
  while (gpu && gpu->device != device)
    gpu = gpu->next;
  if (!gpu) {
    status = open_gpu(model, device, &gpu, error);
    if (status) return status;
    gpu->next = model->cuda->gpus;
    model->cuda->gpus = gpu;
  }
  if (used && used != gpu->primary)
    return fail(error, GIRIH_INVALID_ARGUMENT,
                "options: 'stream' is of a context of its own; models use the primary context of %s",
                gpu->name);
  *result = gpu;
  return GIRIH_OK;
}

/* Whether this process may use what the model has of CUDA, or make it: a child of the one that made it can't,
 * and never touches the mutex, which may have been left locked. */
static bool is_here(girih_model *model) {
  pid_t process = atomic_load(&model->cuda_process);
  return !process || process == getpid();
}

static girih_status share_gpu(girih_model *model, cu_stream stream, gpu **gpu, girih_error *error) {
  if (!is_here(model))
    return fail(error, GIRIH_SYSTEM_ERROR,
                "model '%s' was in use on a GPU when this process was forked, and cannot be used on it here: "
                "make the contexts of GPU models after forks only",
                model->artifact->model_name);
  pthread_mutex_lock(&model->cuda_mutex);
  atomic_store(&model->cuda_process, getpid());
  girih_status status = find_gpu(model, stream, gpu, error);
  if (!model->cuda) atomic_store(&model->cuda_process, 0);
  pthread_mutex_unlock(&model->cuda_mutex);
  return status;
}

static void close_cuda(girih_model *model) {
  struct cuda_model *cuda = model->cuda;
  if (!cuda) return;
  bool here = is_here(model);
  for (gpu *gpu = cuda->gpus, *next; gpu; gpu = next) {
    next = gpu->next;
    if (here)
      close_gpu(&cuda->driver, gpu);
    else
      free(gpu);
  }
  if (here) close_driver(&cuda->driver);
  free(cuda);
}

/* ---- Contexts ---- */

static void destroy(girih_context *context, bool here) {
  struct cuda_context *c = context->cuda;
  const cuda_driver *driver = c->driver;
  if (here && !driver->cuCtxPushCurrent(c->gpu->primary)) {
    for (int i = 0; i < PLAN_COUNT; ++i)
      if (c->launches[i].graph) driver->cuGraphExecDestroy(c->launches[i].graph);
    for (uint32_t i = 0; c->events && i <= context->model->artifact->launch_count; ++i)
      if (c->events[i]) driver->cuEventDestroy(c->events[i]);
    if (c->memory) driver->cuMemFree(c->memory);
    if (c->progress) driver->cuMemFreeHost((void *)c->progress);
    if (c->own_stream) driver->cuStreamDestroy(c->own_stream);
    leave(driver);
  }
  free(c->events);
  free(c);
}

/* A part of a block of memory, or, without a block, only what it adds to its size. */
static void *take(char *block, size_t *at, size_t count, size_t bytes) {
  size_t begin = *at;
  *at += (count * bytes + 15) / 16 * 16;
  return block ? block + begin : NULL;
}

/* How many bytes of an input from the beginning on are read for sizes. */
static int64_t bytes_read(const girih_artifact *artifact, uint32_t input) {
  int64_t most = 0;
  for (uint32_t i = 0; i < artifact->symbol_count; ++i) {
    const girih_abi_symbol *symbol = &artifact->symbols[i];
    if (symbol->input == input && symbol->axis < 0 && -(int64_t)symbol->axis > most)
      most = -(int64_t)symbol->axis;
  }
  return most * (int64_t)girih_dtype_bytes(artifact->inputs[input].dtype);
}

/* Lays the context's arrays into `block`, one after the other, and returns their size. */
static size_t lay_out(const girih_artifact *a, struct cuda_context *c, char *block) {
  size_t at = 0, pointers = 0, most = 0, sizes = 0;
  for (uint32_t i = 0; i < a->launch_count; ++i) {
    const girih_abi_launch *launch = &a->launches[i];
    size_t parameters = launch->function.dim_count;
    for (uint32_t v = 0; v < launch->variant_count; ++v)
      if (launch->variants[v].function.dim_count > parameters)
        parameters = launch->variants[v].function.dim_count;
    parameters += launch->buffer_count + 1;
    if (parameters > most) most = parameters;
    pointers += launch->buffer_count;
  }
  for (uint32_t i = 0; i < a->input_count; ++i)
    sizes += (size_t)bytes_read(a, i);
  take(block, &at, 1, sizeof *c);
  c->tensor_count = a->input_count + a->output_count;
  c->pointer_bytes = pointers * sizeof(void *);
  c->tensors = take(block, &at, c->tensor_count, sizeof *c->tensors);
  c->staged = take(block, &at, c->tensor_count, sizeof *c->staged);
  c->sized = take(block, &at, a->input_count, sizeof *c->sized);
  c->size_bytes = take(block, &at, a->input_count, sizeof *c->size_bytes);
  c->sizes = take(block, &at, sizes, 1);
  c->worst = take(block, &at, a->index_check_count, sizeof *c->worst);
  c->parameters = take(block, &at, most, sizeof *c->parameters);
  for (int i = 0; i < PLAN_COUNT; ++i) {
    launches *l = &c->launches[i];
    l->functions = take(block, &at, a->launch_count, sizeof *l->functions);
    l->latest = take(block, &at, 1, c->pointer_bytes);
    l->recorded = take(block, &at, 1, c->pointer_bytes);
  }
  return at;
}

static girih_status create(girih_context *context, void *stream, girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  gpu *gpu = NULL;
  girih_status status = share_gpu(context->model, stream, &gpu, error);
  if (status) return status;
  struct cuda_context size;
  struct cuda_context *c = calloc(1, lay_out(artifact, &size, NULL));
  if (!c) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for a context");
  lay_out(artifact, c, (char *)c);
  for (uint32_t i = 0; i < artifact->input_count; ++i)
    c->size_bytes[i] = bytes_read(artifact, i);
  const cuda_driver *driver = c->driver = &context->model->cuda->driver;
  c->gpu = gpu;
  c->stream = stream;
  int code = driver->cuCtxPushCurrent(gpu->primary);
  if (!code) {
    void *progress = NULL;
    code = driver->cuMemHostAlloc(&progress, sizeof *c->progress, CU_MEMHOSTALLOC_DEVICEMAP);
    if (!code) c->progress = progress;
    /* One that runs in order with the default stream, on which most programs write what they give us. */
    if (!code && !stream) code = driver->cuStreamCreate(&c->own_stream, 0);
    leave(driver);
  }
  if (!stream) c->stream = c->own_stream;
  context->cuda = c;
  context->device_name = gpu->name;
  context->weights = (const char *)(uintptr_t)gpu->weights;
  if (!code) return GIRIH_OK;
  destroy(context, true);
  return check_result(driver, code, error, "making a stream on %s", gpu->name);
}

const device_runtime cuda_runtime = {create, destroy, close_cuda, fetch_sizes, run_on_gpu};
