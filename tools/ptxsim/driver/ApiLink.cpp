// The driver API: the linker, as programs use it to compile one PTX file or fat binary. What it yields is its
// PTX.
#include "tools/ptxsim/driver/Images.h"
#include <string_view>

using namespace girih::cudasim;

static CUresult addImage(CUlinkState state, CUjitInputType type, std::string_view image) {
  return inContext([&](Driver &d, CUctx_st &c) {
    if (!d.links.has(state)) return CUDA_ERROR_INVALID_HANDLE;
    if (type != CU_JIT_INPUT_PTX && type != CU_JIT_INPUT_FATBINARY) {
      say("cuLinkAddData: the simulator links PTX and fat binaries with PTX only");
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    if (!state->text.empty()) {
      say("cuLinkAddData: the simulator does not link several PTX files; join them before");
      return CUDA_ERROR_NOT_SUPPORTED;
    }
    Logs logs(unsigned(state->options.size()), state->options.data(), state->values);
    std::string ptx;
    if (CUresult e = readImage(d, {image.data(), image.size()}, logs, ptx)) return e;
    CUmodule m = nullptr;
    if (CUresult e = loadImage(d, &c, {ptx.c_str()}, logs, &m)) return e;
    unloadModule(d, m);
    return state->text = std::move(ptx), CUDA_SUCCESS;
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

CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size, const char *,
                          unsigned, CUjit_option *, void **) {
  if (!data || !size) return CUDA_ERROR_INVALID_VALUE;
  return addImage(state, type, {static_cast<const char *>(data), size});
}

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path, unsigned, CUjit_option *,
                          void **) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return addImage(state, type, text);
}

CUresult cuLinkComplete(CUlinkState state, void **image, size_t *size) {
  return inContext([&](Driver &d, CUctx_st &) {
    if (!d.links.has(state)) return CUDA_ERROR_INVALID_HANDLE;
    if (!image) return CUDA_ERROR_INVALID_VALUE;
    *image = state->text.data();
    if (size) *size = state->text.size() + 1;
    return CUDA_SUCCESS;
  });
}

CUresult cuLinkDestroy(CUlinkState state) {
  return inDriver([&](Driver &d) { return d.links.erase(state) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; });
}

} // extern "C"
