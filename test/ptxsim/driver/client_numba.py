"""A client in Python: numba-cuda compiles by NVVM, links PTX files, launches. Prints "passed"."""
import math
import sys
import warnings

import without_nvjitlink  # noqa: F401
import numpy as np
from numba import cuda, float32, vectorize

warnings.simplefilter("ignore")
random = np.random.default_rng(1)


@cuda.jit
def matmul(a, b, c):
    x, y = cuda.shared.array((8, 8), float32), cuda.shared.array((8, 8), float32)
    row, column = cuda.grid(2)
    i, j = cuda.threadIdx.x, cuda.threadIdx.y
    total = float32(0)
    for k in range(a.shape[1] // 8):
        x[i, j], y[i, j] = a[row, j + k * 8], b[i + k * 8, column]
        cuda.syncthreads()
        for n in range(8):
            total += x[i, n] * y[n, j]
        cuda.syncthreads()
    c[row, column] = total


a, b = (random.random((32, 32), np.float32) for _ in range(2))
stream = cuda.stream()
c = cuda.device_array((32, 32), np.float32, stream=stream)
matmul[(4, 4), (8, 8), stream](cuda.to_device(a, stream), cuda.to_device(b, stream), c)
np.testing.assert_allclose(c.copy_to_host(stream=stream), a.astype(np.float64) @ b, rtol=1e-5)


@cuda.jit
def histogram(x, count, largest):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(count, x[i], 1)
        cuda.atomic.max(largest, 0, x[i])


x, count, largest = random.integers(0, 16, 1000).astype(np.int32), np.zeros(16, np.int32), np.zeros(1, np.int32)
histogram[8, 128](x, count, largest)
np.testing.assert_array_equal(count, np.bincount(x, minlength=16))
assert largest[0] == x.max()


@cuda.jit
def reverse(x):
    """The whole grid synchronises: the device runtime is linked."""
    grid, i = cuda.cg.this_grid(), cuda.grid(1)
    x[i] = i
    grid.sync()
    other = x[x.size - 1 - i]
    grid.sync()
    x[i] = other


x = np.zeros(256, np.int32)
reverse[4, 64](x)
np.testing.assert_array_equal(x, np.arange(256)[::-1])

# Written by the host where it is: pinned, mapped and managed memory.
mapped, managed = cuda.mapped_array(64, np.float64), cuda.managed_array(64, np.float64)
mapped[:], managed[:] = 1, np.linspace(0.1, 5, 64)


@cuda.jit
def functions(x, y):
    i = cuda.grid(1)
    y[i] += math.sin(x[i]) * math.exp(x[i])


functions[2, 32](managed, mapped)
cuda.synchronize()
np.testing.assert_allclose(mapped, 1 + np.sin(managed) * np.exp(managed), rtol=1e-12)


@vectorize(["float32(float32, float32)"], target="cuda")
def scaled(x, y):
    return x * y + 1


@cuda.reduce
def total(x, y):
    return x + y


x = np.arange(1234, dtype=np.float32)
np.testing.assert_array_equal(scaled(x, x), x * x + 1)
assert total(x.astype(np.float64)) == x.astype(np.float64).sum()
sys.stdout.flush()
print("passed")
