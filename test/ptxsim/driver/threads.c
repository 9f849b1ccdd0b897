/* Several threads of the host on the driver API: contexts, modules, streams and graphs of their own, and
 * streams and events that they share. Plain C, which knows nothing of the simulator; prints what failed. */
#include "kernels.h"
#include <cuda.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
static int failures = 0;

static void failed(int line, const char *what, const char *how) {
  pthread_mutex_lock(&printing);
  ++failures;
  printf("line %d: %s%s\n", line, what, how);
  pthread_mutex_unlock(&printing);
}

static void expect(CUresult got, CUresult want, const char *what, int line) {
  const char *name = "?";
  if (got == want) return;
  cuGetErrorName(got, &name);
  failed(line, what, ": "), failed(line, "  it gives ", name);
}

#define GIVES(CALL, WANT) expect((CALL), (WANT), #CALL, __LINE__)
#define OK(CALL) GIVES(CALL, CUDA_SUCCESS)
#define CHECK(CONDITION)                                                                                     \
  do {                                                                                                       \
    if (!(CONDITION)) failed(__LINE__, "not so: ", #CONDITION);                                              \
  } while (0)

enum { THREADS = 4, ROUNDS = 12, N = 32 };

static void pause_for(int milliseconds) {
  struct timespec t = {0, milliseconds * 1000000L};
  nanosleep(&t, NULL);
}

static CUfunction functionOf(CUmodule m, const char *name) {
  CUfunction f = NULL;
  OK(cuModuleGetFunction(&f, m, name));
  return f;
}

static void launch(CUfunction f, CUstream s, void **args) {
  OK(cuLaunchKernel(f, 1, 1, 1, N, 1, 1, N * 4, s, args, NULL));
}

static void count(void *data) {
  ++*(int *)data;
}

/* A thread with nothing of another's: its own context, or the primary one, which all of them share. */
static void *alone(void *data) {
  int number = *(int *)data;
  for (int round = 0; round < ROUNDS; ++round) {
    CUcontext own = NULL;
    CUmodule module = NULL;
    CUstream s = NULL;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    CUdeviceptr p = 0;
    unsigned k = (unsigned)(number + 2), values[N];
    int calls = 0, isOwn = (number + round) % 2;
    if (isOwn)
      OK(cuCtxCreate(&own, NULL, 0, 0));
    else {
      OK(cuDevicePrimaryCtxRetain(&own, 0));
      OK(cuCtxSetCurrent(own));
    }
    OK(cuModuleLoadData(&module, kernels));
    OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    OK(cuMemAlloc(&p, sizeof values));
    OK(cuMemsetD32Async(p, 1, N, s));
    void *args[] = {&p, &k};
    launch(functionOf(module, "scale"), s, args);
    OK(cuLaunchHostFunc(s, count, &calls));
    OK(cuStreamSynchronize(s));
    CHECK(calls == 1);
    OK(cuStreamBeginCapture(s, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    launch(functionOf(module, "scale"), s, args);
    OK(cuLaunchHostFunc(s, count, &calls));
    OK(cuStreamEndCapture(s, &graph));
    OK(cuGraphInstantiate(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    OK(cuGraphLaunch(exec, s));
    OK(cuGraphLaunch(exec, s));
    OK(cuMemcpyDtoHAsync(values, p, sizeof values, s));
    OK(cuStreamSynchronize(s));
    CHECK(calls == 3);
    for (int n = 0; n < N; ++n)
      CHECK(values[n] == k * k * k);
    OK(cuGraphExecDestroy(exec));
    OK(cuMemFree(p));
    OK(cuStreamDestroy(s));
    OK(cuModuleUnload(module));
    if (isOwn)
      OK(cuCtxDestroy(own));
    else
      OK(cuDevicePrimaryCtxRelease(0));
  }
  return NULL;
}

/* Threads in a row: each waits on its own stream for the event of the one before it, adds to what that one
 * wrote, and records an event for the one after it. */
static CUcontext shared;
static CUmodule sharedModule;
static CUevent done[THREADS + 1];
static pthread_barrier_t recorded[THREADS + 1];
static CUdeviceptr chain;

static void *inARow(void *data) {
  int number = *(int *)data;
  CUstream s = NULL;
  unsigned k = 3;
  void *args[] = {&chain, &k};
  OK(cuCtxSetCurrent(shared));
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  for (int round = 0; round < ROUNDS; ++round) {
    pthread_barrier_wait(&recorded[number]);
    OK(cuStreamWaitEvent(s, done[number], 0));
    launch(functionOf(sharedModule, "scale"), s, args);
    OK(cuEventRecord(done[number + 1], s));
    pthread_barrier_wait(&recorded[number + 1]);
  }
  OK(cuStreamDestroy(s));
  return NULL;
}

/* What is submitted while a function of the host runs comes after it, whichever thread submits it. */
static CUstream sharedStream;
static pthread_barrier_t begun;
static int slowlyDone = 0, orderSeen = 0;

static void slowly(void *data) {
  (void)data;
  GIVES(cuStreamSynchronize(NULL), CUDA_ERROR_NOT_PERMITTED); /* functions must not call the driver */
  pthread_barrier_wait(&begun);
  pause_for(100);
  slowlyDone = 1;
}

static void after(void *data) {
  *(int *)data = slowlyDone;
}

static void *submitsSlowly(void *data) {
  (void)data;
  OK(cuCtxSetCurrent(shared));
  OK(cuLaunchHostFunc(sharedStream, slowly, NULL));
  return NULL;
}

static void order(void) {
  pthread_t thread;
  CUstream other = NULL;
  pthread_barrier_init(&begun, NULL, 2);
  OK(cuStreamCreate(&sharedStream, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
  pthread_create(&thread, NULL, submitsSlowly, NULL);
  pthread_barrier_wait(&begun);
  GIVES(cuStreamQuery(sharedStream), CUDA_ERROR_NOT_READY);
  OK(cuStreamQuery(other));
  OK(cuStreamSynchronize(other));
  OK(cuLaunchHostFunc(sharedStream, after, &orderSeen));
  OK(cuStreamSynchronize(sharedStream));
  CHECK(orderSeen);
  pthread_join(thread, NULL);
  /* The whole context, and its end. */
  slowlyDone = 0;
  pthread_create(&thread, NULL, submitsSlowly, NULL);
  pthread_barrier_wait(&begun);
  OK(cuCtxSynchronize());
  CHECK(slowlyDone);
  pthread_join(thread, NULL);
  slowlyDone = 0;
  pthread_create(&thread, NULL, submitsSlowly, NULL);
  pthread_barrier_wait(&begun);
  OK(cuStreamDestroy(sharedStream));
  CHECK(slowlyDone);
  pthread_join(thread, NULL);
  OK(cuStreamDestroy(other));
  pthread_barrier_destroy(&begun);
}

static void inThreads(void *(*f)(void *)) {
  pthread_t threads[THREADS];
  int numbers[THREADS];
  for (int n = 0; n < THREADS; ++n)
    numbers[n] = n, pthread_create(&threads[n], NULL, f, &numbers[n]);
  for (int n = 0; n < THREADS; ++n)
    pthread_join(threads[n], NULL);
}

/* The first barrier and the last are this thread's, which begins and ends each round. */
static void *rounds(void *data) {
  unsigned value = 0, expected = 1;
  (void)data;
  OK(cuCtxSetCurrent(shared));
  OK(cuMemsetD32(chain, 1, N));
  for (int round = 0; round < ROUNDS; ++round) {
    OK(cuEventRecord(done[0], NULL));
    pthread_barrier_wait(&recorded[0]);
    pthread_barrier_wait(&recorded[THREADS]);
    OK(cuEventSynchronize(done[THREADS]));
    OK(cuMemcpyDtoH(&value, chain, 4));
    for (int n = 0; n < THREADS; ++n)
      expected *= 3;
    CHECK(value == expected);
  }
  return NULL;
}

int main(void) {
  pthread_t conductor;
  OK(cuInit(0));
  OK(cuDevicePrimaryCtxRetain(&shared, 0)); /* so that no thread of `alone` releases the last reference */
  inThreads(alone);
  OK(cuCtxSetCurrent(shared));
  OK(cuModuleLoadData(&sharedModule, kernels));
  OK(cuMemAlloc(&chain, N * 4));
  for (int n = 0; n <= THREADS; ++n) {
    OK(cuEventCreate(&done[n], CU_EVENT_DISABLE_TIMING));
    pthread_barrier_init(&recorded[n], NULL, 2);
  }
  pthread_create(&conductor, NULL, rounds, NULL);
  inThreads(inARow);
  pthread_join(conductor, NULL);
  order();
  OK(cuDevicePrimaryCtxRelease(0));
  printf(failures ? "%d failed\n" : "passed\n", failures);
  return failures != 0;
}
