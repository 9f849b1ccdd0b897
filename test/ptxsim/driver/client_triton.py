"""A client in Python: Triton's own compiler and launcher, unchanged and without PyTorch, on the driver library. Its
"cubin" is PTX by way of the stand-in for ptxas. Prints "passed"."""
import ctypes
import os
import pathlib
import sys
import tempfile

folder = pathlib.Path(os.environ["TRITON_LIBCUDA_PATH"])
os.environ["TRITON_PTXAS_PATH"] = os.environ["TRITON_PTXAS_BLACKWELL_PATH"] = str(folder / "ptxas")


class NoTorch:
    """PyTorch would look for a GPU through the CUDA runtime, which needs more than the driver API."""

    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ImportError("not for this test")


sys.meta_path.insert(0, NoTorch())
cache = tempfile.TemporaryDirectory()
os.environ["TRITON_CACHE_DIR"] = cache.name

import numpy as np  # noqa: E402
import triton  # noqa: E402
import triton.language as tl  # noqa: E402

libcuda = ctypes.CDLL(str(folder / "libcuda.so.1"))


def ok(error):
    assert error == 0, error


class Buffer:
    """A numpy array on the device, as a kernel takes it."""

    def __init__(self, array):
        self.array, self.dtype, address = array, str(array.dtype), ctypes.c_uint64()
        ok(libcuda.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(array.nbytes)))
        self.address = address.value
        ok(libcuda.cuMemcpyHtoD_v2(address, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes)))

    def data_ptr(self):
        return self.address

    def read(self):
        ok(libcuda.cuMemcpyDtoH_v2(ctypes.c_void_p(self.array.ctypes.data), ctypes.c_uint64(self.address), ctypes.c_size_t(self.array.nbytes)))
        return self.array


@triton.jit
def softmax(out, x, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    values = tl.load(x + row * columns + at, mask=at < columns, other=-float("inf"))
    e = tl.exp(values - tl.max(values, axis=0))
    tl.store(out + row * columns + at, e / tl.sum(e, axis=0), mask=at < columns)


@triton.jit
def product(c, a, b, m, n, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    rows = tl.program_id(0) * M + tl.arange(0, M)
    columns = tl.program_id(1) * N + tl.arange(0, N)
    inner = tl.arange(0, K)
    sum = tl.zeros((M, N), dtype=tl.float32)
    for at in range(0, k, K):
        x = tl.load(a + rows[:, None] * k + (at + inner)[None, :])
        y = tl.load(b + (at + inner)[:, None] * n + columns[None, :])
        sum = tl.dot(x, y, sum)
    tl.store(c + rows[:, None] * n + columns[None, :], sum)


triton.runtime.driver.active.set_current_device(0)
rng = np.random.default_rng(1)
x = rng.standard_normal((7, 781), dtype=np.float32)
out = Buffer(np.zeros_like(x))
softmax[(7,)](out, Buffer(x), 781, BLOCK=1024)
e = np.exp(x - x.max(1, keepdims=True))
np.testing.assert_allclose(out.read(), e / e.sum(1, keepdims=True), rtol=1e-5, atol=1e-7)

a, b = (rng.standard_normal(s).astype(np.float16) for s in ((128, 64), (64, 64)))
c = Buffer(np.zeros((128, 64), np.float32))
product[(2, 2)](c, Buffer(a), Buffer(b), 128, 64, 64, M=64, N=32, K=32)
np.testing.assert_allclose(c.read(), a.astype(np.float32) @ b.astype(np.float32), rtol=1e-4, atol=1e-4)
print("passed")
