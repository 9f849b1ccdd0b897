/* Runs a compiled model on inputs of zeros, two of them where the size is free. After a model's header. */
#ifndef RUN_H
#define RUN_H

#include <stdio.h>
#include <stdlib.h>

static int allocate(girih_tensor *tensor) {
  size_t bytes = girih_dtype_bytes(tensor->dtype);
  for (uint32_t axis = 0; axis < tensor->rank; ++axis)
    bytes *= (size_t)tensor->dims[axis];
  return (tensor->data = calloc(bytes, 1)) != NULL;
}

static int run(const girih_artifact *artifact) {
  girih_error error;
  girih_model *model;
  girih_context *context;
  girih_model_info info;
  girih_tensor input = {0}, output;
  if (girih_open(artifact, NULL, &model, &error) || girih_create(model, NULL, &context, &error)) {
    puts(error.message);
    return 1;
  }
  girih_get_model_info(model, &info);
  const girih_tensor_info *declared = girih_get_input(model, 0);
  input.dtype = declared->dtype;
  input.rank = declared->rank;
  for (uint32_t axis = 0; axis < input.rank; ++axis)
    input.dims[axis] = declared->dims[axis] < 0 ? 2 : declared->dims[axis];
  if (!allocate(&input) || girih_infer(context, &input, &output, &error) || !allocate(&output) ||
      girih_run(context, &input, &output, &error)) {
    puts(error.message);
    return 1;
  }
  printf("%s: %s[0] = %.6f\n", info.name, girih_get_output(model, 0)->name, ((float *)output.data)[0]);
  free(input.data);
  free(output.data);
  girih_destroy(context);
  girih_close(model);
  return 0;
}

#endif
