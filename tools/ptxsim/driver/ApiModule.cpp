// The driver API: modules, and libraries, which are modules that all contexts share.
#include "tools/ptxsim/driver/Driver.h"
#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace girih::cudasim;

namespace {

/// The buffers of cuModuleLoadDataEx for messages; sizes are replaced by what was written.
struct Logs {
  char *info = nullptr, *error = nullptr;
  void **infoSize = nullptr, **errorSize = nullptr;

  static void write(char *to, void **size, const std::string &text) {
    if (!size) return;
    size_t room = unsigned(reinterpret_cast<uintptr_t>(*size)), written = 0;
    if (to && room) {
      written = std::min(text.size(), room - 1);
      memcpy(to, text.data(), written);
      to[written++] = 0;
    }
    *size = reinterpret_cast<void *>(text.empty() ? 0 : written);
  }
};

Logs logsOf(unsigned count, CUjit_option *options, void **values) {
  Logs logs;
  for (unsigned n = 0; options && values && n < count; ++n) {
    if (options[n] == CU_JIT_INFO_LOG_BUFFER) logs.info = static_cast<char *>(values[n]);
    if (options[n] == CU_JIT_ERROR_LOG_BUFFER) logs.error = static_cast<char *>(values[n]);
    if (options[n] == CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES) logs.infoSize = &values[n];
    if (options[n] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) logs.errorSize = &values[n];
  }
  return logs;
}

/// What an image is if it is no PTX, or null.
const char *binaryKind(const void *image) {
  unsigned magic;
  memcpy(&magic, image, 4);
  if (magic == 0x464c457f) return "a cubin";
  if (magic == 0xba55ed50) return "a fat binary";
  if (magic == 0x466243b1) return "a wrapped fat binary";
  return nullptr;
}

/// Whether PTX for `target` ("sm_90", "sm_90a", "sm_100f") runs on the device.
bool runsOn(const Gpu &gpu, const std::string &target) {
  if (target.rfind("sm_", 0) != 0) return true;
  int number = atoi(target.c_str() + 3), have = gpu.major * 10 + gpu.minor;
  if (target.back() == 'a') return number == have;
  if (target.back() == 'f') return number / 10 == gpu.major && number <= have;
  return number <= have;
}

CUresult load(Driver &d, CUcontext context, const void *image, const Logs &logs, CUmodule *out) {
  auto fail = [&](CUresult code, const std::string &message) {
    if (logs.error && logs.errorSize)
      Logs::write(logs.error, logs.errorSize, message);
    else
      say("%s", message.c_str());
    return code;
  };
  if (!image || !out) return CUDA_ERROR_INVALID_VALUE;
  const char *text = static_cast<const char *>(image);
  // Short texts end before a magic number would.
  if (strnlen(text, 4) == 4)
    if (const char *kind = binaryKind(image))
      return fail(CUDA_ERROR_NO_BINARY_FOR_GPU, std::string("error: the image is ") + kind +
                                                    ", machine code; the simulator executes PTX: give the "
                                                    "module as PTX text");
  std::string error;
  auto *loaded = d.device->load(text, "module.ptx", error);
  if (!loaded) return fail(CUDA_ERROR_INVALID_PTX, error);
  const std::string &target = loaded->module().target;
  if (!runsOn(*d.gpu, target)) {
    std::string message = "error: the PTX is for " + target + ", the simulated device is sm_" +
                          std::to_string(d.gpu->major * 10 + d.gpu->minor) +
                          " (choose another one by GIRIH_PTXSIM_DEVICE)";
    d.device->unload(loaded);
    return fail(CUDA_ERROR_NO_BINARY_FOR_GPU, message);
  }
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
  Logs::write(logs.info, logs.infoSize, "");
  Logs::write(logs.error, logs.errorSize, "");
  return *out = m, CUDA_SUCCESS;
}

CUresult readFile(const char *path, std::string &text) {
  if (!path) return CUDA_ERROR_INVALID_VALUE;
  std::ifstream in(path, std::ios::binary);
  if (!in) return CUDA_ERROR_FILE_NOT_FOUND;
  text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return CUDA_SUCCESS;
}

void unload(Driver &d, CUmodule m) {
  for (CUfunction f : m->functions)
    d.functions.erase(f);
  d.device->unload(m->loaded);
  d.modules.erase(m);
}

CUfunction findFunction(CUmodule m, const char *name) {
  for (CUfunction f : m->functions)
    if (f->name == name) return f;
  return nullptr;
}

template <class F> CUresult ofModule(CUmodule m, F &&f) {
  return inContext(
      [&](Driver &d, CUctx_st &) { return d.modules.has(m) ? f(d) : CUDA_ERROR_INVALID_HANDLE; });
}

template <class F> CUresult ofLibrary(CUlibrary library, F &&f) {
  return inDriver([&](Driver &d) {
    return d.libraries.has(library) ? f(d, library->module) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult globalOf(CUmodule m, const char *name, CUdeviceptr *address, size_t *bytes) {
  if (!name || (!address && !bytes)) return CUDA_ERROR_INVALID_VALUE;
  auto global = m->loaded->global(name);
  if (!global) return CUDA_ERROR_NOT_FOUND;
  if (address) *address = global->address;
  if (bytes) *bytes = global->bytes;
  return CUDA_SUCCESS;
}

template <class T> CUresult list(CUmodule m, T *out, unsigned count) {
  if (!out && count) return CUDA_ERROR_INVALID_VALUE;
  for (unsigned n = 0; n < count && n < m->functions.size(); ++n)
    out[n] = reinterpret_cast<T>(m->functions[n]);
  return CUDA_SUCCESS;
}

CUresult loadLibrary(CUlibrary *out, const void *code, const Logs &logs) {
  return inDriver([&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    CUmodule m = nullptr;
    if (CUresult e = load(d, nullptr, code, logs, &m)) return e;
    *out = d.libraries.make();
    return (*out)->module = m, CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned count, CUjit_option *options,
                            void **values) {
  return inContext(
      [&](Driver &d, CUctx_st &c) { return load(d, &c, image, logsOf(count, options, values), out); });
}

CUresult cuModuleLoadData(CUmodule *out, const void *image) {
  return cuModuleLoadDataEx(out, image, 0, nullptr, nullptr);
}

CUresult cuModuleLoadFatBinary(CUmodule *out, const void *image) {
  return cuModuleLoadDataEx(out, image, 0, nullptr, nullptr);
}

CUresult cuModuleLoad(CUmodule *out, const char *path) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return cuModuleLoadDataEx(out, text.c_str(), 0, nullptr, nullptr);
}

CUresult cuModuleUnload(CUmodule m) {
  return ofModule(m, [&](Driver &d) {
    if (!m->context) return CUDA_ERROR_NOT_PERMITTED; // its library's
    return unload(d, m), CUDA_SUCCESS;
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  if (!mode) return CUDA_ERROR_INVALID_VALUE;
  return *mode = CU_MODULE_EAGER_LOADING, CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *out, CUmodule m, const char *name) {
  return ofModule(m, [&](Driver &) {
    if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
    *out = findFunction(m, name);
    return *out ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
  });
}

CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule m) {
  return ofModule(m, [&](Driver &) {
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    return *count = unsigned(m->functions.size()), CUDA_SUCCESS;
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction *out, unsigned count, CUmodule m) {
  return ofModule(m, [&](Driver &) { return list(m, out, count); });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule m, const char *name) {
  return ofModule(m, [&](Driver &) { return globalOf(m, name, address, bytes); });
}

CUresult cuLibraryLoadData(CUlibrary *out, const void *code, CUjit_option *options, void **values,
                           unsigned count, CUlibraryOption *, void **, unsigned) {
  return loadLibrary(out, code, logsOf(count, options, values));
}

CUresult cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *options, void **values,
                               unsigned count, CUlibraryOption *, void **, unsigned) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return loadLibrary(out, text.c_str(), logsOf(count, options, values));
}

CUresult cuLibraryUnload(CUlibrary library) {
  return ofLibrary(library, [&](Driver &d, CUmodule m) {
    unload(d, m);
    d.libraries.erase(library);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernel(CUkernel *out, CUlibrary library, const char *name) {
  return ofLibrary(library, [&](Driver &, CUmodule m) {
    if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
    *out = reinterpret_cast<CUkernel>(findFunction(m, name));
    return *out ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
  });
}

CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary library) {
  return ofLibrary(library, [&](Driver &, CUmodule m) {
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    return *count = unsigned(m->functions.size()), CUDA_SUCCESS;
  });
}

CUresult cuLibraryEnumerateKernels(CUkernel *out, unsigned count, CUlibrary library) {
  return ofLibrary(library, [&](Driver &, CUmodule m) { return list(m, out, count); });
}

CUresult cuLibraryGetModule(CUmodule *out, CUlibrary library) {
  return ofLibrary(library, [&](Driver &, CUmodule m) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    return *out = m, CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUlibrary library, const char *name) {
  return ofLibrary(library, [&](Driver &, CUmodule m) { return globalOf(m, name, address, bytes); });
}

// PTX marks managed variables by an attribute; they are variables like the others here.
CUresult cuLibraryGetManaged(CUdeviceptr *address, size_t *bytes, CUlibrary library, const char *name) {
  return cuLibraryGetGlobal(address, bytes, library, name);
}

} // extern "C"
