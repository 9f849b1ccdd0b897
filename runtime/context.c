/* Contexts: making them, and running. */
#include "runtime/internal.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 1024

static void run_in_order(void *executor, uint32_t count, void (*chunk)(void *argument, uint32_t i),
                         void *argument) {
  (void)executor;
  for (uint32_t i = 0; i < count; ++i)
    chunk(argument, i);
}

static void run_in_pool(void *pool, uint32_t count, void (*chunk)(void *argument, uint32_t i),
                        void *argument) {
  run_pool(pool, count, chunk, argument);
}

/* Whether this is the process that made the context. In a forked child its workers are missing, and its mutex
 * may have been left locked by a run. One read, where asking for the process's number takes longer than a run
 * of a small model. */
static bool is_here(const girih_context *context) {
  return context->home ? *(const volatile char *)context->home : getpid() == context->process;
}

static girih_status check_process(const girih_context *context, girih_error *error) {
  if (is_here(context)) return GIRIH_OK;
  return fail(error, GIRIH_SYSTEM_ERROR,
              "this context was made before a fork, and its threads are in the parent process: make another "
              "one in this process, of the same model");
}

girih_status girih_create(girih_model *model, const girih_options *options, girih_context **result,
                          girih_error *error) {
  if (!model || !result)
    return fail(error, GIRIH_INVALID_ARGUMENT, "girih_create: '%s' is null", model ? "context" : "model");
  const girih_artifact *artifact = model->artifact;
  girih_status status = check_features(artifact->required_features, artifact->target_cpu, error);
  if (status) return status;
  uint32_t threads = options && options->threads ? options->threads : allowed_cpus();
  if (threads > MAX_THREADS)
    return fail(error, GIRIH_INVALID_ARGUMENT, "threads: expected 0 to %d, got %u", MAX_THREADS, threads);
  girih_context *context = calloc(1, sizeof *context + artifact->symbol_count * sizeof(int64_t));
  if (!context) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for a context");
  context->model = model;
  context->weights = model->weights;
  context->symbols = (int64_t *)(context + 1);
  context->threads = model->device ? 1 : threads;
  context->home = map_home();
  context->process = getpid();
  context->parallel_for = run_in_order;
  if (model->device) {
    status = model->device->create(context, options ? options->stream : NULL, error);
  } else if (options && options->parallel_for) {
    context->parallel_for = options->parallel_for;
    context->executor = options->executor;
  } else if (threads > 1) {
    context->pool = create_pool(threads, error);
    context->parallel_for = run_in_pool;
    context->executor = context->pool;
    if (!context->pool) status = GIRIH_SYSTEM_ERROR;
  }
  if (status) {
    unmap_memory(context->home, 1);
    free(context);
    return status;
  }
  pthread_mutex_init(&context->mutex, NULL);
  retain_model(model);
  *result = context;
  return GIRIH_OK;
}

static int64_t scratch_total(const girih_context *context) {
  return context->scratch_stride * context->threads;
}

void girih_destroy(girih_context *context) {
  if (!context) return;
  if (context->cuda) context->model->device->destroy(context, is_here(context));
  if (is_here(context))
    destroy_pool(context->pool);
  else
    free(context->pool); /* there are no workers to stop */
  for (int i = 0; i < PLAN_COUNT; ++i)
    destroy_plan(&context->plans[i]);
  unguard_memory(context->arena, context->arena_bytes);
  unmap_memory(context->arena, context->arena_bytes);
  unmap_memory(context->scratch, scratch_total(context));
  unmap_memory(context->nothing, context->nothing_bytes);
  unmap_memory(context->home, 1);
  free(context->profile);
  pthread_mutex_destroy(&context->mutex);
  girih_close(context->model);
  free(context);
}

uint32_t girih_get_threads(const girih_context *context) {
  return context->threads;
}

const char *girih_get_device(const girih_context *context) {
  return context->device_name;
}

/* The inputs' plan, wherever their data are. */
static girih_status get_plan(girih_context *context, const girih_tensor *inputs, plan **plan,
                             girih_error *error) {
  girih_status status = GIRIH_OK;
  if (context->cuda) status = context->model->device->fetch_sizes(context, &inputs, error);
  return status ? status : find_plan(context, inputs, plan, error);
}

static girih_status infer(girih_context *context, const girih_tensor *inputs, girih_tensor *outputs,
                          girih_error *error) {
  plan *plan;
  girih_status status = check_library(context, error);
  if (!status) status = get_plan(context, inputs, &plan, error);
  if (status) return status;
  const girih_artifact *artifact = context->model->artifact;
  const int64_t *dims = plan->output_dims;
  for (uint32_t i = 0; i < artifact->output_count; ++i) {
    outputs[i].dtype = artifact->outputs[i].dtype;
    outputs[i].rank = artifact->outputs[i].rank;
    memcpy(outputs[i].dims, dims, outputs[i].rank * sizeof(int64_t));
    dims += outputs[i].rank;
  }
  return GIRIH_OK;
}

girih_status girih_infer(girih_context *context, const girih_tensor *inputs, girih_tensor *outputs,
                         girih_error *error) {
  girih_status status = check_process(context, error);
  if (status) return status;
  pthread_mutex_lock(&context->mutex);
  status = infer(context, inputs, outputs, error);
  pthread_mutex_unlock(&context->mutex);
  return status;
}

/* Working memory for the plan, and its pointers into it. */
static girih_status prepare_memory(girih_context *context, plan *plan, girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  if (plan->arena_bytes > context->arena_bytes) {
    unguard_memory(context->arena, context->arena_bytes);
    unmap_memory(context->arena, context->arena_bytes);
    context->arena_bytes = 0;
    context->arena = map_memory(plan->arena_bytes);
    if (!context->arena)
      return fail(error, GIRIH_OUT_OF_MEMORY,
                  "out of memory: model '%s' needs %lld bytes for these input shapes", artifact->model_name,
                  (long long)plan->arena_bytes);
    context->arena_bytes = plan->arena_bytes;
  }
  if (plan->nothing_bytes > context->nothing_bytes) {
    unmap_memory(context->nothing, context->nothing_bytes);
    context->nothing_bytes = 0;
    context->nothing = map_memory(plan->nothing_bytes);
    if (!context->nothing)
      return fail(error, GIRIH_OUT_OF_MEMORY,
                  "out of memory: the sizes of a tensor without elements ask for %lld bytes",
                  (long long)plan->nothing_bytes);
    context->nothing_bytes = plan->nothing_bytes;
  }
  int64_t scratch = size_value(artifact->scratch, plan->slots);
  if (scratch > 0 && scratch > context->scratch_stride - GIRIH_ALIGNMENT) {
    unmap_memory(context->scratch, scratch_total(context));
    context->scratch = NULL;
    /* Threads' parts begin on different cache lines of different pages' sets. */
    context->scratch_stride = (scratch + 2 * GIRIH_ALIGNMENT - 1) / GIRIH_ALIGNMENT * GIRIH_ALIGNMENT;
    context->scratch = map_memory(scratch_total(context));
    if (!context->scratch) {
      context->scratch_stride = 0;
      return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory: %u threads need %lld bytes each",
                  context->threads, (long long)scratch);
    }
  }
  if (plan->arena != context->arena) point_to_arena(artifact, plan, context->arena);
  return GIRIH_OK;
}

void point_to_arena(const girih_artifact *artifact, plan *plan, char *arena) {
  plan->arena = arena;
  void **pointer = plan->pointers;
  for (uint32_t i = 0; i < artifact->launch_count; ++i) {
    const girih_abi_launch *launch = &artifact->launches[i];
    for (uint32_t b = 0; b < launch->buffer_count; ++b, ++pointer) {
      const girih_abi_buffer_ref *ref = &launch->buffers[b];
      if (ref->base == GIRIH_BASE_ARENA)
        *pointer = arena + plan->offsets[ref->index] + size_value(ref->offset, plan->slots);
    }
  }
}

static girih_status check_outputs(const girih_artifact *artifact, const plan *plan,
                                  const girih_tensor *outputs, girih_error *error) {
  const int64_t *dims = plan->output_dims;
  for (uint32_t i = 0; i < artifact->output_count; ++i) {
    const girih_abi_tensor *expected = &artifact->outputs[i];
    const girih_tensor *given = &outputs[i];
    if (given->dtype != expected->dtype || given->rank != expected->rank)
      return fail(error, GIRIH_INVALID_ARGUMENT, "output '%s': expected %s of rank %u, got %s of rank %u",
                  expected->name, girih_dtype_name(expected->dtype), expected->rank,
                  girih_dtype_name(given->dtype), given->rank);
    for (uint32_t axis = 0; axis < expected->rank; ++axis)
      if (given->dims[axis] != dims[axis])
        return fail(error, GIRIH_INVALID_ARGUMENT,
                    "output '%s': dimension %u is %lld for these inputs, got %lld", expected->name, axis,
                    (long long)dims[axis], (long long)given->dims[axis]);
    if (!given->data && plan->output_bytes[i])
      return fail(error, GIRIH_INVALID_ARGUMENT, "output '%s': data is null", expected->name);
    dims += expected->rank;
  }
  return GIRIH_OK;
}

static girih_status check_input_data(const girih_artifact *artifact, const girih_tensor *inputs,
                                     girih_error *error) {
  for (uint32_t i = 0; i < artifact->input_count; ++i) {
    if (inputs[i].data || artifact->inputs[i].default_offset >= 0) continue;
    bool empty = false;
    for (uint32_t axis = 0; axis < inputs[i].rank; ++axis)
      empty |= inputs[i].dims[axis] == 0;
    if (!empty)
      return fail(error, GIRIH_INVALID_ARGUMENT, "input '%s': data is null", artifact->inputs[i].name);
  }
  return GIRIH_OK;
}

typedef struct {
  girih_kernel_fn kernel;
  void *const *buffers;
  const int64_t *dims;
  int64_t tasks;
  uint32_t chunks;
  char *scratch;
  int64_t scratch_stride;
} job;

static void run_chunk(void *argument, uint32_t i) {
  const job *job = argument;
  int64_t begin = job->tasks * i / job->chunks, end = job->tasks * (i + 1) / job->chunks;
  if (begin < end) job->kernel(job->buffers, job->dims, begin, end, job->scratch + job->scratch_stride * i);
}

static void run_launch(girih_context *context, const plan *plan, uint32_t i) {
  const planned_launch *planned = &plan->launches[i];
  job job = {planned->function->kernel,
             plan->pointers + planned->first_pointer,
             plan->dims + planned->first_dim,
             planned->tasks,
             planned->chunks,
             context->scratch,
             context->scratch_stride};
  if (planned->chunks == 1)
    run_chunk(&job, 0);
  else if (planned->chunks)
    context->parallel_for(context->executor, planned->chunks, run_chunk, &job);
}

/* An input's data, or its default where they are null. */
static const char *input_data(const girih_context *context, const girih_tensor *inputs, uint32_t index) {
  int64_t offset = context->model->artifact->inputs[index].default_offset;
  return inputs[index].data || offset < 0 ? inputs[index].data : context->weights + offset;
}

void point_to_callers(const girih_context *context, plan *plan, const girih_tensor *inputs,
                      const girih_tensor *outputs, char *nothing) {
  for (uint32_t i = 0; i < plan->caller_pointer_count; ++i) {
    const caller_pointer *p = &plan->caller_pointers[i];
    const char *data =
        p->base == GIRIH_BASE_INPUT ? input_data(context, inputs, p->index) : outputs[p->index].data;
    plan->pointers[p->pointer] = p->is_empty ? nothing : (char *)data + p->offset;
  }
}

char *address_of(const girih_context *context, const plan *plan, const girih_abi_buffer_ref *ref,
                 const girih_tensor *inputs, const girih_tensor *outputs) {
  char *base = NULL;
  switch (ref->base) {
  case GIRIH_BASE_ARENA:
    base = plan->arena + plan->offsets[ref->index];
    break;
  case GIRIH_BASE_INPUT:
    base = (char *)input_data(context, inputs, ref->index);
    break;
  case GIRIH_BASE_OUTPUT:
    base = outputs[ref->index].data;
    break;
  case GIRIH_BASE_WEIGHT:
    base = (char *)context->weights;
    break;
  }
  return base + size_value(ref->offset, plan->slots);
}

girih_status check_index(const girih_abi_index_check *check, const plan *plan, int64_t worst,
                         girih_error *error) {
  int64_t size = size_value(check->size, plan->slots);
  if (worst == INT64_MAX)
    return fail(error, GIRIH_INVALID_ARGUMENT,
                "inputs: '%s' has an index that is negative or beyond any size", check->node);
  if (worst >= size)
    return fail(error, GIRIH_INVALID_ARGUMENT,
                "inputs: '%s' has an index of %lld or %lld, which is outside of a dimension of size %lld",
                check->node, (long long)worst, (long long)(-1 - worst), (long long)size);
  return GIRIH_OK;
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static girih_status run_plan(girih_context *context, plan *plan, const girih_tensor *inputs,
                             const girih_tensor *outputs, girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  girih_status status = prepare_memory(context, plan, error);
  if (status) return status;
  guard_arena(context, plan);
  point_to_callers(context, plan, inputs, outputs, context->nothing);
  if (!context->profile) {
    for (uint32_t i = 0; i < artifact->launch_count; ++i)
      run_launch(context, plan, i);
  } else {
    uint64_t begin = now();
    for (uint32_t i = 0; i < artifact->launch_count; ++i) {
      run_launch(context, plan, i);
      uint64_t end = now();
      context->profile[i] += end - begin;
      begin = end;
    }
    ++context->profiled_runs;
  }
  for (uint32_t i = 0; i < artifact->copy_count; ++i) {
    const girih_abi_copy *copy = &artifact->copies[i];
    size_t bytes = (size_t)plan->output_bytes[copy->output];
    if (bytes)
      memcpy(outputs[copy->output].data, address_of(context, plan, &copy->from, inputs, outputs), bytes);
  }
  for (uint32_t i = 0; i < artifact->index_check_count && !status; ++i) {
    const girih_abi_index_check *check = &artifact->index_checks[i];
    int64_t worst;
    memcpy(&worst, address_of(context, plan, &check->worst, inputs, outputs), sizeof worst);
    status = check_index(check, plan, worst, error);
  }
  return status;
}

static girih_status run(girih_context *context, const girih_tensor *inputs, const girih_tensor *outputs,
                        girih_error *error) {
  girih_status status = check_library(context, error);
  if (!status) status = check_weights(context->model, error);
  if (status) return status;
  const girih_artifact *artifact = context->model->artifact;
  plan *plan;
  status = get_plan(context, inputs, &plan, error);
  if (!status) status = check_input_data(artifact, inputs, error);
  if (!status) status = check_outputs(artifact, plan, outputs, error);
  if (status) return status;
  context->current = plan;
  return context->cuda ? context->model->device->run(context, plan, inputs, outputs, error)
                       : run_plan(context, plan, inputs, outputs, error);
}

girih_status girih_run(girih_context *context, const girih_tensor *inputs, const girih_tensor *outputs,
                       girih_error *error) {
  girih_status status = check_process(context, error);
  if (status) return status;
  pthread_mutex_lock(&context->mutex);
  status = run(context, inputs, outputs, error);
  pthread_mutex_unlock(&context->mutex);
  return status;
}

girih_status girih_set_profiling(girih_context *context, int on, girih_error *error) {
  girih_status status = check_process(context, error);
  if (status) return status;
  size_t count = context->model->artifact->launch_count;
  uint64_t *profile = on ? calloc(count + 1, sizeof *profile) : NULL;
  if (on && !profile)
    return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the times of %zu launches", count);
  pthread_mutex_lock(&context->mutex);
  free(context->profile);
  context->profile = profile;
  context->profiled_runs = 0;
  pthread_mutex_unlock(&context->mutex);
  return GIRIH_OK;
}

girih_status girih_get_launch(girih_context *context, uint32_t index, girih_launch_info *info,
                              girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  if (index >= artifact->launch_count)
    return fail(error, GIRIH_INVALID_ARGUMENT, "launch %u: there are %u", index, artifact->launch_count);
  girih_status status = check_process(context, error);
  if (status) return status;
  const girih_abi_launch *launch = &artifact->launches[index];
  pthread_mutex_lock(&context->mutex);
  const int64_t *slots = context->current ? context->current->slots : NULL;
  planned_launch planned = {.function = &launch->function};
  if (context->current) planned = context->current->launches[index];
  *info = (girih_launch_info){
      .name = launch->name,
      .kernel_name = planned.function->name,
      .variant = planned.variant,
      .tasks = planned.function->tasks.slot < 0 || slots ? size_value(planned.function->tasks, slots) : 0,
      .flops = launch->flops.slot < 0 || slots ? size_value(launch->flops, slots) : 0,
      .bytes = launch->bytes.slot < 0 || slots ? size_value(launch->bytes, slots) : 0,
      .runs = context->profiled_runs,
      .nanoseconds = context->profile ? context->profile[index] : 0,
      .predicted = launch->predicted,
  };
  pthread_mutex_unlock(&context->mutex);
  return GIRIH_OK;
}
