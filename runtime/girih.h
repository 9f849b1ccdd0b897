/* The C API of compiled models: load, inspect, run.
 *
 * A model is immutable and may be shared by any number of threads. A context holds what runs need (threads,
 * working memory); runs on one context are done one after the other, runs on different contexts at the same
 * time. A compiled shared library exports all of this except girih_load, so that dlopen of it is enough;
 * programs that prefer girih_load link libgirih.
 *
 * Errors: functions return a girih_status and, when it is not GIRIH_OK, write a message to `error` unless
 * that is null. The message names what is wrong, what was expected and what was given. Nothing is ever
 * printed, no function aborts, no signal handler is installed. Sizes are in elements for dimensions and in
 * bytes where a name says so; times are in nanoseconds.
 *
 * Forks: in a forked child a model is as good as in the parent, but a context is not: its threads are
 * missing, and a run may have held it. Make contexts of the child's own; those of the parent can only be
 * destroyed.
 *
 * Files: a library and its weights file are mapped while the model is open. Replace such a file by renaming
 * another one to it, as `girih compile` does; then an open model goes on with the old one. One that is cut
 * off or changed in place is an error of the runs after that; one that is cut off during a run ends the
 * process (SIGBUS), as any mapped file does.
 */
#ifndef GIRIH_RUNTIME_GIRIH_H
#define GIRIH_RUNTIME_GIRIH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the runtime itself: exported, and never bound to another library's copy of the runtime. */
#ifdef GIRIH_RUNTIME
#define GIRIH_API __attribute__((visibility("protected")))
#else
#define GIRIH_API __attribute__((visibility("default")))
#endif
#define GIRIH_MAX_RANK 16

typedef enum girih_status {
  GIRIH_OK = 0,
  GIRIH_INVALID_ARGUMENT = 1, /* a wrong shape, type, pointer or option: the caller's to mend */
  GIRIH_NOT_FOUND = 2,        /* a file is missing or can't be read, such as a GPU's driver */
  GIRIH_INCOMPATIBLE = 3,  /* not a compiled model, one of another version, or one for another CPU or GPU */
  GIRIH_OUT_OF_MEMORY = 4, /* memory was refused, or a size is beyond any memory */
  GIRIH_SYSTEM_ERROR = 5   /* the operating system or a GPU's driver refused something else, such as a
                              thread; or the context was made before this process was forked */
} girih_status;

/* Element types. The values are stable. Elements of GIRIH_BOOL are bytes of 0 or 1. */
enum girih_dtype_code {
  GIRIH_F32 = 1,
  GIRIH_F64 = 2,
  GIRIH_F16 = 3,
  GIRIH_BF16 = 4,
  GIRIH_I8 = 5,
  GIRIH_I16 = 6,
  GIRIH_I32 = 7,
  GIRIH_I64 = 8,
  GIRIH_U8 = 9,
  GIRIH_U16 = 10,
  GIRIH_U32 = 11,
  GIRIH_U64 = 12,
  GIRIH_BOOL = 13
};

/* Receives a message, zero-terminated. Owned by the caller; one per thread. */
typedef struct girih_error {
  char message[1024];
} girih_error;

/* A compiled model's tables, made by `girih compile`: in a shared library the symbol GIRIH_TABLE_SYMBOL, in a
 * static one what its header declares. All shared ones have the same symbol, so ask a library's own handle
 * for it (dlsym); of two that a program is linked with, the first would be found for both. Static ones differ
 * in their symbols even where files, and so declared names, are called the same. */
typedef struct girih_artifact girih_artifact;
#define GIRIH_TABLE_SYMBOL "girih_artifact_table"

typedef struct girih_model girih_model;
typedef struct girih_context girih_context;

/* A dense row-major array in the caller's memory. `data` of an input is only read; it may be null if there
 * are no elements, or if the input has a default, which is then used. Any alignment that suits the element
 * type will do; GIRIH_ALIGNMENT (64) bytes are best. Of a model for GPUs each may be memory of a GPU: what is
 * so aligned on the GPU at hand is used in place, all else is copied there and back. */
typedef struct girih_tensor {
  void *data;
  uint32_t dtype; /* girih_dtype_code */
  uint32_t rank;
  int64_t dims[GIRIH_MAX_RANK]; /* the first `rank` count */
} girih_tensor;

/* An input or output as the model declares it. Memory belongs to the model and lives as long as it. */
typedef struct girih_tensor_info {
  const char *name;
  uint32_t dtype; /* girih_dtype_code */
  uint32_t rank;
  const int64_t *dims;         /* `rank` sizes; -1 where a size depends on the inputs */
  const char *const *dim_text; /* `rank` texts: "3", "seq", "past + 1" */
  int has_default;             /* an input that need not be given: a weight of the model */
} girih_tensor_info;

/* A named size that the inputs of a run determine. */
typedef struct girih_symbol_info {
  const char *name; /* "seq", "shape[1]" */
  uint32_t input;   /* the input that it is read from: */
  int32_t axis;     /* its dimension `axis`; -1: */
  int32_t element;  /* its element `element`, the input being integers that are sizes; -1 with an axis */
} girih_symbol_info;

typedef struct girih_model_info {
  const char *name;              /* of the model */
  const char *producer;          /* "girih 0.1.0, LLVM 22.1.8" */
  const char *target_cpu;        /* compiled for, "znver4" */
  const char *required_features; /* of the CPU, comma-separated */
  uint32_t input_count, output_count, symbol_count;
  uint32_t node_count;   /* of the model */
  uint32_t launch_count; /* kernels executed in a run */
  int64_t parameters;    /* elements of all weights */
  int64_t macs;          /* multiply-adds of a run; 0 where they depend on the inputs */
  int64_t weights_bytes;
  int64_t arena_bytes;       /* working memory of a context; -1 where it depends on the inputs */
  int64_t arena_lower_bound; /* the most bytes of values alive at once; 0 where it depends */
  int64_t scratch_bytes;     /* more working memory, for each thread; -1 where it depends on the inputs */
} girih_model_info;

/* The host's own executor: calls chunk(argument, i) once for every i in [0, count), in any order, on any
 * threads, at the same time if it likes, and returns when all calls have returned. `count` is at most the
 * context's number of threads. */
typedef void (*girih_parallel_for)(void *executor, uint32_t count, void (*chunk)(void *argument, uint32_t i),
                                   void *argument);

/* Zero-initialise, then set what differs. */
typedef struct girih_options {
  uint32_t threads; /* the caller's included; 0: as many as CPUs are allowed by affinity and cgroup */
  girih_parallel_for parallel_for; /* null: a pool of our own with threads - 1 workers */
  void *executor;                  /* passed to parallel_for; must outlive the context */
  void *stream; /* a CUstream that runs of a model for GPUs are done on, and that outlives the context; null:
                   one of our own, in order with the default stream. Of other models nothing */
} girih_options;

/* A kernel's execution: its properties, some of which are those of the latest shapes, and the times taken
 * while profiling was on. */
typedef struct girih_launch_info {
  const char *name;        /* node names of the model, '+' between fused ones */
  const char *kernel_name; /* the compiled function for the latest shapes; equal kernels share one */
  const char *variant;  /* for which sizes that is, where there are others: "n <= 3"; null: for all others */
  int64_t tasks;        /* independent parts; this and the next two are those of the latest shapes */
  int64_t flops;        /* floating-point operations */
  int64_t bytes;        /* every operand and result once */
  uint64_t runs;        /* profiled */
  uint64_t nanoseconds; /* sum over these runs */
  int64_t predicted;    /* nanoseconds of one run on one thread, as the compiler reckons; 0: not known */
} girih_launch_info;

/* The version of this runtime, "0.1.0". Static memory. Any thread. */
GIRIH_API const char *girih_version(void);

/* "f32", "i64", ...; "invalid" for no girih_dtype_code. Static memory. Any thread. */
GIRIH_API const char *girih_dtype_name(uint32_t dtype);

/* Bytes of an element; 0 for no girih_dtype_code. Any thread. */
GIRIH_API size_t girih_dtype_bytes(uint32_t dtype);

/* Loads the shared library at `path` (a file, not searched for) and opens the model in it. On success *model
 * is the caller's, to be given to girih_close. Loading runs code of the library: load what you trust. Weights
 * in a file are treated as by girih_open. Any thread. Only in libgirih, not in compiled models. Errors:
 * NOT_FOUND, INCOMPATIBLE (no compiled model, other version, cut off, damaged weights file), OUT_OF_MEMORY.
 */
GIRIH_API girih_status girih_load(const char *path, girih_model **model, girih_error *error);

/* Opens a model that is linked into the program or library. `artifact` must stay in place until girih_close
 * and until its contexts are destroyed. Weights kept in a file are looked for in `weights_folder`, or, if
 * that is null, beside the library or program that holds `artifact`. The file is read in full, so that any
 * byte that differs from what was compiled is noticed (0.2 s a GB where the system has it in memory; there
 * is no way around it, because what it finds else shows as wrong results), then mapped read-only: processes
 * share its memory. On success *model is the caller's, to be given to girih_close. Any thread. Errors:
 * INVALID_ARGUMENT, NOT_FOUND (weights file), INCOMPATIBLE, OUT_OF_MEMORY. */
GIRIH_API girih_status girih_open(const girih_artifact *artifact, const char *weights_folder,
                                  girih_model **model, girih_error *error);

/* Gives the model back. Contexts made from it stay valid; memory is released with the last of them. Null is
 * allowed. Any thread, once. */
GIRIH_API void girih_close(girih_model *model);

/* Fills *info. Texts belong to the model. Any thread. */
GIRIH_API void girih_get_model_info(const girih_model *model, girih_model_info *info);

/* Input or output `index` in the model's order; null if there is none. The result belongs to the model. Any
 * thread. */
GIRIH_API const girih_tensor_info *girih_get_input(const girih_model *model, uint32_t index);
GIRIH_API const girih_tensor_info *girih_get_output(const girih_model *model, uint32_t index);

/* Fills *info with symbol `index`. Texts belong to the model. Any thread. Errors: INVALID_ARGUMENT (index).
 */
GIRIH_API girih_status girih_get_symbol(const girih_model *model, uint32_t index, girih_symbol_info *info,
                                        girih_error *error);

/* The index of the input or output called `name`; -1 if there is none. Any thread. */
GIRIH_API int64_t girih_find_input(const girih_model *model, const char *name);
GIRIH_API int64_t girih_find_output(const girih_model *model, const char *name);

/* Makes a context and its worker threads, which block all signals but those that their own instructions raise
 * and SIGPROF: a program's signals go to its own threads. `options` may be null and is not kept. On success
 * *context is the caller's, to be given to girih_destroy. Working memory is taken at the first run. Any
 * thread; in a forked child, too, of a model that the parent opened. Errors: INCOMPATIBLE (this CPU lacks
 * instructions), INVALID_ARGUMENT, OUT_OF_MEMORY, SYSTEM_ERROR (threads).
 *
 * Of a model for GPUs there are no worker threads, and `threads` is 1. Runs are done on the GPU of the stream
 * in the options, else of the CUDA context that is current in the calling thread, else on the first one that
 * CUDA_VISIBLE_DEVICES leaves; in its primary context. The first context on a GPU loads the model's code and
 * weights there, for all others. A child that was forked after that can't make contexts. Errors then also:
 * NOT_FOUND (no CUDA driver: libcuda.so.1, or what the variable GIRIH_CUDA_DRIVER names), INCOMPATIBLE (a
 * driver that is too old, no code for this GPU), SYSTEM_ERROR (no GPU, and whatever else the driver reports).
 */
GIRIH_API girih_status girih_create(girih_model *model, const girih_options *options, girih_context **context,
                                    girih_error *error);

/* Stops the workers and releases everything. No run may be in progress in this process. Null is allowed. */
GIRIH_API void girih_destroy(girih_context *context);

/* The number of threads that runs use, the caller's included. Any thread. */
GIRIH_API uint32_t girih_get_threads(const girih_context *context);

/* The name of the GPU that runs are done on, "NVIDIA H100 80GB HBM3"; null: it is this CPU. Belongs to the
 * context. Any thread. */
GIRIH_API const char *girih_get_device(const girih_context *context);

/* Sets dtype, rank and dims of all outputs for the given inputs, in the model's order; leaves their data
 * alone. Of input data only the elements are read that girih_get_symbol names; the data of other inputs may
 * be null. Any thread. Errors: INVALID_ARGUMENT (an input's type or shape), OUT_OF_MEMORY (absurd sizes),
 * SYSTEM_ERROR (a forked child), INCOMPATIBLE (the library was cut off since it was loaded). */
GIRIH_API girih_status girih_infer(girih_context *context, const girih_tensor *inputs, girih_tensor *outputs,
                                   girih_error *error);

/* Runs the model. `inputs` and `outputs` are arrays in the model's order. Outputs are written to the caller's
 * memory; their dtype, rank and dims must be those of girih_infer, and they may overlap neither each other
 * nor an input. Nothing of the caller's is kept. Any thread; calls on one context wait for each other.
 * Errors: as girih_infer, INVALID_ARGUMENT (an output, null data, an index outside of the tensor that it goes
 * into, which is found when all is done), INCOMPATIBLE and NOT_FOUND (the weights
 * file was changed since it was opened; a run looks at its size and time, and reads it again where these
 * differ). The file of a library is looked at once in some milliseconds, and only where girih_load loaded it.
 * On a GPU the run follows what its stream has been given before, and all is done when the call returns;
 * SYSTEM_ERROR is what the driver reports, such as a kernel that failed. After an error outputs are
 * undefined. */
GIRIH_API girih_status girih_run(girih_context *context, const girih_tensor *inputs,
                                 const girih_tensor *outputs, girih_error *error);

/* Switches the timing of each launch on (and its sums to zero) or off; a GPU's are by its events. Off at
 * first. Any thread, not during a run. Errors: OUT_OF_MEMORY, SYSTEM_ERROR (a forked child). */
GIRIH_API girih_status girih_set_profiling(girih_context *context, int on, girih_error *error);

/* Fills *info for launch `index` < launch_count. Texts belong to the model. Before the first run, values that
 * depend on the inputs are 0. Any thread. Errors: INVALID_ARGUMENT (index), SYSTEM_ERROR (a forked child). */
GIRIH_API girih_status girih_get_launch(girih_context *context, uint32_t index, girih_launch_info *info,
                                        girih_error *error);

#ifdef __cplusplus
}
#endif

#endif
