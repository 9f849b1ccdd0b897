"""Kernels in Triton, after the tutorials that everyone learns it from. ../build_triton.py compiles them."""
import triton
import triton.language as tl


@triton.jit
def add(x, y, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    tl.store(out + at, tl.load(x + at, mask=inside) + tl.load(y + at, mask=inside), mask=inside)


@triton.jit
def softmax(x, out, stride, rows, columns, BLOCK: tl.constexpr, STAGES: tl.constexpr):
    at = tl.arange(0, BLOCK)
    for row in tl.range(tl.program_id(0), rows, tl.num_programs(0), num_stages=STAGES):
        v = tl.load(x + row * stride + at, mask=at < columns, other=-float("inf"))
        e = tl.exp(v - tl.max(v, axis=0))
        tl.store(out + row * stride + at, e / tl.sum(e, axis=0), mask=at < columns)


@triton.jit
def matmul(a, b, c, M, N, K, stride_a, stride_b, stride_c, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, GROUP: tl.constexpr,
           LEAKY: tl.constexpr, OUT: tl.constexpr, ACC: tl.constexpr):
    # Blocks of a few rows of tiles go together, so that they find their part of B in the cache.
    tile, across = tl.program_id(0), tl.cdiv(N, BN)
    group = tile // (GROUP * across)
    first = group * GROUP
    height = min(tl.cdiv(M, BM) - first, GROUP)
    tile_m = first + tile % (GROUP * across) % height
    tile_n = tile % (GROUP * across) // height
    m, n, k = tile_m * BM + tl.arange(0, BM), tile_n * BN + tl.arange(0, BN), tl.arange(0, BK)
    pa = a + (m % M)[:, None] * stride_a + k[None, :]
    pb = b + k[:, None] * stride_b + (n % N)[None, :]
    acc = tl.zeros((BM, BN), dtype=ACC)
    for i in range(0, tl.cdiv(K, BK)):
        va = tl.load(pa, mask=k[None, :] < K - i * BK, other=0)
        vb = tl.load(pb, mask=k[:, None] < K - i * BK, other=0)
        acc = tl.dot(va, vb, acc, out_dtype=ACC)
        pa += BK
        pb += BK * stride_b
    if LEAKY:
        acc = tl.where(acc >= 0, acc, 0.01 * acc)
    tl.store(c + m[:, None] * stride_c + n[None, :], acc.to(OUT), mask=(m[:, None] < M) & (n[None, :] < N))


@triton.jit
def dropout(x, out, n, p, seed, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + at, mask=at < n)
    tl.store(out + at, tl.where(tl.rand(seed, at) > p, v / (1 - p), 0.0), mask=at < n)


@triton.jit
def layer_norm(x, y, weight, bias, mean, rstd, stride, N, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    x += row * stride
    y += row * stride
    total = tl.zeros([BLOCK], dtype=tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += tl.load(x + at, mask=at < N, other=0.0).to(tl.float32)
    average = tl.sum(total, axis=0) / N
    squares = tl.zeros([BLOCK], dtype=tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        v = tl.load(x + at, mask=at < N, other=0.0).to(tl.float32)
        v = tl.where(at < N, v - average, 0.0)
        squares += v * v
    scale = 1 / tl.sqrt(tl.sum(squares, axis=0) / N + eps)
    tl.store(mean + row, average)
    tl.store(rstd + row, scale)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        w, b = tl.load(weight + at, mask=at < N), tl.load(bias + at, mask=at < N)
        v = tl.load(x + at, mask=at < N, other=0.0).to(tl.float32)
        tl.store(y + at, (v - average) * scale * w + b, mask=at < N)


@triton.jit
def layer_norm_backward(dx, dy, dw, db, x, weight, mean, rstd, lock, stride, N, GROUPS: tl.constexpr, BLOCK: tl.constexpr):
    """The gradient of x, and partial sums of those of weight and bias in GROUPS rows, each behind a lock."""
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    inside = at < N
    group = row % GROUPS
    lock += group
    count = lock + GROUPS
    dw += group * N + at
    db += group * N + at
    vx = tl.load(x + row * stride + at, mask=inside, other=0).to(tl.float32)
    vdy = tl.load(dy + row * stride + at, mask=inside, other=0).to(tl.float32)
    w = tl.load(weight + at, mask=inside).to(tl.float32)
    average, scale = tl.load(mean + row), tl.load(rstd + row)
    normal = tl.where(inside, (vx - average) * scale, 0.0)
    wdy = tl.where(inside, w * vdy, 0.0)
    c1 = tl.sum(normal * wdy, axis=0) / N
    c2 = tl.sum(wdy, axis=0) / N
    tl.store(dx + row * stride + at, (wdy - (normal * c1 + c2)) * scale, mask=inside)
    partial_dw = (vdy * normal).to(w.dtype)
    partial_db = vdy.to(w.dtype)
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    if tl.load(count) == 0:
        tl.atomic_xchg(count, 1)
    else:
        partial_dw += tl.load(dw, mask=inside)
        partial_db += tl.load(db, mask=inside)
    tl.store(dw, partial_dw, mask=inside)
    tl.store(db, partial_db, mask=inside)
    tl.debug_barrier()  # all threads of the block have stored before one of them opens the lock
    tl.atomic_xchg(lock, 0)


@triton.jit
def layer_norm_weights(dw, db, total_dw, total_db, M, N, BM: tl.constexpr, BN: tl.constexpr):
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    sum_dw, sum_db = tl.zeros((BM, BN), dtype=tl.float32), tl.zeros((BM, BN), dtype=tl.float32)
    for i in range(0, M, BM):
        m = i + tl.arange(0, BM)
        inside = (m[:, None] < M) & (n[None, :] < N)
        at = m[:, None] * N + n[None, :]
        sum_dw += tl.load(dw + at, mask=inside, other=0.0)
        sum_db += tl.load(db + at, mask=inside, other=0.0)
    tl.store(total_dw + n, tl.sum(sum_dw, axis=0), mask=n < N)
    tl.store(total_db + n, tl.sum(sum_db, axis=0), mask=n < N)


@triton.jit
def attention(q, k, v, out, lse, scale, stride_head, S, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, CAUSAL: tl.constexpr):
    """Rows of queries against all keys, the softmax kept running; one block a (tile of queries, head)."""
    start, head = tl.program_id(0) * BM, tl.program_id(1)
    q += head.to(tl.int64) * stride_head
    k += head.to(tl.int64) * stride_head
    v += head.to(tl.int64) * stride_head
    out += head.to(tl.int64) * stride_head
    m, d = start + tl.arange(0, BM), tl.arange(0, D)
    vq = tl.load(q + m[:, None] * D + d[None, :])
    largest = tl.full([BM], -float("inf"), dtype=tl.float32)
    total = tl.zeros([BM], dtype=tl.float32)
    acc = tl.zeros([BM, D], dtype=tl.float32)
    scale2 = scale * 1.44269504
    # What is wholly below the diagonal needs no mask.
    below = start if CAUSAL else S
    for i in range(0, below, BN):
        n = i + tl.arange(0, BN)
        vk = tl.load(k + n[None, :] * D + d[:, None])
        s = tl.dot(vq, vk) * scale2
        now = tl.maximum(largest, tl.max(s, 1))
        p = tl.math.exp2(s - now[:, None])
        shrink = tl.math.exp2(largest - now)
        total = total * shrink + tl.sum(p, 1)
        acc = acc * shrink[:, None]
        vv = tl.load(v + n[:, None] * D + d[None, :])
        acc = tl.dot(p.to(vv.dtype), vv, acc)
        largest = now
    if CAUSAL:
        for i in range(start, start + BM, BN):
            n = i + tl.arange(0, BN)
            vk = tl.load(k + n[None, :] * D + d[:, None])
            s = tl.dot(vq, vk) * scale2
            s = tl.where(m[:, None] >= n[None, :], s, -float("inf"))
            now = tl.maximum(largest, tl.max(s, 1))
            p = tl.math.exp2(s - now[:, None])
            shrink = tl.math.exp2(largest - now)
            total = total * shrink + tl.sum(p, 1)
            acc = acc * shrink[:, None]
            vv = tl.load(v + n[:, None] * D + d[None, :])
            acc = tl.dot(p.to(vv.dtype), vv, acc)
            largest = now
    tl.store(out + m[:, None] * D + d[None, :], (acc / total[:, None]).to(out.dtype.element_ty))
    tl.store(lse + head * S + m, largest + tl.math.log2(total))


@triton.jit
def attention_delta(out, dout, delta, S, D: tl.constexpr, BM: tl.constexpr):
    m, d = tl.program_id(0) * BM + tl.arange(0, BM), tl.arange(0, D)
    at = (tl.program_id(1) * S + m)[:, None] * D + d[None, :]
    tl.store(delta + tl.program_id(1) * S + m, tl.sum(tl.load(out + at).to(tl.float32) * tl.load(dout + at).to(tl.float32), axis=1))


@triton.jit
def attention_backward(q, k, v, dout, dq, dk, dv, lse, delta, scale, stride_head, S, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
                       CAUSAL: tl.constexpr):
    """The gradients of a tile of keys and values, then of as many queries."""
    start, head = tl.program_id(0) * BN, tl.program_id(1)
    shift = head.to(tl.int64) * stride_head
    lse += head * S
    delta += head * S
    scale2 = scale * 1.44269504
    n, d = start + tl.arange(0, BN), tl.arange(0, D)
    here = n[:, None] * D + d[None, :]
    vk, vv = tl.load(k + shift + here), tl.load(v + shift + here)
    grad_k, grad_v = tl.zeros([BN, D], dtype=tl.float32), tl.zeros([BN, D], dtype=tl.float32)
    for i in range(start if CAUSAL else 0, S, BM):
        m = i + tl.arange(0, BM)
        vq, vdo = tl.load(q + shift + m[:, None] * D + d[None, :]), tl.load(dout + shift + m[:, None] * D + d[None, :])
        p = tl.math.exp2(tl.dot(vk, tl.trans(vq)) * scale2 - tl.load(lse + m)[None, :])
        if CAUSAL:
            p = tl.where(m[None, :] >= n[:, None], p, 0.0)
        grad_v = tl.dot(p.to(vdo.dtype), vdo, grad_v)
        ds = p * (tl.dot(vv, tl.trans(vdo)) - tl.load(delta + m)[None, :])
        grad_k = tl.dot(ds.to(vq.dtype), vq, grad_k)
    tl.store(dk + shift + here, (grad_k * scale).to(dk.dtype.element_ty))
    tl.store(dv + shift + here, grad_v.to(dv.dtype.element_ty))
    vq, vdo = tl.load(q + shift + here), tl.load(dout + shift + here)
    vlse, vdelta = tl.load(lse + n), tl.load(delta + n)
    grad_q = tl.zeros([BN, D], dtype=tl.float32)
    for i in range(0, start + BN if CAUSAL else S, BM):
        m = i + tl.arange(0, BM)
        wk, wv = tl.load(k + shift + m[:, None] * D + d[None, :]), tl.load(v + shift + m[:, None] * D + d[None, :])
        p = tl.math.exp2(tl.dot(vq, tl.trans(wk)) * scale2 - vlse[:, None])
        if CAUSAL:
            p = tl.where(n[:, None] >= m[None, :], p, 0.0)
        ds = p * (tl.dot(vdo, tl.trans(wv)) - vdelta[:, None])
        grad_q = tl.dot(ds.to(wk.dtype), wk, grad_q)
    tl.store(dq + shift + here, (grad_q * scale).to(dq.dtype.element_ty))
