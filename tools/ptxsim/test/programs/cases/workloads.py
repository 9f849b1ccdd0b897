"""Kernels of Triton whose blocks share work."""
import numpy as np

from . import Buffer, f32, i32
from .numbers import to_bf16
from .triton import attended, f16, kernel, normal


def halves(rng, *shape):
    return f16(normal(rng, *shape))


def wide_product(a, b):
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)


@kernel("serial_k", (6, 3), archs=(80, 90), tolerance=1e-4)
def serial_k(rng):
    a, b = halves(rng, 64, 192), halves(rng, 192, 96)
    start = np.full((64, 96), np.nan, np.float32)  # the first part stores, the others add
    return [Buffer("a", a), Buffer("b", b), Buffer("c", start, wide_product(a, b)), Buffer("turns", np.zeros(6, np.int32), np.full(6, 3, np.int32)),
            i32("N", 96), i32("K", 192)]


@kernel("stream_k", 7, tolerance=1e-4)
def stream_k(rng):
    a, b = halves(rng, 64, 224), halves(rng, 224, 96)
    c = wide_product(a, b)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", np.zeros_like(c), c), Buffer("ready", np.zeros(7, np.int32)), Buffer("parts", 7 * 32 * 32 * 4),
            i32("N", 96), i32("K", 224), i32("total", 42), i32("each", 6)]


@kernel("moments", 4, tolerance=1e-5)
def moments(rng):
    x = normal(rng, 8, 200) + 3
    wide = x.astype(np.float64)
    results = [Buffer(name, np.zeros(8, np.float32), v.astype(np.float32)) for name, v in (("mean", wide.mean(1)), ("variance", wide.var(1)))]
    return [Buffer("x", x), *results, i32("N", 200)]


@kernel("decode", (3, 4), archs=(90,), tolerance=1e-4)
def decode(rng):
    q, k, v = halves(rng, 3, 1, 64), halves(rng, 3, 150, 64), halves(rng, 3, 150, 64)
    out = attended(q, k, v, 0.125, False)[1][:, 0].astype(np.float32)
    return [Buffer("q", q), Buffer("k", k), Buffer("v", v), Buffer("parts", 3 * 4 * 64 * 4), Buffer("sums", 3 * 4 * 2 * 4),
            Buffer("arrived", np.zeros(3, np.int32), np.full(3, 4, np.int32)), Buffer("out", np.zeros_like(out), out), f32("scale", 0.125), i32("S", 150)]


@kernel("windowed", (5, 2), archs=(90,), tolerance=5e-3)
def windowed(rng):
    S, window, scale = 150, 40, 32 ** -0.5
    q, k, v = halves(rng, 2, S, 32), halves(rng, 1, S, 32), halves(rng, 1, S, 32)
    s = q.astype(np.float64) @ k.astype(np.float64).transpose(0, 2, 1) * scale
    behind = np.arange(S)[:, None] - np.arange(S)[None, :]
    e = np.where((behind >= 0) & (behind < window), np.exp(s - s.max()), 0)
    out = e / e.sum(2, keepdims=True) @ v.astype(np.float64)
    return [Buffer("q", q), Buffer("k", k), Buffer("v", v), Buffer("out", np.zeros_like(q), f16(out)), f32("scale", scale), i32("S", S)]


@kernel("attention_atomic", (2, 2), archs=(90,), tolerance=5e-3)
def attention_atomic(rng):
    heads, S, scale = 2, 64, 0.125
    q, k, v, dout = (halves(rng, heads, S, 64) for _ in range(4))
    p, out, lse = attended(q, k, v, scale, False)
    wide = dout.astype(np.float64)
    delta = (out * wide).sum(2)
    ds = p * (wide @ v.astype(np.float64).transpose(0, 2, 1) - delta[..., None]) * scale
    gradients = {"dq": ds @ k.astype(np.float64), "dk": ds.transpose(0, 2, 1) @ q.astype(np.float64), "dv": p.transpose(0, 2, 1) @ wide}
    results = [Buffer(name, np.zeros((heads, S, 64), np.float32), g.astype(np.float32)) for name, g in gradients.items()]
    return [Buffer("q", q), Buffer("k", k), Buffer("v", v), Buffer("dout", dout), *results, Buffer("lse", lse.astype(np.float32)),
            Buffer("delta", delta.astype(np.float32)), f32("scale", scale), i32("S", S)]


@kernel("grouped", 4, archs=(90,), tolerance=2e-3)
def grouped(rng):
    offsets, N, K = [0, 30, 30, 100], 80, 64
    a, b = halves(rng, 100, K), halves(rng, 3, K, N)
    c = np.concatenate([wide_product(a[begin:end], b[g]) for g, (begin, end) in enumerate(zip(offsets, offsets[1:]))])
    return [Buffer("a", a), Buffer("b", b), Buffer("c", np.zeros((100, N), np.float16), f16(c)), Buffer("offsets", np.array(offsets, np.int32)),
            i32("N", N), i32("K", K)]


def e4m3(codes):
    """The values of finite numbers of 1, 4 and 3 bits."""
    exponent, mantissa = (codes >> 3 & 15).astype(np.int64), (codes & 7).astype(np.float64)
    size = np.where(exponent == 0, mantissa / 8 * 2.0 ** -6, (1 + mantissa / 8) * 2.0 ** (exponent - 7))
    return np.where(codes & 128, -size, size)


@kernel("scaled", (2, 2), archs=(90,), tolerance=1e-3)
def scaled(rng):
    M, N, K = 64, 64, 128
    a, b = (rng.integers(0, 256, shape).astype(np.uint8) & 0xBF for shape in ((M, K), (K, N)))  # below 2, so that there is no NaN
    sa, sb = (rng.integers(124, 131, (rows, K // 32)).astype(np.uint8) for rows in (M, N))
    power_a, power_b = (2.0 ** (s.astype(np.int64) - 127).repeat(32, 1) for s in (sa, sb))
    c = (e4m3(a) * power_a) @ (e4m3(b) * power_b.T)
    return [Buffer("a", a), Buffer("scales_a", sa), Buffer("b", b), Buffer("scales_b", sb), Buffer("c", np.zeros((M, N), np.float32), c.astype(np.float32))]


@kernel("largest", 3)
def largest(rng):
    x = normal(rng, 3, 128)
    where = np.argsort(-x, 1)[:, :8]
    return [Buffer("x", x), Buffer("values", np.zeros((3, 8), np.float32), np.take_along_axis(x, where, 1)),
            Buffer("where", np.zeros((3, 8), np.int32), where.astype(np.int32))]


@kernel("rendezvous", 6, archs=(80, 90))
def rendezvous(rng):
    x = normal(rng, 6, 256)
    return [Buffer("x", x, x * 2), Buffer("y", np.zeros_like(x), np.roll(x * 2, -1, 0)), Buffer("arrived", np.zeros(1, np.int32))]


@kernel("embedding_gradient", 3, archs=(90,))
def embedding_gradient(rng):
    ids, dy = rng.integers(0, 16, 70), rng.integers(-4, 5, (70, 32)).astype(np.float32)  # sums are exact in bfloat16
    dw = np.zeros((16, 32), np.float32)
    np.add.at(dw, ids, dy)
    return [Buffer("ids", ids.astype(np.int32)), Buffer("dy", to_bf16(dy), bfloat16=True),
            Buffer("dw", to_bf16(np.zeros_like(dw)), to_bf16(dw), bfloat16=True), i32("n", 70)]


def collatz_steps(v):
    steps = 0
    while v > 1:
        v, steps = v // 2 if v % 2 == 0 else 3 * v + 1, steps + 1
    return steps


@kernel("collatz", 1)
def collatz(rng):
    x = rng.integers(1, 1000, 100)
    return [Buffer("x", x.astype(np.int32)), Buffer("steps", np.zeros(100, np.int32), np.array([collatz_steps(int(v)) for v in x], np.int32)), i32("n", 100)]


@kernel("written_in_ptx", 1)
def written_in_ptx(rng):
    x = rng.integers(-2 ** 31, 2 ** 31, 256).astype(np.int32)
    turned = np.array([int(f"{v & 0xFFFFFFFF:032b}"[::-1], 2) for v in x.tolist()], np.uint32).view(np.int32)
    nibbles = (x & 15) + (x >> 4 & 15)
    return [Buffer("x", x), Buffer("reversed", np.zeros(256, np.int32), turned), Buffer("nibbles", np.zeros(256, np.int8), nibbles.astype(np.int8))]
