#include "tools/ptxsim/driver/Images.h"
#include "tools/ptxsim/driver/FatBinary.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace girih::cudasim {

Logs::Logs(unsigned count, CUjit_option *options, void **values) {
  for (unsigned n = 0; options && values && n < count; ++n) {
    if (options[n] == CU_JIT_INFO_LOG_BUFFER) info = static_cast<char *>(values[n]);
    if (options[n] == CU_JIT_ERROR_LOG_BUFFER) error = static_cast<char *>(values[n]);
    if (options[n] == CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES) infoSize = &values[n];
    if (options[n] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) errorSize = &values[n];
  }
}

void Logs::write(char *to, void **size, const std::string &text) {
  if (!size) return;
  size_t room = unsigned(reinterpret_cast<uintptr_t>(*size)), written = 0;
  if (to && room) {
    written = std::min(text.size(), room - 1);
    memcpy(to, text.data(), written);
    to[written++] = 0;
  }
  *size = reinterpret_cast<void *>(text.empty() ? 0 : written);
}

void Logs::writeNothing() const {
  write(info, infoSize, "");
  write(error, errorSize, "");
}

CUresult fail(const Logs &logs, CUresult code, const std::string &message) {
  if (logs.error && logs.errorSize)
    logs.writeError(message);
  else
    say("%s", message.c_str());
  return code;
}

/// Whether PTX for `target` ("sm_90", "sm_90a", "sm_100f") runs on the device.
static bool runsOn(const Gpu &gpu, const std::string &target) {
  if (target.rfind("sm_", 0) != 0) return true;
  int number = atoi(target.c_str() + 3), have = gpu.major * 10 + gpu.minor;
  if (target.back() == 'a') return number == have;
  if (target.back() == 'f') return number / 10 == gpu.major && number <= have;
  return number <= have;
}

static CUresult checkTarget(Driver &d, const std::string &target, const Logs &logs) {
  if (runsOn(*d.gpu, target)) return CUDA_SUCCESS;
  return fail(logs, CUDA_ERROR_NO_BINARY_FOR_GPU,
              "error: the PTX is for " + target + ", the simulated device is sm_" +
                  std::to_string(d.gpu->major * 10 + d.gpu->minor) +
                  " (choose another one by GIRIH_PTXSIM_DEVICE)");
}

CUresult checkSyntax(Driver &d, const std::string &name, const std::string &text, const Logs &logs) {
  std::string error;
  auto module = ptx::parseModule(text, name, error);
  return module ? checkTarget(d, module->target, logs) : fail(logs, CUDA_ERROR_INVALID_PTX, error);
}

CUresult readImage(Driver &d, const Image &image, const Logs &logs, std::string &ptx) {
  if (!image.data) return CUDA_ERROR_INVALID_VALUE;
  const char *text = static_cast<const char *>(image.data);
  // Short texts end before a magic number would.
  if (image.bytes >= 4 && strnlen(text, 4) == 4) {
    if (!memcmp(text, "\177ELF", 4))
      return fail(logs, CUDA_ERROR_NO_BINARY_FOR_GPU,
                  "error: the image is a cubin, machine code; the simulator executes PTX: give the module as "
                  "PTX text, or as a fat binary with PTX in it");
    std::string error;
    if (isFatBinary(text)) {
      if (ptxOf(*d.gpu, text, image.bytes, ptx, error)) return CUDA_SUCCESS;
      return fail(logs, CUDA_ERROR_NO_BINARY_FOR_GPU, "error: the image is a fat binary: " + error);
    }
  }
  return ptx.assign(text, strnlen(text, image.bytes)), CUDA_SUCCESS;
}

CUresult loadImage(Driver &d, CUcontext context, const Image &image, const Logs &logs, CUmodule *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  std::string text, error;
  if (CUresult e = readImage(d, image, logs, text)) return e;
  auto *loaded = d.device->load(std::move(text), "module.ptx", error);
  if (!loaded) return fail(logs, CUDA_ERROR_INVALID_PTX, error);
  if (CUresult e = checkTarget(d, loaded->module().target, logs)) return d.device->unload(loaded), e;
  CUmodule m = d.modules.make();
  m->loaded = loaded, m->context = context;
  for (const auto &f : loaded->module().functions) {
    const auto *program = f.isEntry ? loaded->kernel(f.name) : nullptr;
    if (!program) continue;
    CUfunction function = d.functions.make();
    function->module = m, function->program = program, function->name = f.name;
    function->maxDynamicShared = std::max(0, Gpu::sharedPerBlock - int(program->sharedBytes));
    m->functions.push_back(function);
  }
  logs.writeNothing();
  return *out = m, CUDA_SUCCESS;
}

CUresult readFile(const char *path, std::string &text) {
  if (!path) return CUDA_ERROR_INVALID_VALUE;
  std::ifstream in(path, std::ios::binary);
  if (!in) return CUDA_ERROR_FILE_NOT_FOUND;
  text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return CUDA_SUCCESS;
}

void unloadModule(Driver &d, CUmodule m) {
  for (CUfunction f : m->functions)
    d.functions.erase(f);
  d.device->unload(m->loaded);
  d.modules.erase(m);
}

} // namespace girih::cudasim
