"""A client in Python: cuda-python's bindings load a module, launch it, and see its errors. Prints "passed"."""
import ctypes
import pathlib
import re

import numpy as np
from cuda.bindings import driver as cu

TEXT = pathlib.Path(__file__).with_name("kernels.h").read_text()
HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n"
BODY = re.search(r"kernels\[\] =\n    PTX_HEADER(.*?);\n\n", TEXT, re.S).group(1)
PTX = HEADER + "".join(s.encode().decode("unicode_escape") for s in re.findall(r'"(.*)"', BODY))


def ok(result):
    error, *values = result
    assert error == cu.CUresult.CUDA_SUCCESS, error
    return values[0] if len(values) == 1 else values


def add(f, stream, n):
    a, b = np.arange(n, dtype=np.float32), np.full(n, 0.5, np.float32)
    out = np.zeros(n, np.float32)
    x, y, z = (ok(cu.cuMemAlloc(a.nbytes)) for _ in range(3))
    ok(cu.cuMemcpyHtoDAsync(x, a.ctypes.data, a.nbytes, stream))
    ok(cu.cuMemcpyHtoDAsync(y, b.ctypes.data, b.nbytes, stream))
    arguments = ((z, x, y, n), (None, None, None, ctypes.c_int))
    ok(cu.cuLaunchKernel(f, (n + 127) // 128, 1, 1, 128, 1, 1, 0, stream, arguments, 0))
    ok(cu.cuMemcpyDtoHAsync(out.ctypes.data, z, out.nbytes, stream))
    ok(cu.cuStreamSynchronize(stream))
    np.testing.assert_array_equal(out, a + b)
    for p in (x, y, z):
        ok(cu.cuMemFree(p))


ok(cu.cuInit(0))
device = ok(cu.cuDeviceGet(0))
assert b"NVIDIA" in ok(cu.cuDeviceGetName(100, device))
assert ok(cu.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device)) >= 8
context = ok(cu.cuDevicePrimaryCtxRetain(device))
ok(cu.cuCtxSetCurrent(context))
module = ok(cu.cuModuleLoadData(PTX.encode() + b"\0"))
stream = ok(cu.cuStreamCreate(0))
begin, end = ok(cu.cuEventCreate(0)), ok(cu.cuEventCreate(0))
ok(cu.cuEventRecord(begin, stream))
add(ok(cu.cuModuleGetFunction(module, b"add")), stream, 1000)
ok(cu.cuEventRecord(end, stream))
assert ok(cu.cuEventElapsedTime(begin, end)) >= 0

# The same from a library, its function captured into a graph.
library = ok(cu.cuLibraryLoadData(PTX.encode() + b"\0", [], [], 0, [], [], 0))
count = ok(cu.cuKernelGetFunction(ok(cu.cuLibraryGetKernel(library, b"count"))))
counter, size = ok(cu.cuLibraryGetGlobal(library, b"counter"))
ok(cu.cuStreamBeginCapture(stream, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED))
ok(cu.cuLaunchKernel(count, 2, 1, 1, 32, 1, 1, 0, stream, 0, 0))
graph = ok(cu.cuStreamEndCapture(stream))
exec_ = ok(cu.cuGraphInstantiate(graph, 0))
for _ in range(3):
    ok(cu.cuGraphLaunch(exec_, stream))
value = np.zeros(1, np.uint32)
ok(cu.cuMemcpyDtoH(value.ctypes.data, counter, size))
assert value[0] == 5 + 3 * 64

# An error of a kernel comes out at the synchronisation, and stays.
store = ok(cu.cuModuleGetFunction(module, b"store"))
ok(cu.cuLaunchKernel(store, 1, 1, 1, 1, 1, 1, 0, stream, ((64,), (ctypes.c_uint64,)), 0))
assert cu.cuStreamSynchronize(stream)[0] == cu.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
assert cu.cuMemAlloc(4)[0] == cu.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
print("passed")
