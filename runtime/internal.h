/* What the runtime's files share. C11 and POSIX threads only: all of it ends in every compiled library. */
#ifndef GIRIH_RUNTIME_INTERNAL_H
#define GIRIH_RUNTIME_INTERNAL_H

#include "runtime/abi.h"
#include "runtime/arena.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

/* In a static program these names meet the program's own. */
#define address_of girih_internal_address_of
#define allocate_device girih_internal_allocate_device
#define allowed_cpus girih_internal_allowed_cpus
#define append girih_internal_append
#define append_result girih_internal_append_result
#define check_features girih_internal_check_features
#define check_index girih_internal_check_index
#define check_library girih_internal_check_library
#define check_result girih_internal_check_result
#define check_weights girih_internal_check_weights
#define close_driver girih_internal_close_driver
#define create_pool girih_internal_create_pool
#define cuda_runtime girih_internal_cuda_runtime /* GIRIH_CUDA_SYMBOL */
#define destroy_plan girih_internal_destroy_plan
#define destroy_pool girih_internal_destroy_pool
#define fail girih_internal_fail
#define fetch_sizes girih_internal_fetch_sizes
#define find_plan girih_internal_find_plan
#define guard_arena girih_internal_guard_arena
#define guard_weights girih_internal_guard_weights
#define is_sanitized girih_internal_is_sanitized
#define is_cut_off girih_internal_is_cut_off
#define map_home girih_internal_map_home
#define map_memory girih_internal_map_memory
#define map_weights girih_internal_map_weights
#define open_driver girih_internal_open_driver
#define open_model girih_internal_open_model
#define plan_apart girih_internal_plan_apart
#define point_to_arena girih_internal_point_to_arena
#define point_to_callers girih_internal_point_to_callers
#define retain_model girih_internal_retain_model
#define run_on_gpu girih_internal_run_on_gpu
#define run_pool girih_internal_run_pool
#define tensor_bytes girih_internal_tensor_bytes
#define unguard_memory girih_internal_unguard_memory
#define unmap_memory girih_internal_unmap_memory
#define unwatch_file girih_internal_unwatch_file
#define watch_file girih_internal_watch_file

/* Fixed by the width of a virtual address: no size beyond it is a real one. */
#define MAX_BYTES ((int64_t)1 << 47)
/* What the compiler takes every dimension of an input to be at most. */
#define MAX_DIMENSION ((int64_t)1 << 40)

/* Writes a message unless `error` is null, and returns `status`. */
__attribute__((format(printf, 3, 4))) girih_status fail(girih_error *error, girih_status status,
                                                        const char *format, ...);

/* A text that grows in a fixed buffer and is cut off at its end. */
typedef struct {
  char *text;
  size_t length, capacity;
} text_buffer;
__attribute__((format(printf, 2, 3))) void append(text_buffer *buffer, const char *format, ...);

/* A file that is mapped while a model is open, as it was when it was found to be right. By name: a descriptor
 * that is kept open may be closed, and its number be taken, by a program that becomes a daemon. */
typedef struct {
  char *path; /* absolute; null: none */
  dev_t device;
  ino_t inode;
  int64_t bytes;           /* that are mapped */
  _Atomic int64_t written; /* the time of its last change, in nanoseconds */
} watched_file;

typedef struct device_runtime device_runtime;
struct cuda_model;
struct cuda_context;

struct girih_model {
  const girih_artifact *artifact;
  const device_runtime *device; /* what runs launches; null: this CPU */
  struct cuda_model *cuda;      /* null before the first context */
  pthread_mutex_t cuda_mutex;   /* of the above; never taken in a forked child */
  _Atomic pid_t cuda_process;   /* in which the above was made; 0: in none */
  atomic_uint references;       /* the caller's and each context's */
  const char *weights;
  int64_t guarded_bytes; /* of weights with red zones */
  void *mapped;          /* the weights file, or null */
  watched_file weights_file, library_file;
  void *library; /* dlopen's handle, or null; closed by `close_library` */
  void (*close_library)(void *library);
  girih_tensor_info *inputs, *outputs;
  int64_t *dims; /* of inputs and outputs */
};

girih_status open_model(const girih_artifact *artifact, const char *weights_folder, girih_model **model,
                        girih_error *error);
void retain_model(girih_model *model);

/* Elements * element bytes; -1 if negative or beyond MAX_BYTES, or if a dimension is beyond MAX_DIMENSION. */
int64_t tensor_bytes(uint32_t dtype, const int64_t *dims, uint32_t rank);

/* A launch with everything that does not depend on the caller's buffers. */
typedef struct {
  const girih_abi_function *function;
  const char *variant; /* the condition under which it is run; null: the launch's own */
  int64_t tasks;
  uint32_t chunks; /* threads worth using */
  uint32_t first_pointer, first_dim;
} planned_launch;

/* A buffer argument that is the caller's: pointers[pointer] = tensors[index].data + offset; or nothing[0]
 * where the tensor has no elements. */
typedef struct {
  uint32_t pointer, base, index;
  bool is_empty;
  int64_t offset;
} caller_pointer;

/* All that follows from one set of input shapes. */
typedef struct {
  int64_t *slots;       /* slot_count */
  int64_t *symbols;     /* symbol_count: the values that it was made for */
  int64_t *output_dims; /* of all outputs, one after the other */
  int64_t *output_bytes;
  int64_t *offsets; /* of the arena's buffers */
  int64_t *dims;    /* of all launches */
  void **pointers;  /* of all launches; those into the arena are valid for `arena` */
  planned_launch *launches;
  caller_pointer *caller_pointers;
  uint32_t caller_pointer_count;
  int64_t arena_bytes;
  char *arena;
  int64_t nothing_bytes;
  uint64_t last_use; /* 0: empty */
} plan;

/* Models with dynamic shapes often alternate between few of them (prefill and decode, the sizes of a batch).
 */
#define PLAN_COUNT 4

struct pool;

struct girih_context {
  girih_model *model;
  struct cuda_context *cuda; /* null: runs are done by this CPU */
  const char *device_name;   /* null: the same */
  const char *weights;       /* where kernels find them */
  pthread_mutex_t mutex;     /* held by runs, and by whatever reads or changes what runs use */
  struct pool *pool;         /* null with one thread or an executor */
  char *home;                /* of map_home */
  pid_t process;             /* that made the context; where there is no home */
  int64_t library_checked;   /* when, in nanoseconds */
  girih_parallel_for parallel_for;
  void *executor;
  uint32_t threads;
  plan plans[PLAN_COUNT];
  plan *current; /* the latest run's, or null */
  uint64_t uses;
  int64_t *symbols; /* of the inputs being bound */
  char *arena;
  int64_t arena_bytes;
  uint32_t guards; /* of the arena, so far */
  /* Stands for the caller's tensors without elements, which may have no memory. Kernels that pad read a
   * clamped index of what they pad and then drop it. */
  char *nothing;
  int64_t nothing_bytes;
  char *scratch; /* `threads` parts of scratch_stride bytes */
  int64_t scratch_stride;
  uint64_t *profile; /* per launch: nanoseconds; null when off */
  uint64_t profiled_runs;
};

/* Checks the inputs and finds or makes their plan. The context's mutex is held. */
girih_status find_plan(girih_context *context, const girih_tensor *inputs, plan **result, girih_error *error);
void destroy_plan(plan *plan);

/* Has the plan's launches take their buffers from the arena here, and from the tensors, or from `nothing` for
 * those without elements. */
void point_to_arena(const girih_artifact *artifact, plan *plan, char *arena);
void point_to_callers(const girih_context *context, plan *plan, const girih_tensor *inputs,
                      const girih_tensor *outputs, char *nothing);
/* Where a buffer lies in this run. */
char *address_of(const girih_context *context, const plan *plan, const girih_abi_buffer_ref *ref,
                 const girih_tensor *inputs, const girih_tensor *outputs);
/* Whether all indices that an operator has read at were inside. */
girih_status check_index(const girih_abi_index_check *check, const plan *plan, int64_t worst,
                         girih_error *error);

/* Runs launches somewhere else than on this CPU. A context's mutex is held, but for create and destroy. */
struct device_runtime {
  /* Sets the context's `cuda`, `device_name` and `weights`. */
  girih_status (*create)(girih_context *context, void *stream, girih_error *error);
  void (*destroy)(girih_context *context, bool here); /* here: in the process that made the context */
  void (*close)(girih_model *model);
  /* Changes *inputs to such as find_plan can read, to be used before the next call. */
  girih_status (*fetch_sizes)(girih_context *context, const girih_tensor **inputs, girih_error *error);
  girih_status (*run)(girih_context *context, plan *plan, const girih_tensor *inputs,
                      const girih_tensor *outputs, girih_error *error);
};

/* Libgirih runs whatever it loads; an artifact that has nothing for a GPU is linked without this. */
#ifndef GIRIH_LOADER
__attribute__((weak))
#endif
extern const __attribute__((visibility("hidden"))) device_runtime cuda_runtime;

static inline int64_t size_value(girih_abi_size size, const int64_t *slots) {
  return size.slot >= 0 ? slots[size.slot] : size.constant;
}

/* Zeroed, GIRIH_ALIGNMENT-aligned memory straight from the system, in huge pages where large. Null if
 * refused. */
void *map_memory(int64_t bytes);
void unmap_memory(void *memory, int64_t bytes);
/* A byte of 1 that a forked child finds to be 0, to be given to unmap_memory; null where the system has no
 * such memory. */
char *map_home(void);

/* Finds the artifact's weights file, checks all of it and maps it read-only. */
girih_status map_weights(girih_model *model, const char *folder, girih_error *error);
/* Before a run: whether what is mapped is still what was checked. Reads of a file that was cut off would end
 * the process. The second one is for each run, and looks once in some milliseconds. */
girih_status check_weights(girih_model *model, girih_error *error);
girih_status check_library(girih_context *context, girih_error *error);
bool is_cut_off(const watched_file *file, struct stat *status);
/* False if out of memory. */
bool watch_file(watched_file *file, const char *path, const struct stat *status, int64_t bytes);
void unwatch_file(watched_file *file);

/* For models that were compiled with --sanitize=address (GIRIH_SANITIZED); nothing happens for others. */
bool is_sanitized(const girih_artifact *artifact);
/* In place of girih_arena_plan: no two items share memory, and red zones lie around each. */
int64_t plan_apart(girih_arena_item *items, uint32_t count);
/* Before each run: poisons the arena but for the plan's buffers, and fills these with bytes that differ from
 * one run to the next, so that a result that depends on what no kernel wrote differs, too. */
void guard_arena(girih_context *context, const plan *plan);
void guard_weights(girih_model *model);
/* Before memory that may have been guarded goes back to the system; reads nothing of the artifact, whose file
 * may be cut off by now. */
void unguard_memory(const void *memory, int64_t bytes);

/* CPUs that this process may use, by affinity and cgroup quota; at least 1. */
uint32_t allowed_cpus(void);
/* Ok if this CPU, and its operating system, have all features in the comma-separated list. */
girih_status check_features(const char *features, const char *target_cpu, girih_error *error);

/* Worker threads. `run` calls chunk(argument, i) for i in [0, count), count <= threads, chunk 0 on the
 * calling thread, and returns when all are done. One run at a time. */
struct pool *create_pool(uint32_t threads, girih_error *error);
void destroy_pool(struct pool *pool);
void run_pool(struct pool *pool, uint32_t count, void (*chunk)(void *argument, uint32_t i), void *argument);

#endif
