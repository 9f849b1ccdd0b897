/* A library that says when it is loaded. */
#include <stdio.h>

__attribute__((constructor)) static void loaded(void) {
  puts("code of the library ran");
  fflush(stdout);
}
