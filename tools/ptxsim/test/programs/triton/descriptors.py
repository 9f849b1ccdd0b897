"""Kernels that move tiles by tensor copies: descriptors made on the device, and on the host."""
import triton
import triton.language as tl


@triton.jit
def matmul_descriptors(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    tiles_a = tl.make_tensor_descriptor(a, [M, K], [K, 1], [BM, BK])
    tiles_b = tl.make_tensor_descriptor(b, [N, K], [K, 1], [BN, BK])
    tiles_c = tl.make_tensor_descriptor(c, [M, N], [N, 1], [BM, BN])
    row, column = tl.program_id(0) * BM, tl.program_id(1) * BN
    acc = tl.zeros((BM, BN), tl.float32)
    for k in range(0, K, BK):
        acc = tl.dot(tiles_a.load([row, k]), tiles_b.load([column, k]).T, acc)
    tiles_c.store([row, column], acc.to(tl.float16))


@triton.jit
def scale_tiles(x, y, BM: tl.constexpr, BN: tl.constexpr):
    row, column = tl.program_id(0) * BM, tl.program_id(1) * BN
    y.store([row, column], x.load([row, column]) * 2 + 1)
