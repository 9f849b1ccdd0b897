/* Runs a compiled model on inputs of zeros and prints the first elements of each output.
 *
 *   cc -I.. run.c ../../build/lib/libgirih.a -lpthread -lm -o run && ./run model.so
 *
 * Dynamic sizes are taken as 1. A model that is linked statically is opened by girih_open instead of
 * girih_load: see docs/c-api.md.
 */
#include "girih.h"
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *message) {
  fprintf(stderr, "error: %s\n", message);
  return 1;
}

/* Zeroed memory for a tensor whose dtype and shape are set. */
static int allocate(girih_tensor *tensor) {
  size_t elements = 1;
  for (uint32_t axis = 0; axis < tensor->rank; ++axis)
    elements *= (size_t)tensor->dims[axis];
  tensor->data = calloc(elements ? elements : 1, girih_dtype_bytes(tensor->dtype));
  return tensor->data != NULL;
}

int main(int argc, char **argv) {
  girih_error error;
  girih_model *model;
  girih_context *context;
  girih_model_info info;
  if (argc != 2) return fail("usage: run model.so");
  if (girih_load(argv[1], &model, &error)) return fail(error.message);
  girih_get_model_info(model, &info);

  girih_options options = {0};
  options.threads = 1;
  if (girih_create(model, &options, &context, &error)) return fail(error.message);

  girih_tensor *inputs = calloc(info.input_count + info.output_count, sizeof *inputs),
               *outputs = inputs + info.input_count;
  if (!inputs) return fail("out of memory");
  for (uint32_t i = 0; i < info.input_count; ++i) {
    const girih_tensor_info *declared = girih_get_input(model, i);
    inputs[i].dtype = declared->dtype;
    inputs[i].rank = declared->rank;
    for (uint32_t axis = 0; axis < declared->rank; ++axis)
      inputs[i].dims[axis] = declared->dims[axis] >= 0 ? declared->dims[axis] : 1;
    if (!allocate(&inputs[i])) return fail("out of memory");
  }

  /* The outputs' shapes follow from the inputs'. */
  if (girih_infer(context, inputs, outputs, &error)) return fail(error.message);
  for (uint32_t i = 0; i < info.output_count; ++i)
    if (!allocate(&outputs[i])) return fail("out of memory");

  if (girih_run(context, inputs, outputs, &error)) return fail(error.message);

  for (uint32_t i = 0; i < info.output_count; ++i) {
    printf("%s: %s[", girih_get_output(model, i)->name, girih_dtype_name(outputs[i].dtype));
    size_t elements = 1;
    for (uint32_t axis = 0; axis < outputs[i].rank; ++axis) {
      printf("%s%lld", axis ? ", " : "", (long long)outputs[i].dims[axis]);
      elements *= (size_t)outputs[i].dims[axis];
    }
    printf("]");
    for (size_t k = 0; outputs[i].dtype == GIRIH_F32 && k < elements && k < 4; ++k)
      printf(" %g", ((const float *)outputs[i].data)[k]);
    printf("\n");
  }

  for (uint32_t i = 0; i < info.input_count + info.output_count; ++i)
    free(inputs[i].data);
  free(inputs);
  girih_destroy(context);
  girih_close(model);
  return 0;
}
