/* Runs on a GPU: memory for a plan, the caller's tensors there and back, and launches, as a graph where they
 * repeat. */
#include "runtime/cuda_context.h"
#include <stdlib.h>
#include <string.h>

#define MAX_BLOCKS INT32_MAX /* of a grid */
#define MEMORY_ALIGNMENT ((int64_t)256)

static int64_t align_memory(int64_t bytes) {
  return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

static bool is_device_memory(const struct cuda_context *c, const void *data, int *device) {
  unsigned type = 0;
  cu_address address = (uintptr_t)data;
  return data && !c->driver->cuPointerGetAttribute(&type, CU_POINTER_MEMORY_TYPE, address) &&
         type == CU_MEMORY_DEVICE &&
         !c->driver->cuPointerGetAttribute(device, CU_POINTER_DEVICE_ORDINAL, address);
}

static int copy(const struct cuda_context *c, void *to, const void *from, int64_t bytes) {
  return bytes ? c->driver->cuMemcpyAsync((uintptr_t)to, (uintptr_t)from, (size_t)bytes, c->stream)
               : CU_SUCCESS;
}

static girih_status enter(const struct cuda_context *c, girih_error *error) {
  return check_result(c->driver, c->driver->cuCtxPushCurrent(c->gpu->primary), error, "using %s",
                      c->gpu->name);
}

girih_status fetch_sizes(girih_context *context, const girih_tensor **inputs, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  if (!context->model->artifact->symbol_count) return GIRIH_OK;
  girih_status status = enter(c, error);
  if (status) return status;
  char *sizes = c->sizes;
  int code = CU_SUCCESS, device;
  bool any = false;
  for (uint32_t i = 0; i < artifact->input_count && !code; ++i) {
    girih_tensor *input = &c->sized[i];
    *input = (*inputs)[i];
    /* Wrong ones are found by find_plan. */
    if (!c->size_bytes[i] || input->dtype != artifact->inputs[i].dtype ||
        input->rank != artifact->inputs[i].rank || !is_device_memory(c, input->data, &device))
      continue;
    int64_t bytes = tensor_bytes(input->dtype, input->dims, input->rank);
    if (bytes > c->size_bytes[i]) bytes = c->size_bytes[i];
    if (bytes > 0) code = copy(c, sizes, input->data, bytes);
    input->data = sizes;
    sizes += c->size_bytes[i];
    any = true;
  }
  if (any) {
    int done = c->driver->cuStreamSynchronize(c->stream);
    *inputs = c->sized;
    status = check_result(c->driver, code ? code : done, error, "reading sizes from %s", c->gpu->name);
  }
  leave(c->driver);
  return status;
}

/* How much memory the blocks of the plan's launches have of their own. Launches run one after the other. */
static girih_status plan_scratch(const girih_artifact *artifact, const plan *plan, int64_t *bytes,
                                 girih_error *error) {
  *bytes = 0;
  for (uint32_t i = 0; i < artifact->launch_count; ++i) {
    const planned_launch *planned = &plan->launches[i];
    int64_t all;
    if (__builtin_mul_overflow(planned->tasks, size_value(planned->function->scratch, plan->slots), &all) ||
        all > MAX_BYTES)
      return fail(error, GIRIH_OUT_OF_MEMORY,
                  "the values that '%s' keeps would not fit into any memory: the inputs are too large",
                  artifact->launches[i].name);
    if (all > *bytes) *bytes = all;
  }
  return GIRIH_OK;
}

/* Has blocks of `kernel` get the dynamic shared memory that `function` says. Without this they get as much as
 * every GPU has, less what the kernel declares itself. */
static girih_status allow_shared(const struct cuda_context *c, const girih_abi_function *function,
                                 cu_function kernel, const char *launch, girih_error *error) {
  uint32_t bytes = function->block.shared_bytes;
  if (!bytes) return GIRIH_OK;
  int declared = 0, most = 0;
  int code = c->driver->cuFuncGetAttribute(&declared, CU_STATIC_SHARED_BYTES, kernel);
  if (!code) code = c->driver->cuDeviceGetAttribute(&most, CU_MOST_SHARED_BYTES, c->gpu->device);
  if (!code && (int64_t)declared + bytes > most)
    return fail(error, GIRIH_INCOMPATIBLE,
                "'%s' (kernel %s) needs %lld bytes of shared memory a block, and %s has %d", launch,
                function->name, (long long)declared + bytes, c->gpu->name, most);
  if (!code) code = c->driver->cuFuncSetAttribute(kernel, CU_MOST_DYNAMIC_SHARED_BYTES, (int)bytes);
  return check_result(c->driver, code, error, "giving '%s' (kernel %s) %u bytes of shared memory a block",
                      launch, function->name, bytes);
}

/* The plan's launches as the driver knows them, for new places in memory. */
static girih_status prepare_launches(girih_context *context, plan *plan, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  launches *l = &c->launches[plan - context->plans];
  if (l->graph) c->driver->cuGraphExecDestroy(l->graph);
  l->graph = NULL;
  l->has_run = l->has_latest = false;
  for (uint32_t i = 0; i < artifact->launch_count; ++i) {
    const planned_launch *planned = &plan->launches[i];
    if (planned->tasks > MAX_BLOCKS)
      return fail(error, GIRIH_INVALID_ARGUMENT,
                  "'%s' would have %lld blocks, and a grid has at most %d: the inputs are too large",
                  artifact->launches[i].name, (long long)planned->tasks, MAX_BLOCKS);
    int code = c->driver->cuModuleGetFunction(&l->functions[i], c->gpu->module, planned->function->name);
    girih_status status = check_result(c->driver, code, error, "finding the kernel %s of '%s'",
                                       planned->function->name, artifact->launches[i].name);
    if (!status)
      status = allow_shared(c, planned->function, l->functions[i], artifact->launches[i].name, error);
    if (status) return status;
  }
  point_to_arena(artifact, plan, (char *)(uintptr_t)c->memory);
  return GIRIH_OK;
}

/* The arena, what blocks have of their own, what stands for tensors without elements, and then the tensors
 * that are not in memory of this device, or not aligned there as kernels expect. */
static girih_status prepare_run(girih_context *context, plan *plan, const girih_tensor *inputs,
                                const girih_tensor *outputs, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  int64_t scratch_bytes, bytes = align_memory(plan->arena_bytes), scratch = bytes;
  girih_status status = plan_scratch(artifact, plan, &scratch_bytes, error);
  if (status) return status;
  int64_t nothing = bytes += align_memory(scratch_bytes);
  bytes += align_memory(plan->nothing_bytes);
  for (uint32_t i = 0; i < c->tensor_count; ++i) {
    bool is_input = i < artifact->input_count;
    girih_tensor *tensor = &c->tensors[i];
    *tensor = is_input ? inputs[i] : outputs[i - artifact->input_count];
    int device = 0;
    bool in_place =
        !tensor->data || (is_device_memory(c, tensor->data, &device) && device == c->gpu->device &&
                          (uintptr_t)tensor->data % GIRIH_ALIGNMENT == 0);
    c->staged[i] = in_place ? -1 : bytes;
    if (!in_place) bytes += align_memory(tensor_bytes(tensor->dtype, tensor->dims, tensor->rank));
  }
  if (!c->memory || bytes > c->memory_bytes) {
    if (c->memory) c->driver->cuMemFree(c->memory);
    c->memory_bytes = 0;
    bytes = bytes ? bytes : MEMORY_ALIGNMENT;
    status = allocate_device(c->driver, c->gpu, bytes, &c->memory, error, artifact->model_name,
                             "for these input shapes");
    if (status) return status;
    c->memory_bytes = bytes;
  }
  char *memory = (char *)(uintptr_t)c->memory;
  if (plan->arena != memory) status = prepare_launches(context, plan, error);
  if (status) return status;
  c->scratch = c->memory + (cu_address)scratch;
  for (uint32_t i = 0; i < c->tensor_count; ++i)
    if (c->staged[i] >= 0) c->tensors[i].data = memory + c->staged[i];
  point_to_callers(context, plan, c->tensors, c->tensors + artifact->input_count, memory + nothing);
  if (!plan->nothing_bytes) return GIRIH_OK;
  return check_result(
      c->driver,
      c->driver->cuMemsetD8Async((uintptr_t)(memory + nothing), 0, (size_t)plan->nothing_bytes, c->stream),
      error, "clearing memory on %s", c->gpu->name);
}

/* Where the launch's parameters are: the driver copies them. */
static void **list_parameters(const struct cuda_context *c, const girih_abi_launch *launch, plan *plan,
                              const planned_launch *planned) {
  void **parameter = c->parameters;
  for (uint32_t b = 0; b < launch->buffer_count; ++b)
    *parameter++ = &plan->pointers[planned->first_pointer + b];
  for (uint32_t d = 0; d < planned->function->dim_count; ++d)
    *parameter++ = &plan->dims[planned->first_dim + d];
  *parameter = (void *)&c->scratch; /* not read for kernels that have no such parameter */
  return c->parameters;
}

/* What there is to say when launches were refused or failed. Kernels fail while others are being submitted;
 * in a plan's first run the stream tells how far it came. `next` is the launch that was being submitted. */
static girih_status blame(girih_context *context, const plan *plan, int code, uint32_t next,
                          girih_error *error) {
  const struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  int done = c->driver->cuStreamSynchronize(c->stream);
  if (done) {
    code = done;
    next = *c->progress;
    while (next < artifact->launch_count && !plan->launches[next].tasks)
      ++next;
  }
  if (next >= artifact->launch_count)
    return check_result(c->driver, code, error, "running model '%s' on %s", artifact->model_name,
                        c->gpu->name);
  const planned_launch *planned = &plan->launches[next];
  return check_result(c->driver, code, error, "'%s' (kernel %s, grid %lld, block %u) on %s",
                      artifact->launches[next].name, planned->function->name, (long long)planned->tasks,
                      planned->function->block.threads, c->gpu->name);
}

static girih_status launch_all(girih_context *context, plan *plan, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  launches *l = &c->launches[plan - context->plans];
  /* Later runs are spared it, and times of kernels too. */
  bool is_followed = !l->has_run;
  l->has_run = true;
  *c->progress = is_followed ? 0 : UINT32_MAX;
  for (uint32_t i = 0; i < artifact->launch_count; ++i) {
    const girih_abi_launch *launch = &artifact->launches[i];
    const planned_launch *planned = &plan->launches[i];
    int code = CU_SUCCESS;
    if (context->profile) code = c->driver->cuEventRecord(c->events[i], c->stream);
    if (!code && planned->tasks) {
      code = c->driver->cuLaunchKernel(
          l->functions[i], (unsigned)planned->tasks, 1, 1, planned->function->block.threads, 1, 1,
          planned->function->block.shared_bytes, c->stream, list_parameters(c, launch, plan, planned), NULL);
      if (!code && is_followed)
        code = c->driver->cuStreamWriteValue32(c->stream, (uintptr_t)c->progress, i + 1, 0);
    }
    if (code) return blame(context, plan, code, i, error);
  }
  if (!context->profile) return GIRIH_OK;
  return check_result(c->driver, c->driver->cuEventRecord(c->events[artifact->launch_count], c->stream),
                      error, "taking times on %s", c->gpu->name);
}

/* Makes a graph of the launches: the driver gets through one sooner than through as many calls. */
static int record(girih_context *context, plan *plan) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  launches *l = &c->launches[plan - context->plans];
  if (l->graph) c->driver->cuGraphExecDestroy(l->graph);
  l->graph = NULL;
  cu_graph graph;
  int code = c->driver->cuGraphCreate(&graph, 0);
  if (code) return code;
  cu_graph_node before = NULL, node;
  for (uint32_t i = 0; i < artifact->launch_count && !code; ++i) {
    const planned_launch *planned = &plan->launches[i];
    if (!planned->tasks) continue;
    cu_kernel_node kernel = {.function = l->functions[i],
                             .grid = {(unsigned)planned->tasks, 1, 1},
                             .block = {planned->function->block.threads, 1, 1},
                             .shared_bytes = planned->function->block.shared_bytes,
                             .parameters = list_parameters(c, &artifact->launches[i], plan, planned)};
    code = c->driver->cuGraphAddKernelNode(&node, graph, before ? &before : NULL, before != NULL, &kernel);
    before = node;
  }
  if (!code) code = c->driver->cuGraphInstantiateWithFlags(&l->graph, graph, 0);
  if (code) l->graph = NULL;
  c->driver->cuGraphDestroy(graph);
  memcpy(l->recorded, plan->pointers, c->pointer_bytes);
  return code;
}

static girih_status run_launches(girih_context *context, plan *plan, girih_error *error) {
  struct cuda_context *c = context->cuda;
  launches *l = &c->launches[plan - context->plans];
  if (!c->pointer_bytes || context->profile) return launch_all(context, plan, error);
  int code = CU_SUCCESS;
  if (!l->graph || memcmp(l->recorded, plan->pointers, c->pointer_bytes)) {
    bool is_repeated = l->has_latest && !memcmp(l->latest, plan->pointers, c->pointer_bytes);
    memcpy(l->latest, plan->pointers, c->pointer_bytes);
    l->has_latest = true;
    if (!is_repeated) return launch_all(context, plan, error);
    code = record(context, plan);
  }
  *c->progress = UINT32_MAX;
  if (!code) code = c->driver->cuGraphLaunch(l->graph, c->stream);
  return code ? blame(context, plan, code, UINT32_MAX, error) : GIRIH_OK;
}

/* Everything that a run does on the stream. */
static girih_status submit(girih_context *context, plan *plan, const girih_tensor *inputs,
                           const girih_tensor *outputs, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  const girih_tensor *device_inputs = c->tensors, *device_outputs = c->tensors + artifact->input_count;
  int code = CU_SUCCESS;
  for (uint32_t i = 0; i < artifact->input_count && !code; ++i)
    if (c->staged[i] >= 0)
      code = copy(c, device_inputs[i].data, inputs[i].data,
                  tensor_bytes(inputs[i].dtype, inputs[i].dims, inputs[i].rank));
  girih_status status = check_result(c->driver, code, error, "copying the inputs to %s", c->gpu->name);
  if (!status) status = run_launches(context, plan, error);
  if (status) return status;
  for (uint32_t i = 0; i < artifact->copy_count && !code; ++i) {
    const girih_abi_copy *from = &artifact->copies[i];
    code = copy(c, device_outputs[from->output].data,
                address_of(context, plan, &from->from, device_inputs, device_outputs),
                plan->output_bytes[from->output]);
  }
  for (uint32_t i = 0; i < artifact->output_count && !code; ++i)
    if (c->staged[artifact->input_count + i] >= 0)
      code = copy(c, outputs[i].data, device_outputs[i].data, plan->output_bytes[i]);
  for (uint32_t i = 0; i < artifact->index_check_count && !code; ++i)
    code = copy(c, &c->worst[i],
                address_of(context, plan, &artifact->index_checks[i].worst, device_inputs, device_outputs),
                sizeof *c->worst);
  return code ? blame(context, plan, code, UINT32_MAX, error) : GIRIH_OK;
}

static girih_status prepare_events(girih_context *context, girih_error *error) {
  struct cuda_context *c = context->cuda;
  uint32_t count = context->model->artifact->launch_count + 1;
  if (!context->profile) return GIRIH_OK;
  if (!c->events) c->events = calloc(count, sizeof *c->events);
  if (!c->events) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for %u events", count);
  int code = CU_SUCCESS;
  for (uint32_t i = 0; i < count && !code; ++i)
    if (!c->events[i]) code = c->driver->cuEventCreate(&c->events[i], 0);
  return check_result(c->driver, code, error, "making events on %s", c->gpu->name);
}

static girih_status add_times(girih_context *context, girih_error *error) {
  struct cuda_context *c = context->cuda;
  if (!context->profile) return GIRIH_OK;
  int code = CU_SUCCESS;
  for (uint32_t i = 0; i < context->model->artifact->launch_count && !code; ++i) {
    float milliseconds = 0;
    code = c->driver->cuEventElapsedTime(&milliseconds, c->events[i], c->events[i + 1]);
    context->profile[i] += (uint64_t)((double)milliseconds * 1e6 + 0.5);
  }
  ++context->profiled_runs;
  return check_result(c->driver, code, error, "taking times on %s", c->gpu->name);
}

static girih_status run_entered(girih_context *context, plan *plan, const girih_tensor *inputs,
                                const girih_tensor *outputs, girih_error *error) {
  struct cuda_context *c = context->cuda;
  const girih_artifact *artifact = context->model->artifact;
  girih_status status = prepare_events(context, error);
  if (!status) status = prepare_run(context, plan, inputs, outputs, error);
  if (status) return status;
  status = submit(context, plan, inputs, outputs, error);
  /* Whatever was submitted uses the caller's memory. */
  int code = c->driver->cuStreamSynchronize(c->stream);
  if (!status && code) status = blame(context, plan, code, UINT32_MAX, error);
  if (!status) status = add_times(context, error);
  for (uint32_t i = 0; i < artifact->index_check_count && !status; ++i)
    status = check_index(&artifact->index_checks[i], plan, c->worst[i], error);
  return status;
}

girih_status run_on_gpu(girih_context *context, plan *plan, const girih_tensor *inputs,
                        const girih_tensor *outputs, girih_error *error) {
  girih_status status = enter(context->cuda, error);
  if (status) return status;
  status = run_entered(context, plan, inputs, outputs, error);
  leave(context->cuda->driver);
  return status;
}
