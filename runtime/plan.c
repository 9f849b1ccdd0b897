/* From input shapes to a plan: symbols bound, sizes computed and checked, arena offsets, launch arguments.
 * Made once for each set of shapes; the latest few are kept. */
#include "runtime/internal.h"
#include <stdlib.h>
#include <string.h>

/* Work that a thread gets through while another one is woken: smaller launches are not worth splitting
 * further. */
#define CHUNK_NANOSECONDS 1500

static void append_dims(text_buffer *text, const int64_t *dims, uint32_t rank) {
  append(text, "[");
  for (uint32_t axis = 0; axis < rank; ++axis)
    append(text, "%s%lld", axis ? ", " : "", (long long)dims[axis]);
  append(text, "]");
}

/* "input 'x': expected f32[1, h], got i64[2] (why)" */
static girih_status bad_input(const girih_abi_tensor *expected, const girih_tensor *given, const char *why,
                              girih_error *error) {
  char message[sizeof(girih_error)];
  text_buffer text = {message, 0, sizeof message};
  append(&text, "input '%s': expected %s[", expected->name, girih_dtype_name(expected->dtype));
  for (uint32_t axis = 0; axis < expected->rank; ++axis)
    append(&text, "%s%s", axis ? ", " : "", expected->dim_text[axis]);
  append(&text, "], got %s", girih_dtype_name(given->dtype));
  if (given->rank <= GIRIH_MAX_RANK)
    append_dims(&text, given->dims, given->rank);
  else
    append(&text, " of rank %u", given->rank);
  append(&text, " (%s)", why);
  return fail(error, GIRIH_INVALID_ARGUMENT, "%s", message);
}

int64_t tensor_bytes(uint32_t dtype, const int64_t *dims, uint32_t rank) {
  int64_t bytes = (int64_t)girih_dtype_bytes(dtype);
  bool empty = false;
  for (uint32_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] < 0 || dims[axis] > MAX_DIMENSION) return -1;
    empty |= dims[axis] == 0;
  }
  for (uint32_t axis = 0; axis < rank && !empty; ++axis)
    if (__builtin_mul_overflow(bytes, dims[axis], &bytes) || bytes > MAX_BYTES) return -1;
  return empty ? 0 : bytes;
}

static girih_status check_types(const girih_artifact *artifact, const girih_tensor *inputs,
                                girih_error *error) {
  for (uint32_t i = 0; i < artifact->input_count; ++i) {
    const girih_abi_tensor *expected = &artifact->inputs[i];
    if (inputs[i].dtype != expected->dtype)
      return bad_input(expected, &inputs[i], "the element type differs", error);
    if (inputs[i].rank != expected->rank)
      return bad_input(expected, &inputs[i], "the number of dimensions differs", error);
    if (tensor_bytes(inputs[i].dtype, inputs[i].dims, inputs[i].rank) < 0)
      return bad_input(expected, &inputs[i], "a size is negative or absurd", error);
  }
  return GIRIH_OK;
}

/* Element `index` of an integer input whose values are sizes. */
static girih_status read_element(const girih_abi_tensor *expected, const girih_tensor *input, int64_t index,
                                 int64_t *value, girih_error *error) {
  size_t width = girih_dtype_bytes(input->dtype);
  if (index >= tensor_bytes(input->dtype, input->dims, input->rank) / (int64_t)width)
    return bad_input(expected, input, "shapes are computed from its elements, of which there are too few",
                     error);
  if (!input->data)
    return fail(error, GIRIH_INVALID_ARGUMENT,
                "input '%s': data is null, but shapes are computed from its elements", expected->name);
  const char *data = (const char *)input->data + (size_t)index * width;
  int64_t i64;
  int32_t i32;
  switch (input->dtype) {
  case GIRIH_I64:
    memcpy(&i64, data, sizeof i64), *value = i64;
    break;
  case GIRIH_I32:
    memcpy(&i32, data, sizeof i32), *value = i32;
    break;
  default:
    *value = *(const unsigned char *)data;
    break; /* u8 and bool */
  }
  return GIRIH_OK;
}

static girih_status bind_symbols(const girih_artifact *artifact, const girih_tensor *inputs, int64_t *values,
                                 girih_error *error) {
  for (uint32_t i = 0; i < artifact->symbol_count; ++i) {
    const girih_abi_symbol *symbol = &artifact->symbols[i];
    const girih_tensor *input = &inputs[symbol->input];
    if (symbol->axis >= 0) {
      values[i] = input->dims[symbol->axis];
      continue;
    }
    girih_status status =
        read_element(&artifact->inputs[symbol->input], input, -1 - (int64_t)symbol->axis, &values[i], error);
    if (status) return status;
  }
  return GIRIH_OK;
}

static girih_status check_dims(const girih_artifact *artifact, const girih_tensor *inputs,
                               const int64_t *slots, girih_error *error) {
  for (uint32_t i = 0; i < artifact->input_count; ++i) {
    const girih_abi_tensor *expected = &artifact->inputs[i];
    for (uint32_t axis = 0; axis < expected->rank; ++axis) {
      int64_t size = size_value(expected->dims[axis], slots);
      if (inputs[i].dims[axis] == size) continue;
      char why[256];
      text_buffer text = {why, 0, sizeof why};
      append(&text, "dimension %u must be %s", axis, expected->dim_text[axis]);
      if (expected->dims[axis].slot >= 0) append(&text, " = %lld", (long long)size);
      return bad_input(expected, &inputs[i], why, error);
    }
  }
  return GIRIH_OK;
}

/* Sums and products of sizes saturate: two such are not known to be equal. */
static bool is_saturated(int64_t value) {
  return value == INT64_MAX || value == INT64_MIN;
}

static bool holds(uint32_t kind, int64_t first, int64_t second) {
  bool equal = first == second && !is_saturated(first);
  switch (kind) {
  case GIRIH_CHECK_EQUAL:
    return equal;
  case GIRIH_CHECK_AT_MOST:
    return first <= second && first != INT64_MAX && second != INT64_MIN;
  case GIRIH_CHECK_BROADCAST:
    return equal || first == 1 || second == 1;
  default:
    return equal || first == 1;
  }
}

/* "'TopK_3' needs k[0] to be at most n, but they are 9 and 6; k[0] is ..., n is ..." */
static girih_status broken_check(const girih_abi_check *check, int64_t first, int64_t second,
                                 girih_error *error) {
  char message[sizeof(girih_error)];
  text_buffer text = {message, 0, sizeof message};
  const char *x = check->first_text, *y = check->second_text;
  /* Of a constant and a size, the size is what the caller can change. */
  bool is_first_constant = check->first.slot < 0, is_second_constant = check->second.slot < 0;
  append(&text, "inputs: '%s' needs ", check->node);
  switch (check->kind) {
  case GIRIH_CHECK_EQUAL:
    if (is_first_constant || is_second_constant)
      append(&text, "%s to be %s", is_first_constant ? y : x, is_first_constant ? x : y);
    else
      append(&text, "%s and %s to be equal", x, y);
    break;
  case GIRIH_CHECK_AT_MOST:
    append(&text, "%s to be at %s %s", is_first_constant ? y : x, is_first_constant ? "least" : "most",
           is_first_constant ? x : y);
    break;
  case GIRIH_CHECK_BROADCAST:
    append(&text, "%s and %s to be equal, or one of them to be 1", x, y);
    break;
  default:
    append(&text, "%s to be 1 or %s", x, y);
  }
  if (is_first_constant || is_second_constant)
    append(&text, ", but it is %lld", (long long)(is_first_constant ? second : first));
  else
    append(&text, ", but they are %lld and %lld", (long long)first, (long long)second);
  if (check->where[0]) append(&text, "; %s", check->where);
  return fail(error, GIRIH_INVALID_ARGUMENT, "%s", message);
}

/* What the model's operators need of sizes. */
static girih_status check_sizes(const girih_artifact *artifact, const int64_t *slots, girih_error *error) {
  for (uint32_t i = 0; i < artifact->check_count; ++i) {
    const girih_abi_check *check = &artifact->checks[i];
    int64_t first = size_value(check->first, slots), second = size_value(check->second, slots);
    if (!holds(check->kind, first, second)) return broken_check(check, first, second, error);
  }
  return GIRIH_OK;
}

/* How many dims a launch's function takes, whichever it is. */
static size_t most_dims(const girih_abi_launch *launch) {
  size_t most = launch->function.dim_count;
  for (uint32_t i = 0; i < launch->variant_count; ++i)
    if (launch->variants[i].function.dim_count > most) most = launch->variants[i].function.dim_count;
  return most;
}

/* All of a plan in one block, whose size depends only on the model. */
static bool allocate_plan(const girih_artifact *a, plan *plan) {
  size_t pointers = 0, dims = 0, callers = 0, output_dims = 0;
  for (uint32_t i = 0; i < a->launch_count; ++i) {
    pointers += a->launches[i].buffer_count;
    dims += most_dims(&a->launches[i]);
    for (uint32_t b = 0; b < a->launches[i].buffer_count; ++b) {
      uint32_t base = a->launches[i].buffers[b].base;
      callers += base == GIRIH_BASE_INPUT || base == GIRIH_BASE_OUTPUT;
    }
  }
  for (uint32_t i = 0; i < a->output_count; ++i)
    output_dims += a->outputs[i].rank;
  size_t numbers =
      a->slot_count + a->symbol_count + output_dims + a->output_count + a->arena_buffer_count + dims;
  char *block =
      calloc(1, numbers * sizeof(int64_t) + pointers * sizeof(void *) +
                    a->launch_count * sizeof(planned_launch) + callers * sizeof(caller_pointer) + 1);
  if (!block) return false;
  plan->slots = (int64_t *)block;
  plan->symbols = plan->slots + a->slot_count;
  plan->output_dims = plan->symbols + a->symbol_count;
  plan->output_bytes = plan->output_dims + output_dims;
  plan->offsets = plan->output_bytes + a->output_count;
  plan->dims = plan->offsets + a->arena_buffer_count;
  plan->pointers = (void **)(plan->dims + dims);
  plan->launches = (planned_launch *)(plan->pointers + pointers);
  plan->caller_pointers = (caller_pointer *)(plan->launches + a->launch_count);
  return true;
}

void destroy_plan(plan *plan) {
  free(plan->slots);
}

static girih_status plan_outputs(const girih_artifact *artifact, plan *plan, girih_error *error) {
  int64_t *dims = plan->output_dims;
  for (uint32_t i = 0; i < artifact->output_count; ++i) {
    const girih_abi_tensor *output = &artifact->outputs[i];
    for (uint32_t axis = 0; axis < output->rank; ++axis)
      dims[axis] = size_value(output->dims[axis], plan->slots);
    plan->output_bytes[i] = tensor_bytes(output->dtype, dims, output->rank);
    if (plan->output_bytes[i] < 0) {
      char shape[512];
      text_buffer text = {shape, 0, sizeof shape};
      append_dims(&text, dims, output->rank);
      return fail(error, GIRIH_INVALID_ARGUMENT,
                  "output '%s' would have the shape %s: the inputs are too small or too large", output->name,
                  shape);
    }
    dims += output->rank;
  }
  return GIRIH_OK;
}

static girih_status plan_arena(const girih_artifact *artifact, plan *plan, girih_error *error) {
  uint32_t count = artifact->arena_buffer_count;
  if (artifact->arena_bytes >= 0 && !is_sanitized(artifact)) {
    for (uint32_t i = 0; i < count; ++i)
      plan->offsets[i] = artifact->arena_buffers[i].offset;
    plan->arena_bytes = artifact->arena_bytes;
    return GIRIH_OK;
  }
  plan->arena_bytes = 0;
  if (!count) return GIRIH_OK;
  girih_arena_item *items = malloc(count * sizeof *items);
  if (!items) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for planning %u buffers", count);
  int64_t sum = 0;
  girih_status status = GIRIH_OK;
  for (uint32_t i = 0; i < count && !status; ++i) {
    const girih_abi_arena_buffer *buffer = &artifact->arena_buffers[i];
    items[i] = (girih_arena_item){size_value(buffer->bytes, plan->slots), buffer->first, buffer->last, 0};
    const char *name = artifact->launches[buffer->first].name;
    if (items[i].bytes < 0)
      status = fail(error, GIRIH_INVALID_ARGUMENT,
                    "a value that '%s' computes would have a negative size: the inputs are too small", name);
    else if (items[i].bytes > MAX_BYTES || (sum += items[i].bytes) > MAX_BYTES)
      status = fail(error, GIRIH_OUT_OF_MEMORY,
                    "the values up to '%s' would not fit into any memory: the inputs are too large", name);
  }
  if (!status) {
    plan->arena_bytes =
        is_sanitized(artifact) ? plan_apart(items, count) : girih_arena_plan(items, count, NULL);
    if (plan->arena_bytes < 0)
      status = fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for planning %u buffers", count);
  }
  for (uint32_t i = 0; i < count && !status; ++i)
    plan->offsets[i] = items[i].offset;
  free(items);
  return status;
}

static uint32_t worthwhile_chunks(const girih_abi_launch *launch, const plan *plan, int64_t tasks,
                                  uint32_t threads) {
  int64_t flops = size_value(launch->flops, plan->slots), bytes = size_value(launch->bytes, plan->slots);
  int64_t chunks = tasks < threads ? tasks : threads;
  if (flops <= 0 && bytes <= 0) return (uint32_t)chunks; /* unknown */
  /* About what one core does in a nanosecond: 64 operations and 16 bytes. */
  int64_t worth = 1 + (flops / 64 + bytes / 16) / CHUNK_NANOSECONDS;
  return (uint32_t)(worth < chunks ? worth : chunks);
}

/* Whether a caller's tensor has no elements; then there must be room for it with all dimensions at least 1.
 */
static bool plan_nothing(plan *plan, uint32_t dtype, const int64_t *dims, uint32_t rank) {
  int64_t bytes = (int64_t)girih_dtype_bytes(dtype);
  bool empty = false;
  for (uint32_t axis = 0; axis < rank; ++axis) {
    empty |= dims[axis] == 0;
    if (dims[axis] && __builtin_mul_overflow(bytes, dims[axis], &bytes)) bytes = INT64_MAX;
  }
  if (empty && bytes > plan->nothing_bytes) plan->nothing_bytes = bytes;
  return empty;
}

static bool is_caller_empty(const girih_artifact *artifact, const girih_tensor *inputs, plan *plan,
                            const girih_abi_buffer_ref *ref) {
  if (ref->base == GIRIH_BASE_INPUT)
    return plan_nothing(plan, inputs[ref->index].dtype, inputs[ref->index].dims, inputs[ref->index].rank);
  const int64_t *dims = plan->output_dims;
  for (uint32_t i = 0; i < ref->index; ++i)
    dims += artifact->outputs[i].rank;
  return plan_nothing(plan, artifact->outputs[ref->index].dtype, dims, artifact->outputs[ref->index].rank);
}

static void choose_function(const girih_abi_launch *launch, const int64_t *slots, planned_launch *planned) {
  planned->function = &launch->function, planned->variant = NULL;
  for (uint32_t i = 0; i < launch->variant_count && !planned->variant; ++i) {
    const girih_abi_variant *variant = &launch->variants[i];
    if (size_value(variant->size, slots) <= size_value(variant->limit, slots))
      planned->function = &variant->function, planned->variant = variant->condition;
  }
}

static girih_status plan_launches(girih_context *context, const girih_tensor *inputs, plan *plan,
                                  girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  uint32_t pointer = 0, dim = 0;
  plan->caller_pointer_count = 0;
  plan->nothing_bytes = 0;
  for (uint32_t i = 0; i < artifact->launch_count; ++i) {
    const girih_abi_launch *launch = &artifact->launches[i];
    planned_launch *planned = &plan->launches[i];
    choose_function(launch, plan->slots, planned);
    int64_t tasks = size_value(planned->function->tasks, plan->slots);
    if (tasks < 0 || tasks > MAX_BYTES)
      return fail(error, GIRIH_INVALID_ARGUMENT,
                  "'%s' would have %lld parts: the inputs are too small or too large", launch->name,
                  (long long)tasks);
    planned->tasks = tasks;
    planned->chunks = worthwhile_chunks(launch, plan, tasks, context->threads);
    planned->first_pointer = pointer, planned->first_dim = dim;
    for (uint64_t d = 0; d < planned->function->dim_count; ++d)
      plan->dims[dim++] = size_value(planned->function->dims[d], plan->slots);
    for (uint32_t b = 0; b < launch->buffer_count; ++b, ++pointer) {
      const girih_abi_buffer_ref *ref = &launch->buffers[b];
      int64_t offset = size_value(ref->offset, plan->slots);
      if (ref->base == GIRIH_BASE_WEIGHT)
        plan->pointers[pointer] = (void *)(context->weights + offset);
      else if (ref->base != GIRIH_BASE_ARENA)
        plan->caller_pointers[plan->caller_pointer_count++] = (caller_pointer){
            pointer, ref->base, ref->index, is_caller_empty(artifact, inputs, plan, ref), offset};
    }
  }
  plan->arena = NULL; /* the pointers into it are set when it exists */
  if (plan->nothing_bytes > MAX_BYTES)
    return fail(error, GIRIH_OUT_OF_MEMORY, "the sizes of a tensor without elements are absurd");
  return GIRIH_OK;
}

static girih_status make_plan(girih_context *context, const girih_tensor *inputs, plan *plan,
                              girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  if (!plan->slots && !allocate_plan(artifact, plan))
    return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for the launches of model '%s'",
                artifact->model_name);
  memcpy(plan->symbols, context->symbols, artifact->symbol_count * sizeof(int64_t));
  for (uint32_t i = 0; i < artifact->symbol_count; ++i)
    plan->slots[artifact->symbols[i].slot] = plan->symbols[i];
  if (artifact->compute_slots) artifact->compute_slots(plan->slots);
  girih_status status = check_dims(artifact, inputs, plan->slots, error);
  if (!status) status = check_sizes(artifact, plan->slots, error);
  if (!status) status = plan_outputs(artifact, plan, error);
  if (!status) status = plan_arena(artifact, plan, error);
  if (!status) status = plan_launches(context, inputs, plan, error);
  if (!status && size_value(artifact->scratch, plan->slots) > MAX_BYTES / context->threads)
    status =
        fail(error, GIRIH_OUT_OF_MEMORY,
             "the values that each thread keeps would not fit into any memory: the inputs are too large");
  return status;
}

girih_status find_plan(girih_context *context, const girih_tensor *inputs, plan **result,
                       girih_error *error) {
  const girih_artifact *artifact = context->model->artifact;
  girih_status status = check_types(artifact, inputs, error);
  if (!status) status = bind_symbols(artifact, inputs, context->symbols, error);
  if (status) return status;
  plan *oldest = &context->plans[0];
  for (int i = 0; i < PLAN_COUNT; ++i) {
    plan *plan = &context->plans[i];
    if (plan->last_use &&
        memcmp(plan->symbols, context->symbols, artifact->symbol_count * sizeof(int64_t)) == 0) {
      plan->last_use = ++context->uses;
      *result = plan;
      return check_dims(artifact, inputs, plan->slots, error);
    }
    if (plan->last_use < oldest->last_use) oldest = plan;
  }
  if (oldest == context->current) context->current = NULL;
  oldest->last_use = 0;
  status = make_plan(context, inputs, oldest, error);
  if (status) return status;
  oldest->last_use = ++context->uses;
  *result = oldest;
  return GIRIH_OK;
}
