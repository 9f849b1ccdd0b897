"""Matrix products: wmma and mma.sync in every shape and type, and the moves of their fragments.

Inputs are small integers wherever the type has them, so that every order of summing gives the same and one misplaced element shows.
"""
import numpy as np

from . import Buffer, case, f32, i32
from .numbers import fp8_value, from_bf16, to_bf16


def whole(rng, shape, low, high):
    return rng.integers(low, high, shape)


def packed(values, bits):
    """Whole numbers of 8 bits or less along the last axis, packed low bits first into bytes."""
    if bits == 8:
        return (values & 0xFF).astype(np.uint8)
    per = 8 // bits
    fields = (values & ((1 << bits) - 1)).reshape(*values.shape[:-1], -1, per)
    return (fields << (bits * np.arange(per))).sum(-1).astype(np.uint8)


# What a type is made of: lowest and highest value, how values are stored.
STORED = {
    "f16": (-6, 7, lambda v: v.astype(np.float16)), "bf16": (-6, 7, lambda v: to_bf16(v)), "tf32": (-40, 41, lambda v: v.astype(np.float32)),
    "f64": (-999, 999, lambda v: v.astype(np.float64)), "s8": (-128, 128, lambda v: packed(v, 8)), "u8": (0, 256, lambda v: packed(v, 8)),
    "s4": (-8, 8, lambda v: packed(v, 4)), "u4": (0, 16, lambda v: packed(v, 4)), "b1": (0, 2, lambda v: packed(v, 1)),
}
ACCUMULATOR = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "s32": np.int32}


def wmma(entry, m, n, k, type, accumulator, columns, tiles=(2, 3, 3), xor=False):
    M, N, K = tiles[0] * m, tiles[1] * n, tiles[2] * k

    @case("wmma", grid=(tiles[1], tiles[0]), block=32, entry=entry)
    def make(rng):
        low, high, store = STORED[type]
        a, b = whole(rng, (M, K), low, high), whole(rng, (K, N), low, high)
        c = (a[:, :, None] ^ b[None]).sum(1) if xor else a @ b
        out = ACCUMULATOR[accumulator]
        parameters = [Buffer("a", store(a), bfloat16=type == "bf16"), Buffer("b", store(b.T.copy() if columns else b)),
                      Buffer("c", np.zeros((M, N), out), c.astype(out)), i32("N", N), i32("K", K)]
        return parameters + ([i32("ldb", K if columns else N)] if type != "b1" else [])


wmma("f16_f32", 16, 16, 16, "f16", "f32", False)
wmma("f16_f16", 16, 16, 16, "f16", "f16", True)
wmma("f16_wide", 8, 32, 16, "f16", "f32", True)
wmma("f16_tall", 32, 8, 16, "f16", "f32", False)
wmma("bf16_f32", 16, 16, 16, "bf16", "f32", True)
wmma("bf16_wide", 8, 32, 16, "bf16", "f32", False)
wmma("tf32_f32", 16, 16, 8, "tf32", "f32", False)
wmma("f64_f64", 8, 8, 4, "f64", "f64", True)
wmma("s8_s32", 16, 16, 16, "s8", "s32", True)
wmma("u8_tall", 32, 8, 16, "u8", "s32", False)
wmma("s4_s32", 8, 8, 32, "s4", "s32", True)
wmma("u4_s32", 8, 8, 32, "u4", "s32", True)
wmma("b1_and", 8, 8, 128, "b1", "s32", True)
wmma("b1_xor", 8, 8, 128, "b1", "s32", True, xor=True)


@case("wmma", tolerance=1e-3, entry="f16_f32", name="f16_f32_random", grid=(3, 2))
def f16_random(rng):
    a, b = rng.standard_normal((32, 64)).astype(np.float16), rng.standard_normal((64, 48)).astype(np.float16)
    c = a.astype(np.float64) @ b.astype(np.float64)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", np.zeros((32, 48), np.float32), c.astype(np.float32)), i32("N", 48), i32("K", 64), i32("ldb", 48)]


@case("wmma")
def through_shared(rng):
    # Rows of 16 in shared memory, read by A as columns and by B as rows; C arrives transposed and leaves so.
    a, b, c = whole(rng, (16, 16), -6, 7), whole(rng, (16, 16), -6, 7), whole(rng, (16, 16), -99, 99)
    d = (a.T @ b + c) * 0.5
    return [Buffer("a", a.astype(np.float16)), Buffer("b", b.astype(np.float16)), Buffer("c", c.astype(np.float32)),
            Buffer("d", np.zeros((16, 16), np.float32), d.T.astype(np.float32)), f32("alpha", 0.5)]


def mma(entry, m, k, type_a, type_b=None, accumulator="f32", xor=False, satfinite=False, archs=(80, 90)):
    @case("mma", entry=entry, archs=archs)
    def make(rng):
        low_a, high_a, store_a = STORED[type_a]
        low_b, high_b, store_b = STORED[type_b or type_a]
        a, b = whole(rng, (m, k), low_a, high_a), whole(rng, (8, k), low_b, high_b)
        c = whole(rng, (m, 8), -100, 100)
        if satfinite:
            c[::2, ::3], c[1::2, 1::3] = 2**31 - 5, -2**31 + 5
        d = c + ((a[:, None] ^ b[None]).sum(2) if xor else a @ b.T)
        if satfinite:
            d = np.clip(d, -2**31, 2**31 - 1)
        out = ACCUMULATOR[accumulator]
        return [Buffer("a", store_a(a)), Buffer("b", store_b(b)), Buffer("c", c.astype(out)), Buffer("d", np.zeros((m, 8), out), d.astype(out))]


mma("f16_k8", 16, 8, "f16")
mma("f16_k16", 16, 16, "f16")
mma("bf16_k8", 16, 8, "bf16")
mma("bf16_k16", 16, 16, "bf16")
mma("tf32_k4", 16, 4, "tf32")
mma("tf32_k8", 16, 8, "tf32")
mma("f16_f16_k8", 16, 8, "f16", accumulator="f16")
mma("f16_f16_k16", 16, 16, "f16", accumulator="f16")
mma("s8_k16", 16, 16, "s8", accumulator="s32")
mma("s8_k32", 16, 32, "s8", accumulator="s32")
mma("u8_s8_k32", 16, 32, "u8", "s8", accumulator="s32")
mma("s8_k32_satfinite", 16, 32, "s8", accumulator="s32", satfinite=True)
mma("s4_k32", 16, 32, "s4", accumulator="s32")
mma("u4_s4_k64", 16, 64, "u4", "s4", accumulator="s32")
mma("b1_xor_k128", 16, 128, "b1", accumulator="s32", xor=True)
mma("b1_and_k256", 16, 256, "b1", accumulator="s32")
mma("u8_m8", 8, 16, "u8", accumulator="s32")
mma("s4_m8", 8, 32, "s4", accumulator="s32")
mma("b1_xor_m8", 8, 128, "b1", accumulator="s32", xor=True)
mma("b1_and_m8", 8, 128, "b1", accumulator="s32")
mma("f64_m8", 8, 4, "f64", accumulator="f64")
for k in (4, 8, 16):
    mma(f"f64_k{k}", 16, k, "f64", accumulator="f64", archs=(90,))


def mma_fp8(entry, type_a, type_b):
    @case("mma", entry=entry, archs=(90,), tolerance=1e-6)
    def make(rng):
        a, b = rng.integers(0, 256, (16, 32)).astype(np.uint8), rng.integers(0, 256, (8, 32)).astype(np.uint8)
        a[(a & 0x7F) >= 0x68] &= 0x4F  # neither infinite, nor NaN, nor so large that the small ones vanish
        b[(b & 0x7F) >= 0x58] &= 0x4F
        va, vb = (np.vectorize(lambda code, t=t: fp8_value(int(code), t))(v) for v, t in ((a, type_a), (b, type_b)))
        c = whole(rng, (16, 8), -9, 9)
        return [Buffer("a", a), Buffer("b", b), Buffer("c", c.astype(np.float32)),
                Buffer("d", np.zeros((16, 8), np.float32), (c + va @ vb.T).astype(np.float32), tolerance=2**-10 * (np.abs(va) @ np.abs(vb.T)))]


mma_fp8("e4m3_k32", "e4m3", "e4m3")
mma_fp8("e5m2_e4m3_k32", "e5m2", "e4m3")


def mma_random(entry, k, store, load, tolerance):
    """Values with fractions: near to the exact result, in whatever order the hardware sums."""
    @case("mma", entry=entry, name=entry + "_random", tolerance=tolerance)
    def make(rng):
        a, b, c = (rng.standard_normal(s).astype(np.float32) for s in ((16, k), (8, k), (16, 8)))
        a, b = store(a), store(b)
        d = c + load(a).astype(np.float64) @ load(b).astype(np.float64).T
        return [Buffer("a", a), Buffer("b", b), Buffer("c", c), Buffer("d", np.zeros((16, 8), np.float32), d.astype(np.float32))]


mma_random("f16_k16", 16, lambda v: v.astype(np.float16), lambda v: v, 1e-6)
mma_random("bf16_k16", 16, to_bf16, from_bf16, 1e-6)
# mma.sync reads only the upper 19 bits of a tf32 operand.
mma_random("tf32_k8", 8, lambda v: v, lambda v: (v.view(np.uint32) & 0xFFFFE000).view(np.float32), 1e-6)


@case("mma", archs=(80, 90))
def f16_m8(rng):
    a, b, c = whole(rng, (4, 8, 4), -9, 10), whole(rng, (4, 8, 4), -9, 10), whole(rng, (4, 8, 8), -99, 99)
    d = c + a @ b.transpose(0, 2, 1)
    return [Buffer("a", a.astype(np.float16)), Buffer("b", b.astype(np.float16)), Buffer("c", c.astype(np.float32)),
            Buffer("d", np.zeros((4, 8, 8), np.float32), d.astype(np.float32))]


def fragment(matrix):
    """What each lane holds of an 8x8 matrix of 16 bits: row lane / 4, columns 2 (lane % 4) and one more."""
    return np.ascontiguousarray(matrix).reshape(32, 2).view(np.uint32).ravel()


@case("matrices", archs=(80, 90))
def ldmatrix(rng):
    x = rng.integers(0, 1 << 16, (4, 8, 8)).astype(np.uint16)
    plain, turned = [fragment(m) for m in x], [fragment(m.T) for m in x]
    y = np.stack([plain[0], turned[0], plain[0], plain[1], *plain, *turned, plain[0], turned[0]])
    return [Buffer("x", x), Buffer("y", np.zeros((14, 32), np.uint32), y)]


@case("matrices", archs=(90,))
def stmatrix(rng):
    x = rng.integers(0, 1 << 32, (4, 32), dtype=np.uint64).astype(np.uint32)
    m = x.view(np.uint16).reshape(4, 8, 8)
    y = np.concatenate([m, [m[1].T, m[2].T, m[3].T]])
    return [Buffer("x", x), Buffer("y", np.zeros((7, 8, 8), np.uint16), y)]
