/* The thread pool. Each worker has a mailbox of its own, so that launches with few chunks touch few workers.
 * Waiting is a short spin, then a sleep in the kernel: launches of a run follow each other within
 * microseconds, runs do not. */
#include "runtime/internal.h"
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { IDLE, WORK, ASLEEP, EXIT };

/* How long a waiter spins. Waking a sleeper takes 5 to 50 microseconds; longer spins would steal from workers
 * where two CPUs are threads of one core. */
#define SPIN_NANOSECONDS 20000

typedef struct {
  _Alignas(128) _Atomic uint32_t state;
  uint32_t index;
  struct pool *pool;
  pthread_t thread;
} worker;

struct pool {
  void (*chunk)(void *argument, uint32_t i);
  void *argument;
  bool spin;
  uint32_t worker_count;
  _Alignas(128) _Atomic uint32_t remaining; /* workers that have not finished */
  _Atomic uint32_t caller_sleeps;
  worker workers[];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins until *word differs from `value`; false if it still does not after SPIN_NANOSECONDS. */
static bool spin_while(_Atomic uint32_t *word, uint32_t value) {
  int64_t end = 0;
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (atomic_load_explicit(word, memory_order_acquire) != value) return true;
      relax();
    }
    int64_t time = now();
    if (!end) end = time + SPIN_NANOSECONDS;
    if (time >= end) return false;
  }
}

static void *work(void *argument) {
  worker *self = argument;
  struct pool *pool = self->pool;
  for (;;) {
    if (!pool->spin || !spin_while(&self->state, IDLE)) {
      uint32_t idle = IDLE;
      if (atomic_compare_exchange_strong(&self->state, &idle, ASLEEP))
        while (atomic_load(&self->state) == ASLEEP)
          futex_wait(&self->state, ASLEEP);
    }
    if (atomic_load(&self->state) == EXIT) return NULL;
    pool->chunk(pool->argument, self->index);
    /* Idle before the count falls: the caller's next job may arrive at once. */
    atomic_store_explicit(&self->state, IDLE, memory_order_relaxed);
    if (atomic_fetch_sub(&pool->remaining, 1) == 1 && atomic_load(&pool->caller_sleeps))
      futex_wake(&pool->remaining);
  }
}

static void post(worker *worker, uint32_t state) {
  if (atomic_exchange(&worker->state, state) == ASLEEP) futex_wake(&worker->state);
}

void run_pool(struct pool *pool, uint32_t count, void (*chunk)(void *argument, uint32_t i), void *argument) {
  if (count > 1) {
    pool->chunk = chunk;
    pool->argument = argument;
    atomic_store_explicit(&pool->remaining, count - 1, memory_order_relaxed);
    for (uint32_t i = 0; i + 1 < count; ++i)
      post(&pool->workers[i], WORK);
  }
  chunk(argument, 0);
  if (count == 1) return;
  for (;;) {
    uint32_t left = atomic_load(&pool->remaining);
    if (!left) return;
    if (pool->spin && spin_while(&pool->remaining, left)) continue;
    atomic_store(&pool->caller_sleeps, 1);
    while ((left = atomic_load(&pool->remaining)))
      futex_wait(&pool->remaining, left);
    atomic_store_explicit(&pool->caller_sleeps, 0, memory_order_relaxed);
  }
}

/* Workers inherit the mask: what is sent to the program is for the program's own threads, whose handlers and
 * sigwait expect it. Left to come through are the signals that an instruction of the worker's own raises
 * (blocked, they would end the program without its handlers), and SIGPROF, by which profilers sample whatever
 * thread is running. */
static void block_signals(sigset_t *before) {
  static const int own[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGPROF};
  sigset_t set;
  sigfillset(&set);
  for (size_t i = 0; i < sizeof own / sizeof *own; ++i)
    sigdelset(&set, own[i]);
  pthread_sigmask(SIG_BLOCK, &set, before);
}

struct pool *create_pool(uint32_t threads, girih_error *error) {
  size_t bytes = sizeof(struct pool) + (threads - 1) * sizeof(worker);
  struct pool *pool = aligned_alloc(128, (bytes + 127) / 128 * 128);
  if (!pool) {
    fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for %u threads", threads);
    return NULL;
  }
  memset(pool, 0, bytes);
  /* With more threads than CPUs, a spinning waiter holds up the very thread that it waits for. */
  pool->spin = threads <= allowed_cpus();
  sigset_t signals;
  block_signals(&signals);
  int code = 0;
  for (uint32_t i = 0; i + 1 < threads && !code; ++i) {
    worker *worker = &pool->workers[i];
    worker->index = i + 1;
    worker->pool = pool;
    code = pthread_create(&worker->thread, NULL, work, worker);
    if (!code) pool->worker_count = i + 1;
  }
  pthread_sigmask(SIG_SETMASK, &signals, NULL);
  if (!code) return pool;
  fail(error, GIRIH_SYSTEM_ERROR, "can't start thread %u of %u: %s; ask for fewer threads",
       pool->worker_count + 2, threads, strerror(code));
  destroy_pool(pool);
  return NULL;
}

void destroy_pool(struct pool *pool) {
  if (!pool) return;
  for (uint32_t i = 0; i < pool->worker_count; ++i) {
    post(&pool->workers[i], EXIT);
    pthread_join(pool->workers[i].thread, NULL);
  }
  free(pool);
}
