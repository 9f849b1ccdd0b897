/* What a compiled model is: the tables and functions that the compiler emits and the runtime executes.
 * Read by the runtime (C) and the CPU backend. Plain C, fixed layout, 8-byte aligned fields. All tables are
 * read-only; pointers in them are relocated by the loader.
 *
 * Every symbolic size of a model is a *slot*: an int64_t computed once per set of input shapes. Slot values
 * that are constant are emitted as constants; the others are computed by `compute_slots`.
 */
#ifndef GIRIH_RUNTIME_ABI_H
#define GIRIH_RUNTIME_ABI_H

#include "runtime/girih.h" /* element types, GIRIH_MAX_RANK */
#include <stdint.h>
#include <string.h>

#define GIRIH_ABI_VERSION 2
#define GIRIH_ALIGNMENT 64 /* of every buffer in the arena and every weight, in bytes */

/* A kernel computes tasks [begin, end) of a launch. Tasks are independent, and their number does not depend
 * on the number of threads. `buffers` are the launch's arguments in order, `dims` the values of its dims in
 * order, `scratch` private to the calling thread: `scratch_bytes` long (of the artifact) and
 * GIRIH_ALIGNMENT-aligned. */
typedef void (*girih_kernel_fn)(void *const *buffers, const int64_t *dims, int64_t begin, int64_t end,
                                void *scratch);

/* A size: slot >= 0 ? slots[slot] : constant. */
typedef struct {
  int64_t slot;
  int64_t constant;
} girih_abi_size;

/* Where a launch's buffer lies: base[kind][index] + offset bytes. */
enum {
  GIRIH_BASE_ARENA = 0, /* index: arena buffer */
  GIRIH_BASE_INPUT = 1,
  GIRIH_BASE_OUTPUT = 2,
  GIRIH_BASE_WEIGHT = 3 /* offset into weights */
};
typedef struct {
  uint32_t base;
  uint32_t index;
  girih_abi_size offset; /* bytes */
} girih_abi_buffer_ref;

typedef struct {
  girih_kernel_fn kernel;
  const char *name;                    /* the model's node names, '+' between fused ones */
  const char *kernel_name;             /* the function's name; shared by launches of equal kernels */
  const girih_abi_buffer_ref *buffers; /* buffer_count */
  const girih_abi_size *dims;          /* dim_count */
  uint32_t buffer_count, dim_count;
  girih_abi_size tasks;
  girih_abi_size flops; /* of contractions: 2 a multiply-add; of others: 1 an element */
  girih_abi_size bytes; /* compulsory traffic: every operand and result once */
} girih_abi_launch;

/* A buffer of the arena: bytes, alive from launch `first` to launch `last` inclusive. For static models
 * `offset` is planned at compile time and arena_bytes is set; else (arena_bytes < 0) the runtime plans once
 * per new set of slots. */
typedef struct {
  girih_abi_size bytes;
  uint32_t first, last;
  int64_t offset;
} girih_abi_arena_buffer;

typedef struct {
  const char *name;
  uint32_t dtype; /* girih_dtype_code */
  uint32_t rank;
  const girih_abi_size *dims;  /* rank; what the compiled code expects (inputs) or produces (outputs) */
  const char *const *dim_text; /* rank; "1", "seq", "past + 1": for messages */
  int64_t default_offset;      /* into weights: what an input is whose data is null; -1: none */
} girih_abi_tensor;

/* Slot `slot` is read from an input before compute_slots: its dimension `axis` (axis >= 0), or, with axis <
 * 0, its element -1 - axis (an integer tensor whose values are shapes). */
typedef struct {
  uint32_t input;
  int32_t axis;
  uint32_t slot;
  const char *name;
} girih_abi_symbol;

/* A copy made at run time where no launch is: output `output` is a plain copy of (or the same data as)
 * another buffer. */
typedef struct {
  girih_abi_buffer_ref from;
  uint32_t output;
} girih_abi_copy;

/* Two sizes that an operator of the model needs to be equal, and that only a run's inputs tell; or, where
 * second_text is null, a size of its result that must not be negative (two of these would make a positive
 * number of bytes). */
typedef struct {
  girih_abi_size first, second;
  const char *first_text, *second_text; /* "seq", "past + 1" */
  const char *node;                     /* the model's name of the operator that needs it; may be empty */
} girih_abi_check;

struct girih_artifact {
  uint32_t abi_version;
  uint32_t flags;
  const char *model_name;
  const char *producer;          /* "girih 0.1.0, LLVM 22.1.8" */
  const char *target_cpu;        /* as given or detected, e.g. "znver4" */
  const char *required_features; /* comma-separated, LLVM's names: "avx2,fma"; checked before the first run */
  uint32_t input_count, output_count, launch_count, arena_buffer_count, symbol_count, slot_count, copy_count,
      node_count, check_count;
  const girih_abi_tensor *inputs, *outputs;
  const girih_abi_launch *launches;
  const girih_abi_arena_buffer *arena_buffers;
  const girih_abi_symbol *symbols;
  const girih_abi_copy *copies;
  const girih_abi_check *checks;
  /* Null where there are none to compute. Products and sums saturate (to INT64_MAX or INT64_MIN), so that
   * absurd sizes are seen as such by the runtime and never wrap around to small ones. */
  void (*compute_slots)(int64_t *slots);
  int64_t arena_bytes;       /* -1: planned at run time */
  int64_t arena_lower_bound; /* largest sum of live buffers; for static models */
  int64_t scratch_bytes;     /* a thread */
  const void *weights;       /* null: in weights_file, beside the artifact */
  int64_t weights_bytes;
  const char *weights_file; /* file name without a folder */
  uint64_t weights_hash;    /* girih_weights_hash of the file, checked on load */
  int64_t parameters;       /* elements of all weights */
  int64_t macs;             /* multiply-adds of a run; 0 where dynamic */
};

/* A fingerprint of a weights file: of its size and its first and last MiB, so that a file that is not the
 * artifact's own is noticed at a cost that does not grow with it. Four independent multiply-xor chains over
 * little-endian words. */
static inline uint64_t girih_weights_hash(const void *file, uint64_t bytes) {
  const uint64_t prime = 0x9e3779b97f4a7c15u, part = 1u << 20;
  uint64_t lanes[4] = {bytes, 1, 2, 3}, begin = 0;
  for (int half = 0; half < 2; ++half) {
    uint64_t length = bytes - begin < part ? bytes - begin : part;
    for (uint64_t i = 0; i < length; i += 8) {
      uint64_t word = 0;
      memcpy(&word, (const char *)file + begin + i, length - i < 8 ? length - i : 8);
      uint64_t *lane = &lanes[i / 8 % 4];
      *lane = (*lane ^ word) * prime;
      *lane ^= *lane >> 29;
    }
    begin = bytes > 2 * part ? bytes - part : (bytes < part ? bytes : part);
  }
  uint64_t hash = prime;
  for (int i = 0; i < 4; ++i) {
    hash = (hash ^ lanes[i]) * prime;
    hash ^= hash >> 32;
  }
  return hash;
}

#endif
