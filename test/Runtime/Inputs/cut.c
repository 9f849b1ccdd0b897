/* Runs the model argv[1] on zeros, cuts the file argv[2] off at argv[3] bytes, and runs again. */
#include "girih.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static girih_tensor allocate(girih_tensor tensor) {
  size_t bytes = girih_dtype_bytes(tensor.dtype);
  for (uint32_t axis = 0; axis < tensor.rank; ++axis)
    bytes *= (size_t)tensor.dims[axis];
  tensor.data = calloc(bytes, 1);
  return tensor;
}

int main(int argc, char **argv) {
  girih_error error;
  girih_model *model;
  girih_context *context;
  girih_options options = {.threads = 2};
  if (argc != 4) return 2;
  if (girih_load(argv[1], &model, &error) || girih_create(model, &options, &context, &error)) {
    puts(error.message);
    return 1;
  }
  const girih_tensor_info *declared = girih_get_input(model, 0);
  girih_tensor input = {NULL, declared->dtype, declared->rank, {0}}, output;
  for (uint32_t axis = 0; axis < input.rank; ++axis)
    input.dims[axis] = declared->dims[axis] < 0 ? 2 : declared->dims[axis];
  input = allocate(input);
  if (girih_infer(context, &input, &output, &error)) return 3;
  output = allocate(output);
  if (girih_run(context, &input, &output, &error)) return 4;
  puts("ran");
  usleep(20000); /* the library is looked at once in some milliseconds */
  if (truncate(argv[2], atol(argv[3]))) return 5;
  puts(girih_run(context, &input, &output, &error) ? error.message : "ran again");
  girih_destroy(context);
  girih_close(model);
  free(input.data);
  free(output.data);
  return 0;
}
