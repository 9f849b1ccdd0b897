"""cooperative_groups, CUB and libcu++; irregular work; 128 bits."""
import numpy as np

from . import Buffer, Scalar, case, i32
from .numbers import wrap

BOTH = (80, 100)


def ints(rng, shape, high=1000):
    return rng.integers(0, high, shape).astype(np.int32)


def out(name, expected, dtype=np.int32):
    expected = np.asarray(expected, dtype)
    return Buffer(name, expected.nbytes, expected)


@case("groups", block=128)
def tiles(rng):
    x = ints(rng, 128)
    g = x.reshape(-1, 8).astype(np.int64)
    before = np.cumsum(g, 1) - g
    each = 3 * g.sum(1) + 5 * g.max(1) + 11 * g[:, 7] + np.arange(16) + (g > 900).any(1)
    return [Buffer("x", x), out("y", (7 * before + each[:, None]).ravel())]


@case("groups", block=128)
def coalesced(rng):
    x = ints(rng, 128)
    sums, before = np.full(128, 10000000), np.zeros(128, int)
    for w in range(0, 128, 32):
        here = [t for t in range(w, w + 32) if x[t] % 3 == 0]
        for n, t in enumerate(here):
            sums[t] += x[here].sum() + 100000 * sum(x[u] % 5 == x[t] % 5 for u in here)
            before[t] = x[here[:n]].sum() + 100000 * next(x[u] for u in here if x[u] % 2 == x[t] % 2)
    return [Buffer("x", x), out("sums", sums), out("before", before)]


@case("groups", block=64)
def copies(rng):
    x = ints(rng, (5, 64, 4))
    y = x[:, ::-1].copy()
    y[:, :, 0] += y[:, :, 1] * y[:, :, 2]
    return [Buffer("x", x), out("y", y), i32("tiles", 5)]


@case("groups", grid=4, block=64, cooperative=True)
def grid_split(rng):
    i = np.arange(256)
    return [Buffer("a", 1024), out("y", (255 - i) ** 2 + 3 * i)]


@case("groups", block=256)
def warps_together(rng):
    x = ints(rng, 256, 99).astype(np.float32)
    g = x.reshape(2, 128)
    return [Buffer("x", x), out("y", np.repeat(g.sum(1) + 4096 * g.max(1), 128), np.float32)]


@case("library", grid=5, block=64, cooperative=True)
def scan_structs(rng):
    x = rng.integers(-9, 9, (320, 3)).astype(np.int32)
    y = [tuple(int(v) for v in x[0])]
    for a, b, s in x[1:].tolist():
        y.append(tuple(wrap(v, 32, True) for v in (y[-1][0] * a, y[-1][1] * a + b, y[-1][2] + s)))
    return [Buffer("storage", 4096), Buffer("x", x), out("y", y), i32("tiles", 5), Buffer("ticket", np.zeros(1, np.uint32))]


@case("library", block=128)
def latch(rng):
    x = ints(rng, 128)
    return [Buffer("x", x), out("y", x[::-1])]


@case("library", block=96)
def semaphore(rng):
    return [Buffer("most", np.zeros(1, np.int32), np.ones(1, np.int32)), Buffer("count", np.zeros(1, np.int32), np.full(1, 96, np.int32))]


@case("library", block=64)
def leave_barrier(rng):
    y = np.full(64, 21)  # 1 + 2 + ... + 6
    y[32:56] = -(np.arange(24) // 4)
    return [out("y", y)]


@case("library", block=96)
def roles(rng):
    x = ints(rng, (9, 64))
    return [Buffer("x", x), out("y", x[:, ::-1] + np.arange(9)[:, None]), i32("tiles", 9)]


@case("wide", grid=2, block=32, archs=(100,))
def divisions(rng):
    x = rng.integers(0, 1 << 64, (60, 4), dtype=np.uint64)
    x[::3, 2], x[::4, 0], x[:, 3] = 0, x[::4, 0] >> np.uint64(40), x[:, 3] | np.uint64(1)
    x[::5, 3] >>= np.uint64(33)
    x[::5, 3] |= np.uint64(1)
    y = []
    for p, low, c, q in x.tolist():
        a, b = p << 64 | low, c << 64 | q
        signed = [v - (v >> 63 << 64) for v in (p, q)]
        quotient = abs(signed[0]) // abs(signed[1]) * (1 if signed[0] * signed[1] >= 0 else -1)
        y.append([v >> s & (1 << 64) - 1 for v in (a * b, a // b, a % b) for s in (64, 0)] + [quotient % (1 << 64)])
    return [Buffer("x", x), out("y", y, np.uint64), i32("n", 60)]


@case("work", grid=4, block=32, archs=BOTH)
def work_queue(rng):
    items = [1]
    for v in items:
        items += [2 * v, 2 * v + 1] if v < 100 else []
    one, zero = np.ones(1, np.int32), np.zeros(1, np.int32)
    queue = np.zeros(len(items) + 8, np.int32)
    queue[0] = 1
    return [Buffer("items", queue), Buffer("tail", one, one * len(items)), Buffer("head", zero), Buffer("done", zero, one * len(items)),
            Buffer("sum", zero, one * sum(items)), i32("all", len(items))]


@case("work", grid=4, block=128, archs=BOTH)
def hash_counts(rng):
    keys = rng.integers(1, 200, 500).astype(np.uint32)
    # The place of a key depends on the order of insertions unless no two meet: capacity such that none do.
    capacity = next(c for c in range(256, 1 << 20) if len({int(k) * 2654435761 % (1 << 32) % c for k in set(keys.tolist())}) == len(set(keys.tolist())))
    table, counts = np.zeros(capacity, np.uint32), np.zeros(capacity, np.uint32)
    for k in keys.tolist():
        at = k * 2654435761 % (1 << 32) % capacity
        table[at] = k
        counts[at] += 1
    zero = np.zeros(capacity, np.uint32)
    return [Buffer("keys", keys), i32("n", 500), Buffer("table", zero, table), Buffer("counts", zero, counts), Scalar("u32", "capacity", capacity)]


@case("work", block=64, archs=BOTH)
def levels(rng):
    edges = [sorted(set(rng.integers(0, 200, 3).tolist())) for _ in range(200)]
    distance, queue = [-1] * 200, [0]
    distance[0] = 0
    for v in queue:
        for u in edges[v]:
            if distance[u] < 0:
                distance[u] = distance[v] + 1
                queue.append(u)
    row = np.cumsum([0] + [len(e) for e in edges]).astype(np.int32)
    return [Buffer("row", row), Buffer("column", np.array(sum(edges, []), np.int32)), Buffer("distance", np.full(200, -1, np.int32), np.array(distance, np.int32)),
            Buffer("queue", 800)]


def jumps_of(x, t, n):
    s = 0
    for i in range(n):
        left = False
        for j in range(n):
            v = int(x[(t + i * n + j) % 64])
            if v % 7 == 0:
                left = True
                break
            if v % 11 == 0:
                break
            if v % 5 == 0:
                continue
            if v == 63 and i > 2:
                return s
            s += v + i + j
            k = v & 15
            if k in (2, 3) and t & 1:
                continue
            if k == 11:
                left = True
                break
            s = (s ^ 1) + 3 if k == 0 else s + 3 if k == 1 else 3 * s if k in (2, 3) else s - t if k == 9 else s + 1
        s += 0 if left else 1000
    return s


@case("work", block=64, archs=BOTH)
def jumps(rng):
    x = rng.integers(1, 64, 64).astype(np.int32)
    return [Buffer("x", x), out("y", [wrap(jumps_of(x, t, 9), 32, True) for t in range(64)]), i32("n", 9)]
