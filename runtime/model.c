/* Models: opening, closing, inspecting. */
#include "runtime/internal.h"
#include <stdlib.h>
#include <string.h>

/* Points `infos` at the declared tensors, with their constant dimensions at `dims`. Returns the end of these.
 */
static int64_t *describe(const girih_abi_tensor *tensors, uint32_t count, girih_tensor_info *infos,
                         int64_t *dims) {
  for (uint32_t i = 0; i < count; ++i) {
    infos[i] = (girih_tensor_info){tensors[i].name,     tensors[i].dtype,
                                   tensors[i].rank,     dims,
                                   tensors[i].dim_text, tensors[i].default_offset >= 0};
    for (uint32_t axis = 0; axis < tensors[i].rank; ++axis)
      *dims++ = tensors[i].dims[axis].slot >= 0 ? -1 : tensors[i].dims[axis].constant;
  }
  return dims;
}

girih_status open_model(const girih_artifact *artifact, const char *weights_folder, girih_model **result,
                        girih_error *error) {
  if (artifact->abi_version != GIRIH_ABI_VERSION)
    return fail(error, GIRIH_INCOMPATIBLE,
                "the model was compiled for version %u of the runtime's interface, this runtime (girih %s) "
                "has version %u: "
                "compile the model again",
                artifact->abi_version, GIRIH_VERSION, GIRIH_ABI_VERSION);
  const device_runtime *device = artifact->device_module_count ? &cuda_runtime : NULL;
  if (artifact->device_module_count && !device)
    return fail(
        error, GIRIH_INCOMPATIBLE,
        "model '%s' was compiled for a GPU, and these functions are of a model for CPUs: take those in "
        "its own library, or libgirih's",
        artifact->model_name);
  size_t rank = 0;
  for (uint32_t i = 0; i < artifact->input_count; ++i)
    rank += artifact->inputs[i].rank;
  for (uint32_t i = 0; i < artifact->output_count; ++i)
    rank += artifact->outputs[i].rank;
  size_t tensors = (size_t)artifact->input_count + artifact->output_count;
  girih_model *model =
      calloc(1, sizeof *model + tensors * sizeof(girih_tensor_info) + rank * sizeof(int64_t));
  if (!model) return fail(error, GIRIH_OUT_OF_MEMORY, "out of memory for model '%s'", artifact->model_name);
  model->artifact = artifact;
  model->device = device;
  pthread_mutex_init(&model->cuda_mutex, NULL);
  atomic_init(&model->references, 1);
  model->inputs = (girih_tensor_info *)(model + 1);
  model->outputs = model->inputs + artifact->input_count;
  model->dims = (int64_t *)(model->outputs + artifact->output_count);
  describe(artifact->outputs, artifact->output_count, model->outputs,
           describe(artifact->inputs, artifact->input_count, model->inputs, model->dims));
  model->weights = artifact->weights;
  if (!artifact->weights && artifact->weights_file) {
    girih_status status = map_weights(model, weights_folder, error);
    if (status) {
      free(model);
      return status;
    }
    model->weights = model->mapped;
  }
  guard_weights(model);
  *result = model;
  return GIRIH_OK;
}

girih_status girih_open(const girih_artifact *artifact, const char *weights_folder, girih_model **model,
                        girih_error *error) {
  if (!artifact || !model)
    return fail(error, GIRIH_INVALID_ARGUMENT, "girih_open: '%s' is null", artifact ? "model" : "artifact");
  return open_model(artifact, weights_folder, model, error);
}

void retain_model(girih_model *model) {
  atomic_fetch_add(&model->references, 1);
}

void girih_close(girih_model *model) {
  if (!model || atomic_fetch_sub(&model->references, 1) != 1) return;
  if (model->device) model->device->close(model);
  pthread_mutex_destroy(&model->cuda_mutex);
  unguard_memory(model->weights, model->guarded_bytes);
  unmap_memory(model->mapped, model->weights_file.bytes);
  struct stat status;
  /* The artifact goes with the library; one whose file was cut off can't be read even for that. */
  if (model->close_library && !is_cut_off(&model->library_file, &status))
    model->close_library(model->library);
  unwatch_file(&model->weights_file);
  unwatch_file(&model->library_file);
  free(model);
}

void girih_get_model_info(const girih_model *model, girih_model_info *info) {
  const girih_artifact *a = model->artifact;
  *info = (girih_model_info){
      .name = a->model_name,
      .producer = a->producer,
      .target_cpu = a->target_cpu,
      .required_features = a->required_features,
      .input_count = a->input_count,
      .output_count = a->output_count,
      .symbol_count = a->symbol_count,
      .node_count = a->node_count,
      .launch_count = a->launch_count,
      .parameters = a->parameters,
      .macs = a->macs,
      .weights_bytes = a->weights_bytes,
      .arena_bytes = a->arena_bytes,
      .arena_lower_bound = a->arena_lower_bound,
      .scratch_bytes = a->scratch.slot >= 0 ? -1 : a->scratch.constant,
  };
}

const girih_tensor_info *girih_get_input(const girih_model *model, uint32_t index) {
  return index < model->artifact->input_count ? &model->inputs[index] : NULL;
}

const girih_tensor_info *girih_get_output(const girih_model *model, uint32_t index) {
  return index < model->artifact->output_count ? &model->outputs[index] : NULL;
}

girih_status girih_get_symbol(const girih_model *model, uint32_t index, girih_symbol_info *info,
                              girih_error *error) {
  if (index >= model->artifact->symbol_count)
    return fail(error, GIRIH_INVALID_ARGUMENT, "symbol %u: there are %u", index,
                model->artifact->symbol_count);
  const girih_abi_symbol *symbol = &model->artifact->symbols[index];
  bool is_axis = symbol->axis >= 0;
  *info = (girih_symbol_info){symbol->name, symbol->input, is_axis ? symbol->axis : -1,
                              is_axis ? -1 : -1 - symbol->axis};
  return GIRIH_OK;
}

static int64_t find(const girih_tensor_info *infos, uint32_t count, const char *name) {
  for (uint32_t i = 0; i < count; ++i)
    if (strcmp(infos[i].name, name) == 0) return i;
  return -1;
}

int64_t girih_find_input(const girih_model *model, const char *name) {
  return find(model->inputs, model->artifact->input_count, name);
}

int64_t girih_find_output(const girih_model *model, const char *name) {
  return find(model->outputs, model->artifact->output_count, name);
}
