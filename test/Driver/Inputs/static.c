/* Two compiled models in one program. */
#include "first.h"
#include "second.h"

#include "run.h"

int main(void) {
  return run(&girih_model_first) || run(&girih_model_second);
}
