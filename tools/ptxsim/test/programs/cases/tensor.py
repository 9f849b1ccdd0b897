"""Tensor copies, asynchronous products of matrices, asynchronous stores."""
import numpy as np

from . import Buffer, TensorMap, case, i32
from .numbers import to_bf16


def floats(rng, *shape):
    return rng.integers(-64, 64, shape).astype(np.float32)


@case("tensor", grid=(3, 2), block=128, archs=("90a",))
def tensor_transpose(rng):
    x = floats(rng, 52, 84)
    y = np.zeros((84, 52), np.float32)
    return [TensorMap("from", Buffer("x", x), "f32", (32, 32), swizzle=128), TensorMap("to", Buffer("y", y, x.T.copy()), "f32", (32, 32), swizzle=128)]


@case("tensor", grid=(2, 3), block=96, archs=("90a",))
def tensor_halo(rng):
    x = rng.integers(1, 99, (5, 7, 16)).astype(np.float16)
    y = np.full((3, 2, 4, 6, 16), -1, np.float16)
    around = np.pad(x, ((1, 9), (1, 9), (1, 1)), constant_values=-1)
    for z in range(3):
        for j in range(2):
            y[z, j] = around[2 * z:2 * z + 4, 4 * j:4 * j + 6, :16]
    return [TensorMap("volume", Buffer("x", x), "f16", (16, 6, 4), fill="nan"), Buffer("y", np.zeros_like(y), y),
            Buffer("nans", np.zeros(1, np.int32), np.array([(y == -1).sum()], np.int32))]


@case("tensor", grid=5, block=128, archs=("90a",))
def tensor_sums(rng):
    x, sums = floats(rng, 5, 8, 16), floats(rng, 7, 12)
    after = sums.copy()
    after[1:7, 2:12] += x.sum(0)[:6, :10]
    rows = 5 * np.arange(16) + 10
    return [Buffer("x", x), TensorMap("sums", Buffer("s", sums, after), "f32", (16, 8)), Buffer("rows", np.zeros(16, np.int32), rows.astype(np.int32))]


@case("tensor", grid=4, block=32, archs=("90a",))
def tensor_multicast(rng):
    x = rng.integers(-99, 99, (16, 32)).astype(np.int32)
    sums = x.reshape(2, 8, 32).sum(1)
    y = np.stack([sums * 2, sums], 1) * 100 + 32  # of each block the other's sum
    return [TensorMap("from", Buffer("x", x), "i32", (32, 8)), Buffer("y", np.zeros((4, 32), np.int32), y.reshape(4, 32).astype(np.int32))]


@case("tensor", grid=(2, 1), block=160, archs=("90a",))
def tensor_matmul(rng):
    a, b = (rng.integers(-8, 8, (rows, 320)).astype(np.float16) for rows in (64, 128))
    c = a.astype(np.float32) @ b.astype(np.float32).T
    return [TensorMap("a", Buffer("A", a), "f16", (64, 64), swizzle=128), TensorMap("b", Buffer("B", b), "f16", (64, 64), swizzle=128),
            Buffer("c", np.zeros_like(c), c), i32("N", 128), i32("K", 320)]


def product_of(a, b, expected):
    """Of bfloat16."""
    c = Buffer("C", np.zeros((len(a), len(b)), np.uint16), expected, bfloat16=True)
    return [TensorMap("a", Buffer("A", a, bfloat16=True), "bf16", (64, 128), swizzle=128), TensorMap("b", Buffer("B", b, bfloat16=True), "bf16", (64, 128), swizzle=128),
            TensorMap("c", c, "bf16", (64, 64), swizzle=128), i32("M", len(a)), i32("N", len(b)), i32("K", a.shape[1])]


@case("product", grid=4, block=384, archs=("90a",), shared=213056)
def product(rng):
    a, b = (rng.integers(-8, 8, (rows, 320)).astype(np.float32) for rows in (512, 768))
    return product_of(to_bf16(a), to_bf16(b), to_bf16(a @ b.T))


@case("product", grid=132, block=384, entry="product", name="product_4096", archs=("90a",), shared=213056, heavy=True)
def product_4096(_):  # values don't matter for time
    return product_of(*np.zeros((2, 4096, 4096), np.uint16), None)


@case("product", grid=132, block=384, entry="product", name="product_8192", archs=("90a",), shared=213056, heavy=True)
def product_8192(_):
    return product_of(*np.zeros((2, 8192, 8192), np.uint16), None)
