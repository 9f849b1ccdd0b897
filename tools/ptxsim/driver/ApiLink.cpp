// The driver API: the linker, which joins PTX files and the PTX of fat binaries. What it yields is PTX.
#include "tools/ptxsim/driver/DeviceRuntime.h"
#include "tools/ptxsim/driver/Images.h"
#include <string_view>

using namespace girih::cudasim;

static Logs logsOf(CUlinkState state) {
  return Logs(unsigned(state->options.size()), state->options.data(), state->values);
}

static CUresult addImage(CUlinkState state, CUjitInputType type, std::string_view image, const char *name) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!d.links.has(state)) return CUDA_ERROR_INVALID_HANDLE;
    if (type == CU_JIT_INPUT_LIBRARY && isDeviceRuntime(name ? name : "", image)) {
      state->inputs.push_back({"cudadevrt", deviceRuntime});
      return CUDA_SUCCESS;
    }
    if (type != CU_JIT_INPUT_PTX && type != CU_JIT_INPUT_FATBINARY) {
      say("cuLinkAddData: the simulator links PTX and fat binaries with PTX only; '%s' is of type %d",
          name ? name : "", type);
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    Logs logs = logsOf(state);
    LinkInput input{name && *name ? name : "module.ptx", {}};
    if (CUresult e = readImage(d, {image.data(), image.size()}, logs, input.text)) return e;
    if (CUresult e = checkSyntax(d, input.name, input.text, logs)) return e;
    return state->inputs.push_back(std::move(input)), CUDA_SUCCESS;
  });
}

extern "C" {

CUresult cuLinkCreate_v2(unsigned count, CUjit_option *options, void **values, CUlinkState *out) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!out || (count && (!options || !values))) return CUDA_ERROR_INVALID_VALUE;
    *out = d.links.make();
    (*out)->options.assign(options, options + count), (*out)->values = values;
    return CUDA_SUCCESS;
  });
}

CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size, const char *name,
                          unsigned, CUjit_option *, void **) {
  if (!data || !size) return CUDA_ERROR_INVALID_VALUE;
  return addImage(state, type, {static_cast<const char *>(data), size}, name);
}

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path, unsigned, CUjit_option *,
                          void **) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return addImage(state, type, text, path);
}

CUresult cuLinkComplete(CUlinkState state, void **image, size_t *size) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!d.links.has(state)) return CUDA_ERROR_INVALID_HANDLE;
    if (!image || state->inputs.empty()) return CUDA_ERROR_INVALID_VALUE;
    Logs logs = logsOf(state);
    std::string error;
    if (!linkPtx(state->inputs, state->text, error)) return fail(logs, CUDA_ERROR_INVALID_PTX, error);
    // Whether all of it is there, and executable, the loader finds.
    CUmodule m = nullptr;
    if (CUresult e = loadImage(d, &c, {state->text.c_str()}, logs, &m)) return e;
    unloadModule(d, m);
    *image = state->text.data();
    if (size) *size = state->text.size() + 1;
    return CUDA_SUCCESS;
  });
}

CUresult cuLinkDestroy(CUlinkState state) {
  return inDriver([&](Driver &d) { return d.links.erase(state) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

} // extern "C"
