/* What a compiled model is: the tables and functions that the compiler emits and the runtime executes.
 * Read by the runtime (C) and by what emits a model's host side. Plain C, fixed layout, 8-byte aligned
 * fields. All tables are read-only; pointers in them are relocated by the loader.
 *
 * Every symbolic size of a model is a *slot*: an int64_t computed once per set of input shapes. Slot values
 * that are constant are emitted as constants; the others are computed by `compute_slots`.
 */
#ifndef GIRIH_RUNTIME_ABI_H
#define GIRIH_RUNTIME_ABI_H

#include "runtime/girih.h" /* element types, GIRIH_MAX_RANK */
#include <stdint.h>
#include <string.h>

#define GIRIH_ABI_VERSION 7
#define GIRIH_ALIGNMENT 64 /* of every buffer in the arena and every weight, in bytes */

/* `flags` of an artifact. */
enum {
  /* Kernels ask the AddressSanitizer's runtime before every access. The runtime gives every buffer of the
   * arena memory of its own for the whole run, and poisons GIRIH_RED_ZONE bytes around these and the weights.
   */
  GIRIH_SANITIZED = 1,
  /* What a model of f32 is computed in (--precision), for whoever asks; the runtime does not. */
  GIRIH_PRECISION_F16 = 2,
  GIRIH_PRECISION_BF16 = 4,
  GIRIH_PRECISION_TF32 = 8
};
#define GIRIH_RED_ZONE 1024 /* wider than any vector */

/* A kernel computes tasks [begin, end) of a launch. Tasks are independent, and their number does not depend
 * on the number of threads. `buffers` are the launch's arguments in order, `dims` the values of its dims in
 * order, `scratch` private to the calling thread: as long as the artifact says and GIRIH_ALIGNMENT-aligned.
 */
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

/* What a block of a device's kernel has. */
typedef struct {
  uint32_t threads;
  uint32_t shared_bytes; /* of dynamic shared memory, beside what the code itself declares */
} girih_abi_block;

/* A compiled function, and what it takes beside buffers. Where the artifact has device modules it is the
 * entry `name` of these: its parameters are the buffers (64-bit addresses in the device's global memory),
 * then the dims (64-bit integers), then, if the function has scratch, its address; block b is task b and has
 * `scratch` bytes from b * scratch on. Blocks and the grid have one dimension. */
typedef struct {
  union {
    girih_kernel_fn kernel;
    girih_abi_block block; /* on a device */
  };
  const char *name;           /* the function's; shared by launches of equal kernels */
  const girih_abi_size *dims; /* dim_count */
  girih_abi_size tasks;
  uint32_t dim_count;
  girih_abi_size
      scratch; /* bytes a block on a device; else 0: what a thread has is the artifact's `scratch` */
} girih_abi_function;

/* What is run instead where `size` is at most `limit`: the same computed in another way. */
typedef struct {
  girih_abi_size size, limit;
  const char *condition; /* "n <= 3" */
  girih_abi_function function;
} girih_abi_variant;

typedef struct {
  girih_abi_function function;         /* where no variant holds */
  const char *name;                    /* the model's node names, '+' between fused ones */
  const girih_abi_buffer_ref *buffers; /* buffer_count */
  const girih_abi_variant *variants;   /* variant_count; the first that holds is run */
  uint32_t buffer_count, variant_count;
  girih_abi_size flops; /* of contractions: 2 a multiply-add; of others: 1 an element */
  girih_abi_size bytes; /* compulsory traffic: every operand and result once */
  int64_t predicted;    /* nanoseconds of a run on one thread, as the compiler reckons; 0: not known */
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
 * 0, its element -1 - axis (an integer tensor whose values are shapes). Only what sizes depend on is one. */
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

/* A relation of two sizes that an operator of the model needs, and that only a run's inputs tell. */
enum {
  GIRIH_CHECK_EQUAL = 0,
  GIRIH_CHECK_AT_MOST = 1,     /* the first is not larger */
  GIRIH_CHECK_BROADCAST = 2,   /* equal, or one of them is 1 */
  GIRIH_CHECK_BROADCAST_TO = 3 /* equal, or the first is 1 */
};
typedef struct {
  uint32_t kind; /* GIRIH_CHECK_... */
  girih_abi_size first, second;
  const char *first_text, *second_text; /* "seq", "past + 1" */
  const char *node;                     /* the model's name of the operator that needs it; may be empty */
  const char *where; /* where the sizes come from: "seq is dimension 1 of input 'x'"; may be empty */
} girih_abi_check;

/* Checked when a run's kernels are done: the int64_t at `worst` is the largest of i and -1 - i of all indices
 * that an operator has read at (INT64_MAX where one is negative that must not be), and has to be less than
 * `size`. (Kernels clamp what is outside.) */
typedef struct {
  girih_abi_buffer_ref worst;
  girih_abi_size size;
  const char *node;
} girih_abi_index_check;

/* Bytes [offset, offset + bytes) of the weights. */
typedef struct {
  int64_t offset, bytes;
} girih_abi_range;

/* Code of all functions for GPUs of compute capability `sm` (80 is 8.0) and newer ones. */
typedef struct {
  const char *ptx; /* zero-terminated */
  uint64_t sm;
} girih_abi_device_module;

/* The part of the runtime that runs launches on GPUs. Other artifacts are linked without it, so those that
 * have device modules name it. */
#define GIRIH_CUDA_SYMBOL "girih_internal_cuda_runtime"

struct girih_artifact {
  uint32_t abi_version;
  uint32_t flags;
  const char *model_name;
  const char *producer;          /* "girih 0.1.0, LLVM 22.1.8" */
  const char *target_cpu;        /* as given or detected, e.g. "znver4" */
  const char *required_features; /* comma-separated, LLVM's names: "avx2,fma"; checked before the first run */
  uint32_t input_count, output_count, launch_count, arena_buffer_count, symbol_count, slot_count, copy_count,
      node_count, check_count, index_check_count, weight_range_count, device_module_count;
  const girih_abi_tensor *inputs, *outputs;
  const girih_abi_launch *launches;
  const girih_abi_arena_buffer *arena_buffers;
  const girih_abi_symbol *symbols;
  const girih_abi_copy *copies;
  const girih_abi_check *checks;
  const girih_abi_index_check *index_checks;
  const girih_abi_range *weight_ranges; /* of each weight, where GIRIH_SANITIZED; ascending */
  /* Null where there are none to compute. Products and sums saturate (to INT64_MAX or INT64_MIN), so that
   * absurd sizes are seen as such by the runtime and never wrap around to small ones. */
  void (*compute_slots)(int64_t *slots);
  int64_t arena_bytes;       /* -1: planned at run time */
  int64_t arena_lower_bound; /* largest sum of live buffers; for static models */
  girih_abi_size scratch;    /* the most bytes a task needs: a thread's, a block's on a device */
  const void *weights;       /* null: in weights_file, beside the artifact */
  int64_t weights_bytes;
  const char *weights_file; /* file name without a folder */
  uint64_t weights_hash;    /* girih_hash of the file, checked on load */
  int64_t parameters;       /* elements of all weights */
  int64_t macs;             /* multiply-adds of a run; 0 where dynamic */
  /* Where there are any, all launches run on a device: arena and weights are copied to its memory. */
  const girih_abi_device_module *device_modules;
  const void *device_runtime; /* GIRIH_CUDA_SYMBOL where there are device modules; else null */
};

/* The hash of a weights file: of all its bytes, so that no change of any goes unnoticed (a change within one
 * lane always changes the result). Eight independent multiply-xor chains over little-endian words take 15
 * GB/s of a core; reading the file takes longer. Bytes are added in pieces, of which all but the last are
 * multiples of GIRIH_HASH_BLOCK. */
#define GIRIH_HASH_BLOCK 64
#define GIRIH_HASH_PRIME 0x9e3779b97f4a7c15u
typedef struct {
  uint64_t lanes[GIRIH_HASH_BLOCK / 8], bytes;
} girih_hash;

static inline void girih_hash_begin(girih_hash *hash) {
  hash->bytes = 0;
  for (uint64_t i = 0; i < GIRIH_HASH_BLOCK / 8; ++i)
    hash->lanes[i] = (i + 1) * GIRIH_HASH_PRIME;
}

static inline void girih_hash_add(girih_hash *hash, const void *piece, uint64_t bytes) {
  uint64_t lanes[GIRIH_HASH_BLOCK / 8], words[GIRIH_HASH_BLOCK / 8];
  memcpy(lanes, hash->lanes, sizeof lanes);
  for (uint64_t at = 0; at < bytes; at += GIRIH_HASH_BLOCK) {
    if (bytes - at < GIRIH_HASH_BLOCK) {
      memset(words, 0, sizeof words);
      memcpy(words, (const char *)piece + at, bytes - at);
    } else {
      memcpy(words, (const char *)piece + at, sizeof words);
    }
    for (int i = 0; i < GIRIH_HASH_BLOCK / 8; ++i) {
      lanes[i] = (lanes[i] ^ words[i]) * GIRIH_HASH_PRIME;
      lanes[i] ^= lanes[i] >> 29;
    }
  }
  memcpy(hash->lanes, lanes, sizeof lanes);
  hash->bytes += bytes;
}

static inline uint64_t girih_hash_end(const girih_hash *hash) {
  uint64_t result = hash->bytes * GIRIH_HASH_PRIME;
  for (int i = 0; i < GIRIH_HASH_BLOCK / 8; ++i) {
    result = (result ^ hash->lanes[i]) * GIRIH_HASH_PRIME;
    result ^= result >> 32;
  }
  return result;
}

#endif
