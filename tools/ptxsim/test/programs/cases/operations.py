"""What Triton's library has: triton/operations.py."""
import numpy as np

from . import Buffer, i32
from .arithmetic import erf
from .numbers import fp8_value, from_bf16, to_bf16
from .triton import kernel, normal


@kernel("scans", 1, tolerance=1e-5)
def scans(rng):
    x, gate = normal(rng, 8, 64), rng.uniform(0.5, 1.1, (8, 64)).astype(np.float32)
    wide, g = x.astype(np.float64), gate.astype(np.float64)
    states = np.zeros((8, 64))
    for t in range(64):
        states[:, t] = g[:, t] * (states[:, t - 1] if t else 0) + wide[:, t]
    results = {"sums": np.cumsum(wide, 1), "products": np.cumprod(g[:, ::-1], 1)[:, ::-1], "states": states}
    return [Buffer("x", x), Buffer("gate", gate), *(Buffer(name, np.zeros_like(x), v.astype(np.float32)) for name, v in results.items())]


@kernel("sorts", 3)
def sorts(rng):
    x = normal(rng, 3, 256)
    x[1, 40] = x[1, 200] = 9  # the first of equals
    where = np.concatenate([x.argmax(1), x.argmin(1)]).astype(np.int32)
    down = np.sort(x.astype(np.float16), 1)[:, ::-1]
    return [Buffer("x", x), Buffer("up", np.zeros_like(x), np.sort(x, 1)), Buffer("down", np.zeros((3, 256), np.float16), down),
            Buffer("largest", np.zeros(3, np.float32), x.max(1)), Buffer("where", np.zeros(6, np.int32), where)]


@kernel("gathers", 2)
def gathers(rng):
    x, index = normal(rng, 256), rng.integers(0, 256, (2, 256)).astype(np.int32)
    counts = np.bincount(index.ravel() // 16, minlength=16).astype(np.int32)
    return [Buffer("x", x), Buffer("index", index), Buffer("y", np.zeros((2, 256), np.float32), x[index]), Buffer("counts", np.zeros(16, np.int32), counts)]


@kernel("atomics", 3, archs=(80, 90))
def atomics(rng):
    n = 300
    x = rng.integers(-40, 40, n).astype(np.float32)
    whole, columns = x.astype(np.int32), [slice(k, None, 8) for k in range(8)]
    f = np.concatenate([[x[c].sum() for c in columns], [max(x[c].max(), 5) for c in columns], [min(x[c].min(), 5) for c in columns]]).astype(np.float32)
    i = np.array([[whole[c].max() for c in columns], [np.bitwise_xor.reduce(whole[c]) for c in columns],
                  [np.bitwise_and.reduce(whole[c] | 0xFF00) for c in columns], [np.bitwise_or.reduce(whole[c] & 0xFFFF) for c in columns]], np.int32)
    before = np.zeros((4, 8), np.int32)
    before[0], before[2] = -1000, -1
    return [Buffer("x", x), Buffer("i", before, i), Buffer("f", np.repeat([0, 5, 5], 8).astype(np.float32), f),
            Buffer("h", np.zeros(8, np.float16), f[:8].astype(np.float16)), i32("n", n)]


def product(variant, store, load, tolerance, M=48, N=40, K=152, arch=80):
    @kernel(variant, (-(-M // 32), -(-N // 32), 3), tolerance=tolerance, archs=(arch,))
    def make(rng):
        a, b, c = store(normal(rng, M, K)), store(normal(rng, K, N)), normal(rng, M, N)
        expected = c + load(a).astype(np.float64) @ load(b).astype(np.float64)
        return [Buffer("a", a), Buffer("b", b), Buffer("c", c, expected.astype(np.float32)), i32("M", M), i32("N", N), i32("K", K)]


def codes(values):
    """Whole numbers from -7 to 7 in e4m3, which has them all."""
    code = {fp8_value(c, "e4m3"): c for c in range(256) if c != 0x80}
    return np.vectorize(code.get)(np.clip(np.rint(2 * values), -7, 7)).astype(np.uint8)


def same(v):
    return v


product("split_k_exact", same, same, 1e-6)
product("split_k_tf32x3", same, same, 1e-6)
product("split_k_fp8", codes, np.vectorize(lambda c: fp8_value(int(c), "e4m3")), 1e-6, arch=89)


@kernel("matmul_int4", 3, tolerance=1e-3)
def matmul_int4(rng):
    N, K = 96, 192
    a, w, scales = normal(rng, 16, K).astype(np.float16), rng.integers(-8, 8, (N, K)), rng.uniform(0.01, 0.1, N).astype(np.float32)
    packed = ((w[:, ::2] & 15) | (w[:, 1::2] << 4)).astype(np.int8)
    c = a.astype(np.float64) @ w.T * scales
    return [Buffer("a", a), Buffer("packed", packed), Buffer("scales", scales), Buffer("c", np.zeros((16, N), np.float32), c.astype(np.float32)), i32("N", N), i32("K", K)]


@kernel("batched", 1, tolerance=1e-5)
def batched(rng):
    a, b = normal(rng, 4, 32, 32).astype(np.float16), normal(rng, 4, 32, 16).astype(np.float16)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", np.zeros((4, 32, 16), np.float32), (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32))]


@kernel("cross_entropy", 5, archs=(80, 90), tolerance=1e-2)
def cross_entropy(rng):
    rows, n, stride = 5, 700, 704
    logits = np.zeros((rows, stride), np.uint16)
    logits[:, :n] = to_bf16(normal(rng, rows, n) * 3)
    labels = rng.integers(0, n, rows).astype(np.int32)
    v = from_bf16(logits[:, :n]).astype(np.float64)
    logsum = np.log(np.exp(v).sum(1))
    gradient = np.exp(v - logsum[:, None])
    gradient[np.arange(rows), labels] -= 1
    expected = np.zeros((rows, stride), np.uint16)
    expected[:, :n] = to_bf16(gradient)
    loss = logsum - v[np.arange(rows), labels]
    return [Buffer("logits", logits, bfloat16=True), Buffer("labels", labels), Buffer("loss", np.zeros(rows, np.float32), loss.astype(np.float32), 1e-4 * loss),
            Buffer("gradient", np.zeros_like(logits), expected, np.abs(from_bf16(expected)) * 2**-7, bfloat16=True), i32("stride", stride), i32("N", n)]


@kernel("functions", 3)
def functions(rng):
    n = 300
    x, y = np.clip(normal(rng, n) * 2, -8, 8), normal(rng, n) * 3
    u, v = x.astype(np.float64), y.astype(np.float64)
    rows = np.stack([np.arcsin(u / 8), np.tanh(u), np.abs(u) ** v, erf(u), np.sin(u) + np.cos(v), 1 / (1 + np.exp(-u)), 1 / np.sqrt(np.abs(v)),
                     np.floor(u) + np.ceil(v), u / v, np.arctan2(u, v), np.clip(u, -1, 1), np.log1p(np.abs(u))])
    tolerance = np.abs(rows) * np.array([[4], [2], [16], [2], [4], [6], [3], [0], [0.5], [4], [0], [2]]) * 2**-23
    tolerance[4] += 2**-22
    return [Buffer("x", x), Buffer("y", y), Buffer("out", np.zeros(rows.shape, np.float32), rows.astype(np.float32), tolerance), i32("n", n)]


@kernel("convolution", 5, tolerance=1e-5)
def convolution(rng):
    H, W, C, F = 18, 16, 32, 16
    x, w = to_bf16(normal(rng, H, W, C)), to_bf16(normal(rng, 3, 3, C, F))
    padded = np.pad(from_bf16(x).astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    y = sum(padded[r:r + H, s:s + W] @ from_bf16(w[r, s]).astype(np.float64) for r in range(3) for s in range(3))
    return [Buffer("x", x, bfloat16=True), Buffer("w", w, bfloat16=True), Buffer("y", np.zeros((H, W, F), np.float32), np.maximum(y, 0).astype(np.float32)),
            i32("H", H), i32("W", W)]


PRINTED = np.arange(32, dtype=np.float32) * 0.75


@kernel("prints", 1, prints=tuple(f"pid (0, 0, 0) idx ({lane:2d}) value: {v:f}" for lane, v in enumerate(PRINTED)))
def prints(rng):
    return [Buffer("x", PRINTED)]
