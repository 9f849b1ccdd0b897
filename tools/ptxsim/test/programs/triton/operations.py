"""Kernels in Triton for what its library has: scans, sorts, reductions with indices, gathers, atomics, products in every precision, libdevice."""
import triton
import triton.language as tl
from triton.language.extra import libdevice


@triton.jit
def scale_and_add(a1, b1, a2, b2):
    return a1 * a2, b1 * a2 + b2


@triton.jit
def scans(x, gate, sums, products, states, ROWS: tl.constexpr, N: tl.constexpr):
    """Running sums, products from the right, and the linear recurrence s = gate s + x, along rows."""
    at = tl.arange(0, ROWS)[:, None] * N + tl.arange(0, N)[None, :]
    v, g = tl.load(x + at), tl.load(gate + at)
    tl.store(sums + at, tl.cumsum(v, 1))
    tl.store(products + at, tl.cumprod(g, 1, reverse=True))
    _, s = tl.associative_scan((g, v), 1, scale_and_add)
    tl.store(states + at, s)


@triton.jit
def sorts(x, up, down, largest, where, N: tl.constexpr):
    row = tl.program_id(0)
    at = row * N + tl.arange(0, N)
    v = tl.load(x + at)
    tl.store(up + at, tl.sort(v))
    tl.store(down + at, tl.flip(tl.sort(v.to(tl.float16))))
    m, i = tl.max(v, 0, return_indices=True)
    tl.store(largest + row, m)
    tl.store(where + row, i)
    tl.store(where + tl.num_programs(0) + row, tl.argmin(v, 0))


@triton.jit
def gathers(x, index, y, counts, N: tl.constexpr, BINS: tl.constexpr):
    at = tl.arange(0, N)
    i = tl.load(index + tl.program_id(0) * N + at)
    v = tl.load(x + at)
    tl.store(y + tl.program_id(0) * N + at, tl.gather(v, i, 0))
    tl.atomic_add(counts + tl.arange(0, BINS), tl.histogram(i // (N // BINS), BINS))


@triton.jit
def atomics(x, i, f, h, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    v = tl.load(x + at, mask=inside, other=0.0)
    k = at % 8
    tl.atomic_add(f + k, v, mask=inside)
    tl.atomic_max(f + 8 + k, v, mask=inside)
    tl.atomic_min(f + 16 + k, v, mask=inside)
    tl.atomic_add(h + k, v.to(tl.float16), mask=inside)
    w = v.to(tl.int32)
    tl.atomic_max(i + k, w, mask=inside, sem="relaxed")
    tl.atomic_xor(i + 8 + k, w, mask=inside)
    tl.atomic_and(i + 16 + k, w | 0xFF00, mask=inside)
    tl.atomic_or(i + 24 + k, w & 0xFFFF, mask=inside)


@triton.jit
def split_k(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, SPLIT: tl.constexpr, PRECISION: tl.constexpr):
    """C += A B, each block a part of K; sums meet in memory."""
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(tl.program_id(2) * BK, K, SPLIT * BK):
        k = start + tl.arange(0, BK)
        va = tl.load(a + m[:, None] * K + k[None, :], mask=(m[:, None] < M) & (k[None, :] < K), other=0.0)
        vb = tl.load(b + k[:, None] * N + n[None, :], mask=(k[:, None] < K) & (n[None, :] < N), other=0.0)
        acc += tl.dot(va, vb, input_precision=PRECISION)
    tl.atomic_add(c + m[:, None] * N + n[None, :], acc, mask=(m[:, None] < M) & (n[None, :] < N), sem="relaxed")


@triton.jit
def matmul_int4(a, packed, scales, c, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Weights of 4 bits, two in a byte, with a scale per column."""
    m, n, k = tl.arange(0, BM), tl.program_id(0) * BN + tl.arange(0, BN), tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        va = tl.load(a + m[:, None] * K + start + k[None, :])
        bytes = tl.load(packed + n[:, None] * (K // 2) + start // 2 + tl.arange(0, BK // 2)[None, :])
        low, high = (bytes << 4) >> 4, bytes >> 4
        vb = tl.join(low, high).reshape(BN, BK).to(tl.float16)
        acc = tl.dot(va, tl.trans(vb), acc)
    tl.store(c + m[:, None] * N + n[None, :], acc * tl.load(scales + n)[None, :])


@triton.jit
def batched(a, b, c, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, B: tl.constexpr):
    i, m, n, k = tl.arange(0, B), tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    va = tl.load(a + i[:, None, None] * (M * K) + m[None, :, None] * K + k[None, None, :])
    vb = tl.load(b + i[:, None, None] * (K * N) + k[None, :, None] * N + n[None, None, :])
    at = i[:, None, None] * (M * N) + m[None, :, None] * N + n[None, None, :]
    tl.store(c + at, tl.dot(va, vb))


@triton.jit
def cross_entropy(logits, labels, loss, gradient, stride, N, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    label = tl.load(labels + row)
    largest = tl.full([], -float("inf"), tl.float32)
    total = tl.full([], 0.0, tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        v = tl.load(logits + row * stride + at, mask=at < N, other=-float("inf")).to(tl.float32)
        now = tl.maximum(largest, tl.max(v))
        total = total * tl.exp(largest - now) + tl.sum(tl.exp(v - now))
        largest = now
    logsum = largest + tl.log(total)
    tl.store(loss + row, logsum - tl.load(logits + row * stride + label).to(tl.float32))
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        v = tl.load(logits + row * stride + at, mask=at < N, other=0.0).to(tl.float32)
        p = tl.exp(v - logsum)
        tl.store(gradient + row * stride + at, tl.where(at == label, p - 1, p).to(tl.bfloat16), mask=at < N)


@triton.jit
def functions(x, y, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    u, v = tl.load(x + at, mask=inside), tl.load(y + at, mask=inside, other=1.0)
    tl.store(out + at, libdevice.asin(u / 8), mask=inside)
    tl.store(out + n + at, libdevice.tanh(u), mask=inside)
    tl.store(out + 2 * n + at, libdevice.pow(tl.abs(u), v), mask=inside)
    tl.store(out + 3 * n + at, tl.math.erf(u), mask=inside)
    tl.store(out + 4 * n + at, tl.sin(u) + tl.cos(v), mask=inside)
    tl.store(out + 5 * n + at, tl.sigmoid(u), mask=inside)
    tl.store(out + 6 * n + at, tl.math.rsqrt(tl.abs(v)), mask=inside)
    tl.store(out + 7 * n + at, tl.floor(u) + tl.ceil(v), mask=inside)
    tl.store(out + 8 * n + at, tl.math.div_rn(u, v), mask=inside)
    tl.store(out + 9 * n + at, libdevice.atan2(u, v), mask=inside)
    tl.store(out + 10 * n + at, tl.clamp(u, -1.0, 1.0), mask=inside)
    tl.store(out + 11 * n + at, libdevice.log1p(tl.abs(u)), mask=inside)


@triton.jit
def convolution(x, w, y, H, W, C: tl.constexpr, F: tl.constexpr, BLOCK: tl.constexpr):
    """3x3 over channels-last images, zeros around them, as products of the pixels under each tap."""
    p = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    r, s, c, f = p // W, p % W, tl.arange(0, C), tl.arange(0, F)
    acc = tl.zeros((BLOCK, F), tl.float32)
    for tap in range(9):
        rr, ss = r + tap // 3 - 1, s + tap % 3 - 1
        inside = (rr >= 0) & (rr < H) & (ss >= 0) & (ss < W) & (p < H * W)
        vx = tl.load(x + (rr * W + ss)[:, None] * C + c[None, :], mask=inside[:, None], other=0.0)
        acc = tl.dot(vx, tl.load(w + (tap * C + c)[:, None] * F + f[None, :]), acc)
    tl.store(y + p[:, None] * F + f[None, :], tl.maximum(acc, 0.0), mask=(p < H * W)[:, None])


@triton.jit
def prints(x, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    v = tl.load(x + at)
    tl.device_print("value", v)
