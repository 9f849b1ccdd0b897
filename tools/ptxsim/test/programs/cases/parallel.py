"""Reductions, scans, sorts, tiles in shared memory, pipelines, clusters."""
import numpy as np

from . import Buffer, Struct, case, f32, i32


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@case("reduce", grid=6, block=256, tolerance=1e-5, archs=(80, 100, "80_clang"))
def sum_shared(rng):
    x = normal(rng, 5000)
    parts = np.zeros(6)
    for start in range(0, 5000, 256):
        parts[start // 256 % 6] += x[start:start + 256].sum(dtype=np.float64)
    return [Buffer("x", x), Buffer("y", zeros(6), parts.astype(np.float32)), i32("n", 5000)]


@case("reduce", grid=4, block=192, tolerance=1e-13, archs=(80, 100, "80_clang"))
def sum_shuffle(rng):
    x = rng.standard_normal(3001)
    return [Buffer("x", x), Buffer("y", np.array([7.0]), np.array([7.0 + x.sum()])), i32("n", len(x))]


@case("reduce", grid=40, block=256, tolerance=1e-5, archs=(80, 100, "80_clang"))
def sum_last_block(rng):
    x = np.abs(normal(rng, 20000))
    return [Buffer("x", x), Buffer("partial", zeros(40)), Buffer("y", zeros(1), x.sum(dtype=np.float64, keepdims=True).astype(np.float32)), i32("n", len(x))]


@case("reduce", block=128, archs=(80, 100, "80_clang"))
def sum_groups(rng):
    x = rng.integers(0, 100, 128).astype(np.int32)
    odd = zeros(128, dtype=np.int32)
    for warp in range(0, 128, 32):
        lanes = [i for i in range(warp, warp + 32) if x[i] & 1]
        odd[lanes] = max(x[lanes]) * 100 + len(lanes)
    return [Buffer("x", x), Buffer("tiles", zeros(16, dtype=np.int32), x.reshape(16, 8).sum(1, dtype=np.int32)), Buffer("odd", np.zeros(128, np.int32), odd)]


@case("scan", block=512, shared=4096)
def scan_doubling(rng):
    x = rng.integers(-50, 50, 500).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros(500, np.int32), np.cumsum(x, dtype=np.int32)), i32("n", 500)]


@case("scan", grid=3, block=256, tolerance=1e-5)
def scan_tree(rng):
    x = normal(rng, 3, 512)
    before = np.cumsum(x, 1, dtype=np.float64) - x
    return [Buffer("x", x), Buffer("y", zeros(3, 512), before.astype(np.float32))]


@case("scan", grid=24, block=256)
def scan_look_back(rng):
    x = rng.integers(0, 1000, 24 * 256 - 77).astype(np.uint32)
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), np.cumsum(x, dtype=np.uint32)), Buffer("state", np.zeros(24, np.uint32)), i32("n", len(x))]


@case("sort", block=256)
def sort_bitonic(rng):
    x = rng.integers(-1000, 1000, 512).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), np.sort(x))]


@case("sort", grid=2, block=96)
def sort_warp(rng):
    x = normal(rng, 6, 32)
    return [Buffer("x", x), Buffer("y", zeros(6, 32), np.sort(x, 1))]


@case("sort", block=256)
def sort_radix(rng):
    x = (rng.integers(0, 1 << 16, 256) * rng.integers(0, 1 << 16, 256) % 251 * 0x01010101).astype(np.uint32)
    order = np.argsort(x, kind="stable").astype(np.int32)
    return [Buffer("keys", x), Buffer("sorted", np.zeros_like(x), x[order]), Buffer("from", np.zeros(256, np.int32), order)]


@case("tiles", grid=(3, 2), block=(32, 8), archs=(80, 100))
def transpose(rng):
    x = normal(rng, 50, 70)
    return [Buffer("x", x), Buffer("y", zeros(70, 50), x.T), i32("rows", 50), i32("columns", 70)]


@case("tiles", grid=(2, 1), block=(8, 8), archs=(80, 100))
def transpose_bytes(rng):
    x = rng.integers(0, 256, (24, 44)).astype(np.uint8)
    return [Buffer("x", x), Buffer("y", np.zeros((44, 24), np.uint8), x.T), i32("rows", 24), i32("columns", 44)]


@case("tiles", grid=4, block=256, archs=(80, 100))
def histogram(rng):
    x = (rng.integers(0, 256, 9000) & rng.integers(0, 256, 9000)).astype(np.uint8)
    return [Buffer("x", x), Buffer("counts", np.ones(256, np.uint32), 1 + np.bincount(x, minlength=256).astype(np.uint32)), i32("n", len(x))]


@case("tiles", grid=(2, 2), block=256, tolerance=1e-6, archs=(80, 100))
def sgemm(rng):
    a, b = normal(rng, 128, 48), normal(rng, 48, 128)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", zeros(128, 128), (a.astype(np.float64) @ b).astype(np.float32)), i32("M", 128), i32("N", 128), i32("K", 48)]


@case("tiles", grid=(3, 2), block=(16, 16), tolerance=1e-6, archs=(80, 100))
def blur(rng):
    x = normal(rng, 30, 41)
    padded = np.pad(x.astype(np.float64), 1, mode="edge")
    sums = sum(padded[r:r + 30, c:c + 41] for r in range(3) for c in range(3)) / 9
    expected = np.full((30, 41), -1, np.float32)
    expected[2:-2, 2:-2] = sums[2:-2, 2:-2]
    image = Struct("image", 32, [(0, Buffer("from", x)), (8, Buffer("to", np.full_like(x, -1), expected)), (16, i32("height", 30)), (20, i32("width", 41)),
                                 (24, i32("margin", 2))])
    return [image, f32("scale", np.float32(1 / 9))]


@case("pipeline", grid=(2, 2), block=256, tolerance=1e-6)
def gemm_two_stages(rng):
    a, b = normal(rng, 64, 160), normal(rng, 160, 64)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", zeros(64, 64), (a.astype(np.float64) @ b).astype(np.float32)), i32("N", 64), i32("K", 160)]


@case("pipeline", grid=3, block=256)
def copy_tail(rng):
    x = normal(rng, 600)
    padded = np.concatenate([x, zeros(168)]).reshape(3, 256)
    return [Buffer("x", x), Buffer("y", np.ones((3, 256), np.float32), padded[:, ::-1]), i32("n", 600)]


@case("pipeline", block=128)
def pipeline_block(rng):
    x = normal(rng, 11, 128)
    return [Buffer("x", x), Buffer("y", zeros(11, 128), x[:, ::-1] ** 2), i32("tiles", 11)]


@case("pipeline", block=128)
def producer_consumer(rng):
    x = rng.integers(-99, 99, (9, 96)).astype(np.int32)
    y = sum(x[i] * (i + 1) - x[i, ::-1] for i in range(9)).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros(96, np.int32), y), i32("tiles", 9)]


@case("pipeline", block=64)
def barrier_phases(rng):
    x = rng.integers(-512, 512, 64).astype(np.float32)
    v = x
    for _ in range(7):
        v = np.float32(0.5) * (v + np.roll(v, -1))
    return [Buffer("x", x), Buffer("y", zeros(64), v + np.float32(7)), i32("rounds", 7)]


@case("pipeline", block=128)
def named_barriers(rng):
    x = rng.integers(-999, 999, 128).astype(np.int32)
    t = np.arange(64)
    handed = x[63 - t]
    return [Buffer("x", x), Buffer("y", np.zeros(128, np.int32), np.concatenate([handed, x[64 + (t ^ 1)] + handed[t ^ 2]]))]


@case("pipeline", grid=3, block=96)
def barrier_votes(rng):
    x = rng.integers(-4, 90, (3, 96)).astype(np.int32)
    x[1, 70], x[2, 3] = -5, 91
    y = np.stack([(x > 0).sum(1), (x > -5).all(1), (x > 90).any(1)], 1).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros((3, 3), np.int32), y)]


@case("hopper", grid=8, block=64, archs=(90,))
def cluster_histogram(rng):
    x = rng.integers(0, 128, 3000).astype(np.int32)
    return [Buffer("x", x), Buffer("counts", np.zeros(128, np.int32), np.bincount(x, minlength=128).astype(np.int32)), i32("n", len(x))]


@case("hopper", grid=6, block=64, cluster=(3, 1, 1), archs=(90,))
def cluster_ring(rng):
    x = normal(rng, 6, 64)
    y = zeros(6, 64)
    for b in range(6):
        following = b // 3 * 3 + (b + 1) % 3
        y[b] = x[following, ::-1] + np.float32(b % 3 * 1000 + following % 3 * 10)
    return [Buffer("x", x), Buffer("y", zeros(6, 64), y)]


@case("hopper", grid=2, block=96, archs=(90,))
def bulk_rows(rng):
    x = rng.integers(-999, 999, (7, 256)).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), x[:, ::-1] + np.arange(7, dtype=np.int32)[:, None]), i32("rows", 7)]


@case("hopper", block=32, archs=(90,))
def elected(rng):
    x = normal(rng, 128)
    return [Buffer("x", x), Buffer("y", zeros(128), x[::-1] * 2), Buffer("count", np.zeros(1, np.int32), np.ones(1, np.int32))]
