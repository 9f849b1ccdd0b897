/* Runs a compiled model of fixed sizes on the data of all inputs at standard input; outputs go to standard
 * output. */
#include "girih.h"
#include <stdio.h>
#include <stdlib.h>

/* Memory for a tensor whose type and sizes are set. */
static size_t allocate(girih_tensor *tensor) {
  size_t bytes = girih_dtype_bytes(tensor->dtype);
  for (uint32_t axis = 0; axis < tensor->rank; ++axis)
    bytes *= (size_t)tensor->dims[axis];
  tensor->data = malloc(bytes + 1);
  return bytes;
}

static int fail(const girih_error *error) {
  fprintf(stderr, "%s\n", error->message);
  return 1;
}

int main(int argc, char **argv) {
  girih_error error = {"usage: pipe model.so <inputs >outputs"};
  girih_model *model;
  girih_context *context;
  girih_model_info info;
  if (argc != 2 || girih_load(argv[1], &model, &error) || girih_create(model, NULL, &context, &error))
    return fail(&error);
  girih_get_model_info(model, &info);
  girih_tensor *inputs = calloc(info.input_count + info.output_count, sizeof *inputs),
               *outputs = inputs + info.input_count;
  for (uint32_t i = 0; i < info.input_count; ++i) {
    const girih_tensor_info *declared = girih_get_input(model, i);
    inputs[i].dtype = declared->dtype;
    inputs[i].rank = declared->rank;
    for (uint32_t axis = 0; axis < declared->rank; ++axis)
      inputs[i].dims[axis] = declared->dims[axis];
    size_t bytes = allocate(&inputs[i]);
    if (fread(inputs[i].data, 1, bytes, stdin) != bytes) return fputs("inputs are cut off\n", stderr), 1;
  }
  if (girih_infer(context, inputs, outputs, &error)) return fail(&error);
  size_t bytes[64];
  for (uint32_t i = 0; i < info.output_count; ++i)
    bytes[i] = allocate(&outputs[i]);
  if (girih_run(context, inputs, outputs, &error)) return fail(&error);
  for (uint32_t i = 0; i < info.output_count; ++i)
    fwrite(outputs[i].data, 1, bytes[i], stdout);
  return 0;
}
