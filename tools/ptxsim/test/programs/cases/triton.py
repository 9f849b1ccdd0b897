"""Kernels of Triton: those of its tutorials, and the three whose cycles others have published."""
import json

import numpy as np

from . import CASES, PROGRAMS, Buffer, Scalar, TensorMap, case, f32, i32, packed
from .numbers import from_bf16, to_bf16

LAUNCHES = json.loads((PROGRAMS / "triton" / "launches.json").read_text())


def kernel(variant, grid, name="", archs=(80,), scratch=False, **rest):
    """The launch of a variant of build_triton.py: threads, shared memory and null pointers are what its compiler said. `scratch`: the first of these pointers
    is a buffer."""
    def register(make):
        for arch in archs:
            launch = LAUNCHES[variant][f"sm_{arch}"]
            case(f"triton_{variant}", grid, launch["threads"], launch["entry"], f"{launch['entry']}{name}" + ("" if arch == archs[0] else f".sm_{arch}"), (arch,),
                 shared=launch["shared"], null_pointers=launch["null_pointers"] - scratch, **rest)(make)
        return make
    return register


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def vector_add(n, **rest):
    @kernel("add", -(-n // 1024), name=f"_{n}", **rest)
    def make(rng):
        x, y = normal(rng, n), normal(rng, n)
        return [Buffer("x", x), Buffer("y", y), Buffer("out", np.zeros_like(x), x + y), i32("n", n)]


vector_add(5008, archs=(80, 90, 100))
vector_add(2 * 1024 * 1024, heavy=True)


@kernel("softmax", 4, archs=(80, 90), tolerance=1e-5)
def softmax(rng):
    x = normal(rng, 11, 781) * 3
    padded = np.full((11, 800), np.nan, np.float32)  # rows lie apart, and what is between them is nobody's
    padded[:, :781] = x
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    out = np.zeros((11, 800), np.float32)
    out[:, :781] = e / e.sum(1, keepdims=True)
    return [Buffer("x", padded), Buffer("out", np.zeros_like(padded), out), i32("stride", 800), i32("rows", 11), i32("columns", 781)]


def product(variant, M, N, K, tile, tolerance, store, load, out, leaky=False, integers=None, name="", **rest):
    tiles = -(-M // tile[0]) * -(-N // tile[1])

    @kernel(variant, tiles, name=name, tolerance=tolerance, **rest)
    def make(rng):
        a, b = (normal(rng, M, K), normal(rng, K, N)) if integers is None else (rng.integers(*integers, (M, K)), rng.integers(*integers, (K, N)))
        a, b = store(a), store(b)
        stored = Buffer("c", np.zeros((M, N), out), None)
        if not rest.get("heavy"):
            c = load(a).astype(np.float64) @ load(b).astype(np.float64)
            c = np.where(c >= 0, c, 0.01 * c) if leaky else c
            bf16 = variant.endswith("bf16")
            stored = Buffer("c", np.zeros((M, N), out), to_bf16(c) if bf16 else c.astype(out), bfloat16=bf16)
        return [Buffer("a", a), Buffer("b", b), stored, *(i32(k, v) for k, v in (("M", M), ("N", N), ("K", K), ("stride_a", K), ("stride_b", N), ("stride_c", N)))]


def f16(v):
    return v.astype(np.float16)


def same(v):
    return v


product("matmul_f16", 144, 112, 160, (64, 64), 1e-3, f16, same, np.float16, archs=(80, 90), leaky=True)
product("matmul_bf16", 128, 96, 96, (64, 32), 1e-2, to_bf16, from_bf16, np.uint16)
product("matmul_tf32", 128, 80, 64, (64, 64), 2e-3, same, same, np.float32)
product("matmul_i8", 96, 128, 192, (64, 64), 0, lambda v: v.astype(np.int8), same, np.int32, integers=(-128, 128))
product("matmul_large", 144, 256, 96, (128, 128), 1e-3, f16, same, np.float16)
product("matmul_narrow", 128, 64, 320, (64, 64), 1e-3, f16, same, np.float16, archs=(80, 120))
product("matmul_large", 1024, 1024, 1024, (128, 128), 2e-3, f16, same, np.float16, name="_1024", heavy=True)
product("matmul_narrow", 2560, 64, 2560, (64, 64), 2e-3, f16, same, np.float16, name="_2560", archs=(80, 120), heavy=True)


def philox(seed, counters):
    """The first word of Philox4x32-10, a counter of which only the lowest word is not nought."""
    low, high = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [np.asarray(counters, np.uint64)] + [np.zeros(len(counters), np.uint64) for _ in range(3)]
    key = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> high) ^ c[1] ^ key[0], b & low, (a >> high) ^ c[3] ^ key[1], a & low]
        key = [(key[0] + np.uint64(0x9E3779B9)) & low, (key[1] + np.uint64(0xBB67AE85)) & low]
    return c[0].astype(np.uint32)


@kernel("dropout", 4, tolerance=1e-6)
def dropout(rng):
    n, p, seed = 1999, 0.375, 123
    x = normal(rng, n)
    bits = philox(seed, np.arange(n)).view(np.int32).astype(np.int64)
    uniform = (np.where(bits < 0, -bits - 1, bits).astype(np.float32) * np.float32(4.6566127342e-10))
    kept = np.where(uniform > np.float32(p), x.astype(np.float64) / (1 - p), 0)
    return [Buffer("x", x), Buffer("out", np.zeros_like(x), kept.astype(np.float32)), i32("n", n), f32("p", p), i32("seed", seed)]


def normalised(rng, rows, n):
    x = (normal(rng, rows, n) * 2 + 0.5).astype(np.float16)
    wide = x.astype(np.float64)
    mean = wide.mean(1)
    rstd = 1 / np.sqrt(wide.var(1) + 1e-5)
    return x, mean, rstd, (wide - mean[:, None]) * rstd[:, None]


@kernel("layer_norm", 6, tolerance=1e-3)
def layer_norm(rng):
    rows, n = 6, 700
    x, mean, rstd, normal_x = normalised(rng, rows, n)
    w, b = normal(rng, n), normal(rng, n)
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), (normal_x * w + b).astype(np.float16)), Buffer("weight", w), Buffer("bias", b),
            Buffer("mean", np.zeros(rows, np.float32), mean.astype(np.float32)), Buffer("rstd", np.zeros(rows, np.float32), rstd.astype(np.float32)),
            i32("stride", n), i32("N", n), f32("eps", 1e-5)]


@kernel("layer_norm_backward", 24, tolerance=2e-3)
def layer_norm_backward(rng):
    rows, n, groups = 24, 400, 4
    x, mean, rstd, normal_x = normalised(rng, rows, n)
    dy, w = normal(rng, rows, n).astype(np.float16), normal(rng, n)
    wide = dy.astype(np.float64)
    wdy = wide * w
    dx = (wdy - (normal_x * (normal_x * wdy).mean(1, keepdims=True) + wdy.mean(1, keepdims=True))) * rstd[:, None]
    dw, db = (v.reshape(rows // groups, groups, n).sum(0).astype(np.float32) for v in (wide * normal_x, wide))
    start = np.full((groups, n), np.nan, np.float32)  # the first row that comes stores, the rest add
    locks = np.array([0] * groups + [1] * groups, np.int32)
    return [Buffer("dx", np.zeros_like(x), dx.astype(np.float16)), Buffer("dy", dy), Buffer("dw", start, dw), Buffer("db", start, db), Buffer("x", x),
            Buffer("weight", w), Buffer("mean", mean.astype(np.float32)), Buffer("rstd", rstd.astype(np.float32)),
            Buffer("lock", np.zeros(2 * groups, np.int32), locks), i32("stride", n), i32("N", n)]


@kernel("layer_norm_weights", 5, tolerance=1e-5)
def layer_norm_weights(rng):
    dw, db = normal(rng, 20, 300), normal(rng, 20, 300)
    totals = [v.sum(0, dtype=np.float64).astype(np.float32) for v in (dw, db)]
    return [Buffer("dw", dw), Buffer("db", db), Buffer("total_dw", np.zeros(300, np.float32), totals[0]), Buffer("total_db", np.zeros(300, np.float32), totals[1]),
            i32("M", 20), i32("N", 300)]


def attended(q, k, v, scale, causal):
    """The softmax of the scores, what it gives, and the logarithm (to base 2) of what it divides by; in float64."""
    q, k, v = (t.astype(np.float64) for t in (q, k, v))
    s = q @ k.transpose(0, 2, 1) * scale
    if causal:
        s = np.where(np.tril(np.ones(s.shape[1:], bool)), s, -np.inf)
    e = np.exp(s - s.max(2, keepdims=True))
    total = e.sum(2, keepdims=True)
    return e / total, (e / total) @ v, ((np.log(total) + s.max(2, keepdims=True)) / np.log(2))[..., 0]


def attention(variant, heads, S, causal, **rest):
    @kernel(variant, (S // 64, heads), tolerance=5e-3, **rest)
    def make(rng):
        shape = (heads, S, 64)
        if rest.get("heavy"):
            q = k = v = np.tile(normal(rng, 1, S, 64).astype(np.float16), (heads, 1, 1))
            out = lse = None
        else:
            q, k, v = (normal(rng, *shape).astype(np.float16) for _ in range(3))
            _, out, lse = attended(q, k, v, 0.125, causal)
            out, lse = out.astype(np.float16), lse.astype(np.float32)
        return [Buffer("q", q), Buffer("k", k), Buffer("v", v), Buffer("out", np.zeros(shape, np.float16), out),
                Buffer("lse", np.zeros(shape[:2], np.float32), lse), f32("scale", 0.125), i32("stride_head", S * 64), i32("S", S)]


attention("attention", 2, 128, False)
attention("attention_causal", 2, 192, True, archs=(80, 120))
attention("attention_causal", 32 * 32, 512, True, archs=(80, 120), name="_512", heavy=True)


@kernel("attention_delta", (2, 3), tolerance=1e-3)
def attention_delta(rng):
    out, dout = (normal(rng, 3, 128, 64).astype(np.float16) for _ in range(2))
    delta = (out.astype(np.float64) * dout).sum(2)
    return [Buffer("out", out), Buffer("dout", dout), Buffer("delta", np.zeros((3, 128), np.float32), delta.astype(np.float32)), i32("S", 128)]


@kernel("attention_backward", (4, 2), tolerance=5e-3)
def attention_backward(rng):
    S, heads, scale = 128, 2, 0.125
    q, k, v, dout = (normal(rng, heads, S, 64).astype(np.float16) for _ in range(4))
    p, out, lse = attended(q, k, v, scale, True)
    wide = dout.astype(np.float64)
    delta = (out * wide).sum(2)
    ds = p * (wide @ v.astype(np.float64).transpose(0, 2, 1) - delta[..., None])
    gradients = {"dq": ds @ k.astype(np.float64) * scale, "dk": ds.transpose(0, 2, 1) @ q.astype(np.float64) * scale, "dv": p.transpose(0, 2, 1) @ wide}
    results = [Buffer(name, np.zeros((heads, S, 64), np.float16), g.astype(np.float16)) for name, g in gradients.items()]
    return [Buffer("q", q), Buffer("k", k), Buffer("v", v), Buffer("dout", dout), *results, Buffer("lse", lse.astype(np.float32)),
            Buffer("delta", delta.astype(np.float32)), f32("scale", scale), i32("stride_head", S * 64), i32("S", S)]


assert all(packed.archive(c.program).exists() for c in CASES.values())


@kernel("matmul_descriptors", (2, 3), archs=(90,), tolerance=1e-3, scratch=True)
def matmul_descriptors(rng):
    a, b = (rng.integers(-4, 5, (rows, 200)).astype(np.float16) for rows in (104, 136))
    c = (a.astype(np.float64) @ b.astype(np.float64).T).astype(np.float16)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", np.zeros_like(c), c), i32("M", 104), i32("N", 136), i32("K", 200),
            Buffer("scratch", np.zeros(6 * 384, np.uint8))]


@kernel("scale_tiles", (3, 2), archs=(90,))
def scale_tiles(rng):
    x = normal(rng, 40, 52)

    def tiles(name, buffer):
        rows, columns = x.shape
        return [TensorMap(name, buffer, "f32", (32, 16), swizzle=128), i32(f"{name}_rows", rows), i32(f"{name}_columns", columns),
                Scalar("i64", f"{name}_stride", columns), Scalar("i64", f"{name}_one", 1)]
    return [*tiles("from", Buffer("x", x)), *tiles("to", Buffer("y", np.zeros_like(x), x * 2 + 1))]
