"""Kernels in Triton whose blocks share work: through locks, counters and atomics, or through copies of a value in several threads."""
import triton
import triton.language as tl


@triton.jit
def part_of_product(a, b, m, n, start, stop, N, K, BK: tl.constexpr):
    acc = tl.zeros((m.shape[0], n.shape[0]), tl.float32)
    for i in range(start, stop):
        k = i * BK + tl.arange(0, BK)
        acc = tl.dot(tl.load(a + m[:, None] * K + k[None, :]), tl.load(b + k[:, None] * N + n[None, :]), acc)
    return acc


@triton.jit
def serial_k(a, b, c, turns, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, SPLIT: tl.constexpr):
    """Blocks have parts of K, and add to the tile when it is their turn."""
    tile, part = tl.program_id(0), tl.program_id(1)
    across = N // BN
    m, n = tile // across * BM + tl.arange(0, BM), tile % across * BN + tl.arange(0, BN)
    each = K // BK // SPLIT
    acc = part_of_product(a, b, m, n, part * each, (part + 1) * each, N, K, BK)
    at = c + m[:, None] * N + n[None, :]
    while tl.atomic_cas(turns + tile, part, part) != part:
        pass
    if part > 0:
        acc += tl.load(at)
    tl.store(at, acc)
    tl.debug_barrier()
    tl.atomic_xchg(turns + tile, part + 1)


@triton.jit
def stream_k(a, b, c, ready, parts, N, K, total, each, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Each block has as many steps of the tiles' products; who begins a tile waits for the parts of those that go on with it."""
    block = tl.program_id(0)
    step, end = block * each, min(block * each + each, total)
    steps, across = K // BK, N // BN
    within = tl.arange(0, BM)[:, None] * BN + tl.arange(0, BN)[None, :]
    while step < end:
        tile, start = step // steps, step % steps
        stop = min(steps, start + end - step)
        m, n = tile // across * BM + tl.arange(0, BM), tile % across * BN + tl.arange(0, BN)
        acc = part_of_product(a, b, m, n, start, stop, N, K, BK)
        if start > 0:
            tl.store(parts + block * BM * BN + within, acc)
            tl.debug_barrier()
            tl.atomic_xchg(ready + block, 1, sem="release")
        else:
            done, other = stop, block + 1
            while done < steps:
                while tl.atomic_add(ready + other, 0, sem="acquire") == 0:
                    pass
                tl.debug_barrier()
                acc += tl.load(parts + other * BM * BN + within)
                done += each
                other += 1
            tl.store(c + m[:, None] * N + n[None, :], acc)
        step += stop - start


@triton.jit
def join_moments(mean_a, square_a, n_a, mean_b, square_b, n_b):
    apart, n = mean_b - mean_a, n_a + n_b
    share = tl.where(n == 0.0, 0.0, n_b / n)
    return mean_a + apart * share, square_a + square_b + apart * apart * n_a * share, n


@triton.jit
def moments(x, mean, variance, N, BLOCK: tl.constexpr, ROWS: tl.constexpr):
    """Lanes join their moments in different orders, and all store what they get."""
    r, at = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, BLOCK)
    inside = (at[None, :] < N) & (r[:, None] >= 0)
    v = tl.load(x + r[:, None] * N + at[None, :], mask=inside, other=0.0)
    m, s, n = tl.reduce((v, v * 0, tl.where(inside, 1.0, 0.0)), 1, join_moments)
    tl.store(mean + r, m)
    tl.store(variance + r, s / n)


@triton.jit
def decode(q, k, v, parts, sums, arrived, out, scale, S, D: tl.constexpr, BN: tl.constexpr, SPLIT: tl.constexpr):
    """One query a head; blocks have parts of the keys, and the last one that comes joins them."""
    head, part = tl.program_id(0), tl.program_id(1)
    d = tl.arange(0, D)
    vq = tl.load(q + head * D + d).to(tl.float32)
    each = tl.cdiv(tl.cdiv(S, SPLIT), BN) * BN
    largest, total = -1.0e30, 0.0
    acc = tl.zeros([D], tl.float32)
    for i in range(part * each, min((part + 1) * each, S), BN):
        n = i + tl.arange(0, BN)
        vk = tl.load(k + (head * S + n)[:, None] * D + d[None, :], mask=n[:, None] < S, other=0).to(tl.float32)
        s = tl.where(n < S, tl.sum(vk * vq[None, :], 1) * (scale * 1.44269504), -1.0e30)
        now = tl.maximum(largest, tl.max(s, 0))
        p = tl.where(n < S, tl.exp2(s - now), 0.0)
        vv = tl.load(v + (head * S + n)[:, None] * D + d[None, :], mask=n[:, None] < S, other=0).to(tl.float32)
        acc = acc * tl.exp2(largest - now) + tl.sum(p[:, None] * vv, 0)
        total = total * tl.exp2(largest - now) + tl.sum(p, 0)
        largest = now
    mine = head * SPLIT + part
    tl.store(parts + mine * D + d, acc)
    tl.store(sums + mine * 2, largest)
    tl.store(sums + mine * 2 + 1, total)
    tl.debug_barrier()
    if tl.atomic_add(arrived + head, 1) == SPLIT - 1:
        tl.debug_barrier()
        every = head * SPLIT + tl.arange(0, SPLIT)
        tops = tl.load(sums + every * 2)
        weight = tl.exp2(tops - tl.max(tops, 0))
        whole = tl.sum(tl.load(sums + every * 2 + 1) * weight, 0)
        tl.store(out + head * D + d, tl.sum(tl.load(parts + every[:, None] * D + d[None, :]) * weight[:, None], 0) / whole)


@triton.jit
def windowed(q, k, v, out, scale, S, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, WINDOW: tl.constexpr, SHARE: tl.constexpr):
    """Causal attention to the last WINDOW keys; SHARE heads of queries have one of keys. Any length."""
    start, head = tl.program_id(0) * BM, tl.program_id(1)
    m, d = start + tl.arange(0, BM), tl.arange(0, D)
    k += head // SHARE * S * D
    v += head // SHARE * S * D
    vq = tl.load(q + head * S * D + m[:, None] * D + d[None, :], mask=m[:, None] < S, other=0.0)
    largest, total = tl.full([BM], -float("inf"), tl.float32), tl.zeros([BM], tl.float32)
    acc = tl.zeros([BM, D], tl.float32)
    for i in range(max(0, (start - WINDOW + 1) // BN * BN), min(start + BM, S), BN):
        n = i + tl.arange(0, BN)
        vk = tl.load(k + n[None, :] * D + d[:, None], mask=n[None, :] < S, other=0.0)
        seen = (n[None, :] <= m[:, None]) & (m[:, None] - n[None, :] < WINDOW) & (n[None, :] < S)
        s = tl.where(seen, tl.dot(vq, vk) * (scale * 1.44269504), -1.0e30)
        now = tl.maximum(largest, tl.max(s, 1))
        p = tl.where(seen, tl.exp2(s - now[:, None]), 0.0)
        shrink = tl.exp2(largest - now)
        total = total * shrink + tl.sum(p, 1)
        vv = tl.load(v + n[:, None] * D + d[None, :], mask=n[:, None] < S, other=0.0)
        acc = tl.dot(p.to(vv.dtype), vv, acc * shrink[:, None])
        largest = now
    tl.store(out + head * S * D + m[:, None] * D + d[None, :], (acc / total[:, None]).to(out.dtype.element_ty), mask=m[:, None] < S)


@triton.jit
def attention_atomic(q, k, v, dout, dq, dk, dv, lse, delta, scale, S, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
    """Gradients of a tile of keys and values; those of the queries meet in memory."""
    n, d = tl.program_id(0) * BN + tl.arange(0, BN), tl.arange(0, D)
    head = tl.program_id(1) * S
    here = (head + n)[:, None] * D + d[None, :]
    vk, vv = tl.load(k + here), tl.load(v + here)
    grad_k, grad_v = tl.zeros([BN, D], tl.float32), tl.zeros([BN, D], tl.float32)
    for i in range(0, S, BM):
        m = head + i + tl.arange(0, BM)
        there = m[:, None] * D + d[None, :]
        vq, vdo = tl.load(q + there), tl.load(dout + there)
        p = tl.exp2(tl.dot(vq, tl.trans(vk)) * (scale * 1.44269504) - tl.load(lse + m)[:, None])
        grad_v += tl.dot(tl.trans(p.to(vdo.dtype)), vdo)
        ds = (p * (tl.dot(vdo, tl.trans(vv)) - tl.load(delta + m)[:, None]) * scale).to(vq.dtype)
        grad_k += tl.dot(tl.trans(ds), vq)
        tl.atomic_add(dq + there, tl.dot(ds, vk), sem="relaxed")
    tl.store(dk + here, grad_k)
    tl.store(dv + here, grad_v)


@triton.jit
def grouped(a, b, c, offsets, N, K, GROUPS: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Products of groups of rows, each with a matrix of its own, their tiles dealt out to the blocks."""
    t, last, across = tl.program_id(0), 0, tl.cdiv(N, BN)
    for g in range(GROUPS):
        begin, end = tl.load(offsets + g), tl.load(offsets + g + 1)
        tiles = tl.cdiv(end - begin, BM) * across
        while t >= last and t < last + tiles:
            m, n = begin + (t - last) // across * BM + tl.arange(0, BM), (t - last) % across * BN + tl.arange(0, BN)
            acc = tl.zeros((BM, BN), tl.float32)
            for i in range(0, K, BK):
                k = i + tl.arange(0, BK)
                va = tl.load(a + m[:, None] * K + k[None, :], mask=m[:, None] < end, other=0)
                acc = tl.dot(va, tl.load(b + (g * K + k)[:, None] * N + n[None, :], mask=n[None, :] < N, other=0), acc)
            tl.store(c + m[:, None] * N + n[None, :], acc.to(c.dtype.element_ty), mask=(m[:, None] < end) & (n[None, :] < N))
            t += tl.num_programs(0)
        last += tiles


@triton.jit
def scaled(a, scales_a, b, scales_b, c, N: tl.constexpr, K: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Elements of 8 bits, 32 of which share a power of two."""
    m, n = tl.program_id(0) * BM + tl.arange(0, BM), tl.program_id(1) * BN + tl.arange(0, BN)
    acc = tl.zeros((BM, BN), tl.float32)
    for i in range(0, K, BK):
        k, s = i + tl.arange(0, BK), i // 32 + tl.arange(0, BK // 32)
        va, vb = tl.load(a + m[:, None] * K + k[None, :]), tl.load(b + k[:, None] * N + n[None, :])
        sa, sb = tl.load(scales_a + m[:, None] * (K // 32) + s[None, :]), tl.load(scales_b + n[:, None] * (K // 32) + s[None, :])
        acc = tl.dot_scaled(va, sa, "e4m3", vb, sb, "e4m3", acc)
    tl.store(c + m[:, None] * N + n[None, :], acc)


@triton.jit
def largest(x, values, where, N: tl.constexpr, K: tl.constexpr):
    """The K largest of a row and where they are: the place goes below the number's bits."""
    row, at = tl.program_id(0), tl.arange(0, N)
    bits = tl.load(x + row * N + at).to(tl.int32, bitcast=True)
    key = tl.where(bits < 0, bits ^ 0x7FFFFFFF, bits).to(tl.int64) << 32 | (N - 1 - at).to(tl.int64)
    i = N - 1 - (tl.topk(key, K) & 0xFFFFFFFF).to(tl.int32)
    tl.store(where + row * K + tl.arange(0, K), i)
    tl.store(values + row * K + tl.arange(0, K), tl.load(x + row * N + i))


@triton.jit
def rendezvous(x, y, arrived, BLOCK: tl.constexpr):
    """All blocks wait for all before they read what their neighbours have written."""
    block, blocks, at = tl.program_id(0), tl.num_programs(0), tl.arange(0, BLOCK)
    tl.store(x + block * BLOCK + at, tl.load(x + block * BLOCK + at) * 2)
    tl.debug_barrier()
    tl.atomic_add(arrived, 1, sem="release")
    while tl.atomic_add(arrived, 0, sem="acquire") < blocks:
        pass
    tl.debug_barrier()
    tl.store(y + block * BLOCK + at, tl.load(x + (block + 1) % blocks * BLOCK + at))


@triton.jit
def embedding_gradient(ids, dy, dw, n, D: tl.constexpr, BLOCK: tl.constexpr):
    i, d = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), tl.arange(0, D)
    row = tl.load(ids + i, mask=i < n, other=0)
    gradient = tl.load(dy + i[:, None] * D + d[None, :], mask=i[:, None] < n, other=0.0)
    tl.atomic_add(dw + row[:, None] * D + d[None, :], gradient, mask=i[:, None] < n)


@triton.jit
def collatz(x, steps, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + at, mask=at < n, other=1)
    count = tl.zeros([BLOCK], tl.int32)
    while tl.max(v, 0) > 1:
        count += (v > 1).to(tl.int32)
        v = tl.where(v > 1, tl.where(v % 2 == 0, v // 2, 3 * v + 1), v)
    tl.store(steps + at, count, mask=at < n)


@triton.jit
def written_in_ptx(x, reversed, nibbles, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    v = tl.load(x + at)
    tl.store(reversed + at, tl.inline_asm_elementwise("brev.b32 $0, $1;", "=r,r", [v], dtype=tl.int32, is_pure=True, pack=1))
    low, high = tl.inline_asm_elementwise("""{
        and.b32 $0, $2, 0x0f0f0f0f;
        shr.u32 $1, $2, 4;
        and.b32 $1, $1, 0x0f0f0f0f;
        }""", "=&r,=r,r", [v.to(tl.int8)], dtype=(tl.int8, tl.int8), is_pure=True, pack=4)
    tl.store(nibbles + at, low + high)
