/* One of two models of the same name in one program: NET is its header, and MAIN says that the other one
 * comes after it. */
#include NET

#include "run.h"

int second(void);

#ifdef MAIN
int main(void) {
  return run(&girih_model_net) || second();
}
#else
int second(void) {
  return run(&girih_model_net);
}
#endif
