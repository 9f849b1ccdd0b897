/* A compiled model written by hand, as the compiler emits one: for tests of the runtime and of what uses it.
 *
 *   x: f32[n, 4], factor: f32[1], size: i64[1]  ->  y: f32[n, 4] = (x + 1) * factor * weight,
 *   copy: f32[n, 4] = y, table: f32[size[0], n] = row index
 *
 * With BY_HAND_CUDA the same for a GPU.
 */
#include "runtime/abi.h"
#include <math.h>

#ifdef BY_HAND_CUDA
#include "test/Runtime/by_hand_ptx.h"
#define FUNCTION(name, dims, tasks, count, scratch)                                                          \
  {                                                                                                          \
    {.block = {32, 0}}, #name, dims, tasks, count, {                                                         \
      -1, scratch                                                                                            \
    }                                                                                                        \
  }
#else
#define FUNCTION(name, dims, tasks, count, scratch) {{name}, #name, dims, tasks, count, {-1, 0}}

static void add_one(void *const *buffers, const int64_t *dims, int64_t begin, int64_t end, void *scratch) {
  const float *x = buffers[0];
  float *sum = buffers[1];
  (void)scratch;
  for (int64_t i = begin * dims[0]; i < end * dims[0]; ++i)
    sum[i] = x[i] + 1;
}

/* Goes through its scratch, so that shared scratch would show. */
static void scale(void *const *buffers, const int64_t *dims, int64_t begin, int64_t end, void *scratch) {
  const float *sum = buffers[0], *factor = buffers[1], *weight = buffers[2];
  float *y = buffers[3], *row = scratch;
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t j = 0; j < dims[0]; ++j)
      row[j] = sum[i * dims[0] + j] * factor[0];
    for (int64_t j = 0; j < dims[0]; ++j)
      y[i * dims[0] + j] = fabsf(row[j]) * weight[j];
  }
}

static void fill(void *const *buffers, const int64_t *dims, int64_t begin, int64_t end, void *scratch) {
  float *table = buffers[0];
  (void)scratch;
  for (int64_t i = begin; i < end; ++i)
    for (int64_t j = 0; j < dims[0]; ++j)
      table[i * dims[0] + j] = (float)i;
}

/* The same for a table of at most one row, as one task whatever its size. */
static void fill_row(void *const *buffers, const int64_t *dims, int64_t begin, int64_t end, void *scratch) {
  float *table = buffers[0];
  (void)scratch;
  for (int64_t i = 0; i < (end - begin) * dims[0] * dims[1]; ++i)
    table[i] = 0;
}

#endif

enum { N, SIZE, SUM_BYTES, FLOPS, SLOTS };

static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? ((a < 0) == (b < 0) ? INT64_MAX : INT64_MIN) : product;
}

static void compute_slots(int64_t *slots) {
  slots[SUM_BYTES] = multiply(slots[N], 16);
  slots[FLOPS] = multiply(slots[N], 4000000); /* pretends to be slow, so that threads are used */
}

static _Alignas(GIRIH_ALIGNMENT) const float weights[16] = {1, 2, 3, 4};

#define CONSTANT(value) {-1, value}
#define SLOT(slot) {slot, 0}

static const girih_abi_size four[] = {CONSTANT(4)}, n[] = {SLOT(N)};
static const girih_abi_size n4[] = {SLOT(N), CONSTANT(4)}, one[] = {CONSTANT(1)},
                            size_n[] = {SLOT(SIZE), SLOT(N)};
static const char *const n4_text[] = {"n", "4"}, *const one_text[] = {"1"},
                         *const size_n_text[] = {"size[0]", "n"};

static const girih_abi_buffer_ref add_buffers[] = {{GIRIH_BASE_INPUT, 0, CONSTANT(0)},
                                                   {GIRIH_BASE_ARENA, 0, CONSTANT(0)}};
static const girih_abi_buffer_ref scale_buffers[] = {{GIRIH_BASE_ARENA, 0, CONSTANT(0)},
                                                     {GIRIH_BASE_INPUT, 1, CONSTANT(0)},
                                                     {GIRIH_BASE_WEIGHT, 0, CONSTANT(0)},
                                                     {GIRIH_BASE_OUTPUT, 0, CONSTANT(0)}};
static const girih_abi_buffer_ref fill_buffers[] = {{GIRIH_BASE_OUTPUT, 2, CONSTANT(0)}};

static const girih_abi_variant fill_variants[] = {
    {SLOT(SIZE), CONSTANT(1), "size[0] <= 1", FUNCTION(fill_row, size_n, CONSTANT(1), 2, 0)}};

static const girih_abi_launch launches[] = {
    {FUNCTION(add_one, four, SLOT(N), 1, 0), "Add_0", add_buffers, NULL, 2, 0, SLOT(FLOPS), SLOT(SUM_BYTES),
     0},
    {FUNCTION(scale, four, SLOT(N), 1, 64), "Mul_1+Abs_2", scale_buffers, NULL, 4, 0, SLOT(FLOPS),
     SLOT(SUM_BYTES), 1500},
    {FUNCTION(fill, n, SLOT(SIZE), 1, 0), "Range_3", fill_buffers, fill_variants, 1, 1, CONSTANT(0),
     CONSTANT(0), 0},
};

static const girih_abi_tensor inputs[] = {{"x", GIRIH_F32, 2, n4, n4_text, -1},
                                          {"factor", GIRIH_F32, 1, one, one_text, -1},
                                          {"size", GIRIH_I64, 1, one, one_text, -1}};
static const girih_abi_tensor outputs[] = {{"y", GIRIH_F32, 2, n4, n4_text, -1},
                                           {"copy", GIRIH_F32, 2, n4, n4_text, -1},
                                           {"table", GIRIH_F32, 2, size_n, size_n_text, -1}};
static const girih_abi_arena_buffer arena[] = {{SLOT(SUM_BYTES), 0, 1, 0}};
static const girih_abi_symbol symbols[] = {{0, 0, N, "n"}, {2, -1, SIZE, "size[0]"}};
static const girih_abi_copy copies[] = {{{GIRIH_BASE_OUTPUT, 0, CONSTANT(0)}, 1}};

GIRIH_API const girih_artifact girih_artifact_table = {
    .abi_version = GIRIH_ABI_VERSION,
    .model_name = "by_hand",
    .producer = "girih test",
    .target_cpu = "x86-64",
    .required_features = "",
    .input_count = 3,
    .output_count = 3,
    .launch_count = 3,
    .arena_buffer_count = 1,
    .symbol_count = 2,
    .slot_count = SLOTS,
    .copy_count = 1,
    .node_count = 4,
    .inputs = inputs,
    .outputs = outputs,
    .launches = launches,
    .arena_buffers = arena,
    .symbols = symbols,
    .copies = copies,
    .compute_slots = compute_slots,
    .arena_bytes = -1,
    .scratch = {-1, 16},
    .weights = weights,
    .weights_bytes = sizeof weights,
    .parameters = 4,
#ifdef BY_HAND_CUDA
    .device_module_count = 1,
    .device_modules = by_hand_modules,
    .device_runtime = &girih_internal_cuda_runtime,
#endif
};
