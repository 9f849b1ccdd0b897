// The driver API: modules, and libraries, which are modules that all contexts share.
#include "tools/ptxsim/driver/Images.h"

using namespace girih::cudasim;

namespace {

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

CUresult loadModule(CUmodule *out, const Image &image, const Logs &logs) {
  return inContext([&](Driver &d, CUctx_st &c) { return loadImage(d, &c, image, logs, out); });
}

CUresult loadLibrary(CUlibrary *out, const Image &code, const Logs &logs) {
  return inDriver([&](Driver &d) {
    if (!out) return CUDA_ERROR_INVALID_VALUE;
    CUmodule m = nullptr;
    if (CUresult e = loadImage(d, nullptr, code, logs, &m)) return e;
    *out = d.libraries.make();
    return (*out)->module = m, CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned count, CUjit_option *options,
                            void **values) {
  return loadModule(out, {image}, Logs(count, options, values));
}

CUresult cuModuleLoadData(CUmodule *out, const void *image) {
  return loadModule(out, {image}, {});
}

CUresult cuModuleLoadFatBinary(CUmodule *out, const void *image) {
  return loadModule(out, {image}, {});
}

CUresult cuModuleLoad(CUmodule *out, const char *path) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return loadModule(out, {text.data(), text.size()}, {});
}

CUresult cuModuleUnload(CUmodule m) {
  return ofModule(m, [&](Driver &d) {
    if (!m->context) return CUDA_ERROR_NOT_PERMITTED; // its library's
    return unloadModule(d, m), CUDA_SUCCESS;
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
  return loadLibrary(out, {code}, Logs(count, options, values));
}

CUresult cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *options, void **values,
                               unsigned count, CUlibraryOption *, void **, unsigned) {
  std::string text;
  if (CUresult e = readFile(path, text)) return e;
  return loadLibrary(out, {text.data(), text.size()}, Logs(count, options, values));
}

CUresult cuLibraryUnload(CUlibrary library) {
  return ofLibrary(library, [&](Driver &d, CUmodule m) {
    unloadModule(d, m);
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
