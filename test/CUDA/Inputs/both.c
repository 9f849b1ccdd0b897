/* A model for a GPU and one for the CPU in one program. */
#include "cpu.h"
#include "gpu.h"
#include <stdio.h>

static int run(const char *name, const girih_artifact *artifact) {
  girih_model *model;
  girih_context *context;
  girih_error error;
  float point[2] = {0.5f, -0.25f}, spiral[3];
  girih_tensor input = {point, GIRIH_F32, 2, {1, 2}}, output = {spiral, GIRIH_F32, 2, {1, 3}};
  if (girih_open(artifact, NULL, &model, &error) || girih_create(model, NULL, &context, &error) ||
      girih_run(context, &input, &output, &error))
    return puts(error.message), 1;
  const char *device = girih_get_device(context);
  printf("%s on %s: %.4f\n", name, device ? device : "this CPU", spiral[0] + spiral[1] + spiral[2]);
  girih_destroy(context);
  girih_close(model);
  return 0;
}

int main(void) {
  return run("gpu", &girih_model_gpu) || run("cpu", &girih_model_cpu);
}
