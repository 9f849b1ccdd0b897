/* What programs that test the driver library say of a call that did not give what it should. */
#ifndef GIRIH_TEST_EXPECT_H
#define GIRIH_TEST_EXPECT_H

#include <cuda.h>
#include <stdio.h>

static int failures = 0;

static const char *nameOf(CUresult r) {
  const char *name = NULL;
  return cuGetErrorName(r, &name) == CUDA_SUCCESS ? name : "?";
}

static void expect(CUresult got, CUresult want, const char *what, int line) {
  if (got == want) return;
  ++failures;
  printf("line %d: %s gives %s, expected %s\n", line, what, nameOf(got), nameOf(want));
}

#define GIVES(CALL, WANT) expect((CALL), (WANT), #CALL, __LINE__)
#define OK(CALL) GIVES(CALL, CUDA_SUCCESS)
#define CHECK(CONDITION)                                                                                     \
  do {                                                                                                       \
    if (!(CONDITION)) ++failures, printf("line %d: not so: %s\n", __LINE__, #CONDITION);                     \
  } while (0)

#endif
