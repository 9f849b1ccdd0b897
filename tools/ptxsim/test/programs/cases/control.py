"""Control flow, locks and messages, talk between lanes, address spaces, atomics, messages to the host."""
import numpy as np

from . import Buffer, Scalar, Struct, case, i32
from .numbers import rounded, to_bf16, wrap

U32 = 0xFFFFFFFF
BOTH = (80, 100)
ALL = (80, 100, "80_debug")
PLAIN = (80, "80_debug")


@case("control", grid=3, block=128, archs=ALL)
def collatz(rng):
    x = rng.integers(1, 1 << 40, 300).astype(np.uint64)

    def steps(v):
        n = 0
        while v != 1:
            v, n = (3 * v + 1 if v % 2 else v // 2), n + 1
        return n
    return [Buffer("x", x), Buffer("steps", np.zeros(300, np.int32), np.array([steps(int(v)) for v in x], np.int32)), i32("n", 300)]


def nested_of(i, v):
    if v < 0:
        return -1
    s = 0
    for a in range(v % 7 + 1):
        if (a ^ i) % 3 == 0:
            continue
        b = v
        while b % 5 != 0:
            if b > 200:
                return 1000 + s
            b += a + 1 if b & 1 else 3
            if s > 50:
                return s
            s += 1
        if i % 2:
            s += 2 if v % 2 else 3 if v % 3 else b % 4
    return s


@case("control", block=96, archs=ALL)
def nested(rng):
    x = rng.integers(-20, 200, 96).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros(96, np.int32), np.array([nested_of(i, int(v)) for i, v in enumerate(x)], np.int32)), i32("n", 96)]


@case("control", block=64, archs=ALL)
def switches(rng):
    x = rng.integers(-1, 10, 64).astype(np.int32)

    def of(t, v):
        # Case 8 shuffles the constant 3 among its lanes.
        table = [t, bin(t).count("1") + 10, 32 - (t + 1).bit_length(), t * t, t * t, -7, wrap(int(f"{t:032b}"[::-1], 2), 32, True), t % 5, 3 + v]
        return table[v] if 0 <= v <= 8 else 99
    x[[0, 32]] = 8  # the lane asked is there
    return [Buffer("x", x), Buffer("y", np.zeros(64, np.int32), np.array([of(t, int(v)) for t, v in enumerate(x)], np.int32))]


@case("control", block=64, archs=ALL)
def jump_table(rng):
    x = rng.integers(0, 1000, 64).astype(np.int32)
    y = np.select([x % 4 == 0, x % 4 == 1, x % 4 == 2], [100, x + 1000, 3 * x + 7], 3 + 7).astype(np.int32)
    return [Buffer("x", x), Buffer("y", np.zeros(64, np.int32), y)]


@case("control", block=32, archs=ALL)
def recursion(rng):
    x = rng.integers(0, 13, 32).astype(np.int32)

    def ackermann(m, n):
        return n + 1 if m == 0 else ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))

    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
    y = [ackermann(v % 4 if v % 4 < 3 else 2, v // 4) if v % 2 else fibonacci(v) for v in x.tolist()]
    return [Buffer("x", x), Buffer("y", np.zeros(32, np.uint64), np.array(y, np.uint64))]


@case("control", block=40, archs=ALL)
def local_sort(rng):
    x = rng.integers(-300, 300, (40, 24)).astype(np.int16)
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), np.sort(x, 1))]


@case("control", block=64, archs=ALL)
def function_pointers(rng):
    which = rng.integers(0, 3, 64).astype(np.int32)
    x = rng.integers(-50, 50, 64).astype(np.float32)
    y = np.zeros((64, 5), np.float32)
    for i in range(64):
        p, q = (x[i], 2 * x[i], (wrap(i, 8, True), 3, 4)), (x[(i + 1) % 64], 0.5, (1, wrap(2 * i, 8, True), 7))
        r = [(p[0] + q[0], p[1] + q[1], (p[2][0] + 1, wrap(3 - q[2][1], 8, True), 4 ^ 7)),
             (p[0] * q[0], p[1] * q[1], (7, 1, 3)), p][which[i]]
        y[i] = (r[0], r[1], *r[2])
    return [Buffer("which", which), Buffer("x", x), Buffer("y", np.zeros((64, 5), np.float32), y)]


@case("control", block=64, archs=ALL)
def local_array(rng):
    x = rng.integers(0, 1 << 32, 64).astype(np.uint32)
    weights = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]

    def of(v):
        digits = str(v) if v else ""
        return sum(digits.count(str(d)) ** 2 * weights[d] for d in range(10)) * 100 + weights[v % 10]
    return [Buffer("x", x), Buffer("y", np.zeros(64, np.int32), np.array([of(int(v)) for v in x], np.int32))]


@case("control", block=64, archs=ALL)
def virtual_calls(rng):
    x = rng.integers(-50, 50, 64).astype(np.float32)
    return [Buffer("x", x), Buffer("y", np.zeros(64, np.float32), np.where(x > 0, 3 * x * x, x * x).astype(np.float32))]


def zero(n=1, dtype=np.int32):
    return np.zeros(n, dtype)


@case("locks", grid=2, block=64, archs=PLAIN)
def lane_lock(rng):
    return [Buffer("lock", zero(), zero()), Buffer("counter", zero(), np.array([2 * 64 * 3], np.int32)), i32("rounds", 3)]


@case("locks", grid=4, block=40, archs=PLAIN)
def ticket_lock(rng):
    return [Buffer("next", zero(1, np.uint32), np.array([160], np.uint32)), Buffer("serving", zero(1, np.uint32), np.array([160], np.uint32)),
            Buffer("log", zero(160, np.uint32), np.arange(160, dtype=np.uint32)), Buffer("length", zero(1, np.uint32), np.array([160], np.uint32))]


@case("locks", grid=20, block=64, tolerance=1e-12, archs=PLAIN)
def block_lock(rng):
    x = rng.uniform(1, 2, 20)
    return [Buffer("lock", zero(), zero()), Buffer("mean", np.zeros(1), np.array([x.mean()])), Buffer("count", np.zeros(1), np.array([20.0])), Buffer("x", x)]


@case("locks", grid=12, block=32, archs=PLAIN)
def chain(rng):
    x = rng.integers(0, 100, 12).astype(np.int32)
    return [Buffer("x", x), Buffer("message", zero(12)), Buffer("flag", zero(12)), Buffer("y", zero(12), (np.cumsum(x) - x).astype(np.int32))]


@case("locks", grid=2, block=96, archs=PLAIN)
def release_acquire(rng):
    x = rng.integers(0, 100, 96).astype(np.int32)
    return [Buffer("x", x), Buffer("data", zero(96)), Buffer("flag", zero()), Buffer("y", zero(96), 3 * x[::-1])]


@case("locks", grid=5, block=64, archs=PLAIN)
def grid_barrier(rng):
    v, n, rounds = rng.integers(0, 100, 320).astype(np.int32), 320, 6
    expected = np.zeros(640, np.int32)
    expected[:n] = np.roll(v, -64 * rounds) + rounds
    expected[n:] = np.roll(v, -64 * (rounds - 1)) + rounds - 1
    return [Buffer("v", np.concatenate([v, zero(n)]), expected), Buffer("arrived", zero(1, np.uint32), np.array([30], np.uint32)), i32("rounds", rounds)]


@case("locks", grid=5, block=64, archs=PLAIN, cooperative=True)
def grid_sync(rng):
    v, _, rounds = grid_barrier(rng)
    return [v, rounds]


@case("locks", archs=PLAIN)
def lane_chain(rng):
    return [Buffer("y", zero(32), np.arange(32, dtype=np.int32) ** 2)]


@case("locks", archs=PLAIN)
def ping_pong(rng):
    total = sum(range(9))
    return [Buffer("y", zero(32), np.where(np.arange(32) < 16, total, -2 * total).astype(np.int32)), i32("rounds", 9)]


@case("locks", archs=PLAIN)
def meet_in_branches(rng):
    x = rng.integers(0, 100, 32).astype(np.int32)
    branch = np.where(np.arange(32) % 4 == 0, 1, np.where(x % 2 == 1, 2, 3))
    return [Buffer("x", x), Buffer("y", zero(32), ((x * branch)[::-1] + branch).astype(np.int32))]


@case("locks", archs=PLAIN)
def halves_apart(rng):
    x = rng.integers(0, 100, (2, 16)).astype(np.int32)
    rounds = np.array([[3], [7]])
    return [Buffer("x", x), Buffer("y", np.zeros_like(x), (x[:, ::-1] * rounds + rounds * (rounds - 1) // 2).astype(np.int32))]


def ballot(flags):
    return sum(1 << i for i, f in enumerate(flags) if f)


@case("warp", block=64, archs=BOTH)
def votes(rng):
    x = rng.integers(0, 10, 64).astype(np.int32)
    x[32:] = 4
    out = np.zeros((18, 64), np.uint32)
    for warp in (0, 32):
        v = [int(e) for e in x[warp:warp + 32]]
        reduced = {7: sum(v), 8: min(v) - 5, 9: max(v) - 5, 10: min((e - 5) & U32 for e in v)}
        reduced |= {11: 8 | int(np.bitwise_and.reduce(v)), 12: ballot(e in v for e in range(10)), 13: int(np.bitwise_xor.reduce([e * 77 for e in v]))}
        for lane in range(32):
            i, mine = warp + lane, v[lane]
            column = {0: ballot(e > 3 for e in v), 1: any(e > 8 for e in v), 2: all(e > -1 for e in v), 3: ballot(e == mine for e in v),
                      4: U32 + 1 if len(set(v)) == 1 else 0, 5: U32 + 1, 6: ballot(e == mine for e in v), **reduced}
            same = [j % 2 == lane % 2 for j in range(32)]
            group = [e for e, s in zip(v, same) if s]
            if lane % 2:
                column |= {14: ballot(s and e > 4 for e, s in zip(v, same)), 15: sum(group), 16: ballot(s and e == mine for e, s in zip(v, same))}
            else:
                column |= {14: ballot(s and e < 4 for e, s in zip(v, same)), 15: max(group), 16: 9 in group}
            if mine > 5:
                column[17] = ballot(e > 5 for e in v)
            for k, value in column.items():
                out[k, i] = int(value) & U32
    return [Buffer("x", x), Buffer("out", np.zeros_like(out), out)]


def segment(lane, source, width, low_is_self=True):
    """Where a shuffle within segments of `width` reads from: itself if the source is outside."""
    return source if source // width == lane // width and 0 <= source < 32 else lane


@case("warp", block=64, archs=BOTH)
def shuffles(rng):
    x = rng.integers(0, 1000, 64).astype(np.int32)
    out = np.zeros((11, 64), np.uint32)
    for i in range(64):
        lane, v = i % 32, x[i // 32 * 32:i // 32 * 32 + 32]
        out[:10, i] = [v[(i * 7 + 3) % 32], v[lane // 8 * 8 + 5], v[max(lane - 3, 0) if lane >= 3 else lane], v[segment(lane, lane - 3, 8)],
                       v[segment(lane, lane + 5, 32)], v[segment(lane, lane + 5, 16)], v[lane ^ 9], v[lane ^ 2], int(v[segment(lane, lane + 1, 32)] * 1.5),
                       v[segment(lane, lane + 6, 8)] + (0 if lane % 8 + 6 < 8 else 1000)]
        if lane < 20:
            out[10, i] = v[19 - lane]
    return [Buffer("x", x), Buffer("out", np.zeros_like(out), out)]


@case("warp", grid=2, block=96, archs=BOTH)
def compact(rng):
    # The order in which warps come is free: the same value everywhere, so that only the count and the places show.
    x = np.where(rng.integers(0, 2, 180) == 1, 7, -1).astype(np.int32)
    count = int((x > 0).sum())
    kept = np.where(np.arange(180) < count, 7, 0).astype(np.int32)
    return [Buffer("x", x), Buffer("kept", zero(180), kept), Buffer("count", zero(), np.array([count], np.int32)), i32("n", 180)]


@case("warp", block=64, archs=BOTH)
def steps_together(rng):
    x = rng.integers(-5, 60, 64).astype(np.int32)
    mine = np.maximum(-(-x // 3), 0)
    return [Buffer("x", x), Buffer("y", zero(64), (np.repeat(mine.reshape(2, 32).max(1), 32) * 1000 + mine).astype(np.int32))]


@case("warp", block=64, archs=BOTH)
def partitions(rng):
    x = rng.integers(0, 10, 64).astype(np.int32)
    four = x.reshape(16, 4)
    s = four[:, [1, 0, 3, 2]] + four[:, 2:3] * 100 + (four > 6).any(1)[:, None] * 100000
    s = s.ravel() + (x == 1) * 1000000 + np.arange(64) % 32 // 4 * 10000000
    return [Buffer("x", x), Buffer("y", zero(64), s.astype(np.int32))]


@case("warp", grid=(2, 3, 2), block=(4, 8, 2), archs=BOTH)
def registers(rng):
    i = np.arange(64, dtype=np.uint32)
    lane = i % 32
    one = np.ones(64, np.uint32)
    out = np.stack([lane, i // 32, 1 << lane, (1 << lane) - 1, ~((1 << lane) - 1), i % 4 | i // 4 % 8 << 8 | i // 32 << 16, one * 0x10201, one * 0x20302,
                    one * 0x20804, one, one, one, one]).astype(np.uint32)
    return [Buffer("out", np.zeros_like(out), out)]


@case("memory", block=5, archs=ALL)
def parameters(rng):
    g = [9, 8, 7, 255, 3]
    everything = Struct("s", 56, [(0, Scalar("i8", "a", -3)), (2, Scalar("i16", "b", -300)), (4, i32("c", 70000)), (8, Scalar("i64", "d", -(1 << 40))),
                                  (16, Scalar("f32", "e", 0.375)), (24, Scalar("f64", "f", 1e100)), *[(32 + n, Scalar("u8", f"g{n}", v)) for n, v in enumerate(g)],
                                  (40, i32("hx", 11)), (44, i32("hy", 12)), (48, i32("hz", 13))])
    vector = Struct("v", 16, [(4 * n, Scalar("f32", f"v{n}", 1.5 + n)) for n in range(4)])
    y = np.array([[1, -7, 65000, 2.5, -1e-200, 1 << 50, -3, -300, 70000, -(1 << 40), 0.375, 1e100, g[t], 11, 13, 1.5 + 2 * 4.5, 3] for t in range(5)])
    return [Scalar("u8", "flag", 1), Scalar("i8", "a", -7), Scalar("u16", "b", 65000), Scalar("f32", "c", 2.5), Scalar("f64", "d", -1e-200),
            Scalar("i64", "e", 1 << 50), everything, vector, Buffer("out", np.zeros((5, 17)), y)]


@case("memory", block=100, shared=600, archs=ALL)
def dynamic_shared(rng):
    x, z = rng.integers(-99, 99, 100).astype(np.float32), rng.integers(-99, 99, 100).astype(np.int16)
    return [Buffer("x", x), Buffer("z", z), Buffer("y", np.zeros(100, np.float32), (x * z)[::-1] + np.float32(600))]


@case("memory", block=64, archs=ALL)
def constants(rng):
    x = rng.integers(0, 100, 64).astype(np.int32)
    c = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [0.5, 0.25, 0.125]])
    names = ["zero", "one", "three"]
    counters = np.array([10, 20, 30, 40]) + np.bincount(x % 4, minlength=4)
    y = [c[k % 4][i % 3] * len(names[k % 3]) + counters[k % 4] * 1000 + ord(names[k % 3][0]) for i, k in enumerate(x)]
    return [Buffer("x", x), Buffer("y", np.zeros(64, np.float32), np.array(y, np.float32))]


@case("memory", block=64, archs=ALL)
def generic(rng):
    x = rng.integers(0, 100, 66).astype(np.int32)
    shared = np.concatenate([2 * x[:64], [1, 1]])
    rows = [[(x[i:i + 3], 2), (shared[i:i + 3], 4), ([x[i], 5, i], 1)][i % 3] for i in range(64)]
    y = [(int(p[0]) + 2 * int(p[1]) + 3 * int(p[2])) * 8 + space for p, space in rows]
    return [Buffer("x", x), Buffer("y", zero(64), np.array(y, np.int32))]


@case("memory", block=32, archs=ALL)
def widths(rng):
    a, b = rng.integers(-128, 128, (32, 4)).astype(np.int8), rng.integers(-1 << 15, 1 << 15, (32, 2)).astype(np.int16)
    c, d = rng.integers(-1 << 60, 1 << 60, (32, 2)), rng.integers(-999, 999, (32, 2)).astype(np.float64)
    e, f = rng.integers(0, 256, (32, 2)).astype(np.uint8), rng.integers(0, 1 << 16, (32, 4)).astype(np.uint16)
    a_, b_, e_, f_ = (v.astype(np.int64) for v in (a, b, e, f))
    y = np.stack([a_ @ [1, 10, 100, 1000] + b_[:, 0] * b_[:, 1] + c[:, 0], c[:, 1] - e_[:, 0] * e_[:, 1] + f_ @ [1, 3, 5, 7]], 1)
    return [Buffer("a", a), Buffer("b", b), Buffer("c", c), Buffer("d", d), Buffer("e", e), Buffer("f", f), Buffer("y", np.zeros((32, 2), np.int64), y),
            Buffer("z", np.zeros((32, 2)), np.stack([d.sum(1), d.prod(1)], 1))]


PRINTED = (1.5, -2.25, 1000.125)


@case("memory", grid=2, block=32, archs=ALL, prints=tuple(
    f"lane {t} of block 0: value {v:5.2f} {'abc'[t]} {0x123456789abc + t:x} % {7 * t:<4d}|{v:+.3e}" for t, v in enumerate(PRINTED)))
def messages(rng):
    return [Buffer("x", np.array(PRINTED, np.float32)), i32("n", 3)]


@case("memory", block=64, name="asserts_hold", entry="asserts", archs=ALL)
def asserts_hold(rng):
    x = rng.integers(0, 100, 64).astype(np.int32)
    return [Buffer("x", x), Buffer("y", zero(64), x)]


@case("memory", block=64, ends="x[threadIdx.x] < 100", archs=ALL)
def asserts(rng):
    x = rng.integers(0, 100, 64).astype(np.int32)
    x[37] = 100
    return [Buffer("x", x), Buffer("y", zero(64))]


@case("memory", block=64, ends="trap", archs=ALL)
def traps(rng):
    x = rng.integers(0, 100, 64).astype(np.int32)
    x[63] = 101
    return [Buffer("x", x), Buffer("y", zero(64))]


@case("memory", block=32, archs=ALL)
def exits(rng):
    x = rng.integers(-9, 9, 32).astype(np.int32)
    y = np.where(x < 0, -5, x + (x >= 0).sum())
    return [Buffer("x", x), Buffer("y", zero(32), y.astype(np.int32))]


def wrapped_count(n, limit, down=False):
    v = 0
    for _ in range(n):
        v = (limit if v == 0 or v > limit else v - 1) if down else (0 if v >= limit else v + 1)
    return v


@case("atomics", grid=3, block=128, archs=(80, 90, "80_clang"))
def atomics_i32(rng):
    n = 300
    x = rng.integers(-1 << 31, 1 << 31, n).astype(np.int32)
    s, u = np.array([5, 6, 7, 8, -1, 0, 3, 0], np.int32), np.array([1, U32, 0, 0, 0], np.uint32)
    v, w = [int(e) for e in x], [int(e) & U32 for e in x]
    s_after = [wrap(5 + sum(v), 32, True), wrap(6 - sum(v), 32, True), min(v + [7]), max(v + [8]), int(np.bitwise_and.reduce(x | 0xFF00)),
               int(np.bitwise_or.reduce(x & 0xFF)), int(np.bitwise_xor.reduce(x)) ^ 3, n]
    u_after = [(1 + sum(w)) & U32, min(w), max(w), wrapped_count(n, 12), wrapped_count(n, 12, True)]
    # `old` holds 0 to n-1 in some order: not checked here, but s[7] is.
    return [Buffer("x", x), Buffer("s", s, np.array(s_after, np.int32)), Buffer("u", u, np.array(u_after, np.uint32)), Buffer("old", zero(n)), i32("n", n)]


@case("atomics", grid=2, block=64, archs=(80, 90, "80_clang"))
def atomics_i64(rng):
    n, all64 = 100, (1 << 64) - 1
    x = rng.integers(-1 << 62, 1 << 62, n)
    v, w = [int(e) for e in x], [int(e) & all64 for e in x]
    product = 1
    for e in w:
        product = product * (2 * e + 1) & all64
    u = [10, all64, 0, all64, 0, 0, 1]
    after = [(10 + sum(w)) & all64, min(w), max(w), int(np.bitwise_and.reduce(x | 0xFFFF0000)) & all64, int(np.bitwise_or.reduce(x)) & all64,
             int(np.bitwise_xor.reduce(x)) & all64, product]
    return [Buffer("x", x), Buffer("u", np.array(u, np.uint64), np.array(after, np.uint64)), Buffer("s", np.zeros(2, np.int64), np.array([min(v), max(v)])), i32("n", n)]


@case("atomics", grid=2, block=96, archs=(80, 90, "80_clang"))
def atomics_float(rng):
    # Whole numbers, few enough that every partial sum is exact in each type, in whatever order.
    n = 150
    x = np.tile([3, -3, 1, -1, 2, -2, 0, 0, 1, -1], n // 10).astype(np.float32)
    x[-1] = 5
    total = x.sum()
    f = np.full(33, 50, np.float32)
    f_after = np.concatenate([[50 + total], np.zeros(32)]).astype(np.float32)
    anywhere = np.concatenate([[0], np.full(32, 100)]).astype(np.float64)  # what was exchanged last is free
    assert rounded(2 * int(total), "bf16") == 2 * total
    return [Buffer("x", x), Buffer("f", f, f_after, tolerance=anywhere), Buffer("d", np.zeros(1), np.array([total], np.float64)),
            Buffer("h", np.zeros(2, np.float16), np.array([total, 0], np.float16)), Buffer("h2", np.zeros(2, np.float16), np.array([total, -total], np.float16)),
            Buffer("b", np.zeros(2, np.uint16), to_bf16([total, 0]), bfloat16=True),
            Buffer("b2", np.zeros(2, np.uint16), to_bf16([total, 2 * total]), bfloat16=True), i32("n", n)]


@case("atomics", block=128, archs=(80, 90, "80_clang"))
def atomics_shared(rng):
    x = rng.integers(0, 1 << 20, 128).astype(np.int32)
    y = [x.sum(), x.max(), x.min(), np.bitwise_xor.reduce(x), np.bitwise_and.reduce(x | 0xF0), np.bitwise_or.reduce(x & 0xF0F), 128, x.sum(), 3 * 128]
    return [Buffer("x", x), Buffer("y", zero(9), np.array(y, np.int32)), Buffer("z", np.zeros(1, np.float32), np.array([(x % 16).sum()], np.float32))]


@case("atomics", grid=3, block=64, archs=(80, 90, "80_clang"))
def atomics_scopes(rng):
    x = rng.integers(0, 1 << 20, (3, 64)).astype(np.int32)
    return [Buffer("x", x), Buffer("y", zero(7), np.array([x.sum(), x.sum(), x.max(), np.bitwise_or.reduce(x.ravel()), *x.sum(1)], np.int32))]


@case("atomics", block=64, archs=(90,))
def atomics_vector(rng):
    x = rng.integers(-99, 99, (64, 4)).astype(np.float32)
    return [Buffer("x", x), Buffer("f", np.zeros(4, np.float32), x.sum(0)), Buffer("h", np.zeros(4, np.float16), np.array([64, 64, 64, 128], np.float16))]
